"""build_model: one function from data, options and priors to a PyMC model that can be extended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bayesian.chains import quiet
from evidence.models.sampling.options import (
    ArmsName,
    BaselinesName,
    EffectsName,
    LikelihoodName,
    resolve,
)
from evidence.models.sampling.parts import by_arm, by_contrast, overdispersed
from evidence.models.sampling.priors import Priors, ShapePrior, complete
from evidence.models.sampling.setup import (
    Setup,
    group_logs,
    prior_numbers,
    read_clusters,
    read_effects,
    read_groups,
    read_moderators,
)

if TYPE_CHECKING:
    from pymc import Model

Array = NDArray[np.float64]
GIVEN = "given_"  # begins the names of data, which then are no parameters' names


def build_model(
    table: EffectTable | pd.DataFrame,
    *,
    likelihood: LikelihoodName = "normal",
    effects: EffectsName | None = None,
    moderators: pd.DataFrame | str | None = None,
    data: pd.DataFrame | None = None,
    cluster: str | None = None,
    arms: ArmsName | None = None,
    baselines: BaselinesName | None = None,
    priors: Priors | None = None,
    events_treatment: str = "events_treatment",
    total_treatment: str = "total_treatment",
    events_control: str = "events_control",
    total_control: str = "total_control",
) -> Model:
    """Build a hierarchical model in PyMC.

    Parameters
    ----------
    table : EffectTable or DataFrame
        Normal likelihood: effects with their standard errors (a DataFrame has ``estimate`` and
        ``std_error``). Counts: a DataFrame, a row a study, with events and totals of two groups.
    likelihood : {"normal", "binomial", "poisson", "beta_binomial"}
        Poisson totals are person-time. Beta-binomial (Kuss 2015): all groups of one kind have one
        mean risk, and what studies differ by is the correlation within a group.
    effects : {"normal", "student_t", "mixture"}, optional
        Distribution of the studies' effects; normal where nothing is said. A mixture has outlying
        studies with a further standard deviation (Beath 2014).
    moderators : DataFrame or str, optional
        As in ``meta_regression``; always with an intercept, counted from the moderators' means.
    data : DataFrame, optional
        Columns for formula and cluster beside those of an EffectTable.
    cluster : str, optional
        Column of the outer level of a three-level model.
    arms : {"contrast", "arm"}, optional
        Of counts. "contrast" (the default): the effects of the studies are exchangeable. "arm":
        the log odds (or log rates) of both groups are, bivariate normal (Hong et al. 2016).
    baselines : {"fixed", "random"}, optional
        Of contrast-based counts: control groups unrelated (the default) or exchangeable.
    priors : Priors, optional
        Ratios and standardized effects have defaults; effects with a unit need ``mu`` and ``tau``.
    events_treatment, total_treatment, events_control, total_control : str
        Columns of counts.

    Returns
    -------
    pymc.Model
        With ``mu`` (average effect), ``tau``, ``theta`` (a study's effect) and what the options
        add; observed are ``effects``, or ``events_treatment`` and ``events_control``. Add to it
        within ``with model:``, then ``sample_model(model, seed=...)``.

    Raises
    ------
    FitError
        Data, options or priors do not make a model.

    Examples
    --------
    >>> frame = pd.DataFrame({"estimate": [-0.9, -1.6, 0.1], "std_error": [0.5, 0.4, 0.2]})
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> mine = Priors(mu=normal(0, 2), tau=half_normal(0.5))
    >>> model = build_model(frame, effects="student_t", priors=mine)
    >>> sorted(variable.name for variable in model.free_RVs)
    ['freedom_raw', 'mu', 'tau_raw', 'theta']
    """
    structure = resolve(
        likelihood, effects, arms, baselines,
        clustered=cluster is not None, moderated=moderators is not None,
    )  # fmt: skip
    columns = (events_treatment, total_treatment, events_control, total_control)
    if structure.counts:
        _refuse_data(data)
        figures, frame = read_groups(table, columns, rates=likelihood == "poisson")
    else:
        _refuse_columns(columns)
        figures, frame = read_effects(table, data)
    z, middle, width, names = read_moderators(moderators, frame, figures.labels)
    codes, clusters = read_clusters(cluster, frame)
    level = 0.0
    if figures.groups is not None and likelihood == "poisson":
        x1, n1, x2, n2 = figures.groups
        level = float(np.log((x1.sum() + x2.sum() + 0.5) / (n1.sum() + n2.sum())))
    chosen = complete(priors, structure, figures.scale, level)
    setup = Setup(structure, figures, z, middle, width, names, codes, clusters, chosen)
    return model_of(setup)


def _refuse_data(data: pd.DataFrame | None) -> None:
    if data is not None:
        what = "would do nothing: counts bring their columns along"
        raise FitError("the data are not right", [Problem("data", what, "leave it out")])


def _refuse_columns(columns: tuple[str, ...]) -> None:
    usual = ("events_treatment", "total_treatment", "events_control", "total_control")
    problems = [
        Problem(name, f"{given!r} would do nothing for a normal likelihood", "leave it out")
        for name, given in zip(usual, columns, strict=True)
        if name != given
    ]
    if problems:
        raise FitError("the columns are not those of the likelihood", problems)


def numbers_of(setup: Setup) -> dict[str, NDArray[Any]]:
    """Everything the model is fed; a compiled model takes other numbers of the same shape."""
    figures, structure = setup.figures, setup.structure
    held: dict[str, Any] = dict(prior_numbers(setup.priors, structure.parameters))
    for name in structure.parameters:
        prior = getattr(setup.priors, name)
        if isinstance(prior, ShapePrior) and prior.kind != "held":
            held[f"{name}_lower"] = prior.lower
    if structure.moderated:
        held |= {"z": setup.z, "width": setup.width}
    if structure.likelihood == "normal":
        held |= {"y": figures.y, "s": figures.s}
    elif figures.groups is not None:
        rates = structure.likelihood == "poisson"
        x1, n1, x2, n2 = figures.groups
        held |= {"x1": x1.astype(int), "x2": x2.astype(int), "n1": n1, "n2": n2}
        if not rates:
            held |= {"n1": n1.astype(int), "n2": n2.astype(int)}
        if structure.likelihood != "beta_binomial":
            held["control"], held["control_v"] = group_logs(x2, n2, rates=rates)
            if structure.arms == "arm":
                held["treated"], held["treated_v"] = group_logs(x1, n1, rates=rates)
            else:
                held["y"], held["s"] = figures.y, figures.s
    if structure.clustered:
        # Between the rows of a cluster some spread is likely: half of what is seen overall.
        w = 1.0 / (figures.s**2 + 0.5 * np.var(figures.y))
        total = np.bincount(setup.codes, weights=w)
        held |= {"cluster_y": np.bincount(setup.codes, weights=w * figures.y) / total}
        held |= {"cluster_v": 1.0 / total, "codes": setup.codes.astype(int)}
    return {f"{GIVEN}{name}": np.asarray(value) for name, value in held.items()}


def model_of(setup: Setup) -> Model:
    """The PyMC model of what is read and checked; it carries ``setup`` along."""
    structure = setup.structure
    coords: dict[str, Any] = {"study": list(setup.figures.labels)}
    if setup.clusters:
        coords["cluster"] = list(setup.clusters)
    if setup.moderators:
        coords["moderator"] = list(setup.moderators)
    with quiet():
        import pymc as pm

        with pm.Model(coords=coords) as model:
            given = numbers_of(setup)
            held = {name.removeprefix(GIVEN): pm.Data(name, x) for name, x in given.items()}
            mu = pm.Normal("mu", held["mu_mean"], held["mu_sd"])
            shift: Any = 0.0
            if structure.moderated:
                mean, sd = held["slopes_mean"], held["slopes_sd"]
                raw = pm.Normal("slopes_standard", mean, sd, dims="moderator")
                pm.Deterministic("slopes", raw / held["width"], dims="moderator")
                shift = pm.math.dot(held["z"], raw)
            if structure.likelihood == "beta_binomial":
                overdispersed(setup, held, mu, shift)
            elif structure.arms == "arm":
                by_arm(setup, held, mu, shift)
            else:
                by_contrast(setup, held, mu, shift)
    # What sample_model must know of the data; PyMC keeps attributes it does not know.
    model.evidence_setup = setup
    model.evidence_names = names_in(model)
    model.evidence_transforms = transforms_in(model)
    return model


def names_in(model: Any) -> tuple[frozenset[str], frozenset[str]]:
    """Names of the model's random variables and potentials, and of the observed among them."""
    every = [*model.free_RVs, *model.observed_RVs, *model.potentials]
    observed = [v.name for v in model.observed_RVs]
    return frozenset(v.name for v in every), frozenset(observed)


def transforms_in(model: Any) -> frozenset[tuple[str, str]]:
    """Names of the random variables, each with the kind of transform the sampler sees it by."""
    return frozenset((v.name, type(t).__name__) for v, t in model.rvs_to_transforms.items())
