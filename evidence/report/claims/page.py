"""The files of the claims: one document in its forms, and its values."""

from __future__ import annotations

from evidence.report.cite import Release
from evidence.report.claims.compose import compose_claims
from evidence.report.claims.gather import ClaimsReport
from evidence.report.claims.record import citations_csv, claims_csv, claims_json
from evidence.report.composed.citing import with_citation
from evidence.report.document.html import as_html
from evidence.report.document.resolve import resolve
from evidence.report.page import forms_of


def claims_files(report: ClaimsReport, release: Release | None = None) -> dict[str, bytes]:
    """Make the files of ``reports/claims``: the forms, table and values; nothing is written."""
    return {
        **forms_of(resolve(with_citation(compose_claims(report), release))),
        "claims.csv": claims_csv(report),
        "claims.json": claims_json(report),
        "citations.csv": citations_csv(report.citations),
    }


def claims_page(report: ClaimsReport) -> str:
    """Write the self-contained HTML page; all text is escaped, scripts are forbidden."""
    return as_html(resolve(compose_claims(report)))
