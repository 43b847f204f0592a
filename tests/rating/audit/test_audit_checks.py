"""Each check on figures that contradict, and on the same figures when they agree."""

from pathlib import Path
from typing import Any

import pytest
from helpers import TERMS, contrast, outcome, study, summary

from evidence.catalog.project import find_project
from evidence.catalog.study import Study
from evidence.rating.audit.audit import audit
from evidence.rating.audit.bounds import BOUNDS, bound_in, factor_between
from evidence.rating.audit.finding import AuditFinding
from evidence.rating.audit.registry import CHECKS

ROOT = Path(__file__).resolve().parents[3]
BOUNDS_OF_SCORES = "six SDs of the reference population"
# Words whose unit no curated trial has printed so far.
NOT_YET_MEASURED = ("body_mass_index",)
ARMS = [{"id": "a", "drug": "anastrozole", "n": 30}, {"id": "p", "drug": "placebo", "n": 30}]


def found(*studies: Study) -> list[AuditFinding]:
    return list(audit(studies, TERMS).findings)


def codes(*studies: Study) -> set[str]:
    return {f.code for f in found(*studies)}


def only(code: str, *studies: Study) -> AuditFinding:
    (one,) = [f for f in found(*studies) if f.code == code]
    return one


def row(n: int | None = 30, **parts: Any) -> dict[str, Any]:
    return {"n": n, **parts}


def two(
    a: dict[str, Any], p: dict[str, Any], *contrasts: dict[str, Any], id: str = "s", **more: Any
) -> Study:
    return study(outcome({"a": a, "p": p}, list(contrasts), **more), id=id, arms=ARMS)


def level(id: str, mean: float, **spread: Any) -> Study:
    unit = spread.pop("unit", "pg/mL")
    word = spread.pop("word", "estradiol")
    part = spread.pop("part", "baseline")
    told = {part: summary(mean, **spread)}
    return study(outcome({"a": row(**told)}, unit=unit, word=word), id=id, arms=ARMS)


def others(**changes: Any) -> list[Study]:
    """Five trials of one outcome whose levels and SDs are much alike."""
    figures = [(24, 8), (26, 9), (29, 9), (22, 7), (25, 8)]
    return [level(f"t{i}", m, sd=s, **changes) for i, (m, s) in enumerate(figures)]


def test_every_check_has_a_code_a_threshold_and_a_source() -> None:
    assert [c.code for c in CHECKS] == [f"A{i:02d}" for i in range(1, 20)]
    assert len({c.name for c in CHECKS}) == len(CHECKS)
    assert all(c.threshold and c.source for c in CHECKS)


# A01


def test_a_standard_error_under_the_name_of_an_sd() -> None:
    one = only("A01", *others(), level("x", 25, sd=1.5))
    assert (one.study, one.severity) == ("x", "error")
    assert "as SE it would lie" in one.found


def test_an_sd_under_the_name_of_a_standard_error() -> None:
    one = only("A01", *others(), level("x", 25, se=8.5))
    assert (one.study, one.severity) == ("x", "error")


def test_an_sd_like_the_others_and_a_standard_error_under_its_name() -> None:
    assert "A01" not in codes(*others(), level("x", 25, sd=8.5), level("y", 25, se=1.5))


def test_a_spread_without_a_name_may_be_either() -> None:
    alike = level("x", 25, spread=1.5), level("y", 25, spread=8.5)
    assert "A01" not in codes(*others(), *alike)
    assert only("A01", *others(), level("x", 25, spread=0.1)).severity == "warning"


def test_too_few_trials_are_not_compared() -> None:
    result = audit([*others()[:3], level("x", 25, sd=0.5)], TERMS)
    assert not [f for f in result.findings if f.code == "A01"]
    assert result.too_few["A01"] == 4


def test_the_units_of_the_others_are_converted() -> None:
    assert "A01" not in codes(*others(), level("x", 92, sd=31, unit="pmol/L"))


# A02 and A10


