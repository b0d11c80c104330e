"""Rating again at its borders: which charges, whose, by which version, and by how much."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.compere_prepaid.core.ledger.account_rows import (
    Correction,
    Rerating,
    TaxTotal,
)
from custom_components.compere_prepaid.core.prepayment.rerating import Rerated, RerateRequest
from tests.core.prepayment.desk import METER, OTHER, SHOP, START, Desk, money
from tests.core.prepayment.test_what_is_booked import booked

HOUR = timedelta(hours=1)
LATER = datetime(2026, 5, 1, tzinfo=UTC)


def version(price: str, **more: Any) -> dict[str, Any]:
    """Return a version of the tariff that is corrected here."""
    data = {"name": "Wrong", "valid_from": "2020-01-01", "prices": {"flat": Decimal(price)}}
    return data | more


def request(run: str, **more: Any) -> RerateRequest:
    """Ask for everything since the beginning to be rated again."""
    values: dict[str, Any] = {
        "run": run,
        "since": START,
        "until": LATER,
        "reason": "a wrong price",
        "user": "anna",
    }
    return RerateRequest(**(values | more))


async def used(desk: Desk, kwh: int, first: dict[str, Any], *, hours: int = 1) -> None:
    """Let the shop use energy by the wrong tariff, a kWh each time."""
    await desk.write(first)
    await desk.shop("1000", rates="Wrong")
    await desk.read(0)
    for turn in range(1, kwh + 1):
        desk.clock.forward(hours=hours)
        await desk.read(turn * 1000)
    await desk.charging.settle_all("test")


async def test_charges_that_begin_within_the_time(desk: Desk) -> None:
    """From its first instant on, up to before its last."""
    await used(desk, 4, version("1"))
    await desk.write(version("2", revision=2))
    done = await desk.rerater.rerate(SHOP, request("r", since=START + HOUR, until=START + 3 * HOUR))
    assert (done.charges, done.changed, done.difference) == (2, 2, money(2))
    least = request("s", since=START, until=START + timedelta(microseconds=1))
    assert (await desk.rerater.rerate(SHOP, least)).charges == 1
    await desk.verified()


async def test_nothing_changed_is_kept_without_a_transfer(desk: Desk) -> None:
    """The run is known all the same, and done once."""
    await used(desk, 2, version("1"))
    before = await desk.ledger.read(lambda tx: tx.head())
    done = await desk.rerater.rerate(SHOP, request("r", reason=" why "))
    assert done == Rerated(charges=2, changed=0, difference=money(0), tax=money(0))
    [run] = await desk.ledger.read(lambda tx: tx.rows(Rerating, account=SHOP))
    assert (run.difference, run.transfer_id, run.reason) == (0, None, "why")
    assert await desk.ledger.read(lambda tx: tx.rows(Correction, run="r")) == ()
    assert await desk.ledger.read(lambda tx: tx.head()) == before
    await desk.write(version("2", revision=2))
    again = await desk.rerater.rerate(SHOP, request("r", reason="why"))
    assert (again.replayed, again.difference) == (True, 0)
    assert desk.balance == 998


async def test_the_tenant_gets_back_or_pays(desk: Desk) -> None:
    """Above zero from the fund, below it to the fund."""
    await used(desk, 1, version("1"))
    for run, price, ends in (
        ("up", "3", ("liability:tenant:A-101:electricity", "income:correction")),
        ("down", "2", ("income:correction", "liability:tenant:A-101:electricity")),
    ):
        desk.clock.forward(minutes=1)
        await desk.write(version(price, revision=2 if run == "up" else 3))
        await desk.rerater.rerate(SHOP, request(run))
        found = await booked(desk, f"cor:{run}:A-101")
        assert found is not None
        assert (found.debit, found.credit) == ends
    assert desk.balance == 998
    assert sum(desk.book.account(SHOP).spending.days.values()) == money(2)
    await desk.verified()


async def test_same_price_for_another_reason_is_a_change(desk: Desk) -> None:
    """Another version, and nothing to pay."""
    await used(desk, 1, version("1"))
    await desk.write(version("1", revision=2))
    done = await desk.rerater.rerate(SHOP, request("r"))
    assert (done.changed, done.difference) == (1, 0)
    [line] = await desk.ledger.read(lambda tx: tx.rows(Correction, run="r"))
    assert (line.revision, line.amount) == (2, money(1))


async def test_each_month_has_its_own_ladder(desk: Desk) -> None:
    """A correction over the end of a month climbs anew, also behind what came before it."""
    await desk.write(version("1"))
    desk.clock.time = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
    await desk.shop("1000", rates="Wrong", meters=(METER, OTHER))
    await desk.read(0)
    await desk.read(0, OTHER)
    since = desk.clock.now() + 2 * HOUR
    for turn in range(1, 9):
        desk.clock.forward(hours=1)
        await desk.read(turn * 1000)
        await desk.read(0, OTHER)
        await desk.charging.settle_all("test")
    await desk.write(version("1", revision=2, tiers=[{"up_to": 3}, {"price": Decimal(2)}]))
    done = await desk.rerater.rerate(SHOP, request("r", since=since, until=LATER))
    # March: kWh 3 and 4 of 4, one of them on the second step; April: 4, one on the second step
    assert (done.charges, done.changed, done.difference) == (6, 6, money(2))
    lines = await desk.ledger.read(lambda tx: tx.rows(Correction, run="r"))
    assert [(line.charge_from_wh, line.tier) for line in lines] == [
        (2000, 1),
        (3000, 2),
        (4000, 1),
        (5000, 1),
        (6000, 1),
        (7000, 2),
    ]
    await desk.verified()


async def test_charge_over_the_end_of_a_month(desk: Desk) -> None:
    """Its later part is on the ladder of the later month."""
    await desk.write(version("1"))
    desk.clock.time = datetime(2026, 3, 31, 14, 0, tzinfo=UTC)  # two hours before April
    await desk.shop("1000", rates="Wrong")
    await desk.read(0)
    desk.clock.forward(hours=4)
    await desk.read(4000)
    desk.clock.forward(hours=1)
    await desk.read(6000)
    await desk.charging.settle_all("test")
    await desk.write(version("1", revision=2, tiers=[{"up_to": 3}, {"price": Decimal(2)}]))
    done = await desk.rerater.rerate(SHOP, request("r", since=START - HOUR))
    assert done.difference == money(1)  # two in March; two and two in April, one above three
    await desk.verified()


async def test_tiers_by_period(desk: Desk) -> None:
    """What was used in a period counts on that period's ladder."""
    slots = {"00:00": "flat", "11:00": "peak"}
    prices = {"flat": Decimal(1), "peak": Decimal(1)}
    base = {"name": "Wrong", "valid_from": "2020-01-01", "prices": prices}
    await used(desk, 4, base | {"schedule": [{"slots": slots}]})
    tiers = {
        "flat": [{"up_to": 1}, {"price": Decimal(5)}],
        "peak": [{"up_to": 2}, {"price": Decimal(3)}],
    }
    corrected = base | {"schedule": [{"slots": slots}], "revision": 2, "tiers": tiers}
    await desk.write(corrected)
    done = await desk.rerater.rerate(SHOP, request("r"))
    assert done.difference == money(2)  # one of flat, three of peak: one above two
    await desk.verified()


