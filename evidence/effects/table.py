"""EffectTable: what each trial shows, what was said only in part, and what could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.catalog.display import ROWS, html_of, plain
from evidence.catalog.number import Number
from evidence.catalog.phrases import counted, figure, folded
from evidence.catalog.question import Scale
from evidence.effects.statements import Statement
from evidence.errors import EffectError, Problem

ROW_COLUMNS = (
    "study", "label", "outcome", "counted", "definition", "treatment", "control", "weeks",
    "n_treatment", "n_control", "estimate", "std_error", "route", "design", "blinding", "read",
    "sources", "notes", "remark", "said_treatment", "said_control",
)  # fmt: skip
PARTIAL_COLUMNS = (
    "study", "label", "outcome", "counted", "definition", "treatment", "control", "weeks", "kind",
    "said", "direction", "direction_from",
    "estimate", "se_low", "se_high", "p_relation", "p_value", "n_treatment", "n_control",
    "read", "sources", "remark",
)  # fmt: skip
UNUSED_COLUMNS = (
    "study", "label", "outcome", "treatment", "control", "stage", "reason", "said",
    "sources",
)  # fmt: skip

# What a notebook shows of them, as far as it is known.
SHOWN = (
    "label", "outcome", "treatment", "control", "weeks", "n_treatment", "n_control", "estimate",
    "std_error", "stage", "reason", "said",
)  # fmt: skip


# What a notebook shows of them, as far as it is known.
SHOWN = (
    "label", "outcome", "treatment", "control", "weeks", "n_treatment", "n_control", "estimate",
    "std_error", "stage", "reason", "said",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowTrace:
    """Where one row comes from: the trees of its estimate and of its standard error."""

    estimate: Number
    std_error: Number


@dataclass(frozen=True, slots=True)
class EffectTable:
    """One effect a contrast, on one scale and in one unit, with all that was set aside.

    Attributes
    ----------
    measure : str
        Code of the effect measure: that of the question, or ``GEN`` (any).
    unit : str or None
        Unit of the estimates; None for ratios, proportions and correlations.
    scale : {"identity", "log", "logit", "fisher_z"}
        Scale on which ``estimate`` and ``std_error`` stand.
    rows : DataFrame, k rows
        Index: row id ``study/outcome/treatment-v-control``; columns ``ROW_COLUMNS``.
    covariance : ndarray, shape (k, k)
        Sampling covariance of the estimates; its diagonal is ``std_error ** 2``.
    partial : DataFrame
        What was reported only in part, exactly as far as it was said; columns ``PARTIAL_COLUMNS``.
    unused : DataFrame
        What could not be used, with the reason; columns ``UNUSED_COLUMNS``.
    traces : mapping of row id to RowTrace
    considered : int
        Number of reports looked at; always ``len(rows) + len(partial) + len(unused)``.
    assumptions_used : tuple of str
        Ids of the question's assumptions that some row leans on.
    statements : tuple of Statement
        What each report of ``rows`` and ``partial`` says, for models that use no more than that.
    overlaps : frozenset of (str, str)
        Pairs of studies that are declared to share patients; no two of ``rows`` may be such a pair.

    Raises
    ------
    EffectError
        If the parts do not fit together.
    """

    measure: str
    unit: str | None
    scale: Scale
    rows: pd.DataFrame
    covariance: NDArray[np.float64]
    partial: pd.DataFrame
    unused: pd.DataFrame
    traces: Mapping[str, RowTrace]
    considered: int
    assumptions_used: tuple[str, ...] = ()
    question_id: str | None = field(default=None)
    statements: tuple[Statement, ...] = ()
    overlaps: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        problems = _inconsistencies(self)
        if problems:
            raise EffectError("the effect table does not hold together", problems)

    def _repr_html_(self) -> str:
        head, note = self._heads()
        parts = [("Effects", self.rows)]
        parts += [("In part", self.partial)] if len(self.partial) else []
        parts += [("Not used", self.unused)] if len(self.unused) else []
        return html_of(head, [note], *((name, _known(frame)) for name, frame in parts))

    def __str__(self) -> str:
        head, note = self._heads()
        rows = self.rows[["label", "estimate", "std_error"]].head(ROWS).to_dict("records")
        labels = [plain(row["label"]) for row in rows]
        width = max(map(len, labels), default=0)
        lines = [
            f"  {label:<{width}}  {figure(row['estimate'])}, std. error {figure(row['std_error'])}"
            for label, row in zip(labels, rows, strict=True)
        ]
        lines += [f"  and {self.k - ROWS} more"] if self.k > ROWS else []
        return folded("\n".join([head, *lines, f"  note: {note}"]))

    def _heads(self) -> tuple[str, str]:
        unit = f", {self.unit}" if self.unit else ""
        of = counted(self.considered, "report")
        return (
            f"{counted(self.k, 'effect')}: {self.measure}{unit} ({self.scale} scale)",
            f"Of {of} considered, {len(self.partial)} {'says' if len(self.partial) == 1 else 'say'}"
            f" it in part and {len(self.unused)} could not be used.",
        )

    @property
    def k(self) -> int:
        """Number of effects that can be pooled."""
        return len(self.rows)

    @property
    def independent(self) -> bool:
        """Whether no two rows share an arm or patients."""
        off = self.covariance - np.diag(np.diag(self.covariance))
        return not bool(np.any(off))


def _known(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns for a notebook: those with something in them that the index does not say."""
    said = [name for name in SHOWN if name in frame and frame[name].notna().any()]
    told = frame.index.astype(str).tolist()
    return frame[[name for name in said if name != "label" or frame[name].tolist() != told]]


