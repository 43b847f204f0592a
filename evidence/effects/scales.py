"""From the scale of an analysis to the figures that readers know, and back."""

from __future__ import annotations

import math

from evidence.catalog.question import Scale

# What figures on a scale other than that of the outcome are called once they are brought back.
NAMES: dict[str, str] = {"log": "ratio", "logit": "proportion", "fisher_z": "correlation"}


def to_readers(value: float, scale: Scale | str) -> float:
    """Ratio of a logarithm, proportion of log odds, correlation of Fisher's z; else the value.

    Examples
    --------
    >>> round(to_readers(-0.385, "fisher_z"), 3), to_readers(0.0, "logit")
    (-0.367, 0.5)
    """
    if scale == "log":
        return math.exp(value)
    if scale == "logit":
        return (1 + math.tanh(value / 2)) / 2
    return math.tanh(value) if scale == "fisher_z" else value


def from_readers(value: float, scale: Scale | str) -> float:
    """Place on the analysis scale of a figure that readers know.

    Examples
    --------
    >>> round(from_readers(0.75, "logit"), 4)
    1.0986
    """
    if scale == "log":
        return math.log(value)
    if scale == "logit":
        return math.log(value / (1 - value))
    return math.atanh(value) if scale == "fisher_z" else value
