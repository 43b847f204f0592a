"""Trim and fill: how many studies a symmetric funnel would lack, and the mean with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted, folded
from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError, Problem
from evidence.models.bias.checks import Array, arrays_for, check_choice, warn_if_few
from evidence.models.bias.kernels_lines import design, weighted_line
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.options import CiMethod, Model, Options, Tau2Method, resolve
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.pool_many import fit_arrays

Estimator = Literal["L0", "R0", "Q0"]
Side = Literal["auto", "left", "right"]
_STEPS = 100


@dataclass(frozen=True, slots=True, eq=False)
class TrimAndFill:
    """Answer of ``trim_and_fill``.

    Attributes
    ----------
    estimator, side : str
        ``side`` is where studies are taken to be missing.
    filled : int
        Number of studies added.
    filled_std_error : float or None
        Standard error of that number; None where ``reason`` says so.
    p : float or None
        Of no missing studies; R0 alone has one.
    estimates, variances : ndarray (filled,)
        The studies added.
    observed, adjusted : PooledFit
        Without and with them.
    reason : str or None
        Why ``filled_std_error`` is None.
    """

    estimator: str
    side: str
    filled: int
    filled_std_error: float | None
    p: float | None
    estimates: NDArray[np.float64]
    variances: NDArray[np.float64]
    observed: PooledFit
    adjusted: PooledFit
    reason: str | None

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        fit, before = self.adjusted, self.observed
        interval = f"{100 * fit.level:g}% CI {fit.ci_low:.4g} to {fit.ci_high:.4g}"
        return folded(
            f"Trim and fill ({self.estimator}): {counted(self.filled, 'study', 'studies')} "
            f"filled on the {self.side} of "
            f"{before.k}; {before.estimate:.4g} becomes {fit.estimate:.4g} ({interval})"
        )


def trim_and_fill(
    table: EffectTable,
    *,
    estimator: Estimator = "L0",
    side: Side = "auto",
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
) -> TrimAndFill:
    """Trim the funnel until it is symmetric, then fill in the mirror images (Duval, Tweedie 2000).

    ``side="auto"``: right where the common-effect slope on the standard error is negative, else
    left. ``model``, ``tau2``, ``ci``, ``level`` as in ``pool``; the model also makes the centre.
    Checked against metafor ``trimfill``.

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, an unknown option, or no stable number.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> y = [0.1, 0.15, 0.2, 0.3, 0.45, 0.5, 0.7, 0.8, 0.9, 1.0]
    >>> s = [0.1, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
    >>> trim_and_fill(table_of(y, s), model="common").filled
    5
    """
    check_choice("estimator", estimator, get_args(Estimator))
    check_choice("side", side, get_args(Side))
    options = resolve(model, tau2, ci, level)
    y, v = arrays_for(table, "trim and fill")
    warn_if_few(table.k, "trim and fill")
    if side == "auto":
        slope = weighted_line(y, design(np.sqrt(v)), 1.0 / v, dispersion=False).coefficients[1]
        side = "right" if slope < 0 else "left"
    sign = 1.0 if side == "left" else -1.0
    number, error, centre, top = _trimmed(sign * y, v, estimator, options)
    added, variances = sign * (2.0 * centre - sign * y[top]), v[top]
    observed = pool(table, model=model, tau2=tau2, ci=ci, level=level)
    names = [str(name) for name in table.rows.index]
    full = table_of(
        np.concatenate([y, added]),
        np.sqrt(np.concatenate([v, variances])),
        labels=names + [f"filled {i + 1}" for i in range(number)],
        measure=table.measure,
        unit=table.unit,
        scale=table.scale,
    )
    return TrimAndFill(
        estimator=estimator,
        side=side,
        filled=number,
        filled_std_error=error,
        p=0.5 ** (number + 1) if estimator == "R0" else None,
        estimates=added,
        variances=variances,
        observed=observed,
        adjusted=pool(full, model=model, tau2=tau2, ci=ci, level=level),
        reason=None if error is not None else "its variance is not above 0 at the raw estimate",
    )


def _trimmed(
    y: Array, v: Array, estimator: str, options: Options
) -> tuple[int, float | None, float, NDArray[np.intp]]:
    """Number of studies missing on the left, its error, the centre, places of the trimmed."""
    k, number, order = len(y), 0, np.argsort(y, kind="stable")
    seen: list[int] = []
    for _ in range(_STEPS):
        kept = order[: k - number]
        if len(kept) < 2:
            break
        centre = float(fit_arrays(y[kept], v[kept], options).estimate)
        raw = _raw(y - centre, estimator)
        found = max(0, round(raw))
        if found == number and seen:
            return number, _error(k, raw, estimator), centre, order[k - number :]
        seen.append(found)
        number = found
    right = "try another estimator of the number, or model='common'"
    raise FitError("trim and fill did not settle", [Problem("filled", f"went {seen[-4:]}", right)])


def _raw(r: Array, estimator: str) -> float:
    k = len(r)
    ranks = stats.rankdata(np.abs(r), method="ordinal") * np.sign(r)
    total = float(ranks[ranks > 0].sum())
    if estimator == "R0":
        return k - float(np.max(-ranks[ranks < 0], initial=0.0)) - 1.0
    if estimator == "L0":
        return (4.0 * total - k * (k + 1)) / (2 * k - 1)
    return k - 0.5 - float(np.sqrt(max(0.0, 2 * k**2 - 4 * total + 0.25)))


def _error(k: int, raw: float, estimator: str) -> float | None:
    """Duval and Tweedie 2000, variances of R0, L0, Q0 at the raw estimate."""
    if estimator == "R0":
        return float(np.sqrt(2.0 * max(0.0, raw) + 2.0))
    n = raw
    spread = k * (k + 1) * (2 * k + 1) + 10 * n**3 + 27 * n**2 + 17 * n
    spread += -18 * k * n**2 - 18 * k * n + 6 * k**2 * n
    if spread <= 0:
        return None
    root = float(np.sqrt(spread / 24.0))
    if estimator == "L0":
        return 4.0 * root / (2 * k - 1)
    below = (k - 0.5) ** 2 - n * (2 * k - n - 1)
    return 2.0 * root / float(np.sqrt(below)) if below > 0 else None
