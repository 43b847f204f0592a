"""References as CSL-JSON, RIS and BibTeX, and how to cite what is here."""

from pathlib import Path

import pytest
import yaml

import evidence as ev
from evidence.catalog.study import Report
from evidence.effects.foreign.ris import read_ris
from evidence.errors import ReportError
from evidence.report.cite import (
    Citable,
    Release,
    as_bibtex,
    as_ris,
    citation,
    csl_item,
    csl_items,
    names_of,
)
from tests.report.exchange.exchange_samples import RELEASE, project, studies, study_with

FULL = Report(
    key="leder-2004",
    authors="Leder BZ, Rohrer JL, Rubin SD, Gallo J, Longcope C",
    title="Effects of aromatase inhibition in elderly men: 50% & more",
    journal="J Clin Endocrinol Metab",
    year=2004,
    volume="89",
    issue="3",
    pages="1174-1180",
    pmid="15001605",
    doi="10.1210/jc.2003-031467",
)


def test_every_report_of_every_study_is_an_item() -> None:
    items = csl_items(studies())
    keys = {report.key for study in studies() for report in study.reports}
    ids = [item["id"] for item in items]
    assert keys <= set(ids)
    assert ids == sorted(set(ids))
    for item in items:
        assert all(value not in (None, "", []) for value in item.values())


def test_a_report_told_differently_by_two_studies_stands_twice() -> None:
    one, other = studies()[0], study_with("x")
    changed = other.model_copy(
        update={"reports": (one.reports[0].model_copy(update={"title": "another"}),)}
    )
    ids = [item["id"] for item in csl_items((one, changed))]
    assert f"{changed.id}.{one.reports[0].key}" in ids


@pytest.mark.parametrize(
    ("authors", "found", "cut"),
    [
        (None, [], False),
        ("Leder BZ", [{"family": "Leder", "given": "BZ"}], False),
        ("van den Beld AW, et al.", [{"family": "van den Beld", "given": "AW"}], True),
        ("Pye SR, ... Boonen S", [{"family": "Pye", "given": "SR"},
                                  {"family": "Boonen", "given": "S"}], True),
        ("Ljunggren Ö", [{"family": "Ljunggren", "given": "Ö"}], False),
        ("Khosla et al.", [{"literal": "Khosla"}], True),
        ("Riggs BL 3rd", [{"family": "Riggs", "given": "BL", "suffix": "3rd"}], False),
        ("Baum M (ATAC Group)", [{"family": "Baum", "given": "M"}, {"literal": "ATAC Group"}],
         False),
    ],
)  # fmt: skip
def test_names(authors: str | None, found: list[dict[str, str]], cut: bool) -> None:
    assert names_of(authors) == (found, cut)


def test_ris_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.ris"
    items = csl_items(studies())
    path.write_text(as_ris(items), encoding="utf-8")
    references = read_ris(path)
    assert len(references) == len(items)
    for reference, item in zip(references, items, strict=True):
        assert reference.title == item.get("title")
        assert reference.journal == item.get("container-title")
        assert reference.doi == item.get("DOI")
        assert reference.pmid == item.get("PMID")
        assert reference.pages == item.get("page")
        assert len(reference.authors) == len(item.get("author", ()))


def test_bibtex_of_a_whole_record() -> None:
    assert as_bibtex([csl_item(FULL)]) == (
        "@article{leder-2004,\n"
        "  author = {Leder, B. Z. and Rohrer, J. L. and Rubin, S. D. and Gallo, J. and "
        "Longcope, C.},\n"
        "  title = {{Effects of aromatase inhibition in elderly men: 50\\% \\& more}},\n"
        "  year = {2004},\n"
        "  journal = {J Clin Endocrinol Metab},\n"
        "  volume = {89},\n"
        "  number = {3},\n"
        "  pages = {1174--1180},\n"
        "  doi = {10.1210/jc.2003-031467},\n"
        "  pmid = {15001605},\n"
        "}\n"
    )


def test_bibtex_says_where_authors_were_cut() -> None:
    assert "Leder, B. Z. and others" in as_bibtex(
        [csl_item(Report(key="a", authors="Leder BZ, …"))]
    )


def test_cite_this_names_version_data_and_date() -> None:
    what = Citable("spine_bmd_men", "question", "Spine BMD", "https://x.example/#spine_bmd_men")
    item = citation(what, RELEASE)
    assert item["issued"] == {"date-parts": [[2026, 11, 21]]}
    text = as_ris([item])
    for line in ("ET  - 0.1.0", "DA  - 2026/11/21", "N1  - question spine_bmd_men; data ab12"):
        assert line in text
    written = as_bibtex([item])
    assert "month = nov" in written
    assert "note = {question spine\\_bmd\\_men; data ab12}" in written
    assert "@misc{spine_bmd_men," in written


def test_without_a_release_there_is_no_date() -> None:
    item = citation(Citable("a", "claim", "A"), Release("e", ("A",), "0.1.0", "ab12"))
    assert "issued" not in item
    assert "year" not in as_bibtex([item])
    with pytest.raises(ReportError, match="YYYY-MM-DD"):
        Release("e", ("A",), "0.1.0", "ab12", "21.11.2026")


def test_the_citation_file_fits_the_package() -> None:
    head = yaml.safe_load((project().root / "CITATION.cff").read_text(encoding="utf-8"))
    assert head["version"] == ev.__version__
    assert {"cff-version", "message", "title", "authors"} <= set(head)


def test_ris_names_the_study_for_revman() -> None:
    items = [csl_item(FULL)]
    assert "NS  - Leder 2004\n" in as_ris(items, ["Leder 2004"])
    with pytest.raises(ReportError, match="2 for 1 items"):
        as_ris(items, ["a", "b"])
