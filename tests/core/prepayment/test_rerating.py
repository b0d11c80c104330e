"""Rating again books the difference, once, and says why."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.account_rows import (
    Correction,
    Rerating,
    TaxTotal,
)
from custom_components.compere_prepaid.core.prepayment.rerating import RerateRequest
from tests.core.prepayment.desk import SHOP, START, Desk, money


def version(price: str, **more: Any) -> dict[str, Any]:
    """Return a version of the tariff that is corrected here."""
    data = {"name": "Wrong", "valid_from": "2020-01-01", "prices": {"flat": Decimal(price)}}
    return data | more


def request(run: str, **more: Any) -> RerateRequest:
    """Ask for everything since the beginning to be rated again."""
    values: dict[str, Any] = {
        "run": run,
        "since": START,
        "until": datetime(2026, 4, 1, tzinfo=UTC),
        "reason": "a wrong price",
        "user": "anna",
    }
    return RerateRequest(**(values | more))


async def used(desk: Desk, kwh: int, first: dict[str, Any]) -> None:
    """Let the shop use energy by the wrong tariff, an hour each."""
    await desk.write(first)
    await desk.shop("1000", rates="Wrong")
    await desk.read(0)
    for hour in range(1, kwh + 1):
        desk.clock.forward(hours=1)
        await desk.read(hour * 1000)
    await desk.charging.settle_all("test")


async def test_only_the_difference_is_booked(desk: Desk) -> None:
    """A price that was too high: the charges stay, the tenant gets the difference."""
    await used(desk, 5, version("1.20"))
    assert desk.balance == 994
    await desk.write(version("1.00", revision=2))
    told = await desk.rerater.rerate(SHOP, request("r", dry_run=True))
    assert (told.changed, told.difference) == (5, -money(1))
    assert desk.balance == 994
    done = await desk.rerater.rerate(SHOP, request("r"))
    assert (done.changed, done.difference, done.replayed) == (5, -money(1), False)
    assert desk.balance == 995
    again = await desk.rerater.rerate(SHOP, request("r"))
    assert (again.difference, again.replayed) == (-money(1), True)
    assert desk.balance == 995
    [run] = await desk.ledger.read(lambda tx: tx.rows(Rerating, account=SHOP))
    assert run.transfer_id == "cor:r:A-101"
    assert await desk.verified() == (5000, 5000)


async def test_second_correction_starts_from_the_first(desk: Desk) -> None:
    """What stands is the latest correction."""
    await used(desk, 5, version("1.20"))
    await desk.write(version("1.00", revision=2))
    await desk.rerater.rerate(SHOP, request("r1"))
    desk.clock.forward(minutes=1)
    await desk.write(version("1.10", revision=3))
    done = await desk.rerater.rerate(SHOP, request("r2"))
    assert done.difference == money("0.5")
    assert desk.balance == Decimal(1000) - 5 * Decimal("1.1")
    desk.clock.forward(minutes=1)
    assert (await desk.rerater.rerate(SHOP, request("r3"))).changed == 0
    await desk.verified()


async def test_tiers_are_climbed_anew_from_the_month_on(desk: Desk) -> None:
    """A part of the month is corrected, on the ladder of the whole month."""
    await used(desk, 6, version("1"))
    ladder = [{"up_to": 2}, {"price": Decimal(2)}]
    await desk.write(version("1", revision=2, tiers=ladder))
    since = datetime(2026, 3, 2, 5, tzinfo=UTC)  # behind the first three kWh
    done = await desk.rerater.rerate(SHOP, request("r", since=since))
    assert (done.charges, done.difference) == (3, money(3))
    await desk.verified()


async def test_taxes_follow(desk: Desk) -> None:
    """Another rate of tax: both totals are right afterwards."""
    await used(desk, 4, version("1", tax={"percent": 15, "included": False}))
    assert desk.balance == Decimal("995.4")
    await desk.write(version("1", revision=2, tax={"percent": 10, "included": False}))
    done = await desk.rerater.rerate(SHOP, request("r"))
    assert done.difference == 0
    assert desk.balance == Decimal("995.6")
    totals = await desk.ledger.read(lambda tx: tx.rows(TaxTotal, account=SHOP))
    assert [(total.ppm, total.net, total.tax) for total in totals] == [
        (100_000, money(4), money("0.40")),
        (150_000, 0, 0),
    ]
    await desk.verified()


async def test_new_lines_tile_the_old_charge(desk: Desk) -> None:
    """A border that the wrong tariff did not have: estimated lines within the charge."""
    await used(desk, 1, version("1"))
    night = {"slots": {"00:00": "night", "10:30": "day"}}
    prices = {"night": Decimal("0.5"), "day": Decimal("1.5")}
    corrected = {"name": "Wrong", "valid_from": "2020-01-01", "revision": 2, "prices": prices}
    await desk.write(corrected | {"schedule": [night]})
    done = await desk.rerater.rerate(SHOP, request("r"))
    lines = await desk.ledger.read(lambda tx: tx.rows(Correction, run="r"))
    assert [(line.from_wh, line.to_wh, line.period, line.estimated) for line in lines] == [
        (0, 500, "night", True),
        (500, 1000, "day", True),
    ]
    assert done.difference == 0  # 0.25 + 0.75
    await desk.verified()


async def test_by_another_tariff(desk: Desk) -> None:
    """The account had the wrong tariff altogether."""
    await used(desk, 2, version("1"))
    done = await desk.rerater.rerate(SHOP, request("r", tariff="Ladder"))
    assert done.difference == -money("1.13")  # 2 × (0.435 − 1)
    await desk.verified()


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"reason": " "}, "reason_missing"),
        ({"until": START}, "time_order"),
        ({"tariff": "None"}, "tariff_unknown"),
        ({"reason": "another"}, "reference_reused"),
    ],
)
async def test_what_is_refused(desk: Desk, more: dict[str, Any], key: str) -> None:
    """Nothing is booked."""
    await used(desk, 1, version("1"))
    await desk.rerater.rerate(SHOP, request("r"))
    with pytest.raises(InvalidInputError, match=key):
        await desk.rerater.rerate(SHOP, request("r", **more))
    assert desk.balance == 999
