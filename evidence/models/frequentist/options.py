"""The options of pooling, checked in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean

Model = Literal["common", "random"]
Tau2Method = Literal["reml", "paule_mandel", "dersimonian_laird"]
CiMethod = Literal["wald", "t", "hartung_knapp", "hartung_knapp_floored"]

MODELS, TAU2_METHODS, CI_METHODS = get_args(Model), get_args(Tau2Method), get_args(CiMethod)
HARTUNG_KNAPP = ("hartung_knapp", "hartung_knapp_floored")


@dataclass(frozen=True, slots=True)
class Options:
    """Resolved options: ``tau2`` is None under the common-effect model."""

    model: Model
    tau2: Tau2Method | None
    ci: CiMethod
    level: float


def resolve(model: Model, tau2: Tau2Method | None, ci: CiMethod | None, level: float) -> Options:
    """Fill in defaults and refuse what is unknown or would do nothing.

    Raises
    ------
    FitError
        Naming every option that is wrong.
    """
    problems = _unknown("model", model, MODELS)
    problems += [] if tau2 is None else _unknown("tau2", tau2, TAU2_METHODS)
    problems += [] if ci is None else _unknown("ci", ci, CI_METHODS)
    if not 0.0 < level < 1.0:
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
    return Options(model, tau2 or "reml", ci or "hartung_knapp_floored", level)


def _unknown(where: str, value: str, known: Iterable[str]) -> list[Problem]:
    names = tuple(known)
    if value in names:
        return []
    return [Problem(where, f"unknown: {value!r}", did_you_mean(str(value), names))]


def require_rows(table: EffectTable, least: int, purpose: str) -> None:
    """Refuse a table with fewer than ``least`` rows or with rows that share an arm.

    Raises
    ------
    FitError
    """
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
