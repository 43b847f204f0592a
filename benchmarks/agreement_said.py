"""Check the second answers of the reports: the fast engine beside NUTS on every analysis.

``python -m benchmarks.agreement_said`` pools all that was said on every question of the analyses
with ``pool_reports`` and with ``sample_reports``, and writes ``docs/validation-said.md``, with the
agreement of quadrature and NUTS on the complete reports as it stands in ``reports/*/result.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from evidence.catalog.project import Project
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable
from evidence.errors import FitError
from evidence.models.bayesian.chains import quiet
from evidence.models.partial.fit import SampledReports
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.sampled_reports import sample_reports
from evidence.models.partial.space import ReportPriors
from evidence.models.plan import Plan
from evidence.report.analysis import analysis_names, load_analysis

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation-said.md"
SEEDS = 10  # of the fast engine: from one to the next its figures differ by its numerical error
FIGURES = ("mean", "sd", "ci_low", "median", "ci_high")
HEADS = ("mean", "SD", "2.5 %", "50 %", "97.5 %")
MOST = 4.5  # Monte Carlo errors: among 300 figures one beyond it has a chance of 1 in 500


@dataclass(frozen=True, slots=True)
class Case:
    """A question to which reports that are not complete add something."""

    question: str
    table: EffectTable
    plan: Plan

    @property
    def priors(self) -> ReportPriors:
        """As in ``all_that_was_said``."""
        plan = self.plan
        return ReportPriors(mu=plan.prior_mu, tau=plan.prior_tau, log_sd=plan.prior_log_sd)


def cases(project: Project) -> Iterator[Case]:
    """Every question of the analyses that has a second answer, or lacks one for a reason."""
    terms = project.terms()
    studies = project.studies(terms)
    for name in analysis_names(project.analyses_folder):
        for section in load_analysis(project.analyses_folder, name).sections:
            table = effect_table(studies, section.question, terms)
            if any(not s.silent and s.kind != "complete" for s in table.statements):
                yield Case(section.question.id, table, section.plan)


def fast(case: Case) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Terms under the plan's seed, their SD from seed to seed, and seconds a fit."""
    found, start = [], perf_counter()
    for extra in range(SEEDS):
        fit = pool_reports(
            case.table, priors=case.priors, seed=case.plan.seed + extra, influence=False
        )
        terms = fit.terms.set_index("term").drop(index="prediction")
        found.append(terms[list(FIGURES)].astype(float))
    spent = (perf_counter() - start) / SEEDS
    error = pd.concat(found).groupby(level="term").std(ddof=1).loc[found[0].index]
    return found[0], error, spent


def drawn(case: Case) -> tuple[SampledReports, pd.DataFrame, float]:
    """The fit by NUTS, the Monte Carlo errors of its figures, and seconds."""
    start = perf_counter()
    fit = sample_reports(case.table, priors=case.priors, seed=case.plan.seed)
    spent = perf_counter() - start
    error = fit.terms[[f"mcse_{name}" for name in FIGURES if name != "sd"]].copy()
    error.columns = [name for name in FIGURES if name != "sd"]
    held: Any = fit.posterior
    error["sd"] = [error_of_sd(held["posterior"][name].to_numpy()) for name in fit.terms.index]
    return fit, error[list(FIGURES)], spent


def error_of_sd(chains: np.ndarray) -> float:
    """Monte Carlo error of a standard deviation, from that of the mean square below its root."""
    with quiet():
        import arviz as az

        squares = (chains - chains.mean()) ** 2
        ess = float(np.asarray(az.ess(squares, method="mean")).item())
    return float(squares.std() / ess**0.5 / (2 * chains.std()))


@dataclass(frozen=True, slots=True)
class Compared:
    """One question: a line of diagnostics, lines of figures, differences, and those beyond 3.

    ``without`` says why there is no second answer, ``refused`` which engine has none and why.
    """

    question: str
    head: dict[str, Any] = field(default_factory=dict)
    lines: list[list[str]] = field(default_factory=list)
    z: list[float] = field(default_factory=list)
    far: list[str] = field(default_factory=list)
    without: str = ""
    refused: str = ""


