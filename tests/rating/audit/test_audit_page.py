"""The published rates belong to these scripts and these thresholds."""

import hashlib
from pathlib import Path

import pytest

from evidence.rating.audit.registry import CHECKS

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ("audit_bank.py", "audit_simulate.py", "audit_errors.py")
PAGE = (ROOT / "docs" / "validation-audit.md").read_text(encoding="utf-8")


def test_the_page_names_the_scripts_that_made_it() -> None:
    text = b"".join((ROOT / "benchmarks" / name).read_bytes() for name in SCRIPTS)
    assert f"`{hashlib.sha256(text).hexdigest()}`" in PAGE


@pytest.mark.parametrize("code", [check.code for check in CHECKS])
def test_the_page_states_each_check_as_it_is(code: str) -> None:
    (check,) = [c for c in CHECKS if c.code == code]
    assert f"| {check.code} {check.name} | {check.threshold} | {check.source} |" in PAGE
