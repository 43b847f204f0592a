"""From an answer to the inputs of its rating: nothing is judged here."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from evidence.catalog.certainty import Target
from evidence.catalog.question import Question
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms, Threshold
from evidence.errors import FitError, Problem, as_words, did_you_mean
from evidence.models.answer import Answer
from evidence.models.bias.asymmetry import regression_test
from evidence.models.frequentist.kernels import critical_value
from evidence.rating.certainty.absolute import comparator_risk
from evidence.rating.certainty.information_size import (
    SMALL_EFFECT,
    USUAL_REDUCTION,
    information_size,
)
from evidence.rating.certainty.inputs import Inputs, Second, Size
from evidence.rating.certainty.rules import FEW, GRAVE, UNSURE
from evidence.rating.certainty.rules_text import figure, percent

RANDOMISED = ("parallel_rct", "crossover_rct")
EVENTS = ("RR", "OR", "HR")
RATINGS = ("low", *UNSURE, *GRAVE)
PEOPLE = {"male": "men", "female": "women", "mixed": "men and women"}


def gather(
    answer: Answer,
    terms: Terms,
    ratings: Mapping[str, str | None],
    *,
    studies: Iterable[Study] = (),
    robins_i: Collection[str] = (),
    target: Target | None = None,
) -> Inputs:
    """Compute the inputs of a rating; see ``certainty_of``."""
    question, table, main = answer.question, answer.table, answer.main
    _check_ratings(ratings)
    by_robins_i = set(as_words("robins_i", robins_i, FitError))
    outcome = terms.outcomes[question.outcomes[0]]
    known = {study.id: study for study in studies}
    trials = tuple(dict.fromkeys(map(str, table.rows["study"])))
    designs = table.rows["design"]
    other = set(table.rows["study"][~designs.isin(RANDOMISED)])
    asymmetry_p, no_test = _asymmetry(answer, len(trials))
    important, why = _important(outcome.smallest_difference, question)
    size, no_size = _size(answer, known, important)
    het = None if main is None else main.heterogeneity
    found = None if main is None else main.prediction
    return Inputs(
        question=question.id,
        measure=question.measure,
        unit=question.unit,
        scale=question.scale,
        contrast=question.contrast,
        trials=trials,
        told_in_part=told_in_part(answer),
        randomised=not other and (bool(trials) or set(question.designs) <= set(RANDOMISED)),
        robins_i=bool(other) and other <= by_robins_i,
        estimate=None if main is None else main.estimate,
        ci_low=None if main is None else main.ci_low,
        ci_high=None if main is None else main.ci_high,
        bayes=_bayes(answer),
        tau=None if het is None or len(trials) < 2 else het.tau,
        i2=None if het is None else het.i2,
        prediction=None if found is None else (found.low, found.high),
        trial_limits=_limits(table.rows),
        important=important,
        important_reason=why,
        size=size,
        size_reason=no_size,
        bias=_bias(answer, ratings),
        people=_people(question, target),
        comparator=_comparator(question, terms, target),
        declared=question.indirect,
        surrogate_for="" if outcome.surrogate_for is None else outcome.surrogate_for.outcome,
        asymmetry_p=asymmetry_p,
        asymmetry_reason=no_test,
        second=_second(answer),
    )


def _check_ratings(ratings: Mapping[str, str | None]) -> None:
    """Refuse what is no word; a trial that is not in the answer may be rated."""
    problems = [
        Problem(f"ratings[{study!r:.80}]", f"is a {type(given).__name__}", "give a word, or None")
        for study, given in ratings.items()
        if given is not None and not isinstance(given, str)
    ]
    if problems:
        raise FitError("a rating of risk of bias is no word", problems)


def told_in_part(answer: Answer) -> tuple[str, ...]:
    """Trials that told of the comparison only in part, each once; of other arms alone: none."""
    part = answer.table.partial
    told = part["study"][part["kind"] != "other_arms"]
    used = set(answer.table.rows["study"])
    return tuple(s for s in dict.fromkeys(map(str, told)) if s not in used)


def _important(mark: Threshold, question: Question) -> tuple[tuple[float, float] | None, str]:
    """Effects that matter, on the analysis scale, or why there are none.

    A ratio v above 1 stands for a relative change of v - 1 in either direction (1.25: under 0.75 or
    over 1.25), as in GRADE's guide; where that would leave nothing, its inverse is taken.
    """
    if question.contrast in ("level", "association"):
        return None, ""
    if mark.value is None:
        return None, "no smallest difference was seen"
    stand_in = " (a stand-in, no minimal important difference)" if mark.kind == "stand_in" else ""
    if question.scale == "log":
        if mark.unit != "ratio" or mark.value <= 0 or mark.value == 1:
            return None, f"the smallest difference seen, {mark.value:g} {mark.unit}, is no ratio"
        other = 2 - mark.value if mark.value < 2 else 1 / mark.value
        low, high = sorted((mark.value, other))
        return (math.log(low), math.log(high)), f"{figure(low)} or {figure(high)}{stand_in}"
    if mark.unit != question.unit or mark.value == 0:
        unit = "no unit" if mark.unit is None else mark.unit
        return None, f"the smallest difference seen is in {unit}, the effect in {question.unit}"
    v = abs(mark.value)
    return (-v, v), f"{figure(v)} {question.unit}{stand_in}"


def _size(
    answer: Answer, known: Mapping[str, Study], important: tuple[float, float] | None
) -> tuple[Size | None, str]:
    question = answer.question
    if answer.main is None:
        return None, "nothing was pooled"
    if question.contrast != "between":
        return None, "there is no second arm"
    people, at_most, missing = _people_behind(answer, known)
    if question.measure in EVENTS:
        risk = comparator_risk(answer.table.rows, known.values())
        if risk is None:
            return None, "no trial printed events and people of its comparator"
        if not 0 < risk.median < 1:
            return None, f"the median risk with the comparator is {figure(risk.median)}"
        cut = USUAL_REDUCTION if important is None else -math.expm1(important[0])
        need = information_size(control_risk=risk.median, relative_reduction=cut)
        basis = f"risk {percent_exact(risk.median)} with the comparator, reduced by {percent(cut)}"
    else:
        sd = _implied_sd(answer.table.rows)
        if important is None:
            need = information_size(difference=SMALL_EFFECT, sd=1.0)
            basis = "no smallest difference was seen: for a small effect, 0.2 SD"
        elif sd is None:
            return None, "no trial printed the sizes that an SD would follow from"
        else:
            least = min(abs(important[0]), abs(important[1]))
            need = information_size(difference=least, sd=sd)
            basis = f"difference {figure(least)}, SD {figure(sd)} on the analysis scale"
    size = Size(required=need, basis=basis, people=people, at_most=at_most)
    return size, f"sizes not printed by {missing} of {len(answer.table.rows)}" if missing else ""


def percent_exact(share: float) -> str:
    """Write a risk as a percentage with three digits."""
    return f"{figure(100 * share)} %"


def _people_behind(
    answer: Answer, known: Mapping[str, Study]
) -> tuple[int | None, int | None, int]:
    """People in the trials; else those randomised in them; and how many print no sizes."""
    total = most = missing = 0
    bounded = True
    for row in answer.table.rows.to_dict("records"):
        sizes = [row["n_treatment"], row["n_control"]]
        if any(pd.isna(n) for n in sizes):
            missing += 1
            study = known.get(str(row["study"]))
            randomised = None if study is None else study.population.n_randomised
            bounded = bounded and randomised is not None
            most += randomised or 0
            continue
        # In a crossover trial both arms are the same people.
        here = max(map(int, sizes)) if row["design"] == "crossover_rct" else sum(map(int, sizes))
        total, most = total + here, most + here
    if not missing:
        return total, None, 0
    return None, most if bounded else None, missing


def _implied_sd(rows: pd.DataFrame) -> float | None:
    """SD on the analysis scale that the standard errors and sizes imply, pooled over trials."""
    n1, n2 = (rows[c].astype(float).to_numpy() for c in ("n_treatment", "n_control"))
    se = rows["std_error"].to_numpy(dtype=float)
    there = np.isfinite(n1) & np.isfinite(n2) & (n1 + n2 > 2)
    if not there.any():
        return None
    n1, n2, se = n1[there], n2[there], se[there]
    variance = se**2 / (1 / n1 + 1 / n2)
    return float(np.sqrt(np.average(variance, weights=n1 + n2 - 2)))


def _limits(rows: pd.DataFrame) -> tuple[tuple[float, float], ...]:
    z = critical_value(0.95, math.inf)
    pairs = zip(rows["estimate"].astype(float), rows["std_error"].astype(float), strict=True)
    return tuple((y - z * s, y + z * s) for y, s in pairs)


def _bias(answer: Answer, ratings: Mapping[str, str | None]) -> tuple[tuple[str, float], ...]:
    """Share of the weight by rating.

    Raises
    ------
    FitError
        If a rating is no word of RoB 2 or ROBINS-I.
    """
    if answer.main is None:
        return ()
    shares = dict.fromkeys(RATINGS, 0.0)
    weights = answer.main.weights
    total = float(weights.sum())
    problems = []
    for study, weight in zip(answer.table.rows["study"], weights, strict=True):
        given = ratings.get(str(study))
        word = "not_rated" if given is None else given.replace(" ", "_")
        if word not in shares:
            right = did_you_mean(word, RATINGS)
            problems.append(Problem(f"ratings[{study!r}]", repr(given), right))
            continue
        shares[word] += float(weight) / total
    if problems:
        raise FitError("a rating of risk of bias is not known", problems)
    return tuple((word, share) for word, share in shares.items() if share > 0)


def _people(question: Question, target: Target | None) -> str:
    if target is None or set(question.sexes) <= set(target.sexes):
        return ""
    there = " and ".join(PEOPLE[sex] for sex in question.sexes)
    meant = " and ".join(PEOPLE[sex] for sex in target.sexes)
    return f"the trials are in {there}; the answer is meant for {meant}."


def _comparator(question: Question, terms: Terms, target: Target | None) -> str:
    if target is None or question.contrast != "between":
        return ""
    meant = terms.drugs_of(target.controls)
    other = sorted(terms.drugs_of(question.control) - meant)
    if not other:
        return ""
    named = question.control_label or ", ".join(
        dict.fromkeys(terms.drugs[word].label.lower() for word in other)
    )
    return f"the comparison is with {named}, not with what the answer is meant for."


def _bayes(answer: Answer) -> tuple[float, float] | None:
    if answer.exact is None:
        return None
    row = answer.exact.terms.to_dict("records")[0]
    return float(row["ci_low"]), float(row["ci_high"])


def _second(answer: Answer) -> Second | None:
    if answer.said is None or answer.said.fit is None:
        return None
    row = answer.said.fit.terms.to_dict("records")[0]
    return Second(median=float(row["median"]), low=float(row["ci_low"]), high=float(row["ci_high"]))


def _asymmetry(answer: Answer, k: int) -> tuple[float | None, str]:
    """P of a regression test; on sample size for ratios, whose error depends on the effect."""
    table = answer.table
    if k < FEW:
        return None, f"with fewer than {FEW} trials (here {k})"
    sized = bool(table.rows[["n_treatment", "n_control"]].notna().all(axis=None))
    ratio = answer.question.measure in EVENTS
    try:
        found = regression_test(table, predictor="inverse_size" if ratio and sized else "std_error")
    except FitError as error:
        return None, f"({error.message})"
    return found.p, ""
