"""Components: the additive model against the standard one, by hand, and across parts."""

import numpy as np
import pandas as pd
import pytest
from network_samples import arms_of, contrasts_of

from evidence.errors import FitError
from evidence.models.network.components import component_network
from evidence.models.network.contrasts import network_contrasts
from evidence.models.network.data import NetworkData
from evidence.models.network.network import network_meta

NAMES = {"a": "placebo", "b": "A", "c": "B", "d": "A + B"}


def named(names: dict[str, str], **options: float) -> NetworkData:
    arms = arms_of(**options)
    return network_contrasts(contrasts_of(arms.assign(treatment=arms["treatment"].map(names))))


@pytest.mark.parametrize("tau2", ["reml", "maximum_likelihood", "dersimonian_laird", 0.2])
def test_plain_treatments_are_the_standard_model(tau2: str | float) -> None:
    data = named({"a": "placebo", "b": "A", "c": "B", "d": "C"})
    fit = component_network(data, inactive="placebo", tau2=tau2)  # type: ignore[arg-type]
    plain = network_meta(data, tau2=tau2)  # type: ignore[arg-type]
    assert fit.tau2 == pytest.approx(plain.tau2, rel=1e-9)
    assert fit.random is not None
    assert plain.random is not None
    table = plain.random.frame("placebo").set_index("treatment1").loc[["A", "B", "C"]]
    for column in ("estimate", "std_error", "statistic", "p", "ci_low", "ci_high"):
        ours = fit.random.set_index("component")[column].astype(float)
        assert ours.to_numpy() == pytest.approx(table[column].to_numpy(), rel=1e-8)
    assert fit.difference is not None
    assert fit.difference.df == 0
    assert fit.difference.p is None


def test_the_additive_model_by_least_squares_on_the_arms() -> None:
    arms = arms_of()
    fit = component_network(named(NAMES), inactive="placebo", tau2=0.3)
    held = {"a": (0, 0), "b": (1, 0), "c": (0, 1), "d": (1, 1)}
    x = np.array([held[t] for t in arms["treatment"]], dtype=float)
    z = pd.get_dummies(arms["study"]).to_numpy(float)
    for tau2, table in ((0.0, fit.common), (0.3, fit.random)):
        assert table is not None
        w = 1 / (arms["variance"].to_numpy() + tau2 / 2)
        design = np.hstack([x, z])
        information = design.T @ (w[:, None] * design)
        beta = np.linalg.solve(information, design.T @ (w * arms["level"].to_numpy()))
        spread = np.sqrt(np.diag(np.linalg.inv(information)))
        assert table["estimate"].to_numpy(float) == pytest.approx(beta[:2])
        assert table["std_error"].to_numpy(float) == pytest.approx(spread[:2])
    assert fit.combination.loc["A + B"].tolist() == [1, 1]
    sums = fit.combinations_common.set_index("treatment")
    total = fit.common["estimate"].sum()
    assert sums.loc["A + B", "estimate"] == pytest.approx(total)
    assert sums.loc["placebo", "estimate"] == 0.0
    assert sums.loc["placebo", "p"] is None
    pairs = fit.pairs_common.set_index(["treatment1", "treatment2"])
    assert pairs.loc[("A", "A + B"), "estimate"] == pytest.approx(-fit.common["estimate"].iloc[1])


def test_the_test_of_additivity() -> None:
    fit = component_network(named(NAMES), inactive="placebo")
    assert fit.standard is not None
    assert fit.difference is not None
    assert fit.additive.q - fit.standard.q == pytest.approx(fit.difference.q)
    assert (fit.additive.df, fit.standard.df, fit.difference.df) == (12, 11, 1)
    assert "2 components" in repr(fit)


def test_parts_that_share_components() -> None:
    # P-A and P-B in one part, A+C against B+C and against C in another.
    names = {"a": "P", "b": "A", "c": "B", "d": "A+C", "e": "B+C", "f": "C"}
    arms = arms_of(("ab", "ab", "ac", "bc", "de", "df", "def"))
    data = network_contrasts(contrasts_of(arms.assign(treatment=arms["treatment"].map(names))))
    assert len(data.parts) == 2
    with pytest.raises(FitError, match="component_network where treatments share"):
        network_meta(data)
    fit = component_network(data, inactive="P")
    assert fit.standard is None
    assert fit.difference is None
    rows = fit.common.set_index("component")
    assert rows.loc[["A", "B"], "estimate"].notna().all()
    # Nothing compares C with its absence.
    assert rows.loc["C", ["estimate", "std_error", "p"]].isna().all()
    sums = fit.combinations_common.set_index("treatment")
    assert sums.loc["A+C", "estimate"] is None
    pairs = fit.pairs_common.set_index(["treatment1", "treatment2"])
    assert pairs.loc[("A+C", "C"), "estimate"] == pytest.approx(rows.loc["A", "estimate"])


def test_too_little_to_estimate_tau2() -> None:
    frame = pd.DataFrame({"study": ["u", "v"], "treatment1": ["A", "B"], "treatment2": ["P", "P"],
                          "estimate": [1.0, 0.5], "std_error": [0.2, 0.3]})  # fmt: skip
    fit = component_network(network_contrasts(frame), inactive="P")
    assert fit.tau2 is None
    assert fit.random is None
    assert fit.combinations_random is None
    assert fit.pairs_random is None
    assert fit.common["estimate"].tolist() == pytest.approx([1.0, 0.5])
    assert "2 components" in repr(fit)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"inactive": "Placbo"}, 'did you mean "placebo"'),
        ({"separator": ""}, "separator"),
        ({"tau2": "paule_mandel"}, "unknown: 'paule_mandel'"),
        ({"tau2": -0.1}, "at least 0"),
        ({"level": 1.0}, "a fraction between 0 and 1"),
    ],
)
def test_wrong_component_options(options: dict[str, object], match: str) -> None:
    with pytest.raises(FitError, match=match):
        component_network(named(NAMES), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "match"), [("A + A", "names a component twice"), ("A + ", "has an empty component")]
)
def test_wrong_names(name: str, match: str) -> None:
    with pytest.raises(FitError, match=match):
        component_network(named({**NAMES, "d": name}), inactive="placebo")


def test_studies_that_compare_no_components() -> None:
    frame = pd.DataFrame({"study": ["u"], "treatment1": ["A+B"], "treatment2": ["B + A"],
                          "estimate": [1.0], "std_error": [0.2]})  # fmt: skip
    with pytest.raises(FitError, match="no study compares components"):
        component_network(network_contrasts(frame))
