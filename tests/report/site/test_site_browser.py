"""The site in a real Chromium: load, toggle, click down to the source, read it without a mouse."""

from pathlib import Path
from typing import Any

import pytest
from chromium import Seen, browser, drive, visit
from site_samples import REAL

from evidence.effects.table import table_of
from evidence.models.frequentist.pool import pool
from evidence.report.numbers import interval, number
from evidence.report.result import QuestionResult, ResultFile
from evidence.report.site.build import build_site
from evidence.report.wording import decimals

pytestmark = browser
EVENTS = "vte_women_tamoxifen"
BORROWED = "spine_bmd_men_percent"
PREDICTED = "cv_event_men"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "site"
    build_site(REAL, folder)
    return folder


def questions() -> dict[str, QuestionResult]:
    paths = sorted(REAL.reports_folder.glob("*/result.json"))
    results = [ResultFile.model_validate_json(path.read_bytes()) for path in paths]
    return {q.id: q for r in results for q in r.questions}


def run(site: Path, folder: Path, body: str, *more: str, **given: Any) -> Any:
    """Drive the site; nothing may go wrong in the console or leave the page."""
    seen: Seen = drive(body, folder, *more, root=f"{site.as_uri()}/", **given)
    assert seen.console == ()
    assert seen.outward == ()
    return seen.answer


def test_from_the_pooled_number_down_to_the_printed_figure(site: Path, tmp_path: Path) -> None:
    told = run(
        site,
        tmp_path,
        """
        let page = await open_(given.root + "index.html");
        const told = [];
        const links = [...page.querySelectorAll("#questions a")];
        const link = links.find((a) => a.href.endsWith(`${given.name}.html`));
        let ready = loaded();
        link.click();
        page = await ready;
        told.push(page.location.href);
        page.querySelector("#line-pooled .number").click();
        const dialog = page.getElementById("dialog");
        told.push(dialog.open, page.getElementById("dialog-title").textContent);
        dialog.querySelector("a.number").click();
        told.push(page.getElementById("dialog-title").textContent);
        const leaf = dialog.querySelector("a.leaf");
        told.push(leaf.textContent);
        ready = loaded();
        leaf.click();
        page = await ready;
        const target = page.querySelector(":target");
        const source = target.closest("section").querySelector("a[rel~=external]");
        told.push(page.location.href, target.textContent, source.href);
        return told;
        """,
        name=EVENTS,
    )
    result = questions()[EVENTS]
    first = result.effects[0]
    assert told[0].endswith(f"/questions/{EVENTS}.html")
    assert told[1] is True
    assert told[2] == "Pooled: 0.50 (0.34 to 0.74)"
    assert told[3].startswith(first.label)
    assert f"/studies/{first.study}.html#" in told[5]
    assert told[6].split()[-1] in told[4]
    assert told[7].startswith("https://")


def shown(fit: Any, result: QuestionResult) -> str:
    """The pooled line as the page writes it."""
    from evidence.effects.scales import to_readers

    ends = [to_readers(x, result.scale) for x in (fit.estimate, fit.ci_low, fit.ci_high)]
    places = decimals(result)
    return f"{number(ends[0], places)} ({interval(ends[1], ends[2], places)})"


def test_every_choice_moves_the_result_at_once(site: Path, tmp_path: Path) -> None:
    told = run(
        site,
        tmp_path,
        """
        const page = await open_(given.root + `questions/${given.name}.html`);
        const pooled = () => page.querySelector("#line-pooled .number").textContent;
        const drawn = () => page.querySelector("#plot .press[aria-label^=Pooled]")
          .getAttribute("aria-label");
        const bayes = () => page.querySelector("#line-bayes .value").textContent;
        const told = { declared: pooled(), bayes: [bayes()] };
        await set(page, "tau2", "dersimonian_laird");
        await set(page, "ci", "wald");
        told.dl = [pooled(), drawn()];
        await set(page, "model", "common");
        told.common = [pooled(), page.getElementById("tau2").disabled];
        page.getElementById("reset").click();
        told.reset = pooled();
        page.getElementById("use-0").click();
        await wait();
        told.without = [pooled(), page.querySelector("#row-0 .weight").textContent,
          page.querySelectorAll("#plot .row.out").length,
          page.getElementById("result").textContent];
        page.getElementById("reset").click();
        await set(page, "scale", "0.05");
        told.bayes.push(bayes());
        await set(page, "scale-slide", "1");
        told.scale = page.getElementById("scale").value;
        await set(page, "scale", "-1");
        told.refused = page.getElementById("result").textContent;
        page.getElementById("reset").click();
        page.querySelectorAll("#trials input").forEach((x) => x.click());
        await wait();
        told.none = [pooled(), page.getElementById("result").textContent];
        return told;
        """,
        name=EVENTS,
    )
    result = questions()[EVENTS]
    y, s = [x.estimate for x in result.effects], [x.std_error for x in result.effects]
    table = table_of(y, s)
    assert told["declared"] == shown(pool(table), result)
    moved = shown(pool(table, tau2="dersimonian_laird", ci="wald"), result)
    assert told["dl"] == [moved, f"Pooled, {moved}: trace"]
    assert told["common"] == [shown(pool(table, model="common"), result), True]
    assert told["reset"] == told["declared"]
    assert told["without"][:3] == [shown(pool(table_of(y[1:], s[1:])), result), "left out", 1]
    assert f"As declared: {told['declared']}" in told["without"][3]
    assert told["bayes"][0] != told["bayes"][1]
    assert told["scale"] == "5"
    assert "the scale of the prior has to be a number above 0" in told["refused"]
    assert told["none"][0] == "not computed"
    assert "every trial is left out" in told["none"][1]