async def test_tax_of_what_was_charged_is_taken_back(desk: Desk) -> None:
    """At the rate of the version that the charge was made by, though it holds no longer."""
    await used(desk, 2, version("1", tax={"percent": 15, "included": False}))
    await desk.write(version("2", revision=2, tax={"percent": 10, "included": False}))
    asked = request("r")
    done = await desk.rerater.rerate(SHOP, asked)
    assert (done.difference, done.tax) == (money(2), money("0.10"))
    totals = await desk.ledger.read(lambda tx: tx.rows(TaxTotal, account=SHOP))
    assert [(one.ppm, one.net) for one in totals] == [(100_000, money(4)), (150_000, 0)]
    desk.clock.forward(minutes=1)
    await desk.write(version("3", revision=3, tax={"percent": 20, "included": False}))
    done = await desk.rerater.rerate(SHOP, request("s"))
    assert (done.difference, done.tax) == (money(2), money("0.80"))
    assert desk.balance == Decimal(1000) - 6 - Decimal("1.2")
    await desk.verified()


async def test_charge_by_a_tariff_that_lost_its_version(desk: Desk) -> None:
    """Nobody knows its tax any more: none is taken back."""
    await used(desk, 1, version("1", tax={"percent": 10, "included": False}))
    flat = desk.book.tariff("Flat")
    desk.book.tariffs["Wrong"] = flat
    done = await desk.rerater.rerate(SHOP, request("r", dry_run=True))
    assert (done.changed, done.difference, done.tax) == (1, 0, 0)


