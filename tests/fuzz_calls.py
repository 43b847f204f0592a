"""A random call of every public function: how its required arguments are made."""

from __future__ import annotations

from typing import Any

import numpy as np

import evidence as ev
from tests import fuzz_calls_models
from tests.fuzz_values import HOSTILE, Bed, Call, makes

MAKERS = fuzz_calls_models.MAKERS
# Names that are no function, or that other tests attack; each with the reason.
EXEMPT = {
    "Analysis": "record of a curated question, tested in tests/report",
    "Assumption": "record of a curated question, tested in tests/catalog",
    "AuditFinding": "record of the audit, tested in tests/rating/audit",
    "Borrow": "record of a plan, tested in tests/models",
    "ClaimEvidence": "record, checked whenever claim_verdict judges one",
    "EffectTable": "record, checked whenever table_of or effect_sizes makes one",
    "EvidenceError": "the root of the errors",
    "Limits": "record of a plan, tested in tests/models",
    "Plan": "record of a plan, tested in tests/models",
    "Plot": "record that every figure here returns",
    "Question": "strict record, attacked in tests/catalog/test_catalog_hostile.py",
    "Section": "record of a curated question, tested in tests/report",
    "Window": "strict record, attacked in tests/catalog/test_catalog_hostile.py",
    "answer": "takes a curated question and samples; tested in tests/models",
    "audit": "takes curated studies, attacked in tests/rating/audit",
    "certainty_of": "takes an answer and a file of judgements, tested in tests/rating/certainty",
    "claim_verdict": "attacked with random evidence in tests/rating/claims",
    "effect_table": "takes curated studies, attacked in tests/catalog/test_catalog_hostile.py",
    "evidence_profile": "takes certainties, tested in tests/report",
    "load_audit_answers": "reads a file, attacked in tests/rating/audit",
    "load_certainty": "reads a file, attacked in tests/rating/certainty",
    "load_question": "reads files, attacked in tests/catalog/test_catalog_hostile.py",
    "load_risk_of_bias": "reads files, attacked in tests/rating/risk_of_bias",
    "load_studies": "reads files, attacked in tests/catalog/test_catalog_hostile.py",
    "load_terms": "reads files, attacked in tests/catalog/test_catalog_hostile.py",
    "low_risk_only": "takes ratings of files, attacked in tests/rating/risk_of_bias",
    "proposed_risk": "every answer is enumerated in tests/rating/risk_of_bias",
    "risk_lights": "takes ratings of files, attacked in tests/rating/risk_of_bias",
    "risk_summary_plot": "takes ratings of files, attacked in tests/report/figures",
    "risk_table": "takes ratings of files, attacked in tests/rating/risk_of_bias",
    "run": "writes reports of curated questions; tested in tests/report",
    "summary_of_findings": "takes certainties, tested in tests/report",
    "traffic_light_plot": "takes ratings of files, attacked in tests/report/figures",
}
# Modules whose functions are attacked by tests of their own.
OWN = dict.fromkeys(
    (
        "evidence.effects.stated_frame", "evidence.effects.statements", "evidence.models.bayesian",
        "evidence.models.borrowing", "evidence.models.calibration", "evidence.models.partial",
        "evidence.models.sampling", "evidence.report.figures.chains",
        "evidence.report.figures.contribution", "evidence.report.figures.coverage_curve",
        "evidence.report.figures.discount", "evidence.report.figures.rank_histogram",
        "evidence.report.figures.joint_posterior", "evidence.report.figures.ladder",
        "evidence.report.figures.posterior_density", "evidence.report.figures.posterior_forest",
        "evidence.report.figures.prior_sensitivity",
    ),
    "takes a posterior or statements, which cost seconds to make",
)  # fmt: skip
OWN |= dict.fromkeys(
    ("evidence.effects.foreign", "evidence.report.cite", "evidence.report.exchange"),
    "reads or writes files of other software; a hundred hostile strings in tests/report/exchange",
)
# What the documentation says may hold no number, and why.
MISSING: dict[str, tuple[str, ...]] = {
    # NaN where too little was printed:
    "combine_groups": ("mean", "n", "sd"),
    "events_from_percent": ("fewest", "most"),
    "from_wald": ("",),
    "means_and_sds": ("",),
    "pooled_sd_from_test": ("",),
    "quantile_estimation": (
        "mean", "sd", "distance_normal", "distance_lognormal", "distance_gamma", "distance_weibull",
    ),
    "sd_of_group": ("",),
    "skewness_test": ("statistic", "critical_value"),
    "smd_from_test": ("estimate", "variance"),
    "trace_frame": ("address", "locator", "read", "reason", "report", "url", "unit"),
    # NaN where a component is free or is not stated:
    "multilevel": ("model.held", "model.stated"),
    # ``rows`` beside it says why:
    "regression_influence": tuple(f".{n}" for n in ("dfbetas",)),
    # No p of no degrees of freedom; no estimate where there is no such evidence:
    "design_decomposition": ("within_designs.p",),
    "node_split": (
        "direct", "direct_std_error", "direct_p", "indirect", "indirect_std_error", "indirect_p",
        "difference", "difference_std_error", "statistic", "p", "ci_low", "ci_high",
    ),
    # The common effect has no tau2; a single study neither:
    "multiverse": ("tau2", "i2"),
    # ``scale_reason`` says why:
    "location_scale": ("std_error", "statistic", "p", "ci_low", "ci_high"),
}  # fmt: skip


