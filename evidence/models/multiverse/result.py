"""Multiverse: the answers of all universes, and what they say together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted, figure, folded
from evidence.errors import FitError, Problem, did_you_mean, is_number
from evidence.models.multiverse.dimensions import Dimension
from evidence.models.multiverse.space import Space

Array = NDArray[np.float64]
Direction = Literal["positive", "negative"]


@dataclass(frozen=True, slots=True)
class MultiverseSummary:
    """A multiverse in figures; shares are of the distinct universes that have an answer.

    Attributes
    ----------
    declared : int
        Product of the numbers of options; ``declared = excluded + universes``.
    universes, excluded, duplicates, failed, distinct : int
        ``universes = duplicates + failed + distinct``.
    median, lowest, highest : float
        Of the estimates.
    direction : {"positive", "negative"}
        What counts as the same direction.
    share_same_direction, share_significant : float
    share_significant_same, share_significant_opposite : float
    share_beyond : float or None
        Of estimates beyond the threshold in that direction; None without a threshold.
    """

    declared: int
    universes: int
    excluded: int
    duplicates: int
    failed: int
    distinct: int
    median: float
    lowest: float
    highest: float
    direction: Direction
    share_same_direction: float
    share_significant: float
    share_significant_same: float
    share_significant_opposite: float
    share_beyond: float | None

    def __str__(self) -> str:
        same, other = self.share_significant_same, self.share_significant_opposite
        away = "negative" if self.direction == "positive" else "positive"
        lines = [
            f"Summary of a multiverse of {counted(self.declared, 'combination')}",
            f"  universes    {self.universes:,} and {self.excluded:,} excluded; "
            f"{counted(self.duplicates, 'duplicate')}, {self.failed:,} without an answer, "
            f"{self.distinct:,} distinct",
            f"  estimate     median {figure(self.median)} "
            f"({figure(self.lowest)} to {figure(self.highest)})",
            f"  direction    {_share(self.share_same_direction)} {self.direction}",
            f"  significant  {_share(self.share_significant)}: {_share(same)} {self.direction}, "
            f"{_share(other)} {away}",
        ]
        if self.share_beyond is not None:
            lines.append(f"  beyond       {_share(self.share_beyond)} beyond the threshold")
        return "\n".join(lines)

    def frame(self) -> pd.DataFrame:
        """One row a figure."""
        return pd.DataFrame({"value": asdict(self)}, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Multiverse:
    """Answer of ``multiverse``.

    Attributes
    ----------
    universes : DataFrame, one row a universe
        One column a dimension (the option taken), then k, estimate, std_error, ci_low, ci_high, p,
        tau2 and i2 (missing where not estimated); principled: whether no option is merely
        possible; primary; duplicate_of: the first universe with the same rows and method, if that
        is another; reason: why there is no answer; note: what to know about it.
    excluded : DataFrame
        The combinations that cannot be: the options and the reason.
    dimensions : tuple of Dimension
    measure, unit, scale : str
        Of the estimates.
    level : float
    space : Space
        What was fitted.
    """

    universes: pd.DataFrame
    excluded: pd.DataFrame
    dimensions: tuple[Dimension, ...]
    measure: str
    unit: str | None
    scale: str
    level: float
    space: Space

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        # A primary estimate of 0 has no direction; the share is then that of the positive ones.
        zero = bool((self.universes.loc[self.universes["primary"], "estimate"] == 0.0).any())
        found = self.summary(direction="positive" if zero else None)
        return folded(
            f"Multiverse of {counted(found.declared, 'combination')}: {found.excluded:,} excluded, "
            f"{counted(found.duplicates, 'duplicate')}, {found.failed:,} without an answer, "
            f"{found.distinct:,} distinct; median {found.median:.4g} ({found.lowest:.4g} to "
            f"{found.highest:.4g}), {100 * found.share_significant_same:.0f}% significant and "
            f"{found.direction}"
        )

    def answered(self, *, distinct: bool = True, principled: bool = False) -> pd.DataFrame:
        """Universes that have an answer; by default those that repeat another left out."""
        kept = self.universes["estimate"].notna()
        if distinct:
            kept &= self.universes["duplicate_of"].isna()
        if principled:
            kept &= self.universes["principled"]
        return self.universes[kept]

    def excluded_counts(self) -> pd.Series:
        """Number of combinations excluded by each reason."""
        return self.excluded["reason"].value_counts(sort=False).rename("combinations")

    def summary(
        self,
        *,
        threshold: float | None = None,
        direction: Direction | None = None,
        principled: bool = False,
    ) -> MultiverseSummary:
        """Summarise the distinct universes (Steegen et al. 2016).

        Parameters
        ----------
        threshold : float, optional
            On the analysis scale, such as the smallest effect that matters.
        direction : {"positive", "negative"}, optional
            Left out: that of the primary analysis.
        principled : bool
            Of the principled universes alone; the counts are of all.

        Raises
        ------
        FitError
            If no universe is left, the direction is unknown or 0, or the threshold not finite.
        """
        found = self.answered(principled=principled)
        sign = _sign(direction, self.universes)
        problems = [] if len(found) else [Problem("universes", "none has an answer", "see reason")]
        if threshold is not None and not is_number(threshold):
            problems.append(Problem("threshold", repr(threshold), "a finite number"))
        if problems:
            raise FitError("the multiverse cannot be summarised", problems)
        estimate = found["estimate"].to_numpy()
        same, opposite = sign * estimate > 0, sign * estimate < 0
        significant = found["p"].to_numpy() < 1.0 - self.level
        duplicates = int(self.universes["duplicate_of"].notna().sum())
        distinct = len(self.answered())
        beyond = None if threshold is None else float(np.mean(sign * (estimate - threshold) > 0))
        return MultiverseSummary(
            declared=len(self.universes) + len(self.excluded),
            universes=len(self.universes),
            excluded=len(self.excluded),
            duplicates=duplicates,
            failed=len(self.universes) - duplicates - distinct,
            distinct=distinct,
            median=float(np.median(estimate)),
            lowest=float(estimate.min()),
            highest=float(estimate.max()),
            direction="positive" if sign > 0 else "negative",
            share_same_direction=float(same.mean()),
            share_significant=float(significant.mean()),
            share_significant_same=float((significant & same).mean()),
            share_significant_opposite=float((significant & opposite).mean()),
            share_beyond=beyond,
        )

    def by_option(self) -> pd.DataFrame:
        """Universes, median, range and share significant by dimension and option.

        All universes with an answer count, duplicates too, so that the options stay crossed.
        """
        found, rows = self.answered(distinct=False), []
        for dimension in self.dimensions:
            for label in dimension.labels:
                part = found[found[dimension.name] == label]
                y = part["estimate"]
                share = float((part["p"] < 1.0 - self.level).mean()) if len(part) else None
                numbers = (y.median(), y.min(), y.max()) if len(part) else (None, None, None)
                told = dimension.reason_of(label), label not in dimension.possible
                rows.append((dimension.name, label, len(part), *numbers, share, *told))
        columns = ["dimension", "option", "universes", "median", "lowest", "highest"]
        columns += ["share_significant", "reason", "principled"]
        return pd.DataFrame(rows, columns=columns).set_index(["dimension", "option"])

    def by_dimension(self) -> pd.DataFrame:
        """Which choice matters: the spread of the estimates by dimension.

        ``share_alone`` is the share of the variance that the options of one dimension explain,
        ``share_last`` what they add to all the others (the same in a full crossing), and
        ``median_range`` the distance of the largest median of an option from the smallest. The row
        "interactions" is what no sum of the choices explains. All universes with an answer count.

        Raises
        ------
        FitError
            If fewer than two universes have an answer.
        """
        found = self.answered(distinct=False)
        if len(found) < 2:
            problem = Problem("universes", f"{len(found)} with an answer", "two or more")
            raise FitError("there is no spread to share out", [problem])
        y = found["estimate"].to_numpy()
        y = y - y.mean()
        codes = [np.asarray(found[d.name].cat.codes, dtype=np.intp) for d in self.dimensions]
        sizes = [len(d.options) for d in self.dimensions]
        total, medians = float(y @ y), self.by_option()["median"].groupby(level=0)
        every = _explained(y, codes, sizes)
        rows: list[tuple[str, float, float, float | None]] = []
        for at, dimension in enumerate(self.dimensions):
            others = _explained(y, codes[:at] + codes[at + 1 :], sizes[:at] + sizes[at + 1 :])
            alone = _explained(y, [codes[at]], [sizes[at]])
            part = medians.get_group(dimension.name).astype(float)
            rows.append((dimension.name, alone, every - others, float(part.max() - part.min())))
        rows.append(("interactions", total - every, total - every, None))
        frame = pd.DataFrame(rows, columns=["dimension", "share_alone", "share_last", "range"])
        frame = frame.set_index("dimension").rename(columns={"range": "median_range"})
        shares = ["share_alone", "share_last"]
        frame[shares] = np.maximum(frame[shares], 0.0) / (total if total > 0 else 1.0)
        return frame


def _sign(direction: str | None, universes: pd.DataFrame) -> float:
    if direction is None:
        primary = float(universes.loc[universes["primary"], "estimate"].iloc[0])
        if primary != 0.0:
            return float(np.sign(primary))
        problem = Problem("direction", "the primary estimate is 0", "'positive' or 'negative'")
        raise FitError("the direction is open", [problem])
    if not isinstance(direction, str) or direction not in get_args(Direction):
        known = did_you_mean(direction, get_args(Direction))
        raise FitError("unknown direction", [Problem("direction", repr(direction), known)])
    return 1.0 if direction == "positive" else -1.0


def _explained(y: Array, codes: list[NDArray[np.intp]], sizes: list[int]) -> float:
    """Sum of squares that additive effects of the codes explain, from counts and sums alone."""
    if not codes:
        return 0.0
    starts = np.concatenate([[0], np.cumsum(sizes)])
    information = np.zeros((starts[-1], starts[-1]))
    score = np.zeros(starts[-1])
    for i, (a, m) in enumerate(zip(codes, sizes, strict=True)):
        score[starts[i] : starts[i + 1]] = np.bincount(a, weights=y, minlength=m)
        for j, (b, n) in enumerate(zip(codes, sizes, strict=True)):
            pairs = np.bincount(a * n + b, minlength=m * n).reshape(m, n)
            information[starts[i] : starts[i + 1], starts[j] : starts[j + 1]] = pairs
    effects = np.linalg.lstsq(information, score, rcond=1e-10)[0]
    return float(effects @ score)


def _share(share: float) -> str:
    return f"{100 * share:.3g}%"
