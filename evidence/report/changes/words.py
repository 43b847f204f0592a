"""Words for what moved: the same on the page and in the terminal."""

from __future__ import annotations

from datetime import date

from evidence.report.certainty.footnotes import DOMAIN_WORDS
from evidence.report.changes.causes import Cause, FileChange
from evidence.report.changes.difference import Difference
from evidence.report.changes.figures import AnswerChange, Conclusion
from evidence.report.changes.history import Step
from evidence.report.changes.sentences import SentenceChange
from evidence.report.changes.snapshot import Snapshot
from evidence.report.figures.moved import signed
from evidence.report.numbers import MINUS, pretty_unit
from evidence.report.wording import SCALE_WORDS

FIGURE_WORDS = {
    "estimate": "estimate",
    "low": "lower limit",
    "high": "upper limit",
    "tau": "τ",
    "prediction_low": "lower limit of prediction",
    "prediction_high": "upper limit of prediction",
    "probability_below": "probability below no effect",
}
NOTHING = "–"
UNCHANGED = "Nothing that readers see moved."
# How one of each tally is called, and several.
TALLIES = {
    "added": ("question added", "questions added"),
    "removed": ("question removed", "questions removed"),
    "renamed": ("question renamed", "questions renamed"),
    "answers": ("answer printed otherwise", "answers printed otherwise"),
    "conclusions": ("conclusion changed", "conclusions changed"),
    "gone": ("answer gone", "answers gone"),
    "new_answers": ("answer new", "answers new"),
    "ratings": ("rating changed", "ratings changed"),
    "first_rated": ("question rated for the first time", "questions rated for the first time"),
    "verdicts": ("verdict changed", "verdicts changed"),
    "sentences": ("sentence changed", "sentences changed"),
    "no_reason": ("of it without a reason", "of them without a reason"),
}


def snapshot_name(snapshot: Snapshot) -> str:
    """Name a release with its day, or what is there now."""
    if snapshot.version is None or snapshot.date is None:
        return "the reports of now"
    return f"{snapshot.version} ({day_words(snapshot.date)})"


def day_words(day: str, *, short: bool = False) -> str:
    """Write a day as people do, the month shortened if need be.

    Examples
    --------
    >>> day_words("2026-11-21")
    '21 November 2026'
    """
    found = date.fromisoformat(day)
    months = (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    )  # fmt: skip
    month = months[found.month - 1]
    return f"{found.day} {month[:3] if short else month} {found.year}"


