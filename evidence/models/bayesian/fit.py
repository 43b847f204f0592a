"""BayesFit: what a Bayesian pairwise meta-analysis answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.posterior import ExactPosterior, require_quantity
from evidence.models.bayesian.priors import MuPrior, TauPrior

if TYPE_CHECKING:
    from arviz import InferenceData

    Posterior = ExactPosterior | InferenceData
else:
    Posterior = Any

TERM_COLUMNS = ("term", "mean", "median", "sd", "ci_low", "ci_high", "level")
SAMPLED_COLUMNS = (
    "mcse_mean", "mcse_median", "mcse_ci_low", "mcse_ci_high", "ess_bulk", "ess_tail", "r_hat",
)  # fmt: skip
STUDY_COLUMNS = ("mean", "median", "sd", "ci_low", "ci_high", "weight")
INTERVALS = ("central", "shortest")
# A moment whose integral converges more slowly than this power is not computed.
MARGIN = 0.25


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How well a sampler explored the posterior: the worst over all parameters."""

    r_hat_max: float
    ess_bulk_min: float
    ess_tail_min: float
    divergences: int
    chains: int
    draws: int
    tune: int
    seed: int
    sampler: str


@dataclass(frozen=True, slots=True, eq=False)
class BayesFit:
    """Answer of ``pool_bayes`` and ``sample_bayes``, on the table's analysis scale.

    Attributes
    ----------
    table : EffectTable
    engine : {"quadrature", "nuts"}
    prior_mu, prior_tau : MuPrior, TauPrior
    level : float
    interval : {"central", "shortest"}
    terms : DataFrame
        Rows mu, tau, prediction (true effect of one new study); columns term, mean, median, sd,
        ci_low, ci_high, level; of a sampled fit also Monte Carlo errors, effective sample sizes
        and R-hat. A mean or sd that does not exist is None, and ``notes`` says why.
    shrinkage : DataFrame
        True effect of each study, indexed as ``table.rows``: mean, median, sd, ci_low, ci_high,
        and weight, the posterior mean of the share the study has in mu.
    log_marginal_likelihood : float or None
        None where a prior is improper, or the fit was sampled.
    diagnostics : Diagnostics or None
        None for quadrature.
    posterior : ExactPosterior or arviz.InferenceData
    notes : tuple of str
        What a reader must know beside the figures.
    """

    table: EffectTable
    engine: Literal["quadrature", "nuts"]
    prior_mu: MuPrior
    prior_tau: TauPrior
    level: float
    interval: str
    terms: pd.DataFrame
    shrinkage: pd.DataFrame
    log_marginal_likelihood: float | None
    diagnostics: Diagnostics | None
    posterior: Posterior
    notes: tuple[str, ...] = ()

    _repr_html_ = html_of_text

    def probability_below(self, threshold: float, of: str = "mu") -> float:
        """Posterior probability that ``mu``, ``tau`` or ``prediction`` is below the threshold."""
        require_quantity(of)
        if not np.isfinite(threshold):
            problem = Problem("threshold", f"{threshold!r}", "a finite number")
            raise FitError("no such probability", [problem])
        if isinstance(self.posterior, ExactPosterior):
            return self.posterior.probability_below(threshold, of)
        draws = self.posterior["posterior"][of].to_numpy()
        return float(np.mean(draws < threshold))

    def __str__(self) -> str:
        k, table = self.table.k, self.table
        head = "Bayesian random-effects meta-analysis" if k > 1 else "Bayesian view of one study"
        unit = f", {table.unit}" if table.unit else ""
        lines = [
            f"{head}: {k} {'study' if k == 1 else 'studies'}, {table.measure}{unit}"
            f" ({table.scale} scale)",
            f"  prior of mu: {self.prior_mu}" + _because(self.prior_mu.reason),
            f"  prior of tau: {self.prior_tau}" + _because(self.prior_tau.reason),
        ]
        for row in self.terms.to_dict("records"):
            mean, sd = (
                "none" if row[name] is None else f"{row[name]:.4g}" for name in ("mean", "sd")
            )
            lines.append(
                f"  {row['term']:<10} median {row['median']:.4g}, mean {mean}, sd {sd}, "
                f"{100 * self.level:g}% {row['ci_low']:.4g} to {row['ci_high']:.4g}"
            )
        lines.append(f"  intervals: {self.interval}; " + self._engine())
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def _engine(self) -> str:
        if self.diagnostics is None:
            found = self.log_marginal_likelihood
            tail = "" if found is None else f"; log marginal likelihood {found:.6g}"
            return "exact, by quadrature" + tail
        d = self.diagnostics
        return (
            f"{d.sampler}, {d.chains} chains of {d.draws} draws, seed {d.seed}: "
            f"R-hat at most {d.r_hat_max:.4f}, effective sample sizes at least "
            f"{min(d.ess_bulk_min, d.ess_tail_min):.0f}, {d.divergences} divergences"
        )


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def require_inputs(
    table: EffectTable, tau: object, mu: object, level: float, interval: str
) -> None:
    """Refuse what no engine can fit, naming every problem.

    Raises
    ------
    FitError
    """
    problems = []
    if not isinstance(tau, TauPrior):
        right = "a prior such as half_normal(0.5)"
        problems.append(Problem("tau", f"{tau!r} is not a prior of tau", right))
    if not isinstance(mu, MuPrior):
        problems.append(Problem("mu", f"{mu!r} is not a prior of mu", "normal(0, 4) or flat()"))
    if not 0.0 < level < 1.0:
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if interval not in INTERVALS:
        right = did_you_mean(str(interval), INTERVALS)
        problems.append(Problem("interval", f"unknown: {interval!r}", right))
    if table.k == 0:
        found = f"no rows ({len(table.partial)} partial, {len(table.unused)} unused)"
        problems.append(Problem("table", found, "at least one effect; table.unused says why"))
    if problems:
        raise FitError("the Bayesian meta-analysis cannot be fitted as asked", problems)
    if not table.independent:
        names = [str(name) for name in table.rows.index]
        right = "combine the arms of a study into one contrast"
        shared = [
            Problem(f"rows {names[i]!r} and {names[j]!r}", "share an arm or patients", right)
            for i, j in zip(*np.nonzero(np.triu(table.covariance, 1)), strict=True)
        ]
        raise FitError("pooling takes effects that are independent of each other", shared)


