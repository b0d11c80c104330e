"""What works in processes of its own has what it needs there, and nothing of Home Assistant."""

from collections.abc import Awaitable, Callable
import os
from pathlib import Path

import pytest

from benchmarks.stage.big_book import SITE, write_big_book
from custom_components.compere_prepaid.adapters.allocation_apart.apart import work_out_apart
from custom_components.compere_prepaid.adapters.ledger_checker.apart import check_apart
from custom_components.compere_prepaid.adapters.statement_paper.workshop import Hand
from tests.adapters.test_allocation_apart import INPUTS
from tests.adapters.test_statement_workshop import order

TELLS = """
import atexit, os, pathlib, sys

def tell():
    path = pathlib.Path({folder!r}, f"{{os.getpid()}}.told")
    path.write_text(" ".join([str(os.nice(0)), *sys.modules]))

atexit.register(tell)
"""
"""Python runs it at its start, if the folder that it lies in is where modules are looked for."""


def told(folder: Path) -> list[list[str]]:
    """Return what each child tells at its end: its priority, and what it has loaded."""
    return [path.read_text().split() for path in folder.glob("*.told")]


async def check(folder: Path) -> None:
    """Have a book checked."""
    write_big_book(folder / "book.db", meters=1, days=1)
    assert (await check_apart(str(folder / "book.db"), SITE, "shown")).ok


async def allocate(_folder: Path) -> None:
    """Have a run worked out."""
    assert (await work_out_apart(INPUTS)).shares


async def print_one(folder: Path) -> None:
    """Have a statement printed in every form."""
    async with await Hand.start() as hand:
        for number, form in enumerate(("html", "pdf", "csv", "xlsx")):
            assert await hand.ask(order(folder, number, form=form).written()) == ""


@pytest.mark.parametrize(("do", "children"), [(check, 2), (allocate, 1), (print_one, 1)])
async def test_children(
    do: Callable[[Path], Awaitable[None]],
    children: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They find all modules that this process finds, and each goes behind others, but once."""
    (tmp_path / "sitecustomize.py").write_text(TELLS.format(folder=str(tmp_path)))
    monkeypatch.syspath_prepend(tmp_path)
    await do(tmp_path)
    found = told(tmp_path)
    assert len(found) == children
    for nice, *modules in found:
        assert int(nice) == max(10, os.nice(0))
        assert "compere_prepaid_alone" in modules
        loaded = {name.partition(".")[0] for name in modules}
        assert not loaded & {"homeassistant", "custom_components"}
