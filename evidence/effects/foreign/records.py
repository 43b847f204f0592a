"""Records of a review made elsewhere: its analyses, their trials, and what it pooled itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["counts", "means", "generic", "observed_expected"]
Method = Literal["mantel_haenszel", "inverse_variance", "peto"]
ROLES: dict[Kind, tuple[str, ...]] = {
    "counts": ("events1", "n1", "events2", "n2"),
    "means": ("mean1", "sd1", "n1", "mean2", "sd2", "n2"),
    "generic": ("estimate", "std_error"),
    "observed_expected": ("observed_minus_expected", "variance"),
}
RATIOS = ("OR", "RR", "HR", "IRR", "PETO", "ROM")


@dataclass(frozen=True, slots=True)
class Stored:
    """A result that the file holds itself, on the readers' scale; None where it holds none.

    ``figures`` may have: estimate, ci_low, ci_high, std_error, weight, tau2, q, q_df, i2, z, p.
    """

    estimable: bool
    figures: Mapping[str, float] = field(default_factory=dict)

    def get(self, name: str) -> float | None:
        """Return a figure, or None."""
        return self.figures.get(name)


@dataclass(frozen=True, slots=True)
class ForeignTrial:
    """One line of an analysis.

    ``figures``: events1, n1, events2, n2; mean1, sd1, n1, mean2, sd2, n2; estimate, std_error (on
    the analysis scale); observed_minus_expected, variance. ``subgroup`` is an id or empty.
    """

    where: str
    study: str
    year: str
    subgroup: str
    figures: Mapping[str, float]
    stored: Stored


@dataclass(frozen=True, slots=True)
class Subgroup:
    """A subgroup of an analysis and what the file pooled in it."""

    id: str
    name: str
    stored: Stored


@dataclass(frozen=True, slots=True)
class ForeignAnalysis:
    """One analysis as the file declares it.

    Attributes
    ----------
    id : str
        Comparison and outcome: ``1.2``.
    kind : {"counts", "means", "generic", "observed_expected"}
        What its trials hold.
    measure : str
        RR, OR, RD, PETO, MD, SMD, HR, IRR, or GEN for any other; ``measure_label`` is the file's.
    log_scale : bool
        Whether estimates are pooled as logarithms.
    method, random : str, bool
        How the file pools.
    totals : {"all", "subgroups", "none"}
        What the file pools.
    swapped : bool
        Whether the file counts those without the event; ``figures`` are as entered.
    """

    id: str
    where: str
    comparison: str
    outcome: str
    kind: Kind
    measure: str
    measure_label: str
    log_scale: bool
    method: Method
    random: bool
    level: float
    level_trials: float
    totals: Literal["all", "subgroups", "none"]
    swapped: bool
    label1: str
    label2: str
    trials: tuple[ForeignTrial, ...]
    subgroups: tuple[Subgroup, ...]
    stored: Stored
    estimator: str = "dl"
    interval: str = "wald"


@dataclass(frozen=True, slots=True)
class ForeignReview:
    """A review made elsewhere; ``notes`` say what of the file was not taken."""

    path: str
    title: str
    analyses: tuple[ForeignAnalysis, ...]
    notes: tuple[str, ...]
