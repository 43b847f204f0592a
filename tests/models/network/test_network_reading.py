"""Reading networks: contrasts with and without covariance, arms, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from network_samples import arms_of, contrasts_of, network_of, triangle

from evidence.effects.sizes.frame import effect_sizes
from evidence.errors import FitError, PlausibilityWarning
from evidence.models.network.arms import network_arms
from evidence.models.network.contrasts import network_contrasts
from evidence.models.network.data import NetworkData
from evidence.models.network.kernels_graph import reduced_weights
from evidence.models.network.network import network_meta


def three_arms(v: tuple[float, float, float] = (0.1, 0.2, 0.3)) -> pd.DataFrame:
    a, b, c = v
    return pd.DataFrame(
        {
            "study": "one",
            "treatment1": ["a", "a", "b"],
            "treatment2": ["b", "c", "c"],
            "estimate": [0.5, 0.8, 0.3],
            "std_error": np.sqrt([a + b, a + c, b + c]),
        }
    )


def test_weights_of_a_multi_arm_study_are_those_of_its_arms() -> None:
    # Independent arms with precision p: the Laplacian has weights p_i p_j / sum(p).
    w = reduced_weights(network_contrasts(three_arms()).edges)
    p = 1 / np.array([0.1, 0.2, 0.3])
    expected = [p[0] * p[1], p[0] * p[2], p[1] * p[2]] / p.sum()
    assert w == pytest.approx(expected, rel=1e-12)


def test_names_and_counts() -> None:
    data = network_of()
    assert data.treatments == ("a", "b", "c", "d")
    assert data.k == 10
    assert data.designs["s4"] == ("a", "b", "c")
    assert len(data.contrasts) == 7 + 2 * 3 + 6
    assert repr(data) == "NetworkData(GEN: 10 studies, 4 treatments, 19 comparisons, 8 designs)"
    frame = contrasts_of(arms_of()).replace({"a": "Zinc", "b": "aspirin", "c": "Aspirin"})
    assert network_contrasts(frame).treatments == ("Aspirin", "aspirin", "d", "Zinc")


@pytest.mark.parametrize("pairs", [[("a", "b"), ("a", "c")], [("b", "a"), ("c", "b")]])
def test_a_basic_set_with_its_covariance_is_the_whole_study(pairs: list[tuple[str, str]]) -> None:
    arms = arms_of()
    full = contrasts_of(arms)
    rest = full[full["study"] != "s4"]
    own = arms[arms["study"] == "s4"].set_index("treatment")
    level, v = own["level"], own["variance"]
    x = np.array([[(t == a) * 1.0 - (t == b) for t in own.index] for a, b in pairs])
    block = x @ np.diag(v) @ x.T
    few = pd.DataFrame({
        "study": "s4", "treatment1": [a for a, _ in pairs], "treatment2": [b for _, b in pairs],
        "estimate": [level[a] - level[b] for a, b in pairs], "std_error": np.sqrt(np.diag(block)),
    })  # fmt: skip
    frame = pd.concat([few, rest], ignore_index=True)
    covariance = np.zeros((len(frame), len(frame)))
    covariance[:2, :2] = block
    for name, part in frame.iloc[2:].groupby("study"):
        mine = arms[arms["study"] == name].set_index("treatment")["variance"]
        compared = zip(part["treatment1"], part["treatment2"], strict=True)
        z = np.array([[(t == a) * 1.0 - (t == b) for t in mine.index] for a, b in compared])
        covariance[np.ix_(part.index, part.index)] = z @ np.diag(mine) @ z.T
    ours = network_meta(network_contrasts(frame, covariance=covariance))
    theirs = network_meta(network_contrasts(full))
    assert ours.tau2 == pytest.approx(theirs.tau2, rel=1e-8)
    assert ours.random is not None
    assert theirs.random is not None
    a, b = ours.random.estimate.to_numpy(), theirs.random.estimate.to_numpy()
    assert a == pytest.approx(b, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda c: c[:2, :2], "shape"),
        (lambda c: c + np.triu(np.full(c.shape, 0.01), 1), "is not symmetric"),
        (lambda c: 2 * c, "diagonal other than std_error"),
        (lambda c: np.where(np.eye(len(c)), c, np.nan), "not finite"),
        (lambda c: c + 0.01 * (1 - np.eye(len(c))), "not 0 between studies"),
    ],
)
def test_wrong_covariances(change: object, match: str) -> None:
    frame = triangle().contrasts
    covariance = np.diag(frame["std_error"].to_numpy() ** 2)
    with pytest.raises(FitError, match=match):
        network_contrasts(frame, covariance=change(covariance))  # type: ignore[operator]


def test_contrasts_of_a_study_cannot_all_be_independent() -> None:
    frame = three_arms()
    with pytest.raises(FitError, match="cannot all be independent"):
        network_contrasts(frame, covariance=np.diag(frame["std_error"] ** 2))
    apart = pd.DataFrame({"study": "one", "treatment1": ["a", "c"], "treatment2": ["b", "d"],
                          "estimate": [0.1, 0.2], "std_error": [1.0, 1.0]})  # fmt: skip
    with pytest.raises(FitError, match="do not join its arms"):
        network_contrasts(apart, covariance=np.eye(2))


def test_incomplete_and_repeated_contrasts() -> None:
    with pytest.raises(FitError, match="2 contrasts of 3 treatments; all 3 pairs"):
        network_contrasts(three_arms().iloc[:2])
    with pytest.raises(FitError, match="a and b are compared more than once"):
        network_contrasts(pd.concat([three_arms(), three_arms().iloc[:1]]))
    with pytest.raises(FitError, match="compares 'b' with itself"):
        network_contrasts(three_arms().assign(treatment1="b"))


def test_contrasts_that_do_not_add_up() -> None:
    with pytest.raises(FitError, match=r"study 'one': estimates miss each other by 0\.33"):
        network_contrasts(three_arms().assign(estimate=[0.5, 0.8, 1.3]))
    loose = network_contrasts(three_arms().assign(estimate=[0.5, 0.8, 0.31]), tolerance=0.1)
    assert loose.k == 1
    with pytest.raises(FitError, match=r"standard errors 0\.1, 0\.1, 5"):
        network_contrasts(three_arms().assign(std_error=[0.1, 0.1, 5.0]))
    # The third variance is the sum of the others: the middle arm would have none at all.
    edge = three_arms((0.1, 0.0, 0.3))
    assert network_contrasts(edge).k == 1
    flat = three_arms().assign(std_error=[1.0, 1.0, 2.0])
    with pytest.raises(FitError, match="such as arms can have"):
        network_contrasts(flat)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"std_error": [0.1, 0.0, 0.2]}, "standard error 0"),
        ({"std_error": [0.1, np.nan, 0.2]}, "is not a number"),
        ({"estimate": ["x", "y", "z"]}, "does not hold numbers"),
        ({"estimate": [1.0, np.inf, 0.2]}, "is not a number"),
        ({"study": ["u", None, "w"]}, "row 1: is empty"),
        ({"treatment1": ["x", " ", "y"]}, "row 1: is empty"),
    ],
)
def test_wrong_cells(change: dict[str, list[object]], match: str) -> None:
    with pytest.raises(FitError, match=match):
        network_contrasts(triangle().contrasts.assign(**change))


def test_wrong_arguments() -> None:
    frame = triangle().contrasts
    with pytest.raises(FitError, match='did you mean "estimate"'):
        network_contrasts(frame, estimate="estimat")
    with pytest.raises(FitError, match="stands there twice"):
        network_contrasts(pd.concat([frame, frame[["study"]]], axis=1))
    with pytest.raises(FitError, match="is a list"):
        network_contrasts([1.0])  # type: ignore[arg-type]
    with pytest.raises(FitError, match="has no rows"):
        network_contrasts(frame.iloc[:0])
    with pytest.raises(FitError, match="scale"):
        network_contrasts(frame, scale="ln")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="tolerance"):
        network_contrasts(frame, tolerance=0.0)


# Arms


def two_by_two(data: NetworkData, arms: pd.DataFrame, measure: str, **columns: str) -> None:
    """Each contrast is the effect of its two arms alone."""
    rows = data.contrasts
    arms = arms.set_index(["study", "treatment"])
    wide = pd.DataFrame(
        {
            f"{name}{side}": [
                arms.loc[(s, t), column] for s, t in zip(rows["study"], rows[f"treatment{side}"],
                                                        strict=True)
            ]
            for name, column in columns.items()
            for side in (1, 2)
        }
    )  # fmt: skip
    names = {column: column for column in wide.columns}
    table = effect_sizes(wide, measure=measure, **names)  # type: ignore[arg-type]
    for column in ("estimate", "std_error"):
        assert rows[column].to_numpy() == pytest.approx(table.rows[column].to_numpy(dtype=float))


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "AS"])
def test_counts(measure: str) -> None:
    arms = arms_of()
    arms["events"] += 1
    data = network_arms(arms, measure=measure, events="events", n="n")
    two_by_two(data, arms, measure, events="events", n="n")
    assert data.scale == ("log" if measure in ("OR", "RR") else "identity")
    assert data.notes == ()


@pytest.mark.parametrize("measure", ["MD", "ROM"])
def test_means(measure: str) -> None:
    arms = arms_of()
    arms["mean"] = arms["mean"].abs() + 1
    data = network_arms(arms, measure=measure, mean="mean", sd="sd", n="n")
    two_by_two(data, arms, measure, mean="mean", sd="sd", n="n")


@pytest.mark.parametrize("measure", ["IRR", "IRD"])
def test_rates(measure: str) -> None:
    arms = arms_of()
    arms["events"] += 1
    arms["time"] = arms["n"] * 1.7
    data = network_arms(arms, measure=measure, events="events", time="time", n="n")
    two_by_two(data, arms, measure, events="events", time="time")


def test_standardised_differences_of_two_arms_are_hedges_g() -> None:
    arms = arms_of(("ab", "bc", "ac"))
    data = network_arms(arms, measure="SMD", mean="mean", sd="sd", n="n")
    two_by_two(data, arms, "SMD", mean="mean", sd="sd", n="n")


def test_standardised_differences_of_many_arms_share_a_standard_deviation() -> None:
    arms = arms_of(("abc", "ab", "bc"))
    data = network_arms(arms, measure="SMD", mean="mean", sd="sd", n="n")
    assert network_meta(data).data.k == 3
    own = arms[arms["study"] == "s0"]
    df = own["n"].sum() - 3
    sd = np.sqrt(((own["n"] - 1) * own["sd"] ** 2).sum() / df)
    expected = (own["mean"].iloc[0] - own["mean"].iloc[2]) / sd * (1 - 3 / (4 * df - 1))
    row = data.contrasts.iloc[1]
    assert (row["treatment1"], row["treatment2"]) == ("a", "c")
    assert row["estimate"] == pytest.approx(expected, rel=1e-4)
    with pytest.warns(PlausibilityWarning, match="smd_above_2"):
        network_arms(arms.assign(sd=0.1), measure="SMD", mean="mean", sd="sd", n="n")
    tiny = arms.assign(n=1.0)
    with pytest.raises(FitError, match="two more than arms"):
        network_arms(tiny, measure="SMD", mean="mean", sd="sd", n="n")


EVENTS = pd.DataFrame(
    {
        "study": ["u"] * 3 + ["v"] * 2 + ["w"] * 2 + ["x"] * 2 + ["y"],
        "treatment": list("abcabacaba"),
        "r": [0, 3, 4, 0, 0, 7, 2, 9, 9, 1],
        "n": [20, 20, 20, 15, 15, 30, 30, 9, 9, 8],
    }
)


def test_empty_cells_and_studies_that_tell_nothing() -> None:
    data = network_arms(EVENTS, measure="OR", events="r", n="n")
    assert data.studies == ("u", "w")
    assert data.notes == ("0.5 added to every cell of the studies with an empty one: u",)
    assert data.unused.to_numpy().tolist() == [
        ["v", None, "no events in any arm"],
        ["x", None, "nothing but events in every arm"],
        ["y", None, "one arm only"],
    ]
    first = data.contrasts.iloc[0]
    assert first["estimate"] == pytest.approx(np.log(0.5 / 20.5 / (3.5 / 17.5)))
    # The arms without an empty cell have it added too, so that the study adds up.
    third = data.contrasts.iloc[2]
    assert third["estimate"] == pytest.approx(np.log(3.5 / 17.5 / (4.5 / 16.5)))
    other = network_arms(EVENTS, measure="OR", events="r", n="n", add=0.1)
    assert other.contrasts.iloc[0]["estimate"] == pytest.approx(np.log(0.1 / 20.1 / (3.1 / 17.1)))
    kept = network_arms(EVENTS, measure="RD", events="r", n="n")
    assert kept.studies == ("u", "v", "w", "x")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"measure": "ORR", "events": "r", "n": "n"}, "unknown: 'ORR'"),
        ({"measure": "OR", "events": "r"}, "n: OR needs it"),
        ({"measure": "OR", "events": "r", "n": "n", "sd": "n"}, "would do nothing for OR"),
        ({"measure": "OR", "events": "r", "n": "nn"}, "no such column"),
        ({"measure": "MD", "mean": "r", "sd": "n", "n": "n", "add": 1.0}, "would do nothing"),
        ({"measure": "OR", "events": "r", "n": "n", "add": 0.0}, "is no amount"),
        ({"measure": "OR", "events": "n", "n": "r"}, "events up to n"),
        ({"measure": "MD", "mean": "n", "sd": "r", "n": "n"}, "row 0, sd: 0; > 0"),
    ],
)
def test_wrong_arm_options(options: dict[str, object], match: str) -> None:
    with pytest.raises(FitError, match=match):
        network_arms(EVENTS, **options)  # type: ignore[arg-type]


def test_impossible_arms() -> None:
    with pytest.raises(FitError, match="study 'u': has more than one arm of 'a'"):
        network_arms(EVENTS.assign(treatment="a"), measure="OR", events="r", n="n")
    with pytest.raises(FitError, match="row 0, events: -1; at least 0"):
        network_arms(EVENTS.assign(r=-1), measure="OR", events="r", n="n")
    with pytest.raises(FitError, match="no events in any arm"):
        network_arms(EVENTS.assign(r=0), measure="OR", events="r", n="n")
    with pytest.raises(FitError, match="the frame has no rows"):
        network_arms(EVENTS.iloc[:0], measure="OR", events="r", n="n")
    rates = EVENTS.assign(mean=[-1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], sd=1.0)
    with pytest.raises(FitError, match="no effect or no standard error"):
        network_arms(rates, measure="ROM", mean="mean", sd="sd", n="n")
