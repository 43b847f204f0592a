"""axe-core finds nothing: the same pages that the project's own audit reads, by the usual tool."""

import importlib.util
import re
from pathlib import Path

import pytest
from chromium import browser, visit
from site_samples import REAL

from evidence.report.site.build import build_site

AXE = importlib.util.find_spec("axe_core_python")
pytestmark = [
    browser,
    pytest.mark.slow,
    pytest.mark.skipif(AXE is None, reason="axe is not installed: pip install axe-core-python"),
]
PAGES = (
    "index.html",
    "studies.html",
    "claims.html",
    "methods.html",
    "data.html",
    "questions/vte_women_tamoxifen.html",
    "questions/spine_bmd_men_percent.html",
    "questions/cv_event_men.html",
    "questions/crp_men.html",
    "studies/burnett-bowie-2009.html",
    "studies/buzdar-2006.html",
)
RUN = """
document.documentElement.dataset.theme = "THEME";
document.querySelectorAll("details").forEach((x) => { x.open = true; });
const told = document.createElement("pre");
told.id = "told";
const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
axe.run(document, { runOnly: { type: "tag", values } }).then((found) => {
  const lines = found.violations.map((x) => `${x.id}: ${x.nodes[0].html.slice(0, 150)}`);
  told.textContent = JSON.stringify([lines, found.passes.length]);
  document.body.append(told);
});
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("axe") / "site"
    build_site(REAL, folder)
    return folder


def axed(page: str, theme: str) -> str:
    """The page with axe in it: its policy, which would refuse that script, is taken out."""
    assert AXE is not None
    assert AXE.origin is not None
    axe = Path(AXE.origin).with_name("axe.min.js").read_text("utf-8")
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert open_page != page
    scripts = f"<script>{axe}</script><script>{RUN.replace('THEME', theme)}</script>"
    return open_page.replace("</body>", f"{scripts}</body>")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(site: Path, tmp_path: Path, name: str, theme: str) -> None:
    page = tmp_path / Path(name).name
    page.write_text(axed((site / name).read_text("utf-8"), theme), encoding="utf-8")
    found, passed = visit(page, tmp_path).answer
    assert found == []
    assert passed > 20


def test_axe_sees_a_barrier(site: Path, tmp_path: Path) -> None:
    page = (site / "index.html").read_text("utf-8").replace('<html lang="en">', "<html>")
    (tmp_path / "bad.html").write_text(axed(page, "light"), encoding="utf-8")
    found, _ = visit(tmp_path / "bad.html", tmp_path).answer
    assert [line.split(":")[0] for line in found] == ["html-has-lang"]
