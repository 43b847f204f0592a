"""What a public function may do with any input: a whole result or an error that explains itself."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from evidence.effects.table import EffectTable
from evidence.errors import EvidenceError, EvidenceWarning

# Degrees of freedom are infinite for a normal distribution; the others have the reason beside them.
INFINITE = ("df", "df_residual", "typical_df")


class Broken(AssertionError):
    """A call that did what no call may do."""


def outcome(function: Callable[[], Any], missing: tuple[str, ...] = ()) -> str:
    """Call a function and judge what it does.

    ``missing`` are the names of fields and columns that may hold no number, as documented.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", EvidenceWarning)
        # Matplotlib's own notice that its font lacks a sign, for which it draws a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        try:
            value = function()
        except EvidenceError as error:
            _check_error(error)
            return "refused"
        if hasattr(value, "figure") and hasattr(value, "svg"):
            _draw(value)
        elif callable(getattr(value, "get_figure", None)):
            value.get_figure().draw_without_rendering()
        if dataclasses.is_dataclass(value):
            repr(value)
            str(value)
    _close_figures()
    holes = [path for path in _holes(value, "", 0) if not _allowed(path, missing)]
    if holes:
        raise Broken(f"no number in {', '.join(sorted(set(holes))[:6])}")
    return "answered"


def _draw(plot: Any) -> None:
    # No tight box: laying out and drawing the text is what labels can break.
    plot.figure.draw_without_rendering()
    plot.text()


def _close_figures() -> None:
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def _check_error(error: EvidenceError) -> None:
    if not error.problems:
        raise Broken(f"an error without a problem: {error}")
    for problem in error.problems:
        for part in ("where", "what", "right"):
            if not str(getattr(problem, part)).strip():
                raise Broken(f"an error without {part!r}: {error}")


def _allowed(path: str, missing: tuple[str, ...]) -> bool:
    last = path.rsplit(".", 1)[-1]
    return last in missing or any(name and (f"{path}.").find(f"{name}.") >= 0 for name in missing)


def _holes(value: Any, path: str, depth: int) -> list[str]:
    """Paths of the public floats that are no finite number."""
    if depth > 6 or value is None or isinstance(value, str | bytes | bool | EffectTable):
        return []
    last = path.rsplit(".", 1)[-1]
    if isinstance(value, float | np.floating):
        fine = np.isfinite(value) or (np.isinf(value) and last in INFINITE)
        return [] if fine else [path]
    if isinstance(value, np.ndarray):
        return _array_holes(value, path, last)
    if isinstance(value, pd.DataFrame):
        return _frame_holes(value, path, depth)
    if isinstance(value, pd.Series):
        return _holes(value.to_numpy(), path, depth + 1)
    if dataclasses.is_dataclass(value):
        fields = [f.name for f in dataclasses.fields(value) if not f.name.startswith("_")]
        pairs = [(name, getattr(value, name)) for name in fields if name not in ("figure",)]
        return [h for name, part in pairs for h in _holes(part, f"{path}.{name}", depth + 1)]
    if isinstance(value, Mapping):
        return [h for key, part in value.items() for h in _holes(part, f"{path}.{key}", depth + 1)]
    if isinstance(value, list | tuple):
        return [h for part in value for h in _holes(part, path, depth + 1)]
    return []


def _array_holes(value: np.ndarray, path: str, last: str) -> list[str]:
    if value.dtype.kind == "O":
        return [h for part in value.ravel() for h in _holes(part, path, 5)]
    if value.dtype.kind not in "fc":
        return []
    bad = np.isnan(value) if last in INFINITE else ~np.isfinite(value)
    return [path] if bad.any() else []


def _frame_holes(frame: pd.DataFrame, path: str, depth: int) -> list[str]:
    reasons = [c for c in frame.columns if str(c).endswith(("reason", "note"))]
    if reasons:
        stated = frame[reasons].notna().any(axis=1) & (frame[reasons] != "").any(axis=1)
        frame = frame[~stated.to_numpy(dtype=bool)]
    found = []
    for position, column in enumerate(frame.columns):
        cells = frame.iloc[:, position]
        # Columns of words show an absent word in their own way.
        if isinstance(cells.dtype, np.dtype) and cells.dtype.kind != "O":
            found += _holes(cells.to_numpy(), f"{path}.{column}", depth + 1)
    return found
