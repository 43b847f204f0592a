"""Read RevMan's data packages: the analyses of a review as CSV files, in a folder or a zip."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence.effects.foreign.records import (
    RATIOS,
    ForeignAnalysis,
    ForeignReview,
    ForeignTrial,
    Kind,
    Method,
    Stored,
    Subgroup,
)
from evidence.effects.foreign.rm5 import ALLOWED, impossible, measure_code, number_of
from evidence.effects.foreign.safe_xml import read_bytes
from evidence.errors import EffectError, Problem, check_kind

MOST_BYTES = 64 * 1024 * 1024
ROWS, OVERALL, PARTS = (
    "data-rows.csv",
    "overall-estimates-and-settings.csv",
    "subgroup-estimates.csv",
)
FIGURES: dict[Kind, dict[str, str]] = {
    "counts": {
        "Experimental cases": "events1", "Experimental N": "n1",
        "Control cases": "events2", "Control N": "n2",
    },
    "means": {
        "Experimental mean": "mean1", "Experimental SD": "sd1", "Experimental N": "n1",
        "Control mean": "mean2", "Control SD": "sd2", "Control N": "n2",
    },
    "generic": {"GIV Mean": "estimate", "GIV SE": "std_error"},
    "observed_expected": {"O-E": "observed_minus_expected", "Variance": "variance"},
}  # fmt: skip
STORED = {
    "Mean": "estimate", "CI start": "ci_low", "CI end": "ci_high", "Weight": "weight",
    "Heterogeneity Tau²": "tau2", "Heterogeneity Chi²": "q", "Heterogeneity df": "q_df",
    "Heterogeneity I²": "i2", "Effect Z": "z", "Effect P": "p", "Subgroup Chi²": "subgroup_q",
    "Subgroup I²": "subgroup_i2",
}  # fmt: skip
NOTHING = ("", "#N/A", "NA")
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Rows of a CSV with the name they are told by."""

    name: str
    rows: tuple[Row, ...]

    def where(self, i: int) -> str:
        return f"{self.name} row {i + 2}"


def read_revman_package(path: str | Path) -> ForeignReview:
    r"""Read a data package that RevMan wrote.

    Parameters
    ----------
    path : path
        The zip, or a folder with ``...data-rows.csv`` and
        ``...overall-estimates-and-settings.csv``.

    Raises
    ------
    EffectError
        With every problem, each with its file and row.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> settings = '''Analysis group,Analysis number,Analysis name,Data type,Statistical method,
    ... 1,1,Death,Dichotomous,MH,'''.replace(",\n", ",Effect measure\n") + "Risk Ratio"
    >>> rows = '''Analysis group,Analysis number,Study,Experimental cases,Experimental N
    ... 1,1,One 1999,4,20'''.replace("N\n", "N,Control cases,Control N\n") + ",8,20"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "data-rows.csv").write_text(rows)
    ...     _ = (Path(folder) / "overall-estimates-and-settings.csv").write_text(settings)
    ...     review = read_revman_package(folder)
    >>> review.analyses[0].measure, review.analyses[0].trials[0].figures["events1"]
    ('RR', 4.0)
    """
    check_kind("path", path, (str, Path), EffectError)
    sheets = _sheets(Path(path))
    problems: list[Problem] = []
    trials: dict[str, list[tuple[int, Row]]] = {}
    for i, row in enumerate(sheets[ROWS].rows):
        trials.setdefault(_number(row), []).append((i, row))
    parts = sheets.get(PARTS, _Sheet(PARTS, ()))
    analyses = []
    notes = []
    for i, row in enumerate(sheets[OVERALL].rows):
        found = _analysis(row, sheets[OVERALL].where(i), sheets[ROWS], trials, parts, problems)
        if found is None:
            notes.append(f"{_number(row)} has no trials, or text only: it was not taken")
        else:
            analyses.append(found)
    if problems:
        count = len(problems)
        said = f"{path}: {count} {'thing is' if count == 1 else 'things are'} wrong"
        raise EffectError(said, problems)
    if not analyses:
        problem = Problem(str(path), "holds no analysis with data", "a package with data rows")
        raise EffectError("there is nothing to pool", [problem])
    return ForeignReview(str(path), "", tuple(analyses), tuple(notes))


