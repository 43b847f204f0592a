"""Analyses made elsewhere, rerun: against metafor's results that stand in the invented review."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evidence.effects.foreign.rm5 import read_rm5
from evidence.effects.foreign.tables import foreign_table
from evidence.errors import EffectError
from evidence.models.frequentist.pool import pool
from evidence.report.exchange.rerun import agree, compare_stored, rerun_analysis

INVENTED = Path(__file__).parents[2] / "effects" / "foreign" / "invented.rm5"
ANALYSES = read_rm5(INVENTED).analyses
# Files of published reviews are not kept here: EVIDENCE_RM5=FOLDER pytest -k published
PUBLISHED = sorted(Path(os.environ.get("EVIDENCE_RM5", "no folder")).glob("*.rm5"))


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda one: one.id)
def test_every_stored_figure_is_found_again(analysis) -> None:  # type: ignore[no-untyped-def]
    found = compare_stored(analysis)
    assert len(found) >= 8
    assert [one for one in found if not one.agrees] == []
    assert max(abs(one.theirs - one.ours) for one in found) < 1e-9


@pytest.mark.parametrize("figure", ["estimate", "ci_low", "tau2", "q", "i2", "z"])
def test_a_stored_figure_that_is_wrong_is_seen(figure: str) -> None:
    analysis = next(one for one in ANALYSES if one.id == "2.1")
    figures = dict(analysis.stored.figures)
    figures[figure] *= 1.0001
    wrong = replace(analysis, stored=replace(analysis.stored, figures=figures))
    assert [one.figure for one in compare_stored(wrong) if not one.agrees] == [figure]


def test_subgroups_alone_are_compared_where_the_file_pools_no_more() -> None:
    analysis = next(one for one in ANALYSES if one.id == "1.3")
    parts = {one.part for one in compare_stored(replace(analysis, totals="subgroups"))}
    assert parts == {"subgroup 1", "subgroup 2"}
    assert not compare_stored(replace(analysis, totals="none"))


def test_inverse_variance_is_what_pool_gives() -> None:
    analysis = next(one for one in ANALYSES if one.id == "2.1")
    made = rerun_analysis(analysis)
    fit = pool(foreign_table(analysis), tau2="dersimonian_laird", ci="wald")
    assert made.estimate == pytest.approx(fit.estimate, rel=1e-12)
    assert made.std_error == pytest.approx(fit.std_error, rel=1e-12)
    assert made.weights == pytest.approx(tuple(fit.weights), rel=1e-12)


def test_a_file_that_names_reml_and_hartung_knapp_gets_them() -> None:
    analysis = next(one for one in ANALYSES if one.id == "3.1")
    made = rerun_analysis(replace(analysis, estimator="reml", interval="hartung_knapp"))
    fit = pool(foreign_table(analysis), tau2="reml", ci="hartung_knapp")
    assert made.tau2 == fit.heterogeneity.tau2
    assert made.ci_low == pytest.approx(np.exp(fit.ci_low))


def test_one_trial_stands_for_itself() -> None:
    analysis = next(one for one in ANALYSES if one.id == "1.1")
    made = rerun_analysis(replace(analysis, random=True, trials=analysis.trials[:1]))
    assert (made.k, made.q, made.q_df, made.i2, made.tau2) == (1, 0.0, 0, 0.0, 0.0)
    assert made.weights == pytest.approx((100.0,))


def test_methods_that_do_not_exist_are_refused() -> None:
    analysis = next(one for one in ANALYSES if one.id == "2.1")
    with pytest.raises(EffectError, match="Mantel-Haenszel for MD"):
        rerun_analysis(replace(analysis, method="mantel_haenszel"))


def test_figures_agree_to_six_digits_or_decimals() -> None:
    assert agree(0.0, 4e-7)
    assert not agree(0.0, 4e-6)
    assert agree(123456.7, 123456.75)
    assert not agree(1.0, float("nan"))


def test_the_test_for_subgroup_differences_is_compared() -> None:
    analysis = next(one for one in ANALYSES if one.id == "1.3")
    parts = [rerun_analysis(analysis, name) for name in ("1", "2")]
    y = np.array([part.estimate for part in parts])
    w = np.array([part.std_error**-2 for part in parts])
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    figures = {**analysis.stored.figures, "subgroup_q": q, "subgroup_i2": 0.0}
    found = compare_stored(replace(analysis, stored=replace(analysis.stored, figures=figures)))
    between = [one for one in found if one.part == "between subgroups"]
    assert [one.figure for one in between] == ["q", "i2"]
    assert all(one.agrees for one in between)


def test_trials_in_which_everyone_had_the_event_count_as_a_ratio_of_1() -> None:
    analysis = next(one for one in ANALYSES if one.id == "1.1")
    figures = {"events1": 20.0, "n1": 20.0, "events2": 18.0, "n2": 18.0}
    full = replace(analysis.trials[0], figures=figures)
    alone = rerun_analysis(replace(analysis, trials=(full,)))
    assert alone.estimate == pytest.approx(1.0, abs=1e-12)
    both = rerun_analysis(replace(analysis, trials=(full, *analysis.trials), random=True))
    assert both.k == rerun_analysis(analysis).k + 1
    assert 0.5 < both.estimate < 1


@pytest.mark.filterwarnings("ignore::evidence.errors.EvidenceWarning")
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_published_review_is_rerun(path: Path) -> None:
    found = [one for analysis in read_rm5(path).analyses for one in compare_stored(analysis)]
    assert found
    assert [one for one in found if not one.agrees] == []


@pytest.mark.parametrize(
    "counts", [[(0, 24, 0, 24), (0, 12, 0, 13)], [(0, 17, 0, 18), (3, 18, 3, 15)]]
)
def test_a_risk_difference_has_the_spread_of_tables_without_empty_cells(
    counts: list[tuple[int, int, int, int]],
) -> None:
    analysis = next(one for one in ANALYSES if one.id == "1.3")
    names = ("events1", "n1", "events2", "n2")
    trials = tuple(
        replace(
            analysis.trials[0],
            study=f"T{i}",
            subgroup="",
            figures=dict(zip(names, row, strict=True)),
        )
        for i, row in enumerate(counts)
    )
    made = rerun_analysis(replace(analysis, trials=trials, subgroups=(), random=False))
    j = k = 0.0
    for a, n1, c, n2 in counts:
        k += n1 * n2 / (n1 + n2)
        empty = 0.5 if 0 in (a, n1 - a, c, n2 - c) else 0.0
        a, c, n1, n2 = a + empty, c + empty, n1 + 2 * empty, n2 + 2 * empty
        j += (a * (n1 - a) * n2**3 + c * (n2 - c) * n1**3) / (n1 * n2 * (n1 + n2) ** 2)
    assert made.std_error == pytest.approx(j**0.5 / k, rel=1e-12)
    alone = rerun_analysis(replace(analysis, trials=trials[:1], subgroups=(), random=False))
    a, n1, c, n2 = (x + y for x, y in zip(counts[0], (0.5, 1, 0.5, 1), strict=True))
    own = a * (n1 - a) / n1**3 + c * (n2 - c) / n2**3
    assert alone.std_error == pytest.approx(own**0.5, rel=1e-12)


def test_i2_of_one_trial_is_not_compared() -> None:
    analysis = next(one for one in ANALYSES if one.id == "1.1")
    stored = replace(
        analysis.stored, figures={"estimate": 0.7, "q": 1e-31, "q_df": 0.0, "i2": 100.0}
    )
    one = replace(analysis, trials=analysis.trials[:1], subgroups=(), stored=stored)
    figures = {line.figure for line in compare_stored(one) if line.part == "all trials"}
    assert figures == {"estimate", "q", "q_df"}
