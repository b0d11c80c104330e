"""Counting the cash desk: nothing is missed or counted twice, whoever works at the same time."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
import random

import pytest

from custom_components.compere_prepaid.adapters.ledger_safe.lost import rebook
from custom_components.compere_prepaid.adapters.ledger_safe.restoring import restore
from custom_components.compere_prepaid.adapters.ledger_safe.snapshots import take_snapshot
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.accounts import BANK, CASH, CASH_DIFFERENCE
from custom_components.compere_prepaid.core.ledger.payment_rows import CashReceipt
from custom_components.compere_prepaid.core.payment.cash_desk import CashDesk, Counted
from custom_components.compere_prepaid.core.payment.payouts import Payouts
from tests.core.prepayment.desk import CNY, SHOP, START, Desk, money
from tests.tampering import tampered


def drawer_of(desk: Desk) -> CashDesk:
    """Return the desk's cash desk."""
    return CashDesk(desk.ledger, desk.clock, CNY)


async def held(desk: Desk, account: str) -> Decimal:
    """Return what a debit-normal ledger account holds, in yuan."""
    return -CNY.exact(await desk.ledger.read(lambda tx: tx.balance(account)))


async def papers(desk: Desk) -> list[tuple[int, Decimal, str]]:
    """Return the numbered papers: number, amount in yuan, user."""
    rows = await desk.ledger.read(lambda tx: tx.rows(CashReceipt))
    return [(row.number, CNY.exact(row.amount), row.user) for row in rows]


async def test_every_movement_of_cash_has_a_number(desk: Desk) -> None:
    """Money in counts up, money out is below zero, and what only waits has none yet."""
    await desk.shop("0")
    (first,) = (await desk.cashier.top_up([SHOP], money(50), reference="a", user="anna")).values()
    deposit = await desk.refunds.take_deposit(SHOP, money(9), reference="d", user="bob")
    waits = await desk.refunds.reserve(SHOP, money(5), reference="f", reason="asked", user="bob")
    adjusted = await desk.cashier.adjust(SHOP, money(1), reason="gift", reference="j", user="bob")
    paid = await desk.refunds.resolve(SHOP, "f", paid=True, user="anna")
    taken_back = await desk.refunds.reverse_top_up(SHOP, "a", reason="typo", user="bob")
    moved = (first, deposit, waits, adjusted, paid, taken_back)
    assert [credited.number for credited in moved] == [1, 2, None, None, 3, 4]
    assert await papers(desk) == [
        (1, Decimal(50), "anna"),
        (2, Decimal(9), "bob"),
        (3, Decimal(-5), "anna"),
        (4, Decimal(-50), "bob"),
    ]
    (again,) = (await desk.cashier.top_up([SHOP], money(50), reference="a", user="anna")).values()
    assert (again.number, again.replayed) == (1, True)
    await desk.verified()


async def test_the_paper_adds_up(desk: Desk) -> None:
    """What was taken to the bank between two counts has no number, and stands on the paper."""
    await desk.shop("0")
    bank = Payouts(desk.ledger, desk.clock, CNY)
    await desk.cashier.top_up([SHOP], money(100), reference="a", user="anna")
    await bank.record("", money(60), reference="1", user="boss")
    first = await drawer_of(desk).close(money(40), keep=money(15), user="boss")
    assert first.content["by_kind"] == {"top_up": money(100), "unnumbered": money(-60)}
    assert (await drawer_of(desk).close(money(40), keep=money(15), user="boss")).replayed
    await desk.cashier.top_up([SHOP], money(30), reference="b", user="anna")
    await bank.record("", money(25), reference="2", user="boss")
    later = await drawer_of(desk).close(money(20), user="boss")
    assert later.content["by_kind"] == {"top_up": money(30), "payout": money(-25)}
    assert (later.close.expected, later.close.difference) == (money(20), 0)
    await desk.verified()


async def test_a_count(desk: Desk) -> None:
    """What is missing is an expense, what is counted goes to the bank, change stays."""
    await desk.shop("0")
    await desk.cashier.top_up([SHOP], money(100), reference="a", user="anna")
    await desk.refunds.take_deposit(SHOP, money(30), reference="d", user="bob")
    counted = await drawer_of(desk).close(money(129), keep=money(20), user="boss", note=" ok ")
    close = counted.close
    assert (close.number, close.expected, close.difference) == (1, money(130), money(-1))
    assert counted.content["by_kind"] == {"top_up": money(100), "deposit": money(30)}
    assert counted.content["by_user"] == {"anna": money(100), "bob": money(30)}
    assert (counted.content["first"], counted.content["last"]) == (1, 2)
    assert [await held(desk, one) for one in (CASH, BANK, CASH_DIFFERENCE)] == [20, 109, 1]
    assert (await drawer_of(desk).close(money(129), keep=money(20), user="boss")).replayed
    desk.clock.forward(hours=8)
    await desk.cashier.top_up([SHOP], money(5), reference="b", user="anna")
    later = await drawer_of(desk).close(money(26), user="boss")
    assert (later.close.number, later.replayed) == (2, False)
    assert (later.close.expected, later.close.difference) == (money(25), money(1))
    assert [await held(desk, one) for one in (CASH, BANK, CASH_DIFFERENCE)] == [0, 135, 0]
    assert (await drawer_of(desk).look()).expected == 0
    await desk.verified()


