"""A Summary of Findings as a Word document, in the layout of Cochrane and GRADE."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.catalog.question import MEASURE_LABELS
from evidence.errors import ReportError, check_kind
from evidence.rating.certainty.words import SYMBOLS, plain_level
from evidence.report.certainty.findings_table import findings_table, footnotes_table
from evidence.report.certainty.summary_of_findings import SummaryOfFindings
from evidence.report.document.docx_package import Package
from evidence.report.document.docx_styles import INK, LANDSCAPE
from evidence.report.document.docx_table import cell, column_widths, grid, row
from evidence.report.document.docx_text import paragraph, run, styled, to_bookmark
from evidence.report.tables import Table

# Columns of ``findings_table`` in the order of GRADE: the difference beside what it is made of.
OUTCOME, COMPARATOR, TREATMENT, RELATIVE, DIFFERENCE, PEOPLE, ASKED, MEANT, SAID = range(9)
ORDER = (OUTCOME, COMPARATOR, TREATMENT, DIFFERENCE, RELATIVE, PEOPLE, ASKED, MEANT, SAID)
GROUPS = (
    ("Anticipated absolute effects (95 % CI)", (COMPARATOR, TREATMENT, DIFFERENCE)),
    ("Certainty of the evidence (GRADE)", (ASKED, MEANT)),
)
TITLE_SIZE = '<w:sz w:val="30"/><w:szCs w:val="30"/>'
GAP = '<w:spacing w:before="20" w:after="160"/>'
# What the levels mean, in the words that the GRADE Working Group sets below its tables.
GRADES = {
    "high": "we are very confident that the true effect lies close to that of the estimate of the "
    "effect.",
    "moderate": "we are moderately confident in the effect estimate: the true effect is likely to "
    "be close to the estimate of the effect, but there is a possibility that it is substantially "
    "different.",
    "low": "our confidence in the effect estimate is limited: the true effect may be substantially "
    "different from the estimate of the effect.",
    "very_low": "we have very little confidence in the effect estimate: the true effect is likely "
    "to be substantially different from the estimate of effect.",
}


def findings_docx(table: SummaryOfFindings, *, about: Mapping[str, str] | None = None) -> bytes:
    """Write a Summary of Findings for Word: the same bytes each time.

    Parameters
    ----------
    table : SummaryOfFindings
    about : mapping of str to str, optional
        ``version``, ``data_hash``, ``date`` and ``author``, as far as they are known: they stand
        in its footer and its properties.

    Raises
    ------
    ReportError
        If it is given something else.

    Notes
    -----
    Schunemann et al 2023, chapter 14 of the Cochrane Handbook, version 6.4. Differing from it: the
    certainty stands twice, for the question as asked and for what the answer is meant for.

    Examples
    --------
    >>> from evidence.report.certainty.summary_of_findings import Rated, SofRow
    >>> rated = Rated(level="low", status="judged")
    >>> row = SofRow(question="q", outcome="Death", follow_up="52 weeks", trials=2,
    ...     participants=40, told_in_part=0, directions="", relative=None, measure="RR", unit=None,
    ...     comparator=None, comparator_text="", comparator_source="", treatment=None,
    ...     difference=None, absolute_unit="", as_asked=rated, certainty=rated, footnotes=(1,),
    ...     smallest_difference="", statement="...")
    >>> table = SummaryOfFindings(title="A v B", people="men", intervention="A", comparison="B",
    ...     meant_for="", rows=(row,), footnotes=("Few events.",))
    >>> findings_docx(table)[:2]
    b'PK'
    """
    check_kind("table", table, SummaryOfFindings, ReportError)
    about = {} if about is None else about
    check_kind("about", about, Mapping, ReportError)
    package = Package(about)
    made = findings_table(table)
    _, _, told = made.caption.partition("Setting: ")
    setting, _, notes = told.partition(". ")
    lines = {
        "Patient or population": table.people,
        "Setting": setting,
        "Intervention": table.intervention,
        "Comparison": table.comparison,
    }
    body = paragraph("Title", run(made.title, TITLE_SIZE))
    body += "".join(
        paragraph("Line", styled(f"{name}: ", "Strong") + run(text), keep=True, frame=gap)
        for (name, text), gap in zip(lines.items(), ("", "", "", GAP), strict=True)
    )
    body += _table(table, made)
    body += paragraph("Small", run(notes)) + paragraph("Small", run(_short_forms(table, made)))
    body += _grades() + _reasons(table)
    return package.bytes_of(body + package.section(landscape=True), made.title)


def _table(table: SummaryOfFindings, made: Table) -> str:
    names = list(made.head)
    if any(one.occasion == "final" for one in table.rows):
        names[COMPARATOR] += f": {table.comparison}"
        names[TREATMENT] += f": {table.intervention}"
    names[DIFFERENCE] = names[DIFFERENCE].removesuffix(" (95 % CI)")
    for column in (ASKED, MEANT):
        names[column] = _capital(names[column].removeprefix("Certainty, "))
    texts = [[line[i] for i in ORDER] for line in made.rows]
    ordered = Table(made.title, tuple(names[i] for i in ORDER), tuple(map(tuple, texts)))
    widths = dict(zip(ORDER, column_widths(ordered, LANDSCAPE), strict=True))
    rows = _heads(names, widths)
    for one, line in zip(table.rows, made.rows, strict=True):
        contents = {i: run(text) for i, text in enumerate(line)}
        contents[MEANT] = run(one.certainty.text) + _marks(one.footnotes)
        rows.append(row([cell(widths[i], paragraph("TableText", contents[i])) for i in ORDER]))
    return grid([widths[i] for i in ORDER], rows, made.title)


def _heads(names: list[str], widths: Mapping[int, int]) -> list[str]:
    """Two rows of heads: over the columns that belong together stands what they are."""
    grouped = {column: name for name, columns in GROUPS for column in columns}
    rule = f'<w:bottom w:val="single" w:sz="6" w:space="0" w:color="{INK}"/>'
    upper, lower = [], []
    for i in ORDER:
        text = paragraph("TableHead", run(names[i]))
        if i not in grouped:
            upper.append(cell(widths[i], text, merge="restart"))
            lower.append(cell(widths[i], paragraph("TableHead", ""), merge="continue", rule=rule))
            continue
        lower.append(cell(widths[i], text, rule=rule))
        columns = dict(GROUPS)[grouped[i]]
        if i == columns[0]:
            wide = sum(widths[column] for column in columns)
            over = paragraph("TableHead", run(grouped[i]))
            upper.append(cell(wide, over, span=len(columns)))
    return [row(upper, head=True), row(lower, head=True)]


def _marks(numbers: tuple[int, ...]) -> str:
    linked = [to_bookmark(f"reason_{n}", styled(str(n), "Citation")) for n in numbers]
    return styled(",", "Citation").join(linked)


def _short_forms(table: SummaryOfFindings, made: Table) -> str:
    """Spell out the short forms of measures that the table uses, and name its questions."""
    words = {word for line in made.rows for text in line for word in text.split()}
    used = [f"{name}: {label}" for name, label in MEASURE_LABELS.items() if name in words]
    asked = ", ".join(one.question for one in table.rows)
    return f"{'; '.join(['CI: confidence interval', *used])}. Questions: {asked}."


def _grades() -> str:
    head = paragraph("Heading3", run("GRADE Working Group grades of evidence"))
    return head + "".join(
        paragraph(
            "Line", styled(f"{SYMBOLS[level]} {_capital(plain_level(level))} certainty: ", "Strong")
            + run(meaning),
        )
        for level, meaning in GRADES.items()
    )  # fmt: skip


def _reasons(table: SummaryOfFindings) -> str:
    notes = footnotes_table(table)
    if notes is None:
        return ""
    made = [paragraph("Heading3", run(notes.title))]
    for i, (number, text) in enumerate(notes.rows):
        mark = f'<w:bookmarkStart w:id="{i}" w:name="reason_{number}"/>'
        words = f'{mark}{run(f"{number}.")}<w:bookmarkEnd w:id="{i}"/>'
        made.append(paragraph("Bibliography", words + run(f"\t{text}")))
    return "".join(made)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