def compared(case: Case) -> Compared:
    """Both engines on one question; what either refuses is told, not passed over."""
    try:
        ours, own_error, seconds = fast(case)
    except FitError as refused:
        if "nowhere to come from" in refused.message or "nothing was said" in refused.message:
            return Compared(case.question, without=refused.message)
        return Compared(case.question, refused=f"by the fast engine: {_words(refused)}")
    try:
        fit, error, sampling = drawn(case)
    except FitError as refused:
        return Compared(case.question, refused=f"by NUTS: {_words(refused)}")
    theirs = fit.terms.loc[ours.index, list(FIGURES)]
    z = (ours - theirs) / np.hypot(own_error, error.loc[ours.index])
    d = fit.diagnostics
    told = [s for s in case.table.statements if not s.silent]
    head = {
        "question": case.question,
        "reports": len(told),
        "complete": sum(s.kind == "complete" for s in told),
        "parameters": len(ours),
        "farthest, in errors": f"{z.abs().to_numpy().max():.1f}",
        "divergences": d.divergences,
        "R-hat": f"{d.r_hat_max:.4f}",
        "bulk ESS": f"{d.ess_bulk_min:.0f}",
        "tail ESS": f"{d.ess_tail_min:.0f}",
        "fast, s": f"{seconds:.1f}",
        "NUTS, s": f"{sampling:.0f}",
    }
    lines = []
    for name in ("mu", "tau"):
        for engine, frame, form in (
            ("fast", ours, ".4g"),
            ("NUTS", theirs, ".4g"),
            ("z", z, ".1f"),
        ):
            cells = [format(float(frame.loc[name, figure]), form) for figure in FIGURES]
            first = [case.question, name] if engine == "fast" else ["", ""]
            lines.append([*first, engine, *cells])
    far = [
        f"`{case.question}`, {term}, {word}: fast {ours.loc[term, figure]:.4g} (from seed to seed "
        f"{own_error.loc[term, figure]:.2g}), NUTS {theirs.loc[term, figure]:.4g} (error "
        f"{error.loc[term, figure]:.2g}): {z.loc[term, figure]:.1f}"
        for term in z.index
        for figure, word in zip(FIGURES, HEADS, strict=True)
        if abs(z.loc[term, figure]) > 3
    ]
    return Compared(case.question, head, lines, z.to_numpy().ravel().tolist(), far)


HELD: list[Case] = []


def numbered(i: int) -> Compared:
    return compared(HELD[i])


def _words(error: FitError) -> str:
    return "; ".join([error.message, *map(str, error.problems)])


def complete(project: Project) -> tuple[list[list[str]], list[float]]:
    """What the reports hold of quadrature and NUTS on the complete reports of each question."""
    lines, every = [], []
    for file in sorted(project.reports_folder.glob("*/result.json")):
        for question in json.loads(file.read_text(encoding="utf-8"))["questions"]:
            held, exact = question["sampled"], question["exact"]
            if not held:
                continue
            z = [row["z"] for row in held["agreement"]]
            every += z
            own = {row["term"]: row for row in exact["terms"]}
            other = {row["term"]: row for row in held["terms"]}
            told = [
                f"{own[name][figure]:.4g} / {other[name][figure]:.4g}"
                for name in ("mu", "tau")
                for figure in ("mean", "sd")
            ]
            lines.append(
                [
                    question["id"], str(question["k"]), *told, f"{max(map(abs, z)):.1f}",
                    str(held["divergences"]), f"{held['r_hat_max']:.4f}",
                    f"{held['ess_bulk_min']:.0f}", f"{held['ess_tail_min']:.0f}",
                ]
            )  # fmt: skip
    return lines, every