def arms_with(spread: str, value: float, p: dict[str, Any]) -> Study:
    a, b = (row(change=summary(m, **{spread: value})) for m in (-10.0, -4.0))
    return two(a, b, contrast(p=p))


def test_p_says_which_reading_of_the_spread_is_right() -> None:
    # With 30 an arm, a difference of 6 and SDs of 12: P = 0.058.
    p = {"relation": "=", "value": 0.058}
    assert "A02" not in codes(arms_with("sd", 12.0, p))
    assert only("A02", arms_with("se", 12.0, p)).severity == "error"
    assert "A02" not in codes(arms_with("se", 2.19, p))
    assert only("A02", arms_with("sd", 2.19, p)).severity == "error"
    assert only("A02", arms_with("spread", 2.19, p)).severity == "note"
    assert "A02" not in codes(arms_with("spread", 12.0, p))


def test_p_of_final_values_may_be_adjusted_for_the_baseline() -> None:
    def trial(baselines: tuple[float, float], p: float) -> Study:
        rows = [
            row(baseline=summary(b, sd=12.0), final=summary(f, sd=12.0))
            for b, f in zip(baselines, (40.0, 50.0), strict=True)
        ]
        return two(*rows, contrast(p={"relation": "=", "value": p}))

    # The arms differ by 10 at the end; from equal baselines P cannot be near 1.
    assert codes(trial((45.0, 45.0), 0.9)) & {"A02", "A10"}
    assert not codes(trial((45.0, 45.0), 0.0001)) & {"A02", "A10"}
    assert not codes(trial((40.0, 50.0), 0.9)) & {"A02", "A10"}


def test_final_values_without_baselines_are_hardly_contradicted() -> None:
    def trial(p: float) -> Study:
        rows = [row(final=summary(f, sd=12.0)) for f in (40.0, 50.0)]
        return two(*rows, contrast(p={"relation": "=", "value": p}))

    assert "A10" not in codes(trial(0.6))


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ({"relation": "=", "value": 0.003}, False),
        ({"relation": "=", "value": 0.5}, True),
        ({"relation": "<", "value": 0.01}, False),
        ({"relation": "<", "value": 1e-6}, True),
        ({"relation": "ns"}, True),
        ({"relation": ">", "value": 0.2}, True),
        ({"relation": ">", "value": 0.001}, False),
    ],
)
def test_p_against_counts(p: dict[str, Any], expected: bool) -> None:
    rows = {"events": 7, "total": 1449}, {"events": 24, "total": 1489}
    trial = study(
        outcome(
            {"a": rows[0], "p": rows[1]},
            [contrast(p=p)],
            word="cv_event",
            unit="count",
            type="binary",
        )
    )
    assert ("A10" in codes(trial)) is expected


# A03


def test_arms_whose_sds_chance_does_not_make_so_different() -> None:
    wide, narrow = (row(baseline=summary(25.0, sd=s)) for s in (8.0, 1.5))
    assert only("A03", two(wide, narrow)).found.endswith("the smaller may be an SE")
    assert "A03" not in codes(two(wide, row(baseline=summary(25.0, sd=6.0))))


def test_a_suppressed_level_spreads_less_and_that_is_no_finding() -> None:
    first = row(baseline=summary(25.0, sd=8.0), final=summary(5.0, sd=1.6))
    assert "A03" not in codes(two(first, row(baseline=summary(26.0, sd=8.0))))


# A04


@pytest.mark.parametrize(
    ("mean", "unit", "word", "expected"),
    [
        (25, "pg/mL", "estradiol", False),
        (0.01, "pg/mL", "estradiol", True),
        (-3, "pg/mL", "estradiol", True),
        (92, "pmol/L", "estradiol", False),
        (4000, "pg/mL", "estradiol", True),
        (1.1, "g/cm2", "spine_bmd", False),
        (1121, "g/cm2", "spine_bmd", True),
        (1121, "mg/cm2", "spine_bmd", False),
        (120, "mmol/L", "ldl", True),
    ],
)
def test_means_that_no_group_has(mean: float, unit: str, word: str, expected: bool) -> None:
    assert ("A04" in codes(level("x", mean, unit=unit, word=word))) is expected


