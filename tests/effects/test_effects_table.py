"""Properties of every table: nothing lost, nothing counted twice, every leaf printed or assumed."""

import random
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import TERMS, assume, outcome, question, recomputed, study, summary, table
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.catalog.number import Assumed, Given, Reported, Source, leaves
from evidence.effects.assemble import effect_table
from evidence.effects.derive import assumptions_in, conversion_factor, derive, in_unit
from evidence.effects.recover import log_ratio
from evidence.effects.table import EffectTable, RowTrace, table_of
from evidence.effects.trace import trace_frame
from evidence.errors import EffectError

ARMS = [
    {"id": "low", "drug": "anastrozole"},
    {"id": "high", "drug": "letrozole"},
    {"id": "p", "drug": "placebo"},
    {"id": "q", "drug": "none"},
    {"id": "t", "drug": "tamoxifen"},
]
IDS = [arm["id"] for arm in ARMS]
PARTS = ["final", "baseline", "change", "change_percent"]
figure = st.floats(0.5, 50).map(lambda x: round(x, 2))


def mostly(strategy: Any) -> Any:
    """One in ten without the figure."""
    return st.integers(0, 9).flatmap(lambda i: strategy if i < 9 else st.none())


@st.composite
def summaries(draw: Any, kind: str | None) -> Any:
    told = {"mean": draw(mostly(figure))}
    if told["mean"] is None:
        return {"median": draw(figure)}
    if kind == "ci95":
        told["ci95"] = [told["mean"] - 1, told["mean"] + 1]
    elif kind is not None:
        told[kind] = draw(mostly(figure))
    return told


@st.composite
def results(draw: Any, parts: list[str], kind: str | None) -> Any:
    told: dict[str, Any] = {part: draw(summaries(kind)) for part in parts}
    told["n"] = draw(mostly(st.integers(2, 90)))
    total = draw(mostly(st.integers(10, 90)))
    if total is not None:
        told |= {"total": total, "events": draw(mostly(st.integers(0, total)))}
        told["events_percent"] = draw(mostly(st.floats(0, 100).map(lambda x: round(x, 1))))
    told["direction"] = draw(st.sampled_from([None, None, "increase", "no_change"]))
    return told


@st.composite
def contrasts(draw: Any) -> Any:
    arm = draw(st.sampled_from(["low", "low", "high", "p"]))
    versus = draw(st.sampled_from([x for x in ("p", "q", "baseline", "high") if x != arm]))
    told: dict[str, Any] = {"arm": arm, "versus": versus,
                            "kind": "within" if versus == "baseline" else "between"}  # fmt: skip
    told["measure"] = draw(
        st.sampled_from(["MD", "RR", "OR", "HR", "ratio", "percent_difference", None])
    )
    if told["measure"] is not None:
        estimate = told["estimate"] = draw(figure)
        if draw(st.booleans()):
            told["ci"] = [estimate / 1.5, estimate * 1.5]
    told["p"] = draw(st.sampled_from([
        None, {"relation": "ns"}, {"relation": "<", "value": 0.001},
        {"relation": ">", "value": 0.05},
        {"relation": "=", "value": 0.03}, {"relation": "=", "value": 1.0},
    ]))  # fmt: skip
    told["direction"] = draw(st.sampled_from([None, "decrease"]))
    return told


@st.composite
def outcomes(draw: Any, number: int) -> Any:
    words = [("estradiol", "pg/mL"), ("estradiol", "pmol/L"), ("ldl", "mg/dL"),
             ("cv_event", "count"), ("estradiol", "%")]  # fmt: skip
    word, unit = draw(st.sampled_from(words))
    parts = draw(st.lists(st.sampled_from(PARTS), unique=True, min_size=1, max_size=3))
    kind = draw(st.sampled_from(["sd", "sd", "se", "spread", "ci95", None]))
    told = {arm: draw(mostly(results(parts, kind))) for arm in IDS}
    arms = {arm: result for arm, result in told.items() if result is not None}
    return outcome(
        arms,
        draw(st.lists(contrasts(), max_size=3)),
        id=f"o{number}",
        word=word,
        unit=unit,
        weeks=draw(st.sampled_from([12, 1, 13, 99, None, 500])),
        role=draw(st.sampled_from([None, None, None, "primary", "subgroup"])),
    )


@st.composite
def studies(draw: Any) -> Any:
    made = []
    for i in range(draw(st.integers(1, 3))):
        told = [draw(outcomes(j)) for j in range(draw(st.integers(1, 3)))]
        cohorts = draw(st.sampled_from([["all"] * 5, ["all", "other", "all", "other", "all"]]))
        arms = [arm | {"cohort": c} for arm, c in zip(ARMS, cohorts, strict=True)]
        design = draw(st.sampled_from(["parallel_rct", "parallel_rct", "crossover_rct"]))
        overlaps = tuple(draw(st.sets(st.sampled_from(["s0", "s1", "s2"]), max_size=1)))
        made.append(study(*told, id=f"s{i}", arms=arms, design=design, overlaps=overlaps,
                          n_randomised=draw(st.none() | st.integers(1, 500))))  # fmt: skip
    return made


