"""The documentation: every code block runs, every public name has its place, the site builds."""

import html.parser
import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from docs_blocks import (
    DOCS,
    ROOT,
    Block,
    Run,
    ShownError,
    blocks_of,
    pages,
    show_like_a_reader,
    start,
)

import evidence

SLOW = "<!-- slow -->"
DIRECTIVES = {"{toctree}", "{code-block}"}
# Blocks that no test runs: cloning, and reports that are sampled for minutes.
NOT_RUN = {"docs/quick-start.md": 1, "docs/how-to/reports.md": 2}
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in pages()}


def module(name: str) -> ModuleType:
    """A script of ``docs/``, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def runnable(text: str) -> bool:
    return any(block.kind not in ("directive", "not run") for block in blocks_of(text))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the data to download, where figures are drawn without a window."""
    import matplotlib.pyplot as plt
    import pandas as pd

    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("COLUMNS", "80")
    start(tmp_path)
    with pd.option_context("display.width", 80):
        show_like_a_reader()
        yield tmp_path
    plt.close("all")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if SLOW in text else [])
        for page, text in PAGES.items()
        if runnable(text)
    ],
)
def test_page_runs_and_prints_what_it_shows(page: str, folder: Path) -> None:
    Run(folder).page(PAGES[page])


def test_no_block_is_left_untested() -> None:
    skipped: Counter[str] = Counter()
    for page, text in PAGES.items():
        for block in blocks_of(text):
            assert block.kind != "unknown", f"{page}:{block.line}: {block.language!r} is not run"
            if block.kind == "directive":
                assert block.language in DIRECTIVES, f"{page}:{block.line}"
                # A block of code in a directive would slip past the runner.
                assert not re.search(r"^(>>>|\$ |import )", block.text, re.MULTILINE), page
            skipped[page] += block.kind == "not run"
    assert {page: n for page, n in skipped.items() if n} == NOT_RUN


def test_commands_that_are_not_run_exist(capsys: pytest.CaptureFixture[str]) -> None:
    from evidence import cli

    steps = module_of_start().COMMANDS
    seen = 0
    for page in NOT_RUN:
        for block in blocks_of(PAGES[page]):
            if block.kind != "not run":
                continue
            for words in (line[2:].split() for line in block.text.splitlines()):
                if words[0] == "evidence":
                    with pytest.raises(SystemExit, match=r"^0$"):
                        cli.main([words[1], "--help"])
                    seen += 1
                elif words[0] == "python3":
                    assert words[2] in steps
                    seen += 1
    capsys.readouterr()
    assert seen >= 3


def module_of_start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_start", ROOT / "start.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


# The runner itself: what it must refuse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```python\nprint(1)\n```\n```output\n2\n```", "shown:\n2\nprinted:\n1"),
        ("```python\nprint(1)\n```\n", "does not show what it prints"),
        ("```python\nx = 1\n```\n```python\nprint(x)\n```", "does not show what it prints"),
        ("```output\n1\n```", "nothing was printed"),
        ("```r\n1\n```", "nobody runs a block of 'r'"),
        ("```console\n$ evidence list\nnothing\n```", "shown:\nnothing"),
        ("```console\n$ rm -r x\n```", "nobody runs the command"),
        ("```console\nevidence list\n```", "begins with a command"),
        ("```python\nx = 1", "never closed"),
    ],
)
def test_runner_refuses(text: str, words: str, folder: Path) -> None:
    with pytest.raises(ShownError, match=re.escape(words)):
        Run(folder).page(text)


def test_runner_keeps_names_files_and_folders(folder: Path) -> None:
    text = (
        "<!-- file: a/b.txt -->\n```yaml\none: 1\n```\n"
        "```console\n$ cd a\n$ cat b.txt\none: 1\n```\n"
        "```python\nfrom pathlib import Path\nx = Path('b.txt').read_text()\n```\n"
        "```python\nprint(x.strip(), 'and more')\n```\n\n```output\none: ... more\n```\n"
    )
    run = Run(folder)
    run.page(text)
    assert run.folder == (folder / "a").resolve()


def test_blocks_have_their_comment_and_line() -> None:
    text = "# A\n\n<!-- not run: asks the network -->\n\n````console\n$ x\n```\n````\n"
    assert blocks_of(text) == [Block("console", "$ x\n```", 5, "not run", "asks the network")]


# What the pages name


def test_every_public_name_stands_in_the_reference_once() -> None:
    found = Counter(name for _, names in module("public_names").places() for name in names)
    assert set(found) == set(evidence.__all__)
    assert set(found.values()) == {1}


