"""network_arms: a network from the arms of its studies."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd

from evidence.effects.sizes.correction import exact_factor
from evidence.effects.sizes.frame import effect_sizes
from evidence.errors import FitError, PlausibilityWarning, Problem, is_number
from evidence.models.network.contrasts import check_studies
from evidence.models.network.data import (
    CONTRAST_COLUMNS,
    NetworkData,
    check_word,
    ordered,
    read_names,
    read_numbers,
    unused_frame,
)

COUNTS, RATES, MEANS = ("OR", "RR", "RD", "AS"), ("IRR", "IRD"), ("MD", "ROM", "SMD")
MEASURES = (*COUNTS, *RATES, *MEANS)
LOG, ADDABLE = ("OR", "RR", "IRR", "ROM"), ("OR", "RR", "RD", "IRR", "IRD")
ROLES = {
    **dict.fromkeys(COUNTS, ("events", "n")),
    **dict.fromkeys(RATES, ("events", "time")),
    **dict.fromkeys(MEANS, ("mean", "sd", "n")),
}


def network_arms(
    frame: pd.DataFrame,
    *,
    measure: str,
    study: str = "study",
    treatment: str = "treatment",
    events: str | None = None,
    n: str | None = None,
    time: str | None = None,
    mean: str | None = None,
    sd: str | None = None,
    add: float | None = None,
) -> NetworkData:
    """Read a network from arms, and compute all contrasts of each study.

    Parameters
    ----------
    frame : DataFrame, one row an arm
    measure : {"OR", "RR", "RD", "AS", "IRR", "IRD", "MD", "ROM", "SMD"}
        Of ``events, n``; ``events, time`` (IRR, IRD); or ``mean, sd, n`` (MD, ROM, SMD).
    study, treatment, events, n, time, mean, sd : str
        Columns; one that the measure does not need is refused.
    add : float, optional
        Added to all cells of a study that has an empty one, 1/2 by default; in all its arms, so
        that its contrasts add up. Only for OR, RR, RD, IRR, IRD.

    Returns
    -------
    NetworkData
        Studies of one arm, and for OR, RR and IRR those in which no one, or everyone, had the
        event, stand in ``unused``.

    Raises
    ------
    FitError
        For unknown columns, impossible figures, and a treatment that a study has twice.

    Notes
    -----
    The standardised mean difference of a study takes the standard deviation of all its arms and
    the small-sample correction of their degrees of freedom (Gleser and Olkin 2009); with two arms
    it is Hedges' g.

    Examples
    --------
    >>> frame = pd.DataFrame({"study": [1, 1, 1, 2, 2], "treatment": list("abcab"),
    ...                       "r": [4, 6, 9, 3, 5], "n": [20, 20, 20, 30, 30]})
    >>> network_arms(frame, measure="OR", events="r", n="n")
    NetworkData(OR: 2 studies, 3 treatments, 4 comparisons, 2 designs)
    """
    check_word("measure", measure, MEASURES)
    given = {"events": events, "n": n, "time": time, "mean": mean, "sd": sd}
    addable = measure in ADDABLE
    arms = read_arms(frame, study, treatment, measure, given)
    if add is not None and not (addable and is_number(add) and add > 0):
        what = f"{add!r} " + ("is no amount" if addable else f"would do nothing for {measure}")
        raise FitError("the option is not right", [Problem("add", what, "leave it out")])
    kept, unused = _usable(arms, measure)
    if not len(kept):
        reasons = "; ".join(dict.fromkeys(unused["reason"])) or "the frame has no rows"
        raise FitError("there is no network", [Problem("frame", reasons, "studies of two arms")])
    amount = (0.5 if add is None else add) if addable else 0.0
    contrasts, notes = _contrasts(kept, measure, amount)
    check_studies(contrasts, 1e-6)
    return NetworkData(
        measure=measure,
        scale="log" if measure in LOG else "identity",
        treatments=ordered([*kept["treatment"]]),
        contrasts=contrasts,
        arms=arms,
        unused=unused,
        notes=notes,
    )


def read_arms(
    frame: pd.DataFrame, study: str, treatment: str, measure: str, given: dict[str, str | None]
) -> pd.DataFrame:
    """Read and check the arms: study, treatment and the figures that were given.

    Raises
    ------
    FitError
        Naming each row that is wrong.
    """
    roles = ROLES[measure]
    problems = [
        Problem(r, f"is {c!r:.80}", "the name of a column")
        for r, c in given.items()
        if c is not None and not isinstance(c, str)
    ]
    if problems:
        raise FitError("the columns are not those of the measure", problems)
    problems = [Problem(r, f"{measure} needs it", "name its column") for r in roles if not given[r]]
    # The number of participants is of use beside a rate too: the graph of the network shows it.
    spare = [r for r, c in given.items() if c and r not in roles and r != "n"]
    problems += [Problem(r, f"would do nothing for {measure}", "leave it out") for r in spare]
    if problems:
        raise FitError("the columns are not those of the measure", problems)
    arms = pd.DataFrame(
        {
            "study": read_names(frame, study, "study"),
            "treatment": read_names(frame, treatment, "treatment"),
        }
    )
    for role, column in given.items():
        if column:
            arms[role] = read_numbers(frame, column, role)
    for role in ("events", "n", "time", "sd"):
        if role in arms:
            values = arms[role].to_numpy(dtype=np.float64)
            least, right = (values < 0, "at least 0") if role == "events" else (values <= 0, "> 0")
            problems += [
                Problem(f"row {frame.index[int(i)]!r}, {role}", f"{values[i]:g}", right)
                for i in np.flatnonzero(least)
            ]
    if measure in COUNTS:
        x, total = (arms[c].to_numpy(dtype=np.float64) for c in ("events", "n"))
        problems += [
            Problem(f"row {frame.index[int(i)]!r}", f"{x[i]:g} of {total[i]:g}", "events up to n")
            for i in np.flatnonzero(x > total)
        ]
    twice = arms[arms.duplicated(["study", "treatment"])]
    for name, arm in zip(twice["study"], twice["treatment"], strict=True):
        what = f"has more than one arm of {arm!r}"
        problems.append(Problem(f"study {name!r}", what, "combine them, or name them apart"))
    if problems:
        raise FitError("some arms are impossible", problems)
    return arms


def _usable(arms: pd.DataFrame, measure: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Arms of the studies that tell something, and the studies that do not, with the reason."""
    left: list[tuple[str, str | None, str]] = []
    for name, part in arms.groupby("study", sort=False):
        if len(part) < 2:
            left.append((str(name), None, "one arm only"))
        elif measure in ("OR", "RR", "IRR") and not part["events"].any():
            left.append((str(name), None, "no events in any arm"))
        elif measure in ("OR", "RR") and (part["events"] == part["n"]).all():
            left.append((str(name), None, "nothing but events in every arm"))
    unused = unused_frame(left)
    return arms[~arms["study"].isin(unused["study"])], unused


