"""The page: a pure function of a result, its pictures, its traces and the run record."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from evidence.report.methods import methods, numbered, reference
from evidence.report.result import QuestionResult, ResultFile
from evidence.report.tables import (
    Table,
    agreement_table,
    assumptions_table,
    effects_table,
    models_table,
    overview_table,
    partial_table,
    priors_table,
    sensitivity_table,
    unused_tables,
)
from evidence.report.tables_said import said_tables
from evidence.report.wording_said import said_sentence


@dataclass(frozen=True, slots=True)
class Material:
    """What a page needs beside the result: by question id, the heading, pictures and traces.

    ``second`` holds the picture of the second answer and its description, where there is one.
    """

    headings: Mapping[str, str]
    pictures: Mapping[str, bytes]
    descriptions: Mapping[str, str]
    traces: Mapping[str, str]
    second: Mapping[str, tuple[bytes, str]] = field(default_factory=dict)


def page(result: ResultFile, material: Material, run: Mapping[str, Any]) -> str:
    """Write the self-contained HTML page.

    All text is escaped; the page's own policy forbids scripts and anything from elsewhere.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("evidence.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    style = resources.files("evidence.report").joinpath("templates/style.css").read_text("utf-8")
    paragraphs = methods(result)
    order = numbered(paragraphs)
    return environment.get_template("page.html.j2").render(
        r=result,
        style=Markup(style),
        overview=overview_table(result.questions),
        questions=[_question(q, material) for q in result.questions],
        paragraphs=[
            {"text": p.text, "numbers": ",".join(str(order.index(key) + 1) for key in p.cites)}
            for p in paragraphs
        ],
        references=[reference(key) for key in order],
        run=run,
        seeds=", ".join(f"{name} {seed}" for name, seed in run["seeds"].items()) or "none",
    )


def _question(result: QuestionResult, material: Material) -> dict[str, Any]:
    second, told = material.second.get(result.id, (b"", ""))
    shown: list[Table | None] = []
    folded: list[Table | None] = []
    if result.k:
        shown = [models_table(result)]
        folded = [
            effects_table(result),
            sensitivity_table(result),
            assumptions_table(result),
            priors_table(result),
            agreement_table(result),
        ]
    folded.append(partial_table(result))
    said = said_tables(result)
    return {
        "r": result,
        "heading": material.headings[result.id],
        "alt": material.descriptions[result.id],
        "image": _as_data(material.pictures[result.id]),
        "said_image": _as_data(second) if second else "",
        "said_alt": told,
        "tables": [t for t in shown if t is not None],
        "folded": [t for t in folded if t is not None],
        "said": said_sentence(result),
        "said_tables": said[:1],
        "said_folded": said[1:],
        "traces": material.traces[result.id],
        "unused": unused_tables(result),
        "open": False,
    }


def _as_data(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")
