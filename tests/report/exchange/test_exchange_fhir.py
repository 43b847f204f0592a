"""FHIR R5 resources, held against the models of ``fhir.resources``."""

import json
from typing import Any

from evidence.report.cite import csl_items
from evidence.report.exchange.fhir import fhir_files
from tests.report.exchange.exchange_samples import RELEASE, committed, studies


def bundle() -> dict[str, Any]:
    (content,) = fhir_files(committed(), RELEASE, csl_items(studies())).values()
    return dict(json.loads(content))


def test_the_resources_are_valid() -> None:
    from fhir.resources.bundle import Bundle

    made = bundle()
    read = Bundle.model_validate(made)
    assert len(read.entry) == len(made["entry"])


def test_every_pooled_answer_is_an_evidence_with_its_figures() -> None:
    entries = [entry["resource"] for entry in bundle()["entry"]]
    evidence = {one["id"]: one for one in entries if one["resourceType"] == "Evidence"}
    pooled = [question for question in committed().questions if question.main is not None]
    assert len(evidence) == len(pooled) > 0
    for question in pooled:
        one = evidence[question.id.replace("_", "-")]
        assert one["experimental"] is True
        assert one["status"] == "draft"
        (statistic,) = one["statistic"]
        assert question.main is not None
        assert statistic["quantity"]["value"] == question.main.shown.estimate
        assert statistic["attributeEstimate"][0]["range"] == {
            "low": {"value": question.main.shown.low},
            "high": {"value": question.main.shown.high},
        }
        assert statistic["sampleSize"]["numberOfStudies"] == question.trials


def test_ids_are_unique_and_every_question_can_be_cited() -> None:
    names = [entry["fullUrl"] for entry in bundle()["entry"]]
    assert len(names) == len(set(names))
    for question in committed().questions:
        assert f"urn:evidence:Citation:cite-{question.id.replace('_', '-')}" in names
