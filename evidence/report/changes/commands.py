"""``evidence changes`` and ``evidence release``: their arguments, and what they print."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.catalog.project import Project


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands to a parser; nothing is loaded before one of them runs."""
    told = commands.add_parser(
        "changes", help="say which numbers, ratings and sentences moved, and why"
    )
    told.add_argument("--from", dest="old", metavar="VERSION", help="default: the last release")
    told.add_argument("--to", dest="new", metavar="VERSION", help="default: the reports of now")
    told.add_argument("--json", action="store_true", help="print JSON instead of text")
    made = commands.add_parser(
        "release", help="keep the figures of the committed reports as a data release"
    )
    made.add_argument("version", metavar="VERSION", help="above the last one, such as 0.2.0")
    made.add_argument("--why", required=True, metavar="TEXT", help="what the release is for")


def run_changes(options: argparse.Namespace, project: Project) -> str:
    """Run ``evidence changes`` and return what it prints."""
    from evidence.report.changes.history import NOW, load_history, load_with_present
    from evidence.report.changes.record import steps_record
    from evidence.report.changes.text import step_text
    from evidence.report.files import json_bytes

    last = options.new or NOW
    if last == NOW:
        history, now = load_with_present(project)
    else:
        history, now = load_history(project), None
    step = history.step(options.old or history.before(last), last, now)
    if options.json:
        return json_bytes(steps_record([step])).decode("utf-8").rstrip("\n")
    return step_text(step)


def run_release(options: argparse.Namespace, project: Project) -> str:
    """Run ``evidence release`` and return what it prints: the files, and what lacks a reason."""
    from evidence.report.changes.history import load_history, releases_file, snapshot_file
    from evidence.report.changes.publish import publish

    release = publish(project, options.version, options.why)
    lines = [
        f"{snapshot_file(project, release.version)}: the figures, data {release.data_hash[:12]}",
        f"{releases_file(project)}: {release.version} of {release.date}",
    ]
    history = load_history(project)
    if len(history.releases.versions) > 1:
        step = history.step(history.before(release.version), release.version)
        lines += [f"no reason given: {x.kind} {x.id}: {x.what}" for x in step.unexplained]
    return "\n".join(lines)
