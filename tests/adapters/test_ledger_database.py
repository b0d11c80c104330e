"""The ledger in a real database, on each engine: its instances, its transactions."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import threading

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.adapters.ledger_database.migrations import VERSION
from custom_components.compere_prepaid.core.errors import (
    InvalidInputError,
    LedgerReadOnlyError,
    OperationFailedError,
)
from custom_components.compere_prepaid.core.ledger.chain import GENESIS
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import (
    ChainHead,
    HoldKind,
)
from custom_components.compere_prepaid.core.money.amount import Currency
from tests.adapters.ledger_books import (
    ENGINES,
    METER,
    SITE,
    YUAN,
    StepClock,
    balance,
    book_charge,
    fill,
    install,
    meddle,
    next_charge,
    open_book,
    refusal,
    shown,
    switch,
    top_up,
    write_tariff,
)

pytestmark = pytest.mark.parametrize("engine", ENGINES)

# -- a book and its instances ------------------------------------------------------------------


async def test_each_connection_stays_on_its_thread(ledger: DatabaseLedger) -> None:
    """Writes share one thread and reads another; neither is the event loop's."""
    name: Callable[[LedgerTransaction], str] = lambda _: threading.current_thread().name  # noqa: E731  -- used twice
    writers = {await ledger.run(name) for _ in range(5)}
    readers = {await ledger.read(name) for _ in range(5)}
    assert len(writers) == len(readers) == 1
    assert len(writers | readers | {threading.current_thread().name}) == 3


async def test_new_book_is_told_from_an_old_one(place: Path | str) -> None:
    """Only the opening that created the book says that it is new."""
    for expected in (True, False):
        ledger = await open_book(place)
        assert ledger.is_new is expected
        await ledger.close()


async def test_everything_is_there_after_reopening(place: Path | str) -> None:
    """What was committed is read back by the next instance."""
    await fill(place)
    ledger = await open_book(place)
    assert await balance(ledger) == (200 + 50 + 40) * YUAN - 700 * 617_300 - 250 * 987_600 - (
        90 * 617_300
    )
    assert (await ledger.verify()).ok
    await ledger.close()


async def test_two_sites_share_a_file(place: Path | str) -> None:
    """Keys lead with the site: equal ids in two books do not meet."""
    books = [await open_book(place, site) for site in ("east", "west")]
    for number, ledger in enumerate(books, start=1):
        for _ in range(number):
            await ledger.run(top_up("desk-1", 10))
        await ledger.run(top_up(f"desk-{number + 1}", number))
    assert [await balance(ledger) for ledger in books] == [11 * YUAN, 12 * YUAN]
    for ledger in books:
        assert (await ledger.verify()).transfers == 2
        await ledger.close()


async def test_second_instance_takes_over(place: Path | str) -> None:
    """The instance that opened last may write, the one before may only read."""
    first = await open_book(place, holder="first")
    await first.run(top_up("desk-1", 10))
    second = await open_book(place, holder="second")
    for _ in range(2):
        error = await refusal(first.run(top_up("desk-2", 10)))
        assert isinstance(error, LedgerReadOnlyError)
        assert (error.key, error.placeholders) == ("ledger_taken_over", {"holder": "second"})
    assert "second" in str(first.read_only_reason)
    await second.run(top_up("desk-2", 5))
    assert await balance(first) == await balance(second) == 15 * YUAN
    assert (await second.verify()).ok
    for ledger in (first, second):
        await ledger.close()


async def test_instance_that_was_taken_over_writes_nothing_at_all(place: Path | str) -> None:
    """Even work that books no transfer is refused before it begins."""
    first = await open_book(place)
    await first.run(install())
    second = await open_book(place)
    await refusal(first.run(switch(HoldKind.MANUAL, place=True)))
    assert await second.read(lambda tx: tx.holds(METER)) == ()
    for ledger in (first, second):
        await ledger.close()


async def test_other_currency_is_refused(place: Path | str) -> None:
    """A book is continued in its own currency only; the message names both."""
    await (await open_book(place)).close()
    opening = DatabaseLedger.open(
        place=place, site=SITE, currency=Currency.of("EUR"), clock=StepClock(), holder="test"
    )
    error = await refusal(opening)
    assert isinstance(error, InvalidInputError)
    assert error.key == "ledger_other_currency"
    assert error.placeholders == {"path": shown(place), "currency": "EUR", "found": "CNY"}


