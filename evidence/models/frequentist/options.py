"""The options of pooling, checked in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_fraction

Model = Literal["common", "random"]
Tau2Method = Literal[
    "reml",
    "maximum_likelihood",
    "paule_mandel",
    "paule_mandel_median",
    "empirical_bayes",
    "dersimonian_laird",
    "dersimonian_laird_iterated",
    "hedges",
    "hunter_schmidt",
    "hunter_schmidt_corrected",
    "sidik_jonkman",
    "generalised_q",
]
CiMethod = Literal[
    "wald",
    "t",
    "hartung_knapp",
    "hartung_knapp_floored",
    "hartung_knapp_wider",
    "hartung_knapp_checked",
]
Tau2Interval = Literal["q_profile", "profile_likelihood", "generalised_q"]

MODELS, TAU2_METHODS, CI_METHODS = get_args(Model), get_args(Tau2Method), get_args(CiMethod)
TAU2_INTERVALS = get_args(Tau2Interval)
HARTUNG_KNAPP = (
    "hartung_knapp",
    "hartung_knapp_floored",
    "hartung_knapp_wider",
    "hartung_knapp_checked",
)
FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Options:
    """Resolved options: ``tau2`` is None under the common-effect model, "fixed" where stated."""

    model: Model
    tau2: str | None
    ci: CiMethod
    level: float
    stated_tau2: float | None = None


def resolve(
    model: Model,
    tau2: Tau2Method | float | None,
    ci: CiMethod | None,
    level: float,
    *,
    weighted: bool = False,
) -> Options:
    """Fill in defaults and refuse what is unknown or would do nothing.

    ``weighted`` says whether the user states the weights of the mean.

    Raises
    ------
    FitError
        Naming every option that is wrong.
    """
    problems = _unknown("model", model, MODELS)
    problems += _tau2_problems(tau2, weighted=weighted)
    problems += [] if ci is None else _unknown("ci", ci, CI_METHODS)
    if not is_fraction(level):
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if model == "common" and tau2 is not None:
        problems.append(
            Problem("tau2", f"{tau2!r} would do nothing under model='common'", "leave it out")
        )
    if model == "common" and ci in HARTUNG_KNAPP:
        problems.append(
            Problem("ci", f"{ci!r} belongs to model='random'", "one of 'wald', 't', or leave it")
        )
    if problems:
        raise FitError("the options of the meta-analysis are not right", problems)
    if model == "common":
        return Options(model, None, ci or "wald", level)
    ci = ci or "hartung_knapp_floored"
    if tau2 is None or isinstance(tau2, str):
        return Options(model, tau2 or "reml", ci, level)
    return Options(model, FIXED, ci, level, float(tau2))


def _tau2_problems(tau2: Tau2Method | float | None, *, weighted: bool) -> list[Problem]:
    if tau2 is None:
        return []
    if isinstance(tau2, str):
        found = _unknown("tau2", tau2, TAU2_METHODS)
        if tau2 == "generalised_q" and not weighted:
            found.append(Problem("tau2", "'generalised_q' needs weights", "pool(..., weights=...)"))
        return found
    if isinstance(tau2, bool) or not isinstance(tau2, int | float | np.number):
        return [Problem("tau2", f"is {tau2!r}", "a method's name or a number of at least 0")]
    if not np.isfinite(tau2) or tau2 < 0:
        return [Problem("tau2", f"is {tau2!r}", "a finite number of at least 0")]
    return []


def check_tau2_interval(kind: Tau2Interval | None, options: Options) -> Tau2Interval | None:
    """Return the kind of interval of tau2 to give; None where tau2 is not estimated.

    Raises
    ------
    FitError
        If the kind is unknown or is not defined for the estimator.
    """
    method, suits = options.tau2, {
        "q_profile": TAU2_METHODS,
        "profile_likelihood": ("reml", "maximum_likelihood"),
        "generalised_q": ("generalised_q", "dersimonian_laird", "hedges"),
    }  # fmt: skip
    if kind is None:
        if method is None or method == FIXED:
            return None
        return "generalised_q" if method == "generalised_q" else "q_profile"
    problems = _unknown("tau2_interval", kind, TAU2_INTERVALS)
    if not problems and method not in suits[kind]:
        what = f"{kind!r} is not defined where tau2 is {method!r}"
        right = "it goes with " + ", ".join(repr(name) for name in suits[kind])
        problems.append(Problem("tau2_interval", what, right))
    if problems:
        raise FitError("the options of the meta-analysis are not right", problems)
    return kind


def _unknown(where: str, value: str, known: Iterable[str]) -> list[Problem]:
    names = tuple(known)
    if isinstance(value, str) and value in names:
        return []
    return [Problem(where, f"unknown: {value!r}", did_you_mean(str(value), names))]


def require_rows(table: EffectTable, least: int, purpose: str) -> None:
    """Refuse a table with fewer than ``least`` rows or with rows that share an arm.

    Raises
    ------
    FitError
    """
    check_kind("table", table, EffectTable, FitError)
    if table.k < least:
        found = f"{table.k} rows ({len(table.partial)} partial, {len(table.unused)} unused)"
        right = f"{purpose} needs at least {least}; table.unused says why rows are missing"
        raise FitError(f"too few effects for {purpose}", [Problem("table", found, right)])
    if table.independent:
        return
    names = [str(name) for name in table.rows.index]
    right = 'combine the arms: shared_arms="combine" in the question'
    shared = [
        Problem(f"rows {names[i]!r} and {names[j]!r}", "share an arm or patients", right)
        for i in range(table.k)
        for j in range(i + 1, table.k)
        if table.covariance[i, j] != 0.0
    ]
    raise FitError(f"{purpose} takes effects that are independent of each other", shared)
