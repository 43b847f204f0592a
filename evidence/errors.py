"""The errors and warnings of the package: each says where, what, and what would be right."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


def did_you_mean(word: object, known: Iterable[str], *, most: int = 12) -> str:
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
    near = difflib.get_close_matches(str(word).lower(), list(lowered), n=1, cutoff=0.6)
    if near:
        return f'did you mean "{lowered[near[0]]}"?'
    if not words:
        return "none is known"
    return "known: " + ", ".join(words[:most]) + (", ..." if len(words) > most else "")


def is_number(value: object) -> bool:
    """Whether a value is a finite real number; a bool is none.

    Examples
    --------
    >>> is_number(2), is_number(float("nan")), is_number("2"), is_number(True)
    (True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def is_fraction(value: object) -> bool:
    """Whether a value is a number between 0 and 1, neither of them included."""
    return is_number(value) and bool(0 < value < 1)  # type: ignore[operator]


def is_whole(value: object, least: int = 0) -> bool:
    """Whether a value is a whole number of at least ``least``, as an integer; a bool is none."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def check_kind(
    where: str, value: object, kind: type | tuple[type, ...], error: type[EvidenceError]
) -> None:
    """Refuse an argument that is not of the kind (or one of the kinds) that a function takes.

    Raises
    ------
    EvidenceError
        Of the class given.
    """
    if isinstance(value, kind):
        return
    kinds = kind if isinstance(kind, tuple) else (kind,)
    right = "give a " + " or a ".join(k.__name__ for k in kinds)
    problem = Problem(where, f"is a {type(value).__name__}", right)
    raise error(f"the argument {where} is of the wrong kind", [problem])


def as_numbers(where: str, value: object, error: type[EvidenceError]) -> NDArray[np.float64]:
    """Array of what a user gave as numbers; None and pandas' NA are no numbers here.

    Raises
    ------
    EvidenceError
        Of the class given, if it holds something else.
    """
    import numpy as np

    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as failure:
        problem = Problem(where, str(failure), "give numbers")
        raise error(f"{where}: what was given holds no numbers", [problem]) from None


def as_words(where: str, value: object, error: type[EvidenceError]) -> list[str]:
    """List of one word, or of several that a user gave.

    Raises
    ------
    EvidenceError
        Of the class given, if it is no word and no sequence of words.
    """
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable):
        words = list(value)
        if all(isinstance(word, str) for word in words):
            return words
    problem = Problem(where, f"is {value!r:.80}", "give a name, or a list of names")
    raise error(f"{where}: what was given holds no names", [problem])
