"""The book of accounts: locks, settling of many, and what is remembered after a commit."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
import json

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import Event, MeterOnline, ToppedUp
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.records import BillMark, HoldKind
from custom_components.compere_prepaid.core.metering.plausibility import Baseline
from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.prepayment import book as book_module
from custom_components.compere_prepaid.core.prepayment.settlement import AccountDue, Settled
from custom_components.compere_prepaid.core.prepayment.slip import Slip
from tests.core.prepayment.desk import METER, OTHER, SHOP, START, ZONE, Desk, money

NUMBERS = tuple(AccountNumber(f"B-{number}") for number in range(5))


async def test_locks_are_taken_in_one_order(desk: Desk) -> None:
    """Two cashiers with the same accounts in different order never wait for each other."""
    held: list[str] = []

    async def hold(*numbers: AccountNumber) -> None:
        for _ in range(20):
            async with desk.book.locked(numbers):
                held.append(numbers[0])
                await asyncio.sleep(0)
                assert held[-1] == numbers[0]

    a, b, c = NUMBERS[:3]
    async with asyncio.timeout(10):
        await asyncio.gather(hold(a, b, c), hold(c, b, a), hold(b, a, b))
    assert len(held) == 60


async def test_owner_is_found(desk: Desk) -> None:
    """The one account that is the owner's."""
    await desk.shop("1")
    assert desk.book.owner is None
    await desk.open_other("OWNER", "0", owner=True)
    assert desk.book.owner is desk.book.account("OWNER")


async def test_account_as_it_is_to_be_settled(desk: Desk) -> None:
    """All that a transaction needs to know, so that it looks at nothing that may change."""
    await desk.shop("100", rates="Retail", meters=(METER, OTHER))
    await desk.read(0, more={Quantity.ENERGY_T2: 7, Quantity.ENERGY_T1: 5})
    at = desk.clock.forward(minutes=1)
    await desk.read(10, more={Quantity.ENERGY_T2: 8, Quantity.ENERGY_T1: 6})
    account = desk.book.account(SHOP)
    due = desk.book.due(account)
    assert (due.number, due.name, due.zone) == (SHOP, "Noodle House", ZONE)
    assert due.tariff is desk.book.tariff("Retail")
    assert due.policy is account.policy
    assert (due.credit_limit, due.floor, due.never_cut, due.reconnect) == (0, 0, False, False)
    first, second = due.meters
    assert (first.serial, first.read_at, first.may_open) == (METER, at, True)
    assert first.registers == '{"T1":6,"T2":8}'
    assert first.mark is account.meters[METER].mark
    assert [line.to_wh for line in first.lines] == [10]
    assert (second.serial, second.mark, second.lines, second.read_at) == (OTHER, None, (), None)
    assert (second.registers, second.may_open) == ("", False)
    desk.charging.suspect(METER, "missing")
    desk.book.account(SHOP).owner = True
    again = desk.book.due(account)
    assert (again.never_cut, again.meters[0].may_open) == (True, False)


async def test_mark_moves_with_what_is_posted(desk: Desk) -> None:
    """Up to the last reading, with the meter's own registers; nothing is pending then."""
    await desk.shop("100")
    await desk.read(0)
    at = desk.clock.forward(minutes=1)
    await desk.read(10, more={Quantity.ENERGY_T1: 6})
    meter = desk.book.meter(METER)
    assert len(meter.pending) == 1
    await desk.book.settle_many([SHOP], "test")
    mark = BillMark(meter=METER, generation=1, wh=10, at=at, registers='{"T1":6}')
    assert (meter.mark, meter.pending) == (mark, [])
    assert await desk.ledger.read(lambda tx: tx.mark(METER)) == mark
    assert json.loads(mark.registers) == {"T1": 6}
    later = desk.clock.forward(minutes=1)
    await desk.read(10)
    await desk.book.settle_many([SHOP], "test")
    assert await desk.ledger.read(lambda tx: tx.mark(METER)) == BillMark(
        meter=METER, generation=1, wh=10, at=later
    )
    assert desk.book.account(SHOP).posted_at == later


