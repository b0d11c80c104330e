"""Pools and feeders: setting and ending them from a day on, and looking at all their versions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
import json
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
from ..core.document_data import document_of
from ..core.document_section import number_text
from ..core.documents import Document, DocumentError
from ..core.errors import InvalidInputError
from ..core.prepayment.calendar import day_of
from ..pool_texts import warnings
from ..site import CompereSite
from .fields import NAMES, WRITTEN, Action, day_of_text

_POOL = "pool"
_FEEDER = "feeder"


async def _set_pool(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Set a pool; faults are the answer where one is asked for, else they are the error."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)

    async def setting() -> tuple[Pool, Change | None]:
        written = await _written(hass, call.data["pool"], call.data.get("valid_from"), _POOL)
        read = lambda: pool_from(written, site.currency, file=_POOL)  # noqa: E731
        pool = await hass.async_add_executor_job(read)
        dry_run = call.data["dry_run"]
        return pool, await site.pools.set(pool, written, user=user, dry_run=dry_run)

    found = await _or_faults(site, call, setting)
    if isinstance(found, dict):
        return found
    pool, change = found
    after = pool if change is None else pool_of(change.document.content, site.currency)
    before = _before(change, lambda content: _pool(site, pool_of(content, site.currency)))
    return {
        "result": _result(change),
        "faults": [],
        "name": pool.name,
        "valid_from": after.valid_from.isoformat(),
        "revision": after.revision,
        "changes": _changes(before, _pool(site, after)) if change else {},
        "warnings": warnings(site, pool),
    }


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
        given = call.data.get("valid_from")
        written = await _written(hass, call.data["feeder"], given, _FEEDER)
        feeder = feeder_from(written, file=_FEEDER)
        if "valid_from" not in written.data:
            known = (await site.pools.histories()).feeders
            if feeder.name in known:
                feeder = replace(feeder, valid_from=day_of(site.clock.now(), site.zone))
        dry_run = call.data["dry_run"]
        return feeder, await site.pools.set_feeder(feeder, written, user=user, dry_run=dry_run)

    found = await _or_faults(site, call, setting)
    if isinstance(found, dict):
        return found
    feeder, change = found
    after = feeder if change is None else feeder_of(change.document.content)
    before = _before(change, lambda content: _plain(feeder_data(feeder_of(content))))
    return {
        "result": _result(change),
        "faults": [],
        "name": feeder.name,
        "valid_from": after.valid_from.isoformat(),
        "revision": after.revision,
        "changes": _changes(before, _plain(feeder_data(after))) if change else {},
    }


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
            _shown(name, versions, day, lambda pool: _pool(site, pool))
            | {"warnings": [one for pool in _now(versions, day) for one in warnings(site, pool)]}
            for name, versions in pools.items()
        ],
        "feeders": [
            _shown(name, versions, day, lambda feeder: _plain(feeder_data(feeder)))
            for name, versions in histories.feeders.items()
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


async def _written(hass: HomeAssistant, given: Any, valid_from: Any, file: str) -> Document:
    """Read a document in the site file's form, with the day that was given beside it."""

    def read() -> Document:
        document = document_of(given, file=file)
        if valid_from is None or not isinstance(document.data, Mapping):
            return document
        day = day_of_text(valid_from).isoformat()
        return replace(document, data={**document.data, "valid_from": day})

    return await hass.async_add_executor_job(read)


def _day(site: CompereSite, call: ServiceCall, key: str) -> date:
    """Return the day that was given, or today."""
    value = call.data.get(key)
    return day_of(site.clock.now(), site.zone) if value is None else day_of_text(value)


def _result(change: Change | None) -> str:
    return "unchanged" if change is None else "changed" if change.before else "created"


def _before(change: Change | None, data_of: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return {} if change is None or change.before is None else data_of(change.before.content)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return by key what was said before and what is said now."""
    return {
        key: {"before": before.get(key), "after": after.get(key)}
        for key in {**before, **after}
        if before.get(key) != after.get(key) and key not in ("name", "valid_from", "revision")
    }


def _pool(site: CompereSite, pool: Pool) -> dict[str, Any]:
    return _plain(pool_data(pool, site.currency))


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(data, default=number_text))
    return plain


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
