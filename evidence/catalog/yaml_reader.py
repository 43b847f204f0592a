"""Strict YAML: plain values with the line of each, and every problem of a file at once."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from evidence.errors import Problem

# Control characters, and those that turn or break the line they stand in.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069"
    "\ufdd0-\ufdef\ufeff\ufffe\uffff\U000e0000-\U000e007f]"
)
MAX_BYTES = 2_000_000
MAX_DEPTH = 16
MAX_NODES = 50_000
MAX_PROBLEMS = 200

Address = tuple[str | int, ...]

_INT = re.compile(r"[-+]?\d+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Document:
    """A file as plain values: mappings are dicts, sequences tuples.

    ``lines`` gives the line (from 1) of each address, ``problems`` all that is wrong with the text.
    """

    path: Path
    data: Any
    lines: Mapping[Address, int]
    problems: tuple[Problem, ...]

    def where(self, address: Address) -> str:
        """Say file, line and path: ``x.yaml:12 outcomes[0].unit``."""
        known: Address = address
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.path}:{self.lines.get(known, 1)} {written(address)}".rstrip()


def written(address: Address) -> str:
    """Write an address as people do.

    Examples
    --------
    >>> written(("outcomes", 0, "unit"))
    'outcomes[0].unit'
    """
    text = ""
    for part in address:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(path: Path) -> Document:
    """Read one file without ever raising for what is in it.

    Refused, each with its line: files that are no UTF-8 or larger than 2 MB, anchors and aliases
    (a few lines of them can stand for gigabytes), tags (they construct objects), duplicate keys,
    keys that are no text, several documents, more than 16 levels or 50,000 values, NaN, infinity
    and numbers too large to hold.
    """

    def refuse(what: str, right: str, line: int = 1) -> Document:
        return Document(path, None, {}, (Problem(f"{path}:{line}", what, right),))

    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            return refuse(f"the file has {size:,} bytes", f"at most {MAX_BYTES:,} are read")
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        return refuse(
            f"cannot be read ({getattr(error, 'strerror', None) or error})",
            "give a file that exists",
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return refuse(f"byte {error.start} is not UTF-8", "save the file as UTF-8", line)
    reading = _Reading(path)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data = reading.document(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = f"is not YAML: {error.problem or error.context}"
        return Document(
            path, None, {}, (*reading.problems, Problem(f"{path}:{line}", what, "mend the syntax"))
        )
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        return refuse(f"is not YAML: {first}", "use printable text only")
    except _TooMuch as error:
        return refuse(str(error), "a study file is a few levels deep and a few thousand values")
    return Document(path, data, reading.lines, tuple(reading.problems))


class _TooMuch(Exception):
    """The file is deeper or larger than any honest one."""


@dataclass(slots=True)
class _Reading:
    path: Path
    lines: dict[Address, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def document(self, events: Any) -> Any:
        data, documents = None, 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.wrong((), event, "starts a second document", "one document a file")
            elif isinstance(event, yaml.NodeEvent):
                value = self.node(event, events, ())
                data = value if documents == 1 else data
        return data

    def wrong(self, address: Address, event: Any, what: str, right: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            where = f"{self.path}:{event.start_mark.line + 1} {written(address)}".rstrip()
            self.problems.append(Problem(where, what, right))

    def node(self, event: Any, events: Any, address: Address) -> Any:
        self.count += 1
        if len(address) > MAX_DEPTH:
            raise _TooMuch(f"line {event.start_mark.line + 1} is nested {len(address)} levels deep")
        if self.count > MAX_NODES:
            raise _TooMuch(f"the file holds more than {MAX_NODES:,} values")
        self.lines[address] = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self.wrong(address, event, f"*{event.anchor} is an alias", "write the value out")
            return None
        if event.anchor is not None:
            self.wrong(address, event, f"&{event.anchor} is an anchor", "write the value out")
        if event.tag is not None:
            self.wrong(address, event, f"the tag {event.tag} is not allowed", "use plain values")
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(events, address)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(events, address)
        return self.scalar(event, address)

    def sequence(self, events: Any, address: Address) -> tuple[Any, ...]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self.node(event, events, (*address, len(items))))
        return tuple(items)

    def mapping(self, events: Any, address: Address) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = event.value if isinstance(event, yaml.ScalarEvent) else None
            if key is None or not key:
                self.wrong(address, event, "a key that is no text", "name each key")
                self.node(event, events, (*address, "?"))
                self.node(next(events), events, (*address, "?"))
                continue
            if event.anchor is not None or event.tag is not None:
                self.wrong(
                    (*address, key), event, "anchor or tag on a key", "write the key plainly"
                )
            if key in found:
                first = self.lines[(*address, key)]
                self.wrong(
                    (*address, key), event, f'the key "{key}" stands twice', f"see line {first}"
                )
                self.node(next(events), events, (*address, f"{key} (again)"))
                continue
            value = next(events)
            found[key] = self.node(value, events, (*address, key))
            self.lines[(*address, key)] = event.start_mark.line + 1
        return found

    def scalar(self, event: Any, address: Address) -> Any:
        text: str = event.value
        hidden = HIDDEN.search(text)
        if hidden is not None:
            what = f"holds the hidden character U+{ord(hidden[0]):04X}"
            self.wrong(address, event, what, "write it without: it can change what is shown")
            return None
        if event.style:
            return text
        if text.lower() in _CONSTANTS:
            return _CONSTANTS[text.lower()]
        if _INT.fullmatch(text) and len(text) <= 18:
            return int(text)
        if _FLOAT.fullmatch(text):
            value = float(text)
            if math.isfinite(value):
                return value
            self.wrong(address, event, f"{text[:40]} is too large a number", "check the figure")
            return None
        if _NOT_FINITE.fullmatch(text):
            self.wrong(address, event, f"{text} is not a number", "null where nothing was printed")
            return None
        return text
