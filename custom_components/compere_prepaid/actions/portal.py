"""What lets tenants into their page: meters' codes and labels, PINs, and links of staff."""

from collections.abc import Mapping
import logging
import secrets
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import local_iso
from ..action_targets import meters_meant
from ..authority import Duty, async_require_manager, user_name
from ..core.access.meter_reference import reference_of
from ..core.errors import InvalidInputError
from ..core.ids import MeterSerial
from ..labels.printing import LANGUAGES, Label, Layout, label_page
from ..portal.settings import PortalSettings
from ..printing import async_write_page
from ..site import CompereSite
from .fields import METERS, ONE_ACCOUNT, Action

_LOGGER = logging.getLogger(__name__)
"""Who let somebody see a tenant's papers is a warning: Home Assistant keeps no less by default."""

PIN_DIGITS = 6


async def _print_meter_labels(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Print the labels of the meters that are meant, of all if nothing is said."""
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    address = _address(site)
    is_targeted = any(call.data.get(str(key)) for key in METERS)
    serials = meters_meant(hass, site, call.data) if is_targeted else list(site.meters)
    labels, skipped = [], []
    for serial in serials:
        if (label := await _label(site, serial, address)) is None:
            skipped.append(serial)
        else:
            labels.append(label)
    languages = call.data.get("languages") or _languages(hass.config.language)
    html = await hass.async_add_executor_job(
        lambda: label_page(
            labels,
            site=site.name,
            address=address,
            layout=call.data["layout"],
            languages=languages,
        )
    )
    answer: dict[str, Any] = {
        "labels": [
            {"meter": one.serial, "name": one.name, "reference": one.reference, "url": one.url}
            for one in labels
        ],
        "without_account": skipped,
        "content": html,
    }
    if call.data.get("save"):
        answer["file"] = str(await async_write_page(site, "meter-labels", html))
    return answer


async def _label(site: CompereSite, serial: MeterSerial, address: str) -> Label | None:
    """Return a meter's label; None while it supplies nobody, for then its code opens nothing."""
    account = site.book.meter(serial).account
    if account is None:
        return None
    reference = reference_of(serial)
    tag = await site.access.tags.tag(serial, account)
    name = site.meters[serial].name if serial in site.meters else serial
    return Label(
        serial=serial, name=name, reference=reference, url=f"{address}/m/{reference}#{tag}"
    )


async def _rotate_meter_token(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    renewed = {}
    for serial in meters_meant(hass, site, call.data):
        token = await site.access.tags.renew(serial, user)
        renewed[serial] = {"rotation": token.rotation, "at": local_iso(site, token.at)}
    return {"meters": renewed}


async def _set_portal_pin(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Set a PIN that was given, or make one, which only this answer tells; empty takes it away."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    account = site.book.account(call.data["account"]).number
    given: str | None = call.data.get("pin")
    if given is None and not call.return_response:
        raise InvalidInputError("pin_not_told", account=account)
    made = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}" if given is None else ""
    await site.access.pins.set(account, made if given is None else given)
    what = "taken away" if given == "" else "set"
    name = await user_name(hass, user)
    _LOGGER.warning("The PIN of account %s was %s by %s", account, what, name)
    answer: dict[str, Any] = {"account": account, "has_pin": given != ""}
    return answer | ({"pin": made} if made else {})


async def _issue_portal_link(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Give out a link that opens a tenant's papers: once, and soon."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    account = site.book.account(call.data["account"]).number
    if site.portal is None:
        raise InvalidInputError("portal_off")
    address = _address(site)
    token, until = site.access.links.issue(account)
    _LOGGER.warning("%s gave out a link for account %s", await user_name(hass, user), account)
    return {
        "account": account,
        "url": f"{address}/l#{token}",
        "expires_at": local_iso(site, until),
    }


def _address(site: CompereSite) -> str:
    """Return where phones reach the page; raises `portal_without_address`."""
    if not (address := PortalSettings.of(site.entry.options).public_url):
        raise InvalidInputError("portal_without_address")
    return address


def _languages(own: str) -> list[str]:
    """Return Home Assistant's language, as far as labels speak it, and English."""
    spoken: Mapping[str, str] = {each.partition("-")[0]: each for each in LANGUAGES}
    return list(dict.fromkeys([spoken.get(own.partition("-")[0], "en"), "en"]))


ACTIONS = {
    "print_meter_labels": Action(
        _print_meter_labels,
        {
            **METERS,
            vol.Optional("layout", default=Layout.SHEET): vol.Coerce(Layout),
            vol.Optional("languages"): vol.All(cv.ensure_list, [vol.In(LANGUAGES)]),
            vol.Optional("save"): cv.boolean,
        },
    ),
    "rotate_meter_token": Action(_rotate_meter_token, METERS),
    "set_portal_pin": Action(_set_portal_pin, {**ONE_ACCOUNT, vol.Optional("pin"): cv.string}),
    "issue_portal_link": Action(_issue_portal_link, ONE_ACCOUNT, SupportsResponse.ONLY),
}
