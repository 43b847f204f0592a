"""Reads the fenced blocks of a documentation page and runs them as a reader would.

A page is Markdown. Its blocks are run from the top to the bottom in one folder and one namespace:

- ``python``: run; what it prints must be shown by an ``output`` block that follows.
- ``console``: lines with ``$`` are commands, the lines below each what it prints.
- any language after a comment ``<!-- file: NAME -->``: written to that file of the folder.
- any language after ``<!-- not run: REASON -->``: not run; the tests list how many there are.
- ``{name}``: a directive of the site, no code.

In what is shown, ``...`` stands for any text. ``python docs_blocks.py PAGE ...`` writes what was
printed into the pages; read it before you keep it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*(\S*)")
COMMENT = re.compile(r"^<!-- (file|not run): (.+) -->$")
SHELL = {"ls", "cat", "mkdir", "head", "wc"}
WIDTH = 100


class ShownError(AssertionError):
    """A page shows something else than what happens."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, its text, and the line of its opening fence."""

    language: str
    text: str
    line: int
    order: str = ""
    argument: str = ""

    @property
    def kind(self) -> str:
        """What is done with it."""
        if self.language.startswith("{"):
            return "directive"
        if self.order:
            return self.order
        known = self.language in ("python", "output", "console")
        return self.language if known else "unknown"


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks of a page, with the comment that stands right above each."""
    found: list[Block] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        opened = FENCE.match(lines[at])
        if opened is None:
            at += 1
            continue
        end = at + 1
        while end < len(lines) and not lines[end].strip().startswith(opened.group(1)):
            end += 1
        if end == len(lines):
            raise ShownError(f"line {at + 1}: the block is never closed")
        above = next((one for one in reversed(lines[:at]) if one.strip()), "")
        comment = COMMENT.match(above)
        order, argument = comment.groups() if comment else ("", "")
        inside = "\n".join(lines[at + 1 : end])
        found.append(Block(opened.group(2), inside, at + 1, order, argument))
        at = end + 1
    return found


@dataclass(slots=True)
class Run:
    """Where a page has come to: its folder, its names, and what was printed but not yet shown.

    ``home`` is where it began; a page shows it as ``~``.
    """

    folder: Path
    home: Path = field(init=False)
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    printed: str | None = None
    from_line: int = 0
    shown: dict[int, str] = field(default_factory=dict)
    mend: bool = False

    def __post_init__(self) -> None:
        self.home = self.folder

    def page(self, text: str) -> None:
        """Run every block."""
        for block in blocks_of(text):
            with _folder(self.folder):
                self._block(block)
        self._nothing_left()

    def _block(self, block: Block) -> None:
        if block.kind == "output":
            self._output(block)
            return
        if block.kind not in ("directive", "not run"):
            self._nothing_left()
        if block.kind == "file":
            path = self.folder / block.argument
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text + "\n", encoding="utf-8")
        elif block.kind == "python":
            self.printed, self.from_line = self._python(block), block.line
        elif block.kind == "console":
            self._console(block)
        elif block.kind == "unknown":
            raise ShownError(f"line {block.line}: nobody runs a block of {block.language!r}")

    def _nothing_left(self) -> None:
        if self.printed:
            where = f"line {self.from_line}"
            raise ShownError(f"{where}: the page does not show what it prints:\n{self.printed}")
        self.printed = None

    def _output(self, block: Block) -> None:
        if self.printed is None:
            raise ShownError(f"line {block.line}: nothing was printed that this could show")
        if not agree(block.text, self.printed):
            if not self.mend:
                raise ShownError(difference(block.line, block.text, self.printed))
            self.shown[block.line] = self.printed
        self.printed = None

    def _python(self, block: Block) -> str:
        caught = io.StringIO()
        code = compile("\n" * block.line + block.text, "page", "exec")
        with contextlib.redirect_stdout(caught), _own_warnings():
            exec(code, self.names)
        return caught.getvalue().rstrip("\n")

    def _console(self, block: Block) -> None:
        new: list[str] = []
        wrong = []
        for one in commands_of(block):
            printed = self._command(one.command).replace(str(self.home), "~")
            fits = agree(one.shown, printed)
            if not fits:
                wrong.append(f"$ {one.command}\n{difference(block.line, one.shown, printed)}")
            new += [one.written, *filter(None, [one.shown if fits else printed])]
        if wrong and not self.mend:
            raise ShownError("\n".join(wrong))
        if wrong:
            self.shown[block.line] = "\n".join(new)

    def _command(self, command: str) -> str:
        words = shlex.split(command)
        if words[0] == "cd":
            self.folder = (self.folder / words[1]).resolve()
            os.chdir(self.folder)
            return ""
        if words[0] == "evidence":
            return _evidence(words[1:])
        if words[0] not in SHELL:
            raise ShownError(f"nobody runs the command {command!r}")
        env = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
        return (done.stdout + done.stderr).rstrip("\n")


def _evidence(words: list[str]) -> str:
    """What the command line prints on both streams."""
    from evidence.cli import main

    caught = io.StringIO()
    with contextlib.redirect_stdout(caught), contextlib.redirect_stderr(caught):
        try:
            main(words)
        except SystemExit as end:
            if end.code not in (0, None):
                print(f"exit {end.code}", file=caught)
    return caught.getvalue().rstrip("\n")


@contextlib.contextmanager
def _own_warnings() -> Iterator[None]:
    """Print our own warnings where a reader sees them; those of others are errors."""
    from evidence.errors import PlausibilityWarning

    def show(message: Warning | str, category: type[Warning], *_: object) -> None:
        sys.stdout.write(f"{category.__name__}: {message}\n")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("always", PlausibilityWarning)
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@dataclass(slots=True)
class Command:
    """A command as it is run, as it is written over one line or more, and what is shown below."""

    command: str
    written: str
    shown: str = ""


def commands_of(block: Block) -> list[Command]:
    """The commands of a console block; a line that ends in a backslash goes on after ``> ``."""
    found: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], line))
        elif not found:
            raise ShownError(f"line {block.line}: a console block begins with a command")
        elif line.startswith("> ") and found[-1].command.endswith("\\"):
            found[-1].command = found[-1].command[:-1].rstrip() + " " + line[2:].strip()
            found[-1].written += "\n" + line
        else:
            found[-1].shown += ("\n" if found[-1].shown else "") + line
    return found


def agree(shown: str, printed: str) -> bool:
    """Whether what a page shows is what was printed; ``...`` stands for any text."""
    parts = [re.escape(part) for part in _plain(shown).split("...")]
    return re.fullmatch(".*?".join(parts), _plain(printed), flags=re.DOTALL) is not None


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def difference(line: int, shown: str, printed: str) -> str:
    """Say how a page and what happened differ."""
    return f"line {line}: shown:\n{shown}\nprinted:\n{printed}"


def pages() -> list[Path]:
    """Every page of the site that is written by hand or by a script."""
    found = sorted(DOCS.rglob("*.md"))
    return [p for p in found if not any(x.startswith("_") for x in p.relative_to(DOCS).parts)]


def write_back(path: Path, shown: dict[int, str]) -> None:
    """Put what was printed into the blocks that showed something else."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for line in sorted(shown, reverse=True):
        fence = re.match(r"`+", lines[line - 1])
        end = lines.index(fence.group() if fence else "```", line)
        lines[line:end] = [one.rstrip() for one in shown[line].splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def start(folder: Path) -> None:
    """Put the files that a reader downloads into the folder that a page runs in."""
    for path in sorted((DOCS / "data").glob("*.csv")):
        shutil.copy(path, folder)


def show_like_a_reader() -> None:
    """Fix how wide pandas and NumPy print, which otherwise depends on the terminal."""
    import numpy as np
    import pandas as pd

    pd.set_option("display.width", WIDTH, "display.max_columns", 12, "display.max_rows", 60)
    np.set_printoptions(linewidth=WIDTH, precision=8)


def _mend(names: list[str]) -> None:
    import tempfile

    show_like_a_reader()
    for name in names:
        path = Path(name).resolve()
        with tempfile.TemporaryDirectory() as folder:
            start(Path(folder))
            run = Run(Path(folder), mend=True)
            try:
                run.page(path.read_text(encoding="utf-8"))
            finally:
                write_back(path, run.shown)
        sys.stdout.write(f"{path}: {len(run.shown)} blocks mended\n")


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "agg")
    _mend(sys.argv[1:])
