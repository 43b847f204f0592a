"""``evidence import``: what a file of other software holds, rerun and set beside its results."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evidence.catalog.phrases import counted
from evidence.effects.foreign.packages import read_revman_package
from evidence.effects.foreign.records import ForeignAnalysis, ForeignReview
from evidence.effects.foreign.ris import Reference, read_ris
from evidence.effects.foreign.rm5 import read_rm5
from evidence.effects.foreign.tables import foreign_table
from evidence.errors import EvidenceError, Problem, ReportError, check_kind, did_you_mean
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import pool
from evidence.report.exchange.cells import clean_text
from evidence.report.exchange.rerun import Compared, Rerun, compare_stored, rerun_analysis
from evidence.report.own_data import fit_record, save_forest

METHODS = {
    "mantel_haenszel": "Mantel-Haenszel",
    "inverse_variance": "inverse variance",
    "peto": "Peto",
}


def import_file(
    path: str | Path,
    *,
    analysis: str | None = None,
    listing: bool = False,
    as_json: bool = False,
    forest: str | Path | None = None,
) -> str:
    r"""Read a file of other software and say what it holds, rerun by its own methods.

    Parameters
    ----------
    path : path
        A RevMan 5 file (``.rm5``), a data package of RevMan (a zip or a folder) or references
        (``.ris``). A plain CSV of one's own is read by ``evidence pool``.
    analysis : str, optional
        Id of one analysis, such as ``1.2``; it is told in full.
    listing : bool
        Name the analyses only.
    as_json : bool
    forest : path, optional
        Draw the analysis into this file.

    Returns
    -------
    str
        What is to be printed.

    Raises
    ------
    EvidenceError
        If the file cannot be read, there is no such analysis, or options do not go together.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.ris"
    ...     _ = file.write_text("TY  - JOUR\nTI  - Title\nPY  - 2004\nER  - \n")
    ...     print(import_file(file))
    1 reference
      2004  Title
    """
    check_kind("path", path, (str, Path), ReportError)
    for name, value, kinds in (
        ("analysis", analysis, (str, type(None))),
        ("listing", listing, bool),
        ("as_json", as_json, bool),
        ("forest", forest, (str, Path, type(None))),
    ):
        check_kind(name, value, kinds, ReportError)
    read = read_foreign(path)
    problems = []
    if listing and (analysis is not None or forest is not None):
        problems.append(Problem("--list", "names analyses and does no more", "leave out the rest"))
    if forest is not None and analysis is None:
        problems.append(Problem("--forest", "needs one analysis", "--analysis ID"))
    if not isinstance(read, ForeignReview) and (listing or analysis is not None):
        problems.append(
            Problem(str(path), "holds references, no analyses", "leave the options out")
        )
    if problems:
        raise ReportError("the options do not go together", problems)
    if not isinstance(read, ForeignReview):
        return _json([asdict(one) for one in read]) if as_json else _references(read)
    if listing:
        if as_json:
            return _json([_head(one) for one in read.analyses])
        return "\n".join(_line(one) for one in read.analyses)
    if analysis is None:
        return _whole(read, as_json=as_json)
    one = find_analysis(read, analysis)
    if forest is not None:
        save_forest(_picture_fit(one), Path(forest))
    return _json(_record(one)) if as_json else _told(one)


def read_foreign(path: str | Path) -> ForeignReview | tuple[Reference, ...]:
    """Read a file by what its name ends in.

    Raises
    ------
    ReportError
        For a kind of file that is not known.
    """
    end = Path(path).suffix.lower()
    if end in (".rm5", ".xml"):
        return read_rm5(path)
    if end == ".ris":
        return read_ris(path)
    if end == ".zip" or Path(path).is_dir():
        return read_revman_package(path)
    right = ".rm5, .zip or a folder, .ris; a CSV of your own: evidence pool"
    raise ReportError("the file cannot be imported", [Problem(str(path), "unknown kind", right)])


def find_analysis(review: ForeignReview, name: str) -> ForeignAnalysis:
    """Find an analysis by its id."""
    known = {one.id: one for one in review.analyses}
    if name not in known:
        right = did_you_mean(name, known)
        raise ReportError("no such analysis", [Problem(review.path, f'"{name}"', right)])
    return known[name]


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)


def _how(one: ForeignAnalysis) -> str:
    model = "random effects" if one.random else "fixed effect"
    return f"{one.measure_label or one.measure}, {METHODS[one.method]}, {model}"


def _line(one: ForeignAnalysis) -> str:
    name = clean_text(" ".join(f"{one.comparison}: {one.outcome}".split()))
    return f"{one.id}\t{name}\t{_how(one)}\t{counted(len(one.trials), 'trial')}"


def _head(one: ForeignAnalysis) -> dict[str, Any]:
    names = (
        "id", "comparison", "outcome", "kind", "measure", "measure_label", "log_scale", "method",
        "random", "level", "totals", "swapped", "label1", "label2",
    )  # fmt: skip
    return {name: getattr(one, name) for name in names} | {"trials": len(one.trials)}


def _references(references: tuple[Reference, ...]) -> str:
    lines = [
        f"  {one.year or '----'}  {clean_text(one.title or '(no title)')}" for one in references
    ]
    return "\n".join([counted(len(references), "reference"), *lines])


def _pooled(made: Rerun) -> str:
    parts = [f"{made.estimate:.4g} [{made.ci_low:.4g}, {made.ci_high:.4g}]", f"k = {made.k}"]
    if made.tau2 is not None:
        parts.append(f"tau² = {made.tau2:.4g}")
    return ", ".join([*parts, f"I² = {made.i2:.3g}%"])


def _whole(review: ForeignReview, *, as_json: bool) -> str:
    records, lines = [], []
    count = differs = 0
    for one in review.analyses:
        found = _tried(one)
        record = _head(one) | found
        records.append(record)
        if "error" in found:
            lines.append(f"{_line(one)}\n    not pooled: {found['error']}")
            continue
        compared = found["compared"]
        wrong = [c for c in compared if not c["agrees"]]
        count, differs = count + len(compared), differs + len(wrong)
        pooled = found["pooled"]
        said = "not pooled by the file" if pooled is None else _pooled(Rerun(**pooled))
        lines.append(f"{_line(one)}\n    {said}; {agreement(len(compared), len(wrong))}")
        lines += [f"    {_difference(Compared(**c))}" for c in wrong]
    if as_json:
        return _json({"format": "evidence-import/1", "analyses": records, "notes": review.notes})
    head = f"{counted(len(review.analyses), 'analysis', 'analyses')}; {agreement(count, differs)}"
    title = clean_text(review.title)
    return "\n".join([*([title] if title else []), head, *lines, *review.notes])


def agreement(stored: int, differs: int) -> str:
    """Say how many of the figures that a file stores are as they are here."""
    if not stored:
        return "the file stores no figures"
    verb = "agrees" if stored == 1 else "agree"
    return f"{stored - differs} of {counted(stored, 'stored figure')} {verb}"


def _tried(one: ForeignAnalysis) -> dict[str, Any]:
    """Rerun an analysis of many: one that cannot be pooled does not stop the others."""
    try:
        made = None if one.totals != "all" else asdict(rerun_analysis(one))
        return {"pooled": made, "compared": [asdict(c) for c in compare_stored(one)]}
    except EvidenceError as error:
        return {"error": "; ".join([error.message, *map(str, error.problems[:1])])}


def _difference(one: Compared) -> str:
    return f"{one.part}: {one.figure} {one.ours:.8g}, the file has {one.theirs:.8g}"


def _told(one: ForeignAnalysis) -> str:
    compared = compare_stored(one)
    wrong = [c for c in compared if not c.agrees]
    table = foreign_table(one)
    lines = [_line(one), f"  as the file pools: {_pooled(rerun_analysis(one))}"]
    lines += [
        f"    {clean_text(part.name) or part.id}: {_pooled(rerun_analysis(one, part.id))}"
        for part in one.subgroups
        if part.stored.estimable
    ]
    lines.append(f"  {agreement(len(compared), len(wrong))}")
    lines += [f"    {_difference(c)}" for c in wrong]
    lines += ["", "as this package pools by default:", str(pool(table, level=one.level))]
    lines += [
        f"  not used: {clean_text(str(row['study']))}: {row['reason']}"
        for row in table.unused.to_dict("records")
    ]
    return "\n".join(lines)


def _record(one: ForeignAnalysis) -> dict[str, Any]:
    return {
        "format": "evidence-import/1",
        "analysis": _head(one),
        "pooled": asdict(rerun_analysis(one)),
        "subgroups": [
            {"id": part.id, "name": part.name, "pooled": asdict(rerun_analysis(one, part.id))}
            for part in one.subgroups
            if part.stored.estimable
        ],
        "compared": [asdict(c) for c in compare_stored(one)],
        "default": fit_record(pool(foreign_table(one), level=one.level)),
    }


def _picture_fit(one: ForeignAnalysis) -> PooledFit:
    """Give the fit to draw: by inverse variance, with the tau2 that the file's method gives.

    A common Mantel-Haenszel mean has no such form; its picture is that of inverse variance.
    """
    table = foreign_table(one)
    if not one.random:
        return pool(table, model="common", level=one.level)
    tau2 = rerun_analysis(one).tau2
    return pool(table, tau2=tau2, ci="wald", level=one.level)
