"""The value report: what prepaying is worth, each figure with its formula and inputs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..authority import Duty, async_require_manager
from ..commissioning.wording import language_for
from ..core.errors import InvalidInputError
from ..core.prepayment.calendar import day_of
from ..core.value.facts import Period
from ..core.value.reading import Asked
from ..core.value.report import Known
from ..site import CompereSite
from ..value.days_file import read_days
from ..value.reporting import async_value_report
from ..value.site_facts import building_of
from ..value.temperature import async_temperatures
from ..value.wording import LANGUAGES
from .fields import WRITTEN, Action, day_of_text, written

KNOWN = (
    "minutes_per_reading",
    "wage",
    "days_outstanding",
    "bad_debts_before",
    "reconnect_minutes_before",
)
"""The fields with which a user says what only they know."""

_HIGHEST = 10**12


async def _value_report(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Work out what prepaying was worth in some days, against days before if some are named."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    period = _period(site, call.data["since"], call.data["until"])
    before = _before(site, call, period)
    known = Known(**{name: _number(name, call.data.get(name)) for name in KNOWN})
    given = read_days(call.data.get("days") or "day\n")
    if (entity := call.data.get("temperature_entity")) is not None:
        found: Mapping[date, Decimal] = {}
        for time in filter(None, (before, period)):
            found = {**found, **await async_temperatures(site, entity, time)}
        given = replace(given, temperature={**found, **given.temperature})
    await site.hours.async_write()
    asked = Asked(
        period=period,
        before=before,
        building=building_of(site),
        tariffs=dict(site.book.tariffs),
        given=replace(given, special=_special_days(site)),
        feeder=call.data.get("feeder"),
    )
    language = call.data.get("language") or language_for(hass.config.language)
    return await async_value_report(site, asked, known, language, page=call.data["page"])


def _period(site: CompereSite, since: object, until: object) -> Period:
    """Return the days of a report. Raises `day_wrong`, `time_order`, `value_not_over`."""
    period = Period(since=day_of_text(since), until=day_of_text(until), zone=site.zone)
    if period.until <= period.since:
        raise InvalidInputError("time_order")
    if period.until > day_of(site.clock.now(), site.zone):
        raise InvalidInputError("value_not_over", until=period.until)
    return period


def _before(site: CompereSite, call: ServiceCall, period: Period) -> Period | None:
    """Return the days to compare with. Raises as `_period`, or `value_before_wrong`."""
    since, until = call.data.get("before_since"), call.data.get("before_until")
    if since is None and until is None:
        return None
    if since is None or until is None:
        raise InvalidInputError("value_before_wrong")
    before = _period(site, since, until)
    if before.until > period.since:
        raise InvalidInputError("value_before_wrong")
    return before


def _special_days(site: CompereSite) -> frozenset[date]:
    """Return the special days of all calendars."""
    return frozenset(day for calendar in site.book.calendars.values() for day in calendar.days)


def _number(name: str, value: object) -> Decimal | None:
    """Return what a user knows; raises `value_number_wrong` unless it is a number from 0 up."""
    if value is None:
        return None
    text = str(written(value)).strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= _HIGHEST:
        raise InvalidInputError("value_number_wrong", field=name, value=text[:40])
    return number


ACTIONS = {
    "value_report": Action(
        _value_report,
        {
            vol.Required("since"): WRITTEN,
            vol.Required("until"): WRITTEN,
            vol.Optional("before_since"): WRITTEN,
            vol.Optional("before_until"): WRITTEN,
            vol.Optional("feeder"): cv.string,
            vol.Optional("temperature_entity"): cv.entity_id,
            vol.Optional("days"): cv.string,
            **{vol.Optional(name): WRITTEN for name in KNOWN},
            vol.Optional("language"): vol.In(LANGUAGES),
            vol.Optional("page", default=False): cv.boolean,
        },
    ),
}
