"""sample_model: draw from a model, refuse chains that have not met, compare with predictions."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.chains import ChainLimits, complaints, summarise
from evidence.models.bayesian.fit import INTERVALS, SAMPLED_COLUMNS, TERM_COLUMNS, Diagnostics
from evidence.models.bayesian.sampled import Run, diagnostics_of
from evidence.models.sampling.fit import SampledFit, conflict_notes
from evidence.models.sampling.model import names_in, numbers_of, transforms_in
from evidence.models.sampling.predictions import checked, hidden, silent, with_predictions
from evidence.models.sampling.setup import Setup

if TYPE_CHECKING:
    from pymc import Model

Array = NDArray[np.float64]
ADVICE = (
    "target_accept nearer to 1; a prior of the standard deviations with a thinner tail; or a model "
    "with fewer of them. Divergent draws leave a part of the posterior, often a funnel, unseen"
)


def sample_model(
    model: Model,
    *,
    seed: int,
    level: float = 0.95,
    interval: str = "central",
    chains: int = 4,
    draws: int = 1500,
    tune: int = 1500,
    target_accept: float = 0.95,
    limits: ChainLimits | None = None,
    prior_draws: int = 4000,
    cores: int | None = None,
) -> SampledFit:
    """Sample a model of ``build_model``, extended or not, by NUTS.

    Parameters
    ----------
    model : pymc.Model
        Of ``build_model``. What was added to it is sampled, diagnosed and reported with the rest.
    seed : int
        Same seed, versions and machine: same draws.
    level, interval : float, {"central", "shortest"}
    chains, draws, tune : int
        Draws and warm-up are per chain; at least two chains.
    target_accept : float
    limits : ChainLimits, optional
        What the chains must meet: R-hat 1.01, effective sample sizes 400, no divergences, Monte
        Carlo errors of 5% of the standard deviation. Relaxed ones stand in the notes.
    prior_draws : int
        Data sets drawn from the prior, with which what was observed is compared.
    cores : int, optional
        As many as the machine has if left out; does not change the draws.

    Returns
    -------
    SampledFit

    Raises
    ------
    FitError
        The model is none of ``build_model``, an option is wrong, or the chains miss the limits;
        the message says what to try.

    Notes
    -----
    nutpie compiles and samples; a model of the same form and size is compiled once only. A bar is
    shown where standard error is a terminal. Agreement with quadrature on twenty published data
    sets: docs/validation-sampling.md.

    Examples
    --------
    >>> fit = sample_model(build_model(table), seed=1)  # doctest: +SKIP
    """
    run = Run(chains, draws, tune, seed, target_accept, 0, cores)
    limits = ChainLimits() if limits is None else limits
    _require_options(level, interval, limits, prior_draws)
    setup = _setup_of(model)
    data = _draw(model, setup, run)
    found = _summaries(data, level, interval)
    diagnostics = diagnostics_of(found.values(), data, run)
    every = pd.concat(found.values())
    share = float((every["mcse_mean"] / every["sd"]).max(skipna=False))
    notes = _met(diagnostics, share, limits)
    data, more = with_predictions(model, setup, data, run, prior_draws)
    checks = {
        name: checked(setup, data, name) if name in data.groups() else pd.DataFrame()
        for name in ("prior_predictive", "posterior_predictive")
    }
    prior, posterior = checks["prior_predictive"], checks["posterior_predictive"]
    labels = pd.Index(setup.figures.labels, name="study")
    studies = found.get("theta", pd.DataFrame(columns=[*TERM_COLUMNS[1:], *SAMPLED_COLUMNS]))
    return SampledFit(
        model=str(setup.structure),
        likelihood=setup.structure.likelihood,
        measure=setup.figures.measure,
        level=level,
        interval=interval,
        terms=_terms(found, data, level, interval),
        studies=studies.set_axis(labels, axis=0) if len(studies) else studies,
        priors=setup.priors.frame(),
        diagnostics=diagnostics,
        mcse_share=share,
        limits=limits,
        prior_check=prior,
        posterior_check=posterior,
        inference_data=data,
        notes=(*notes, *more, *conflict_notes(prior, posterior)),
    )


def _require_options(level: float, interval: str, limits: object, prior_draws: int) -> None:
    problems = []
    if not 0.0 < level < 1.0:
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if interval not in INTERVALS:
        right = did_you_mean(str(interval), INTERVALS)
        problems.append(Problem("interval", f"unknown: {interval!r}", right))
    if not isinstance(limits, ChainLimits):
        problems.append(Problem("limits", f"{limits!r}", "ChainLimits(divergences=..., ...)"))
    if isinstance(prior_draws, bool) or not isinstance(prior_draws, int) or prior_draws < 100:
        right = "a whole number of at least 100"
        problems.append(Problem("prior_draws", repr(prior_draws), right))
    if problems:
        raise FitError("the model cannot be sampled as asked", problems)


def _setup_of(model: Any) -> Setup:
    setup = getattr(model, "evidence_setup", None)
    if not isinstance(setup, Setup):
        problem = Problem("model", f"{type(model).__name__}", "a model that build_model made")
        raise FitError("the model is not ours to sample", [problem])
    changed = [
        name
        for name, value in numbers_of(setup).items()
        if not np.array_equal(model[name].get_value(), value)
    ]
    if changed:
        right = "build_model with the other data, so that checks and LOO see them too"
        raise FitError(
            "the model's data were exchanged",
            [Problem(f"data {name!r}", "is not what was read", right) for name in changed],
        )
    return setup


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides how a model is compiled; models of one form and size differ in data alone."""

    form: tuple[Any, ...]
    model: Any = field(compare=False)