@makes(
    "baujat", "cumulative", "excess_significance", "fail_safe_n", "henmi_copas", "influence",
    "leave_one_out", "limit_meta_analysis", "p_uniform", "p_uniform_star", "pet_peese", "pool",
    "rank_test", "regression_test", "selection_model", "trace_frame", "trim_and_fill",
    "each_left_out",
)  # fmt: skip
def of_table(bed: Bed) -> Call:
    return {"table": bed.table()}


@makes("gosh")
def of_small_table(bed: Bed) -> Call:
    draws = {"draws": bed.k(1, 60), "seed": bed.k()} if bed.chance(0.5) else {}
    return {"table": bed.table(1, 6)} | draws


@makes("trace")
def of_row(bed: Bed) -> Call:
    table = bed.table()
    return {"table": table, "row": str(bed.one(table.rows.index))}


@makes("selection_ratio")
def of_ratio(bed: Bed) -> Call:
    return {"table": bed.table(), "ratio": bed.one([1, 4, 30.0, 1e6])}


@makes("with_null_results")
def of_nulls(bed: Bed) -> Call:
    return {"table": bed.table(), "number": bed.one([0, 1, 20])}


@makes("subgroups")
def of_groups(bed: Bed) -> Call:
    table = bed.table()
    return {"table": table, "by": bed.groups(table.k)}


@makes("aggregate_effects")
def of_clusters(bed: Bed) -> Call:
    table = bed.table()
    rho = bed.one([0.0, 0.5, 0.99, -0.2, 1.0])
    return {"table": table, "cluster": bed.groups(table.k, 12), "rho": rho}


@makes("robust_regression", "robust_sensitivity")
def of_robust(bed: Bed) -> Call:
    table = bed.table()
    call = {"table": table, "cluster": bed.groups(table.k, 12)}
    return call | ({"moderators": moderators(bed, table.k)} if bed.chance(0.3) else {})


def moderators(bed: Bed, k: int) -> Any:
    columns = {"dose": bed.estimates(k, bed.scale())}
    if bed.chance(0.3):
        columns["arm"] = bed.groups(k)
    return bed.frame(columns).reset_index(drop=True)


@makes("meta_regression")
def of_regression(bed: Bed) -> Call:
    table = bed.table()
    return {"table": table, "moderators": moderators(bed, table.k)}


@makes("location_scale")
def of_scale(bed: Bed) -> Call:
    table = bed.table(5)
    return {
        "table": table,
        "moderators": moderators(bed, table.k)[[]],
        "scale": moderators(bed, table.k),
    }


def options(bed: Bed) -> Call:
    if bed.chance(0.4):
        return {"model": "common"}
    tau2 = bed.one(["reml", "dersimonian_laird", "paule_mandel", "sidik_jonkman", 0.0, 0.3])
    return {"tau2": tau2, "ci": bed.one(["wald", "hartung_knapp", "hartung_knapp_floored"])}


