"""What was borrowed, in the result, in words, in tables and on the page, apart from the answer."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import jsonschema
import pytest
from helpers import TERMS, contrast, outcome, question, study
from samples import (
    RUN,
    SCRIPT,
    THREE,
    answered,
    file_of,
    material_of,
    part,
    plan,
    tiny_project,
    trial,
    trials,
    write_study,
)

from evidence.catalog.study import Study
from evidence.effects.assemble import effect_table
from evidence.models.answer import Answer
from evidence.models.answer import answer as answer_of
from evidence.models.bayesian.priors import flat, half_cauchy, half_normal, normal
from evidence.models.borrowed import Source, borrow_as_declared
from evidence.models.borrowing.engines import spike_slab
from evidence.models.plan import Borrow
from evidence.report import build as build_module
from evidence.report.analysis import load_analysis
from evidence.report.borrowed.tables import borrowed_tables
from evidence.report.borrowed.wording import borrowed_part
from evidence.report.build import make
from evidence.report.collect import collect
from evidence.report.composed.material import Material
from evidence.report.methods import methods
from evidence.report.page import page
from evidence.report.pictures import further_pictures
from evidence.report.result import QuestionResult, result_schema
from evidence.report.verify import verify

REASON = "they are other people, in another way"
POWER: dict[str, Any] = {"method": "power", "discount": 0.2}
MAP: dict[str, Any] = {"method": "robust_map", "discount": 0.25, "vague": normal(0, 5, "wide")}
WOMEN = (
    trial("women-2001", -5.0, 0.5, sex="female"),
    trial("women-2002", -4.0, 0.7, sex="female"),
)
LESS = part("less-2003", direction="decrease").model_copy(
    update={"population": WOMEN[0].population}
)


def both(
    men: list[Study], women: tuple[Study, ...] = WOMEN, *, log: bool = False, **way: Any
) -> Answer:
    """An answer in men that borrows from women; with ``log`` in ratios of means."""
    studies = [*men, *women, LESS]
    scale: dict[str, Any] = {"measure": "ROM", "unit": None} if log else {}
    source = question(id="women", title="In women?", sexes=("female",), **scale)
    scale |= {name: way.pop(name) for name in ("prior_tau", "prior_mu") if name in way}
    own = answered(studies, borrow=Borrow(sources=("women",), reason=REASON, **way), **scale)
    asked = {"women": Source(source, effect_table(studies, source, TERMS))}
    return replace(own, borrowed=borrow_as_declared(own.table, own.plan, asked))


def said(answer: Answer) -> tuple[QuestionResult, str]:
    result = collect(answer, TERMS)
    block = borrowed_part(result)
    assert block is not None
    return result, " ".join((block.title, *block.paragraphs))


@pytest.fixture(scope="module")
def answer() -> Answer:
    return both(trials(THREE), **POWER)


@pytest.fixture(scope="module")
def result(answer: Answer) -> QuestionResult:
    return collect(answer, TERMS)


def test_no_declaration_no_block() -> None:
    result = collect(answered(trials(THREE)), TERMS)
    assert result.borrowed is None
    assert borrowed_part(result) is None
    assert borrowed_tables(result) == []


def test_the_block_holds_what_was_declared_and_what_came_of_it(
    answer: Answer, result: QuestionResult
) -> None:
    block = result.borrowed
    assert block is not None
    assert answer.borrowed is not None
    found = answer.borrowed.found
    assert found is not None
    assert (block.method, block.discount, block.reason, block.own) == ("power", 0.2, REASON, 3)
    assert [(s.id, s.people, s.trials, s.in_part) for s in block.sources] == [
        ("women", "women", ("Doe 2001", "Doe 2002"), ("Doe 2003",))
    ]
    assert [row.term for row in block.rows] == ["target_only", "borrowed", "pooled"]
    for row in block.rows:
        cells = found.terms.loc[row.term]
        assert row.estimate == pytest.approx(cells["median"], rel=1e-5)
        assert (row.low, row.high) == pytest.approx((cells["ci_low"], cells["ci_high"]), rel=1e-5)
        assert row.estimate == float(f"{row.estimate:.6g}")
    assert [row.discount for row in block.curve] == pytest.approx(
        [i / 20 for i in range(21)], abs=1e-6
    )
    assert block.conflict is not None
    assert found.conflict is not None
    assert block.conflict.box_p == pytest.approx(found.conflict.box_p, rel=1e-5)
    assert len(block.tipping) == len(found.tipping)
    assert [name for name, _, _ in block.priors] == [
        "μ, the mean effect",
        "τ, the SD between trials",
    ]


def test_it_enters_neither_headline_nor_certainty(result: QuestionResult) -> None:
    alone = collect(answered([*trials(THREE), *WOMEN, LESS]), TERMS)
    assert (result.finding, result.certainty) == (alone.finding, alone.certainty)
    assert (result.main, result.exact, result.effects) == (alone.main, alone.exact, alone.effects)


def test_men_alone_are_the_bayesian_answer(result: QuestionResult) -> None:
    assert result.borrowed is not None
    assert result.exact is not None
    alone, mu = result.borrowed.rows[0], result.exact.terms[0]
    assert (alone.estimate, alone.low, alone.high) == pytest.approx(
        (mu.median, mu.ci_low, mu.ci_high), rel=1e-5
    )


def test_the_words_keep_it_apart_and_give_discount_reason_and_size(result: QuestionResult) -> None:
    block = borrowed_part(result)
    assert block is not None
    assert block.title == "What women's trials would add if borrowed."
    text = " ".join(block.paragraphs)
    assert "it is no part of the answer above and enters no headline" in text
    assert "Declared discount: 0.2 (power prior" in text
    assert REASON in text
    assert "times the evidence in men, as" in text
    assert "more of their patients would be" in text
    assert "Borrowed from: Doe 2001 and Doe 2002." in text
    assert "reported in part, and so not borrowed: Doe 2003." in text
    assert "Conflict: men alone against women alone" in text


def test_conflict_and_tipping_points_are_said() -> None:
    far = trial("women-2001", 9.0, 0.5, sex="female"), trial("women-2002", 8.0, 0.7, sex="female")
    _, text = said(both(trials(THREE), far, **POWER))
    assert "the two contradict each other, and borrowing is not warranted" in text
    assert "Tipping points over the discount:" in text
    _, text = said(both(trials(THREE), **POWER, threshold=-60.0))
    assert "No tipping point" in text
    near = (
        trial("women-2001", -2.0, 0.5, sex="female"),
        trial("women-2002", -2.4, 0.7, sex="female"),
    )
    _, text = said(both(trials(THREE), near, **POWER))
    assert "no sign of a conflict" in text


def test_tables_have_a_row_an_answer_and_a_row_a_discount(result: QuestionResult) -> None:
    rows, curve, priors = borrowed_tables(result)
    assert [row[0] for row in rows.rows] == [
        "men alone", "as declared, discount 0.2", "men and women as one population",
    ]  # fmt: skip
    assert rows.head[2:] == ("P(difference < 0)", "Borrowed, × own evidence", "Borrowed, patients")
    assert len(curve.rows) == 21
    assert curve.head[0] == "Discount a₀"
    assert {len(row) for row in (*rows.rows, *curve.rows)} == {5}
    assert priors.rows[0][1] == "normal(0, 10)"


def test_without_trials_of_their_own_it_is_a_prediction() -> None:
    answer = both([], **MAP)
    result, text = said(answer)
    assert result.k == 0
    assert result.finding == "No trial that could answer this question reported it."
    assert text.startswith("What women's trials would predict for men.")
    assert "It is a prediction, not a finding." in text
    assert "Conflict" not in text
    rows, _, priors = borrowed_tables(result)
    assert [row[0].partition(":")[0] for row in rows.rows] == [
        "nothing borrowed", "as declared, discount 0.25", "discount 1",
        "the mean over trials in women themselves",
    ]  # fmt: skip
    assert len(rows.head) == 3
    assert priors.rows[-1] == ("the vague part", "normal(0, 5)", "wide")
    picture = further_pictures(answer)["borrowed"]
    assert picture.narrow
    assert "vague prior 0.00" in picture.description
    assert b"vague prior" in picture.svg


def test_where_nothing_can_be_borrowed_the_page_says_so_plainly() -> None:
    answer = both(trials(THREE), (), **POWER)
    result, text = said(answer)
    assert "Nothing can be borrowed: no trial in women printed an effect" in text
    assert "not borrowed: Doe 2003" in text
    assert borrowed_tables(result) == []
    assert "borrowed" not in further_pictures(answer)
    _, text = said(both([], **POWER))
    assert "no trial in men has an effect with its uncertainty to be added to" in text


def test_ratios_are_shown_as_ratios() -> None:
    def ratio(name: str, estimate: float, sex: str) -> Study:
        return trial(name, estimate, 1.3, measure="ratio", sex=sex)

    men = [ratio("men-2001", 0.6, "male"), ratio("men-2002", 0.7, "male")]
    women = (ratio("women-2001", 0.5, "female"), ratio("women-2002", 0.4, "female"))
    result, text = said(both(men, women, log=True, **POWER))
    block = result.borrowed
    assert block is not None
    assert (block.threshold, block.conflict is not None) == (1.0, True)
    assert all(0 < row.low < row.estimate < row.high < 2 for row in block.rows)
    assert "ratio of the first to the second 1." in text
    assert borrowed_tables(result)[0].head[2] == "P(ratio < 1.00)"


def test_a_target_whose_size_or_variance_is_not_known_says_so() -> None:
    flat_tails = {"prior_tau": half_cauchy(1.0), "prior_mu": flat()}
    _, text = said(both(trials(THREE[:2]), **POWER, **flat_tails))
    assert "The target alone has no posterior variance" in text
    assert "is worth" not in text
    men = [study(outcome({}, [contrast(measure="MD", estimate=-3.0, se=1.0)]), id="no-n-2001")]
    _, text = said(both(men, **POWER))
    assert "in patients it cannot be said, for their number was not printed" in text


@pytest.mark.parametrize(
    ("way", "words", "axis"),
    [
        (
            {"method": "hierarchical", "between": half_normal(1, "near")},
            ("half-normal(1)", "near"),
            "SD between populations",
        ),
        (
            {"method": "commensurate", "between": spike_slab(0.5, spike_sd=0.1, slab_sd=(1, 9))},
            ("SD 0.1 with probability 0.5, else from 1 to 9", ""),
            "Probability of the spike",
        ),
    ],
)
def test_other_methods_state_their_prior(
    way: dict[str, Any], words: tuple[str, str], axis: str
) -> None:
    result, text = said(both(trials(THREE), **way))
    _, curve, priors = borrowed_tables(result)
    assert priors.rows[-1] == ("between populations", *words)
    assert curve.head[0] == axis
    assert "Declared: the" in text


def test_the_page_shows_it_below_the_answer(answer: Answer, result: QuestionResult) -> None:
    material = material_of(result)
    drawn = Material(
        material.headings, material.pictures, material.traces,
        further={"q": further_pictures(answer)},
    )  # fmt: skip
    html = page(file_of(result), drawn, RUN)
    assert html.count('class="second borrowed" id="borrowed-q"') == 1
    assert html.index("Models side by side") < html.index("What women&#39;s trials would add")
    assert html.index('id="found"') < html.index('id="shown"') < html.index("borrowed-q")
    assert html.count('class="figure narrow"') == 1
    assert html.count("Posterior forest plot of 3 studies") == 1
    told = " ".join(p.text for p in methods(file_of(result)))
    assert "a power prior, with the discount that the analysis declares" in told


def test_the_result_is_as_the_schema_says(result: QuestionResult) -> None:
    plain = json.loads(file_of(result).model_dump_json())
    jsonschema.validate(plain, result_schema(), cls=jsonschema.Draft202012Validator)


BORROWING = (
    SCRIPT.replace(
        'ev.Section("Bone"',
        """ev.Section("Women", ev.Question(
            id="women", title="In women?", sexes=("female",), treatment=("aromatase_inhibitor",),
            control=("control",), outcomes=("estradiol",), measure="MD", unit="pg/mL",
            window=ev.Window(0, 100, 12, True)), plan(10, 1)),
        ev.Section("Bone\"""",
    )
    .replace(
        'ask("hormone", "estradiol", "pg/mL"), plan(10, 1)',
        """ask("hormone", "estradiol", "pg/mL"), plan(10, 1, borrow=ev.Borrow(
            sources=("women",), method="power", discount=0.2, reason="r"))""",
    )
    .replace("def plan(wide, some)", "def plan(wide, some, **more)")
    .replace("chains=2,", "chains=2, **more,")
)


def test_a_report_with_borrowing_is_built_and_verified(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "answer", partial(answer_of, sample=False))
    project = tiny_project(tmp_path / "p", BORROWING)
    for one in WOMEN:
        write_study(project, one)
    analysis = load_analysis(project.analyses_folder, "demo")
    built = make(analysis, project)
    assert "hormone_borrowed.svg" in built.files
    assert [q.borrowed is not None for q in built.result.questions] == [True, False, False]
    folder = project.reports_folder / "demo"
    build_module.build(analysis, project, folder)
    assert verify(analysis, project, folder).passed
    path = folder / "result.json"
    plain = json.loads(path.read_bytes())
    plain["questions"][0]["borrowed"]["discount"] = 0.3
    path.write_text(json.dumps(plain))
    where = [moved.where for moved in verify(analysis, project, folder).moved]
    assert "demo.questions[hormone].borrowed.discount" in where
    assert plan().borrow is None
