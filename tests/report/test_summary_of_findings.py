"""Summary of findings, its footnotes, and the evidence profile."""

import json
from typing import Any

import pytest
from helpers import contrast, outcome, study
from samples import FIVE, answered, part, terms, trials

from evidence.catalog.certainty import DOMAINS, CertaintyFile, Target
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.errors import ReportError
from evidence.rating.certainty.certainty import Certainty, certainty_of
from evidence.rating.certainty.sources import RULE_LIST
from evidence.report.certainty.collect import rating_block, rating_part
from evidence.report.certainty.evidence_profile import (
    evidence_profile,
    rules_table,
)
from evidence.report.certainty.findings_table import findings_table, footnotes_table
from evidence.report.certainty.summary_of_findings import (
    SummaryOfFindings,
    summaries_of_findings,
    summary_of_findings,
)
from evidence.report.coherence.expected_findings import findings

MEN = Target(sexes=("male",), controls=("control",), reason="men against nothing.")
ARMS = {"a": {"events": 10, "total": 200}, "p": {"events": 20, "total": 200}}


def counted(name: str = "t-2001", weeks: float | None = 12, **arms: Any) -> Study:
    made = outcome(ARMS | arms, word="cv_event", unit="count", type="binary", weeks=weeks)
    return study(made, id=name)


def rate(
    studies: list[Study],
    known: Terms | None = None,
    file: CertaintyFile | None = None,
    **asked: Any,
) -> Certainty:
    words = terms() if known is None else known
    found = answered(studies, known=words, **asked)
    return certainty_of(found, words, {}, file or CertaintyFile(target=MEN), studies=studies)


def events(studies: list[Study], **more: Any) -> Certainty:
    return rate(studies, measure="RR", outcomes=("cv_event",), **more)


def judged(one: Certainty, **steps: int) -> CertaintyFile:
    entry = {
        "judged_by": "project",
        "judged_on": "2026-01-01",
        "made_on": json.loads(one.made_on.model_dump_json()),
        "domains": {n: {"step": steps.get(n, 0), "reason": f"because of {n}"} for n in DOMAINS},
    }
    plain = {"judgements": {"q": entry}, "target": json.loads(MEN.model_dump_json())}
    return CertaintyFile.model_validate_json(json.dumps(plain))


def cells(summary: SummaryOfFindings, i: int = 0) -> dict[str, str]:
    table = findings_table(summary)
    return dict(zip(table.head, table.rows[i], strict=True))


def test_events_in_absolute_terms() -> None:
    one = events([counted()])
    summary = summary_of_findings([one], terms())
    row = summary.rows[0]
    assert (row.trials, row.participants, row.comparator, row.absolute_unit) == (
        1, 400, 100.0, "per 1,000",
    )  # fmt: skip
    assert row.treatment is not None
    assert row.difference is not None
    assert row.relative is not None
    assert row.treatment.estimate == pytest.approx(50)
    assert row.treatment.high == pytest.approx(100 * row.relative.high)
    assert row.difference.low == pytest.approx(row.treatment.low - 100)
    shown = cells(summary)
    assert shown["With the comparator"] == "100 per 1,000"
    assert shown["Relative effect (95 % CI)"] == "RR 0.50 (0.24 to 1.04)"
    assert shown["Difference (95 % CI)"] == "50.0 fewer per 1,000 (76.0 fewer to 4.10 more)"
    assert shown["People (trials)"] == "400 (1)"
    caption = findings_table(summary).caption
    assert "the comparator arm: Doe 2001 20/200 at 12 weeks" in caption
    assert "Population: men." in caption
    assert "men against nothing." in caption


def test_several_trials_show_the_reach_of_their_risks_and_times() -> None:
    more = counted("t-2002", 24, p={"events": 40, "total": 200})
    untimed = counted("t-2003", None)
    shown = cells(summary_of_findings([events([counted(), more, untimed])], terms()))
    assert shown["With the comparator"] == "100 per 1,000 (trials: 100 to 200)"
    assert "; 12 to 24 weeks; 1 without a time" in shown["Outcome"]


def test_no_trial_keeps_its_row() -> None:
    summary = summary_of_findings([events([])], terms())
    shown = cells(summary)
    assert shown["Relative effect (95 % CI)"] == shown["People (trials)"] == "no trial"
    assert shown["Certainty, as asked"] == "–"
    assert shown["What happens"] == "No trial seen tells of the risk of an outcome."
    assert summary.footnotes == ()
    assert footnotes_table(summary) is None


