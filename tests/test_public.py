"""The public names: they load, they explain themselves, and they cost nothing before use."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import evidence

ROOT = Path(__file__).resolve().parents[1]
SAMPLERS = ("pymc", "arviz", "nutpie", "pytensor", "matplotlib", "seaborn", "statsmodels")
FUNCTIONS = [n for n in evidence.__all__ if inspect.isroutine(getattr(evidence, n))]


@pytest.mark.parametrize("name", evidence.__all__)
def test_every_public_name_loads_and_is_listed(name: str) -> None:
    value = getattr(evidence, name)
    assert (inspect.getdoc(value) or "").strip()
    assert name in dir(evidence)
    assert evidence.__dict__[name] is value


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_has_an_example_or_needs_a_project(name: str) -> None:
    document = inspect.getdoc(getattr(evidence, name)) or ""
    # run writes below reports/, and answer takes seconds: what they do is tested elsewhere.
    assert ">>>" in document or name in ("answer", "run", "sample_bayes")


def test_public_names_are_sorted_and_functions_are_among_them() -> None:
    assert list(evidence.__all__) == sorted(set(evidence.__all__))
    assert {"pool", "pool_bayes", "forest", "trace", "load_studies"} <= set(FUNCTIONS)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="module 'evidence' has no attribute 'pooled'"):
        evidence.pooled  # noqa: B018


def modules_after(code: str) -> set[str]:
    """First words of the modules that are loaded after some code has run in a new Python."""
    show = "import sys; sys.stderr.write(' '.join({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return set(done.stderr.split())


def command(*words: str) -> str:
    return (
        "from evidence.cli import main\n"
        f"try:\n    code = main({list(words)!r})\n"
        "except SystemExit as end:\n    code = end.code\n"
        "assert code == 0, code"
    )


def test_importing_the_package_loads_nothing_else() -> None:
    loaded = modules_after("import evidence")
    assert not loaded & {*SAMPLERS, "pandas", "pydantic", "scipy", "numpy", "yaml", "jinja2"}


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after(command("--help"))
    assert not loaded & {*SAMPLERS, "pandas", "pydantic", "scipy", "numpy", "yaml", "jinja2"}


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("audit",),
        ("claims",),
        ("list",),
        ("list", "studies"),
        ("trace", "burnett-bowie-2009"),
        ("schema",),
    ],
    ids=" ".join,
)
def test_commands_that_draw_and_sample_nothing_load_no_sampler(words: tuple[str, ...]) -> None:
    loaded = modules_after(command(*words))
    assert "pydantic" in loaded
    assert not loaded & set(SAMPLERS)


def test_a_public_function_can_be_loaded_before_any_other() -> None:
    # Each name in a fresh Python would take a minute; the one at the top pulls in all layers.
    loaded = modules_after("from evidence import answer, forest, run")
    assert not loaded & set(SAMPLERS)
