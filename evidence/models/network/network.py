"""network_meta: frequentist network meta-analysis of contrasts."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from scipy import special

from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_number
from evidence.models.frequentist.kernels import critical_value
from evidence.models.frequentist.kernels_intervals import ratio_interval
from evidence.models.network.data import (
    NetworkData,
    check_level,
    check_treatment,
    require_connected,
)
from evidence.models.network.fit import (
    NetworkEstimates,
    NetworkFit,
    NetworkHeterogeneity,
    NetworkPrediction,
    NetworkQ,
)
from evidence.models.network.kernels_basic import basic_contrasts, likelihood_tau2
from evidence.models.network.kernels_design import Designs, designs_of, within_designs
from evidence.models.network.kernels_graph import Edges
from evidence.models.network.kernels_network import degrees, moment_tau2, solve

NetworkTau2 = Literal[
    "reml",
    "maximum_likelihood",
    "dersimonian_laird",
    "reml_uncorrelated",
    "maximum_likelihood_uncorrelated",
]
TAU2_METHODS = get_args(NetworkTau2)


def network_meta(
    data: NetworkData,
    *,
    tau2: NetworkTau2 | float = "reml",
    reference: str | None = None,
    level: float = 0.95,
) -> NetworkFit:
    """Fit the consistency model with common and with random effects.

    Multi-arm studies are handled exactly: weights reduced as in Rücker 2012 and Rücker and
    Schwarzer 2014, which is generalised least squares with the covariance of their contrasts
    (Salanti 2008). One tau2 for all comparisons, tau2 / 2 for each arm. Checked against netmeta's
    ``netmeta`` and, for both likelihoods of tau2, metafor's ``rma.mv`` with that covariance.

    Parameters
    ----------
    data : NetworkData
        From ``network_contrasts`` or ``network_arms``; one connected network.
    tau2 : str or float
        "reml", "maximum_likelihood", "dersimonian_laird" (generalised moments: Jackson, White
        and Riley 2012), or a stated value. "reml_uncorrelated" and
        "maximum_likelihood_uncorrelated" leave the sampling covariance within multi-arm studies
        out of the likelihood of tau2, as R's netmeta 3.3 does; they are there for comparison,
        need a ``reference``, and differ only where there are multi-arm studies.
    reference : str, optional
        Treatment that ``print`` and tables compare with.
    level : float

    Returns
    -------
    NetworkFit
        Prediction intervals take the t distribution with the degrees of freedom of Q.

    Raises
    ------
    FitError
        For a disconnected network (its parts are named) and wrong options.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> frame = pd.DataFrame({"study": list("abcd"), "treatment1": list("xyxx"),
    ...     "treatment2": list("yzzy"), "estimate": [1.0, 0.5, 1.2, 0.9], "std_error": [0.5] * 4})
    >>> fit = network_meta(network_contrasts(frame), tau2="dersimonian_laird")
    >>> fit.common.estimate.round(4).loc["x"].to_dict()
    {'x': 0.0, 'y': 0.9, 'z': 1.3}
    """
    check_kind("data", data, NetworkData, FitError)
    check_level(level)
    check_treatment("reference", reference, data.treatments)
    method = _tau2_option(tau2, reference)
    require_connected(data, "network_meta")
    edges = data.edges
    found = solve(edges)
    df = degrees(edges, found.rank)
    notes = list(data.notes)
    value = tau2_of(edges, tau2, df, data.treatments.index(reference) if reference else None)
    if value is None:
        notes.append("tau2 cannot be estimated: no comparison is made more than once")
    heterogeneity = _heterogeneity(data, (found.q, df), value, method, level, reference)
    names = data.treatments
    common = NetworkEstimates("common", level, names, found.levels, found.covariance)
    random = None
    if value is not None:
        spread = solve(edges, value) if value > 0 else found
        random = NetworkEstimates("random", level, names, spread.levels, spread.covariance)
    prediction, reason = _prediction(random, value, df, level)
    return NetworkFit(
        data, reference, level, common, random, prediction, reason, heterogeneity, tuple(notes)
    )


def _tau2_option(tau2: NetworkTau2 | float, reference: str | None) -> str:
    problem = None
    if isinstance(tau2, str):
        if tau2 not in TAU2_METHODS:
            problem = Problem("tau2", f"unknown: {tau2!r}", did_you_mean(tau2, TAU2_METHODS))
        elif tau2.endswith("_uncorrelated") and reference is None:
            problem = Problem("tau2", f"{tau2!r} depends on a reference", "reference='...'")
    elif not (is_number(tau2) and tau2 >= 0):
        problem = Problem("tau2", f"is {tau2!r}", "a method's name or a number of at least 0")
    if problem:
        raise FitError("the options of the network are not right", [problem])
    return tau2 if isinstance(tau2, str) else "stated"


def tau2_of(edges: Edges, tau2: str | float, df: int, base: int | None) -> float | None:
    """Between-study variance by name or as stated; None where nothing tells of it."""
    if not isinstance(tau2, str):
        return float(tau2)
    if df <= 0:
        return None
    if tau2 == "dersimonian_laird":
        return moment_tau2(edges)
    correlated = not tau2.endswith("_uncorrelated")
    basic = basic_contrasts(edges, base, correlated=correlated)
    return likelihood_tau2(basic, restricted=tau2.startswith("reml"))


def chi_squared(q: float, df: int) -> NetworkQ:
    """Q with its p value; none without degrees of freedom."""
    if df <= 0:
        return NetworkQ(max(q, 0.0), 0, None)
    return NetworkQ(q, df, float(special.chdtrc(df, max(q, 0.0))))


def _heterogeneity(
    data: NetworkData,
    total: tuple[float, int],
    tau2: float | None,
    method: str,
    level: float,
    reference: str | None,
) -> NetworkHeterogeneity:
    designs: Designs = designs_of(
        data.edges, data.treatments.index(reference) if reference is not None else None
    )
    per_design = within_designs(designs)
    q, df = sum(d.q for d in per_design), sum(d.df for d in per_design)
    ratio = ratio_interval(total[0], total[1] + 1, level) if total[1] > 1 else None
    i2 = max(0.0, 100 * (1 - total[1] / max(total[0], total[1]))) if total[1] else None
    return NetworkHeterogeneity(
        tau2=tau2,
        tau2_method=method,
        total=chi_squared(*total),
        within=chi_squared(q, df),
        between=chi_squared(max(total[0] - q, 0.0), total[1] - df),
        i2=i2,
        i2_low=None if ratio is None else ratio.i2_low,
        i2_high=None if ratio is None else ratio.i2_high,
    )


def _prediction(
    random: NetworkEstimates | None, tau2: float | None, df: int, level: float
) -> tuple[NetworkPrediction | None, str | None]:
    if random is None or tau2 is None:
        return None, "tau2 cannot be estimated"
    if df < 1:
        return None, "Q has no degrees of freedom"
    half = critical_value(level, float(df)) * np.sqrt(random.std_error.to_numpy() ** 2 + tau2)
    np.fill_diagonal(half, 0.0)
    low, high = random.estimate - half, random.estimate + half
    return NetworkPrediction(low, high, df, level), None
