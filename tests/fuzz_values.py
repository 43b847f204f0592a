"""Random inputs for the public functions: plausible ones, and how to spoil them."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from evidence.effects.table import EffectTable, table_of

HOSTILE = ("$x^{", "a\nb", "<b>&amp;", "", " ", "τ²🙂", "%s {0}", "x" * 200, "nan", "a|b", "1")
JUNK: tuple[Any, ...] = (
    None, float("nan"), float("inf"), -1, 0, 1.5, -0.5, 1e300, "", "nonsense", True, [], {}, (),
    ["a"], [float("nan")], np.zeros((2, 2, 2)), np.array(1.0), object(), pd.NA, pd.DataFrame(),
    np.int64(3), 1 + 2j, [None, "x"], "\N{GREEK SMALL LETTER TAU}", pd.NaT, 10**400,
)  # fmt: skip
CELLS: tuple[Any, ...] = (None, np.nan, np.inf, -np.inf, -1.0, 0.0, "x", True, 1e300, pd.NA, "")
Call = dict[str, Any]
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)


class Bed:
    """A source of random inputs; the same seed gives the same inputs."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def one(self, values: typing.Sequence[Any]) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def k(self, least: int = 1, most: int = 12) -> int:
        return int(self.rng.integers(least, most + 1))

    def scale(self) -> float:
        return float(10.0 ** self.rng.uniform(-8, 8)) if self.chance(0.3) else 1.0

    def estimates(self, k: int, scale: float = 1.0) -> np.ndarray:
        y = self.rng.normal(self.rng.normal(), self.one([0.0, 0.1, 1.0]), k)
        kind = self.one(["plain", "plain", "plain", "same", "ties", "zero", "outlier"])
        if kind in ("same", "zero"):
            y[:] = y[0] if kind == "same" else 0.0
        elif kind == "ties":
            y = np.round(y, 0)
        elif kind == "outlier":
            y[0] *= 1e6
        return y * scale

    def errors(self, k: int, scale: float = 1.0) -> np.ndarray:
        s = self.rng.uniform(0.05, 1.0, k)
        kind = self.one(["plain", "plain", "plain", "same", "wide"])
        if kind == "same":
            s[:] = s[0]
        elif kind == "wide":
            s = 10.0 ** self.rng.uniform(-4, 3, k)
        return s * scale

    def labels(self, k: int) -> list[str]:
        return [f"{self.one(HOSTILE)}{i}" for i in range(k)]

    def groups(self, k: int, most: int = 4) -> list[str]:
        return [str(g) for g in self.rng.integers(0, self.k(1, most), k)]

    def table(self, least: int = 1, most: int = 12) -> EffectTable:
        k, scale = self.k(least, most), self.scale()
        return table_of(
            self.estimates(k, scale),
            self.errors(k, scale),
            labels=self.labels(k) if self.chance(0.3) else None,
            scale=self.one(["identity", "identity", "log"]),
        )

    def counts(self, k: int) -> dict[str, list[int]]:
        most = self.one([3, 30, 3000])
        found: dict[str, list[int]] = {}
        rate = self.one([0.02, 0.3, 0.98, 0.0, 1.0])
        for arm in ("treatment", "control"):
            n = self.rng.integers(1, most + 1, k)
            found[f"events_{arm}"] = self.rng.binomial(n, rate).tolist()
            found[f"total_{arm}"] = n.tolist()
        return found

    def frame(self, columns: dict[str, Any]) -> pd.DataFrame:
        frame = pd.DataFrame(columns)
        kind = self.one(["plain", "plain", "plain", "nullable", "index", "object"])
        if kind == "nullable":
            return frame.convert_dtypes()
        if kind == "index":
            frame.index = pd.Index(self.rng.permutation(len(frame)) * 3 + 7)
        return frame.astype(object) if kind == "object" else frame


