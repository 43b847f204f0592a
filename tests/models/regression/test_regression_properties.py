"""What must hold of every meta-regression: units, order, shifts; and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.regression.likelihood_ratio import likelihood_ratio_test
from evidence.models.regression.location_scale import location_scale
from evidence.models.regression.permutation import permutation_test
from evidence.models.regression.regression import meta_regression
from evidence.models.regression.wald import linear_hypotheses, omnibus_test, predict

METHODS = ("reml", "maximum_likelihood", "paule_mandel", "dersimonian_laird", "sidik_jonkman")


def example(seed: int, k: int = 12) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"dose": random.normal(size=k), "year": random.normal(size=k)})
    s = random.uniform(0.1, 0.5, size=k)
    y = 0.5 * frame["dose"].to_numpy() + random.normal(size=k) * np.sqrt(s**2 + 0.3)
    return y, s, frame


seeds, methods = st.integers(0, 10_000), st.sampled_from(METHODS)


@given(seeds, methods, st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
@settings(max_examples=25, deadline=None)
def test_scale_of_effects(seed: int, method: str, c: float) -> None:
    y, s, frame = example(seed)
    one = meta_regression(table_of(y, s), frame, tau2=method)
    other = meta_regression(table_of(y * c, s * c), frame, tau2=method)
    np.testing.assert_allclose(other.estimates, one.estimates * c, rtol=1e-7, atol=1e-12 * c)
    np.testing.assert_allclose(other.terms["p"], one.terms["p"], rtol=1e-6)
    assert other.tau2 == pytest.approx(one.tau2 * c**2, rel=1e-7, abs=1e-12 * c**2)
    assert other.heterogeneity.i2 == pytest.approx(one.heterogeneity.i2, rel=1e-6, abs=1e-9)


@given(seeds, methods, st.sampled_from([1e-6, 7.0, 1e6]), st.sampled_from([0.0, -3.0, 2000.0]))
@settings(max_examples=25, deadline=None)
def test_scale_and_shift_of_moderators(seed: int, method: str, c: float, shift: float) -> None:
    y, s, frame = example(seed)
    one = meta_regression(table_of(y, s), frame, tau2=method)
    moved = frame.assign(dose=frame["dose"] * c, year=frame["year"] + shift)
    other = meta_regression(table_of(y, s), moved, tau2=method)
    np.testing.assert_allclose(other.estimates[1:] * [c, 1.0], one.estimates[1:], rtol=1e-7)
    np.testing.assert_allclose(other.fitted, one.fitted, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.terms["p"][1:], one.terms["p"][1:], rtol=1e-6)
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-7, abs=1e-12)


@given(seeds, methods)
@settings(max_examples=20, deadline=None)
def test_order_of_rows_and_shift_of_effects(seed: int, method: str) -> None:
    y, s, frame = example(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    one = meta_regression(table_of(y, s), frame, tau2=method)
    mixed = frame.iloc[order].reset_index(drop=True)
    other = meta_regression(table_of(y[order] + 1e4, s[order]), mixed, tau2=method)
    np.testing.assert_allclose(
        other.estimates, one.estimates + np.array([1e4, 0, 0]), rtol=1e-6, atol=1e-9
    )
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("c", [1e-6, 1e6])
@pytest.mark.parametrize("link", ["log", "identity"])
def test_location_scale_follows_the_unit(c: float, link: str) -> None:
    random = np.random.default_rng(4)
    arm = pd.DataFrame({"arm": ["a", "b"] * 15})
    y, s = random.normal(size=30) * np.where(arm["arm"] == "a", 0.8, 2.0), np.full(30, 0.2)
    one = location_scale(table_of(y, s), arm, arm, link=link)
    other = location_scale(table_of(y * c, s * c), arm, arm, link=link)
    np.testing.assert_allclose(other.tau2, one.tau2 * c**2, rtol=1e-6)
    np.testing.assert_allclose(other.scale_terms["p"][1:], one.scale_terms["p"][1:], rtol=1e-4)


def table(k: int = 6) -> EffectTable:
    y = [0.1, 0.5, 0.2, 0.9, 0.4, 1.3, 0.2, 0.8][:k]
    return table_of(y, [0.1, 0.2, 0.1, 0.2, 0.3, 0.2, 0.2, 0.1][:k])


DOSE = pd.DataFrame({"dose": [1.0, 2.0, 2.5, 4.0, 5.0, 7.0]})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (DOSE.assign(x=1.0), "column 'x': is the same in all rows"),
        (DOSE.assign(x=DOSE["dose"] * 2), "column 'x': is a sum of columns before it"),
        (DOSE.replace(2.5, np.nan), r"column 'dose', row '.*': missing"),
        (DOSE.replace(2.5, np.inf), r"column 'dose', row '.*': not finite"),
        (DOSE.assign(x=["a", "b", None, "a", "b", "a"]), "column 'x', row '.*': missing"),
        (DOSE.iloc[:4], "has no moderators"),
        (DOSE.set_axis([0, 0, 1, 2, 3, 4]), "row '0' of the moderators: stands there twice"),
        (DOSE.assign(x=list("abcdef")), "6 effects for 7 coefficients"),
        (DOSE.rename(columns={"dose": "intercept"}), "has the intercept's name"),
        (DOSE.assign(x=DOSE["dose"] + 1j), "column 'x': is complex"),
    ],
)
def test_moderators_that_make_no_design(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(FitError, match=message):
        meta_regression(table(), frame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test": "knha"}, "test: unknown: 'knha'"),
        ({"tau2": "reemel"}, 'did you mean "reml"'),
        ({"tau2": -1.0}, "a finite number of at least 0"),
        ({"tau2": "generalised_q"}, "needs weights"),
        ({"level": 95}, "level: 95"),
        ({"data": DOSE}, "data: would do nothing"),
    ],
)
def test_options_that_are_wrong(options: dict[str, object], message: str) -> None:
    with pytest.raises(FitError, match=message):
        meta_regression(table(), DOSE, **options)


def test_formula_and_frame_are_the_same_fit() -> None:
    data = DOSE.assign(arm=list("ababba"))
    one = meta_regression(table(), "~ dose + arm", data=data)
    other = meta_regression(table(), data)
    assert one.design.names == other.design.names == ("intercept", "dose", "arm[T.b]")
    np.testing.assert_allclose(one.estimates, other.estimates, rtol=1e-9)
    new = pd.DataFrame({"dose": [3.0], "arm": ["b"]})
    np.testing.assert_allclose(predict(one, new), predict(other, new), rtol=1e-9)
    bare = meta_regression(table(), data[["arm"]], intercept=False)
    same = meta_regression(table(), "~ arm - 1", data=data)
    assert bare.design.names == ("arm[a]", "arm[b]")
    np.testing.assert_allclose(bare.estimates, same.estimates, rtol=1e-9)


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("~ dos", {"data": DOSE}, "data has no column 'dos'; did you mean \"dose\""),
        ("~ dose +* 2", {"data": DOSE}, "formula"),
        ("y ~ dose", {"data": DOSE.assign(y=1.0)}, "has two sides"),
        ("~ dose", {"data": DOSE, "intercept": False}, "write '- 1' in the formula"),
        ("~ dose", {}, "data has no column 'dose'"),
        ("~ np.log(dose - 1)", {"data": DOSE}, "formula"),
    ],
)
def test_formulas_that_are_wrong(formula: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(FitError, match=message):
        meta_regression(table(), formula, **options)


def test_levels_of_numbers_and_of_unused_categories_in_formulas() -> None:
    data = pd.DataFrame({"g": [1, 2, 1, 2, 1, 2], "arm": pd.Categorical(list("ababba"))})
    data["arm"] = data["arm"].cat.add_categories("c")
    fit = meta_regression(table(), "~ C(g) + arm", data=data)
    assert fit.design.names == ("intercept", "C(g)[T.2]", "arm[T.b]")
    with pytest.raises(FitError, match="formula of the fit: Data has categories outside"):
        predict(fit, pd.DataFrame({"g": [9], "arm": ["a"]}))


def test_wrong_rows_and_names_after_the_fit() -> None:
    fit = meta_regression(table(), DOSE.assign(arm=list("ababba")))
    with pytest.raises(FitError, match="column 'arm': is absent"):
        predict(fit, DOSE)
    with pytest.raises(FitError, match="column 'arm': unknown level 'c'"):
        predict(fit, pd.DataFrame({"dose": [1.0], "arm": ["c"]}))
    with pytest.raises(FitError, match="coefficients: unknown: 'dos'"):
        omnibus_test(fit, "dos")
    with pytest.raises(FitError, match=r"contrasts: shape \(1, 2\)"):
        linear_hypotheses(fit, [1, 2])
    with pytest.raises(FitError, match="level: 95"):
        predict(fit, DOSE, level=95)


def test_fits_that_cannot_be_compared() -> None:
    full, reduced = (meta_regression(table(), frame) for frame in (DOSE, DOSE[[]]))
    with pytest.raises(FitError, match="full: is by tau2='reml'"):
        likelihood_ratio_test(full, reduced)
    full, reduced = (meta_regression(table(), f, tau2=None) for f in (DOSE, DOSE[[]]))
    with pytest.raises(FitError, match="are not nested"):
        likelihood_ratio_test(reduced, full)
    with pytest.raises(FitError, match="fits of different effects"):
        likelihood_ratio_test(full, meta_regression(table(5), DOSE[[]].iloc[:5], tau2=None))


def test_options_of_permutations() -> None:
    fit = meta_regression(table(), DOSE)
    with pytest.raises(FitError, match="seed: would do nothing"):
        permutation_test(fit, seed=1)
    with pytest.raises(FitError, match="seed: is not stated"):
        permutation_test(fit, draws=10)
    with pytest.raises(FitError, match="draws: is 1"):
        permutation_test(fit, draws=1, seed=1)
    y, s, frame = example(1)
    with pytest.raises(FitError, match="479001600 orderings"):
        permutation_test(meta_regression(table_of(y, s), frame[["dose"]]))


def test_a_spread_of_zero_is_refused_by_the_log_link_alone() -> None:
    agree = table_of([0.1, 0.11, 0.1, 0.12, -2.0, 3.0, -1.0, 2.0], [0.3] * 8)
    arm = pd.DataFrame({"arm": list("aaaabbbb")})
    with pytest.raises(FitError, match="log link has no value for 0"):
        location_scale(agree, arm, arm)
    fit = location_scale(agree, arm, arm, link="identity")
    assert fit.tau2.iloc[:4].tolist() == [0.0] * 4
    assert fit.scale_covariance is None
    assert fit.scale_moderators is None
    assert "at 0, the edge" in str(fit.scale_reason)
    # The other arm's tau2 is then that of its studies alone.
    alone = pool(table_of([-2.0, 3.0, -1.0, 2.0], [0.3] * 4))
    assert fit.tau2.iloc[4] == pytest.approx(alone.heterogeneity.tau2, rel=1e-8)
    with pytest.raises(FitError, match="link: unknown: 'logit'"):
        location_scale(agree, arm, arm, link="logit")


def test_few_studies_and_a_perfect_fit_are_said() -> None:
    fit = meta_regression(table(), DOSE)
    assert "6 studies for 1 moderator coefficient: fewer than 10" in fit.notes[0]
    straight = table_of(DOSE["dose"], [0.1] * 6)
    perfect = meta_regression(straight, DOSE)
    assert perfect.tau2 == 0.0
    assert perfect.estimates == pytest.approx([0.0, 1.0], abs=1e-12)
    assert any("not even 0" in note for note in perfect.notes)