def test_nothing_falls_by_more_than_all_of_it() -> None:
    assert "A04" in codes(two(row(change_percent=summary(-120.0)), row()))
    assert "A04" not in codes(two(row(change_percent=summary(-99.0)), row()))


# A05


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"mean": 25, "ci95": [22, 28], "sd": 8}, False),
        ({"mean": 25, "ci95": [22, 28], "se": 8}, True),
        ({"mean": 25, "ci95": [22, 28], "sd": 1.5}, True),
        ({"mean": 25, "ci95": [22, 28], "se": 1.5}, False),
        ({"mean": 25, "range": [10, 40], "sd": 8}, False),
        ({"mean": 25, "range": [10, 40], "sd": 20}, True),
        ({"mean": 25, "range": [10, 40], "sd": 1.2}, True),
        ({"mean": 45, "range": [10, 40]}, True),
        ({"median": 45, "iqr": [10, 40]}, True),
        ({"median": 25, "iqr": [10, 40]}, False),
        # The mean of a skewed outcome may lie outside of its quartiles.
        ({"mean": 45, "iqr": [10, 40]}, False),
    ],
)
def test_centres_spreads_and_limits(told: dict[str, Any], expected: bool) -> None:
    assert ("A05" in codes(two(row(baseline=told), row()))) is expected


# A06


@pytest.mark.parametrize(
    ("mean", "unit", "severity"),
    [
        (26, "pg/mL", None),
        (95, "pmol/L", None),
        (260, "pg/mL", "error"),
        (2.6, "pg/mL", "error"),
        (95, "pg/mL", "error"),
        (26, "pmol/L", "error"),
    ],
)
def test_units_that_slipped(mean: float, unit: str, severity: str | None) -> None:
    trial = level("x", mean, sd=mean / 3, unit=unit)
    told = [f for f in found(*others(), trial) if f.code == "A06"]
    assert [f.severity for f in told] == ([] if severity is None else [severity])


def test_levels_on_treatment_only_warn() -> None:
    final = others(part="final")
    assert only("A06", *final, level("x", 2.5, sd=0.8, part="final")).severity == "warning"


def test_the_other_sex_is_not_compared() -> None:
    woman = study(
        outcome({"a": row(baseline=summary(2.6, sd=1.0))}), id="x", arms=ARMS, sex="female"
    )
    assert "A06" not in codes(*others(), woman)


# A07 and A08


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        ({"measure": "MD", "estimate": 2.0, "ci": [0.04, 3.96], "p": 0.045}, None),
        ({"measure": "MD", "estimate": 2.0, "ci": [0.04, 3.96], "p": 0.45}, "error"),
        ({"measure": "MD", "estimate": 2.0, "ci": [0.04, 3.96], "p": 0.0045}, "warning"),
        ({"measure": "OR", "estimate": 1.15, "ci": [0.84, 1.57], "p": 0.38}, None),
        ({"measure": "OR", "estimate": 1.15, "ci": [0.84, 1.57], "p": 0.038}, "error"),
        ({"measure": "MD", "estimate": 2.02, "se": 1.03, "p": 0.05}, None),
        ({"measure": "MD", "estimate": 2.02, "se": 1.03, "p": 0.5}, "warning"),
        ({"measure": "r", "estimate": 0.5, "ci": [0.2, 0.72], "p": 0.003}, None),
        ({"measure": "threshold", "estimate": 2.0, "ci": [0.04, 3.96], "p": 0.9}, None),
    ],
)
def test_p_against_interval(told: dict[str, Any], severity: str | None) -> None:
    told = told | {"p": {"relation": "=", "value": told["p"]}}
    trial = two(row(n=None), row(n=None), contrast(**told))
    assert [f.severity for f in found(trial) if f.code == "A07"] == [severity] * (
        severity is not None
    )


