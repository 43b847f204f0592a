"""What a way from printed figures leads to: an estimate with its standard error."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.catalog.number import Number

PARTS = {
    "change_percent": "percent changes",
    "change": "changes",
    "formed_change": "changes formed with an assumed correlation",
    "final": "final values",
}


@dataclass(frozen=True, slots=True)
class ArmMean:
    """Mean of an arm with its standard error; ``n`` is None where it was not printed.

    ``part`` says what it is the mean of, a key of ``PARTS``: means of different parts never stand
    against one another.
    """

    mean: Number
    se: Number
    n: Number | None
    part: str


@dataclass(frozen=True, slots=True)
class ArmEvents:
    """Events of an arm among its total."""

    events: Number
    total: Number


@dataclass(frozen=True, slots=True)
class Found:
    """An estimate with its standard error on the analysis scale, and how they came about.

    ``n_treatment`` is set where the people are those of several arms together, ``arm`` where the
    estimate is a level of one arm.
    """

    estimate: Number
    std_error: Number
    route: str
    notes: tuple[str, ...] = ()
    arms: tuple[ArmMean, ArmMean] | tuple[ArmEvents, ArmEvents] | None = None
    n_treatment: Number | None = None
    arm: ArmMean | ArmEvents | None = None

    @property
    def part(self) -> str | None:
        """What the arms' figures are of: a key of ``PARTS``, ``events``, or None without arms."""
        if self.arms is None:
            return None
        return self.arms[0].part if isinstance(self.arms[0], ArmMean) else "events"
