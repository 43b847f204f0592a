"""The errors and warnings of the package: each says where, what, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes
    ----------
    where : str
        File and line, or the name of the argument: ``data/studies/x.yaml:12 outcomes[0].unit``.
    what : str
        What was found there.
    right : str
        What would be right; empty only where nothing more can be said.
    """

    where: str
    what: str
    right: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"; {self.right}" if self.right else "")


class EvidenceError(Exception):
    """Root of every error the package raises on purpose.

    Parameters
    ----------
    message : str
        The summary line.
    problems : sequence of Problem, optional
        All that was found wrong, in the order of the input.
    """

    shown = 40

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [self.message, *(f"  {problem}" for problem in self.problems[: self.shown])]
        if len(self.problems) > self.shown:
            lines.append(f"  ... and {len(self.problems) - self.shown} more")
        return "\n".join(lines)


class StudyError(EvidenceError):
    """A study file or the vocabulary cannot be read as it stands."""


class QuestionError(EvidenceError):
    """A question is not answerable as it is declared."""


class EffectError(EvidenceError):
    """An effect, or an input to one, is impossible or was asked for by an unknown name."""


class FitError(EvidenceError):
    """A model cannot be fitted to these data, or its fit did not converge."""


class ReportError(EvidenceError):
    """A report cannot be built, or what is committed does not match what was rebuilt."""


class EvidenceWarning(UserWarning):
    """Root of the package's warnings: a code to silence it by, and the problem in words."""

    def __init__(self, code: str, problem: Problem) -> None:
        super().__init__(f"[{code}] {problem}")
        self.code = code
        self.problem = problem


class PlausibilityWarning(EvidenceWarning):
    """A figure is possible, and yet more often a mistake than a finding."""


def did_you_mean(word: str, known: Iterable[str], *, most: int = 12) -> str:
    """Name the nearest known word, or list the known ones when none is near.

    Examples
    --------
    >>> did_you_mean("pg/ml", ["pg/mL", "pmol/L"])
    'did you mean "pg/mL"?'
    >>> did_you_mean("xyz", ["pg/mL", "pmol/L"])
    'known: pg/mL, pmol/L'
    """
    words = sorted(known)
    lowered = {w.lower(): w for w in reversed(words)}
    near = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    if near:
        return f'did you mean "{lowered[near[0]]}"?'
    if not words:
        return "none is known"
    return "known: " + ", ".join(words[:most]) + (", ..." if len(words) > most else "")
