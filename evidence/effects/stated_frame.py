"""Statements from a user's own data frame: one row a report, as little in it as was printed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence.effects.stated import NOT_SIGNIFICANT, agreeing, critical, rounded
from evidence.effects.statements import INFINITE, ErrorForm, Statement
from evidence.errors import EffectError, Problem, did_you_mean

RELATIONS = ("=", "<", ">", "ns")
DIRECTIONS: dict[object, int] = {"increase": 1, "decrease": -1, "no_change": 0, 1: 1, -1: -1}
POSITIVE = ("std_error", "sd", "plus_minus", "n1", "n2", "control_std_error")
NUMBERS = (*POSITIVE, "estimate", "half_width", "p", "control_change")
Cells = dict[str, object]


def statements_from_frame(
    frame: pd.DataFrame,
    *,
    study: str | None = None,
    estimate: str | None = None,
    std_error: str | None = None,
    sd: str | None = None,
    plus_minus: str | None = None,
    n1: str | None = None,
    n2: str | None = None,
    p: str | None = None,
    p_relation: str | None = None,
    direction: str | None = None,
    half_width: str | None = None,
    arm_only: str | None = None,
    control_change: str | None = None,
    control_std_error: str | None = None,
    test: str = "z",
) -> tuple[Statement, ...]:
    """Read what each report says of its effect; an empty cell was not printed.

    Parameters
    ----------
    frame : DataFrame
        One row a report.
    study : str, optional
        Column with the studies' names, which may not repeat; without it the frame's index.
    estimate : str, optional
        Column with estimates, on the analysis scale (logarithms for ratios).
    std_error, sd, plus_minus : str, optional
        Columns with standard errors; SDs of the outcome (with ``n1``, and ``n2`` for two groups);
        figures after a ± that the page names neither SD nor SE. At most one in a row.
    n1, n2 : str, optional
        Columns with the number of people; ``n2`` empty for a change within one group.
    p, p_relation : str, optional
        Columns with P values and how they were printed: ``"="`` (where empty), ``"<"``, ``">"``
        or ``"ns"`` (not significant; without a P, at 5 %).
    direction : str, optional
        Column with ``"increase"`` or ``"decrease"`` (or 1 and -1) of the estimate on the analysis
        scale, or ``"no_change"``, which without a P is read as not significant at 5 %.
    half_width : str, optional
        Column that tells how far an estimate may be off because it was rounded.
    arm_only : str, optional
        Column that is true where the estimate or direction is the change of the treated arm alone.
    control_change, control_std_error : str, optional
        Columns with the change of the control arm and its standard error.
    test : {"z", "t"}
        Where P values came from; "t" takes its degrees of freedom from ``n1`` and ``n2``.

    Returns
    -------
    tuple of Statement
        One a row, for ``pool_reports``, ``reports_ladder`` and ``possible_answers``.

    Raises
    ------
    EffectError
        For unknown columns and for figures that cannot be, each named by its row and column.

    Notes
    -----
    A printed standard error or SD says all of the uncertainty: a P beside it is not used. An exact
    P bounds the standard error to what its rounding leaves; decimals that end in 0 are not told
    apart by a number, so that 0.10 is taken as 0.1, rounded from 0.05 to 0.15.

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "trial": ["A", "B", "C"], "md": [-3.1, -2.0, None], "se": [0.8, None, None],
    ...     "n": [40, 30, 25], "m": [41, 32, 24], "p": [None, 0.01, None],
    ...     "how": [None, "<", None], "way": [None, None, "decrease"],
    ... })
    >>> told = statements_from_frame(
    ...     frame, study="trial", estimate="md", std_error="se", n1="n", n2="m", p="p",
    ...     p_relation="how", direction="way",
    ... )
    >>> [s.kind for s in told]
    ['complete', 'estimate_with_bounded_p', 'direction']
    """
    columns = {
        "estimate": estimate, "std_error": std_error, "sd": sd, "plus_minus": plus_minus,
        "n1": n1, "n2": n2, "p": p, "p_relation": p_relation, "direction": direction,
        "half_width": half_width, "arm_only": arm_only, "control_change": control_change,
        "control_std_error": control_std_error,
    }  # fmt: skip
    _check_columns(frame, {**columns, "study": study}, test)
    used = {name: column for name, column in columns.items() if column is not None}
    rows, problems = [], []
    names = frame.index if study is None else frame[study]
    for name, (_, values) in zip(map(str, names), frame.iterrows(), strict=True):
        cells: Cells = {key: values[column] for key, column in used.items()}
        cells = {key: x for key, x in cells.items() if not _empty(x)}
        found = _problems(name, cells, used)
        problems += found
        if not found:
            rows.append(_statement(name, cells, test))
    repeated = sorted({s for s in map(str, names) if list(map(str, names)).count(s) > 1})
    if repeated:
        right = "one row a report, each with a name of its own"
        problems.append(Problem(study or "index", f"repeats {', '.join(repeated)}", right))
    if problems:
        raise EffectError("the frame cannot be read as it stands", problems)
    return tuple(rows)


def _check_columns(frame: pd.DataFrame, columns: dict[str, str | None], test: str) -> None:
    known = [str(c) for c in frame.columns]
    problems = [
        Problem(name, f"no column {column!r}", did_you_mean(column, known))
        for name, column in columns.items()
        if column is not None and column not in known
    ]
    if test not in ("z", "t"):
        problems.append(Problem("test", repr(test), did_you_mean(str(test), ("z", "t"))))
    if all(columns[name] is None for name in ("estimate", "p", "p_relation", "direction")):
        right = "a column for estimate, p, p_relation or direction"
        problems.append(Problem("frame", "nothing of an effect is named", right))
    for name, needed in (
        ("n2", "n1"), ("std_error", "estimate"), ("sd", "estimate"), ("sd", "n1"),
        ("plus_minus", "estimate"), ("half_width", "estimate"),
        ("control_change", "control_std_error"), ("control_std_error", "control_change"),
    ):  # fmt: skip
        if columns[name] is not None and columns[needed] is None:
            problems.append(Problem(name, f"does nothing without {needed}", f"name {needed} too"))
    if problems:
        raise EffectError("the columns do not fit", problems)


def _problems(row: str, cells: Cells, columns: dict[str, str]) -> list[Problem]:
    found = []

    def add(name: str, right: str) -> None:
        where = f"row {row!r}, column {columns[name]!r}"
        found.append(Problem(where, f"{cells[name]!r}", right))

    for name in NUMBERS:
        if name not in cells:
            continue
        value = _number(cells[name])
        if value is None:
            add(name, "a finite number, or an empty cell")
        elif name in POSITIVE and value <= 0:
            add(name, "a number above 0")
        elif name == "half_width" and value < 0:
            add(name, "0 or more")
        elif name == "p" and not 0 < value < 1:
            add(name, "a number between 0 and 1")
    if "p_relation" in cells and cells["p_relation"] not in RELATIONS:
        add("p_relation", f"one of {', '.join(RELATIONS)}")
    if "direction" in cells and cells["direction"] not in DIRECTIONS:
        add("direction", "increase, decrease or no_change")
    if "arm_only" in cells and not isinstance(cells["arm_only"], bool | np.bool_):
        add("arm_only", "True or False")
    if found:
        return found
    spreads = [name for name in ("std_error", "sd", "plus_minus") if name in cells]
    if len(spreads) > 1:
        add(spreads[1], f"nothing here: the row has a {spreads[0]} already")
    for name in (*spreads, "half_width"):
        if name in cells and "estimate" not in cells:
            add(name, "nothing here: the row has no estimate")
    way = DIRECTIONS[cells["direction"]] if "direction" in cells else 0
    if way * (_number(cells.get("estimate", 0)) or 0.0) < 0:
        add("direction", "that of the estimate")
    if "sd" in cells and "n1" not in cells:
        add("sd", "a row with the number of people")
    if cells.get("p_relation") in ("=", "<", ">") and "p" not in cells:
        add("p_relation", "a row with a P")
    return found


def _empty(value: object) -> bool:
    return value is None or value is pd.NA or value == "" or value != value


def _number(value: object) -> float | None:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return None
    return float(value) if math.isfinite(float(value)) else None


def _statement(row: str, cells: Cells, test: str) -> Statement:
    value = {name: float(cells[name]) for name in NUMBERS if name in cells}  # type: ignore[arg-type]
    n = [value[name] for name in ("n1", "n2") if name in value]
    size = sum(1 / x for x in n) ** 0.5 if n else None
    df = sum(n) - len(n) if n and sum(n) > len(n) else None
    y, arm = value.get("estimate"), bool(cells.get("arm_only", False))
    way = DIRECTIONS[cells["direction"]] if "direction" in cells else 0
    control = None
    if "control_change" in value and "control_std_error" in value:
        control = value["control_change"], value["control_std_error"]
    z_low, z_high = _bounds(cells, value, df if test == "t" else None)
    told = Statement(
        row=row, study=row, label=row, kind="other_arms", said=_said(cells), size=size, df=df,
        control_change=control,
    )  # fmt: skip
    if y is None:
        kind = _kind_without_estimate(way, z_low, z_high, arm)
        arm = arm and way != 0
        return replace(told, kind=kind, sign=way, z_low=z_low, z_high=z_high, arm_only=arm)
    forms, most = _forms(value, size)
    # A P tells the standard error from the estimate, unless that is 0.
    low = abs(y) / z_high if y else 0.0
    high = abs(y) / z_low if y and z_low > 0 else INFINITE
    kind = _kind(value, forms, low, high, arm, most)
    if len(forms) == 1:
        return replace(
            told, kind=kind, estimate=y, half_widths=_off(value), errors=forms, arm_only=arm
        )
    forms = agreeing(forms, low, high)
    low, high = (0.0, INFINITE) if forms else (low if low < most else 0.0, min(high, most))
    return replace(
        told, kind=kind, estimate=y, half_widths=_off(value), errors=forms, se_low=low,
        se_high=high, arm_only=arm,
    )  # fmt: skip


def _off(value: dict[str, float]) -> tuple[float, ...]:
    return (value["half_width"],) if value.get("half_width") else ()


def _bounds(cells: Cells, value: dict[str, float], df: float | None) -> tuple[float, float]:
    """Bounds of |y| / s that the P makes."""
    p, relation = value.get("p"), cells.get("p_relation", "=")
    if p is None:
        silent = relation != "ns" and cells.get("direction") != "no_change"
        return 0.0, INFINITE if silent else critical(NOT_SIGNIFICANT, df)
    if relation == "<":
        return critical(p, df), INFINITE
    if relation in (">", "ns"):
        return 0.0, critical(p if relation == ">" else NOT_SIGNIFICANT, df)
    low, high = rounded(p)
    return critical(high, df), critical(low, df) if low > 0 else INFINITE


def _forms(value: dict[str, float], size: float | None) -> tuple[tuple[ErrorForm, ...], float]:
    """Readings of what was printed of the spread, and the largest standard error of them."""
    if "std_error" in value:
        return (ErrorForm(value["std_error"] ** 2),), INFINITE
    if "sd" in value and size is not None:
        return (ErrorForm((value["sd"] * size) ** 2),), INFINITE
    if "plus_minus" not in value:
        return (), INFINITE
    if size is None:
        # An SD is larger than its standard error, whatever n was.
        return (), value["plus_minus"]
    variances = (value["plus_minus"] ** 2, (value["plus_minus"] * size) ** 2)
    return tuple(ErrorForm(v, 0.0, 0.5) for v in variances), INFINITE


def _kind(
    value: dict[str, float],
    forms: tuple[ErrorForm, ...],
    low: float,
    high: float,
    arm: bool,
    most: float,
) -> str:
    if arm:
        return "one_arm"
    if len(forms) == 1 or (low > 0 and high < INFINITE and not forms and most == INFINITE):
        return "complete"
    if "plus_minus" in value:
        return "estimate_with_unlabelled_spread"
    if low > 0 and "p" not in value:
        return "estimate_not_significant"
    return "estimate_with_bounded_p" if low > 0 or high < INFINITE else "estimate_alone"


def _kind_without_estimate(way: int, z_low: float, z_high: float, arm: bool) -> str:
    if arm and way:
        return "one_arm"
    tested = z_low > 0 or z_high < INFINITE
    if way:
        return "direction_with_p" if tested else "direction"
    if z_high < INFINITE and z_low <= 0:
        return "not_significant"
    return "p_alone" if tested else "other_arms"


def _said(cells: Cells) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in cells.items())
