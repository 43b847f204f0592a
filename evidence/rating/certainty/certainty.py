"""Certainty: inputs, suggestion and judgement of one answer, kept apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from evidence.catalog.certainty import (
    DOMAINS,
    CertaintyFile,
    MadeOn,
    QuestionJudgement,
    Target,
)
from evidence.catalog.display import html_of, plain
from evidence.catalog.phrases import folded
from evidence.catalog.study import Study, as_studies
from evidence.catalog.terms import OutcomeTerm, Terms
from evidence.errors import FitError, Problem, check_kind
from evidence.models.answer import Answer
from evidence.rating.certainty.absolute import (
    AbsoluteRisk,
    ComparatorMean,
    ComparatorRisk,
    absolute_risk,
    comparator_means,
    comparator_risk,
)
from evidence.rating.certainty.gather import EVENTS, gather
from evidence.rating.certainty.inputs import Inputs, three_digits
from evidence.rating.certainty.rules import (
    Level,
    Suggestion,
    large_effect,
    level_of,
    start,
    suggest,
)
from evidence.rating.certainty.rules_text import Hit

Status = Literal["judged", "judged on other figures", "suggested", "no evidence"]


@dataclass(frozen=True, slots=True, eq=False)
class Certainty:
    """How sure one can be of one answer.

    Attributes
    ----------
    answer : Answer
    outcome : OutcomeTerm
    inputs : Inputs
    begun : Hit
        Where the rating starts, and why.
    suggestions : tuple of Suggestion
        One a domain, in the order of ``DOMAINS``.
    raised : Hit
        What the rule on large effects gives.
    judgement : QuestionJudgement or None
        What a person judged; None where nobody has.
    changed : tuple of str
        Figures that have changed since the judgement; empty where none has, or nobody judged.
    comparator : ComparatorRisk or None
        Assumed risk with the comparator.
    means : tuple of ComparatorMean
    absolute : AbsoluteRisk or None
    target : Target or None
        What the project's answers are meant for.
    outcomes : tuple of OutcomeTerm
        All outcomes that count, in the order of preference; ``outcome`` is the first.
    """

    answer: Answer
    outcome: OutcomeTerm
    inputs: Inputs
    begun: Hit
    suggestions: tuple[Suggestion, ...]
    raised: Hit
    judgement: QuestionJudgement | None
    changed: tuple[str, ...]
    comparator: ComparatorRisk | None
    means: tuple[ComparatorMean, ...]
    absolute: AbsoluteRisk | None
    target: Target | None
    outcomes: tuple[OutcomeTerm, ...]

    def __str__(self) -> str:
        width = max(len(s.domain) for s in self.suggestions)
        lines = [
            self._head(),
            *(f"  {plain(text)}" for text in (self.begun.text, self.raised.text) if text),
            *(
                f"  {s.domain.replace('_', ' '):<{width}}  {s.step}; {s.text}"
                for s in self.suggestions
            ),
        ]
        return folded("\n".join(lines))

    def _head(self) -> str:
        level = (self.level() or "none").replace("_", " ")
        return f"{self.outcome.label}: certainty {level} ({self.status})"

    def _repr_html_(self) -> str:
        import pandas as pd

        rows = [{"domain": s.domain, "step": s.step, "why": s.text} for s in self.suggestions]
        notes = [self.begun.text, self.raised.text]
        return html_of(self._head(), filter(None, notes), ("Suggested steps", pd.DataFrame(rows)))

    def suggestion(self, domain: str) -> Suggestion:
        """Suggestion for a domain."""
        return self.suggestions[DOMAINS.index(domain)]

    def suggested(self, *, as_asked: bool = False) -> Level | None:
        """Level that the rules suggest; see ``level_of`` for ``as_asked``."""
        if self.inputs.partial_share is None:
            return None
        steps = {s.domain: s.step for s in self.suggestions}
        return level_of(self.begun.step, steps, self.raised.step, as_asked=as_asked)

    def judged(self, *, as_asked: bool = False) -> Level | None:
        """Level that was judged; None unless every domain was."""
        steps = None if self.judgement is None else self.judgement.steps
        if self.judgement is None or steps is None:
            return None
        return level_of(self.begun.step, steps, self.judgement.raised, as_asked=as_asked)

    def level(self, *, as_asked: bool = False) -> Level | None:
        """Level to report: what was judged, else what the rules suggest; ``status`` says which.

        None where no trial tells of the question, whatever was judged of trials that once did.
        """
        judged, suggested = self.judged(as_asked=as_asked), self.suggested(as_asked=as_asked)
        return suggested if judged is None or suggested is None else judged

    @property
    def status(self) -> Status:
        """Whether the level was judged, and on these figures."""
        if self.suggested() is None:
            return "no evidence"
        if self.judged() is not None:
            return "judged on other figures" if self.changed else "judged"
        return "suggested"

    @property
    def made_on(self) -> MadeOn:
        """The figures that a judgement made now would be made on."""
        return made_on(self.inputs)


def certainty_of(
    answer: Answer,
    terms: Terms,
    ratings: Mapping[str, str | None],
    judgements: CertaintyFile,
    *,
    studies: Iterable[Study] = (),
    robins_i: Collection[str] = (),
) -> Certainty:
    """Rate the certainty of an answer: inputs, the rules' suggestion, and what was judged.

    Parameters
    ----------
    answer : Answer
    terms : Terms
    ratings : mapping of str to str or None
        Risk of bias of this outcome by trial: a word of RoB 2 or ROBINS-I (``low``,
        ``some_concerns``, ``high``; ``moderate``, ``serious``, ``critical``, ``no_information``).
        A trial that is absent, or None, was not rated.
    judgements : CertaintyFile
        See ``load_certainty``.
    studies : iterable of Study, optional
        The trials, for the risk and the means with the comparator; without them information size
        and absolute effects of events cannot be computed.
    robins_i : collection of str, optional
        Trials that were rated by ROBINS-I: if all non-randomised ones were, the rating starts at
        high.

    Raises
    ------
    FitError
        If an argument is of the wrong kind, a rating is not known, or a judgement rates up a body
        of randomised trials.

    Notes
    -----
    GRADE; the rules and their sources are listed in ``evidence.rating.certainty.sources``.

    Examples
    --------
    >>> import evidence as ev
    >>> terms, studies = ev.load_terms(), ev.load_studies()
    >>> plan = ev.Plan(prior_mu=ev.normal(0, 0.1, "wide"), prior_tau=ev.half_normal(0.02, "small"))
    >>> question = ev.load_question("spine_bmd_men")
    >>> found = ev.answer(question, plan, studies, terms, sample=False)
    >>> from evidence.catalog.project import find_project
    >>> judged = ev.load_certainty(find_project().root / "data" / "certainty.yaml")
    >>> rated = certainty_of(found, terms, {}, judged)
    >>> rated.suggestion("surrogate").step, rated.level()
    (-1, 'very_low')
    """
    check_kind("answer", answer, Answer, FitError)
    check_kind("terms", terms, Terms, FitError)
    check_kind("ratings", ratings, Mapping, FitError)
    check_kind("judgements", judgements, CertaintyFile, FitError)
    known = as_studies(studies, FitError)
    inputs = gather(
        answer, terms, ratings, studies=known, robins_i=robins_i, target=judgements.target
    )
    begun, suggestions = start(inputs), suggest(inputs)
    judgement = judgements.judgements.get(answer.question.id)
    if judgement is not None and judgement.raised and begun.step > 1:
        what = "rates up a body of evidence that starts at high"
        right = "rate up only non-randomised studies that start at low"
        problem = Problem(f"judgements.{answer.question.id}.rated_up", what, right)
        raise FitError("a judgement of certainty cannot stand", [problem])
    down = sum(s.step for s in suggestions)
    risk = comparator_risk(answer.table.rows, known) if inputs.measure in EVENTS else None
    return Certainty(
        answer=answer,
        outcome=terms.outcomes[answer.question.outcomes[0]],
        inputs=inputs,
        begun=begun,
        suggestions=suggestions,
        raised=large_effect(inputs, begun, down),
        judgement=judgement,
        changed=() if judgement is None else _changed(judgement.made_on, inputs),
        comparator=risk,
        means=() if inputs.measure in EVENTS else comparator_means(answer.table.rows, known),
        absolute=_absolute(inputs, risk),
        target=judgements.target,
        outcomes=tuple(terms.outcomes[word] for word in answer.question.outcomes),
    )


def made_on(inputs: Inputs) -> MadeOn:
    """Key figures of the inputs, on the readers' scale, and the fingerprint of all of them."""

    def shown(value: float | None) -> float | None:
        return None if value is None else three_digits(inputs.shown(value))

    return MadeOn(
        fingerprint=inputs.fingerprint,
        trials=inputs.trials,
        reported_in_part=len(inputs.told_in_part),
        estimate=shown(inputs.estimate),
        ci_low=shown(inputs.ci_low),
        ci_high=shown(inputs.ci_high),
        tau=None if inputs.tau is None else three_digits(inputs.tau),
    )


def _changed(before: MadeOn, inputs: Inputs) -> tuple[str, ...]:
    """Say which figures have changed since a judgement was made."""
    now = made_on(inputs)
    if now.fingerprint == before.fingerprint:
        return ()
    told = []
    for name in ("trials", "reported_in_part", "estimate", "ci_low", "ci_high", "tau"):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            told.append(f"{name.replace('_', ' ')}: {_plain(old)} then, {_plain(new)} now")
    return tuple(told or ["other inputs (risk of bias, flags, information size or thresholds)"])


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _absolute(inputs: Inputs, risk: ComparatorRisk | None) -> AbsoluteRisk | None:
    if risk is None or risk.unusable:
        return None
    if inputs.estimate is None or inputs.ci_low is None or inputs.ci_high is None:
        return None
    ratios = [inputs.shown(x) for x in (inputs.estimate, inputs.ci_low, inputs.ci_high)]
    return absolute_risk(risk.median, inputs.measure, *ratios)