def test_the_discount_moves_what_is_borrowed(site: Path, tmp_path: Path) -> None:
    told = run(
        site,
        tmp_path,
        """
        const told = {};
        for (const name of given.names) {
          const page = await open_(given.root + `questions/${name}.html`);
          const value = () => page.querySelector("#line-borrowed .value").textContent;
          const found = [value()];
          for (const discount of ["0", "1"]) {
            await set(page, "discount", discount);
            found.push(value());
          }
          told[name] = [...found, page.getElementById("discount-value").textContent];
        }
        return told;
        """,
        names=[BORROWED, PREDICTED],
    )
    for name in (BORROWED, PREDICTED):
        result = questions()[name]
        block = result.borrowed
        assert block is not None
        declared = next(row for row in block.rows if row.term == "borrowed")
        rows = [declared, block.curve[0], block.curve[-1]]
        places = decimals(result)
        texts = [f"{number(x.estimate, places)} ({interval(x.low, x.high, places)})" for x in rows]
        assert told[name] == [*texts, "1"]


@pytest.mark.slow
def test_every_page_loads_without_a_word_in_the_console(site: Path, tmp_path: Path) -> None:
    names = sorted(questions())
    told = run(
        site,
        tmp_path,
        """
        const told = {};
        for (const name of given.names) {
          const page = await open_(given.root + `questions/${name}.html`);
          const live = page.getElementById("live");
          told[name] = live ? [!live.hidden, page.querySelectorAll("#plot .row").length,
            page.querySelector("#line-pooled .number")?.textContent ?? null] : null;
        }
        for (const name of given.others) await open_(given.root + name);
        return told;
        """,
        names=names,
        others=["index.html", "studies.html", "claims.html", "methods.html", "data.html"],
    )
    for name, result in questions().items():
        if result.main is None:
            continue
        live, rows, pooled = told[name]
        fit = result.main.shown
        places = decimals(result)
        assert live
        assert rows >= result.k
        assert pooled == f"{number(fit.estimate, places)} ({interval(fit.low, fit.high, places)})"


def test_search_and_sort(site: Path, tmp_path: Path) -> None:
    told = run(
        site,
        tmp_path,
        """
        const page = await open_(given.root + "index.html");
        const all = () => [...page.querySelectorAll("#questions tbody tr")];
        const rows = () => all().filter((x) => !x.hidden);
        const used = () => rows().map((x) => Number(x.cells[2].textContent));
        const told = { all: rows().length };
        const head = page.querySelectorAll("#questions th")[2];
        const before = used();
        head.querySelector("button").click();
        told.up = [used(), head.getAttribute("aria-sort")];
        head.querySelector("button").click();
        told.down = [used(), head.getAttribute("aria-sort")];
        head.querySelector("button").click();
        told.back = [used().join() === before.join(), head.getAttribute("aria-sort")];
        await set(page, "find-questions", "SPINE women");
        told.found = rows().map((x) => x.textContent.toLowerCase());
        told.count = page.getElementById("count-questions").textContent;
        return told;
        """,
    )
    assert told["all"] == len(questions())
    assert told["up"] == [sorted(told["up"][0]), "ascending"]
    assert told["down"] == [sorted(told["up"][0], reverse=True), "descending"]
    assert told["back"] == [True, "none"]
    assert 0 < len(told["found"]) < told["all"]
    assert all("spine" in text and "women" in text for text in told["found"])
    assert told["count"] == f"{len(told['found'])} of {told['all']}"


