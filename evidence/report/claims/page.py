"""The files of the claims: one document in its forms, and its values."""

from __future__ import annotations

from evidence.report.claims.compose import compose_claims
from evidence.report.claims.gather import ClaimsReport
from evidence.report.claims.record import citations_csv, claims_csv, claims_json
from evidence.report.document.html import as_html
from evidence.report.document.resolve import resolve
from evidence.report.page import forms_of


def claims_files(report: ClaimsReport) -> dict[str, bytes]:
    """Make the files of ``reports/claims``: the forms, table and values; nothing is written."""
    return {
        **forms_of(resolve(compose_claims(report))),
        "claims.csv": claims_csv(report),
        "claims.json": claims_json(report),
        "citations.csv": citations_csv(report.citations),
    }


def claims_page(report: ClaimsReport) -> str:
    """Write the self-contained HTML page; all text is escaped, scripts are forbidden."""
    return as_html(resolve(compose_claims(report)))
