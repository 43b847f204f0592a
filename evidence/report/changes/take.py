"""Take a snapshot from the reports: what they say, nothing computed anew."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evidence.catalog.project import Project
from evidence.effects.scales import from_readers
from evidence.errors import Problem, ReportError
from evidence.report.analysis import analysis_names
from evidence.report.build import RESULT, RUN
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
from evidence.report.result import (
    BayesTerm,
    ExactBlock,
    FitBlock,
    QuestionResult,
    ResultFile,
    SaidBlock,
    Shown,
    ten,
)
from evidence.report.wording import decimals

CLAIMS = Path("claims") / "claims.json"
DECLARED = "borrowed"


@dataclass(frozen=True, slots=True)
class Taken:
    """A report as it lies there: its result, and the parts of its run record that are kept."""

    result: ResultFile
    evidence: str
    data_hash: str
    inputs: Mapping[str, str]


def snapshot_of(
    taken: Sequence[Taken],
    claims: Sequence[Mapping[str, Any]] | None,
    version: str | None = None,
    date: str | None = None,
) -> Snapshot:
    """Put the figures of reports, and the verdicts on claims, into a snapshot.

    Parameters
    ----------
    taken : sequence of Taken
    claims : sequence of mappings or None
        Of ``claims.json``; None where there is no such page.
    version, date : str, optional
        Of the release; without them it is a snapshot of now.
    """
    files = sorted({(path, digest) for one in taken for path, digest in one.inputs.items()})
    place = {pair: i for i, pair in enumerate(files)}
    reports = [
        ReportState(
            name=one.result.name,
            title=one.result.title,
            evidence=one.evidence,
            data_hash=one.data_hash,
            inputs=tuple(sorted(place[pair] for pair in one.inputs.items())),
        )
        for one in taken
    ]
    questions = [question_state(q, one.result.name) for one in taken for q in one.result.questions]
    held = None if claims is None else tuple(sorted(map(_claim, claims), key=lambda c: c.id))
    return Snapshot(
        format=FORMAT,
        version=version,
        date=date,
        data_hash=files_hash(files),
        files=tuple(files),
        reports=tuple(sorted(reports, key=lambda r: r.name)),
        questions=tuple(sorted(questions, key=lambda q: q.id)),
        claims=held,
    )


def question_state(q: QuestionResult, analysis: str) -> QuestionState:
    """Keep of a question's result what a release says of it."""
    used = tuple(sorted({line.study for line in q.effects}))
    in_part = {line.study for line in q.partial if line.kind != "other_arms"}
    return QuestionState(
        id=q.id,
        analysis=analysis,
        title=q.title,
        measure=q.measure,
        measure_label=q.measure_label,
        unit=q.unit,
        scale=q.scale,
        contrast=q.contrast,
        better=q.better,
        decimals=decimals(q),
        matters=_matters(q),
        k=q.k,
        trials=q.trials,
        participants=q.participants,
        considered=q.considered,
        partial=len(q.partial),
        unused=len(q.unused),
        studies=used,
        in_part=tuple(sorted(in_part)),
        main=None if q.main is None else _main(q.main),
        bayes=None if q.exact is None else _exact(q.exact),
        said=None if q.said is None else _said(q.said),
        borrowed=_borrowed(q),
        rating=_rating(q),
        finding=q.finding,
        certainty=q.certainty,
    )


def _matters(q: QuestionResult) -> tuple[float, float] | None:
    """Effects that matter, on the analysis scale, by the rule that the certainty ratings use."""
    mark = q.threshold
    if q.contrast in ("level", "association") or mark.value is None:
        return None
    if q.scale == "log":
        if mark.unit != "ratio" or mark.value <= 0 or mark.value == 1:
            return None
        other = 2 - mark.value if mark.value < 2 else 1 / mark.value
        low, high = sorted((mark.value, other))
        return ten(math.log(low)), ten(math.log(high))
    if mark.unit != q.unit or mark.value == 0:
        return None
    return -abs(mark.value), abs(mark.value)


def _main(fit: FitBlock) -> MainState:
    ahead = fit.prediction
    predicted = None
    if ahead is not None:
        predicted = _interval(fit.estimate, ahead.low, ahead.high, ahead.shown)
    return MainState(
        method=fit.method,
        level=fit.level,
        at=_interval(fit.estimate, fit.ci_low, fit.ci_high, fit.shown),
        tau=fit.tau,
        prediction=predicted,
    )


def _interval(estimate: float, low: float, high: float, shown: Shown) -> Interval:
    return Interval(estimate=estimate, low=low, high=high, shown=shown)


def _term(terms: Sequence[BayesTerm], name: str) -> BayesTerm | None:
    return next((term for term in terms if term.term == name), None)


def _exact(block: ExactBlock) -> BayesState | None:
    return _bayes(block.terms, block.level, block.probability_below_null, None)