def test_directions_where_nothing_was_pooled() -> None:
    told = [part(f"p-200{i}", direction=d) for i, d in enumerate(("decrease", "decrease"))]
    told.append(part("p-2009", p={"relation": "ns"}))
    row = cells(summary_of_findings([rate(told)], terms()))
    assert row["People (trials)"] == "none pooled; 3 in part: 2 decrease, 1 no direction"
    assert row["Relative effect (95 % CI)"] == "not pooled"
    assert row["Certainty, as asked"] == "⊕◯◯◯ very low (suggested)"


def test_a_mean_difference_has_its_unit_and_no_ratio() -> None:
    row = cells(summary_of_findings([rate(trials(FIVE[:1]))], terms()))
    assert row["Difference (95 % CI)"] == "MD −3.00 (−4.96 to −1.04) pg/mL"
    assert row["Relative effect (95 % CI)"] == ""
    assert row["With the comparator"] == "not printed"


def means(name: str, treated: float, control: float, **more: Any) -> Study:
    arms = {
        "a": {"n": 20, "final": {"mean": treated, "sd": 5.0}},
        "p": {"n": 20, "final": {"mean": control, "sd": 5.0}},
    }
    return study(outcome(arms, **more), id=name)


def test_a_ratio_of_means_is_put_into_the_comparators_unit() -> None:
    one = rate([means("t-2001", 10.0, 20.0)], measure="ROM", unit=None)
    row = summary_of_findings([one], terms()).rows[0]
    assert (row.comparator, row.absolute_unit) == (20.0, "pg/mL")
    assert row.treatment is not None
    assert row.difference is not None
    assert row.treatment.estimate == pytest.approx(10)
    assert row.difference.estimate == pytest.approx(-10)
    two = [means("t-2001", 10.0, 20.0), means("t-2002", 12.0, 30.0)]
    shown = cells(summary_of_findings([rate(two, measure="ROM", unit=None)], terms()))
    assert shown["With the comparator"] == "final value 20 to 30 pg/mL"
    assert shown["With the treatment"].endswith(" pg/mL")


def test_comparators_in_different_units_are_listed_and_nothing_is_computed() -> None:
    two = [means("t-2001", 10.0, 20.0), means("t-2002", 40.0, 90.0, unit="pmol/L")]
    summary = summary_of_findings([rate(two, measure="ROM", unit=None)], terms())
    row = summary.rows[0]
    assert row.comparator_text == ("Doe 2001 final value 20 pg/mL; Doe 2002 final value 90 pmol/L")
    assert row.comparator is None
    assert row.treatment is None
    assert row.difference is None


def test_people_are_unknown_where_a_trial_printed_no_sizes() -> None:
    told = contrast(measure="MD", estimate=-1, se=1)
    bare = study(outcome({"a": {}, "p": {}}, [told]), id="bare-2001")
    summary = summary_of_findings([rate([bare, *trials(FIVE[:1])])], terms())
    assert summary.rows[0].participants is None
    assert cells(summary)["People (trials)"] == "not all printed (2)"


def test_a_crossover_and_a_change_within_an_arm_count_people_once() -> None:
    told = contrast(measure="MD", estimate=-1, se=1)
    arms = {"a": {"n": 17}, "p": {"n": 17}}
    one = study(outcome(arms, [told]), id="c-2001", design="crossover_rct")
    assert summary_of_findings([rate([one])], terms()).rows[0].participants == 17
    change = contrast(versus="baseline", measure="MD", estimate=-1, se=1)
    within = study(outcome({"a": {"n": 9}}, [change]), id="w-2001")
    summary = summary_of_findings([rate([within], control=(), contrast="within")], terms())
    assert summary.rows[0].participants == 9
    assert summary.comparison == "their own baseline"


def test_footnotes_are_numbered_once_and_say_whether_they_were_judged() -> None:
    first = events([counted()])
    second = rate(trials(FIVE[:1]), id="other")
    summary = summary_of_findings([first, second], terms())
    assert [row.footnotes for row in summary.rows] == [(1, 2), (1, 3)]
    assert summary.footnotes[0].startswith("Risk of bias −1, suggested: [RB-0]")
    assert summary.footnotes[2].startswith("Imprecision −2, suggested: [IM-S2] 42 people")
    table = footnotes_table(summary)
    assert table is not None
    assert table.rows[0] == ("1", summary.footnotes[0])
    assert cells(summary)["Certainty, for what it is meant for"].endswith(" [1, 2]")


