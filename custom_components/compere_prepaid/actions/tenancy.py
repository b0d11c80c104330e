"""Tenancies: moving in and out, and replacing meters."""

import json
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..authority import Duty, async_require_manager
from ..core.meters.address import kept_address
from ..core.money.amount import ZERO
from ..site import CompereSite
from ..site_moves import MoveIn, move_in, move_out, moved_away_data
from ..site_replacement import MeterChange, replace_meter
from .fields import (
    NAMES,
    ONE_ACCOUNT,
    REFERENCE,
    WRITTEN,
    Action,
    amount_of,
    moment_of,
    watt_hours,
    written,
)

FIRST = "move-in"
"""The reference of a deposit that is taken as a tenant moves in."""


async def _move_in(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    data = call.data
    deposit = data.get("deposit")
    return await move_in(
        site,
        MoveIn(
            number=data["number"],
            name=data["name"],
            meters=data["meters"],
            tariff=data["tariff"],
            policy=data["policy"],
            opening_balance=amount_of(site, call, "opening_balance"),
            deposit=ZERO if deposit is None else site.currency.parse_positive(written(deposit)),
            deposit_reference=data.get("deposit_reference", FIRST),
            user=user,
        ),
    )


async def _move_out(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    moved = await move_out(
        site,
        call.data["account"],
        user=user,
        reason=call.data.get("reason", ""),
        carry_to=call.data.get("carry_to"),
        use_last_reading=call.data["use_last_reading"],
    )
    statement = {"number": moved.statement.number, **json.loads(moved.statement.content)}
    return moved_away_data(site, moved) | {"statement": statement}


async def _replace_meter(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    return await replace_meter(
        site,
        MeterChange(
            meter=call.data["meter"],
            new_serial=call.data.get("new_serial", "").strip() or None,
            address=call.data.get("address"),
            profile=call.data.get("profile"),
            final_wh=watt_hours(call, "final_kwh"),
            start_wh=watt_hours(call, "start_kwh"),
            multiplier=call.data.get("multiplier"),
            at=moment_of(site, call, "at"),
            reason=call.data["reason"],
            user=user,
        ),
    )


ACTIONS = {
    "move_in": Action(
        _move_in,
        {
            vol.Required("number"): cv.string,
            vol.Required("name"): cv.string,
            vol.Required("meters"): NAMES,
            vol.Required("tariff"): cv.string,
            vol.Required("policy"): cv.string,
            vol.Optional("opening_balance"): WRITTEN,
            vol.Optional("deposit"): WRITTEN,
            vol.Optional("deposit_reference"): REFERENCE,
        },
    ),
    "move_out": Action(
        _move_out,
        {
            **ONE_ACCOUNT,
            vol.Optional("reason"): cv.string,
            vol.Optional("carry_to"): cv.string,
            vol.Optional("use_last_reading", default=False): cv.boolean,
        },
    ),
    "replace_meter": Action(
        _replace_meter,
        {
            vol.Required("meter"): cv.string,
            vol.Required("reason"): cv.string,
            vol.Optional("new_serial"): cv.string,
            vol.Optional("final_kwh"): WRITTEN,
            vol.Optional("start_kwh"): WRITTEN,
            vol.Optional("at"): WRITTEN,
            vol.Optional("address"): vol.All(cv.string, kept_address),
            vol.Optional("profile"): cv.string,
            vol.Optional("multiplier"): vol.All(vol.Coerce(int), vol.Range(min=1, max=10_000)),
        },
    ),
}
