"""Tables of what moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evidence.report.changes.difference import QuestionChange
from evidence.report.changes.figures import ANSWER_WORDS, AnswerChange
from evidence.report.changes.history import History, Step
from evidence.report.changes.reasons import (
    NO_REASON,
    reasons_for,
    reasons_for_claim,
    reasons_for_removed,
)
from evidence.report.changes.snapshot import QuestionState
from evidence.report.changes.words import (
    FIGURE_WORDS,
    NOTHING,
    cause_words,
    change_words,
    conclusion_words,
    day_words,
    rating_words,
    tallies,
)
from evidence.report.numbers import MINUS, significant
from evidence.report.tables import Table

QUESTION = "#q-"  # begins the anchor of a question on its report's page


@dataclass(frozen=True, slots=True)
class Linked:
    """A table, and where the words of its cells lead."""

    table: Table
    links: dict[tuple[int, int], str] = field(default_factory=dict)


def overview_table(history: History, steps: Sequence[Step]) -> Table:
    """All releases with what moved in each, newest first."""
    columns = ("answers", "gone", "conclusions", "ratings", "verdicts", "no_reason")
    head = (
        "Release", "Date", "Questions", "Answers moved", "Answers gone", "Conclusions", "Ratings",
        "Verdicts", "No reason given",
    )  # fmt: skip
    rows = []
    for step in reversed(steps):
        new, counts = step.difference.new, tallies(step)
        name = new.version or "since then"
        came, went = counts["added"], counts["removed"]
        signs = ", ".join(f"{sign}{n}" for sign, n in (("+", came), (MINUS, went)) if n)
        size = str(len(new.questions)) + (f" ({signs})" if signs else "")
        rows.append((name, _day(new.date), size, *(str(counts[c]) for c in columns)))
    first = history.snapshots[0]
    told = (first.version or "", _day(first.date), str(len(first.questions)))
    rows.append((*told, *[NOTHING] * len(columns)))
    caption = "How many of each moved, came or went since the release before."
    numeric = tuple(range(2, len(head)))
    return Table("Data releases, newest first", head, tuple(rows), numeric, caption)


def _day(day: str | None) -> str:
    """A day that stands on one line."""
    return "" if day is None else day_words(day, short=True).replace(" ", "\u00a0")


def numbers_table(step: Step) -> Linked | None:
    """Answers that were printed before and are printed otherwise now, or are gone."""
    rows, questions = [], []
    for change in step.difference.changed:
        for i, answer in enumerate(change.moved):
            questions.append(change.new)
            rows.append(
                (
                    change.new.title,
                    ANSWER_WORDS[answer.answer],
                    answer.printed[0],
                    answer.printed[1] or _nothing(change, answer),
                    change_words(answer, change.new.unit),
                    _further(answer),
                    _why(reasons_for(change, step.reasons)) if i == 0 else "As above.",
                )
            )
    head = ("Question", "Answer", "Before", "After", "Change", "What else moved", "Why")
    return _linked("Numbers that moved, as they are printed", head, rows, questions)


def _nothing(change: QuestionChange, answer: AnswerChange) -> str:
    return "not pooled" if answer.answer == "main" and change.new.k == 0 else NOTHING


def _further(answer: AnswerChange) -> str:
    """Conclusions, and figures beside estimate and interval that are printed otherwise."""
    told = [conclusion_words(one) for one in answer.conclusions]
    if answer.old is not None and answer.new is not None:
        told += [
            f"{FIGURE_WORDS[f.figure]} {f.printed[0] or NOTHING} → {f.printed[1] or NOTHING}"
            for f in answer.figures
            if f.beyond and f.figure not in ("estimate", "low", "high")
        ]
    if answer.method is not None:
        told.append(f"method: {answer.method[0]} → {answer.method[1]}")
    return "; ".join(told)


def _why(reasons: tuple[str, ...]) -> str:
    return " ".join(reasons) or NO_REASON


def new_answers_table(step: Step) -> Linked | None:
    """Answers that a question has now and had not before."""
    rows, questions = [], []
    for change in step.difference.changed:
        for answer in change.answers:
            if answer.old is None:
                questions.append(change.new)
                rows.append((change.new.title, ANSWER_WORDS[answer.answer], answer.printed[1]))
    return _linked("Answers that are new", ("Question", "Answer", "Now"), rows, questions)


def finer_table(step: Step) -> Linked | None:
    """Figures that moved by less than is printed."""
    rows, questions = [], []
    for change in step.difference.changed:
        for answer in change.answers:
            for f in answer.figures:
                if not f.beyond and f.old is not None and f.new is not None:
                    questions.append(change.new)
                    words = (significant(f.old, 6), significant(f.new, 6))
                    which = f"{ANSWER_WORDS[answer.answer]}: {FIGURE_WORDS[f.figure]}"
                    change_told = f"{f.change or 0.0:+.1e}".replace("-", MINUS)
                    rows.append((change.new.title, which, *words, change_told))
    head = ("Question", "Figure", "Before", "After", "Change (analysis scale)")
    return _linked("Moved by less than is printed", head, rows, questions, (2, 3, 4))


def counts_table(step: Step) -> Linked | None:
    """Counts behind the answers, studies that came or went, and questions asked otherwise."""
    rows, questions = [], []
    for change in step.difference.changed:
        told = [(m.what, m.old or NOTHING, m.new or NOTHING) for m in change.counts]
        told += [(f"asked: {m.what}", m.old or NOTHING, m.new or NOTHING) for m in change.asked]
        if change.entered:
            told.append(("studies that entered", NOTHING, ", ".join(change.entered)))
        if change.left:
            told.append(("studies that left", ", ".join(change.left), NOTHING))
        rows += [(change.new.title, *cells) for cells in told]
        questions += [change.new] * len(told)
    title = "Trials, people and reports behind the answers"
    return _linked(title, ("Question", "What", "Before", "After"), rows, questions)


def ratings_table(step: Step, *, first: bool) -> Linked | None:
    """Ratings that changed, or with ``first`` those that were not there before."""
    rows: list[tuple[str, ...]] = []
    questions = []
    for change in step.difference.changed:
        if (change.old.rating is None) != first or not change.rating:
            continue
        questions.append(change.new)
        if first:
            rows.append((change.new.title, change.rating[0].new))
            continue
        told = "; ".join(
            f"{rating_words(move.what)} {move.old or NOTHING} → {move.new or NOTHING}"
            for move in change.rating
        )
        rows.append((change.new.title, told, _why(reasons_for(change, step.reasons))))
    if first:
        head: tuple[str, ...] = ("Question", "Certainty for what it is meant for")
        return _linked("Rated for the first time", head, rows, questions)
    head = ("Question", "What changed", "Why")
    return _linked("Certainty ratings that changed", head, rows, questions)


def claims_table(step: Step) -> Linked | None:
    """Claims whose verdict changed."""
    rows = [
        (
            claim.new.claim,
            claim.verdict.old,
            claim.verdict.new,
            _why(reasons_for_claim(claim, step.reasons)),
        )
        for claim in step.difference.claims
        if claim.verdict is not None
    ]
    return _linked("Verdicts that changed", ("Claim", "Before", "After", "Why"), rows, [])


def removed_table(step: Step) -> Linked | None:
    """Questions that went, with what they said last."""
    rows = [
        (q.title, q.finding, _why(reasons_for_removed(q, step.reasons)))
        for q in step.difference.removed
    ]
    head = ("Question", "What it said last", "Why it went")
    return _linked("Questions that went", head, rows, [])


def added_table(questions: Sequence[QuestionState]) -> Linked:
    """Questions that came, with what they say."""
    ordered = sorted(questions, key=lambda q: (q.analysis, q.id))
    rows = [(q.title, q.analysis, q.finding) for q in ordered]
    table = Table("Questions added", ("Question", "Report", "What it says"), tuple(rows))
    return Linked(table, _links(ordered))


def inputs_table(step: Step) -> Linked | None:
    """Which inputs of each question that changed are other than before."""
    changed = step.difference.changed
    rows = [(c.new.title, cause_words(c.cause)) for c in changed]
    questions = [c.new for c in changed]
    return _linked("Inputs that changed", ("Question", "Inputs"), rows, questions)


def unexplained_table(step: Step) -> Linked | None:
    """What moved without any reason."""
    words = {"number": "number", "rating": "rating", "verdict": "verdict", "removed": "removed"}
    rows = [(words[one.kind], one.id, one.what) for one in step.unexplained]
    return _linked("Moved without a reason given", ("Kind", "Of", "What"), rows, [])


def _linked(
    title: str,
    head: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    questions: Sequence[QuestionState],
    numeric: tuple[int, ...] = (),
) -> Linked | None:
    made = tuple(rows)
    if not made:
        return None
    return Linked(Table(title, head, made, numeric), _links(questions))


def _links(questions: Sequence[QuestionState]) -> dict[tuple[int, int], str]:
    """First cells lead to the question in its report."""
    return {(row, 0): _address(question) for row, question in enumerate(questions)}


def _address(question: QuestionState) -> str:
    return f"../{question.analysis}/index.html{QUESTION}{question.id}"


def links_now(
    links: Mapping[tuple[int, int], str], there: Mapping[str, QuestionState]
) -> dict[tuple[int, int], str]:
    """Links to where the questions stand now; those to questions that went are no more.

    Examples
    --------
    >>> links_now({(0, 0): "../bone/index.html#q-gone", (1, 0): "#since"}, {})
    {(1, 0): '#since'}
    """
    made = {}
    for place, address in links.items():
        _, asked, id = address.partition(QUESTION)
        if not asked:
            made[place] = address
        elif id in there:
            made[place] = _address(there[id])
    return made
