"""Charges, fees, taxes and reratings to the letter: an auditor reads all of it."""

from datetime import date, timedelta
from decimal import Decimal

from custom_components.compere_prepaid.core.ids import TransferId
from custom_components.compere_prepaid.core.ledger.account_rows import (
    Correction,
    Fee,
    FeeKind,
    Rerating,
    TaxTotal,
)
from custom_components.compere_prepaid.core.ledger.records import (
    Charge,
    TransferCode,
)
from custom_components.compere_prepaid.core.money.amount import Price
from custom_components.compere_prepaid.core.prepayment.rerating import Rerated, RerateRequest
from tests.core.prepayment.desk import METER, OTHER, SHOP, START, Desk, money
from tests.core.prepayment.test_what_is_booked import ELECTRICITY, SERVICE, booked, transfer

TAXED = {
    "name": "Taxed",
    "valid_from": "2020-01-01",
    "prices": {"flat": Decimal(2)},
    "standing": {"per_day": 1},
    "service": {"per_day": 4},
    "tax": {"percent": 10, "included": False},
}


async def test_charges_fees_and_taxes(desk: Desk) -> None:
    """A charge, its transfer with its text, the fees of the day, and the tax of each fund."""
    await desk.write(TAXED)
    await desk.shop("100", rates="Taxed")
    await desk.read(1000)
    at = desk.clock.forward(minutes=30)
    await desk.read(4000)
    await desk.charging.settle_all("test")
    name = "chg:33B0250100001:1:1000"
    since, until = 1_772_416_800_000_000, 1_772_418_600_000_000
    assert await booked(desk, name) == transfer(
        *(name, ELECTRICITY, "income:energy:flat", "6", TransferCode.CHARGE),
        source="meter",
        detail=f"1000|4000|{since}|{until}|2020-01-01|1|1|2000000|0|5|Taxed|flat",
    )
    charges = await desk.ledger.read(lambda tx: list(tx.charges(SHOP, START, at)))
    assert charges == [
        Charge(
            meter=METER,
            generation=1,
            from_wh=1000,
            to_wh=4000,
            from_at=START,
            to_at=at,
            account=SHOP,
            tariff="Taxed",
            tariff_valid_from=date(2020, 1, 1),
            period="flat",
            tier=1,
            price=Price(2_000_000),
            amount=money(6),
            estimated=False,
            transfer_id=TransferId(name),
        )
    ]
    standing, service = "fee:A-101:standing:2026-03-02", "fee:A-101:service:2026-03-02"
    assert await booked(desk, standing) == transfer(
        *(standing, ELECTRICITY, "income:standing", "1", TransferCode.STANDING),
        source="tariff",
        detail="0|2020-01-01|1|100000|5|Taxed",
    )
    assert await booked(desk, service) == transfer(
        *(service, SERVICE, "income:service", "4", TransferCode.SERVICE),
        source="tariff",
        detail="0|2020-01-01|1|100000|5|Taxed",
    )
    day = date(2026, 3, 2)
    rest = {"tariff": "Taxed", "tariff_valid_from": date(2020, 1, 1), "tax_ppm": 100_000}
    assert await desk.ledger.read(lambda tx: tx.fees(SHOP, day, date(2026, 3, 3))) == (
        Fee(
            account=SHOP,
            kind=FeeKind.SERVICE,
            day=day,
            amount=money(4),
            transfer_id=TransferId(service),
            **rest,  # type: ignore[arg-type]  # the same for both
        ),
        Fee(
            account=SHOP,
            kind=FeeKind.STANDING,
            day=day,
            amount=money(1),
            transfer_id=TransferId(standing),
            **rest,  # type: ignore[arg-type]
        ),
    )
    for first, paying, amount in (
        (standing, ELECTRICITY, "0.10"),
        (service, SERVICE, "0.40"),
        (name, ELECTRICITY, "0.60"),
    ):
        tax = f"tax:100000:{first}"
        assert await booked(desk, tax) == transfer(
            *(tax, paying, "liability:tax", amount, TransferCode.TAX),
            source="tariff",
            detail="100000",
        )
    totals = await desk.ledger.read(lambda tx: tx.rows(TaxTotal, account=SHOP))
    assert totals == (
        TaxTotal(account=SHOP, fund="electricity", ppm=100_000, net=money(7), tax=money("0.70")),
        TaxTotal(account=SHOP, fund="service", ppm=100_000, net=money(4), tax=money("0.40")),
    )
    account = desk.book.account(SHOP)
    assert account.tax_nets == {100_000: money(7)}
    assert account.spending.days == {date(2026, 3, 2): money("7.70")}
    await desk.verified()


