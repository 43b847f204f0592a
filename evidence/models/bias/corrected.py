"""Means that small-study effects move less: Henmi-Copas, limit meta-analysis, selection ratio."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted, folded
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, check_kind, is_number
from evidence.models.bias.checks import (
    LEAST,
    Array,
    arrays_for,
    check_choice,
    check_fraction,
    warn_if_few,
    warn_if_few_clusters,
)
from evidence.models.bias.kernels_lines import design, weighted_line
from evidence.models.frequentist.kernels import critical_value
from evidence.models.frequentist.kernels_tau2 import dersimonian_laird, generalised_q
from evidence.models.frequentist.options import Model, resolve
from evidence.models.frequentist.pool import arrays_of
from evidence.models.frequentist.pool_many import fit_arrays
from evidence.models.robust.kernels_sandwich import robust_mean

LimitMethod = Literal["expectation", "intercept", "common"]
Direction = Literal["greater", "less"]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


@dataclass(frozen=True, slots=True)
class CorrectedMean:
    """A mean with its interval; ``tau2`` and ``p`` None where the method has none."""

    method: str
    k: int
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    level: float
    p: float | None
    tau2: float | None

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        ends = f"{100 * self.level:g}% CI {self.ci_low:.4g} to {self.ci_high:.4g}"
        return f"{self.method}, {counted(self.k, 'study', 'studies')}: {self.estimate:.4g} ({ends})"


@dataclass(frozen=True, slots=True, eq=False)
class LimitMeta:
    """Answer of ``limit_meta_analysis``.

    Attributes
    ----------
    mean : CorrectedMean
    intercept, slope : float
        Of the generalised radial plot: bias, and the limit of infinite precision.
    q, q_small, q_residual : float
        Cochran's Q, and its parts by small-study effects and by what is left.
    g2 : float
        Share of the spread of the limit effects that stays unexplained.
    limits : ndarray (k,)
        Effects shrunken to the limit line.
    """

    mean: CorrectedMean
    intercept: float
    slope: float
    q: float
    q_small: float
    q_residual: float
    g2: float
    limits: NDArray[np.float64]

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        small = f"of which small-study effects {self.q_small:.4g}"
        return folded(f"{self.mean}; Q = {self.q:.4g}, {small}")


def henmi_copas(table: EffectTable, *, level: float = 0.95) -> CorrectedMean:
    """Common-effect mean with an interval that allows for heterogeneity (Henmi and Copas 2010).

    tau2 is DerSimonian and Laird's; the joint law of the mean and Q is approximated by a gamma
    with Q's mean and variance given the mean, and integrated. Checked against metafor ``hc``.

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, or no end of the interval.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> print(henmi_copas(table_of([0.1, 0.5, 0.9, 0.4], [0.1, 0.2, 0.3, 0.2])))
    Henmi-Copas, 4 studies: 0.2638 (95% CI -0.2944 to 0.822)
    """
    check_fraction("level", level)
    y, v = arrays_for(table, "the Henmi-Copas method")
    w = 1.0 / v
    total, squares = float(w.sum()), float((w**2).sum())
    tau2 = float(dersimonian_laird(y, v).tau2)
    error = float(np.sqrt(tau2 * squares + total) / total)
    estimate = float((w * y).sum() / total)
    tail = _Tail(v, tau2)
    goal = 0.5 * (1.0 - level)
    low, high = 1e-3, 2.0
    while tail(high) > goal and high < 1e4:
        high *= 2.0
    if tail(low) < goal or tail(high) > goal:
        problem = Problem("level", repr(level), "try a level nearer to 0.95")
        raise FitError("the Henmi-Copas interval did not converge", [problem])
    half = float(optimize.brentq(lambda u: tail(u) - goal, low, high, xtol=1e-12)) * error
    ends = (estimate - half, estimate + half)
    return CorrectedMean("Henmi-Copas", len(y), estimate, error, *ends, level, None, tau2)


class _Tail:
    """Probability that (mean - mu) / error exceeds u."""

    def __init__(self, v: Array, tau2: float) -> None:
        w, spread = 1.0 / v, v + tau2
        self.total, self.squares, self.k = float(w.sum()), float((w**2).sum()), len(v)
        share = w / self.total
        self.variance = float((share**2 * spread).sum())
        form = np.diag(w) - np.outer(w, w) / self.total
        lean = spread * share / self.variance
        rest = np.diag(spread) - np.outer(spread * share, spread * share) / self.variance
        product = form @ rest
        self.mean = (float(np.trace(product)), float(lean @ form @ lean))
        self.spread = (
            2.0 * float(np.trace(product @ product)),
            4.0 * float(lean @ form @ rest @ form @ lean),
        )

    def __call__(self, u: float) -> float:
        sd = self.variance**0.5
        low = u / self.total**0.5
        half = 6.0 * sd
        r = low + half * (_NODES + 1.0)
        moment = (r**2 / u**2 * self.total**2 - self.total) / self.squares
        q = (self.k - 1) + (self.total - self.squares / self.total) * moment
        mean = self.mean[0] + self.mean[1] * r**2
        spread = self.spread[0] + self.spread[1] * r**2
        below = special.gammainc(mean**2 / spread, np.maximum(q, 0.0) * mean / spread)
        density = np.exp(-0.5 * (r / sd) ** 2) / (sd * np.sqrt(2.0 * np.pi))
        return float(half * (_WEIGHTS * below * density).sum())


def limit_meta_analysis(
    table: EffectTable, *, method: LimitMethod = "expectation", level: float = 0.95
) -> LimitMeta:
    """Extrapolate the funnel to infinite precision (Rücker et al. 2011).

    ``method``: "expectation" (beta0), "intercept" (beta-lim) or "common" (mu-lim) of the limit
    effects. tau2 is DerSimonian and Laird's. Checked against metasens ``limitmeta``.

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, standard errors that do not vary.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> y, s = [0.1, 0.5, 0.9, 0.4, 0.2] * 2, [0.1, 0.2, 0.3, 0.2, 0.1] * 2
    >>> fit = limit_meta_analysis(table_of(y, s))
    >>> round(fit.mean.estimate, 3)
    0.002
    """
    check_choice("method", method, get_args(LimitMethod))
    check_fraction("level", level)
    y, v = arrays_for(table, "a limit meta-analysis")
    warn_if_few(table.k, "a limit meta-analysis")
    tau2 = float(dersimonian_laird(y, v).tau2)
    s, tau = np.sqrt(v + tau2), tau2**0.5
    # On the radial plot the slope of the errors is the bias and the constant the limit.
    line = weighted_line(y, design(s), 1.0 / s**2, dispersion=False)
    slope, intercept = (float(x) for x in line.coefficients)
    limits = slope + tau / s * (y - slope)
    plain = weighted_line(limits, design(np.sqrt(v)), 1.0 / v, dispersion=False)
    c = np.array([1.0, tau])
    found = {
        "expectation": (slope + tau * intercept, float(c @ line.covariance @ c) ** 0.5),
        "intercept": (float(plain.coefficients[0]), float(plain.std_errors[0])),
        "common": (float((limits / v).sum() / (1 / v).sum()), float((1 / v).sum()) ** -0.5),
    }
    estimate, error = found[method]
    half = critical_value(level, np.inf) * error
    egger = weighted_line(y, design(np.sqrt(v)), 1.0 / v, dispersion=True)
    q, rest = float(generalised_q(y, v, np.zeros(()))), egger.dispersion * (len(y) - 2)
    radial, x = limits / np.sqrt(v), 1.0 / np.sqrt(v)
    spread = float(((radial - radial.mean()) ** 2).sum())
    joint = float(((radial - radial.mean()) * (x - x.mean())).sum())
    g2 = 1.0 - joint**2 / (spread * float(((x - x.mean()) ** 2).sum())) if spread > 0 else 0.0
    p = 2.0 * float(special.ndtr(-abs(estimate / error)))
    ends = (estimate - half, estimate + half)
    name = f"Limit meta-analysis ({method})"
    mean = CorrectedMean(name, len(y), estimate, error, *ends, level, p, tau2)
    return LimitMeta(mean, intercept, slope, q, q - rest, rest, max(0.0, g2), limits)


def selection_ratio(
    table: EffectTable,
    ratio: float,
    *,
    favours: Direction = "greater",
    alpha: float = 0.05,
    model: Model = "common",
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> CorrectedMean:
    """Mean if significant results are published ``ratio`` times as often as others.

    Studies that are not significant in the favoured direction (two-sided ``alpha``) weigh
    ``ratio`` times more (Mathur and VanderWeele 2020). Checked against PublicationBias
    ``pubbias_meta``.

    Parameters
    ----------
    table : EffectTable
        At least 3 independent rows.
    ratio : float
        At least 1.
    favours : {"greater", "less"}
    alpha : float
    model : {"common", "random"}
        Weights 1/v and t with k - 1 degrees of freedom; or 1/(v + tau2), tau2 by REML without the
        correction, with the cluster-robust standard error of ``cluster_robust`` (CR2) and its
        Satterthwaite degrees of freedom, which need no independence within clusters.
    clusters : sequence of labels, one a row, optional
        For ``model="random"``; every row its own if left out.
    level : float

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, a ratio below 1, options that are not right or
        would do nothing, fewer than 2 clusters.

    Warns
    -----
    FewStudiesWarning
        Below 4 degrees of freedom of the cluster-robust interval.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.1, 0.5, 0.9, 0.4], [0.1, 0.2, 0.3, 0.3])
    >>> round(selection_ratio(table, 4).estimate, 3)
    0.167
    """
    check_kind("table", table, EffectTable, FitError)
    check_choice("favours", favours, get_args(Direction))
    check_choice("model", model, get_args(Model))
    check_fraction("alpha", alpha)
    check_fraction("level", level)
    if not is_number(ratio) or ratio < 1:
        problem = Problem("ratio", repr(ratio), "a number of at least 1")
        raise FitError("the selection ratio is not right", [problem])
    codes = _codes(clusters, table.k)
    y, v = _in_clusters(table, codes)
    z = y / np.sqrt(v) * (1.0 if favours == "greater" else -1.0)
    weight = np.where(2.0 * special.ndtr(-z) < alpha, 1.0, float(ratio))
    tau2: float | None = None
    if model == "common":
        if clusters is not None:
            problem = Problem("clusters", "would do nothing", "model='random'")
            raise FitError("an argument would do nothing", [problem])
        total, df = float((weight / v).sum()), float(len(y) - 1)
        estimate = float((weight * y / v).sum() / total)
        error = float((weight**2 / v).sum()) ** 0.5 / total
    else:
        tau2 = float(fit_arrays(y, v, resolve("random", "reml", "wald", level)).tau2 or 0.0)
        estimate, error, df = robust_mean(y, weight / (v + tau2), v, codes)
        warn_if_few_clusters(df)
    if not error > 0.0:
        what = "the estimates do not differ, and a robust standard error of 0 is none"
        problem = Problem("table", what, "model='common', which takes the sampling errors")
        raise FitError("there is no robust interval", [problem])
    half = critical_value(level, df) * error
    p = 2.0 * float(special.stdtr(df, -abs(estimate / error)))
    ends = (estimate - half, estimate + half)
    name = f"Selection ratio {ratio:g}"
    return CorrectedMean(name, len(y), estimate, error, *ends, level, p, tau2)


def _in_clusters(table: EffectTable, codes: NDArray[np.intp] | None) -> tuple[Array, Array]:
    """Estimates and variances; rows of one cluster may share an arm."""
    purpose = "a correction by a selection ratio"
    if codes is None or table.k < LEAST:
        return arrays_for(table, purpose)
    if np.any((codes[:, None] != codes) & (table.covariance != 0.0)):
        right = "put rows that share an arm or patients in one cluster"
        raise FitError(
            f"{purpose} takes clusters that are independent of each other",
            [Problem("clusters", "rows of different clusters share an arm", right)],
        )
    return arrays_of(table)


def _codes(clusters: Sequence[Hashable] | None, k: int) -> NDArray[np.intp] | None:
    if clusters is None:
        return None
    labels = list(clusters)
    if len(labels) != k:
        problem = Problem("clusters", f"{len(labels)} labels", f"{k}, one a row of the table")
        raise FitError("the clusters do not fit", [problem])
    if any(label is None or label != label for label in labels):
        problem = Problem("clusters", "a label is missing", "every row belongs to a cluster")
        raise FitError("the clusters do not fit", [problem])
    known = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    if len(known) < 2:
        problem = Problem("clusters", "there is one cluster", "at least 2")
        raise FitError("a cluster-robust error needs clusters", [problem])
    return np.array([known[label] for label in labels], dtype=np.intp)
