"""Small synthetic terms, studies and questions that the tests of several folders share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evidence.catalog.number import Derived, Number
from evidence.catalog.question import Assumption, Question, Window
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects import counts, fisher, recover
from evidence.effects import derive as derive_module
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable

DATA = Path(__file__).resolve().parents[1] / "data"
Plain = dict[str, Any]


def _unit(dimension: str, in_base: float) -> Plain:
    return {"dimension": dimension, "in_base": in_base}


def _outcome(units: list[str], substance: str | None = None) -> Plain:
    open_point = {"open_point": "not seen"}
    word = {"label": "an outcome", "units": units, "better": "neither"}
    return (
        word | {"smallest_difference": open_point} | ({"substance": substance} if substance else {})
    )


TERMS_PLAIN: Plain = {
    "outcomes": {
        "estradiol": _outcome(["pg/mL", "pmol/L", "%"], "estradiol"),
        "testosterone": _outcome(["ng/dL", "nmol/L", "%"], "testosterone"),
        "ldl": _outcome(["mg/dL", "mmol/L", "%"], "cholesterol"),
        "spine_bmd": _outcome(["g/cm2", "mg/cm2", "%", "percentage points"]),
        "cv_event": _outcome(["count", "%"]),
    },
    "drugs": {
        "anastrozole": {"label": "Anastrozole", "drug_class": "aromatase_inhibitor"},
        "letrozole": {"label": "Letrozole", "drug_class": "aromatase_inhibitor"},
        "tamoxifen": {"label": "Tamoxifen", "drug_class": "serm"},
        "testosterone": {"label": "Testosterone", "drug_class": "androgen"},
        "placebo": {"label": "Placebo", "drug_class": "control"},
        "none": {"label": "No treatment", "drug_class": "control"},
    },
    "populations": {"men": {"label": "Men"}, "women": {"label": "Women"}},
    "units": {
        "pg/mL": _unit("mass_concentration", 1e-9),
        "ng/dL": _unit("mass_concentration", 1e-8),
        "mg/dL": _unit("mass_concentration", 1e-2),
        "pmol/L": _unit("amount_concentration", 1e-12),
        "nmol/L": _unit("amount_concentration", 1e-9),
        "mmol/L": _unit("amount_concentration", 1e-3),
        "g/cm2": _unit("areal_density", 1.0),
        "mg/cm2": _unit("areal_density", 1e-3),
        "%": _unit("percent", 1.0),
        "percentage points": _unit("percent", 1.0),
        "count": _unit("count", 1.0),
    },
    "substances": {
        "estradiol": {"molar_mass": 272.38, "source": "s", "locator": "l"},
        "testosterone": {"molar_mass": 288.42, "source": "s", "locator": "l"},
        "cholesterol": {"molar_mass": 386.65, "source": "s", "locator": "l"},
    },
}
TERMS = Terms.model_validate_json(json.dumps(TERMS_PLAIN))


def summary(mean: float | None = None, **spread: Any) -> Plain:
    return {"mean": mean, **spread}


def contrast(arm: str = "a", versus: str = "p", **told: Any) -> Plain:
    kind = "within" if versus == "baseline" else "between"
    return {"arm": arm, "versus": versus, "kind": kind, **told}


def outcome(
    arms: dict[str, Plain] | None = None,
    contrasts: list[Plain] | None = None,
    *,
    id: str = "o",
    word: str = "estradiol",
    unit: str | None = "pg/mL",
    weeks: float | None = 12,
    **more: Any,
) -> Plain:
    source = {"report": "r", "locator": "table 1", "read": "primary_full_text"}
    return {
        "id": id,
        "outcome": word,
        "unit": unit,
        "time": None if weeks is None else {"value": weeks, "unit": "week"},
        "type": "continuous",
        "source": source,
        "arms": arms or {},
        "contrasts": contrasts or [],
        **more,
    }


def study(
    *outcomes: Plain,
    id: str = "s",
    arms: dict[str, str] | list[Plain] | None = None,
    design: str = "parallel_rct",
    n_randomised: int | None = None,
    overlaps: tuple[str, ...] = (),
    sex: str = "male",
) -> Study:
    """Make a study; ``arms`` maps ids to drugs: a on anastrozole, p on placebo by default."""
    given = arms or {"a": "anastrozole", "p": "placebo"}
    listed = given if isinstance(given, list) else [{"id": i, "drug": d} for i, d in given.items()]
    plain = {
        "id": id,
        "name": id,
        "design": design,
        "blinding": "double_blind",
        "population": {"group": "men", "sex": sex, "n_randomised": n_randomised},
        "reports": [{"key": "r", "authors": "Doe J", "year": 2001}],
        "overlaps": list(overlaps),
        "arms": listed,
        "outcomes": list(outcomes),
    }
    return Study.model_validate_json(json.dumps(plain), context={"terms": TERMS})


def question(**changes: Any) -> Question:
    """Ask for the mean difference in estradiol, aromatase inhibitor against control."""
    asked: Plain = {
        "id": "q",
        "title": "t",
        "sexes": ("male",),
        "treatment": ("aromatase_inhibitor",),
        "control": ("control",),
        "outcomes": ("estradiol",),
        "measure": "MD",
        "window": Window(0, 100, 12, True),
    }
    asked |= changes
    if asked["measure"] == "MD":
        asked.setdefault("unit", "pg/mL")
    return Question(**asked)


def assume(name: Any, value: float | str) -> Assumption:
    return Assumption(name, value, "for the test")


def table(*studies: Study, **changes: Any) -> EffectTable:
    return effect_table(studies, question(**changes), TERMS)


def only(found: EffectTable) -> tuple[float, float, str]:
    """Estimate, standard error and route of the one row of a table."""
    assert found.k == 1, (found.rows, found.partial, found.unused)
    row = found.rows.iloc[0]
    return row["estimate"], row["std_error"], row["route"]


def recomputed(number: Number) -> float:
    """Value of a number, computed anew from its leaves alone."""
    if not isinstance(number, Derived):
        return number.value
    homes = (recover, counts, fisher, derive_module)
    rule = next(getattr(home, number.rule) for home in homes if hasattr(home, number.rule))
    return float(rule(**{name: recomputed(part) for name, part in number.inputs}))