def _contrasts(
    arms: pd.DataFrame, measure: str, amount: float
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if measure == "SMD":
        return _standardised(arms), ()
    names = ordered([*arms["treatment"]])
    treatment = arms["treatment"].to_numpy()
    pairs: list[tuple[int, int]] = []
    adjusted: list[bool] = []
    for study in dict.fromkeys(arms["study"]):
        rows = np.flatnonzero(arms["study"].to_numpy() == study).tolist()
        own = list(itertools.combinations(sorted(rows, key=lambda i: names.index(treatment[i])), 2))
        pairs += own
        adjusted += [amount > 0 and _has_empty_cell(arms.iloc[rows], measure)] * len(own)
    i, j = (np.array([p[side] for p in pairs]) for side in (0, 1))
    wide = pd.DataFrame({"study": arms["study"].to_numpy()[i]})
    for side, which in (("1", i), ("2", j)):
        for role in ("treatment", *ROLES[measure]):
            wide[role + side] = arms[role].to_numpy()[which]
    empty = np.array(adjusted, dtype=bool)
    found = np.zeros((len(wide), 2))
    for chosen, to in ((~empty, "none"), (empty, "all")):
        if chosen.any():
            found[chosen] = _sizes(wide[chosen], measure, to, amount)
    wide["estimate"], wide["std_error"] = found[:, 0], found[:, 1]
    names = tuple(dict.fromkeys(wide.loc[empty, "study"].map(str)))
    note = f"{amount:g} added to every cell of the studies with an empty one: {', '.join(names)}"
    return wide[list(CONTRAST_COLUMNS)], (note,) if names else ()


def _has_empty_cell(part: pd.DataFrame, measure: str) -> bool:
    full = measure in COUNTS and bool((part["events"] == part["n"]).any())
    return bool((part["events"] == 0).any()) or full


def _sizes(pairs: pd.DataFrame, measure: str, to: str, amount: float) -> np.ndarray:
    """Estimates and standard errors (k, 2) by ``effect_sizes``."""
    columns = {role + side: role + side for role in ROLES[measure] for side in "12"}
    adding = {"to": to} if to == "none" else {"to": to, "add": amount}
    if measure not in ADDABLE:
        adding = {}
    plain = pairs.reset_index(drop=True)
    found = effect_sizes(plain, measure=measure, **columns, **adding)  # type: ignore[arg-type]
    if len(found.unused):
        named = [
            Problem(f"study {pairs['study'].iloc[int(str(label).split()[-1]) - 1]!r}", str(reason))
            for label, reason in zip(found.unused["label"], found.unused["reason"], strict=True)
        ]
        raise FitError("some contrasts have no effect or no standard error", named)
    return found.rows[["estimate", "std_error"]].to_numpy(dtype=np.float64)


def _standardised(arms: pd.DataFrame) -> pd.DataFrame:
    """Standardised mean differences with one standard deviation for all arms of a study."""
    done = []
    for name, part in arms.groupby("study", sort=False):
        total, df = part["n"].sum(), part["n"].sum() - len(part)
        if df < 2:
            problem = Problem(f"study {name!r}", f"{total:g} participants", "two more than arms")
            raise FitError("a study is too small for a standardised difference", [problem])
        sd = np.sqrt(((part["n"] - 1) * part["sd"] ** 2).sum() / df)
        level = dict(
            zip(part["treatment"], part["mean"] / sd * float(exact_factor(df)), strict=True)
        )
        size = dict(zip(part["treatment"], part["n"], strict=True))
        for a, b in itertools.combinations(ordered([*part["treatment"]]), 2):
            g = level[a] - level[b]
            v = 1 / size[a] + 1 / size[b] + g**2 / (2 * total)
            done.append((name, a, b, g, float(np.sqrt(v))))
            if abs(g) > 2:
                right = "check that the SD column holds standard deviations, not standard errors"
                found = Problem(f"study {name!r}", f"SMD {g:.2f} beyond 2", right)
                warnings.warn(PlausibilityWarning("smd_above_2", found), stacklevel=4)
    return pd.DataFrame(done, columns=list(CONTRAST_COLUMNS))
