"""Models of publication bias for averaging: none, weight functions, PET and PEESE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.priors import TauPrior, half_cauchy

Array = NDArray[np.float64]
TWO_SIDED = ((0.05,), (0.05, 0.10))
ONE_SIDED = ((0.05,), (0.025, 0.05), (0.05, 0.5), (0.025, 0.05, 0.5))


@dataclass(frozen=True, slots=True)
class BiasModel:
    """One way in which publication may depend on results.

    Attributes
    ----------
    kind : {"none", "weights", "pet", "peese"}
    steps : tuple of float
        Rising p-values at which the weight falls; for ``weights``.
    two_sided : bool
        Whether the steps are of two-sided p-values.
    prior : TauPrior or None
        Of the coefficient of ``pet`` and ``peese``, which is 0 or more. The weights have a
        cumulated Dirichlet(1, ..., 1) prior: uniform over falling ones.
    weight : float
        Prior weight beside the other bias models.
    """

    kind: str
    steps: tuple[float, ...] = ()
    two_sided: bool = False
    prior: TauPrior | None = None
    weight: float = 1.0

    _repr_html_ = html_of_text

    @property
    def levels(self) -> int:
        """Number of different weights."""
        return len(self.steps) + 1

    @property
    def cuts(self) -> Array:
        """Rising one-sided p-values at which the weight changes."""
        steps = np.array(self.steps)
        return np.concatenate([steps / 2, 1 - steps[::-1] / 2]) if self.two_sided else steps

    @property
    def of(self) -> NDArray[np.int64]:
        """Which weight holds in each interval between the cuts."""
        up = np.arange(self.levels)
        return np.concatenate([up, up[-2::-1]]) if self.two_sided else up

    def __str__(self) -> str:
        if self.kind == "weights":
            side = "two" if self.two_sided else "one"
            return f"weights {side}-sided {', '.join(f'{x:g}' for x in self.steps)}"
        return self.kind if self.prior is None else f"{self.kind} {self.prior}"


def no_bias(weight: float = 1.0) -> BiasModel:
    """Publication does not depend on results."""
    return BiasModel("none", weight=_weight(weight))


def weight_function(
    steps: Sequence[float], *, two_sided: bool = False, weight: float = 1.0
) -> BiasModel:
    """Publication probability that falls at steps of the p-value.

    Raises
    ------
    FitError
        If the steps do not rise between 0 and 1, or are more than three.

    Examples
    --------
    >>> print(weight_function([0.025, 0.05]))
    weights one-sided 0.025, 0.05
    """
    found = tuple(float(step) for step in steps)
    rising = all(a < b for a, b in pairwise(found))
    if not found or not rising or not all(0 < step < 1 for step in found):
        problem = Problem("steps", repr(steps), "rising p-values between 0 and 1")
        raise FitError("the weight function has no steps", [problem])
    if len(found) > 3:
        what = f"{len(found)} steps, an integral too wide for quadrature"
        raise FitError("the weight function is not offered", [Problem("steps", what, "at most 3")])
    return BiasModel("weights", found, bool(two_sided), weight=_weight(weight))


def pet(prior: TauPrior | None = None, weight: float = 1.0) -> BiasModel:
    """Means that rise with the standard error; half-Cauchy(1) prior if none is given."""
    return BiasModel("pet", prior=_prior(prior, 1.0), weight=_weight(weight))


def peese(prior: TauPrior | None = None, weight: float = 1.0) -> BiasModel:
    """Means that rise with the sampling variance; half-Cauchy(5) prior if none is given."""
    return BiasModel("peese", prior=_prior(prior, 5.0), weight=_weight(weight))


def ensemble(bias: str | Sequence[BiasModel] | None) -> tuple[BiasModel, ...]:
    """Bias models of a named ensemble (Bartos et al. 2023, Res Synth Methods), or as given.

    Parameters
    ----------
    bias : {"psma", "pp", "2w"}, sequence of BiasModel, or None
        ``psma``: none, six weight functions, PET and PEESE; ``pp``: none, PET and PEESE; ``2w``:
        none and two two-sided weight functions; None: no bias model at all.

    Raises
    ------
    FitError
        If the name is unknown or nothing is given.
    """
    if bias is None:
        return (no_bias(),)
    two = [weight_function(steps, two_sided=True, weight=1 / 2) for steps in TWO_SIDED]
    if bias == "2w":
        return (no_bias(), *two)
    if bias == "pp":
        return (no_bias(), pet(weight=1 / 2), peese(weight=1 / 2))
    if bias == "psma":
        both = [(steps, True) for steps in TWO_SIDED] + [(steps, False) for steps in ONE_SIDED]
        functions = [weight_function(a, two_sided=b, weight=1 / 12) for a, b in both]
        return (no_bias(), *functions, pet(weight=1 / 4), peese(weight=1 / 4))
    if isinstance(bias, str):
        right = did_you_mean(bias, ("psma", "pp", "2w"))
        raise FitError("no such ensemble", [Problem("bias", f"unknown: {bias!r}", right)])
    found = tuple(bias)
    if not found or not all(isinstance(model, BiasModel) for model in found):
        right = 'models such as [no_bias(), pet()], or "psma"'
        raise FitError("no such ensemble", [Problem("bias", repr(bias), right)])
    return found


def _weight(weight: float) -> float:
    if not (np.isfinite(weight) and weight > 0):
        problem = Problem("weight", repr(weight), "a number above 0")
        raise FitError("the bias model has no prior weight", [problem])
    return float(weight)


def _prior(prior: TauPrior | None, scale: float) -> TauPrior:
    found = half_cauchy(scale) if prior is None else prior
    if not isinstance(found, TauPrior) or not found.proper or found.family.from_data:
        problem = Problem("prior", f"{prior!r}", "a proper prior such as half_cauchy(1)")
        raise FitError("the coefficient needs a proper prior", [problem])
    return found