@pytest.mark.parametrize(("relation", "expected"), [("<", False), (">", True), ("ns", True)])
def test_p_that_is_a_bound(relation: str, expected: bool) -> None:
    p = {"relation": relation} | ({} if relation == "ns" else {"value": 0.05})
    trial = two(row(), row(), contrast(measure="MD", estimate=4.0, ci=[2.0, 6.0], p=p))
    assert ("A07" in codes(trial)) is expected


def test_small_samples_may_use_t() -> None:
    # Six an arm: t = 2.5 of 10 degrees of freedom, P = 0.031; by the normal quantile 0.028.
    told = {
        "measure": "MD",
        "estimate": 2.5,
        "ci": [0.27, 4.73],
        "p": {"relation": "=", "value": 0.031},
    }
    assert "A07" not in codes(two(row(6), row(6), contrast(**told)))


@pytest.mark.parametrize(
    ("measure", "estimate", "ci", "severity"),
    [
        ("MD", 2.0, [1.0, 3.0], None),
        ("MD", 2.0, [1.5, 4.5], "warning"),
        ("MD", -2.0, [1.0, 3.0], "error"),
        ("RR", 1.11, [0.9, 1.38], None),
        ("RR", 1.11, [0.9, 1.83], "warning"),
        ("HR", 0.30, [0.11, 0.71], None),
        ("percent_difference", 41.0, [0.0, 99.0], None),
        ("r", 0.8, [0.55, 0.92], None),
    ],
)
def test_intervals_around_estimates(
    measure: str, estimate: float, ci: list[float], severity: str | None
) -> None:
    trial = two(row(), row(), contrast(measure=measure, estimate=estimate, ci=ci))
    told = [f.severity for f in found(trial) if f.code == "A08"]
    assert told == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("se", "level", "expected"), [(0.51, 0.95, False), (1.02, 0.95, True), (0.61, 0.9, False)]
)
def test_the_width_of_an_interval_and_its_error(se: float, level: float, expected: bool) -> None:
    told = {"measure": "MD", "estimate": 2.1, "ci": [1.1, 3.1], "se": se, "ci_level": level}
    assert ("A08" in codes(two(row(), row(), contrast(**told)))) is expected


# A09


def counted(a: tuple[int, int], p: tuple[int, int], **told: Any) -> Study:
    rows = {k: {"events": x, "total": n} for k, (x, n) in (("a", a), ("p", p))}
    entry = outcome(rows, [contrast(**told)], word="cv_event", unit="count", type="binary")
    return study(entry)


@pytest.mark.parametrize(
    ("measure", "estimate", "severity"),
    [
        ("RR", 0.5, None),
        ("RR", 0.9, "warning"),
        ("RR", 2.0, "error"),
        ("OR", 0.47, None),
        ("OR", 2.1, "error"),
        ("HR", 0.6, None),
        ("HR", 1.9, "error"),
        ("RD", -0.05, None),
        ("RD", 0.05, "error"),
    ],
)
def test_ratios_against_counts(measure: str, estimate: float, severity: str | None) -> None:
    trial = counted((50, 1000), (100, 1000), measure=measure, estimate=estimate)
    told = [f.severity for f in found(trial) if f.code == "A09"]
    assert told == ([] if severity is None else [severity])


def test_swapped_arms_are_named() -> None:
    trial = counted((100, 1000), (50, 1000), measure="RR", estimate=0.5)
    assert only("A09", trial).expected == "with the arms swapped they agree"


def test_ratios_of_percentages_without_counts() -> None:
    rows = {
        "a": {"events_percent": 5.0, "total": 1000},
        "p": {"events_percent": 10.0, "total": 1000},
    }

    def trial(ratio: float) -> Study:
        told = [contrast(measure="RR", estimate=ratio)]
        return study(outcome(rows, told, word="cv_event", unit="%", type="binary"))

    assert "A09" not in codes(trial(0.5))
    assert "A09" in codes(trial(2.0))


def test_differences_against_means() -> None:
    rows = [
        row(baseline=summary(b, sd=5.0), final=summary(f, sd=5.0)) for b, f in ((30, 20), (31, 29))
    ]
    for estimate, severity in ((-8.0, None), (-9.0, None), (8.5, "error"), (-25.0, "warning")):
        trial = two(*rows, contrast(measure="MD", estimate=estimate))
        told = [f.severity for f in found(trial) if f.code == "A09"]
        assert told == ([] if severity is None else [severity]), estimate