def _said(block: SaidBlock) -> BayesState | None:
    return _bayes(block.terms, block.level, block.probability_below_null, block.used)


def _bayes(
    terms: Sequence[BayesTerm], level: float, below: float | None, reports: int | None
) -> BayesState | None:
    mu, tau = _term(terms, "mu"), _term(terms, "tau")
    if mu is None or mu.shown is None:
        return None
    return BayesState(
        level=level,
        at=_interval(mu.median, mu.ci_low, mu.ci_high, mu.shown),
        tau=None if tau is None else tau.median,
        below=below,
        reports=reports,
    )


def _borrowed(q: QuestionResult) -> BorrowedState | None:
    """The row of the declared discount; its figures stand on the readers' scale in the result."""
    block = q.borrowed
    row = None if block is None else next((r for r in block.rows if r.term == DECLARED), None)
    if block is None or row is None:
        return None
    low, middle, high = (ten(from_readers(x, q.scale)) for x in (row.low, row.estimate, row.high))
    shown = Shown(estimate=row.estimate, low=row.low, high=row.high)
    at = _interval(middle, low, high, shown)
    return BorrowedState(level=block.level, discount=block.discount, at=at)


def _rating(q: QuestionResult) -> RatingState | None:
    block = q.rating
    if block is None:
        return None
    steps = {d.domain: d.suggested if d.judged is None else d.judged for d in block.domains}
    return RatingState(
        level=block.level,
        as_asked=block.as_asked,
        suggested=block.suggested,
        status=block.status,
        domains=steps,
    )


def _claim(claim: Mapping[str, Any]) -> ClaimState:
    return ClaimState(
        id=claim["id"],
        claim=claim["claim"],
        verdict=claim["verdict"],
        reason=claim["reason"],
        wording=tuple(claim["wording_allowed"]),
    )


def present(project: Project, version: str | None = None, date: str | None = None) -> Snapshot:
    """Take the snapshot of the committed reports, those of analyses that are declared.

    Raises
    ------
    ReportError
        With every report that is not built or cannot be read.
    """
    taken: list[Taken] = []
    problems: list[Problem] = []
    for name in analysis_names(project.analyses_folder):
        try:
            taken.append(taken_from(project.reports_folder / name))
        except ReportError as error:
            problems += error.problems
    claims = None
    path = project.reports_folder / CLAIMS
    try:
        claims = read_claims(path) if path.is_file() else None
    except ReportError as error:
        problems += error.problems
    if not taken and not problems:
        problems.append(Problem(str(project.analyses_folder), "holds no analysis", "write one"))
    if problems:
        raise ReportError("the reports cannot be compared", problems)
    return snapshot_of(taken, claims, version, date)


def taken_from(folder: Path) -> Taken:
    """Read a report from its folder.

    Raises
    ------
    ReportError
        If it is not built, damaged, or of another version.
    """
    right = f"evidence run {folder.name}"
    try:
        raw, run = (folder / RESULT).read_bytes(), json.loads((folder / RUN).read_bytes())
        result = ResultFile.model_validate_json(raw)
        inputs = {str(k): str(v) for k, v in run["inputs"].items()}
        made, digest = run["evidence"], run["data_hash"]
        if not isinstance(made, str) or not isinstance(digest, str):
            raise TypeError("no version or no hash")
    except OSError as error:
        problem = Problem(str(folder), f"is not built ({error.strerror})", right)
    except ValidationError as error:
        what = f"is of another version or damaged: {error.error_count()} fields differ"
        problem = Problem(str(folder / RESULT), what, right)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = Problem(str(folder), f"is damaged ({type(error).__name__}: {error})", right)
    else:
        return Taken(result, made, digest, inputs)
    raise ReportError("a report cannot be read", [problem])


def read_claims(path: Path) -> list[dict[str, Any]]:
    """Read the claims of ``claims.json``.

    Raises
    ------
    ReportError
        If it is damaged.
    """
    try:
        found: list[dict[str, Any]] = json.loads(path.read_bytes())["claims"]
        for claim in found:
            _claim(claim)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"is damaged ({type(error).__name__})"
        problem = Problem(str(path), what, "evidence run claims")
        raise ReportError("the claims cannot be read", [problem]) from None
    return found


def stale(project: Project, snapshot: Snapshot) -> list[Problem]:
    """Inputs of the reports that are other on disk, or gone: the reports are out of date."""
    found = []
    for report in snapshot.reports:
        changed = [
            path
            for path, digest in snapshot.inputs(report.name).items()
            if _digest(project.root / path) != digest
        ]
        if changed:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            what = f"is out of date: {changed[0]}{more} changed since"
            right = f"evidence run {report.name}"
            found.append(Problem(str(project.reports_folder / report.name), what, right))
    return found


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return None
