"""From complete reports only to all that was said, one kind of report after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evidence.effects.statements import Statement
from evidence.effects.table import EffectTable
from evidence.errors import FitError
from evidence.models.partial.pool_reports import pool_reports, statements_of
from evidence.models.partial.space import ReportPriors

STEPS = (
    "complete reports only",
    "and estimates without a standard error",
    "and tests without an estimate",
    "and directions",
    "and treated arms without their control",
)
COLUMNS = (
    "step", "added", "reports", "mean", "median", "ci_low", "ci_high", "tau", "probability_below_0",
    "why",
)  # fmt: skip


def step_of(told: Statement) -> int | None:
    """Which step a report comes in with, an index of ``STEPS``; None where it says nothing.

    Examples
    --------
    >>> step_of(Statement(row="a", study="a", label="A", kind="direction", sign=-1))
    3
    """
    if told.silent:
        return None
    if told.arm_only:
        return 4
    if told.kind == "complete":
        return 0
    if told.estimate is not None:
        return 1
    return 2 if told.z_low > 0 or np.isfinite(told.z_high) else 3


def reports_ladder(
    told: EffectTable | Sequence[Statement],
    *,
    priors: ReportPriors,
    seed: int = 1,
    level: float = 0.95,
) -> pd.DataFrame:
    """How the answer moves from complete reports to all that was said.

    Parameters
    ----------
    told : EffectTable or sequence of Statement
    priors, seed, level
        As in ``pool_reports``.

    Returns
    -------
    DataFrame
        One row a step that adds a report: the step's name, how many reports it ``added``, how many
        are in, the posterior of mu (mean, median, interval), the median of tau and P(mu < 0). A
        step that cannot be fitted has None there and says ``why``.

    Examples
    --------
    >>> from evidence.effects.statements import ErrorForm
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> known = [
    ...     Statement(row=r, study=r, label=r, kind="complete", estimate=y,
    ...               errors=(ErrorForm(0.04),), size=0.2, df=48)
    ...     for r, y in zip("abc", [-0.5, -0.3, -0.6])
    ... ]
    >>> lower = Statement(row="d", study="d", label="d", kind="direction", sign=-1, size=0.2)
    >>> priors = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))
    >>> reports_ladder([*known, lower], priors=priors)[["step", "reports"]].values.tolist()
    [['complete reports only', 3], ['and directions', 4]]
    """
    statements = statements_of(told) if isinstance(told, EffectTable) else tuple(told)
    rows: list[dict[str, object]] = []
    for step, name in enumerate(STEPS):
        now = [s for s in statements if step_of(s) == step]
        if not now:
            continue
        used = [s for s in statements if (at := step_of(s)) is not None and at <= step]
        row: dict[str, object] = {"step": name, "added": len(now), "reports": len(used)}
        rows.append(row | _answer(used, priors, seed, level))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _answer(
    used: Sequence[Statement], priors: ReportPriors, seed: int, level: float
) -> dict[str, object]:
    try:
        fit = pool_reports(used, priors=priors, seed=seed, level=level, influence=False)
    except FitError as error:
        return {"why": "; ".join([error.message, *map(str, error.problems)])}
    terms = fit.terms.set_index("term")
    shown = terms.loc["mu", ["mean", "median", "ci_low", "ci_high"]].astype(float).to_dict()
    return {
        **{str(name): value for name, value in shown.items()},
        "tau": float(terms["median"].astype(float)["tau"]),
        "probability_below_0": fit.probability_below(0.0),
        "why": "",
    }
