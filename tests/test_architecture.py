"""The rules of the package that a reader relies on, proved on its syntax trees."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).resolve().parent.parent / "planner"
_MODULES = sorted(_PACKAGE.rglob("*.py"))
# Dotted names below the package: a room, or a room within one (``serving.profiles``).
_FOLDERS = sorted(
    {
        ".".join(path.parent.relative_to(_PACKAGE).parts)
        for path in _MODULES
        if path.parent != _PACKAGE
    }
)

# Data flows from left to right; a folder imports only what stands before it.
_ORDER = ("scenario", "demand", "catalog", "serving", "costs", "levers", "decision", "emit")
_READS_ALL_BUT_OUTPUT = ("diff", "drill", "actuals")
_OUTPUT = ("render", "cli")
_ROOT_MODULES = ("errors", "files", "money", "units")
# The two ways in, which start the command line.
_ENTRIES = ("_entry", "__main__")

_NEVER_AT_TOP = (
    *("boto3", "botocore", "pulumi", "tiktoken", "rich", "genai_prices", "numpy"),
    *("duckdb", "ibis", "pandas", "pyarrow"),
)
_MOST_MODULE_LINES = 400
_MOST_FUNCTION_LINES = 50
_CLOCKS = {"today", "now", "utcnow"}

_each_module = pytest.mark.parametrize(
    "path", _MODULES, ids=[str(path.relative_to(_PACKAGE)) for path in _MODULES]
)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _part(path: Path) -> str:
    """The folder of ``path`` below the package, or the module's name at the root."""
    relative = path.relative_to(_PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            assert node.module is not None
            if node.module == "planner":
                yield from (f"planner.{alias.name}" for alias in node.names)
            else:
                yield node.module


def _may_import(part: str) -> set[str]:
    # `from planner import __version__` reads the package's own constants.
    allowed = {part, "__init__", "__version__", *_ROOT_MODULES}
    if part in _ORDER:
        allowed |= set(_ORDER[: _ORDER.index(part)])
    elif part in (*_READS_ALL_BUT_OUTPUT, "render"):
        allowed |= {*_ORDER, *_READS_ALL_BUT_OUTPUT}
    elif part in ("cli", *_ENTRIES):
        allowed |= {*_ORDER, *_READS_ALL_BUT_OUTPUT, *_OUTPUT, *_ENTRIES}
    return allowed


@_each_module
def test_a_module_imports_only_what_stands_before_it(path: Path) -> None:
    part = _part(path)
    ours = {name.split(".")[1] for name in _imported(_tree(path)) if name.startswith("planner.")}
    assert ours <= _may_import(part)


def test_every_folder_has_its_place_in_the_order() -> None:
    assert {folder.split(".")[0] for folder in _FOLDERS} <= {
        *_ORDER,
        *_READS_ALL_BUT_OUTPUT,
        *_OUTPUT,
    }


@_each_module
def test_pulumi_is_never_imported(path: Path) -> None:
    assert not {n for n in _imported(_tree(path)) if n.split(".")[0].startswith("pulumi")}


def _top_level_imports(tree: ast.Module) -> Iterator[str]:
    """What is imported as the module loads: not inside functions, not for types only."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                waiting += node.orelse
                continue
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from _imported(ast.Module(body=[node], type_ignores=[]))
            waiting.append(node)


@_each_module
def test_slow_packages_are_imported_inside_functions(path: Path) -> None:
    top = {name.split(".")[0] for name in _top_level_imports(_tree(path))}
    assert top.isdisjoint(_NEVER_AT_TOP)


@_each_module
def test_a_module_has_a_docstring_and_postponed_annotations(path: Path) -> None:
    tree = _tree(path)
    assert ast.get_docstring(tree)
    assert "__future__" in set(_top_level_imports(tree))


@_each_module
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= _MOST_MODULE_LINES


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, without the docstring."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        assert first.end_lineno is not None
        lines -= first.end_lineno - first.lineno + 1
    return lines


@_each_module
def test_functions_are_short(path: Path) -> None:
    long = {
        node.name: _lines(node)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _lines(node) > _MOST_FUNCTION_LINES
    }
    assert long == {}


@_each_module
def test_money_is_never_made_of_a_float(path: Path) -> None:
    wrong = [
        node.lineno
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("Decimal", "decimal.Decimal")
        and any(
            isinstance(part, ast.Constant) and isinstance(part.value, float)
            for argument in node.args
            for part in ast.walk(argument)
        )
    ]
    assert wrong == []


@_each_module
def test_the_clock_is_read_only_at_the_command_line(path: Path) -> None:
    if _part(path) == "cli":
        return
    reads = [
        node.lineno
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr in _CLOCKS or ast.unparse(node.func) in ("time.time", "time.time_ns"))
    ]
    assert reads == []


@pytest.mark.parametrize("folder", _FOLDERS)
def test_a_folder_exports_the_names_it_promises(folder: str) -> None:
    module = importlib.import_module(f"planner.{folder}")
    promised: list[str] = module.__all__
    assert len(promised) == len(set(promised))
    assert [name for name in promised if not hasattr(module, name)] == []
