"""The engine in the page against the Python package: the same figures to eight digits."""

import itertools
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import browser, evaluate
from scipy import special, stats
from site_samples import REAL

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bayesian import exact as exact_module
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.kernels import tau_grid
from evidence.models.bayesian.priors import flat, half_normal, normal
from evidence.models.borrowing.borrow import borrow
from evidence.models.frequentist.options import CI_METHODS
from evidence.models.frequentist.pool import pool
from evidence.report.numbers import number
from evidence.report.result import ResultFile
from evidence.report.site.question import TAU2_CHOICES, page_data
from evidence.report.site.render import asset

pytestmark = browser
TOLERANCE = 1e-8
Table = tuple[list[float], list[float]]
POOL = """
function main({ tables, cases }) {
  return cases.map(([i, model, tau2, ci]) => {
    const [y, s] = tables[i];
    const fit = Engine.pool(y, s.map((x) => x * x), { model, tau2: tau2 || undefined, ci });
    return { ...fit, df: Number.isFinite(fit.df) ? fit.df : null };
  });
}"""
BAYES = """
function main({ cases }) {
  return cases.map(([y, s, mean, sd, scale]) => Engine.bayes(
    y, s, { mu: sd === null ? null : { mean, sd }, tau: { scale } }));
}"""


def random_tables() -> list[Table]:
    """Tables of 1 to 30 trials: agreeing and not, tiny and huge."""
    rng = np.random.default_rng(20301)
    found: list[Table] = []
    for k in (1, 2, 2, 3, 4, 5, 7, 10, 16, 30):
        for spread, unit in itertools.product((0.0, 1.0, 20.0), (1e-6, 1.0, 1e6)):
            s = np.exp(rng.normal(0, 1, k))
            y = 3 * rng.normal() + rng.normal(0, 1, k) * np.hypot(s, spread)
            found.append(((y * unit).tolist(), (s * unit).tolist()))
    # Agreement beyond chance and a precise contradiction: tau2 at 0 and far above the variances.
    found.append(([1.0, 1.1, 0.9, 1.0], [1.0, 2.0, 3.0, 1.0]))
    found.append(([0.0, 1000.0], [1e-3, 1e-3]))
    return found


def real_questions() -> list[tuple[ResultFile, Any]]:
    paths = sorted(REAL.reports_folder.glob("*/result.json"))
    results = [ResultFile.model_validate_json(path.read_bytes()) for path in paths]
    return [(result, question) for result in results for question in result.questions]


def real_tables() -> list[Table]:
    """The effects of every question of the project, as its page has them."""
    return [
        ([x.estimate for x in q.effects], [x.std_error for x in q.effects])
        for _, q in real_questions()
        if q.effects
    ]


def compared(found: dict[str, Any], table: Table, model: str, tau2: str | None, ci: str) -> None:
    """Hold one fit against Python's; deviations are in units of the figure's own uncertainty."""
    fit = pool(table_of(*table), model=model, tau2=tau2, ci=ci)  # type: ignore[arg-type]
    row, het, error = fit.terms.iloc[0], fit.heterogeneity, fit.std_error
    pairs = [
        (found["estimate"], fit.estimate, error),
        (found["std_error"], fit.std_error, error),
        (found["ci_low"], row["ci_low"], error),
        (found["ci_high"], row["ci_high"], error),
        (found["p"], row["p"], max(row["p"], 1e-290)),
    ]
    pairs += list(zip(found["weights"], fit.weights, itertools.repeat(100.0)))
    if het.tau2 is not None:
        pairs.append((found["tau2"], het.tau2, het.tau2 + min(table[1]) ** 2))
        pairs.append((found["i2"], het.i2, 100.0))
    if het.q is not None:
        pairs.append((found["q"], het.q, max(het.q, 1e-6)))
        pairs.append((found["q_p"], het.p, max(het.p or 0.0, 1e-290)))
    assert (found["prediction"] is None) == (fit.prediction is None)
    if fit.prediction is not None:
        pairs.append((found["prediction"]["low"], fit.prediction.low, error))
        pairs.append((found["prediction"]["high"], fit.prediction.high, error))
    if fit.hartung_knapp_multiplier is not None:
        pairs.append((found["hartung_knapp_multiplier"], fit.hartung_knapp_multiplier, 1.0))
    worst = max(abs(a - b) / unit for a, b, unit in pairs)
    assert worst < TOLERANCE, (model, tau2, ci, table, worst)


