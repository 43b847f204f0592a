"""Parts of the PyMC models: effects of studies, groups, counts, priors.

The effects of the studies are ordinary random variables of the model. The sampler sees each
through an affine transform, standardized by what its own data and its distribution say together:
with normal effects and a normal likelihood that is the exact conditional distribution, and there
is no funnel, whether the data or the distribution of effects is the sharper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from evidence.models.bayesian.sampled import scale_variable
from evidence.models.sampling.priors import Priors
from evidence.models.sampling.setup import Setup


def by_contrast(setup: Setup, held: Mapping[str, Any], mu: Any, shift: Any) -> None:
    """Studies whose effects are exchangeable, seen with normal error or as counts."""
    import pymc as pm

    structure, priors = setup.structure, setup.priors
    tau = _scale(priors, held, "tau")
    centre = mu
    if structure.clustered:
        outer = _scale(priors, held, "tau_outer")
        standard = standardized(held["cluster_y"], held["cluster_v"], _last_two)
        seen = _seen(held["cluster_y"], held["cluster_v"])
        effects = pm.Normal("outer", mu + seen, outer, dims="cluster", default_transform=standard)
        centre = effects[held["codes"]]
    v = held["s"] ** 2
    mean = centre + shift + _seen(held["y"], v)
    if structure.effects == "normal":
        transform = standardized(held["y"], v, _last_two)
        theta = pm.Normal("theta", mean, tau, dims="study", default_transform=transform)
    elif structure.effects == "student_t":
        transform = standardized(held["y"], v, _last_two)
        nu = _shape(priors, held, "freedom")
        theta = pm.StudentT(
            "theta", nu=nu, mu=mean, sigma=tau, dims="study", default_transform=transform
        )
    else:
        theta = _mixture(priors, held, mean, tau)
    if structure.likelihood == "normal":
        pm.Normal("effects", theta, held["s"], observed=held["y"], dims="study")
        return
    if structure.baselines == "random":
        place, width = _mean_baseline(held), _scale(priors, held, "baseline_sd")
    else:
        place, width = held["baseline_mean"], held["baseline_sd"]
    transform = standardized(held["control"], held["control_v"], _last_two)
    place = place + _seen(held["control"], held["control_v"])
    control = pm.Normal("baseline", place, width, dims="study", default_transform=transform)
    _observe(setup, held, control + theta, control)


def by_arm(setup: Setup, held: Mapping[str, Any], mu: Any, shift: Any) -> None:
    """Studies whose groups are exchangeable: treated given control, bivariate normal."""
    import pymc as pm

    priors = setup.priors
    mean, sd = _mean_baseline(held), _scale(priors, held, "baseline_sd")
    other, rho = _scale(priors, held, "treated_sd"), _shape(priors, held, "correlation")
    pm.Deterministic("tau", pm.math.sqrt(sd**2 + other**2 - 2.0 * rho * sd * other))
    transform = standardized(held["control"], held["control_v"], _last_two)
    seen = _seen(held["control"], held["control_v"])
    control = pm.Normal("baseline", mean + seen, sd, dims="study", default_transform=transform)
    given = mean + mu + shift + rho * other / sd * (control - mean)
    spread = other * pm.math.sqrt(1.0 - rho**2)
    transform = standardized(held["treated"], held["treated_v"], _last_two)
    given = given + _seen(held["treated"], held["treated_v"])
    treated = pm.Normal("treated_level", given, spread, dims="study", default_transform=transform)
    pm.Deterministic("theta", treated - control, dims="study")
    _observe(setup, held, treated, control)


def overdispersed(setup: Setup, held: Mapping[str, Any], mu: Any, shift: Any) -> None:
    """Groups of one kind with one mean risk, and a correlation within groups (Kuss 2015)."""
    import pymc as pm

    level = _mean_baseline(held)
    rho = _shape(setup.priors, held, "intraclass")
    size = (1.0 - rho) / rho
    ones = np.ones(setup.k)
    for name, x, n, eta in (
        ("events_treatment", "x1", "n1", level + mu + shift),
        ("events_control", "x2", "n2", level),
    ):
        p = pm.math.sigmoid(eta * ones)
        pm.BetaBinomial(
            name, alpha=p * size, beta=(1.0 - p) * size, n=held[n], observed=held[x], dims="study"
        )


def _mean_baseline(held: Mapping[str, Any]) -> Any:
    import pymc as pm

    return pm.Normal("baseline_average", held["baseline_mean"], held["baseline_sd"])


def _observe(setup: Setup, held: Mapping[str, Any], treated: Any, control: Any) -> None:
    import pymc as pm

    for name, x, n, eta in (
        ("events_treatment", "x1", "n1", treated),
        ("events_control", "x2", "n2", control),
    ):
        if setup.structure.likelihood == "poisson":
            rate = held[n] * pm.math.exp(eta)
            pm.Poisson(name, mu=rate, observed=held[x], dims="study")
        else:
            pm.Binomial(name, n=held[n], logit_p=eta, observed=held[x], dims="study")


def _scale(priors: Priors, held: Mapping[str, Any], name: str) -> Any:
    import pymc as pm

    return pm.Deterministic(name, scale_variable(held, getattr(priors, name).kind, name))


def _shape(priors: Priors, held: Mapping[str, Any], name: str) -> Any:
    import pymc as pm

    prior = getattr(priors, name)
    if prior.kind == "held":
        return held[f"{name}_value"]
    lower = held[f"{name}_lower"]
    if prior.kind == "gamma":
        raw = pm.Gamma(f"{name}_raw", held[f"{name}_shape"], 1.0) / held[f"{name}_rate"]
        return pm.Deterministic(name, lower + raw)
    raw = pm.Beta(f"{name}_raw", held[f"{name}_a"], held[f"{name}_b"])
    return pm.Deterministic(name, lower + (1.0 - lower) * raw)


def _mixture(priors: Priors, held: Mapping[str, Any], mean: Any, tau: Any) -> Any:
    """Effects of which a share has a further standard deviation (Beath 2014)."""
    import pymc as pm

    weight = _shape(priors, held, "outlier_weight")
    wide = pm.math.sqrt(tau**2 + _scale(priors, held, "outlier_sd") ** 2)

    def log_density(value: Any, m: Any, narrow: Any, broad: Any, w: Any) -> Any:
        near = pm.logp(pm.Normal.dist(m, narrow), value)
        far = pm.logp(pm.Normal.dist(m, broad), value)
        # A weight held at 0 leaves the normal distribution; its logarithm must stay finite.
        return pm.math.logaddexp(pm.math.log(1.0 - w) + near, pm.math.log(w + 1e-300) + far)

    def draw(m: Any, narrow: Any, broad: Any, w: Any, rng: Any = None, size: Any = None) -> Any:
        outlying = rng.random(size=size) < w
        return rng.normal(m, np.where(outlying, broad, narrow), size=size)

    transform = standardized(held["y"], held["s"] ** 2, lambda inputs: (inputs[-4], inputs[-3]))
    return pm.CustomDist(
        "theta", mean, tau, wide, weight,
        logp=log_density, random=draw, signature="(),(),(),()->()",
        dims="study", default_transform=transform,
    )  # fmt: skip


def _seen(y: Any, v: Any) -> Any:
    """Nothing, of y and v: PyTensor finds what a transform uses only in the variable's graph."""
    return 0.0 * (y + v)


