"""Sandwiches and their moments beside the formulas written out with k x k matrices."""

import numpy as np
import pytest
from scipy import linalg, stats

from evidence.models.robust.kernels_sandwich import (
    KINDS,
    Clustered,
    cut,
    fit_clusters,
    hotelling,
    moments,
    places_of,
    robust_mean,
    sandwich,
    satterthwaite,
    scores,
)

SIZES = (1, 2, 3, 4, 2, 1, 3, 5)


class Example:
    """Clusters with a full working covariance; weights its inverse, or of their own."""

    def __init__(self, *, stated: bool, seed: int = 3) -> None:
        random = np.random.default_rng(seed)
        self.codes = np.repeat(np.arange(len(SIZES)), SIZES)
        k = len(self.codes)
        self.places = places_of(self.codes)
        self.x = np.column_stack([np.ones(k), random.normal(size=k), random.normal(size=k)])
        self.y = random.normal(size=k)
        same = self.codes[:, None] == self.codes
        self.phi = np.where(same, 0.3, 0.0) + np.diag(random.uniform(0.1, 1.0, k))
        own = np.diag(random.uniform(0.5, 2.0, k))
        self.w = own if stated else np.linalg.inv(self.phi)
        self.bread = np.linalg.inv(self.x.T @ self.w @ self.x)
        self.hat = self.x @ self.bread @ self.x.T @ self.w
        self.e = self.y - self.hat @ self.y

    def fit(self) -> Clustered:
        return fit_clusters(
            self.y, self.x, self.places, cut(self.w, self.places), cut(self.phi, self.places)
        )

    def adjustment(self, kind: str) -> np.ndarray:
        """Block-diagonal A."""
        k = len(self.y)
        out, rest = np.eye(k), np.eye(k) - self.hat
        middle = rest @ self.phi @ rest.T
        for rows in self.places:
            at = np.ix_(rows, rows)
            if kind == "CR3":
                out[at] = np.linalg.inv(rest[at])
            if kind == "CR2":
                d = np.linalg.cholesky(self.phi[at]).T
                root = linalg.fractional_matrix_power(d @ middle[at] @ d.T, -0.5)
                out[at] = d.T @ np.real(root) @ d
        return out

    def factor(self, kind: str) -> float:
        m, k, p = len(SIZES), len(self.y), 3
        return {
            "CR1": m / (m - 1), "CR1p": m / (m - p), "CR1S": m * (k - 1) / (m - 1) / (k - p),
        }.get(kind, 1.0)  # fmt: skip

    def pulls(self, kind: str) -> np.ndarray:
        """Linear maps from errors to the scores of each cluster, shape (m, p, k)."""
        rest, a = np.eye(len(self.y)) - self.hat, self.adjustment(kind)
        left = self.bread @ self.x.T @ self.w @ a
        return np.stack([left[:, rows] @ rest[rows] for rows in self.places])


@pytest.mark.parametrize("stated", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_covariance_is_the_sum_over_clusters(kind: str, stated: bool) -> None:
    example = Example(stated=stated)
    fit = example.fit()
    scored = example.pulls(kind) @ example.y
    expected = example.factor(kind) * scored.T @ scored
    np.testing.assert_allclose(sandwich(fit, scores(fit, kind)), expected, rtol=1e-9)
    np.testing.assert_allclose(fit.estimate, example.bread @ example.x.T @ example.w @ example.y)


@pytest.mark.parametrize("stated", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_satterthwaite_is_two_squared_means_over_variance(kind: str, stated: bool) -> None:
    example = Example(stated=stated)
    fit, pulls = example.fit(), example.pulls(kind)
    expected = []
    for j in range(3):
        form = pulls[:, j].T @ pulls[:, j] @ example.phi
        expected.append(np.trace(form) ** 2 / np.trace(form @ form))
    np.testing.assert_allclose(satterthwaite(fit, scores(fit, kind)), expected, rtol=1e-10)


@pytest.mark.parametrize("kind", ["CR0", "CR2", "CR3"])
def test_moments_of_several_contrasts_are_those_of_quadratic_forms(kind: str) -> None:
    example = Example(stated=True)
    fit, pulls, c = example.fit(), example.pulls(kind), np.array([[0.0, 1, 0], [1.0, 2, -1]])
    maps = np.einsum("qp,mpk->mqk", c, pulls)
    mean = sum(one @ example.phi @ one.T for one in maps)
    found = moments(fit, scores(fit, kind), c)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-10)
    root = np.real(linalg.fractional_matrix_power(mean, -0.5))
    maps = root @ maps
    spread = 0.0
    for s in range(2):
        for t in range(2):
            form = sum(np.outer(one[s], one[t]) for one in maps)
            form = 0.5 * (form + form.T) @ example.phi
            spread += 2.0 * np.trace(form @ form)
    assert found.spread == pytest.approx(spread, rel=1e-9)


def test_cr2_is_unbiased_under_the_working_model() -> None:
    example = Example(stated=False)
    fit = example.fit()
    mean = moments(fit, scores(fit, "CR2"), np.eye(3)).mean
    np.testing.assert_allclose(mean, example.bread, rtol=1e-9)


def test_cr3_is_the_jackknife_of_clusters_with_the_weights_kept() -> None:
    example = Example(stated=False)
    fit, without = example.fit(), []
    for rows in example.places:
        keep = np.setdiff1d(np.arange(len(example.y)), rows)
        at = np.ix_(keep, keep)
        xw = example.x[keep].T @ example.w[at]
        without.append(np.linalg.solve(xw @ example.x[keep], xw @ example.y[keep]))
    gap = np.array(without) - fit.estimate
    np.testing.assert_allclose(sandwich(fit, scores(fit, "CR3")), gap.T @ gap, rtol=1e-9)


def test_one_contrast_is_the_square_of_its_t_test() -> None:
    fit = Example(stated=False).fit()
    found = scores(fit, "CR2")
    test = hotelling(fit, found, np.eye(3)[1:2], fit.estimate[1:2])
    t = fit.estimate[1] / np.sqrt(sandwich(fit, found)[1, 1])
    df = satterthwaite(fit, found)[1]
    assert (test.f, test.df2) == (pytest.approx(t**2), pytest.approx(df))
    assert test.p == pytest.approx(2 * stats.t.sf(abs(t), df))


def test_every_row_a_cluster_of_equal_variance_gives_the_textbook_mean() -> None:
    y = np.array([1.0, 2.0, 4.0, 7.0, 1.0])
    found = robust_mean(y, np.ones(5), np.ones(5))
    assert found.estimate == pytest.approx(y.mean())
    assert found.std_error == pytest.approx(stats.sem(y))
    assert found.df == pytest.approx(4.0)


def test_robust_mean_takes_clusters() -> None:
    y, v = np.array([1.0, 2.0, 4.0, 7.0]), np.array([0.1, 0.2, 0.3, 0.1])
    apart = robust_mean(y, 1 / v, v)
    together = robust_mean(y, 1 / v, v, np.array([0, 0, 1, 2]))
    assert apart.estimate == pytest.approx(together.estimate)
    assert together.df < apart.df


def test_two_clusters_have_one_degree_of_freedom_or_less() -> None:
    y = np.array([1.0, 2.0, 4.0])
    found = robust_mean(y, np.ones(3), np.ones(3), np.array([0, 0, 1]))
    assert found.df == pytest.approx(1.0)
