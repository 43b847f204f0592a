"""The command line: what each command prints, its exit code, and how it says what is wrong."""

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import jsonschema
import pytest
from samples import SCRIPT, THREE, file_of, replace_once, result_of, tiny_project, trials

import evidence
from evidence import api, cli
from evidence.catalog.project import Project
from evidence.errors import EvidenceError, QuestionError, StudyError
from evidence.models.answer import answer
from evidence.progress import Progress
from evidence.report import build as build_module
from evidence.report import stale
from evidence.report.analysis import load_analysis
from evidence.report.files import result_bytes

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A tiny project whose answers are not sampled."""
    monkeypatch.setattr(build_module, "answer", partial(answer, sample=False))
    # A build is not remembered if the package changes meanwhile; so let it be one that rests.
    monkeypatch.setattr(stale, "PACKAGE", tmp_path / "package")
    return tiny_project(tmp_path / "p")


def call(project: Project, *words: str) -> int:
    return cli.main(["--project", str(project.root), *words])


def refused(capsys: pytest.CaptureFixture[str], code: int) -> str:
    """What stood on standard error, which is not a traceback, of a call that failed with 1."""
    out, err = capsys.readouterr()
    assert code == 1
    # What is about to be built is told before it fails.
    assert [line for line in out.splitlines() if not line.startswith("demo: building: ")] == []
    assert err.startswith("evidence: ")
    assert "Traceback" not in err
    return err


# On the real project, in this process


def real(*words: str) -> int:
    return cli.main(["--project", str(ROOT), *words])


def test_check_reads_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert real("check") == 0
    first, second, third, *notes = capsys.readouterr().out.splitlines()
    studies = len(list((ROOT / "data" / "studies").glob("*.yaml")))
    assert first.startswith(f"{studies} studies, ")
    assert first.endswith("nothing wrong")
    scripts = [p for p in (ROOT / "analyses").glob("*.py") if not p.stem.startswith("_")]
    assert re.fullmatch(rf"{len(scripts)} analyses, \d{{2,}} questions: nothing wrong", second)
    for name in ("risk_of_bias", "certainty.yaml", "claims.yaml", "considered.csv"):
        assert name in third
    assert third.endswith(": nothing wrong")
    assert all(note.startswith("note: data/certainty.yaml") for note in notes)


def test_check_of_one_file_says_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert real("check", str(ROOT / "data" / "studies" / "leder-2004.yaml")) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("1 study, ")


def test_list_names_every_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert real("list") == 0
    out = capsys.readouterr().out
    for path in (ROOT / "analyses").glob("*.py"):
        analysis = load_analysis(ROOT / "analyses", path.stem)
        assert f"{analysis.name}\t{analysis.title}\n" in out
        for section in analysis.sections:
            assert f"  {section.question.id}\t{section.question.title}\n" in out


def test_list_studies(capsys: pytest.CaptureFixture[str]) -> None:
    assert real("list", "studies") == 0
    lines = capsys.readouterr().out.splitlines()
    ids = [line.split("\t")[0] for line in lines]
    assert ids == sorted(path.stem for path in (ROOT / "data" / "studies").glob("*.yaml"))
    assert all(line.count("\t") == 3 for line in lines)


def test_trace_leads_to_printed_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert real("trace", "burnett-bowie-2009", "--question", "spine_bmd_men") == 0
    out = capsys.readouterr().out
    assert out.startswith("# spine_bmd_men: ")
    assert "printed: 1.102 g/cm2 ← burnett-bowie-2009-jcem[abstract]" in out
    assert real("trace", "burnett-bowie-2009") == 0
    assert out in capsys.readouterr().out


@pytest.mark.parametrize("what", ["study", "result"])
def test_schemas_are_schemas(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert real("schema", what) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    if what == "result":
        plain = json.loads(result_bytes(file_of(result_of(trials(THREE)))))
        jsonschema.validate(plain, schema, cls=jsonschema.Draft202012Validator)
    else:
        assert "leder" not in str(schema)
        assert real("schema") == 0
        assert json.loads(capsys.readouterr().out) == schema


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (
            ("run", "spine_bdm"),
            'spine_bdm: is neither an analysis nor a page; did you mean "spine_bmd"',
        ),
        (("verify", "estradol"), 'did you mean "estradiol"'),
        (("trace", "burnett-bowie-2010"), "burnett-bowie-2010: no row begins so; did you mean"),
        (("trace", "leder", "--question", "spine_bmd_mem"), 'did you mean "spine_bmd_men"'),
        (("check", "/nowhere/at/all"), "/nowhere/at/all: does not exist; give a file or a folder"),
    ],
)
def test_unknown_names_are_told_with_the_nearest(
    words: tuple[str, ...], match: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert match in refused(capsys, real(*words))


# Wrong calls


@pytest.mark.parametrize(
    "words", [(), ("ruin",), ("list", "people"), ("schema", "x"), ("trace",), ("--nothing",)]
)
def test_a_command_that_cannot_be_understood_ends_with_two(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(list(words))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: evidence ")


@pytest.mark.parametrize(("word", "text"), [("--help", "check"), ("--version", "evidence ")])
def test_help_and_version(word: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([word])
    out, err = capsys.readouterr()
    assert text in out
    assert err == ""
    assert word != "--version" or out.strip() == f"evidence {evidence.__version__}"


COMMANDS = (
    "check", "audit", "list", "run", "trace", "verify", "claims", "site", "changes", "release",
    "pool", "schema", "import", "export",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([command, "--help"])
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: evidence {command} ")
    assert err == ""


def test_help_names_every_command_and_each_has_something_to_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (choices,) = [
        action.choices for action in cli._parser()._actions if isinstance(action.choices, dict)
    ]
    assert tuple(choices) == COMMANDS
    assert all(callable(parser.get_default("run")) for parser in choices.values())
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert all(re.search(rf"^ +{name} +\S", out, re.MULTILINE) for name in COMMANDS)


# On a tiny project


def test_run_and_verify_tell_what_was_found(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project, "run") == 0
    out, err = capsys.readouterr()
    assert err == ""
    index = project.reports_folder / "demo" / "index.html"
    why, title, *lines = out.splitlines()
    assert why == "demo: building: no build of it is remembered"
    assert title == f"{index}: A demonstration"
    plain = json.loads((project.reports_folder / "demo" / "result.json").read_bytes())
    assert lines == [f"  {q['finding']}" for q in plain["questions"]]

    assert call(project, "verify", "demo") == 0
    out, err = capsys.readouterr()
    assert err == ""
    files = len(list(index.parent.iterdir()))
    assert re.fullmatch(rf"demo: {files} files and \d{{3,}} numbers are as committed\n", out)

    path = project.reports_folder / "demo" / "run.json"
    replace_once(path, '"python": "', '"python": "2.')
    replace_once(project.studies_folder / "bone-2009.yaml", '"se": 0.02', '"se": 0.03')
    assert call(project, "verify") == 1
    out, err = capsys.readouterr()
    assert out.startswith("demo: note: python: built with 2.")
    assert "as committed" not in out
    assert err.startswith("demo: ")
    assert "  demo.questions[bone].main.std_error: 0.02 → 0.03\n" in err
    assert "\x1b" not in err + out
    assert "\r" not in err + out


def test_run_builds_what_is_not_current_and_says_why(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index = project.reports_folder / "demo" / "index.html"
    assert call(project, "run") == 0
    first = {path: path.stat() for path in index.parent.iterdir()}
    capsys.readouterr()

    assert call(project, "run", "demo") == 0
    assert capsys.readouterr() == (f"{index}: is current\n", "")
    assert {path: path.stat() for path in index.parent.iterdir()} == first

    for path in sorted(project.studies_folder.glob("trial-*.yaml")):
        path.write_text(path.read_text() + "\n")
    assert call(project, "run") == 0
    out, _ = capsys.readouterr()
    told = [f"data/studies/trial-{year}.yaml changed" for year in (2001, 2002, 2003)]
    assert out.startswith(f"demo: building: {'; '.join(told)}\n{index}: A demonstration\n")
    (index.parent / "run.json").unlink()
    index.write_text("")
    project.terms_file.write_text(project.terms_file.read_text() + "\n")
    (project.studies_folder / "trial-2001.yaml").unlink()
    assert call(project, "run") == 0
    assert capsys.readouterr().out.startswith(
        "demo: building: data/studies/trial-2001.yaml is gone; data/terms.yaml changed; "
        "index.html is not as it was written; and 1 more\n"
    )
    assert call(project, "run", "--force") == 0
    assert capsys.readouterr().out.startswith("demo: building: --force\n")
    assert index.stat() != first[index]
    assert call(project, "verify") == 0


def test_a_build_that_cannot_be_remembered_is_a_note(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / ".evidence").write_text("a file")
    for _ in range(2):
        assert call(project, "run") == 0
        out, err = capsys.readouterr()
        assert out.startswith("demo: building: no build of it is remembered\n")
        assert err.startswith("evidence: the build of demo is not remembered: ")
        assert err.count("\n") == 1
    assert call(project, "verify") == 0


def test_what_changes_while_it_is_read_is_built_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def edited(*given: object, **more: object) -> object:
        replace_once(project.studies_folder / "bone-2009.yaml", '"se": 0.02', '"se": 0.03')
        return made(*given, **more)

    made = build_module.make
    with monkeypatch.context() as patch:
        patch.setattr(build_module, "make", edited)
        assert call(project, "run") == 0
    assert capsys.readouterr().err == (
        "evidence: something changed while demo was built; the next run builds it again\n"
    )
    for last in ("A demonstration", "is current"):
        assert call(project, "run") == 0
        assert f"index.html: {last}\n" in capsys.readouterr().out


def test_a_build_that_fails_is_due_again(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project, "run") == 0
    path = project.studies_folder / "trial-2001.yaml"
    sound = path.read_text()
    path.write_text(sound.replace('"design": "parallel_rct"', '"design": "parallel"'))
    capsys.readouterr()
    for _ in range(2):
        assert call(project, "run") == 1
        out, err = capsys.readouterr()
        assert out == "demo: building: data/studies/trial-2001.yaml changed\n"
        assert "trial-2001.yaml:5 design" in err
    path.write_text(sound)
    assert call(project, "run") == 0
    assert capsys.readouterr().out.endswith("index.html: is current\n")


def test_verify_without_a_report(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert "build it first: evidence run demo" in refused(capsys, call(project, "verify"))


@pytest.mark.parametrize("command", ["run", "verify"])
def test_a_project_without_analyses_has_nothing_to_run(
    project: Project, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.analyses_folder / "demo.py").unlink()
    assert "holds no analysis; write NAME.py there" in refused(capsys, call(project, command))


@pytest.mark.parametrize("command", ["check", "run", "verify", "list", "trace x"])
@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("ANALYSIS = (\n", "demo.py:1: SyntaxError"),
        ("\n1 / 0\n", "demo.py:2: ZeroDivisionError: division by zero; mend the script"),
        ("x = 1\n", "declares no ANALYSIS"),
        (SCRIPT.replace('name="demo"', 'name="demon"'), 'its name is "demon"; write name="demo"'),
    ],
    ids=["syntax", "exception", "nothing", "name"],
)
def test_a_broken_script_is_told_by_every_command(
    project: Project,
    command: str,
    script: str,
    match: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (project.analyses_folder / "demo.py").write_text(script)
    code = call(project, *command.split())
    out, err = capsys.readouterr()
    assert code == 1
    assert match in err
    assert "Traceback" not in err
    assert "analyses: nothing wrong" not in out


@pytest.mark.parametrize("command", ["check", "run", "trace trial-2001"])
def test_a_question_with_an_unknown_word_is_told(
    project: Project, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script = SCRIPT.replace('"pg/mL"', '"pg/ml"')
    (project.analyses_folder / "demo.py").write_text(script)
    assert call(project, *command.split()) == 1
    assert 'hormone.unit: "pg/ml" is not known; did you mean "pg/mL"' in capsys.readouterr().err


def test_a_broken_study_file_is_told_with_its_line(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project.studies_folder / "trial-2001.yaml"
    replace_once(path, '"design": "parallel_rct"', '"design": "parallel"')
    replace_once(path, '"unit": "pg/mL"', '"unit": "pg/ml"')
    for command in ("check", "run", "trace trial-2001", "list studies"):
        err = refused(capsys, call(project, *command.split()))
        assert "trial-2001.yaml:5 design" in err
        assert "parallel_rct" in err
        assert 'did you mean "pg/mL"' in err
    assert not project.reports_folder.exists()


def test_a_study_that_is_no_yaml(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.studies_folder / "trial-2001.yaml").write_bytes(b"\xff\xfe: [")
    assert "trial-2001.yaml:1: byte 0 is not UTF-8" in refused(capsys, call(project, "check"))


def test_no_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["--project", str(tmp_path), "list"])
    assert "no data/terms.yaml here or above; go to a project's folder" in refused(capsys, code)
    code = cli.main(["--project", str(tmp_path / "nowhere"), "list"])
    assert "no project found" in refused(capsys, code)


def test_a_file_where_a_folder_belongs(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.reports_folder.write_text("a file")
    assert "File exists" in refused(capsys, call(project, "run"))


def test_a_folder_that_cannot_be_read(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Not by its permissions: the tests may run as a user who may read everything.
    def denied(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", denied)
    assert "Permission denied" in refused(capsys, call(project, "check"))


def test_an_interruption_leaves_no_half_report(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build_module, "collect", interrupted)
    assert call(project, "run") == 130
    assert capsys.readouterr().err == "evidence: interrupted; nothing was left half-written\n"
    assert not project.reports_folder.exists()


# As a process of its own


def start(*words: str, **options: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "evidence", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("words", [("list", "studies"), ("schema",), ("trace", "leder")])
def test_a_reader_that_goes_away_is_no_error(words: tuple[str, ...]) -> None:
    process = start(*words)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=120)
    assert err == b""
    assert process.returncode == 0


def test_the_module_runs_and_its_code_is_the_exit_code() -> None:
    process = start("run", "nothing_of_that_name")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, b"")
    assert err.startswith(b"evidence: there is nothing to run\n")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
def test_progress_shows_on_a_terminal_and_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = os.openpty()
    with os.fdopen(far, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with Progress() as progress:
            progress.tell("reading")
            assert b"s] reading" in os.read(near, 1000)
        seen = os.read(near, 1000).decode()
    os.close(near)
    assert seen == "\r\x1b[2K"


def test_progress_is_silent_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.tell("reading")
    assert capsys.readouterr() == ("", "")


# The public functions that look for a project


def test_the_public_functions_find_the_project_one_stands_in(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.studies_folder)
    assert set(api.load_terms().outcomes) == set(project.terms().outcomes)
    assert api.load_terms(project.terms_file) == api.load_terms()
    studies = api.load_studies()
    assert [s.id for s in studies] == sorted(p.stem for p in project.studies_folder.iterdir())
    one = project.studies_folder / "trial-2001.yaml"
    assert api.load_studies(one)[0] == api.load_studies([one], api.load_terms())[0]
    question = api.load_question("hormone")
    assert api.effect_table(studies, question).k == 3
    assert api.effect_table(studies[-2:], question, api.load_terms()).k == 2
    with pytest.raises(QuestionError, match='did you mean "hormone"'):
        api.load_question("hormones")
    with pytest.raises(StudyError, match="does not exist"):
        api.load_studies("nowhere.yaml")


def test_a_script_builds_its_report(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)
    analysis = load_analysis(project.analyses_folder, "demo")
    evidence.run(analysis)
    out, err = capsys.readouterr()
    assert out.strip() == str(project.reports_folder / "demo")
    assert err == ""
    assert (project.reports_folder / "demo" / "index.html").is_file()


def test_a_script_that_fails_ends_with_one(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(*_: object, **__: object) -> None:
        raise EvidenceError("something is wrong")

    monkeypatch.chdir(project.root)
    monkeypatch.setattr(build_module, "collect", wrong)
    with pytest.raises(SystemExit, match="1"):
        evidence.run(load_analysis(project.analyses_folder, "demo"))
    assert capsys.readouterr() == ("", "something is wrong\n")
