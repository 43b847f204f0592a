"""What the adapters of networks share: calls parsed, contrasts read, matrices compared."""

import math
import re
from typing import Any

import numpy as np
import pandas as pd
from comparison import Comparison, NotOfferedError

from evidence.models.network.contrasts import network_contrasts
from evidence.models.network.data import NetworkData
from evidence.models.network.fit import NetworkEstimates

LOG = ("OR", "RR", "HR", "IRR", "ROM")
FIGURES = {"TE": "estimate", "se": "std_error", "lower": "ci_low", "upper": "ci_high"}


def calls(fixture: dict[str, Any]) -> str:
    """All R calls of the file in one text."""
    call = fixture["source"]["call"]
    return call if isinstance(call, str) else "; ".join(call)


def argument(call: str, name: str) -> str | None:
    """Value of a named argument in the call."""
    found = re.search(rf"(?<![\w.]){re.escape(name)}\s*=\s*(\"[^\"]*\"|'[^']*'|[^,()\s]+)", call)
    return found.group(1).strip("\"'") if found else None


def level(call: str, *names: str) -> float:
    """Confidence level: that of the first argument which is there."""
    for name in names:
        stated = argument(call, name)
        if stated is not None:
            return float(stated)
    return 0.95


def option(fixture: dict[str, Any], key: str, name: str) -> str | None:
    """An option as the file states it in words, else the argument of the call."""
    stated = fixture["options"].get(key)
    return str(stated) if stated else argument(calls(fixture), name)


def network(fixture: dict[str, Any]) -> NetworkData:
    """The contrasts of the file."""
    frame, call = pd.DataFrame(fixture["data"]), calls(fixture)
    if not {"studlab", "treat1", "treat2", "TE", "seTE"} <= set(frame.columns):
        raise NotOfferedError(f"{fixture['name']}: columns {list(frame.columns)}")
    frame = frame.dropna(subset=["TE", "seTE"])
    measure = str(option(fixture, "measure", "sm"))
    # R's tolerance is absolute; ours is in standard errors.
    absolute = float(argument(call, "tol.multiarm") or 1e-3)
    return network_contrasts(
        frame,
        study="studlab",
        treatment1="treat1",
        treatment2="treat2",
        estimate="TE",
        std_error="seTE",
        measure=measure,
        scale="log" if measure in LOG else "identity",
        tolerance=max(1e-3, absolute / float(frame["seTE"].min())),
    )


def places(fit_names: tuple[str, ...], expected: list[str]) -> list[int]:
    if sorted(fit_names) != sorted(expected):
        raise NotOfferedError(f"treatments {expected}, ours {fit_names}")
    return [fit_names.index(name) for name in expected]


def matrix(values: Any) -> np.ndarray:
    return np.array([[np.nan if x is None else x for x in row] for row in values], dtype=float)


def estimates(
    name: str, ours: NetworkEstimates, expected: dict[str, Any], order: list[int], near: float
) -> list[Comparison]:
    square = np.ix_(order, order)
    found = []
    for key, attribute in FIGURES.items():
        if key in expected:
            mine = getattr(ours, attribute).to_numpy()[square]
            found.append(off_diagonal(f"{name} {attribute}", mine, expected[key], near))
    spread = ours.std_error.to_numpy()[square]
    statistic = ours.estimate.to_numpy()[square] / np.where(spread > 0, spread, np.nan)
    if "stat" in expected:
        found.append(off_diagonal(f"{name} statistic", statistic, expected["stat"], near))
    if "pval" in expected:
        p = np.vectorize(lambda z: math.erfc(abs(z) / math.sqrt(2)))(statistic)
        found += p_values(f"{name} p", p, matrix(expected["pval"]), near)
    return found


def off_diagonal(name: str, mine: np.ndarray, expected: Any, near: float) -> Comparison:
    off = ~np.eye(len(mine), dtype=bool)
    return Comparison(name, mine[off], matrix(expected)[off], near)


def p_values(name: str, ours: Any, expected: Any, near: float) -> list[Comparison]:
    """Compare on the log scale: relative for tiny ones; none below what a double holds."""
    mine, theirs = np.atleast_1d(np.array(ours, float)), np.atleast_1d(np.array(expected, float))
    kept = np.isfinite(theirs) & (theirs > 1e-300)
    if not kept.any():
        return []
    return [Comparison(name, np.log(mine[kept]), np.log(theirs[kept]), 10 * near)]