@pytest.mark.parametrize(
    ("counted", "keep", "key"), [("-1", "0", "count_negative"), ("5", "6", "keep_too_much")]
)
async def test_what_is_no_count(desk: Desk, counted: str, keep: str, key: str) -> None:
    """It is refused, and nothing is booked."""
    await desk.shop("0")
    with pytest.raises(InvalidInputError) as refused:
        await drawer_of(desk).close(money(counted), keep=money(keep), user="boss")
    assert refused.value.key == key
    assert await drawer_of(desk).latest() is None


async def test_cash_desks_at_once(desk: Desk, figure: Callable[[str], None]) -> None:
    """Top-ups and counts all at once: each paper is in one count, and every number is there."""
    await desk.shop("0")
    for number in range(3):
        await desk.open_other(f"B-{number}", "0")
    cash, chance = drawer_of(desk), random.Random(6)
    closed: set[int] = set()

    async def count() -> None:
        done = await cash.close(money(chance.randrange(500)), user="boss")
        closed.add(done.close.number)

    async with asyncio.TaskGroup() as desks:
        for number in range(120):
            accounts = [SHOP] if number % 3 else [f"B-{each}" for each in range(3)]
            desks.create_task(desk.cashier.top_up(accounts, money(1), reference=f"r{number}"))
            if number % 10 == 0:
                desks.create_task(count())
    await count()
    numbers = [number for number, _, _ in await papers(desk)]
    assert numbers == list(range(1, 80 + 3 * 40 + 1))
    seen: list[int] = []
    for number in sorted(closed):
        close = await cash.latest(number)
        assert close is not None
        assert close.expected + close.difference == close.counted
        content = Counted(close=close).content
        seen += range(content["first"], content["last"] + 1)
    assert seen == numbers
    await desk.verified()
    figure(f"{len(numbers)} cash receipts beside {len(closed)} counts: 0 gaps, 0 counted twice")


TAMPERINGS = {
    "paper gone": "DELETE FROM cash_receipt WHERE number = 2",
    "last paper gone": "DELETE FROM cash_receipt WHERE number = 3",
    "number skipped": "UPDATE cash_receipt SET number = 9 WHERE number = 3",
    "numbers swapped": "UPDATE cash_receipt SET number = 9 WHERE number = 1;"
    "UPDATE cash_receipt SET number = 1 WHERE number = 2;"
    "UPDATE cash_receipt SET number = 2 WHERE number = 9",
    "paper of less": "UPDATE cash_receipt SET amount = amount - 1 WHERE number = 1",
    "paper of somebody else": "UPDATE cash_receipt SET user = 'eve' WHERE number = 1",
    "paper of another account": "UPDATE cash_receipt SET account = 'B-1' WHERE number = 1",
    "count expects less": "UPDATE cash_close SET expected = expected - 1, counted = counted - 1",
    "count found more": "UPDATE cash_close SET counted = counted + 1, difference = difference + 1",
    "count moved": "UPDATE cash_close SET through = through - 1",
    "count gone": "DELETE FROM cash_close",
    "count renumbered": "UPDATE cash_close SET number = 2",
}


async def test_tampering_with_the_cash_desk_is_noticed(
    desk: Desk, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """The checker knows from the transfers which papers there must be, and what counts must say."""
    await desk.shop("0")
    await desk.cashier.top_up([SHOP], money(100), reference="a", user="anna")
    await desk.cashier.top_up([SHOP], money(10), reference="b", user="anna")
    await drawer_of(desk).close(money(109), user="boss")
    await desk.cashier.top_up([SHOP], money(7), reference="c", user="anna")
    await desk.ledger.close()
    with tampered(tmp_path / "ledger.db", tmp_path, "mall") as book:
        assert book.audit().ok
        for name, statement in TAMPERINGS.items():
            with subtests.test(name):
                assert book.audit(statement).faults


async def test_a_restored_book(desk: Desk, tmp_path: Path) -> None:
    """Papers behind the snapshot are numbered again, approved by whom they were; counts are not."""
    path = tmp_path / "ledger.db"
    await desk.shop("0")
    await desk.cashier.top_up([SHOP], money(100), reference="a", user="anna")
    snapshot = await take_snapshot(path, "mall", tmp_path / "snapshots", START.date())
    await desk.cashier.top_up([SHOP], money(10), reference="b", user="anna", approver="bob")
    await drawer_of(desk).close(money(109), user="boss")
    await desk.cashier.top_up([SHOP], money(7), reference="c", user="anna")
    await desk.ledger.close()
    at = desk.clock.forward(hours=1)
    done = await restore(path, "mall", snapshot.path, user="boss", at=at)
    await desk.open()
    booked = await desk.ledger.run(lambda tx: rebook(tx, done.lost, at))
    assert [each.id for each in booked.by_hand] == ["close:1:difference", "close:1:bank"]
    rows = await desk.ledger.read(lambda tx: tx.rows(CashReceipt))
    assert [(row.number, row.approver) for row in rows] == [(1, ""), (2, "bob"), (3, "")]
    assert (await drawer_of(desk).look()).expected == money(117)
    await desk.verified()
