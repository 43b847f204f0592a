"""Estimators of the between-study variance tau2, batched: y, v of shape (..., k) -> tau2 (...).

All of them are exactly equivariant: stopping rules and brackets are in units of the data's own
variances, so y * c and v * c**2 give tau2 * c**2 whatever c is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]
Score = Callable[[Array, Array, Array], tuple[Array, Array]]
Height = Callable[[Array, Array, Array], Array]

MAX_STEPS = 200
_GRID = 60  # points of tau2 at which the restricted score is looked at before refining
_CHUNK = 250_000  # numbers held at once while looking
_STEP_TOLERANCE = 1e-12  # Newton converges quadratically: a step this small leaves rounding only


class Tau2(NamedTuple):
    """Estimates (...) and, for each, whether the search for it ended."""

    tau2: Array
    converged: Mask


def generalised_q(y: Array, v: Array, tau2: Array) -> Array:
    """Generalised Q, sum of w (y - weighted mean)^2 with w = 1 / (v + tau2); Cochran's Q at 0.

    Examples
    --------
    >>> generalised_q(np.array([0.0, 2.0]), np.ones(2), np.array([0.0, 1.0])[..., None]).ravel()
    array([2., 1.])
    """
    w = 1.0 / (v + tau2[..., None])
    centred = y - y.min(-1, keepdims=True)  # identical estimates then give exactly 0
    mean = (w * centred).sum(-1) / w.sum(-1)
    return np.asarray((w * (centred - mean[..., None]) ** 2).sum(-1))


def centre(y: Array) -> Array:
    """Subtract the mean, at no cost in digits from a far offset; identical values give exactly 0.

    Examples
    --------
    >>> centre(np.array([0.1, 0.1, 0.1]))
    array([0., 0., 0.])
    """
    from_lowest = y - y.min(-1, keepdims=True)
    return np.asarray(from_lowest - from_lowest.mean(-1, keepdims=True))


def dersimonian_laird(y: Array, v: Array) -> Tau2:
    """Moment estimator of DerSimonian and Laird 1986, eq. 8, cut off at 0.

    Checked against metafor ``rma.uni(method="DL")``.

    Examples
    --------
    >>> dersimonian_laird(np.array([0.0, 2.0, 4.0]), np.ones(3)).tau2.item()
    3.0
    """
    w = 1.0 / v
    total = w.sum(-1)
    q = generalised_q(y, v, np.zeros(y.shape[:-1]))
    tau2 = (q - (y.shape[-1] - 1)) / (total - (w**2).sum(-1) / total)
    return Tau2(np.maximum(0.0, tau2), np.ones(y.shape[:-1], dtype=np.bool_))


def paule_mandel(y: Array, v: Array) -> Tau2:
    """Paule and Mandel 1982: the tau2 at which the generalised Q equals k - 1; else 0.

    Checked against metafor ``rma.uni(method="PM")``.

    Examples
    --------
    >>> round(paule_mandel(np.array([0.0, 2.0, 4.0]), np.ones(3)).tau2.item(), 12)
    3.0
    """
    return q_root(y, v, float(y.shape[-1] - 1))


def q_root(y: Array, v: Array, c: float) -> Tau2:
    """Solve generalised Q(tau2) = c > 0 for tau2 >= 0; 0 where Q(0) <= c already.

    Q falls and is convex in tau2, so the root is the only one, and it lies below
    sum((y - mean)^2) / c whatever the scale of the data.
    """
    shape, k = y.shape[:-1], y.shape[-1]
    y, v = y.reshape(-1, k), v.reshape(-1, k)
    y = centre(y)
    tau2, converged = np.zeros(len(y)), np.ones(len(y), dtype=np.bool_)
    above = generalised_q(y, v, tau2) > c
    y, v = y[above], v[above]

    def excess(t: Array, at: Indices) -> tuple[Array, Array]:
        w = 1.0 / (v[at] + t[:, None])
        r = y[at] - ((w * y[at]).sum(-1) / w.sum(-1))[:, None]
        return (w * r**2).sum(-1) - c, -((w * r) ** 2).sum(-1)

    high, smallest = (y**2).sum(-1) / c, v.min(-1, initial=np.inf)
    tau2[above], converged[above] = decreasing_root(excess, np.zeros(len(y)), high, smallest)
    return Tau2(tau2.reshape(shape), converged.reshape(shape))


def restricted_log_likelihood(y: Array, v: Array, tau2: Array) -> Array:
    """Restricted log-likelihood of tau2, the mean integrated out, without constants."""
    total = v + tau2[..., None]
    q = generalised_q(y, v, tau2)
    return np.asarray(
        -0.5 * (np.log(total).sum(-1) + np.log((1.0 / total).sum(-1)) + q), dtype=np.float64
    )


def reml(y: Array, v: Array) -> Tau2:
    """Restricted maximum likelihood, the highest of all local maxima on tau2 >= 0.

    The restricted likelihood can have more than one maximum, so the sign of its slope is looked at
    on a grid that spans every possible solution, each fall from + to - is refined by Newton steps
    kept in their bracket, and the highest wins (0 itself counts where the slope there is not
    positive; of equals the smaller). With s^2 the ordinary variance of y, no solution lies above
    s^2 + s max(v)^(1/2): beyond it y'PPy <= (k - 1) s^2 / (min v + t)^2 is less than
    (k - 1) / (max v + t) <= tr(P).
    Likelihood: Harville 1977; checked against metafor ``rma.uni(method="REML")`` and brute force.

    Examples
    --------
    >>> round(reml(np.array([0.0, 2.0, 4.0]), np.ones(3)).tau2.item(), 12)
    3.0
    """
    return _highest(y, v, restricted_score, restricted_log_likelihood)


def maximum_likelihood(y: Array, v: Array) -> Tau2:
    """Maximum likelihood, the highest of all local maxima on tau2 >= 0.

    Searched as ``reml`` is; its solutions lie below the same bound, since beyond it
    y'PPy < k / (max v + t) <= sum(w). Likelihood: Hardy and Thompson 1996; checked against metafor
    ``rma.uni(method="ML")`` and brute force.

    Examples
    --------
    >>> round(maximum_likelihood(np.array([0.0, 2.0, 4.0]), np.ones(3)).tau2.item(), 12)
    1.666666666667
    """
    return _highest(y, v, full_score, full_log_likelihood)


def full_log_likelihood(y: Array, v: Array, tau2: Array) -> Array:
    """Log-likelihood of tau2 at its own weighted mean, without constants."""
    total = v + tau2[..., None]
    return np.asarray(-0.5 * (np.log(total).sum(-1) + generalised_q(y, v, tau2)))


def _highest(y: Array, v: Array, score: Score, height: Height) -> Tau2:
    """Place of the highest maximum of a likelihood, in chunks that bound the memory."""
    shape, k = y.shape[:-1], y.shape[-1]
    y, v = y.reshape(-1, k), v.reshape(-1, k)
    y = centre(y)
    tau2, converged = np.zeros(len(y)), np.ones(len(y), dtype=np.bool_)
    rows = max(1, _CHUNK // (_GRID * k))
    for start in range(0, len(y), rows):
        part = slice(start, start + rows)
        tau2[part], converged[part] = _highest_rows(y[part], v[part], score, height)
    return Tau2(tau2.reshape(shape), converged.reshape(shape))


def _highest_rows(y: Array, v: Array, score: Score, height: Height) -> Tau2:
    """Maximise over the rows of y, v (n, k); y is centred."""
    grid = likelihood_grid(y, v)
    slope = score(y[:, None, :], v[:, None, :], grid)[0]
    problem, cell = np.nonzero((slope[:, :-1] > 0) & (slope[:, 1:] <= 0))
    yp, vp = y[problem], v[problem]

    def at(t: Array, which: Indices) -> tuple[Array, Array]:
        return score(yp[which], vp[which], t)

    low, high = grid[problem, cell], grid[problem, cell + 1]
    peak, done = decreasing_root(at, low, high, vp.min(-1, initial=np.inf))

    tau2, best = np.zeros(len(y)), np.full(len(y), -np.inf)
    at_zero = slope[:, 0] <= 0
    best[at_zero] = height(y[at_zero], v[at_zero], np.zeros(int(at_zero.sum())))
    reached = height(yp, vp, peak)
    # Maxima of one problem follow each other in rising tau2: take turns, first ones first.
    turn = np.arange(len(problem)) - np.searchsorted(problem, problem)
    for nth in range(int(turn.max(initial=-1)) + 1):
        now = np.flatnonzero(turn == nth)
        now = now[reached[now] > best[problem[now]]]
        tau2[problem[now]], best[problem[now]] = peak[now], reached[now]
    converged = np.isfinite(best)
    converged[problem[~done]] = False
    return Tau2(tau2, converged)


def likelihood_grid(y: Array, v: Array) -> Array:
    """Values of tau2 (n, grid) from 0 to above any solution, evenly spaced in the logarithm."""
    s2 = (y**2).sum(-1) / (y.shape[-1] - 1)
    # One percent of room: with v far below s^2 the bound is met almost with equality.
    top = 1.01 * (s2 + np.sqrt(s2 * v.max(-1)))
    floor = 1e-3 * v.min(-1)
    decades = np.log(np.maximum(top / floor, 1e3))
    position = np.linspace(1.0, 0.0, _GRID - 1)
    rising = top[:, None] * np.exp(-decades[:, None] * position)
    return np.concatenate([np.zeros((len(y), 1)), rising], axis=1)


def restricted_score(y: Array, v: Array, t: Array) -> tuple[Array, Array]:
    """Twice the slope of the restricted log-likelihood, y'PPy - tr(P), and its derivative."""
    w = 1.0 / (v + t[..., None])
    w2 = w * w
    s1, s2, s3 = w.sum(-1), w2.sum(-1), (w2 * w).sum(-1)
    u = w * (y - ((w * y).sum(-1) / s1)[..., None])
    u2 = u * u
    ratio = s2 / s1
    value = u2.sum(-1) - (s1 - ratio)
    cubic = (w * u2).sum(-1) - (w * u).sum(-1) ** 2 / s1
    derivative = -2.0 * cubic + s2 - 2.0 * s3 / s1 + ratio**2
    return value, derivative


