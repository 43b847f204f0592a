"""Results in a notebook: every public one shows itself, safely, with the numbers that it prints."""

import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evidence as ev
from evidence.catalog.display import cell_text, html_of, html_of_record, html_of_text, words
from evidence.catalog.project import find_project
from evidence.effects.foreign.ris import Reference
from evidence.errors import EvidenceError
from evidence.models.frequentist.fit import Heterogeneity
from evidence.report.tables import Table
from evidence.report.verify import Moved, Verification
from tests.fuzz_calls import MAKERS
from tests.fuzz_values import Bed

pytestmark = [
    pytest.mark.filterwarnings("ignore::evidence.errors.EvidenceWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]
# What is returned and is no result of its own; each with the reason.
EXEMPT = {
    "AuditAnswers": "a file of judgements as it was read",
    "CertaintyFile": "a file of judgements as it was read",
    "StudyRisk": "a file of judgements as it was read",
    "Terms": "the vocabulary as it was read",
    "HeterogeneityRatio": "arrays of a kernel",
    "Plot": "shows its picture: _repr_png_",
}
HOSTILE = (
    "<script>alert(1)</script>", "</table></div>", "a & b", '"><img src=x onerror=alert(1)>',
    "\u202eevil", "zero\x00byte", "two\nlines", "&lt;b&gt;", "x" * 500, "\U0001f642",
)  # fmt: skip
VOID = {"br", "hr", "img"}


class Reader(HTMLParser):
    """What a page holds: its elements, and whether each that opens closes in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"{tag} closes what is not open"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def returned() -> set[type]:
    """Classes of the package that public functions say they return."""

    def parts(kind: Any) -> Iterator[Any]:
        yield kind
        for inner in typing.get_args(kind):
            yield from parts(inner)

    found: set[type] = set()
    for name in ev.__all__:
        function = getattr(ev, name)
        if inspect.isclass(function):
            continue
        said = function.__annotations__["return"]
        try:
            kind = eval(said, dict(vars(sys.modules[function.__module__])))
        except NameError:  # names that only a type checker imports: Axes, pm.Model
            continue
        found |= {one for one in parts(kind) if inspect.isclass(one)}
    return {one for one in found if one.__module__.startswith("evidence.")}


@cache
def made() -> dict[str, Any]:
    """One result of each class that a random call makes."""
    found: dict[str, Any] = {}
    for name in sorted(MAKERS):
        if name.endswith("_plot") or ev._HOME[name].startswith("evidence.report"):
            continue
        for seed in range(9):
            try:
                value = getattr(ev, name)(**MAKERS[name](Bed(seed)))
            except (EvidenceError, TypeError):  # refused, or an option has no default
                continue
            if hasattr(value, "_repr_html_"):
                found.setdefault(type(value).__name__, value)
            break
    return found


def table(k: int = 4) -> Any:
    y = [-0.9, -1.4, 0.4, -0.3][:k]
    return ev.table_of(y, [0.5, 0.2, 0.7, 0.3][:k], labels=list("abcd")[:k], scale="log")


def statements() -> list[Any]:
    known = [
        ev.Statement(
            row=r, study=r, label=r, kind="complete", estimate=y, errors=(ev.ErrorForm(0.04),),
            size=0.2, df=48,
        )
        for r, y in zip("ab", [-0.5, -0.3], strict=True)
    ]  # fmt: skip
    lower = ev.Statement(row="d", study="d", label="d", kind="direction", sign=-1, size=0.2)
    return [*known, lower]


def network() -> Any:
    frame = pd.DataFrame(
        {
            "study": list("abc"),
            "treatment1": list("xyx"),
            "treatment2": list("yzz"),
            "estimate": [1.0, 0.5, 1.2],
            "std_error": [0.5] * 3,
        }
    )
    return ev.network_meta(ev.network_contrasts(frame))


def components() -> Any:
    frame = pd.DataFrame(
        {
            "study": list("abc"),
            "treatment1": ["A", "B", "A + B"],
            "treatment2": ["P"] * 3,
            "estimate": [1.0, 0.5, 1.8],
            "std_error": [0.5] * 3,
        }
    )
    return ev.component_network(ev.network_contrasts(frame), inactive="P")


@cache
def curated() -> dict[str, Any]:
    terms, studies = ev.load_terms(), ev.load_studies()
    question = ev.load_question("spine_bmd_men")
    plan = ev.Plan(prior_mu=ev.normal(0, 0.1, "wide"), prior_tau=ev.half_normal(0.02, "small"))
    answer = ev.answer(question, plan, studies, terms, sample=False)
    judged = ev.load_certainty(find_project().root / "data" / "certainty.yaml")
    certainty = ev.certainty_of(answer, terms, {}, judged)
    return {
        "Question": question,
        "Study": studies[0],
        "Answer": answer,
        "Certainty": certainty,
        "SummaryOfFindings": ev.summary_of_findings([certainty], terms),
        "Table": ev.evidence_profile([certainty]),
        "AuditResult": ev.audit(studies[:40], terms),
    }


def foreign() -> Any:
    return ev.read_rm5(find_project().root / "tests" / "effects" / "foreign" / "invented.rm5")


RISK = {
    "1.1": "Y", "1.2": "NI", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y", "4.1": "N",
    "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "PN",
}  # fmt: skip
TAU = ev.half_normal(0.5, "weak <information>")
PRIORS = ev.ReportPriors(mu=ev.normal(0, 2), tau=TAU)
BY_HAND: dict[str, Callable[[], Any]] = {
    "BayesFit": lambda: ev.pool_bayes(table(), mu=ev.normal(0, 2), tau=TAU),
    "BayesMany": lambda: ev.pool_bayes_many([-0.9, 0.4], [0.5, 0.7], tau=TAU),
    "BayesRegression": lambda: ev.bayes_regression(
        table(), "~ dose", data=pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]}), tau=TAU
    ),
    "BetaMixture": lambda: ev.beta_mixture([1.0], [2.0], [3.0]),
    "BiasModel": lambda: ev.weight_function((0.05,)),
    "Borrowing": lambda: ev.borrow(
        table(2),
        ev.table_of([-0.6, -0.4], [0.1, 0.2], scale="log"),
        method="power",
        tau=TAU,
        discount=0.5,
    ),
    "Calibration": lambda: ev.calibrate(
        ev.NormalSimulation(k=3, tau=TAU, mu=ev.normal(0, 1)), fits=20, seed=1
    ),
    "Compared": lambda: ev.compare_stored(foreign().analyses[0])[0],
    "ComponentFit": components,
    "ForeignAnalysis": lambda: foreign().analyses[0],
    "ForeignReview": foreign,
    "Heterogeneity": lambda: ev.pool(table()).heterogeneity,
    "Lights": lambda: ev.risk_lights([], table())[0],
    "ModelAverage": lambda: ev.average_models(table(), bias=None),
    "MuPrior": lambda: ev.normal(0, 2),
    "NormalMixture": lambda: ev.normal_mixture([1.0], [0.0], [1.0]),
    "PossibleAnswers": lambda: ev.possible_answers(statements(), limits=(-1, 1), model="common"),
    "Proposal": lambda: ev.proposed_risk(RISK),
    "RankProbabilities": lambda: ev.rank_probabilities(
        network(), small_values="desirable", model="common", draws=1000
    ),
    "Reference": lambda: Reference(
        "JOUR", ("Leder, B.",), "A <title>", None, 2004, None, None, None, None, None, ()
    ),
    "ReportsFit": lambda: ev.pool_reports(statements(), priors=PRIORS),
    "Rerun": lambda: ev.rerun_analysis(foreign().analyses[0]),
    "Ruling": lambda: ev.claim_verdict(ev.ClaimEvidence(k=0)),
    "ShapePrior": lambda: ev.beta(2.0, 3.0),
    "SpikeSlab": lambda: ev.spike_slab(0.5, spike_sd=0.01, slab_sd=(0.1, 2.0)),
    "Statement": lambda: statements()[0],
    "TauPrior": lambda: TAU,
    "Verification": lambda: Verification("bone", (Moved("a<b>", "1", "2"),), ("newer",), 9, 812),
    "EffectTable": table,
}
SAMPLED = {"SampledFit", "SampledReports", "Loo"}
CURATED = ("Question", "Study", "Answer", "Certainty", "SummaryOfFindings", "Table", "AuditResult")


def one(name: str) -> Any:
    if name in BY_HAND:
        return BY_HAND[name]()
    return curated()[name] if name in CURATED else made()[name]


NAMES = sorted({kind.__name__ for kind in returned()} - set(EXEMPT) - SAMPLED)
NAMES = sorted({*NAMES, "Heterogeneity", "Verification"})


def check(value: Any) -> Reader:
    """Hold what a notebook gets against what a page may hold and what ``print`` says."""
    html = value._repr_html_()
    page = read(html)
    tags = {tag for tag, _ in page.tags}
    assert tags <= {"div", "p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    for tag, attributes in page.tags:
        assert set(attributes) <= {"style", "class", "scope", "colspan"}
        assert tag != "th" or attributes["scope"] in ("row", "col")
    assert "url(" not in html
    assert "color" not in html.replace("&", "")
    return page


def test_every_result_of_a_public_function_shows_itself() -> None:
    without = {kind.__name__ for kind in returned() if not hasattr(kind, "_repr_html_")}
    assert without == set(EXEMPT)
    assert len(NAMES) > 80
    assert not set(EXEMPT) & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_is_whole_and_safe(name: str) -> None:
    value = one(name)
    assert type(value).__name__ == name
    page = check(value)
    assert page.text.strip()


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?(?:e[-+]\d+)?", text)


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_are_those_that_are_printed(name: str) -> None:
    value = one(name)
    shown = set(numbers(check(value).text))
    if type(value)._repr_html_ is html_of_text:
        # The whole of the text, in another form.
        assert sorted(numbers(check(value).text)) == sorted(numbers(unescape(words(value))))
        return
    for field in dataclasses.fields(value) if dataclasses.is_dataclass(value) else ():
        held = getattr(value, field.name)
        plain = isinstance(held, float | int) and not isinstance(held, bool)
        if plain and type(value)._repr_html_ is html_of_record:
            assert set(numbers(cell_text(held))) <= shown, field.name


@pytest.mark.parametrize("name", ["NetworkFit", "NetworkEventsFit", "ComponentFit"])
def test_the_frames_of_networks_are_those_that_are_printed(name: str) -> None:
    value = one(name)
    said = {float(n) for n in numbers(str(value))}
    page = check(value)
    assert {float(n) for n in numbers(page.text)} <= said
    assert len(set(numbers(page.text)) & set(numbers(str(value)))) > 3


def test_one_study_is_shown_as_one_study() -> None:
    for fit in (ev.pool(table(1)), ev.pool_bayes(table(1), mu=ev.normal(0, 1), tau=TAU)):
        page = check(fit)
        assert "one study" in page.text or "single study" in page.text
        assert sorted(numbers(page.text)) == sorted(numbers(str(fit)))
    assert "1 effect:" in check(table(1)).text


def test_a_summary_becomes_labels_and_what_they_say() -> None:
    fit = ev.pool(table(), model="random")
    page = check(fit)
    heads = [a for tag, a in page.tags if tag == "th"]
    assert all(a["scope"] == "row" for a in heads)
    for label in ("pooled", "tau2", "disagreement", "prediction", "as a ratio"):
        assert f">{label}</th>" in fit._repr_html_()
    # A label as long as its column has one space behind it.
    bayes = ev.pool_bayes(table(), mu=ev.normal(0, 2), tau=TAU)
    assert ">prediction</th>" in bayes._repr_html_()
    assert ">prior of tau</th>" in bayes._repr_html_()
    assert "weak &lt;information&gt;" in bayes._repr_html_()


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_studies_are_text(name: str) -> None:
    labels = [name, "other", "third", "fourth"]
    effects = ev.table_of([0.1, 0.2, 0.3, 0.5], [0.1, 0.1, 0.2, 0.2], labels=labels)
    frame = pd.DataFrame(
        {
            "study": labels,
            "treatment1": [name, name, "b", name],
            "treatment2": ["b", "c", "c", "c"],
            "estimate": [0.1, 0.2, 0.3, 0.25],
            "std_error": [0.1] * 4,
        }
    )
    fit = ev.network_meta(ev.network_contrasts(frame))
    shown = [
        effects,
        fit,
        ev.node_split(fit),
        ev.contribution_matrix(fit),
        ev.subgroups(effects, [name, name, "b", "b"]),
        Table(name, (name, "n"), ((name, "1"),), caption=name),
        Verification(name, (Moved(name, name, name),), (name,), 1, 1),
        ev.half_normal(1.0, name),
    ]
    for value in shown:
        check(value)
        html = value._repr_html_()
        assert "<script" not in html
        assert "\u202e" not in html
        assert "\x00" not in html
    if "\u202e" in name:
        assert "[U+202E]evil" in check(effects).text
    elif name == "a & b":
        assert "a &amp; b" in effects._repr_html_()
        assert "a & b" in check(effects).text


def test_long_and_wide_frames_are_cut_and_say_so() -> None:
    k = 140
    page = check(ev.table_of(np.linspace(0.0, 1.0, k), np.full(k, 0.1)))
    assert "\N{HORIZONTAL ELLIPSIS} 120 more rows" in page.text
    assert "140 effects" in page.text
    wide = pd.DataFrame(np.arange(60).reshape(2, 30))
    shown = read(html_of("wide", [], ("all", wide)))
    assert "\N{HORIZONTAL ELLIPSIS} 14 more columns" in shown.text
    rows = shown.text.count("45 ")
    assert rows == 1
    assert sum(tag == "tr" for tag, _ in shown.tags) == 3
    whole = read(html_of("whole", [], ("all", pd.DataFrame(np.zeros((20, 16))))))
    assert "more" not in whole.text
    one_over = read(html_of("over", [], ("all", pd.DataFrame(np.zeros((21, 17))))))
    assert "1 more row " in one_over.text
    assert "1 more column " in one_over.text


def test_empty_frames_and_missing_values_are_named() -> None:
    assert "all: none" in read(html_of("t", [], ("all", pd.DataFrame({"a": []})))).text
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None]}, index=pd.Index(["p", "q"]))
    page = read(html_of("t", ["n"], ("all", frame), ("series", frame["a"])))
    assert page.text.count("\N{EN DASH}") == 3
    assert "nan" not in page.text.lower()
    many = pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([("i", 2)], names=["r", "s"]))
    assert "r / s" in read(html_of("t", [], ("all", many))).text


def test_columns_of_numbers_stand_flush_right() -> None:
    frame = pd.DataFrame({"n": [1.5, np.nan], "w": ["a", "b"], "s": ["1.20", "\u22120.5"]})
    html = html_of("t", [], ("all", frame))
    sides = re.findall(r'scope="col" style="text-align:(\w+)', html)
    assert sides == ["right", "left", "right"]


def test_values_are_written_as_the_summaries_do() -> None:
    assert cell_text(np.float64(0.000012345)) == "1.234e-05"
    assert cell_text(np.int64(12)) == "12"
    assert cell_text(pd.NA) == cell_text(None) == "\N{EN DASH}"
    assert cell_text("y" * 500).endswith("\N{HORIZONTAL ELLIPSIS}")
    assert len(cell_text("y" * 500)) == 400


def test_records_within_records_are_taken_apart() -> None:
    page = read(html_of_record(Heterogeneity(q=1.25, df=3, reason="few <5")))
    assert "1.25" in page.text
    assert "few <5" in page.text
    assert "tau2" not in page.text  # what is not known is left out
    nested = read(ev.regression_influence(one("RegressionFit"))._repr_html_())
    assert nested.text


def test_text_of_one_line_and_a_table_beside_it() -> None:
    page = read(
        html_of_text("A test, 3 studies: z = 1; p = 0.3", ("rows", pd.DataFrame({"a": [1]})))
    )
    assert [tag for tag, _ in page.tags].count("caption") == 2
    assert "p = 0.3" in page.text
    assert "<strong>only words</strong>" in html_of_text("only words")


@pytest.mark.slow
def test_sampled_results_show_themselves() -> None:
    options: dict[str, Any] = {"draws": 300, "tune": 300, "chains": 2, "seed": 1}
    limits = ev.ChainLimits(r_hat=2.0, ess=1.0, divergences=100, mcse_share=1.0)
    priors = ev.Priors(mu=ev.normal(0, 2), tau=TAU)
    fit = ev.sample_model(ev.build_model(table(), priors=priors), limits=limits, **options)
    assert sorted(numbers(check(fit).text)) == sorted(numbers(str(fit)))
    check(ev.loo(fit))
