"""Calendars: days to come may change, days by which was charged may not."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.prepayment.rules import CALENDAR
from custom_components.compere_prepaid.core.prepayment.special_days import SpecialDays
from tests.core.prepayment.desk import SHOP, Desk

TODAY = date(2026, 3, 2)
TOMORROW = TODAY + timedelta(days=1)

FESTIVE = {
    "name": "Festive",
    "valid_from": "2020-01-01",
    "prices": {"flat": Decimal(1), "free": Decimal(0)},
    "calendar": "China",
    "schedule": [
        {"days": ["holiday"], "slots": {"00:00": "free"}},
        {"days": ["mon-sun"], "slots": {"00:00": "flat"}},
    ],
}


async def test_a_holiday_is_charged_as_one(desk: Desk) -> None:
    """From the midnight at which it begins, and after a restart too."""
    await SpecialDays(desk.book).set_days("China", {TOMORROW: "holiday"})
    await desk.write(FESTIVE)
    await desk.shop("100", rates="Festive")
    await desk.read(0)
    desk.clock.forward(hours=14)  # midnight in Shanghai
    await desk.read(3000)
    await desk.restart()
    await desk.shop("100", rates="Festive")
    desk.clock.forward(hours=1)
    await desk.read(9000)
    assert desk.balance == 97
    assert desk.book.account(SHOP).month.by_period == {"flat": 3000, "free": 6000}
    await desk.verified()


async def test_days_to_come_may_change(desk: Desk) -> None:
    """Each change is a version of its own; what changes nothing is none."""
    days = SpecialDays(desk.book)
    await days.set_days("China", {TODAY - timedelta(days=9): "holiday", TOMORROW: "holiday"})
    await days.set_days("China", {TOMORROW: "holiday"})
    found = await days.set_days("China", {TOMORROW: None, TOMORROW + timedelta(days=1): "sun"})
    assert found.days == {
        TODAY - timedelta(days=9): "holiday",
        TOMORROW + timedelta(days=1): "sun",
    }
    assert desk.book.calendars["China"] == found
    assert len(await desk.ledger.read(lambda tx: tx.documents(CALENDAR))) == 2


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=9)])
@pytest.mark.parametrize("kind", ["holiday", "festival", None])
async def test_days_that_were_charged_by_may_not(desk: Desk, day: date, kind: str | None) -> None:
    """Today counts as past: its first hours are charged already."""
    days = SpecialDays(desk.book)
    before = await days.set_days("China", {day: "sun"})
    with pytest.raises(InvalidInputError, match="calendar_past_changed") as refusal:
        await days.set_days("China", {day: kind, TOMORROW: "holiday"})
    assert refusal.value.placeholders["days"] == day.isoformat()
    assert desk.book.calendars["China"] == before


async def test_what_is_no_type_of_day(desk: Desk) -> None:
    """Told with the day; nothing is written."""
    with pytest.raises(InvalidInputError, match="calendar_invalid"):
        await SpecialDays(desk.book).set_days("China", {TOMORROW: "?!"})
    assert not desk.book.calendars