def pool_cases(tables: list[Table], least: int) -> list[tuple[int, str, str | None, str]]:
    """Every estimator and every interval for each table, paired in turn."""
    found: list[tuple[int, str, str | None, str]] = []
    turns = itertools.cycle(CI_METHODS)
    for i, (y, _) in enumerate(tables):
        found.append((i, "common", None, "wald"))
        found.append((i, "common", None, "t"))
        names = TAU2_CHOICES[: least if len(y) == 1 else None]
        found += [(i, "random", tau2, next(turns)) for tau2 in names]
    return found


@pytest.mark.parametrize(
    "tables",
    [
        random_tables()[::9],
        pytest.param(random_tables(), marks=pytest.mark.slow),
        pytest.param(real_tables(), marks=pytest.mark.slow),
    ],
    ids=["some", "random", "project"],
)
def test_pooling_is_that_of_the_package(tables: list[Table], tmp_path: Path) -> None:
    cases = pool_cases(tables, 1)
    found = evaluate(asset("engine.js") + POOL, tmp_path, tables=tables, cases=cases)
    assert len(found) == len(cases) > 100
    for fit, (i, model, tau2, ci) in zip(found, cases, strict=True):
        compared(fit, tables[i], model, tau2, ci)


def test_the_page_redoes_the_fit_of_every_report(tmp_path: Path) -> None:
    """Declared options as the page reads them give the report's own ten digits."""
    asked = [(r, q) for r, q in real_questions() if q.main is not None]
    data = [page_data(_report(r), q) for r, q in asked]
    tables = [([x["y"] for x in d["rows"]], [x["s"] for x in d["rows"]]) for d in data]
    cases = [
        (i, d["declared"]["model"], d["declared"]["tau2"], d["declared"]["ci"])
        for i, d in enumerate(data)
    ]
    found = evaluate(asset("engine.js") + POOL, tmp_path, tables=tables, cases=cases)
    for fit, (_, q) in zip(found, asked, strict=True):
        main = q.main
        # The report's own estimates have ten digits, which t with 1 df makes eight of.
        width = main.ci_high - main.ci_low
        for name in ("estimate", "std_error", "ci_low", "ci_high"):
            assert abs(fit[name] - getattr(main, name)) < TOLERANCE * width, q.id


def _report(result: ResultFile) -> Any:
    from evidence.report.site.data import ReportData, RunShown

    return ReportData(result, RunShown(command="", evidence="", data_hash=""), {}, {})


def bayes_cases(tables: list[Table]) -> list[tuple[Any, ...]]:
    """Narrow and wide priors, in units of each table's own errors; normal and flat means."""
    shapes = [(0.0, 10.0, 0.5), (1.0, 1.0, 2.0), (0.0, None, 0.1), (0.0, 4.0, 1e-3)]
    turns = itertools.cycle(shapes)
    found = []
    for y, s in tables:
        for mean, sd, scale in itertools.islice(turns, 2):
            unit = max(s)
            found.append((y, s, mean * unit, None if sd is None else sd * unit, scale * unit))
    return found


def held_against(found: list[Any], cases: list[tuple[Any, ...]]) -> float:
    worst = 0.0
    for fit, (y, s, mean, sd, scale) in zip(found, cases, strict=True):
        mu = flat() if sd is None else normal(mean, sd)
        own = pool_bayes(table_of(y, s), tau=half_normal(scale), mu=mu)
        for term in ("mu", "tau", "prediction"):
            row = own.terms.set_index("term").loc[term]
            width = row["ci_high"] - row["ci_low"]
            for name in ("mean", "median", "sd", "ci_low", "ci_high"):
                if row[name] is not None:
                    worst = max(worst, abs(fit[term][name] - row[name]) / width)
        below = abs(fit["mu"]["probability_below"] - own.probability_below(0.0))
        worst = max(worst, below)
    return worst


@pytest.mark.slow
def test_bayes_is_that_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The package stops at 1e-9 of its integrals, which quantiles far out feel; here it goes on.
    monkeypatch.setattr(exact_module, "tau_grid", partial(tau_grid, tolerance=1e-12))
    modest = [t for t in random_tables() if np.ptp(t[0]) < 40 * min(t[1])]
    cases = bayes_cases(modest)
    found = evaluate(asset("engine.js") + BAYES, tmp_path, cases=cases)
    assert len(cases) > 40
    assert held_against(found, cases) < TOLERANCE


