"""References of the reports, and how to cite what is here: CSL-JSON, RIS and BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evidence.catalog.study import Report, Study
from evidence.errors import Problem, ReportError, check_kind
from evidence.report.exchange.cells import clean_text

# Initials close a name in the style of Vancouver: "Burnett-Bowie SA".
INITIALS = re.compile(
    r"^(?P<family>.+?)\s+(?P<given>[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ.\- ]{0,6}?)"
    r"(?:\s+(?P<suffix>Jr|Sr|III?|IV|\d(?:st|nd|rd|th)))?$"
)
# What stands in ``note`` where a study file names only some of a report's authors.
AUTHORS_CUT = "authors not complete"
OTHERS = re.compile(r"(?:…|\.\.\.|\bet al\b\.?)", re.IGNORECASE)
GROUP = re.compile(r"\s*\(([^()]+)\)\s*")
MONTHS = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
RIS_TYPES = {
    "article-journal": "JOUR", "chapter": "CHAP", "dataset": "DATA", "webpage": "ELEC",
}  # fmt: skip
LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Citable:
    """Something of this project that has an identifier of its own.

    Attributes
    ----------
    id : str
        ``spine_bmd_men``, ``claim-12``: the anchor below the report's page.
    kind : str
        question, estimate, claim or report.
    title : str
    url : str or None
        Address of the page with its anchor; None where it is not published.
    """

    id: str
    kind: str
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """What is cited: the project, its version, the hash of the data and the date of release.

    ``date`` is ``YYYY-MM-DD``, or None where it was not released; no run has a date of its own.
    ``url`` is the address of the published site, or None.
    """

    title: str
    authors: tuple[str, ...]
    version: str
    data_hash: str
    date: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if self.date is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", self.date):
            problem = Problem("date", repr(self.date), "YYYY-MM-DD, or None")
            raise ReportError("the release has no date like this", [problem])
        if self.url is not None and not re.fullmatch(r"https?://[^\s<>\"]+", self.url):
            problem = Problem("url", repr(self.url), "https://..., or None")
            raise ReportError("the release has no address like this", [problem])


def csl_items(studies: Iterable[Study]) -> tuple[dict[str, Any], ...]:
    """Give every report of every study as a CSL-JSON item, sorted by id.

    A report that stands in several studies is given once; where two studies tell it differently,
    each has its own, the second under ``study.key``. What a study file does not hold is left out;
    where it names only some of the authors, ``note`` says so.

    Examples
    --------
    >>> import evidence as ev
    >>> items = csl_items(ev.load_studies())
    >>> next(x for x in items if x["id"] == "leder-2004")["container-title"]
    'J Clin Endocrinol Metab'
    """
    check_kind("studies", studies, (list, tuple), ReportError)
    found: dict[str, dict[str, Any]] = {}
    for study in studies:
        check_kind("studies", study, Study, ReportError)
        for report in study.reports:
            item = csl_item(report)
            if found.setdefault(report.key, item) != item:
                other = f"{study.id}.{report.key}"
                found[other] = item | {"id": other}
    return tuple(found[key] for key in sorted(found))


def csl_item(report: Report) -> dict[str, Any]:
    """Give a report as a CSL-JSON item.

    Examples
    --------
    >>> item = csl_item(Report(key="a", authors="Leder BZ, et al", year=2004, doi="10.1210/a"))
    >>> item["author"], item["issued"], item["note"]
    ([{'family': 'Leder', 'given': 'BZ'}], {'date-parts': [[2004]]}, 'authors not complete')
    """
    authors, cut = names_of(report.authors)
    # "prescribing information" says what it is, not the journal that printed it.
    kind = report.journal is not None and report.journal.islower()
    item: dict[str, Any] = {"id": report.key, "type": "document" if kind else "article-journal"}
    pairs = (
        ("title", report.title),
        ("author", authors or None),
        ("genre" if kind else "container-title", report.journal),
        ("issued", None if report.year is None else {"date-parts": [[report.year]]}),
        ("volume", report.volume),
        ("issue", report.issue),
        ("page", report.pages),
        ("DOI", report.doi),
        ("PMID", report.pmid),
        ("note", AUTHORS_CUT if cut else None),
    )
    return item | {key: _clean(value) for key, value in pairs if value is not None}


def _clean(value: Any) -> Any:
    return clean_text(" ".join(value.split())) if isinstance(value, str) else value


def names_of(authors: str | None) -> tuple[list[dict[str, str]], bool]:
    """Split a list of authors in the style of Vancouver; True where some were not named.

    Examples
    --------
    >>> names_of("van den Beld AW, Lamberts SW, et al.")[0][0]
    {'family': 'van den Beld', 'given': 'AW'}
    >>> names_of("ATAC Trialists' Group")
    ([{'literal': "ATAC Trialists' Group"}], False)
    """
    found = []
    text = clean_text(" ".join((authors or "").split()))
    groups = [{"literal": name} for name in GROUP.findall(text)]
    shorter = OTHERS.sub(",", GROUP.sub(",", text))
    for word in re.split(r"[,;]", shorter):
        name = word.strip().rstrip(".")
        if not name:
            continue
        parts = INITIALS.match(name)
        if parts is None:
            found.append({"literal": name})
            continue
        one = {"family": parts["family"], "given": parts["given"].strip()}
        found.append(one | ({"suffix": parts["suffix"]} if parts["suffix"] else {}))
    return found + groups, OTHERS.search(text) is not None


def citation(what: Citable, release: Release) -> dict[str, Any]:
    """Give a question, an estimate, a claim or a report as a CSL-JSON item: "cite this".

    Examples
    --------
    >>> release = Release("evidence", ("The evidence authors",), "0.1.0", "ab12cd", "2026-11-21")
    >>> item = citation(Citable("spine_bmd_men", "question", "Spine BMD in men"), release)
    >>> item["id"], item["version"], item["note"]
    ('spine_bmd_men', '0.1.0', 'question spine_bmd_men; data ab12cd')
    """
    check_kind("what", what, Citable, ReportError)
    check_kind("release", release, Release, ReportError)
    item: dict[str, Any] = {
        "id": _clean(what.id),
        "type": "dataset",
        "title": _clean(what.title),
        "author": [{"literal": _clean(name)} for name in release.authors],
        "container-title": _clean(release.title),
        "version": release.version,
        "note": _clean(f"{what.kind} {what.id}; data {release.data_hash}"),
    }
    if release.date is not None:
        item["issued"] = {"date-parts": [[int(part) for part in release.date.split("-")]]}
    if what.url is not None:
        item["URL"] = _clean(what.url)
    return item


def as_ris(items: Sequence[dict[str, Any]], studies: Sequence[str] = ()) -> str:
    """Write CSL items as RIS.

    Parameters
    ----------
    items : sequence of dict
    studies : sequence of str, optional
        The study that each item belongs to: RevMan reads it from the tag NS.

    Examples
    --------
    >>> print(as_ris([{"id": "a", "type": "article-journal", "title": "T", "page": "1-9"}]), end="")
    TY  - JOUR
    ID  - a
    TI  - T
    SP  - 1
    EP  - 9
    ER  -
    """
    check_kind("items", items, (list, tuple), ReportError)
    if studies and len(studies) != len(items):
        problem = Problem("studies", f"{len(studies)} for {len(items)} items", "one an item")
        raise ReportError("the studies do not fit the items", [problem])
    return "\n".join(
        "\n".join(_ris_lines(item, studies[i] if studies else "")) + "\nER  - \n"
        for i, item in enumerate(items)
    )


def _ris_lines(item: dict[str, Any], study: str) -> Iterator[str]:
    yield f"TY  - {RIS_TYPES.get(item['type'], 'GEN')}"
    if study:
        yield f"NS  - {_line(study)}"
    yield f"ID  - {_line(item['id'])}"
    for author in item.get("author", ()):
        literal = author.get("literal")
        name = literal or ", ".join(author[k] for k in ("family", "given", "suffix") if k in author)
        yield f"AU  - {_line(name)}"
    parts = [str(part) for part in item.get("issued", {}).get("date-parts", [[]])[0]]
    for tag, key in (("TI", "title"), ("T2", "container-title"), ("M3", "genre")):
        if key in item:
            yield f"{tag}  - {_line(item[key])}"
    if parts:
        yield f"PY  - {parts[0]}"
    if len(parts) > 1:
        yield f"DA  - {'/'.join(part.zfill(2) for part in parts)}"
    for tag, key in (("VL", "volume"), ("IS", "issue"), ("ET", "version"), ("DO", "DOI")):
        if key in item:
            yield f"{tag}  - {_line(item[key])}"
    if "page" in item:
        first, sign, last = str(item["page"]).partition("-")
        yield f"SP  - {_line(first if last else first + sign)}"
        if last:
            yield f"EP  - {_line(last)}"
    for tag, key in (("AN", "PMID"), ("UR", "URL"), ("N1", "note")):
        if key in item:
            yield f"{tag}  - {_line(item[key])}"


def _line(text: object) -> str:
    return clean_text(" ".join(str(text).split()))


def as_bibtex(items: Sequence[dict[str, Any]]) -> str:
    r"""Write CSL items as BibTeX.

    Examples
    --------
    >>> print(as_bibtex([{"id": "a", "type": "article-journal", "title": "50% & more"}]), end="")
    @article{a,
      title = {{50\% \& more}},
    }
    """
    check_kind("items", items, (list, tuple), ReportError)
    return "\n".join(_bibtex_entry(item) for item in items)


def _bibtex_entry(item: dict[str, Any]) -> str:
    article = item["type"] == "article-journal"
    fields: list[tuple[str, str]] = []
    names = [_bibtex_name(author) for author in item.get("author", ())]
    if item.get("note") == AUTHORS_CUT:
        names.append("others")
    if names:
        fields.append(("author", " and ".join(names)))
    if "title" in item:
        fields.append(("title", f"{{{_tex(item['title'])}}}"))
    parts = [str(part) for part in item.get("issued", {}).get("date-parts", [[]])[0]]
    if parts:
        fields.append(("year", parts[0]))
    if len(parts) > 1:
        fields.append(("month", MONTHS[int(parts[1]) - 1]))
    home = "journal" if article else "howpublished"
    pairs = (
        (home, "container-title"), ("type", "genre"), ("volume", "volume"), ("number", "issue"),
        ("pages", "page"), ("edition", "version"), ("doi", "DOI"), ("pmid", "PMID"), ("url", "URL"),
        ("note", "note"),
    )  # fmt: skip
    for name, key in pairs:
        if key in item:
            text = _tex(item[key])
            fields.append((name, text.replace("-", "--") if key == "page" else text))
    key = re.sub(r"[^A-Za-z0-9_.:-]", "-", str(item["id"]))
    lines = "".join(
        f"  {name} = {value},\n" if name == "month" else f"  {name} = {{{value}}},\n"
        for name, value in fields
    )
    return f"@{'article' if article else 'misc'}{{{key},\n{lines}}}\n"


def _bibtex_name(author: dict[str, str]) -> str:
    if "literal" in author:
        return f"{{{_tex(author['literal'])}}}"
    given = " ".join(f"{char}." for char in author["given"] if char.isupper())
    family = _tex(author["family"])
    suffix = f", {_tex(author['suffix'])}" if "suffix" in author else ""
    return f"{family}{suffix}, {given}"


def _tex(text: object) -> str:
    return "".join(LATEX.get(char, char) for char in _line(text))
