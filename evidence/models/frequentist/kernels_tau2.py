"""Estimators of the between-study variance tau2, batched: y, v of shape (..., k) -> tau2 (...).

All of them are exactly equivariant: stopping rules and brackets are in units of the data's own
variances, so y * c and v * c**2 give tau2 * c**2 whatever c is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evidence.models.frequentist.kernels_roots import Indices as Indices
from evidence.models.frequentist.kernels_roots import Mask as Mask
from evidence.models.frequentist.kernels_roots import Tau2 as Tau2
from evidence.models.frequentist.kernels_roots import blocks, gather, taker
from evidence.models.frequentist.kernels_roots import decreasing_root as decreasing_root
from evidence.models.frequentist.kernels_search import Parts, highest, score_of

Array = NDArray[np.float64]

_sum = np.add.reduce  # the method ``sum`` of an array takes twice as long to call
_GRID = 60  # values of tau2 in ``likelihood_grid``


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
    y, v = centre(y).reshape(-1, k), v.reshape(-1, k)
    tau2, converged = np.zeros(len(y)), np.ones(len(y), dtype=np.bool_)
    for part in blocks(len(y), k):
        block = np.asfortranarray(y[part]), np.asfortranarray(v[part])
        tau2[part], converged[part] = _q_root_rows(*block, c)
    return Tau2(tau2.reshape(shape), converged.reshape(shape))


def _q_root_rows(y: Array, v: Array, c: float) -> Tau2:
    """Solve 1 - c / Q = 0 in its place: 1 / Q is a straight line where variances are equal."""

    def excess(y: Array, v: Array, t: Array) -> tuple[Array, Array]:
        w = v + t[:, None]
        np.divide(1.0, w, out=w)
        u = w * y
        np.subtract(y, (u.sum(-1) / w.sum(-1))[:, None], out=u)
        w *= u
        u *= w
        q = u.sum(-1)
        w *= w
        # Far below c, as for identical estimates, nothing is solved: only the sign counts.
        share = c / np.maximum(q, 1e-100 * c)
        return 1.0 - share, -w.sum(-1) / c * share**2

    tau2, converged = np.zeros(len(y)), np.ones(len(y), dtype=np.bool_)
    value, slope = excess(y, v, tau2)
    above = np.flatnonzero(value > 0)
    y, v = gather(above, y, v)
    taken = taker(y, v)

    def at(t: Array, which: Indices) -> tuple[Array, Array]:
        return excess(*taken(which), t)

    low, high, smallest = np.zeros(len(y)), (y**2).sum(-1) / c, v.min(-1, initial=np.inf)
    start = np.minimum(-value[above] / slope[above], high)
    tau2[above], converged[above] = decreasing_root(at, low, high, smallest, start)
    return Tau2(tau2, converged)


def restricted_log_likelihood(y: Array, v: Array, tau2: Array) -> Array:
    """Restricted log-likelihood of tau2, the mean integrated out, without constants."""
    total = v + tau2[..., None]
    q = generalised_q(y, v, tau2)
    return np.asarray(
        -0.5 * (np.log(total).sum(-1) + np.log((1.0 / total).sum(-1)) + q), dtype=np.float64
    )


def reml(y: Array, v: Array) -> Tau2:
    """Restricted maximum likelihood, the highest of all local maxima on tau2 >= 0.

    The restricted likelihood can have more than one maximum, so every fall of its slope from + to -
    is enclosed with certainty (``kernels_search``), refined by Newton steps kept in their bracket,
    and the highest wins (0 itself counts where the slope there is not positive; of equals the
    smaller). With s^2 the ordinary variance of y, no solution lies above
    s^2 + s max(v)^(1/2): beyond it y'PPy <= (k - 1) s^2 / (min v + t)^2 is less than
    (k - 1) / (max v + t) <= tr(P).
    Likelihood: Harville 1977; checked against metafor ``rma.uni(method="REML")`` and brute force.

    Examples
    --------
    >>> round(reml(np.array([0.0, 2.0, 4.0]), np.ones(3)).tau2.item(), 12)
    3.0
    """
    return highest(centre(y), v, restricted_parts, restricted_log_likelihood)


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
    return highest(centre(y), v, full_parts, full_log_likelihood)


def full_log_likelihood(y: Array, v: Array, tau2: Array) -> Array:
    """Log-likelihood of tau2 at its own weighted mean, without constants."""
    total = v + tau2[..., None]
    return np.asarray(-0.5 * (np.log(total).sum(-1) + generalised_q(y, v, tau2)))


def restricted_parts(y: Array, v: Array, t: Array) -> Parts:
    """y'PPy, tr(P), y'PPPy and tr(PP), with P = W - W 1 1' W / sum(W)."""
    w, s1, square, cubic = _residual_sums(y, v, t)
    w2 = w * w
    s2 = _sum(w2, -1)
    w2 *= w
    ratio = s2 / s1
    return Parts(square, s1 - ratio, cubic, s2 - 2.0 * _sum(w2, -1) / s1 + ratio**2)


def full_parts(y: Array, v: Array, t: Array) -> Parts:
    """y'PPy, sum(w), y'PPPy and sum(w^2), with P as in ``restricted_parts``."""
    w, s1, square, cubic = _residual_sums(y, v, t)
    return Parts(square, s1, cubic, _sum(w * w, -1))


def _residual_sums(y: Array, v: Array, t: Array) -> tuple[Array, Array, Array, Array]:
    """W (..., k), and sum(w), y'PPy, y'PPPy (...)."""
    w = v + t[..., None]
    np.divide(1.0, w, out=w)
    s1 = _sum(w, -1)
    u = w * y
    mean = _sum(u, -1) / s1
    np.subtract(y, mean[..., None], out=u)
    u *= w  # Py
    linear = w * u
    first = _sum(linear, -1)
    linear *= u
    u *= u
    return w, s1, _sum(u, -1), _sum(linear, -1) - first**2 / s1


def restricted_score(y: Array, v: Array, t: Array) -> tuple[Array, Array]:
    """Twice the slope of the restricted log-likelihood, y'PPy - tr(P), and its derivative."""
    return score_of(restricted_parts(y, v, t))


def full_score(y: Array, v: Array, t: Array) -> tuple[Array, Array]:
    """Twice the slope of the full log-likelihood, y'PPy - sum(w), and its derivative."""
    return score_of(full_parts(y, v, t))


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
