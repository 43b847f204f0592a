"""start.py: what it says when it is called wrongly, and that it installs nothing then."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

START = Path(__file__).resolve().parents[1] / "start.py"


def call(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(START), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


@pytest.fixture
def start(tmp_path: Path) -> ModuleType:
    """The script as a module, whose folder is an empty one."""
    spec = importlib.util.spec_from_file_location("start_under_test", START)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.HOME = tmp_path / ".venv"
    module.LOCK = tmp_path / "requirements.lock"
    module.LOCK.write_text("numpy==2\n")
    module.STAMP = module.HOME / "installed-from"
    module.PYTHON = module.HOME / "python"
    return module


@pytest.mark.parametrize(
    "words", [(), ("tests",), ("report", "extra"), ("--help",), ("",)], ids=repr
)
def test_a_wrong_call_tells_the_usage_and_makes_nothing(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    done = call(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "usage: python3 start.py {setup|report|docs|test}\n"
    assert list(tmp_path.iterdir()) == []


def test_an_old_python_is_refused_before_anything_is_installed(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["start.py", "setup"])
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert start.main() == 1
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err
    assert not start.HOME.exists()


def test_what_is_installed_is_not_installed_again(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    start.HOME.mkdir()
    start.PYTHON.write_text("")
    digest = hashlib.sha256(start.LOCK.read_bytes()).hexdigest()
    start.STAMP.write_text(f"{digest} {sys.version.split()[0]}")
    monkeypatch.setattr(start, "run", lambda command: pytest.fail(f"ran {command}"))
    start.set_up()

    start.LOCK.write_text("numpy==3\n")
    ran: list[object] = []
    monkeypatch.setattr(start, "run", ran.append)
    monkeypatch.setattr("venv.create", lambda *args, **options: None)
    start.set_up()
    assert len(ran) == 2
    assert "--require-hashes" in ran[0]
    assert start.STAMP.read_text() != f"{digest} {sys.version.split()[0]}"


def test_a_step_that_fails_ends_the_set_up_and_the_command(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"the set-up failed at: .* -c "):
        start.run([sys.executable, "-c", "raise SystemExit(3)"])
    monkeypatch.setattr(sys, "argv", ["start.py", "test"])
    monkeypatch.setattr(start, "set_up", lambda: None)
    monkeypatch.setattr(start, "PYTHON", sys.executable)
    monkeypatch.setattr(start, "COMMANDS", {"test": [["-c", "raise SystemExit(5)"], ["-c", "1"]]})
    assert start.main() == 5
    assert "failed: python -c raise SystemExit(5)" in capsys.readouterr().err


def test_commands_run_the_package_and_the_tests(start: ModuleType) -> None:
    assert start.COMMANDS["report"] == [["-m", "evidence", "run"]]
    modules = [step[1] for step in start.COMMANDS["test"]]
    assert {"ruff", "mypy", "pytest", "evidence"} <= set(modules)
    assert ["-m", "evidence", "verify"] in start.COMMANDS["test"]
