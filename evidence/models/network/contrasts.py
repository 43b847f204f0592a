"""network_contrasts: a network of contrasts that were computed before."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.errors import FitError, Problem, is_number
from evidence.models.network.data import (
    CONTRAST_COLUMNS,
    NetworkData,
    Scale,
    check_word,
    ordered,
    read_names,
    read_numbers,
    unused_frame,
)

Array = NDArray[np.float64]


def network_contrasts(
    frame: pd.DataFrame,
    *,
    study: str = "study",
    treatment1: str = "treatment1",
    treatment2: str = "treatment2",
    estimate: str = "estimate",
    std_error: str = "std_error",
    covariance: ArrayLike | None = None,
    measure: str = "GEN",
    scale: Scale = "identity",
    tolerance: float = 1e-3,
) -> NetworkData:
    """Read a network from contrasts, treatment 1 minus treatment 2.

    Parameters
    ----------
    frame : DataFrame, m rows, one a contrast
        A study of a arms has all a (a - 1) / 2 contrasts; with ``covariance`` any a - 1 of them
        that join its arms are enough.
    study, treatment1, treatment2, estimate, std_error : str
        Columns; ratios on the log scale.
    covariance : array_like, shape (m, m), optional
        Sampling covariance of the contrasts; its diagonal is ``std_error ** 2``, and it is 0
        between studies.
    measure, scale : str
        What the numbers are: ``OR``, ``MD``, ...; "identity" or "log".
    tolerance : float
        How far the estimates of a multi-arm study may be from adding up, in units of its largest
        standard error. Its standard errors must be such as arms can have.

    Raises
    ------
    FitError
        Naming each study whose contrasts are incomplete, repeated or do not fit together.

    Examples
    --------
    >>> frame = pd.DataFrame({"study": ["a", "b", "c"], "treatment1": ["x", "y", "x"],
    ...     "treatment2": ["y", "z", "z"], "estimate": [1.0, 0.5, 1.2], "std_error": [1, 1, 1]})
    >>> network_contrasts(frame)
    NetworkData(GEN: 3 studies, 3 treatments, 3 comparisons, 3 designs)
    """
    check_word("scale", scale, ("identity", "log"))
    if not (is_number(tolerance) and tolerance > 0):
        raise FitError("the tolerance is not right", [Problem("tolerance", repr(tolerance), "> 0")])
    rows = pd.DataFrame(
        {
            "study": read_names(frame, study, "study"),
            "treatment1": read_names(frame, treatment1, "treatment1"),
            "treatment2": read_names(frame, treatment2, "treatment2"),
            "estimate": read_numbers(frame, estimate, "estimate"),
            "std_error": read_numbers(frame, std_error, "std_error"),
        }
    )
    _check_rows(rows, [repr(i) for i in frame.index])
    if covariance is not None:
        rows = _completed(rows, _checked_covariance(covariance, rows))
    check_studies(rows, tolerance)
    return NetworkData(
        measure=measure,
        scale=scale,
        treatments=ordered([*rows["treatment1"], *rows["treatment2"]]),
        contrasts=rows[list(CONTRAST_COLUMNS)].reset_index(drop=True),
        arms=None,
        unused=unused_frame([]),
    )


def _check_rows(rows: pd.DataFrame, labels: list[str]) -> None:
    if not len(rows):
        raise FitError("there is no network", [Problem("frame", "has no rows", "one a contrast")])
    problems = []
    studies, first, second = (list(map(str, rows[c])) for c in CONTRAST_COLUMNS[:3])
    for label, a, b, error in zip(labels, first, second, rows["std_error"].tolist(), strict=True):
        if a == b:
            what = f"compares {a!r} with itself"
            problems.append(Problem(f"row {label}", what, "two different treatments"))
        if error <= 0:
            what = f"standard error {error:g}"
            problems.append(Problem(f"row {label}", what, "a number above 0"))
    pairs = Counter(
        (s, min(a, b), max(a, b)) for s, a, b in zip(studies, first, second, strict=True)
    )
    for (s, a, b), count in pairs.items():
        if count == 1 or a == b:
            continue
        what = f"{a} and {b} are compared more than once"
        problems.append(Problem(f"study {s!r}", what, "give each study its own name"))
    if problems:
        raise FitError("some contrasts are impossible", problems)


def _checked_covariance(covariance: ArrayLike, rows: pd.DataFrame) -> Array:
    found = np.asarray(covariance, dtype=np.float64)
    m, v = len(rows), rows["std_error"].to_numpy() ** 2
    if found.shape != (m, m):
        problem = Problem("covariance", f"shape {found.shape}", f"({m}, {m})")
        raise FitError("the covariance does not fit the contrasts", [problem])
    same = rows["study"].to_numpy()[:, None] == rows["study"].to_numpy()[None, :]
    faults = {
        "holds numbers that are not finite": not np.isfinite(found).all(),
        "is not symmetric": not np.allclose(found, found.T, rtol=1e-9, atol=0),
        "has a diagonal other than std_error ** 2": not np.allclose(
            np.diag(found), v, rtol=1e-6, atol=0
        ),
        "is not 0 between studies": bool(np.any(found[~same])),
    }
    problems = [Problem("covariance", what, "correct it") for what, bad in faults.items() if bad]
    if problems:
        raise FitError("the covariance does not fit the contrasts", problems)
    return found


def _completed(rows: pd.DataFrame, covariance: Array) -> pd.DataFrame:
    """All pairs of arms from contrasts that join them, by generalised least squares."""
    done = []
    for name, part in rows.groupby("study", sort=False):
        arms = ordered([*part["treatment1"], *part["treatment2"]])
        x = np.zeros((len(part), len(arms)))
        for i, (a, b) in enumerate(zip(part["treatment1"], part["treatment2"], strict=True)):
            x[i, arms.index(a)], x[i, arms.index(b)] = 1.0, -1.0
        place = part.index.to_numpy(dtype=np.intp)
        block = covariance[np.ix_(place, place)]
        if np.linalg.matrix_rank(x) < len(arms) - 1:
            right = "contrasts that join all its arms"
            problem = Problem(f"study {name!r}", "its contrasts fall apart", right)
            raise FitError("the contrasts of a study do not join its arms", [problem])
        if len(part) >= len(arms) and np.linalg.matrix_rank(block) == len(part):
            problem = Problem(
                f"study {name!r}",
                f"{len(part)} contrasts with a covariance of full rank",
                f"the {len(arms) - 1} basic ones, or a covariance that lets them add up",
            )
            raise FitError("the contrasts of a study cannot all be independent", [problem])
        basic = _independent(x)
        inverse = np.linalg.pinv(x[basic])
        levels = inverse @ part["estimate"].to_numpy()[basic]
        spread = inverse @ block[np.ix_(basic, basic)] @ inverse.T
        for i, a in enumerate(arms):
            for j in range(i + 1, len(arms)):
                v = spread[i, i] + spread[j, j] - 2.0 * spread[i, j]
                done.append((name, a, arms[j], levels[i] - levels[j], float(np.sqrt(max(v, 0)))))
    return pd.DataFrame(done, columns=list(CONTRAST_COLUMNS))


def _independent(x: Array) -> list[int]:
    """Rows that are a basis of the rows of x, the first that serve."""
    kept: list[int] = []
    for i in range(len(x)):
        if np.linalg.matrix_rank(x[[*kept, i]]) > len(kept):
            kept.append(i)
    return kept


def check_studies(rows: pd.DataFrame, tolerance: float) -> None:
    """Refuse studies whose contrasts are incomplete or do not add up.

    Raises
    ------
    FitError
        Naming each study.
    """
    problems: list[Problem] = []
    for name, part in rows.groupby("study", sort=False):
        arms = ordered([*part["treatment1"], *part["treatment2"]])
        pairs = len(arms) * (len(arms) - 1) // 2
        if len(part) != pairs:
            what = f"{len(part)} contrasts of {len(arms)} treatments"
            right = f"all {pairs} pairs, or some with their covariance"
            problems.append(Problem(f"study {name!r}", what, right))
        elif len(arms) > 2:
            problems += _does_not_add_up(str(name), part, arms, tolerance)
    if problems:
        raise FitError("some studies do not hold together", problems)


def _does_not_add_up(
    name: str, part: pd.DataFrame, arms: tuple[str, ...], tolerance: float
) -> list[Problem]:
    m, found = len(arms), []
    y, v = np.zeros((m, m)), np.zeros((m, m))
    for a, b, d, s in part[list(CONTRAST_COLUMNS[1:])].itertuples(index=False):
        i, j = arms.index(a), arms.index(b)
        y[i, j], y[j, i] = d, -d
        v[i, j] = v[j, i] = s**2
    level = y.mean(axis=1)
    off = np.abs(y - (level[:, None] - level[None, :])).max()
    if off > tolerance * np.sqrt(v.max()):
        what = f"estimates miss each other by {off:.3g}"
        right = f"A-B plus B-C is A-C, within {tolerance:g} standard errors"
        found.append(Problem(f"study {name!r}", what, right))
    centring = np.eye(m) - 1.0 / m
    values = np.linalg.eigvalsh(-0.5 * centring @ v @ centring)
    # One eigenvalue is 0, that of the arms' common level; a covariance has the others above 0.
    if values[0] < -1e-9 * values[-1] or values[1] <= 1e-9 * values[-1]:
        what = f"standard errors {', '.join(f'{s:.3g}' for s in part['std_error'])}"
        right = "such as arms can have: their variances obey the triangle inequality strictly"
        found.append(Problem(f"study {name!r}", what, right))
    return found
