"""The options of a generalised linear mixed model, checked in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from evidence.errors import FitError, Problem, did_you_mean, is_fraction

Measure = Literal["OR", "IRR", "PLO", "IRLN"]
Likelihood = Literal[
    "unconditional_fixed", "unconditional_random", "conditional_exact", "conditional_approximate"
]
Coding = Literal["both", "treatment", "control"]
ModelName = Literal["random", "common"]
Test = Literal["z", "t"]
ONE_GROUP = ("PLO", "IRLN")
RATES = ("IRR", "IRLN")
POINTS = 7
MOST_POINTS = 101  # beyond, the outermost weights of Gauss-Hermite underflow
METAFOR = {
    "UM.FS": "unconditional_fixed",
    "UM.RS": "unconditional_random",
    "CM.EL": "conditional_exact",
    "CM.AL": "conditional_approximate",
}


@dataclass(frozen=True, slots=True)
class GlmmOptions:
    """Resolved options of ``pool_glmm``; ``likelihood`` is None for one group."""

    measure: Measure
    likelihood: Likelihood | None
    model: ModelName
    coding: Coding
    correlated: bool
    points: int
    drop_double_zero: bool
    test: Test
    level: float

    @property
    def one_group(self) -> bool:
        """Whether each study has one group only."""
        return self.measure in ONE_GROUP

    @property
    def rates(self) -> bool:
        """Whether the totals are person-time."""
        return self.measure in RATES

    @property
    def random(self) -> bool:
        """Whether the studies' effects are random."""
        return self.model == "random"

    @property
    def random_studies(self) -> bool:
        """Whether the studies' intercepts are random."""
        return self.likelihood == "unconditional_random"

    @property
    def observations(self) -> int:
        """Observations a study adds to the likelihood."""
        return 2 if self.likelihood in ("unconditional_fixed", "unconditional_random") else 1


def resolve(
    measure: Measure,
    likelihood: Likelihood | None,
    model: ModelName,
    coding: Coding | None,
    correlated: bool,
    points: int | None,
    drop_double_zero: bool | None,
    test: Test,
    level: float,
) -> GlmmOptions:
    """Check the options and fill in defaults.

    Raises
    ------
    FitError
        Naming every option that is unknown or would do nothing.
    """
    problems = []
    for where, value, known in (
        ("measure", measure, get_args(Measure)),
        ("model", model, get_args(ModelName)),
        ("likelihood", likelihood, (None, *get_args(Likelihood))),
        ("coding", coding, (None, *get_args(Coding))),
        ("test", test, get_args(Test)),
    ):
        if not isinstance(value, str | None) or value not in known:
            right = did_you_mean(str(value), [x for x in known if x is not None])
            if isinstance(value, str) and value in METAFOR:
                right = f'that is "{METAFOR[value]}" here'
            problems.append(Problem(where, f"unknown: {value!r}", right))
    if not is_fraction(level):
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if points is not None and not (isinstance(points, int) and 1 <= points <= MOST_POINTS):
        right = f"a whole number from 1 (Laplace) to {MOST_POINTS}"
        problems.append(Problem("quadrature_points", repr(points), right))
    if problems:
        raise FitError("the options of the mixed model are not right", problems)
    one_group = measure in ONE_GROUP
    chosen = None if one_group else (likelihood or "unconditional_fixed")
    studies = chosen == "unconditional_random"
    unconditional = studies or chosen == "unconditional_fixed"
    idle = {
        "likelihood": one_group and likelihood is not None,
        "drop_double_zero": one_group and drop_double_zero is not None,
        "coding": coding is not None and not (unconditional and model == "random"),
        "correlated": correlated and not (studies and model == "random"),
        "quadrature_points": points is not None and model == "common" and not studies,
    }
    _refuse_idle(idle, f"{measure!r}, {chosen!r}, {model!r}")
    if chosen == "conditional_approximate" and measure == "IRR":
        right = "likelihood='conditional_exact', which is binomial for rates"
        problems.append(Problem("likelihood", "rates need no approximation", right))
        raise FitError("the options of the mixed model are not right", problems)
    # Two random effects: Laplace by default, as other software knows nothing else.
    default = 1 if studies and model == "random" else POINTS
    return GlmmOptions(
        measure=measure,
        likelihood=chosen,
        model=model,
        coding=coding or "both",
        correlated=correlated,
        points=default if points is None else points,
        drop_double_zero=drop_double_zero is not False,
        test=test,
        level=level,
    )


def _refuse_idle(idle: dict[str, bool], choice: str) -> None:
    problems = [
        Problem(name, f"would do nothing for {choice}", "leave it out")
        for name, nothing in idle.items()
        if nothing
    ]
    if problems:
        raise FitError("the options of the mixed model are not right", problems)
