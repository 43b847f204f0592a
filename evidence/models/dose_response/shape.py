"""The shape of a trend over doses: powers, or a restricted cubic spline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record
from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_number
from evidence.models.dose_response.kernels_basis import power_basis, spline_basis

Array = NDArray[np.float64]
# Harrell 2015, table 2.3.
KNOT_QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}
WORDS = ("linear", "quadratic", "spline")


@dataclass(frozen=True, slots=True)
class DoseShape:
    """A trend; ``dose_spline`` and ``dose_powers`` make it.

    Attributes
    ----------
    kind : {"powers", "spline"}
    powers : tuple of float
    shift : float
        Added to every dose before the powers are taken.
    knots : tuple of float
        Empty until a spline given by quantiles has met its doses.
    quantiles : tuple of float
    """

    kind: str
    powers: tuple[float, ...] = ()
    shift: float = 0.0
    knots: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        shift = f"; {self.shift:g} added to each dose" if self.shift else ""
        return f"Shape of a dose-response: {self.words}{shift}"

    @property
    def size(self) -> int:
        """Number of coefficients."""
        if self.kind == "powers":
            return len(self.powers)
        return max(len(self.knots), len(self.quantiles)) - 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        if self.kind == "spline":
            return ("dose", *(f"spline {j + 1}" for j in range(self.size - 1)))
        dose, names = ("dose" if not self.shift else f"(dose + {self.shift:g})"), []
        for i, power in enumerate(self.powers):
            logs = self.powers[:i].count(power) + (power == 0.0)
            parts = [] if power == 0.0 else [dose if power == 1.0 else f"{dose}^{power:g}"]
            parts += [] if not logs else [f"log {dose}" + (f"^{logs}" if logs > 1 else "")]
            names.append(" ".join(parts))
        return tuple(names)

    @property
    def bent(self) -> tuple[int, ...]:
        """Places of the coefficients that are 0 where the trend is a straight line.

        Empty where no straight line is among the trends, or there is nothing else.
        """
        straight = [0] if self.kind == "spline" else [
            i for i, p in enumerate(self.powers) if p == 1.0
        ][:1]  # fmt: skip
        return tuple(i for i in range(self.size) if i not in straight) if straight else ()

    @property
    def words(self) -> str:
        """The shape in words."""
        if self.kind == "powers":
            known = {(1.0,): "linear", (1.0, 2.0): "quadratic"}
            text = ", ".join(f"{p:g}" for p in self.powers)
            return known.get(self.powers, f"powers {text}")
        return "restricted cubic spline, knots " + ", ".join(f"{k:.4g}" for k in self.knots)

    def basis(self, doses: Array) -> Array:
        """Terms (..., p) at doses (...).

        Raises
        ------
        FitError
            If a logarithm or power does not exist there.
        """
        doses = np.asarray(doses, dtype=np.float64)
        if self.kind == "spline":
            return spline_basis(doses, np.asarray(self.knots))
        whole = all(p > 0 and float(p).is_integer() for p in self.powers)
        logs = len(set(self.powers)) < len(self.powers)
        least = float(doses.min(initial=np.inf)) + self.shift
        if (not whole or logs) and least <= 0.0 and not (least == 0.0 and _at_zero(self.powers)):
            what = f"dose {least - self.shift:g} has no finite term in powers {self.powers}"
            right = "dose_powers(..., shift=...) with dose + shift above 0"
            raise FitError("the shape does not suit the doses", [Problem("shape", what, right)])
        return power_basis(doses, self.powers, self.shift)


def _at_zero(powers: tuple[float, ...]) -> bool:
    return min(powers) > 0.0 and len(set(powers)) == len(powers)


def dose_spline(
    knots: Sequence[float] | int = 3, *, quantiles: Sequence[float] | None = None
) -> DoseShape:
    """Restricted cubic spline: cubic between its knots, straight beyond them.

    Parameters
    ----------
    knots : sequence of float, or int
        Doses at which the pieces meet, three or more; or how many (3 to 7), which are put at the
        quantiles that Harrell 2015 (table 2.3) recommends, of all doses of the table.
    quantiles : sequence of float, optional
        In place of ``knots``: quantiles of the doses (Hyndman and Fan's type 7).

    Raises
    ------
    FitError
        If there are fewer than three knots, or they do not rise.

    Examples
    --------
    >>> dose_spline([0.0, 2.0, 5.0]).names
    ('dose', 'spline 1')
    >>> dose_spline(4).quantiles
    (0.05, 0.35, 0.65, 0.95)
    """
    if quantiles is not None:
        if knots != 3:
            what = "and quantiles are both given"
            raise _wrong("knots", what, "one of the two")
        return DoseShape("spline", quantiles=_rising("quantiles", quantiles, 0.0, 1.0))
    if isinstance(knots, int | np.integer):
        if knots not in KNOT_QUANTILES:
            raise _wrong("knots", f"is {knots}", "3 to 7, or the knots themselves")
        return DoseShape("spline", quantiles=KNOT_QUANTILES[knots])
    return DoseShape("spline", knots=_rising("knots", knots, -math.inf, math.inf))


def dose_powers(powers: Sequence[float], *, shift: float = 0.0) -> DoseShape:
    """Powers of dose: (1,) is linear, (1, 2) quadratic, others fractional polynomials.

    Parameters
    ----------
    powers : sequence of float
        0 is the logarithm; a power given twice is multiplied by the logarithm the second time
        (Royston and Altman 1994).
    shift : float
        Added to every dose, for powers that 0 does not have.

    Raises
    ------
    FitError

    Examples
    --------
    >>> dose_powers([0.5, 0.5], shift=1.0).names
    ('(dose + 1)^0.5', '(dose + 1)^0.5 log (dose + 1)')
    """
    found = _floats("powers", powers)
    if not found or not all(map(math.isfinite, found)):
        raise _wrong("powers", f"is {found!r}", "one or more finite numbers")
    if not is_number(shift) or shift < 0.0:
        raise _wrong("shift", f"is {shift!r}", "0 or more")
    return DoseShape("powers", powers=found, shift=float(shift))


def shape_of(shape: DoseShape | str, doses: Array) -> DoseShape:
    """Shape of a word, with knots where a spline was given by quantiles.

    Raises
    ------
    FitError
        If the word is unknown or the quantiles of the doses do not rise.
    """
    if isinstance(shape, str):
        known = {"linear": dose_powers([1]), "quadratic": dose_powers([1, 2])}
        if shape not in WORDS:
            raise _wrong("shape", f"unknown: {shape!r}", did_you_mean(shape, WORDS))
        shape = known.get(shape) or dose_spline(3)
    check_kind("shape", shape, DoseShape, FitError)
    if shape.kind == "powers" or shape.knots:
        return shape
    knots = tuple(float(k) for k in np.quantile(doses, shape.quantiles))
    if not np.all(np.diff(knots) > 0):
        what = "the quantiles of the doses are " + ", ".join(f"{k:g}" for k in knots)
        raise _wrong("shape", what, "dose_spline([...]) with knots that rise")
    return replace(shape, knots=knots)


def _rising(where: str, values: Sequence[float], low: float, high: float) -> tuple[float, ...]:
    found = _floats(where, values)
    ends = not found or found[0] < low or found[-1] > high
    if len(found) < 3 or ends or not np.all(np.diff(found) > 0) or not np.isfinite(found).all():
        raise _wrong(where, f"is {found!r}", "three or more numbers that rise")
    return found


def _floats(where: str, values: Sequence[float]) -> tuple[float, ...]:
    try:
        return tuple(float(v) for v in values)
    except (TypeError, ValueError):
        raise _wrong(where, f"is {values!r}", "numbers, such as [1, 2, 5]") from None


def _wrong(where: str, what: str, right: str) -> FitError:
    return FitError("the shape of the trend is not right", [Problem(where, what, right)])