async def test_charge_names_the_revision_of_its_price(desk: Desk) -> None:
    """Of two for the same day the later one holds, and the charge and its text say so."""
    first = {"name": "Twice", "valid_from": "2020-01-01", "prices": {"flat": Decimal(2)}}
    await desk.write(first, first | {"revision": 2, "prices": {"flat": Decimal(3)}})
    await desk.shop("100", rates="Twice")
    await desk.read(0)
    at = desk.clock.forward(minutes=30)
    await desk.read(1000)
    await desk.charging.settle_all("test")
    [charge] = await desk.ledger.read(lambda tx: list(tx.charges(SHOP, START, at)))
    assert (charge.revision, charge.amount) == (2, money(3))
    found = await booked(desk, "chg:33B0250100001:1:0")
    assert found is not None
    assert found.detail.endswith("|2020-01-01|2|1|3000000|0|5|Twice|flat")
    await desk.verified()


async def test_free_energy_is_kept_without_a_transfer(desk: Desk) -> None:
    """What costs nothing moves no money, but its Wh are charged."""
    free = {"name": "Free", "valid_from": "2020-01-01", "prices": {"flat": Decimal(0)}}
    await desk.write(free)
    await desk.shop("1", rates="Free", meters=(METER, OTHER))
    await desk.read(0)
    at = desk.clock.forward(hours=1)
    await desk.read(500)
    await desk.charging.settle_all("test")
    [charge] = await desk.ledger.read(lambda tx: list(tx.charges(SHOP, START, at)))
    assert (charge.to_wh, charge.amount, charge.transfer_id) == (500, 0, None)
    assert await booked(desk, "chg:33B0250100001:1:0") is None
    assert await desk.verified() == (500, 500)


async def test_rerating(desk: Desk) -> None:
    """The difference with its tax, the run, and the new lines."""
    wrong = {"name": "Wrong", "valid_from": "2020-01-01"} | {
        "prices": {"flat": Decimal(2)},
        "tax": {"percent": 10, "included": False},
    }
    await desk.write(wrong)
    await desk.shop("100", rates="Wrong")
    await desk.read(0)
    at = desk.clock.forward(hours=1)
    await desk.read(1000)
    await desk.charging.settle_all("test")
    await desk.write(wrong | {"revision": 2, "prices": {"flat": Decimal(3)}})
    until = at + timedelta(days=1)
    request = RerateRequest(run="r", since=START, until=until, reason=" price ", user="anna")
    wanted = Rerated(charges=1, changed=1, difference=money(1), tax=money("0.10"))
    dry = RerateRequest(
        run="r", since=START, until=until, reason="price", user="anna", dry_run=True
    )
    assert await desk.rerater.rerate(SHOP, dry) == wanted
    assert await desk.rerater.rerate(SHOP, request) == wanted
    assert await desk.rerater.rerate(SHOP, request) == Rerated(
        charges=0, changed=0, difference=money(1), tax=money(0), replayed=True
    )
    assert await booked(desk, "cor:r:A-101") == transfer(
        *("cor:r:A-101", ELECTRICITY, "income:correction", "1", TransferCode.CORRECTION),
        source="rerating",
        user="anna",
        reason="price",
        effective_at=at,
    )
    assert await booked(desk, "tax:100000:cor:r:A-101") == transfer(
        *("tax:100000:cor:r:A-101", ELECTRICITY, "liability:tax", "0.10", TransferCode.TAX),
        source="tariff",
        detail="100000",
        effective_at=at,
    )
    assert await desk.ledger.read(lambda tx: tx.rows(Rerating, account=SHOP)) == (
        Rerating(
            run="r",
            account=SHOP,
            since=START,
            until=until,
            at=at,
            user="anna",
            reason="price",
            difference=money(1),
            transfer_id=TransferId("cor:r:A-101"),
        ),
    )
    assert await desk.ledger.read(lambda tx: tx.rows(Correction, run="r")) == (
        Correction(
            run="r",
            meter=METER,
            generation=1,
            charge_from_wh=0,
            from_wh=0,
            to_wh=1000,
            from_at=START,
            to_at=at,
            tariff="Wrong",
            tariff_valid_from=date(2020, 1, 1),
            revision=2,
            period="flat",
            tier=1,
            price=Price(3_000_000),
            amount=money(3),
            tax_ppm=100_000,
            estimated=False,
        ),
    )
    account = desk.book.account(SHOP)
    assert sum(account.spending.days.values()) == money("3.30")
    assert desk.balance == Decimal("96.7")
    await desk.verified()
