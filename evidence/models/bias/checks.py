"""What every function of this folder asks of its table and its options."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evidence.effects.table import EffectTable
from evidence.errors import EvidenceWarning, FitError, Problem, did_you_mean, is_fraction
from evidence.models.frequentist.options import require_rows
from evidence.models.frequentist.pool import arrays_of

Array = NDArray[np.float64]
LEAST, ADVISED, LEAST_DF = 3, 10, 4


class FewStudiesWarning(EvidenceWarning):
    """Fewer studies, or clusters of them, than a method needs to mean something."""


def arrays_for(table: EffectTable, purpose: str, least: int = LEAST) -> tuple[Array, Array]:
    """Estimates and sampling variances of independent rows, each (k,).

    Raises
    ------
    FitError
        If there are fewer than ``least`` rows, or rows share an arm.
    """
    require_rows(table, least, purpose)
    return arrays_of(table)


def warn_if_few(k: int, purpose: str) -> None:
    """Warn below ten studies (Sterne et al. 2011, recommendation on tests of asymmetry)."""
    if k < ADVISED:
        right = f"with fewer than {ADVISED} chance and real asymmetry cannot be told apart"
        problem = Problem("table", f"{k} studies for {purpose}", right)
        warnings.warn(FewStudiesWarning("few-studies", problem), stacklevel=3)


def warn_if_few_clusters(df: float) -> None:
    """Warn below four degrees of freedom (Tipton 2015: the t distribution is then too narrow)."""
    if df < LEAST_DF:
        right = f"with fewer than {LEAST_DF} degrees of freedom it is too narrow"
        problem = Problem("clusters", f"{df:.2g} degrees of freedom of a robust interval", right)
        warnings.warn(FewStudiesWarning("few-clusters", problem), stacklevel=3)


def check_choice(where: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse an option that is not known.

    Raises
    ------
    FitError
    """
    if not isinstance(value, str) or value not in known:
        problem = Problem(where, f"unknown: {value!r}", did_you_mean(str(value), known))
        raise FitError(f"the option {where} is not right", [problem])


def check_fraction(where: str, value: float) -> None:
    """Refuse what is not strictly between 0 and 1.

    Raises
    ------
    FitError
    """
    if not is_fraction(value):
        problem = Problem(where, repr(value), "a fraction between 0 and 1, such as 0.05")
        raise FitError(f"the option {where} is not right", [problem])


def sizes_of(table: EffectTable, sizes: ArrayLike | None) -> Array:
    """Total sample sizes (k,): as stated, else those of the table's two arms.

    Raises
    ------
    FitError
        If neither is there, or a size is not a finite number above 0.
    """
    right = "state the total sample sizes: sizes=[...], one a row"
    found = table.rows["n_treatment"] + table.rows["n_control"] if sizes is None else sizes
    try:
        n = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FitError("the sizes are not numbers", [Problem("sizes", str(error), right)]) from None
    if n.shape != (table.k,):
        raise FitError("the sizes do not fit", [Problem("sizes", f"shape {n.shape}", right)])
    if not np.all(np.isfinite(n) & (n > 0)):
        problem = Problem("sizes", "absent or not above 0 for some rows", right)
        raise FitError("the predictor needs the sample sizes", [problem])
    return n


def predictor_of(table: EffectTable, name: str, v: Array, sizes: ArrayLike | None) -> Array:
    """Measure of precision (k,): "std_error", "variance", "size", "inverse_size", or their roots.

    Raises
    ------
    FitError
        Sizes that are absent or would do nothing.
    """
    if name in ("std_error", "variance"):
        if sizes is not None:
            problem = Problem("sizes", f"would do nothing with {name!r}", "leave it out")
            raise FitError("an argument would do nothing", [problem])
        return np.sqrt(v) if name == "std_error" else v
    n = sizes_of(table, sizes)
    made = {"size": n, "inverse_size": 1 / n, "root_size": n**0.5, "root_inverse_size": n**-0.5}
    return made[name]