async def test_newer_book_is_refused(place: Path | str) -> None:
    """A book from a newer version of the program is not guessed at."""
    await (await open_book(place)).close()
    meddle(place, "UPDATE book SET schema_version = 99")
    error = await refusal(open_book(place))
    assert error.key == "ledger_newer"
    assert error.placeholders == {"path": shown(place), "version": "99", "known": str(VERSION)}


# -- transactions ------------------------------------------------------------------------------


async def test_nothing_is_kept_of_work_that_fails(ledger: DatabaseLedger) -> None:
    """An error in the middle takes back what was written before it."""

    def work(tx: LedgerTransaction) -> None:
        top_up("desk-1", 10)(tx)
        raise InvalidInputError("amount_is_zero")

    assert (await refusal(ledger.run(work))).key == "amount_is_zero"
    assert await ledger.read(lambda tx: tx.head()) == ChainHead(seq=0, hash=GENESIS)
    assert await balance(ledger) == 0


async def test_refused_write_cannot_be_swallowed(ledger: DatabaseLedger) -> None:
    """Work that goes on after a refused write is refused as a whole."""
    await ledger.run(install())

    def work(tx: LedgerTransaction) -> None:
        mark = tx.mark(METER)
        assert mark is not None
        charge, _ = next_charge(mark, 10, "flat")
        try:
            book_charge(tx, replace(charge, from_wh=mark.wh + 5))
        except OperationFailedError:
            top_up("desk-1", 10)(tx)

    assert (await refusal(ledger.run(work))).key == "mark_moved"
    assert (await ledger.verify()).transfers == 0


async def test_reader_cannot_write(ledger: DatabaseLedger) -> None:
    """A query that tries to write is stopped by the connection itself."""
    error = await refusal(ledger.read(write_tariff))
    assert error.key == "ledger_not_writable"
    assert await ledger.read(lambda tx: tx.documents("tariff")) == ()


async def test_reading_does_not_wait_for_writing(ledger: DatabaseLedger) -> None:
    """While a transaction is open, readers see the state before it."""
    loop, inside, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def slow(tx: LedgerTransaction) -> None:
        top_up("desk-1", 10)(tx)
        loop.call_soon_threadsafe(inside.set)
        assert go_on.wait(30)

    writing = asyncio.create_task(ledger.run(slow))
    await inside.wait()
    assert await balance(ledger) == 0
    go_on.set()
    await writing
    assert await balance(ledger) == 10 * YUAN


async def test_head_that_moved_is_refused(ledger: DatabaseLedger) -> None:
    """The head moves only from where the writer saw it."""
    await ledger.run(top_up("desk-1", 10))
    stale, next_head = ChainHead(seq=0, hash=GENESIS), ChainHead(seq=1, hash="f00")
    error = await refusal(ledger.run(lambda tx: tx.move_head(stale, next_head)))
    assert error.key == "ledger_taken_over"


async def test_read_only_ledger_still_reads(ledger: DatabaseLedger) -> None:
    """After a failed check nothing is written any more; the first reason is kept."""
    await ledger.run(top_up("desk-1", 10))
    ledger.make_read_only("a row is gone")
    ledger.make_read_only("another reason")
    error = await refusal(ledger.run(top_up("desk-2", 10)))
    assert isinstance(error, LedgerReadOnlyError)
    assert (error.key, error.placeholders) == ("ledger_read_only", {"reason": "a row is gone"})
    assert "a row is gone" in str(ledger.read_only_reason)
    assert await balance(ledger) == 10 * YUAN


async def test_closed_ledger_says_so(place: Path | str) -> None:
    """After closing, nothing runs; closing twice does no harm."""
    ledger = await open_book(place)
    await ledger.close()
    await ledger.close()
    assert (await refusal(ledger.run(top_up("desk-1", 10)))).key == "ledger_closed"
    assert (await refusal(ledger.survey(lambda tx: tx.head()))).key == "ledger_closed"


@pytest.mark.parametrize("cancels", [1, 2])
async def test_closing_waits_for_long_reads(place: Path | str, cancels: int) -> None:
    """Whoever asked may have given up, even twice: no thread outlives the book."""
    await fill(place)
    ledger = await open_book(place)
    loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def look(tx: LedgerTransaction) -> int:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        return tx.head().seq

    reading = asyncio.create_task(ledger.survey(look))
    await begun.wait()
    for _ in range(cancels):
        reading.cancel()
        await asyncio.sleep(0)
    closing = asyncio.create_task(ledger.close())
    await asyncio.sleep(0)
    assert (await refusal(ledger.survey(lambda tx: tx.head()))).key == "ledger_closed"
    assert not closing.done()
    go_on.set()
    await closing
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not [one for one in threading.enumerate() if one.name.startswith("compere_ledger")]
