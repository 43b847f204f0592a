"""Simulated effects, and the model's density written out, for the tests of multilevel models."""

import numpy as np
import pandas as pd
from scipy import stats

from evidence.models.multilevel.fit import MultilevelFit


def simulated(k: int = 40, studies: int = 9, seed: int = 1, outcomes: int = 3) -> pd.DataFrame:
    """Effects of outcomes within studies, with numbers of both."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "study": rng.integers(0, studies, k),
            "outcome": rng.integers(0, outcomes, k),
            "effect": np.arange(k),
            "dose": rng.normal(size=k),
            "std_error": rng.uniform(0.15, 0.4, k),
        }
    )
    between, within = rng.normal(0, 0.6, studies), rng.normal(0, 0.4, k)
    noise = rng.normal(size=k) * frame["std_error"]
    frame["estimate"] = 0.3 + between[frame["study"]] + within + noise
    return frame


def dense_log_likelihoods(fit: MultilevelFit, m: np.ndarray) -> tuple[float, float]:
    """Full and restricted log-likelihood at a marginal covariance (k, k), from the definitions."""
    x, y = fit.design.matrix, fit.outcomes
    w = np.linalg.inv(m)
    b = np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    full = float(stats.multivariate_normal(x @ b, m).logpdf(y))
    # The restricted likelihood is that of the contrasts K'y with K'X = 0 and K'K = I.
    basis = np.linalg.qr(np.column_stack([x, np.eye(len(y))]))[0]
    contrasts = basis[:, x.shape[1] : len(y)]
    left = contrasts.T @ y
    spread = contrasts.T @ m @ contrasts
    restricted = stats.multivariate_normal(np.zeros(len(left)), spread).logpdf(left)
    return full, float(restricted)
