"""Random calls of the models beside pairwise pooling: what ``fuzz_calls`` goes on with."""

from __future__ import annotations

from typing import Any

import numpy as np

import evidence as ev
from tests.fuzz_values import HOSTILE, MAKERS, Bed, Call, makes

__all__ = ["MAKERS"]


def multilevel_call(bed: Bed) -> Call:
    k, scale = bed.k(1, 10), bed.scale()
    frame = bed.frame(
        {
            "study": bed.groups(k, 5),
            "outcome": bed.groups(k, 2),
            "effect": list(range(k)),
            "time": bed.rng.integers(0, 4, k).tolist(),
            "estimate": bed.estimates(k, scale),
            "std_error": bed.errors(k, scale),
        }
    )
    random = bed.one(["study", "study/effect", ["study", "outcome"], "outcome | study", "effect"])
    call: Call = {"table": frame, "random": random}
    if random == "outcome | study" and bed.chance(0.5):
        call["structure"] = bed.one(["unstructured", "identity", "diagonal", "autoregressive"])
    return call


@makes("multilevel")
def of_multilevel(bed: Bed) -> Call:
    call = multilevel_call(bed)
    return call | ({"moderators": "~ outcome"} if bed.chance(0.2) else {})


def multilevel_fit(bed: Bed) -> Any:
    return ev.multilevel(**multilevel_call(bed))


@makes(
    "multilevel_influence", "predict_multilevel", "random_effects", "variance_shares",
    "profile_intervals",
)  # fmt: skip
def of_multilevel_fit(bed: Bed) -> Call:
    return {"fit": multilevel_fit(bed)}


@makes("profile_likelihood")
def of_component(bed: Bed) -> Call:
    fit = multilevel_fit(bed)
    component = bed.one([*fit.components["component"]])
    return {"fit": fit, "component": component, "values": bed.one([[0.0, 0.1], [0.5], [1e6]])}


@makes("wald_multilevel")
def of_multilevel_names(bed: Bed) -> Call:
    fit = ev.multilevel(**multilevel_call(bed), moderators="~ time")
    return {"fit": fit, "names": bed.one(["time", ["time"], "intercept"])}


@makes("compare_multilevel")
def of_nested(bed: Bed) -> Call:
    call = multilevel_call(bed)
    method = bed.one(["reml", "maximum_likelihood"])
    full = ev.multilevel(**call, method=method)
    name = bed.one([*full.components["component"]])
    return {"full": full, "reduced": ev.multilevel(**call, method=method, fixed={name: 0.0})}


def network_frame(bed: Bed) -> Any:
    k, scale = bed.k(1, 8), bed.scale()
    names = bed.one([list("abcd"), ["x$^{", "y\nz", "<b>", "A + B"]])
    pairs = [bed.rng.permutation(bed.one([2, 3, 4]))[:2] for _ in range(k)]
    return bed.frame(
        {
            "study": [f"s{i}" for i in range(k)],
            "treatment1": [names[a] for a, _ in pairs],
            "treatment2": [names[b] for _, b in pairs],
            "estimate": bed.estimates(k, scale),
            "std_error": bed.errors(k, scale),
        }
    )


@makes("network_contrasts")
def of_network_frame(bed: Bed) -> Call:
    return {"frame": network_frame(bed)}


def arms_frame(bed: Bed) -> Any:
    rows = [(s, t) for s in range(bed.k(1, 5)) for t in "abcd"[: bed.one([1, 2, 2, 3, 4])]]
    n = bed.rng.integers(1, bed.one([4, 50]), len(rows))
    return bed.frame(
        {
            "study": [s for s, _ in rows],
            "treatment": [t for _, t in rows],
            "events": bed.rng.binomial(n, bed.one([0.0, 0.1, 0.5, 1.0])),
            "n": n,
        }
    )


@makes("network_arms")
def of_arms(bed: Bed) -> Call:
    measure = bed.one(["OR", "RR", "RD", "AS"])
    return {"frame": arms_frame(bed), "measure": measure, "events": "events", "n": "n"}


@makes("network_events")
def of_arm_counts(bed: Bed) -> Call:
    return {"frame": arms_frame(bed)}


def network_data(bed: Bed) -> Any:
    if bed.chance(0.3):
        return ev.network_arms(**of_arms(bed))
    return ev.network_contrasts(network_frame(bed))


