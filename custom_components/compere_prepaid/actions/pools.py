"""Pools and feeders: setting and ending them from a day on, and looking at all their versions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..authority import Duty, async_require_manager
from ..core.allocation.document import pool_data, pool_from, pool_of
from ..core.allocation.pool import Pool
from ..core.allocation.pools import Change
from ..core.allocation.premises import Premises
from ..core.balance.feeders import Feeder, feeder_data, feeder_from, feeder_of
from ..core.document_section import number_text
from ..core.documents import Document, DocumentError
from ..core.errors import InvalidInputError
from ..core.prepayment.calendar import day_of
from ..pool_texts import warnings
from ..site import CompereSite
from .fields import NAMES, WRITTEN, Action, answer_of, day_of_text, document_given

_POOL = "pool"
_FEEDER = "feeder"


async def _set_pool(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Set a pool; faults are the answer where one is asked for, else they are the error."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)

    async def setting() -> tuple[Pool, Change | None]:
        read = partial(pool_from, currency=site.currency, file=_POOL)
        written, pool = await _read(hass, call, _POOL, read)
        dry_run = call.data["dry_run"]
        return pool, await site.pools.set(pool, written, user=user, dry_run=dry_run)

    found = await _or_faults(site, call, setting)
    if isinstance(found, dict):
        return found
    pool, change = found
    answer = _answer(pool, change, lambda text: pool_of(text, site.currency), partial(_pool, site))
    return answer | {"warnings": warnings(site, pool)}


async def _end_pool(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Let there be no such pool from a day on."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    day = _day(site, call, "valid_from")

    async def ending() -> Change | None:
        name, dry_run = call.data["pool"], call.data["dry_run"]
        return await site.pools.end(name, day, user=user, dry_run=dry_run)

    change = await _or_faults(site, call, ending)
    if isinstance(change, dict):
        return change
    return {
        "result": "unchanged" if change is None else "ended",
        "faults": [],
        "name": call.data["pool"],
        "valid_from": day.isoformat(),
    }


async def _set_feeder(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Set a feeder; without a day the first version holds always, and a change from today on."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)

    async def setting() -> tuple[Feeder, Change | None]:
        read = partial(feeder_from, file=_FEEDER)
        written, feeder = await _read(hass, call, _FEEDER, read)
        if "valid_from" not in written.data:
            known = (await site.pools.histories()).feeders
            if feeder.name in known:
                feeder = replace(feeder, valid_from=day_of(site.clock.now(), site.zone))
        dry_run = call.data["dry_run"]
        return feeder, await site.pools.set_feeder(feeder, written, user=user, dry_run=dry_run)

    found = await _or_faults(site, call, setting)
    if isinstance(found, dict):
        return found
    return _answer(*found, feeder_of, _feeder)


async def _get_pools(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Answer with the pools and feeders as of a day, and all their versions."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    day = _day(site, call, "on")
    histories = await site.pools.histories()
    pools = histories.pools
    if (wanted := call.data.get("pool")) is not None:
        if wanted not in pools:
            raise InvalidInputError("pool_unknown", pool=wanted, pools=", ".join(pools) or "-")
        pools = {wanted: pools[wanted]}
    return {
        "on": day.isoformat(),
        "currency": site.currency.code,
        "pools": [
            _shown(name, versions, day, partial(_pool, site))
            | {"warnings": [one for pool in _now(versions, day) for one in warnings(site, pool)]}
            for name, versions in pools.items()
        ],
        "feeders": [
            _shown(name, versions, day, _feeder) for name, versions in histories.feeders.items()
        ],
    }


async def _correct_premises(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Let units have been since a day what they are now: what was configured then was wrong."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    since, today = day_of_text(call.data["since"]), day_of(site.clock.now(), site.zone)
    if since > today:
        raise InvalidInputError("day_to_come", day=since)
    accounts = [site.book.account(number).number for number in call.data.get("account", ())]
    meters = {site.book.meter(serial).serial: None for serial in call.data.get("meter", ())}
    for number in accounts:
        meters |= dict.fromkeys(site.book.account(number).meters)
    if not accounts and not meters:
        raise InvalidInputError("target_empty")
    found = await site.premises.async_correct(meters, accounts, since, user)
    return {
        "since": since.isoformat(),
        "corrected": {unit: _premises(premises) for unit, premises in sorted(found.items())},
    }


def _premises(premises: Premises) -> dict[str, Any]:
    """Return what a unit is as people write it, without what is not known."""
    data = {
        "area": premises.area,
        "floor": premises.floor,
        "labels": sorted(premises.labels),
        "floor_area": number_text(Decimal(premises.floor_area).scaleb(-3)),
        "rated_power": number_text(Decimal(premises.rated_power).scaleb(-3)),
        "persons": premises.persons,
        "opening_hours": number_text(round(Decimal(premises.opening_minutes) / 60, 2)),
    }
    return {key: value for key, value in data.items() if value not in ("", "0", 0, [])}


def _now[T: (Pool, Feeder)](versions: Sequence[tuple[T, str]], day: date) -> list[T]:
    """Return the version that holds on a day, if there is one and it is no end."""
    begun = [one for one, _ in versions if one.valid_from <= day][-1:]
    return [one for one in begun if not one.ended]


def _shown[T: (Pool, Feeder)](
    name: str, versions: Sequence[tuple[T, str]], day: date, data_of: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    begun = [one for one, _ in versions if one.valid_from <= day]
    shown = [
        {
            "valid_from": one.valid_from.isoformat(),
            "revision": one.revision,
            "status": "to_come" if one not in begun else "in_force" if one is begun[-1] else "past",
            "user": user,
            "content": data_of(one),
        }
        for one, user in versions
    ]
    now = _now(versions, day)
    return {"name": name, "content": data_of(now[0]) if now else None, "versions": shown}


async def _read[T](
    hass: HomeAssistant, call: ServiceCall, key: str, read: Callable[[Document], T]
) -> tuple[Document, T]:
    """Return what was written in a field, and what is read from it."""

    def work() -> tuple[Document, T]:
        written = document_given(call.data[key], call.data.get("valid_from"), file=key)
        return written, read(written)

    return await hass.async_add_executor_job(work)


async def _or_faults[T](
    site: CompereSite, call: ServiceCall, work: Callable[[], Awaitable[T]]
) -> T | dict[str, Any]:
    """Do something; faults are the answer where one is asked for, else they are the error."""
    try:
        async with site.importing:
            return await work()
    except DocumentError as error:
        if not call.return_response:
            raise
        return {"result": "refused", "faults": [asdict(fault) for fault in error.faults]}


def _day(site: CompereSite, call: ServiceCall, key: str) -> date:
    """Return the day that was given, or today."""
    value = call.data.get(key)
    return day_of(site.clock.now(), site.zone) if value is None else day_of_text(value)


def _answer[T: (Pool, Feeder)](
    one: T, change: Change | None, read: Callable[[str], T], data_of: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    """Return what setting a version came to."""
    after = one if change is None else read(change.document.content)
    before = None if change is None or change.before is None else read(change.before.content)
    return {
        "result": "unchanged" if change is None else "changed" if before else "created",
        "faults": [],
        "name": one.name,
        "valid_from": after.valid_from.isoformat(),
        "revision": after.revision,
        "changes": {}
        if change is None
        else _changes({} if before is None else data_of(before), data_of(after)),
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return by key what was said before and what is said now."""
    return {
        key: {"before": before.get(key), "after": after.get(key)}
        for key in {**before, **after}
        if before.get(key) != after.get(key) and key not in ("name", "valid_from", "revision")
    }


def _pool(site: CompereSite, pool: Pool) -> dict[str, Any]:
    return answer_of(pool_data(pool, site.currency))


def _feeder(feeder: Feeder) -> dict[str, Any]:
    return answer_of(feeder_data(feeder))


_DAY = {vol.Optional("valid_from"): WRITTEN, vol.Optional("dry_run", default=False): cv.boolean}

ACTIONS = {
    "set_pool": Action(_set_pool, {vol.Required("pool"): WRITTEN, **_DAY}),
    "end_pool": Action(_end_pool, {vol.Required("pool"): cv.string, **_DAY}),
    "set_feeder": Action(_set_feeder, {vol.Required("feeder"): WRITTEN, **_DAY}),
    "correct_premises": Action(
        _correct_premises,
        {
            vol.Required("since"): WRITTEN,
            vol.Optional("meter"): NAMES,
            vol.Optional("account"): NAMES,
        },
    ),
    "get_pools": Action(
        _get_pools,
        {vol.Optional("pool"): cv.string, vol.Optional("on"): WRITTEN},
        SupportsResponse.ONLY,
    ),
}
