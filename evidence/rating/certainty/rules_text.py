"""Hit: one rule and what it made of the inputs; and how rules write figures."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.rating.certainty.inputs import Inputs

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


def span(inputs: Inputs, low: float, high: float) -> str:
    """Write an interval on the readers' scale: "0.77 to 1.40"."""
    unit = f" {inputs.unit}" if inputs.unit else ""
    return f"{figure(inputs.shown(low))} to {figure(inputs.shown(high))}{unit}"