def _inconsistencies(table: EffectTable) -> list[Problem]:
    k, found = len(table.rows), []
    if table.scale not in get_args(Scale):
        right = f"one of {', '.join(map(repr, get_args(Scale)))}"
        found.append(Problem("scale", repr(table.scale), right))
    if table.covariance.shape != (k, k):
        found.append(Problem("covariance", f"shape {table.covariance.shape}", f"({k}, {k})"))
        return found
    if not table.rows.index.is_unique:
        found.append(Problem("rows", "two rows share an id", "one id a contrast"))
    estimate = table.rows["estimate"].to_numpy(dtype=float)
    error = table.rows["std_error"].to_numpy(dtype=float)
    for name, bad in (
        ("estimate", ~np.isfinite(estimate)),
        ("std_error", ~(np.isfinite(error) & (error > 0))),
    ):
        found += [
            Problem(f"rows[{label!r}].{name}", "is not a finite number above 0", "drop the row")
            if name == "std_error"
            else Problem(f"rows[{label!r}].{name}", "is not a finite number", "drop the row")
            for label in table.rows.index[bad]
        ]
    if not found and not np.allclose(np.diag(table.covariance), error**2, rtol=1e-9, atol=0):
        found.append(Problem("covariance", "diagonal is not std_error ** 2", "make them agree"))
    if not found and k and not np.allclose(table.covariance, table.covariance.T):
        found.append(Problem("covariance", "is not symmetric", "give a covariance matrix"))
    if table.considered != k + len(table.partial) + len(table.unused):
        found.append(
            Problem(
                "considered",
                f"{table.considered} reports, but {k} rows + {len(table.partial)} partial"
                f" + {len(table.unused)} unused",
                "every report looked at stands in exactly one of the three",
            )
        )
    found += _shared_patients(table)
    if set(table.traces) != set(table.rows.index):
        found.append(Problem("traces", "do not match the rows", "one trace a row"))
    return found


def _shared_patients(table: EffectTable) -> list[Problem]:
    """Rows of studies that are declared to hold the same patients."""
    studies = set(table.rows["study"])
    return [
        Problem(f"rows of {one!r} and {other!r}", "hold the same patients", "keep one of the two")
        for one, other in sorted(table.overlaps)
        if one != other and {one, other} <= studies
    ]


def _pairs(overlaps: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    try:
        pairs = ((str(one), str(other)) for one, other in overlaps)
        return frozenset((min(pair), max(pair)) for pair in pairs)
    except (TypeError, ValueError):
        problem = Problem("overlaps", f"is {overlaps!r:.80}", "give pairs of names of studies")
        raise EffectError("the overlaps are no pairs", [problem]) from None


def _names(labels: Iterable[object]) -> list[str]:
    try:
        return [*map(str, labels)]
    except TypeError:
        problem = Problem("labels", f"is {labels!r:.80}", "give a sequence of names")
        raise EffectError("the labels do not fit the estimates", [problem]) from None


def table_of(
    estimates: ArrayLike,
    std_errors: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    measure: str = "GEN",
    unit: str | None = None,
    scale: Scale = "identity",
    overlaps: Iterable[tuple[str, str]] = (),
) -> EffectTable:
    """Make an EffectTable of one's own estimates and standard errors.

    Parameters
    ----------
    estimates, std_errors : array_like, shape (k,)
        On the analysis scale: logarithms where ``scale="log"``, Fisher's z where "fisher_z".
    labels : sequence of str, optional
        Names of the studies; ``study 1`` ... where absent.
    overlaps : iterable of (str, str), optional
        Pairs of studies that share patients: a table that holds both of one is refused.

    Raises
    ------
    EffectError
        If lengths differ, a label repeats, a number is not finite (standard errors: above 0), or
        two of the studies share patients.

    Examples
    --------
    >>> table = table_of([-0.9, -1.6], [0.57, 0.44], labels=["Aronson", "Ferguson"], scale="log")
    >>> table.k
    2
    """
    from evidence.catalog.number import Given

    try:
        y = np.atleast_1d(np.asarray(estimates, dtype=np.float64))
        s = np.atleast_1d(np.asarray(std_errors, dtype=np.float64))
    except (TypeError, ValueError, OverflowError) as error:
        problem = Problem("estimates, std_errors", str(error), "give two sequences of numbers")
        raise EffectError("the estimates are not numbers", [problem]) from None
    if y.ndim != 1 or y.shape != s.shape:
        shapes = Problem("estimates, std_errors", f"shapes {y.shape} and {s.shape}", "give (k,)")
        raise EffectError("estimates and standard errors do not pair up", [shapes])
    names = [f"study {i + 1}" for i in range(len(y))] if labels is None else _names(labels)
    if len(names) != len(y):
        count = Problem("labels", f"{len(names)} labels for {len(y)} estimates", "give one each")
        raise EffectError("the labels do not fit the estimates", [count])
    rows = pd.DataFrame({"study": names}, index=pd.Index(names, name="row"))
    for column in ROW_COLUMNS[1:]:
        rows[column] = None
    rows["label"] = names
    rows["estimate"], rows["std_error"], rows["route"] = y, s, "given"
    return EffectTable(
        measure=measure,
        unit=unit,
        scale=scale,
        rows=rows,
        covariance=np.diag(s**2),
        partial=pd.DataFrame(columns=list(PARTIAL_COLUMNS)),
        unused=pd.DataFrame(columns=list(UNUSED_COLUMNS)),
        traces=MappingProxyType(
            {
                n: RowTrace(Given(float(a), unit), Given(float(b), unit))
                for n, a, b in zip(names, y, s, strict=True)
            }
        ),
        considered=len(y),
        overlaps=_pairs(overlaps),
    )
