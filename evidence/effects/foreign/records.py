"""Records of a review made elsewhere: its analyses, their trials, and what it pooled itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evidence.catalog.display import ROWS, html_of, plain
from evidence.catalog.phrases import counted, folded

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

    def __str__(self) -> str:
        head, how = self._heads()
        of = counted(len(self.trials), "trial")
        parts = f", {counted(len(self.subgroups), 'subgroup')}" if self.subgroups else ""
        return folded(f"{plain(head)}\n  {plain(how)}; {of}{parts}")

    def _heads(self) -> tuple[str, str]:
        how = f"{self.measure_label}, {self.method.replace('_', ' ')}, "
        how += "random effects" if self.random else "fixed effect"
        head = f"{self.id} {self.comparison}: {self.outcome}"
        return head, f"{how}; {self.label1} v {self.label2}"

    def _repr_html_(self) -> str:
        import pandas as pd

        head, how = self._heads()
        trials = [{"trial": t.study, "subgroup": t.subgroup, **t.figures} for t in self.trials]
        held = [
            {"part": name, **stored.figures}
            for name, stored in [
                ("all", self.stored),
                *((s.name, s.stored) for s in self.subgroups),
            ]
            if stored.figures
        ]
        return html_of(
            head,
            [how],
            ("Trials", pd.DataFrame(trials)),
            ("What the file pooled", pd.DataFrame(held)),
        )


@dataclass(frozen=True, slots=True)
class ForeignReview:
    """A review made elsewhere; ``notes`` say what of the file was not taken."""

    path: str
    title: str
    analyses: tuple[ForeignAnalysis, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        shown = self.analyses[:ROWS]
        of = counted(len(self.analyses), "analysis", "analyses")
        lines = [f"{plain(self.title or self.path)}: {of}"]
        lines += [
            f"  {a.id}  {plain(f'{a.comparison}: {a.outcome}')} "
            f"({a.measure_label}, {counted(len(a.trials), 'trial')})"
            for a in shown
        ]
        more = len(self.analyses) - len(shown)
        lines += [f"  and {more} more"] if more else []
        return folded("\n".join([*lines, *(f"  note: {plain(note)}" for note in self.notes)]))

    def _repr_html_(self) -> str:
        import pandas as pd

        rows = [
            {
                "id": a.id,
                "comparison": a.comparison,
                "outcome": a.outcome,
                "measure": a.measure_label,
                "trials": len(a.trials),
            }
            for a in self.analyses
        ]
        return html_of(self.title, self.notes, ("Analyses", pd.DataFrame(rows)))
