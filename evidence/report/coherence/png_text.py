"""The words that a PNG carries with its pixels, and whether it is whole."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from evidence.errors import Problem, ReportError

START = b"\x89PNG\r\n\x1a\n"


def png_description(file: str, content: bytes) -> str | None:
    """Description in a PNG's text chunks; None where it carries none.

    Raises
    ------
    ReportError
        If the file is no PNG, is cut, or one of its chunks is damaged.
    """
    found = None
    for kind, data in _chunks(file, content):
        name, _, rest = data.partition(b"\0")
        if name == b"Description" and kind == b"tEXt":
            found = rest.decode("latin-1")
        elif name == b"Description" and kind == b"iTXt":
            found = _international(file, rest)
    return found


def _damaged(file: str, what: str) -> ReportError:
    problem = Problem(file, what, "build the report anew")
    return ReportError("a picture cannot be read", [problem])


def _chunks(file: str, content: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not content.startswith(START):
        raise _damaged(file, "is no PNG")
    at, kind = len(START), b""
    while kind != b"IEND":
        if at + 12 > len(content):
            raise _damaged(file, f"is cut behind byte {len(content)}")
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        data, check = content[at + 8 : at + 8 + size], content[at + 8 + size : at + 12 + size]
        if len(check) < 4 or struct.unpack(">I", check)[0] != zlib.crc32(kind + data):
            raise _damaged(file, f"is damaged behind byte {at}")
        yield kind, data
        at += size + 12


def _international(file: str, rest: bytes) -> str:
    """Text behind two flags, a language and a translated name."""
    packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    try:
        return (zlib.decompress(text) if packed else text).decode("utf-8")
    except (zlib.error, UnicodeDecodeError) as error:
        raise _damaged(file, f"its description cannot be read: {error}") from None
