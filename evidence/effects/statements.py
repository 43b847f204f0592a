"""Statement: what a report says of one trial's estimate and its standard error, and no more."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import figure, folded
from evidence.errors import EffectError, Problem

INFINITE = math.inf


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """One reading of what was printed about the standard error.

    The variance of the estimate is ``variance - slope * r``, where r is a correlation that nobody
    printed (of baseline and final value, or of two periods); without one ``slope`` is 0.
    ``probability`` is that of this reading before anything was learned.
    """

    variance: float
    slope: float = 0.0
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a report says of an estimate y with standard error s.

    Each field holds what was said; what was not said stays open. ``y`` is either printed
    (``estimate``, to within ``half_width``) or known to lie where ``sign`` and the bounds of
    ``|y| / s`` say. ``s`` is either printed (``errors``, several where the page does not tell
    which), bounded (``se_low``, ``se_high``) or open; then it is an SD of the trial's outcome
    times ``size``.

    Attributes
    ----------
    row, study, label, kind, said : str
        Which trial, the kind of its report (a key of ``KINDS``, or "complete"), and its words.
    estimate : float or None
        On the analysis scale.
    half_widths : tuple of float
        How far the estimate may be off because of the rounding of each figure it was made of.
    errors : tuple of ErrorForm
        Readings of the standard error; their probabilities add up to 1. Empty: not printed.
    se_low, se_high : float
        Bounds of s.
    size : float or None
        ``sqrt(1 / n1 + 1 / n2)``, or ``1 / sqrt(n)`` within people; None where no n was printed.
    df : float or None
        Degrees of freedom of the sample SD behind a printed s.
    z_low, z_high : float
        Bounds of ``|y| / s``, from a P.
    sign : {-1, 0, 1}
        Direction of y; 0 where none was said.
    arm_only : bool
        Whether y is the change of the treated arm alone, the control arm's change not printed.
    control_change : tuple of float or None
        Change of the control arm and its standard error, where these were printed.
    """

    row: str
    study: str
    label: str
    kind: str
    said: str = ""
    estimate: float | None = None
    half_widths: tuple[float, ...] = ()
    errors: tuple[ErrorForm, ...] = ()
    se_low: float = 0.0
    se_high: float = INFINITE
    size: float | None = None
    df: float | None = None
    z_low: float = 0.0
    z_high: float = INFINITE
    sign: int = 0
    arm_only: bool = False
    control_change: tuple[float, float] | None = None
    notes: tuple[str, ...] = field(default=())

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        said = f", said: {self.said}" if self.said else ""
        found = [] if self.estimate is None else [f"estimate {figure(self.estimate)}"]
        found += [f"sign {self.sign:+d}"] if self.sign else []
        lines = [f"{self.label} ({self.kind}){said}", *(f"  {part}" for part in found)]
        return folded("\n".join([*map(plain, lines), *(f"  note: {note}" for note in self.notes)]))

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise EffectError("a report contradicts itself", problems)

    @property
    def complete(self) -> bool:
        """Whether the estimate and its standard error were printed, or follow from what was."""
        one = len(self.errors) == 1 and self.errors[0].slope == 0
        return self.estimate is not None and one and not self.arm_only

    @property
    def half_width(self) -> float:
        """How far the estimate may be off at the most, all its figures together."""
        return math.fsum(self.half_widths)

    @property
    def silent(self) -> bool:
        """Whether nothing was said from which the effect could be learned."""
        told = self.estimate is not None or self.sign != 0
        return not told and self.z_low <= 0 and math.isinf(self.z_high)


def _problems(s: Statement) -> Iterable[Problem]:
    where = f"report of {s.row}"
    numbers = {"estimate": s.estimate, "size": s.size, "df": s.df}
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            yield Problem(f"{where}, {name}", f"{value}", "a finite number, or None")
    if s.size is not None and not s.size > 0:
        yield Problem(f"{where}, size", f"{s.size:g}", "above 0: sqrt(1/n1 + 1/n2)")
    if not all(math.isfinite(h) and h >= 0 for h in s.half_widths):
        yield Problem(f"{where}, half_widths", f"{s.half_widths}", "0 or more each")
    if s.df is not None and s.df <= 0:
        yield Problem(f"{where}, df", f"{s.df:g}", "above 0")
    if s.sign not in (-1, 0, 1):
        yield Problem(f"{where}, sign", f"{s.sign}", "-1, 0 or 1")
    if not 0 <= s.se_low < s.se_high:
        text = f"{s.se_low} to {s.se_high}"
        yield Problem(f"{where}, se_low, se_high", text, "0 <= se_low < se_high")
    if not 0 <= s.z_low < s.z_high:
        text = f"{s.z_low} to {s.z_high}"
        yield Problem(f"{where}, z_low, z_high", text, "0 <= z_low < z_high")
    for form in s.errors:
        if not (form.variance > 0 and math.isfinite(form.variance) and 0 < form.probability <= 1):
            right = "a variance above 0 and a probability of at most 1"
            yield Problem(f"{where}, errors", f"{form}", right)
    if s.errors and abs(sum(form.probability for form in s.errors) - 1) > 1e-9:
        yield Problem(f"{where}, errors", "probabilities do not add up to 1", "readings of one ±")
    if s.arm_only and s.estimate is None and s.sign == 0:
        yield Problem(f"{where}, arm_only", "says nothing", "the change of the treated arm")
    if s.estimate is not None and s.sign * s.estimate < 0:
        text = f"{s.sign} beside an estimate of {s.estimate:g}"
        yield Problem(f"{where}, sign", text, "the direction of the estimate, or 0")
