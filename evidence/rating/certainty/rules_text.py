"""Hit: one rule and what it made of the inputs; and how rules write figures."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.catalog.question import EFFECTS
from evidence.rating.certainty.inputs import Inputs

RATIOS = tuple(measure for measure in EFFECTS if measure != "MD")
SMALL = 0.095  # below it, two decimals of a ratio would be fewer than two digits
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that was looked at: its code, the levels it takes (or gives), and why."""

    code: str
    step: int
    text: str

    @property
    def beside(self) -> bool:
        """Whether it decides nothing and is told all the same."""
        return self.code == "IM-B"


def figure(value: float) -> str:
    """Write with three significant digits.

    Examples
    --------
    >>> figure(-0.02846), figure(1811.0)
    ('−0.0285', '1810')
    """
    return f"{float(f'{value:.3g}'):.10g}".replace("-", MINUS)


def percent(share: float) -> str:
    """Write a share as a whole percentage."""
    return f"{100 * share:.0f} %"


def written(measure: str, *values: float) -> tuple[str, ...]:
    """Write figures that belong together: ratios with two decimals, others with three digits.

    A ratio below 0.095 would keep fewer than two digits; it and those beside it get three.

    Examples
    --------
    >>> written("RR", 1.4, 0.766), written("RR", 0.5, 0.0123), written("MD", -2.0, 1234.5)
    (('1.40', '0.77'), ('0.500', '0.0123'), ('−2.00', '1230'))
    """
    if measure in RATIOS and min(values) >= SMALL:
        return tuple(f"{value:.2f}" for value in values)
    return tuple(_three(value) for value in values)


def _three(value: float) -> str:
    if value == 0:
        return "0"
    places = 2 - int(f"{value:.2e}".split("e")[1])
    return f"{round(value, places):.{max(places, 0)}f}".replace("-", MINUS)


def span(inputs: Inputs, low: float, high: float) -> str:
    """Write an interval on the readers' scale: "0.77 to 1.40"."""
    unit = f" {inputs.unit}" if inputs.unit else ""
    ends = written(inputs.measure, inputs.shown(low), inputs.shown(high))
    return f"{' to '.join(ends)}{unit}"
