"""Study: what the reports of one trial printed, and where; nothing is converted here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set, ValuesView
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted, folded
from evidence.catalog.vocabulary import DrugWord, OutcomeWord, PopulationWord, UnitWord
from evidence.errors import EvidenceError, Problem, check_kind

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Figure = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0, le=1e12)]
Pair = tuple[Figure, Figure]
Direction = Literal["increase", "decrease", "no_change"]
Design = Literal[
    "parallel_rct", "crossover_rct", "single_arm", "non_randomised",
    "cohort", "case_control", "cross_sectional", "case_report",
]  # fmt: skip
Read = Literal["primary_full_text", "primary_abstract", "secondary_source", "registry"]
# severity_subset: only the graver of the events; other_analysis: the same events by another
# measure, set of people or model.
Role = Literal[
    "primary", "secondary_time", "subgroup", "severity_subset", "other_analysis", "off_treatment",
    "duplicate_source",
]  # fmt: skip
PrintedMeasure = Literal[
    "MD", "SMD", "RR", "OR", "HR", "RD", "IRR", "ratio", "fold_change", "percent_difference",
    "ratio_of_treatments", "RR_inverse", "r", "beta", "partial_R2_percent", "threshold",
    "relative_likelihood",
]  # fmt: skip
WEEKS = {"day": 1 / 7, "week": 1.0, "month": 365.25 / 12 / 7, "year": 365.25 / 7}


class Record(BaseModel):
    """Frozen, strict: no unknown key, no text where a number belongs."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Report(Record):
    """One publication of the trial."""

    key: Identifier
    authors: Text | None = None
    title: Text | None = None
    journal: Text | None = None
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    volume: Text | None = None
    issue: Text | None = None
    pages: Text | None = None
    pmid: Annotated[str, Field(pattern=r"^\d{1,8}$")] | None = None
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None


class Population(Record):
    """Who was studied."""

    group: PopulationWord
    sex: Literal["male", "female", "mixed"]
    age: Text | None = None
    description: Text | None = None
    n_randomised: Count | None = None


class Background(Record):
    """A treatment given beside the drug of the arm."""

    drug: DrugWord
    detail: Text | None = None


class Arm(Record):
    """One arm: the drug it tests (or its control), and what everyone in it got besides.

    ``cohort`` names the randomisation an arm belongs to: arms of different cohorts of one study
    were not randomised against each other. ``randomised: false`` marks groups that are no arm of a
    randomisation (two arms counted together, volunteers for comparison).
    """

    id: Identifier
    drug: DrugWord
    dose_mg: Positive | None = None
    schedule: Text | None = None
    weekly_dose_mg: Positive | None = None
    n: Count | None = None
    background: tuple[Background, ...] = ()
    cohort: Identifier = "all"
    randomised: bool = True
    note: Text | None = None


class Time(Record):
    """A time as printed."""

    value: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
    unit: Literal["day", "week", "month", "year"]

    @property
    def weeks(self) -> float:
        """The same time in weeks: a month is 365.25 / 12 days."""
        return self.value * WEEKS[self.unit]


class SourceEntry(Record):
    """The page that printed the figures of an outcome."""

    report: Identifier
    locator: Text
    read: Read
    url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2000)] | None = None


class Summary(Record):
    """Centre and spread as printed.

    ``centre`` is a figure that the page names neither mean nor median, ``spread`` a ± that it names
    neither SD nor SE.
    """

    mean: Figure | None = None
    median: Figure | None = None
    centre: Figure | None = None
    sd: Positive | None = None
    se: Positive | None = None
    spread: Positive | None = None
    ci95: Pair | None = None
    iqr: Pair | None = None
    range: Pair | None = None


class ArmResult(Record):
    """What was printed of one arm."""

    n: Count | None = None
    baseline: Summary | None = None
    final: Summary | None = None
    change: Summary | None = None
    change_percent: Summary | None = None
    events: Count | None = None
    total: Count | None = None
    events_percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    person_years: Positive | None = None
    rate_per_1000_py: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    direction: Direction | None = None


class PValue(Record):
    """A P value exactly as far as it was said; ``ns`` is "not significant" without a number."""

    relation: Literal["=", "<", ">", "ns"]
    value: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None


class Contrast(Record):
    """A comparison as printed: between two arms, or within one against its baseline.

    An ``association`` (a correlation, a slope) has no comparator; without ``arm`` it is that of all
    arms together.
    """

    arm: Identifier | None = None
    versus: Identifier | None = None
    kind: Literal["between", "within", "association", "not_stated"]
    measure: PrintedMeasure | None = None
    estimate: Figure | None = None
    ci: Pair | None = None
    ci_level: Annotated[float, Field(gt=0, lt=1)] | None = None
    se: Positive | None = None
    spread: Positive | None = None
    range: Pair | None = None
    p: PValue | None = None
    direction: Direction | None = None
    adjusted_for: Text | None = None


class Outcome(Record):
    """One outcome at one time, from one page."""

    id: Identifier
    outcome: OutcomeWord
    definition: Text | None = None
    role: Role | None = None
    unit: UnitWord | None = None
    time: Time | None = None
    type: Literal["continuous", "binary", "time_to_event", "rate", "correlation", "direction"]
    source: SourceEntry
    arms: dict[str, ArmResult] = Field(default_factory=dict)
    contrasts: tuple[Contrast, ...] = ()
    note: Text | None = None

    @property
    def weeks(self) -> float | None:
        """Time in weeks; None where the page gives none."""
        return None if self.time is None else self.time.weeks


class Study(Record):
    """One trial with all its reports."""

    id: Identifier
    name: Text
    registry: Text | None = None
    design: Design
    blinding: Literal["double_blind", "open_label", "not_reported"]
    population: Population
    reports: Annotated[tuple[Report, ...], Field(min_length=1)]
    overlaps: tuple[Identifier, ...] = ()
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    outcomes: tuple[Outcome, ...] = ()
    risk_of_bias_facts: tuple[Text, ...] = ()
    funding: Text | None = None
    open_points: tuple[Text, ...] = ()

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        held = (
            counted(len(self.arms), "arm"),
            counted(len(self.outcomes), "outcome"),
            counted(len(self.reports), "report"),
        )
        return folded(f"{self.id}: {self.name}\n  {self.design}; {', '.join(held)}")

    def arm(self, arm_id: str) -> Arm:
        """Return the arm of that id; the reader has checked that it exists."""
        return next(arm for arm in self.arms if arm.id == arm_id)

    def report(self, key: str) -> Report:
        """Return the report of that key; the reader has checked that it exists."""
        return next(report for report in self.reports if report.key == key)


def as_studies(studies: Iterable[Study], error: type[EvidenceError]) -> tuple[Study, ...]:
    """Tuple of the studies that a user gave.

    A text, a mapping or an empty table can be walked through too, and would pass for no studies.

    Raises
    ------
    EvidenceError
        Of the class given, if they are no studies.

    Examples
    --------
    >>> as_studies([], EvidenceError)
    ()
    """
    plain = (Sequence, Set, Iterator, ValuesView)
    try:
        given = None if isinstance(studies, str | bytes | Mapping) else tuple(studies)
    except TypeError:
        given = None
    if given is None or not (given or isinstance(studies, plain)):
        problem = Problem("studies", f"is a {type(studies).__name__}", "give a list of studies")
        raise error("the argument studies is of the wrong kind", [problem])
    for study in given:
        check_kind("studies", study, Study, error)
    return given
