"""Looking: an account as it stands, and meters read at once."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse

from ..account_view import AccountView, local_iso
from ..action_targets import meters_meant
from ..site import CompereSite
from .fields import METERS, ONE_ACCOUNT, Action


async def _get_account(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    return await AccountView(site, site.book.account(call.data["account"])).answer()


async def _read_now(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for serial in meters_meant(hass, site, call.data):
        reading = await site.meters[serial].bus.poller.read_now(serial)
        answers[serial] = {
            "energy_wh": reading.energy_wh,
            "power_w": None if reading.power_mw is None else reading.power_mw // 1000,
            "relay": {True: "closed", False: "open", None: "unknown"}[reading.relay_closed],
            "read_at": local_iso(site, reading.at),
        }
    return {"meters": answers}


ACTIONS = {
    "get_account": Action(_get_account, ONE_ACCOUNT, SupportsResponse.ONLY),
    "read_now": Action(_read_now, METERS),
}
