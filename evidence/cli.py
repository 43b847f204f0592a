"""The command line: check, list, run, trace, verify, claims, schema.

Each command imports what it needs when it runs, so that help and checks start at once.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.errors import EvidenceError
from evidence.report.exchange.commands import add_commands

if TYPE_CHECKING:
    from evidence.catalog.project import Project

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


POOL_HELP = "which column is what: study=trial events1=ai n1=n1i events2=ci n2=n2i"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        0 where all is well, 1 where something is wrong (and said on standard error), 2 for a
        command that cannot be understood.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows no tree signs or accents is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except EvidenceError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("evidence: interrupted; nothing was left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe has gone; keep Python from complaining once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evidence",
        description="Statistical evidence synthesis in which every number leads back to its page.",
    )
    parser.add_argument("--version", action="version", version=_version())
    parser.add_argument("--project", metavar="FOLDER", help="folder of the project (default: here)")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_reading(commands)
    _add_reports(commands)
    _add_tools(commands)
    add_commands(commands)
    commands.choices["import"].set_defaults(run=_import)
    commands.choices["export"].set_defaults(run=_export)
    return parser


def _add_reading(commands: Commands) -> None:
    """What reads the data: check, audit, list."""
    check = commands.add_parser(
        "check", help="read studies, terms and questions; say what is wrong"
    )
    check.add_argument("paths", nargs="*", help="study files or folders (default: the project's)")
    check.set_defaults(run=_check)

    audit = commands.add_parser(
        "audit", help="look for slips of extraction and typesetting; 1 if an error has no answer"
    )
    audit.add_argument("paths", nargs="*", help="study files or folders (default: the project's)")
    audit.add_argument("--all", action="store_true", help="print findings with an answer too")
    audit.add_argument("--answers", type=Path, metavar="FILE", help="default: data/audit.yaml")
    audit.add_argument("--terms", type=Path, metavar="FILE", help="default: the project's")
    audit.add_argument("--json", action="store_true", help="print JSON instead of text")
    audit.set_defaults(run=_audit)

    listing = commands.add_parser("list", help="list studies, or the questions of each analysis")
    listing.add_argument("what", nargs="?", choices=("questions", "studies"), default="questions")
    listing.set_defaults(run=_list)


def _add_reports(commands: Commands) -> None:
    """What builds reports and reads them: run, verify, trace, claims, site."""
    run = commands.add_parser("run", help="build reports: one analysis, or all")
    run.add_argument("names", nargs="*", metavar="NAME", help="analyses (default: all)")
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


def _add_tools(commands: Commands) -> None:
    """What serves data of one's own: pool, schema."""
    pool = commands.add_parser("pool", help="pool a CSV of your own")
    pool.add_argument("file", type=Path, help="CSV with a head line, one row a study")
    pool.add_argument("columns", nargs="+", metavar="PART=COLUMN", help=POOL_HELP)
    pool.add_argument("--measure", required=True, help="RR, OR, MD, SMD, ... or GEN")
    pool.add_argument("--log", action="store_true", help="GEN: estimates are logs of ratios")
    pool.add_argument("--model", default="random", help="random (default) or common")
    pool.add_argument("--tau2", help="estimator of tau2 (default: reml)")
    pool.add_argument("--ci", help="interval (default: hartung_knapp_floored)")
    pool.add_argument("--level", type=float, default=0.95)
    pool.add_argument("--json", action="store_true", help="print JSON instead of text")
    pool.add_argument("--forest", type=Path, metavar="FILE", help="draw a forest plot")
    pool.set_defaults(run=_pool)

    schema = commands.add_parser("schema", help="print a JSON Schema")
    schema.add_argument("what", nargs="?", choices=("study", "result"), default="study")
    schema.set_defaults(run=_schema)


def _add_claims(commands: Commands) -> None:
    claims = commands.add_parser("claims", help="hold the articles' claims against the evidence")
    claims.add_argument("--system", metavar="ID", help="only of this system or area")
    claims.add_argument("--verdict", metavar="WORD", help="supported, overstated, uncertain, ...")
    claims.add_argument("--citations", action="store_true", help="the articles' references instead")
    claims.add_argument("--json", action="store_true", help="print JSON instead of text")
    claims.set_defaults(run=_claims)


def _version() -> str:
    import evidence

    return f"evidence {evidence.__version__}"


def _project(options: argparse.Namespace) -> Project:
    from evidence.catalog.project import find_project

    return find_project(options.project)


def _check(options: argparse.Namespace) -> int:
    from evidence.catalog.read import load_studies

    project = _project(options)
    terms = project.terms()
    paths = [Path(path) for path in options.paths] or [project.studies_folder]
    studies = load_studies(paths, terms)
    outcomes = sum(len(study.outcomes) for study in studies)
    points = sum(len(study.open_points) for study in studies)
    print(
        f"{len(studies)} {'study' if len(studies) == 1 else 'studies'}, {outcomes} outcomes, "
        f"{points} open points; {len(terms.outcomes)} outcome words, {len(terms.drugs)} drugs, "
        f"{len(terms.units)} units: nothing wrong"
    )
    if not options.paths:
        from evidence.report.check import check_project

        for line in check_project(project, studies, terms):
            print(line)
    return 0


