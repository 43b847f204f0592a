"""Levels that arms reached, and their distance from a claimed range."""

from typing import Any

import pytest
from helpers import TERMS, outcome, study

from evidence.catalog.claims import Holds, LevelAt
from evidence.catalog.study import Study
from evidence.errors import QuestionError
from evidence.rating.claims.levels import arm_levels, distance, level_ruling

WINDOW = Holds(relation="between", low=20, high=30)
ON_T = [{"drug": "testosterone", "detail": "100 mg weekly"}]
ARMS: list[dict[str, Any]] = [
    {"id": "t", "drug": "placebo", "background": ON_T, "n": 20},
    {"id": "ta", "drug": "anastrozole", "weekly_dose_mg": 7.0, "background": ON_T},
    {"id": "p", "drug": "placebo"},
    {"id": "own", "drug": "testosterone"},
]


def at(inhibitor: bool = False, **more: Any) -> LevelAt:
    told: dict[str, Any] = {"outcome": "estradiol", "unit": "pg/mL", "inhibitor": inhibitor}
    return LevelAt(**(told | more))


def trial(*entries: Any, **more: Any) -> Study:
    return study(*entries, **({"arms": ARMS} | more))


def entry(name: str = "o", weeks: float = 12, **arms: Any) -> Any:
    told = {arm: {"final": final} for arm, final in arms.items()}
    return outcome(told, id=name, weeks=weeks)


def test_arms_on_testosterone_with_and_without_an_inhibitor() -> None:
    one = trial(
        entry(t={"mean": 33.3, "sd": 4}, ta={"median": 22}, p={"mean": 25}, own={"mean": 9})
    )
    alone = arm_levels(at(), WINDOW, [one], TERMS)
    assert [(x.arm, x.level, x.kind, x.distance) for x in alone] == [
        ("own", 9.0, "mean", -11.0),
        ("t", 33.3, "mean", pytest.approx(3.3)),
    ]
    assert alone[1].regimen == "Testosterone (100 mg weekly)"
    assert (alone[1].n, alone[1].spread) == (20, "SD 4")
    (both,) = arm_levels(at(True), WINDOW, [one], TERMS)
    assert (both.arm, both.kind, both.distance) == ("ta", "median", 0.0)
    assert both.regimen == "Anastrozole 7 mg a week; Testosterone (100 mg weekly)"


def test_units_are_converted_and_the_spread_stays_as_printed() -> None:
    told = outcome({"t": {"final": {"mean": 100, "iqr": [90, 110]}}}, unit="pmol/L")
    (level,) = arm_levels(at(), WINDOW, [trial(told)], TERMS)
    assert level.level == pytest.approx(100 / 3.6713, rel=1e-4)
    assert level.spread == "IQR 90 to 110, as printed, in pmol/L"


def test_the_latest_time_stands_for_an_arm() -> None:
    one = trial(entry("early", 4, t={"mean": 20}), entry("late", 16, t={"centre": 28}))
    (level,) = arm_levels(at(), WINDOW, [one], TERMS)
    assert (level.level, level.weeks, level.kind) == (28.0, 16.0, "not named")


@pytest.mark.parametrize(
    "one",
    [
        trial(entry(t={"mean": 25}), sex="female"),
        trial(outcome({"t": {"final": {"mean": 25}}}, role="duplicate_source")),
        trial(outcome({"t": {"final": {"mean": 25}}}, word="testosterone", unit="ng/dL")),
        trial(outcome({"t": {"final": {"mean": 25}}}, unit="%")),
        trial(outcome({"t": {"baseline": {"mean": 25}}})),
        trial(outcome({"t": {"final": {"sd": 2}}})),
    ],
)
def test_what_gives_no_level(one: Study) -> None:
    assert arm_levels(at(), WINDOW, [one], TERMS) == ()


def test_distance_from_open_and_closed_ranges() -> None:
    above, below = Holds(relation="above", low=40), Holds(relation="below", low=40)
    assert distance(33.0, above) == -7.0
    assert distance(55.0, above) == 0.0
    assert distance(55.0, below) == 15.0
    assert distance(33.0, below) == 0.0
    assert [distance(x, WINDOW) for x in (15, 20, 30, 31)] == [-5, 0, 0, 1]


def test_only_the_claims_own_regimen_tests_a_level() -> None:
    inside, outside = trial(entry(t={"mean": 25})), trial(entry(t={"mean": 60}), id="z")

    def ruled(*same: str, studies: Any = (inside, outside)) -> tuple[str, str]:
        ruling = level_ruling(arm_levels(at(same=same), WINDOW, studies, TERMS))
        return ruling.verdict, ruling.rule

    assert ruled() == ("not_tested", "no_arm")
    assert ruled("s/t") == ("overstated", "unrated")
    assert ruled("z/t") == ("contradicted", "printed_against")
    assert ruled("s/t", "z/t") == ("uncertain", "open")


def test_a_level_of_what_is_not_known() -> None:
    with pytest.raises(QuestionError, match=r'level.unit: "pg/ml" is not known; did you mean'):
        arm_levels(at(unit="pg/ml"), WINDOW, [], TERMS)
    with pytest.raises(QuestionError, match=r'level.outcome: "estradio" is not known'):
        arm_levels(at(outcome="estradio"), WINDOW, [], TERMS)
