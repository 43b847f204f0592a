"""One comparison of one outcome: what was printed of it, as numbers with their source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evidence.catalog.number import Assumed, Number, Reported, Source
from evidence.catalog.question import AssumptionName, Question
from evidence.catalog.study import ArmResult, Contrast, Outcome, PValue, Study, Summary
from evidence.catalog.terms import Terms
from evidence.effects import recover
from evidence.effects.derive import (
    CI_LEVEL,
    derive,
    unlabelled_as_sd,
    unlabelled_as_se,
    unnamed_as_mean,
)

# Printed measures that answer each measure of a question.
PUBLISHED = {
    "MD": ("MD",),
    "ROM": ("ratio", "fold_change", "percent_difference"),
    "RR": ("RR",),
    "OR": ("OR",),
    "HR": ("HR",),
    "MN": (),
    "MNLN": (),
    "PLO": (),
    "ZCOR": ("r",),
    "BETA": ("beta",),
}
# An association of all arms of a study together names no arm.
ALL_ARMS = "all arms together"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A treated arm against a control arm (or its own baseline) in one outcome of one study.

    It hands out printed figures as ``Reported`` numbers, each with its place in the file.
    """

    study: Study
    outcome: Outcome
    treatment: str
    control: str | None
    question: Question
    terms: Terms

    @property
    def row_id(self) -> str:
        """Name of the row: study, outcome and arms."""
        start = f"{self.study.id}/{self.outcome.id}/{self.treatment}"
        if self.question.contrast in ("level", "association"):
            return start
        return f"{start}-v-{'baseline' if self.control is None else self.control}"

    @property
    def cohort(self) -> str:
        """The randomisation that the treated arm belongs to."""
        together = self.treatment == ALL_ARMS
        return "all" if together else self.study.arm(self.treatment).cohort

    @property
    def source(self) -> Source:
        """The page that the outcome was read from."""
        entry = self.outcome.source
        return Source(entry.report, entry.locator, entry.read, entry.url)

    @property
    def substance(self) -> str | None:
        """Substance that is measured, where units of mass and amount convert."""
        return self.terms.outcomes[self.outcome.outcome].substance

    @property
    def paired(self) -> bool:
        """Whether both sides are the same people."""
        return self.control is None or self.study.design == "crossover_rct"

    def assume(self, name: AssumptionName) -> Assumed | None:
        """Value of an assumption of the question that is a number; None where undeclared."""
        declared = self.question.assumption(name)
        if declared is None or isinstance(declared.value, str):
            return None
        where = f"question {self.question.id}"
        return Assumed(float(declared.value), None, name, declared.reason, where)

    def result(self, arm: str) -> ArmResult | None:
        """What was printed of an arm."""
        return self.outcome.arms.get(arm)

    def report(self, value: float, unit: str | None, *path: str) -> Reported:
        """Make a number of a figure of this outcome; ``path`` is where it stands in the file."""
        address = "/".join((self.study.id, self.outcome.id, ".".join(path)))
        return Reported(float(value), unit, self.source, address)

    def size(self, arm: str) -> Number | None:
        """Number of people behind an arm's figures in this outcome, where it was printed.

        The number randomised does not stand in for it: the figures of a sub-study of 161 women
        would otherwise pass for those of 9,779.
        """
        result = self.result(arm)
        if result is not None:
            for name in ("n", "total"):
                value = getattr(result, name)
                if value is not None:
                    return self.report(value, None, "arms", arm, name)
        return None

    def summary(self, arm: str, part: str) -> Summary | None:
        """Centre and spread of one part (``baseline``, ``final``, ...) of an arm."""
        result = self.result(arm)
        found: Summary | None = None if result is None else getattr(result, part)
        return found

    def unit_of(self, part: str) -> str | None:
        """Unit of a part: percent changes are in percent whatever the outcome's unit."""
        if part != "change_percent":
            return self.outcome.unit
        return self.outcome.unit if self.outcome.unit in ("%", "%/year") else "%"

    def mean(self, arm: str, part: str) -> Number | None:
        """Printed mean; a figure named neither mean nor median only by declared assumption."""
        summary = self.summary(arm, part)
        unit, at = self.unit_of(part), ("arms", arm, part)
        if summary is None:
            return None
        if summary.mean is not None:
            return self.report(summary.mean, unit, *at, "mean")
        declared = self.question.assumption("unnamed_centre")
        if summary.centre is None or declared is None or declared.value != "mean":
            return None
        return derive(
            unnamed_as_mean, unit, centre=self.report(summary.centre, unit, *at, "centre")
        )

    def mean_se(self, arm: str, part: str) -> Number | None:
        """Standard error of a printed mean: printed, or from the SD or interval and n.

        An unlabelled ± serves only where the question declares how it is read.
        """
        summary, unit = self.summary(arm, part), self.unit_of(part)
        if summary is None:
            return None
        at = ("arms", arm, part)
        if summary.se is not None:
            return self.report(summary.se, unit, *at, "se")
        n = self.size(arm)
        if summary.sd is not None and n is not None:
            sd = self.report(summary.sd, unit, *at, "sd")
            return derive(recover.se_from_sd, unit, sd=sd, n=n)
        if summary.ci95 is not None and n is not None and n.value > 1:
            low = self.report(summary.ci95[0], unit, *at, "ci95.low")
            high = self.report(summary.ci95[1], unit, *at, "ci95.high")
            df = derive(recover.degrees_of_freedom_paired, None, n=n)
            return derive(recover.se_from_ci_t, unit, low=low, high=high, level=CI_LEVEL, df=df)
        if summary.spread is not None:
            return self._unlabelled(summary.spread, unit, n, at)
        return None

    def _unlabelled(
        self, value: float, unit: str | None, n: Number | None, at: tuple[str, ...]
    ) -> Number | None:
        declared = self.question.assumption("unlabelled_spread")
        if declared is None:
            return None
        spread = self.report(value, unit, *at, "spread")
        if declared.value == "se":
            return derive(unlabelled_as_se, unit, spread=spread)
        if n is None:
            return None
        sd = derive(unlabelled_as_sd, unit, spread=spread)
        return derive(recover.se_from_sd, unit, sd=sd, n=n)

    def contrasts(self) -> Iterator[tuple[Contrast, int, bool]]:
        """Printed contrasts of these two sides, their place, and whether they are turned round.

        Of a level there are none: changes and differences do not tell how high it is.
        """
        if self.question.contrast == "level":
            return
        if self.question.contrast == "association":
            for index, contrast in enumerate(self.outcome.contrasts):
                arm = ALL_ARMS if contrast.arm is None else contrast.arm
                if contrast.kind == "association" and arm == self.treatment:
                    yield contrast, index, False
            return
        for index, contrast in enumerate(self.outcome.contrasts):
            sides = (contrast.arm, contrast.versus)
            if self.control is None:
                if contrast.kind == "within" and contrast.arm == self.treatment:
                    yield contrast, index, False
            elif contrast.kind == "between" and sides == (self.treatment, self.control):
                yield contrast, index, False
            elif contrast.kind == "between" and sides == (self.control, self.treatment):
                yield contrast, index, True

    def asked_for(self, contrast: Contrast) -> bool:
        """Whether an association has the measure and the adjustment that the question asks for."""
        measures = (*PUBLISHED[self.question.measure], None)
        same = contrast.adjusted_for == self.question.adjustment
        return contrast.measure in measures and same

    def associations(self) -> Iterator[tuple[Contrast, int]]:
        """Printed associations as the question asks for them, and their place."""
        for contrast, index, _ in self.contrasts():
            if self.asked_for(contrast):
                yield contrast, index

    def tests(self, own: Contrast | None = None) -> Iterator[tuple[PValue, int]]:
        """Printed P values that test this comparison in the measure asked for, and their place.

        That of the contrast ``own`` comes first. A P that stands beside an estimate of another
        measure (a hazard ratio, a correlation) tests that one.
        """
        printed = PUBLISHED[self.question.measure]
        found = [(contrast, index) for contrast, index, _ in self.contrasts()]
        for contrast, index in sorted(found, key=lambda pair: pair[0] is not own):
            tests_this = contrast.estimate is None or contrast.measure in printed
            if self.question.contrast == "association":
                tests_this = self.asked_for(contrast)
            if contrast.p is not None and tests_this:
                yield contrast.p, index

    def exact_p(self, own: Contrast | None = None) -> Reported | None:
        """P of this comparison where it was printed as a number, not as a bound."""
        for p, index in self.tests(own):
            if p.relation == "=" and p.value is not None and 0 < p.value < 1:
                return self.report(p.value, None, f"contrasts[{index}]", "p.value")
        return None
