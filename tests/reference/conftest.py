"""One case of ``fixture_path`` per reference file under ``--reference-dir``."""

from pathlib import Path

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fixture_path" not in metafunc.fixturenames:
        return
    root: Path = metafunc.config.getoption("--reference-dir")
    if not root.is_dir():
        raise pytest.UsageError(f"--reference-dir: no folder {root}")
    paths = sorted(path for path in root.rglob("*.json") if path.name != "counts.json")
    if not paths:
        raise pytest.UsageError(f"--reference-dir: no *.json under {root}")
    names = [path.relative_to(root).with_suffix("").as_posix() for path in paths]
    metafunc.parametrize("fixture_path", paths, ids=names)
