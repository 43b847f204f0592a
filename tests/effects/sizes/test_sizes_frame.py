"""From a user's frame to an EffectTable: rows, what is set aside and why, what is refused."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import effect_sizes, pool, trace
from evidence.catalog.number import Assumed, Derived, Given, leaves
from evidence.effects.sizes.registry import BY_SIZE, MEASURES
from evidence.effects.table import EffectTable
from evidence.errors import EffectError, EvidenceWarning, PlausibilityWarning

EVENTS = {"events1": "a", "n1": "n", "events2": "c", "n2": "m"}
MEANS = {"mean1": "x", "sd1": "s", "n1": "n", "mean2": "z", "sd2": "u", "n2": "m"}


def trials(*rows: tuple[Any, Any, Any, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["a", "n", "c", "m"])


def groups(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["x", "s", "n", "z", "u", "m"])


def events(frame: pd.DataFrame, measure: str = "OR", **options: Any) -> EffectTable:
    return effect_sizes(frame, measure=measure, **(EVENTS | options))


def means(frame: pd.DataFrame, measure: str = "SMD", **options: Any) -> EffectTable:
    return effect_sizes(frame, measure=measure, **(MEANS | options))


def reason(table: EffectTable) -> str:
    assert len(table.unused) == 1
    return str(table.unused["reason"].iloc[0])


def test_a_frame_becomes_a_table_that_can_be_pooled_and_traced() -> None:
    frame = trials((4, 123, 11, 139), (6, 306, 29, 303), (3, 231, 11, 220)).assign(
        trial=["Aronson", "Ferguson", "Rosenthal"]
    )
    table = events(frame, "RR", study="trial")
    assert (table.measure, table.scale, table.unit, table.k) == ("RR", "log", None, 3)
    assert table.rows["study"].tolist() == ["Aronson", "Ferguson", "Rosenthal"]
    assert table.rows["n_treatment"].tolist() == [123, 306, 231]
    assert table.rows["n_control"].tolist() == [139, 303, 220]
    assert table.rows["n_control"].dtype == int
    assert table.rows["estimate"].iloc[0] == pytest.approx(np.log(4 / 123 * 139 / 11))
    assert pool(table, model="common").terms["estimate"].iloc[0] < 0
    told = trace(table, "Aronson")
    assert "by risk_ratio" in told
    assert "events1" in told
    for number in (table.traces["Aronson"].estimate, table.traces["Aronson"].std_error):
        assert isinstance(number, Derived)
        assert [leaf.value for leaf in leaves(number)] == [4, 123, 11, 139]
        assert all(isinstance(leaf, Given) for leaf in leaves(number))


def test_cells_and_sizes_say_the_same() -> None:
    frame = trials((4, 123, 11, 139)).assign(b=[119], d=[128])
    by_cells = effect_sizes(
        frame, measure="RD", events1="a", nonevents1="b", events2="c", nonevents2="d"
    )
    assert by_cells.rows["estimate"].iloc[0] == events(frame, "RD").rows["estimate"].iloc[0]


def test_labels_where_no_column_is_named() -> None:
    frame = trials((4, 123, 11, 139), (6, 306, 29, 303))
    assert list(events(frame).rows.index) == ["study 1", "study 2"]
    assert list(events(frame.set_axis(["x", "y"])).rows.index) == ["x", "y"]


def test_several_rows_of_one_study_are_numbered() -> None:
    frame = trials((4, 9, 5, 9), (3, 9, 4, 9), (2, 9, 4, 9)).assign(trial=["x", "x", "y"])
    table = events(frame, study="trial")
    assert list(table.rows.index) == ["x/1", "x/2", "y"]
    assert table.rows["study"].tolist() == ["x", "x", "y"]


def test_what_was_added_to_empty_cells_is_said_and_traced() -> None:
    table = events(trials((0, 18, 3, 18), (4, 18, 5, 18)))
    assert table.rows["notes"].tolist() == ["0.5 added to each cell", ""]
    added = [x for x in leaves(table.traces["study 1"].estimate) if isinstance(x, Assumed)]
    assert [(x.value, x.name) for x in added] == [(0.5, "add")]
    assert not [x for x in leaves(table.traces["study 2"].estimate) if isinstance(x, Assumed)]
    assert table.rows["estimate"].iloc[0] == pytest.approx(np.log(0.5 * 15.5 / (18.5 * 3.5)))


@pytest.mark.parametrize(
    ("row", "measure", "options", "message"),
    [
        ((0, 9, 0, 9), "OR", {"drop00": True}, "no events, or nothing but events"),
        ((9, 9, 8, 8), "RR", {"drop00": True}, "no events, or nothing but events"),
        ((0, 9, 3, 9), "OR", {"to": "none"}, "OR does not exist with 0 in events1"),
        ((9, 9, 3, 9), "OR", {"add": 0.0}, "OR does not exist with 0 in nonevents1"),
        ((0, 9, 0, 9), "RD", {"to": "none"}, "RD does not exist with 0 in events1, events2"),
        ((0, 0, 3, 9), "RR", {}, "a group of which no one was observed"),
        ((0, 9, 4, 9), "RTET", {}, "RTET does not exist with 0 in events1"),
        ((None, 9, 3, 9), "RR", {}, "not given: events1 (a)"),
        ((None, 9, 3, None), "RR", {"drop00": True}, "not given: events1 (a), n2 (m)"),
    ],
)
def test_rows_with_events_that_have_no_effect_are_set_aside(
    row: Any, measure: str, options: dict[str, Any], message: str
) -> None:
    table = events(trials(row, (4, 20, 5, 20)), measure, **options)
    assert list(table.rows.index) == ["study 2"]
    assert (table.considered, table.k) == (2, 1)
    assert message in reason(table)


@pytest.mark.parametrize(
    ("row", "measure", "message"),
    [
        ((5, 1, 9, 4, None, 1), "MD", "not given: sd2 (u)"),
        ((5, 1, 1, 4, 1, 9), "VR", "VR does not exist for these figures (n1 = 1, n2 = 9)"),
        ((5, 1, 1, 4, 1, 1), "SMD", "SMD does not exist for these figures (n1 = 1, n2 = 1)"),
        ((5, 0, 9, 4, 0, 9), "MD", "sd1, sd2 is 0: no sampling variance"),
        ((-5, 1, 9, 4, 1, 9), "ROM", "no logarithm of a ratio of means of -5 and 4"),
        ((0, 1, 9, 4, 1, 9), "CVR", "no logarithm of a ratio of means of 0 and 4"),
        ((5, 1, 0, 4, 1, 9), "MD", "0 in n1: there is nothing to compare"),
    ],
)
def test_rows_with_means_that_have_no_effect_are_set_aside(
    row: Any, measure: str, message: str
) -> None:
    columns = MEANS if measure != "VR" else {k: v for k, v in MEANS.items() if "mean" not in k}
    frame = groups(row, (5, 4, 20, 4, 4.2, 20))
    table = effect_sizes(frame, measure=measure, **columns)
    assert list(table.rows.index) == ["study 2"]
    assert reason(table) == message


def test_person_time_of_nothing_and_too_few_people() -> None:
    frame = pd.DataFrame({"x": [3, 3], "t": [0.0, 40.0], "r": [0.2, 0.3], "n": [3, 30]})
    assert reason(effect_sizes(frame, measure="IR", events="x", time="t")).startswith("0 in time")
    found = effect_sizes(frame, measure="ZCOR", correlation="r", n="n")
    assert reason(found) == "ZCOR does not exist for these figures (n = 3)"


def test_equal_means_have_an_effect_of_zero() -> None:
    table = means(groups((5, 2, 10, 5, 2, 10)))
    assert table.rows["estimate"].iloc[0] == 0
    assert table.rows["std_error"].iloc[0] == pytest.approx(np.sqrt(0.2))


def test_rows_that_cannot_be_used_stay_out_of_the_means_over_rows() -> None:
    used = [(4, 20, 5, 20), (6, 30, 9, 31)]
    alone = events(trials(*used), "RD", vtype="AV", drop00=True)
    with_empty = events(trials(*used, (0, 90, 0, 90)), "RD", vtype="AV", drop00=True)
    assert with_empty.rows["std_error"].tolist() == alone.rows["std_error"].tolist()


def test_an_empty_frame_is_an_empty_table() -> None:
    table = events(trials())
    assert (table.k, table.considered) == (0, 0)


def test_text_that_is_a_number_is_one() -> None:
    table = events(trials(("4", "123", 11, 139)))
    assert table.rows["estimate"].iloc[0] == pytest.approx(np.log(4 * 128 / (119 * 11)))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("few", 9, 3, 9), r"column 'a' \(events1\), row 0 \(study 1\): 'few' is not a number"),
        ((-1, 9, 3, 9), r"column 'a' \(events1\), row 0 \(study 1\): -1 is impossible; at least 0"),
        ((3, np.inf, 3, 9), r"column 'n' \(n1\), row 0 .*: is infinite"),
        ((10, 9, 3, 9), r"columns 'a' and 'n', row study 1: 10 events among 9; events cannot"),
        ((3, 9, 30, 9), r"columns 'c' and 'm', row study 1: 30 events among 9"),
    ],
)
def test_impossible_figures_are_refused(row: Any, message: str) -> None:
    with pytest.raises(EffectError, match=message):
        events(trials(row))


def test_all_impossible_figures_are_told_at_once() -> None:
    with pytest.raises(EffectError, match="impossible") as caught:
        events(trials(("few", 9, 3, 9), (-1, 9, 3, 9), (4, 9, 10, 9)))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("column", "value", "measure", "message"),
    [
        ("correlation", 1.2, "ZCOR", "1.2 is impossible; between -1 and 1"),
        ("alpha", 1.5, "ABT", "1.5 is impossible; at most 1"),
        ("items", 1, "ABT", "1 is impossible; at least 2"),
        ("sd", -2, "MN", "-2 is impossible; at least 0"),
        ("time", -2, "IR", "-2 is impossible; at least 0"),
        ("r_squared", 2, "SPCOR", "2 is impossible; between 0 and 1"),
        ("predictors", 0, "PCOR", "0 is impossible; at least 1"),
    ],
)
def test_figures_out_of_their_range(column: str, value: float, measure: str, message: str) -> None:
    values = dict.fromkeys(MEASURES[measure].roles, 0.5) | {"n": 20, "items": 5, "predictors": 2}
    frame = pd.DataFrame([values | {column: value}])
    with pytest.raises(EffectError, match=message):
        effect_sizes(frame, measure=measure, **{r: r for r in MEASURES[measure].roles})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"measure": "or"}, r"measure='or': unknown; did you mean \"OR\"\?"),
        ({"measure": 3}, "measure=3: unknown; known: ABT"),
        ({"events1": "aa"}, r"events1='aa': no such column; did you mean \"a\"\?"),
        ({"events1": None}, "events1: OR needs it; name the column, events1=..."),
        ({"n1": None}, "nonevents1: OR needs it; name the column, nonevents1=... or n1=..."),
        ({"nonevents1": "m"}, "nonevents1, n1: both given; give one of them"),
        ({"mean1": "m"}, "mean1: does nothing for OR; it needs events1, nonevents1"),
        ({"study": "trail"}, "study='trail': no such column; known: a, c, m, n"),
        ({"vtype": "UB"}, "vtype='UB': OR has no such variance; known: LS"),
        ({"correct": False}, "correct: does nothing for OR"),
        ({"unit": "mm"}, "unit: does nothing for OR"),
        ({"to": "zeros"}, "to='zeros': unknown; known: all, if0all, none, only0"),
        ({"add": -1.0}, "add=-1.0: impossible"),
        ({"add": np.nan}, "add=nan: impossible"),
        ({"add": 0.5, "to": "none"}, r'add=0.5: does nothing with to="none"'),
        ({"add": 0.0, "to": "all"}, "to='all': does nothing, 0 is added"),
    ],
)
def test_arguments_that_do_not_fit(changes: dict[str, Any], message: str) -> None:
    arguments = {"measure": "OR", **EVENTS} | changes
    with pytest.raises(EffectError, match=message):
        effect_sizes(trials((4, 9, 5, 9)), **arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"add": 0.5}, "add: does nothing for SMD; it has no cells"),
        ({"to": "all"}, "to: does nothing for SMD; it has no cells"),
        ({"drop00": True}, "drop00: does nothing for SMD"),
    ],
)
def test_zero_cell_policies_for_means_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EffectError, match=message):
        means(groups((5, 2, 10, 5, 2, 10)), **options)


def test_names_that_do_not_name() -> None:
    frame = trials((4, 9, 5, 9), (4, 9, 5, 9), (4, 9, 5, 9))
    with pytest.raises(EffectError, match="column 'trial', row 1: is empty; name every study"):
        events(frame.assign(trial=["x", None, "y"]), study="trial")
    with pytest.raises(EffectError, match="'x/1' names a row twice"):
        events(frame.assign(trial=["x", "x", "x/1"]), study="trial")
    with pytest.raises(EffectError, match="is a list; give a pandas DataFrame"):
        effect_sizes([1, 2], measure="OR", **EVENTS)  # type: ignore[arg-type]
    twice = pd.DataFrame([[4, 4, 9, 5, 9]], columns=["a", "a", "n", "c", "m"])
    with pytest.raises(EffectError, match="column 'a': stands twice"):
        events(twice)


def test_a_standardized_difference_beyond_two_is_warned_of() -> None:
    frame = groups((9, 1, 40, 5, 1, 40), (5, 1, 40, 4, 1, 40))
    with pytest.warns(
        PlausibilityWarning, match=r"\[smd_above_2\] study 1: SMD beyond 2; check"
    ) as w:
        table = means(frame)
    assert table.k == 2
    assert isinstance(w[0].message, EvidenceWarning)
    assert w[0].message.code == "smd_above_2"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        means(frame, "MD", unit="mm")
        means(frame.iloc[1:])


def test_units_and_scales() -> None:
    frame = groups((9, 1, 40, 5, 1, 40))
    assert means(frame, "MD", unit="mm").unit == "mm"
    assert means(frame, "MD").scale == "identity"
    assert means(frame, "ROM").scale == "log"


VALUES = {
    "mean1": 9.0, "mean2": 8.5, "mean": 9.0, "sd1": 2.0, "sd2": 2.5, "sd": 2.0, "t": 2.2,
    "correlation": 0.4, "r_squared": 0.3, "alpha": 0.8, "items": 8, "predictors": 3, "time": 40.0,
    "time1": 50.0, "time2": 60.0,
}  # fmt: skip


@pytest.mark.parametrize("code", list(MEASURES))
def test_every_measure_makes_a_table(code: str) -> None:
    roles = MEASURES[code].roles
    frame = pd.DataFrame([{r: VALUES.get(r, 11 + i) for i, r in enumerate(roles)}])
    table = effect_sizes(frame, measure=code, **{r: r for r in roles})
    assert (table.k, len(table.unused)) == (1, 0)
    assert {name for name, _ in table.traces["study 1"].estimate.inputs} == set(roles)
    by_size = {BY_SIZE[r][0]: BY_SIZE[r][0] for r in roles if r in BY_SIZE}
    if by_size:
        frame = frame.assign(**{
            size: frame[cell] + frame[events_]
            for cell, (size, events_) in BY_SIZE.items() if cell in roles
        })  # fmt: skip
        others = {r: r for r in roles if r not in BY_SIZE}
        same = effect_sizes(frame, measure=code, **others, **by_size)
        assert same.rows["estimate"].tolist() == table.rows["estimate"].tolist()


cell = st.one_of(st.integers(0, 3), st.integers(0, 60), st.none())


@given(
    rows=st.lists(st.tuples(cell, cell, cell, cell), max_size=6),
    measure=st.sampled_from([c for c, m in MEASURES.items() if "events1" in m.cells]),
    to=st.sampled_from(["only0", "all", "if0all", "none"]),
    drop00=st.booleans(),
)
def test_no_row_is_lost_whatever_the_counts(
    rows: list[Any], measure: str, to: str, drop00: bool
) -> None:
    roles = MEASURES[measure].roles
    frame = pd.DataFrame(rows, columns=list(roles), dtype=object)
    options = {"to": to} if to == "none" else {"to": to, "add": 0.5}
    table = effect_sizes(frame, measure=measure, drop00=drop00, **{r: r for r in roles}, **options)
    assert table.considered == len(rows) == table.k + len(table.unused)
    assert table.unused["reason"].astype(bool).all()
    assert np.isfinite(table.rows[["estimate", "std_error"]].to_numpy(dtype=float)).all()


figure = st.one_of(st.just(0.0), st.floats(-50, 50), st.none())
spread = st.one_of(st.just(0.0), st.floats(0, 20), st.none())
people = st.one_of(st.integers(0, 4), st.integers(0, 80), st.none())


@pytest.mark.filterwarnings("ignore::evidence.errors.PlausibilityWarning")
@given(
    rows=st.lists(st.tuples(figure, spread, people, figure, spread, people), max_size=5),
    measure=st.sampled_from([c for c, m in MEASURES.items() if m.roles[0] == "mean1"
                             and "n1" in m.roles]),
)  # fmt: skip
def test_no_row_is_lost_whatever_the_means(rows: list[Any], measure: str) -> None:
    frame = pd.DataFrame(rows, columns=list(MEANS.values()), dtype=object)
    table = means(frame, measure)
    assert table.considered == len(rows) == table.k + len(table.unused)
    assert table.unused["reason"].astype(bool).all()