@makes("network_graph", "network_meta", "component_network")
def of_network(bed: Bed) -> Call:
    return {"data": network_data(bed)}


@makes(
    "contribution_matrix", "design_decomposition", "league_table", "net_heat", "node_split",
    "p_scores",
)  # fmt: skip
def of_network_fit(bed: Bed) -> Call:
    tau2 = bed.one(["reml", "dersimonian_laird", 0.0, 0.2])
    return {"fit": ev.network_meta(network_data(bed), tau2=tau2)}


@makes("rank_probabilities")
def of_ranks(bed: Bed) -> Call:
    return of_network_fit(bed) | {"draws": bed.one([1, 50])}


def dose_ratio_frame(bed: Bed) -> Any:
    columns: dict[str, list[Any]] = {c: [] for c in ("study", "dose", "log_ratio", "std_error")}
    columns |= {"cases": [], "n": []}
    dose, scale = bed.scale(), bed.scale() if bed.chance(0.3) else 1.0
    for study in range(bed.k(1, 5)):
        m = bed.one([1, 2, 2, 3, 4])
        columns["study"] += [f"s{study}"] * m
        columns["dose"] += (np.sort(bed.rng.integers(0, 6, m)) * dose).tolist()
        columns["log_ratio"] += [0.0, *bed.estimates(m, scale)[1:]]
        columns["std_error"] += [0.0, *bed.errors(m, scale)[1:]]
        columns["cases"] += bed.rng.integers(0, 50, m).tolist()
        columns["n"] += bed.rng.integers(50, 900, m).tolist()
    return bed.frame(columns)


@makes("dose_ratios")
def of_dose_ratios(bed: Bed) -> Call:
    call: Call = {"frame": dose_ratio_frame(bed)}
    if bed.chance(0.5):
        return call | {"covariance": "independent"}
    design = bed.one(["case_control", "incidence_rate", "cumulative_incidence"])
    kind = bed.one(["greenland_longnecker", "hamling"])
    return call | {"cases": "cases", "n": "n", "design": design, "covariance": kind}


@makes("dose_means")
def of_dose_means(bed: Bed) -> Call:
    frame = dose_ratio_frame(bed).rename(columns={"log_ratio": "mean", "std_error": "sd"})
    return {"frame": frame.assign(sd=bed.errors(len(frame), bed.scale()))}


def dose_table(bed: Bed) -> Any:
    if bed.chance(0.4):
        return ev.dose_means(**of_dose_means(bed))
    return ev.dose_ratios(dose_ratio_frame(bed), covariance="independent")


@makes("dose_response")
def of_dose_table(bed: Bed) -> Call:
    shape = bed.one(["linear", "quadratic", ev.dose_spline(3), ev.dose_powers([0.5, 1], shift=1)])
    return {"table": dose_table(bed), "shape": shape}


@makes("dose_curve", "dose_goodness", "dose_predictions")
def of_dose_fit(bed: Bed) -> Call:
    call = of_dose_table(bed)
    return {"fit": ev.dose_response(**call, method=bed.one(["reml", "moments", "fixed"]))}


@makes("dose_powers")
def of_powers(bed: Bed) -> Call:
    return {"powers": bed.one([[1], [0.5, 2], [0, 0], [-1.0]]), "shift": bed.one([0.0, 1.0, -1.0])}


@makes("dose_spline")
def of_knots(bed: Bed) -> Call:
    return {"knots": bed.one([3, 4, 7, 2, [0, 1, 2], [1, 1, 2], [5.0, 1.0, 2.0]])}


@makes("Dimension")
def of_dimension(bed: Bed) -> Call:
    values = {"a": "reml", "b": "dersimonian_laird"}
    return {"name": bed.one(HOSTILE), "kind": "tau2", "options": values, "reason": "use"}


@makes("Exclusion")
def of_exclusion(bed: Bed) -> Call:
    return {"options": {"a": "b"}, "reason": bed.one(HOSTILE)}