def choices(function: Callable[..., Any]) -> dict[str, list[Any]]:
    """Values that each parameter names in its type: literals, and both bools."""
    found: dict[str, list[Any]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        try:
            # Types are strings here, and some name what only a type checker imports.
            kind = eval(str(parameter.annotation), _names(function))
        except NameError:
            continue
        if isinstance(kind, str):
            kind = eval(kind, _names(function))
        if values := _literals(kind):
            found[name] = values
    return found


def _names(function: Callable[..., Any]) -> dict[str, Any]:
    return vars(sys.modules[function.__module__])


def _literals(kind: Any) -> list[Any]:
    if kind is bool:
        return [True, False]
    if typing.get_origin(kind) is typing.Literal:
        return list(typing.get_args(kind))
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [value for part in typing.get_args(kind) for value in _literals(part)]
    return []


def with_options(bed: Bed, function: Callable[..., Any], call: dict[str, Any]) -> dict[str, Any]:
    """Add random options that the types allow."""
    known = choices(function)
    for name, parameter in inspect.signature(function).parameters.items():
        needed = parameter.default is parameter.empty
        if name in call or not (needed or bed.chance(0.25)):
            continue
        if name in known:
            call[name] = bed.one(known[name])
        elif name in ("level", "alpha"):
            call[name] = bed.one(LEVELS) if name == "level" else bed.one([0.01, 0.05, 0.2])
        elif name == "title":
            call[name] = bed.one(HOSTILE)
        elif name == "limits":
            call[name] = bed.one([(-1.0, 1.0), (0.5, 2.0), (1.0, -1.0), (0.0, 0.0), (1e-9, 1e9)])
    return call


def spoil(bed: Bed, call: dict[str, Any], function: Callable[..., Any]) -> dict[str, Any]:
    """Spoil one argument: a cell, a column or a whole."""
    spoiled = dict(call)
    parameters = list(inspect.signature(function).parameters)
    name = bed.one(list(call)) if call and bed.chance(0.6) else bed.one(parameters)
    flag = choices(function).get(name) == [True, False]
    # A flag is taken by its truth, as everywhere in Python.
    spoiled[name] = bed.one([None, 0, 1, ""]) if flag else _spoiled(bed, call.get(name))
    return spoiled


def _spoiled(bed: Bed, value: Any) -> Any:
    if bed.chance(0.25):
        return bed.one(JUNK)
    if isinstance(value, pd.DataFrame) and len(value.columns) and len(value):
        return _spoiled_frame(bed, value)
    if isinstance(value, list | np.ndarray) and len(value):
        cells = list(value)
        if bed.chance(0.3):
            return cells[:-1]
        cells[int(bed.rng.integers(len(cells)))] = bed.one(CELLS)
        return cells
    return bed.one(JUNK)


def _spoiled_frame(bed: Bed, frame: pd.DataFrame) -> pd.DataFrame:
    column = bed.one(list(frame.columns))
    kind = bed.one(["cell", "cell", "cell", "drop", "twice", "empty", "same index", "renamed"])
    if kind == "drop":
        return frame.drop(columns=column)
    if kind == "twice":
        return pd.concat([frame, frame[[column]]], axis=1)
    if kind == "empty":
        return frame.iloc[:0]
    if kind == "same index":
        return frame.set_axis([0] * len(frame), axis=0)
    if kind == "renamed":
        return frame.rename(columns={column: bed.one([3, ("a", "b"), "", None])})
    cells = frame[column].astype(object).tolist()
    cells[int(bed.rng.integers(len(cells)))] = bed.one(CELLS)
    return frame.assign(**{str(column): cells})


MAKERS: dict[str, Callable[[Bed], Call]] = {}


def makes(*names: str) -> Callable[[Callable[[Bed], Call]], Callable[[Bed], Call]]:
    def keep(maker: Callable[[Bed], Call]) -> Callable[[Bed], Call]:
        MAKERS.update(dict.fromkeys(names, maker))
        return maker

    return keep
