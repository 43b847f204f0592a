"""What values a mean can have: bounds far outside of any group of people, with the reason.

The bounds are for means and medians of groups at baseline or at the end, and for single limits of
a printed range only where ``anyone`` is true. They are wide on purpose: a figure outside them is a
slip of unit, sign or decimal point, not a rare finding.
"""

from __future__ import annotations

from dataclasses import dataclass

from evidence.catalog.terms import Terms


@dataclass(frozen=True, slots=True)
class Bound:
    """Lowest and highest mean of a group, in one unit, and why."""

    low: float
    high: float
    unit: str
    reason: str


ASSAYS = "ten times beyond the reference ranges of adults in either direction"
BOUNDS = {
    "estradiol": Bound(
        0.2,
        600,
        "pg/mL",
        f"{ASSAYS}; suppressed levels by mass spectrometry near"
        " 0.3 pg/mL in women, men below 60, the follicular peak below 600",
    ),
    "estrone": Bound(0.5, 800, "pg/mL", ASSAYS),
    "testosterone": Bound(
        2,
        3000,
        "ng/dL",
        f"{ASSAYS}; women near 20, castrate men below 50, men"
        " 250 to 1100 ng/dL, injections to 2500",
    ),
    "lh": Bound(0.01, 200, "IU/L", ASSAYS),
    "fsh": Bound(0.01, 250, "IU/L", ASSAYS),
    "shbg": Bound(2, 400, "nmol/L", ASSAYS),
    "total_cholesterol": Bound(60, 500, "mg/dL", "means of groups without a genetic disorder"),
    "ldl": Bound(20, 400, "mg/dL", "means of groups without a genetic disorder"),
    "hdl": Bound(15, 120, "mg/dL", "means of groups without a genetic disorder"),
    "triglycerides": Bound(30, 800, "mg/dL", "means of groups without a genetic disorder"),
    "spine_bmd": Bound(0.4, 1.8, "g/cm2", "areal densities of adults and children from 6 years"),
    "hip_bmd": Bound(0.4, 1.6, "g/cm2", "areal densities of adults and children from 6 years"),
    "femoral_neck_bmd": Bound(0.4, 1.6, "g/cm2", "areal densities from 6 years of age"),
    "trochanter_bmd": Bound(0.3, 1.4, "g/cm2", "areal densities from 6 years of age"),
    "trabecular_bmd": Bound(20, 400, "mg/cm3", "trabecular bone by quantitative CT"),
    "cortical_bmd": Bound(400, 1400, "mg/cm3", "cortical bone by quantitative CT"),
    "sperm_concentration": Bound(
        0, 400, "million/mL", "the 95th centile of fertile men is 213 million/mL (WHO manual 2010)"
    ),
    "total_motile_count": Bound(
        0, 1500, "million", "concentration x volume x motility at their highest"
    ),
    "predicted_adult_height": Bound(120, 220, "cm", "heights of adults"),
    "adult_height": Bound(120, 220, "cm", "heights of adults"),
    "height_gain": Bound(-5, 60, "cm", "growth of children in trials of some years"),
    "body_weight": Bound(10, 250, "kg", "people from infancy on"),
    "lean_mass": Bound(8, 120, "kg", "people from childhood on"),
    "fat_mass": Bound(1, 120, "kg", "people from childhood on"),
    "prostate_volume": Bound(5, 250, "mL", "volumes from the healthy young to large adenomas"),
    "heart_rate": Bound(35, 150, "beats/min", "resting means of groups"),
    "blood_pressure": Bound(30, 220, "mmHg", "systolic or diastolic means of groups"),
    "bone_age": Bound(0, 20, "years", "skeletons are mature before 20"),
    "six_minute_walk": Bound(20, 900, "m", "from severe disease to athletes"),
    "body_mass_index": Bound(10, 70, "kg/m2", "means of groups"),
    "crp": Bound(0.05, 200, "mg/L", "from high-sensitivity assays to severe inflammation"),
    "psa": Bound(0.02, 100, "ng/mL", "men without metastatic prostate cancer"),
    "leptin": Bound(0.2, 150, "ng/mL", "from lean men to obese women"),
    "adiponectin": Bound(0.5, 60, "mg/L", "means of groups"),
}
SCORES = {"T-score": (-6.0, 6.0), "z-score": (-6.0, 6.0), "SDS": (-6.0, 6.0)}
# Outcomes that are shares of a whole, so that their levels in % lie between 0 and 100.
SHARES = ("sperm_motility", "sperm_morphology", "survival", "hematocrit", "normozoospermia")
# Dimensions that cannot be negative at baseline or at the end.
NOT_NEGATIVE = (
    "mass_concentration", "amount_concentration", "activity_concentration", "areal_density",
    "volumetric_density", "count", "mass", "volume", "area", "number", "number_concentration",
    "heart_rate", "pressure", "event_rate", "turnover_rate", "collagen_per_creatinine",
)  # fmt: skip


def bound_in(outcome: str, unit: str, terms: Terms) -> tuple[float, float, str] | None:
    """Bounds of an outcome in a unit, and the reason; None where the table has none.

    Examples
    --------
    >>> from evidence.catalog.project import find_project
    >>> low, high, why = bound_in("estradiol", "pmol/L", find_project().terms())
    >>> round(low, 2), round(high)
    (0.73, 2203)
    """
    entry = BOUNDS.get(outcome)
    if entry is not None:
        factor = factor_between(outcome, entry.unit, unit, terms)
        if factor is not None:
            return entry.low * factor, entry.high * factor, entry.reason
    if unit in SCORES:
        return *SCORES[unit], "six SDs of the reference population"
    if unit == "%" and outcome in SHARES:
        return 0.0, 100.0, "a share of a whole"
    if unit in terms.units and terms.units[unit].dimension in NOT_NEGATIVE:
        return 0.0, float("inf"), f"{terms.units[unit].dimension} is not negative"
    return None


def factor_between(outcome: str, given: str, wanted: str, terms: Terms) -> float | None:
    """Multiply a figure in one unit by this to have it in another; None where none is known."""
    if given == wanted:
        return 1.0
    if given not in terms.units or wanted not in terms.units:
        return None
    one, other = terms.units[given], terms.units[wanted]
    scale = one.in_base / other.in_base
    if one.dimension == other.dimension:
        return scale
    word = terms.outcomes.get(outcome)
    if word is None or word.substance not in terms.substances:
        return None
    mass = terms.substances[word.substance].molar_mass
    pair = one.dimension, other.dimension
    if pair == ("mass_concentration", "amount_concentration"):
        return scale / mass
    if pair == ("amount_concentration", "mass_concentration"):
        return scale * mass
    return None
