"""Cluster-robust covariance of weighted least squares, its moments under a working model, tests.

Of cluster i: design X_i (k_i, p), weights W_i and working covariance Phi_i (k_i, k_i). All is done
in a basis Z = X T with Z'WZ = I, so that no scale of the design matters; ``back`` is T.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Places = tuple[NDArray[np.intp], ...]
KINDS = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
# Share of the working variance of a direction within a cluster below which none is left of it.
EMPTY = 1e-9


class Clustered(NamedTuple):
    """A weighted fit cut into clusters.

    ``estimate`` (p,), ``back`` (p, p), ``middle`` = sum of Z'W Phi W Z (p, p), ``k``; and for each
    cluster its ``z`` (k_i, p), ``residuals`` (k_i,), ``weights`` and ``working`` (k_i, k_i).
    """

    estimate: Array
    back: Array
    middle: Array
    k: int
    z: tuple[Array, ...]
    residuals: tuple[Array, ...]
    weights: tuple[Array, ...]
    working: tuple[Array, ...]


def places_of(codes: NDArray[np.intp]) -> Places:
    """Rows of each cluster, given codes 0 ... m - 1 of the rows.

    Examples
    --------
    >>> [rows.tolist() for rows in places_of(np.array([1, 0, 1]))]
    [[1], [0, 2]]
    """
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))[:-1]
    return tuple(np.split(order, ends))


def cut(matrix: Array, places: Places) -> tuple[Array, ...]:
    """Diagonal blocks of a matrix (k, k)."""
    return tuple(matrix[np.ix_(rows, rows)] for rows in places)


def fit_clusters(
    y: Array, x: Array, places: Places, weights: tuple[Array, ...], working: tuple[Array, ...]
) -> Clustered:
    """Weighted least squares, (X'WX)^-1 X'Wy, of independent clusters.

    Parameters
    ----------
    y : ndarray (k,)
    x : ndarray (k, p)
        Of full column rank.
    places : tuple of ndarray
        Rows of each cluster.
    weights, working : tuple of ndarray (k_i, k_i)
        Symmetric W_i, and covariance Phi_i of the residuals under the working model.
    """
    scale = np.sqrt((x**2).sum(0))
    q, r = np.linalg.qr(x / scale)
    form = sum(q[rows].T @ w @ q[rows] for rows, w in zip(places, weights, strict=True))
    turn = np.linalg.inv(np.linalg.cholesky(form)).T
    to_x = np.linalg.inv(r) / scale[:, None]
    z = q @ turn
    # What is explained without weights is taken off first: a far offset costs no digits.
    known = q.T @ y
    left = y - q @ known
    blocks = tuple(z[rows] for rows in places)
    wz = [w @ b for w, b in zip(weights, blocks, strict=True)]
    g = np.sum([b.T @ left[rows] for rows, b in zip(places, wz, strict=True)], axis=0)
    rest = left - z @ g
    found = Clustered(
        estimate=to_x @ (known + turn @ g),
        back=to_x @ turn,
        middle=np.eye(x.shape[1]),
        k=len(y),
        z=blocks,
        residuals=tuple(rest[rows] for rows in places),
        weights=weights,
        working=working,
    )
    return with_working(found, working)


def with_working(fit: Clustered, working: tuple[Array, ...]) -> Clustered:
    """Replace the working model of a fit."""
    wz = [w @ z for w, z in zip(fit.weights, fit.z, strict=True)]
    middle = np.sum([b.T @ phi @ b for b, phi in zip(wz, working, strict=True)], axis=0)
    return fit._replace(middle=middle, working=working)


def left_over(fit: Clustered, i: int) -> Array:
    """Covariance of the residuals of cluster i under the working model (k_i, k_i).

    (I - H)_i Phi (I - H)_i' = Phi_i - H_i Phi_i - Phi_i H_i' + Z_i (Z'W Phi W Z) Z_i'.
    """
    z, phi = fit.z[i], fit.working[i]
    hat_phi = z @ (z.T @ fit.weights[i] @ phi)
    return np.asarray(phi - hat_phi - hat_phi.T + z @ fit.middle @ z.T)


def reduced_linearisation(fit: Clustered, i: int) -> tuple[Array, int]:
    """CR2 adjustment A_i (k_i, k_i), and in how many directions the fit leaves nothing.

    A = D'(D R D')^(-1/2) D with Phi_i = D'D and R the residual covariance, by a generalised inverse
    where the fit leaves no residual (Pustejovsky and Tipton 2018, eq. 12 and theorem 1).
    """
    upper = np.linalg.cholesky(fit.working[i]).T
    rest = left_over(fit, i)
    inner = np.linalg.solve(upper.T, np.linalg.solve(upper.T, rest).T)
    shares = np.linalg.eigvalsh(0.5 * (inner + inner.T))
    empty = int((shares <= EMPTY * max(1.0, shares[-1])).sum())
    values, vectors = np.linalg.eigh(upper @ rest @ upper.T)
    values, vectors = values[empty:], vectors[:, empty:]
    root = (vectors / np.sqrt(values)) @ vectors.T
    return np.asarray(upper.T @ root @ upper), empty


def jackknife(fit: Clustered, i: int) -> tuple[Array, int]:
    """CR3 adjustment (I - H_i)^-1 (k_i, k_i); 1 where the cluster alone carries a coefficient."""
    z = fit.z[i]
    # (I - Z Z'W)^-1 = I + Z (I - Z'WZ)^-1 Z'W: only p x p is inverted.
    own = z.T @ fit.weights[i] @ z
    values, vectors = np.linalg.eigh(np.eye(len(own)) - own)
    if values[0] <= EMPTY:
        return np.eye(len(z)), 1
    inverse = (vectors / values) @ vectors.T
    return np.asarray(np.eye(len(z)) + z @ inverse @ z.T @ fit.weights[i]), 0


class Scores(NamedTuple):
    """What a sandwich is made of: per cluster G_i = A_i' W_i Z_i (k_i, p), and the sandwich in Z.

    ``empty``: clusters in which CR2 used a generalised inverse, or CR3 cannot leave out.
    """

    g: tuple[Array, ...]
    factor: float
    empty: tuple[int, ...]


def scores(fit: Clustered, kind: str) -> Scores:
    """Adjusted scores of a kind of sandwich, one of ``KINDS``; at least 2 clusters (CR1p: p + 1).

    CR0 Liang and Zeger 1986; CR1 times m/(m - 1), CR1p m/(m - p), CR1S
    m (k - 1) / ((m - 1)(k - p)); CR2 and CR3 Bell and McCaffrey 2002.
    """
    m, p = len(fit.z), fit.back.shape[1]
    g, empty = [], []
    for i, (w, z) in enumerate(zip(fit.weights, fit.z, strict=True)):
        score = w @ z
        if kind in ("CR2", "CR3"):
            adjust, lost = reduced_linearisation(fit, i) if kind == "CR2" else jackknife(fit, i)
            score = adjust.T @ score
            empty += [i] if lost else []
        g.append(score)
    factor = 1.0
    if kind == "CR1":
        factor = m / (m - 1)
    elif kind == "CR1p":
        factor = m / (m - p)
    elif kind == "CR1S":
        factor = m * (fit.k - 1) / ((m - 1) * (fit.k - p))
    return Scores(tuple(g), factor, tuple(empty))


def sandwich(fit: Clustered, found: Scores) -> Array:
    """Cluster-robust covariance of the coefficients (p, p)."""
    pulls = np.stack([g.T @ e for g, e in zip(found.g, fit.residuals, strict=True)])
    meat = found.factor * (pulls.T @ pulls)
    return np.asarray(fit.back @ meat @ fit.back.T)


class Moments(NamedTuple):
    """Mean (q, q) of a sandwich of contrasts under the working model, and its total variance.

    ``spread`` is the sum over elements of the variance of D = mean^(-1/2) sandwich mean^(-1/2).
    """

    mean: Array
    spread: float


def moments(fit: Clustered, found: Scores, contrasts: Array) -> Moments:
    """First two moments of the sandwich of ``contrasts`` (q, p) under normal working errors.

    With u_is the score of cluster i for contrast s, the sandwich is sum_i u_i u_i' and
    cov(u_is, u_jt) = g_is' (I - H)_i Phi (I - H)_j' g_jt (Pustejovsky and Tipton 2018, sec. 3).
    """
    turn = (contrasts @ fit.back).T
    g = [b @ turn for b in found.g]
    p, parts = len(turn), zip(fit.z, fit.weights, fit.working, g, strict=True)
    # cov(u_is, u_jt) = own_ist [i = j] + c_is' joint c_jt: the sums need no m x m matrix.
    c = np.stack([np.concatenate([z.T @ x, z.T @ w @ phi @ x]) for z, w, phi, x in parts])
    own = np.stack([x.T @ phi @ x for x, phi in zip(g, fit.working, strict=True)])
    eye = np.eye(p)
    joint = np.block([[fit.middle, -eye], [-eye, np.zeros((p, p))]])
    mean = own.sum(0) + np.einsum("ias,ab,ibt->st", c, joint, c, optimize=True)
    values, vectors = np.linalg.eigh(mean)
    root = (vectors / np.sqrt(values)) @ vectors.T
    c, own = c @ root, root @ own @ root
    inner = np.einsum("ias,ab,ibt->ist", c, joint, c, optimize=True)
    sums = np.einsum("ias,ibt->stab", c, c, optimize=True)
    turned = joint @ sums
    flipped = np.swapaxes(sums, -1, -2)
    low_rank = np.einsum("stab,stba->", turned, joint @ flipped)
    low_rank += np.einsum("stab,stba->", joint @ flipped, joint @ flipped)
    total = own + 2.0 * inner
    diagonal = np.einsum("iss,itt->", own, total) + np.einsum("ist,its->", own, total)
    return Moments(found.factor * mean, float(low_rank + diagonal))


def satterthwaite(fit: Clustered, found: Scores, contrasts: Array | None = None) -> Array:
    """Satterthwaite degrees of freedom, 2 mean^2 / variance, of every coefficient or contrast.

    Bell and McCaffrey 2002; Pustejovsky and Tipton 2018, eq. 15.
    """
    each = np.eye(len(fit.back)) if contrasts is None else contrasts
    return np.array([2.0 / moments(fit, found, row[None]).spread for row in each])


class Hotelling(NamedTuple):
    """Approximate Hotelling test: F, its degrees of freedom and p; ``df2`` may be 0 or below."""

    f: float
    df1: int
    df2: float
    p: float


def hotelling(fit: Clustered, found: Scores, contrasts: Array, gap: Array) -> Hotelling:
    """HTZ test that ``contrasts`` (q, p) of the coefficients are ``gap`` (q,) away from 0.

    eta = q (q + 1) / sum of variances (Zhang 2012; Tipton and Pustejovsky 2015, eq. 17); F =
    (eta - q + 1) / (eta q) Q with q and eta - q + 1 degrees of freedom.
    """
    q = len(contrasts)
    covariance = contrasts @ sandwich(fit, found) @ contrasts.T
    wald = float(gap @ np.linalg.solve(covariance, gap))
    eta = q * (q + 1) / moments(fit, found, contrasts).spread
    df2 = eta - q + 1.0
    f = df2 / (eta * q) * wald
    return Hotelling(f, q, df2, float(special.fdtrc(q, df2, f)) if df2 > 0 else 1.0)


class RobustMean(NamedTuple):
    """Weighted mean with its CR2 standard error and Satterthwaite degrees of freedom."""

    estimate: float
    std_error: float
    df: float


def robust_mean(
    y: Array, weights: Array, variances: Array, codes: NDArray[np.intp] | None = None
) -> RobustMean:
    """Weighted mean of effects in clusters: CR2 as robumeta has it for weights of the user's.

    The adjustment takes the mean sampling variance of a cluster for its working variance, the
    degrees of freedom take equal ones (clubSandwich takes the sampling variances in both).

    Parameters
    ----------
    y, weights, variances : ndarray (k,)
    codes : ndarray of int (k,), optional
        Cluster 0 ... m - 1 of each row, m at least 2; every row its own if left out.

    Examples
    --------
    >>> found = robust_mean(np.array([0.0, 2.0, 4.0]), np.ones(3), np.ones(3))
    >>> round(found.estimate, 6), round(found.std_error, 6), round(found.df, 6)
    (2.0, 1.154701, 2.0)
    """
    places = places_of(np.arange(len(y)) if codes is None else codes)
    fit, found = weighted_scores(y, np.ones((len(y), 1)), weights, variances, places)
    error = float(np.sqrt(sandwich(fit, found)[0, 0]))
    return RobustMean(float(fit.estimate[0]), error, float(satterthwaite(fit, found)[0]))


def weighted_scores(
    y: Array, x: Array, weights: Array, variances: Array, places: Places
) -> tuple[Clustered, Scores]:
    """CR2 for stated weights (k,), and the fit with the working model of its moments.

    The conventions are those of ``robust_mean``; Tipton 2015, appendix; checked against robumeta
    ``robu(userweights = )``.
    """
    w = tuple(np.diag(weights[rows]) for rows in places)
    mean = tuple(np.eye(len(rows)) * variances[rows].mean() for rows in places)
    fit = fit_clusters(y, x, places, w, mean)
    return with_working(fit, tuple(np.eye(len(rows)) for rows in places)), scores(fit, "CR2")