def _sheets(path: Path) -> dict[str, _Sheet]:
    """Find the three files by the ends of their names."""
    found: dict[str, _Sheet] = {}
    for name, content in _files(path):
        for end in (ROWS, OVERALL, PARTS):
            if name.endswith(end) and end not in found:
                found[end] = _Sheet(f"{path}:{name}", read_rows(content, f"{path}:{name}"))
    missing = [end for end in (ROWS, OVERALL) if end not in found]
    if missing:
        problems = [
            Problem(str(path), f"no ...{end}", "a data package of RevMan") for end in missing
        ]
        raise EffectError("this is no data package", problems)
    return found


def _files(path: Path) -> list[tuple[str, bytes]]:
    if path.is_dir():
        names = sorted(p for p in path.rglob("*.csv") if p.is_file())
        return [(p.relative_to(path).as_posix(), read_bytes(p, MOST_BYTES)) for p in names]
    return _unzipped(read_bytes(path, MOST_BYTES), path, 0)


def _unzipped(content: bytes, path: Path, depth: int) -> list[tuple[str, bytes]]:
    """Read the tables of a zip in memory; nothing is written anywhere."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            every = archive.infolist()
            members = [m for m in every if m.filename.endswith(".csv")]
            inner = [m for m in every if m.filename.endswith(".zip")]
            if not members and len(inner) == 1 and depth == 0 and inner[0].file_size < MOST_BYTES:
                # Published supplements hold the package as a zip within a zip.
                return _unzipped(archive.open(inner[0]).read(MOST_BYTES), path, 1)
            if sum(member.file_size for member in members) > MOST_BYTES:
                problem = Problem(str(path), "unpacks to too much", f"at most {MOST_BYTES} bytes")
                raise EffectError("the file is refused", [problem])
            return [(m.filename, archive.open(m).read(MOST_BYTES)) for m in members]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        problem = Problem(str(path), f"is no zip that can be read: {error}", "a folder or a zip")
        raise EffectError("this is no data package", [problem]) from None


def read_rows(content: bytes, name: str) -> tuple[Row, ...]:
    r"""Read a CSV in UTF-8 into rows by the names of their columns.

    Raises
    ------
    EffectError
        If it is no UTF-8, or a row has more cells than the head.

    Examples
    --------
    >>> read_rows(b"a,b\n1,2\n", "x.csv")
    ({'a': '1', 'b': '2'},)
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(name, f"byte {error.start} is no UTF-8", "save it as UTF-8")
        raise EffectError("the file is no CSV", [problem]) from None
    rows: list[Row] = []
    problems = []
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        problem = Problem(name, f"cannot be read: {error}", "a CSV with closed quotes")
        raise EffectError("the file is no CSV", [problem]) from None
    head = [cell.strip() for cell in lines[0]] if lines else []
    for i, cells in enumerate(lines[1:]):
        if len(cells) > len(head):
            what = f"{len(cells)} cells under {len(head)} heads"
            problems.append(Problem(f"{name} row {i + 2}", what, "one cell a column"))
        elif any(cells):
            rows.append({key: cell.strip() for key, cell in zip(head, cells, strict=False)})
    if problems:
        raise EffectError("the file is no CSV", problems)
    return tuple(rows)


def _number(row: Mapping[str, str]) -> str:
    return f"{row.get('Analysis group', '?')}.{row.get('Analysis number', '?')}"


def _kind(row: Mapping[str, str]) -> Kind | None:
    word = row.get("Data type", "").lower()
    if word.startswith("dichotomous"):
        return "counts"
    if word.startswith("continuous"):
        return "means"
    if word.startswith("o-e") or word.startswith("o - e"):
        return "observed_expected"
    return "generic" if word.startswith(("contrast", "generic", "giv")) else None


