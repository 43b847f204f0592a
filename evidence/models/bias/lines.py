"""Straight lines through a funnel: weighted least squares and mixed-effects meta-regression."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from evidence.errors import FitError, Problem

Array = NDArray[np.float64]
_GRID = 80


class Line(NamedTuple):
    """Coefficients (p,), their covariance (p, p), dispersion, and the variance between studies."""

    coefficients: Array
    covariance: Array
    dispersion: float
    tau2: float

    @property
    def std_errors(self) -> Array:
        """Standard errors (p,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def design(x: Array) -> Array:
    """Design matrix (k, 2): a constant and the predictor."""
    return np.column_stack([np.ones_like(x), x])


def weighted_line(y: Array, X: Array, w: Array, *, dispersion: bool) -> Line:
    """Least squares with weights w; the residual variance is estimated where ``dispersion``.

    Columns are scaled before solving, so that sizes of any order lose no digits.

    Raises
    ------
    FitError
        If the predictor does not vary, or a dispersion is asked of no residual freedom.

    Examples
    --------
    >>> y, x = np.array([1.0, 2.0, 3.5]), np.array([0.0, 1.0, 2.0])
    >>> weighted_line(y, design(x), np.ones(3), dispersion=False).coefficients.round(3)
    array([0.917, 1.25 ])
    """
    root = np.sqrt(w)
    rows = X * root[:, None]
    size = np.sqrt((rows**2).sum(0))
    q, r = np.linalg.qr(rows / size)
    if abs(np.diag(r)).min() < 1e-10:
        problem = Problem("predictor", "is the same in all studies", "choose one that varies")
        raise FitError("no line can be fitted", [problem])
    inverse = np.linalg.inv(r)
    b = inverse @ (q.T @ (root * y))
    residual = root * y - (rows / size) @ b
    freedom = len(y) - X.shape[1]
    phi = float((residual**2).sum()) / freedom
    covariance = inverse @ inverse.T / np.outer(size, size) * (phi if dispersion else 1.0)
    return Line(b / size, covariance, phi, 0.0)


def moment_tau2(y: Array, X: Array, v: Array) -> float:
    """Moment estimator of the residual tau2 (DerSimonian and Laird 1986, with moderators)."""
    w = 1.0 / v
    line = weighted_line(y, X, w, dispersion=False)
    q = float((w * (y - X @ line.coefficients) ** 2).sum())
    trace = w.sum() - np.trace(line.covariance @ ((X * (w**2)[:, None]).T @ X))
    return max(0.0, float((q - (len(y) - X.shape[1])) / trace))


def restricted_tau2(y: Array, X: Array, v: Array) -> float:
    """Restricted maximum likelihood of the residual tau2: the highest of all maxima, 0 among them.

    Likelihood: Harville 1977. The score y'PPy - tr(P) is looked at on a grid and each fall through
    0 refined (Brent).

    Raises
    ------
    FitError
        If no maximum was found.
    """
    X = np.linalg.qr(X / np.sqrt((X**2).sum(0)))[0]
    ordinary = y - X @ (X.T @ y)
    top = 10.0 * (float((ordinary**2).sum()) / (len(y) - X.shape[1]) + float(v.max()))
    grid = np.concatenate([[0.0], np.geomspace(1e-4 * float(v.min()), top, _GRID)])

    def parts(t: float) -> tuple[float, float]:
        w = 1.0 / (v + t)
        inner = X.T @ (X * w[:, None])
        solve = np.linalg.inv(inner)
        u = w * (y - X @ (solve @ (X.T @ (w * y))))
        trace = w.sum() - float(np.trace(solve @ (X.T @ (X * (w**2)[:, None]))))
        height = -0.5 * (np.log(v + t).sum() + np.linalg.slogdet(inner)[1] + (u * y).sum())
        return float((u**2).sum()) - trace, float(height)

    slopes = np.array([parts(float(t))[0] for t in grid])
    found = [0.0] if slopes[0] <= 0 else []
    for i in np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0)):
        low, high = float(grid[i]), float(grid[i + 1])
        found.append(float(optimize.brentq(lambda t: parts(t)[0], low, high, xtol=1e-14 * top)))
    if not found:
        problem = Problem("tau2", "no maximum was found", 'try model="common"')
        raise FitError("the meta-regression did not converge", [problem])
    return max(found, key=lambda t: parts(t)[1])


def mixed_line(y: Array, X: Array, v: Array, method: str) -> Line:
    """Meta-regression with residual tau2 by ``"reml"`` or ``"dersimonian_laird"``, or 0."""
    tau2 = 0.0
    if method == "reml":
        tau2 = restricted_tau2(y, X, v)
    elif method == "dersimonian_laird":
        tau2 = moment_tau2(y, X, v)
    return weighted_line(y, X, 1.0 / (v + tau2), dispersion=False)._replace(tau2=tau2)
