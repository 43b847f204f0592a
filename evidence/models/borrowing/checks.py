"""What `borrow` refuses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.fit import arrays_of, require_inputs
from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.borrowing.engines import SpikeSlab

METHODS = ("power", "hierarchical", "commensurate", "robust_map")


def require_tables(
    target: EffectTable,
    sources: Mapping[str, EffectTable],
    tau: TauPrior,
    mu: MuPrior,
    level: float,
    method: str,
) -> None:
    """Refuse tables that cannot be brought together, naming every problem.

    A target without rows is let pass for ``robust_map``, which predicts it.

    Raises
    ------
    FitError
    """
    if not sources:
        problem = Problem("source", "no table", "an EffectTable, or several by name")
        raise FitError("there is nothing to borrow from", [problem])
    if target.k or method != "robust_map":
        require_inputs(target, tau, mu, level, "central")
    seen = _trials(target)
    problems = []
    for name, table in sources.items():
        require_inputs(table, tau, mu, level, "central")
        for field in ("measure", "unit", "scale"):
            if getattr(table, field) != getattr(target, field):
                what = f"{getattr(table, field)!r}, the target's is {getattr(target, field)!r}"
                problems.append(Problem(f"source {name!r}: {field}", what, "bring them to one"))
        mine = _trials(table)
        for row, *_ in sorted(mine & seen):
            what = f"row {row!r} stands in another table too"
            problems.append(Problem(f"source {name!r}", what, "count every trial once"))
        seen |= mine
    if problems:
        raise FitError("the tables cannot be brought together", problems)


def _trials(table: EffectTable) -> set[tuple[str, float, float]]:
    y, s = arrays_of(table)
    names = [str(name) for name in table.rows.index]
    return set(zip(names, y.tolist(), s.tolist(), strict=True))


def require_options(
    method: str,
    tau: TauPrior,
    discount: float | None,
    between: TauPrior | SpikeSlab | None,
    vague: MuPrior | None,
) -> None:
    """Refuse arguments that are missing, wrong or would do nothing.

    Raises
    ------
    FitError
    """
    if method not in METHODS:
        right = did_you_mean(str(method), METHODS)
        raise FitError("no such method", [Problem("method", f"unknown: {method!r}", right)])
    needed = {
        "power": ("discount",), "hierarchical": ("between",), "commensurate": ("between",),
        "robust_map": ("discount", "vague"),
    }[method]  # fmt: skip
    given = {"discount": discount, "between": between, "vague": vague}
    problems = []
    for name, value in given.items():
        if name in needed and value is None:
            problems.append(Problem(name, f"{method} needs it", _RIGHT[name]))
        elif name not in needed and value is not None:
            problems.append(Problem(name, f"would do nothing for {method}", "leave it out"))
    if tau.family.from_data:
        what = f"{tau} is made from the data, which are of two kinds here"
        problems.append(Problem("tau", what, "such as half_normal(0.5)"))
    if discount is not None and not 0.0 <= discount <= 1.0:
        problems.append(Problem("discount", repr(discount), _RIGHT["discount"]))
    if vague is not None and not (isinstance(vague, MuPrior) and vague.proper):
        problems.append(Problem("vague", f"{vague}", _RIGHT["vague"]))
    slab = isinstance(between, SpikeSlab) and method == "commensurate"
    usual = isinstance(between, TauPrior) and between.proper and not between.family.from_data
    if between is not None and not (slab or usual):
        problems.append(Problem("between", f"{between}", _RIGHT["between"]))
    if problems:
        raise FitError("the borrowing is not stated", problems)


_RIGHT = {
    "discount": "a fraction from 0 to 1",
    "between": "a proper prior such as half_normal(0.2); spike_slab(...) for commensurate",
    "vague": "a normal prior such as normal(0, 2)",
}


def require_conclusions(threshold: float, probability: float) -> None:
    """Refuse a threshold or a level that draws no conclusion.

    Raises
    ------
    FitError
    """
    problems = []
    if not np.isfinite(threshold):
        problems.append(Problem("threshold", repr(threshold), "a finite number"))
    if not 0.5 < probability < 1.0:
        problems.append(Problem("probability", repr(probability), "between 0.5 and 1"))
    if problems:
        raise FitError("no such conclusion", problems)