ASSUMPTIONS = (
    assume("baseline_final_correlation", 0.5),
    assume("crossover_correlation", 0.4),
    assume("unlabelled_spread", "sd"),
    assume("percent_to_count", "nearest"),
)
asked = st.fixed_dictionaries({
    "measure": st.sampled_from(["MD", "ROM", "MD", "ROM", "RR", "OR", "HR"]),
    "outcomes": st.sampled_from([("estradiol", "ldl", "cv_event"), ("cv_event", "estradiol")]),
    "shared_arms": st.sampled_from(["combine", "covariance"]),
    "within": st.sampled_from([False, False, True]),
    "assumptions": st.sampled_from([ASSUMPTIONS, ()]),
})  # fmt: skip


def make(told: Any, changes: dict[str, Any]) -> EffectTable:
    changes = dict(changes)
    if changes.pop("within"):
        changes |= {"contrast": "within", "control": ()}
    return effect_table(told, question(**changes), TERMS)


def frames(found: EffectTable) -> list[str]:
    return [frame.to_json() for frame in (found.rows, found.partial, found.unused)]


@settings(max_examples=150)
@given(studies(), asked, st.randoms(use_true_random=False))
def test_every_table_holds_together(
    told: Any, changes: dict[str, Any], order: random.Random
) -> None:
    found = make(told, changes)
    # Nothing is lost: rows, partial and unused make up what was looked at, which is at least every
    # outcome of the words asked for.
    assert found.considered == found.k + len(found.partial) + len(found.unused)
    looked_at = {(s.id, o.id) for s in told for o in s.outcomes if o.outcome in changes["outcomes"]}
    in_frames = {(s, o) for frame in (found.rows, found.partial, found.unused)
                 for s, o in zip(frame["study"], frame["outcome"], strict=True)}  # fmt: skip
    assert in_frames == looked_at
    # Nothing counts twice: no arm in two rows without their covariance, one outcome a cohort.
    if changes["shared_arms"] == "combine":
        assert found.independent
    used = found.rows[["study", "treatment", "control"]].to_numpy()
    for i, (s, a, c) in enumerate(used):
        for j, (t, b, d) in enumerate(used[:i]):
            if s == t and (a == b or (c is not None and c == d)):
                assert found.covariance[i, j] != 0
    for one in told:
        mine = {o for frame in (found.rows, found.partial)
                for s, o, a in frame[["study", "outcome", "treatment"]].to_numpy()
                if s == one.id and one.arm(a).cohort == "all"}  # fmt: skip
        assert len(mine) <= 1
        for other in set(one.overlaps) - {one.id}:
            assert not {one.id, other} <= set(found.rows["study"]) | set(found.partial["study"])
    if found.k:
        assert np.linalg.eigvalsh(found.covariance).min() > 0
    # Every figure leads to printed figures or declared assumptions, and can be computed anew.
    for pair in found.traces.values():
        for number in (pair.estimate, pair.std_error):
            assert recomputed(number) == pytest.approx(number.value, rel=1e-12, abs=1e-300)
            for leaf in leaves(number):
                assert isinstance(leaf, Reported | Assumed)
                if isinstance(leaf, Reported):
                    assert leaf.source.report == "r" or leaf.address.startswith("terms/")
    names = {a.name for a in changes["assumptions"]}
    assert set(found.assumptions_used) <= names
    # The order of the studies is irrelevant.
    mixed = list(told)
    order.shuffle(mixed)
    assert frames(make(mixed, changes)) == frames(found)


def test_a_bound_of_a_partial_report_is_kept_within_its_sides() -> None:
    found = table(study(outcome({"a": {"final": summary(1.0)}, "p": {"final": summary(2.0)}})))
    assert found.partial[["se_low", "se_high"]].isna().all(axis=None)


def sound() -> dict[str, Any]:
    base = table_of([1.0, 2.0], [0.5, 0.25])
    names = (
        "measure",
        "unit",
        "scale",
        "rows",
        "covariance",
        "partial",
        "unused",
        "traces",
        "considered",
    )
    return {name: getattr(base, name) for name in names}


