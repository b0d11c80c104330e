"""The auditor reads statements: what adds up and is still not true does not go unnoticed.

The book is a quarter of the simulated year. Each change keeps the statement canonical, and most of
them keep it adding up: only the transfers, the runs and the prices tell.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
import json
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from tests.core.statement.year import Year
from tests.tampering import TamperedBook, tampered

type Content = dict[str, Any]

_UNIT = Decimal("1e-9")


def _plus(data: Content, key: str, more: Decimal = _UNIT) -> None:
    data[key] = f"{Decimal(data[key]) + more:f}"


def _lines(content: Content, kind: str, fund: str = "electricity") -> list[Content]:
    return [line for line in content["funds"][fund]["lines"] if line["kind"] == kind]


def _group(content: Content, line: Content, fund: str = "electricity") -> Content:
    groups: list[Content] = content["funds"][fund]["groups"]
    return next(one for one in groups if one["group"] == line["group"])


def balances(content: Content) -> bool:
    """Let both balances be a unit more."""
    fund = content["funds"]["electricity"]
    _plus(fund, "opening")
    _plus(fund, "closing")
    return True


def between_lines(content: Content) -> bool:
    """Let a top-up be a unit more, and the standing charge as well."""
    paid, standing = _lines(content, "top_up"), _lines(content, "standing")
    if not (paid and standing):
        return False
    for line, more in ((paid[0], _UNIT), (standing[0], -_UNIT)):
        _plus(line, "amount", more)
        _plus(_group(content, line), "amount", more)
    return True


def price(content: Content) -> bool:
    """Say that energy cost another price than it was charged at."""
    lines = [line for line in _lines(content, "charge") if line["amount"].strip("0.")]
    if not lines:
        return False
    _plus(lines[0], "price", Decimal("0.000001"))
    return True


def energy(content: Content) -> bool:
    """Say that a Wh more was used."""
    lines = [line for line in _lines(content, "charge") if line["amount"].strip("0.")]
    if not lines:
        return False
    lines[0]["energy_wh"] += 1
    return True


def group(content: Content) -> bool:
    """Say that a group makes another sum."""
    groups = content["funds"]["electricity"]["groups"]
    if not groups:
        return False
    _plus(groups[0], "shown", Decimal("0.01"))
    return True


def other_group(content: Content) -> bool:
    """Let a top-up stand among what was charged."""
    paid = _lines(content, "top_up")
    if paid:
        paid[0]["group"] = "fees"
    return bool(paid)


def weight(content: Content) -> bool:
    """Say that a share was worked out of more floor area."""
    lines = _lines(content, "allocation", "service")
    if lines:
        lines[0]["allocation"]["weight"] += 1
    return bool(lines)


def cost(content: Content) -> bool:
    """Say that a pool cost more."""
    lines = _lines(content, "allocation", "service")
    if lines:
        _plus(lines[0]["allocation"], "cost")
    return bool(lines)


def between_shares(content: Content) -> bool:
    """Let one share of a run be a unit more, and another one less."""
    lines = [line for line in _lines(content, "allocation", "service") if not line.get("late")]
    same = [line for line in lines if line["group"] == "shared_service"]
    if len(same) < 2:
        return False
    for line, more in zip(same, (_UNIT, -_UNIT), strict=False):
        _plus(line, "amount", more)
        _plus(line["allocation"], "amount", -more)
    return True


def reversal(content: Content) -> bool:
    """Say that a share was given back."""
    lines = _lines(content, "allocation", "service")
    if lines:
        lines[0]["allocation"]["reversed"] ^= True
    return bool(lines)


def tax(content: Content) -> bool:
    """Tell another tax than the line says."""
    taxes = [one for one in content["taxes"] if not one["included"]]
    if taxes:
        _plus(taxes[0], "tax")
    return bool(taxes)


def corrects(content: Content) -> bool:
    """Say that another statement is corrected."""
    if "corrects" not in content:
        return False
    content["corrects"] -= 1
    return True


def invented(content: Content) -> bool:
    """Say that a statement corrects one."""
    if "corrects" in content:
        return False
    content["corrects"] = 1
    return True


def unreadable(content: Content) -> bool:
    """Leave out of a line what it is for."""
    lines = _lines(content, "charge")
    if lines:
        del lines[0]["price"]
    return bool(lines)


CHANGES = (
    *(balances, between_lines, price, energy, group, other_group, weight, cost, between_shares),
    *(reversal, tax, corrects, invented, unreadable),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the ledger of a quarter."""
    path = tmp_path_factory.mktemp("quarter") / "ledger.db"

    async def write() -> None:
        year = await Year(path, shops=6, months=3).open()
        await year.live()
        await year.desk.ledger.close()

    asyncio.run(write())
    return path


@pytest.fixture(scope="module")
def book(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TamperedBook]:
    """Return it without its guards."""
    with tampered(written, tmp_path_factory.mktemp("tampered"), "mall") as book:
        yield book


def test_the_quarter_is_good(book: TamperedBook) -> None:
    """The control: nothing is wrong with it."""
    found = book.audit()
    assert (found.faults, found.hints) == ((), ())


def _edit(path: Path, change: Callable[[Content], bool]) -> str:
    """Return what changes the first statement that can be changed so."""
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT account, number, content FROM statement ORDER BY number")
        for account, number, text in rows.fetchall():
            content = json.loads(text)
            if number > 1 and change(content):
                new = json.dumps(
                    content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
                ).replace("'", "''")
                return (
                    f"UPDATE statement SET content = '{new}'"  # noqa: S608  -- to tamper with
                    f" WHERE account = '{account}' AND number = {number}"
                )
    raise AssertionError(change)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_statement_that_is_not_true_is_noticed(
    written: Path, book: TamperedBook, change: Callable[[Content], bool]
) -> None:
    """Whatever it says, the rest of the book says it too."""
    faults = book.audit(_edit(written, change)).faults
    assert faults
    assert all(fault.startswith("statement ") for fault in faults)


def test_a_base_that_is_not_the_tax_s_is_pointed_out(written: Path, book: TamperedBook) -> None:
    """The book is right all the same: a base is told, and booked nowhere."""

    def change(content: Content) -> bool:
        taxes = [one for one in content["taxes"] if not one["included"]]
        if taxes:
            _plus(taxes[0], "base", Decimal(1))
        return bool(taxes)

    found = book.audit(_edit(written, change))
    assert found.ok
    assert found.hints
