"""Settling: lines that are joined or not, the tax of several months, and what is stored of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber, TransferId
from custom_components.compere_prepaid.core.ledger.account_rows import (
    Fee,
    FeeKind,
    TaxTotal,
    Tenancy,
)
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.ledger.records import (
    NewTransfer,
    TransferCode,
)
from custom_components.compere_prepaid.core.money.amount import ZERO, Amount, Price
from custom_components.compere_prepaid.core.prepayment.fees import first_tenancy
from custom_components.compere_prepaid.core.prepayment.settlement import (
    book_due,
    conclude,
    fund_of,
    merge,
)
from custom_components.compere_prepaid.core.prepayment.slip import Slip
from custom_components.compere_prepaid.core.tariff.rating import RatedLine
from tests.core.prepayment.desk import METER, SHOP, START, ZONE, Desk, money

DAY = date(2026, 3, 1)
MINUTE = timedelta(minutes=1)


def line(from_wh: int = 0, to_wh: int = 10, **more: Any) -> RatedLine:
    """Return a rated line; a minute for each 10 Wh, a unit for each Wh."""
    values: dict[str, Any] = {
        "from_wh": from_wh,
        "to_wh": to_wh,
        "from_at": START + MINUTE * from_wh / 10,
        "to_at": START + MINUTE * to_wh / 10,
        "tariff": "T",
        "valid_from": DAY,
        "revision": 1,
        "period": "flat",
        "tier": 1,
        "price": Price(1),
        "amount": Amount(to_wh - from_wh),
        "tax_ppm": 0,
        "estimated": False,
    }
    return RatedLine(**(values | more))


def test_neighbours_of_one_price_are_joined() -> None:
    """From the first one's beginning to the last one's end, with all their money."""
    assert merge([line(0, 10), line(10, 30), line(30, 35)]) == [line(0, 35)]
    assert merge([]) == []


@pytest.mark.parametrize(
    "more",
    [
        {"from_wh": 11},
        {"estimated": True},
        {"tariff": "U"},
        {"valid_from": DAY + timedelta(days=1)},
        {"revision": 2},
        {"period": "peak"},
        {"tier": 2},
        {"price": Price(2)},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_keeps_lines_apart(more: dict[str, Any]) -> None:
    """A gap, another price, or the same one for another reason; what follows is joined again."""
    before, other = line(0, 10), line(**({"from_wh": 10, "to_wh": 20} | more))
    after = other._replace(from_wh=20, to_wh=30, from_at=other.to_at, to_at=other.to_at + MINUTE)
    joined = other._replace(to_wh=30, to_at=after.to_at, amount=Amount(2 * other.amount))
    assert merge([before, other, after]) == [before, joined]


def tenancy() -> Tenancy:
    """Return how the shop's account stands at its beginning."""
    return first_tenancy(SHOP, "Noodle House", START, ZONE)


def request(name: str, at: datetime, amount: int = 1) -> NewTransfer:
    """Return something that tax is due on."""
    return NewTransfer(
        id=TransferId(name),
        debit="a",
        credit="b",
        amount=Amount(amount),
        code=TransferCode.CHARGE,
        effective_at=at,
        source="meter",
    )


async def test_tax_by_fund_rate_and_month(desk: Desk) -> None:
    """One transfer for each, named after the first that asked for it; together they add up."""
    april = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    slips: list[Slip] = []

    def work(tx: Any) -> None:
        slip = Slip(tx, SHOP, START, ZONE, tenancy())
        slips.append(slip)
        slip.tax(Fund.ELECTRICITY, 100_000, 25, request("first", START))
        slip.tax(Fund.ELECTRICITY, 100_000, 20, request("second", START))
        slip.tax(Fund.ELECTRICITY, 100_000, 9, request("third", april))
        slip.tax(Fund.ELECTRICITY, 200_000, 10, request("fourth", START))
        slip.tax(Fund.SERVICE, 100_000, 30, request("fifth", START))
        slip.tax(Fund.SERVICE, 0, 30, request("untaxed", START))
        slip.tax(Fund.SERVICE, 100_000, 0, request("free", START))
        slip.book_taxes()
        slip.book_taxes()

    await desk.ledger.run(work)
    [slip] = slips
    assert slip.spent == 4 + 1 + 2
    assert slip.energy == 0
    assert slip.tax_nets == {100_000: 54, 200_000: 10}

    def read(tx: Any) -> list[tuple[str, str, str, int, datetime, datetime]]:
        names = ("first", "third", "fourth", "fifth", "second", "untaxed", "free")
        found = [
            tx.find_transfer(TransferId(f"tax:{ppm}:{name}"))
            for name in names
            for ppm in (0, 100_000, 200_000)
        ]
        return [
            (one.id, one.debit, one.detail, one.amount, one.effective_at, one.recorded_at)
            for one in found
            if one is not None
        ]

    electricity = "liability:tenant:A-101:electricity"
    assert await desk.ledger.read(read) == [
        ("tax:100000:first", electricity, "100000", 4, START, START),
        ("tax:100000:third", electricity, "100000", 1, april, START),
        ("tax:200000:fourth", electricity, "200000", 2, START, START),
        ("tax:100000:fifth", "liability:tenant:A-101:service", "100000", 3, START, START),
    ]
    assert await desk.ledger.read(lambda tx: tx.rows(TaxTotal, account=SHOP)) == (
        TaxTotal(account=SHOP, fund="electricity", ppm=100_000, net=Amount(54), tax=Amount(5)),
        TaxTotal(account=SHOP, fund="electricity", ppm=200_000, net=Amount(10), tax=Amount(2)),
        TaxTotal(account=SHOP, fund="service", ppm=100_000, net=Amount(30), tax=Amount(3)),
    )