@pytest.mark.slow
def test_bayes_under_a_sharp_contradiction(tmp_path: Path) -> None:
    """Rounding of a log density of a million leaves six digits, to the package and to the page."""
    cases = bayes_cases([t for t in random_tables() if np.ptp(t[0]) >= 40 * min(t[1])][:-1])
    found = evaluate(asset("engine.js") + BAYES, tmp_path, cases=cases)
    assert held_against(found, cases) < 1e-6


def test_bayes_of_every_question_is_that_of_the_package_and_of_its_report(tmp_path: Path) -> None:
    asked = [(r, q) for r, q in real_questions() if q.exact is not None]
    cases = []
    for result, q in asked:
        data = page_data(_report(result), q)
        prior = data["prior"]
        assert prior is not None, f"{q.id}: the page cannot compute with its priors"
        mu = prior["mu"] or {"mean": 0.0, "sd": None}
        rows = data["rows"]
        cases.append(
            ([x["y"] for x in rows], [x["s"] for x in rows], *mu.values(), prior["tau"]["scale"])
        )
    found = evaluate(asset("engine.js") + BAYES, tmp_path, cases=cases)
    assert held_against(found, cases) < TOLERANCE
    for fit, (_, q) in zip(found, asked, strict=True):
        for line in q.exact.terms:
            width = line.ci_high - line.ci_low
            for name in ("median", "ci_low", "ci_high"):
                assert abs(fit[line.term][name] - getattr(line, name)) < 1e-7 * width, q.id


BORROW = """
function main({ cases }) {
  return cases.map(([method, target, source, prior, vague, d, threshold]) => method === "power"
    ? Engine.powerPrior(target, source, prior, d, { threshold })
    : Engine.predicted(source, prior, vague, d, { threshold }));
}"""


def test_borrowing_is_that_of_the_package(tmp_path: Path) -> None:
    rng, cases, own = np.random.default_rng(20302), [], []
    for k, m, discount in itertools.product((1, 3), (1, 5), (0.0, 0.3, 1.0)):
        target, source = ((rng.normal(0, 1, n), np.exp(rng.normal(-1, 0.5, n))) for n in (k, m))
        sides = [{"y": y.tolist(), "s": s.tolist()} for y, s in (target, source)]
        prior = {"mu": {"mean": 0.1, "sd": 2.0}, "tau": {"scale": 0.4}}
        cases.append(("power", *sides, prior, None, discount, 0.2))
        own.append(
            borrow(
                table_of(*target), table_of(*source), method="power", tau=half_normal(0.4),
                mu=normal(0.1, 2.0), discount=discount, threshold=0.2, curve=[discount],
            ).terms.loc["borrowed"]
        )  # fmt: skip
    found = evaluate(asset("engine.js") + BORROW, tmp_path, cases=cases)
    for fit, row in zip(found, own, strict=True):
        for name in ("mean", "median", "sd", "ci_low", "ci_high"):
            assert abs(fit[name] - row[name]) < TOLERANCE * row["sd"]
        assert abs(fit["probability_below"] - row["probability_below"]) < TOLERANCE


def test_what_every_question_borrows_is_what_its_report_prints(tmp_path: Path) -> None:
    cases, told = [], []
    for result, q in real_questions():
        data = page_data(_report(result), q)
        lent = data["borrow"]
        if lent is None:
            assert q.borrowed is None or not q.borrowed.rows, f"{q.id} is not redone in its page"
            continue
        rows = data["rows"]
        target = {"y": [x["y"] for x in rows], "s": [x["s"] for x in rows]}
        rest = (target, lent["source"], lent["prior"], lent["vague"])
        for line in (*q.borrowed.curve, *(r for r in q.borrowed.rows if r.term == "borrowed")):
            cases.append((lent["method"], *rest, line.discount, lent["threshold"]))
            told.append((q.id, data["scale"], line))
    found = evaluate(asset("engine.js") + BORROW, tmp_path, cases=cases)
    assert len(found) > 20
    for fit, (name, scale, line) in zip(found, told, strict=True):
        back = {"log": math.exp, "identity": float}[scale]
        # The reports keep six digits of a borrowed answer.
        got = [back(fit[x]) for x in ("median", "ci_low", "ci_high")]
        assert got == pytest.approx([line.estimate, line.low, line.high], rel=6e-6), name
        assert fit["probability_below"] == pytest.approx(line.probability_below, abs=2e-6), name


