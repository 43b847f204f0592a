"""Reference files of ``netmeta`` and what follows it: ranks, designs, splits, contributions."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from comparison import Comparison, NotOfferedError
from network_reading import (
    argument,
    calls,
    estimates,
    level,
    network,
    off_diagonal,
    option,
    p_values,
    places,
)

from evidence.models.network.arms import network_arms
from evidence.models.network.contributions import contribution_matrix
from evidence.models.network.fit import NetworkFit
from evidence.models.network.inconsistency import design_decomposition
from evidence.models.network.network import network_meta
from evidence.models.network.ranking import p_scores
from evidence.models.network.splitting import node_split

LIKELIHOOD = {"REML": "reml", "ML": "maximum_likelihood"}
# netmeta 3.3 leaves the covariance within multi-arm studies out of the likelihood of tau2.
TAU2 = {"DL": "dersimonian_laird"} | {k: f"{v}_uncorrelated" for k, v in LIKELIHOOD.items()}


def _fitted(fixture: dict[str, Any]) -> tuple[NetworkFit, float]:
    data, call = network(fixture), calls(fixture)
    method = option(fixture, "method_tau", "method.tau") or "REML"
    preset = argument(call, "tau.preset")
    if preset is not None:
        method, tau2 = "preset", float(preset) ** 2
    elif method in TAU2:
        tau2 = TAU2[method]
    else:
        raise NotOfferedError(f"method.tau {method!r}")
    reference = option(fixture, "reference", "reference.group")
    if str(tau2).endswith("_uncorrelated") and reference is None:
        tau2 = LIKELIHOOD[method]
    stated = level(call, "level.ma", "level.comb", "level")
    fit = network_meta(data, tau2=tau2, reference=reference, level=stated)
    return fit, 1e-4 if method in LIKELIHOOD else 1e-7


def netmeta(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``netmeta`` with ``netrank``, ``decomp.design``, ``netsplit`` and ``netcontrib``."""
    fit, near = _fitted(fixture)
    expected = fixture["expected"]
    order = places(fit.data.treatments, expected["treatments"])
    found = estimates("common", fit.common, expected["common"], order, 1e-7)
    if fit.random is not None and expected.get("random"):
        found += estimates("random", fit.random, expected["random"], order, near)
    stated = argument(calls(fixture), "level.predict")
    if fit.prediction is not None and expected.get("predict"):
        if stated is not None and float(stated) != fit.level:
            raise NotOfferedError(f"level.predict = {stated} beside another level")
        square = np.ix_(order, order)
        for side, ours in (("lower", fit.prediction.low), ("upper", fit.prediction.high)):
            mine, theirs = ours.to_numpy()[square], expected["predict"][side]
            found.append(off_diagonal(f"prediction {side}", mine, theirs, near))
    found += _single(fit, expected, near)
    found += _ranks(fit, fixture, order, near)
    return [*found, *_derived(fit, fixture, near)]


def _single(fit: NetworkFit, expected: dict[str, Any], near: float) -> list[Comparison]:
    """Counts, tau2, I2 and the Q statistics; figures the file lacks are left out."""
    het = fit.heterogeneity
    share = {
        name: None if value is None else value / 100
        for name, value in (("fraction", het.i2), ("lb", het.i2_low), ("ub", het.i2_high))
    }
    plain: dict[str, tuple[object, float]] = {
        "k_studies": (fit.data.k, 0.0),
        "m_comparisons": (len(fit.data.contrasts), 0.0),
        "n_treatments": (len(fit.data.treatments), 0.0),
        "n_designs": (len(set(fit.data.designs.values())), 0.0),
        "tau2": (fit.tau2, near),
        "tau": (None if fit.tau2 is None else math.sqrt(fit.tau2), near),
        **{f"I2_{name}": (value, 1e-7) for name, value in share.items()},
    }
    found = []
    for name, q in (
        ("Q", het.total), ("Q_heterogeneity", het.within), ("Q_inconsistency", het.between),
    ):  # fmt: skip
        plain |= {name: (q.q, 1e-7), f"{name}_df": (q.df, 0.0)}
        if q.p is not None and expected.get(f"{name}_p") is not None:
            found += p_values(f"{name} p", q.p, expected[f"{name}_p"], 1e-7)
    return found + [
        Comparison(name, ours, expected[name], tolerance)
        for name, (ours, tolerance) in plain.items()
        if expected.get(name) is not None
    ]


def _ranks(
    fit: NetworkFit, fixture: dict[str, Any], order: list[int], near: float
) -> list[Comparison]:
    words = {"good": "desirable", "bad": "undesirable"}
    small = option(fixture, "small_values", "small.values") or "desirable"
    found = []
    for model, tolerance in (("common", 1e-7), ("random", near)):
        stated = fixture["expected"].get(f"p_score_{model}")
        if stated:
            score = p_scores(fit, small_values=words.get(small, small), model=model)
            found.append(
                Comparison(f"P-scores {model}", score.to_numpy()[order], stated, tolerance)
            )
    return found