def full_score(y: Array, v: Array, t: Array) -> tuple[Array, Array]:
    """Twice the slope of the full log-likelihood, y'PPy - sum(w), and its derivative."""
    w = 1.0 / (v + t[..., None])
    s1 = w.sum(-1)
    u = w * (y - ((w * y).sum(-1) / s1)[..., None])
    cubic = (w * u * u).sum(-1) - (w * u).sum(-1) ** 2 / s1
    return (u * u).sum(-1) - s1, -2.0 * cubic + (w * w).sum(-1)


def decreasing_root(
    value_and_slope: Callable[[Array, Indices], tuple[Array, Array]],
    low: Array,
    high: Array,
    floor: Array,
) -> tuple[Array, Mask]:
    """Find where functions that pass from + at ``low`` to - at ``high`` vanish, all at once.

    Newton steps where they stay in the bracket and at least halve, else bisection
    (Press et al. 2007, section 9.4). A root counts as found when the step is below 1e-12, or the
    bracket below rounding, of root + ``floor`` (the smallest sampling variance).

    Parameters
    ----------
    value_and_slope : callable
        Takes values (m,) and the positions (m,) of the problems they belong to.
    low, high, floor : ndarray, shape (n,)

    Returns
    -------
    root, converged : ndarray, shape (n,)
    """
    low, high = low.copy(), high.copy()
    root, last = 0.5 * (low + high), high - low
    converged = np.zeros(len(root), dtype=np.bool_)
    active = np.arange(len(root))
    for _ in range(MAX_STEPS):
        if not active.size:
            break
        x = root[active]
        value, slope = value_and_slope(x, active)
        low[active] = np.where(value > 0, x, low[active])
        high[active] = np.where(value > 0, high[active], x)
        left, right, size = low[active], high[active], x + floor[active]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = x - np.where(value == 0, 0.0, value / slope)
        falling = (slope < 0) | (value == 0)
        close = falling & (np.abs(newton - x) <= _STEP_TOLERANCE * size)
        useful = falling & (newton > left) & (newton < right)
        useful &= 2.0 * np.abs(newton - x) <= last[active]
        new = np.where(close | useful, newton, 0.5 * (left + right))
        new = np.clip(new, left, right)
        done = close | (right - left <= 4.0 * np.finfo(np.float64).eps * size)
        root[active], last[active] = new, np.abs(new - x)
        converged[active[done]] = True
        active = active[~done]
    return root, converged
