"""Lift a rule on floats to numbers that remember where they come from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from evidence.catalog.number import Assumed, Derived, Number, Reported, Source
from evidence.catalog.question import AssumptionName
from evidence.catalog.terms import Terms
from evidence.effects import recover
from evidence.errors import EffectError, Problem

Rule = Callable[..., Any]

CI_LEVEL = Assumed(
    0.95, None, "ci_level", "intervals are at 95 % where the page names no level", "convention"
)
# Rules that are chosen by an assumption of the question, and which one.
ASSUMING_RULES = {
    "unlabelled_as_se": ("unlabelled_spread",),
    "unlabelled_as_sd": ("unlabelled_spread",),
    "unnamed_as_mean": ("unnamed_centre",),
    "events_from_percent_nearest": ("percent_to_count",),
    "events_from_percent_fewest": ("percent_to_count",),
    "events_from_percent_most": ("percent_to_count",),
    "percent_of_own_baseline": ("percent_of_baseline",),
    "percent_of_common_baseline": ("percent_of_baseline",),
}


def derive(rule: Rule, unit: str | None, **inputs: Number) -> Derived:
    """Apply a rule to the values of its inputs.

    Parameters
    ----------
    rule : function of floats
        Its name is what the trace prints.
    unit : str or None
        Unit of the result.
    inputs : Number
        By the names of the rule's parameters.

    Raises
    ------
    EffectError
        If the result is not a finite number.

    Examples
    --------
    >>> from evidence.catalog.number import Given
    >>> derive(recover.se_from_sd, "g", sd=Given(6.0, "g"), n=Given(9, None)).value
    2.0
    """
    with np.errstate(all="ignore"):
        value = float(rule(**{name: number.value for name, number in inputs.items()}))
    if not math.isfinite(value):
        shown = ", ".join(f"{name} = {number.value:g}" for name, number in inputs.items())
        problem = Problem(rule.__name__, f"gives no number for {shown}", "check these figures")
        raise EffectError("a printed figure cannot be used as it stands", [problem])
    return Derived(value, unit, rule.__name__, tuple(inputs.items()))


def conversion_factor(terms: Terms, substance: str | None, unit: str, wanted: str) -> Number | None:
    """Factor that turns a figure in one unit into another, or None where no rule leads there.

    Mass and amount concentrations convert through the molar mass of the substance.

    Examples
    --------
    >>> from evidence.catalog.terms import Terms, UnitTerm, SubstanceTerm, DrugTerm
    >>> from evidence.catalog.terms import OutcomeTerm, PopulationTerm, Threshold
    >>> outcome = OutcomeTerm(label="E2", better="neither",
    ...                       smallest_difference=Threshold(open_point="not seen"))
    >>> terms = Terms(
    ...     outcomes={"e2": outcome}, drugs={"d": DrugTerm(label="d", drug_class="c")},
    ...     populations={"p": PopulationTerm(label="p")},
    ...     units={"pg/mL": UnitTerm(dimension="mass_concentration", in_base=1e-9),
    ...            "pmol/L": UnitTerm(dimension="amount_concentration", in_base=1e-12)},
    ...     substances={"estradiol": SubstanceTerm(molar_mass=272.38, source="s", locator="l")})
    >>> round(conversion_factor(terms, "estradiol", "pg/mL", "pmol/L").value, 4)
    3.6713
    """
    source, target = terms.units[unit], terms.units[wanted]
    scale = source.in_base / target.in_base
    where = Source("terms.yaml", f"units: {unit}, {wanted}", "primary_full_text", None)
    if source.dimension == target.dimension:
        return Reported(scale, f"{wanted} per {unit}", where, "terms/units")
    kinds = {source.dimension, target.dimension}
    if substance is None or kinds != {"mass_concentration", "amount_concentration"}:
        return None
    entry = terms.substances[substance]
    mass = Reported(
        entry.molar_mass,
        "g/mol",
        Source(entry.source, entry.locator, "primary_full_text", entry.url),
        f"terms/substances/{substance}/molar_mass",
    )
    units = Reported(scale, f"base {wanted} per base {unit}", where, "terms/units")
    if source.dimension == "mass_concentration":
        return derive(mass_to_amount, f"{wanted} per {unit}", units=units, molar_mass=mass)
    return derive(amount_to_mass, f"{wanted} per {unit}", units=units, molar_mass=mass)


def mass_to_amount(units: float, molar_mass: float) -> float:
    """Factor from a mass to an amount concentration."""
    return units / molar_mass


def amount_to_mass(units: float, molar_mass: float) -> float:
    """Factor from an amount to a mass concentration."""
    return units * molar_mass


def unlabelled_as_se(spread: float) -> float:
    """An unlabelled ± read as a standard error, as the question declares."""
    return spread


def unlabelled_as_sd(spread: float) -> float:
    """An unlabelled ± read as a standard deviation, as the question declares."""
    return spread


def unnamed_as_mean(centre: float) -> float:
    """A figure named neither mean nor median read as a mean, as the question declares."""
    return centre


def assumptions_in(number: Number) -> frozenset[str]:
    """Names of the question's assumptions that a figure leans on, from its tree.

    Examples
    --------
    >>> r = Assumed(0.5, None, "crossover_correlation", "no page says", "question q")
    >>> sorted(assumptions_in(derive(recover.negative, None, value=r)))
    ['crossover_correlation']
    """
    if isinstance(number, Assumed):
        return frozenset({number.name} & set(get_args(AssumptionName)))
    if not isinstance(number, Derived):
        return frozenset()
    below = (assumptions_in(part) for _, part in number.inputs)
    return frozenset(ASSUMING_RULES.get(number.rule, ())).union(*below)


def in_unit(
    number: Number, terms: Terms, substance: str | None, unit: str | None, wanted: str | None
) -> Number | None:
    """Express a figure in another unit; None where no rule leads there."""
    if wanted is None or unit == wanted:
        return number
    if unit is None:
        return None
    if terms.units[unit] == terms.units[wanted]:
        return number
    factor = conversion_factor(terms, substance, unit, wanted)
    if factor is None:
        return None
    return derive(recover.convert_unit, wanted, value=number, factor=factor)
