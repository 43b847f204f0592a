"""What stands beside the draws: predictions of prior and posterior, likelihoods, new effects."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem
from evidence.models.bayesian.chains import quiet
from evidence.models.bayesian.sampled import Run
from evidence.models.sampling.evaluate import check, log_likelihood, new_effects
from evidence.models.sampling.model import names_in
from evidence.models.sampling.priors import Priors
from evidence.models.sampling.setup import Setup

Array = NDArray[np.float64]
OF_STUDIES = ("outer", "theta", "baseline", "treated_level")
PREDICTED = 2000  # data sets predicted by the posterior


@contextmanager
def silent() -> Iterator[None]:
    """Without the libraries' notices: warnings about themselves, and PyMC's log of its steps."""
    log = logging.getLogger("pymc")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        with quiet():
            yield
    finally:
        log.setLevel(before)


def hidden(name: str) -> bool:
    """Whether a variable is one that only the sampler needs."""
    ours = {f"{field.name}_raw" for field in fields(Priors)} | {"slopes_standard"}
    return name.endswith("__") or name in ours


def _shown(group: Any) -> Any:
    return group.drop_vars([str(name) for name in group.data_vars if hidden(str(name))])


def with_predictions(
    model: Any, setup: Setup, data: Any, run: Run, prior_draws: int
) -> tuple[Any, tuple[str, ...]]:
    """Add the groups of predictions and likelihood, and drop what only the sampler needs."""
    notes = []
    if model.potentials:
        names = ", ".join(sorted(v.name for v in model.potentials))
        notes.append(f"no predictions: nothing can be drawn from the potentials {names}")
    else:
        _predict(model, data, run, prior_draws)
    flat = _flat(data)
    new = new_effects(setup, flat, run.seed)
    if names_in(model)[1] != model.evidence_names[1]:
        notes.append("no log-likelihood of studies: further data were observed")
    else:
        values, what = log_likelihood(setup, flat)
        if values is None:
            notes.append(f"no log-likelihood of studies: {what}")
        else:
            _add_likelihood(data, values, what, setup)
    with silent():
        posterior = _shown(data["posterior"])
        if new is not None:
            shape = (run.chains, run.draws)
            posterior = posterior.assign(prediction=(("chain", "draw"), new.reshape(shape)))
        data.posterior = posterior
        if "prior" in data.groups():
            data.prior = _shown(data["prior"])
    return data, tuple(notes)


def _flat(data: Any) -> dict[str, Array]:
    posterior = data["posterior"]
    return {
        str(name): values.to_numpy().reshape(-1, *values.shape[2:])
        for name, values in posterior.data_vars.items()
    }


def _predict(model: Any, data: Any, run: Run, prior_draws: int) -> None:
    seeds = [int(s) for s in np.random.SeedSequence([run.seed, 2]).generate_state(2)]
    step = max(1, (run.chains * run.draws) // PREDICTED)
    free = {v.name for v in model.free_RVs}
    # Unrelated baselines are no draws from a population: they stay what they are.
    fixed = model.evidence_setup.structure.baselines == "fixed"
    again = [name for name in OF_STUDIES if name in free and not (fixed and name == "baseline")]
    with silent():
        import pymc as pm

        try:
            with model:
                prior = pm.sample_prior_predictive(prior_draws, random_seed=seeds[0])
                # With it PyMC sees that the data did not change, and keeps the parameters drawn.
                data.extend(prior)
                thinned = data.isel(draw=slice(None, None, step))
                names = [*again, *(v.name for v in model.observed_RVs)]
                posterior = pm.sample_posterior_predictive(
                    thinned, var_names=names, random_seed=seeds[1], progressbar=False
                )
        except ValueError as error:
            right = "narrower priors: half_normal in place of half_cauchy, a smaller sd of baseline"
            problem = Problem("priors", f"predict what no computer holds: {error}", right)
            raise FitError("the prior has no predictions", [problem]) from error
        data.add_groups(posterior_predictive=posterior["posterior_predictive"])


def _add_likelihood(data: Any, values: Array, what: str, setup: Setup) -> None:
    with silent():
        import arviz as az

        chains, draws = data["posterior"].sizes["chain"], data["posterior"].sizes["draw"]
        labels = setup.clusters if what == "cluster" else setup.figures.labels
        found: Any = az.from_dict(
            log_likelihood={"studies": values.reshape(chains, draws, -1)},
            dims={"studies": [what]},
            coords={what: list(labels)},
        )
        data.extend(found)


def checked(setup: Setup, data: Any, group: str) -> pd.DataFrame:
    """What was observed beside what a group of the data predicts, as ``check`` does."""
    seen = data["observed_data"]
    names = ["effects"] if setup.figures.groups is None else ["events_treatment", "events_control"]
    observed = {name: seen[name].to_numpy() for name in names}
    drawn = {
        name: data[group][name].to_numpy().reshape(-1, *seen[name].shape).astype(np.float64)
        for name in names
    }
    return check(setup, observed, drawn)
