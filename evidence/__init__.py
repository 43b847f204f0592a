"""evidence: statistical evidence synthesis in which every number leads back to its page.

The public names are loaded when they are first used, so that ``import evidence`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Analysis": "evidence.report.analysis",
    "Assumption": "evidence.catalog.question",
    "Dimension": "evidence.models.multiverse.dimensions",
    "EffectTable": "evidence.effects.table",
    "EvidenceError": "evidence.errors",
    "Exclusion": "evidence.models.multiverse.dimensions",
    "Plan": "evidence.models.plan",
    "Plot": "evidence.report.figures.plot",
    "Question": "evidence.catalog.question",
    "Section": "evidence.report.analysis",
    "Window": "evidence.catalog.question",
    "aggregate_effects": "evidence.models.robust.aggregate",
    "answer": "evidence.models.answer",
    "baujat": "evidence.models.frequentist.influence",
    "baujat_plot": "evidence.report.figures.baujat",
    "bubble_plot": "evidence.report.figures.bubble",
    "caterpillar_plot": "evidence.report.figures.caterpillar",
    "cluster_robust": "evidence.models.robust.cluster_robust",
    "combine_groups": "evidence.effects.sizes.recovered",
    "compare_multilevel": "evidence.models.multilevel.compare",
    "cumulative": "evidence.models.frequentist.cumulative",
    "drapery_plot": "evidence.report.figures.drapery",
    "each_left_out": "evidence.models.multiverse.dimensions",
    "effect_sizes": "evidence.effects.sizes.frame",
    "effect_table": "evidence.api",
    "events_asymmetry": "evidence.models.bias.events_asymmetry",
    "events_cumulative": "evidence.models.frequentist.events_repeated",
    "events_from_percent": "evidence.effects.sizes.recovered",
    "events_leave_one_out": "evidence.models.frequentist.events_repeated",
    "excess_significance": "evidence.models.bias.excess",
    "fail_safe_n": "evidence.models.bias.fail_safe",
    "flat": "evidence.models.bayesian.priors",
    "forest": "evidence.report.forest",
    "forest_cumulative": "evidence.report.figures.forest_repeated",
    "forest_leave_one_out": "evidence.report.figures.forest_repeated",
    "forest_plot": "evidence.report.figures.forest_plot",
    "forest_subgroups": "evidence.report.figures.forest_repeated",
    "from_wald": "evidence.effects.sizes.wald",
    "funnel_plot": "evidence.report.figures.funnel",
    "glmm_predict": "evidence.models.glmm.profile",
    "glmm_tau2_interval": "evidence.models.glmm.profile",
    "gosh": "evidence.models.frequentist.gosh",
    "gosh_plot": "evidence.report.figures.gosh",
    "half_cauchy": "evidence.models.bayesian.priors",
    "half_normal": "evidence.models.bayesian.priors",
    "henmi_copas": "evidence.models.bias.corrected",
    "i2_from_q": "evidence.models.frequentist.ratio",
    "influence": "evidence.models.frequentist.influence",
    "influence_plot": "evidence.report.figures.influence",
    "labbe_plot": "evidence.report.figures.labbe",
    "leave_one_out": "evidence.models.frequentist.leave_one_out",
    "likelihood_plot": "evidence.report.figures.likelihood",
    "likelihood_ratio_test": "evidence.models.regression.likelihood_ratio",
    "limit_meta_analysis": "evidence.models.bias.corrected",
    "linear_hypotheses": "evidence.models.regression.wald",
    "load_question": "evidence.api",
    "load_studies": "evidence.api",
    "load_terms": "evidence.api",
    "location_scale": "evidence.models.regression.location_scale",
    "means_and_sds": "evidence.effects.sizes.fivenumbers",
    "meta_regression": "evidence.models.regression.regression",
    "multilevel": "evidence.models.multilevel.multilevel",
    "multilevel_influence": "evidence.models.multilevel.influence",
    "multiverse": "evidence.models.multiverse.multiverse",
    "multiverse_test": "evidence.models.multiverse.null_test",
    "normal": "evidence.models.bayesian.priors",
    "omnibus_test": "evidence.models.regression.wald",
    "p_uniform": "evidence.models.bias.p_uniform",
    "p_uniform_star": "evidence.models.bias.p_uniform",
    "permutation_plot": "evidence.report.figures.permutation",
    "permutation_test": "evidence.models.regression.permutation",
    "pet_peese": "evidence.models.bias.pet_peese",
    "pool": "evidence.models.frequentist.pool",
    "pool_bayes": "evidence.models.bayesian.exact",
    "pool_events": "evidence.models.frequentist.events",
    "pool_figures": "evidence.models.frequentist.pool_many",
    "pool_glmm": "evidence.models.glmm.glmm",
    "pool_many": "evidence.models.frequentist.pool_many",
    "pooled_sd_from_test": "evidence.effects.sizes.recovered",
    "predict": "evidence.models.regression.wald",
    "predict_multilevel": "evidence.models.multilevel.predict",
    "prediction_interval": "evidence.models.frequentist.prediction",
    "probability_above": "evidence.models.frequentist.influence",
    "profile_intervals": "evidence.models.multilevel.profile",
    "profile_likelihood": "evidence.models.multilevel.profile",
    "profile_plot": "evidence.report.figures.likelihood",
    "profile_tau2": "evidence.models.frequentist.profile",
    "qq_plot": "evidence.report.figures.qq",
    "quantile_estimation": "evidence.effects.sizes.quantile_estimation",
    "radial": "evidence.models.frequentist.influence",
    "radial_plot": "evidence.report.figures.radial",
    "random_effects": "evidence.models.multilevel.random_effects",
    "rank_test": "evidence.models.bias.asymmetry",
    "regression_influence": "evidence.models.regression.diagnostics",
    "regression_test": "evidence.models.bias.asymmetry",
    "robust_regression": "evidence.models.robust.rve",
    "robust_sensitivity": "evidence.models.robust.rve",
    "robust_wald": "evidence.models.robust.cluster_robust",
    "run": "evidence.api",
    "sample_bayes": "evidence.models.bayesian.sampled",
    "sampling_covariance": "evidence.models.robust.sampling_covariance",
    "sd_of_group": "evidence.effects.sizes.recovered",
    "selection_model": "evidence.models.bias.selection",
    "selection_ratio": "evidence.models.bias.corrected",
    "shrunken_effects": "evidence.models.frequentist.shrinkage",
    "simulate_coverage": "evidence.models.frequentist.coverage",
    "skewness_test": "evidence.effects.sizes.skewness",
    "smd_from_test": "evidence.effects.sizes.recovered",
    "specification_curve": "evidence.report.specification_curve",
    "subgroups": "evidence.models.frequentist.subgroups",
    "sunset_plot": "evidence.report.figures.sunset",
    "sweep_correlation": "evidence.models.robust.sweep",
    "table_of": "evidence.effects.table",
    "trace": "evidence.effects.trace",
    "trace_frame": "evidence.effects.trace",
    "trim_and_fill": "evidence.models.bias.trim_fill",
    "variance_inflation": "evidence.models.regression.diagnostics",
    "variance_shares": "evidence.models.multilevel.compare",
    "wald_multilevel": "evidence.models.multilevel.assemble",
    "with_null_results": "evidence.models.bias.fail_safe",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in."""
    if name not in _HOME:
        raise AttributeError(f"module 'evidence' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Names for completion."""
    return sorted([*globals(), *_HOME])
