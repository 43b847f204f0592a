"""Calibrate every Bayesian model, and count coverage: ``python benchmarks/calibration.py``.

Writes ``docs/calibration/``: tables, figures, and the page that shows them, with the hash of this
file and the seed. Nothing depends on the number of workers. ``--share 0.05`` for a quick look.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import numpy as np
import pandas as pd
import scipy

from evidence.models.bayesian.priors import (
    exponential,
    half_cauchy,
    half_normal,
    half_t,
    inverse_gamma,
    log_normal,
    log_t,
    normal,
    reference_prior,
    uniform,
)
from evidence.models.calibration.borrowing import BorrowingSimulation
from evidence.models.calibration.calibrate import Calibration, calibrate
from evidence.models.calibration.coverage import coverage_table
from evidence.models.calibration.normal import NormalSimulation
from evidence.models.calibration.nuts import NutsSimulation
from evidence.models.calibration.regression import RegressionSimulation
from evidence.models.calibration.reports import ReportsSimulation
from evidence.models.partial.space import ReportPriors
from evidence.report.figures.coverage_curve import coverage_curve
from evidence.report.figures.rank_histogram import rank_histogram
from evidence.report.files import csv_bytes, json_bytes

SEED = 20261121
FIRST = 20  # fits of each scenario whose ranks are kept, for the test that repeats them
HALF, WIDE, MU, UNIT = half_normal(0.5), half_normal(1.0), normal(0, 1), normal(0, 1)
REPORTS = ReportPriors(mu=MU, tau=HALF, log_sd=normal(0, 0.5))
K, TAU2 = (2, 3, 4, 5, 7, 10, 15, 20), (0.0, 0.05, 0.2, 0.5)
UNEQUAL = (0.001, 2.0)


@dataclass(frozen=True)
class Scenario:
    """One model to be calibrated: how often, and why not more often."""

    key: str
    model: Any
    fits: int
    block: int = 100
    why: str = ""
    draw: bool = False

    @property
    def seed(self) -> int:
        """Its own, from its key: no scenario depends on which others there are."""
        return int.from_bytes(hashlib.sha256(f"{SEED}:{self.key}".encode()).digest()[:4], "big")


def exact() -> list[Scenario]:
    """pool_bayes under many priors, numbers of studies and standard errors."""
    found = [
        Scenario("exact", NormalSimulation(k=5, tau=HALF, mu=MU), 5000, draw=True),
        Scenario("exact-unequal", NormalSimulation(k=6, tau=HALF, mu=MU, variances=UNEQUAL), 1000),
    ]
    found += [
        Scenario(f"exact-k{k}", NormalSimulation(k=k, tau=HALF, mu=MU), 1000)
        for k in (1, 2, 3, 10, 20)
    ]
    found += [
        Scenario(f"exact-flat-k{k}", NormalSimulation(k=k, tau=HALF), 1000) for k in (2, 3, 10)
    ]
    priors = {
        "half-cauchy": half_cauchy(0.3),
        "half-t": half_t(0.3, 4),
        "exponential": exponential(2),
        "uniform": uniform(2),
        "log-normal": log_normal(-1.5, 0.8),
        "log-t": log_t(-1.5, 0.8, 5),
        "inverse-gamma": inverse_gamma(1, 0.15),
        "dumouchel": reference_prior("dumouchel"),
        "shrinkage": reference_prior("shrinkage"),
        "half-normal-1": WIDE,
    }
    return found + [
        Scenario(f"exact-{name}", NormalSimulation(k=4, tau=prior), 1000)
        for name, prior in priors.items()
    ]


def others() -> list[Scenario]:
    """All models but the pairwise exact one."""
    slow = "a quarter of a second to a second each"
    few = "a second or two each, after the model is compiled"
    borrow: dict[str, Any] = {"k": (2, 5), "tau": half_normal(0.3), "mu": MU}
    between: dict[str, Any] = {"between": half_normal(0.3)}
    robust: dict[str, Any] = {"weight": 0.7, "vague": normal(0, 2)}
    return [
        *(
            Scenario(
                f"regression-k{k}",
                RegressionSimulation(k=k, tau=HALF, intercept=UNIT, slope=UNIT),
                1000,
                block=25,
                draw=k == 5,
            )
            for k in (5, 12)
        ),
        *(
            Scenario(
                f"borrow-{method}", BorrowingSimulation(method=method, **borrow, **extra), 1000, 25
            )
            for method, extra in (
                ("hierarchical", between),
                ("commensurate", between),
                ("robust_map", robust),
            )
        ),
        Scenario("reports", ReportsSimulation(k=6, priors=REPORTS), 400, 5, slow, True),
        Scenario("reports-k12", ReportsSimulation(k=12, priors=REPORTS), 60, 5, slow),
        Scenario("nuts", NutsSimulation(k=5, tau=HALF, mu=MU, cores=2), 100, 5, few, True),
    ]


def faults() -> list[Scenario]:
    """Deliberate faults, each of which has to be found."""
    base: dict[str, Any] = {"k": 5, "tau": HALF, "mu": MU}
    line: dict[str, Any] = {"k": 5, "tau": HALF, "intercept": UNIT, "slope": UNIT}
    wrong = BorrowingSimulation(
        method="hierarchical", k=(2, 5), tau=half_normal(0.3), mu=MU, between=half_normal(0.5),
        fitted_between=half_normal(0.05),
    )  # fmt: skip
    told = ReportsSimulation(k=6, priors=REPORTS, std_error_factor=0.5)
    drawn = NutsSimulation(**base, std_error_factor=0.5, cores=2)
    wide, narrow = half_normal(1.5), half_normal(0.5 / 3)
    normals: dict[str, dict[str, Any]] = {
        "prior of tau 3 times too wide": {"fitted_tau": wide},
        "prior of tau 3 times too narrow": {"fitted_tau": narrow},
        "prior of mu off by 1": {"fitted_mu": normal(1, 1)},
        "standard errors 30 % too small": {"std_error_factor": 0.7},
        "standard errors 40 % too large": {"std_error_factor": 1.4},
    }
    found = [
        Scenario(key, NormalSimulation(**base, **fault), 300, draw="30 %" in key)
        for key, fault in normals.items()
    ]
    regression = RegressionSimulation(**line, std_error_factor=0.7)
    return [
        *found,
        Scenario("regression, standard errors 30 % too small", regression, 200, 25),
        Scenario("borrowing, populations held 10 times too alike", wrong, 200, 25),
        Scenario("reports, printed standard errors halved", told, 40, 5),
        Scenario("sampler, standard errors halved", drawn, 25, 5),
    ]


def measured(
    scenarios: list[Scenario], share: float, jobs: int, out: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Summaries and first ranks; the figures of those that are drawn."""
    frames, firsts = [], []
    for one in scenarios:
        start = perf_counter()
        count = max(20, one.block, round(share * one.fits))
        # A sampler has its own cores, and would be compiled anew by every worker.
        own = 1 if isinstance(one.model, NutsSimulation) else jobs
        with joblib.parallel_config(n_jobs=own):
            found: Calibration = calibrate(one.model, seed=one.seed, fits=count, block=one.block)
        spent = perf_counter() - start
        print(f"{one.key:<50} {count:>6,} fits {spent:>7.1f} s", flush=True)
        head: dict[str, Any] = {
            "scenario": one.key,
            "model": found.name,
            "seed": one.seed,
            "failed": found.failed,
        }
        summary = found.summary().reset_index()
        for i, (name, value) in enumerate(head.items()):
            summary.insert(i, name, value)
        frames.append(summary.assign(seconds_a_fit=spent / count))
        ranks = found.ranks.head(FIRST).rename_axis("fit").reset_index()
        firsts.append(
            ranks.melt("fit", var_name="quantity", value_name="rank").assign(scenario=one.key)
        )
        if one.draw:
            name = "".join(c if c.isalnum() else "-" for c in one.key)
            rank_histogram(found, title=titled(one, found)).save(out / f"ranks-{name}.svg")
    return pd.concat(frames, ignore_index=True), pd.concat(firsts, ignore_index=True)


