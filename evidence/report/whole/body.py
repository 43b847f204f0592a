"""The files of the body of evidence: one document in its forms, pictures and numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from evidence.catalog.readings import agreement
from evidence.rating.risk_of_bias.lights import risk_lights
from evidence.report.cite import Release
from evidence.report.composed.citing import with_citation
from evidence.report.document.resolve import resolve
from evidence.report.figures.flow_diagram import flow_diagram
from evidence.report.figures.risk_summary import risk_summary_plot
from evidence.report.page import forms_of
from evidence.report.tables import Table
from evidence.report.whole.compose import compose_body
from evidence.report.whole.flow import Flow, flow
from evidence.report.whole.gather import Body


def body_files(
    body: Body,
    findings: Sequence[tuple[Table, Table | None]] = (),
    notes: Sequence[str] = (),
    release: Release | None = None,
) -> dict[str, bytes]:
    """Make the files of ``reports/body``: its forms, pictures and numbers.

    Parameters
    ----------
    body : Body
    findings : sequence of (Table, Table or None)
        Summaries of findings with their footnotes.
    notes : sequence of str
        Reports that could not be read.
    release : Release, optional
        What the page is cited as.
    """
    counted = flow(body.studies, body.excluded, [(q, table) for _, q, table in body.answered])
    pictures = {"flow": flow_diagram(counted)}
    if any(line.tool is not None for line in risk_lights(body.risks)):
        pictures["risk"] = risk_summary_plot(body.risks, title="Risk of bias of all rated results")
    document = compose_body(body, counted, pictures, findings, notes)
    return {
        **forms_of(resolve(with_citation(document, release))),
        **{f"{name}.svg": plot.svg() for name, plot in pictures.items()},
        **{f"{name}.png": plot.png() for name, plot in pictures.items()},
        "body.json": _numbers(body, counted),
    }


def _numbers(body: Body, counted: Flow) -> bytes:
    """The counts of the page."""
    ledger = body.ledger
    readings = agreement(body.readings)
    record = {
        "format": "evidence-body/1",
        "flow": {
            **{name: getattr(counted, name) for name in counted.__slots__ if name != "excluded"},
            "excluded": dict(counted.excluded),
        },
        "ledger": {
            name: getattr(ledger, name)
            for name in ledger.__slots__
            if name not in ("lost", "without_outcomes")
        }
        | {"lost": len(ledger.lost), "without_outcomes": list(ledger.without_outcomes)},
        "readings": {name: getattr(readings, name) for name in readings.__slots__},
        "audit": dict(
            Counter("unanswered" if f.answer is None else f.answer.answer for f in body.findings)
        ),
        "prisma": dict(Counter(entry.met for entry in body.prisma.items)),
    }
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
