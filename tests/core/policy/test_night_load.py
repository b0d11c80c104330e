"""The base load of nights, and whether it grows: a frozen mall, night after night."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.compere_prepaid.core.policy.night_load import (
    ENOUGH,
    NIGHTS,
    NightEnd,
    NightWatch,
    growth_of,
    in_night,
)
from custom_components.compere_prepaid.core.policy.protection import NIGHT

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(slots=True)
class Place:
    """A meter that is read every minute; the site's zone is UTC."""

    watch: NightWatch = field(default_factory=NightWatch)
    at: datetime = MIDNIGHT
    milliwatt_minutes: int = 0

    def night(
        self, watts: int, *, spike: int = 0, opened: bool = False, silent: range = range(0)
    ) -> NightEnd | None:
        """Let a night pass from midnight to noon at a power; a spike from 03:00 to 03:20."""
        ended: list[NightEnd] = []
        for minute in range(12 * 60):
            extra = spike if 180 <= minute < 200 else 0
            self.milliwatt_minutes += (watts + extra) * 1000
            self.at += timedelta(minutes=1)
            if minute + 1 in silent:
                continue
            found = self.watch.feed(
                self.at,
                minute + 1,
                self.milliwatt_minutes // 60_000,
                night=NIGHT,
                is_open=opened and minute == 200,
            )
            ended += [found] if found else []
        self.at += timedelta(hours=12)
        assert len(ended) < 2
        return ended[0] if ended else None


def test_the_lowest_quarter_of_a_night() -> None:
    """A cleaner's twenty minutes do not count; what never pauses does."""
    ended = Place().night(400, spike=3000)
    assert ended == NightEnd(base_mw=400_000, growth=None)


def test_a_leak_grows_against_its_own_history() -> None:
    """After five nights; by the median, so that one odd night changes nothing."""
    place = Place()
    for watts in (200, 200, 204, 2000, 200):
        ended = place.night(watts)
        assert ended is not None
        assert ended.growth is None
    ended = place.night(300)
    assert ended == NightEnd(base_mw=300_000, growth=50_000)
    assert list(place.watch.nights)[-2:] == [200_000, 300_000]


def test_only_so_many_nights_are_remembered() -> None:
    """What grows slowly becomes usual after two weeks."""
    place = Place()
    for _ in range(NIGHTS + 5):
        place.night(100)
    assert len(place.watch.nights) == NIGHTS


@pytest.mark.parametrize(
    "how", [{"opened": True}, {"silent": range(120, 290)}, {"silent": range(150, 260)}]
)
def test_nights_that_tell_nothing(how: dict[str, bool | range]) -> None:
    """The relay was open, or too little of the night was read."""
    place = Place()
    assert place.night(400, **how) is None  # type: ignore[arg-type]
    assert place.night(400) == NightEnd(base_mw=400_000, growth=None)


def test_silence_over_days_is_no_night() -> None:
    """Half a night before a silence does not become one with the end of a later night."""
    place = Place()
    night = {"night": NIGHT, "is_open": False}
    for minute in range(120, 230):
        place.watch.feed(MIDNIGHT + timedelta(minutes=minute), minute, 0, **night)  # type: ignore[arg-type]
    later = MIDNIGHT + timedelta(days=2)
    for minute in range(280, 302):
        ended = place.watch.feed(later + timedelta(minutes=minute), minute, 90_000, **night)  # type: ignore[arg-type]
        assert ended is None
    assert not place.watch.nights


def test_a_reading_without_a_register() -> None:
    """It changes nothing, in the middle of a night."""
    place = Place()
    for minute in range(120, 300):
        for wh in (minute, None):
            at = MIDNIGHT + timedelta(minutes=minute)
            place.watch.feed(at, minute, wh, night=NIGHT, is_open=False)
    ended = place.watch.feed(MIDNIGHT, 300, 300, night=NIGHT, is_open=False)
    assert ended == NightEnd(base_mw=60_000, growth=None)


def test_a_supply_that_slept_altogether() -> None:
    """The first leak behind no load at all is measured against a watt."""
    assert growth_of(500_000, [0] * ENOUGH) == 49_900_000
    assert growth_of(500_000, [0] * (ENOUGH - 1)) is None


def test_a_night_may_pass_midnight() -> None:
    """From 22:00 to 04:00 as well as from 02:00 to 05:00."""
    late = (22 * 60, 4 * 60)
    assert [hour for hour in range(24) if in_night(hour * 60, late)] == [0, 1, 2, 3, 22, 23]
    assert [hour for hour in range(24) if in_night(hour * 60, NIGHT)] == [2, 3, 4]
