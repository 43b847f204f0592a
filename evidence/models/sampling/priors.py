"""Priors of all parameters of the sampled models: declared, with reasons, or defaults that say why.

Means and standard deviations take the records of the exact engine; what lies between two limits,
or above one, takes a ``ShapePrior``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from evidence.catalog.display import html_of_text
from evidence.errors import FitError, Problem
from evidence.models.bayesian.priors import MuPrior, TauPrior, half_normal, normal
from evidence.models.sampling.options import Structure


@dataclass(frozen=True, slots=True)
class ShapePrior:
    """Prior of a parameter that shapes a distribution.

    Attributes
    ----------
    kind : {"gamma", "beta", "held"}
        ``lower`` plus a gamma variable; ``lower`` to ``upper`` by a beta variable; or held.
    parameters : tuple of (name, value)
    lower, upper : float
        Of the parameter; ``upper`` is None for a gamma.
    reason : str
    """

    kind: str
    parameters: tuple[tuple[str, float], ...]
    lower: float = 0.0
    upper: float | None = None
    reason: str = ""

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        values = dict(self.parameters)
        if self.kind == "held":
            return f"held at {values['value']:g}"
        if self.kind == "gamma":
            start = f"{self.lower:g} + " if self.lower else ""
            return f"{start}gamma({values['shape']:g}, {values['rate']:g})"
        where = "" if (self.lower, self.upper) == (0.0, 1.0) else f" on {self.lower:g} to 1"
        return f"beta({values['a']:g}, {values['b']:g}){where}"


def gamma(shape: float, rate: float, *, lower: float = 0.0, reason: str = "") -> ShapePrior:
    """Gamma prior, shifted to begin at ``lower``; its mean is ``lower + shape / rate``.

    Examples
    --------
    >>> print(gamma(2, 0.1, lower=2))
    2 + gamma(2, 0.1)
    """
    values = (("shape", _positive("shape", shape)), ("rate", _positive("rate", rate)))
    return ShapePrior("gamma", values, lower, None, reason)


def beta(a: float, b: float, *, lower: float = 0.0, reason: str = "") -> ShapePrior:
    """Beta prior between ``lower`` (0, or -1 for a correlation) and 1.

    Examples
    --------
    >>> print(beta(1, 9))
    beta(1, 9)
    """
    if lower not in (0.0, -1.0):
        what = Problem("beta: lower", repr(lower), "0, or -1 for a correlation")
        raise FitError("the prior is not a distribution", [what])
    return ShapePrior(
        "beta", (("a", _positive("a", a)), ("b", _positive("b", b))), lower, 1.0, reason
    )


def held(value: float, reason: str = "") -> ShapePrior:
    """Hold a shape parameter at a value instead of estimating it.

    Examples
    --------
    >>> print(held(4))
    held at 4
    """
    return ShapePrior("held", (("value", float(value)),), reason=reason)


def _positive(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e300:
        raise FitError(
            "the prior is not a distribution", [Problem(name, repr(value), "a number above 0")]
        )
    return float(value)


@dataclass(frozen=True, slots=True)
class Priors:
    """Priors of a sampled model; what is left out gets a default, which the fit shows.

    Attributes
    ----------
    mu : MuPrior
        Average effect, at the mean of the moderators where there are any.
    slopes : MuPrior
        Change of the effect for one standard deviation of a moderator.
    tau, tau_outer : TauPrior
        Standard deviation (Student-t: scale) of effects; of clusters, in a three-level model.
    freedom : ShapePrior
        Degrees of freedom of Student-t effects.
    outlier_weight, outlier_sd : ShapePrior, TauPrior
        Share of outlying studies, and the standard deviation they have beside tau.
    baseline : MuPrior
        Log odds or log rate of the control groups: of each (fixed baselines) or of their mean.
    baseline_sd, treated_sd : TauPrior
        Standard deviation of the log odds of control groups; of treated groups (arm-based).
    correlation : ShapePrior
        Between the two groups of a study (arm-based).
    intraclass : ShapePrior
        Correlation within a group that the beta-binomial adds.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> mine = Priors(mu=normal(0, 1, "a ratio beyond 7 is not credible"), tau=half_normal(0.3))
    >>> print(mine.tau)
    half-normal(0.3)
    """

    mu: MuPrior | None = None
    slopes: MuPrior | None = None
    tau: TauPrior | None = None
    tau_outer: TauPrior | None = None
    freedom: ShapePrior | None = None
    outlier_weight: ShapePrior | None = None
    outlier_sd: TauPrior | None = None
    baseline: MuPrior | None = None
    baseline_sd: TauPrior | None = None
    treated_sd: TauPrior | None = None
    correlation: ShapePrior | None = None
    intraclass: ShapePrior | None = None

    def frame(self) -> pd.DataFrame:
        """One row a prior: parameter, prior, reason."""
        given = [(f.name, getattr(self, f.name)) for f in fields(self)]
        records = [(name, str(p), p.reason) for name, p in given if p is not None]
        return pd.DataFrame(records, columns=["parameter", "prior", "reason"])


LOCATIONS = ("mu", "slopes", "baseline")
SCALES = ("tau", "tau_outer", "outlier_sd", "baseline_sd", "treated_sd")
# Least and greatest value a shape may be held at (exclusive), and where its prior begins.
SHAPES = {
    "freedom": (0.0, 1e300),
    "outlier_weight": (0.0, 1.0),
    "correlation": (-1.0, 1.0),
    "intraclass": (0.0, 1.0),
}


def complete(given: Priors | None, structure: Structure, scale: str | None, level: float) -> Priors:
    """Check the priors given and add defaults for the rest.

    Parameters
    ----------
    scale : {"log", "standardized"} or None
        Whether the effects are logs of ratios or standardized; otherwise they have a unit, and
        there is no default for them.
    level : float
        Log of the overall rate of events, at which the default for baselines of rates is centred.

    Raises
    ------
    FitError
        A prior is of the wrong kind, improper, missing or would do nothing.
    """
    given = Priors() if given is None else given
    if not isinstance(given, Priors):
        what = f"is a {type(given).__name__}"
        raise FitError(
            "the priors cannot be read", [Problem("priors", what, "Priors(mu=..., ...)")]
        )
    wanted = structure.parameters
    chosen: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in (f.name for f in fields(Priors)):
        prior = getattr(given, name)
        if name not in wanted:
            if prior is not None:
                what = f"{prior} would do nothing: the model has no such parameter"
                problems.append(Problem(f"priors: {name}", what, "leave it out"))
            continue
        prior = _default(name, structure, scale, level) if prior is None else prior
        problem = _wrong(name, prior)
        problems += [] if problem is None else [problem]
        chosen[name] = prior
    if problems:
        raise FitError("the priors do not fit the model", problems)
    return Priors(**chosen)


def _wrong(name: str, prior: object) -> Problem | None:
    where = f"priors: {name}"
    if prior is None:
        example = "normal(0, 4)" if name in LOCATIONS else "half_normal(scale)"
        what = "none is given, and effects that have a unit have no default"
        return Problem(where, what, f"state it in that unit, such as {example}, with the reason")
    if name in LOCATIONS:
        if not isinstance(prior, MuPrior):
            return Problem(where, f"{prior!r} is no prior of a mean", "normal(mean, sd)")
        right = "normal(mean, sd): prior predictions need proper priors"
        return None if prior.proper else Problem(where, "flat", right)
    if name in SCALES:
        if not isinstance(prior, TauPrior):
            what = f"{prior!r} is no prior of a standard deviation"
            return Problem(where, what, "half_normal(scale)")
        right = "half_normal(scale) or another proper one; sample_bayes takes those"
        usable = prior.proper and not prior.family.from_data
        return None if usable else Problem(where, f"{prior}, improper or made of the data", right)
    if not isinstance(prior, ShapePrior):
        return Problem(where, f"{prior!r} is no prior of a shape", "gamma, beta or held")
    low, high = SHAPES[name]
    if prior.kind == "held":
        value = dict(prior.parameters)["value"]
        zero = name == "outlier_weight" and value == 0.0
        right = f"above {low:g}" + (f" and below {high:g}" if high == 1.0 else "")
        return None if low < value < high or zero else Problem(where, str(prior), right)
    kind = "gamma" if name == "freedom" else "beta"
    if prior.kind != kind or prior.lower < low or (kind == "beta" and prior.lower != low):
        right = f"{kind}(...)" if low == 0.0 else f"{kind}(..., lower={low:g})"
        return Problem(where, str(prior), right)
    return None


def _default(
    name: str, structure: Structure, scale: str | None, level: float
) -> MuPrior | TauPrior | ShapePrior | None:
    by_scale: dict[str, MuPrior | TauPrior] = {}
    if scale == "log":
        ratios = "ratios up to 250 either way; weakly informative (Günhan, Röver & Friede 2020)"
        spread = "ratios of studies may differ several-fold; weakly informative (Röver et al. 2021)"
        by_scale = {
            "mu": normal(0.0, 2.82, ratios),
            "slopes": normal(0.0, 1.0, "a ratio of up to 7 for one SD of a moderator"),
            "tau": half_normal(0.5, spread),
            "tau_outer": half_normal(0.5, spread),
            "outlier_sd": half_normal(2.0, "outliers lie up to four log units off"),
        }
    elif scale == "standardized":
        spread = "0.34 as median: studies rarely differ by more (Röver et al. 2021)"
        by_scale = {
            "mu": normal(0.0, 2.0, "standardized differences beyond 4 are not seen"),
            "slopes": normal(0.0, 1.0, "one SD of a moderator moves the effect by 2 at most"),
            "tau": half_normal(0.5, spread),
            "tau_outer": half_normal(0.5, spread),
            "outlier_sd": half_normal(2.0, "outliers lie up to four standard deviations off"),
        }
    if name in by_scale:
        return by_scale[name]
    if name == "baseline":
        if structure.likelihood == "poisson":
            reason = "a rate has the unit of its time: centred on the overall rate, 2,500-fold wide"
            return normal(level, 4.0, reason)
        return normal(0.0, 4.0, "control risks from 0.04 % to 99.96 %")
    group = "control and treated risks may differ several-fold between studies"
    shapes: dict[str, TauPrior | ShapePrior] = {
        "freedom": gamma(
            2.0, 0.1, lower=2.0,
            reason="heavy and nearly normal tails alike (Juárez & Steel 2010); variance exists",
        ),
        "outlier_weight": beta(1.0, 9.0, reason="one study in ten is outlying, and few are many"),
        "baseline_sd": half_normal(1.0, group),
        "treated_sd": half_normal(1.0, group),
        "correlation": beta(1.0, 1.0, lower=-1.0, reason="uniform: any correlation of the groups"),
        "intraclass": beta(1.0, 9.0, reason="mean 0.1: people of one group are little alike"),
    }  # fmt: skip
    return shapes.get(name)
