"""Test of excess significance: more significant results than the studies' power allows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted, folded
from evidence.effects.table import EffectTable
from evidence.models.bias.checks import (
    Array,
    arrays_for,
    check_choice,
    check_fraction,
    warn_if_few,
)
from evidence.models.frequentist.options import Model
from evidence.models.frequentist.pool import pool

Alternative = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True, slots=True, eq=False)
class ExcessSignificance:
    """Answer of ``excess_significance``.

    Attributes
    ----------
    k, observed : int
        Studies, and those of them that are significant.
    expected, ratio : float
        Sum of the powers; observed / expected.
    effect, tau2 : float
        At which the powers were computed.
    chi2, p, p_binomial, p_exact : float
        Chi-squared with the one-sided p of its signed root; binomial at the mean power; exact
        convolution of the powers. All of more significant results than expected.
    power : ndarray (k,)
    limit : float or None
        Effect in the direction of ``effect`` above which p exceeds ``limit_alpha``.
    limit_reason : str or None
        Why there is no limit.
    """

    k: int
    alternative: str
    alpha: float
    observed: int
    expected: float
    ratio: float
    effect: float
    tau2: float
    chi2: float
    p: float
    p_binomial: float
    p_exact: float
    power: NDArray[np.float64]
    limit: float | None
    limit_reason: str | None

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        of = counted(self.k, "study", "studies")
        return folded(
            f"Excess significance, {of} ({self.alternative}, alpha {self.alpha:g}): "
            f"{self.observed} significant, {self.expected:.3g} expected at {self.effect:.4g}; "
            f"p = {self.p:.3g} (exact {self.p_exact:.3g})"
        )


def excess_significance(
    table: EffectTable,
    *,
    alternative: Alternative = "two-sided",
    alpha: float = 0.05,
    model: Model = "common",
    limit_alpha: float = 0.10,
) -> ExcessSignificance:
    """Compare the number of significant studies with their power (Ioannidis, Trikalinos 2007).

    Parameters
    ----------
    table : EffectTable
        At least 3 independent rows.
    alternative : {"two-sided", "greater", "less"}
        Of the studies' own tests, at level ``alpha``.
    model : {"common", "random"}
        Where the true effect is taken from: common-effect mean, or the random-effects mean and
        tau2 (REML), which then widens the distribution of each estimate.
    limit_alpha : float
        Level of the test at which the limit is sought.

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, options that are not right.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Notes
    -----
    Checked against metafor ``tes``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> y, s = [0.5, 0.45, 0.1, 0.6, 0.3] * 2, [0.2, 0.2, 0.1, 0.25, 0.2] * 2
    >>> print(excess_significance(table_of(y, s)))
    Excess significance, 10 studies (two-sided, alpha 0.05): 6 significant, 3.48 expected at 0.2662;
    p = 0.0473 (exact 0.0709)
    """
    check_choice("alternative", alternative, get_args(Alternative))
    check_choice("model", model, get_args(Model))
    check_fraction("alpha", alpha)
    check_fraction("limit_alpha", limit_alpha)
    y, v = arrays_for(table, "a test of excess significance")
    warn_if_few(table.k, "a test of excess significance")
    fit = pool(table, model=model, ci="wald")
    tau2 = fit.heterogeneity.tau2 or 0.0
    s, k = np.sqrt(v), len(y)

    def power(effect: float) -> Array:
        return _power(effect, s, np.sqrt(v + tau2), alternative, alpha)

    def p_at(effect: float) -> float:
        return _chi2(observed, float(power(effect).sum()), k)[1]

    observed = int((_p_values(y / s, alternative) <= alpha).sum())
    powers = power(fit.estimate)
    expected = float(powers.sum())
    chi2, p = _chi2(observed, expected, k)
    limit, reason = _limit(p_at, fit.estimate, alternative, limit_alpha, float(s.max()))
    return ExcessSignificance(
        k=k,
        alternative=alternative,
        alpha=alpha,
        observed=observed,
        expected=expected,
        ratio=observed / expected,
        effect=fit.estimate,
        tau2=tau2,
        chi2=chi2,
        p=p,
        p_binomial=float(stats.binom.sf(observed - 1, k, expected / k)),
        p_exact=_at_least(powers, observed),
        power=powers,
        limit=limit,
        limit_reason=reason,
    )


def _p_values(z: Array, alternative: str) -> Array:
    if alternative == "two-sided":
        return np.asarray(2.0 * special.ndtr(-np.abs(z)))
    return np.asarray(special.ndtr(-z if alternative == "greater" else z))


def _power(effect: float, s: Array, spread: Array, alternative: str, alpha: float) -> Array:
    tail = alpha / 2 if alternative == "two-sided" else alpha
    c = -float(special.ndtri(tail)) * s
    above, below = special.ndtr((effect - c) / spread), special.ndtr((-c - effect) / spread)
    if alternative == "two-sided":
        return np.asarray(above + below)
    return np.asarray(above if alternative == "greater" else below)


def _chi2(observed: int, expected: float, k: int) -> tuple[float, float]:
    gap = observed - expected
    room = k - expected
    chi2 = gap**2 / expected + (gap**2 / room if room > 0 else 0.0)
    return chi2, float(special.ndtr(-math.copysign(math.sqrt(chi2), gap)))


def _at_least(powers: Array, observed: int) -> float:
    """Probability of ``observed`` or more successes of unequal probabilities."""
    mass = np.ones(1)
    for one in powers:
        mass = np.convolve(mass, [1.0 - one, one])
    return min(1.0, float(mass[observed:].sum()))


def _limit(
    p_at: Callable[[float], float], effect: float, alternative: str, level: float, scale: float
) -> tuple[float | None, str | None]:
    sign = -1.0 if effect < 0 else 1.0
    if alternative in ("greater", "less") and (sign > 0) != (alternative == "greater"):
        return None, "the mean lies on the side opposite to the alternative"
    if p_at(0.0) > level:
        return None, "even an effect of 0 explains the number of significant studies"
    far = sign * scale
    for _ in range(60):
        if p_at(far) > level:
            found = optimize.brentq(lambda x: p_at(x) - level, 0.0, far, xtol=1e-14 * abs(far))
            return float(found), None
        far *= 1.5
    return None, "no effect, however large, explains the number of significant studies"
