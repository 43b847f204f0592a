"""Check the sampled engine against quadrature on twenty published data sets (one twice).

``python -m benchmarks.agreement`` samples the normal model of each and writes
``docs/validation-sampling.md``. The slow tests run a part of the same comparisons.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from evidence.effects.table import EffectTable, table_of
from evidence.models.bayesian.chains import compare_terms
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.sampling.fit import SampledFit
from evidence.models.sampling.model import build_model
from evidence.models.sampling.priors import Priors
from evidence.models.sampling.sample import sample_model
from evidence.models.sampling.setup import empirical

ROOT = Path(__file__).resolve().parents[1]
MOST = 4.5  # Monte Carlo errors: among 252 figures one beyond it has a chance of 1 in 600


@dataclass(frozen=True, slots=True)
class Case:
    """One published data set: its fixture, and priors in the unit of its effects."""

    file: str
    measure: str
    tau: float
    mu: float
    outcome: str | None = None


CASES = (
    Case("bayes/bcg-rr-halfnormal_0.5-mu_flat", "log RR", 0.5, 2.82),
    Case("bayes/cannon2006-or-halfnormal_0.5-mu_flat", "log OR", 0.5, 2.82),
    Case("bayes/normand1999-smd-dumouchel-mu_flat", "SMD", 0.5, 2.0),
    Case("pairwise/normand1999-md-dl", "MD, days", 10.0, 50.0),
    Case("bayes/raudenbush1985-smd-model_averaging", "SMD", 0.5, 2.0),
    Case("effect_sizes/aloe2013-zpcor", "z of partial correlation", 0.3, 1.0),
    Case("effect_sizes/hahn2001-or", "log OR", 0.5, 2.82),
    Case("effect_sizes/hart1999-control-irln", "log rate", 1.0, 5.0),
    Case("effect_sizes/nakagawa2007-zcor", "z of correlation", 0.3, 1.0),
    Case("effect_sizes/nielweise2008-irr", "log IRR", 0.5, 2.82),
    Case("effect_sizes/pritz1997-plo", "log odds", 1.0, 4.0),
    Case("effect_sizes/senn2013-placebo-mn", "mean, % HbA1c", 1.0, 5.0),
    Case("influence/hackshaw1998-baujat-dl", "log OR", 0.5, 2.82),
    Case("pairwise/hine1989-rd-dl", "RD", 0.05, 0.2),
    Case("meta_regression/bangertdrowns2004-grade-reml-knha", "SMD", 0.5, 2.0),
    Case("meta_regression/mcdaniel1994-struct-reml-z", "z of correlation", 0.3, 1.0),
    Case("pairwise/li2007-or-dl", "log OR", 0.5, 2.82),
    Case("publication_bias/egger2001-excess_significance", "log OR", 0.5, 2.82),
    Case("glmm/collins1985b-or-umfs-ml", "log OR", 0.5, 2.82),
    Case("pairwise/yusuf1985-peto", "log OR", 0.5, 2.82),
    Case("multilevel/berkey1998-id", "MD, mm probing depth", 0.5, 2.0, "PD"),
)


def read(case: Case) -> tuple[EffectTable, str]:
    """Effects of a data set and its citation."""
    found = json.loads((ROOT / f"tests/reference/{case.file}.json").read_text(encoding="utf-8"))
    rows, expected = pd.DataFrame(found["data"]), found["expected"]
    if case.outcome is not None:
        rows = rows[rows["outcome"] == case.outcome]
    if "yi" in rows:
        y, v = rows["yi"].to_numpy(dtype=float), rows["vi"].to_numpy(dtype=float)
    elif "yi" in expected:
        y, v = np.array(expected["yi"], dtype=float), np.array(expected["vi"], dtype=float)
    else:
        groups = rows[["ai", "n1i", "ci", "n2i"]].to_numpy(dtype=float).T
        y, s = empirical(groups, rates=False)
        v = s**2
    return table_of(y, np.sqrt(v)), str(found["dataset"]["name"])


def compared(case: Case, seed: int = 20240607) -> tuple[pd.DataFrame, SampledFit]:
    """Mean, median and limits of mu, tau and a new effect, in Monte Carlo errors."""
    table, _ = read(case)
    tau, mu = half_normal(case.tau), normal(0.0, case.mu)
    fit = sample_model(build_model(table, priors=Priors(mu=mu, tau=tau)), seed=seed)
    exact = pool_bayes(table, tau=tau, mu=mu)
    return compare_terms(exact.terms, fit.terms, most=MOST), fit


HEAD = """# Sampled against exact

Written by `benchmarks/agreement.py`. Each row: the normal model of `build_model`, sampled (4 chains
of 1,500 draws), beside the same posterior by quadrature (`pool_bayes`). Compared are mean, median and
95% limits of the average effect, of tau and of a new study's effect; differences are in Monte Carlo
errors of the figure (mcse), of which normal chance lets about one in 15,000 exceed 4. The priors are
half-normal (tau) and normal about 0 (mu) with the scales shown.

| data set | effect | k | prior of tau, of mu | mu exact | mu sampled | tau exact | tau sampled | farthest, in mcse | least ESS | R-hat | divergences |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""  # noqa: E501


def main() -> None:
    lines, worst, figures = [], 0.0, []
    for case in CASES:
        start = perf_counter()
        frame, fit = compared(case)
        name = read(case)[1]
        middle = frame[frame["quantity"] == "median"].set_index("term")
        d, z = fit.diagnostics, float(frame["z"].abs().max())
        worst = max(worst, z)
        figures += frame["z"].tolist()
        lines.append(
            f"| {name.removeprefix('dat.')} | {case.measure} | {len(fit.studies)} "
            f"| {case.tau:g}, {case.mu:g} "
            f"| {middle.loc['mu', 'exact']:.4f} | {middle.loc['mu', 'sampled']:.4f} "
            f"| {middle.loc['tau', 'exact']:.4f} | {middle.loc['tau', 'sampled']:.4f} "
            f"| {z:.1f} | {min(d.ess_bulk_min, d.ess_tail_min):.0f} | {d.r_hat_max:.4f} "
            f"| {d.divergences} |"
        )
        print(lines[-1], f"{perf_counter() - start:.0f} s", flush=True)
    rms = float(np.sqrt(np.mean(np.square(figures))))
    tail = (
        f"\nOf {len(figures)} figures the farthest lies {worst:.1f} Monte Carlo errors off; their "
        f"root mean square is {rms:.2f} (1 is expected).\n"
    )
    text = HEAD + "\n".join(lines) + "\n" + tail
    (ROOT / "docs/validation-sampling.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