def require_proper_posterior(k: int, tau: TauPrior, mu: MuPrior) -> float:
    """Power with which the posterior density of tau falls at infinity, beyond the first.

    Given y, ``p(y | tau)`` falls as ``tau^-(k - 1)`` under a flat prior of mu and as ``tau^-k``
    under a normal one; moments of order below the number returned exist.

    Raises
    ------
    FitError
        If the posterior has no finite integral.
    """
    right = tau.tail + (k if mu.proper else k - 1) - 1.0
    if right <= 0.0:
        least = int(np.floor(2.0 - tau.tail)) + (0 if mu.proper else 1)
        problem = Problem(
            "tau",
            f"the {tau} prior with a {mu} prior of mu needs {least} studies, here are {k}",
            "take a proper prior of tau, such as half_normal(scale)",
        )
        raise FitError("the posterior is improper: it has no finite integral", [problem])
    return right


def moments_that_exist(right: float) -> int:
    """Highest moment of tau (0, 1 or 2) that exists, of what `require_proper_posterior` gave."""
    return sum(right - power >= MARGIN for power in (1.0, 2.0))


def heavy_tail_note(k: int, tau: TauPrior, mu: MuPrior) -> tuple[str, ...]:
    """Say why means or standard deviations are None, where they are."""
    exist = moments_that_exist(require_proper_posterior(k, tau, mu))
    if exist == 2:
        return ()
    missing = ("neither means nor standard deviations", "no standard deviations")[exist]
    what = "tau and prediction" if mu.proper else "mu, tau and prediction"
    studies = "1 study" if k == 1 else f"{k} studies"
    return (
        f"{what} have {missing} here: with {studies} and the {tau} prior "
        "the posterior falls too slowly; medians and intervals hold",
    )


def arrays_of(table: EffectTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimates and standard errors of a table, shape (k,)."""
    y = table.rows["estimate"].to_numpy(dtype=np.float64)
    return y, table.rows["std_error"].to_numpy(dtype=np.float64)


def column_of(values: list[float | None]) -> pd.Series[Any]:
    """Make a column of numbers that keeps None as None."""
    return pd.Series(values, dtype=object if None in values else np.float64)
