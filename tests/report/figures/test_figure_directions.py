"""Effect directions: one mark a study and domain, as large as it has people."""

from typing import Any

import pytest
from figure_checks import assert_readable, texts_of
from helpers import contrast, outcome, study, table

from evidence.effects.table import EffectTable, table_of
from evidence.errors import ReportError
from evidence.report.figures.effect_direction import LOOK, effect_direction_plot, study_directions


def part(name: str, way: str | None, n: int | None = 40, **told: Any) -> Any:
    arms = {} if n is None else {"a": {"n": n // 2}, "p": {"n": n - n // 2}}
    words = {"direction": way} if way else {"p": {"relation": "ns"}}
    return study(outcome(arms, [contrast(**words, **told)]), id=name)


def ways(*directions: str | None, n: int | None = 40) -> EffectTable:
    return table(*(part(f"s{i}", way, n) for i, way in enumerate(directions)))


def test_each_study_once_whatever_its_p() -> None:
    sure = {"relation": "<", "value": 0.001}
    found = table(part("a", "increase", p=sure), part("b", "increase"), part("c", "decrease"))
    plot = effect_direction_plot(found)
    assert plot.data["direction"].tolist() == ["increase", "increase", "decrease"]
    assert "2 of 3 point up (67 %, 95 % interval 9 % to > 99 %, sign test P = 1.00)" in (
        plot.description
    )
    assert "significant" not in plot.text().lower()


def test_effects_count_by_their_sign() -> None:
    found = study_directions(table_of([0.2, -3.0, 0.0], [0.1, 9.0, 1.0], labels=["a", "b", "c"]))
    assert found["direction"].tolist() == ["increase", "decrease", None]
    assert found["n"].tolist() == [None] * 3
    assert effect_direction_plot(table_of([0.2], [0.1])).data["results"].tolist() == [1]


def test_results_of_one_study_are_one_direction() -> None:
    arms = [{"id": x, "drug": "anastrozole"} for x in "ab"] + [{"id": "p", "drug": "placebo"}]
    told = [contrast("a", direction="increase"), contrast("b", direction="decrease")]
    both = {x: {"n": 20} for x in "abp"}
    found = table(study(outcome(both, told), arms=arms))
    assert len(found.partial) == 2
    plot = effect_direction_plot(found)
    assert plot.data[["direction", "results"]].to_numpy().tolist() == [["conflicting", 2]]
    assert "results in both directions" in plot.description
    texts = [t.get_text() for t in texts_of(plot.figure)]
    assert "2" in texts
    assert "\u2013" in texts


def test_marks_tell_direction_and_size_without_colour() -> None:
    found = table(*(part(f"s{n:03}", "increase", n) for n in (20, 100, 400)),
                  part("x", "decrease", None))  # fmt: skip
    plot = effect_direction_plot(found)
    marks: Any = plot.figure.axes[0].collections
    sizes = [float(m.get_sizes()[0]) for m in marks]
    assert sizes[0] < sizes[1] < sizes[2]
    assert tuple(marks[3].get_facecolor()[0][:3]) == (1.0, 1.0, 1.0)
    shapes = {mark for shape, _ in LOOK.values() for mark in shape}
    assert len(shapes) == 5


def test_domains_stand_side_by_side() -> None:
    tables = {"Spine": ways("increase", "decrease", None), "Hip": ways("decrease", "no_change")}
    plot = effect_direction_plot(tables, risk={"s0": "low"}, title="Bone", words=("up", "down"))
    assert plot.data.groupby("domain", sort=False).size().to_dict() == {"Spine": 3, "Hip": 2}
    texts = [t.get_text() for t in texts_of(plot.figure)]
    for words in ("Spine", "Hip", "Risk of\nbias", "low", "not judged", "1 of 2", "0 of 1", "?"):
        assert words in texts
    assert "Spine: 1 of 2 point up" in plot.description
    assert_readable(plot)
    assert (
        plot.svg()
        == effect_direction_plot(
            tables, risk={"s0": "low"}, title="Bone", words=("up", "down")
        ).svg()
    )


def test_an_association_has_no_unchanged() -> None:
    link = {"arm": "a", "kind": "association", "measure": "r", "direction": "no_change"}
    told = study(outcome({"a": {"n": 9}}, [link], unit=None, type="correlation"), design="cohort")
    asked: Any = {"contrast": "association", "treatment": (), "control": (), "measure": "ZCOR"}
    plot = effect_direction_plot(table(told, designs=("cohort",), **asked))
    assert ": no association (n 9)" in plot.description


def test_nothing_at_all() -> None:
    plot = effect_direction_plot(table())
    assert "No study reported this outcome." in [t.get_text() for t in texts_of(plot.figure)]
    assert plot.description == "Directions of 0 studies. no study."


@pytest.mark.parametrize("k", [1, 12, 60])
def test_many_studies_are_readable(k: int) -> None:
    every = [*LOOK, None]
    names = ["increase", "decrease", "no_change", None]
    assert set(names) < set(every)
    assert_readable(effect_direction_plot(ways(*(names[i % 4] for i in range(k)))))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tables": {}}, "tables: is empty"),
        ({"tables": {"a": 1}}, "tables"),
        ({"tables": 3}, "tables"),
        ({"tables": table_of([1.0], [1.0], measure="MN")}, "a level has no direction"),
        ({"risk": {"nobody": "low"}}, "risk: 'nobody'.*a word for one of"),
        ({"risk": {"s0": 3}}, "risk"),
        ({"risk": "low"}, "risk"),
        ({"words": "up"}, "words: 'up'; two texts"),
        ({"words": ("up", 3)}, "two texts"),
        ({"title": 3}, "title"),
        ({"width": 10}, "width"),
    ],
)
def test_what_cannot_be_drawn(changes: dict[str, Any], message: str) -> None:
    call = {"tables": ways("increase")} | changes
    with pytest.raises(ReportError, match=message):
        effect_direction_plot(**call)
