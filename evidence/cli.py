"""The command line: options for all commands, and how a command ends.

The commands stand in ``evidence.commands``; each imports what it needs when it runs, so that help
and checks start at once.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from evidence.commands import reading, reports, tools
from evidence.commands.shared import warn
from evidence.errors import EvidenceError


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
        warn(f"evidence: {error}")
        return 1
    except KeyboardInterrupt:
        warn("evidence: interrupted; nothing was left half-written")
        return 130
    except BrokenPipeError:
        # The reader of a pipe has gone; keep Python from complaining once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        warn(f"evidence: {error}")
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
    for subject in (reading, reports, tools):
        subject.add_commands(commands)
    return parser


def _version() -> str:
    import evidence

    return f"evidence {evidence.__version__}"
