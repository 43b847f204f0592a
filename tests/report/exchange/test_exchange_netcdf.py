"""Posteriors as netCDF: read back, they say what the fit and the report say."""

from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pytest
import xarray as xr

import evidence as ev
from evidence.errors import ReportError
from evidence.report.exchange.netcdf import (
    TAIL,
    exact_bytes,
    netcdf_files,
    said_bytes,
    sampled_bytes,
)
from evidence.report.exchange.outgoing import export
from tests.report.exchange.exchange_samples import committed, project

ABOUT = {"version": "0.1.0", "data_hash": "ab12"}
TAU = ev.half_normal(0.5, "small")
TABLES = {
    "several": ev.table_of([-0.9, -1.4, 0.4], [0.5, 0.2, 0.7], labels=["a", "b", "c"]),
    "one": ev.table_of([0.3], [0.1]),
    "tiny": ev.table_of([1e-7, 3e-7], [1e-7, 2e-7]),
}


def reread(content: bytes, tmp_path: Path) -> Any:
    path = tmp_path / "a.nc"
    path.write_bytes(content)
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()


def fitted(name: str) -> Any:
    scale = 1e-7 if name == "tiny" else 0.5
    return ev.pool_bayes(TABLES[name], mu=ev.normal(0, 10 * scale), tau=ev.half_normal(scale))


@pytest.mark.parametrize("name", TABLES)
def test_an_exact_posterior_says_the_same_again(tmp_path: Path, name: str) -> None:
    fit = fitted(name)
    data = reread(exact_bytes(fit, {"question": "q", **ABOUT}), tmp_path)
    assert data.attrs["data_hash"] == "ab12"
    assert data.study.to_numpy().tolist() == list(fit.table.rows.index)
    terms = fit.terms.set_index("term")
    weight, mean, sd = (data[x].to_numpy() for x in ("weight", "mu_mean", "mu_sd"))
    assert weight.sum() == pytest.approx(1.0)
    mu = float((weight * mean).sum())
    assert mu == pytest.approx(terms.loc["mu", "mean"], rel=1e-9)
    spread = np.sqrt((weight * (sd**2 + (mean - mu) ** 2)).sum())
    assert spread == pytest.approx(terms.loc["mu", "sd"], rel=1e-9)
    tau = float((weight * data["tau"].to_numpy()).sum())
    assert tau == pytest.approx(terms.loc["tau", "mean"], rel=1e-9)
    for term in ("mu", "tau", "prediction"):
        at, density = data[f"{term}_at"].to_numpy(), data[f"{term}_density"].to_numpy()
        assert np.trapezoid(density, at) == pytest.approx(1 - 2 * TAIL, abs=2e-3)
        for figure in ("median", "ci_low", "ci_high"):
            found = float(data[f"term_{figure}"].sel(term=term))
            assert found == terms.loc[term, figure]
    # The median by the density is that of the fit.
    at, density = data["mu_at"].to_numpy(), data["mu_density"].to_numpy()
    below = np.cumsum(density) / density.sum()
    step = at[1] - at[0]
    assert abs(at[np.searchsorted(below, 0.5)] - terms.loc["mu", "median"]) < 2 * step
    shrunk = fit.shrinkage["median"].to_numpy(dtype=float)
    assert data["study_median"].to_numpy() == pytest.approx(shrunk)


def test_a_moment_that_does_not_exist_is_no_number(tmp_path: Path) -> None:
    fit = ev.pool_bayes(TABLES["one"], tau=ev.half_cauchy(1.0), mu=ev.normal(0, 1))
    terms = fit.terms.set_index("term")
    assert terms.loc["tau", "sd"] is None
    data = reread(exact_bytes(fit, {}), tmp_path)
    assert np.isnan(float(data["term_sd"].sel(term="tau")))
    assert float(data["term_median"].sel(term="tau")) == terms.loc["tau", "median"]


@pytest.mark.parametrize(
    "name", ["nul\x00", "\ud800", "<b>", "a/b", "\u202ex", "τ²", "", "x" * 300]
)
def test_any_name_of_a_study_can_be_written(tmp_path: Path, name: str) -> None:
    word = name.encode(errors="replace").decode()
    table = ev.table_of([0.1, 0.2], [0.1, 0.1], labels=[word, "other"])
    data = reread(exact_bytes(ev.pool_bayes(table, tau=TAU), {}), tmp_path)
    assert data.sizes["study"] == 2
    assert str(data.study[1].item()) == str(table.rows.index[1])
    assert "\x00" not in str(data.study[0].item())


def test_the_same_fit_gives_the_same_bytes() -> None:
    first, second = (exact_bytes(fitted("several"), ABOUT) for _ in range(2))
    assert first == second
    assert len(first) < 200_000


def test_each_writer_refuses_the_other_kind() -> None:
    fit = fitted("several")
    with pytest.raises(ReportError, match="was not sampled; a fit of sample_bayes"):
        sampled_bytes(fit, {})


def test_weighted_draws_say_the_same_again(tmp_path: Path) -> None:
    known = [
        ev.Statement(
            row=r, study=r, label=r, kind="complete", estimate=y, errors=(ev.ErrorForm(0.04),),
            size=0.2, df=48,
        )
        for r, y in zip("ab", [-0.5, -0.3], strict=True)
    ]  # fmt: skip
    lower = ev.Statement(row="d", study="d", label="d", kind="direction", sign=-1, size=0.2)
    fit = ev.pool_reports([*known, lower], priors=ev.ReportPriors(mu=ev.normal(0, 2), tau=TAU))
    data = reread(said_bytes(fit, ABOUT), tmp_path)
    mean = float((data["weight"] * data["mu"]).sum())
    assert mean == pytest.approx(fit.terms.set_index("term").loc["mu", "mean"], rel=1e-9)
    assert data.attrs["reports"] == 3
    assert data.attrs["effective_draws"] == fit.ess