@pytest.mark.parametrize(
    ("page", "least"), [("docs/coming-from-r.md", 80), ("docs/how-to/figures.md", 35)]
)
def test_names_in_tables_of_calls_exist(page: str, least: int) -> None:
    seen = 0
    for line in PAGES[page].splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) < 2 or set(cells[0]) <= {"-"}:
            continue
        for code in re.findall(r"`([^`]+)`", cells[1]):
            named = re.findall(r"(?<![\w.])([a-z]\w+)\(", code)
            if re.fullmatch(r"[a-z]\w+", code) and not code.startswith("tau2_"):
                named.append(code)
            unknown = [name for name in named if name not in evidence.__all__]
            assert not unknown, f"{unknown} in {line}"
            seen += len(named)
    assert seen >= least


def test_numbers_in_the_text_are_those_of_the_code() -> None:
    from evidence.effects.sizes.registry import MEASURES
    from evidence.rating.audit.registry import CHECKS

    for page in ("docs/tutorials/own-csv.md", "docs/how-to/effect-sizes.md", "docs/measures.md"):
        assert re.search(rf"\b{len(MEASURES)}\b", PAGES[page]), page
    assert len(CHECKS) == 19
    assert "\nNineteen checks" in PAGES["docs/how-to/audit.md"]


def test_each_family_has_a_page_in_the_index_of_how_to() -> None:
    listed = re.findall(r"^[\w-]+$", PAGES["docs/how-to/index.md"], flags=re.MULTILINE)
    there = {path.stem for path in (DOCS / "how-to").glob("*.md")} - {"index"}
    assert there == set(listed)


def test_relative_links_lead_to_pages() -> None:
    for page, text in PAGES.items():
        plain = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", plain):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


# Tables that are written by a script


def test_tables_are_fresh() -> None:
    tables = module("make_tables")
    kept = json.loads(tables.FIGURES.read_text(encoding="utf-8"))
    assert kept["made_from"] == tables.made_from(), "run python docs/make_tables.py"
    assert PAGES["docs/validation.md"] == tables.validation(kept["figures"])
    assert PAGES["docs/measures.md"] == tables.measures()


def test_data_of_the_examples_are_those_of_the_reference_files() -> None:
    import pandas as pd

    def reference(name: str) -> pd.DataFrame:
        path = ROOT / "tests" / "reference" / f"{name}.json"
        return pd.DataFrame(json.loads(path.read_text(encoding="utf-8"))["data"])

    def ours(name: str, *columns: str) -> list[list[float]]:
        return pd.read_csv(DOCS / "data" / f"{name}.csv")[list(columns)].to_numpy(float).tolist()

    counts = ["ai", "n1i", "ci", "n2i"]
    bcg = ours("bcg", "tb_vaccinated", "n_vaccinated", "tb_control", "n_control", "latitude")
    expected = reference("glmm/bcg-ablat-or-cmal-ml")[[*counts, "ablat"]]
    assert bcg == expected.to_numpy(float).tolist()
    hahn = ours("hahn2001", "infusion_reduced", "n_reduced", "infusion_standard", "n_standard")
    assert hahn == reference("pairwise/hahn2001-mh-or")[counts].to_numpy(float).tolist()
    schools = ours("konstantopoulos2011", "district", "school", "estimate", "variance")
    three = reference("multilevel/konstantopoulos2011-threelevel")
    assert schools == three[["district", "school", "yi", "vi"]].to_numpy(float).tolist()


# The site


class Loaded(html.parser.HTMLParser):
    """What a browser would load to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get("href") if tag == "link" else given.get("src")
        if address and tag in ("link", "script", "img", "iframe", "source", "video", "audio"):
            self.found.append(address)


@pytest.mark.slow
def test_site_builds_without_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-n", "-W", "--keep-going", "-q"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(DOCS), str(site)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = sorted(site.rglob("*.html"))
    assert len(found) > 50
    for path in found:
        page = Loaded()
        text = path.read_text(encoding="utf-8")
        page.feed(text)
        assert page.found
        # The keyboard can scroll wide code, and a reader is told how deep a heading stands.
        assert "<pre>" not in text
        assert 'role="heading">' not in text
        assert not [a for a in page.found if re.match(r"(https?:)?//", a)], path
    for style in site.rglob("*.css"):
        assert not re.search(
            r"(url\(\s*['\"]?|@import\s+['\"])(https?:)?//", style.read_text("utf-8")
        )
    text = (site / "reference" / "pooling.html").read_text(encoding="utf-8")
    assert 'id="evidence.pool"' in text
