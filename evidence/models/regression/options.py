"""The options of a meta-regression, checked in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.frequentist.options import (
    Tau2Interval,
    Tau2Method,
    check_tau2_interval,
    resolve,
)
from evidence.models.frequentist.pool_many import checked_weights

Array = NDArray[np.float64]
Test = Literal["z", "t", "knapp_hartung", "knapp_hartung_floored"]
TESTS = ("z", "t", "knapp_hartung", "knapp_hartung_floored")


@dataclass(frozen=True, slots=True)
class Choice:
    """Checked options: ``method`` None allows for no residual tau2, "fixed" has it stated.

    ``interval`` is the kind of interval of tau2; None where tau2 is not estimated.
    """

    method: str | None
    test: str
    level: float
    stated_tau2: float | None
    weights: Array | None
    interval: str | None = None


def check_options(
    tau2: Tau2Method | float | None,
    test: str,
    weights: ArrayLike | Literal["equal"] | None,
    level: float,
    k: int,
    tau2_interval: Tau2Interval | None = None,
) -> Choice:
    """Refuse unknown options.

    Raises
    ------
    FitError
    """
    if test not in TESTS:
        problem = Problem("test", f"unknown: {test!r}", did_you_mean(str(test), TESTS))
        raise FitError("the options of the meta-regression are not right", [problem])
    stated = None
    if weights is not None:
        equal = isinstance(weights, str) and weights == "equal"
        stated = checked_weights(np.ones(k) if equal else weights, (k,))
    if tau2 is None:
        options = resolve("common", None, None, level)
    else:
        options = resolve("random", tau2, None, level, weighted=weights is not None)
    kind = check_tau2_interval(tau2_interval, options)
    return Choice(options.tau2, test, level, options.stated_tau2, stated, kind)