def test_differences_against_changes() -> None:
    rows = [row(change=summary(m, sd=5.0)) for m in (-10.0, -2.0)]
    assert "A09" not in codes(two(*rows, contrast(measure="MD", estimate=-8.0)))
    assert only("A09", two(*rows, contrast(measure="MD", estimate=8.0))).severity == "error"


# A11 to A14


def test_arms_and_randomised() -> None:
    entry = outcome({"a": row(), "p": row()})

    def trial(n: int) -> Study:
        return study(entry, arms=ARMS, n_randomised=n)

    assert only("A11", trial(50)).severity == "error"
    assert "A11" not in codes(trial(60))
    assert "A11" not in codes(trial(70))
    assert only("A11", trial(100)).severity == "warning"


def test_each_person_of_a_crossover_is_in_every_arm() -> None:
    crossover = study(outcome({"a": row()}), arms=ARMS, n_randomised=30, design="crossover_rct")
    assert "A11" not in codes(crossover)


def test_results_within_their_arm() -> None:
    assert "A11" in codes(two(row(31), row()))
    told = {"events": 12, "total": 10}
    trial = study(outcome({"a": told}, word="cv_event", unit="count", type="binary"), arms=ARMS)
    assert only("A11", trial).found == "12 events among 10"


def test_sizes_do_not_grow() -> None:
    def trial(first: int, later: int) -> Study:
        entries = [
            outcome({"a": row(n, final=summary(25, sd=8))}, id=f"o{w}", weeks=w)
            for w, n in ((12, first), (24, later))
        ]
        return study(*entries, arms=ARMS)

    assert "A11" not in codes(trial(30, 28))
    assert "A11" in codes(trial(28, 30))


@pytest.mark.parametrize(
    ("percent", "expected"), [(4.7, False), (4.73, False), (4.75, True), (7.4, True), (5, False)]
)
def test_percentages_of_counts(percent: float, expected: bool) -> None:
    told = {"events": 106, "total": 2240, "events_percent": percent}
    trial = study(outcome({"a": told}, word="cv_event", unit="count", type="binary"))
    assert ("A12" in codes(trial)) is expected


def test_truncated_percentages_pass() -> None:
    # 111 of 2248 are 4.938 %: a table that cuts prints 4.93.
    told = {"events": 111, "total": 2248, "events_percent": 4.93}
    assert "A12" not in codes(
        study(outcome({"a": told}, word="cv_event", unit="count", type="binary"))
    )


def test_rates_of_events_and_years() -> None:
    def trial(rate: float) -> Study:
        told = {"events": 50, "person_years": 2500.0, "rate_per_1000_py": rate}
        return study(outcome({"a": told}, word="cv_event", unit="count", type="rate"))

    assert "A12" not in codes(trial(20))
    assert "A12" in codes(trial(25))


@pytest.mark.parametrize(
    ("percent", "n", "expected"), [(33, 12, False), (35, 12, True), (35, 300, False)]
)
def test_percentages_of_whole_people(percent: float, n: int, expected: bool) -> None:
    told = {"events_percent": percent, "total": n}
    trial = study(outcome({"a": told}, word="cv_event", unit="%", type="binary"))
    assert ("A13" in codes(trial)) is expected


def test_percentages_of_times_to_events_need_no_whole_people() -> None:
    told = {"events_percent": 35, "total": 12, "events": 3}
    trial = study(outcome({"a": told}, word="cv_event", unit="%", type="time_to_event"))
    assert not codes(trial) & {"A12", "A13"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [({"mean": 5.18}, False), ({"mean": 5.19}, True), ({"mean": 3.5, "sd": 1.2}, False)],
)
def test_means_of_whole_numbers(told: dict[str, Any], expected: bool) -> None:
    trial = two(row(28, final=told), row(28), word="cv_event", unit="count")
    assert ("A14" in codes(trial)) is expected


