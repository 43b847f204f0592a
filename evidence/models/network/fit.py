"""NetworkFit and its parts: what a network meta-analysis answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of
from evidence.catalog.phrases import counted, q_words
from evidence.models.frequentist.kernels import critical_value, two_sided_p
from evidence.models.network.data import NetworkData, check_treatment
from evidence.models.network.kernels_graph import pair_spread

Array = NDArray[np.float64]
TAU2_WORDS = {
    "reml": "REML",
    "maximum_likelihood": "maximum likelihood",
    "dersimonian_laird": "DerSimonian-Laird, generalised",
    "reml_uncorrelated": "REML without the covariance within multi-arm studies",
    "maximum_likelihood_uncorrelated": "ML without the covariance within multi-arm studies",
    "stated": "stated",
}


@dataclass(frozen=True, slots=True, eq=False)
class NetworkEstimates:
    """Relative effects of one model; every frame (n, n) is row treatment minus column treatment.

    Attributes
    ----------
    model : {"common", "random"}
    level : float
    treatments : tuple of str
    levels : ndarray (n,)
        Effects of the treatments about their mean; only their differences mean anything.
    covariance : ndarray (n, n)
        Of the levels.
    statistic_df : float
        Infinite: normal tests and intervals.
    """

    model: str
    level: float
    treatments: tuple[str, ...]
    levels: Array
    covariance: Array

    @property
    def estimate(self) -> pd.DataFrame:
        """All differences."""
        return self._frame(self.levels[:, None] - self.levels[None, :])

    @property
    def std_error(self) -> pd.DataFrame:
        """Standard errors, 0 on the diagonal."""
        return self._frame(pair_spread(self.covariance))

    @property
    def ci_low(self) -> pd.DataFrame:
        """Lower limits."""
        return self.estimate - critical_value(self.level, np.inf) * self.std_error

    @property
    def ci_high(self) -> pd.DataFrame:
        """Upper limits."""
        return self.estimate + critical_value(self.level, np.inf) * self.std_error

    def _frame(self, values: Array) -> pd.DataFrame:
        return pd.DataFrame(values, index=list(self.treatments), columns=list(self.treatments))

    def frame(self, reference: str | None = None) -> pd.DataFrame:
        """One row a pair, or a row for each treatment against the reference.

        Returns
        -------
        DataFrame
            treatment1, treatment2, estimate (1 minus 2), std_error, statistic, p, ci_low,
            ci_high.

        Raises
        ------
        FitError
            If there is no such reference.
        """
        check_treatment("reference", reference, self.treatments)
        names, n = self.treatments, len(self.treatments)
        if reference is None:
            pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
        else:
            j = names.index(reference)
            pairs = [(i, j) for i in range(n) if i != j]
        return pair_frame(self.levels, self.covariance, names, pairs, self.level)


def pair_frame(
    levels: Array,
    covariance: Array,
    names: tuple[str, ...],
    pairs: list[tuple[int, int]],
    level: float,
) -> pd.DataFrame:
    """Frame of some differences with their normal tests and intervals."""
    i, j = (np.array([p[side] for p in pairs], dtype=np.intp) for side in (0, 1))
    estimate, spread = levels[i] - levels[j], pair_spread(covariance)[i, j]
    statistic, half = estimate / spread, critical_value(level, np.inf) * spread
    return pd.DataFrame(
        {
            "treatment1": [names[a] for a in i],
            "treatment2": [names[b] for b in j],
            "estimate": estimate,
            "std_error": spread,
            "statistic": statistic,
            "p": two_sided_p(statistic, np.inf),
            "ci_low": estimate - half,
            "ci_high": estimate + half,
        }
    )


@dataclass(frozen=True, slots=True)
class NetworkQ:
    """A chi-squared statistic of the network; ``p`` None where ``df`` is 0."""

    q: float
    df: int
    p: float | None

    def __str__(self) -> str:
        return q_words(self.q, self.df, self.p)


@dataclass(frozen=True, slots=True)
class NetworkHeterogeneity:
    """Heterogeneity and inconsistency of a network.

    Attributes
    ----------
    tau2 : float or None
        One between-study variance for all comparisons; None: no degrees of freedom, see the
        fit's notes.
    tau2_method : str
    total, within, between : NetworkQ
        Q of the consistency model; its part within designs (heterogeneity) and between them
        (inconsistency).
    i2, i2_low, i2_high : float or None
        Percent, with the test-based interval of Higgins and Thompson 2002.
    """

    tau2: float | None
    tau2_method: str
    total: NetworkQ
    within: NetworkQ
    between: NetworkQ
    i2: float | None
    i2_low: float | None
    i2_high: float | None


@dataclass(frozen=True, slots=True, eq=False)
class NetworkPrediction:
    """Prediction intervals (n, n) for the effect in a new study, t with ``df``."""

    low: pd.DataFrame
    high: pd.DataFrame
    df: int
    level: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NetworkFit:
    """Answer of ``network_meta``.

    Attributes
    ----------
    data : NetworkData
    reference : str or None
    level : float
    common : NetworkEstimates
    random : NetworkEstimates or None
        None where tau2 could not be estimated.
    prediction : NetworkPrediction or None
    prediction_reason : str or None
        Why there is none.
    heterogeneity : NetworkHeterogeneity
    notes : tuple of str
    """

    data: NetworkData
    reference: str | None
    level: float
    common: NetworkEstimates
    random: NetworkEstimates | None
    prediction: NetworkPrediction | None
    prediction_reason: str | None
    heterogeneity: NetworkHeterogeneity
    notes: tuple[str, ...]

    @property
    def tau2(self) -> float | None:
        """Between-study variance."""
        return self.heterogeneity.tau2

    def __repr__(self) -> str:
        table = self._shown().round(4).to_string(index=False)
        return "\n".join([*self._lines(), table, *self.notes])

    def _repr_html_(self) -> str:
        head, *lines = self._lines()
        shown = self._shown().round(4).astype(str)
        return html_of(head, [*lines, *self.notes], ("Comparisons", shown))

    def _shown(self) -> pd.DataFrame:
        return (self.random or self.common).frame(self.reference)

    def _lines(self) -> list[str]:
        het, shown = self.heterogeneity, self.random or self.common
        of = counted(self.data.k, "study", "studies")
        return [
            f"Network meta-analysis ({self.data.measure}): {of}, "
            f"{len(self.data.treatments)} treatments, "
            f"{counted(len(self.data.contrasts), 'comparison')}",
            f"{shown.model} effects"
            + (f", tau2 = {het.tau2:.4g} ({TAU2_WORDS[het.tau2_method]})" if het.tau2 else ""),
            f"Q = {het.total.q:.2f} (df {het.total.df}): within designs {het.within.q:.2f} "
            f"(df {het.within.df}), between {het.between.q:.2f} (df {het.between.df})",
        ]