def _analysis(
    row: Row,
    where: str,
    sheet: _Sheet,
    trials: Mapping[str, list[tuple[int, Row]]],
    parts: _Sheet,
    problems: list[Problem],
) -> ForeignAnalysis | None:
    number, kind = _number(row), _kind(row)
    rows = trials.get(number, [])
    if kind is None or not rows:
        return None
    label = row.get("Effect measure", "")
    measure = measure_code(label)
    if kind in ALLOWED and measure not in ALLOWED[kind]:
        right = ", ".join(ALLOWED[kind])
        problems.append(Problem(where, f'the effect measure "{label}"', right))
    method = _method(row.get("Statistical method", ""), kind, measure)
    if method is None:
        what = f'the method "{row.get("Statistical method", "")}"'
        problems.append(Problem(where, what, "MH, IV or Peto"))
    log_scale = measure in RATIOS or _yes(row, "Log-scale data")
    estimator, interval = _estimator(row), _interval(row)
    level = _level(row, ("Estimate CI", "CI/PI level"), where, problems)
    totals = "all" if _yes(row, "Overall estimates", default=True) else "none"
    if totals == "none" and _yes(row, "Subgroup estimates"):
        totals = "subgroups"
    return ForeignAnalysis(
        id=number,
        where=where,
        comparison=row.get("Analysis group name", ""),
        outcome=row.get("Analysis name", ""),
        kind=kind,
        measure=measure,
        measure_label=label,
        log_scale=log_scale,
        method=method or "inverse_variance",
        random=row.get("Analysis model", "").lower().startswith("random"),
        level=level,
        level_trials=_level(row, ("Study CI", "CI/PI level"), where, problems),
        totals=totals,  # type: ignore[arg-type]
        swapped=_yes(row, "Swap event and non-event"),
        label1=row.get("Experimental group label", ""),
        label2=row.get("Control group label", ""),
        trials=tuple(_trial(r, kind, sheet.where(i), problems) for i, r in rows),
        subgroups=tuple(
            Subgroup(part.get("Subgroup", ""), part.get("Subgroup", ""), _stored(part))
            for part in parts.rows
            if _number(part) == number
        ),
        stored=_stored(row),
        estimator=estimator,
        interval=interval,
    )


def _trial(row: Row, kind: Kind, where: str, problems: list[Problem]) -> ForeignTrial:
    figures = {}
    for column, role in FIGURES[kind].items():
        text = row.get(column, "")
        if text in NOTHING:
            continue
        value = number_of(text)
        if value is None:
            what = f"{column}: {text[:40]!r} is no number"
            problems.append(Problem(where, what, "a finite number"))
        else:
            figures[role] = value
    if len(figures) == len(FIGURES[kind]):
        problems += impossible(figures, kind, where)
    study = row.get("Study", "")
    if not study:
        problems.append(Problem(where, "names no study", "fill in the column Study"))
    subgroup = row.get("Subgroup", "")
    return ForeignTrial(where, study, row.get("Study year", ""), subgroup, figures, _stored(row))


def _stored(row: Row) -> Stored:
    figures = {}
    for column, role in STORED.items():
        value = number_of(row.get(column, ""))
        if value is not None:
            figures[role] = value
    # RevMan writes 0 to 0 where it computed nothing.
    nothing = figures.get("ci_low") == figures.get("ci_high")
    return Stored(not nothing, {} if nothing else figures)


def _method(word: str, kind: Kind, measure: str) -> Method | None:
    known: dict[str, Method] = {
        "": "inverse_variance", "IV": "inverse_variance", "INVERSEVARIANCE": "inverse_variance",
        "MH": "mantel_haenszel", "MANTELHAENSZEL": "mantel_haenszel", "PETO": "peto",
        "EXPOEVAR": "peto",
    }  # fmt: skip
    if measure == "PETO" or kind == "observed_expected":
        return "peto"
    return known.get(re.sub(r"[^A-Z]", "", word.upper()))


def _estimator(row: Row) -> str:
    word = row.get("Heterogeneity estimator", "").lower()
    return "reml" if "reml" in word or word.startswith("restricted") else "dl"


def _interval(row: Row) -> str:
    word = row.get("CI method", "").lower()
    return "hartung_knapp" if word.startswith(("hartung", "hksj")) else "wald"


def _yes(row: Row, column: str, *, default: bool = False) -> bool:
    word = row.get(column, "").lower()
    return default if word in ("", "#n/a") else word in ("true", "yes", "1")


def _level(row: Row, columns: tuple[str, ...], where: str, problems: list[Problem]) -> float:
    for column in columns:
        text = row.get(column, "").removesuffix("%").strip()
        if text in NOTHING:
            continue
        value = number_of(text)
        if value is not None and 0 < value < 100:
            return value / 100
        problems.append(Problem(where, f"{column}: {text[:40]!r}", "a percentage: 95%"))
    return 0.95
