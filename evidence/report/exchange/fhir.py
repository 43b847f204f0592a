"""Answers as FHIR R5 Evidence and Citation resources. Experimental: profiles may still change."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

from evidence.errors import ReportError, check_kind
from evidence.report.cite import Citable, Release, citation
from evidence.report.exchange.cells import clean_text, file_name
from evidence.report.files import json_bytes
from evidence.report.result import FitBlock, PredictionBlock, QuestionResult, ResultFile, Shown

ROLES = "http://terminology.hl7.org/CodeSystem/variable-role"
RATINGS = "http://terminology.hl7.org/CodeSystem/certainty-rating"
LEVELS = {"high": "high", "moderate": "moderate", "low": "low", "very_low": "very-low"}
PREFIX = "urn:evidence:"


def fhir_files(
    result: ResultFile, release: Release, publications: Sequence[dict[str, Any]] = ()
) -> dict[str, bytes]:
    """Write the answers of a report as FHIR R5 resources.

    Parameters
    ----------
    result : ResultFile
    release : Release
    publications : sequence of dict, optional
        CSL items of the reports behind it, such as ``csl_items`` gives.

    Returns
    -------
    dict of str to bytes
        One ``Bundle`` (a collection): an Evidence for each question that has a pooled answer, a
        Citation for each question and for each publication. All are drafts and experimental.

    Examples
    --------
    >>> import json
    >>> from evidence.catalog.project import find_project
    >>> path = find_project().reports_folder / "spine_bmd" / "result.json"
    >>> result = ResultFile.model_validate_json(path.read_bytes())
    >>> release = Release("evidence", ("The evidence authors",), "0.1.0", "ab12cd")
    >>> bundle = json.loads(fhir_files(result, release)["spine_bmd.fhir.json"])
    >>> bundle["entry"][0]["resource"]["resourceType"]
    'Evidence'
    """
    check_kind("result", result, ResultFile, ReportError)
    check_kind("release", release, Release, ReportError)
    resources = []
    for question in result.questions:
        what = Citable(question.id, "question", question.title)
        if question.main is not None:
            resources.append(_evidence(question, question.main, release))
        resources.append(_citation(citation(what, release), release))
    resources += [_citation(item, release) for item in publications]
    entries = [
        {"fullUrl": f"{PREFIX}{r['resourceType']}:{r['id']}", "resource": r} for r in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return {f"{file_name(result.name)}.fhir.json": json_bytes(bundle)}


def _id(text: str) -> str:
    """Make an id of FHIR: letters, digits, hyphens and dots, at most 64."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-")[:64] or "unnamed"


def _text(text: str) -> str:
    return clean_text(" ".join(text.split())) or "not stated"


def _markdown(text: str) -> str:
    return html.escape(_text(text), quote=False)


def _concept(text: str, system: str = "", code: str = "") -> dict[str, Any]:
    concept: dict[str, Any] = {"text": _text(text)}
    return concept | ({"coding": [{"system": system, "code": code}]} if system else {})


def _evidence(question: QuestionResult, fit: FitBlock, release: Release) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Evidence",
        "id": _id(question.id),
        "identifier": [{"system": f"{PREFIX}question", "value": question.id}],
        "version": release.version,
        "name": file_name(question.id),
        "title": _text(question.title),
        "status": "draft",
        "experimental": True,
        "description": _markdown(question.finding),
        "citeAsMarkdown": _markdown(
            f"{release.title}, version {release.version}, {question.id}, data {release.data_hash}"
        ),
        "variableDefinition": list(_variables(question)),
        "statistic": [_statistic(question, fit)],
    }
    if release.date is not None:
        made["date"] = release.date
    if question.note:
        made["note"] = [{"text": _markdown(question.note)}]
    rating = question.rating
    if rating is not None and rating.level is not None:
        code = LEVELS[rating.level]
        made["certainty"] = [
            {
                "description": _markdown(f"GRADE, {rating.status}"),
                "type": _concept("Overall certainty"),
                "rating": _concept(rating.level.replace("_", " "), RATINGS, code),
            }
        ]
    return made


def _variables(question: QuestionResult) -> Iterator[dict[str, Any]]:
    parts = (
        ("population", question.people),
        ("exposure", question.treatment),
        ("referenceExposure", question.control),
        ("measuredVariable", question.outcome_label),
    )
    for role, words in parts:
        if words:
            concept = _concept(role, ROLES, role)
            yield {"description": _markdown(words), "variableRole": concept}


def _statistic(question: QuestionResult, fit: FitBlock) -> dict[str, Any]:
    quantity: dict[str, Any] = {"value": fit.shown.estimate}
    if question.unit:
        quantity["unit"] = _text(question.unit)
    sample: dict[str, Any] = {"numberOfStudies": question.trials}
    if question.participants is not None:
        sample["numberOfParticipants"] = question.participants
    return {
        "description": _markdown(f"{question.measure_label}, {fit.name}"),
        "statisticType": _concept(question.measure_label),
        "quantity": quantity,
        "sampleSize": sample,
        "attributeEstimate": list(_attributes(fit)),
    }


def _attributes(fit: FitBlock) -> Iterator[dict[str, Any]]:
    yield _interval("Confidence interval", fit.shown, fit.level)
    for name, value in (
        ("P-value", fit.p),
        ("I-squared (percent)", fit.i2),
        ("Tau squared", fit.tau2),
        ("Cochran's Q statistic", fit.q),
    ):
        if value is not None:
            yield {"type": _concept(name), "quantity": {"value": value}}
    prediction: PredictionBlock | None = fit.prediction
    if prediction is not None:
        yield _interval("Prediction interval", prediction.shown, fit.level)


def _interval(name: str, shown: Shown, level: float) -> dict[str, Any]:
    ends = {"low": {"value": shown.low}, "high": {"value": shown.high}}
    return {"type": _concept(name), "level": level, "range": ends}


def _citation(item: dict[str, Any], release: Release) -> dict[str, Any]:
    own = item["type"] == "dataset"
    artifact: dict[str, Any] = {}
    systems = (("DOI", "https://doi.org"), ("PMID", "https://pubmed.ncbi.nlm.nih.gov"))
    known = [{"system": s, "value": str(item[key])} for key, s in systems if key in item]
    known += [{"system": f"{PREFIX}question", "value": str(item["id"])}] if own else []
    if known:
        artifact["identifier"] = known
    if "title" in item:
        artifact["title"] = [{"text": _markdown(item["title"])}]
    form: dict[str, Any] = {}
    if "container-title" in item:
        form["publishedIn"] = {"title": _text(item["container-title"])}
    for key, name in (("volume", "volume"), ("issue", "issue"), ("page", "pageString")):
        if key in item:
            form[name] = _text(str(item[key]))
    parts = item.get("issued", {}).get("date-parts", [[]])[0]
    if parts:
        form["articleDate"] = "-".join(str(part).zfill(2) for part in parts)
    if form:
        artifact["publicationForm"] = [form]
    names = [_name(author) for author in item.get("author", ())]
    if names:
        summary = [{"value": _markdown(", ".join(names))}]
        artifact["contributorship"] = {
            "complete": "note" not in item or own,
            "summary": summary,
        }
    return {
        "resourceType": "Citation",
        "id": _id(f"cite-{item['id']}"),
        "status": "draft",
        "experimental": True,
        "version": release.version,
        "title": _text(str(item.get("title", item["id"]))),
        "citedArtifact": artifact,
    }


def _name(author: dict[str, str]) -> str:
    if "literal" in author:
        return author["literal"]
    return f"{author['family']} {author['given']}"