def test_the_keyboard_reaches_numbers_and_traces(site: Path, tmp_path: Path) -> None:
    told = run(
        site,
        tmp_path,
        """
        const page = await open_(given.root + `questions/${given.name}.html`);
        const press = page.querySelectorAll("#plot .press")[1];
        press.focus();
        const told = [page.activeElement === press, page.getElementById("tip").textContent];
        const Key = frame.contentWindow.KeyboardEvent;
        press.dispatchEvent(new Key("keydown", { key: "Enter", bubbles: true, cancelable: true }));
        told.push(page.getElementById("dialog").open);
        told.push(page.getElementById("dialog-title").textContent);
        page.getElementById("dialog-close").click();
        told.push(page.getElementById("dialog").open);
        press.blur();
        told.push(page.getElementById("tip").hidden);
        return told;
        """,
        name=EVENTS,
    )
    label = questions()[EVENTS].effects[1].label
    assert told[0] is True
    assert told[1].startswith(f"{label}: 0.30 (0.13 to 0.69); weight ")
    assert told[2] is True
    assert told[3].startswith(f"{label}: ")
    assert told[4:] == [False, True]


def test_light_dark_and_the_systems_own(site: Path, tmp_path: Path) -> None:
    told = run(
        site,
        tmp_path,
        """
        let page = await open_(given.root + "index.html");
        const paper = () => getComputedStyle(page.body).backgroundColor;
        const told = [];
        const button = () => page.getElementById("theme");
        for (let i = 0; i < 3; i++) {
          told.push([button().textContent, paper()]);
          button().click();
        }
        button().click();
        button().click();
        page = await open_(given.root + "studies.html");
        told.push([button().textContent, paper()]);
        return told;
        """,
    )
    white, black = "rgb(255, 255, 255)", "rgb(22, 24, 27)"
    assert told == [
        ["Colours: as the system", white],
        ["Colours: light", white],
        ["Colours: dark", black],
        ["Colours: dark", black],
    ]


AUDIT = Path(__file__).with_name("audit.js").read_text("utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_barrier_is_found(site: Path, tmp_path: Path, theme: str) -> None:
    """Names, headings, landmarks, lists, targets and contrast, after WCAG 2.2 AA."""
    pages = ["index.html", "studies.html", "claims.html", "methods.html", "data.html"]
    pages += [f"questions/{x}.html" for x in (EVENTS, BORROWED, PREDICTED, "crp_men")]
    pages += ["studies/burnett-bowie-2009.html", "studies/buzdar-2006.html"]
    told = run(
        site,
        tmp_path,
        AUDIT
        + """
        const told = {};
        for (const name of given.pages) {
          const page = await open_(given.root + name);
          page.documentElement.dataset.theme = given.theme;
          page.querySelectorAll("details").forEach((x) => { x.open = true; });
          if (page.getElementById("use-0")) page.getElementById("use-0").click();
          await wait();
          told[name] = audit(page);
          const number = page.querySelector("#trials a.number");
          if (number) { number.click(); told[name].push(...audit(page)); }
        }
        return told;
        """,
        pages=pages,
        theme=theme,
    )
    assert told == {name: [] for name in pages}


def test_the_audit_sees_barriers(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!doctype html><body><main><h1>a</h1><h3 id=x>b</h3><p id=x style='color:#999'>pale</p>"
        "<input><a href=''></a><table><tr><th></th></tr></table></main>"
    )
    seen = drive(AUDIT + "return audit(await open_(given.url));", tmp_path, url=page.as_uri())
    text = "\n".join(seen.answer)
    for what in (
        "no language", "no title", "not one nav", "id twice: x", "no name", "a heading is skipped",
        "no scope", "empty head", "small target", "contrast 2.85",
    ):  # fmt: skip
        assert what in text


def test_the_policy_stops_what_is_not_of_the_site(site: Path, tmp_path: Path) -> None:
    """A script or an address that someone slips into a page is refused, and the check sees it."""
    text = (site / "index.html").read_text("utf-8")
    slipped = "<script>window.hacked = 1</script><img src='https://example.invalid/a.png'>"
    tell = "<pre id='told'>null</pre>"
    page = tmp_path / "slipped.html"
    page.write_text(text.replace("</main>", f"{slipped}{tell}</main>"), encoding="utf-8")
    seen = visit(page, tmp_path)
    assert len([line for line in seen.console if "Content Security Policy" in line]) == 2
    assert seen.outward == ()
    without = page.read_text("utf-8").replace("Content-Security-Policy", "X")
    page.write_text(without, encoding="utf-8")
    assert visit(page, tmp_path).outward == ("https://example.invalid/a.png",)


def test_it_prints_without_its_controls(site: Path, tmp_path: Path) -> None:
    told = run(
        site,
        tmp_path,
        """
        const page = await open_(given.root + `questions/${given.name}.html`);
        const sheet = page.styleSheets[0], rules = [...sheet.cssRules];
        const print = rules.find((x) => x.media && x.media.mediaText === "print");
        return [...print.cssRules].map((x) => x.cssText).join(" ");
        """,
        name=EVENTS,
    )
    assert "#choices" in told
    assert "details-content" in told
