"""What the code may not do, checked on its syntax: floats beside money, files that grow long."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "custom_components" / "compere_prepaid" / "core"
EXACT_ROOMS = (
    *("money", "tariff", "metering", "ledger", "prepayment", "policy", "payment"),
    *("tenancy", "statement", "allocation", "balance", "value"),
)
PAUSES = frozenset({"policy/closing_queue.py", "policy/relay_control.py"})
"""Counts pauses in seconds; it may use floats, and must not know money then."""
MAX_LINES = 420

TABLES: frozenset[str] = frozenset()
"""Files that are nothing but a table of descriptions may be longer."""

CORE_FILES = sorted(CORE.rglob("*.py"))
EXACT_FILES = [path for path in CORE_FILES if path.relative_to(CORE).parts[0] in EXACT_ROOMS]
ALL_FILES = sorted(
    path for folder in ("custom_components", "simulator") for path in (ROOT / folder).rglob("*.py")
)

FLOAT_NAMES = frozenset({"float", "fsum", "truediv", "total_seconds"})


def inexact(source: str) -> Iterator[str]:
    """Yield each place in a source where a floating-point number could come from."""
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Constant(value=float() | complex()):
                yield f"line {line}: number {node.value!r}"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield f"line {line}: true division"
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in FLOAT_NAMES:
                yield f"line {line}: {name}"
            case ast.Import(names=names) if any(alias.name == "math" for alias in names):
                yield f"line {line}: math"
            case ast.ImportFrom(module="math"):
                yield f"line {line}: math"


def named(path: Path) -> str:
    """Name a file for a person."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", EXACT_FILES, ids=named)
def test_no_floats_where_money_and_energy_are(path: Path) -> None:
    """No float, no true division: amounts and energy are integers, decimals stand at the edges."""
    source = path.read_text(encoding="utf-8")
    if path.relative_to(CORE).as_posix() in PAUSES:
        assert "..money" not in source
    else:
        assert list(inexact(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 0.5",
        "x = a / b",
        "x /= b",
        "x = float(a)",
        "def f(x: float): pass",
        "x = delay.total_seconds()",
        "import math",
        "from math import floor",
        "x = 1j",
    ],
)
def test_the_check_finds_floats(source: str) -> None:
    """The check itself is not blind."""
    assert len(list(inexact(source))) == 1


def test_the_check_allows_integers() -> None:
    """Whole division, decimals written as text and integers pass."""
    assert list(inexact("x = 7 // 2 + int(Decimal('0.5') * 2); y = f'{x:.2f}'")) == []


def test_the_rooms_that_are_checked_are_there() -> None:
    """A room that was renamed would otherwise pass unseen."""
    assert {path.relative_to(CORE).parts[0] for path in EXACT_FILES} == set(EXACT_ROOMS)


@pytest.mark.parametrize("path", ALL_FILES, ids=named)
def test_files_stay_short(path: Path) -> None:
    """A file that does not fit into a head is two files."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES or named(path) in TABLES


def test_packages_of_the_core_are_empty() -> None:
    """Nothing happens, and nothing is hidden, in an `__init__` of the core."""
    inits = sorted(CORE.rglob("__init__.py"))
    assert inits
    assert [named(path) for path in inits if path.read_text(encoding="utf-8").strip()] == []
    folders = {path.parent for path in CORE_FILES}
    assert folders == {path.parent for path in inits}
