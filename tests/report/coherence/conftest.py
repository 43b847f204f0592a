"""The small report, made once for all tests of the room."""

from pathlib import Path

import pytest
from coherence_samples import built_report, written

from evidence.report.build import Built


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built_report(tmp_path_factory.mktemp("coherence") / "project")


@pytest.fixture
def folder(made: Built, tmp_path: Path) -> Path:
    """A fresh copy of the report, to be tampered with."""
    return written(made, tmp_path / "demo")
