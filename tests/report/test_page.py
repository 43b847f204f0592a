"""The page: parsed as a browser would, and held against the result it was made of."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from samples import (
    FIVE,
    RUN,
    THREE,
    file_of,
    material_of,
    part,
    result_of,
    terms,
    trial,
    trials,
    with_sampled,
)

from evidence.catalog.question import Assumption
from evidence.report.composed.material import Material
from evidence.report.document.bibliography import bibliography
from evidence.report.methods import library, methods, numbered
from evidence.report.numbers import MINUS
from evidence.report.page import page
from evidence.report.pictures import Drawn
from evidence.report.result import QuestionResult, Shown
from evidence.report.tables import (
    assumptions_table,
    effects_table,
    models_table,
    partial_table,
    sensitivity_table,
    unused_tables,
)
from evidence.report.wording import decimals

VOID = {"meta", "img", "br", "link", "input"}
SAID = part("said-2010", direction="decrease", p={"relation": "<", "value": 0.05})
CROSSOVER = Assumption("crossover_correlation", 0.5, "in the middle", (0.25,))


class Reading(HTMLParser):
    """Tags with their attributes, tables as rows of text, and whether all tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.words = ""
        self.cell: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in ("td", "th"):
            self.tables[-1][-1].append(self.cell or "")
            self.cell = None

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data
        if self.cell is not None:
            self.cell += data

    def table(self, *heads: str) -> list[dict[str, str]]:
        """Rows of the table that has these columns, by the words of its head."""
        found = next(t for t in self.tables if set(heads) <= set(t[0]))
        return [dict(zip(found[0], row, strict=True)) for row in found[1:]]


def full() -> QuestionResult:
    studies = [*trials(FIVE), SAID, trial("late-2012", -1, 1, read="secondary_source")]
    asked = {"assumptions": (CROSSOVER,), "note": "A note.", "indirect": "others."}
    return with_sampled(result_of(studies, known=terms("lower"), **asked))


@pytest.fixture(scope="module")
def result() -> QuestionResult:
    return full()


@pytest.fixture(scope="module")
def material(result: QuestionResult) -> Material:
    return material_of(result, traces="trial-2001\n  └─ printed: 1")


@pytest.fixture(scope="module")
def text(result: QuestionResult, material: Material) -> str:
    return page(file_of(result), material, RUN)


@pytest.fixture(scope="module")
def reading(text: str) -> Reading:
    return Reading(text)


