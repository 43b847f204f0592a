"""What of an argument is refused before any model sees it, and faults that fuzzing found."""

import numpy as np
import pandas as pd
import pytest

import evidence as ev
from evidence.errors import EvidenceError, as_numbers, as_words, is_fraction, is_number, is_whole
from evidence.models.frequentist.kernels import tau2_standard_error


def test_what_is_a_number_a_fraction_and_a_whole_number() -> None:
    assert is_number(np.float64(2))
    assert not any(map(is_number, (True, "2", None, float("inf"), 10**400, pd.NA, 1j)))
    assert [is_fraction(x) for x in (0.5, 0, 1, "a")] == [True, False, False, False]
    assert [is_whole(x, 2) for x in (2, np.int64(3), 1, 2.0, True)] == [True, True, False] + [
        False
    ] * 2


def test_numbers_and_words_are_refused_by_name() -> None:
    with pytest.raises(EvidenceError, match="steps: what was given holds no numbers"):
        as_numbers("steps", ["x"], EvidenceError)
    with pytest.raises(EvidenceError, match="names: what was given holds no names"):
        as_words("names", [1], EvidenceError)
    assert as_words("names", ("a", "b"), EvidenceError) == ["a", "b"]


def test_a_frame_where_a_table_belongs() -> None:
    with pytest.raises(EvidenceError, match="table: is a DataFrame; give a EffectTable"):
        ev.pool(pd.DataFrame())  # type: ignore[arg-type]


def test_one_study_that_outweighs_all_has_a_standard_error_of_tau2() -> None:
    v = np.array([1e-18, 1.0, 2.0])
    error = tau2_standard_error(v, np.zeros(()), "reml")
    # P there is [[1.5, -1, -0.5], [-1, 1, 0], [-0.5, 0, 0.5]].
    assert error == pytest.approx(np.sqrt(2.0 / 6.0))


@pytest.mark.filterwarnings("ignore::evidence.errors.EvidenceWarning")
def test_identical_estimates_have_no_robust_interval() -> None:
    with pytest.raises(EvidenceError, match="robust standard error of 0"):
        ev.selection_ratio(ev.table_of([0.3] * 4, [0.1] * 4), 4, model="random")


def test_a_logarithm_too_large_to_be_a_ratio() -> None:
    fit = ev.pool(ev.table_of([900.0, 901.0], [1.0, 1.0], scale="log"), model="common")
    assert "above 1e+300" in str(fit)
    with pytest.raises(EvidenceError, match="is no ratio that can be drawn"):
        ev.forest_plot(fit)


def test_a_multiverse_whose_primary_estimate_is_zero_can_be_printed() -> None:
    models = ev.Dimension("m", "model", {"r": "random", "c": "common"}, "use")
    assert "positive" in str(ev.multiverse(ev.table_of([0.0, 0.0], [1.0, 1.0]), [models]))