def pooled(bed: Bed) -> Any:
    return ev.pool(bed.table(), **options(bed))


@makes(
    "baujat_plot", "caterpillar_plot", "drapery_plot", "forest", "forest_cumulative",
    "forest_leave_one_out", "forest_plot", "funnel_plot", "i2_from_q", "influence_plot",
    "prediction_interval", "profile_tau2", "qq_plot", "radial", "radial_plot", "shrunken_effects",
    "sunset_plot", "labbe_plot",
)  # fmt: skip
def of_pooled(bed: Bed) -> Call:
    return {"fit": pooled(bed)}


@makes("labbe_plot")
def of_counted(bed: Bed) -> Call:
    table = ev.effect_sizes(**fuzz_calls_models.counted(bed))
    return {"fit": ev.pool(table, **options(bed))}


@makes("forest_subgroups")
def of_pooled_groups(bed: Bed) -> Call:
    fit = pooled(bed)
    return {"fit": fit, "by": bed.groups(fit.k)}


@makes("effect_direction_plot")
def of_directions(bed: Bed) -> Call:
    table = bed.table()
    several = {"one": table, "two": bed.table()}
    return {"tables": bed.one([table, several, {}, {"one": None}])}


@makes("sign_test")
def of_signs(bed: Bed) -> Call:
    return {"positive": bed.one([0, 3, 8, -1]), "negative": bed.one([0, 4, 10**6])}


@makes("probability_above")
def of_threshold(bed: Bed) -> Call:
    return {"fit": pooled(bed), "threshold": bed.one([0, 0.3, -1e9, 1e9])}


@makes("gosh_plot")
def of_gosh(bed: Bed) -> Call:
    return {"found": ev.gosh(bed.table(1, 6), **bed.one([{}, {"model": "common"}]))}


@makes("profile_plot")
def of_profile(bed: Bed) -> Call:
    return {"profile": ev.profile_tau2(pooled(bed))}


@makes("likelihood_plot")
def of_curve(bed: Bed) -> Call:
    x = np.sort(bed.estimates(bed.k(1, 9), bed.scale()))
    return {"x": x, "log_likelihood": bed.estimates(len(x), bed.scale()), "name": bed.one(HOSTILE)}


@makes("permutation_plot")
def of_statistics(bed: Bed) -> Call:
    return {"statistics": bed.estimates(bed.k(1, 40)), "observed": bed.one([0.0, 1.0, -9, 1e9])}


def regression(bed: Bed) -> Any:
    table = bed.table(4)
    tau2 = bed.one(["reml", "maximum_likelihood", "dersimonian_laird", None, 0.1])
    return ev.meta_regression(table, moderators(bed, table.k), tau2=tau2, test=bed.one(["z", "t"]))


@makes("regression_influence", "variance_inflation")
def of_fit(bed: Bed) -> Call:
    return {"fit": regression(bed)}


@makes("permutation_test")
def of_permuted(bed: Bed) -> Call:
    return {"fit": regression(bed), "draws": bed.one([1, 20, 99]), "seed": bed.k()}


@makes("bubble_plot")
def of_bubble(bed: Bed) -> Call:
    return {"fit": regression(bed), "moderator": "dose"}


@makes("omnibus_test")
def of_names(bed: Bed) -> Call:
    return {"fit": regression(bed), "names": bed.one(["dose", ["dose"], "arm", "intercept"])}


@makes("linear_hypotheses")
def of_contrasts(bed: Bed) -> Call:
    fit = regression(bed)
    return {"fit": fit, "contrasts": [bed.rng.normal(size=len(fit.terms))]}


@makes("predict")
def of_new(bed: Bed) -> Call:
    return {"fit": regression(bed), "frame": moderators(bed, bed.k(1, 3))}


@makes("likelihood_ratio_test")
def of_two(bed: Bed) -> Call:
    table = bed.table(4)
    frame, tau2 = moderators(bed, table.k), bed.one(["maximum_likelihood", "reml"])
    return {
        "full": ev.meta_regression(table, frame, tau2=tau2),
        "reduced": ev.meta_regression(table, frame[[]], tau2=tau2),
    }


