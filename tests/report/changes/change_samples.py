"""Small snapshots, and strategies that make them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from evidence.report.changes.snapshot import (
    FORMAT,
    BayesState,
    BorrowedState,
    ClaimState,
    Interval,
    MainState,
    QuestionState,
    RatingState,
    ReportState,
    Snapshot,
    files_hash,
)
from evidence.report.record import data_hash
from evidence.report.result import Shown

HOSTILE = (
    "<script>alert(1)</script>", "</td></table>", "]]>", "$x^2$", "{{ d.title }}", "{% raw %}",
    "=1+1", "@SUM(A1)", "| a | b |", "[x](javascript:alert(1))", "a\\n\\tb", "τ² − 0.5 漢字",
    "'quoted' \"twice\"", "x" * 300, "-->", "%s {0}", "#import \"x\"",
)  # fmt: skip
INPUTS = {
    "analyses/demo.py": "a" * 64,
    "data/studies/leder-2004.yaml": "b" * 64,
    "data/studies/lew-2003.yaml": "c" * 64,
    "data/terms.yaml": "d" * 64,
}


def interval(estimate: float, half: float) -> Interval:
    low, high = estimate - half, estimate + half
    return Interval(
        estimate=estimate, low=low, high=high, shown=Shown(estimate=estimate, low=low, high=high)
    )


def main(
    estimate: float = -2.0, half: float = 1.0, tau: float | None = 0.3, **more: Any
) -> MainState:
    given = {"method": "random effects", "level": 0.95, "prediction": None, **more}
    return MainState(at=interval(estimate, half), tau=tau, **given)


def bayes(estimate: float = -1.9, half: float = 1.2, **more: Any) -> BayesState:
    given = {"level": 0.95, "tau": 0.4, "below": 0.99, "reports": None, **more}
    return BayesState(at=interval(estimate, half), **given)


def rating(level: str | None = "low", **domains: int) -> RatingState:
    return RatingState(
        level=level, as_asked=level, suggested=level, status="judged", domains=domains
    )


def question(name: str = "men", **changes: Any) -> QuestionState:
    plain: dict[str, Any] = {
        "id": name,
        "analysis": "demo",
        "title": f"Is it lower in {name}?",
        "measure": "MD",
        "measure_label": "mean difference",
        "unit": "pg/mL",
        "scale": "identity",
        "contrast": "between",
        "better": "neither",
        "decimals": 1,
        "matters": None,
        "k": 2,
        "trials": 2,
        "participants": 40,
        "considered": 3,
        "partial": 1,
        "unused": 0,
        "studies": ("leder-2004", "lew-2003"),
        "in_part": (),
        "main": main(),
        "bayes": bayes(),
        "said": None,
        "borrowed": None,
        "rating": rating(imprecision=-1),
        "finding": "Estradiol: lower; two trials.",
        "certainty": ("Low.", "Two trials."),
    }
    return QuestionState(**(plain | changes))


def empty_question(name: str = "nothing", **changes: Any) -> QuestionState:
    """A question of which no trial told anything."""
    none: dict[str, Any] = {
        "k": 0, "trials": 0, "participants": None, "considered": 0, "partial": 0,
        "studies": (), "main": None, "bayes": None, "rating": None,
        "finding": "No trial reported it.", "certainty": (),
    }  # fmt: skip
    return question(name, **(none | changes))


def claim(name: str = "claim-1", **changes: Any) -> ClaimState:
    plain: dict[str, Any] = {
        "claim": "It lowers estradiol",
        "verdict": "uncertain",
        "reason": "certainty is low",
        "wording": ("It may lower estradiol.",),
    }
    return ClaimState(id=name, **(plain | changes))


def snapshot(
    *questions: QuestionState,
    inputs: dict[str, str] | None = None,
    claims: tuple[ClaimState, ...] | None = None,
    version: str | None = "1.0.0",
    date: str | None = "2026-01-02",
    evidence: str = "0.1.0",
) -> Snapshot:
    """A snapshot of some questions, whose reports all rest on the same inputs."""
    inputs = INPUTS if inputs is None else inputs
    files = tuple(sorted(inputs.items()))
    reports = tuple(
        ReportState(
            name=name,
            title=f"Report {name}",
            evidence=evidence,
            data_hash=data_hash(inputs),
            inputs=tuple(range(len(files))),
        )
        for name in sorted({q.analysis for q in questions})
    )
    return Snapshot(
        format=FORMAT,
        version=version,
        date=date,
        data_hash=files_hash(files),
        files=files,
        reports=reports,
        questions=tuple(sorted(questions, key=lambda q: q.id)),
        claims=claims,
    )


numbers = st.floats(-50, 50, allow_nan=False).map(lambda x: float(f"{x:.10g}"))
widths = st.floats(0.01, 20).map(lambda x: float(f"{x:.10g}"))
words = st.text(min_size=1, max_size=30) | st.sampled_from(HOSTILE)


@st.composite
def states(draw: Any, name: str) -> QuestionState:
    """A question in any state: with or without each kind of answer, a rating, effects."""

    def perhaps(made: Any) -> Any:
        return draw(st.none() | made)

    return question(
        name,
        title=draw(words),
        unit=draw(st.sampled_from([None, "pg/mL"])),
        contrast=draw(st.sampled_from(["between", "level", "association", "within"])),
        matters=draw(st.sampled_from([None, (-1.0, 1.0)])),
        decimals=draw(st.integers(0, 4)),
        k=draw(st.integers(0, 5)),
        studies=draw(st.sampled_from([(), ("leder-2004",), ("leder-2004", "lew-2003")])),
        main=perhaps(st.builds(main, numbers, widths, st.none() | widths)),
        bayes=perhaps(st.builds(bayes, numbers, widths)),
        said=perhaps(st.builds(bayes, numbers, widths, reports=st.integers(1, 9))),
        borrowed=perhaps(
            st.builds(
                BorrowedState,
                level=st.just(0.95),
                discount=st.none() | st.just(0.2),
                at=st.builds(interval, numbers, widths),
            )
        ),
        rating=perhaps(st.builds(rating, st.sampled_from([None, "low", "high"]))),
        finding=draw(words),
        certainty=tuple(draw(st.lists(words, max_size=3, unique=True))),
    )


@st.composite
def snapshots(draw: Any) -> Snapshot:
    """A snapshot of some of four questions, with claims or none."""
    names = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4))
    found = [draw(states(name)) for name in names]
    hashes = draw(st.lists(st.sampled_from("0123456789abcdef"), min_size=4, max_size=4))
    inputs = dict(zip(INPUTS, (sign * 64 for sign in hashes), strict=True))
    claims = draw(st.none() | st.builds(lambda text: (claim(reason=text),), words))
    return snapshot(*found, inputs=inputs, claims=claims)
