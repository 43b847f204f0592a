"""Effects for R: CSV files with metafor's column names, and the calls that pool them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evidence.catalog.number import Derived, Number
from evidence.effects.table import EffectTable
from evidence.errors import Problem, ReportError, check_kind
from evidence.report.exchange.cells import csv_file, file_name

# metafor's names of what an effect is computed from, by the names in our traces.
COUNTS = {"events_first": "ai", "total_first": "n1i", "events_second": "ci", "total_second": "n2i"}
MEANS = {"first": "m1i", "second": "m2i"}
OWN = {
    "events1": "ai", "nonevents1": "bi", "n1": "n1i", "events2": "ci", "nonevents2": "di",
    "n2": "n2i", "time1": "t1i", "time2": "t2i", "mean1": "m1i", "sd1": "sd1i", "mean2": "m2i",
    "sd2": "sd2i", "events": "xi", "nonevents": "mi", "n": "ni", "time": "ti", "mean": "mi",
    "sd": "sdi", "correlation": "ri", "both": "ai", "only_first": "bi", "only_second": "ci",
    "neither": "di", "t": "ti", "predictors": "mi", "r_squared": "r2i", "alpha": "ai",
    "items": "mi",
}  # fmt: skip
NAMES: dict[str, Mapping[str, str]] = {
    "log_risk_ratio": COUNTS,
    "log_odds_ratio": COUNTS,
    "risk_difference": COUNTS,
    "difference": MEANS,
    "log_ratio": MEANS,
}
FIRST = ("yi", "vi", "sei", "ni", "slab")
LAST = ("row", "study", "outcome", "treatment", "control", "weeks", "route", "design", "sources")
ORDER = (
    "ai", "bi", "ci", "di", "n1i", "n2i", "m1i", "sd1i", "m2i", "sd2i", "t1i", "t2i", "xi", "mi",
    "sdi", "ti", "ri", "r2i",
)  # fmt: skip


def metafor_files(tables: Mapping[str, EffectTable]) -> dict[str, bytes]:
    """Write effect tables for R's metafor.

    Parameters
    ----------
    tables : mapping of name to EffectTable
        Such as those of the questions of a report.

    Returns
    -------
    dict of str to bytes
        A CSV a table (yi, vi, sei, slab, and ai, n1i, m1i, ... where a trace holds them), the
        covariance of those whose rows share an arm, ``pool.R`` and ``README.txt``.

    Raises
    ------
    ReportError
        If no table has a row.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> files = metafor_files({"bcg": table_of([-0.9, -1.6], [0.5, 0.4], labels=["a", "b"])})
    >>> print(files["bcg.csv"].decode().splitlines()[1])
    -0.9,0.25,0.5,,a,a,a,,,,,given,,
    """
    check_kind("tables", tables, Mapping, ReportError)
    for table in tables.values():
        check_kind("tables", table, EffectTable, ReportError)
    filled = {file_name(name): table for name, table in tables.items() if table.k}
    if not filled:
        raise ReportError(
            "there is nothing to write", [Problem("tables", "hold no rows", "give one that does")]
        )
    files = {f"{name}.csv": effects_file(table) for name, table in filled.items()}
    for name, table in filled.items():
        if not table.independent:
            columns = [f"V{i + 1}" for i in range(table.k)]
            rows = [dict(zip(columns, line, strict=True)) for line in table.covariance.tolist()]
            files[f"{name}_V.csv"] = csv_file(columns, rows)
    calls = [_call(name, table) for name, table in filled.items()]
    files["pool.R"] = ("library(metafor)\n\n" + "\n".join(calls)).encode()
    files["README.txt"] = README.encode()
    return files


def effects_file(table: EffectTable) -> bytes:
    """Write one table; see ``metafor_files``."""
    rows = [_row(table, str(name), record) for name, record in _records(table)]
    held = [name for name in ORDER if any(name in row for row in rows)]
    return csv_file([*FIRST, *held, *LAST], rows)


def _records(table: EffectTable) -> Iterator[tuple[object, dict[str, Any]]]:
    frame = table.rows.astype(object).where(table.rows.notna(), None)
    for name, record in zip(frame.index, frame.to_dict("records"), strict=True):
        yield name, {str(key): value for key, value in record.items()}


def _row(table: EffectTable, name: str, record: dict[str, Any]) -> dict[str, Any]:
    error = float(record["std_error"])
    sizes = [record["n_treatment"], record["n_control"]]
    total = None if None in sizes else int(sum(sizes))
    row = {name: record[name] for name in LAST if name != "row"}
    row |= {"row": name, "yi": float(record["estimate"]), "vi": error**2, "sei": error}
    row |= {"ni": total, "slab": record["label"]}
    pair = table.traces[name]
    raw = raw_figures(pair.estimate)
    for column, size in zip(("n1i", "n2i"), sizes, strict=True):
        if size is not None and raw and "ni" not in raw:
            raw.setdefault(column, float(size))
    return row | {key: _whole(value) for key, value in raw.items()}


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def raw_figures(number: Number) -> dict[str, float]:
    """Name what an effect was computed from as metafor does; empty where it has no names there.

    Examples
    --------
    >>> from evidence.catalog.number import Given
    >>> names = ("events_first", "total_first", "events_second", "total_second")
    >>> inputs = tuple((n, Given(x, None)) for n, x in zip(names, (4.0, 9.0, 6.0, 9.0)))
    >>> raw_figures(Derived(-0.4, None, "log_risk_ratio", inputs))
    {'ai': 4.0, 'n1i': 9.0, 'ci': 6.0, 'n2i': 9.0}
    """
    if not isinstance(number, Derived):
        return {}
    names = NAMES.get(number.rule)
    if names is None:
        roles = {role for role, _ in number.inputs} - {"added_to_each_cell"}
        if not roles or not roles <= set(OWN):
            return {}
        names = OWN
    return {names[role]: part.value for role, part in number.inputs if role in names}


def _call(name: str, table: EffectTable) -> str:
    read = f'd <- read.csv("{name}.csv", encoding = "UTF-8")\n'
    if table.k == 1:
        fit = 'print(rma(yi, vi, data = d, slab = make.unique(slab), method = "EE"))\n'
    elif table.independent:
        fit = (
            "print(rma(yi, vi, data = d, slab = make.unique(slab),"
            ' method = "REML", test = "adhoc"))\n'
        )
    else:
        fit = (
            f'V <- as.matrix(read.csv("{name}_V.csv"))\n'
            "print(rma.mv(yi, V, random = ~ 1 | row, data = d, slab = make.unique(slab)))\n"
        )
    return f"# {name}: {table.measure}, analysis scale {table.scale}\n{read}{fit}"


README = """Effects for R's metafor.

One CSV a question. Columns: yi, vi, sei (effect, sampling variance, standard error, on the scale
of the analysis: logarithms for ratios), ni, slab (name of the study), and where an effect was
computed from counts or means that were printed: ai, n1i, ci, n2i, m1i, m2i, ... as in metafor's
escalc(). NAME_V.csv is the sampling covariance where rows share an arm.

A name that a spreadsheet would run as a formula begins with an apostrophe.

    Rscript pool.R

pools each by REML with the interval of Hartung and Knapp that is never narrower than that of t
(test = "adhoc"); one effect alone is given as it is.
"""