def _derived(fit: NetworkFit, fixture: dict[str, Any], near: float) -> list[Comparison]:
    expected = fixture["expected"]
    found = [*_designs(fit, expected)]
    if expected.get("split"):
        for model in ("common", "random"):
            if expected["split"].get(model):
                found += _split(fit, expected["split"], model, near)
    if expected.get("split_sidde"):
        found += _sidde(fit, expected["split_sidde"], near)
    if expected.get("contribution"):
        found += _contribution(fit, expected["contribution"])
    if fixture["options"].get("arms"):
        found += _from_arms(fit, fixture)
    return found


def _by_design(stated: dict[str, Any], ours: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Our rows in the order of the file; designs as sets of treatments."""
    place = {frozenset(label.split(":")): i for i, label in enumerate(ours["design"])}
    return ours.iloc[[place[frozenset(label.split(":"))] for label in stated["design"]]]


def _designs(fit: NetworkFit, expected: dict[str, Any]) -> list[Comparison]:
    if not expected.get("Q_decomposition"):
        return []
    ours, found = design_decomposition(fit), []
    stated = expected["Q_decomposition"]
    table = [ours.total, ours.within, ours.between]
    found += [
        Comparison("Q decomposition", [x.q for x in table], stated["Q"], 1e-7),
        Comparison("Q decomposition df", [x.df for x in table], stated["df"], 0.0),
    ]
    for key, mine in (
        ("Q_within_designs", ours.within_designs),
        ("Q_between_after_detaching", ours.between_after_detaching),
    ):
        if expected.get(key) and expected[key]["design"]:
            stated = expected[key]
            rows = _by_design(stated, mine, fit.data.treatments)
            found.append(Comparison(key, rows["q"].to_numpy(float), stated["Q"], 1e-7))
            found.append(Comparison(f"{key} df", rows["df"].to_numpy(float), stated["df"], 0.0))
            both = [i for i, p in enumerate(stated["pval"]) if p is not None]
            p = [rows["p"].iloc[i] for i in both]
            found += p_values(f"{key} p", p, [stated["pval"][i] for i in both], 1e-7)
    if expected.get("design_by_treatment_random"):
        stated = expected["design_by_treatment_random"]
        one = ours.interaction
        found.append(Comparison("interaction Q", one.q, stated["Q"], 1e-7))
        found.append(Comparison("interaction df", one.df, stated["df"], 0.0))
        if stated["pval"] is not None and one.p is not None:
            found += p_values("interaction p", one.p, stated["pval"], 1e-7)
        if stated.get("tau_within") is not None:
            tau = math.sqrt(ours.tau2_within)
            found.append(Comparison("tau within", tau, stated["tau_within"], 1e-7))
    return found


def _oriented(rows: pd.DataFrame, labels: list[str]) -> tuple[list[int], np.ndarray]:
    """Our row of each ``a:b`` of the file, and the sign that turns it."""
    place = {}
    for i, (a, b) in enumerate(zip(rows["treatment1"], rows["treatment2"], strict=True)):
        place[f"{a}:{b}"] = (i, 1.0)
        place[f"{b}:{a}"] = (i, -1.0)
    pairs = [place[label] for label in labels]
    return [i for i, _ in pairs], np.array([s for _, s in pairs])


SIGNED = ("direct", "indirect", "difference", "statistic")
SPLIT = {
    "direct": "direct", "direct_se": "direct_std_error", "direct_p": "direct_p",
    "indirect": "indirect", "indirect_se": "indirect_std_error", "indirect_p": "indirect_p",
    "difference": "difference", "difference_se": "difference_std_error", "z": "statistic", "p": "p",
    "direct_proportion": "direct_proportion",
}  # fmt: skip


def _columns(
    name: str,
    mine: pd.DataFrame,
    sign: np.ndarray,
    stated: dict[str, Any],
    columns: dict[str, str],
    near: float,
) -> list[Comparison]:
    found = []
    for theirs, ours in columns.items():
        if theirs not in stated:
            continue
        values = [None if pd.isna(x) else float(x) for x in mine[ours]]
        for label, s, a, b in zip(
            mine["treatment1"] + ":" + mine["treatment2"], sign, values, stated[theirs], strict=True
        ):
            turned = a * s if a is not None and ours in SIGNED else a
            if turned is not None and b is not None and ours.endswith("p") and b > 1e-300:
                found += p_values(f"{name} {label} {ours}", turned, b, 10 * near)
            else:
                found.append(Comparison(f"{name} {label} {ours}", turned, b, near))
    return found


def _split(fit: NetworkFit, stated: dict[str, Any], model: str, near: float) -> list[Comparison]:
    table = node_split(fit, model=model).comparisons
    rows, sign = _oriented(table, stated["comparison"])
    mine = table.iloc[rows]
    near = near if model == "random" else 1e-7
    found = [Comparison("studies", mine["studies"].to_numpy(float), stated["k_direct"], 0.0)]
    return found + _columns(f"split {model}", mine, sign, stated[model], SPLIT, near)


SIDDE = {
    "indirect_random": "indirect", "indirect_se_random": "indirect_std_error",
    "difference_random": "difference", "difference_se_random": "difference_std_error",
    "p_random": "p",
}  # fmt: skip


def _sidde(fit: NetworkFit, stated: dict[str, Any], near: float) -> list[Comparison]:
    found = []
    for model in ("common", "random"):
        columns = {k.replace("random", model): v for k, v in SIDDE.items()}
        if any(k in stated for k in columns):
            table = node_split(fit, method="without_direct_studies", model=model).comparisons
            rows, sign = _oriented(table, stated["comparison"])
            found += _columns(f"SIDDE {model}", table.iloc[rows], sign, stated, columns, near)
    return found


def _contribution(fit: NetworkFit, stated: dict[str, Any]) -> list[Comparison]:
    if "shortest" not in stated.get("method", "shortest path"):
        raise NotOfferedError(f"contributions by {stated['method']!r}")
    found = []
    for model in ("common", "random"):
        if stated.get(model):
            mine = contribution_matrix(fit, model=model).matrix
            rows, columns = (
                [_either_way(label, [*axis]) for label in stated[key]]
                for key, axis in (
                    ("rows_network_estimate", mine.index),
                    ("columns_direct", mine.columns),
                )
            )
            ours = mine.to_numpy()[np.ix_(rows, columns)]
            found.append(
                Comparison(f"contributions {model}", ours.ravel(), np.ravel(stated[model]), 1e-4)
            )
    return found


def _either_way(label: str, labels: list[str]) -> int:
    return (
        labels.index(label) if label in labels else labels.index(":".join(label.split(":")[::-1]))
    )


def _from_arms(fit: NetworkFit, fixture: dict[str, Any]) -> list[Comparison]:
    """Our own contrasts of the arms beside the file's; studies that both have."""
    frame = pd.DataFrame(fixture["options"]["arms"])
    measure = str(option(fixture, "measure", "sm"))
    known = {"event": "events", "n": "n", "mean": "mean", "sd": "sd", "time": "time"}
    columns = {ours: theirs for theirs, ours in known.items() if theirs in frame}
    if measure not in ("OR", "RR", "RD", "MD", "ROM", "IRR", "IRD"):
        return []
    frame["studlab"] = frame["studlab"].astype(str)
    frame = frame[frame["studlab"].isin(fit.data.studies)].reset_index(drop=True)
    if measure == "RR":  # R's meta adds 1/2 to the events and to n, we to all four cells
        zero = frame.loc[(frame["event"] == 0) | (frame["event"] == frame["n"]), "studlab"]
        frame = frame[~frame["studlab"].isin(zero)].reset_index(drop=True)
    ours = network_arms(frame, measure=measure, study="studlab", treatment="treat", **columns)
    theirs = fit.data.contrasts
    place = {
        (s, *p): (sign, y, v)
        for s, a, b, y, v in ours.contrasts.itertuples(index=False)
        for p, sign in (((a, b), 1.0), ((b, a), -1.0))
    }
    rows = [
        (place[s, a, b], y, v)
        for s, a, b, y, v in theirs.itertuples(index=False)
        if (s, a, b) in place
    ]
    return [
        Comparison(
            "arms estimate", [m[0] * m[1] for m, _, _ in rows], [y for _, y, _ in rows], 1e-9
        ),
        Comparison("arms std_error", [m[2] for m, _, _ in rows], [v for _, _, v in rows], 1e-9),
        Comparison("arms found", len(rows), int(theirs["study"].isin(ours.studies).sum()), 0.0),
    ]


WITH_NETMETA = ("netrank", "decomp.design", "netsplit", "netcontrib", "netheat")


def _combinations() -> dict[str, Callable[[dict[str, Any]], list[Comparison]]]:
    """``netmeta`` alone and with any of its companions, in the order in which files name them."""
    found = {}
    for mask in range(2 ** len(WITH_NETMETA)):
        chosen = [w for i, w in enumerate(WITH_NETMETA) if mask >> i & 1]
        found[", ".join(["netmeta", *chosen])] = netmeta
    return found


ADAPTERS = _combinations()
