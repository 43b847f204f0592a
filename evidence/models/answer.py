"""answer: everything the trials show together on one question, in one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from evidence.catalog.display import boxed, html_of
from evidence.catalog.phrases import counted, folded
from evidence.catalog.question import Question
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bayesian.chains import agreement
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.fit import BayesFit
from evidence.models.bayesian.sampled import sample_bayes
from evidence.models.borrowed import Borrowed
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import pool
from evidence.models.plan import Plan
from evidence.models.said import Said, all_that_was_said
from evidence.models.sensitivity import sensitivity

# Of some 150 comparisons in a report none should stand so far apart by chance.
MOST_APART = 5.0


def tell_nobody(_: str) -> None:
    """Let the steps of a long run pass in silence."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the trials show together on one question.

    Attributes
    ----------
    question : Question
    plan : Plan
    table : EffectTable
    main : PooledFit or None
        Fit of the plan; None where no trial has an effect with a standard error.
    common, wald : PooledFit or None
        Common effect, and random effects with Wald's interval, for comparison; None below two
        trials, where they would say the same.
    exact, sampled : BayesFit or None
        The same Bayesian model by quadrature and by PyMC.
    agreement : DataFrame or None
        How far the two stand apart, in Monte Carlo standard errors.
    sensitivity : DataFrame
    said : Said or None
        The second answer, from complete and partial reports; None where nothing was said in part.
    borrowed : Borrowed, optional
        What other questions' trials would add; set by a report, which knows those questions.
    """

    question: Question
    plan: Plan
    table: EffectTable
    main: PooledFit | None
    common: PooledFit | None
    wald: PooledFit | None
    exact: BayesFit | None
    sampled: BayesFit | None
    agreement: pd.DataFrame | None
    sensitivity: pd.DataFrame
    said: Said | None
    borrowed: Borrowed | None = None

    def __str__(self) -> str:
        head = f"{self.question.id}: {self.question.title}"
        left = counted(len(self.table.partial), "report")
        of = f"  {counted(self.table.k, 'effect')} to pool; {left} in part"
        fits = [fit for fit in (self.main, self.exact, self.sampled) if fit is not None]
        return "\n".join([folded(f"{head}\n{of}"), *map(str, fits)])

    def _repr_html_(self) -> str:
        fits = [fit for fit in (self.main, self.exact, self.sampled) if fit is not None]
        notes = [] if fits else ["No trial has an effect with a standard error."]
        rows = self.table.rows[["label", "estimate", "std_error"]].reset_index(drop=True)
        head = html_of(f"{self.question.id}: {self.question.title}", notes, ("Effects", rows))
        return boxed(head, *(fit._repr_html_() for fit in fits))


def _agreed(lines: pd.DataFrame, question_id: str) -> pd.DataFrame:
    """Refuse two Bayesian fits that stand further apart than chance puts them."""
    apart = lines[~(lines["z"].abs() <= MOST_APART)]  # a z that is no number stands apart too
    if len(apart):
        problems = [
            Problem(
                f"{row['term']}, {row['quantity']}",
                f"exact {row['exact']:.6g}, sampled {row['sampled']:.6g}",
                f"{row['z']:.1f} Monte Carlo errors apart: more draws, or another seed",
            )
            for row in apart.to_dict("records")
        ]
        raise FitError(f"{question_id}: quadrature and PyMC contradict each other", problems)
    return lines


def answer(
    question: Question,
    plan: Plan,
    studies: Iterable[Study],
    terms: Terms,
    *,
    sample: bool = True,
    tell: Callable[[str], None] = tell_nobody,
) -> Answer:
    """Answer a question: effects, common and random effects, Bayes twice, sensitivity.

    Parameters
    ----------
    sample : bool
        Whether the Bayesian model is fitted by PyMC too, which takes seconds.
    tell : function of str, optional
        Is told which step begins.

    Raises
    ------
    QuestionError
        If the question uses words that the terms do not know.
    FitError
        If a fit did not converge, or the two Bayesian fits contradict each other.
    """
    trials = list(studies)
    tell(f"{question.id}: effects")
    table = effect_table(trials, question, terms)
    if table.k == 0:
        none = sensitivity(table, question, plan, trials, terms)
        said = all_that_was_said(table, plan)
        return Answer(question, plan, table, None, None, None, None, None, None, none, said)
    tell(f"{question.id}: pooling")
    main = pool(table, tau2=plan.tau2, ci=plan.ci, level=plan.level)
    several = table.k > 1
    common = pool(table, model="common", level=plan.level) if several else None
    wald = pool(table, tau2=plan.tau2, ci="wald", level=plan.level) if several else None
    exact = pool_bayes(table, tau=plan.prior_tau, mu=plan.prior_mu, level=plan.level)
    sampled = together = None
    if sample:
        tell(f"{question.id}: sampling with PyMC")
        sampled = sample_bayes(
            table,
            tau=plan.prior_tau,
            mu=plan.prior_mu,
            level=plan.level,
            seed=plan.seed,
            chains=plan.chains,
            draws=plan.draws,
            tune=plan.tune,
        )
        together = _agreed(agreement(exact, sampled), question.id)
    tell(f"{question.id}: sensitivity")
    again = sensitivity(table, question, plan, trials, terms)
    tell(f"{question.id}: all that was said")
    said = all_that_was_said(table, plan)
    return Answer(question, plan, table, main, common, wald, exact, sampled, together, again, said)
