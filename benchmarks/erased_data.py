"""Erase published data in part and see what comes back: ``python benchmarks/erased_data.py``.

Writes docs/validation-partial.md. Each repetition turns some rows of a published data set into
partial reports and pools them three ways, under the same priors: complete reports only, all that
was said, and what is often done by hand. The yardstick is the posterior of the whole data.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from scipy import stats

from evidence.effects.statements import ErrorForm, Statement
from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.many import pool_bayes_many
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.space import ReportPriors

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "reference"
PAGE = ROOT / "docs" / "validation-partial.md"
SEED = 20240607
SHARES = (0.25, 0.5, 0.75)
REPETITIONS, BY_KIND, SIMULATED, FURTHER = 20, 5, 400, 4000
LOGS = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))
DAYS = ReportPriors(mu=normal(0, 30), tau=half_normal(15))
SETS = {
    "bcg": ("pairwise/bcg-mh-rr.json", "log RR", LOGS, 1),
    "hackshaw1998": ("pairwise/hackshaw1998-or-reml.json", "log OR, no n", LOGS, 1),
    "hine1989": ("glmm/hine1989-or-cmal-ee.json", "log OR", LOGS, 1),
    "normand1999": ("effect_sizes/normand1999-clesn.json", "days", DAYS, 0),
    "raudenbush1985": ("publication_bias/raudenbush1985-excess_significance.json", "SMD", LOGS, 1),
    "collins1985a": ("pairwise/collins1985a-peto.json", "log OR", LOGS, 1),
    "hahn2001": ("effect_sizes/hahn2001-as.json", "log RR", LOGS, 1),
    "bangertdrowns2004": (
        "publication_bias/bangertdrowns2004-excess_significance.json", "SMD", LOGS, 1,
    ),
}  # fmt: skip
METHODS = ("complete reports only", "all that was said", "by hand")


@dataclass(frozen=True, slots=True)
class Body:
    """A data set: estimates, standard errors, sizes (NaN: not printed), priors, decimals."""

    name: str
    y: np.ndarray
    s: np.ndarray
    size: np.ndarray
    priors: ReportPriors
    decimals: int


def read(name: str) -> Body:
    path, scale, priors, decimals = SETS[name]
    d = pd.DataFrame(json.loads((FIXTURES / path).read_text(encoding="utf-8"))["data"])
    size = np.full(len(d), np.nan)
    if "ai" in d:
        rows = d[["ai", "n1i", "ci", "n2i"]].to_numpy(float)
        rows = rows[
            (rows[:, 0] + rows[:, 2] > 0) & (rows[:, 0] + rows[:, 2] < rows[:, 1::2].sum(1))
        ]
        a, n, c, m = rows.T
        size = np.sqrt(1 / n + 1 / m)
        empty = (a == 0) | (c == 0) | (a == n) | (c == m)
        a, c, b, e = (x + 0.5 * empty for x in (a, c, n - a, m - c))
        if "OR" in scale:
            y, v = np.log(a * e / (b * c)), 1 / a + 1 / b + 1 / c + 1 / e
        else:
            y, v = np.log(a / (a + b) * (c + e) / c), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + e)
    elif "m1i" in d:
        y = (d.m1i - d.m2i).to_numpy(float)
        v = (d.sd1i**2 / d.n1i + d.sd2i**2 / d.n2i).to_numpy(float)
        size = np.sqrt(1 / d.n1i + 1 / d.n2i).to_numpy(float)
    else:
        y, v = d.yi.to_numpy(float), d.vi.to_numpy(float)
        if "ni" in d:
            size = 2 / np.sqrt(d.ni.to_numpy(float))
    return Body(name, y, np.sqrt(v), size, priors, decimals)


def z_of(p: float) -> float:
    return float(stats.norm.isf(p / 2))


def complete(body: Body, i: int) -> Statement:
    size = None if np.isnan(body.size[i]) else float(body.size[i])
    return Statement(
        row=str(i), study=str(i), label=str(i), kind="complete", estimate=float(body.y[i]),
        errors=(ErrorForm(float(body.s[i] ** 2)),), size=size,
    )  # fmt: skip


def level_of(y: float, s: float) -> float | None:
    """The bound that a P is printed as; None: not significant."""
    p = 2 * stats.norm.sf(abs(y) / s)
    return next((bound for bound in (0.001, 0.01, 0.05) if p < bound), None)


def bounded_p(told: Statement, body: Body, i: int, _rng: np.random.Generator) -> Statement:
    y, bound = float(body.y[i]), level_of(body.y[i], body.s[i])
    if y == 0:
        return told
    if bound is None:
        return replace(told, kind="estimate_not_significant", errors=(), se_low=abs(y) / z_of(0.05))
    kind = "estimate_with_bounded_p"
    return replace(told, kind=kind, errors=(), se_high=abs(y) / z_of(bound), said=f"{bound}")


def tested_direction(told: Statement, body: Body, i: int, _rng: np.random.Generator) -> Statement:
    bound = level_of(body.y[i], body.s[i])
    blank = replace(told, estimate=None, errors=())
    if bound is None:
        return replace(blank, kind="not_significant", z_high=z_of(0.05))
    sign = int(np.sign(body.y[i]))
    return replace(blank, kind="direction_with_p", sign=sign, z_low=z_of(bound))


def direction(told: Statement, body: Body, i: int, _rng: np.random.Generator) -> Statement:
    return replace(told, kind="direction", estimate=None, errors=(), sign=int(np.sign(body.y[i])))


def no_error(told: Statement, _body: Body, _i: int, _rng: np.random.Generator) -> Statement:
    return replace(told, kind="estimate_alone", errors=())


def unnamed(told: Statement, body: Body, i: int, rng: np.random.Generator) -> Statement:
    """A ± that is an SD or a standard error, at even odds; without n only its upper end is left."""
    kind, s = "estimate_with_unlabelled_spread", float(body.s[i])
    if told.size is None:
        return replace(told, kind=kind, errors=(), se_high=s * float(rng.choice([1.0, 5.0])))
    printed = s if rng.random() < 0.5 else s / told.size
    forms = (ErrorForm(printed**2, 0.0, 0.5), ErrorForm((printed * told.size) ** 2, 0.0, 0.5))
    return replace(told, kind=kind, errors=forms)


def rounded(told: Statement, body: Body, i: int, _rng: np.random.Generator) -> Statement:
    y = round(float(body.y[i]), body.decimals)
    return replace(told, kind="rounded", estimate=y, half_widths=(0.5 * 10.0**-body.decimals,))


KINDS: dict[str, Callable[[Statement, Body, int, np.random.Generator], Statement]] = {
    "estimate, P as a bound": bounded_p,
    "P as a bound and direction": tested_direction,
    "direction": direction,
    "estimate, no error": no_error,
    "estimate, ± without a name": unnamed,
    "estimate rounded": rounded,
}


def by_hand(told: Statement, typical_sd: float) -> tuple[float, float] | None:
    """Estimate and error as they are often filled in: None where the report is dropped."""
    if told.estimate is None:
        return None
    if told.kind == "estimate_with_bounded_p":
        # P < 0.05 is taken as P = 0.05.
        return told.estimate, told.se_high
    if told.kind == "estimate_with_unlabelled_spread" and told.errors:
        # The ± is taken as an SD.
        return told.estimate, told.errors[-1].variance ** 0.5
    if told.kind in ("complete", "rounded"):
        return told.estimate, told.errors[0].variance ** 0.5
    if told.size is None or not np.isfinite(typical_sd):
        return None
    return told.estimate, typical_sd * told.size


def exact(pairs: list[tuple[float, float]], priors: ReportPriors) -> dict[str, float] | None:
    if not pairs:
        return None
    fit = pool_bayes(table_of(*zip(*pairs, strict=True)), tau=priors.tau, mu=priors.mu)
    return fit.terms.set_index("term").loc["mu", ["mean", "sd", "ci_low", "ci_high"]].to_dict()


def three_ways(told: list[Statement], priors: ReportPriors) -> list[dict[str, float] | None]:
    """Mean, SD and interval of mu by each of ``METHODS``; None where there is no answer."""
    known = [s for s in told if s.kind == "complete"]
    sds = [s.errors[0].variance ** 0.5 / s.size for s in known if s.size is not None]
    typical = float(np.median(sds)) if sds else np.nan
    filled = [pair for s in told if (pair := by_hand(s, typical)) is not None]
    try:
        fit = pool_reports(told, priors=priors, influence=False)
        mu = fit.terms.set_index("term").loc["mu"]
        every = {name: float(mu[name]) for name in ("mean", "sd", "ci_low", "ci_high")}
    except FitError as error:
        if "standard error has nowhere" not in error.message:
            raise
        every = None
    only = [(s.estimate, s.errors[0].variance ** 0.5) for s in known]
    return [exact(only, priors), every, exact(filled, priors)]


def erase(body: Body, share: float, kind: str | None, rng: np.random.Generator) -> list[Statement]:
    k = body.y.size
    gone = set(rng.choice(k, size=min(round(share * k), k - 1), replace=False).tolist())
    told = []
    for i in range(k):
        one = complete(body, i)
        if i in gone:
            how = kind or str(rng.choice(list(KINDS)))
            one = KINDS[how](one, body, i, rng)
        told.append(one)
    return told


def repetition(job: tuple[str, float, str | None, int]) -> list[dict[str, object]]:
    name, share, kind, number = job
    body = read(name)
    key = [SEED, list(SETS).index(name), round(100 * share), number]
    rng = np.random.default_rng([*key, 0 if kind is None else 1 + list(KINDS).index(kind)])
    whole = exact(list(zip(body.y.tolist(), body.s.tolist(), strict=True)), body.priors)
    rows = []
    told = erase(body, share, kind, rng)
    for method, mu in zip(METHODS, three_ways(told, body.priors), strict=True):
        row: dict[str, object] = {"set": name, "share": share, "kind": kind, "method": method}
        rows.append(row | {"answered": mu is not None})
        if mu is None or whole is None:
            continue
        rows[-1] |= {
            "off": (mu["mean"] - whole["mean"]) / whole["sd"],
            "covers": mu["ci_low"] <= whole["mean"] <= mu["ci_high"],
            "width": (mu["ci_high"] - mu["ci_low"]) / (whole["ci_high"] - whole["ci_low"]),
        }
    return rows


SIMULATED_PRIORS = ReportPriors(
    mu=normal(0, 1), tau=half_normal(0.5), log_sd=normal(0, 1), log_sd_spread=half_normal(0.5)
)


def simulated(number: int) -> list[dict[str, object]]:
    """Eight trials of a truth drawn from the priors, a random share of them told in part."""
    rng = np.random.default_rng([SEED, 99, number])
    k = 8
    mu, tau = rng.normal(0, 1), abs(rng.normal(0, 0.5))
    sd = np.exp(rng.normal(0, 1) + abs(rng.normal(0, 0.5)) * rng.normal(size=k))
    n = rng.integers(15, 120, k)
    size = np.sqrt(2 / n)
    y = rng.normal(mu, tau, k) + sd * size * rng.normal(size=k)
    seen = sd * np.sqrt(rng.chisquare(2 * n - 2) / (2 * n - 2))
    body = Body("simulated", y, seen * size, size, SIMULATED_PRIORS, 1)
    told = erase(body, float(rng.choice(SHARES)), None, rng)
    rows = []
    whole = exact(list(zip(y.tolist(), body.s.tolist(), strict=True)), body.priors)
    answers = [whole, *three_ways(told, body.priors)]
    for method, found in zip(("nothing erased", *METHODS), answers, strict=True):
        rows.append({"method": method, "answered": found is not None})
        if found is not None:
            rows[-1] |= {
                "off": found["mean"] - mu,
                "covers": found["ci_low"] <= mu <= found["ci_high"],
                "width": found["ci_high"] - found["ci_low"],
            }
    return rows


def nothing_erased() -> float:
    """Share of many more bodies like those of ``simulated`` whose interval holds mu, all told."""
    rng = np.random.default_rng([SEED, 98])
    shape = (FURTHER, 8)
    mu, tau = rng.normal(0, 1, FURTHER), abs(rng.normal(0, 0.5, FURTHER))
    spread = abs(rng.normal(0, 0.5, (FURTHER, 1)))
    sd = np.exp(rng.normal(0, 1, (FURTHER, 1)) + spread * rng.normal(size=shape))
    n = rng.integers(15, 120, shape)
    y = rng.normal(mu[:, None], tau[:, None], shape) + sd * np.sqrt(2 / n) * rng.normal(size=shape)
    seen = sd * np.sqrt(rng.chisquare(2 * n - 2) / (2 * n - 2))
    priors = SIMULATED_PRIORS
    found = pool_bayes_many(y, seen * np.sqrt(2 / n), tau=priors.tau, mu=priors.mu).mu
    return float(((found["ci_low"] <= mu) & (mu <= found["ci_high"])).mean())


def summary(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Figures over the repetitions, in SDs of the whole data's posterior."""
    records = []
    for key, group in rows.groupby(by, sort=False):
        off = group["off"].dropna().to_numpy(float)
        covers = group["covers"].dropna().to_numpy(float)
        records.append(
            dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
            | {
                "bias": f"{off.mean():+.2f}",
                "root mean square": f"{np.sqrt((off**2).mean()):.2f}",
                "covered, %": f"{100 * covers.mean():.1f}",
                "width": f"{group['width'].mean():.2f}",
                "no answer": f"{int((~group['answered'].astype(bool)).sum())} of {len(group)}",
            }
        )
    return pd.DataFrame(records)