def test_distributions_are_those_of_scipy(tmp_path: Path) -> None:
    script = asset("engine.js") + """
function main({ x, t, chi, levels }) {
  return {
    erfc: x.map(Engine.erfc),
    quantile: levels.map(Engine.normalQuantile),
    p: t.map(([z, df]) => Engine.twoSidedP(z, df)),
    chi: chi.map(([q, df]) => Engine.chi2Upper(q, df)),
    critical: levels.flatMap((p) => [1, 2, 3, 7, 30].map((df) => Engine.critical(p, df))),
  };
}"""  # fmt: skip
    x = np.concatenate([np.linspace(-6, 26, 129), [2.1999, 2.2001, 6.001]])
    levels = [1e-12, 0.02, 0.5, 0.9, 0.95, 0.999]
    t = [(z, df) for z in (0.0, 0.01, 0.5, 2.0, 8.0, 1e4) for df in (1, 2, 3, 4, 5, 29, 30)]
    chi = [(q, df) for q in (0.0, 0.1, 1.0, 5.0, 80.0, 900.0) for df in (1, 2, 3, 4, 28, 29)]
    found = evaluate(script, tmp_path, x=x.tolist(), t=t, chi=chi, levels=levels)
    assert found["erfc"] == pytest.approx(special.erfc(x), rel=1e-12, abs=1e-300)
    assert found["quantile"] == pytest.approx(special.ndtri(levels), rel=1e-12, abs=1e-15)
    assert found["p"] == pytest.approx([2 * stats.t.sf(z, df) for z, df in t], rel=1e-12)
    assert found["chi"] == pytest.approx([stats.chi2.sf(q, df) for q, df in chi], rel=1e-12)
    wanted = [stats.t.ppf((1 + p) / 2, df) for p in levels for df in (1, 2, 3, 7, 30)]
    assert found["critical"] == pytest.approx(wanted, rel=1e-9)


def test_numbers_are_written_as_the_reports_write_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = [0.125, 0.375, -0.125, 2.5, 3.5, -0.0001, 0.0, 1e-9, 123456.5, 0.5, 1.5, 1e15]
    values += (rng.normal(0, 1, 300) * 10.0 ** rng.integers(-6, 6, 300)).tolist()
    cases = [(x, d) for x in values for d in (0, 1, 2, 5)]
    script = asset("engine.js") + (
        "function main({ cases }) { return cases.map(([x, d]) => Engine.number(x, d)); }"
    )
    assert evaluate(script, tmp_path, cases=cases) == [number(x, d) for x, d in cases]


def test_what_cannot_be_computed_is_refused(tmp_path: Path) -> None:
    script = asset("engine.js") + """
const why = (run) => { try { run(); return "computed"; } catch (error) { return error.message; } };
function main() {
  return [
    why(() => Engine.pool([], [])),
    why(() => Engine.pool([1, 1], [1, 2], { ci: "hartung_knapp" })),
    why(() => Engine.bayes([], [], { mu: null, tau: { scale: 1 } })),
  ];
}"""  # fmt: skip
    assert evaluate(script, tmp_path) == [
        "nothing is left to pool",
        "identical estimates: this interval would have no width",
        "nothing is left",
    ]
    with pytest.raises(FitError, match="the standard error would be 0"):
        pool(table_of([1.0, 1.0], [1.0, 2.0]), ci="hartung_knapp")


def test_the_comparison_sees_a_wrong_digit(tmp_path: Path) -> None:
    wrong = asset("engine.js").replace("(k - 1)) / slope", "(k - 1.000001)) / slope")
    broken = wrong.replace("form(y, w) - (y.length - 1)", "form(y, w) - (y.length - 1.00001)")
    assert broken != asset("engine.js")
    table: Table = ([0.0, 2.0, 4.0], [1.0, 1.0, 1.0])
    case = (0, "random", "dersimonian_laird", "wald")
    found = evaluate(broken + POOL, tmp_path, tables=[table], cases=[case])
    with pytest.raises(AssertionError, match="dersimonian_laird"):
        compared(found[0], table, *case[1:])


def test_the_engine_offers_what_the_page_lists(tmp_path: Path) -> None:
    script = asset("engine.js") + "function main() { return Engine.estimators; }"
    assert set(evaluate(script, tmp_path)) == set(TAU2_CHOICES)