def _last_two(inputs: Any) -> tuple[Any, Any]:
    return inputs[-2], inputs[-1]


def standardized(y: Any, v: Any, pick: Callable[[Any], tuple[Any, Any]]) -> Any:
    """Transform of N(m, t) variables, of which each was seen as y with variance v.

    ``pick`` finds m and t among the inputs of the variable. Its image is standard normal given m
    and t if y was seen with normal error, and nearly so otherwise; the density is that of the
    variable whatever y and v are.
    """
    from pymc.logprob.transforms import Transform
    from pytensor import tensor as pt

    class Standardized(Transform):  # type: ignore[misc]
        name = "standardized"

        def _frame(self, inputs: Any) -> tuple[Any, Any]:
            m, t = pick(inputs)
            total = v + t**2
            return (v * m + t**2 * y) / total, t * pt.sqrt(v / total)

        def forward(self, value: Any, *inputs: Any) -> Any:
            centre, width = self._frame(inputs)
            return (value - centre) / width

        def backward(self, value: Any, *inputs: Any) -> Any:
            centre, width = self._frame(inputs)
            return centre + width * value

        def log_jac_det(self, value: Any, *inputs: Any) -> Any:
            _, width = self._frame(inputs)
            return pt.log(width) + 0.0 * value

    return Standardized()
