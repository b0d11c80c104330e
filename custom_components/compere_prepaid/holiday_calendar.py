"""Public holidays into a calendar, by the package `holidays`, which is loaded when it is asked for.

What a calendar says already stays: somebody may have corrected it, and days that have passed were
charged by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any

from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from .const import DOMAIN
from .core.errors import InvalidInputError, OperationFailedError
from .core.tariff.calendar_days import Calendar

if TYPE_CHECKING:
    from .site import CompereSite

REQUIREMENT = "holidays>=0.60"


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayRequest:
    """Whose holidays are wanted, and as what type of day they count."""

    calendar: str
    country: str
    subdivision: str | None
    years: Sequence[int]
    kind: str
    language: str | None = None
    """Of the names in the answer."""


async def async_import_holidays(site: CompereSite, wanted: HolidayRequest) -> dict[str, Any]:
    """Add the holidays of a country that a calendar does not know yet; say which.

    Raises `InvalidInputError`: `holidays_unknown`, `calendar_invalid`; and `OperationFailedError`
    (`holidays_not_installed`).
    """
    try:
        await async_process_requirements(site.hass, DOMAIN, [REQUIREMENT])
    except RequirementsNotFound as error:
        raise OperationFailedError("holidays_not_installed", package=REQUIREMENT) from error
    names = await site.hass.async_add_executor_job(_names_of, wanted)
    async with site.importing:
        present = site.book.calendars.get(wanted.calendar)
        added = _new_days(site, present, names)
        days: dict[date, str | None] = dict.fromkeys(added, wanted.kind)
        calendar = await site.special_days.set_days(wanted.calendar, days)
    return {
        "calendar": calendar.name,
        "added": {day.isoformat(): names[day] for day in sorted(added)},
        "unchanged": len(names) - len(added),
    }


def _names_of(wanted: HolidayRequest) -> Mapping[date, str]:
    """Return a country's holidays with their names. Blocks: the package is large."""
    holidays = import_module("holidays")
    try:
        found: Mapping[date, str] = holidays.country_holidays(
            wanted.country,
            subdiv=wanted.subdivision,
            years=wanted.years,
            language=wanted.language,
        )
    except NotImplementedError as error:
        raise InvalidInputError(
            "holidays_unknown", country=wanted.country, subdivision=wanted.subdivision or "-"
        ) from error
    return dict(found)


def _new_days(site: CompereSite, present: Calendar | None, names: Mapping[date, str]) -> list[date]:
    """Return the days that can be added: all of a new calendar, else those to come."""
    if present is None:
        return list(names)
    first_free = site.special_days.first_free
    return [day for day in names if day >= first_free and day not in present.days]
