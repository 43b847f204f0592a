"""What chains say: summaries with Monte Carlo errors, the limits they must meet, agreement."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem
from evidence.models.bayesian.fit import BayesFit, Diagnostics

if TYPE_CHECKING:
    from arviz import InferenceData

Array = NDArray[np.float64]

COMPARED = ("mean", "median", "ci_low", "ci_high")
# Notices of the libraries about themselves, none of them about our numbers.
THIRD_PARTY = r"(arviz|pymc|pytensor|nutpie|numba|xarray|zarr)(\.|$)"


@dataclass(frozen=True, slots=True)
class ChainLimits:
    """What chains must meet (Vehtari et al. 2021); whoever relaxes it says so by passing another.

    Attributes
    ----------
    r_hat : float
        Most that rank-normalised split R-hat may be.
    ess : float
        Least bulk and tail effective sample size.
    divergences : int
        Most divergent transitions.
    mcse_share : float
        Largest Monte Carlo error of a mean, as a share of the posterior's standard deviation.

    Examples
    --------
    >>> ChainLimits(divergences=3).ess
    400.0
    """

    r_hat: float = 1.01
    ess: float = 400.0
    divergences: int = 0
    mcse_share: float = 0.05

    def __post_init__(self) -> None:
        problems = [
            Problem(f"limits: {name}", repr(value), f"a number of at least {least}")
            for name, value, least in (
                ("r_hat", self.r_hat, 1.0),
                ("ess", self.ess, 0.0),
                ("divergences", self.divergences, 0),
                ("mcse_share", self.mcse_share, 0.0),
            )
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= least
        ]
        if problems:
            raise FitError("these limits cannot be met or broken", problems)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what the sampling libraries say about their future and their speed, no more."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning, PendingDeprecationWarning):
            warnings.filterwarnings("ignore", category=category, module=THIRD_PARTY)
        # Speed, not numbers: nothing here multiplies large matrices.
        warnings.filterwarnings("ignore", message=r"PyTensor could not link to a BLAS")
        yield


def summarise(data: InferenceData, name: str, level: float, interval: str) -> pd.DataFrame:
    """Summarise one variable: a row for each of its elements.

    Columns mean, median, sd, ci_low, ci_high, their Monte Carlo errors, effective sample sizes
    and rank-normalised split R-hat (Vehtari et al. 2021), all as ArviZ computes them. The Monte
    Carlo errors of shortest limits are those of the quantiles at which they stand.
    """
    with quiet():
        import arviz as az

        variable = data["posterior"][name]
        draws = np.moveaxis(variable.to_numpy(), (0, 1), (-2, -1))
        rows = draws.reshape(-1, *draws.shape[-2:])
        return pd.DataFrame([_row(az, chains, level, interval) for chains in rows])


def _row(az: Any, chains: Array, level: float, interval: str) -> dict[str, float]:
    ends = [(1 - level) / 2, (1 + level) / 2]
    if interval == "central":
        low, high = np.quantile(chains, ends)
    else:
        low, high = az.hdi(chains.ravel(), hdi_prob=level)
        least = 1.0 / chains.size
        ends = [float(np.clip(np.mean(chains < x), least, 1 - least)) for x in (low, high)]
    return {
        "mean": float(chains.mean()),
        "median": float(np.median(chains)),
        "sd": float(chains.std(ddof=1)),
        "ci_low": float(low),
        "ci_high": float(high),
        "mcse_mean": _number(az.mcse(chains, method="mean")),
        "mcse_median": _number(az.mcse(chains, method="median")),
        "mcse_ci_low": _number(az.mcse(chains, method="quantile", prob=ends[0])),
        "mcse_ci_high": _number(az.mcse(chains, method="quantile", prob=ends[1])),
        "ess_bulk": _number(az.ess(chains, method="bulk")),
        "ess_tail": _number(az.ess(chains, method="tail")),
        "r_hat": _number(az.rhat(chains, method="rank")),
    }


def _number(value: Any) -> float:
    """Take the number out of what ArviZ answers: now a scalar, now an array of one."""
    return float(np.asarray(value).item())


def require_converged(found: Diagnostics, max_divergences: int) -> None:
    """Refuse chains of ``sample_bayes`` that have not met.

    Raises
    ------
    FitError
        R-hat above 1.01, a bulk or tail effective sample size below 400, or more divergences
        than are let pass. A figure that cannot be computed is refused too.
    """
    advice = (
        "target_accept nearer to 1, or a prior of tau with a thinner tail; "
        "pool_bayes answers the same question without sampling"
    )
    problems = complaints(found, ChainLimits(divergences=max_divergences), advice)
    if problems:
        raise FitError("the chains did not converge", problems)


def complaints(found: Diagnostics, limits: ChainLimits, on_divergences: str) -> list[Problem]:
    """What of R-hat, effective sample sizes and divergences is beyond the limits.

    ``on_divergences`` says what to try against these.
    """
    problems = []
    more = f"more than draws={found.draws}, tune={found.tune}"
    if not found.r_hat_max <= limits.r_hat:
        what = f"{found.r_hat_max:.4f}, above {limits.r_hat:g}"
        problems.append(Problem("R-hat", what, more))
    for name, size in (("bulk", found.ess_bulk_min), ("tail", found.ess_tail_min)):
        if not size >= limits.ess:
            what = f"{size:.0f}, below {limits.ess:.0f}"
            problems.append(Problem(f"{name} effective sample size", what, more))
    if found.divergences > limits.divergences:
        drawn = f"{found.divergences} of {found.chains * found.draws} draws"
        problems.append(Problem("divergences", drawn, on_divergences))
    return problems


def agreement(exact: BayesFit, sampled: BayesFit, *, most: float = 4.0) -> pd.DataFrame:
    """Compare a sampled fit with the exact one, in Monte Carlo errors.

    Parameters
    ----------
    exact, sampled : BayesFit
        Of the same effects under the same priors, with central intervals of the same level.
    most : float
        Largest difference, in Monte Carlo errors, that counts as agreement.

    Returns
    -------
    DataFrame
        A row for each of mean, median, ci_low, ci_high of mu, tau and prediction; columns term,
        quantity, exact, sampled, mcse, z, within. A mean that does not exist is left out.

    Raises
    ------
    FitError
        If the two do not answer the same question.
    """
    _require_same(exact, sampled)
    return compare_terms(exact.terms, sampled.terms, most=most)


def compare_terms(exact: pd.DataFrame, sampled: pd.DataFrame, *, most: float) -> pd.DataFrame:
    """Compare terms, row by row, as ``agreement`` does."""
    records = []
    pairs = zip(exact.to_dict("records"), sampled.to_dict("records"), strict=True)
    for ours, drawn in pairs:
        for quantity in COMPARED:
            if ours[quantity] is None:
                continue
            mcse = drawn[f"mcse_{quantity}"]
            z = (drawn[quantity] - ours[quantity]) / mcse
            records.append(
                {
                    "term": ours["term"],
                    "quantity": quantity,
                    "exact": float(ours[quantity]),
                    "sampled": float(drawn[quantity]),
                    "mcse": mcse,
                    "z": z,
                    "within": bool(abs(z) <= most),
                }
            )
    return pd.DataFrame(records)


def _require_same(exact: BayesFit, sampled: BayesFit) -> None:
    problems = []
    for where, fit, engine in (("exact", exact, "quadrature"), ("sampled", sampled, "nuts")):
        if fit.engine != engine:
            right = "agreement(pool_bayes(...), sample_bayes(...))"
            problems.append(Problem(where, f"engine {fit.engine!r}", right))
        if fit.interval != "central":
            problems.append(Problem(where, f"interval {fit.interval!r}", 'interval="central"'))
    columns = ["estimate", "std_error"]
    if not exact.table.rows[columns].equals(sampled.table.rows[columns]):
        problems.append(Problem("table", "the effects differ", "fit the same table twice"))
    for name in ("level", "prior_mu", "prior_tau"):
        one, other = getattr(exact, name), getattr(sampled, name)
        if str(one) != str(other):
            problems.append(Problem(name, f"{one} and {other}", "the same for both"))
    if problems:
        raise FitError("the two fits do not answer the same question", problems)
