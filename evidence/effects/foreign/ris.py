"""Read references in RIS, as other software writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import folded
from evidence.effects.foreign.safe_xml import read_bytes
from evidence.errors import EffectError, Problem, check_kind

MOST_BYTES = 64 * 1024 * 1024
LINE = re.compile(r"^([A-Z][A-Z0-9])  -(?: (.*))?$")
TITLES, JOURNALS = ("TI", "T1"), ("JO", "JF", "T2", "JA")
YEARS, DOIS, PMIDS = ("PY", "Y1", "DA"), ("DO",), ("AN",)


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference as a RIS file gives it; None where it does not.

    ``fields`` is every tag with its values, in the file's order.
    """

    kind: str
    authors: tuple[str, ...]
    title: str | None
    journal: str | None
    year: int | None
    volume: str | None
    issue: str | None
    pages: str | None
    doi: str | None
    pmid: str | None
    fields: tuple[tuple[str, str], ...]

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        names = ", ".join(self.authors)
        parts = (names, self.title, self.journal, None if self.year is None else str(self.year))
        return folded(plain(". ".join(part.strip(" .") for part in parts if part) or "no title"))


def read_ris(path: str | Path) -> tuple[Reference, ...]:
    r"""Read a RIS file.

    Raises
    ------
    EffectError
        With every line that is wrong.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.ris"
    ...     _ = file.write_text("TY  - JOUR\nAU  - Leder, B.\nPY  - 2004\nER  - \n")
    ...     references = read_ris(file)
    >>> references[0].authors, references[0].year
    (('Leder, B.',), 2004)
    """
    check_kind("path", path, (str, Path), EffectError)
    content = read_bytes(Path(path), MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(str(path), f"byte {error.start} is no UTF-8", "save it as UTF-8")
        raise EffectError("the file is no RIS", [problem]) from None
    found: list[Reference] = []
    problems: list[Problem] = []
    fields: list[tuple[str, str]] | None = None
    # Only line feeds end a line here: other signs for it may stand within a title.
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        where, match = f"{path}:{number}", LINE.match(raw.rstrip())
        if not raw.strip():
            continue
        if match is None:
            if fields:
                fields[-1] = (fields[-1][0], f"{fields[-1][1]} {raw.strip()}".strip())
            else:
                problems.append(Problem(where, f"{raw[:40]!r}", 'a reference begins "TY  - "'))
            continue
        tag, value = match.group(1), (match.group(2) or "").strip()
        if tag == "TY":
            if fields is not None:
                problems.append(Problem(where, "a reference begins in another", 'end it: "ER  - "'))
            fields = [("TY", value)]
        elif fields is None:
            problems.append(Problem(where, f'"{tag}" before "TY"', 'a reference begins "TY  - "'))
        elif tag == "ER":
            found.append(_reference(fields))
            fields = None
        else:
            fields.append((tag, value))
    if fields is not None:
        problems.append(Problem(str(path), "the last reference has no end", 'end it: "ER  - "'))
    if not found and not problems:
        problems.append(Problem(str(path), "holds no reference", "a RIS file"))
    if problems:
        raise EffectError(f"{path}: {len(problems)} wrong in the references", problems)
    return tuple(found)


def _reference(fields: list[tuple[str, str]]) -> Reference:
    def first(*tags: str) -> str | None:
        return next((value for tag in tags for t, value in fields if t == tag and value), None)

    year = re.search(r"\b(1[5-9]\d\d|20\d\d)\b", first(*YEARS) or "")
    start, end = first("SP"), first("EP")
    pmid = first(*PMIDS)
    return Reference(
        kind=fields[0][1],
        authors=tuple(value for tag, value in fields if tag in ("AU", "A1") and value),
        title=first(*TITLES),
        journal=first(*JOURNALS),
        year=None if year is None else int(year.group(1)),
        volume=first("VL"),
        issue=first("IS"),
        pages=f"{start}-{end}" if start and end else start,
        doi=first(*DOIS),
        pmid=pmid if pmid and re.fullmatch(r"\d{1,8}", pmid) else None,
        fields=tuple(fields),
    )