async def test_many_are_settled_in_chunks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No account is left out at the border of two chunks; who is gone is passed over."""
    monkeypatch.setattr(book_module, "CHUNK", 2)
    for number in NUMBERS:
        await desk.open_other(number, "10")
    await desk.moves.move_out(NUMBERS[1], user="anna")
    at = desk.clock.forward(minutes=1)
    changed: list[str] = []
    desk.book.changed = lambda account: changed.append(account.number)
    await desk.book.settle_many([*NUMBERS, AccountNumber("none")], "test")
    assert changed == ["B-0", "B-2", "B-3", "B-4"]
    settled = [one for one in NUMBERS if desk.book.account(one).posted_at == at]
    assert settled == [one for one in NUMBERS if one != NUMBERS[1]]


async def test_who_moves_out_meanwhile_is_passed_over(desk: Desk) -> None:
    """The hour is posted behind the lock of a move; the others are settled all the same."""
    await desk.open_other(NUMBERS[0], "10")
    await desk.open_other(NUMBERS[1], "10")
    at = desk.clock.forward(minutes=1)
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.moves.move_out(NUMBERS[0], user="anna"))
        group.create_task(desk.book.settle_many(NUMBERS[:2], "test"))
    assert not desk.book.account(NUMBERS[0]).is_open
    assert desk.book.account(NUMBERS[1]).posted_at == at


async def test_what_a_use_case_does_and_tells(desk: Desk) -> None:
    """Its work runs behind what accrued; its events come first, its cause is on the relay."""
    await desk.shop("1")
    await desk.read(0)
    desk.clock.forward(minutes=5)
    await desk.read(900)
    desk.clock.forward(minutes=5)
    meter = desk.book.meter(METER)
    meter.pending.clear()
    meter.last = Baseline(wh=0, at=START)
    await desk.read(1000)
    desk.demands.clear()
    desk.events.clear()
    changed: list[str] = []
    desk.book.changed = lambda account: changed.append(account.number)

    def work(slip: Slip, due: AccountDue) -> str:
        return f"{slip.account}/{due.number}"

    def told(result: str, settled: Settled, due: AccountDue) -> Iterable[Event]:
        assert (result, settled.fund, due.number) == ("A-101/A-101", 0, SHOP)
        yield MeterOnline(at=START, meter=METER)

    await desk.agreements.release_hold([METER], HoldKind.MANUAL, user="a", administrator=True)
    changed.clear()
    found = await desk.book.transact([SHOP, SHOP], lambda result: f"did {result}", work, told)
    assert found == {SHOP: "A-101/A-101"}
    assert desk.events == [MeterOnline(at=START, meter=METER)]
    assert changed == [SHOP]


async def test_cause_of_a_changed_supply(desk: Desk) -> None:
    """As text, or as made of the result."""
    await desk.shop("10")
    await desk.read(0)
    await desk.cashier.adjust(SHOP, money(-10), reference="a", reason="x")
    await desk.cashier.top_up([SHOP], money(10), reference="r")
    assert [(one.closed, one.cause) for one in desk.demands] == [
        (False, "credit:adj:a:A-101"),
        (True, "credit:top:r:A-101"),
    ]
    kinds = [type(event) for event in desk.events]
    assert kinds[-1] is ToppedUp


async def test_closed_account_does_nothing(desk: Desk) -> None:
    """Whatever it is asked for; the others of the same call neither."""
    for number in NUMBERS[:2]:
        await desk.open_other(number, "10")
    await desk.moves.move_out(NUMBERS[1], user="anna")
    with pytest.raises(InvalidInputError, match="account_closed"):
        await desk.cashier.top_up(NUMBERS[:2], money(1), reference="r")
    assert desk.book.account(NUMBERS[0]).balance == money(10)


async def test_costs_of_the_day_and_the_forecast(desk: Desk) -> None:
    """Energy and fees count on their day, with the tax on them, whenever they are booked."""
    taxed = {
        "name": "Taxed",
        "valid_from": "2020-01-01",
        "prices": {"flat": Decimal(1)},
        "standing": {"per_day": 2},
        "tax": {"percent": 10, "included": False},
    }
    await desk.write(taxed)
    desk.clock.time = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
    await desk.shop("100", rates="Taxed")
    await desk.read(0)
    account = desk.book.account(SHOP)
    await desk.charging.settle_all("test")
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)
    assert account.spending.days == {monday: money("2.20")}
    desk.clock.forward(minutes=30)
    await desk.read(1000)
    assert account.spending.days == {monday: money("3.30")}
    desk.clock.forward(minutes=30)  # midnight
    await desk.charging.on_clock()
    assert account.spending.days == {monday: money("3.30"), tuesday: money("2.20")}
    await desk.read(1000)
    desk.clock.forward(minutes=10)
    await desk.read(3000)
    await desk.charging.settle_all("test")
    assert account.spending.days == {monday: money("3.30"), tuesday: money("4.40")}
    assert account.tax_nets == {100_000: money(7)}
    assert account.spending.since == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    assert desk.clock.now() - account.posted_at == timedelta(0)
