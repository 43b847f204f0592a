"""One figure of ours beside the one a reference file states."""

from dataclasses import dataclass

import numpy as np


class NotOfferedError(Exception):
    """A reference file asks for something that no adapter maps to our calls."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A named figure, ours and theirs, and how far apart the two may be.

    ``relative`` False allows ``tolerance * max(1, |expected|)``, True allows
    ``tolerance * |expected|``. Vectors are compared element by element.
    An expected ``None`` means that no such figure exists, and ours must be None too.
    """

    name: str
    ours: object
    expected: object
    tolerance: float
    relative: bool = False

    def problem(self) -> str | None:
        """Say what is wrong, or None where the two agree."""
        if self.expected is None or self.ours is None:
            if self.expected is None and self.ours is None:
                return None
            return f"{self.name}: ours {self.ours!r}, expected {self.expected!r}"
        ours = np.atleast_1d(np.asarray(self.ours, dtype=float))
        expected = np.atleast_1d(np.asarray(self.expected, dtype=float))
        if ours.shape != expected.shape:
            return f"{self.name}: shape {ours.shape}, expected {expected.shape}"
        excess = self.deviation()
        if excess <= self.tolerance:
            return None
        return (
            f"{self.name}: ours {self.ours!r}, expected {self.expected!r}, "
            f"deviation {excess:.3g} > {self.tolerance:g}"
        )

    def deviation(self) -> float:
        """Largest deviation, in the unit the tolerance is stated in (NaN counts as infinite)."""
        if self.expected is None or self.ours is None:
            return 0.0 if self.expected is None and self.ours is None else float("inf")
        ours = np.atleast_1d(np.asarray(self.ours, dtype=float))
        expected = np.atleast_1d(np.asarray(self.expected, dtype=float))
        size = np.abs(expected) if self.relative else np.maximum(1.0, np.abs(expected))
        gap = np.abs(ours - expected)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(gap == 0.0, 0.0, gap / size)
        worst = float(np.max(ratio))
        return float("inf") if np.isnan(worst) else worst
