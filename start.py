"""Set up and run: `python3 start.py report` builds all reports, `python3 start.py test` tests all.

`python3 start.py docs` builds the documentation below build/docs.
Needs nothing but Python >= 3.11 and git. Everything else is installed into the folder .venv from
requirements.lock, whose hashes fix the exact files.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
PYTHON = HOME / ("Scripts" if os.name == "nt" else "bin") / "python"
STAMP = HOME / "installed-from"
COMMANDS = {
    "setup": [],
    "report": [["-m", "evidence", "run"]],
    "docs": [["-m", "sphinx", "-b", "html", "-n", "-W", "docs", "build/docs"]],
    "test": [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-m", "evidence", "check"],
        ["-m", "pytest", "-n", "2"],
        ["-m", "evidence", "verify"],
    ],
}


def main() -> int:
    """Set up if needed, then run the command's steps one after the other."""
    asked = sys.argv[1] if len(sys.argv) == 2 else ""
    if asked not in COMMANDS:
        print(f"usage: python3 start.py {{{'|'.join(COMMANDS)}}}", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 (this file is what tells an older Python)
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}", file=sys.stderr)
        return 1
    set_up()
    for step in COMMANDS[asked]:
        print("+ python", *step, flush=True)
        code = subprocess.run([PYTHON, *step], cwd=ROOT, check=False).returncode
        if code:
            print(f"failed: python {' '.join(step)}", file=sys.stderr)
            return code
    return 0


def set_up() -> None:
    """Make .venv and install what the lock file names, unless that was done before."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest() + " " + sys.version.split()[0]
    if STAMP.is_file() and STAMP.read_text() == wanted and PYTHON.is_file():
        return
    try:
        import ensurepip
        import venv
    except ImportError:
        sys.exit("this Python has no venv or ensurepip: install your system's python3-venv package")
    del ensurepip
    print("setting up .venv (once, some minutes)", flush=True)
    venv.create(HOME, clear=True, with_pip=True)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", LOCK]
    run([*pip, *locked])
    run([*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT])
    STAMP.write_text(wanted)


def run(command: list) -> None:
    """Run one step of the set-up; stop with its status where it fails."""
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        sys.exit(f"the set-up failed at: {' '.join(map(str, command))}")


if __name__ == "__main__":
    sys.exit(main())
