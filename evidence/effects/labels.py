"""How a trial and its source are named in tables and figures."""

from __future__ import annotations

import re

from evidence.catalog.study import Outcome, Study


def label(study: Study) -> str:
    """Name a trial by the first author of its first report and the year in its id.

    Where the report names no author or the id no year, the words of the id serve.
    """
    report, year = study.reports[0], re.search(r"-(\d{4}[a-z]?)$", study.id)
    if report.authors is None or year is None:
        return study.id.replace("-", " ").title()
    surname = re.sub(r"\s+[A-Z]{1,4}$", "", report.authors.split(",")[0].strip())
    return f"{surname} {year.group(1)}"


def source_text(outcome: Outcome) -> str:
    """Name the report and the place in it: ``leder-2004[abstract]``."""
    return f"{outcome.source.report}[{outcome.source.locator}]"
