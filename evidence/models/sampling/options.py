"""Which model is asked for: likelihood, distribution of effects, arms and baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from evidence.errors import FitError, Problem, did_you_mean

LikelihoodName = Literal["normal", "binomial", "poisson", "beta_binomial"]
EffectsName = Literal["normal", "student_t", "mixture"]
ArmsName = Literal["contrast", "arm"]
BaselinesName = Literal["fixed", "random"]


@dataclass(frozen=True, slots=True)
class Structure:
    """A model's resolved options; None where the model has no such part."""

    likelihood: LikelihoodName
    effects: EffectsName | None
    arms: ArmsName | None
    baselines: BaselinesName | None
    clustered: bool
    moderated: bool

    @property
    def counts(self) -> bool:
        """Whether the data are events of two groups."""
        return self.likelihood != "normal"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the priors the model has, in the order of reading."""
        names = ["mu"]
        names += ["slopes"] if self.moderated else []
        if self.likelihood == "beta_binomial":
            return (*names, "baseline", "intraclass")
        if self.arms == "arm":
            return (*names, "baseline", "baseline_sd", "treated_sd", "correlation")
        names += ["tau"]
        names += ["tau_outer"] if self.clustered else []
        names += ["freedom"] if self.effects == "student_t" else []
        names += ["outlier_weight", "outlier_sd"] if self.effects == "mixture" else []
        names += ["baseline"] if self.counts else []
        names += ["baseline_sd"] if self.baselines == "random" else []
        return tuple(names)

    def __str__(self) -> str:
        parts = [f"{self.likelihood.replace('_', '-')} likelihood"]
        if self.effects is not None:
            words = {"student_t": "Student-t", "mixture": "two-component mixture of"}
            parts.append(f"{words.get(self.effects, self.effects)} effects")
        if self.arms == "arm":
            parts.append("arm-based")
        if self.baselines is not None:
            parts.append(f"{self.baselines} baselines")
        parts += ["three levels"] if self.clustered else []
        parts += ["moderators"] if self.moderated else []
        return ", ".join(parts)


def resolve(
    likelihood: LikelihoodName,
    effects: EffectsName | None,
    arms: ArmsName | None,
    baselines: BaselinesName | None,
    *,
    clustered: bool,
    moderated: bool,
) -> Structure:
    """Check the options and fill in defaults.

    Raises
    ------
    FitError
        Naming every option that is unknown, would do nothing, or does not go with another.
    """
    problems = []
    for where, value, known in (
        ("likelihood", likelihood, get_args(LikelihoodName)),
        ("effects", effects, (None, *get_args(EffectsName))),
        ("arms", arms, (None, *get_args(ArmsName))),
        ("baselines", baselines, (None, *get_args(BaselinesName))),
    ):
        if value not in known:
            right = did_you_mean(str(value), [x for x in known if x is not None])
            problems.append(Problem(where, f"unknown: {value!r}", right))
    if problems:
        raise FitError("there is no such model", problems)
    overdispersed = likelihood == "beta_binomial"
    by_arm = arms == "arm" and likelihood in ("binomial", "poisson")
    idle = {
        "effects": effects is not None and (overdispersed or by_arm),
        "arms": arms is not None and (overdispersed or likelihood == "normal"),
        "baselines": baselines is not None and (overdispersed or likelihood == "normal" or by_arm),
        "cluster": clustered and (overdispersed or by_arm),
    }
    which = "arms='arm', whose groups are bivariate normal" if by_arm else f"{likelihood!r}"
    problems = [
        Problem(name, f"would do nothing for {which}", "leave it out")
        for name, yes in idle.items()
        if yes
    ]
    if problems:
        raise FitError("the options of the model are not right", problems)
    if overdispersed:
        return Structure(likelihood, None, None, None, False, moderated)
    if likelihood == "normal":
        return Structure(likelihood, effects or "normal", None, None, clustered, moderated)
    if by_arm:
        return Structure(likelihood, None, "arm", None, False, moderated)
    chosen = baselines or "fixed"
    return Structure(likelihood, effects or "normal", "contrast", chosen, clustered, moderated)
