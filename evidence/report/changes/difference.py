"""difference: what moved between two data releases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from evidence.errors import ReportError, check_kind
from evidence.report.changes.causes import Cause, cause_between
from evidence.report.changes.figures import AnswerChange, answer_changes
from evidence.report.changes.sentences import SentenceChange, sentence_changes
from evidence.report.changes.snapshot import ClaimState, QuestionState, RatingState, Snapshot
from evidence.report.numbers import MINUS

NOT_RATED = "not rated"


@dataclass(frozen=True, slots=True)
class Move:
    """A count, a word or a level that changed, as text; empty where there was or is none."""

    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """What changed in one question.

    Attributes
    ----------
    old, new : QuestionState
    answers : tuple of AnswerChange
        Answers of which a figure moved, or that came or went.
    counts : tuple of Move
        Trials, people and reports behind the answer.
    entered, left : tuple of str
        Studies with an effect now that had none before, and the reverse.
    asked : tuple of Move
        The question itself: title, measure, unit, report.
    rating : tuple of Move
        Certainty and its domains.
    sentences : tuple of SentenceChange
    cause : Cause
        Which inputs changed; computed, beside the reasons that a person gives.
    """

    old: QuestionState
    new: QuestionState
    answers: tuple[AnswerChange, ...]
    counts: tuple[Move, ...]
    entered: tuple[str, ...]
    left: tuple[str, ...]
    asked: tuple[Move, ...]
    rating: tuple[Move, ...]
    sentences: tuple[SentenceChange, ...]
    cause: Cause

    @property
    def id(self) -> str:
        """Id of the question, as it is now."""
        return self.new.id

    @property
    def moved(self) -> tuple[AnswerChange, ...]:
        """Answers that stood before and are printed otherwise now, or are gone."""
        return tuple(a for a in self.answers if a.old is not None and a.beyond)

    @property
    def empty(self) -> bool:
        """Whether nothing that a release says of it changed."""
        said = self.answers or self.counts or self.entered or self.left or self.asked
        return not (said or self.rating or self.sentences)


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """A claim whose verdict or words changed; ``verdict`` is None where it is the same."""

    old: ClaimState
    new: ClaimState
    verdict: Move | None
    sentences: tuple[SentenceChange, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What moved between two snapshots.

    Attributes
    ----------
    old, new : Snapshot
    added, removed : tuple of QuestionState
    renamed : tuple of (QuestionState, QuestionState)
        Questions that seem to be the same under another id: the same figures from the same
        studies. They stand among ``changed`` too where anything else changed.
    changed : tuple of QuestionChange
    claims : tuple of ClaimChange
    claims_added, claims_removed : tuple of ClaimState
        Empty where one side has no claims at all: the page came or went as a whole.
    """

    old: Snapshot
    new: Snapshot
    added: tuple[QuestionState, ...]
    removed: tuple[QuestionState, ...]
    renamed: tuple[tuple[QuestionState, QuestionState], ...]
    changed: tuple[QuestionChange, ...]
    claims: tuple[ClaimChange, ...]
    claims_added: tuple[ClaimState, ...]
    claims_removed: tuple[ClaimState, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing that readers see changed."""
        questions = self.added or self.removed or self.renamed or self.changed
        claims = self.claims or self.claims_added or self.claims_removed
        return not (questions or claims or self.claims_page)

    @property
    def claims_page(self) -> Literal["", "new", "gone"]:
        """Whether the claims as a whole are new, or gone."""
        if (self.old.claims is None) == (self.new.claims is None):
            return ""
        return "new" if self.old.claims is None else "gone"


def difference(old: Snapshot, new: Snapshot) -> Difference:
    """Compare two snapshots: numbers, ratings, verdicts and sentences that moved.

    Examples
    --------
    >>> from evidence.report.changes.snapshot import FORMAT, files_hash
    >>> empty = Snapshot(format=FORMAT, version="0.1.0", date="2026-11-21", files=(), reports=(),
    ...                  data_hash=files_hash(()), questions=(), claims=None)
    >>> difference(empty, empty).empty
    True
    """
    check_kind("old", old, Snapshot, ReportError)
    check_kind("new", new, Snapshot, ReportError)
    before = {q.id: q for q in old.questions}
    after = {q.id: q for q in new.questions}
    removed = [q for name, q in before.items() if name not in after]
    added = [q for name, q in after.items() if name not in before]
    renamed = _renamed(removed, added)
    pairs = [(before[name], after[name]) for name in before if name in after] + renamed
    changed = [question_change(a, b, old, new) for a, b in pairs]
    same = {a.id for a, _ in renamed}, {b.id for _, b in renamed}
    claims, claims_added, claims_removed = _claims(old.claims, new.claims)
    return Difference(
        old=old,
        new=new,
        added=tuple(q for q in added if q.id not in same[1]),
        removed=tuple(q for q in removed if q.id not in same[0]),
        renamed=tuple(renamed),
        changed=tuple(sorted((c for c in changed if not c.empty), key=lambda c: c.id)),
        claims=claims,
        claims_added=claims_added,
        claims_removed=claims_removed,
    )


def _renamed(
    removed: list[QuestionState], added: list[QuestionState]
) -> list[tuple[QuestionState, QuestionState]]:
    """Pairs with the same figures from the same studies, where no other would fit as well."""
    found = []
    for one in removed:
        mine = [other for other in added if _fingerprint(other) == _fingerprint(one)]
        rivals = [other for other in removed if _fingerprint(other) == _fingerprint(one)]
        if one.main is not None and len(mine) == 1 and len(rivals) == 1:
            found.append((one, mine[0]))
    return found


def _fingerprint(q: QuestionState) -> tuple[object, ...]:
    at = None if q.main is None else q.main.at
    return q.measure, q.unit, q.scale, q.contrast, q.studies, at


def question_change(
    old: QuestionState, new: QuestionState, before: Snapshot, after: Snapshot
) -> QuestionChange:
    """Compare what two releases say of one question."""
    return QuestionChange(
        old=old,
        new=new,
        answers=answer_changes(old, new),
        counts=_counts(old, new),
        entered=_not_in(new.studies, old.studies),
        left=_not_in(old.studies, new.studies),
        asked=_asked(old, new),
        rating=_rating(old.rating, new.rating),
        sentences=(
            *sentence_changes("finding", [old.finding], [new.finding]),
            *sentence_changes("certainty", old.certainty, new.certainty),
        ),
        cause=cause_between(old, new, before, after),
    )


def _not_in(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(one) - set(other)))


def _moves(pairs: Mapping[str, tuple[object, object]]) -> tuple[Move, ...]:
    found = {what: tuple("" if x is None else str(x) for x in both) for what, both in pairs.items()}
    return tuple(Move(what, a, b) for what, (a, b) in found.items() if a != b)


def _counts(old: QuestionState, new: QuestionState) -> tuple[Move, ...]:
    return _moves(
        {
            "effects": (old.k, new.k),
            "trials": (old.trials, new.trials),
            "participants": (old.participants, new.participants),
            "results looked at": (old.considered, new.considered),
            "results in part": (old.partial, new.partial),
            "results not used": (old.unused, new.unused),
        }
    )


def _asked(old: QuestionState, new: QuestionState) -> tuple[Move, ...]:
    return _moves(
        {
            "id": (old.id, new.id),
            "title": (old.title, new.title),
            "report": (old.analysis, new.analysis),
            "measure": (old.measure_label, new.measure_label),
            "unit": (old.unit, new.unit),
            "scale": (old.scale, new.scale),
            "kind": (old.contrast, new.contrast),
            "better": (old.better, new.better),
            "what matters": (_marks(old), _marks(new)),
        }
    )


def _marks(q: QuestionState) -> str | None:
    return None if q.matters is None else f"{q.matters[0]:.4g} and {q.matters[1]:.4g}"


def _rating(old: RatingState | None, new: RatingState | None) -> tuple[Move, ...]:
    if old is None and new is None:
        return ()
    told = [
        {"certainty": NOT_RATED}
        if block is None
        else {
            "certainty": _level(block.level),
            "as asked": _level(block.as_asked),
            "suggested": _level(block.suggested),
            "status": block.status,
            **{
                name: f"{step:+d}".replace("-", MINUS) if step else "0"
                for name, step in block.domains.items()
            },
        }
        for block in (old, new)
    ]
    # A rating that came or went is told by its level alone.
    whole = old is not None and new is not None
    names = [*dict.fromkeys([*told[0], *told[1]])] if whole else ["certainty"]
    return _moves({name: (told[0].get(name), told[1].get(name)) for name in names})


def _step(step: int) -> str:
    return f"{step:+d}".replace("-", MINUS) if step else "0"


def _level(word: str | None) -> str:
    return "no evidence" if word is None else word.replace("_", " ")


def _claims(
    old: tuple[ClaimState, ...] | None, new: tuple[ClaimState, ...] | None
) -> tuple[tuple[ClaimChange, ...], tuple[ClaimState, ...], tuple[ClaimState, ...]]:
    if old is None or new is None:
        return (), (), ()
    before, after = {c.id: c for c in old}, {c.id: c for c in new}
    changed = []
    for name in before:
        if name in after and before[name] != after[name]:
            a, b = before[name], after[name]
            verdict = Move("verdict", a.verdict, b.verdict) if a.verdict != b.verdict else None
            told = (
                *sentence_changes("claim", [a.claim], [b.claim]),
                *sentence_changes("reason", [a.reason], [b.reason]),
                *sentence_changes("wording", a.wording, b.wording),
            )
            changed.append(ClaimChange(a, b, verdict, told))
    added = tuple(c for c in new if c.id not in before)
    return tuple(changed), added, tuple(c for c in old if c.id not in after)