def many(n: int, one: str, more: str = "") -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> many(1, "study", "studies"), many(0, "release")
    ('1 study', '0 releases')
    """
    return f"{n} {one if n == 1 else more or one + 's'}"


def change_words(change: AnswerChange, unit: str | None) -> str:
    """By how much an estimate moved, and on which scale; as a factor where it is a ratio."""
    if change.old is None:
        return "new"
    if change.new is None:
        return "no longer there"
    if change.change is None:
        return "on another scale"
    if change.change == 0:
        return "estimate as before"
    value = f"{change.change:+.2g}".replace("-", MINUS)
    named = f" {pretty_unit(unit)}" if unit and change.scale == "identity" else ""
    scale = "" if change.scale == "identity" else f" on the {SCALE_WORDS[change.scale]}"
    errors = "" if change.errors is None else f"; {signed(change.errors)} standard errors"
    return f"{value}{named}{scale}{errors}"


def conclusion_words(conclusion: Conclusion) -> str:
    """Say how an interval came to lie about a mark.

    Examples
    --------
    >>> conclusion_words(Conclusion("no effect", "below", "includes"))
    'the interval now includes no effect'
    """
    of, mark, old, new = conclusion.of, conclusion.mark, conclusion.old, conclusion.new
    if new == "includes":
        return f"the {of} now includes {mark}"
    if old == "includes":
        return f"the {of} no longer includes {mark}: it lies {new}"
    return f"the {of} lay {old} {mark}, and lies {new} it now"


def cause_words(cause: Cause) -> str:
    """Say which inputs changed; where none did, that the program moved it."""
    if cause.program:
        old, new = cause.versions
        versions = f" ({old} → {new})" if old != new else ""
        return f"No input of the report changed: the program did{versions}."
    parts = []
    if cause.studies:
        parts.append(f"data of {_files(cause.studies)}")
    further = [file for file in cause.others if file.study]
    if further:
        named = many(len(further), "further study", "further studies")
        parts.append(f"data of {named} that the report looked at")
    parts += [file.path for file in cause.others if not file.study]
    if cause.terms:
        parts.append("the vocabulary")
    if cause.script:
        parts.append("the analysis as declared")
    if cause.ratings:
        parts.append(many(len(cause.ratings), "file of ratings", "files of ratings"))
    return f"Between the two changed: {'; '.join(parts)}."


def _files(files: tuple[FileChange, ...]) -> str:
    how = {"changed": "", "appeared": " (new)", "disappeared": " (gone)"}
    return ", ".join(f"{file.name}{how[file.how]}" for file in files)


def rating_words(what: str) -> str:
    """Name what of a rating changed."""
    known = {"suggested": "suggested by the rules", "as asked": "certainty as asked"}
    return DOMAIN_WORDS.get(what, known.get(what, what)).lower()


def plain_sentence(change: SentenceChange) -> str:
    """Write a change of a sentence for a terminal: what went, then what came.

    Examples
    --------
    >>> plain_sentence(SentenceChange("finding", "One trial.", "Two trials."))
    '[-One trial-] {+Two trials+}.'
    """
    if change.old is None:
        return f"{{+{change.new}+}}"
    if change.new is None:
        return f"[-{change.old}-]"
    marks = {"same": ("", ""), "gone": ("[-", "-]"), "new": ("{+", "+}")}
    text = ""
    for piece in change.pieces:
        start, end = marks[piece.kind]
        body = piece.text.strip() if start else piece.text
        glue = " " if start and text.endswith(("-]", "+}")) else ""
        tail = " " if start and piece.text[-1:].isspace() else ""
        text += f"{glue}{start}{body}{end}{tail}"
    return text.strip()


def tallies(step: Step) -> dict[str, int]:
    """Count what moved: questions, answers, conclusions, ratings, verdicts, sentences."""
    found, changed = step.difference, step.difference.changed
    rated = [c for c in changed if c.rating]
    first = [c for c in rated if c.old.rating is None]
    told = [*(c.sentences for c in changed), *(c.sentences for c in found.claims)]
    return {
        "added": len(found.added),
        "removed": len(found.removed),
        "renamed": len(found.renamed),
        "answers": sum(a.new is not None for c in changed for a in c.moved),
        "gone": sum(a.new is None for c in changed for a in c.moved),
        "conclusions": sum(len(a.conclusions) for c in changed for a in c.answers),
        "new_answers": sum(a.old is None for c in changed for a in c.answers),
        "ratings": len(rated) - len(first),
        "first_rated": len(first),
        "verdicts": sum(c.verdict is not None for c in found.claims),
        "sentences": sum(map(len, told)),
        "no_reason": len(step.unexplained),
    }


def tally_words(step: Step) -> str:
    """Say in a row what moved, and how much of it."""
    counts = tallies(step)
    told = [f"{n} {TALLIES[name][n != 1]}" for name, n in counts.items() if n]
    told += [text for text in (claims_page_words(step.difference),) if text]
    return ", ".join(told) or "only what stands behind the answers changed"


def claims_page_words(difference: Difference) -> str:
    """Say that the verdicts on claims came or went as a whole; empty where they did not."""
    how = difference.claims_page
    claims = difference.new.claims if how == "new" else difference.old.claims
    if not how or claims is None:
        return ""
    return f"verdicts on {many(len(claims), 'claim')} {'new' if how == 'new' else 'gone'}"
