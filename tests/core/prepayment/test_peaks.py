"""The highest demand, kept from reading to reading, by month and by what the tariff measures."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.compere_prepaid.core.money.amount import Amount, Price
from custom_components.compere_prepaid.core.prepayment.fees import Peak
from custom_components.compere_prepaid.core.prepayment.peaks import PeakKeeper
from custom_components.compere_prepaid.core.tariff.demand import DemandKey, DemandQuantity
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.model import Tariff
from custom_components.compere_prepaid.core.tariff.rating import RatedLine
from tests.core.prepayment.desk import CNY, FLAT, ZONE

MARCH = date(2026, 3, 1)
APRIL = date(2026, 4, 1)
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
KW = DemandKey("p", DemandQuantity.KW, 15)
KVA = DemandKey("s", DemandQuantity.KVA, 15)


def tariff(*quantities: str, valid_from: str = "2020-01-01") -> Tariff:
    """Return a tariff that measures these."""
    names = {"kW": "p", "kVA": "s"}
    data: dict[str, Any] = {
        "name": "Power",
        "valid_from": valid_from,
        "prices": {"flat": Decimal(1)},
        "demand": [
            {"name": names[one], "quantity": one, "minutes": 15, "prices": [{"price": 2}]}
            for one in quantities
        ],
    }
    return Tariff.of([tariff_version_from(data, CNY)])


def line(since: datetime, wh: int, length: timedelta = QUARTER) -> RatedLine:
    """Return energy that was used from an instant on."""
    return RatedLine(
        from_wh=5000,
        to_wh=5000 + wh,
        from_at=since,
        to_at=since + length,
        tariff="Power",
        valid_from=MARCH,
        revision=1,
        period="flat",
        tier=1,
        price=Price(1),
        amount=Amount(1),
        tax_ppm=0,
        estimated=False,
    )


def test_nothing_is_measured_that_no_tariff_asks_for() -> None:
    """No demand in the tariff, or no tariff yet."""
    keeper = PeakKeeper()
    assert not keeper.follow(FLAT, AT, ZONE)
    assert not keeper.follow(tariff("kW", valid_from="2026-03-03"), AT, ZONE)
    keeper.add_energy([line(AT, 1000)], ZONE)
    keeper.finish(AT + timedelta(days=1), ZONE)
    assert keeper.peaks == {}


def test_the_highest_block_is_kept() -> None:
    """With the instant of the first block that was so high."""
    keeper = PeakKeeper()
    assert keeper.follow(tariff("kW"), AT, ZONE)
    for number, wh in enumerate((500, 2000, 1000, 2000)):
        keeper.add_energy([line(AT + number * QUARTER, wh)], ZONE)
        assert keeper.follow(tariff("kW"), AT, ZONE)
    keeper.finish(AT + 3 * QUARTER, ZONE)
    assert keeper.peaks == {(MARCH, KW): Peak(quantity=8000, at=AT + QUARTER)}
    keeper.add_energy([line(AT + 4 * QUARTER, 2001)], ZONE)
    keeper.finish(AT + 4 * QUARTER, ZONE)
    assert keeper.peaks == {(MARCH, KW): Peak(quantity=8000, at=AT + QUARTER)}
    keeper.finish(AT + 5 * QUARTER, ZONE)
    assert keeper.peaks == {(MARCH, KW): Peak(quantity=8004, at=AT + 4 * QUARTER)}


def test_apparent_power_counts_for_its_time() -> None:
    """A reading at the same instant again says nothing."""
    keeper = PeakKeeper()
    keeper.follow(tariff("kVA", "kW"), AT, ZONE)
    keeper.add_apparent(AT - QUARTER, AT - QUARTER, 90_000_000, "flat", ZONE)
    keeper.finish(AT, ZONE)
    assert keeper.peaks == {}
    keeper.add_apparent(AT, AT + QUARTER, 6_000_000, "flat", ZONE)
    keeper.finish(AT + QUARTER, ZONE)
    assert keeper.peaks == {(MARCH, KVA): Peak(quantity=6000, at=AT)}


def test_blocks_belong_to_the_month_in_which_they_begin() -> None:
    """In the site's zone; two months are kept, of each measurement."""
    keeper = PeakKeeper()
    keeper.follow(tariff("kW", "kVA"), AT, ZONE)
    midnight = datetime(2026, 3, 31, 16, tzinfo=UTC)
    for since, wh in ((midnight - QUARTER, 1000), (midnight, 2000)):
        keeper.add_energy([line(since, wh)], ZONE)
        keeper.add_apparent(since, since + QUARTER, wh * 1000, "flat", ZONE)
    keeper.finish(midnight + QUARTER, ZONE)
    april = {
        (APRIL, KW): Peak(quantity=8000, at=midnight),
        (APRIL, KVA): Peak(quantity=2000, at=midnight),
    }
    assert keeper.peaks == {
        (MARCH, KW): Peak(quantity=4000, at=midnight - QUARTER),
        (MARCH, KVA): Peak(quantity=1000, at=midnight - QUARTER),
        **april,
    }
    may = midnight + timedelta(days=31)
    keeper.add_energy([line(may, 500)], ZONE)
    keeper.finish(may + QUARTER, ZONE)
    assert keeper.peaks == {**april, (date(2026, 5, 1), KW): Peak(quantity=2000, at=may)}


def test_another_tariff_begins_to_measure_anew() -> None:
    """What was measured before is kept; a running block is not counted by another measure."""
    keeper = PeakKeeper()
    keeper.follow(tariff("kW"), AT, ZONE)
    keeper.add_energy([line(AT, 1000)], ZONE)
    keeper.finish(AT + QUARTER, ZONE)
    keeper.add_energy([line(AT + QUARTER, 9000)], ZONE)
    assert keeper.follow(tariff("kVA"), AT + QUARTER, ZONE)
    keeper.finish(AT + 2 * QUARTER, ZONE)
    assert keeper.peaks == {(MARCH, KW): Peak(quantity=4000, at=AT)}
    keeper.add_apparent(AT + QUARTER, AT + 2 * QUARTER, 7_000_000, "flat", ZONE)
    keeper.finish(AT + 2 * QUARTER, ZONE)
    assert keeper.peaks[MARCH, KVA] == Peak(quantity=7000, at=AT + QUARTER)


def test_blocks_that_can_wait_no_longer_are_kept() -> None:
    """A meter that is silent for days does not keep the others' demand from being known."""
    keeper = PeakKeeper()
    keeper.follow(tariff("kW", "kVA"), AT, ZONE)
    days = timedelta(days=5)
    keeper.add_energy([line(AT, 480_000, days)], ZONE)
    keeper.add_apparent(AT, AT + days, 3_000_000, "flat", ZONE)
    assert keeper.peaks == {
        (MARCH, KW): Peak(quantity=4000, at=AT),
        (MARCH, KVA): Peak(quantity=3000, at=AT),
    }