def _audit(options: argparse.Namespace) -> int:
    from evidence.rating.audit.command import audit_files, shown

    result = audit_files(_project(options), options.paths, options.answers, options.terms)
    print(shown(result, every=options.all, as_json=options.json))
    return 0 if result.passed else 1


def _list(options: argparse.Namespace) -> int:
    project = _project(options)
    if options.what == "studies":
        for study in project.studies():
            print(f"{study.id}\t{study.design}\t{study.population.group}\t{study.name}")
        return 0
    from evidence.report.analysis import analysis_names, load_analysis

    for name in analysis_names(project.analyses_folder):
        analysis = load_analysis(project.analyses_folder, name)
        print(f"{name}\t{analysis.title}")
        for section in analysis.sections:
            print(f"  {section.question.id}\t{section.question.title}")
    return 0


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
    from evidence.progress import Progress
    from evidence.report.analysis import load_analysis
    from evidence.report.build import build
    from evidence.report.whole.whole import build_whole

    project = _project(options)
    names, whole = _names(options, project)
    analyses = [load_analysis(project.analyses_folder, name) for name in names]
    for analysis in analyses:
        folder = project.reports_folder / analysis.name
        with Progress() as progress:
            built = build(analysis, project, folder, tell=progress.tell)
        print(f"{folder / 'index.html'}: {analysis.title}")
        for question in built.result.questions:
            print(f"  {question.finding}")
    for name in whole:
        with Progress() as progress:
            folder = build_whole(name, project, tell=progress.tell)
        print(f"{folder / 'index.html'}")
    return 0


def _trace(options: argparse.Namespace) -> int:
    from evidence.effects.assemble import effect_table
    from evidence.effects.trace import trace
    from evidence.errors import EffectError, Problem, did_you_mean
    from evidence.report.analysis import analysis_names, load_analysis, load_question

    project = _project(options)
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
            print(f"# {section.question.id}: {section.question.title}")
            print(trace(table, options.row))
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

    project = _project(options)
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
            print(f"{name}: note: {note}")
        if found.passed:
            numbers = f" and {found.numbers} numbers" if found.numbers else ""
            print(f"{name}: {found.files} files{numbers} are as committed")
            continue
        wrong += 1
        print(f"{name}: {len(found.moved)} moved", file=sys.stderr)
        for moved in found.moved:
            print(f"  {moved}", file=sys.stderr)
    return 1 if wrong else 0


def _site(options: argparse.Namespace) -> int:
    from evidence.progress import Progress
    from evidence.report.site.build import build_site

    with Progress() as progress:
        files = build_site(_project(options), options.folder, tell=progress.tell)
    print(f"{options.folder / 'index.html'}: {len(files)} files")
    return 0


def _import(options: argparse.Namespace) -> int:
    from evidence.report.exchange.commands import run_import

    print(run_import(options))
    return 0


def _export(options: argparse.Namespace) -> int:
    from evidence.report.exchange.commands import run_export

    print(run_export(options, _project(options)))
    return 0


def _pool(options: argparse.Namespace) -> int:
    from evidence.errors import EffectError, Problem
    from evidence.models.frequentist.pool import pool
    from evidence.report.own_data import OwnData, fit_record, read_own, save_forest

    pairs = [text.partition("=") for text in options.columns]
    wrong = [
        Problem(name, "is no PART=COLUMN", "such as events1=deaths")
        for name, sign, column in pairs
        if not sign or not column
    ]
    if wrong:
        raise EffectError("the columns are not named", wrong)
    columns = {name: column for name, _, column in pairs}
    table = read_own(OwnData(options.file, options.measure, columns, options.log))
    fit = pool(table, model=options.model, tau2=options.tau2, ci=options.ci, level=options.level)
    if options.forest is not None:
        save_forest(fit, options.forest)
    if options.json:
        print(json.dumps(fit_record(fit), indent=1, ensure_ascii=False, allow_nan=False))
        return 0
    print(fit)
    for row in table.unused.to_dict("records"):
        print(f"  not used: {row['study']}: {row['reason']}")
    return 0


def _claims(options: argparse.Namespace) -> int:
    from evidence.errors import Problem, ReportError
    from evidence.report.claims.text import citations_output, claims_output

    project = _project(options)
    if options.citations:
        if options.system or options.verdict:
            problem = Problem("--citations", "has no system and no verdict", "leave them out")
            raise ReportError("the options do not go together", [problem])
        print(citations_output(project, as_json=options.json))
        return 0
    text, notes = claims_output(project, options.system, options.verdict, as_json=options.json)
    print(text)
    for note in notes:
        print(f"evidence: {note}", file=sys.stderr)
    return 0


def _schema(options: argparse.Namespace) -> int:
    if options.what == "result":
        from evidence.report.result import result_schema

        made = result_schema()
    else:
        from evidence.catalog.schema import study_schema

        made = study_schema(_project(options).terms())
    print(json.dumps(made, indent=1, ensure_ascii=False))
    return 0
