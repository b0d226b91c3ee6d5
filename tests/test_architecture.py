"""The house rules that a machine can check; what each room may import stands in .importlinter."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "twoleg"

VENDOR_WORDS = frozenset(
    {
        "agentPresent",
        "callBackUrl",
        "callData",
        "callSerialNo",
        "callerPresent",
        "endTime",
        "reasonCode",
        "retCode",
        "retMsg",
        "softPhone",
        "startTime",
    }
)
"""Members of the vendor's messages: one face among others may know them, and the command line may print that face."""

EMPTY_WORDS = frozenset(
    {"channel", "common", "data", "helper", "helpers", "manager", "misc", "session", "util", "utils"}
)
"""Names that say nothing about what a module is for, or that mean something else in this field."""


def modules() -> list[Path]:
    found = sorted(SOURCE.rglob("*.py"))
    assert found, f"no modules under {SOURCE}"
    return found


def name_of(module: Path) -> str:
    return str(module.relative_to(SOURCE))


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(), str(module))


def nodes(*, outside: tuple[str, ...] = ()) -> Iterator[tuple[str, ast.AST]]:
    """Every syntax node of every module that lies in none of the folders `outside`, with `module:line`."""
    for module in modules():
        if not name_of(module).startswith(outside):
            for node in ast.walk(tree_of(module)):
                yield f"{name_of(module)}:{getattr(node, 'lineno', 0)}", node


def test_imports_keep_the_contracts() -> None:
    kept = lint_imports(config_filename=str(ROOT / ".importlinter"), no_cache=True)

    assert kept == EXIT_STATUS_SUCCESS, "run lint-imports to see the broken contract"


def test_every_module_fits_in_300_lines() -> None:
    lengths = {name_of(module): len(module.read_text().splitlines()) for module in modules()}

    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_every_module_says_what_may_live_there() -> None:
    assert [name_of(module) for module in modules() if not ast.get_docstring(tree_of(module))] == []


def test_every_function_fits_in_40_lines() -> None:
    assert [f"{place} {length} lines" for place, length in _functions_with_lengths() if length > 40] == []


def _functions_with_lengths() -> Iterator[tuple[str, int]]:
    """Lines of code of each function: what follows its docstring."""
    for place, node in nodes():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node, clean=False) is not None
            first = node.body[0].end_lineno if documented else node.lineno
            assert first is not None
            assert node.end_lineno is not None
            yield f"{place} {node.name}", node.end_lineno - first


def test_module_names_say_something() -> None:
    words = {name_of(module): re.split(r"[/_.]", name_of(module)) for module in modules()}

    assert {name: word for name, word in words.items() if EMPTY_WORDS & set(word)} == {}


def test_the_vendors_words_live_only_in_its_face() -> None:
    outside = nodes(outside=("api/aicc", "adapters/webhooks/aicc", "cli/"))

    assert [f"{place} {word}" for place, node in outside for word in _words_of(node) if word in VENDOR_WORDS] == []


def _words_of(node: ast.AST) -> list[str]:
    """The identifiers and short strings of one node. Prose may name a vendor's word; code may not use it."""
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word) | ast.Constant(value=str() as word):
            return [word]
        case ast.keyword(arg=str() as word) | ast.FunctionDef(name=word) | ast.ClassDef(name=word):
            return [word]
        case _:
            return []


def test_only_the_command_line_prints() -> None:
    assert [place for place, node in nodes(outside=("cli/",)) if _calls(node, "print")] == []


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def test_no_error_is_swallowed_unnamed() -> None:
    handlers = [(place, node) for place, node in nodes() if isinstance(node, ast.ExceptHandler)]

    assert [place for place, handler in handlers if handler.type is None] == [], "a bare except"
    assert [place for place, handler in handlers if _is_broad(handler) and _does_nothing(handler)] == []


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}


def _does_nothing(handler: ast.ExceptHandler) -> bool:
    return all(isinstance(statement, ast.Pass | ast.Continue | ast.Expr) for statement in handler.body) and not any(
        isinstance(node, ast.Call) for statement in handler.body for node in ast.walk(statement)
    )


def test_every_dataclass_is_slotted() -> None:
    classes = ((place, node) for place, node in nodes() if isinstance(node, ast.ClassDef))

    assert [f"{place} {node.name}" for place, node in classes if _is_unslotted_dataclass(node)] == []


def _is_unslotted_dataclass(node: ast.ClassDef) -> bool:
    for decorator in node.decorator_list:
        if ast.unparse(decorator).startswith("dataclass"):
            return "slots=True" not in ast.unparse(decorator)
    return False


def test_every_lint_exception_gives_its_reason() -> None:
    allowed = re.compile(r"# (noqa: [A-Z0-9, ]*[A-Z0-9]|type: ignore\[[a-z-]+\])  ?[-#] \w")
    lines = (
        (module, number, line) for module in modules() for number, line in enumerate(module.read_text().splitlines(), 1)
    )
    exceptions = [(f"{name_of(module)}:{number}", line) for module, number, line in lines if _is_exempt(line)]

    assert [place for place, line in exceptions if not allowed.search(line)] == []


def _is_exempt(line: str) -> bool:
    return "# noqa" in line or "# type: ignore" in line