def test_the_page_is_well_formed(reading: Reading) -> None:
    assert reading.open == []
    assert [tag for tag, _ in reading.tags][:2] == ["html", "head"]
    ids = [a["id"] for _, a in reading.tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = [str(a["href"]) for tag, a in reading.tags if tag == "a"]
    targets = [link[1:] for link in links if link.startswith("#")]
    assert targets
    assert set(targets) <= set(ids)
    (image,) = (a for tag, a in reading.tags if tag == "img")
    assert str(image["alt"]).startswith("Forest plot.")


def test_the_page_asks_for_nothing_from_elsewhere(text: str, reading: Reading) -> None:
    (policy,) = (a for t, a in reading.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).startswith("default-src 'none'; img-src data:")
    assert not {tag for tag, _ in reading.tags} & {"script", "link", "iframe", "object", "base"}
    for tag, attributes in reading.tags:
        assert not [n for n in attributes if n.startswith("on")]
        for name in ("src", "href", "action", "srcset"):
            value = attributes.get(name) or ""
            # A link waits for a click: to a place of the page, a file beside it, or a reference.
            links = ("#", "report.", "index.html", "https://doi.org/", "https://pubmed.")
            allowed = links if tag == "a" else ("data:image/svg+xml;base64,",)
            assert value == "" or value.startswith(allowed), (tag, value)
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_is_a_pure_function(result: QuestionResult, material: Material, text: str) -> None:
    assert page(file_of(result), material, RUN) == text
    assert page(file_of(full()), material_of(full(), traces=material.traces["q"]), RUN) == text


def printed(text: str) -> tuple[float, float, float]:
    """Numbers of "−3.0 (−5.0 to −1.0)"."""
    match = re.match(r"([−\d.]+) \(([−\d.]+) to ([−\d.]+)\)", text)
    assert match, text
    one, two, three = (float(x.replace(MINUS, "-")) for x in match.groups())
    return one, two, three


def near(value: float, places: int) -> Any:
    return pytest.approx(value, abs=0.5 * 10.0**-places * (1 + 1e-9))


def as_printed(values: Shown, places: int) -> tuple[Any, ...]:
    return tuple(near(x, places) for x in (values.estimate, values.low, values.high))


def test_the_table_of_effects_is_the_result_at_printed_precision(
    result: QuestionResult, reading: Reading
) -> None:
    rows, places = reading.table("Trial", "Weight, %"), decimals(result)
    assert len(rows) == result.k == 6
    for row, line in zip(rows, result.effects, strict=True):
        shown = line.shown
        assert row["Trial"] == line.label
        assert row["Week"] == f"{line.weeks:.0f}"
        assert printed(row["Mean difference, 95 % CI"]) == (
            near(shown.estimate, places), near(shown.low, places), near(shown.high, places),
        )  # fmt: skip
        assert float(row["Weight, %"]) == near(line.weight, 1)
        assert row["How"] == line.route
        assert line.sources in row["Read where"]
    assert sum(float(row["Weight, %"]) for row in rows) == pytest.approx(100, abs=0.31)


def test_the_models_stand_side_by_side_with_their_numbers(
    result: QuestionResult, reading: Reading
) -> None:
    assert result.main is not None
    assert result.exact is not None
    rows = [list(row.values()) for row in reading.table("Model")]
    places = decimals(result)
    fits = [result.main, *result.others]
    assert len(rows) == len(fits) + 1
    for row, fit in zip(rows, fits, strict=False):
        assert row[0].startswith(fit.method)
        shown = fit.shown
        assert printed(row[1]) == tuple(
            near(x, places) for x in (shown.estimate, shown.low, shown.high)
        )
        if fit.tau is not None:
            assert printed(row[2])[0] == pytest.approx(fit.tau, rel=0.006)
    assert result.main.prediction is not None
    low, high = (float(x.replace(MINUS, "-")) for x in rows[0][3].split(" to "))
    assert (low, high) == (
        near(result.main.prediction.shown.low, places),
        near(result.main.prediction.shown.high, places),
    )
    below = result.exact.probability_below_null
    assert rows[-1][4] == "P(difference < 0) = " + (
        "> 99 %" if below > 0.99 else f"{100 * below:.0f} %"
    )


def test_sensitivity_and_agreement_are_told_line_by_line(
    result: QuestionResult, reading: Reading
) -> None:
    rows = [list(row.values()) for row in reading.table("What", "Choice")]
    places = decimals(result)
    assert len(rows) == len(result.sensitivity)
    for row, line in zip(rows, result.sensitivity, strict=True):
        assert row[:3] == [line.group, line.choice, str(line.k)]
        assert line.shown is not None
        assert printed(row[3])[0] == near(line.shown.estimate, places)
    agreed = reading.table("Figure (analysis scale)")
    assert len(agreed) == 12
    assert {row["Agree"] for row in agreed} == {"yes"}
    assert "R-hat at most 1.001" in reading.words


def test_the_page_carries_finding_certainty_assumptions_and_record(
    result: QuestionResult, reading: Reading
) -> None:
    for words in (result.finding, *result.certainty, result.note, result.window, "└─ printed: 1"):
        assert words in reading.words
    assert (
        f"Looked at: {result.considered} reports = 6 used + 1 in part + 0 not used" in reading.words
    )
    (row,) = reading.table("Assumption")
    assert list(row.values()) == [
        "crossover correlation", "0.5", "in the middle", "0.25", "no row leans on it",
    ]  # fmt: skip
    assert "Data hash 0000000000000000 over 1 input files. Seeds: q 1" in reading.words


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "\"' onmouseover='x' `",
    "</style></table></pre><b>",
    "{{ 7*7 }} {% raw %} &amp; &lt;",
    "🎉 \u202eevil\u202c مرحبا",
    "x" * 500,
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: text[:12])
def test_hostile_words_are_text_everywhere(hostile: str, result: QuestionResult) -> None:
    def poison(record: Any) -> Any:
        words = (
            "label",
            "sources",
            "remark",
            "notes",
            "said",
            "reason",
            "said_treatment",
            "treatment",
            "control",
            "route",
            "choice",
            "finding",
            "title",
            "note",
            "window",
            "indirect",
            "outcome_label",
            "measure_label",
            "method",
            "value",
            "prior_mu",
            "prior_mu_reason",
            "sampler",
            "id_",
        )
        fields = {n: hostile for n in words if isinstance(getattr(record, n, None), str)}
        return record.model_copy(update=fields)

    poisoned = poison(result).model_copy(
        update={
            "effects": tuple(map(poison, result.effects)),
            "partial": tuple(map(poison, result.partial)),
            "unused": (),
            "assumptions": tuple(map(poison, result.assumptions)),
            "sensitivity": tuple(map(poison, result.sensitivity)),
            "main": poison(result.main),
            "exact": poison(result.exact),
            "sampled": poison(result.sampled),
            "certainty": (hostile,) * len(result.certainty),
        }
    )
    plain = Reading(page(file_of(result), material_of(result), RUN))
    image = Drawn(b"<svg/>", b"", hostile, hostile)
    material = Material({"q": hostile}, {"q": image}, {"q": ""})
    run = {**RUN, "command": hostile, "seeds": {hostile: 1}}
    seen = Reading(page(file_of(poisoned, title=hostile, lead=hostile), material, run))
    assert [tag for tag, _ in seen.tags] == [tag for tag, _ in plain.tags]
    allowed = {
        "class",
        "id",
        "href",
        "src",
        "alt",
        "scope",
        "lang",
        "charset",
        "name",
        "content",
        "http-equiv",
        "aria-label",
        "role",
        "tabindex",
        "open",
    }
    assert {name for _, attributes in seen.tags for name in attributes} <= allowed
    assert seen.words.count(hostile) > 20
    assert next(str(a["alt"]) for tag, a in seen.tags if tag == "img") == hostile


