"""NetworkData: the contrasts of all studies, complete and checked, and where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted
from evidence.errors import FitError, Problem, did_you_mean, is_fraction
from evidence.models.network.kernels_graph import Edges, parts

Scale = Literal["identity", "log"]
CONTRAST_COLUMNS = ("study", "treatment1", "treatment2", "estimate", "std_error")
UNUSED_COLUMNS = ("study", "treatment", "reason")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NetworkData:
    """All pairwise contrasts of all studies of one connected network or of several parts.

    Attributes
    ----------
    measure : str
        Code of the effect measure, ``GEN`` where it was not said.
    scale : {"identity", "log"}
        Scale of estimates and standard errors.
    treatments : tuple of str
        In alphabetical order, upper and lower case alike.
    contrasts : DataFrame
        study, treatment1, treatment2, estimate (treatment 1 minus treatment 2), std_error: every
        pair of arms of every study once.
    arms : DataFrame or None
        The arms the contrasts were made of: study, treatment and the figures given.
    unused : DataFrame
        study, treatment (None: the whole study), reason.
    notes : tuple of str
    """

    measure: str
    scale: Scale
    treatments: tuple[str, ...]
    contrasts: pd.DataFrame
    arms: pd.DataFrame | None
    unused: pd.DataFrame
    notes: tuple[str, ...] = ()

    _repr_html_ = html_of_text

    @property
    def studies(self) -> tuple[str, ...]:
        """Names of the studies in the order of the contrasts."""
        return tuple(dict.fromkeys(self.contrasts["study"]))

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.studies)

    @property
    def edges(self) -> Edges:
        """The contrasts as arrays; treatments and studies by number."""
        rows = self.contrasts
        place = {name: i for i, name in enumerate(self.treatments)}
        study = {name: i for i, name in enumerate(self.studies)}
        return Edges(
            np.array([study[x] for x in rows["study"]], dtype=np.intp),
            np.array([place[x] for x in rows["treatment1"]], dtype=np.intp),
            np.array([place[x] for x in rows["treatment2"]], dtype=np.intp),
            rows["estimate"].to_numpy(dtype=np.float64),
            rows["std_error"].to_numpy(dtype=np.float64) ** 2,
            len(self.treatments),
        )

    @property
    def designs(self) -> dict[str, tuple[str, ...]]:
        """Treatments compared by each study."""
        found: dict[str, set[str]] = {}
        columns = (self.contrasts[c] for c in ("study", "treatment1", "treatment2"))
        for study, first, second in zip(*columns, strict=True):
            found.setdefault(study, set()).update((first, second))
        return {s: tuple(t for t in self.treatments if t in ts) for s, ts in found.items()}

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """Sub-networks: treatments that are joined by comparisons. One where all are."""
        edges = self.edges
        found = parts(edges.first, edges.second, edges.n)
        return tuple(tuple(self.treatments[i] for i in part) for part in found)

    def __repr__(self) -> str:
        designs = len(set(self.designs.values()))
        of = counted(self.k, "study", "studies")
        return (
            f"NetworkData({self.measure}: {of}, {len(self.treatments)} treatments, "
            f"{counted(len(self.contrasts), 'comparison')}, {counted(designs, 'design')})"
        )


def require_connected(data: NetworkData, purpose: str) -> None:
    """Refuse a network in several parts, naming the treatments of each.

    Raises
    ------
    FitError
    """
    found = data.parts
    if len(found) == 1:
        return
    problems = [
        Problem(f"part {i + 1}", ", ".join(part), "no study joins it to the other parts")
        for i, part in enumerate(found)
    ]
    right = "analyse each part alone, or component_network where treatments share components"
    problems.append(Problem(purpose, "needs one network", right))
    raise FitError(f"the network is disconnected: {len(found)} parts", problems)


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1)."""
    if not is_fraction(level):
        right = "a fraction between 0 and 1, such as 0.95"
        raise FitError("the level is not right", [Problem("level", repr(level), right)])


def check_word(where: str, value: object, known: Sequence[str]) -> None:
    """Refuse a value that is not among the known words."""
    if not isinstance(value, str) or value not in known:
        right = did_you_mean(str(value), known)
        raise FitError(f"{where} is not right", [Problem(where, f"unknown: {value!r}", right)])


def check_treatment(where: str, name: str | None, treatments: Sequence[str]) -> None:
    """Refuse a treatment that is not in the network."""
    if name is not None and (not isinstance(name, str) or name not in treatments):
        problem = Problem(where, f"{name!r} is not in the network", did_you_mean(name, treatments))
        raise FitError("no such treatment", [problem])


def unused_frame(rows: Sequence[tuple[str, str | None, str]]) -> pd.DataFrame:
    """What was left out: study, treatment (None: the whole study), reason."""
    return pd.DataFrame([*rows], columns=list(UNUSED_COLUMNS), dtype=object)


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Names once each in alphabetical order, upper and lower case alike."""
    return tuple(sorted(set(names), key=lambda x: (x.casefold(), x)))


def read_column(frame: pd.DataFrame, column: str, what: str) -> pd.Series:
    """Return a column, or raise FitError with the nearest name."""
    if not isinstance(frame, pd.DataFrame):
        problem = Problem("frame", f"is a {type(frame).__name__}", "give a pandas DataFrame")
        raise FitError("there is no data frame", [problem])
    if list(frame.columns).count(column) != 1:
        there = [str(c) for c in frame.columns]
        twice = "stands there twice" if column in there else "no such column"
        right = "give each column one name" if column in there else did_you_mean(column, there)
        raise FitError("a column is missing", [Problem(f"{what}={column!r}", twice, right)])
    return frame[column]


def read_names(frame: pd.DataFrame, column: str, what: str) -> list[str]:
    """Return a column of names as text; empty ones are refused."""
    values = read_column(frame, column, what)
    empty = values.isna().to_numpy(dtype=bool)
    names = ["" if e else str(x).strip() for x, e in zip(values, empty, strict=True)]
    bad = [repr(frame.index[i]) for i, name in enumerate(names) if not name]
    if bad:
        problem = Problem(f"column {column!r}, row {', '.join(bad)}", "is empty", "name each one")
        raise FitError("a name is missing", [problem])
    return names


def read_numbers(frame: pd.DataFrame, column: str, what: str) -> np.ndarray:
    """Return a column as floats; what is no finite number is refused."""
    values = read_column(frame, column, what)
    try:
        found = values.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        problem = Problem(f"column {column!r}", str(error), "numbers")
        raise FitError("a column does not hold numbers", [problem]) from None
    bad = [repr(frame.index[int(i)]) for i in np.flatnonzero(~np.isfinite(found))]
    if bad:
        right = "a finite number; drop the row if there is none"
        problem = Problem(f"column {column!r}, row {', '.join(bad)}", "is not a number", right)
        raise FitError("a number is missing", [problem])
    return found
