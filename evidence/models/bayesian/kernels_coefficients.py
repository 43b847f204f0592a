"""Meta-regression given tau: coefficients integrated in closed form.

``y ~ N(X b, diag(s^2 + tau^2))`` with ``b ~ N(b0, diag(1 / P))`` or flat where ``P`` is 0; Gelman
et al. (2013, sections 14.2 and 14.8); Roever and Friede (2023, Res Synth Methods 14, section 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def conditional(
    tau: Array, y: Array, s: Array, X: Array, mean: Array, precision: Array
) -> tuple[Array, Array, Array]:
    """Integrate the coefficients out at given tau.

    Parameters
    ----------
    tau : ndarray, shape (n,)
    y, s : ndarray, shape (k,)
    X : ndarray, shape (k, p)
    mean, precision : ndarray, shape (p,)
        Of the independent normal priors; precision 0 is a flat prior of density 1.

    Returns
    -------
    log_likelihood : ndarray, shape (n,)
    b : ndarray, shape (n, p)
    V : ndarray, shape (n, p, p)
        ``log p(y | tau)``, and mean and covariance of the coefficients given tau and y.
    """
    size = np.abs(X).max(axis=0)  # columns of size 1, for the sake of the solver
    Z, P, centre = X / size, precision / size**2, np.where(precision > 0, mean, 0.0) * size
    total = s**2 + tau[:, None] ** 2
    w = 1.0 / total
    A = np.einsum("nk,kp,kq->npq", w, Z, Z) + np.diag(P)
    gap = y - Z @ centre
    inverse = np.linalg.inv(A)
    b = centre + np.einsum("npq,nq->np", inverse, (w * gap) @ Z)
    residual = y - b @ Z.T
    proper = P > 0
    squares = (w * residual**2).sum(axis=-1) + ((b - centre) ** 2 * P).sum(axis=-1)
    _, log_det = np.linalg.slogdet(A)
    constant = 0.5 * np.log(P[proper]).sum() + 0.5 * (~proper).sum() * np.log(2 * np.pi)
    constant = constant - np.log(size[~proper]).sum()
    spread = np.log(2 * np.pi * total).sum(axis=-1)
    found = constant - 0.5 * (spread + log_det + squares)
    return found, b / size, inverse / np.outer(size, size)
