"""Every transfer to the letter: an auditor reads all of it, and its id must never change."""

from dataclasses import fields
from datetime import date

import pytest

from custom_components.compere_prepaid.core.events import Refunded, ToppedUp, TopUpReversed
from custom_components.compere_prepaid.core.ids import TransferId
from custom_components.compere_prepaid.core.ledger.account_rows import (
    Debt,
    DebtKind,
)
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.ledger.records import (
    NewTransfer,
    TransferCode,
    TransferKind,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.prepayment.cashier import Credited, receipt_of
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.prepayment.waterfall import Waterfall
from tests.core.prepayment.desk import SHOP, START, Desk, money

ELECTRICITY = "liability:tenant:A-101:electricity"
SERVICE = "liability:tenant:A-101:service"
ARREARS = "asset:debt:A-101:arrears"


def transfer(
    name: str, debit: str, credit: str, amount: str, code: TransferCode, **more: object
) -> NewTransfer:
    """Return a transfer as it was asked for, at the start if nothing else is said."""
    values = {"effective_at": START, "source": "cash desk"} | more
    return NewTransfer(
        id=TransferId(name),
        debit=debit,
        credit=credit,
        amount=money(amount),
        code=code,
        **values,  # type: ignore[arg-type]  # what a test says
    )


async def booked(desk: Desk, name: str) -> NewTransfer | None:
    """Return what was asked for by a transfer in the book."""
    found = await desk.ledger.read(lambda tx: tx.find_transfer(TransferId(name)))
    if found is None:
        return None
    return NewTransfer(**{field.name: getattr(found, field.name) for field in fields(NewTransfer)})


async def test_top_up(desk: Desk) -> None:
    """From the cash desk to the fund, with where it went to; the answer has all of it."""
    await desk.shop("10")
    done = await desk.cashier.top_up([SHOP], money(20), reference="r1", user="anna")
    wanted = transfer(
        *("top:r1:A-101", "asset:cash", ELECTRICITY, "20", TransferCode.TOP_UP),
        user="anna",
        reason="r1",
        outcome=(
            '{"after":30000000000,"balance":20000000000,"before":10000000000,"below_cut_off":0,'
            '"emergency":0,"percent_debts":{},"time_debts":{}}'
        ),
    )
    assert await booked(desk, "top:r1:A-101") == wanted
    row = await desk.ledger.read(lambda tx: tx.find_transfer(TransferId("top:r1:A-101")))
    assert row is not None
    assert receipt_of(row) == f"2-{row.hash[:12]}"
    assert done == {
        SHOP: Credited(
            transfer=TransferId("top:r1:A-101"),
            balance=money(30),
            receipt=f"2-{row.hash[:12]}",
            replayed=False,
            steps=Waterfall(balance=money(20), before=money(10), after=money(30)),
            number=1,
        )
    }
    assert desk.told(ToppedUp) == [
        ToppedUp(
            at=START,
            account=SHOP,
            available=money(30),
            amount=money(20),
            reference="r1",
            balance=money(30),
            source="cash desk",
            user="anna",
        )
    ]


async def test_top_up_of_the_service_fund(desk: Desk) -> None:
    """Its receipt speaks of that fund, what is available stays."""
    await desk.shop("10")
    await desk.cashier.top_up([SHOP], money(1), reference="s0", fund=Fund.SERVICE)
    done = await desk.cashier.top_up([SHOP], money(6), reference="s1", fund=Fund.SERVICE)
    found = await booked(desk, "top:s1:A-101")
    assert found is not None
    assert (found.debit, found.credit, found.user) == ("asset:cash", SERVICE, "")
    assert done[SHOP].balance == money(7)
    assert done[SHOP].steps == Waterfall(balance=money(6), before=money(1), after=money(7))
    [_, event] = desk.told(ToppedUp)
    assert isinstance(event, ToppedUp)
    assert (event.available, event.balance) == (money(10), money(7))


async def test_adjustments(desk: Desk) -> None:
    """Up from the equity account, down to it, with the reason as it was meant."""
    await desk.shop("10")
    up = await desk.cashier.adjust(
        SHOP, money(3), reason=" meter test ", reference="a1", user="eve"
    )
    assert await booked(desk, "adj:a1:A-101") == transfer(
        *("adj:a1:A-101", "equity:adjustment", ELECTRICITY, "3", TransferCode.ADJUSTMENT),
        user="eve",
        reason="meter test",
    )
    assert (up.transfer, up.balance, up.replayed, up.steps) == (
        "adj:a1:A-101",
        money(13),
        False,
        None,
    )
    await desk.cashier.adjust(SHOP, money(-4), reason="x", reference="a2")
    assert await booked(desk, "adj:a2:A-101") == transfer(
        *("adj:a2:A-101", ELECTRICITY, "equity:adjustment", "4", TransferCode.ADJUSTMENT),
        reason="x",
    )
    least = await desk.cashier.adjust(SHOP, Amount(1), reason="x", reference="a3")
    assert least.balance == money(9) + 1


@pytest.mark.parametrize(("paid", "kind"), [(True, TransferKind.POST), (False, TransferKind.VOID)])
async def test_refunds(desk: Desk, *, paid: bool, kind: TransferKind) -> None:
    """Reserved, and then paid out or not: two transfers that belong together."""
    await desk.shop("10")
    reserved = await desk.refunds.reserve(
        SHOP, money(4), reference="f1", reason=" overpaid ", user="anna"
    )
    pending = transfer(
        *("rfd:f1:A-101", ELECTRICITY, "asset:cash", "4", TransferCode.REFUND),
        user="anna",
        reason="overpaid",
        kind=TransferKind.PENDING,
    )
    assert await booked(desk, "rfd:f1:A-101") == pending
    assert (reserved.transfer, reserved.balance, reserved.replayed) == (
        "rfd:f1:A-101",
        money(6),
        False,
    )
    at = desk.clock.forward(minutes=1)
    done = await desk.refunds.resolve(SHOP, "f1", paid=paid, user="joe")
    name = f"rfd:f1:A-101:{kind}"
    assert await booked(desk, name) == transfer(
        *(name, ELECTRICITY, "asset:cash", "4", TransferCode.REFUND),
        user="joe",
        reason="overpaid",
        kind=kind,
        pending_id=pending.id,
        effective_at=at,
    )
    assert (done.transfer, done.balance) == (name, money(6) if paid else money(10))
    event = Refunded(
        at=at, account=SHOP, available=money(6), amount=money(4), reference="f1", user="joe"
    )
    assert desk.told(Refunded) == ([event] if paid else [])


async def test_refund_of_the_service_fund_and_without_names(desk: Desk) -> None:
    """Nobody has to be named."""
    await desk.shop("10")
    await desk.cashier.top_up([SHOP], money(6), reference="s1", fund=Fund.SERVICE)
    left = await desk.refunds.reserve(
        SHOP, Amount(1), reference="f1", reason="x", fund=Fund.SERVICE
    )
    assert left.balance == money(6) - 1
    await desk.refunds.resolve(SHOP, "f1", paid=True)
    for name in ("rfd:f1:A-101", "rfd:f1:A-101:post"):
        found = await booked(desk, name)
        assert found is not None
        assert (found.debit, found.user) == (SERVICE, "")


async def test_reversal(desk: Desk) -> None:
    """The money goes back where it came from, also what debts had of it."""
    await desk.shop("10")
    terms = DebtTerms(ppm=250_000)
    await desk.debts.add_debt(SHOP, "arrears", money(100), terms, reason="audit")
    await desk.cashier.top_up([SHOP], money(20), reference="r1")
    at = desk.clock.forward(minutes=1)
    done = await desk.refunds.reverse_top_up(SHOP, "r1", reason=" bounced ", user="anna")
    assert await booked(desk, "rev:top:r1:A-101") == transfer(
        *("rev:top:r1:A-101", ELECTRICITY, "asset:cash", "20", TransferCode.REVERSAL),
        user="anna",
        reason="bounced",
        detail="top:r1:A-101",
        effective_at=at,
    )
    assert await booked(desk, "debt:arrears:rev:top:r1:A-101") == transfer(
        *("debt:arrears:rev:top:r1:A-101", ARREARS, ELECTRICITY, "5", TransferCode.REVERSAL),
        source="debt",
        user="anna",
        reason="arrears",
        effective_at=at,
    )
    assert (done.transfer, done.balance, done.replayed) == (
        "rev:top:r1:A-101",
        money(10),
        False,
    )
    assert desk.told(TopUpReversed) == [
        TopUpReversed(
            at=at,
            account=SHOP,
            available=money(10),
            amount=money(20),
            reference="r1",
            user="anna",
        )
    ]
    await desk.cashier.top_up([SHOP], money(1), reference="r2")
    await desk.refunds.reverse_top_up(SHOP, "r2", reason="bounced")
    found = await booked(desk, "rev:top:r2:A-101")
    assert found is not None
    assert found.user == ""


async def test_deposit(desk: Desk) -> None:
    """On an account of its own."""
    await desk.shop("10")
    await desk.refunds.take_deposit(SHOP, money(3), reference="d0")
    done = await desk.refunds.take_deposit(SHOP, money(500), reference="d1", user="anna")
    assert await booked(desk, "dep:d1:A-101") == transfer(
        *("dep:d1:A-101", "asset:cash", "liability:deposit:A-101", "500", TransferCode.DEPOSIT),
        user="anna",
        reason="d1",
    )
    assert (done.transfer, done.balance) == ("dep:d1:A-101", money(503))
    least = await desk.refunds.take_deposit(SHOP, Amount(1), reference="d2")
    assert least.balance == money(503) + 1
    found = await booked(desk, "dep:d0:A-101")
    assert found is not None
    assert found.user == ""


async def test_debts(desk: Desk) -> None:
    """Taken on, raised, lowered; the terms are kept, the oldest beginning too."""
    await desk.shop("10")
    terms = DebtTerms(ppm=250_000, weekly_cap=money(30))
    await desk.debts.add_debt(
        SHOP, " arrears ", money(100), terms, reason=" audit ", reference="d1", user="anna"
    )
    assert await booked(desk, "debt:A-101:arrears:+d1") == transfer(
        *("debt:A-101:arrears:+d1", ARREARS, "equity:adjustment", "100", TransferCode.DEBT),
        user="anna",
        reason="audit",
    )
    first = Debt(
        account=SHOP,
        name="arrears",
        kind=DebtKind.PERCENT,
        ppm=250_000,
        amount=money(30),
        per="",
        due_through=date(2026, 3, 2),
        opened_at=START,
        user="anna",
        reason="audit",
    )
    assert await desk.ledger.read(lambda tx: tx.find(Debt, account=SHOP, name="arrears")) == first
    at = desk.clock.forward(days=1)
    plan = DebtTerms(instalment=money(5), per="week")
    await desk.debts.add_debt(SHOP, "arrears", Amount(-money(40)), plan, reason="let go")
    assert await booked(desk, "debt:A-101:arrears:+1") == transfer(
        *("debt:A-101:arrears:+1", "equity:adjustment", ARREARS, "40", TransferCode.DEBT),
        reason="let go",
        effective_at=at,
    )
    assert await desk.ledger.read(lambda tx: tx.find(Debt, account=SHOP, name="arrears")) == Debt(
        account=SHOP,
        name="arrears",
        kind=DebtKind.TIME,
        amount=money(5),
        per="week",
        due_through=date(2026, 3, 2),
        opened_at=START,
        reason="let go",
    )


async def test_recovery_of_debts(desk: Desk) -> None:
    """Out of a top-up, and by instalments of a day."""
    await desk.shop("10")
    await desk.debts.add_debt(SHOP, "arrears", money(100), DebtTerms(ppm=250_000), reason="x")
    plan = DebtTerms(instalment=money(3), per="day")
    await desk.debts.add_debt(SHOP, "plan", money(100), plan, reason="x")
    await desk.cashier.top_up([SHOP], money(20), reference="r1", user="anna")
    assert await booked(desk, "debt:arrears:top:r1:A-101") == transfer(
        *("debt:arrears:top:r1:A-101", ELECTRICITY, ARREARS, "5", TransferCode.DEBT_RECOVERY),
        source="debt",
        reason="arrears",
    )
    at = desk.clock.forward(days=1)
    await desk.charging.on_clock()
    name = "debt:A-101:plan:2026-03-03"
    assert await booked(desk, name) == transfer(
        *(name, ELECTRICITY, "asset:debt:A-101:plan", "3", TransferCode.DEBT_RECOVERY),
        source="debt",
        reason="plan",
        effective_at=at,
    )
    stored = await desk.ledger.read(lambda tx: tx.find(Debt, account=SHOP, name="plan"))
    assert stored is not None
    assert (stored.due, stored.due_through) == (0, date(2026, 3, 3))
