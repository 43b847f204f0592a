"""Claimed doses against the doses that men were given."""

from typing import Any

import pytest
from helpers import study

from evidence.catalog.claims import DoseAt
from evidence.rating.claims.doses import given_doses

AT = DoseAt(drug="anastrozole", low_mg=0.5, high_mg=1.0)


def arms(*doses: float | None) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [{"id": "p", "drug": "placebo", "weekly_dose_mg": 7.0}]
    for i, dose in enumerate(doses):
        told.append({"id": f"a{i}", "drug": "anastrozole", "weekly_dose_mg": dose})
    return told


def test_doses_are_listed_from_the_smallest_with_their_distance() -> None:
    one = study(id="b", arms=arms(7.0, None, 0.75))
    two = study(id="a", arms=[*arms(0.25), {"id": "l", "drug": "letrozole", "weekly_dose_mg": 1.0}])
    found = given_doses(AT, [one, two])
    assert [(x.study, x.weekly_mg, x.times) for x in found] == [
        ("a", 0.25, 0.5), ("b", 0.75, 1.0), ("b", 7.0, pytest.approx(7.0)),
    ]  # fmt: skip


def test_women_are_left_out() -> None:
    assert given_doses(AT, [study(arms=arms(7.0), sex="female")]) == ()