@makes("cluster_robust")
def of_any_fit(bed: Bed) -> Call:
    fit = bed.one([pooled, regression])(bed)
    return {"fit": fit, "cluster": bed.groups(fit.table.k, 12)}


@makes("robust_wald")
def of_sandwich(bed: Bed) -> Call:
    fit = regression(bed)
    robust = ev.cluster_robust(fit, bed.groups(fit.table.k, 12))
    return {"fit": robust, "contrasts": bed.one(["dose", ["intercept", "dose"], [[0, 1]]])}


@makes("sampling_covariance")
def of_variances(bed: Bed) -> Call:
    k = bed.k()
    return {
        "variances": bed.errors(k, bed.scale()) ** 2,
        "cluster": bed.groups(k),
        "obs": list(range(k)),
        "rho": bed.one([0.5, 0.0, 1.0, -0.9]),
    }


@makes("sweep_correlation")
def of_sweep(bed: Bed) -> Call:
    table = bed.table(3, 6)
    cluster = bed.groups(table.k)

    def at(rho: float) -> Any:
        return ev.pool(ev.aggregate_effects(table, cluster, rho=rho).table, model="common")

    return {"answer": at, "values": bed.one([(0.0, 0.5), (0.1,), (0.0, 0.3, 0.6, 0.9)])}


@makes("simulate_coverage")
def of_simulation(bed: Bed) -> Call:
    return {
        "k": bed.one([2, 3, 8, [3, 5]]),
        "true_tau2": bed.one([0, 0.1, 10.0, [0.0, 0.1]]),
        "seed": bed.k(),
        "repetitions": bed.one([1, 20]),
    }


@makes("pool_many", "pool_figures")
def of_many(bed: Bed) -> Call:
    m, k, scale = bed.k(1, 4), bed.k(), bed.scale()
    y = np.array([bed.estimates(k, scale) for _ in range(m)])
    v = np.array([bed.errors(k, scale) ** 2 for _ in range(m)])
    return {"estimates": y, "variances": v}


@makes("pool_figures")
def of_figures(bed: Bed) -> Call:
    want = bed.one([["estimate"], ["tau2", "q"], ["ci_low", "i2"], ["p"], []])
    return of_many(bed) | {"want": want}


@makes("table_of")
def of_numbers(bed: Bed) -> Call:
    k = bed.k()
    return {"estimates": bed.estimates(k), "std_errors": bed.errors(k), "labels": bed.labels(k)}


def counts_frame(bed: Bed) -> Any:
    return bed.frame(bed.counts(bed.k()))


@makes("events_asymmetry")
def of_counts(bed: Bed) -> Call:
    return {"frame": counts_frame(bed)}


@makes("events_cumulative", "events_leave_one_out", "pool_events")
def of_events(bed: Bed) -> Call:
    method = bed.one(["mantel_haenszel", "peto"])
    return {
        "frame": counts_frame(bed),
        "method": method,
        "measure": "OR" if method == "peto" else bed.one(["OR", "RR", "RD"]),
    }


@makes("pool_glmm")
def of_glmm(bed: Bed) -> Call:
    counts = bed.counts(bed.k(1, 6))
    measure = bed.one(["OR", "PLO", "IRR", "IRLN"])
    counts |= {"events": counts["events_control"], "total": counts["total_control"]}
    two = measure in ("OR", "IRR")
    keep = [c for c in counts if c.endswith(("_treatment", "_control")) == two]
    return {"frame": bed.frame({c: counts[c] for c in keep}), "measure": measure}


@makes("glmm_predict", "glmm_tau2_interval")
def of_glmm_fit(bed: Bed) -> Call:
    call = of_glmm(bed)
    return {"fit": ev.pool_glmm(**call, model=bed.one(["random", "common"]))}


@makes("information_size")
def of_information(bed: Bed) -> Call:
    if bed.chance(0.5):
        return {"control_risk": bed.one([0.001, 0.2, 0.9, 1.0]), "relative_reduction": 0.25}
    return {"difference": bed.one([-0.2, 0.0, 3.0]), "sd": bed.one([1.0, 1e-6, 1e6])}
