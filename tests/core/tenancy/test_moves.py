"""Tenants come and go: no Wh is lost or charged twice, no cent stays behind unexplained."""

from datetime import timedelta
from decimal import Decimal
import json

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import CreditWarning, CutOff, MovedOut
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.account_rows import (
    IssuedStatement,
    Supply,
)
from custom_components.compere_prepaid.core.ledger.accounts import (
    CASH,
    ROUNDING,
    Fund,
    debt_of,
    deposit_of,
    tenant,
)
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from tests.core.prepayment.desk import CNY, METER, OTHER, SHOP, Desk, money

OWNER = AccountNumber("OWNER")
NEXT = AccountNumber("A-101-2")


async def balances(desk: Desk, *names: str) -> list[Decimal]:
    """Return what is on ledger accounts, in yuan."""
    found = await desk.ledger.read(lambda tx: [tx.balance(name) for name in names])
    return [CNY.exact(balance) for balance in found]


async def test_vacant_meters_are_the_owners(desk: Desk) -> None:
    """A meter that nobody has counts for the owner, from one reading to the next."""
    await desk.open_other(OWNER, "0", owner=True)
    await desk.shop("100")
    await desk.read(1000)
    desk.clock.forward(hours=1)
    await desk.read(11_000)
    await desk.supplies.detach(SHOP, METER)
    assert desk.book.meter(METER).account == OWNER
    desk.clock.forward(hours=1)
    await desk.read(14_000)
    await desk.open_other(NEXT, "50")
    await desk.supplies.attach(NEXT, METER)
    desk.clock.forward(hours=1)
    await desk.read(19_000)
    await desk.charging.settle_all("test")
    assert await balances(desk, tenant(SHOP), tenant(OWNER), tenant(NEXT)) == [90, -3, 45]
    assert await desk.verified() == (18_000, 18_000)
    supplies = await desk.ledger.read(lambda tx: tx.rows(Supply, meter=METER, generation=1))
    assert [(row.account, row.from_wh, row.to_wh) for row in supplies] == [
        (SHOP, 1000, 11_000),
        (OWNER, 11_000, 14_000),
        (NEXT, 14_000, None),
    ]


async def test_owner_is_never_cut(desk: Desk) -> None:
    """Nothing automatic opens the relay of an empty shop."""
    await desk.open_other(OWNER, "0", owner=True, meters=(METER,))
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(30_000)
    assert desk.book.account(OWNER).balance < 0
    assert not desk.demands


async def test_meter_that_was_cut_comes_back_for_the_next_tenant(desk: Desk) -> None:
    """The hold for credit belongs to the account, not to the shop."""
    await desk.open_other(OWNER, "0", owner=True)
    await desk.shop("1")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(2000)
    assert not desk.demands[-1].closed
    await desk.supplies.detach(SHOP, METER)
    assert desk.demands[-1].closed


async def test_move_out_pays_the_rest(desk: Desk) -> None:
    """Both funds and the deposit, to the fen; what is less than a fen is told as rounding."""
    await desk.write(
        {"name": "Fine", "valid_from": "2020-01-01", "prices": {"flat": Decimal("0.617301")}}
    )
    await desk.shop("100", rates="Fine")
    await desk.cashier.top_up([SHOP], money(30), reference="s", fund=Fund.SERVICE)
    await desk.refunds.take_deposit(SHOP, money(500), reference="d")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(7)
    moved = await desk.moves.move_out(SHOP, user="anna", reason="end of lease")
    used = Decimal("0.617301") * 7 / 1000
    exact = Decimal(630) - used
    assert CNY.exact(moved.refunded) == Decimal("629.99")
    assert (moved.owed, moved.carried_over) == (0, 0)
    assert await balances(
        desk,
        tenant(SHOP),
        tenant(SHOP, Fund.SERVICE),
        deposit_of(SHOP),
        ROUNDING,
    ) == [0, 0, 0, exact - Decimal("629.99")]
    assert await desk.verified() == (7, 7)
    [event] = desk.told(MovedOut)
    assert isinstance(event, MovedOut)
    assert event.statement == 1
    assert not desk.told(CutOff)
    assert len(desk.told(CreditWarning)) == 1  # with 100 to begin with, and not again
    assert not desk.demands
    with pytest.raises(InvalidInputError, match="account_closed"):
        await desk.cashier.top_up([SHOP], money(1), reference="late")
    with pytest.raises(InvalidInputError, match="account_closed"):
        await desk.moves.move_out(SHOP, user="anna")
    with pytest.raises(InvalidInputError, match="account_closed"):
        await desk.shop("0")


