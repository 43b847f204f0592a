"""Sampling covariances: each kind of dependence by hand, and what is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import FitError
from evidence.models.robust.kernels_correlation import nearest_positive_definite
from evidence.models.robust.sampling_covariance import sampling_covariance

R = pd.DataFrame(
    [[1, 0.7, 0.5], [0.7, 1, 0.3], [0.5, 0.3, 1]], index=list("abc"), columns=list("abc")
)


def correlation(cluster: list[int], **options: Any) -> np.ndarray:
    found = sampling_covariance(np.arange(1.0, len(cluster) + 1), cluster, **options)
    np.testing.assert_allclose(np.diag(found.matrix), np.arange(1.0, len(cluster) + 1))
    return found.correlation


def test_observations_of_one_construct() -> None:
    own = correlation([1, 1, 2, 1], obs=["a", "b", "a", "c"], rho=0.6)
    expected = np.full((4, 4), 0.6)
    expected[2] = expected[:, 2] = 0.0
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(own, expected)


def test_a_table_of_correlations_is_looked_up_by_label() -> None:
    own = correlation([1, 1, 1], obs=["c", "a", "b"], rho=R)
    np.testing.assert_allclose(own[0], [1.0, 0.5, 0.3])
    numbers = R.set_axis([1, 2, 3]).set_axis([1, 2, 3], axis=1)
    own = correlation([1, 1, 1], type=[3, 1, 2], rho=numbers)
    np.testing.assert_allclose(own[0], [1.0, 0.5, 0.3])


def test_within_and_between_types() -> None:
    options: dict[str, Any] = {"obs": ["a", "b", "a"], "type": ["x", "x", "y"]}
    own = correlation([1, 1, 1], rho=(0.6, 0.2), **options)
    np.testing.assert_allclose(own, [[1, 0.6, 0.2], [0.6, 1, 0.2], [0.2, 0.2, 1]])
    own = correlation([1, 1, 1], rho=(R, 0.2), **options)
    np.testing.assert_allclose(own[0], [1, 0.7, 0.2])


def test_time_and_subgroup() -> None:
    own = correlation([1, 1, 1], time1=[0, 1, 3], phi=0.5)
    np.testing.assert_allclose(own[0], [1.0, 0.5, 0.125])
    own = correlation([1, 1, 1], subgroup=["m", "f", "m"], time1=[0, 1, 3], phi=0.5)
    np.testing.assert_allclose(own[0], [1.0, 0.0, 0.125])
    assert sampling_covariance([1, 1], [7, 7], subgroup=[1, 2], obs=[1, 2], rho=0.5).clusters == (
        7,
        7,
    )


def test_shared_control_of_known_sizes() -> None:
    own = correlation([1, 1], grp1=["a", "b"], grp2=["c", "c"], w1=[10, 20], w2=[40, 40])
    expected = (1 / 40) / np.sqrt((1 / 10 + 1 / 40) * (1 / 20 + 1 / 40))
    assert own[0, 1] == pytest.approx(expected)
    alone = correlation([1, 1, 1], grp1=["a", "b", "c"])
    np.testing.assert_allclose(alone, np.full((3, 3), 0.5) + 0.5 * np.eye(3))


def test_contrasts_agree_with_simulated_people() -> None:
    """Means of autocorrelated measurements in groups of unequal size, contrasted."""
    sizes, phi = {"a": 10, "b": 20, "c": 40}, 0.8
    times = np.array([0.0, 1.0, 2.0])
    ar = phi ** np.abs(times[:, None] - times)
    conditions = [(g, t) for g in sizes for t in range(3)]
    joint = np.array(
        [[ar[s, t] / sizes[g] if g == h else 0.0 for h, t in conditions] for g, s in conditions]
    )
    rows = [("a", 2, "c", 2), ("b", 1, "c", 0), ("a", 2, "a", 0), ("c", 1, "a", 1)]
    design = np.zeros((len(rows), len(conditions)))
    for i, (g, s, h, t) in enumerate(rows):
        design[i, conditions.index((g, s))] += 1.0
        design[i, conditions.index((h, t))] -= 1.0
    covariance = design @ joint @ design.T
    sd = np.sqrt(np.diag(covariance))
    g1, t1, g2, t2 = zip(*rows, strict=True)
    own = correlation(
        [1] * 4, grp1=g1, time1=t1, grp2=g2, time2=t2, phi=phi,
        w1=[sizes[g] for g in g1], w2=[sizes[g] for g in g2],
    )  # fmt: skip
    np.testing.assert_allclose(own, covariance / np.outer(sd, sd), atol=1e-12)


def test_second_conditions_are_measured_when_the_first_are() -> None:
    options: dict[str, Any] = {"grp1": ["a", "a"], "grp2": ["c", "c"], "time1": [0, 1], "phi": 0.5}
    np.testing.assert_allclose(correlation([1, 1], **options), [[1, 0.5], [0.5, 1]])


def test_stated_correlations() -> None:
    given_ = [
        [1, np.nan, np.nan],
        [0.6, 1, np.nan],
        [1, np.nan, np.nan],
        [0.8, 1, np.nan],
        [0.5, 0.4, 1],
    ]
    own = correlation([1, 1, 2, 2, 2], correlations=given_)
    np.testing.assert_allclose(own[2:, 2:], [[1, 0.8, 0.5], [0.8, 1, 0.4], [0.5, 0.4, 1]])
    assert own[0, 1] == 0.6
    assert own[0, 2] == 0.0


def test_frame_and_notes() -> None:
    found = sampling_covariance([0.04, 0.09, 0.01], ["a", "b", "a"], obs=[1, 1, 2], rho=0.5)
    frame = found.frame()
    assert frame.to_dict("records") == [
        {
            "cluster": "a",
            "row": 0,
            "other": 2,
            "covariance": pytest.approx(0.01),
            "correlation": 0.5,
        }
    ]
    assert found.notes == ("rho = 0.5 is assumed in all clusters",)
    assert found.smallest_eigenvalue == pytest.approx(0.5)
    grouped = sampling_covariance([1, 1], [1, 1], obs=["a", "b"], rho=R, grp1=["g", "h"])
    assert "rho is assumed as stated" in grouped.notes[0]
    assert "give w1 and w2" in grouped.notes[1]


INDEFINITE = pd.DataFrame([[1, 0.9, -0.5], [0.9, 1, 0.6], [-0.5, 0.6, 1]])


def test_what_is_not_positive_definite_is_refused_or_mended_on_request() -> None:
    options: dict[str, Any] = {"obs": [0, 1, 2], "rho": INDEFINITE}
    with pytest.raises(FitError, match=r"cluster 1: is not positive definite: smallest eig.*-0\."):
        sampling_covariance([1, 2, 0.5], [1, 1, 1], **options)
    found = sampling_covariance([1, 2, 0.5], [1, 1, 1], nearest=True, **options)
    # metafor 3.8-1, vcalc(nearpd = TRUE)
    np.testing.assert_allclose(found.matrix[0], [1, 0.9832158638, -0.2427486871], atol=2e-8)
    assert found.smallest_eigenvalue < -0.1
    assert any("the nearest matrix that is was taken" in note for note in found.notes)
    np.linalg.cholesky(found.matrix)


def test_the_nearest_correlation_matrix_is_nearer_than_others() -> None:
    target = INDEFINITE.to_numpy(float)
    found = nearest_positive_definite(target)
    own, random = np.linalg.norm(found - target), np.random.default_rng(0)
    for _ in range(200):
        root = np.linalg.cholesky(found) + random.normal(0, 0.03, (3, 3))
        other = root @ root.T
        other /= np.sqrt(np.outer(np.diag(other), np.diag(other)))
        assert np.linalg.norm(other - target) > own - 1e-7


def test_a_row_for_the_same_thing_twice_is_not_definite() -> None:
    with pytest.raises(FitError, match="tell its rows apart"):
        sampling_covariance([1, 1], [1, 1], obs=["a", "a"], rho=0.5)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "all absent: rows are the same"),
        ({"obs": [1, 2]}, "obs: needs rho"),
        ({"type": [1, 2]}, "type: needs rho"),
        ({"time1": [1, 2]}, "time1: needs phi"),
        ({"time2": [1, 2], "time1": [1, 2], "phi": 0.5}, "time2: needs grp2"),
        ({"time2": [1, 2], "grp1": [1, 2], "grp2": [3, 3]}, "time2: needs time1"),
        ({"grp2": [1, 2]}, "grp2: needs grp1"),
        ({"grp1": [1, 2], "w1": [1, 2]}, "w1: would do nothing without grp2"),
        ({"grp1": [1, 2], "grp2": [3, 3], "w1": [1, 2]}, "w1: needs w2"),
        ({"grp1": [1, 2], "grp2": [3, 3], "w2": [1, 2]}, "w2: needs w1"),
        ({"rho": 0.5, "time1": [1, 2], "phi": 0.5}, "rho: would do nothing"),
        ({"phi": 0.5, "obs": [1, 2], "rho": 0.5}, "phi: would do nothing"),
        ({"obs": [1, 2], "rho": 1.5}, "from -1 to 1"),
        ({"obs": [1, 2], "rho": "x"}, "a number, or a DataFrame over the labels of obs"),
        ({"obs": [1, 2], "type": [1, 2], "rho": 0.5}, "a pair: the correlation within a type"),
        ({"obs": ["a", "d"], "rho": R}, "lacks d"),
        ({"obs": ["a", "b"], "rho": 2 * R}, "not from -1 to 1"),
        ({"obs": ["a", "b"], "rho": R.assign(b=0.1)}, "not symmetric"),
        ({"time1": [1, 2], "phi": 1.5}, "a number from 0 to 1"),
        ({"time1": [1, np.nan], "phi": 0.5}, r"time1\[1\]: is nan"),
        ({"time1": ["x", "y"], "phi": 0.5}, "time1 are not numbers"),
        ({"time1": [1, 2, 3], "phi": 0.5}, r"time1: shape \(3,\)"),
        ({"grp1": ["a", "b"], "grp2": ["a", "c"]}, "row 0: both its conditions are the same"),
        ({"obs": [1, None], "rho": 0.5}, r"obs\[1\]: missing"),
        ({"obs": [1, 2, 3], "rho": 0.5}, "3 labels for 2 rows"),
        ({"correlations": [[1], [1]]}, r"shape \(2, 1\)"),
        ({"correlations": [[1, 0], [2, 1]]}, "missing or beyond 1"),
        ({"correlations": [["x", 0], [2, 1]]}, "the correlations are not numbers"),
        ({"correlations": [[1, 0], [0, 1]], "rho": 0.4}, "rho: would do nothing beside"),
    ],
)
def test_incomplete_and_superfluous_statements(options: dict[str, Any], match: str) -> None:
    with pytest.raises(FitError, match=match):
        sampling_covariance([1, 1], [1, 1], **options)


def test_variances_must_be_positive() -> None:
    with pytest.raises(FitError, match=r"variances\[1\]: is 0.0; a finite number above 0"):
        sampling_covariance([1, 0], [1, 1], obs=[1, 2], rho=0.5)


@settings(max_examples=25, deadline=None)
@given(st.permutations(list(range(8))), st.floats(0.0, 0.9), st.floats(0.1, 0.95))
def test_order_of_rows(order: list[int], rho: float, phi: float) -> None:
    random = np.random.default_rng(1)
    v, cluster = random.uniform(0.5, 2.0, 8), np.repeat([1, 2], 4)
    obs, time = np.array([1, 2, 1, 2] * 2), np.array([0, 0, 1, 1] * 2)
    plain = sampling_covariance(v, cluster, obs=obs, rho=rho, time1=time, phi=phi).matrix
    other = sampling_covariance(
        v[order], cluster[order], obs=obs[order], rho=rho, time1=time[order], phi=phi
    ).matrix
    np.testing.assert_allclose(other, plain[np.ix_(order, order)], rtol=1e-12)
