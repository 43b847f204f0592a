"""Posteriors as netCDF: nodes and densities of the exact answer, draws of the sampled ones."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.effects.assemble import effect_table
from evidence.errors import Problem, ReportError
from evidence.models.bayesian.chains import ChainLimits, quiet
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.fit import BayesFit
from evidence.models.bayesian.posterior import ExactPosterior
from evidence.models.bayesian.sampled import sample_bayes
from evidence.models.partial.fit import ReportsFit
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.space import ReportPriors
from evidence.models.sampling.fit import SampledFit
from evidence.report.analysis import Section, load_analysis
from evidence.report.exchange.cells import clean_text
from evidence.report.result import BayesTerm, QuestionResult, ResultFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evidence.catalog.project import Project
    from evidence.catalog.study import Study
    from evidence.catalog.terms import Terms

FORMAT = "evidence-netcdf/1"
POINTS = 401
# A density is written between these quantiles.
TAIL = 1e-4
# Two runs on the same data agree far better; reports print ten digits.
SAME = 1e-6
CHECKS = ("statistic", "observed", "low", "high", "tail_probability", "conflict")
FIGURES = ("mean", "median", "sd", "ci_low", "ci_high")
WORDS = {
    "exact": "Posterior by quadrature: given tau everything is normal. Weights of the nodes of tau"
    " add up to 1; mu given a node has mean mu_mean and standard deviation mu_sd.",
    "sampled": "Posterior draws (NUTS), every one of them.",
    "said": "Weighted draws of mu and tau given complete and partial reports; their weights add up"
    " to 1.",
}


def netcdf_files(
    project: Project, result: ResultFile, about: Mapping[str, str]
) -> dict[str, bytes]:
    """Write the posteriors of a report's questions as netCDF, a file a posterior.

    ``NAME/QUESTION-exact.nc`` is read by xarray; ``-sampled.nc``, for what the report sampled, by
    ``arviz.from_netcdf`` and ``load_sampled``; ``-said.nc`` has the draws of the second answer. The
    draws are made anew with the report's seeds, as a report keeps none.

    Parameters
    ----------
    project : Project
    result : ResultFile
    about : mapping of str to str
        Attributes that all files get: version, data hash.

    Raises
    ------
    ReportError
        If the data are no longer those that the report was built from.
    EvidenceError
        If a fit fails.
    """
    terms = project.terms()
    studies = project.studies(terms)
    answers = {question.id: question for question in result.questions}
    files: dict[str, bytes] = {}
    for section in load_analysis(project.analyses_folder, result.name).sections:
        answer = answers.get(section.question.id)
        if answer is None:
            raise _stale(result.name, section.question.id, "is not in the report")
        made = _question(section, answer, studies, terms, {"report": result.name, **about})
        stem = f"{result.name}/{section.question.id}"
        files |= {f"{stem}-{kind}.nc": content for kind, content in made.items()}
    return files


def _question(
    section: Section,
    answer: QuestionResult,
    studies: Iterable[Study],
    terms: Terms,
    about: Mapping[str, str],
) -> dict[str, bytes]:
    question, plan = section.question, section.plan
    table = effect_table(list(studies), question, terms)
    files: dict[str, bytes] = {}
    if answer.exact is not None:
        fit = pool_bayes(table, tau=plan.prior_tau, mu=plan.prior_mu, level=plan.level)
        _same(about["report"], question.id, fit.terms, answer.exact.terms)
        files["exact"] = exact_bytes(fit, _attributes(section, answer, about, "exact"))
    if answer.sampled is not None:
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
        files["sampled"] = sampled_bytes(sampled, _attributes(section, answer, about, "sampled"))
    if answer.said is not None and answer.said.terms:
        priors = ReportPriors(mu=plan.prior_mu, tau=plan.prior_tau, log_sd=plan.prior_log_sd)
        said = pool_reports(table, priors=priors, seed=plan.seed, level=plan.level)
        files["said"] = said_bytes(said, _attributes(section, answer, about, "said"))
    return files


def _attributes(
    section: Section, answer: QuestionResult, about: Mapping[str, str], kind: str
) -> dict[str, Any]:
    """What a file says of itself; netCDF holds words and numbers, no gaps."""
    question, plan = section.question, section.plan
    found: dict[str, Any] = {
        "format": FORMAT,
        "posterior": kind,
        "description": WORDS[kind],
        "question": question.id,
        "title": question.title,
        "measure": question.measure,
        "measure_label": answer.measure_label,
        "unit": question.unit or "",
        "scale": question.scale,
        "studies": answer.k,
        "level": plan.level,
        "prior_mu": str(plan.prior_mu),
        "prior_mu_reason": plan.prior_mu.reason,
        "prior_tau": str(plan.prior_tau),
        "prior_tau_reason": plan.prior_tau.reason,
        **about,
    }
    if kind != "exact":
        found["seed"] = plan.seed
    return {
        name: clean_text(told) if isinstance(told, str) else told for name, told in found.items()
    }


def exact_bytes(fit: BayesFit, attributes: Mapping[str, Any]) -> bytes:
    r"""Write an exact posterior: its nodes, densities on grids, and the figures it is told by.

    Raises
    ------
    ReportError
        If the fit was sampled.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal
    >>> fit = pool_bayes(table_of([0.1, 0.4], [0.1, 0.2]), tau=half_normal(0.5))
    >>> exact_bytes(fit, {"question": "q"})[:4]
    b'\x89HDF'
    """
    held = fit.posterior
    if not isinstance(held, ExactPosterior):
        problem = Problem("fit", "was sampled", "a fit of pool_bayes")
        raise ReportError("there are no nodes to write", [problem])
    labels = [clean_text(str(name)) for name in fit.table.rows.index]
    data: dict[str, Any] = {
        "tau": (held.grid.tau, ["node"]),
        "weight": (held.grid.weights, ["node"]),
        "mu_mean": (held.mu_mean, ["node"]),
        "mu_sd": (held.mu_sd, ["node"]),
        "estimate": (held.estimates, ["study"]),
        "std_error": (held.std_errors, ["study"]),
    }
    coords: dict[str, Any] = {"study": labels, "term": fit.terms["term"].tolist()}
    for name in ("mu", "tau", "prediction"):
        low, high = held.quantile([TAIL, 1 - TAIL], name)
        # Some priors let the density of tau grow without bound at 0: it begins beside it.
        coords[f"{name}_at"] = np.linspace(low, high, POINTS)
        data[f"{name}_density"] = (held.density(coords[f"{name}_at"], name), [f"{name}_at"])
    for figure in FIGURES:
        data[f"term_{figure}"] = (_column(fit.terms[figure]), ["term"])
        data[f"study_{figure}"] = (_column(fit.shrinkage[figure]), ["study"])
    data["study_weight"] = (_column(fit.shrinkage["weight"]), ["study"])
    more: dict[str, Any] = {"interval": fit.interval, "notes": clean_text("\n".join(fit.notes))}
    known = fit.log_marginal_likelihood
    more |= {} if known is None else {"log_marginal_likelihood": known}
    return _dataset_bytes(data, coords, {**attributes, **more})


def sampled_bytes(fit: BayesFit, attributes: Mapping[str, Any]) -> bytes:
    """Write a sampled posterior as ``SampledFit.save`` does, so that ``load_sampled`` reads it.

    Raises
    ------
    ReportError
        If the fit was not sampled.
    """
    d = fit.diagnostics
    if d is None or isinstance(fit.posterior, ExactPosterior):
        problem = Problem("fit", "was not sampled", "a fit of sample_bayes")
        raise ReportError("there are no draws to write", [problem])
    with quiet():
        data = fit.posterior.copy()
        for group in data.groups():
            # The time of day would make every file another one.
            data[group].attrs.pop("created_at", None)
        data.attrs.clear()
        data.attrs.update(
            attributes,
            interval=fit.interval,
            sampler=d.sampler,
            chains=d.chains,
            draws=d.draws,
            tune=d.tune,
            r_hat_max=d.r_hat_max,
            ess_bulk_min=d.ess_bulk_min,
            ess_tail_min=d.ess_tail_min,
            divergences=d.divergences,
            notes=clean_text("\n".join(fit.notes)),
        )
    priors = [("mu", str(fit.prior_mu), fit.prior_mu.reason)]
    priors += [("tau", str(fit.prior_tau), fit.prior_tau.reason)]
    known = fit.terms.dropna(subset=["mcse_mean", "sd"])
    shares = (known["mcse_mean"].astype(float) / known["sd"].astype(float)).tolist()
    none = pd.DataFrame({name: [] for name in CHECKS})
    whole = SampledFit(
        model="random effects, effects normal about their mean",
        likelihood="normal",
        measure=fit.table.measure,
        level=fit.level,
        interval=fit.interval,
        terms=fit.terms,
        studies=fit.shrinkage,
        priors=pd.DataFrame(priors, columns=["parameter", "prior", "reason"]),
        diagnostics=d,
        mcse_share=max(shares, default=0.0),
        limits=ChainLimits(),
        prior_check=none,
        posterior_check=none,
        inference_data=data,
        notes=fit.notes,
    )
    with tempfile.TemporaryDirectory() as folder:
        return whole.save(Path(folder) / "fit.nc").read_bytes()


def said_bytes(fit: ReportsFit, attributes: Mapping[str, Any]) -> bytes:
    """Write the weighted draws of ``pool_reports``."""
    drawn = fit.space.parameters(fit.draws.x)
    data: dict[str, Any] = {
        "mu": (drawn.mu, ["draw"]),
        "tau": (drawn.tau, ["draw"]),
        "weight": (fit.draws.weights, ["draw"]),
    }
    terms = fit.terms.set_index("term")
    for figure in FIGURES:
        data[f"term_{figure}"] = (_column(terms[figure]), ["term"])
    more = {
        "effective_draws": fit.ess,
        "log_marginal_likelihood": fit.log_marginal_likelihood,
        "reports": len(fit.statements),
        "notes": clean_text("\n".join(fit.notes)),
    }
    return _dataset_bytes(data, {"term": terms.index.tolist()}, {**attributes, **more})


def _dataset_bytes(
    data: Mapping[str, tuple[Any, list[str]]],
    coords: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> bytes:
    with quiet():
        import arviz as az

        to_dataset: Any = az.dict_to_dataset
        made = to_dataset(
            {name: values for name, (values, _) in data.items()},
            coords=dict(coords),
            dims={name: dims for name, (_, dims) in data.items()},
            default_dims=[],
        )
        made.attrs.clear()
        made.attrs.update(attributes)
        packed = {name: {"zlib": True} for name in made.data_vars}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "posterior.nc"
            made.to_netcdf(str(path), engine="h5netcdf", encoding=packed)
            return path.read_bytes()


def _column(cells: pd.Series) -> Any:
    """Figures as numbers; a moment that does not exist is no number there."""
    return pd.to_numeric(cells).to_numpy(dtype=np.float64)


def _same(name: str, question: str, found: pd.DataFrame, told: Iterable[BayesTerm]) -> None:
    """Refuse to write a posterior that is not the one the report tells of."""
    before = {term.term: term for term in told}
    for row in found.to_dict("records"):
        term = before.get(str(row["term"]))
        if term is None or not np.allclose(
            [row["median"], row["ci_low"], row["ci_high"]],
            [term.median, term.ci_low, term.ci_high],
            rtol=SAME,
            atol=SAME * max(abs(term.ci_low), abs(term.ci_high)),
        ):
            raise _stale(name, question, f"{row['term']} is not what the report says")


def _stale(name: str, question: str, what: str) -> ReportError:
    problem = Problem(question, what, f"evidence run {name}")
    return ReportError("the data have changed since the report was built", [problem])
