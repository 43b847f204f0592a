"""The forms of a report: one document, written as a page, for print, for Word and as plain text."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any

from evidence.report.composed.material import Material
from evidence.report.composed.report import compose
from evidence.report.document.html import as_html
from evidence.report.document.resolve import Resolved, resolve
from evidence.report.files import json_bytes
from evidence.report.result import ResultFile

PAGE, MARKDOWN, PDF, WORD = "index.html", "report.md", "report.pdf", "report.docx"
# Large files without a text to be compared line by line: whoever needs them builds them.
NOT_COMMITTED = (PDF, WORD)
HASHES = "forms.json"


def resolved(result: ResultFile, material: Material, run: Mapping[str, Any]) -> Resolved:
    """Write a report as a document and number it."""
    return resolve(compose(result, material, run))


def page(result: ResultFile, material: Material, run: Mapping[str, Any]) -> str:
    """Write the self-contained HTML page.

    All text is escaped; the page's own policy forbids scripts and anything from elsewhere.
    """
    return as_html(resolved(result, material, run))


def forms(result: ResultFile, material: Material, run: Mapping[str, Any]) -> dict[str, bytes]:
    """Write all forms of a report, by the names of their files."""
    return forms_of(resolved(result, material, run))


def forms_of(document: Resolved) -> dict[str, bytes]:
    """Write all forms of a document, by the names of their files.

    ``forms.json`` holds the hashes of those that are built but not committed, so that a rebuilt one
    can be compared all the same.
    """
    from evidence.report.document.docx import as_docx
    from evidence.report.document.markdown import as_markdown
    from evidence.report.document.pdf import as_pdf

    made = {
        PAGE: as_html(document).encode("utf-8"),
        MARKDOWN: as_markdown(document).encode("utf-8"),
        PDF: as_pdf(document),
        WORD: as_docx(document),
    }
    hashes = {name: digest(made[name]) for name in NOT_COMMITTED}
    return {**made, HASHES: json_bytes({"format": "evidence-forms/1", "sha256": hashes})}


def digest(content: bytes) -> str:
    """SHA-256 of a file; of a Word file that of its parts, for not every zlib packs alike."""
    if not content.startswith(b"PK"):
        return hashlib.sha256(content).hexdigest()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [(name, hashlib.sha256(archive.read(name)).digest()) for name in archive.namelist()]
    whole = hashlib.sha256()
    for name, part in sorted(parts):
        whole.update(name.encode("utf-8") + b"\0" + part)
    return whole.hexdigest()
