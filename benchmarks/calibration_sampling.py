"""Calibrate the models of ``sample_model``: ``python benchmarks/calibration_sampling.py``.

Writes ``docs/calibration/sampling.md`` and ``sampling.csv``, anew after every model, with the hash
of this file. A part of the work of ``calibration.py``, apart because each model is compiled.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import pandas as pd

from evidence.models.calibration.calibrate import calibrate
from evidence.models.calibration.sampled import OPTIONS, SampledSimulation
from evidence.report.files import csv_bytes, json_bytes

SEED = 20261122
FITS, BLOCK, FAULTY, FACTOR = 30, 5, 25, 0.4
FAULT = "three_level, standard errors 60 % too small"

TEXT = """# Calibration of the sampled models

Made by `python benchmarks/calibration_sampling.py`; do not edit. SHA-256 of the script
`{sha256}`, seed {seed}. The method is that of
[the other models](README.md): truths from the priors, data from the truths, and the rank of each
truth among the draws of `sample_model` (200 of 2,000, every tenth).

{fits} fits of each model, a second or more each after half a minute of compiling: so few find
gross mistakes only. A rank distribution that leans by a tenth passes; a standard deviation wrong by
half, a prior put on the wrong parameter or a sign do not. Priors: mu normal(0, 1), standard
deviations half-normal(0.5), a moderate baseline; six studies.

**Of {tests} tests {below} have P below 0.05, where {expected:.1f} are expected of calibrated
models; the smallest P is {least:.2g}. Below the limit for that many tests (Bonferroni at 5 %, P =
{limit:.2g}): {verdict}.** Each row shows its smallest P, which is small by chance the more often
the more quantities there are.

{table}

Not run: {missing}.

A deliberate fault, which the same test has to find:

{fault}
"""


def seed_of(key: str) -> int:
    """Its own, from its key: no model depends on which others there are."""
    return int.from_bytes(hashlib.sha256(f"{SEED}:{key}".encode()).digest()[:4], "big")


def row(key: str, model: SampledSimulation, fits: int) -> dict[str, Any]:
    start = perf_counter()
    with joblib.parallel_config(n_jobs=1):
        found = calibrate(model, seed=seed_of(key), fits=fits, block=BLOCK)
    summary = found.summary()
    worst = summary["p_ecdf"].idxmin()
    return {
        "scenario": key,
        "seed": seed_of(key),
        "fits": found.fits,
        "failed": found.failed,
        "quantities": len(summary),
        "below_0.05": int((summary[["p_ecdf", "p_chi_squared"]] < 0.05).to_numpy().sum()),
        "smallest_P_band": float(summary["p_ecdf"].min()),
        "of": str(worst),
        "smallest_P_chi2": float(summary["p_chi_squared"].min()),
        "least_held_95": float(summary["covered_95"].min()),
        "most_held_95": float(summary["covered_95"].max()),
        "seconds_a_fit": (perf_counter() - start) / fits,
    }


def markdown(rows: pd.DataFrame) -> str:
    lines = ["| model | fits | failed | quantities | smallest P band | of | smallest P chi2 | "
             "95 % intervals hold |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {r['scenario']} | {r['fits']} | {r['failed']} | {r['quantities']} | "
        f"{r['smallest_P_band']:.3g} | {r['of']} | {r['smallest_P_chi2']:.3g} | "
        f"{100 * r['least_held_95']:.0f} to {100 * r['most_held_95']:.0f} % |"
        for r in rows.to_dict("records")
    ]
    return "\n".join(lines)


def write(rows: list[dict[str, Any]], out: Path) -> None:
    frame = pd.DataFrame(rows)
    names = [str(name) for name in frame.columns]
    (out / "sampling.csv").write_bytes(csv_bytes(names, frame.to_dict("records")))
    sha256 = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    sound, fault = frame[frame["scenario"] != FAULT], frame[frame["scenario"] == FAULT]
    missing = [name for name in OPTIONS if name not in set(frame["scenario"])]
    run = {"script": "benchmarks/calibration_sampling.py", "sha256": sha256, "seed": SEED,
           "missing": missing}  # fmt: skip
    (out / "sampling.json").write_bytes(json_bytes(run))
    if sound.empty:
        return
    tests = 2 * int(sound["quantities"].sum())
    least = float(sound[["smallest_P_band", "smallest_P_chi2"]].min().min())
    text = TEXT.format(
        sha256=sha256, seed=SEED, fits=FITS, tests=tests, below=int(sound["below_0.05"].sum()),
        expected=0.05 * tests, least=least, limit=0.05 / tests,
        verdict="none" if least >= 0.05 / tests else "some, see the table", table=markdown(sound),
        missing=", ".join(missing) or "none", fault=markdown(fault) if len(fault) else "not run",
    )  # fmt: skip
    (out / "sampling.md").write_text(text, encoding="utf-8")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs/calibration")
    ask.add_argument("--cores", type=int, default=2)
    ask.add_argument("--keep", action="store_true", help="what this very script has left there")
    asked = ask.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    sha256 = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    if asked.keep:
        told = json.loads((asked.out / "sampling.json").read_text(encoding="utf-8"))
        if told["sha256"] == sha256:
            rows = pd.read_csv(asked.out / "sampling.csv").to_dict("records")  # type: ignore[assignment]
    done = {one["scenario"] for one in rows}
    for key in (*OPTIONS, FAULT):
        if key in done:
            continue
        faulty = key == FAULT
        model = SampledSimulation(
            structure="three_level" if faulty else key, cores=asked.cores,
            std_error_factor=FACTOR if faulty else 1.0,
        )  # fmt: skip
        rows.append(row(key, model, FAULTY if faulty else FITS))
        print(rows[-1], flush=True)
        write(rows, asked.out)


if __name__ == "__main__":
    main()
