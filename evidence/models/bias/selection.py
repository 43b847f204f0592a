"""selection_model: the mean effect behind studies that were selected by their p values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import folded
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, as_numbers
from evidence.models.bias.checks import (
    Array,
    arrays_for,
    check_choice,
    check_fraction,
    predictor_of,
    warn_if_few,
)
from evidence.models.bias.kernels_selection import Data, Maximum, maximise
from evidence.models.frequentist.fit import FitStatistics, information_criteria
from evidence.models.frequentist.kernels import critical_value
from evidence.models.frequentist.options import Model

SelectionKind = Literal[
    "step",
    "truncated",
    "half_normal",
    "negative_exponential",
    "negative_exponential_power",
    "logistic",
    "power",
    "beta",
]
Alternative = Literal["greater", "less", "two-sided"]
Precision = Literal["std_error", "variance", "inverse_size", "root_inverse_size"]
KINDS = get_args(SelectionKind)
_TWO_DELTAS = ("beta", "negative_exponential_power")
_STEPPED = ("step", "truncated")


@dataclass(frozen=True, slots=True, eq=False)
class SelectionFit:
    """Answer of ``selection_model``; effects on the table's analysis scale.

    Attributes
    ----------
    kind, alternative, model : str
    k : int
    coefficients, std_errors, ci_low, ci_high, p : ndarray (m,)
        The corrected mean; with moderators, the constant and then their slopes.
    tau2, tau2_std_error : float or None
        None under the common-effect model; no standard error at tau2 = 0.
    steps : tuple of float
        Ends of the intervals of the p value; empty for continuous weights.
    deltas : ndarray
        Parameters of the weight; of a step function the weights, the first 1.
    delta_std_errors : tuple of float or None
        None where a delta is stated, or where at its bound the data do not tell it. Elsewhere a
        delta at its bound counts as estimated, in the errors of the coefficients too.
    selection_chi2, selection_df, selection_p : float, int, float or None
        Likelihood ratio against no selection; df 0 and p None where no delta is estimated.
    tau2_chi2, tau2_p : float or None
        Likelihood-ratio test of tau2 = 0, by chi-squared with 1 degree of freedom.
    likelihood : FitStatistics
    level : float
    """

    kind: str
    alternative: str
    model: str
    k: int
    coefficients: NDArray[np.float64]
    std_errors: NDArray[np.float64]
    ci_low: NDArray[np.float64]
    ci_high: NDArray[np.float64]
    p: NDArray[np.float64]
    tau2: float | None
    tau2_std_error: float | None
    steps: tuple[float, ...]
    deltas: NDArray[np.float64]
    delta_std_errors: tuple[float | None, ...]
    selection_chi2: float
    selection_df: int
    selection_p: float | None
    tau2_chi2: float | None
    tau2_p: float | None
    likelihood: FitStatistics
    level: float

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        ends = f"{100 * self.level:g}% CI {self.ci_low[0]:.4g} to {self.ci_high[0]:.4g}"
        spread = "" if self.tau2 is None else f", tau2 {self.tau2:.4g}"
        test = "weights stated" if self.selection_p is None else (
            f"no selection: chi2({self.selection_df}) = {self.selection_chi2:.3g}, "
            f"p = {self.selection_p:.3g}"
        )  # fmt: skip
        return folded(
            f"Selection model ({self.kind}, {self.alternative}), {self.k} studies: "
            f"{self.coefficients[0]:.4g} ({ends}){spread}; {test}"
        )


def selection_model(
    table: EffectTable,
    *,
    kind: SelectionKind = "step",
    steps: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
    alternative: Alternative = "greater",
    model: Model = "random",
    precision: Precision | None = None,
    sizes: ArrayLike | None = None,
    moderators: ArrayLike | None = None,
    level: float = 0.95,
) -> SelectionFit:
    """Fit a selection model by maximum likelihood.

    Parameters
    ----------
    table : EffectTable
        At least 3 independent rows.
    kind : str
        Weight of a p value: "step"; "truncated", a step at 0.5; or continuous in p:
        "half_normal" exp(-d p^2), "negative_exponential" exp(-d p), "negative_exponential_power"
        exp(-d1 p^(1/d2)), "logistic" 2 exp(-dp) / (1 + exp(-dp)), "power" (1 - p)^d,
        "beta" p^(d1 - 1) (1 - p)^(d2 - 1).
    steps : sequence of float, optional
        Ends of the intervals, 1 may be left out; (0.025,) if left out, two-sided (0.05,).
    weights : sequence of float, optional
        Stated weights, one an interval (Vevea and Woods 2005); else estimated but for the first.
    alternative : {"greater", "less", "two-sided"}
        Direction of the p values by which studies are selected.
    model : {"random", "common"}
    precision : {"std_error", "variance", "inverse_size", "root_inverse_size"}, optional
        Multiply the delta by each study's over the largest (continuous kinds but beta), so that
        small studies are selected more.
    sizes : array_like (k,), optional
        Total sample sizes, for a precision by size; else those of the table's arms.
    moderators : array_like (k,) or (k, m), optional
    level : float

    Raises
    ------
    FitError
        Too few rows, rows that share an arm, options that are not right or would do nothing, an
        interval without studies, no more studies than parameters, or a fit that did not converge,
        with what to try.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Notes
    -----
    Checked against metafor ``selmodel``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> y = [0.1, 0.15, 0.2, 0.3, 0.45, 0.5, 0.7, 0.8, 0.9, 1.0]
    >>> s = [0.1, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
    >>> fit = selection_model(table_of(y, s), model="common")
    >>> fit.selection_df
    1
    """
    check_choice("kind", kind, KINDS)
    check_choice("alternative", alternative, get_args(Alternative))
    check_choice("model", model, get_args(Model))
    check_fraction("level", level)
    if precision is not None:
        check_choice("precision", precision, get_args(Precision))
    _useless(kind, {"steps": steps, "weights": weights, "precision": precision, "sizes": sizes})
    y, v = arrays_for(table, "a selection model")
    X = _design(moderators, table.k)
    unit, sign = float(np.sqrt(np.median(v))), -1.0 if alternative == "less" else 1.0
    s = np.sqrt(v)
    data = Data(
        y=sign * y / unit,
        v=v / unit**2,
        X=X,
        precision=_precision(table, precision, v, sizes),
        two_sided=alternative == "two-sided",
        steps=_ends(kind, steps, alternative),
        kind="step" if kind in _STEPPED else kind,
    )
    none, estimated, start = _deltas(data, kind, weights)
    parameters = X.shape[1] + int(estimated.sum()) + int(model == "random")
    if table.k <= parameters:
        right = f"at least {parameters + 1}, or fewer steps, or model='common'"
        problem = Problem("table", f"{table.k} rows for {parameters} parameters", right)
        raise FitError("too few effects for this selection model", [problem])
    warn_if_few(table.k, "a selection model")
    _require_filled(data, sign * y / s, estimated)
    random = model == "random"
    best = maximise(data, start, estimated, random=random)
    plain = maximise(data, none, np.zeros(len(none), dtype=bool), random=random)
    common = maximise(data, best.theta[X.shape[1] + 1 :], estimated, random=False)
    words = (kind, alternative, model, level)
    return _answer(table, data, best, plain, common, unit, sign, int(estimated.sum()), words)


def _answer(
    table: EffectTable,
    data: Data,
    best: Maximum,
    plain: Maximum,
    common: Maximum,
    unit: float,
    sign: float,
    estimated: int,
    words: tuple[str, str, str, float],
) -> SelectionFit:
    kind, alternative, model, level = words
    m, k, random = data.X.shape[1], table.k, words[2] == "random"
    errors: list[float | None] = [None] * len(best.theta)
    for place, variance in zip(np.flatnonzero(best.free), np.diag(best.covariance), strict=True):
        errors[place] = float(np.sqrt(variance))
    b = sign * unit * best.theta[:m]
    se = unit * np.array([e for e in errors[:m] if e is not None])
    half = critical_value(level, np.inf) * se
    # Degrees of freedom count what is estimated, also where it ended at a bound.
    df = estimated
    chi2 = max(0.0, 2.0 * (best.log_likelihood - plain.log_likelihood))
    tau_chi2 = max(0.0, 2.0 * (best.log_likelihood - common.log_likelihood))
    ll = best.log_likelihood - k * np.log(unit)
    tau_error = errors[m]
    return SelectionFit(
        kind=kind,
        alternative=alternative,
        model=model,
        k=k,
        coefficients=b,
        std_errors=se,
        ci_low=b - half,
        ci_high=b + half,
        p=2.0 * special.ndtr(-np.abs(b / se)),
        tau2=float(best.theta[m]) * unit**2 if random else None,
        tau2_std_error=tau_error * unit**2 if tau_error is not None else None,
        steps=tuple(float(x) for x in data.steps),
        deltas=best.theta[m + 1 :],
        delta_std_errors=tuple(errors[m + 1 :]),
        selection_chi2=chi2,
        selection_df=df,
        selection_p=float(special.chdtrc(df, chi2)) if df else None,
        tau2_chi2=tau_chi2 if random else None,
        tau2_p=float(special.chdtrc(1, tau_chi2)) if random else None,
        likelihood=information_criteria(float(ll), float(-2.0 * ll), m + random + df, k),
        level=level,
    )


def _useless(kind: str, given: dict[str, object]) -> None:
    takes = {"step": ("steps", "weights"), "truncated": (), "beta": ()}
    known = takes.get(kind, ("precision", "sizes"))
    found = [
        Problem(name, f"would do nothing with kind={kind!r}", "leave it out")
        for name, value in given.items()
        if value is not None and name not in known
    ]
    if not found and given["sizes"] is not None and given["precision"] is None:
        found.append(Problem("sizes", "would do nothing", "name a precision by size"))
    if found:
        raise FitError("an argument would do nothing", found)


def _precision(
    table: EffectTable, name: Precision | None, v: Array, sizes: ArrayLike | None
) -> Array:
    """Share (k,) of the largest measure of imprecision; 1 where none is named."""
    if name is None:
        return np.ones_like(v)
    found = predictor_of(table, name, v, sizes)
    return np.asarray(found / found.max())


def _ends(kind: str, steps: Sequence[float] | None, alternative: str) -> Array:
    if kind not in _STEPPED:
        return np.ones(0)
    if kind == "truncated":
        steps = (0.5,)
    elif steps is None:
        steps = (0.05,) if alternative == "two-sided" else (0.025,)
    try:
        ends = np.asarray(steps, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        ends = np.empty(0)
    if ends.ndim != 1 or not len(ends) or np.any(np.diff(ends) <= 0) or not (
        np.all((ends > 0) & (ends <= 1)) and ends[0] < 1
    ):  # fmt: skip
        problem = Problem("steps", repr(steps), "rising numbers above 0 and at most 1")
        raise FitError("the steps are not right", [problem])
    return ends if ends[-1] == 1.0 else np.append(ends, 1.0)


def _deltas(
    data: Data, kind: str, weights: Sequence[float] | None
) -> tuple[Array, NDArray[np.bool_], Array]:
    """Values of no selection, which are estimated, and where the search starts."""
    if data.kind != "step":
        n = 2 if kind in _TWO_DELTAS else 1
        none = np.array([0.0, 1.0]) if kind == "negative_exponential_power" else np.zeros(n)
        none = np.ones(2) if kind == "beta" else none
        return none, np.ones(n, dtype=bool), np.ones(n)
    none = np.ones(len(data.steps))
    if weights is None:
        return none, np.arange(len(none)) > 0, none
    stated = np.asarray(weights, dtype=np.float64)
    if stated.shape != none.shape or not np.all(np.isfinite(stated) & (stated > 0)):
        right = f"{len(none)} numbers above 0, one an interval of steps"
        raise FitError("the weights are not right", [Problem("weights", repr(weights), right)])
    return none, np.zeros(len(none), dtype=bool), stated


def _require_filled(data: Data, z: Array, estimated: NDArray[np.bool_]) -> None:
    if data.kind != "step" or not estimated.any():
        return
    p = 2.0 * special.ndtr(-np.abs(z)) if data.two_sided else special.ndtr(-z)
    counts = np.bincount(np.searchsorted(data.steps, p, side="left"), minlength=len(data.steps))
    problems = [
        Problem(f"steps, interval up to {end:g}", "no study lies in it", "choose other steps")
        for end, count in zip(data.steps, counts, strict=True)
        if not count
    ]
    if problems:
        raise FitError("a weight cannot be estimated without studies", problems)


def _design(moderators: ArrayLike | None, k: int) -> Array:
    if moderators is None:
        return np.ones((k, 1))
    X = as_numbers("moderators", moderators, FitError)
    X = X[:, None] if X.ndim == 1 else X
    if X.ndim != 2 or len(X) != k or not np.all(np.isfinite(X)):
        problem = Problem("moderators", f"shape {X.shape}", f"finite numbers of shape ({k}, m)")
        raise FitError("the moderators do not fit", [problem])
    full = np.column_stack([np.ones(k), X])
    if np.linalg.matrix_rank(full) < full.shape[1]:
        problem = Problem("moderators", "are collinear with each other or a constant", "drop one")
        raise FitError("the moderators cannot be told apart", [problem])
    return full
