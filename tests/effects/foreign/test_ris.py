"""References in RIS."""

from pathlib import Path

import pytest

from evidence.effects.foreign.ris import read_ris
from evidence.errors import EffectError

TWO = """TY  - JOUR
A1  - Leder, B. Z.
A1  - Finkelstein, J. S.
T1  - Effects of aromatase inhibition
  in elderly men
JF  - J Clin Endocrinol Metab
Y1  - 2004/03/01
VL  - 89
IS  - 3
SP  - 1174
EP  - 1180
DO  - 10.1210/jc.2003-031467
AN  - 15001605
ER  -

TY  - BOOK
TI  - Another
PY  - 1999
ER  - \r
"""


def read(tmp_path: Path, text: str | bytes) -> object:
    path = tmp_path / "a.ris"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_ris(path)


def test_two_references(tmp_path: Path) -> None:
    one, other = read(tmp_path, "\ufeff" + TWO)  # type: ignore[misc]
    assert one.authors == ("Leder, B. Z.", "Finkelstein, J. S.")
    assert one.title == "Effects of aromatase inhibition in elderly men"
    assert (one.journal, one.year, one.volume, one.issue) == (
        "J Clin Endocrinol Metab", 2004, "89", "3",
    )  # fmt: skip
    assert (one.pages, one.doi, one.pmid) == ("1174-1180", "10.1210/jc.2003-031467", "15001605")
    assert (other.kind, other.year, other.pages, other.pmid) == ("BOOK", 1999, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no reference"),
        ("hello\n", "'hello'"),
        ("TI  - x\nTY  - JOUR\nER  - \n", '"TI" before "TY"'),
        ("TY  - JOUR\nTY  - JOUR\nER  - \n", "begins in another"),
        ("TY  - JOUR\n", "has no end"),
        (b"TY  - \xff", "is no UTF-8"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(EffectError, match=said):
        read(tmp_path, text)
