"""A careless or hostile editor of study files: told what is wrong, where, and what is right.

One valid file is broken in one way at a time; the table below is the list of ways.
"""

import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from study_faults import APART, BASE, MUTATIONS

from evidence.catalog import checks, read
from evidence.catalog.read import load_studies, load_terms, read_study
from evidence.catalog.terms import Terms
from evidence.catalog.yaml_reader import Document, read_yaml
from evidence.errors import StudyError


@pytest.fixture(scope="module")
def terms() -> Terms:
    return load_terms(DATA / "terms.yaml")


def write(folder: Path, text: str, name: str = "smith-2001.yaml") -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def refused(path: Any, terms: Terms) -> StudyError:
    with pytest.raises(StudyError, match=r"problem|nothing to read") as caught:
        load_studies(path, terms)
    assert caught.value.problems
    for problem in caught.value.problems:
        assert problem.what
        assert problem.right
    return caught.value


def lines_of(error: StudyError) -> list[int]:
    return [int(re.search(r"\.yaml:(\d+)", p.where)[1]) for p in error.problems]  # type: ignore[index]


def test_the_unbroken_file_loads(tmp_path: Path, terms: Terms) -> None:
    (study,) = load_studies(write(tmp_path, BASE), terms)
    assert study.outcomes[0].contrasts[0].estimate == -10.0
    assert study.outcomes[1].weeks == pytest.approx(52.18, abs=0.01)


def test_the_table_of_faults_is_long_and_has_no_fault_twice() -> None:
    names = [name for name, *_ in MUTATIONS]
    assert len(names) == len(set(names)) >= 80


@pytest.mark.parametrize(
    ("old", "new", "mark", "what", "right"),
    [pytest.param(*rest, id=name) for name, *rest in MUTATIONS if name not in APART],
)
def test_one_fault(
    tmp_path: Path, terms: Terms, old: str, new: str, mark: str, what: str, right: str
) -> None:
    assert old in BASE
    text = BASE.replace(old, new, 1)
    file = write(tmp_path, text)
    error = refused(file, terms)
    # The mark that stands nearest to the change: a missing key is told on the line of its parent.
    places = [found.start() for found in re.finditer(re.escape(mark), text)]
    start = min(places, key=lambda place: abs(place - BASE.find(old)))
    line = text[:start].count("\n") + 1
    fitting = [p for p in error.problems if what in p.what and right in p.right]
    assert fitting, str(error)
    named = [problem.where.partition(" ")[0] for problem in fitting]
    assert f"{file}:{line}" in named, (line, str(error))
    assert "Traceback" not in str(error)


@pytest.mark.parametrize(
    ("old", "new", "what", "line"),
    [
        ("- id: control", "- id: drug", '"drug" stands twice', 20),
        ("id: cv_event-1y", "id: estradiol-12w", '"estradiol-12w" stands twice', 50),
        ("arms:\n  - id", "  - key: smith-2001\narms:\n  - id", '"smith-2001" stands twice', 15),
        ("  sex: male\n", "  sex: male\n  sexx: male\n", 'unknown key "sexx"', 8),
    ],
)
def test_one_fault_by_its_line(
    tmp_path: Path, terms: Terms, old: str, new: str, what: str, line: int
) -> None:
    file = write(tmp_path, BASE.replace(old, new, 1))
    error = refused(file, terms)
    assert any(p.where.startswith(f"{file}:{line} ") and what in p.what for p in error.problems)


def test_five_faults_are_five_problems_each_on_its_line_in_order(
    tmp_path: Path, terms: Terms
) -> None:
    text = BASE
    changes = {
        "healthy_young_men": ("healthy_young_man", 6),
        "year: 2001": ("year: '2001'", 12),
        "sd: 5.0": ("sd: -5.0", 40),
        "ci: [-12.0, -8.0]": ("ci: [-8.0, -12.0]", 47),
        "events: 4, total: 50": ("events: 60, total: 50", 61),
    }
    for old, (new, _) in changes.items():
        text = text.replace(old, new, 1)
    error = refused(write(tmp_path, text), terms)
    assert lines_of(error) == [line for _, line in changes.values()]


def test_lines_are_told_in_order_where_the_folder_has_a_space(tmp_path: Path, terms: Terms) -> None:
    folder = tmp_path / "my studies 2"
    folder.mkdir()
    text = BASE.replace("healthy_young_men", "healthy_young_man").replace(
        "id: smith-2001\n", "id: x\n", 1
    )
    text = text.replace("events: 4,", "events: 60,")
    assert lines_of(refused(write(folder, text), terms)) == [1, 6, 61]


