"""The PRISMA map: all items, each with a place or with what is lacking."""

from pathlib import Path

import pytest
import yaml

from evidence.catalog.prisma import ITEMS, load_prisma, places_missing
from evidence.catalog.project import find_project
from evidence.errors import StudyError


def entry(item: str, **more: object) -> dict[str, object]:
    return {"item": item, "topic": "t", "met": "yes", "place": "a/index.html#how"} | more


def written(folder: Path, items: list[dict[str, object]]) -> Path:
    path = folder / "prisma.yaml"
    path.write_text(yaml.safe_dump({"about": "a map", "items": items}), "utf-8")
    return path


def test_there_are_42_parts_of_27_items() -> None:
    assert len(ITEMS) == 42
    assert len({item.rstrip("abcdef") for item in ITEMS}) == 27


def test_a_whole_map_is_read(tmp_path: Path) -> None:
    found = load_prisma(written(tmp_path, [entry(item) for item in ITEMS]))
    assert [one.item for one in found.items] == list(ITEMS)


@pytest.mark.parametrize(
    ("items", "match"),
    [
        ([entry(i) for i in ITEMS[1:]], "item 1: is missing"),
        ([entry(i) for i in (*ITEMS, "13b")], "item 13b: stands twice"),
        ([entry(i) for i in (*ITEMS, "28")], "item 28: is no item of PRISMA 2020"),
        ([entry(i, place=None) for i in ITEMS], "item 1: met: yes, but no place"),
        ([entry(i, met="no") for i in ITEMS], "item 1: met: no, but no note"),
        ([entry(i, met="often") for i in ITEMS], '"often" is not allowed'),
    ],
)
def test_what_is_wrong_is_said(items: list[dict[str, object]], match: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=match):
        load_prisma(written(tmp_path, items))


def test_places_must_exist(tmp_path: Path) -> None:
    items = [entry(item) for item in ITEMS]
    items[0]["place"], items[1]["place"] = "a/index.html#what", "b/index.html"
    items[2] |= {"met": "no", "note": "n", "place": None}
    found = load_prisma(written(tmp_path, items))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text('<h2 id="how">', "utf-8")
    told = [(p.where, p.what) for p in places_missing(found, tmp_path)]
    assert told == [
        ("PRISMA item 1", "a/index.html has no #what"),
        ("PRISMA item 2", "b/index.html is no file of the reports"),
    ]


def test_every_place_of_the_project_is_there() -> None:
    project = find_project()
    found = load_prisma(project.root / "data" / "prisma.yaml")
    assert places_missing(found, project.reports_folder) == ()
