"""What moved as plain values: JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evidence.catalog.releases import Reason
from evidence.report.changes.causes import FileChange
from evidence.report.changes.difference import ClaimChange, Move, QuestionChange
from evidence.report.changes.figures import AnswerChange
from evidence.report.changes.history import Step
from evidence.report.changes.reasons import (
    reasons_for,
    reasons_for_claim,
    reasons_for_removed,
)
from evidence.report.changes.sentences import SentenceChange
from evidence.report.changes.snapshot import Snapshot
from evidence.report.changes.words import cause_words, conclusion_words, tallies
from evidence.report.files import csv_bytes

FORMAT = "evidence-changes/1"
CSV_COLUMNS = (
    "from", "to", "question", "report", "answer", "figure", "old", "new", "change", "scale",
    "printed_old", "printed_new", "beyond_printed_precision", "why", "inputs_changed",
)  # fmt: skip


def steps_record(steps: Sequence[Step]) -> dict[str, Any]:
    """All steps as one JSON value, in the order given."""
    return {"format": FORMAT, "steps": [step_record(step) for step in steps]}


def step_record(step: Step) -> dict[str, Any]:
    """What moved in one step, as a JSON value."""
    found = step.difference
    return {
        "from": _side(found.old),
        "to": _side(found.new),
        "why": list(step.why),
        "counts": tallies(step),
        "added": [q.id for q in found.added],
        "removed": [
            {"id": q.id, "title": q.title, "why": list(reasons_for_removed(q, step.reasons))}
            for q in found.removed
        ],
        "renamed": [{"old": a.id, "new": b.id} for a, b in found.renamed],
        "questions": [_question(change, step.reasons) for change in found.changed],
        "claims_page": found.claims_page,
        "claims": [_claim(change, step.reasons) for change in found.claims],
        "claims_added": [claim.id for claim in found.claims_added],
        "claims_removed": [claim.id for claim in found.claims_removed],
        "no_reason": [{"kind": x.kind, "id": x.id, "what": x.what} for x in step.unexplained],
    }


def _side(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "version": snapshot.version,
        "date": snapshot.date,
        "data_hash": snapshot.data_hash,
        "questions": len(snapshot.questions),
    }


def _question(change: QuestionChange, reasons: Sequence[Reason]) -> dict[str, Any]:
    return {
        "id": change.id,
        "report": change.new.analysis,
        "title": change.new.title,
        "answers": [_answer(answer) for answer in change.answers],
        "counts": [_move(move) for move in change.counts],
        "studies_entered": list(change.entered),
        "studies_left": list(change.left),
        "asked": [_move(move) for move in change.asked],
        "rating": [_move(move) for move in change.rating],
        "sentences": [_sentence(sentence) for sentence in change.sentences],
        "inputs": {
            name: [_file(file) for file in getattr(change.cause, name)]
            for name in ("studies", "others", "terms", "ratings", "script")
        },
        "program": list(change.cause.versions),
        "why": list(reasons_for(change, reasons)),
    }


def _answer(answer: AnswerChange) -> dict[str, Any]:
    return {
        "answer": answer.answer,
        "printed": list(answer.printed),
        "change": answer.change,
        "scale": answer.scale,
        "standard_errors": answer.errors,
        "beyond_printed_precision": answer.beyond,
        "conclusions": [conclusion_words(one) for one in answer.conclusions],
        "method": None if answer.method is None else list(answer.method),
        "figures": [
            {
                "figure": figure.figure,
                "old": figure.old,
                "new": figure.new,
                "change": figure.change,
                "scale": figure.scale,
                "printed": list(figure.printed),
                "beyond_printed_precision": figure.beyond,
            }
            for figure in answer.figures
        ],
    }


def _move(move: Move) -> dict[str, str]:
    return {"what": move.what, "old": move.old, "new": move.new}


def _sentence(change: SentenceChange) -> dict[str, Any]:
    return {"of": change.of, "old": change.old, "new": change.new}


def _file(file: FileChange) -> dict[str, str]:
    return {"path": file.path, "how": file.how}


def _claim(change: ClaimChange, reasons: Sequence[Reason]) -> dict[str, Any]:
    return {
        "id": change.new.id,
        "claim": change.new.claim,
        "verdict": None if change.verdict is None else [change.verdict.old, change.verdict.new],
        "sentences": [_sentence(sentence) for sentence in change.sentences],
        "why": list(reasons_for_claim(change, reasons)),
    }


def figures_csv(steps: Sequence[Step]) -> bytes:
    """Every figure that moved, one line each."""
    rows = [
        {
            "from": step.difference.old.name,
            "to": step.difference.new.name,
            "question": change.id,
            "report": change.new.analysis,
            "answer": answer.answer,
            "figure": figure.figure,
            "old": figure.old,
            "new": figure.new,
            "change": figure.change,
            "scale": figure.scale,
            "printed_old": figure.printed[0],
            "printed_new": figure.printed[1],
            "beyond_printed_precision": "yes" if figure.beyond else "no",
            "why": " ".join(reasons_for(change, step.reasons)),
            "inputs_changed": cause_words(change.cause),
        }
        for step in steps
        for change in step.difference.changed
        for answer in change.answers
        for figure in answer.figures
    ]
    return csv_bytes(CSV_COLUMNS, rows)