def test_nothing_is_half_loaded(tmp_path: Path, terms: Terms) -> None:
    write(tmp_path, BASE)
    broken = BASE.replace("smith-2001", "jones-2002").replace("sd: 5.0", "sd: oops")
    write(tmp_path, broken, "jones-2002.yaml")
    error = refused(tmp_path, terms)
    assert "2 study files read: 1 problem" in str(error)
    assert "jones-2002.yaml:40" in str(error)


def test_problems_of_all_files_are_told_at_once(tmp_path: Path, terms: Terms) -> None:
    for name in ("a", "b", "c"):
        write(
            tmp_path,
            BASE.replace("id: smith-2001\n", f"id: {name}\n", 1) + "x: 1\n",
            f"{name}.yaml",
        )
    assert len(refused(tmp_path, terms).problems) == 3


def test_no_more_than_forty_problems_are_printed(tmp_path: Path, terms: Terms) -> None:
    text = BASE + "".join(f"key{i}: 1\n" for i in range(60))
    error = refused(write(tmp_path, text), terms)
    assert len(error.problems) == 60
    assert "... and 20 more" in str(error)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"- a\n- b\n", "the file is no mapping"),
        (b"just text\n", "the file is no mapping"),
        (b"---\n...\n", "the file is empty"),
        ("name: Léon\n".encode("latin-1"), "byte 7 is not UTF-8"),
        (BASE.encode("utf-16"), "byte 0 is not UTF-8"),
        (BASE.replace("A small", "A \0small").encode(), "is not YAML"),
        (BASE.replace("A small", "A \x07small").encode(), "is not YAML"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is not UTF-8"),
        (b"%YAML 9.9\n---\na: 1\n", "is not YAML"),
        (b'a: "\\ud800"\n', "is not YAML|unknown key"),
        (b"a: 'x\n", "is not YAML"),
        (b"@: 1\n", "is not YAML"),
        (b"{" * 100_000, "nested 17 levels deep|is not YAML"),
        (b"[" * 100_000 + b"]" * 100_000, "nested 17 levels deep"),
        (b"a:\n" + b"".join(b" " * i + b"- \n" for i in range(1, 800)), "nested 17 levels deep"),
        (b"".join(b"a%d: 1\n" % i for i in range(60_000)), "more than 50,000 values"),
        (b"".join(b"a%d: 1\n" % i for i in range(1_000_000)), "the file has 1[0-9],[0-9]{3},"),
    ],
)  # fmt: skip
def test_files_that_are_no_study(tmp_path: Path, terms: Terms, content: bytes, what: str) -> None:
    file = tmp_path / "smith-2001.yaml"
    file.write_bytes(content)
    error = refused(file, terms)
    assert any(re.search(what, problem.what) for problem in error.problems), str(error)
    assert all(problem.where.startswith(f"{file}:") for problem in error.problems)


def test_the_line_of_a_byte_that_is_not_utf8(tmp_path: Path, terms: Terms) -> None:
    file = tmp_path / "smith-2001.yaml"
    file.write_bytes(BASE.replace("Smith J", "Smïth J").encode("latin-1"))
    assert refused(file, terms).problems[0].where == f"{file}:11"


def test_a_bomb_of_aliases_stays_small(tmp_path: Path, terms: Terms) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 11)]
    file = write(tmp_path, "\n".join(levels) + "\n")
    assert any("is an alias" in p.what for p in refused(file, terms).problems)
    assert len(read_yaml(file).lines) < 500


def test_a_file_of_a_hundred_megabytes_is_not_read(tmp_path: Path, terms: Terms) -> None:
    file = tmp_path / "smith-2001.yaml"
    with file.open("wb") as stream:
        stream.truncate(100_000_000)
    assert "the file has 100,000,000 bytes" in str(refused(file, terms))


def test_a_tag_runs_nothing(tmp_path: Path, terms: Terms) -> None:
    trace = tmp_path / "touched"
    text = f"x: !!python/object/apply:os.system ['touch {trace}']\n"
    refused(write(tmp_path, text), terms)
    assert not trace.exists()


