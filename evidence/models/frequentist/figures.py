"""The figures of many pairwise meta-analyses of equal size, and only those that are wanted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.frequentist import kernels, kernels_moments, kernels_tau2
from evidence.models.frequentist.estimators import ESTIMATORS as ESTIMATORS
from evidence.models.frequentist.kernels_roots import blocks
from evidence.models.frequentist.options import FIXED, HARTUNG_KNAPP, Options

Array = NDArray[np.float64]
_sum = np.add.reduce
Figure = Literal[
    "estimate",
    "std_error",
    "wald_std_error",
    "statistic",
    "df",
    "p",
    "ci_low",
    "ci_high",
    "q",
    "q_p",
    "i2",
    "h2",
    "tau2",
    "typical_variance",
    "hartung_knapp_multiplier",
    "weights",
]
FIGURES: tuple[Figure, ...] = get_args(Figure)
_OF_INTERVAL = {
    "std_error",
    "statistic",
    "df",
    "p",
    "ci_low",
    "ci_high",
    "hartung_knapp_multiplier",
}
_OF_SPREAD = _OF_INTERVAL | {"wald_std_error"}
_OF_MEAN = _OF_SPREAD | {"estimate", "weights"}
_OF_ZERO = {"q", "q_p", "i2", "h2", "typical_variance"}


def existing(options: Options) -> tuple[Figure, ...]:
    """Return the figures that exist under the options.

    Examples
    --------
    >>> "tau2" in existing(Options("common", None, "wald", 0.95))
    False
    """
    absent = set() if options.tau2 else {"tau2", "typical_variance"}
    absent |= set() if options.ci in HARTUNG_KNAPP else {"hartung_knapp_multiplier"}
    return tuple(name for name in FIGURES if name not in absent)


def check_wanted(want: Collection[str], options: Options) -> None:
    """Refuse an empty wish, unknown figures, and those that do not exist under the options.

    Raises
    ------
    FitError
    """
    known = existing(options)
    problems = [
        Problem("want", f"{name!r} does not exist under these options", "leave it out")
        if name in FIGURES
        else Problem("want", f"unknown: {name!r}", did_you_mean(str(name), FIGURES))
        for name in want
        if name not in known
    ]
    if isinstance(want, str) or not want:
        problems = [Problem("want", f"is {want!r}", "names, such as ['estimate', 'tau2']")]
    if problems:
        raise FitError("these figures cannot be given", problems)


def figures(
    y: Array,
    v: Array,
    options: Options,
    want: Collection[str],
    weights: Array | None = None,
) -> dict[str, Array]:
    """Compute the wanted figures of checked arrays y, v (and weights) of shape (..., k), k >= 2.

    Data sets are taken in blocks that the cache holds, laid out column by column; what an unwanted
    figure alone would need is not computed.
    """
    shape, k = y.shape[:-1], y.shape[-1]
    y, v = y.reshape(-1, k), v.reshape(-1, k)
    stated = None if weights is None else np.broadcast_to(weights, (*shape, k)).reshape(-1, k)
    n = len(y)
    found = {name: np.empty((n, k) if name == "weights" else n) for name in want}
    converged = np.ones(n, dtype=np.bool_)
    for part in blocks(n, k):
        w = None if stated is None else np.asfortranarray(stated[part])
        block = np.asfortranarray(y[part]), np.asfortranarray(v[part])
        values, converged[part] = _block(*block, options, set(want), w)
        for name in want:
            found[name][part] = values[name]
    _require_converged(converged.reshape(shape), options.tau2)
    return {
        name: values.reshape((*shape, k) if name == "weights" else shape)
        for name, values in found.items()
    }


def _block(
    y: Array, v: Array, options: Options, want: set[str], weights: Array | None
) -> tuple[dict[str, Array], NDArray[np.bool_]]:
    """All that is wanted, and a little more, of one block: y, v of shape (n, k)."""
    first = y[:, 0].copy()
    y = y - first[:, None]  # a far offset costs no digits, identical estimates stay exact
    w0 = 1.0 / v if want & _OF_ZERO or options.tau2 in (None, "dersimonian_laird") else None
    zero = None if w0 is None else _at_zero(y, w0, options)
    t, converged = _tau2(y, v, options, weights, zero)
    found = {"tau2": t}
    if zero is not None and want & _OF_ZERO:
        found |= _heterogeneity(zero, t, y.shape[-1], want)
    if want & _OF_MEAN:
        found |= _mean(y, v, t, w0 if options.tau2 is None else None, weights, options, want)
        for name in {"estimate", "ci_low", "ci_high"} & set(found):
            found[name] = found[name] + first
        if want & {"statistic", "p"}:
            found |= _test(found["estimate"], found, want)
    return found, converged


class _AtZero(NamedTuple):
    """Sum of w = 1 / v and of its squares (random effects only), and Cochran's Q."""

    total: Array
    square: Array | None
    q: Array


def _at_zero(y: Array, w: Array, options: Options) -> _AtZero:
    total, r = _sum(w, -1), w * w
    square = None if options.tau2 is None else _sum(r, -1)
    np.multiply(w, y, out=r)
    np.subtract(y, (_sum(r, -1) / total)[:, None], out=r)
    r *= r
    r *= w
    return _AtZero(total, square, _sum(r, -1))


