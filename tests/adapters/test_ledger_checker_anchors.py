"""Anchors from paper: what they prove, and what they show when a book was cut or written anew."""

from pathlib import Path

import pytest

from custom_components.compere_prepaid.adapters.ledger_checker.anchors import Anchor, find_anchor
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.ledger.chain import GENESIS
from tests.adapters.ledger_books import open_book, opened, top_up


async def _proved(ledger: DatabaseLedger, anchor: str) -> Anchor:
    return await ledger.examine(lambda rows, site: find_anchor(rows, site, anchor))


async def _head(ledger: DatabaseLedger) -> tuple[int, str]:
    head = await ledger.read(lambda tx: tx.head())
    return head.seq, head.hash


async def test_receipts_stand_in_their_book(tmp_path: Path) -> None:
    """Every receipt that was ever printed, from the first on, also in capitals or in full."""
    async with opened(tmp_path / "mall.db") as ledger:
        heads = [await _head(ledger)]
        for number in range(3):
            await ledger.run(top_up(str(number), 1))
            heads.append(await _head(ledger))
        assert heads[0] == (0, GENESIS)
        for seq, link in heads:
            for written in (f"{seq}-{link[:12]}", f" {seq}-{link[:12].upper()}\n", f"{seq}-{link}"):
                assert await _proved(ledger, written) is Anchor.STANDS


async def test_book_that_was_cut_short(tmp_path: Path) -> None:
    """A receipt with a number behind the end of the book: what came after is lost."""
    path = tmp_path / "mall.db"
    async with opened(path) as ledger:
        await ledger.run(top_up("1", 1))
        assert await _proved(ledger, "2-9f3c01aa77de") is Anchor.MISSING
        assert await _proved(ledger, "999999999999999999-9f3c01aa77de") is Anchor.MISSING


async def test_book_that_was_written_anew(tmp_path: Path) -> None:
    """The same number with another hash: a good book, but not the one the receipt is of."""
    async with opened(tmp_path / "mall.db") as ledger:
        await ledger.run(top_up("1", 1))
        seq, link = await _head(ledger)
    async with opened(tmp_path / "other.db") as other:
        await other.run(top_up("1", 2))
        assert (await other.verify()).ok
        assert await _proved(other, f"{seq}-{link[:12]}") is Anchor.DIFFERS
        assert await _proved(other, "0-9f3c01aa77de") is Anchor.DIFFERS


async def test_another_sites_receipt(tmp_path: Path) -> None:
    """Sites may share a file; a receipt is of one of them."""
    path = tmp_path / "malls.db"
    one, two = await open_book(path, "one"), await open_book(path, "two")
    await one.run(top_up("1", 1))
    await two.run(top_up("1", 2))
    seq, link = await _head(one)
    assert await _proved(one, f"{seq}-{link[:12]}") is Anchor.STANDS
    assert await _proved(two, f"{seq}-{link[:12]}") is Anchor.DIFFERS
    await one.close()
    await two.close()


@pytest.mark.parametrize(
    "written",
    ["", "1", "1-", "-9f3c01aa77de", "1-9f3c", "1-9f3c01aa77dg", "1/9f3c01aa77de", "x" * 99],
)
async def test_what_is_no_anchor(tmp_path: Path, written: str) -> None:
    """A slip of the pen is told as such."""
    async with opened(tmp_path / "mall.db") as ledger:
        assert await _proved(ledger, written) is Anchor.INVALID
