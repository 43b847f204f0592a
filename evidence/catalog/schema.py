"""JSON Schema of the study files, for editors that complete and check while one types."""

from __future__ import annotations

from typing import Any

from evidence.catalog.study import Study
from evidence.catalog.terms import Terms


def study_schema(terms: Terms) -> dict[str, Any]:
    """Write the schema with the words of the vocabulary as enumerations."""
    schema = Study.model_json_schema()
    _fill(schema, terms)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A trial: what its reports printed, and where",
        **{key: value for key, value in schema.items() if key not in ("title", "description")},
    }


def _fill(node: Any, terms: Terms) -> None:
    if isinstance(node, dict):
        kind = node.pop("x-vocabulary", None)
        if kind is not None:
            node["enum"] = sorted(getattr(terms, kind))
        for value in node.values():
            _fill(value, terms)
    elif isinstance(node, list):
        for value in node:
            _fill(value, terms)
