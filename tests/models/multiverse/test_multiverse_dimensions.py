"""Declarations: what is missing or misspelt is named, and what is right reads well."""

import pytest

from evidence.errors import FitError
from evidence.models.multiverse.dimensions import Dimension, Exclusion, each_left_out
from evidence.models.multiverse.multiverse import multiverse
from tests.models.multiverse.universe_data import studies


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "p"}, "name: 'p'; a name that is no column"),
        ({"name": ""}, "name: ''"),
        ({"kind": "row"}, 'did you mean "rows"'),
        ({"options": {}}, "options: are none"),
        ({"reason": " "}, "reason: is empty"),
        ({"reason": {"a": "why"}}, r"reason\['b'\]: is missing or empty"),
        ({"reason": {"a": "x", "b": "y", "bb": "z"}}, "unknown option 'bb'"),
        ({"possible": ["c"]}, "possible: unknown option 'c'"),
    ],
)
def test_a_dimension_that_is_not_right(given: dict[str, object], message: str) -> None:
    whole = {"name": "n", "kind": "rows", "options": {"a": None, "b": None}, "reason": "why"}
    with pytest.raises(FitError, match=message):
        Dimension(**(whole | given))  # type: ignore[arg-type]


def test_reasons_for_all_or_one_each() -> None:
    one = Dimension("n", "rows", {"a": None, "b": None}, "why")
    assert one.reason_of("b") == "why"
    each = Dimension("n", "rows", {"a": None, "b": None}, {"a": "because", "b": "though"})
    assert each.reason_of("b") == "though"
    assert repr(each) == "Dimension('n', rows: a, b)"


def test_an_exclusion_that_is_not_right() -> None:
    with pytest.raises(FitError, match=r"options: are none.*\n.*reason: is empty"):
        Exclusion({}, "")
    model = Dimension("model", "model", {"random": "random"}, "in use")
    with pytest.raises(FitError, match=r"exclude\[0\]: unknown: 'modl'; did you mean"):
        multiverse(studies(), [model], exclude=[Exclusion({"modl": "random"}, "x")])
    with pytest.raises(FitError, match=r"exclude\[0\]\['model'\]: unknown: 'rndom'"):
        multiverse(studies(), [model], exclude=[Exclusion({"model": "rndom"}, "x")])


def test_each_row_is_left_out_once() -> None:
    options = each_left_out(studies(3))
    assert list(options.values()) == [None, "study 1", "study 2", "study 3"]
