"""Pool a CSV of one's own: from the file to the fit, as text, JSON or a forest plot."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.table import EffectTable, table_of
from evidence.errors import EffectError, Problem, ReportError, did_you_mean
from evidence.report.collect import fit_block

if TYPE_CHECKING:
    import pandas as pd

    from evidence.models.frequentist.fit import PooledFit

GIVEN = "GEN"
# Arguments of effect_sizes that are choices, not names of columns.
CHOICES = ("frame", "measure", "add", "to", "drop00", "vtype", "correct", "unit")
PICTURES = (".svg", ".png", ".pdf")
# So many rows that are not as long as the head are named.
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class OwnData:
    """What the command line says of a CSV: the file, the measure, and which column is what."""

    path: Path
    measure: str
    columns: Mapping[str, str]
    log_scale: bool = False


def read_own(data: OwnData) -> EffectTable:
    """Read a CSV and compute its effects.

    With the measure ``GEN`` the columns ``estimate`` and ``std_error`` are taken as they are.

    Raises
    ------
    EffectError
        If the file cannot be read as a CSV, or a column or figure is not what is needed; the
        message names column and row.
    """
    known = _known_columns(data.measure)
    unknown = [name for name in data.columns if name not in known]
    if unknown:
        problems = [
            Problem(f"{name}={data.columns[name]}", "no such part", did_you_mean(name, known))
            for name in unknown
        ]
        raise EffectError(f"these do not belong to {data.measure}", problems)
    frame = _frame(data.path)
    if data.measure != GIVEN:
        if data.log_scale:
            problem = Problem("--log", f"would do nothing for {data.measure}", "leave it out")
            raise EffectError("the measure knows its scale", [problem])
        columns: dict[str, Any] = dict(data.columns)
        return effect_sizes(frame, measure=data.measure, **columns)
    return _given(frame, data)


def _known_columns(measure: str) -> list[str]:
    if measure == GIVEN:
        return ["study", "estimate", "std_error"]
    return [name for name in inspect.signature(effect_sizes).parameters if name not in CHOICES]


def _frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    _require_even(path)
    try:
        frame = pd.read_csv(path, encoding="utf-8-sig", index_col=False)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        what = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        problem = Problem(str(path), f"cannot be read: {what}", "a CSV in UTF-8 with a head line")
        raise EffectError("the file is no CSV", [problem]) from None
    if frame.empty:
        problem = Problem(str(path), "holds no rows", "one row a study below the head line")
        raise EffectError("there is nothing to pool", [problem])
    return frame


def _require_even(path: Path) -> None:
    """Refuse a file whose rows are not as long as its head: their figures would be shifted."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            head = next(lines, [])
            problems = [
                Problem(f"{path}:1", f"the column {name!r} stands twice", "one name a column")
                for name in sorted({x for x in head if x and head.count(x) > 1})
            ]
            problems += [
                Problem(
                    f"{path}:{lines.line_num}",
                    f"has {len(row)} fields, the head has {len(head)}",
                    "as many fields as the head; quote a field that holds a comma",
                )
                for row in lines
                if row and len(row) != len(head)
            ]
    except (OSError, UnicodeDecodeError, csv.Error):
        return  # told when the file is read
    if problems:
        raise EffectError("the rows of the file are not even", problems[:MOST_TOLD])


def _given(frame: pd.DataFrame, data: OwnData) -> EffectTable:
    import pandas as pd

    missing = [
        Problem(name, "is not named", f"{name}=COLUMN")
        for name in ("estimate", "std_error")
        if name not in data.columns
    ]
    missing += [
        Problem(f"{name}={column}", "no such column", did_you_mean(column, map(str, frame.columns)))
        for name, column in data.columns.items()
        if column not in frame.columns
    ]
    if missing:
        raise EffectError("the columns named do not make estimates", missing)
    numbers = {}
    wrong = []
    for name in ("estimate", "std_error"):
        column = data.columns[name]
        numbers[name] = pd.to_numeric(frame[column], errors="coerce")
        wrong += [
            Problem(f"column {column!r}, row {i + 1}", f"{value!r} is not a number", "give one")
            for i, value in enumerate(frame[column])
            if pd.isna(numbers[name].iloc[i])
        ]
    if wrong:
        raise EffectError("the file has figures that are no numbers", wrong)
    labels = None if "study" not in data.columns else frame[data.columns["study"]].astype(str)
    return table_of(
        numbers["estimate"].to_numpy(),
        numbers["std_error"].to_numpy(),
        labels=None if labels is None else labels.tolist(),
        scale="log" if data.log_scale else "identity",
    )


def fit_record(fit: PooledFit) -> dict[str, Any]:
    """Put a fit into a record for JSON: the pooled figures, each study, and what was left out."""
    rows = fit.table.rows
    return {
        "format": "evidence-pool/1",
        "measure": fit.table.measure,
        "scale": fit.table.scale,
        "pooled": fit_block("main", fit).model_dump(mode="json"),
        "studies": [
            {"study": str(label), "estimate": float(y), "std_error": float(s), "weight": float(w)}
            for label, y, s, w in zip(
                rows["label"], rows["estimate"], rows["std_error"], fit.weights, strict=True
            )
        ],
        "unused": [
            {"study": str(row["study"]), "reason": str(row["reason"])}
            for row in fit.table.unused.to_dict("records")
        ],
    }


def save_forest(fit: PooledFit, path: Path) -> None:
    """Draw the forest plot of a fit into a file; its ending says the format.

    Raises
    ------
    ReportError
        If the ending is not known or the file cannot be written.
    """
    from evidence.report.forest.forest import forest_of_fit
    from evidence.report.forest.marks import draw, new_figure

    if path.suffix.lower() not in PICTURES:
        problem = Problem(str(path), "unknown kind of picture", f"end in {', '.join(PICTURES)}")
        raise ReportError("the forest plot cannot be saved", [problem])
    data = forest_of_fit(fit)
    figure = new_figure(data)
    draw(data, figure.axes[0])
    try:
        figure.savefig(path)
    except OSError as error:
        problem = Problem(str(path), f"cannot be written: {error.strerror}", "name another file")
        raise ReportError("the forest plot cannot be saved", [problem]) from None
