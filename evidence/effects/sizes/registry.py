"""The effect measures: their codes, what they are computed from, and which choices they have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from evidence.effects.sizes import (
    change,
    correlations,
    matched,
    means,
    one_mean,
    overlap,
    proportions,
    rates,
    ratios,
    reliability,
    tetrachoric,
    two_by_two,
)
from evidence.effects.sizes.correction import Effect

Kernel = Callable[..., Effect]
TABLE = ("events1", "nonevents1", "events2", "nonevents2")
PAIRS = ("both", "only_first", "only_second", "neither")
TWO_RATES = ("events1", "time1", "events2", "time2")
RATE = ("events", "time")
PROPORTION = ("events", "nonevents")
TWO_MEANS = ("mean1", "sd1", "n1", "mean2", "sd2", "n2")
TWO_SPREADS = ("sd1", "n1", "sd2", "n2")
MEAN = ("mean", "sd", "n")
CHANGE = ("mean1", "sd1", "mean2", "sd2", "correlation", "n")
# Cells to which a zero-cell policy may add, by what the measure is computed from.
CELLS = {
    TABLE: TABLE,
    PAIRS: PAIRS,
    TWO_RATES: ("events1", "events2"),
    RATE: ("events",),
    PROPORTION: PROPORTION,
}
# A cell that may be given by its group's size instead.
BY_SIZE = {"nonevents1": ("n1", "events1"), "nonevents2": ("n2", "events2"),
           "nonevents": ("n", "events")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """One effect measure.

    Attributes
    ----------
    code : str
        As in metafor where that has it.
    title : str
    kernel : function
        From arrays in the order of ``roles`` to estimates and variances.
    roles : tuple of str
        The figures it is computed from.
    scale : {"identity", "log"}
        "log" where the estimate is the logarithm of a ratio.
    vtypes : tuple of str
        Variances to choose from, the default first.
    correctable : bool
        Whether a small-sample correction can be left out.
    add : float
        What the zero-cell policy adds by default.
    has_unit : bool
        Whether the estimate is in the unit of the outcome.
    standardized : bool
        Whether a size above 2 suggests that standard errors were entered as SDs.
    """

    code: str
    title: str
    kernel: Kernel
    roles: tuple[str, ...]
    scale: Literal["identity", "log"] = "identity"
    vtypes: tuple[str, ...] = ("LS",)
    correctable: bool = False
    add: float = 0.5
    has_unit: bool = False
    standardized: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        """The counts that a zero-cell policy looks at; none for means and correlations."""
        return CELLS.get(self.roles, ())


def _smd(
    code: str, title: str, kernel: Kernel, roles: tuple[str, ...], vtypes: tuple[str, ...] = ("LS",)
) -> Measure:
    return Measure(code, title, kernel, roles, vtypes=vtypes, correctable=True, standardized=True)


def _tables() -> list[Measure]:
    k = two_by_two
    return [
        Measure("RR", "log risk ratio", k.risk_ratio, TABLE, "log", ("LS", "AV")),
        Measure("OR", "log odds ratio", k.odds_ratio, TABLE, "log"),
        Measure("RD", "risk difference", k.risk_difference, TABLE, vtypes=("LS", "UB", "AV", "HO")),
        Measure("PETO", "Peto's log odds ratio", k.peto_odds_ratio, TABLE, "log"),
        Measure("AS", "arcsine difference", k.arcsine_difference, TABLE, add=0.0),
        Measure("PHI", "phi coefficient", k.phi, TABLE, vtypes=("LS", "ST", "CS"), add=0.0),
        Measure("ZPHI", "Fisher's z of phi", k.fisher_z_phi, TABLE, vtypes=("LS", "ST", "CS"),
                add=0.0),
        Measure("YUQ", "Yule's Q", k.yule_q, TABLE),
        Measure("YUY", "Yule's Y", k.yule_y, TABLE),
        Measure("RTET", "tetrachoric correlation", tetrachoric.tetrachoric, TABLE, add=0.0),
        Measure("PBIT", "probit difference", k.probit_difference, TABLE),
        Measure("OR2DN", "d from an odds ratio, normal", k.odds_ratio_to_d_normal, TABLE),
        Measure("OR2DL", "d from an odds ratio, logistic", k.odds_ratio_to_d_logistic, TABLE),
        Measure("MPRR", "matched log risk ratio", matched.matched_risk_ratio, PAIRS, "log"),
        Measure("MPOR", "matched log odds ratio", matched.matched_odds_ratio, PAIRS, "log"),
        Measure("MPORC", "conditional log odds ratio", matched.matched_conditional_odds_ratio,
                PAIRS, "log"),
        Measure("MPPETO", "conditional Peto log odds ratio", matched.matched_peto_odds_ratio,
                PAIRS, "log"),
        Measure("MPRD", "matched risk difference", matched.matched_risk_difference, PAIRS),
    ]  # fmt: skip


def _counts() -> list[Measure]:
    average = ("LS", "AV")
    return [
        Measure("IRR", "log rate ratio", rates.rate_ratio, TWO_RATES, "log"),
        Measure("IRD", "rate difference", rates.rate_difference, TWO_RATES, has_unit=True),
        Measure("IRSD", "root rate difference", rates.root_rate_difference, TWO_RATES, add=0.0),
        Measure("IR", "rate", rates.rate, RATE, has_unit=True),
        Measure("IRLN", "log rate", rates.log_rate, RATE),
        Measure("IRS", "root rate", rates.root_rate, RATE, add=0.0),
        Measure("IRFT", "Freeman-Tukey rate", rates.freeman_tukey_rate, RATE, add=0.0),
        Measure("PR", "proportion", proportions.proportion, PROPORTION, vtypes=("LS", "UB", "AV")),
        Measure("PLN", "log proportion", proportions.log_proportion, PROPORTION, vtypes=average),
        Measure("PLO", "log odds", proportions.logit_proportion, PROPORTION, vtypes=average),
        Measure("PRZ", "probit", proportions.probit_proportion, PROPORTION),
        Measure("PAS", "arcsine", proportions.arcsine_proportion, PROPORTION, add=0.0),
        Measure("PFT", "double arcsine", proportions.freeman_tukey_proportion, PROPORTION, add=0.0),
    ]


def _means() -> list[Measure]:
    biserial = ("LS", "ST", "CS")
    return [
        Measure("MD", "mean difference", means.mean_difference, TWO_MEANS, vtypes=("LS", "HO"),
                has_unit=True),
        _smd("SMD", "Hedges' g", means.standardized_mean_difference, TWO_MEANS,
             ("LS", "LS2", "UB", "AV")),
        Measure("SMD_APPROX", "Hedges' g, approximate factor",
                means.approximate_standardized_mean_difference, TWO_MEANS, standardized=True),
        Measure("GLASS", "Glass's Δ", means.glass_delta, TWO_MEANS, standardized=True),
        _smd("SMDH", "SMD, unequal spreads", means.smd_unequal_spreads, TWO_MEANS),
        _smd("SMD1", "SMD by the second SD", means.smd_by_second_sd, TWO_MEANS),
        _smd("SMD1H", "SMD by the second SD, unequal spreads",
                means.smd_by_second_sd_unequal_spreads, TWO_MEANS),
        Measure("D2ORN", "log odds from d, normal", means.d_to_log_odds_normal, TWO_MEANS, "log"),
        Measure("D2ORL", "log odds from d, logistic", means.d_to_log_odds_logistic, TWO_MEANS,
                "log"),
        Measure("ROM", "log ratio of means", ratios.ratio_of_means, TWO_MEANS, "log",
                ("LS", "HO", "AV", "AVHO"), correctable=True),
        Measure("CVR", "log ratio of coefficients of variation",
                ratios.coefficient_of_variation_ratio, TWO_MEANS, "log", correctable=True),
        Measure("VR", "log ratio of SDs", ratios.variability_ratio, TWO_SPREADS, "log",
                correctable=True),
        Measure("RPB", "point-biserial correlation", overlap.point_biserial, TWO_MEANS,
                vtypes=biserial),
        Measure("ZPB", "Fisher's z of the point-biserial", overlap.point_biserial_z, TWO_MEANS,
                vtypes=biserial),
        Measure("RBIS", "biserial correlation", overlap.biserial, TWO_MEANS),
        Measure("ZBIS", "Fisher's z of the biserial", overlap.biserial_z, TWO_MEANS),
        Measure("CLESN", "chance of being larger", overlap.chance_of_larger, TWO_MEANS),
        Measure("MN", "mean", one_mean.mean, MEAN, vtypes=("LS", "HO"), has_unit=True),
        Measure("SMN", "standardized mean", one_mean.standardized_mean, MEAN, correctable=True),
        Measure("MNLN", "log mean", one_mean.log_mean, MEAN, correctable=True),
        Measure("SDLN", "log SD", one_mean.log_sd, ("sd", "n"), correctable=True),
        Measure("CVLN", "log coefficient of variation", one_mean.log_coefficient_of_variation,
                MEAN, correctable=True),
    ]  # fmt: skip


def _changes() -> list[Measure]:
    return [
        Measure("MC", "mean change", change.mean_change, CHANGE, has_unit=True),
        _smd("SMCC", "SMC by the change SD", change.smc_by_change_sd, CHANGE),
        _smd("SMCR", "SMC by the first SD", change.smc_by_first_sd, CHANGE),
        _smd("SMCRH", "SMC by the first SD, unequal spreads",
                change.smc_by_first_sd_unequal_spreads, CHANGE),
        _smd("SMCRP", "SMC by the mean SD", change.smc_by_mean_sd, CHANGE),
        _smd("SMCRPH", "SMC by the mean SD, unequal spreads",
                change.smc_by_mean_sd_unequal_spreads, CHANGE),
        Measure("ROMC", "log ratio of two occasions' means", change.ratio_of_means_change, CHANGE,
                "log", correctable=True),
        Measure("CVRC", "log ratio of two occasions' coefficients of variation",
                change.coefficient_of_variation_ratio_change, CHANGE, "log", correctable=True),
        Measure("VRC", "log ratio of two occasions' SDs", change.variability_ratio_change,
                ("sd1", "sd2", "correlation", "n"), "log"),
        Measure("CLESCN", "chance of being larger at the first occasion",
                change.chance_of_larger_change, CHANGE),
    ]  # fmt: skip


def _associations() -> list[Measure]:
    k, raw, partial = correlations, ("correlation", "n"), ("t", "predictors", "n")
    alpha = ("alpha", "items", "n")
    return [
        Measure("COR", "correlation", k.correlation, raw, vtypes=("LS", "AV")),
        Measure("UCOR", "unbiased correlation", k.unbiased_correlation, raw,
                vtypes=("LS", "UB", "AV")),
        Measure("ZCOR", "Fisher's z", k.fisher_z, raw),
        Measure("PCOR", "partial correlation", k.partial_correlation, partial),
        Measure("ZPCOR", "Fisher's z of a partial correlation", k.partial_fisher_z, partial),
        Measure("SPCOR", "semipartial correlation", k.semipartial_correlation,
                (*partial, "r_squared")),
        Measure("ARAW", "alpha", reliability.alpha_raw, alpha),
        Measure("AHW", "cube-root alpha", reliability.alpha_cube_root, alpha),
        Measure("ABT", "log alpha", reliability.alpha_log, alpha),
    ]  # fmt: skip


MEASURES = {
    one.code: one for one in [*_tables(), *_counts(), *_means(), *_changes(), *_associations()]
}
