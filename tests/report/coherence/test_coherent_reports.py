"""Every committed report agrees with its result, in each form that is there."""

import pytest

from evidence.catalog.project import find_project
from evidence.report.analysis import analysis_names
from evidence.report.coherence.examine import examine

PROJECT = find_project()


@pytest.mark.parametrize("name", analysis_names(PROJECT.analyses_folder))
def test_a_committed_report_agrees_with_its_result(name: str) -> None:
    assert examine(PROJECT.reports_folder / name) == ()
