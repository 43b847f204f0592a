"""Drive a headless Chromium: run scripts in pages of its own, or click through pages of the site.

Nothing is sent out: names of hosts are not resolved, and what was asked for is written down.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on the path: apt-get install chromium"
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--hide-scrollbars", "--enable-logging=stderr",
    "--allow-file-access-from-files", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=60000",
)  # fmt: skip
# What Chromium asks for by itself, whatever the page.
ITS_OWN = re.compile(r"https?://([a-z0-9-]+\.)*(google|googleapis|gstatic)\.com/")
# A frame of the same origin is driven as a user would; its scripts are those of the site.
DRIVER = """<!doctype html><meta charset="utf-8"><title>driver</title><pre id="told"></pre>
<iframe id="frame" width="1100" height="900"></iframe><script>
const given = GIVEN, frame = document.getElementById("frame");
const wait = () => new Promise((done) => setTimeout(done, 60));
const loaded = () => new Promise((done) => {
  frame.onload = () => done(frame.contentDocument);
});
const open_ = (url) => { const ready = loaded(); frame.src = url; return ready; };
const set = (page, id, value) => {
  const input = page.getElementById(id);
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  return wait();
};
const tell = (x) => { document.getElementById("told").textContent = JSON.stringify(x); };
(async () => { BODY })().then(tell, (error) => tell({ error: `${error}\\n${error.stack}` }));
</script>"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run showed: the script's answer, the console's lines, the addresses asked for."""

    answer: Any
    console: tuple[str, ...]
    outward: tuple[str, ...]


def visit(page: Path, folder: Path, *more: str) -> Seen:
    """Open a page and read the JSON that its scripts left in ``id="told"``."""
    if CHROMIUM is None:
        raise RuntimeError("there is no chromium")
    log = folder / "net.json"
    own = (f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}")
    command = [CHROMIUM, *FLAGS, *own, *more, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=True)
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, f"the page told nothing: {done.stdout[:500]}"
    assert found[1], "the page's script did not come to its end"
    console = tuple(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    answer = json.loads(html.unescape(found[1]))
    assert not (isinstance(answer, dict) and "error" in answer), answer
    return Seen(answer, console, tuple(sorted(set(_asked(log)))))


def _asked(log: Path) -> Iterable[str]:
    events = json.loads(log.read_text("utf-8"))["events"]
    for event in events:
        url = event.get("params", {}).get("url", "")
        if url.startswith(("http", "ws", "ftp")) and not ITS_OWN.match(url):
            yield url


def drive(body: str, folder: Path, *more: str, **given: Any) -> Seen:
    """Run the body of an async function beside a frame; ``given`` is at hand in it."""
    told = json.dumps(given).replace("<", "\\u003c")
    page = folder / "driver.html"
    page.write_text(DRIVER.replace("GIVEN", told).replace("BODY", body), encoding="utf-8")
    return visit(page, folder, *more)


def evaluate(script: str, folder: Path, **given: Any) -> Any:
    """Evaluate ``main(given)`` of a script in a page of its own."""
    told = json.dumps(given).replace("<", "\\u003c")
    page = folder / "evaluate.html"
    page.write_text(
        f"""<!doctype html><meta charset="utf-8"><pre id="told"></pre><script>
const tell = (x) => {{ document.getElementById("told").textContent = JSON.stringify(x); }};
window.onerror = (message, _, line) => tell({{ error: `${{message}} at line ${{line}}` }});
</script><script>{script}</script><script>const given = {told}; tell(main(given));</script>""",
        encoding="utf-8",
    )
    return visit(page, folder).answer
