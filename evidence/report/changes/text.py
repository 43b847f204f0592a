"""What moved, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.report.changes.difference import QuestionChange
from evidence.report.changes.figures import ANSWER_WORDS
from evidence.report.changes.history import Step
from evidence.report.changes.reasons import (
    NO_REASON,
    reasons_for,
    reasons_for_claim,
    reasons_for_removed,
)
from evidence.report.changes.words import (
    FIGURE_WORDS,
    NOTHING,
    UNCHANGED,
    cause_words,
    change_words,
    conclusion_words,
    plain_sentence,
    rating_words,
    snapshot_name,
    tally_words,
)
from evidence.report.wording import capital


def step_text(step: Step) -> str:
    """Tell what moved in one step."""
    found = step.difference
    lines = [f"From {snapshot_name(found.old)} to {snapshot_name(found.new)}", *step.why]
    if found.empty:
        return "\n".join([*lines, UNCHANGED])
    lines += [f"{capital(tally_words(step))}."]
    for change in found.changed:
        lines += ["", *_question(change, step)]
    for question in found.removed:
        why = " ".join(reasons_for_removed(question, step.reasons)) or NO_REASON
        lines += ["", f"{question.id}: removed ({question.title}). {why}"]
    lines += [f"{old.id}: seems to be {new.id} now" for old, new in found.renamed]
    for claim in found.claims:
        lines += ["", f"claim {claim.new.id}: {claim.new.claim}"]
        if claim.verdict is not None:
            why = " ".join(reasons_for_claim(claim, step.reasons)) or NO_REASON
            lines += [f"  verdict: {claim.verdict.old} → {claim.verdict.new}. {why}"]
        lines += [f"  {one.of}: {plain_sentence(one)}" for one in claim.sentences]
    if found.added:
        lines += ["", f"New questions: {', '.join(q.id for q in found.added)}"]
    lines += [f"New claim: {claim.id}" for claim in found.claims_added]
    lines += [f"Claim removed: {claim.id}" for claim in found.claims_removed]
    if step.unexplained:
        lines += ["", "No reason given for:"]
        lines += [f"  {one.kind} {one.id}: {one.what}" for one in step.unexplained]
    return "\n".join(lines)


def _question(change: QuestionChange, step: Step) -> Iterator[str]:
    yield f"{change.id}: {change.new.title}"
    for answer in change.answers:
        name, (old, new) = ANSWER_WORDS[answer.answer], answer.printed
        moved = change_words(answer, change.new.unit)
        small = "" if answer.beyond else ", less than is printed"
        yield f"  {name}: {old or NOTHING} → {new or NOTHING} ({moved}{small})"
        further = [f for f in answer.figures if f.beyond and f.figure not in _PRINTED]
        if answer.old is not None and answer.new is not None:
            for figure in further:
                words = [text or NOTHING for text in figure.printed]
                yield f"    {FIGURE_WORDS[figure.figure]}: {words[0]} → {words[1]}"
        yield from (f"    {conclusion_words(one)}" for one in answer.conclusions)
        if answer.method is not None:
            yield f"    method: {answer.method[0]} → {answer.method[1]}"
    for move in (*change.counts, *change.asked):
        yield f"  {move.what}: {move.old or NOTHING} → {move.new or NOTHING}"
    if change.entered:
        yield f"  studies that entered: {', '.join(change.entered)}"
    if change.left:
        yield f"  studies that left: {', '.join(change.left)}"
    for move in change.rating:
        yield f"  {rating_words(move.what)}: {move.old or NOTHING} → {move.new or NOTHING}"
    for sentence in change.sentences:
        yield f"  {sentence.of}: {plain_sentence(sentence)}"
    reasons = reasons_for(change, step.reasons)
    if reasons or change.moved:
        yield f"  why: {' '.join(reasons) or NO_REASON}"
    yield f"  {cause_words(change.cause)}"


_PRINTED = ("estimate", "low", "high")
