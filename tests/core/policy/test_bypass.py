"""Energy that counts behind an open relay."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.policy.bypass import BypassWatch


@dataclass(slots=True)
class Place:
    """A meter that is read every ten seconds."""

    watch: BypassWatch = field(default_factory=BypassWatch)
    at: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    wh: int = 5_000_000

    def read(
        self,
        used_wh: int = 0,
        *,
        closed: bool | None = False,
        version: int = 1,
        after_s: int = 10,
    ) -> int | None:
        """Read it after it counted so much."""
        self.at += timedelta(seconds=after_s)
        self.wh += used_wh
        values = {Quantity.ENERGY_IMPORT: self.wh}
        reading = MeterReading(
            serial=MeterSerial("33B0250100001"), at=self.at, values=values, relay_closed=closed
        )
        return self.watch.feed(reading, version)


def test_told_once_with_what_was_counted() -> None:
    """Eleven watt-hours behind an open relay are more than a register's step."""
    place = Place()
    assert [place.read(used) for used in (0, 5, 5, 1, 500, 500)] == [
        None,
        None,
        None,
        11,
        None,
        None,
    ]
    assert place.watch.is_told


def test_over_after_half_an_hour_of_nothing() -> None:
    """Then it can be told again."""
    place = Place()
    for used in (0, 50):
        place.read(used)
    told = [place.read(after_s=600) for _ in range(4)]
    assert told == [None, None, 0, None]
    assert place.read(50) == 50


def test_a_closed_relay_tells_nothing() -> None:
    """Not what flowed while it was closed, nor up to the first reading after it opened."""
    place = Place()
    assert place.read(100, closed=True) is None
    assert place.read(100, closed=None) is None
    assert place.read(100) is None
    assert place.read(9) is None
    assert place.read(100, closed=True) is None


def test_under_another_demand_it_may_have_been_closed() -> None:
    """Between two readings with an open relay it was closed and opened by us."""
    place = Place()
    place.read(version=1)
    assert place.read(100, version=3) is None
    assert place.read(100, version=3) == 100


def test_creeping_is_no_bypass() -> None:
    """A few watts that the meter itself lets creep never add up."""
    place = Place()
    assert {place.read(5, after_s=1800) for _ in range(200)} == {None}


def test_another_register_begins_anew() -> None:
    """A register that fell, or was not told, is no energy."""
    place = Place()
    place.read()
    assert place.read(-4_000_000) is None
    assert place.read(9) is None
    nothing = MeterReading(serial=MeterSerial("33B0250100001"), at=place.at, relay_closed=False)
    assert place.watch.feed(nothing, 1) is None