def _recipe(model: Any, setup: Setup) -> Recipe | None:
    """None where the model was extended, or is parametrized in another way."""
    if names_in(model) != model.evidence_names or transforms_in(model) != model.evidence_transforms:
        return None
    names = setup.structure.parameters
    kinds = tuple(getattr(setup.priors, name).kind for name in names)
    sizes = (setup.k, setup.z.shape[1], len(setup.clusters))
    variables = tuple(sorted(str(name) for name in model.named_vars))
    return Recipe((setup.structure, names, kinds, sizes, variables), model)


def _kept(model: Any) -> list[str]:
    return [v.name for v in (*model.free_RVs, *model.deterministics)]


@lru_cache(maxsize=32)
def _compiled(recipe: Recipe) -> Any:
    return _compile(recipe.model)


def _compile(model: Any) -> Any:
    with silent():
        import nutpie

        return nutpie.compile_pymc_model(model, var_names=_kept(model))


def _draw(model: Any, setup: Setup, run: Run) -> Any:
    recipe = _recipe(model, setup)
    compiled = _compile(model) if recipe is None else _compiled(recipe)
    with silent():
        import nutpie

        try:
            data: Any = nutpie.sample(
                compiled.with_data(**numbers_of(setup)),
                draws=run.draws,
                tune=run.tune,
                chains=run.chains,
                cores=min(run.chains, run.cores or os.cpu_count() or 1),
                seed=run.seed,
                target_accept=run.target_accept,
                progress_bar=sys.stderr.isatty(),
                save_warmup=False,
            )
        except RuntimeError as error:
            problem = Problem("model", str(error), "priors under which the data are possible")
            raise FitError("the sampler could not start", [problem]) from error
        there = {k: list(v) for k, v in model.coords.items() if k in data["posterior"].dims}
        return data.assign_coords(there)


def _summaries(data: Any, level: float, interval: str) -> dict[str, pd.DataFrame]:
    names = [str(name) for name in data["posterior"].data_vars]
    shown = [name for name in names if not hidden(name)]
    return {name: summarise(data, name, level, interval) for name in shown}


def _met(found: Diagnostics, share: float, limits: ChainLimits) -> tuple[str, ...]:
    """Refuse what misses the limits; say what only relaxed ones let pass."""

    def missed(those: ChainLimits) -> list[Problem]:
        problems = complaints(found, those, ADVICE)
        if not share <= those.mcse_share:
            what = (
                f"{100 * share:.1f}% of the standard deviation, above {100 * those.mcse_share:g}%"
            )
            problems.append(Problem("Monte Carlo error", what, f"more than draws={found.draws}"))
        return problems

    problems = missed(limits)
    if problems:
        raise FitError("the chains did not converge", problems)
    return tuple(f"let pass by the limits given: {problem}" for problem in missed(ChainLimits()))


def _terms(found: dict[str, pd.DataFrame], data: Any, level: float, interval: str) -> pd.DataFrame:
    parts = []
    posterior = data["posterior"]
    with silent():
        if "prediction" in posterior:
            found = {**found, "prediction": summarise(data, "prediction", level, interval)}
    for name, frame in found.items():
        dims = posterior[name].dims[2:]
        if set(dims) & {"study", "cluster"}:
            continue
        names = [name]
        if dims:
            inner = posterior[name].stack(element=dims)["element"].to_numpy()
            names = [f"{name}[{x[0] if len(x) == 1 else x}]" for x in inner]
        parts.append(frame.assign(term=names, level=level))
    every = pd.concat(parts, ignore_index=True)
    return every[[*TERM_COLUMNS, *SAMPLED_COLUMNS]]
