"""``evidence import`` and ``evidence export``: their arguments, and what they print."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.catalog.project import Project

FORMATS = ("metafor", "revman", "frictionless", "fhir", "ris", "findings", "netcdf")


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands to a parser; nothing is loaded before one of them runs."""
    taken = commands.add_parser("import", help="rerun a review of RevMan, or list references")
    taken.add_argument("file", type=Path, help=".rm5, a data package (.zip or folder), .ris")
    taken.add_argument("--list", action="store_true", help="name the analyses only")
    taken.add_argument("--analysis", metavar="ID", help="tell one in full, such as 1.2")
    taken.add_argument("--json", action="store_true", help="print JSON instead of text")
    taken.add_argument("--forest", type=Path, metavar="FILE", help="draw the analysis")
    given = commands.add_parser("export", help="write reports in the forms of other software")
    given.add_argument("names", nargs="*", metavar="NAME", help="analyses (default: all built)")
    given.add_argument(
        "--format",
        nargs=2,
        required=True,
        metavar=("FORM", "FOLDER"),
        help=f"{', '.join(FORMATS)}; and where to write",
    )


def run_import(options: argparse.Namespace) -> str:
    """Run ``evidence import`` and return what it prints."""
    from evidence.report.exchange.incoming import import_file

    return import_file(
        options.file,
        analysis=options.analysis,
        listing=options.list,
        as_json=options.json,
        forest=options.forest,
    )


def run_export(options: argparse.Namespace, project: Project) -> str:
    """Run ``evidence export`` and return what it prints: the files that it wrote."""
    from evidence.report.exchange.outgoing import export

    form, folder = options.format
    return "\n".join(str(path) for path in export(project, options.names, form, folder))
