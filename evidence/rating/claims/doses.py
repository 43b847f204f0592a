"""The weekly doses that men were given, and how far a claimed dose stands from each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evidence.catalog.claims import DoseAt
from evidence.catalog.study import Study
from evidence.effects.labels import label


@dataclass(frozen=True, slots=True)
class GivenDose:
    """A weekly dose that an arm of men got; ``times`` is how often the claimed dose it is.

    Of a claimed range the nearer end counts; inside it ``times`` is 1.
    """

    study: str
    label: str
    arm: str
    design: str
    schedule: str
    weekly_mg: float
    times: float


def given_doses(at: DoseAt, studies: Iterable[Study]) -> tuple[GivenDose, ...]:
    """List the weekly doses of a drug in arms of men, smallest first.

    Arms whose weekly dose was not printed are left out, and boys.
    """
    found = []
    for study in studies:
        if study.population.sex != "male" or study.population.group == "boys":
            continue
        for arm in study.arms:
            weekly = arm.weekly_dose_mg
            if arm.drug != at.drug or weekly is None:
                continue
            end = at.low_mg if weekly < at.low_mg else at.high_mg
            inside = at.low_mg <= weekly <= at.high_mg
            times = 1.0 if inside else weekly / end
            how = (arm.schedule or "").replace("_", " ")
            found.append(
                GivenDose(study.id, label(study), arm.id, study.design, how, weekly, times)
            )
    return tuple(sorted(found, key=lambda x: (x.weekly_mg, x.study, x.arm)))