async def test_final_statement_adds_up(desk: Desk) -> None:
    """It ends at zero, line by line, exactly and as it is shown."""
    await desk.shop("100")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(12_345)
    await desk.cashier.top_up([SHOP], money("20.50"), reference="r")
    moved = await desk.moves.move_out(SHOP, user="anna")
    data = json.loads(moved.statement.content)
    assert (
        await desk.ledger.read(lambda tx: tx.find(IssuedStatement, account=SHOP, number=1))
        == moved.statement
    )
    part = data["funds"]["electricity"]
    assert part["opening"] == "0.000000000"
    assert [line["kind"] for line in part["lines"]] == [
        "charge",
        "opening",
        "top_up",
        "refund",
        "rounding",
    ]
    assert Decimal(part["opening"]) + sum(Decimal(line["amount"]) for line in part["lines"]) == 0
    assert sum(Decimal(line["shown"]) for line in part["lines"]) == 0
    assert Decimal(part["closing"]) == 0
    energy = part["lines"][0]
    assert (energy["from_wh"], energy["to_wh"], energy["energy_wh"]) == (0, 12_345, 12_345)


async def test_debts_are_paid_before_the_rest(desk: Desk) -> None:
    """What is still owed then stays on the books, and is told."""
    await desk.shop("30")
    await desk.debts.add_debt(SHOP, "a", money(20), DebtTerms(ppm=1), reason="x")
    await desk.debts.add_debt(SHOP, "b", money(25), DebtTerms(ppm=1), reason="x")
    moved = await desk.moves.move_out(SHOP, user="anna")
    assert (moved.refunded, moved.owed) == (0, money(15))
    assert await balances(desk, debt_of(SHOP, "a"), debt_of(SHOP, "b"), tenant(SHOP)) == [
        0,
        -15,
        0,
    ]
    await desk.verified()


async def test_minus_is_owed(desk: Desk) -> None:
    """A deposit covers what it can of a minus."""
    await desk.shop("1")
    await desk.refunds.take_deposit(SHOP, money(3), reference="d")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(9000)
    moved = await desk.moves.move_out(SHOP, user="anna")
    assert (moved.refunded, moved.owed) == (0, money(5))
    await desk.verified()


async def test_rest_is_carried_over(desk: Desk) -> None:
    """To the same tenant's next shop, to the last digit."""
    await desk.shop("10")
    await desk.open_other("B-7", "1")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(1)
    moved = await desk.moves.move_out(SHOP, user="anna", carry_to="B-7")
    assert CNY.exact(moved.carried_over) == Decimal("9.999")
    assert CNY.exact(desk.book.account("B-7").balance) == Decimal("10.999")
    assert await balances(desk, CASH) == [0]
    with pytest.raises(InvalidInputError, match="carry_to_itself"):
        await desk.moves.move_out("B-7", user="anna", carry_to="B-7")
    await desk.verified()


async def test_move_out_needs_a_believed_reading(desk: Desk) -> None:
    """The final bill is made of a final reading."""
    await desk.shop("10")
    await desk.read(5000)
    desk.clock.forward(minutes=1)
    await desk.read(3)
    with pytest.raises(InvalidInputError, match="move_needs_reading"):
        await desk.moves.move_out(SHOP, user="anna")
    assert desk.balance == 10


async def test_move_out_by_a_reading_that_is_not_too_old(desk: Desk) -> None:
    """A meter that fell silent does not keep a tenant, if it was read not long ago."""
    await desk.shop("10")
    await desk.read(5000)
    desk.clock.forward(minutes=10)
    await desk.read(6000)
    desk.charging.distrust(METER)
    desk.clock.forward(minutes=31)
    for oldest in (None, timedelta(minutes=30)):
        with pytest.raises(InvalidInputError, match="move_needs_reading"):
            await desk.moves.move_out(SHOP, user="anna", oldest=oldest)
    moved = await desk.moves.move_out(SHOP, user="anna", oldest=timedelta(hours=1))
    assert moved.refunded == money(9)
    assert await desk.verified() == (1000, 1000)


