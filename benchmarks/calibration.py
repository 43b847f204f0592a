"""Calibrate every Bayesian model, and count coverage: ``python benchmarks/calibration.py``.

Writes ``docs/calibration/``: tables, figures, and the page that shows them, with the hash of this
file and the seed. Nothing depends on the number of workers. ``--share 0.05`` for a quick look;
``--keep`` runs anew only what does not stand there with the same seed and number of fits, and says
so on the page: right after scenarios were added, wrong after the models were changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
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

from evidence.models.bayesian.bias_models import pet
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
from evidence.models.calibration.average import AverageSimulation
from evidence.models.calibration.borrowing import BorrowingSimulation
from evidence.models.calibration.calibrate import Calibration, calibrate
from evidence.models.calibration.coverage import coverage_table
from evidence.models.calibration.normal import NormalSimulation
from evidence.models.calibration.nuts import NutsSimulation
from evidence.models.calibration.regression import RegressionSimulation
from evidence.models.calibration.reports import ReportsSimulation
from evidence.models.calibration.selection import selection_coverage
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
# Publication of studies that are not significant in the expected direction, and the truths.
SELECTED: dict[str, Any] = {"k": (10, 30), "true_mu": (0.0, 0.3), "true_tau2": 0.05}
WEIGHTS, SELECTED_RUNS = (1.0, 0.2), 200


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
    slow = "half a second each"
    wide = "a quarter of a second to over a second each: integrals over up to five parameters"
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
        *(
            Scenario(
                f"average-{bias or 'unbiased'}",
                AverageSimulation(k=5, effect=MU, heterogeneity=HALF, bias=bias),
                fits,
                25,
                wide,
                bias == "2w",
            )
            for bias, fits in ((None, 1000), ("2w", 200), ("pp", 200), ("psma", 40))
        ),
        Scenario("reports", ReportsSimulation(k=6, priors=REPORTS), 1000, 10, "", True),
        Scenario("reports-k12", ReportsSimulation(k=12, priors=REPORTS), 100, 5, slow),
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
    biased = AverageSimulation(
        k=5, effect=MU, heterogeneity=HALF, bias=(pet(half_normal(2.0)),), fitted_bias=None
    )
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
        Scenario("averaging, small studies' bias left out", biased, 200, 25),
        Scenario("reports, printed standard errors halved", told, 50, 5),
        Scenario("sampler, standard errors halved", drawn, 25, 5),
    ]


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier run left; None where everything is to be run."""

    summary: pd.DataFrame
    faults: pd.DataFrame
    ranks: pd.DataFrame
    run: dict[str, Any]

    def rows(self, one: Scenario, count: int) -> pd.DataFrame | None:
        """Its rows of a scenario, if it had this seed and number of fits."""
        for frame in (self.summary, self.faults):
            found = frame[frame["scenario"] == one.key]
            whole = (found["fits"] + found["failed"] == count) & (found["seed"] == one.seed)
            if len(found) and whole.all():
                return found
        return None


def left_by(out: Path) -> Kept:
    """Read what an earlier run left in a folder."""
    names = ("calibration.csv", "faults.csv", "first_ranks.csv")
    frames = [pd.read_csv(out / name) for name in names]
    return Kept(*frames, json.loads((out / "run.json").read_text(encoding="utf-8")))