def test_a_judgement_with_its_reason_takes_the_place_of_the_suggestion() -> None:
    one = counted(p={"events": 60, "total": 200})
    file = judged(events([one]), imprecision=-1)
    summary = summary_of_findings([events([one], file=file)], terms())
    assert summary.footnotes == ("Imprecision −1: because of imprecision",)
    assert cells(summary)["Certainty, as asked"] == "⊕⊕⊕◯ moderate"
    assert "probably reduces the risk of an outcome" in summary.rows[0].statement


def test_a_judgement_on_other_figures_is_marked() -> None:
    file = judged(events([counted()]), imprecision=-1)
    summary = summary_of_findings([events([counted(), counted("t-2002")], file=file)], terms())
    assert cells(summary)["Certainty, as asked"] == "⊕⊕⊕◯ moderate (judged on other figures)"
    assert summary.footnotes[1].startswith(
        "The judgement was made on other figures. Trials: t-2001 then, t-2001, t-2002 now"
    )


def test_what_the_evidence_is_used_for_beyond_the_question() -> None:
    known = terms(surrogate_for={"outcome": "fracture", "source": "s"})
    file = judged(rate(trials(FIVE[:1])), surrogate=-1, indirectness=-1)
    one = rate([], known, file, sexes=("female",), control=("serm",))
    assert summary_of_findings([one], known).rows[0].statement.startswith("No trial seen")
    women = [study(o, id=s.id, sex="female") for s in trials(FIVE[:1]) for o in _plain(s)]
    one = rate(women, known, file, sexes=("female",))
    row = summary_of_findings([one], known).rows[0]
    assert row.statement.endswith("As evidence on fracture in men: low certainty.")
    assert (row.as_asked.level, row.certainty.level) == ("high", "low")


def _plain(one: Study) -> list[dict[str, Any]]:
    return [json.loads(o.model_dump_json()) for o in one.outcomes]


def test_one_kind_of_people_and_one_comparison() -> None:
    men, women = rate([]), rate([], sexes=("female",))
    with pytest.raises(ReportError, match="one kind of people and one comparison"):
        summary_of_findings([men, women], terms())
    found = summaries_of_findings([men, women, men], terms())
    assert [(s.people, len(s.rows)) for s in found] == [("men", 2), ("women", 1)]


def test_seven_outcomes_at_most() -> None:
    with pytest.raises(ReportError, match="8 outcomes; 1 to 7"):
        summary_of_findings([rate([])] * 8, terms())
    with pytest.raises(ReportError, match="0 outcomes"):
        summary_of_findings([], terms())
    found = summaries_of_findings([rate([])] * 8, terms())
    assert [len(s.rows) for s in found] == [7, 1]
    assert found[1].title.endswith("(part 2 of 2)")


@pytest.mark.parametrize(("given", "match"), [(None, "certainties"), ([None], "certainties")])
def test_other_things_than_certainties(given: Any, match: str) -> None:
    with pytest.raises(ReportError, match=f"the argument {match} is of the wrong kind"):
        summary_of_findings(given, terms())
    with pytest.raises(ReportError, match=f"the argument {match} is of the wrong kind"):
        evidence_profile(given)
    with pytest.raises(ReportError, match="the argument terms is of the wrong kind"):
        summary_of_findings([], given)


def test_the_same_outcome_twice_is_told_apart_by_its_measure() -> None:
    two = [rate(trials(FIVE[:1])), rate([], measure="ROM", unit=None)]
    names = [row.outcome for row in summary_of_findings(two, terms()).rows]
    assert names == ["an outcome (mean difference, pg/mL)", "an outcome (ratio of means)"]
    assert [row[0] for row in evidence_profile(two).rows] == names


def test_it_is_json_and_comes_back() -> None:
    summary = summary_of_findings([events([counted()]), rate([])], terms())
    again = SummaryOfFindings.model_validate_json(summary.model_dump_json())
    assert again == summary


def test_the_heading_names_background_groups_and_designs() -> None:
    asked = {
        "background_with": ("androgen",), "groups": ("men",), "designs": ("non_randomised",),
    }  # fmt: skip
    summary = summary_of_findings([rate([], **asked)], terms())
    assert summary.people == "men (men) who also take androgen (non-randomised studies)"


