"""Empirical priors of tau: predictive distributions from the Cochrane Database.

Turner et al. (2012, Int J Epidemiol 41:818-827) and Turner et al. (2015, Stat Med 34:984-998) give
log-normal distributions of tau^2 for log odds ratios; Rhodes et al. (2015, J Clin Epidemiol
68:52-60) give log-t distributions with 5 degrees of freedom for standardised mean differences.
Half of a location and of a scale of log tau^2 are those of log tau.

The figures are those of the table that the package hetprior transcribes from the three papers
(github.com/mcguinlu/hetprior, R/sysdata.rda, commit 33b08f2; MIT licence). Its general setting of
Rhodes (-3.34) is a slip: the documentation of rnmamod (``heter_density_plot``) has -3.44, and so
does the median of 0.03 beside it. Seen a second time, and the same: mortality and adverse
events of Turner 2015 (output of bayesmeta), pain of Turner 2015 and physical health under cancer
of Rhodes (documentation of rnmamod), all against placebo.

Not offered, since the transcription contradicts the additive structure that the papers' models
have and no second page was seen: of Turner 2015 obstetric outcomes (pharmacological against
placebo) and withdrawals (two pharmacological ones); of Rhodes the cells that are None below. Nor
are the inverse-gamma approximations and the predictive distributions of I^2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.priors import TauPrior, log_normal, log_t

Cell = tuple[float, float] | None
COMPARISONS = (
    "pharmacological v placebo", "pharmacological v pharmacological",
    "non-pharmacological v placebo", "non-pharmacological v pharmacological",
    "non-pharmacological v non-pharmacological",
)  # fmt: skip
BROAD = (*COMPARISONS[:2], "non-pharmacological v any")
TURNER_2012: Mapping[str, tuple[Cell, ...]] = {
    "all-cause mortality": ((-4.06, 1.45), (-4.27, 1.48), (-3.93, 1.51)),
    "semi-objective": ((-3.02, 1.85), (-3.23, 1.88), (-2.89, 1.91)),
    "subjective": ((-2.13, 1.58), (-2.34, 1.62), (-2.01, 1.64)),
}
TURNER_2015: Mapping[str, tuple[Cell, ...]] = {
    "all-cause mortality":
        ((-3.95, 1.34), (-4.18, 1.41), (-4.17, 1.55), (-2.92, 1.02), (-3.50, 1.26)),
    "obstetric": (None, (-3.75, 1.79), (-3.74, 1.91), (-2.49, 1.50), (-3.08, 1.68)),
    "cause-specific mortality or major morbidity":
        ((-3.71, 1.74), (-3.95, 1.79), (-3.93, 1.91), (-2.68, 1.51), (-3.27, 1.68)),
    "resource use": ((-2.34, 1.74), (-2.58, 1.79), (-2.56, 1.91), (-1.31, 1.50), (-1.90, 1.68)),
    "surgical success": ((-2.14, 1.74), (-2.37, 1.79), (-2.36, 1.91), (-1.11, 1.50), (-1.69, 1.68)),
    "withdrawals": ((-2.99, 1.74), None, (-3.21, 1.91), (-1.96, 1.51), (-2.55, 1.68)),
    "structure": ((-2.71, 1.74), (-2.94, 1.79), (-2.93, 1.92), (-1.67, 1.51), (-2.26, 1.68)),
    "physical health": ((-2.29, 1.53), (-2.53, 1.58), (-2.51, 1.72), (-1.26, 1.25), (-1.85, 1.46)),
    "adverse events": ((-1.87, 1.52), (-2.10, 1.58), (-2.10, 1.71), (-0.84, 1.24), (-1.43, 1.45)),
    "infection or onset":
        ((-2.49, 1.52), (-2.73, 1.58), (-2.71, 1.71), (-1.46, 1.24), (-2.05, 1.45)),
    "signs or symptoms":
        ((-2.06, 1.51), (-2.29, 1.58), (-2.28, 1.71), (-1.03, 1.24), (-1.61, 1.45)),
    "pain": ((-1.83, 1.52), (-2.06, 1.58), (-2.05, 1.71), (-0.80, 1.25), (-1.38, 1.45)),
    "quality of life": ((-2.54, 1.54), (-2.78, 1.60), (-2.77, 1.73), (-1.51, 1.27), (-2.10, 1.47)),
    "mental health": ((-2.12, 1.53), (-2.35, 1.60), (-2.34, 1.72), (-1.09, 1.27), (-1.67, 1.47)),
    "biological marker":
        ((-1.77, 1.52), (-2.00, 1.58), (-1.99, 1.71), (-0.74, 1.24), (-1.33, 1.45)),
    "subjective": ((-2.70, 1.52), (-2.93, 1.58), (-2.92, 1.71), (-1.67, 1.25), (-2.26, 1.45)),
}  # fmt: skip
RHODES_OUTCOMES = (
    "obstetric", "resource use", "structure", "physical health", "signs or symptoms",
    "mental health", "biological marker", "subjective",
)  # fmt: skip
RHODES_2015: Mapping[str, tuple[tuple[Cell, ...], ...]] = {
    "other": (
        ((-4.13, 2.34), (-4.40, 2.31), (-3.99, 2.11)), ((-2.55, 2.73), None, (-2.41, 2.57)),
        ((-2.43, 2.50), (-2.70, 2.46), (-2.29, 2.32)), ((-3.16, 2.50), None, (-3.02, 2.27)),
        ((-3.00, 2.50), (-3.27, 2.47), (-2.86, 2.33)), ((-2.99, 2.16), (-3.27, 2.14), None),
        ((-3.41, 2.83), (-3.68, 2.78), (-3.27, 2.66)),
        ((-2.76, 2.58), (-3.03, 2.59), (-2.62, 2.41)),
    ),
    "cancer": (
        ((-1.57, 2.45), (-1.85, 2.41), (-1.43, 2.24)), ((0.01, 2.83), (-0.27, 2.79), (0.15, 2.68)),
        (None, (-0.14, 2.56), (0.27, 2.45)), ((-0.60, 2.61), (-0.88, 2.55), (-0.46, 2.40)),
        ((-0.44, 2.60), (-0.71, 2.57), (-0.30, 2.46)),
        ((-0.43, 2.28), (-0.71, 2.25), (-0.29, 2.08)),
        ((-0.85, 2.93), (-1.13, 2.87), (-0.71, 2.78)),
        ((-0.20, 2.68), (-0.48, 2.68), (-0.06, 2.53)),
    ),
    "respiratory": (
        ((-6.03, 2.36), (-6.31, 2.31), (-5.89, 2.21)),
        ((-4.46, 2.74), (-4.73, 2.70), (-4.32, 2.57)),
        ((-4.33, 2.51), (-4.61, 2.46), None), ((-5.07, 2.51), (-5.34, 2.45), (-4.93, 2.28)),
        ((-4.90, 2.50), (-5.18, 2.47), (-4.76, 2.33)), (None, (-5.17, 2.14), (-4.76, 1.94)),
        ((-5.31, 2.83), (-5.59, 2.78), (-5.17, 2.66)),
        ((-4.66, 2.59), (-4.94, 2.59), (-4.52, 2.41)),
    ),
}  # fmt: skip


def turner_prior(
    outcome: str | None = None, comparison: str | None = None, *, year: int = 2015
) -> TauPrior:
    """Prior of tau for log odds ratios, by type of outcome and of comparison.

    Parameters
    ----------
    outcome : str, optional
        2015: a key of ``TURNER_2015`` such as ``"adverse events"``; 2012: ``all-cause mortality``,
        ``semi-objective`` or ``subjective``. Without both, the general setting.
    comparison : str, optional
        One of ``COMPARISONS``; of 2012 one of ``BROAD``.
    year : {2015, 2012}

    Raises
    ------
    FitError
        If a word is unknown, one is missing, or the cell is not offered.

    Examples
    --------
    >>> print(turner_prior("all-cause mortality", "pharmacological v placebo"))
    log-normal(-1.975, 0.67)
    """
    if year not in (2012, 2015):
        raise FitError("no such prior", [Problem("year", repr(year), "2012 or 2015")])
    if outcome is None and comparison is None:
        cell: Cell = (-2.56, 1.74)
        said = "any outcome"
    else:
        table, names = (TURNER_2012, BROAD) if year == 2012 else (TURNER_2015, COMPARISONS)
        cell, said = _cell(table, names, outcome, comparison), f"{outcome}, {comparison}"
    if cell is None:
        raise _withheld(outcome, comparison)
    return log_normal(cell[0] / 2, cell[1] / 2, f"Turner {year}, log odds ratios: {said}")


def rhodes_prior(
    outcome: str | None = None, comparison: str | None = None, area: str = "other"
) -> TauPrior:
    """Prior of tau for standardised mean differences, by outcome, comparison and medical area.

    Parameters
    ----------
    outcome : str, optional
        One of ``RHODES_OUTCOMES``. Without ``comparison`` too, the general setting.
    comparison : str, optional
        One of ``BROAD``.
    area : {"other", "cancer", "respiratory"}

    Raises
    ------
    FitError
        If a word is unknown, one is missing, or the cell is not offered.

    Examples
    --------
    >>> print(rhodes_prior())
    log-t(-1.72, 1.295, 5)
    """
    if area not in RHODES_2015:
        right = did_you_mean(str(area), list(RHODES_2015))
        raise FitError("no such prior", [Problem("area", f"unknown: {area!r}", right)])
    if outcome is None and comparison is None:
        if area != "other":
            what = f"{area!r} would do nothing without an outcome and a comparison"
            raise FitError("no such prior", [Problem("area", what, "leave it out")])
        cell: Cell = (-3.44, 2.59)
        said = "any outcome"
    else:
        table = dict(zip(RHODES_OUTCOMES, RHODES_2015[area], strict=True))
        cell = _cell(table, BROAD, outcome, comparison)
        said = f"{outcome}, {comparison}, area {area}"
    if cell is None:
        raise _withheld(outcome, comparison, area)
    return log_t(cell[0] / 2, cell[1] / 2, 5, f"Rhodes 2015, SMD: {said}")


def _cell(
    table: Mapping[str, tuple[Cell, ...]],
    names: Sequence[str],
    outcome: str | None,
    comparison: str | None,
) -> Cell:
    problems = []
    if outcome not in table:
        problems.append(
            Problem("outcome", f"unknown: {outcome!r}", did_you_mean(str(outcome), list(table)))
        )
    if comparison not in names:
        problems.append(
            Problem("comparison", f"unknown: {comparison!r}", did_you_mean(str(comparison), names))
        )
    if problems:
        raise FitError("no such prior", problems)
    return table[str(outcome)][names.index(str(comparison))]


def _withheld(*words: str | None) -> FitError:
    what = f"{', '.join(str(word) for word in words)}: no figure that could be trusted was seen"
    right = "take it from the paper: log_normal(location / 2, scale / 2) or log_t"
    return FitError("the prior is not offered", [Problem("outcome", what, right)])