def markdown(table: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|---" * table.shape[1] + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.to_numpy()]
    return "\n".join(lines)


def fingerprint() -> str:
    parts = [FIXTURES / path for path, *_ in SETS.values()]
    return hashlib.sha256(b"".join(p.read_bytes() for p in parts)).hexdigest()


def tables(rows: pd.DataFrame, truth: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of the page, as they are printed."""
    mixed, alone = rows[rows["kind"].isna()], rows[rows["kind"].notna()]
    share = mixed.assign(share=(100 * mixed["share"]).astype(int).astype(str) + " %")
    return {
        "shares": summary(share, ["share", "method"]),
        "by_set": summary(mixed[mixed["share"] == 0.5], ["set", "method"]),
        "kinds": summary(alone[alone["method"] != "by hand"], ["kind", "method"]),
        "hands": summary(alone[alone["method"] == "by hand"], ["kind", "method"]),
        "truth": summary(truth, ["method"]),
    }


def worse(table: pd.DataFrame, what: str) -> list[str]:
    """Lines of a table in which all that was said does worse than dropping what is not complete."""
    by = list(table.columns[: list(table.columns).index("method")])
    groups = table.groupby(by[0], sort=False) if by else [("", table)]
    found = []
    for key, group in groups:
        dropped, said = (group[group["method"] == name].iloc[0] for name in METHODS[:2])
        n = int(said["no answer"].split(" of ")[1])
        error = float(said["root mean square"]) / n**0.5
        sides = [abs(float(row["bias"])) for row in (said, dropped)]
        if sides[0] > sides[1]:
            found.append(
                f"{what}{key}: bias {said['bias']} (Monte Carlo error {error:.2f}) against "
                f"{dropped['bias']}"
            )
        if float(said["root mean square"]) > float(dropped["root mean square"]):
            found.append(
                f"{what}{key}: root mean square {said['root mean square']} against "
                f"{dropped['root mean square']}"
            )
        if float(said["covered, %"]) < float(dropped["covered, %"]):
            found.append(
                f"{what}{key}: covered {said['covered, %']} % against {dropped['covered, %']} %"
            )
    return found


def page(found: dict[str, pd.DataFrame]) -> str:
    lines = [
        *worse(found["shares"], "share erased "),
        *worse(found["by_set"], "data set "),
        *worse(found["kinds"], "kind of report: "),
        *worse(found["truth"], "known truth"),
    ]
    words = TEXT.format(
        seed=SEED,
        hash=fingerprint(),
        sets=", ".join(f"{n} ({len(read(n).y)}, {SETS[n][1]})" for n in SETS),
        repetitions=REPETITIONS,
        by_kind=BY_KIND,
        simulated=SIMULATED,
        error=f"{100 * np.sqrt(0.95 * 0.05 / SIMULATED):.1f}",
        many=f"{FURTHER:,}",
        further=f"{100 * nothing_erased():.1f}",
        worse="\n".join(f"- {line}" for line in lines) or "Nowhere in these tables.",
        **{name: markdown(table) for name, table in found.items()},
    )
    return words + f"\nFingerprint of the tables: `{hashlib.sha256(words.encode()).hexdigest()}`\n"


TEXT = """# What comes back of data that were erased in part

Made by `python benchmarks/erased_data.py`; seed {seed}; SHA-256 of the data files
`{hash}`.

Rows of published data sets are turned into partial reports, and the rest is pooled under the same
priors three ways:

- **complete reports only**: the erased rows are dropped;
- **all that was said**: `pool_reports`;
- **by hand**: P < 0.05 beside an estimate is taken as P = 0.05, a ± without a name as an SD, a
  missing or "not significant" standard error as the median SD of the complete trials, a rounded
  figure as exact; what has no estimate is dropped.

The yardstick is the posterior of the whole data (`pool_bayes`, same priors). *bias* and *root mean
square* are of the posterior mean of mu, in posterior SDs of the whole data; *covered* is how often
the 95 % interval holds the whole data's mean; *width* is the interval's, relative to the whole
data's. Erasing can only widen an honest interval: a width below 1 is precision that was invented.
*Covered* is no test of a 95 % interval here: two intervals that share half of their trials seldom
exclude each other's mean, so that nearly 100 % is expected; the test is the known truth below.

Data sets (trials, scale): {sets}. Priors: mu normal(0, 2), tau half-normal(0.5) on logarithms and
standardised differences; normal(0, 30) and half-normal(15) for days; the default priors of the SDs.

## By the share of rows that were erased

Each erased row becomes one of six kinds of report at random; {repetitions} repetitions a data set
and share, all data sets together.

{shares}

## By data set, half of the rows erased

{by_set}

## By the kind of report, half of the rows erased

All erased rows become the same kind; {by_kind} repetitions a data set.

{kinds}

By hand, the same. The first row is P taken as its bound, the fourth the median SD imputed, the
fifth the ± taken as an SD; a direction, with or without P, is dropped:

{hands}

## A known truth

{simulated} bodies of eight trials, with mu, tau and the SDs drawn from the priors, standard errors
estimated from 15 to 120 people an arm, and 25, 50 or 75 % of the trials told in part. *covered* is
how often the 95 % interval holds the true mu (Monte Carlo error {error} at 95 %); bias, root mean
square and width are in the outcome's unit. All rows are of the same bodies, so that the first,
where nothing is erased, shows what chance does to the others too: compare with it rather than with
95. In {many} further bodies with nothing erased the interval holds mu in {further} %, so that what
the first row is short of 95 is chance, which the rows below share, and not the estimated standard
errors.

{truth}

## Where the model does worse than dropping

Every line of the tables above in which all that was said has a bias further from 0, a larger root
mean square or a smaller share covered than complete reports only:

{worse}

A bias within two Monte Carlo errors of 0 is none that these repetitions can tell. Even where the
bias is further from 0 the whole error, the root mean square, decides which answer is nearer. Where
a standard error is missing and n is known, imputing the median SD does as well as the model: what
the model adds there is that its interval knows of the guess.

## What this does not show

Rows are erased at random, and what is left of them is true. Where trials decide by their result
what to print, what is said here of complete reports no longer holds: "not significant" then is
said more often of some effects than of others. The likelihood uses what a report says and nothing
of why it says no more; `bias` models are for that.
"""


def main() -> None:
    start = perf_counter()
    jobs = [(n, share, None, r) for n in SETS for share in SHARES for r in range(REPETITIONS)]
    jobs += [(n, 0.5, kind, r) for kind in KINDS for n in SETS for r in range(BY_KIND)]
    with ProcessPoolExecutor(max_workers=2) as workers:
        rows = [row for found in workers.map(repetition, jobs, chunksize=8) for row in found]
        truth = [r for f in workers.map(simulated, range(SIMULATED), chunksize=8) for r in f]
    found = tables(pd.DataFrame(rows), pd.DataFrame(truth))
    PAGE.write_text(page(found), encoding="utf-8")
    sys.stdout.write(f"{len(jobs) + SIMULATED} bodies in {perf_counter() - start:.0f} s\n")


if __name__ == "__main__":
    main()