def test_the_profile_shows_judgement_and_rule() -> None:
    suggested = evidence_profile([events([counted()])])
    file = judged(events([counted()]), imprecision=-1)
    one = events([counted()], file=file)
    profile = evidence_profile([one, events([])])
    row = dict(zip(profile.head, profile.rows[0], strict=True))
    assert row["Imprecision"] == "serious (rules: very serious)"
    assert row["Inconsistency"] == "not serious"
    assert row["Publication bias"] == "not suspected"
    assert row["Trials"] == "1 randomised"
    assert dict(zip(profile.head, profile.rows[1], strict=True))["Imprecision"] == ""
    assert "very serious (suggested)" in suggested.rows[0]


def test_a_rating_in_full() -> None:
    file = judged(events([counted()]), imprecision=-1)
    shown = rating_part(rating_block(events([counted()], file=file)))
    assert shown is not None
    (table,) = shown.folded
    by = {row[0]: row for row in table.rows}
    assert by["Start"][1].startswith("Randomised trials")
    assert by["Imprecision"][2:] == ("−2", "−1", "because of imprecision")
    assert table.caption == "Judged by: project, 2026-01-01."


def test_all_rules_are_listed() -> None:
    assert len(rules_table().rows) == len(RULE_LIST)


def test_a_level_stands_with_the_treatment_and_is_compared_with_nothing() -> None:
    arms = {"a": {"n": 20, "final": {"mean": 12.0, "sd": 4.0}}}
    seen = study(outcome(arms), id="l-2001")
    one = rate([seen], contrast="level", control=(), measure="MN", unit="pg/mL")
    shown = cells(summary_of_findings([one], terms()))
    assert shown["With the treatment"].startswith("12.0 (")
    assert shown["With the treatment"].endswith(" pg/mL")
    assert shown["Relative effect (95 % CI)"] == shown["Difference (95 % CI)"] == ""
    assert "What matters" not in shown["Outcome"]


def test_associations_have_no_treatment() -> None:
    one = rate(
        [], contrast="association", treatment=(), control=(), measure="ZCOR", unit=None,
        designs=("cohort",),
    )  # fmt: skip
    summary = summary_of_findings([one], terms())
    assert summary.title == "Associations in men (cohorts)"
    assert summary.comparison == "none (no comparison between arms)"


NONE = "no event in the comparator arm: no absolute difference follows from a ratio"


def test_without_an_event_in_the_comparator_there_is_no_absolute_risk() -> None:
    one = events([counted(a={"events": 8, "total": 22}, p={"events": 0, "total": 24})])
    summary = summary_of_findings([one], terms())
    row, shown = summary.rows[0], cells(summary)
    assert one.absolute is None
    assert (row.comparator, row.treatment, row.difference) == (None, None, None)
    assert shown["With the comparator"] == NONE
    assert shown["With the treatment"] == shown["Difference (95 % CI)"] == ""
    assert shown["Relative effect (95 % CI)"].startswith("RR 18.4")
    assert "Doe 2001 0/24 at 12 weeks" in findings_table(summary).caption


def test_where_everyone_with_the_comparator_has_the_event_there_is_none_either() -> None:
    one = events([counted(a={"events": 8, "total": 22}, p={"events": 24, "total": 24})])
    shown = cells(summary_of_findings([one], terms()))
    assert shown["With the comparator"].startswith("an event in everyone of the comparator arm: ")
    assert shown["With the treatment"] == shown["Difference (95 % CI)"] == ""


def test_a_ratio_that_leads_beyond_everyone_says_so() -> None:
    one = events([counted(a={"events": 15, "total": 20}, p={"events": 10, "total": 20})])
    summary = summary_of_findings([one], terms())
    assert summary.rows[0].capped
    treated = cells(summary)["With the treatment"]
    assert treated.endswith(" to 1000) per 1,000; 1,000 is the cap")
    plain = summary_of_findings([events([counted()])], terms())
    assert not plain.rows[0].capped
    assert "cap" not in cells(plain)["With the treatment"]


def level(occasion: str) -> Certainty:
    summaries = {"final": {"mean": 12.0, "sd": 4.0}, "baseline": {"mean": 30.0, "sd": 4.0}}
    seen = study(outcome({"a": {"n": 20, **summaries}}), id="l-2001")
    asked = {"contrast": "level", "control": (), "measure": "MN", "unit": "pg/mL"}
    return rate([seen], occasion=occasion, **asked)


