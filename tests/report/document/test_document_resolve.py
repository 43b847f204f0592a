"""Numbers of figures, tables and references, and what leads nowhere."""

from dataclasses import replace

import pytest
from document_samples import HOSTILE, document, picture, table

from evidence.errors import ReportError
from evidence.report.document.blocks import (
    Block,
    Cite,
    Fold,
    Heading,
    Items,
    Paragraph,
    Part,
    Ref,
    TableBlock,
    headline,
    walk,
)
from evidence.report.document.resolve import appendix, resolve
from evidence.report.tables import Table


def with_blocks(*blocks: Block):
    return replace(document(), blocks=(*document().blocks, *blocks))


def test_figures_and_tables_are_numbered_in_the_order_of_reading() -> None:
    labels = resolve(document()).labels
    assert labels == {
        "f-men": "Figure 1", "m-men": "Table 1", "t-men": "Table S1", "c-men": "Table S2",
        "s-1": "Table 2",
    }  # fmt: skip
    more = resolve(with_blocks(TableBlock("last", table()), picture("f-2", "last"))).labels
    assert (more["last"], more["f-2"]) == ("Table 3", "Figure 2")


def test_references_are_numbered_as_they_are_first_cited() -> None:
    resolved = resolve(document())
    assert resolved.numbers == {"leder-2004": 1, "registry": 2}
    assert [entry.number for entry in resolved.entries] == [1, 2]
    first = replace(document(), blocks=(Paragraph((Cite(("registry",)),)), *document().blocks))
    assert resolve(first).numbers == {"registry": 1, "leder-2004": 2}


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (Paragraph((Ref("f-man"),)), r"refers to 'f-man'.*f-men"),
        (Items(((Ref("q-mann", "there"),),)), r"refers to 'q-mann'"),
        (Paragraph((Ref("q-men"),)), r"'q-men' has no number.*words"),
        (Paragraph((Cite(("leder-2005",)),)), r"cites 'leder-2005'.*leder-2004"),
        (TableBlock("new", table(), {0: ("nobody",)}), r"cites 'nobody'"),
        (Heading(2, "Again", "q-men"), r"the anchor 'q-men' stands twice"),
        (TableBlock("new", table(), rows={1: "m-men"}), r"the anchor 'm-men' stands twice"),
        (picture("f-2", "t-women"), r"'f-2' has no text table 't-women'"),
        (picture("f-2", "q-men"), r"'f-2' has no text table 'q-men'"),
    ],
)
def test_what_leads_nowhere_is_told(block: Block, told: str) -> None:
    with pytest.raises(ReportError, match=rf"(?s)does not hold together.*sample.*{told}"):
        resolve(with_blocks(block))


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = (Paragraph((Ref("f-man"),)), Paragraph((Cite(("nobody",)),)))
    with pytest.raises(ReportError, match=r"(?s)f-man.*nobody"):
        resolve(with_blocks(*wrong))


def test_an_appendix_takes_the_folds_and_loses_nothing() -> None:
    blocks = document(HOSTILE[0]).blocks
    stay, away = appendix(blocks)
    assert [fold.title for fold in away] == [
        "The numbers of the figure", "What each report adds", "From each number down",
    ]  # fmt: skip
    assert {fold.under for fold in away} == {"q-men"}
    kept = [b for b in walk(stay) if not isinstance(b, Part)]
    gone = list(walk(away))
    both = [b for b in walk(blocks) if not isinstance(b, Part)]
    assert sorted(map(repr, [*kept, *gone])) == sorted(map(repr, both))
    opened = [b for b in stay if isinstance(b, Fold)]
    assert [fold.title for fold in opened] == ["Summary of findings"]


def test_the_headline_of_a_table_does_not_say_a_thing_twice() -> None:
    assert headline(Table("A", (), (), (), "A")) == ("A", "")
    assert headline(Table("A", (), (), (), "More")) == ("A", "More")
    assert headline(Table("A", (), ())) == ("A", "")