def markdown(columns: list[str], lines: list[list[str]]) -> str:
    rows = [columns, ["---"] * len(columns), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def spread(z: list[float]) -> str:
    """How far apart two engines stand, over all their figures."""
    found = np.abs(z)
    return (
        f"Of {found.size} figures the farthest lies {found.max():.1f} errors off; their root mean "
        f"square is {np.sqrt((found**2).mean()):.2f} (1 is expected), and {int((found > 3).sum())} "
        f"lie beyond 3, of which chance lets {0.0027 * found.size:.1f}."
    )


TEXT = """# All that was said, by two engines

Made by `python -m benchmarks.agreement_said`. SHA-256 of the studies, the vocabulary and the
analyses read: `{inputs}`. Questions: {count}. Another hash stands for other data: then run it anew.

The second answers of the reports come from `pool_reports`: adaptive importance sampling over two
to six parameters, all else integrated. Here each stands beside `sample_reports`: the same model in
PyMC, in which every true effect, every standard error, correlation and control arm's change that
was not printed and whatever rounding hid are drawn by NUTS, and which shares no integral with the
first. NUTS has 4 chains of 2,000 draws after 2,000 of warm-up, target acceptance 0.99, and is
refused with any divergence, an R-hat above 1.01 or an effective sample size below 400.

*z* is the difference in standard errors of both: the Monte Carlo error of NUTS, and the standard
deviation of the fast engine's figure over {seeds} seeds. Both are of the figure in question, not of
the mean. Beyond {limit} errors the engines count as contradicting each other.

{verdict}

{far}{diagnostics}

Seconds are those of one fit on a shared machine; those of NUTS are mostly the compiling of the
model. *farthest* is over all parameters of a question: mean, SD and three quantiles of each.

Refused by one engine (the fast one: under any of its seeds), and so not compared:

{refused}

No second answer, because no report tells how variable the outcome is, or none says anything of it:
{without}.

## Mean effect and heterogeneity

{figures}

## Complete reports: quadrature and NUTS

From `reports/*/result.json`: `pool_bayes` beside `sample_bayes`, 4 chains of 4,000 draws. Mean,
median and 95 % limits of the mean effect, of tau and of a new trial's effect are compared; shown
are mean and SD, quadrature first.

{verdict_complete}

{complete}
"""


BEYOND = """Beyond 3:

{list}
The errors of an SD and of an outer quantile are themselves rough where a figure has long tails, of
which a few dozen draws are all that either engine sees.

"""


def inputs(project: Project) -> str:
    files = [project.terms_file, *sorted(project.studies_folder.glob("*.yaml"))]
    files += sorted(project.analyses_folder.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--project", type=Path, default=ROOT, help="folder of data and analyses")
    ask.add_argument("--jobs", type=int, default=2)
    ask.add_argument("--only", nargs="*", default=[], help="questions; the page is not written")
    asked = ask.parse_args()
    project = Project(asked.project)
    seen = inputs(project)
    HELD.extend(one for one in cases(project) if not asked.only or one.question in asked.only)
    found = []
    # Workers are forked, so that they hold the tables, which cannot be sent.
    with ProcessPoolExecutor(max_workers=asked.jobs, mp_context=get_context("fork")) as workers:
        for one in workers.map(numbered, range(len(HELD))):
            print(one.head or one, flush=True)
            found.append(one)
    if asked.only:
        return
    every = [z for one in found for z in one.z]
    heads = [one.head for one in found if one.head]
    without = [f"`{one.question}`" for one in found if one.without]
    refused = [f"- `{one.question}`: {one.refused}" for one in found if one.refused]
    far = [words for one in found for words in one.far]
    complete_lines, complete_z = complete(project)
    text = TEXT.format(
        inputs=seen, count=len(heads), seeds=SEEDS, limit=MOST, verdict=spread(every),
        far=BEYOND.format(list="".join(f"- {one}\n" for one in far)) if far else "",
        diagnostics=markdown(list(heads[0]), [[str(x) for x in head.values()] for head in heads]),
        refused="\n".join(refused) or "None.",
        without=", ".join(without) or "none",
        figures=markdown(
            ["question", "term", "engine", *HEADS], [line for one in found for line in one.lines]
        ),
        verdict_complete=spread(complete_z),
        complete=markdown(
            ["question", "k", "mu, mean", "mu, SD", "tau, mean", "tau, SD", "farthest, in errors",
             "divergences", "R-hat", "bulk ESS", "tail ESS"], complete_lines,
        ),
    )  # fmt: skip
    PAGE.write_text(text, encoding="utf-8")
    if max(map(abs, every)) > MOST:
        raise SystemExit(f"the engines stand {max(map(abs, every)):.1f} errors apart: see the page")


if __name__ == "__main__":
    main()