@pytest.mark.parametrize(
    "change", [lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")]
)
def test_byte_order_mark_and_windows_line_ends_are_read(
    tmp_path: Path, terms: Terms, change: Any
) -> None:
    file = tmp_path / "smith-2001.yaml"
    file.write_bytes(change(BASE.encode()))
    (study,) = load_studies(file, terms)
    assert study.id == "smith-2001"
    assert study.arm("control").id == "control"


def test_places_without_a_study(tmp_path: Path, terms: Terms) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("x")
    (empty / ".#smith-2001.yaml").symlink_to("nowhere")
    error = refused([empty, tmp_path / "missing", Path("a\0b")], terms)
    said = [problem.what for problem in error.problems]
    assert said == ["holds no study file", "does not exist", "does not exist"]


def test_no_paths_at_all(terms: Terms) -> None:
    with pytest.raises(StudyError, match="paths: is empty"):
        load_studies([], terms)


@pytest.mark.parametrize("kind", ["folder", "loop", "dangling", "pipe"])
def test_things_named_like_a_study_that_are_none(tmp_path: Path, terms: Terms, kind: str) -> None:
    write(tmp_path, BASE)
    strange = tmp_path / "x.yaml"
    if kind == "folder":
        strange.mkdir()
    elif kind == "loop":
        strange.symlink_to(tmp_path / "y.yaml")
        (tmp_path / "y.yaml").symlink_to(strange)
    elif kind == "dangling":
        strange.symlink_to(tmp_path / "gone.yaml")
    else:
        os.mkfifo(strange)
    error = refused(tmp_path, terms)
    assert all("is no file that can be read" in problem.what for problem in error.problems)
    assert str(strange) in str(error)


def test_a_loop_of_folders_is_not_followed(tmp_path: Path, terms: Terms) -> None:
    write(tmp_path, BASE)
    (tmp_path / "again").symlink_to(tmp_path)
    assert len(load_studies(tmp_path, terms)) == 1


def test_the_same_trial_in_two_files(tmp_path: Path, terms: Terms) -> None:
    write(tmp_path, BASE)
    write(tmp_path, BASE, "smith-2001.yml")
    assert '"smith-2001" stands in' in str(refused(tmp_path, terms))


def test_an_overlap_with_a_trial_that_is_not_there(tmp_path: Path, terms: Terms) -> None:
    jones = BASE.replace("smith-2001", "jones-2002")
    write(tmp_path, jones, "jones-2002.yaml")
    write(tmp_path, BASE + "overlaps: [jones-2003]\n")
    error = refused(tmp_path, terms)
    assert error.problems[0].where.endswith("smith-2001.yaml:70 overlaps[0]")
    assert error.problems[0].right == 'did you mean "jones-2002"?'


NASTY: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10**17, 1e300, -1e300, 5e-324, 1e-20, 0.9999999999999999, "", "x",
    "ns", "=", "1.5", (), (1,), (1, 2), (1.25, 1.25), (2, 1), (1, 2, 3),
    ("a",), ({},), {}, {"x": 1},
    {"id": "drug"},
    {"mean": ()}, ((),), "\ud7ff", "drug", "baseline",
)  # fmt: skip


def every_place(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, tuple) else ())
    )
    return [at, *(place for key, part in inner for place in every_place(part, (*at, key)))]


def changed(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    if isinstance(value, dict):
        return {k: changed(v, at[1:], new) if k == at[0] else v for k, v in value.items()}
    return tuple(changed(v, at[1:], new) if k == at[0] else v for k, v in enumerate(value))


def test_any_value_in_any_place_is_answered_without_a_traceback(
    tmp_path: Path, terms: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every node of the file times every nasty value, past the reader of YAML."""
    file = write(tmp_path, BASE)
    document = read_yaml(file)
    places, tried = every_place(document.data), 0
    for place in places:
        for nasty in NASTY:
            data = changed(document.data, place, nasty)
            broken = Document(file, data, document.lines, ())
            monkeypatch.setattr(read, "read_yaml", lambda _, broken=broken: broken)
            study, problems = read_study(file, terms)
            assert (study is None) == bool(problems)
            assert all(p.what and p.where.startswith(str(file)) for p in problems)
            tried += 1
    assert tried > 3000


def test_the_checks_alone_survive_any_two_faults(tmp_path: Path, terms: Terms) -> None:
    document = read_yaml(write(tmp_path, BASE))
    places, pick = every_place(document.data), random.Random(1)
    for _ in range(4000):
        data = changed(document.data, pick.choice(places), pick.choice(NASTY))
        data = changed(data, pick.choice(every_place(data)), pick.choice(NASTY))
        for address, what, right in checks.study_problems(data, "smith-2001", terms):
            assert isinstance(address, tuple)
            assert what
            assert right


def test_any_lines_lost_or_doubled_are_answered(tmp_path: Path, terms: Terms) -> None:
    lines, pick = BASE.splitlines(), random.Random(2)
    for _ in range(300):
        kept = [line for line in lines for _ in range(pick.choices((1, 0, 2), (9, 1, 1))[0])]
        study, problems = read_study(write(tmp_path, "\n".join(kept)), terms)
        assert (study is None) == bool(problems)


def test_any_bytes_are_answered(tmp_path: Path, terms: Terms) -> None:
    raw, pick = bytearray(BASE.encode()), random.Random(3)
    file = tmp_path / "smith-2001.yaml"
    for _ in range(400):
        noisy = bytearray(raw)
        for _ in range(pick.randint(1, 6)):
            noisy[pick.randrange(len(noisy))] = pick.randrange(256)
        file.write_bytes(bytes(noisy))
        study, problems = read_study(file, terms)
        assert (study is None) == bool(problems)
