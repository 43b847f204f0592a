"""The page: a pure function of a result, its pictures, its traces and the run record."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from evidence.report.block import Block
from evidence.report.borrowed.wording import borrowed_part
from evidence.report.certainty.collect import rating_part
from evidence.report.directions import direction_table
from evidence.report.methods import methods, numbered, reference
from evidence.report.pictures import Drawn
from evidence.report.result import QuestionResult, ResultFile
from evidence.report.risk.wording import risk_part
from evidence.report.said.wording import said_part
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

# What stands below a question's classical answer, told apart from it, in this order.
PARTS: tuple[Callable[[QuestionResult], Block | None], ...] = (
    lambda result: rating_part(result.rating),
    lambda result: risk_part(result.risk),
    said_part,
    borrowed_part,
)


@dataclass(frozen=True, slots=True)
class Material:
    """What a page needs beside the result: by question id, the heading, pictures and traces.

    ``further`` holds, by question id and name, the pictures beside the first: ``posterior`` stands
    with the classical answer, the others with the blocks that name them. ``findings`` are the
    summaries of findings with their footnotes.
    """

    headings: Mapping[str, str]
    pictures: Mapping[str, bytes]
    descriptions: Mapping[str, str]
    traces: Mapping[str, str]
    further: Mapping[str, Mapping[str, Drawn]] = field(default_factory=dict)
    findings: tuple[tuple[Table, Table | None], ...] = ()


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
        findings=[{"table": table, "notes": notes} for table, notes in material.findings],
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
    drawn = material.further.get(result.id, {})
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
    else:
        shown = [direction_table(result)]
    folded.append(partial_table(result))
    parts = [part for make in PARTS if (part := make(result)) is not None]
    return {
        "r": result,
        "heading": material.headings[result.id],
        "alt": material.descriptions[result.id],
        "image": as_data(material.pictures[result.id]),
        "tables": [t for t in shown if t is not None],
        "folded": [t for t in folded if t is not None],
        "posterior": _images(("posterior",), drawn),
        "blocks": [{"b": part, "images": _images(part.pictures, drawn)} for part in parts],
        "traces": material.traces[result.id],
        "unused": unused_tables(result),
        "open": False,
    }


def _images(names: tuple[str, ...], drawn: Mapping[str, Drawn]) -> list[dict[str, Any]]:
    found = [drawn[name] for name in names if name in drawn]
    return [{"src": as_data(d.svg), "alt": d.description, "narrow": d.narrow} for d in found]


def as_data(image: bytes) -> str:
    """An SVG or PNG as the address of an image that stands in the page itself."""
    kind = "png" if image.startswith(b"\x89PNG") else "svg+xml"
    return f"data:image/{kind};base64," + base64.b64encode(image).decode("ascii")