async def test_tax_that_is_given_back(desk: Desk) -> None:
    """From the tax account to the fund; where nothing changes, nothing is booked."""

    def work(tx: Any) -> tuple[int, int]:
        slip = Slip(tx, SHOP, START, ZONE, tenancy())
        slip.tax(Fund.ELECTRICITY, 100_000, 45, request("charge", START))
        slip.book_taxes()
        slip.tax(Fund.ELECTRICITY, 100_000, 4, request("tiny", START))
        slip.book_taxes()
        spent = slip.spent
        slip.tax(Fund.ELECTRICITY, 100_000, -29, request("correction", START))
        slip.book_taxes()
        return spent, slip.spent

    assert await desk.ledger.run(work) == (4, 2)
    found = await desk.ledger.read(
        lambda tx: [
            tx.find_transfer(TransferId(f"tax:100000:{name}")) for name in ("tiny", "correction")
        ]
    )
    assert found[0] is None
    assert found[1] is not None
    assert (found[1].debit, found[1].credit, found[1].amount) == (
        "liability:tax",
        "liability:tenant:A-101:electricity",
        2,
    )


@pytest.mark.parametrize("kind", list(FeeKind))
async def test_fees_are_paid_by_their_fund(desk: Desk, kind: FeeKind) -> None:
    """The service by the service fund, all others by the electricity's; energy is none of them."""
    fee = Fee(
        account=SHOP,
        kind=kind,
        day=DAY,
        tariff="T",
        tariff_valid_from=DAY,
        amount=Amount(50),
        tax_ppm=100_000,
        transfer_id=TransferId("f"),
    )

    def work(tx: Any) -> tuple[int, int, int, int]:
        slip = Slip(tx, SHOP, START, ZONE, tenancy())
        slip.fee(fee, START)
        slip.book_taxes()
        return (
            slip.spent,
            slip.energy,
            fund_of(tx, SHOP),
            fund_of(tx, SHOP, Fund.SERVICE),
        )

    by_service = (0, 0, 0, -55)
    assert await desk.ledger.run(work) == (
        by_service if kind is FeeKind.SERVICE else (55, 0, -55, 0)
    )


async def test_account_that_the_ledger_does_not_know_yet(desk: Desk) -> None:
    """It begins with the first settling, which is stored."""
    await desk.shop("10")
    known = desk.book.due(desk.book.account(SHOP))
    unknown = replace(known, number=AccountNumber("C-9"), name="Tea House", meters=())
    first = await desk.ledger.run(lambda tx: book_due(tx, unknown, START).tenancy)
    assert first == Tenancy(
        account=AccountNumber("C-9"),
        name="Tea House",
        opened_at=START,
        charged_through=date(2026, 3, 2),
        closed_through=date(2026, 2, 1),
    )
    stored = await desk.ledger.read(lambda tx: tx.find(Tenancy, account=unknown.number))
    assert stored == first


async def test_what_settling_says(desk: Desk) -> None:
    """Funds, what was spent not for energy, holds, and marks."""
    taxed = {
        "name": "Taxed",
        "valid_from": "2020-01-01",
        "prices": {"flat": Decimal(2)},
        "standing": {"per_day": 1},
        "service": {"per_day": 4},
        "tax": {"percent": 10, "included": False},
    }
    await desk.write(taxed)
    await desk.shop("100", rates="Taxed")
    await desk.read(0)
    at = desk.clock.forward(minutes=30)
    await desk.read(1000)
    due = desk.book.due(desk.book.account(SHOP))

    def work(tx: Any) -> Any:
        slip = book_due(tx, due, at)
        return conclude(slip, due, "test")

    settled = await desk.ledger.run(work)
    assert (settled.fund, settled.service_fund) == (money("96.70"), money("-4.40"))
    assert (settled.balance(Fund.ELECTRICITY), settled.balance(Fund.SERVICE)) == (
        money("96.70"),
        money("-4.40"),
    )
    assert settled.extras == {date(2026, 3, 2): ZERO}
    assert settled.tax_nets == {100_000: money(3)}
    assert [(one.meter, one.wh, one.at) for one in settled.marks] == [(METER, 1000, at)]
    assert settled.holds == {METER: ()}
    assert (settled.events, settled.demands, settled.announced) == ((), (), money(100))
    assert settled.tenancy.emergency == ZERO