def frame_with(column: str, value: float) -> pd.DataFrame:
    rows = sound()["rows"].copy()
    rows.loc["study 1", column] = value
    return rows


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": "probit"}, "scale: 'probit'"),
        ({"covariance": np.eye(3)}, r"covariance: shape \(3, 3\); \(2, 2\)"),
        ({"covariance": np.eye(2)}, "diagonal is not std_error"),
        ({"covariance": np.array([[0.25, 0.1], [0.0, 0.0625]])}, "is not symmetric"),
        ({"considered": 3}, r"3 reports, but 2 rows \+ 0 partial \+ 0 unused"),
        ({"traces": MappingProxyType({})}, "do not match the rows"),
        ({"rows": frame_with("estimate", np.nan)}, r"rows\['study 1'\].estimate: is not a finite"),
        ({"rows": frame_with("std_error", 0.0)}, r"std_error: is not a finite number above 0"),
        ({"rows": frame_with("std_error", np.inf)}, r"std_error: is not a finite number above 0"),
    ],
)
def test_a_table_that_does_not_hold_together_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(EffectError, match=message):
        EffectTable(**(sound() | changes))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [0.5, 0.5]), r"shapes \(1,\) and \(2,\)"),
        (([[1.0]], [[0.5]]), "do not pair up"),
        ((["x"], [0.5]), "not numbers"),
        (([1.0], [-0.5]), "above 0"),
        (([1.0], [0.0]), "above 0"),
        (([np.nan], [0.5]), "not a finite number"),
    ],
)
def test_numbers_that_make_no_table(arguments: Any, message: str) -> None:
    with pytest.raises(EffectError, match=message):
        table_of(*arguments)


@pytest.mark.parametrize("labels", [["a"], ["a", "a"]])
def test_labels_that_do_not_fit(labels: list[str]) -> None:
    with pytest.raises(EffectError, match=r"labels for 2|share an id"):
        table_of([1.0, 2.0], [0.5, 0.5], labels=labels)


def test_the_same_study_twice_is_refused() -> None:
    twice = study(outcome({"a": {"n": 9, "final": summary(1.0, sd=1.0)},
                           "p": {"n": 9, "final": summary(2.0, sd=1.0)}}))  # fmt: skip
    with pytest.raises(EffectError, match="two rows share an id"):
        table(twice, twice)


def test_table_of_given_numbers_says_that_they_were_given() -> None:
    found = table_of([1.0, 2.0], [0.5, 0.25], labels=["a", "b"])
    assert all(
        isinstance(x, Given)
        for pair in found.traces.values()
        for x in (pair.estimate, pair.std_error)
    )
    assert (found.k, found.considered, found.independent) == (2, 2, True)
    assert isinstance(found.traces["a"], RowTrace)


def test_a_rule_that_gives_no_number_is_told_with_its_inputs() -> None:
    with pytest.raises(EffectError, match="cannot be used as it stands") as caught:
        derive(log_ratio, None, first=Given(0.0, None), second=Given(1.0, None))
    assert str(caught.value.problems[0]).startswith(
        "log_ratio: gives no number for first = 0, second"
    )


@given(st.sampled_from([("estradiol", "pg/mL", "pmol/L"), ("testosterone", "ng/dL", "nmol/L"),
                        ("cholesterol", "mg/dL", "mmol/L")]), st.floats(-1e6, 1e6))  # fmt: skip
def test_units_there_and_back(what: tuple[str, str, str], value: float) -> None:
    substance, mass, amount = what
    there = in_unit(Given(value, mass), TERMS, substance, mass, amount)
    assert there is not None
    back = in_unit(there, TERMS, substance, amount, mass)
    assert back is not None
    assert back.value == pytest.approx(value)
    assert (there.unit, back.unit) == (amount, mass)
    assert [type(leaf) for leaf in leaves(there)] == [Given, Reported, Reported]


def test_units_that_do_not_convert() -> None:
    assert conversion_factor(TERMS, None, "pg/mL", "pmol/L") is None
    assert conversion_factor(TERMS, "estradiol", "pg/mL", "g/cm2") is None
    assert in_unit(Given(1.0, None), TERMS, None, None, "pg/mL") is None
    assert in_unit(Given(1.0, "%"), TERMS, None, "%", "percentage points") == Given(1.0, "%")


def test_assumptions_are_read_from_the_tree() -> None:
    printed = Reported(1.0, None, Source("r", "l", "registry", None), "a")
    convention = Assumed(0.95, None, "ci_level", "convention", "convention")
    assert assumptions_in(printed) == frozenset()
    assert assumptions_in(derive(log_ratio, None, first=printed, second=convention)) == frozenset()


def test_the_leaves_of_a_table_as_a_frame() -> None:
    arms = {
        "a": {"n": 9, "final": summary(1.0, spread=1.0)},
        "p": {"n": 9, "final": summary(2.0, spread=1.0)},
    }
    found = table(
        study(outcome(arms)), assumptions=(assume("unlabelled_spread", "se"),), unit="pmol/L"
    )
    leaf = trace_frame(found)
    assert set(leaf["kind"]) == {"reported"}
    assert "s/o/arms.a.final.spread" in set(leaf["address"])
    assert "terms/substances/estradiol/molar_mass" in set(leaf["address"])
    assert "unlabelled_as_se" in str(found.traces["s/o/a-v-p"].std_error)
