"""The energy balance: what went into feeders, what came out, and what is worth looking at."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import local_iso
from ..authority import Duty, async_require_manager
from ..balance_texts import advice_for
from ..core.balance.energy_balance import Balance, FeederHour
from ..core.balance.findings import Finding, FindingKind, NightRank
from ..core.balance.survey import Survey
from ..core.document_section import number_text
from ..core.errors import InvalidInputError
from ..core.prepayment.calendar import day_of, day_start
from ..core.tariff.percent import percent
from ..site import CompereSite
from .fields import WRITTEN, Action, day_of_text

DAYS = 7
"""Up to today, if nothing else is asked for."""

MOST_DAYS = 92
"""More at once would keep the ledger's readers waiting."""

RANKED = 20
"""So many base loads are answered, the greatest ones."""

_DAY = timedelta(days=1)


async def _get_energy_balance(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    today = day_of(site.clock.now(), site.zone)
    until = day_of_text(call.data["until"]) if "until" in call.data else today
    since = day_of_text(call.data["since"]) if "since" in call.data else until - (DAYS - 1) * _DAY
    if not 0 <= (until - since).days < MOST_DAYS:
        raise InvalidInputError("balance_days", since=str(since), until=str(until), most=MOST_DAYS)
    found = await site.hours.balance.async_survey(since, until + _DAY)
    wanted = call.data.get("feeder")
    if wanted is not None and wanted not in found.feeders:
        raise InvalidInputError("feeder_unknown", feeder=wanted)
    names = sorted(found.feeders) if wanted is None else [wanted]
    alarms = site.hours.balance.alarms()
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "feeders": {
            name: {
                **_balance(found.balance(name, site.zone)),
                "alarm_since": alarms[name].since.isoformat() if name in alarms else None,
                **_parts(site, found, name, call.data["by"]),
            }
            for name in names
        },
        "findings": [
            _finding(hass, site, one)
            for one in (*_alarms(site, until), *found.findings, *_suspects(site))
            if wanted is None or one.feeder in {"", wanted}
        ],
        "night_base_loads": [_night(site, rank) for rank in found.nights[:RANKED]],
    }


def _parts(site: CompereSite, found: Survey, name: str, by: str) -> dict[str, Any]:
    if by == "hour":
        return {"hours": [_hour(site, hour) for hour in found.feeders[name]]}
    days = found.days(name, site.zone)
    return {"days": [{"day": day.isoformat(), **_balance(days[day])} for day in sorted(days)]}


def _balance(balance: Balance) -> dict[str, Any]:
    return {
        "main_kwh": _kwh(balance.main_wh),
        "meters_kwh": _kwh(balance.sub_wh),
        "loss_kwh": _kwh(balance.loss_wh),
        "loss_percent": _percent(balance.loss_ppm),
        "expected_percent": _percent(balance.expected_ppm),
        "unexplained_kwh": _kwh(balance.unexplained_wh),
        "unexplained_percent": _percent(balance.unexplained_ppm),
        "hours_known": balance.hours,
        "hours_unknown": balance.unknown_hours,
        "hours_estimated": balance.estimated_hours,
        "meters_missing": dict(sorted(balance.missing.items())),
    }


def _hour(site: CompereSite, hour: FeederHour) -> dict[str, Any]:
    known = hour.loss_wh is not None
    return {
        "at": local_iso(site, hour.at),
        "main_kwh": _kwh(hour.main_wh) if known else None,
        "meters_kwh": _kwh(hour.sub_wh) if known else None,
        "loss_kwh": None if hour.loss_wh is None else _kwh(hour.loss_wh),
        "estimated": hour.estimated,
        "meters_missing": list(hour.missing),
    }


def _alarms(site: CompereSite, until: date) -> Iterator[Finding]:
    """Yield the alarms that stand; a time that was over before one began has none of it."""
    end = day_start(until + _DAY, site.zone)
    yield from (one for one in site.hours.balance.alarm_findings() if one.since < end)


def _suspects(site: CompereSite) -> Iterator[Finding]:
    """Yield the meters whose readings are not believed at present."""
    for serial, meter in sorted(site.book.meters.items()):
        if meter.suspicion is not None and meter.last is not None:
            yield Finding(
                kind=FindingKind.SUSPECT_REGISTER,
                since=meter.last.at,
                until=site.clock.now(),
                energy_wh=0,
                meter=serial,
                detail={"reason": meter.suspicion, "last_good_wh": meter.last.wh},
            )


def _finding(hass: HomeAssistant, site: CompereSite, finding: Finding) -> dict[str, Any]:
    meter = site.meters.get(finding.meter) if finding.meter else None
    return {
        "kind": finding.kind.value,
        "feeder": finding.feeder or None,
        "meter": finding.meter,
        "meter_name": meter.name if meter else None,
        "since": local_iso(site, finding.since),
        "until": local_iso(site, finding.until),
        "energy_kwh": _kwh(finding.energy_wh),
        **finding.detail,
        "advice": advice_for(finding.kind, hass.config.language),
    }


def _night(site: CompereSite, rank: NightRank) -> dict[str, Any]:
    meter = site.meters.get(rank.meter)
    growth = None if rank.growth is None else number_text(Decimal(rank.growth).scaleb(-3))
    return {
        "meter": rank.meter,
        "meter_name": meter.name if meter else None,
        "usual_w": rank.usual_w,
        "last_night_w": rank.base_w,
        "growth_percent": growth,
        "nights": rank.nights,
        "kwh_a_year": _kwh(rank.usual_w * 8760),
        "part_of_use_percent": _percent(rank.share_ppm),
    }


def _kwh(energy_wh: int) -> str:
    return number_text(Decimal(energy_wh).scaleb(-3))


def _percent(ppm: int | None) -> str | None:
    return None if ppm is None else number_text(percent(ppm))


ACTIONS = {
    "get_energy_balance": Action(
        _get_energy_balance,
        {
            vol.Optional("feeder"): vol.All(cv.string, vol.Strip),
            vol.Optional("since"): WRITTEN,
            vol.Optional("until"): WRITTEN,
            vol.Optional("by", default="day"): vol.In(["day", "hour"]),
        },
        SupportsResponse.ONLY,
    ),
}
