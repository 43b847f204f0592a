"""Synthesis from what was reported only in part: each report used as far as it goes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.statements import ErrorForm, Statement
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bayesian import mixtures
from evidence.models.bayesian.fit import column_of
from evidence.models.partial.fit import TERM_COLUMNS, TRIAL_COLUMNS, ReportsFit
from evidence.models.partial.kernels_importance import (
    Draws,
    importance_sample,
    weighted_quantile,
)
from evidence.models.partial.kernels_reports import log_likelihood, true_effect
from evidence.models.partial.space import NAMES, ReportPriors, Space, space_of

Array = NDArray[np.float64]
# Below, the draws with all trials say too little of the posterior without one: it is fitted anew.
LEAST_LEFT = 400.0
PARAMETERS = dict(zip(NAMES, ("mu", "tau", "eta", "omega", "gamma", "kappa"), strict=True))


def statements_of(table: EffectTable) -> tuple[Statement, ...]:
    """What each report of a table says; rows that came without statements are complete.

    Raises
    ------
    FitError
        If rows of the table share an arm or patients: their reports are not independent.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> [s.estimate for s in statements_of(table_of([-0.5, -0.3], [0.2, 0.3]))]
    [-0.5, -0.3]
    """
    if not table.independent:
        right = 'combine the arms: shared_arms="combine" in the question'
        names = [str(name) for name in table.rows.index]
        shared = [
            Problem(f"rows {names[i]!r} and {names[j]!r}", "share an arm or patients", right)
            for i, j in zip(*np.nonzero(np.triu(table.covariance, 1)), strict=True)
        ]
        raise FitError("reports are taken as independent of each other", shared)
    if table.statements:
        return table.statements
    return tuple(
        Statement(
            row=str(row),
            study=str(values["study"]),
            label=str(values["label"]),
            kind="complete",
            estimate=float(values["estimate"]),
            errors=(ErrorForm(float(values["std_error"]) ** 2),),
        )
        for row, values in table.rows.iterrows()
    )


def pool_reports(
    told: EffectTable | Sequence[Statement],
    *,
    priors: ReportPriors,
    seed: int = 1,
    level: float = 0.95,
    influence: bool = True,
) -> ReportsFit:
    """Pool complete and partial reports under one normal-normal model.

    True effects ``theta_i ~ N(mu, tau^2)``, estimates ``y_i ~ N(theta_i, s_i^2)``. A report adds
    the probability of what it says: the density of a printed estimate, or the probability of the
    region in which the estimate must lie (its sign, the bounds of ``|y| / s`` that a P makes, the
    interval it was rounded from). A standard error that was not printed is the SD of the outcome,
    drawn from a population of SDs that is learned across trials, times its known size; a ± without
    a name is a mixture of its readings; a correlation that nobody printed has a prior; a control
    arm's change that was not printed is drawn from those that were.

    Parameters
    ----------
    told : EffectTable or sequence of Statement
        A table made from study files carries its statements; rows of other tables are complete.
    priors : ReportPriors
    seed : int
        Of the quasi-random points; same seed, same figures.
    level : float
        Of the central intervals.
    influence : bool
        Whether to work out what each report adds (``trials``).

    Returns
    -------
    ReportsFit

    Raises
    ------
    FitError
        If nothing was said, the reports contradict one another under the priors, or the draws do
        not reach the posterior.

    Notes
    -----
    theta, and y where it is not known, are integrated in closed form, an open s_i by quadrature;
    the two to six parameters left by adaptive importance sampling. Checked against `pool_bayes`
    where all is complete, a brute-force grid over (mu, tau, s), and PyMC.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> known = [
    ...     Statement(row=str(i), study=str(i), label=str(i), kind="complete", estimate=y,
    ...               errors=(ErrorForm(0.04),), size=0.2, df=48)
    ...     for i, y in enumerate([-0.5, -0.3, -0.6])
    ... ]
    >>> lower = Statement(row="d", study="d", label="d", kind="direction", sign=-1, size=0.2)
    >>> priors = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))
    >>> fit = pool_reports([*known, lower], priors=priors)
    >>> bool(fit.trials.loc["d", "shift"] < 0)
    True
    """
    require_level(level)
    statements = statements_of(told) if isinstance(told, EffectTable) else tuple(told)
    space = space_of(statements, priors)
    draws = sample(space, seed)
    trials = _trials(statements, space, draws, seed, influence)
    return ReportsFit(
        statements=statements,
        priors=priors,
        level=level,
        terms=_terms(space, draws, level),
        trials=trials,
        log_marginal_likelihood=draws.log_integral,
        ess=draws.ess,
        draws=draws,
        space=space,
        notes=_notes(statements),
    )


def require_level(level: float) -> None:
    """Refuse what is no level of an interval."""
    if not 0 < level < 1:
        raise FitError("no such interval", [Problem("level", repr(level), "between 0 and 1")])


def sample(space: Space, seed: int) -> Draws:
    """Draw from the posterior of a space."""
    known = [r.y for r in space.reports if np.isfinite(r.y) and not r.arm]
    return importance_sample(space.log_density, space.starts(known), seed=seed)


def _terms(space: Space, draws: Draws, level: float) -> pd.DataFrame:
    p = space.parameters(draws.x)
    ends = np.array([(1 - level) / 2, 0.5, (1 + level) / 2])
    records = []
    for name in space.active:
        x = getattr(p, PARAMETERS[name])
        mean = float(draws.mean(x))
        low, median, high = weighted_quantile(x, draws.weights, ends)
        sd = float(np.sqrt(draws.mean((x - mean) ** 2)))
        records.append((name, mean, median, sd, low, high, level, float(draws.error(x))))
    mean = float(draws.mean(p.mu))
    sd = float(np.sqrt(draws.mean((p.mu - mean) ** 2 + p.tau**2)))
    w, centres, spreads = (a[None, :] for a in (draws.weights, p.mu, p.tau))
    low, median, high = mixtures.quantile(w, centres, spreads, ends[None, :])[0]
    row = ("prediction", mean, median, sd, low, high, level, float(draws.error(p.mu)))
    records.insert(2, row)
    return pd.DataFrame(records, columns=list(TERM_COLUMNS))


def _trials(
    statements: Sequence[Statement], space: Space, draws: Draws, seed: int, influence: bool
) -> pd.DataFrame:
    draws = draws.that_count()
    p = space.parameters(draws.x)
    told = log_likelihood(space.reports, p, space.correlation)
    mean = float(draws.mean(p.mu))
    variance = float(draws.mean((p.mu - mean) ** 2))
    records: list[tuple[object, ...]] = []
    position = 0
    for s in statements:
        note = "; ".join(s.notes)
        if s.silent:
            said = note or "says nothing of the effect"
            records.append((s.label, s.kind, s.said, None, None, 0.0, 0.0, None, None, said))
            continue
        theta, var = true_effect(space.reports[position], p, space.correlation)
        centre = float(draws.mean(theta))
        sd = float(np.sqrt(draws.mean(var + (theta - centre) ** 2)))
        without: tuple[float, float] | None = None
        if influence and len(space.reports) > 1:
            try:
                without = _without(statements, s, space, draws, told[:, position], seed)
            except FitError as error:
                why = "; ".join([error.message, *map(str, error.problems)])
                note = "; ".join(filter(None, [note, f"no answer without it: {why}"]))
        elif influence:
            prior = space.priors.mu
            without = prior.mean, prior.sd**2
        record: tuple[object, ...] = (s.label, s.kind, s.said, centre, sd)
        if without is None:
            record += (None, None, None, None, note)
        else:
            information = 1 - variance / without[1]
            record += (information, mean - without[0], without[0], without[1] ** 0.5, note)
        records.append(record)
        position += 1
    frame = pd.DataFrame(records, columns=list(TRIAL_COLUMNS), index=[s.row for s in statements])
    for name in ("mean", "sd", "information", "shift", "left_out_mean", "left_out_sd"):
        values = [None if v is None or pd.isna(v) else float(v) for v in frame[name]]
        frame[name] = column_of(values).to_numpy()
    return frame.rename_axis("row")


def _without(
    statements: Sequence[Statement],
    one: Statement,
    space: Space,
    draws: Draws,
    told: Array,
    seed: int,
) -> tuple[float, float]:
    """Posterior mean and variance of mu without one report, reweighted or fitted anew."""
    with np.errstate(divide="ignore", over="ignore"):
        log_w = np.log(draws.weights) - told
    w = np.exp(log_w - np.max(log_w[np.isfinite(log_w)]))
    w = np.where(np.isfinite(w), w, 0.0)
    w /= w.sum()
    mu = space.parameters(draws.x).mu
    if 1 / (w**2).sum() < LEAST_LEFT:
        rest = [s for s in statements if s is not one]
        smaller = space_of(rest, space.priors)
        anew = sample(smaller, seed)
        w, mu = anew.weights, smaller.parameters(anew.x).mu
    mean = float(w @ mu)
    return mean, float(w @ (mu - mean) ** 2)


def _notes(statements: Sequence[Statement]) -> tuple[str, ...]:
    silent = [s.label for s in statements if s.silent]
    found = []
    if silent:
        found.append(f"nothing to be used was said by {', '.join(sorted(set(silent)))}")
    unsized = [s.label for s in statements if not s.silent and s.size is None and not s.errors]
    if unsized:
        who = ", ".join(sorted(set(unsized)))
        found.append(f"no n was printed by {who}: their size is drawn from that of the others")
    return tuple(found)