def dimensions(bed: Bed, table: Any) -> list[Any]:
    models = ev.Dimension("model", "model", {"r": "random", "c": "common"}, "use")
    kinds = {"r": "reml", "d": "dersimonian_laird", "p": "paule_mandel"}
    tau2 = ev.Dimension("estimator", "tau2", kinds, "use")
    out = ev.Dimension("out", "without", ev.each_left_out(table), "each")
    fixes = {"no": None, "t": "trim_and_fill", "p": "pet_peese"}
    fix = ev.Dimension("fix", "correction", fixes, "use", possible=["p"])
    return [d for d in (models, tau2, out, fix) if bed.chance(0.5)] or [models]


@makes("multiverse")
def of_universes(bed: Bed) -> Call:
    table = bed.table(1, 6)
    return {"table": table, "dimensions": dimensions(bed, table)}


@makes("multiverse_test", "specification_curve")
def of_multiverse(bed: Bed) -> Call:
    return {"result": ev.multiverse(**of_universes(bed))}


@makes("multiverse_test")
def of_null(bed: Bed) -> Call:
    return of_multiverse(bed) | {"draws": bed.one([10, 20]), "seed": bed.k()}


@makes("means_and_sds", "quantile_estimation", "skewness_test")
def of_quantiles(bed: Bed) -> Call:
    k = bed.k(1, 4)
    five = np.sort(bed.rng.normal(size=(5, k)) * bed.scale() + bed.one([0, 3, 10]), axis=0)
    call = dict(zip(("minimum", "q1", "median", "q3", "maximum"), five, strict=True))
    keep = bed.one([("q1", "q3"), ("minimum", "maximum"), tuple(call)])
    n = bed.rng.integers(2, bed.one([9, 500]), k)
    return {name: x for name, x in call.items() if name in keep or name == "median"} | {"n": n}


@makes("combine_groups")
def of_arms_of_means(bed: Bed) -> Call:
    k, scale = bed.k(), bed.scale()
    call: Call = {}
    for arm in "12":
        call[f"n{arm}"] = bed.rng.integers(1, 50, k)
        call[f"mean{arm}"] = bed.estimates(k, scale)
        call[f"sd{arm}"] = bed.errors(k, scale)
    return call


@makes("events_from_percent")
def of_percent(bed: Bed) -> Call:
    k = bed.k()
    return {"percent": bed.rng.uniform(0, 100, k).round(1), "n": bed.rng.integers(1, 200, k)}


def tests_of(bed: Bed, k: int) -> Call:
    return bed.one(
        [
            {"t": bed.estimates(k)},
            {"f": np.abs(bed.estimates(k))},
            {"p": bed.one([bed.rng.uniform(0, 1, k), np.full(k, 1e-300), np.ones(k)])},
        ]
    )


@makes("pooled_sd_from_test", "smd_from_test")
def of_tests(bed: Bed) -> Call:
    k = bed.k()
    return {"n1": bed.rng.integers(1, 40, k), "n2": bed.rng.integers(2, 40, k)} | tests_of(bed, k)


@makes("pooled_sd_from_test")
def of_difference(bed: Bed) -> Call:
    call = of_tests(bed)
    return call | {"difference": bed.estimates(len(call["n1"]), bed.scale())}


@makes("smd_from_test")
def of_signed(bed: Bed) -> Call:
    call = of_tests(bed)
    return call | ({} if "t" in call else {"sign": bed.rng.choice([-1, 1], len(call["n1"]))})


@makes("sd_of_group")
def of_group(bed: Bed) -> Call:
    k = bed.k()
    low = bed.estimates(k, bed.scale())
    figures = bed.one([{"std_error": bed.errors(k)}, {"ci_low": low, "ci_high": low + 1.0}])
    return {"n": bed.rng.integers(1, 100, k)} | figures


@makes("from_wald")
def of_wald(bed: Bed) -> Call:
    k = bed.k()
    y, half = bed.estimates(k), bed.errors(k)
    return {"estimate": y, "low": y - half, "high": y + half}


def counted(bed: Bed) -> Call:
    frame = bed.frame(bed.counts(bed.k()))
    names = ("events_treatment", "total_treatment", "events_control", "total_control")
    columns = dict(zip(("events1", "n1", "events2", "n2"), names, strict=True))
    return {"frame": frame, "measure": bed.one(["OR", "RR", "RD", "PETO", "AS"])} | columns


@makes("effect_sizes")
def of_sizes(bed: Bed) -> Call:
    return counted(bed)
