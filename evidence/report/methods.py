"""Methods text with its references, made of what a report actually used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from evidence.report.result import QuestionResult, ResultFile


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph and the ids of the references it rests on."""

    text: str
    cites: tuple[str, ...] = ()


def methods(result: ResultFile) -> tuple[Paragraph, ...]:
    """Write how it was done; a paragraph stands only where its method was used."""
    questions = result.questions
    pooled = [q for q in questions if q.main is not None]
    text = [
        Paragraph(
            "Figures were read into one file a trial, each with the report and the place that "
            "printed it, and are used as printed: a P value given as a bound stays a bound, a ± "
            "that the page does not name stays unnamed, and units are converted by rule. A contrast "
            "counts when its arms were randomised against each other and differ in nothing but the "
            "treatment asked about; a change within an arm is taken against that arm's own "
            "baseline. The trials are those of the project's data folder: how they were searched for "
            "and selected is not documented in this version."
        ),
        Paragraph(
            "For each contrast the first of these ways that leads to an estimate and a standard "
            "error was taken: the published estimate with its interval, standard error or exact P; "
            "two arms with means and spreads; two arms with events; two arms with means and an "
            "exact P. A trial counts once: of its outcomes and times the one that can be used, then "
            "the one preferred by the question, then the one nearest to the target time. Where a "
            "P value is the only measure of uncertainty it is taken as two-sided and from a test of "
            "the difference named, by t where the arms' sizes were printed and by the normal "
            "otherwise.",
            ("handbook-6",),
        ),
    ]
    text += _measures(pooled)
    text += _pooling(pooled)
    if any(q.said is not None and q.said.terms for q in questions):
        text.append(
            Paragraph(
                "The second answer uses complete and partial reports under one normal-normal model. A "
                "report adds the probability of what it says: the density of a printed estimate, the "
                "probability of the interval it was rounded from, or that of the region in which a "
                "direction or a P places it. A standard error that was not printed is the SD of the "
                "outcome, drawn from a population of SDs learned across the trials, times what the arms' "
                "sizes make of it; a ± without a name is read both ways; a correlation that nobody "
                "printed has a prior; the change of a control arm that was not printed is drawn from a "
                "population of such changes. True effects are integrated in closed form, the rest by "
                "importance sampling. The range without priors takes every value that agrees with what "
                "was said and finds the smallest and the largest pooled estimate."
            )
        )
    text += _borrowing(questions)
    if any(q.main is None for q in questions):
        text.append(
            Paragraph(
                "Where no trial printed an effect with its uncertainty, the direction of each trial "
                "is displayed, one arrow a trial whatever its P; a trial points one way when at "
                "least 70 % of its results do (Boon and Thomson 2021). The share of directions that "
                "are positive stands with its exact binomial interval and the sign test. Significant "
                "results are not counted.",
                ("handbook-12",),
            )
        )
    return tuple(text)


MEASURE_WORDS = {
    "ZCOR": "Correlations are analysed as Fisher's z, whose variance is 1 / (n \u2212 3) where n was "
    "printed, and brought back to r. A correlation adjusted otherwise than the question asks, a "
    "slope or a share of variance is not turned into one; its direction is kept where it has one.",
    "BETA": "Regression slopes are pooled only where unit and adjustment are the same, word for "
    "word; of others the direction is kept.",
    "MN": "Levels are means of single arms, treated or not; they are pooled apart from effects and "
    "say nothing of what a treatment does. Arms of one randomisation are counted together.",
    "MNLN": "Levels are means of single arms, pooled as logarithms with the variance by the delta "
    "method, apart from effects; they say nothing of what a treatment does. Arms of one "
    "randomisation are counted together.",
    "PLO": "Proportions of single arms are pooled as log odds, half added to both cells where nobody "
    "or everybody had the event; the sensitivity analysis gives the binomial mixed model, which "
    "needs no half. They say nothing of what a treatment does.",
}


