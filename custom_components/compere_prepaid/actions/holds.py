"""Holds: opening relays, and letting supply come back."""

from collections.abc import Iterable
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import AccountView
from ..action_targets import accounts_meant, meters_meant
from ..authority import Duty, async_require_manager, is_administrator
from ..core.ids import AccountNumber, MeterSerial
from ..core.ledger.records import HoldKind
from ..site import CompereSite
from .fields import ACCOUNTS, METERS, Action, per_account


async def _place_hold(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    meters = meters_meant(hass, site, call.data)
    await site.agreements.place_hold(
        meters, HoldKind(call.data["kind"]), user=user, reason=call.data.get("reason", "")
    )
    return _holds(site, meters)


async def _release_hold(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    meters = meters_meant(hass, site, call.data)
    await site.agreements.release_hold(
        meters,
        HoldKind(call.data["kind"]),
        user=user,
        administrator=await is_administrator(hass, call.context),
    )
    return _holds(site, meters)


async def _confirm_reconnect(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    numbers = accounts_meant(hass, site, call.data)
    await site.agreements.reconnect(numbers, user)
    return per_account(
        {
            AccountNumber(number): {
                "supply_state": AccountView(site, site.book.account(number)).supply_state.value
            }
            for number in numbers
        }
    )


def _holds(site: CompereSite, meters: Iterable[MeterSerial]) -> dict[str, Any]:
    return {
        "meters": {
            serial: {"holds": [kind.value for kind in site.book.meter(serial).holds]}
            for serial in meters
        }
    }


HOLD = {
    **METERS,
    vol.Required("kind"): vol.In([kind.value for kind in HoldKind]),
    vol.Optional("reason"): cv.string,
}

ACTIONS = {
    "place_hold": Action(_place_hold, HOLD),
    "release_hold": Action(_release_hold, HOLD),
    "confirm_reconnect": Action(_confirm_reconnect, ACCOUNTS),
}
