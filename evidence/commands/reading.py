"""What reads the data and says what is wrong with it: check, audit, list."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.commands.shared import project_of, say

if TYPE_CHECKING:
    from evidence.commands.shared import Commands


def add_commands(commands: Commands) -> None:
    """Add the commands to a parser; nothing is loaded before one of them runs."""
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


def _check(options: argparse.Namespace) -> int:
    from evidence.catalog.phrases import counted
    from evidence.catalog.read import load_studies

    project = project_of(options)
    terms = project.terms()
    paths = [Path(path) for path in options.paths] or [project.studies_folder]
    studies = load_studies(paths, terms)
    outcomes = sum(len(study.outcomes) for study in studies)
    points = sum(len(study.open_points) for study in studies)
    held = ", ".join(
        [
            counted(len(studies), "study", "studies"),
            counted(outcomes, "outcome"),
            counted(points, "open point"),
        ]
    )
    known = ", ".join(
        [
            counted(len(terms.outcomes), "outcome word"),
            counted(len(terms.drugs), "drug"),
            counted(len(terms.units), "unit"),
        ]
    )
    say(f"{held}; {known}: nothing wrong")
    if not options.paths:
        from evidence.report.check import check_project

        for line in check_project(project, studies, terms):
            say(line)
    return 0


def _audit(options: argparse.Namespace) -> int:
    from evidence.rating.audit.command import audit_files, shown

    result = audit_files(project_of(options), options.paths, options.answers, options.terms)
    say(shown(result, every=options.all, as_json=options.json))
    return 0 if result.passed else 1


def _list(options: argparse.Namespace) -> int:
    project = project_of(options)
    if options.what == "studies":
        for study in project.studies():
            say(f"{study.id}\t{study.design}\t{study.population.group}\t{study.name}")
        return 0
    from evidence.report.analysis import analysis_names, load_analysis

    for name in analysis_names(project.analyses_folder):
        analysis = load_analysis(project.analyses_folder, name)
        say(f"{name}\t{analysis.title}")
        for section in analysis.sections:
            say(f"  {section.question.id}\t{section.question.title}")
    return 0
