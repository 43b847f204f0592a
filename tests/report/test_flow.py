"""The flow of sources: its counts, its sums, its diagram."""

import pandas as pd
import pytest
from helpers import TERMS, outcome, question, study, summary

from evidence.catalog.excluded import Excluded, ExcludedSource
from evidence.effects.assemble import effect_table
from evidence.errors import ReportError
from evidence.report.figures.flow_diagram import flow_diagram
from evidence.report.whole.flow import Flow, flow

GIVEN = {"a": {"n": 20, "final": summary(12, sd=4)}, "p": {"n": 20, "final": summary(24, sd=6)}}


def left_out(*codes: str) -> Excluded:
    sources = tuple(
        ExcludedSource(id=f"x{i}", cite="A", code=code, reason="r", named_in=("men",))  # type: ignore[arg-type]
        for i, code in enumerate(codes)
    )
    return Excluded(about="what was left out", sources=sources)


def test_every_source_has_one_place() -> None:
    pooled = study(outcome(GIVEN), id="pooled")
    told = study(outcome({"a": {"direction": "decrease"}, "p": {}}), id="told")
    silent = study(outcome({"p": {"n": 3}}), id="silent", arms={"p": "placebo", "q": "none"})
    other = study(outcome(GIVEN, word="ldl", unit="mg/dL"), id="other")
    empty = study(id="empty")
    studies = [pooled, told, silent, other, empty]
    asked = question()
    table = effect_table(studies, asked, TERMS)
    found = flow(studies, left_out("review", "review", "not_seen"), [(asked, table)])
    assert found.sources == 8
    assert dict(found.excluded) == {
        "a review without pooled figures": 2,
        "named, but no page was found": 1,
    }
    assert (found.studies, found.reports, found.unreported) == (5, 5, 1)
    assert (found.pooled, found.in_part, found.not_usable, found.not_asked) == (1, 1, 1, 1)


def test_a_study_counts_under_the_most_that_was_made_of_it() -> None:
    both = study(outcome(GIVEN, id="one"), outcome(GIVEN, id="two", word="ldl", unit="mg/dL"))
    ratio, lipid = question(), question(id="lipid", outcomes=("ldl",), measure="MD", unit="mmol/L")
    tables = [(q, effect_table([both], q, TERMS)) for q in (ratio, lipid)]
    assert tables[0][1].k == 1
    found = flow([both], left_out(), tables)
    assert (found.pooled, found.in_part, found.not_usable, found.not_asked) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "match"),
    [({"sources": 9}, "sources: 9, but its parts add up to 8"), ({"pooled": 2}, "studies: 5")],
)
def test_sums_that_do_not_hold_are_refused(change: dict[str, int], match: str) -> None:
    right = {
        "sources": 8, "excluded": (("a", 3),), "studies": 5, "reports": 6, "unreported": 1,
        "pooled": 1, "in_part": 1, "not_usable": 1, "not_asked": 1,
    }  # fmt: skip
    with pytest.raises(ReportError, match=match):
        Flow(**(right | change))  # type: ignore[arg-type]


def test_the_diagram_shows_every_count_and_never_breaks_one() -> None:
    found = Flow(108, (("a long reason " * 8, 100),), 8, 9, 1, 1, 2, 1, 3)
    plot = flow_diagram(found)
    assert isinstance(plot.data, pd.DataFrame)
    assert plot.data["n"].tolist() == [108, 100, 8, 9, 1, 1, 2, 1, 3]
    drawn = [text.get_text() for text in plot.figure.axes[0].texts]
    for n in (108, 100, 8, 9, 1, 3):
        assert any(f"(n\u00a0=\u00a0{n})" in line for line in drawn), n
    assert "sources found: 108" in plot.description
    assert plot.svg() == flow_diagram(found).svg()
