"""Study data for RevMan: studies, arms, results and risk of bias as its four CSV files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evidence.catalog.risk_of_bias import StudyRisk
from evidence.catalog.study import ArmResult, Contrast, Outcome, Study, Summary
from evidence.catalog.terms import Terms
from evidence.effects.foreign.tables import row_labels
from evidence.effects.labels import label
from evidence.errors import Problem, ReportError, check_kind
from evidence.report.cite import as_ris, csl_item
from evidence.report.exchange.cells import csv_file

INFORMATION = (
    "Study", "Year", "Data source", "Char: Methods", "Char: Participants", "Char: Interventions",
    "Char: Outcomes", "Char: Notes",
)  # fmt: skip
ARMS = ("Study", "Arm", "Description", "Intervention")
RESULTS = (
    "Study", "Outcome", "Data type", "Effect measure", "Arm", "Reference arm", "Sample size",
    "Cases", "Mean", "SD", "SE", "Variance", "CI level", "CI start", "CI end", "Exp mean",
    "Exp CI start", "Exp CI end", "t-test", "z-test", "P value", "Covariance method", "Covariance",
    "Other arm 1", "Other arm 2", "Correlation arm 1", "Correlation arm 2", "Correlation",
    "Other mean", "Other SE", "Other variance", "Other CI level", "Other CI start",
    "Other CI end", "Other exp mean", "Other exp CI start", "Other exp CI end", "Other t-test",
    "Other z-test", "Other P value", "Footnotes",
)  # fmt: skip
# RevMan's words for contrasts that were printed; others it does not know.
RATIOS = {"RR": "Risk Ratio", "OR": "Odds Ratio", "HR": "Hazard Ratio", "IRR": "Rate Ratio"}
DIFFERENCES = {"MD": "Mean Difference", "SMD": "Std. Mean Difference", "RD": "Risk Difference"}
PARTS = ("final", "change", "change_percent")
LEVELS = {
    "low": "Low risk of bias", "some_concerns": "Some concerns", "high": "High risk of bias",
    "moderate": "Moderate risk of bias", "serious": "Serious risk of bias",
    "critical": "Critical risk of bias", "no_information": "No information",
}  # fmt: skip


def revman_files(
    studies: Sequence[Study], terms: Terms, risks: Mapping[str, StudyRisk] | None = None
) -> dict[str, bytes]:
    """Write studies as the four CSV files that RevMan's study data are made of.

    Only what RevMan has a place for is a figure there: means with an SD, SE or interval, events
    with their totals, and printed contrasts. Medians, spreads that the page does not name and
    reports told in part stand in the notes of their study.

    Parameters
    ----------
    studies : sequence of Study
    terms : Terms
    risks : mapping of study id to StudyRisk, optional
        Judgements of the risk of bias; without them that file has its head only.

    Returns
    -------
    dict of str to bytes
        ``study-information.csv``, ``study-arms.csv``, ``study-results.csv``, ``risk-of-bias.csv``,
        the references as ``included.ris``, and ``README.txt``.

    Raises
    ------
    ReportError
        If there are no studies.

    Examples
    --------
    >>> import evidence as ev
    >>> studies = [s for s in ev.load_studies() if s.id == "gibb-2016"]
    >>> files = revman_files(studies, ev.load_terms())
    >>> files["study-arms.csv"].decode().splitlines()[0]
    'Study,Arm,Description,Intervention'
    """
    check_kind("studies", studies, (list, tuple), ReportError)
    check_kind("terms", terms, Terms, ReportError)
    if not studies:
        problem = Problem("studies", "is empty", "give at least one study")
        raise ReportError("there is nothing to write", [problem])
    for study in studies:
        check_kind("studies", study, Study, ReportError)
    pairs = list(zip(row_labels([label(study) for study in studies]), studies, strict=True))
    arms = [row for name, study in pairs for row in _arms(name, study, terms)]
    results = [row for name, study in pairs for row in _results(name, study, terms)]
    domains, judged = _risk(pairs, risks or {})
    items = [(name, csl_item(report)) for name, study in pairs for report in study.reports]
    return {
        "included.ris": as_ris([item for _, item in items], [name for name, _ in items]).encode(),
        "study-information.csv": csv_file(INFORMATION, [_information(*p, terms) for p in pairs]),
        "study-arms.csv": csv_file(ARMS, arms),
        "study-results.csv": csv_file(RESULTS, results),
        "risk-of-bias.csv": csv_file(domains, judged),
        "README.txt": README.encode(),
    }


def _information(name: str, study: Study, terms: Terms) -> dict[str, Any]:
    people = study.population
    described = [terms.populations[people.group].label, people.age, people.description]
    if people.n_randomised is not None:
        described.append(f"{people.n_randomised} randomised")
    years = [report.year for report in study.reports if report.year is not None]
    words = dict.fromkeys(terms.outcomes[o.outcome].label for o in study.outcomes)
    notes = [f"id {study.id}", study.registry, study.funding, *study.open_points]
    left = [f"{o.id}: not all of it is in the results" for o in study.outcomes if _left(o)]
    return {
        "Study": name,
        "Year": min(years) if years else None,
        "Data source": "PUB",
        "Char: Methods": f"{study.design.replace('_', ' ')}; {study.blinding.replace('_', ' ')}",
        "Char: Participants": _joined(described),
        "Char: Interventions": _joined(_arm_text(study, arm.id, terms) for arm in study.arms),
        "Char: Outcomes": _joined(words),
        "Char: Notes": _joined([*notes, *left]),
    }


def _joined(parts: Any) -> str:
    return "; ".join(" ".join(str(part).split()) for part in parts if part)


def _arm_text(study: Study, arm_id: str, terms: Terms) -> str:
    arm = study.arm(arm_id)
    dose = None if arm.dose_mg is None else f"{arm.dose_mg:g} mg"
    words = [terms.drugs[arm.drug].label, dose, arm.schedule]
    extra = [f"with {terms.drugs[b.drug].label}" for b in arm.background]
    return " ".join(word for word in [*words, *extra] if word)


def _arms(name: str, study: Study, terms: Terms) -> Iterator[dict[str, Any]]:
    for arm in study.arms:
        yield {
            "Study": name,
            "Arm": arm.id,
            "Description": _arm_text(study, arm.id, terms),
            "Intervention": terms.drugs[arm.drug].label,
        }


def _results(name: str, study: Study, terms: Terms) -> Iterator[dict[str, Any]]:
    for outcome in study.outcomes:
        for arm, result in outcome.arms.items():
            for row in _arm_rows(outcome, result, terms):
                yield {"Study": name, "Arm": arm} | row
        for contrast in outcome.contrasts:
            printed = _contrast_row(outcome, contrast, terms)
            if printed is not None:
                yield {"Study": name} | printed


def _outcome_name(outcome: Outcome, terms: Terms, part: str = "") -> str:
    time = "" if outcome.time is None else f"{outcome.time.value:g} {outcome.time.unit}s"
    words = [terms.outcomes[outcome.outcome].label, outcome.definition, part.replace("_", " ")]
    return ", ".join(word for word in [*words, outcome.unit, time] if word)


def _source(outcome: Outcome) -> str:
    source = outcome.source
    return _joined([f"{source.report}[{source.locator}]", source.url])


def _arm_rows(outcome: Outcome, result: ArmResult, terms: Terms) -> Iterator[dict[str, Any]]:
    note = _source(outcome)
    total = result.total if result.total is not None else result.n
    if result.events is not None and total is not None:
        yield {
            "Outcome": _outcome_name(outcome, terms),
            "Data type": "Dichotomous",
            "Cases": result.events,
            "Sample size": total,
            "Footnotes": note,
        }
    for part in PARTS:
        summary: Summary | None = getattr(result, part)
        if summary is None or summary.mean is None:
            continue
        if summary.sd is None and summary.se is None and summary.ci95 is None:
            continue
        row = {
            "Outcome": _outcome_name(outcome, terms, part),
            "Data type": "Continuous",
            "Sample size": result.n,
            "Mean": summary.mean,
            "SD": summary.sd,
            "SE": summary.se,
            "Footnotes": note,
        }
        if summary.ci95 is not None:
            row |= dict(zip(("CI start", "CI end"), summary.ci95, strict=True)) | {"CI level": 95}
        yield row


def _contrast_row(outcome: Outcome, contrast: Contrast, terms: Terms) -> dict[str, Any] | None:
    ratio = RATIOS.get(contrast.measure or "")
    measure = ratio or DIFFERENCES.get(contrast.measure or "")
    between = contrast.kind == "between" and contrast.arm and contrast.versus
    if not measure or not between or contrast.estimate is None:
        return None
    if contrast.ci is None and contrast.se is None:
        return None
    row: dict[str, Any] = {
        "Outcome": _outcome_name(outcome, terms),
        "Data type": "Contrast level",
        "Effect measure": measure,
        "Arm": contrast.arm,
        "Reference arm": contrast.versus,
        "Exp mean" if ratio else "Mean": contrast.estimate,
        "SE": contrast.se,
        "Footnotes": _joined([_source(outcome), contrast.adjusted_for]),
    }
    if contrast.ci is not None:
        ends = ("Exp CI start", "Exp CI end") if ratio else ("CI start", "CI end")
        level = None if contrast.ci_level is None else round(100 * contrast.ci_level, 6)
        row |= dict(zip(ends, contrast.ci, strict=True)) | {"CI level": level}
    if contrast.p is not None and contrast.p.relation == "=":
        row["P value"] = contrast.p.value
    return row


def _left(outcome: Outcome) -> bool:
    """Whether something of an outcome has no place in the results."""
    for result in outcome.arms.values():
        if result.events_percent is not None and result.events is None:
            return True
        if result.direction is not None or result.person_years is not None:
            return True
        for part in ("baseline", *PARTS):
            summary: Summary | None = getattr(result, part)
            if summary is None:
                continue
            named = (summary.sd, summary.se, summary.ci95)
            if part == "baseline" or summary.mean is None or not any(named):
                return True
    for one in outcome.contrasts:
        known = one.measure in RATIOS or one.measure in DIFFERENCES
        shown = one.estimate is not None and (one.ci is not None or one.se is not None)
        if one.kind != "between" or not known or not shown:
            return True
    return False


def _risk(
    pairs: Sequence[tuple[str, Study]], risks: Mapping[str, StudyRisk]
) -> tuple[list[str], list[dict[str, Any]]]:
    """One row a result that a person judged; nothing that only the algorithm proposed."""
    found: list[dict[str, Any]] = []
    domains: list[str] = []
    for name, study in pairs:
        risk = risks.get(study.id)
        for result in () if risk is None else risk.results:
            if not result.judgements:
                continue
            row: dict[str, Any] = {"Study": name, "Result": result.id}
            for domain, judged in result.judgements.items():
                domains += [] if domain in domains else [domain]
                row[f"Domain (judgement): {domain}"] = LEVELS[judged.judgement]
                row[f"Domain (support): {domain}"] = judged.reason
            found.append(row)
    heads = [f"Domain ({word}): {d}" for d in sorted(domains) for word in ("judgement", "support")]
    return ["Study", "Result", *heads], found


README = """Study data for RevMan (study-centric data).

study-information.csv   one row a study
study-arms.csv          one row an arm
study-results.csv       one row a result of an arm, or a printed contrast of two arms
risk-of-bias.csv        one row a judged result; domains under the names of their tool

The columns are those of RevMan's own data packages (version 2, from September 2024). RevMan takes
outcomes and interventions by the names that its review criteria have: write these first, or
rename the columns "Outcome" and "Intervention". References go in before the data:
included.ris, which names the study of each (NS).

Only figures that were printed are here, unchanged and in the units of the page. Medians, spreads
that a page does not name, baselines and results told only in part have no place in these files;
"Char: Notes" of the study names the outcomes. RevMan takes one row of risk of bias a study or
result, and has no column "Result": choose which result counts.

A text that a spreadsheet would run as a formula begins with an apostrophe.
"""
