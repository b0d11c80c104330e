"""Tariffs: what another one would cost, rating again, and the special days of calendars."""

from collections.abc import Mapping
from datetime import date
from typing import Any
import uuid

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import exact_text
from ..action_targets import accounts_meant
from ..authority import Duty, async_require_manager
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber
from ..core.money.amount import Amount, Price
from ..core.prepayment.preview import Preview
from ..core.prepayment.rerating import RerateRequest
from ..core.tariff.calendar_days import calendar_data
from ..core.tariff.document import tariff_data
from ..holiday_calendar import HolidayRequest, async_import_holidays
from ..site import CompereSite
from .fields import (
    ACCOUNTS,
    REFERENCE,
    WRITTEN,
    Action,
    answer_of,
    day_of_text,
    month_of,
    needed_moment_of,
    per_account,
)


async def _get_tariff(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Answer with all versions of a tariff, in the site file's form, and its calendars."""
    tariff = site.book.tariff(call.data["tariff"])
    calendars = {version.calendar for version in tariff.versions if version.calendar}
    return {
        "name": tariff.name,
        "currency": site.currency.code,
        "versions": [answer_of(tariff_data(one, site.currency)) for one in tariff.versions],
        "calendars": [calendar_data(site.book.calendars[name]) for name in sorted(calendars)],
    }


async def _preview_tariff(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    numbers = accounts_meant(hass, site, call.data)
    month = month_of(call, "month")
    return per_account(
        {
            AccountNumber(number): _preview_data(
                site, await site.previewer.preview(number, call.data["tariff"], month)
            )
            for number in numbers
        }
    )


def _preview_data(site: CompereSite, preview: Preview) -> dict[str, Any]:
    """Return a preview for people: energy by period, tier and price; fees by kind."""

    def money(amount: int) -> str:
        return exact_text(site.currency, Amount(amount))

    bill = preview.bill
    energy: dict[tuple[str, int, Price], list[int]] = {}
    for line in bill.lines:
        sums = energy.setdefault((line.period, line.tier, line.price), [0, 0])
        sums[0] += line.to_wh - line.from_wh
        sums[1] += line.amount
    fees: dict[str, int] = {}
    for billed in bill.fees:
        fees[billed.fee.kind.value] = fees.get(billed.fee.kind.value, 0) + billed.fee.amount
    return {
        "month": f"{preview.month:%Y-%m}",
        "energy_kwh": _kwh(preview.energy_wh),
        "charged": money(preview.charged),
        "would_be": money(bill.total),
        "difference": money(bill.total - preview.charged),
        "lines": [
            {
                "period": period,
                "tier": tier,
                "price": f"{site.currency.exact_price(price).normalize():f}",
                "energy_kwh": _kwh(wh),
                "amount": money(amount),
            }
            for (period, tier, price), (wh, amount) in sorted(energy.items())
        ],
        "fees": {kind: money(amount) for kind, amount in fees.items()},
        "tax": money(bill.tax),
        "not_measured": list(bill.not_measured),
    }


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh // 1000}.{energy_wh % 1000:03}"


async def _rerate(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Rate accounts again, each in a transaction of its own; a repeated call goes on."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    numbers = accounts_meant(hass, site, call.data)
    request = RerateRequest(
        run=call.data.get("reference") or f"auto-{uuid.uuid4()}",
        since=needed_moment_of(site, call, "since"),
        until=needed_moment_of(site, call, "until"),
        reason=call.data["reason"],
        user=user,
        tariff=call.data.get("tariff"),
        dry_run=call.data["dry_run"],
    )
    answers: dict[AccountNumber, dict[str, Any]] = {}
    for number in numbers:
        rerated = await site.rerater.rerate(number, request)
        answers[AccountNumber(number)] = {
            "charges": rerated.charges,
            "changed": rerated.changed,
            "difference": exact_text(site.currency, rerated.difference),
            "tax": exact_text(site.currency, rerated.tax),
            "replayed": rerated.replayed,
        }
    return per_account(answers) | {"reference": request.run}


async def _set_special_days(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    days = call.data["days"]
    if not isinstance(days, Mapping) or not days:
        raise InvalidInputError("days_missing")
    changes: dict[date, str | None] = {
        day_of_text(day): None if kind is None else str(kind) for day, kind in days.items()
    }
    async with site.importing:
        return calendar_data(await site.special_days.set_days(call.data["calendar"], changes))


async def _import_holidays(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    return await async_import_holidays(
        site,
        HolidayRequest(
            calendar=call.data["calendar"],
            country=call.data["country"].strip().upper(),
            subdivision=call.data.get("subdivision"),
            years=tuple(sorted(set(call.data["years"]))),
            kind=call.data["type"],
            language=call.data.get("language"),
        ),
    )


ACTIONS = {
    "get_tariff": Action(_get_tariff, {vol.Required("tariff"): cv.string}, SupportsResponse.ONLY),
    "preview_tariff": Action(
        _preview_tariff,
        {**ACCOUNTS, vol.Required("tariff"): cv.string, vol.Optional("month"): cv.string},
        SupportsResponse.ONLY,
    ),
    "rerate": Action(
        _rerate,
        {
            **ACCOUNTS,
            vol.Required("since"): WRITTEN,
            vol.Required("until"): WRITTEN,
            vol.Required("reason"): cv.string,
            vol.Optional("tariff"): cv.string,
            vol.Optional("reference"): REFERENCE,
            vol.Optional("dry_run", default=False): cv.boolean,
        },
    ),
    "set_special_days": Action(
        _set_special_days,
        {vol.Required("calendar"): cv.string, vol.Required("days"): WRITTEN},
    ),
    "import_holidays": Action(
        _import_holidays,
        {
            vol.Required("calendar"): cv.string,
            vol.Required("country"): cv.string,
            vol.Optional("subdivision"): cv.string,
            vol.Required("years"): vol.All(
                cv.ensure_list, [vol.All(vol.Coerce(int), vol.Range(min=2000, max=2100))]
            ),
            vol.Optional("type", default="holiday"): cv.string,
            vol.Optional("language"): cv.string,
        },
    ),
}