def titled(one: Scenario, found: Calibration) -> str:
    words = f"{found.name}: {found.fits:,} fits"
    return f"{words}; {one.key}" if " " in one.key else words


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    names = [str(name) for name in frame.columns]
    cells = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    path.write_bytes(csv_bytes(names, [dict(zip(names, row, strict=True)) for row in cells]))


def table(frame: pd.DataFrame, columns: dict[str, str]) -> str:
    """A table in Markdown; ``columns`` gives each column's format."""
    lines = ["| " + " | ".join(c.replace("_", " ") for c in columns) + " |"]
    lines.append("|" + "---|" * len(columns))
    for row in frame.to_dict("records"):
        cells = [format(row[c], f) if f else str(row[c]) for c, f in columns.items()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_scenario(summary: pd.DataFrame) -> pd.DataFrame:
    """A row a scenario: its worst quantity."""
    rows = []
    for key, group in summary.groupby("scenario", sort=False):
        worst = group.iloc[int(group["p_ecdf"].to_numpy().argmin())]
        rows.append(
            {
                "scenario": key,
                "model": worst["model"],
                "fits": int(worst["fits"]),
                "failed": int(worst["failed"]),
                "quantities": len(group),
                "smallest_P_band": worst["p_ecdf"],
                "of": worst["quantity"],
                "smallest_P_chi2": group["p_chi_squared"].min(),
                "95_%_intervals_hold": f"{100 * group['covered_95'].min():.1f} to "
                f"{100 * group['covered_95'].max():.1f} %",
            }
        )
    return pd.DataFrame(rows)


SCENARIO_COLUMNS = {
    "scenario": "", "model": "", "fits": ",d", "failed": "d", "smallest_P_band": ".3g", "of": "",
    "smallest_P_chi2": ".3g", "95_%_intervals_hold": "",
}  # fmt: skip


def page(
    summary: pd.DataFrame, faulty: pd.DataFrame, coverage: pd.DataFrame, run: dict[str, Any]
) -> str:
    """The page of results."""
    p = np.concatenate([summary["p_ecdf"], summary["p_chi_squared"]])
    limit = 0.05 / p.size
    reml = coverage[coverage["method"].isin(["reml", *map(str, (HALF, WIDE))])]
    name = reml["interval"].where(reml["kind"] == "frequentist", "Bayes " + reml["method"])
    shown = reml.assign(interval=name.str.replace("_", " "))
    tables = []
    for figure, places, factor in (("coverage", ".1f", 100), ("width", ".2f", 1)):
        wide = shown.assign(value=factor * shown[figure]).pivot_table(
            index=["interval", "true_tau2"], columns="k", values="value", sort=False
        )
        wide.columns = [str(c) for c in wide.columns]
        formats = {"interval": "", "true_tau2": "g"} | dict.fromkeys(map(str, wide.columns), places)
        tables.append(table(wide.reset_index(), formats))
    few = summary[summary["fits"] < 1000].groupby("scenario", sort=False).first()
    reasons = {s.key: s.why for s in others()}
    why = "; ".join(
        f"`{key}` {int(row['fits'])} fits, {reasons.get(str(key), '')}"
        for key, row in few.iterrows()
    )
    drawn = [path.name for path in sorted(Path(run["out"]).glob("ranks-*.svg"))]
    pictures = "\n\n".join(f"![{n.removesuffix('.svg')}]({n})" for n in drawn)
    runs = {str(k): int(n) for k, n in coverage.groupby("kind")["repetitions"].max().items()}
    return TEMPLATE.format(
        script=run["script"], sha256=run["sha256"], seed=run["seed"], seconds=run["seconds"],
        jobs=run["jobs"], fits=int(summary.groupby("scenario")["fits"].first().sum()),
        failed=int(summary.groupby("scenario")["failed"].first().sum()), tests=p.size,
        below=int((p < 0.05).sum()), expected=0.05 * p.size, least=p.min(), limit=limit,
        verdict="none" if p.min() >= limit else f"{int((p < limit).sum())}",
        few=why or "none", scenarios=table(by_scenario(summary), SCENARIO_COLUMNS),
        faults=table(by_scenario(faulty), SCENARIO_COLUMNS), coverage=tables[0], widths=tables[1],
        frequentist=runs["frequentist"], bayes=runs["Bayesian"], pictures=pictures,
        error=100 * (0.95 * 0.05 / runs["frequentist"]) ** 0.5,
        bayes_error=100 * (0.95 * 0.05 / runs["Bayesian"]) ** 0.5,
    )  # fmt: skip


TEMPLATE = Path(__file__).with_name("calibration_page.md").read_text(encoding="utf-8")


def main() -> None:
    """Run everything and write the results."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--jobs", type=int, default=2)
    ask.add_argument("--share", type=float, default=1.0, help="of the fits that are committed")
    root = Path(__file__).resolve().parents[1]
    ask.add_argument("--out", type=Path, default=root / "docs" / "calibration")
    asked = ask.parse_args()
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.svg"):
        old.unlink()
    start = perf_counter()
    with joblib.parallel_config(n_jobs=asked.jobs):
        summary, first = measured([*exact(), *others()], asked.share, asked.jobs, out)
        faulty, _ = measured(faults(), asked.share, asked.jobs, out)
        begun = perf_counter()
        coverage = coverage_table(
            K, TAU2, seed=SEED, priors=[HALF, WIDE], repetitions=max(9, round(4000 * asked.share)),
            bayes_repetitions=max(9, round(600 * asked.share)),
        )  # fmt: skip
        print(f"coverage {perf_counter() - begun:.1f} s", flush=True)
    coverage_curve(
        coverage, methods=["reml", str(HALF), str(WIDE)], title="95 % intervals of the mean"
    ).save(out / "coverage.svg")
    run: dict[str, Any] = {
        "script": "benchmarks/calibration.py",
        "sha256": hashlib.sha256(Path(__file__).read_bytes()).hexdigest(),
        "seed": SEED,
        "share": asked.share,
        "seconds": round(perf_counter() - start),
        "jobs": asked.jobs,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "level": 0.95,
    }
    write_csv(summary, out / "calibration.csv")
    write_csv(faulty, out / "faults.csv")
    write_csv(first[["scenario", "quantity", "fit", "rank"]], out / "first_ranks.csv")
    write_csv(coverage, out / "coverage.csv")
    (out / "run.json").write_bytes(json_bytes(run))
    text = page(summary, faulty, coverage, run | {"out": out})
    (out / "README.md").write_text(text, encoding="utf-8")
    print(f"{run['seconds']} s")


if __name__ == "__main__":
    main()
