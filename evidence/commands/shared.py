"""What all commands share: their text goes out here, and here they find their project."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.catalog.project import Project

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def say(line: object) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{line}\n")


def warn(line: object) -> None:
    """Write a line to standard error."""
    sys.stderr.write(f"{line}\n")


def project_of(options: argparse.Namespace) -> Project:
    """Find the project that a command is about.

    Raises
    ------
    StudyError
        If there is none.
    """
    from evidence.catalog.project import find_project

    return find_project(options.project)


def said(
    text: Callable[[argparse.Namespace, Project], str],
) -> Callable[[argparse.Namespace], int]:
    """Make a command of a function that returns what is to be said about a project."""

    def run(options: argparse.Namespace) -> int:
        say(text(options, project_of(options)))
        return 0

    return run
