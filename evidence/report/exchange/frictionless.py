"""A Frictionless data package of all effects, partial reports, unused reports and traces."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from types import NoneType
from typing import Any, get_args

from evidence.catalog.study import Record
from evidence.effects.trace import LEAF_COLUMNS
from evidence.errors import Problem, ReportError, check_kind
from evidence.report.cite import Release
from evidence.report.exchange.cells import clean_text, file_name
from evidence.report.files import json_bytes
from evidence.report.result import EffectLine, PartialLine, UnusedLine

RECORDS: dict[str, type[Record]] = {
    "effects.csv": EffectLine,
    "partial.csv": PartialLine,
    "unused.csv": UnusedLine,
}
TABLES = {
    "effects.csv": "Every effect that entered an analysis, on the scale of the analysis and shown",
    "partial.csv": "Comparisons that were reported only in part, as far as they were said",
    "unused.csv": "Reports that were looked at and not used, with the reason",
    "trace.csv": "Every figure at the bottom of every effect, with the page that printed it",
}
SHOWN = ("shown_estimate", "shown_low", "shown_high")
KINDS = {float: "number", int: "integer", bool: "boolean", str: "string"}
OPEN_POINT = "No licence has been chosen for the data; the code's licence does not cover them."


def frictionless_files(
    reports: Mapping[str, Mapping[str, bytes]], release: Release
) -> dict[str, bytes]:
    r"""Put the tables of reports into one Frictionless data package (version 1).

    Parameters
    ----------
    reports : mapping of report to files
        The committed files of each report by name; taken are effects.csv, partial.csv, unused.csv
        and trace.csv.
    release : Release

    Returns
    -------
    dict of str to bytes
        ``datapackage.json`` with schemas, sizes and SHA-256 hashes, and the tables below ``data/``.

    Raises
    ------
    ReportError
        If there are no tables, or a table lacks a column that its record has.

    Examples
    --------
    >>> release = Release("evidence", ("The evidence authors",), "0.1.0", "ab12cd")
    >>> table = b"question,row,figure,kind,value,unit,address,report,locator,read,url,reason\n"
    >>> files = frictionless_files({"spine_bmd": {"trace.csv": table}}, release)
    >>> sorted(files)
    ['data/spine_bmd/trace.csv', 'datapackage.json']
    """
    check_kind("reports", reports, Mapping, ReportError)
    check_kind("release", release, Release, ReportError)
    resources, files = [], {}
    problems: list[Problem] = []
    for report in sorted(reports):
        for table in TABLES:
            content = reports[report].get(table)
            if content is None:
                continue
            path = f"data/{file_name(report)}/{table}"
            schema = _schema(table, content, f"{report}/{table}", problems)
            files[path] = content
            resources.append(_resource(report, table, path, content, schema))
    if not resources and not problems:
        problems.append(Problem("reports", "hold no table", ", ".join(TABLES)))
    if problems:
        raise ReportError("there is no data package of these reports", problems)
    head: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": file_name(release.title.split(":")[0]).lower().replace("_", "-"),
        "title": clean_text(release.title),
        "version": release.version,
        "released": release.date,
        "data_hash": release.data_hash,
        "contributors": [{"title": clean_text(n), "role": "author"} for n in release.authors],
        "licence": None,
        "open_points": [OPEN_POINT],
        "resources": resources,
    }
    return {"datapackage.json": json_bytes(head), **files}


def _resource(
    report: str, table: str, path: str, content: bytes, schema: dict[str, Any]
) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if table == "effects.csv":
        keys = {"primaryKey": ["question", "row"]}
    elif table == "trace.csv":
        home = {"resource": _name(report, "effects.csv"), "fields": ["question", "row"]}
        keys = {"foreignKeys": [{"fields": ["question", "row"], "reference": home}]}
    return {
        "profile": "tabular-data-resource",
        "name": _name(report, table),
        "title": f"{report}: {TABLES[table]}",
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": schema | keys,
    }


def _name(report: str, table: str) -> str:
    return f"{file_name(report)}-{table.removesuffix('.csv')}".lower().replace("_", "-")


def _schema(table: str, content: bytes, where: str, problems: list[Problem]) -> dict[str, Any]:
    head = next(csv.reader(io.StringIO(content.decode("utf-8"))), [])
    known = _types(table)
    for names, word in ((known.keys() - set(head), "missing"), (set(head) - known.keys(), "new")):
        what = f"its columns are others: {', '.join(sorted(names))} {word}"
        problems += [Problem(where, what, "build the report anew")] if names else []
    return {"fields": [{"name": name, "type": known.get(name, "string")} for name in head]}


def _types(table: str) -> dict[str, str]:
    if table == "trace.csv":
        return {"question": "string"} | {
            name: "number" if name == "value" else "string" for name in LEAF_COLUMNS
        }
    known = {
        name: KINDS[next(kind for kind in _kinds(field.annotation) if kind is not NoneType)]
        for name, field in RECORDS[table].model_fields.items()
        if name != "shown"
    }
    if table == "effects.csv":
        known |= {"measure": "string", "unit": "string"} | dict.fromkeys(SHOWN, "number")
    return {"question": "string"} | known


def _kinds(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) or (annotation,)
