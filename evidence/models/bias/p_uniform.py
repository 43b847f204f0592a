"""p-uniform and p-uniform*: means from what significant results look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import special

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted, folded
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bias.checks import (
    Array,
    arrays_for,
    check_choice,
    check_fraction,
    warn_if_few,
)
from evidence.models.bias.corrected import Direction
from evidence.models.bias.kernels_p_uniform import (
    StarData,
    centre_of,
    combined,
    fit_star,
    log_conditional_p,
    mean_at,
    profile_end,
    quantile,
)

PUniformMethod = Literal["sum", "fisher", "fisher_complement", "kolmogorov_smirnov"]
_NO_TEST = "the Kolmogorov-Smirnov distance gives an estimate alone"


@dataclass(frozen=True, slots=True)
class PUniform:
    """Answer of ``p_uniform``, on the table's analysis scale.

    Attributes
    ----------
    method, favours : str
    alpha, level : float
    k, significant : int
        Studies, and those of them that are significant in the favoured direction and used.
    estimate : float
    ci_low, ci_high : float or None
    statistic, p : float or None
        Of no effect, one-sided: the estimate lies in the favoured direction.
    common_estimate : float
        Common-effect mean of all studies, by which bias is tested.
    bias_statistic, bias_p : float or None
        Of no publication bias, one-sided: the common-effect mean is too large.
    reason : str or None
        Why there is no interval and no test.
    """

    method: str
    favours: str
    alpha: float
    level: float
    k: int
    significant: int
    estimate: float
    ci_low: float | None
    ci_high: float | None
    statistic: float | None
    p: float | None
    common_estimate: float
    bias_statistic: float | None
    bias_p: float | None
    reason: str | None

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        of = counted(self.k, "study", "studies")
        text = (
            f"p-uniform ({self.method}), {self.significant} significant of {of}: "
            f"{self.estimate:.4g}"
        )
        if self.ci_low is None:
            return text
        ends = f"{100 * self.level:g}% CI {self.ci_low:.4g} to {self.ci_high:.4g}"
        return folded(f"{text} ({ends}); no bias: p = {self.bias_p:.3g}")


@dataclass(frozen=True, slots=True)
class PUniformStar:
    """Answer of ``p_uniform_star``, on the table's analysis scale.

    Attributes
    ----------
    favours : str
    alpha, level : float
    k, significant : int
    estimate : float
    ci_low, ci_high : float or None
        Ends of the profile-likelihood interval; None where the likelihood never falls enough.
    statistic, p : float
        Likelihood ratio of no effect, chi-squared with 1 degree of freedom.
    tau2, tau2_ci_low : float
    tau2_ci_high : float or None
    tau2_statistic, tau2_p : float
        Likelihood ratio of tau2 = 0; p is half of chi-squared's, because 0 is at the edge.
    reason : str or None
        Why an end is None.
    """

    favours: str
    alpha: float
    level: float
    k: int
    significant: int
    estimate: float
    ci_low: float | None
    ci_high: float | None
    statistic: float
    p: float
    tau2: float
    tau2_ci_low: float
    tau2_ci_high: float | None
    tau2_statistic: float
    tau2_p: float
    reason: str | None

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        low, high = ("none" if x is None else f"{x:.4g}" for x in (self.ci_low, self.ci_high))
        of = counted(self.k, "study", "studies")
        return folded(
            f"p-uniform*, {self.significant} significant of {of}: {self.estimate:.4g} "
            f"({100 * self.level:g}% CI {low} to {high}), tau2 {self.tau2:.4g}; "
            f"no effect: p = {self.p:.3g}"
        )


def p_uniform(
    table: EffectTable,
    *,
    method: PUniformMethod = "sum",
    favours: Direction = "greater",
    alpha: float = 0.05,
    level: float = 0.95,
) -> PUniform:
    """Estimate the mean at which the significant p values are uniform.

    Only studies that are significant in the favoured direction (two-sided ``alpha``) are used:
    at the true effect their p values, given significance, are uniform (van Assen, van Aert and
    Wicherts 2015). One effect for all is assumed: with heterogeneity the estimate is too large.

    Parameters
    ----------
    table : EffectTable
        At least 3 independent rows, one of them significant.
    method : str
        "sum" of the conditional p values q (Irwin-Hall; the tests by its normal approximation),
        "fisher" -sum(log q), "fisher_complement" -sum(log(1 - q)), both gamma, or
        "kolmogorov_smirnov", the mean nearest to uniform.
    favours : {"greater", "less"}
    alpha, level : float

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, none significant, an unknown option.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Notes
    -----
    Checked against puniform ``puniform`` and by simulation.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> y = [0.1, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.3, 0.2, 0.9]
    >>> print(p_uniform(table_of(y, [0.2] * 10)))
    p-uniform (sum), 7 significant of 10 studies: 0.5816 (95% CI 0.3421 to 0.7677);
    no bias: p = 0.751
    """
    check_choice("method", method, get_args(PUniformMethod))
    data, common = _prepared(table, favours, alpha, level, "p-uniform")
    sign = 1.0 if favours == "greater" else -1.0
    which = data.significant
    k = int(which.sum())
    y, s, cut = data.y[which], np.sqrt(data.v[which]), data.cut[which]

    def at(target: float) -> float:
        return sign * mean_at(method, y, s, cut, target)

    estimate, tail = at(centre_of(method, k)), (1.0 - level) / 2.0
    ends: list[float | None] = [None, None]
    tests: list[tuple[float | None, float | None]] = [(None, None), (None, None)]
    if method != "kolmogorov_smirnov":
        ends = [*sorted(at(quantile(method, p, k)) for p in (tail, 1.0 - tail))]
        for i, mu in enumerate((0.0, common)):
            found = combined(method, log_conditional_p(y, s, cut, mu))
            statistic, small, large = _tested(method, found, k)
            tests[i] = (statistic, large if i else small)
    return PUniform(
        method=method,
        favours=favours,
        alpha=alpha,
        level=level,
        k=table.k,
        significant=k,
        estimate=estimate,
        ci_low=ends[0],
        ci_high=ends[1],
        statistic=tests[0][0],
        p=tests[0][1],
        common_estimate=sign * common,
        bias_statistic=tests[1][0],
        bias_p=tests[1][1],
        reason=_NO_TEST if ends[0] is None else None,
    )


def _tested(method: str, found: float, k: int) -> tuple[float, float, float]:
    """Statistic, and the probabilities of q as small as seen, and as large."""
    if method == "sum":
        z = (found - k / 2.0) / float(np.sqrt(k / 12.0))
        return z, float(special.ndtr(z)), float(special.ndtr(-z))
    below, above = float(special.gammainc(k, found)), float(special.gammaincc(k, found))
    return (found, above, below) if method == "fisher" else (found, below, above)


def _prepared(
    table: EffectTable, favours: str, alpha: float, level: float, purpose: str
) -> tuple[StarData, float]:
    """Data turned so that large estimates are favoured, and their common-effect mean."""
    check_choice("favours", favours, get_args(Direction))
    check_fraction("alpha", alpha)
    check_fraction("level", level)
    y, v = arrays_for(table, purpose)
    warn_if_few(table.k, purpose)
    turned: Array = y if favours == "greater" else -y
    cut = -float(special.ndtri(alpha / 2.0)) * np.sqrt(v)
    if not np.any(turned > cut):
        right = f"{purpose} is about significant studies: see favours and alpha"
        problem = Problem("table", "no study is significant in that direction", right)
        raise FitError(f"{purpose} has nothing to use", [problem])
    mean = float((turned / v).sum() / (1.0 / v).sum())
    return StarData(turned, v, cut, turned > cut), mean


def p_uniform_star(
    table: EffectTable,
    *,
    favours: Direction = "greater",
    alpha: float = 0.05,
    level: float = 0.95,
) -> PUniformStar:
    """Estimate mean and tau2 from all studies, given which are significant (p-uniform*).

    Each estimate enters with its density given that it fell on its side of significance (two-sided
    ``alpha``, in the favoured direction), so that the shares of the two sides, which selection
    distorts, play no part (van Aert and van Assen 2023). Profile-likelihood intervals. Checked
    against puniform ``puni_star(method="ML")``.

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, none significant, a likelihood without a maximum.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> y = [0.1, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.3, 0.2, 0.9]
    >>> found = p_uniform_star(table_of(y, [0.2] * 10))
    >>> found.significant, round(found.estimate, 2)
    (7, 0.49)
    """
    data, _ = _prepared(table, favours, alpha, level, "p-uniform*")
    unit = float(np.sqrt(np.median(data.v)))
    best = fit_star(StarData(data.y / unit, data.v / unit**2, data.cut / unit, data.significant))
    floor = best.height - 0.5 * float(special.chdtri(1, 1.0 - level))
    far, step = best.reach, max(1.0, abs(best.mu) / 4.0)
    low, high = (
        profile_end(lambda x: best.over_tau2(x) - floor, best.mu, d, far) for d in (-step, step)
    )
    at_zero = best.over_mu(0.0)
    tau2_high = profile_end(lambda t: best.over_mu(t) - floor, best.tau2, 1.0, far**2)
    tau2_low = 0.0
    if at_zero < floor:
        tau2_low = -profile_end(
            lambda t: best.over_mu(-t) - floor, -best.tau2, best.tau2, best.tau2
        )
    ends = [unit * x for x in ((low, high) if favours == "greater" else (-high, -low))]
    effect = max(0.0, 2.0 * (best.height - best.over_tau2(0.0)))
    spread = max(0.0, 2.0 * (best.height - at_zero))
    finite = np.isfinite([*ends, tau2_high])
    return PUniformStar(
        favours=favours,
        alpha=alpha,
        level=level,
        k=table.k,
        significant=int(data.significant.sum()),
        estimate=unit * best.mu if favours == "greater" else -unit * best.mu,
        ci_low=ends[0] if finite[0] else None,
        ci_high=ends[1] if finite[1] else None,
        statistic=effect,
        p=float(special.chdtrc(1, effect)),
        tau2=unit**2 * best.tau2,
        tau2_ci_low=unit**2 * tau2_low,
        tau2_ci_high=unit**2 * tau2_high if finite[2] else None,
        tau2_statistic=spread,
        tau2_p=0.5 * float(special.chdtrc(1, spread)),
        reason=None if finite.all() else "the profile likelihood never falls to its limit there",
    )