async def test_statements_follow_each_other(desk: Desk) -> None:
    """Each begins where the one before ended, in time and in money."""
    await desk.shop("100")
    await desk.read(0)
    for turn in range(1, 4):
        desk.clock.forward(hours=1)
        await desk.read(turn * 1000)
        issued = (await desk.moves.issue_statements([SHOP], "anna"))[SHOP]
        assert (issued.number, issued.user) == (turn, "anna")
        part = json.loads(issued.content)["funds"]["electricity"]
        assert Decimal(part["opening"]) == (0 if turn == 1 else 101 - turn)
        assert Decimal(part["closing"]) == 100 - turn
    rows = await desk.ledger.read(lambda tx: tx.rows(IssuedStatement, account=SHOP))
    assert [row.since for row in rows[1:]] == [row.until for row in rows[:-1]]
    await desk.verified()


async def test_statement_after_a_long_silence(desk: Desk) -> None:
    """What was used before earlier statements, and read only now, is on the first one after."""
    await desk.shop("100")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(1000)
    closings: list[Decimal] = []
    for turn in range(4):
        desk.clock.forward(days=1)
        await desk.cashier.top_up([SHOP], money(1), reference=f"r{turn}")
        if turn == 3:
            await desk.read(9000)
        issued = (await desk.moves.issue_statements([SHOP], "anna"))[SHOP]
        part = json.loads(issued.content)["funds"]["electricity"]
        if closings:
            assert part["opening"] == closings[-1]
        closings.append(part["closing"])
        total = Decimal(part["opening"]) + sum(Decimal(line["amount"]) for line in part["lines"])
        assert total == Decimal(part["closing"])
    assert [line["kind"] for line in part["lines"]] == ["charge", "top_up"]
    assert [Decimal(text) for text in closings] == [100, 101, 102, 95]
    await desk.verified()


async def test_open_refund_stops_the_move(desk: Desk) -> None:
    """A reserved refund is paid or voided first."""
    await desk.shop("10")
    await desk.refunds.reserve(SHOP, money(4), reference="f", reason="x")
    with pytest.raises(InvalidInputError, match="refund_open"):
        await desk.moves.move_out(SHOP, user="anna")
    await desk.refunds.resolve(SHOP, "f", paid=False)
    assert (await desk.moves.move_out(SHOP, user="anna")).refunded == money(10)


async def test_last_month_is_prorated(desk: Desk) -> None:
    """Standing by the day, the minimum for the days that were supplied."""
    await desk.write(
        {
            "name": "Least",
            "valid_from": "2020-01-01",
            "prices": {"flat": Decimal(1)},
            "minimum_per_month": 62,
            "standing": {"per_day": 1},
        }
    )
    await desk.shop("100", rates="Least")
    await desk.read(0)
    desk.clock.forward(days=4)
    await desk.read(0)
    moved = await desk.moves.move_out(SHOP, user="anna")
    assert moved.refunded == money(90)  # five days of two a day, of which five are standing
    await desk.verified()


async def test_account_with_several_meters_moves_out(desk: Desk) -> None:
    """All its meters are read, charged and handed over in one transaction."""
    await desk.open_other(OWNER, "0", owner=True)
    await desk.shop("100", meters=(METER, OTHER))
    await desk.read(0)
    await desk.read(500, OTHER)
    desk.clock.forward(hours=1)
    await desk.read(1000)
    await desk.read(2500, OTHER)
    moved = await desk.moves.move_out(SHOP, user="anna")
    assert moved.refunded == money(97)
    assert {meter.account for meter in desk.book.meters.values()} == {OWNER}
    desk.clock.forward(hours=1)
    await desk.read(1500)
    await desk.charging.settle_all("test")
    assert await desk.verified() == (3500, 3500)
