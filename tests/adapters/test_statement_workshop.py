"""Printing in processes of their own: whole files or none, whatever goes wrong."""

import asyncio
from collections.abc import AsyncIterator
import json
import os
from pathlib import Path
import signal
from unittest.mock import patch

import pytest

from custom_components.compere_prepaid.adapters.statement_paper.order import Order
from custom_components.compere_prepaid.adapters.statement_paper.printer import Tables
from custom_components.compere_prepaid.adapters.statement_paper.workshop import Hand, Printing
from custom_components.compere_prepaid.core.errors import OperationFailedError
from tests.adapters.paper_statements import ISSUED, sample


def order(folder: Path, number: int, content: str = "", form: str = "html") -> Order:
    """Return an order for a page."""
    return Order(
        site="Mall",
        account="A-101",
        content=content or json.dumps(sample(1)),
        number=number,
        issued_at=ISSUED,
        language="en",
        files={form: folder / "pages" / f"{number}.{form}"},
    )


async def listed(*orders: Order) -> AsyncIterator[Order]:
    """Yield orders."""
    for one in orders:
        yield one


def names(folder: Path) -> list[str]:
    """Return what is in a folder, also deeper."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def test_one_that_cannot_be_printed_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is told with its reason, and leaves nothing behind."""
    told: dict[int, str] = {}
    await Printing(
        orders=listed(order(tmp_path, 1), order(tmp_path, 2, "{}"), order(tmp_path, 3)),
        on_done=lambda one, error: told.update({one.number: error}),
    ).run()
    assert told == {1: "", 2: "KeyError: 'currency'", 3: ""}
    assert names(tmp_path) == ["1.html", "3.html"]


async def test_a_table_lacks_nothing_or_is_not_there(tmp_path: Path) -> None:
    """What cannot be put into a table ends the batch; of the table there is nothing then."""
    tables = {form: tmp_path / f"lines.{form}" for form in ("csv", "xlsx")}
    with pytest.raises(OperationFailedError, match="printing_failed"):
        await Printing(
            orders=listed(order(tmp_path, 1), order(tmp_path, 2, "{}")), tables=tables
        ).run()
    assert not {"lines.csv", "lines.xlsx"} & set(names(tmp_path))
    assert [name for name in names(tmp_path) if ".part" in name] == []
    await Printing(orders=listed(order(tmp_path, 1)), tables=tables).run()
    assert names(tmp_path) == ["1.html", "lines.csv", "lines.xlsx"]


async def test_a_process_that_dies_is_told(tmp_path: Path) -> None:
    """Who waits for it learns that it is gone."""
    async with await Hand.start() as hand:
        assert await hand.ask(order(tmp_path, 1).written()) == ""
        os.kill(hand._process.pid, signal.SIGKILL)
        with pytest.raises(OperationFailedError, match="printing_stopped"):
            await hand.ask(order(tmp_path, 2).written())
    assert names(tmp_path) == ["1.html"]


async def test_stopping_finishes_what_is_begun(tmp_path: Path) -> None:
    """After it is told to stop, nothing more is begun."""
    printing = Printing(
        orders=listed(*(order(tmp_path, number) for number in range(20))),
        tables={"csv": tmp_path / "lines.csv"},
    )

    def stop(_order: Order, _error: str) -> None:
        printing.is_stopped = True

    printing.on_done = stop
    await printing.run()
    found = names(tmp_path)
    assert 1 <= len(found) <= 3
    assert all(name.endswith(".html") for name in found)


async def test_a_full_disk_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    """A file that cannot be replaced stays as it was."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "1.pdf").write_text("before")
    async with await Hand.start() as hand:
        # nothing can be written there
        (tmp_path / "pages" / f"1.pdf.{hand._process.pid}.part").mkdir()
        assert "IsADirectoryError" in await hand.ask(order(tmp_path, 1, form="pdf").written())
    assert (tmp_path / "pages" / "1.pdf").read_text() == "before"


async def test_two_may_print_the_same_file(tmp_path: Path) -> None:
    """A tenant and a batch want the same one: each of them has it then."""
    wanted = order(tmp_path, 1).written()
    async with await Hand.start() as one, await Hand.start() as other:
        for _ in range(50):
            answers = await asyncio.gather(one.ask(wanted), other.ask(wanted))
            assert [*answers] == ["", ""]
    assert names(tmp_path) == ["1.html"]


def test_tables_that_are_dropped_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large workbook is not put together just to be thrown away."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tables = Tables({form: tmp_path / f"lines.{form}" for form in ("csv", "xlsx")})
    tables.add(order(tmp_path, 1).statement)
    with patch("xlsxwriter.Workbook.close", side_effect=AssertionError):
        tables.drop()
    assert list(tmp_path.iterdir()) == []


async def test_cancelling_too_late_leaves_a_table_that_is_told(tmp_path: Path) -> None:
    """While the table is made whole nothing can be stopped any more."""
    printing = Printing(orders=listed(order(tmp_path, 1)), tables={"csv": tmp_path / "lines.csv"})
    ask = Hand.ask

    async def late(hand: Hand, request: bytes) -> str:
        printing.is_stopped = b"finish" in request
        return await ask(hand, request)

    with patch.object(Hand, "ask", late):
        assert await printing.run()
    assert printing.is_stopped
    assert names(tmp_path) == ["1.html", "lines.csv"]
