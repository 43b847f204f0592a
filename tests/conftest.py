"""The one command-line option of the test suite, and what hypothesis must not time."""

from pathlib import Path

import pytest
from hypothesis import settings

# A slow machine is not a wrong answer.
settings.register_profile("evidence", deadline=None)
settings.load_profile("evidence")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--reference-dir",
        type=Path,
        default=Path(__file__).parent / "reference",
        help="folder of reference results (*.json, at any depth) to compare with",
    )