def measured(
    scenarios: list[Scenario], share: float, jobs: int, out: Path, kept: Kept | None
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Summaries and first ranks, and what was kept; the figures of those that are drawn."""
    frames, firsts, same = [], [], []
    for one in scenarios:
        start = perf_counter()
        count = max(25, one.block, round(share * one.fits))
        old = kept.rows(one, count) if kept is not None else None
        if kept is not None and old is not None:
            frames.append(old)
            firsts.append(kept.ranks[kept.ranks["scenario"] == one.key])
            same.append(one.key)
            continue
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
            figure = rank_histogram(found, title=titled(one, found))
            figure.save(out / f"ranks-{file_name(one.key)}.svg")
    return pd.concat(frames, ignore_index=True), pd.concat(firsts, ignore_index=True), same


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


def pictured(name: str, rows: pd.DataFrame) -> str:
    """A figure, with the P of each histogram on it and what so many of them let stand."""
    each = ", ".join(f"{q} {p:.2g}" for q, p in zip(rows["quantity"], rows["p_ecdf"], strict=True))
    limit, key = f"{0.05 / len(rows):.2g}", rows["scenario"].iloc[0]
    return (
        f"![{name}](ranks-{name}.svg)\n\n`{key}`, P of uniformity by the band: "
        f"{each}. With {len(rows)} quantities in one figure P below {limit} is unexpected "
        "(Bonferroni at 5 %); the limit over all scenarios stands above."
    )


def file_name(key: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in key)


def page(
    summary: pd.DataFrame,
    faulty: pd.DataFrame,
    coverage: pd.DataFrame,
    selection: pd.DataFrame,
    run: dict[str, Any],
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
    drawn = {path.name for path in Path(run["out"]).glob("ranks-*.svg")}
    pictures = "\n\n".join(
        pictured(file_name(str(key)), rows)
        for key, rows in pd.concat([summary, faulty]).groupby("scenario", sort=False)
        if f"ranks-{file_name(str(key))}.svg" in drawn
    )
    corrected = selection.assign(
        published=100 * selection["weight"], held=100 * selection["coverage"],
    ).rename(columns={"bias": "mean_error", "root_mean_square_error": "rms_error"})  # fmt: skip
    runs = {str(k): int(n) for k, n in coverage.groupby("kind")["repetitions"].max().items()}
    kept = ""
    if run["kept"]:
        kept = (
            f" {len(run['kept'])} scenarios and the table of coverage were kept from the run of "
            f"the script `{run['kept_from']}`, where they are the same; `run.json` names them."
        )
    return TEMPLATE.format(
        kept=kept,
        script=run["script"], sha256=run["sha256"], seed=run["seed"], seconds=run["seconds"],
        jobs=run["jobs"], fits=int(summary.groupby("scenario")["fits"].first().sum()),
        failed=int(summary.groupby("scenario")["failed"].first().sum()), tests=p.size,
        below=int((p < 0.05).sum()), expected=0.05 * p.size, least=p.min(), limit=limit,
        verdict="none" if p.min() >= limit else f"{int((p < limit).sum())}",
        few=why or "none", scenarios=table(by_scenario(summary), SCENARIO_COLUMNS),
        faults=table(by_scenario(faulty), SCENARIO_COLUMNS), coverage=tables[0], widths=tables[1],
        selection=table(corrected, SELECTION_COLUMNS), selected=SELECTED_RUNS,
        selected_error=100 * (0.95 * 0.05 / SELECTED_RUNS) ** 0.5,
        frequentist=runs["frequentist"], bayes=runs["Bayesian"], pictures=pictures,
        error=100 * (0.95 * 0.05 / runs["frequentist"]) ** 0.5,
        bayes_error=100 * (0.95 * 0.05 / runs["Bayesian"]) ** 0.5,
    )  # fmt: skip


SELECTION_COLUMNS = {
    "method": "", "k": "d", "true_mu": "g", "published": ".0f", "failed": "d", "held": ".1f",
    "width": ".2f", "mean_error": "+.3f", "rms_error": ".3f",
}  # fmt: skip
TEMPLATE = Path(__file__).with_name("calibration_page.md").read_text(encoding="utf-8")


def main() -> None:
    """Run everything and write the results."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--jobs", type=int, default=2)
    ask.add_argument("--share", type=float, default=1.0, help="of the fits that are committed")
    root = Path(__file__).resolve().parents[1]
    ask.add_argument("--out", type=Path, default=root / "docs" / "calibration")
    ask.add_argument("--keep", action="store_true", help="run anew only what is not there")
    asked = ask.parse_args()
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    kept = left_by(out) if asked.keep else None
    for old in () if asked.keep else out.glob("*.svg"):
        old.unlink()
    start = perf_counter()
    with joblib.parallel_config(n_jobs=asked.jobs):
        summary, first, same = measured([*exact(), *others()], asked.share, asked.jobs, out, kept)
        faulty, _, more = measured(faults(), asked.share, asked.jobs, out, kept)
        same += more
        begun = perf_counter()
        if kept is None:
            coverage = coverage_table(
                K, TAU2, seed=SEED, priors=[HALF, WIDE],
                repetitions=max(9, round(4000 * asked.share)),
                bayes_repetitions=max(9, round(600 * asked.share)),
            )  # fmt: skip
        else:
            coverage = pd.read_csv(out / "coverage.csv")
        print(f"coverage {perf_counter() - begun:.1f} s", flush=True)
        begun = perf_counter()
        selection = selection_coverage(
            **SELECTED, weight=WEIGHTS, seed=SEED,
            repetitions=max(9, round(SELECTED_RUNS * asked.share)),
        )  # fmt: skip
        print(f"selection {perf_counter() - begun:.1f} s", flush=True)
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
        "kept": same,
        "kept_from": "" if kept is None else kept.run["sha256"],
    }
    write_csv(summary, out / "calibration.csv")
    write_csv(faulty, out / "faults.csv")
    write_csv(first[["scenario", "quantity", "fit", "rank"]], out / "first_ranks.csv")
    write_csv(coverage, out / "coverage.csv")
    write_csv(selection, out / "selection.csv")
    (out / "run.json").write_bytes(json_bytes(run))
    text = page(summary, faulty, coverage, selection, run | {"out": out})
    (out / "README.md").write_text(text, encoding="utf-8")
    print(f"{run['seconds']} s")


if __name__ == "__main__":
    main()