def _tau2(
    y: Array, v: Array, options: Options, weights: Array | None, zero: _AtZero | None
) -> tuple[Array, NDArray[np.bool_]]:
    """tau2 (0 under the common effect), and where the search for it ended."""
    n, k, method = *y.shape, options.tau2
    ended = np.ones(n, dtype=np.bool_)
    if method is None:
        return np.zeros(n), ended
    if method == FIXED and options.stated_tau2 is not None:
        return np.full(n, options.stated_tau2), ended
    if method == "dersimonian_laird" and zero is not None and zero.square is not None:
        slope = zero.total - zero.square / zero.total
        return np.maximum(0.0, (zero.q - (k - 1)) / slope), ended
    if method == "generalised_q" and weights is not None:
        found = kernels_moments.from_form(y, v, weights)
    else:
        found = ESTIMATORS[method](y, v)
    return found.tau2, np.asarray(found.converged)


def _heterogeneity(zero: _AtZero, t: Array, k: int, want: set[str]) -> dict[str, Array]:
    found = {"q": zero.q}
    if "q_p" in want:
        found["q_p"] = kernels.q_p_value(zero.q, k - 1)
    if zero.square is None:
        return found | {"i2": kernels.i2_from_q(zero.q, k - 1), "h2": zero.q / (k - 1)}
    s2 = (k - 1) * zero.total / (zero.total**2 - zero.square)
    return found | {
        "typical_variance": s2,
        "i2": kernels.i2_of(t, s2),
        "h2": kernels.h2_of(t, s2),
    }


def _mean(
    y: Array,
    v: Array,
    t: Array,
    w: Array | None,
    weights: Array | None,
    options: Options,
    want: set[str],
) -> dict[str, Array]:
    """Mean with its interval; w are the weights 1 / (v + t) where they are known already."""
    if weights is not None or w is None:
        mean, variance, w = kernels.weighted_mean_above(y, v, t, weights)
    else:
        variance = 1.0 / w.sum(-1)
        mean = (w * y).sum(-1) * variance
    found = {"estimate": mean}
    if "weights" in want:
        found["weights"] = w * (100.0 / w.sum(-1))[:, None]
    if not want & _OF_SPREAD:
        return found
    wald = np.sqrt(variance)
    found["wald_std_error"] = wald
    if not want & _OF_INTERVAL:
        return found
    error, df, multiplier = _spread(y, v, t, wald, options)
    _require_spread(error, options.ci)
    found |= {"std_error": error, "df": df}
    if multiplier is not None:
        found["hartung_knapp_multiplier"] = multiplier
    if want & {"ci_low", "ci_high"}:
        half = kernels.critical_values(options.level, df) * error
        found |= {"ci_low": mean - half, "ci_high": mean + half}
    return found


def _test(estimate: Array, found: dict[str, Array], want: set[str]) -> dict[str, Array]:
    statistic = estimate / found["std_error"]
    if "p" not in want:
        return {"statistic": statistic}
    return {"statistic": statistic, "p": kernels.two_sided_p(statistic, found["df"])}


def _spread(
    y: Array, v: Array, t: Array, wald: Array, options: Options
) -> tuple[Array, Array, Array | None]:
    """Standard error of the interval, its degrees of freedom, and the multiplier, if one is used.

    "hartung_knapp_wider": Wald's normal interval wherever that is the wider one.
    "hartung_knapp_checked": the floor at 1 wherever the interval is narrower than Wald's normal
    one at the DerSimonian-Laird tau2 (meta: "IQWiG6"; checked where tau2 is DerSimonian-Laird's,
    so that the comparison for other estimators rests on no reference value).
    """
    ci, level, df = options.ci, options.level, np.full(wald.shape, float(y.shape[-1] - 1))
    if ci == "wald":
        return wald, np.full(wald.shape, np.inf), None
    if ci == "t":
        return wald, df, None
    q = kernels.hartung_knapp_multiplier(y, v, t)
    error = wald * np.sqrt(np.maximum(1.0, q) if ci == "hartung_knapp_floored" else q)
    if ci in ("hartung_knapp", "hartung_knapp_floored"):
        return error, df, q
    half, normal = kernels.critical_values(level, df) * error, kernels.critical_value(level, np.inf)
    if ci == "hartung_knapp_wider":
        narrower = half < normal * wald
        return np.where(narrower, wald, error), np.where(narrower, np.inf, df), q
    plain = kernels_tau2.dersimonian_laird(y, v).tau2
    narrower = half < normal * np.sqrt(kernels.weighted_mean(y, v, plain).variance)
    return np.where(narrower, wald * np.sqrt(np.maximum(1.0, q)), error), df, q


def _require_converged(converged: NDArray[np.bool_], method: str | None) -> None:
    if converged.all():
        return
    stuck = [
        Problem(f"data set {tuple(int(i) for i in place)}", f"tau2 by {method} did not converge")
        for place in np.argwhere(~converged)
    ]
    raise FitError("tau2 did not converge", stuck)


def _require_spread(error: Array, ci: str) -> None:
    """Refuse the unfloored Hartung-Knapp interval of identical estimates: its width would be 0."""
    if np.all(error > 0):
        return
    what = "the estimates are identical, so the standard error would be 0"
    right = "ci='hartung_knapp_floored' never falls below the Wald standard error"
    raise FitError("no interval of this kind exists", [Problem(f"ci={ci!r}", what, right)])