def test_sds_of_whole_numbers() -> None:
    def trial(sd: float) -> Study:
        return two(row(18, final=summary(3.44, sd=sd)), row(), word="cv_event", unit="count")

    assert "A14" in codes(trial(2.47))
    assert "A14" not in codes(trial(2.48))


# A15 and A16


def test_baselines_that_differ_more_than_chance() -> None:
    def trial(second: float, **more: Any) -> Study:
        rows = {
            "a": row(baseline=summary(25.3, sd=8.1)),
            "p": row(baseline=summary(second, sd=8.1)),
        }
        return study(outcome(rows), arms=ARMS, **more)

    assert "A15" not in codes(trial(28.2))
    assert only("A15", trial(33.6)).severity == "warning"
    assert only("A15", trial(40.2)).severity == "error"
    assert "A15" not in codes(trial(40.2, design="cohort"))


def test_a_spread_without_a_name_is_read_both_ways() -> None:
    rows = {
        "a": row(baseline=summary(25.0, spread=2.0)),
        "p": row(baseline=summary(29.0, spread=2.0)),
    }
    assert "A15" not in codes(study(outcome(rows), arms=ARMS))


def test_baselines_that_are_all_alike() -> None:
    words = (("estradiol", "pg/mL", 25.123), ("testosterone", "ng/dL", 412.31),
             ("ldl", "mg/dL", 120.11), ("spine_bmd", "g/cm2", 1.10111))  # fmt: skip

    def trial(apart: float, count: int = 4) -> Study:
        entries = []
        for word, unit, mean in words[:count]:
            sd = round(mean * 0.3, 4)
            other = round(mean + apart * sd / 30**0.5, 5)
            rows = {
                "a": row(baseline=summary(mean, sd=sd)),
                "p": row(baseline=summary(other, sd=sd)),
            }
            entries.append(outcome(rows, word=word, unit=unit, id=word))
        return study(*entries, arms=ARMS)

    assert only("A16", trial(0.0)).severity == "error"
    assert "A16" not in codes(trial(1.0))
    assert "A16" not in codes(trial(0.0, 3))


# A17 to A19


@pytest.mark.parametrize(
    ("part", "value", "severity"),
    [
        ("change", -10.0, None),
        ("change", -12.0, None),
        ("change", -30.0, "warning"),
        ("change", 10.0, "error"),
        ("change_percent", -33.0, None),
        ("change_percent", -28.0, None),
        ("change_percent", 33.0, "error"),
        ("change_percent", -95.0, "warning"),
    ],
)
def test_changes_against_their_ends(part: str, value: float, severity: str | None) -> None:
    rows = row(
        baseline=summary(30.0, sd=9.0), final=summary(20.0, sd=7.0), **{part: summary(value)}
    )
    told = [f.severity for f in found(two(rows, row())) if f.code == "A17"]
    assert told == ([] if severity is None else [severity])


def test_the_same_figures_in_two_trials() -> None:
    first = level("x", 25.37, sd=8.14)
    assert only("A18", first, level("y", 25.37, sd=8.14)).study == "y"
    assert "A18" not in codes(first, level("y", 25.37, sd=8.15))
    assert "A18" not in codes(level("x", 25, sd=8), level("y", 25, sd=8))
    overlap = study(
        outcome({"a": row(baseline=summary(25.37, sd=8.14))}), id="y", arms=ARMS, overlaps=("x",)
    )
    assert "A18" not in codes(first, overlap)


def test_the_same_short_figures_in_several_places() -> None:
    def trial(id: str, last: float) -> Study:
        rows = [
            row(baseline=summary(b, sd=8.0), final=summary(f, sd=s))
            for b, f, s in ((25.0, 17.0, 6.0), (27.0, last, 5.0))
        ]
        return two(*rows, id=id)

    assert len([f for f in found(trial("x", 24.0), trial("y", 24.0)) if f.code == "A18"]) == 1


