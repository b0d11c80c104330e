"""Calendars change from tomorrow on, in the site's zone, each in its own name."""

from datetime import UTC, date, datetime, timedelta

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.records import Document
from custom_components.compere_prepaid.core.prepayment.rules import CALENDAR
from custom_components.compere_prepaid.core.prepayment.special_days import SpecialDays
from custom_components.compere_prepaid.core.tariff.calendar_days import Calendar
from tests.core.prepayment.desk import START, Desk

TODAY = date(2026, 3, 2)
TOMORROW = TODAY + timedelta(days=1)


async def versions(desk: Desk) -> list[tuple[str, str, str]]:
    """Return name, version and content of what the ledger keeps."""
    found: tuple[Document, ...] = await desk.ledger.read(lambda tx: tx.documents(CALENDAR))
    return [(one.name, one.version, one.content) for one in found]


async def test_first_day_that_may_change(desk: Desk) -> None:
    """Tomorrow in Shanghai, also when it is still yesterday in London."""
    days = SpecialDays(desk.book)
    assert days.first_free == TOMORROW
    desk.clock.time = datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)
    assert days.first_free == TOMORROW
    desk.clock.time = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    assert days.first_free == TOMORROW + timedelta(days=1)


async def test_calendars_are_apart(desk: Desk) -> None:
    """Each grows by itself; its latest version is what is changed, however the clock goes."""
    days = SpecialDays(desk.book)
    await days.set_days("China", {TOMORROW: "holiday"})
    await days.set_days("Other", {TOMORROW: "sun"})
    desk.clock.time = START - timedelta(hours=1)
    found = await days.set_days("China", {TOMORROW + timedelta(days=1): "holiday"})
    assert found == Calendar(
        name="China",
        days={TOMORROW: "holiday", TOMORROW + timedelta(days=1): "holiday"},
    )
    await days.set_days("China", {TOMORROW: None})
    assert await versions(desk) == [
        (
            "China",
            "2026-03-02T02:00:00+00:00",
            '{"days":{"2026-03-03":"holiday"},"name":"China"}',
        ),
        (
            "China",
            "2026-03-02T02:00:00.000001+00:00",
            '{"days":{"2026-03-03":"holiday","2026-03-04":"holiday"},"name":"China"}',
        ),
        (
            "China",
            "2026-03-02T02:00:00.000002+00:00",
            '{"days":{"2026-03-04":"holiday"},"name":"China"}',
        ),
        ("Other", "2026-03-02T02:00:00+00:00", '{"days":{"2026-03-03":"sun"},"name":"Other"}'),
    ]
    assert desk.book.calendars["Other"].days == {TOMORROW: "sun"}


async def test_new_calendar_may_have_a_past(desk: Desk) -> None:
    """Nothing was charged by it."""
    found = await SpecialDays(desk.book).set_days("Old", {TODAY: "holiday"})
    assert found.days == {TODAY: "holiday"}


async def test_refused_change_of_the_past(desk: Desk) -> None:
    """It says which days, and from when on they may change; nothing is written."""
    days = SpecialDays(desk.book)
    await days.set_days("China", {TODAY: "holiday"})
    with pytest.raises(InvalidInputError) as refused:
        await days.set_days("China", {TODAY: None, TOMORROW: "sun"})
    assert refused.value.key == "calendar_past_changed"
    assert refused.value.placeholders == {
        "calendar": "China",
        "days": "2026-03-02",
        "first_free": "2026-03-03",
    }
    assert len(await versions(desk)) == 1