def _measures(pooled: list[QuestionResult]) -> list[Paragraph]:
    used = {q.measure for q in pooled}
    found = []
    if "ROM" in used:
        found.append(
            Paragraph(
                "Ratios of means are analysed as logarithms, with the variance by the delta method.",
                ("hedges-1999",),
            )
        )
    if "RR" in used:
        found.append(
            Paragraph(
                "Risk ratios are analysed as logarithms. Where an arm had no event, half an event was "
                "added to each arm; trials without any event give no ratio.",
                ("katz-1978",),
            )
        )
    found += [Paragraph(MEASURE_WORDS[measure]) for measure in MEASURE_WORDS if measure in used]
    if any(line.design == "crossover_rct" for q in pooled for line in q.effects):
        found.append(
            Paragraph(
                "Crossover trials enter as pairs: by the exact P of the paired test where one was printed, else with the correlation that the question assumes.",
                ("handbook-23",),
            )
        )
    return found


def _pooling(pooled: list[QuestionResult]) -> list[Paragraph]:
    found = []
    if any(q.k > 1 for q in pooled):
        found.append(
            Paragraph(
                "Trials were pooled by inverse variance under random effects, the variance between "
                "trials estimated by REML with its Q-profile interval, and the interval of the mean "
                "by Hartung and Knapp with the multiplier not below 1. Common effect and Wald's "
                "interval stand beside it. I² is computed from τ². The prediction interval takes t "
                "with k − 1 degrees of freedom and is given from three trials on.",
                (
                    "viechtbauer-2005", "viechtbauer-2007", "hartung-2001", "roever-2015",
                    "higgins-2002", "higgins-2009", "handbook-10",
                ),
            )
        )  # fmt: skip
        found.append(
            Paragraph(
                "The sensitivity analysis repeats it with the estimators of Paule and Mandel and of "
                "DerSimonian and Laird.",
                ("paule-1982", "dersimonian-1986"),
            )
        )
    if any(q.exact is not None for q in pooled):
        found.append(
            Paragraph(
                "The Bayesian normal-normal model was fitted exactly, by quadrature over τ with the "
                "mean integrated in closed form, with the priors stated beside each answer.",
                ("roever-2020", "roever-2021"),
            )
        )
    if any(q.sampled is not None for q in pooled):
        found.append(
            Paragraph(
                "The same model was fitted a second time by PyMC with the No-U-Turn sampler; both "
                "answers stand side by side with their difference in Monte Carlo errors. A fit with "
                "R-hat above 1.01, an effective sample size below 400 or a divergent transition is "
                "an error.",
                ("abril-pla-2023", "hoffman-2014", "vehtari-2021"),
            )
        )
    return found


def _borrowing(questions: tuple[QuestionResult, ...]) -> list[Paragraph]:
    used = {q.borrowed.method for q in questions if q.borrowed is not None and q.borrowed.rows}
    if not used:
        return []
    ways = {
        "power": ("a power prior", "ibrahim-2000"),
        "robust_map": ("a robust meta-analytic-predictive prior", "schmidli-2014"),
        "hierarchical": ("a hierarchical model of populations", "roever-2020"),
        "commensurate": ("a commensurate prior", "hobbs-2012"),
    }
    named = " or ".join(ways[name][0] for name in ways if name in used)
    text = (
        f"What trials in other people would add was computed by {named}, with the discount that the "
        "analysis declares and gives its reason for, exactly, by quadrature, under the priors of the "
        "question. It is shown apart from the answer, from nothing borrowed to everything, with the "
        "discounts at which a conclusion would change. What was borrowed is measured by the precision "
        "that it adds, in units of the question's own evidence; conflict by Box's predictive P."
    )
    cites = [ways[name][1] for name in ways if name in used]
    return [Paragraph(text, (*cites, "hobbs-2013", "box-1980"))]


@lru_cache(maxsize=1)
def library() -> dict[str, dict[str, Any]]:
    """Literature of the methods: CSL-JSON items by id."""
    raw = resources.files("evidence.report").joinpath("references.json").read_text("utf-8")
    return {entry["id"]: entry for entry in json.loads(raw)}


def numbered(paragraphs: tuple[Paragraph, ...]) -> list[str]:
    """Ids of the references in the order in which they are first cited."""
    return list(dict.fromkeys(key for paragraph in paragraphs for key in paragraph.cites))