async def test_estimates_stay_estimates(desk: Desk) -> None:
    """Of a charge that was split by time, the new lines are estimated too."""
    night = {"00:00": "flat", "10:30": "peak"}
    prices = {"flat": Decimal(1), "peak": Decimal(1)}
    base = {"name": "Wrong", "valid_from": "2020-01-01", "prices": prices}
    await used(desk, 1, base | {"schedule": [{"slots": night}]})
    await desk.write(base | {"schedule": [{"slots": {"00:00": "flat"}}], "revision": 2})
    done = await desk.rerater.rerate(SHOP, request("r"))
    assert (done.charges, done.changed) == (2, 2)
    lines = await desk.ledger.read(lambda tx: tx.rows(Correction, run="r"))
    assert [(line.from_wh, line.estimated, line.period) for line in lines] == [
        (0, True, "flat"),
        (500, True, "flat"),
    ]


async def test_latest_correction_of_a_charge_stands(desk: Desk) -> None:
    """Whatever the names of the runs are, and for that charge only."""
    await used(desk, 2, version("1"))
    for run, price, until in (("z", "2", LATER), ("a", "4", START + HOUR)):
        desk.clock.forward(minutes=1)
        await desk.write(version(price, revision=2 if run == "z" else 3))
        await desk.rerater.rerate(SHOP, request(run, until=until))
    desk.clock.forward(minutes=1)
    done = await desk.rerater.rerate(SHOP, request("m", dry_run=True))
    assert (done.changed, done.difference) == (1, money(2))  # the second still stands at 2


async def test_the_least_difference_with_the_least_tax(desk: Desk) -> None:
    """A unit is paid by the tenant; of less than a unit of tax nothing is told."""
    await desk.write(version("0"))
    await desk.shop("1000", rates="Wrong")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(1)
    await desk.charging.settle_all("test")
    tax = {"percent": Decimal("0.0001"), "included": False}
    await desk.write(version("0.000001", revision=2))
    assert (await desk.rerater.rerate(SHOP, request("r"))).difference == 1
    assert desk.book.account(SHOP).fund == money(1000) - 1
    desk.clock.forward(minutes=1)
    await desk.write(version("1", revision=3, tax=tax))
    done = await desk.rerater.rerate(SHOP, request("s"))
    assert (done.difference, done.tax) == (999_999, 1)
    desk.clock.forward(minutes=1)
    await desk.write(version("0.999999", revision=4, tax=tax))
    found = await desk.ledger.read(lambda tx: tx.rows(TaxTotal, account=SHOP))
    assert [(one.net, one.tax) for one in found] == [(1_000_000, 1)]
    done = await desk.rerater.rerate(SHOP, request("t"))
    assert (done.difference, done.tax) == (-1, -1)
    assert desk.book.account(SHOP).fund == money(1000) - 999_999
    await desk.verified()
