"""Leave-one-out cross-validation of sampled models, and their comparison."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import figure, folded
from evidence.errors import FitError, Problem
from evidence.models.bayesian.chains import quiet
from evidence.models.sampling.fit import SampledFit


@dataclass(frozen=True, slots=True, eq=False)
class Loo:
    """Expected log predictive density of studies (or clusters) left out in turn.

    Attributes
    ----------
    elpd, std_error : float
    effective_parameters : float
    pointwise : DataFrame
        A row a study or cluster: elpd, pareto_k, trusted (k at most ``k_limit``).
    k_limit : float
        0.7, or less with few draws (Vehtari et al. 2024).
    notes : tuple of str
    """

    elpd: float
    std_error: float
    effective_parameters: float
    pointwise: pd.DataFrame
    k_limit: float
    notes: tuple[str, ...] = ()

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        lines = [
            f"Expected log predictive density {figure(self.elpd)}, std. error "
            f"{figure(self.std_error)}; {figure(self.effective_parameters)} effective parameters; "
            f"Pareto k trusted up to {figure(self.k_limit)}",
            *(f"  note: {note}" for note in self.notes),
        ]
        return folded("\n".join(lines))


def loo(fit: SampledFit) -> Loo:
    """Leave each study out by Pareto-smoothed importance sampling (Vehtari, Gelman & Gabry 2017).

    The likelihood is that of a study given the population, its own effect integrated out; of a
    three-level model that of a cluster.

    Raises
    ------
    FitError
        The fit has no log-likelihood; its notes say why.

    Examples
    --------
    >>> loo(fit).pointwise  # doctest: +SKIP
    """
    _require_likelihood({"fit": fit})
    with warnings.catch_warnings(), quiet():
        # What ArviZ warns of stands in the notes, by study.
        warnings.filterwarnings("ignore", message="Estimated shape parameter", category=UserWarning)
        import arviz as az

        leave: Any = az.loo
        found = leave(fit.inference_data, pointwise=True, var_name="studies")
    k = np.asarray(found.pareto_k)
    limit = float(found.good_k)
    labels = fit.inference_data["log_likelihood"]["studies"]
    index = pd.Index([str(x) for x in labels[labels.dims[2]].to_numpy()], name=labels.dims[2])
    frame = pd.DataFrame(
        {"elpd": np.asarray(found.loo_i), "pareto_k": k, "trusted": k <= limit}, index=index
    )
    doubtful = [str(name) for name in index[~frame["trusted"].to_numpy()]]
    notes: tuple[str, ...] = ()
    if doubtful:
        notes = (
            f"not to be trusted for {', '.join(doubtful)}: Pareto k above {limit:.2f}; "
            "sample the model without each of them",
        )
    return Loo(float(found.elpd_loo), float(found.se), float(found.p_loo), frame, limit, notes)


def compare_loo(fits: Mapping[str, SampledFit]) -> pd.DataFrame:
    """Compare models of the same data by leave-one-out, the best first.

    Returns
    -------
    DataFrame
        Indexed by name: rank, elpd, std_error, effective_parameters, difference (to the best),
        difference_std_error, weight (stacking; Yao et al. 2018), worst_k, trusted.

    Raises
    ------
    FitError
        Fewer than two fits, one without log-likelihood, or fits of other data.

    Examples
    --------
    >>> compare_loo({"normal": one, "t": other})  # doctest: +SKIP
    """
    if len(fits) < 2:
        problem = Problem("fits", f"{len(fits)} given", "two or more, by their names")
        raise FitError("nothing to compare", [problem])
    _require_likelihood(fits)
    _require_same(fits)
    with warnings.catch_warnings(), quiet():
        warnings.filterwarnings("ignore", message="Estimated shape parameter", category=UserWarning)
        import arviz as az

        data = {name: fit.inference_data for name, fit in fits.items()}
        found = az.compare(data, ic="loo", method="stacking", var_name="studies")
    single = {name: loo(fit) for name, fit in fits.items()}
    frame = pd.DataFrame(
        {
            "rank": found["rank"].astype(int),
            "elpd": found["elpd_loo"].astype(float),
            "std_error": found["se"].astype(float),
            "effective_parameters": found["p_loo"].astype(float),
            "difference": found["elpd_diff"].astype(float),
            "difference_std_error": found["dse"].astype(float),
            "weight": found["weight"].astype(float),
        }
    )
    frame["worst_k"] = [float(single[n].pointwise["pareto_k"].max()) for n in frame.index]
    frame["trusted"] = [bool(single[n].pointwise["trusted"].all()) for n in frame.index]
    return frame


def _require_likelihood(fits: Mapping[str, SampledFit]) -> None:
    problems = []
    for name, fit in fits.items():
        if "log_likelihood" not in fit.inference_data.groups():
            why = next((n for n in fit.notes if n.startswith("no log-likelihood")), "it has none")
            problems.append(Problem(name, why, "a model without that part"))
    if problems:
        raise FitError("leave-one-out needs a log-likelihood", problems)


def _require_same(fits: Mapping[str, SampledFit]) -> None:
    first, *others = fits.items()
    seen, unit = first[1].inference_data["observed_data"], _unit(first[1])
    problems = []
    for name, fit in others:
        those = fit.inference_data["observed_data"]
        if not seen.equals(those) or _unit(fit) != unit:
            right = f"models of the same data as {first[0]!r}, and likelihoods of the same units"
            problems.append(Problem(name, "was fitted to other data or units", right))
        elif {first[1].likelihood, fit.likelihood} == {"binomial", "poisson"}:
            right = "compare models whose totals mean the same"
            problems.append(Problem(name, "persons are not person-time", right))
    if problems:
        raise FitError("the models cannot be compared", problems)


def _unit(fit: SampledFit) -> str:
    return str(fit.inference_data["log_likelihood"]["studies"].dims[2])
