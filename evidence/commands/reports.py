"""What builds reports and reads them: run, trace, verify, claims, site, changes, release."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.commands.shared import project_of, said, say, warn
from evidence.report.changes.commands import add_commands as add_changes
from evidence.report.changes.commands import run_changes, run_release

if TYPE_CHECKING:
    from evidence.catalog.project import Project
    from evidence.commands.shared import Commands
    from evidence.report.analysis import Analysis
    from evidence.report.stale import Ground

# So many reasons are told of a report that is built anew.
SHOWN = 3


def add_commands(commands: Commands) -> None:
    """Add the commands to a parser; nothing is loaded before one of them runs."""
    run = commands.add_parser("run", help="build reports that are not current: one, or all")
    run.add_argument("names", nargs="*", metavar="NAME", help="analyses (default: all)")
    run.add_argument("--force", action="store_true", help="build what is current too")
    run.set_defaults(run=_run)

    trace = commands.add_parser("trace", help="show where a number comes from")
    trace.add_argument("row", help="a study, or the beginning of a row's id")
    trace.add_argument("--question", metavar="ID", help="only in this question")
    trace.set_defaults(run=_trace)

    verify = commands.add_parser("verify", help="rebuild reports and name every number that moved")
    verify.add_argument("names", nargs="*", metavar="NAME", help="analyses (default: all)")
    verify.set_defaults(run=_verify)

    _add_claims(commands)

    site = commands.add_parser("site", help="build a static site of all reports, to be opened")
    site.add_argument("folder", nargs="?", type=Path, default=Path("site"), help="default: site")
    site.set_defaults(run=_site)

    add_changes(commands)
    commands.choices["changes"].set_defaults(run=said(run_changes))
    commands.choices["release"].set_defaults(run=said(run_release))


def _add_claims(commands: Commands) -> None:
    claims = commands.add_parser("claims", help="hold the articles' claims against the evidence")
    claims.add_argument("--system", metavar="ID", help="only of this system or area")
    claims.add_argument("--verdict", metavar="WORD", help="supported, overstated, uncertain, ...")
    claims.add_argument("--citations", action="store_true", help="the articles' references instead")
    claims.add_argument("--json", action="store_true", help="print JSON instead of text")
    claims.set_defaults(run=_claims)


def _names(options: argparse.Namespace, project: Project) -> tuple[list[str], list[str]]:
    """Names of the analyses, and of the pages on the whole, that were asked for: else all."""
    from evidence.errors import Problem, ReportError, did_you_mean
    from evidence.report.analysis import analysis_names
    from evidence.report.whole.whole import whole_names

    known, whole = analysis_names(project.analyses_folder), whole_names(project)
    asked = list(options.names)
    wrong = [
        Problem(name, "is neither an analysis nor a page", did_you_mean(name, [*known, *whole]))
        for name in asked
        if name not in known and name not in whole
    ]
    if wrong:
        raise ReportError("there is nothing to run", wrong)
    if not asked and not known:
        problem = Problem(str(project.analyses_folder), "holds no analysis", "write NAME.py there")
        raise ReportError("there is nothing to run", [problem])
    return [n for n in known if not asked or n in asked], [
        n for n in whole if not asked or n in asked
    ]


def _run(options: argparse.Namespace) -> int:
    from evidence.report.analysis import load_analysis
    from evidence.report.stale import ground, reasons, whole_reasons

    project = project_of(options)
    # Before all else: the code that was read is the code that runs.
    on = ground(project)
    names, whole = _names(options, project)
    analyses = [load_analysis(project.analyses_folder, name) for name in names]
    for analysis in analyses:
        if _is_due(options, project, analysis.name, partial(reasons, project, analysis, on)):
            _build(project, analysis, on)
    for name in whole:
        if _is_due(options, project, name, partial(whole_reasons, project, name, on)):
            _build_whole(project, name, on)
    return 0


def _is_due(
    options: argparse.Namespace,
    project: Project,
    name: str,
    why: Callable[[], tuple[str, ...]],
) -> bool:
    """Whether something is to be built, and say why, or that it need not be."""
    told = ("--force",) if options.force else why()
    if not told:
        say(f"{project.reports_folder / name / 'index.html'}: is current")
        return False
    more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    say(f"{name}: building: {'; '.join(told[:SHOWN])}{more}")
    # Building takes minutes: who waits should know for what.
    sys.stdout.flush()
    return True


def _build(project: Project, analysis: Analysis, on: Ground) -> None:
    from evidence.progress import Progress
    from evidence.report.build import build
    from evidence.report.stale import remember, snapshot

    folder = project.reports_folder / analysis.name
    before = snapshot(project)
    with Progress() as progress:
        built = build(analysis, project, folder, tell=progress.tell)
    say(f"{folder / 'index.html'}: {analysis.title}")
    for question in built.result.questions:
        say(f"  {question.finding}")
    keep = partial(remember, project, analysis, built.files, before=before, on=on)
    _remembered(analysis.name, keep)


def _build_whole(project: Project, name: str, on: Ground) -> None:
    from evidence.progress import Progress
    from evidence.report.stale import remember_whole, whole_snapshot
    from evidence.report.whole.whole import build_whole

    before = whole_snapshot(project, name)
    with Progress() as progress:
        folder = build_whole(name, project, tell=progress.tell)
    say(f"{folder / 'index.html'}")
    _remembered(name, partial(remember_whole, project, name, before=before, on=on))


def _remembered(name: str, keep: Callable[[], bool]) -> None:
    """Tell of a build that is not remembered; the report itself is written and whole."""
    try:
        if not keep():
            warn(
                f"evidence: something changed while {name} was built; the next run builds it again"
            )
    except OSError as error:
        warn(f"evidence: the build of {name} is not remembered: {error}")


def _trace(options: argparse.Namespace) -> int:
    from evidence.effects.assemble import effect_table
    from evidence.effects.trace import trace
    from evidence.errors import EffectError, Problem, did_you_mean
    from evidence.report.analysis import analysis_names, load_analysis, load_question

    project = project_of(options)
    terms = project.terms()
    studies = project.studies(terms)
    folder = project.analyses_folder
    if options.question:
        sections = [load_question(folder, options.question)]
    else:
        sections = [s for n in analysis_names(folder) for s in load_analysis(folder, n).sections]
    shown, rows = 0, []
    for section in sections:
        table = effect_table(studies, section.question, terms)
        rows += list(table.traces)
        if any(row.startswith(options.row) for row in table.traces):
            say(f"# {section.question.id}: {section.question.title}")
            say(trace(table, options.row))
            shown += 1
    if not shown:
        known = {*rows, *(row.split("/")[0] for row in rows)}
        problem = Problem(options.row, "no row begins so", did_you_mean(options.row, known))
        raise EffectError("there is nothing to trace", [problem])
    return 0


def _verify(options: argparse.Namespace) -> int:
    from evidence.progress import Progress
    from evidence.report.analysis import load_analysis
    from evidence.report.verify import verify
    from evidence.report.whole.whole import verify_whole

    project = project_of(options)
    names, whole = _names(options, project)
    wrong = 0
    for name in [*names, *whole]:
        with Progress() as progress:
            if name in whole:
                found = verify_whole(name, project, tell=progress.tell)
            else:
                analysis = load_analysis(project.analyses_folder, name)
                folder = project.reports_folder / name
                found = verify(analysis, project, folder, tell=progress.tell)
        for note in found.notes:
            say(f"{name}: note: {note}")
        if found.passed:
            numbers = f" and {found.numbers} numbers" if found.numbers else ""
            say(f"{name}: {found.files} files{numbers} are as committed")
            continue
        wrong += 1
        if found.moved:
            warn(f"{name}: {len(found.moved)} moved")
        for moved in found.moved:
            warn(f"  {moved}")
        if found.incoherent:
            warn(f"{name}: {len(found.incoherent)} do not agree with the result")
        for place in found.incoherent:
            warn(f"  {place}")
    return 1 if wrong else 0


def _site(options: argparse.Namespace) -> int:
    from evidence.progress import Progress
    from evidence.report.site.build import build_site

    with Progress() as progress:
        files = build_site(project_of(options), options.folder, tell=progress.tell)
    say(f"{options.folder / 'index.html'}: {len(files)} files")
    return 0


def _claims(options: argparse.Namespace) -> int:
    from evidence.errors import Problem, ReportError
    from evidence.report.claims.text import citations_output, claims_output

    project = project_of(options)
    if options.citations:
        if options.system or options.verdict:
            problem = Problem("--citations", "has no system and no verdict", "leave them out")
            raise ReportError("the options do not go together", [problem])
        say(citations_output(project, as_json=options.json))
        return 0
    text, notes = claims_output(project, options.system, options.verdict, as_json=options.json)
    say(text)
    for note in notes:
        warn(f"evidence: {note}")
    return 0