def test_levels_before_the_treatment_are_not_those_under_it() -> None:
    under, early = summaries_of_findings([level("final"), level("baseline")], terms())
    assert under.title == "An aromatase inhibitor in men"
    assert early.title == "Before an aromatase inhibitor in men"
    row, shown = early.rows[0], cells(early)
    assert (row.outcome, row.occasion) == ("an outcome, before treatment", "baseline")
    assert row.follow_up == ""
    assert shown["Before the treatment"].startswith("30.0 (")
    assert shown["With the treatment"] == ""
    assert " before an aromatase inhibitor" in row.statement
    assert cells(under)["With the treatment"].startswith("12.0 (")
    assert "before" not in under.rows[0].statement


CAPPED = {"a": {"events": 15, "total": 20}, "p": {"events": 10, "total": 20}}


@pytest.mark.parametrize("case", ["before", "under", "capped", "no event"])
def test_the_gate_expects_the_cells_that_are_written(case: str) -> None:
    made = {
        "before": lambda: level("baseline"),
        "under": lambda: level("final"),
        "capped": lambda: events([counted(**CAPPED)]),
        "no event": lambda: events([counted(p={"events": 0, "total": 24})]),
    }
    summary = summary_of_findings([made[case]()], terms())
    expected = findings((summary,))[0].rows[0]
    row = findings_table(summary).rows[0]
    assert all(cell is None or cell.fits(text) for cell, text in zip(expected, row, strict=True))
    compared, treated = expected[1], expected[2]
    assert compared is not None
    assert treated is not None
    # The cells in each other's place, or without the cap, are found out.
    assert not (compared.fits(row[2]) and treated.fits(row[1]))
    assert treated.fits(row[2].removesuffix("; 1,000 is the cap")) == (case != "capped")


def several(**more: Any) -> Terms:
    plain = json.loads(terms("lower", "cv_event").model_dump_json())
    plain["outcomes"]["stroke"] = plain["outcomes"]["cv_event"] | {"label": "Stroke, any"} | more
    return Terms.model_validate_json(json.dumps(plain))


@pytest.mark.parametrize(
    ("title", "name", "said"),
    [
        ("Harms in men: one against none", "Harms in men", "the risk of harms in men"),
        ("One against none", "An outcome or stroke", "the risk of an outcome or stroke"),
    ],
)
def test_a_question_with_several_outcomes_names_them_all(title: str, name: str, said: str) -> None:
    one = events([], known=several(), title=title)
    two = rate([], several(), measure="RR", outcomes=("cv_event", "stroke"), title=title)
    summary = summary_of_findings([two], several())
    assert summary.rows[0].outcome == evidence_profile([two]).rows[0][0] == name
    assert summary.rows[0].statement == f"No trial seen tells of {said}."
    assert summary_of_findings([one], several()).rows[0].outcome == "an outcome"
    mixed = several(better="higher")
    two = rate([], mixed, measure="RR", outcomes=("cv_event", "stroke"), title=title)
    said = said.removeprefix("the risk of ")
    statement = summary_of_findings([two], mixed).rows[0].statement
    assert statement == f"No trial seen tells of {said}."


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"better": "higher"}, "how often an outcome occurs"),
        ({"better": "lower"}, "the risk of an outcome"),
        ({"better": "higher", "units": ["%"]}, "an outcome"),
    ],
)
def test_what_is_good_or_no_event_is_no_risk(more: dict[str, Any], said: str) -> None:
    known = terms(word="cv_event", **more)
    row = summary_of_findings([events([], known=known)], known).rows[0]
    assert row.statement == f"No trial seen tells of {said}."


@pytest.mark.parametrize(("drug_class", "held"), [("level_reference", False), ("strategy", True)])
def test_a_comparator_that_is_a_level_is_not_held_against_placebo(
    drug_class: str, held: bool
) -> None:
    plain = json.loads(terms().model_dump_json())
    plain["drugs"]["tamoxifen"]["drug_class"] = drug_class
    known = Terms.model_validate_json(json.dumps(plain))
    made = outcome(ARMS, word="cv_event", unit="count", type="binary")
    seen = study(made, arms={"a": "anastrozole", "p": "tamoxifen"})
    one = events([seen], known=known, control=("tamoxifen",))
    assert one.inputs.k == 1
    assert one.inputs.comparator
    statement = summary_of_findings([one], known).rows[0].statement
    assert ("As evidence against placebo or no treatment: " in statement) is held
