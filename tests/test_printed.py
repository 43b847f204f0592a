"""What ``print`` shows of every result: a few readable lines, and no other figures than its own."""

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evidence as ev
from evidence.effects.statements import Statement
from evidence.models.bias.fail_safe import FailSafeN
from evidence.models.frequentist.events import ChiSquaredTest, EventsFit
from evidence.models.frequentist.fit import FitStatistics
from evidence.models.frequentist.subgroups import Subgroups
from evidence.models.glmm.fit import HeterogeneityTest, Tau2Test
from evidence.models.glmm.profile import Tau2ProfileInterval
from evidence.models.multiverse.result import MultiverseSummary
from evidence.models.network.fit import NetworkQ
from evidence.models.regression.fit import WaldTest
from evidence.models.regression.likelihood_ratio import LikelihoodRatio
from evidence.report.coherence.record import Incoherence
from evidence.report.verify import Moved, Verification
from tests.test_notebook import NAMES, one, table

pytestmark = [
    pytest.mark.filterwarnings("ignore::evidence.errors.EvidenceWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]
WIDE, LONG = 100, 30
# A frame of estimates is as wide as its columns.
FRAMES = {"ComponentFit", "NetworkEventsFit", "NetworkFit"}
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?")
# One study, one report: never "1 studies"; a decimal or another digit before the 1 is another.
WRONG_PLURAL = re.compile(
    r"(?<![\d.,-])1 (studies|effects|trials|analyses|reports|groups|clusters|fits|rows|columns|"
    r"comparisons|designs|components|treatments|subgroups|contrasts|coefficients|draws|arms|"
    r"outcomes|findings|files|numbers|combinations|duplicates|subsets|paths|degrees)\b"
)


@pytest.mark.parametrize("name", NAMES)
def test_every_result_prints_as_a_short_summary(name: str) -> None:
    value = one(name)
    text = str(value)
    lines = text.split("\n")
    if name not in {"NetworkData", "DoseTable"}:  # what they hold, in words
        assert not text.startswith(f"{name}(")
    assert "dtype" not in text
    assert "array(" not in text
    assert "DataFrame" not in text
    assert "None" not in text
    assert not re.search(r"\bnan\b", text)
    assert lines[0].strip()
    assert len(lines) <= LONG
    assert name in FRAMES or max(map(len, lines)) <= WIDE
    assert not any(line != line.rstrip() for line in lines)
    # The words of the rules for certainty are those that the reports print.
    assert name == "Certainty" or not WRONG_PLURAL.search(text)


def floats(value: Any, depth: int = 0) -> Iterator[float]:
    """All numbers that a record holds, however deep."""
    if isinstance(value, bool | str | type(None)) or depth > 5:
        return
    if isinstance(value, int | float | np.number):
        yield float(value)
    elif isinstance(value, pd.DataFrame | pd.Series):
        numeric = pd.DataFrame(value).apply(pd.to_numeric, errors="coerce")
        yield from numeric.to_numpy(dtype=float).ravel().tolist()
    elif isinstance(value, np.ndarray):
        if value.dtype.kind in "fiu":
            yield from value.astype(float).ravel().tolist()
    elif isinstance(value, tuple | list):
        for item in value:
            yield from floats(item, depth + 1)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from floats(getattr(value, field.name), depth + 1)


PLAIN = [
    "EventsFit", "LikelihoodRatio", "LocationScaleFit", "MultilevelComparison", "MultiverseTest",
    "NodeSplit", "PermutationTest", "PossibleAnswers", "RankProbabilities", "RobustWald",
    "SignTest", "Subgroups", "Tau2ProfileInterval", "WaldTest", "DoseGoodness",
    "Rerun", "DesignDecomposition",
]  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_no_other_figures_than_those_of_the_fields(name: str) -> None:
    value = one(name)
    held = {f"{x:.4g}" for x in floats(value)} | {f"{x:.3g}" for x in floats(value)}
    held |= {f"{x:.1f}" for x in floats(value)} | {f"{100 * x:g}" for x in floats(value)}
    held |= {f"{x:.0f}" for x in floats(value) if math.isfinite(x)}
    held |= {"0.0001", "95", "2"}  # p < 0.0001, the quantile of a null, and the 2 of I2, tau2
    # Counts of rows, columns and names.
    held |= {str(n) for n in range(20)}
    said = NUMBER.findall(str(value).replace(",0", "0"))
    assert said
    assert set(said) <= held, set(said) - held


def events(**changed: Any) -> EventsFit:
    frame = pd.DataFrame(
        {"a": [4, 6, 0], "n1": [123, 306, 50], "c": [11, 29, 0], "n2": [139, 303, 50]}
    )
    given: dict[str, Any] = {
        "method": "mantel_haenszel", "measure": "OR", "events_treatment": "a",
        "total_treatment": "n1", "events_control": "c", "total_control": "n2",
    }  # fmt: skip
    fit: EventsFit = ev.pool_events(frame, **(given | changed))
    return fit


def test_events_say_estimate_interval_test_and_method() -> None:
    fit = events(added=(0.5, "none"))
    text = str(fit).split("\n")
    assert text[0] == "Mantel-Haenszel meta-analysis of 3 studies (OR, log scale); interval: Wald z"
    assert text[1] == (
        f"  pooled        {fit.estimate:.4g} (95% CI {fit.ci_low:.4g} to {fit.ci_high:.4g}), "
        f"std. error {fit.std_error:.4g}, z = {fit.statistic:.3g}, p < 0.0001"
    )
    assert text[2].endswith(f"; I2 {fit.i2:.1f}%; 2 studies with an effect to compare")
    assert [line.split()[0] for line in text[3:]] == ["association", "Breslow-Day", "Tarone"]
    assert fit.tarone is not None
    assert text[5].endswith(str(fit.tarone))
    difference = str(events(measure="RD", level=0.9))
    assert "(RD); interval" in difference
    assert "90% CI" in difference
    assert "Tarone" not in difference
    assert str(events(method="peto", measure="OR")).startswith("Peto meta-analysis of 3 studies")


def test_tests_print_as_tests() -> None:
    wald = WaldTest(4.0, 2, math.inf, 0.135, ("dose", "age"))
    assert str(wald) == "Wald test of 2 coefficients: chi-squared(2) = 4, p = 0.135; dose, age"
    assert "F(2, 8) = 4" in str(dataclasses.replace(wald, df_residual=8.0))
    ratio = LikelihoodRatio(4.0, 1, 0.0455, 61.234, None)
    assert str(ratio) == (
        "Likelihood-ratio test of two regressions: chi-squared(1) = 4, p = 0.0455; R2 61.2%"
    )
    none = str(LikelihoodRatio(4.0, 1, 0.0455, None, "why not"))
    assert none.endswith("\n  note: no R2: why not")
    assert str(Tau2ProfileInterval(0.1, 0.02, 0.34567, 0.9)) == (
        "Profile-likelihood interval of tau2: 0.1 (90% CI 0.02 to 0.3457)"
    )
    assert str(ChiSquaredTest(4.0, 2, 0.135)) == "chi-squared(2) = 4, p = 0.135"
    assert str(HeterogeneityTest(4.0, 2, 0.135)) == "chi-squared(2) = 4, p = 0.135"
    assert str(Tau2Test(4.0, 1, 0.0228)) == "likelihood ratio 4, df 1, p = 0.0228"
    assert str(NetworkQ(4.0, 2, 0.135)) == "Q(2) = 4, p = 0.135"
    assert str(FitStatistics(-1.5, 3.0, 7.0, 8.0, 9.0)) == (
        "log-likelihood -1.5, deviance 3, AIC 7, BIC 8, AICc 9"
    )


def test_a_summary_of_a_multiverse() -> None:
    found = MultiverseSummary(
        declared=1200, universes=1100, excluded=100, duplicates=1, failed=2, distinct=1097,
        median=-0.25, lowest=-0.5, highest=0.125, direction="negative", share_same_direction=0.984,
        share_significant=0.5, share_significant_same=0.49, share_significant_opposite=0.01,
        share_beyond=0.333,
    )  # fmt: skip
    assert str(found).split("\n") == [
        "Summary of a multiverse of 1,200 combinations",
        "  universes    1,100 and 100 excluded; 1 duplicate, 2 without an answer, 1,097 distinct",
        "  estimate     median -0.25 (-0.5 to 0.125)",
        "  direction    98.4% negative",
        "  significant  50%: 49% negative, 1% positive",
        "  beyond       33.3% beyond the threshold",
    ]
    assert "beyond" not in str(dataclasses.replace(found, share_beyond=None))


def test_subgroups_print_a_line_each() -> None:
    found = ev.subgroups(table(4), ["a<b>", "a<b>", "a<b>", "c\nd"])
    assert isinstance(found, Subgroups)
    lines = str(found).split("\n")
    assert lines[0].startswith("Meta-analysis of 2 subgroups")
    assert lines[1].startswith("  a<b>     ")
    assert lines[1].endswith(f"3 effects, tau2 {found.groups['tau2'].iloc[0]:.4g}")
    assert lines[2].startswith("  c d      ")
    assert "1 effect" in lines[2]
    assert lines[3].startswith("  between  Q(1) = ")


def test_one_is_singular() -> None:
    filled = str(FailSafeN("rosenthal", 1, 1, None, 0.03, 0.05, None))
    assert "1 study: 1 null result would give" in filled
    assert "1 effect:" in str(table(1))
    only = Statement(row="r", study="r", label="r", kind="direction", sign=-1, said="fell")
    assert str(only) == "r (direction), said: fell\n  sign -1"


def test_a_summary_of_the_longest_options_has_no_long_line() -> None:
    fit = ev.pool(
        ev.table_of([-0.9, -1.4, 0.4, -0.3], [0.5, 0.2, 0.7, 0.3], scale="log"),
        tau2="hunter_schmidt_corrected",
        ci="hartung_knapp_checked",
    )
    lines = str(fit).split("\n")
    assert max(map(len, lines)) <= WIDE
    assert any(line.startswith("  prediction    95% ") for line in lines)
    # What is folded is one row in a notebook.
    assert "<td" in fit._repr_html_()
    assert fit.prediction is not None
    assert fit.prediction.method in fit._repr_html_().replace("&#x27;", "'")


def test_a_verification_says_what_moved_and_how_many_more() -> None:
    moved = tuple(Moved(f"where {i}", "1", "2") for i in range(15))
    wrong = (Incoherence("index.html", "t1", "is another number", "1", "2"),)
    lines = str(Verification("bone", moved, ("newer",), 1, 812, wrong)).split("\n")
    assert lines[0] == "bone: 1 file and 812 numbers compared, 15 have moved, 1 does not agree"
    assert lines[1] == "  where 0: 1 → 2"
    assert lines[-2:] == ["  and 4 more", "  note: newer"]
    fine = str(Verification("bone", (), (), 2, 1))
    assert fine == "bone: 2 files and 1 number compared, as committed"


def test_long_tables_say_how_much_is_left_out() -> None:
    k = 25
    many = ev.table_of(np.linspace(0.0, 1.0, k), np.full(k, 0.1))
    lines = str(many).split("\n")
    assert lines[0].startswith("25 effects: ")
    assert lines[-2] == "  and 5 more"
    assert len(lines) == 23
