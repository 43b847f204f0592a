"""Straight lines through a funnel: weighted least squares and mixed-effects meta-regression."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.errors import FitError, Problem
from evidence.models.regression.kernels_gls_tau2 import estimate_tau2

Array = NDArray[np.float64]


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


def mixed_line(y: Array, X: Array, v: Array, method: str) -> Line:
    """Meta-regression with residual tau2 by ``"reml"`` or ``"dersimonian_laird"``, or 0.

    Raises
    ------
    FitError
        If tau2 did not converge, or as ``weighted_line``.
    """
    line = weighted_line(y, X, 1.0 / v, dispersion=False)
    if method == "common":
        return line
    found = estimate_tau2(method, y, v, np.linalg.qr(X / np.sqrt((X**2).sum(0)))[0])
    if not found.converged:
        problem = Problem("tau2", "no maximum was found", 'try model="common"')
        raise FitError("the meta-regression did not converge", [problem])
    line = weighted_line(y, X, 1.0 / (v + found.tau2), dispersion=False)
    return line._replace(tau2=float(found.tau2))