def unsampled() -> Any:
    """The committed report as if it had been built without sampling."""
    result = committed()
    questions = tuple(q.model_copy(update={"sampled": None}) for q in result.questions)
    return result.model_copy(update={"questions": questions})


def test_a_report_without_sampling_has_its_exact_posteriors(tmp_path: Path) -> None:
    result = unsampled()
    files = netcdf_files(project(), result, ABOUT)
    told = {q.id for q in result.questions if q.exact is not None}
    said = {q.id for q in result.questions if q.said is not None and q.said.terms}
    assert told
    assert said
    assert set(files) == {f"spine_bmd/{q}-exact.nc" for q in told} | {
        f"spine_bmd/{q}-said.nc" for q in said
    }
    for question in result.questions:
        data = reread(files[f"spine_bmd/{question.id}-exact.nc"], tmp_path)
        assert data.attrs["question"] == question.id
        assert data.attrs["title"] == question.title
        assert data.attrs["measure"] == question.measure
        assert data.attrs["unit"] == (question.unit or "")
        assert data.attrs["scale"] == question.scale
        assert data.attrs["prior_tau"] == question.exact.prior_tau
        assert data.attrs["version"] == "0.1.0"
        for term in question.exact.terms:
            one = data.sel(term=term.term)
            assert float(one["term_median"]) == pytest.approx(term.median, rel=1e-8)
            assert float(one["term_ci_low"]) == pytest.approx(term.ci_low, rel=1e-8, abs=1e-9)


def test_a_report_of_other_data_is_refused() -> None:
    result = unsampled()
    first, *rest = result.questions
    mu, *others = first.exact.terms
    moved = mu.model_copy(update={"median": mu.median * 1.001})
    exact = first.exact.model_copy(update={"terms": (moved, *others)})
    changed = first.model_copy(update={"exact": exact})
    stale = result.model_copy(update={"questions": (changed, *rest)})
    with pytest.raises(ReportError, match="mu is not what the report says; evidence run spine_bmd"):
        netcdf_files(project(), stale, ABOUT)
    fewer = result.model_copy(update={"questions": tuple(rest)})
    with pytest.raises(ReportError, match=f"{first.id}: is not in the report"):
        netcdf_files(project(), fewer, ABOUT)


def test_a_report_without_posteriors_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="there is no posterior"):
        export(project(), ["monitoring"], "netcdf", tmp_path)


@pytest.mark.slow
def test_sampled_draws_are_loaded_again_as_they_were(tmp_path: Path) -> None:
    fit = ev.sample_bayes(
        TABLES["several"], tau=TAU, mu=ev.normal(0, 2), seed=3, chains=2, draws=1500, tune=500
    )
    with pytest.raises(ReportError, match="was sampled; a fit of pool_bayes"):
        exact_bytes(fit, {})
    content = sampled_bytes(fit, {"question": "q", "seed": 3})
    assert content == sampled_bytes(fit, {"question": "q", "seed": 3})
    path = tmp_path / "draws.nc"
    path.write_bytes(content)
    loaded = ev.load_sampled(path)
    assert loaded.inference_data.attrs["question"] == "q"
    assert loaded.inference_data.attrs["divergences"] == 0
    for name in ("median", "ci_low", "ess_bulk", "r_hat"):
        assert loaded.terms[name].tolist() == fit.terms[name].tolist()
    assert loaded.studies.index.tolist() == ["a", "b", "c"]
    assert loaded.probability_below(0.0) == fit.probability_below(0.0)
    assert str(loaded).count("prior of") == 2
    check(loaded.inference_data, fit)
    read: Any = az.from_netcdf
    check(read(str(path), engine="h5netcdf"), fit)


def check(data: Any, fit: Any) -> None:
    """Every draw is there, in its place, under its study's name."""
    for name in ("mu", "tau", "theta", "prediction"):
        kept = data.posterior[name].to_numpy()
        assert np.array_equal(kept, fit.posterior.posterior[name].to_numpy())
    assert data.posterior["study"].to_numpy().tolist() == ["a", "b", "c"]
    assert data.sample_stats["diverging"].shape == (2, 1500)
    found = az.summary(data, var_names=["mu", "tau"], round_to="none")
    terms = fit.terms.set_index("term")
    assert found["mean"].tolist() == pytest.approx(terms.loc[["mu", "tau"], "mean"].tolist())


@pytest.mark.slow
def test_a_report_is_exported_with_what_it_sampled(tmp_path: Path) -> None:
    written = export(project(), ["spine_bmd"], "netcdf", tmp_path)
    result = committed()
    assert {p.relative_to(tmp_path).as_posix() for p in written} >= {
        f"spine_bmd/{q.id}-sampled.nc" for q in result.questions if q.sampled is not None
    }
    for question in result.questions:
        assert question.sampled is not None
        path = tmp_path / "spine_bmd" / f"{question.id}-sampled.nc"
        assert path.stat().st_size < 5_000_000
        loaded = ev.load_sampled(path)
        attributes = loaded.inference_data.attrs
        assert attributes["seed"] == question.sampled.seed
        assert attributes["draws"] == question.sampled.draws
        assert len(str(attributes["data_hash"])) == 64
        terms = loaded.terms.set_index("term")
        for term in question.sampled.terms:
            # Another machine draws other numbers of the same law.
            error = 5 * np.sqrt(2) * term.mcse_median
            assert terms.loc[term.term, "median"] == pytest.approx(term.median, abs=error)