def test_a_question_that_found_nothing_has_a_page() -> None:
    nothing = result_of([SAID])
    words = Reading(page(file_of(nothing), material_of(nothing), {**RUN, "seeds": {}}))
    assert "nothing can be pooled" in words.words
    (row,) = words.table("Question", "Trials in part")
    assert (row["Trials used"], row["Trials in part"]) == ("0", "1")
    assert "Seeds: none" in words.words
    assert "Significant results are not counted." in words.words
    assert not [t for t in words.tables if t[0][0] == "Model"]


# Tables whose parts a full page does not show


def test_reasons_stand_where_a_number_is_missing() -> None:
    one = result_of(trials(THREE[:1]))
    rows = models_table(one).rows
    assert len(rows) == 2
    assert rows[0][2] != ""
    assert sensitivity_table(one) is not None
    assert partial_table(one) is None
    assert assumptions_table(one) is None
    assert "100.0" in effects_table(one).rows[0]
    two = models_table(result_of(trials(THREE[:2]))).rows
    assert len(two) == 4
    assert two[0][3] != ""


def test_tables_name_the_level_of_the_plan() -> None:
    result = result_of(trials(THREE), level=0.9)
    heads = " ".join(
        word
        for table in (effects_table(result), models_table(result), sensitivity_table(result))
        if table is not None
        for word in table.head
    )
    assert heads.count("90 %") == 5
    assert "95 %" not in heads


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (None, None, ""),
        (1.0, None, "above 1.00"),
        (None, 2.0, "below 2.00"),
        (1.0, 2.0, "1.00 to 2.00"),
    ],
)
def test_bounds_of_a_standard_error(low: float | None, high: float | None, text: str) -> None:
    result = result_of([SAID])
    line = result.partial[0].model_copy(update={"se_low": low, "se_high": high})
    table = partial_table(result.model_copy(update={"partial": (line,)}))
    assert table is not None
    assert table.rows[0][table.head.index("Standard error")] == text


def test_what_was_not_used_is_told_with_the_reason() -> None:
    from helpers import outcome, study

    silent = study(outcome({"a": {"n": 3}}, weeks=900), id="late-2001")
    women = study(outcome({"a": {"n": 3}}), id="women-2001", sex="female")
    result = result_of([silent, women])
    assert result.considered == 2
    why = {row[t.head.index("Why not")] for t in unused_tables(result) for row in t.rows}
    assert why == {
        "measured at week 900, outside the window of weeks 0 to 100",
        "the people are female",
    }


# Methods


def test_methods_tell_only_what_was_used() -> None:
    plain = " ".join(p.text for p in methods(file_of(result_of(trials(THREE)))))
    assert "REML" in plain
    assert "PyMC" not in plain
    assert "Crossover" not in plain
    assert "Risk ratios" not in plain
    ratio = trial("e-2001", 0.5, 1.3, measure="RR", word="cv_event", unit="count")
    events = result_of([ratio], measure="RR", outcomes=("cv_event",))
    told = " ".join(p.text for p in methods(file_of(with_sampled(events))))
    assert "Risk ratios" in told
    assert "No-U-Turn" in told
    assert "Paule" not in told
    paired = result_of([trial("c-2001", -3, 1, design="crossover_rct")], assumptions=(CROSSOVER,))
    assert "Crossover trials" in " ".join(p.text for p in methods(file_of(paired)))
    means = trial("m-2001", 0.5, 1.3, measure="ratio")
    ratios = result_of([means], measure="ROM", unit=None)
    if ratios.k:
        assert "delta method" in " ".join(p.text for p in methods(file_of(ratios)))


def test_every_reference_that_is_cited_can_be_written() -> None:
    order = numbered(methods(file_of(full(), result_of([]).model_copy(update={"id": "p"}))))
    assert len(order) == len(set(order)) > 10
    for entry in bibliography(order, library()):
        assert re.match(r".+\. .+\. .+\. .*\d{4}", entry.text), entry


@pytest.mark.slow
def test_a_page_does_not_depend_on_the_order_of_hashes() -> None:
    import hashlib
    import os
    import subprocess
    import sys
    from pathlib import Path

    tests = Path(__file__).resolve().parents[1]
    code = (
        f"import sys; sys.path[:0] = {[str(tests), str(tests.parent)]!r}\n"
        "from samples import *\n"
        "studies = [*trials(FIVE), part('s-2010', direction='decrease'), part('t-2011', "
        "measure='MD', estimate=-2, direction='increase', p={'relation': '<', 'value': 0.05})]\n"
        "results = [result_of(studies), result_of(studies[5:]).model_copy(update={'id': 'p'})]\n"
        "print(page_of(*results))\n"
    )
    seen = set()
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            timeout=120,
            check=True,
        )
        assert len(done.stdout) > 10_000
        seen.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(seen) == 1
