"""Question: what is asked of the trials, and what is assumed where they are silent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from evidence.catalog.display import html_of_record, text_of_record
from evidence.catalog.study import Design
from evidence.catalog.terms import Terms
from evidence.errors import Problem, QuestionError, did_you_mean

Measure = Literal["MD", "ROM", "RR", "OR", "HR", "MN", "MNLN", "PLO", "ZCOR", "BETA"]
Kind = Literal["between", "within", "level", "association"]
Scale = Literal["identity", "log", "logit", "fisher_z"]
AssumptionName = Literal[
    "baseline_final_correlation",
    "crossover_correlation",
    "unlabelled_spread",
    "unnamed_centre",
    "percent_to_count",
    "percent_of_baseline",
]
MEASURE_LABELS = {
    "MD": "mean difference",
    "ROM": "ratio of means",
    "RR": "risk ratio",
    "OR": "odds ratio",
    "HR": "hazard ratio",
    "MN": "mean level",
    "MNLN": "geometric mean level",
    "PLO": "proportion",
    "ZCOR": "correlation",
    "BETA": "regression slope",
}
EFFECTS = ("MD", "ROM", "RR", "OR", "HR")
# What each kind of question can be answered in: effects, levels and associations never mix.
MEASURES_OF: dict[str, tuple[str, ...]] = {
    "between": EFFECTS,
    "within": EFFECTS,
    "level": ("MN", "MNLN", "PLO"),
    "association": ("ZCOR", "BETA"),
}
SCALES: dict[str, Scale] = {
    "ROM": "log", "RR": "log", "OR": "log", "HR": "log", "MNLN": "log", "PLO": "logit",
    "ZCOR": "fisher_z",
}  # fmt: skip
IN_A_UNIT = {
    "MD": "a mean difference needs the unit it is given in",
    "MN": "a level needs the unit it is given in",
    "MNLN": "a level needs the unit it is given in",
    "BETA": "a slope needs the unit it is given in, as the study files write it",
}
WORD_LISTS = (
    "sexes", "treatment", "control", "outcomes", "groups", "excluded_groups", "designs",
    "background_with", "background_without",
)  # fmt: skip
LOG_MEASURES = ("ROM", "RR", "OR", "HR")
NO_UNIT = ("PLO", "ZCOR")


@dataclass(frozen=True, slots=True)
class Window:
    """Weeks after the start at which a result counts, and the week that is best.

    ``untimed`` says whether an outcome printed without any time counts too.
    """

    earliest: float
    latest: float
    target: float
    untimed: bool = False


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that nobody printed, the reason for it, and the values to sweep.

    Attributes
    ----------
    name : str
        ``baseline_final_correlation`` or ``crossover_correlation`` (between -1 and 1),
        ``unlabelled_spread`` ("sd" or "se": what a ± without a name is read as),
        ``unnamed_centre`` ("mean" or "median": what a figure named neither is read as),
        ``percent_to_count`` ("nearest", "fewest" or "most" events that print as the percentage),
        ``percent_of_baseline`` (where a trial printed means, and the question is in percentage
        points: the changes of the means in percent of each arm's "own" mean at baseline, or of
        the "common" one of both arms).
    value : float or str
    reason : str
        Why this value; the report prints it.
    otherwise : tuple
        The other values that the sensitivity analysis puts in its place.
    """

    name: AssumptionName
    value: float | str
    reason: str
    otherwise: tuple[float | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: people, treatment, control, outcome, time, measure, and the assumptions.

    Attributes
    ----------
    id : str
        A short name: letters, digits and underscores.
    title : str
        The question as a reader would ask it.
    sexes : tuple of {"male", "female", "mixed"}
    treatment, control : tuple of str
        Drugs or drug classes of the terms file; a contrast counts when the arms differ in nothing
        else. For an association ``treatment`` may be empty: people on any drug or none.
    outcomes : tuple of str
        Outcomes in the order of preference; of one trial one is used.
    measure : str
        Between or within arms ``MD`` (in ``unit``), ``ROM``, ``RR``, ``OR`` or ``HR``; of a level
        ``MN`` or ``MNLN`` (means, as they are or as logarithms, in ``unit``) or ``PLO`` (proportion
        of people with an event, as log odds); of an association ``ZCOR`` (correlation, as Fisher's
        z) or ``BETA`` (regression slope in ``unit``).
    window : Window
    unit : str, optional
        Unit of the estimates; needed for ``MD``, ``MN``, ``MNLN`` and ``BETA``, else refused.
    groups, excluded_groups : tuple of str, optional
        Population groups that count (all where empty), and those that do not.
    designs : tuple of str
    contrast : {"between", "within", "level", "association"}
        ``within`` asks for the change in the treated arms against their baseline, ``level`` for
        the values seen in them, ``association`` for how two things go together in one group of
        people. None of these is ever mixed with differences between randomised arms.
    occasion : {"final", "baseline"}
        Which values a question for a level (``MN``, ``MNLN``) asks for.
    adjustment : str, optional
        What an association is adjusted for, word for word as the study files write it
        (``adjusted_for``); where empty only unadjusted ones are pooled.
    background_with, background_without : tuple of str
        Drugs or classes that both arms must, or must not, have got besides. For a level it does
        not matter which of an arm's drugs the trial tested: testosterone with placebo is
        testosterone.
    shared_arms : {"combine", "covariance"}
        What to do with two contrasts that share an arm: combine the treated arms into one, or keep
        both rows and state their covariance.
    assumptions : tuple of Assumption
    indirect : str, optional
        Why the trials answer the question of interest only indirectly; empty where they are direct.
    note : str, optional
        What a reader must know before the numbers.
    treatment_label, control_label : str, optional
        How the two sides are called in text and figures; made of the drugs' labels where empty.

    Raises
    ------
    QuestionError
        With everything that is wrong with the declaration.
    """

    id: str
    title: str
    sexes: tuple[str, ...]
    treatment: tuple[str, ...]
    control: tuple[str, ...]
    outcomes: tuple[str, ...]
    measure: Measure
    window: Window
    unit: str | None = None
    groups: tuple[str, ...] = ()
    excluded_groups: tuple[str, ...] = ()
    designs: tuple[str, ...] = ("parallel_rct", "crossover_rct")
    contrast: Kind = "between"
    occasion: Literal["final", "baseline"] = "final"
    adjustment: str | None = None
    background_with: tuple[str, ...] = ()
    background_without: tuple[str, ...] = ()
    shared_arms: Literal["combine", "covariance"] = "combine"
    assumptions: tuple[Assumption, ...] = ()
    indirect: str = ""
    note: str = ""
    treatment_label: str = ""
    control_label: str = ""

    _repr_html_ = html_of_record
    __str__ = text_of_record

    def __post_init__(self) -> None:
        problems = list(_declaration_problems(self))
        if problems:
            raise QuestionError(f"question {self.id!r} cannot be asked like this", problems)

    @property
    def scale(self) -> Scale:
        """Scale of the analysis: ratios as logarithms, proportions as logits, r as Fisher's z."""
        return SCALES.get(self.measure, "identity")

    def assumption(self, name: AssumptionName) -> Assumption | None:
        """Return the declared assumption of that name, if any."""
        return next((a for a in self.assumptions if a.name == name), None)


def check_terms(question: Question, terms: Terms) -> None:
    """Hold a question against the vocabulary.

    Raises
    ------
    QuestionError
        With every word that the terms file does not know, and the nearest one that it does; and
        with the drugs that stand on both sides, whose arms would be counted twice.
    """
    drugs = [*terms.drugs, *terms.drug_classes]
    lists: list[tuple[str, Iterable[str], Iterable[str]]] = [
        ("treatment", question.treatment, drugs),
        ("control", question.control, drugs),
        ("background_with", question.background_with, drugs),
        ("background_without", question.background_without, drugs),
        ("outcomes", question.outcomes, terms.outcomes),
        ("groups", question.groups, terms.populations),
        ("excluded_groups", question.excluded_groups, terms.populations),
        ("unit", [question.unit] if question.unit else [], terms.units),
    ]
    problems = [
        Problem(f"{question.id}.{field}", f'"{word}" is not known', did_you_mean(word, known))
        for field, words, known in lists
        for word in words
        if word not in known
    ]
    both = terms.drugs_of(question.treatment) & terms.drugs_of(question.control)
    if both:
        what = f"{', '.join(sorted(both))} would be compared with itself"
        right = "name drugs or classes that treatment and control do not share"
        problems.append(Problem(f"{question.id}.control", what, right))
    if problems:
        raise QuestionError(f"question {question.id!r} does not fit the terms", problems)


def _declaration_problems(question: Question) -> Iterable[Problem]:
    def problem(field: str, what: str, right: str) -> Problem:
        return Problem(f"{question.id}.{field}", what, right)

    for field in WORD_LISTS:
        if isinstance(getattr(question, field), str):
            word = getattr(question, field)
            yield problem(field, f'the text "{word}"', f'give a tuple: ("{word}",)')
            return
    if not question.id.replace("_", "").isalnum() or not question.id.isascii():
        yield problem("id", f'"{question.id}"', "letters, digits and underscores only")
    choices: list[tuple[str, Iterable[str], Iterable[str]]] = [
        ("measure", [question.measure], MEASURE_LABELS),
        ("contrast", [question.contrast], MEASURES_OF),
        ("occasion", [question.occasion], ("final", "baseline")),
        ("shared_arms", [question.shared_arms], ("combine", "covariance")),
        ("sexes", question.sexes, ("male", "female", "mixed")),
        ("designs", question.designs, get_args(Design)),
    ]
    for field, words, known in choices:
        for word in words:
            if word not in known:
                yield problem(field, f'"{word}" is not allowed', did_you_mean(word, known))
    needed = ("sexes", "treatment", "outcomes", "designs")
    for field in needed if question.contrast != "association" else (*needed[:1], *needed[2:]):
        if not getattr(question, field):
            yield problem(field, "is empty", "name at least one")
    if question.contrast == "between" and not question.control:
        yield problem("control", "is empty", "name what the treatment is compared with")
    if question.contrast in NO_CONTROL and question.control:
        what = f"has no meaning for {NO_CONTROL[question.contrast]}"
        yield problem("control", what, "leave it empty")
    yield from _measure_problems(question, problem)
    window = question.window
    weeks = (window.earliest, window.target, window.latest)
    if not all(isinstance(week, int | float) for week in weeks):
        yield problem("window", f"{window}", "weeks are numbers")
    elif not 0 <= window.earliest <= window.target <= window.latest:
        yield problem("window", f"{window}", "0 <= earliest <= target <= latest, in weeks")
    names = [a.name for a in question.assumptions]
    for assumption in question.assumptions:
        if names.count(assumption.name) > 1:
            yield problem("assumptions", f"{assumption.name} stands twice", "declare it once")
        yield from _assumption_problems(assumption, problem)


NO_CONTROL = {
    "within": "a change within an arm",
    "level": "a level in one arm",
    "association": "an association within one group",
}


def _measure_problems(
    question: Question, problem: Callable[[str, str, str], Problem]
) -> Iterable[Problem]:
    """What does not fit the measure: the kind of question, the unit, the occasion."""
    contrast, measure = question.contrast, question.measure
    fitting = MEASURES_OF.get(contrast, ())
    if measure in MEASURE_LABELS and fitting and measure not in fitting:
        homes = [kind for kind, measures in MEASURES_OF.items() if measure in measures]
        right = f"one of {', '.join(fitting)}, or contrast={' or '.join(map(repr, homes))}"
        yield problem("measure", f'"{measure}" does not answer contrast="{contrast}"', right)
    if measure in IN_A_UNIT and question.unit is None:
        yield problem("unit", "is missing", IN_A_UNIT[measure])
    if measure in LOG_MEASURES and question.unit is not None:
        yield problem("unit", f'"{question.unit}" for a ratio', "ratios have no unit")
    if measure in NO_UNIT and question.unit is not None:
        what = f'"{question.unit}" for a {MEASURE_LABELS[measure]}'
        yield problem("unit", what, f"a {MEASURE_LABELS[measure]} has no unit")
    if question.occasion == "baseline" and measure not in ("MN", "MNLN"):
        yield problem("occasion", f'"baseline" for {measure}', "only levels (MN, MNLN) have one")
    if question.adjustment is not None and contrast != "association":
        yield problem("adjustment", f"of contrast={contrast!r}", "only associations have one")


def _assumption_problems(
    assumption: Assumption, problem: Callable[[str, str, str], Problem]
) -> Iterable[Problem]:
    field = f"assumptions.{assumption.name}"
    if assumption.name not in get_args(AssumptionName):
        right = did_you_mean(assumption.name, get_args(AssumptionName))
        yield problem("assumptions", f'"{assumption.name}" is not known', right)
        return
    if not assumption.reason.strip():
        yield problem(field, "has no reason", "say why this value")
    words = {
        "unlabelled_spread": ("sd", "se"),
        "unnamed_centre": ("mean", "median"),
        "percent_to_count": ("nearest", "fewest", "most"),
        "percent_of_baseline": ("own", "common"),
    }
    for value in (assumption.value, *assumption.otherwise):
        if assumption.name in words:
            known = words[assumption.name]
            if value not in known:
                yield problem(field, f"{value!r} is not allowed", did_you_mean(str(value), known))
        elif isinstance(value, bool) or not isinstance(value, int | float) or not -1 < value < 1:
            yield problem(field, f"{value!r} is no correlation", "a number between -1 and 1")