def test_the_same_counts_in_two_trials() -> None:
    def trial(id: str, events: int) -> Study:
        rows = {"a": {"events": events, "total": 1449}, "p": {"events": 84, "total": 1489}}
        return study(outcome(rows, word="cv_event", unit="count", type="binary"), id=id)

    assert "A18" in codes(trial("x", 93), trial("y", 93))
    assert "A18" not in codes(trial("x", 93), trial("y", 94))


def test_the_row_of_one_arm_in_the_other() -> None:
    rows = row(baseline=summary(25.37, sd=8.14))
    assert "A18" in codes(two(rows, rows))
    assert "A18" not in codes(two(rows, row(baseline=summary(25.41, sd=8.14))))
    coarse = row(baseline=summary(25.0, sd=8.0))
    assert "A18" not in codes(two(coarse, coarse))


@pytest.mark.parametrize(
    ("direction", "expected"), [("decrease", False), ("increase", True), ("no_change", False)]
)
def test_words_beside_an_arm(direction: str, expected: bool) -> None:
    rows = row(baseline=summary(30.0), final=summary(20.0)) | {"direction": direction}
    assert ("A19" in codes(two(rows, row()))) is expected
    told = row(change=summary(-4.0)) | {"direction": direction}
    assert ("A19" in codes(two(told, row()))) is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"measure": "MD", "estimate": -2.0}, False),
        ({"measure": "MD", "estimate": 2.0}, True),
        ({"measure": "HR", "estimate": 0.8}, False),
        ({"measure": "HR", "estimate": 1.2}, True),
        ({"measure": "RR_inverse", "estimate": 1.2}, False),
        ({}, False),
    ],
)
def test_words_beside_a_comparison(told: dict[str, Any], expected: bool) -> None:
    rows = [row(final=summary(m)) for m in (20.0, 30.0)]
    assert ("A19" in codes(two(*rows, contrast(direction="decrease", **told)))) is expected


def test_words_about_one_arm_and_about_the_difference() -> None:
    rows = [row(baseline=summary(30.0), final=summary(m)) for m in (20.0, 30.0)]
    assert "A19" in codes(two(*rows, contrast(versus="baseline", direction="increase")))
    assert only("A19", two(*rows, contrast(direction="increase"))).severity == "warning"


def test_associations_and_empty_outcomes_are_no_trouble() -> None:
    told = {"kind": "association", "measure": "r", "estimate": 0.4}
    assert codes(study(outcome({}, [told]), arms=ARMS)) == set()
    assert codes(study()) == set()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"mean": 40.0, "sd": 15.0}, False),
        ({"mean": 40.0, "sd": 60.0}, True),
        ({"mean": 104.0, "sd": 15.0}, True),
        ({"mean": -4.0}, True),
    ],
)
def test_shares_of_a_whole(told: dict[str, Any], expected: bool) -> None:
    terms = find_project(ROOT).terms()
    made = two(row(baseline=told), row(), word="estradiol", unit="%")
    share = made.outcomes[0].model_copy(update={"outcome": "sperm_motility"})
    trial = made.model_copy(update={"outcomes": (share,)})
    found = audit([trial], terms).findings
    assert ("A04" in {f.code for f in found}) is expected


def test_bounds_of_scores_and_of_what_is_not_negative() -> None:
    terms = find_project(ROOT).terms()
    assert bound_in("spine_bmd", "T-score", terms) == (-6.0, 6.0, BOUNDS_OF_SCORES)
    assert bound_in("bone_ntx", "nmol BCE/mmol creatinine", terms) is not None
    assert bound_in("strength", "ratio", terms) is None
    assert factor_between("estradiol", "pg/mL", "furlong", terms) is None
    assert factor_between("spine_bmd", "g/cm2", "pg/mL", terms) is None
    assert factor_between("estradiol", "kg", "pg/mL", terms) is None
    assert factor_between("estradiol", "pmol/L", "pg/mL", terms) == pytest.approx(0.27238)
    for word, bound in BOUNDS.items():
        assert bound.low < bound.high
        assert bound.reason
        assert word in terms.outcomes, word
        assert bound.unit in terms.units or word in NOT_YET_MEASURED, word
