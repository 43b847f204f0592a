"""The choices of ``effect_sizes``: checked, and refused where they would do nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.effects.sizes.cells import TO
from evidence.effects.sizes.registry import MEASURES, Measure
from evidence.errors import EffectError, Problem, did_you_mean


@dataclass(frozen=True, slots=True)
class Options:
    """What a kernel and the zero-cell policy are told."""

    add: float = 0.5
    to: str = "only0"
    drop00: bool = False
    vtype: str = "LS"
    correct: bool = True


def measure_of(code: str) -> Measure:
    """Look a measure up.

    Raises
    ------
    EffectError
        With the nearest code.

    Examples
    --------
    >>> measure_of("ZCOR").title
    "Fisher's z"
    """
    if not isinstance(code, str) or code not in MEASURES:
        right = did_you_mean(str(code), MEASURES, most=len(MEASURES))
        raise EffectError(
            "no such effect measure", [Problem(f"measure={code!r}", "unknown", right)]
        )
    return MEASURES[code]


def options_of(
    measure: Measure,
    add: float | None,
    to: str | None,
    drop00: bool,
    vtype: str | None,
    correct: bool | None,
    unit: str | None,
) -> Options:
    """Check the choices against the measure and fill in its defaults.

    Raises
    ------
    EffectError
        For an unknown choice, or one that would do nothing.

    Examples
    --------
    >>> options_of(MEASURES["AS"], None, None, False, None, None, None).add
    0.0
    """
    problems = _zero_cell_problems(measure, add, to, drop00)
    if vtype is not None and vtype not in measure.vtypes:
        right = did_you_mean(str(vtype), measure.vtypes)
        problems.append(Problem(f"vtype={vtype!r}", f"{measure.code} has no such variance", right))
    for name, value, fits in (
        ("correct", correct, measure.correctable),
        ("unit", unit, measure.has_unit),
    ):
        if value is not None and not fits:
            problems.append(Problem(name, f"does nothing for {measure.code}", "leave it out"))
    if problems:
        raise EffectError("the options do not fit the measure", problems)
    return Options(
        measure.add if add is None else float(add),
        "only0" if to is None else to,
        drop00,
        measure.vtypes[0] if vtype is None else vtype,
        True if correct is None else correct,
    )


def _zero_cell_problems(
    measure: Measure, add: float | None, to: str | None, drop00: bool
) -> list[Problem]:
    problems = []
    for name, asked in (("add", add is not None), ("to", to is not None)):
        if asked and not measure.cells:
            problems.append(Problem(name, f"does nothing for {measure.code}", "it has no cells"))
    if drop00 and "events1" not in measure.cells:
        right = "it is for events in two groups"
        problems.append(Problem("drop00", f"does nothing for {measure.code}", right))
    if add is not None and not (np.isfinite(add) and add >= 0):
        problems.append(Problem(f"add={add!r}", "impossible", "a finite number, at least 0"))
    if to is not None and to not in TO:
        problems.append(Problem(f"to={to!r}", "unknown", did_you_mean(str(to), TO)))
    elif to == "none" and add:
        problems.append(Problem(f"add={add!r}", 'does nothing with to="none"', "leave one out"))
    elif to in ("all", "if0all", "only0") and (measure.add if add is None else add) == 0:
        problems.append(Problem(f"to={to!r}", "does nothing, 0 is added", "give add=0.5, say"))
    return problems
