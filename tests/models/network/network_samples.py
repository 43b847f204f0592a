"""Networks for tests: made up arms, and the contrasts that follow from them."""

import itertools

import numpy as np
import pandas as pd

from evidence.models.network.contrasts import network_contrasts
from evidence.models.network.data import NetworkData

DESIGNS = ("ab", "ab", "ac", "bc", "abc", "abc", "bd", "cd", "abcd", "ad")


def arms_of(
    designs: tuple[str, ...] = DESIGNS, *, seed: int = 1, tau: float = 0.4, spread: float = 1.0
) -> pd.DataFrame:
    """One row an arm: study, treatment, level, variance, mean, sd, n, events."""
    rng = np.random.default_rng(seed)
    truth = {name: 0.3 * i for i, name in enumerate("abcdefgh")}
    rows = []
    for i, design in enumerate(designs):
        base = rng.normal()
        for t in design:
            n = int(rng.integers(20, 80))
            v = spread * float(rng.uniform(0.5, 2.0)) / n
            level = base + truth[t] + rng.normal(0, tau / np.sqrt(2)) + rng.normal(0, np.sqrt(v))
            p = 1 / (1 + np.exp(1.5 - truth[t] - 0.3 * base))
            rows.append((f"s{i}", t, level, v, level, np.sqrt(v * n), n, int(rng.binomial(n, p))))
    return pd.DataFrame(
        rows, columns=["study", "treatment", "level", "variance", "mean", "sd", "n", "events"]
    )


def contrasts_of(arms: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, part in arms.groupby("study", sort=False):
        for i, j in itertools.combinations(part.index, 2):
            a, b = part.loc[i], part.loc[j]
            error = np.sqrt(a.variance + b.variance)
            rows.append((name, a.treatment, b.treatment, a.level - b.level, error))
    columns = ["study", "treatment1", "treatment2", "estimate", "std_error"]
    return pd.DataFrame(rows, columns=columns)


def network_of(designs: tuple[str, ...] = DESIGNS, **options: float) -> NetworkData:
    return network_contrasts(contrasts_of(arms_of(designs, **options)))


def triangle(third: float = 1.2) -> NetworkData:
    frame = pd.DataFrame(
        {
            "study": list("uvw"),
            "treatment1": list("xyx"),
            "treatment2": list("yzz"),
            "estimate": [1.0, 0.5, third],
            "std_error": [0.5, 0.5, 0.5],
        }
    )
    return network_contrasts(frame)
