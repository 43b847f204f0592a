"""Figures of an answer that moved: by how much, on which scale, and what they no longer show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from scipy import special

from evidence.report.changes.snapshot import (
    BayesState,
    BorrowedState,
    Interval,
    MainState,
    QuestionState,
)
from evidence.report.numbers import interval, number, percent, pretty_unit, significant
from evidence.report.result import ten

AnswerName = Literal["main", "bayes", "said", "borrowed"]
Side = Literal["below", "includes", "above"]
State = MainState | BayesState | BorrowedState
ANSWERS: tuple[AnswerName, ...] = ("main", "bayes", "said", "borrowed")
ANSWER_WORDS: dict[AnswerName, str] = {
    "main": "main answer",
    "bayes": "Bayes, exact",
    "said": "with partial reports",
    "borrowed": "with what was borrowed",
}


@dataclass(frozen=True, slots=True)
class MovedFigure:
    """One figure that moved.

    Attributes
    ----------
    figure : str
        estimate, low, high, tau, prediction_low, prediction_high, probability_below.
    old, new : float or None
        On the scale of readers, tau on that of the analysis; None where there was or is none.
    change : float or None
        New less old, on the analysis scale.
    scale : str
        That scale: identity, log, logit or fisher_z; "probability".
    printed : (str, str)
        As both were printed; empty where there was or is none.
    beyond : bool
        Whether it moved by more than is printed.
    """

    figure: str
    old: float | None
    new: float | None
    change: float | None
    scale: str
    printed: tuple[str, str]
    beyond: bool


@dataclass(frozen=True, slots=True)
class Conclusion:
    """An interval that came to lie otherwise about a mark: no effect, or an effect that matters.

    ``of`` is "interval", or "prediction interval".
    """

    mark: str
    old: Side
    new: Side
    of: str = "interval"


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """An answer of which at least one figure moved, or that came or went.

    Attributes
    ----------
    answer : {"main", "bayes", "said", "borrowed"}
    old, new : Interval or None
    printed : (str, str)
        Estimate with interval, as both were printed.
    change : float or None
        Of the estimate, new less old, on the analysis scale.
    scale : str
        The analysis scale.
    errors : float or None
        The same in standard errors, by the root mean square of both.
    figures : tuple of MovedFigure
    conclusions : tuple of Conclusion
    method : (str, str) or None
        How it was computed, where that changed.
    """

    answer: AnswerName
    old: Interval | None
    new: Interval | None
    printed: tuple[str, str]
    change: float | None
    scale: str
    errors: float | None
    figures: tuple[MovedFigure, ...]
    conclusions: tuple[Conclusion, ...]
    method: tuple[str, str] | None

    @property
    def beyond(self) -> bool:
        """Whether a figure moved by more than is printed."""
        return any(figure.beyond for figure in self.figures)


def answer_changes(old: QuestionState, new: QuestionState) -> tuple[AnswerChange, ...]:
    """Compare the answers of two states of a question, each of them with its own kind."""
    return tuple(
        change for name in ANSWERS if (change := _answer_change(name, old, new)) is not None
    )


def _answer_change(name: AnswerName, old: QuestionState, new: QuestionState) -> AnswerChange | None:
    a: State | None = getattr(old, name)
    b: State | None = getattr(new, name)
    if a is None and b is None:
        return None
    # Figures on two scales have no difference; the answer then went, and another came.
    comparable = (old.scale, old.unit, old.measure) == (new.scale, new.unit, new.measure)
    figures = tuple(_figures((a, old), (b, new), comparable=comparable))
    method = (_method(a), _method(b))
    other = method if a is not None and b is not None and method[0] != method[1] else None
    if not figures and other is None and comparable:
        return None
    both = a is not None and b is not None and comparable
    change = ten(b.at.estimate - a.at.estimate) if both and a and b else None
    return AnswerChange(
        answer=name,
        old=None if a is None else a.at,
        new=None if b is None else b.at,
        printed=(answer_text(old, a), answer_text(new, b)),
        change=change,
        scale=new.scale,
        errors=shift(a, b) if both and a and b else None,
        figures=figures,
        conclusions=tuple(_conclusions((a, old), (b, new))) if both and a and b else (),
        method=other,
    )


def _method(state: State | None) -> str:
    return state.method if isinstance(state, MainState) else ""


def answer_text(question: QuestionState, state: State | None, *, unit: bool = True) -> str:
    """Write an answer with its interval as the report prints it; empty where there is none."""
    if state is None:
        return ""
    shown, places = state.at.shown, question.decimals
    named = f" {pretty_unit(question.unit)}" if unit and question.unit else ""
    limits = interval(shown.low, shown.high, places)
    return f"{number(shown.estimate, places)} ({limits}){named}"


def standard_error(state: State) -> float:
    """Half the interval in units of the normal quantile of its level."""
    z = float(special.ndtri((1 + state.level) / 2))
    return (state.at.high - state.at.low) / (2 * z)


def shift(old: State, new: State) -> float | None:
    """New less old estimate in standard errors: the root mean square of both; None without."""
    error = math.sqrt((standard_error(old) ** 2 + standard_error(new) ** 2) / 2)
    if not error > 0:
        return None
    return ten((new.at.estimate - old.at.estimate) / error)


def _figures(
    old: tuple[State | None, QuestionState],
    new: tuple[State | None, QuestionState],
    *,
    comparable: bool,
) -> Iterator[MovedFigure]:
    mine, theirs = _values(old[0]), _values(new[0])
    places = min(old[1].decimals, new[1].decimals)
    for name in {**mine, **theirs}:
        a, b = mine.get(name), theirs.get(name)
        if a == b and comparable:
            continue
        scale = "probability" if name == "probability_below" else new[1].scale
        printed = (
            "" if a is None else _printed(name, a[1], old[1].decimals),
            "" if b is None else _printed(name, b[1], new[1].decimals),
        )
        apart = a is None or b is None or not comparable
        coarse = [None if x is None else _printed(name, x[1], places) for x in (a, b)]
        yield MovedFigure(
            figure=name,
            old=None if a is None else a[1],
            new=None if b is None else b[1],
            change=None if a is None or b is None or apart else ten(b[0] - a[0]),
            scale=scale,
            printed=printed,
            beyond=apart or coarse[0] != coarse[1],
        )


def _values(state: State | None) -> dict[str, tuple[float, float]]:
    """Figures of an answer by name, on the analysis scale and on the scale of readers."""
    if state is None:
        return {}
    at = state.at
    found = {
        "estimate": (at.estimate, at.shown.estimate),
        "low": (at.low, at.shown.low),
        "high": (at.high, at.shown.high),
    }
    tau = None if isinstance(state, BorrowedState) else state.tau
    if tau is not None:
        found["tau"] = (tau, tau)
    if isinstance(state, MainState) and state.prediction is not None:
        ahead = state.prediction
        found["prediction_low"] = (ahead.low, ahead.shown.low)
        found["prediction_high"] = (ahead.high, ahead.shown.high)
    if isinstance(state, BayesState) and state.below is not None:
        found["probability_below"] = (state.below, state.below)
    return found


def _printed(name: str, value: float, places: int) -> str:
    if name == "tau":
        return significant(value)
    return percent(value) if name == "probability_below" else number(value, places)


def _conclusions(
    old: tuple[State, QuestionState], new: tuple[State, QuestionState]
) -> Iterator[Conclusion]:
    mine, theirs = marks(old[1]), marks(new[1])
    pairs = {"interval": (old[0].at, new[0].at)}
    if isinstance(old[0], MainState) and isinstance(new[0], MainState):
        ahead = old[0].prediction, new[0].prediction
        if ahead[0] is not None and ahead[1] is not None:
            pairs["prediction interval"] = (ahead[0], ahead[1])
    for of, (before, after) in pairs.items():
        for mark in mine:
            if mark in theirs:
                a, b = side(before, mine[mark]), side(after, theirs[mark])
                if a != b:
                    yield Conclusion(mark, a, b, of)


def marks(question: QuestionState) -> dict[str, float]:
    """Places on the analysis scale that an interval is held against: none for a level."""
    if question.contrast == "level":
        return {}
    found = {"no effect" if question.contrast != "association" else "no association": 0.0}
    if question.matters is not None:
        low, high = question.matters
        found |= {"a fall that matters": low, "a rise that matters": high}
    return found


def side(at: Interval, mark: float) -> Side:
    """Where an interval lies about a mark."""
    if at.high < mark:
        return "below"
    return "above" if at.low > mark else "includes"
