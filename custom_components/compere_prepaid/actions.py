"""The actions of the domain: money, holds, readings, the site file and the ledger's check.

Every action answers with data. Money and holds are for managers; what a person did is recorded in
their name. Errors are translated and leave everything as it was.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any
import uuid

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
import probatio as vol

from .account_view import AccountView, local_iso
from .action_errors import translated_errors
from .action_targets import accounts_meant, meters_meant
from .authority import Duty, async_require_manager, is_administrator
from .const import DOMAIN
from .core.documents import DocumentError
from .core.errors import InvalidInputError, LedgerReadOnlyError
from .core.ledger.accounts import Fund
from .core.ledger.records import HoldKind
from .site import CompereSite
from .site_export import export_site
from .site_import import ImportOutcome, import_site

type Handler = Callable[[HomeAssistant, CompereSite, ServiceCall], Awaitable[dict[str, Any]]]

ENTRY = {vol.Optional("config_entry_id"): cv.string}
TARGET = cv.TARGET_FIELDS
ACCOUNTS = vol.All(cv.ensure_list, [cv.string])
AMOUNT = object
"""Money as people and automations write it; `_money` reads it, so that a refusal is translated."""

REFERENCE = vol.All(cv.string, vol.Strip, vol.Length(min=1, max=64))


async def _top_up(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    numbers = accounts_meant(hass, site, call.data)
    results = await site.cashier.top_up(
        numbers,
        site.currency.parse_positive(_money(call.data["amount"])),
        reference=call.data.get("reference") or f"auto-{uuid.uuid4()}",
        fund=Fund(call.data.get("fund", Fund.ELECTRICITY)),
        user=user,
    )
    return {
        "accounts": {
            number: {
                "transfer": credited.transfer,
                "balance": f"{site.currency.rounded_down(credited.balance):f}",
                "receipt": credited.receipt,
                "replayed": credited.replayed,
            }
            for number, credited in results.items()
        }
    }


async def _adjust_balance(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    credited = await site.cashier.adjust(
        call.data["account"],
        site.currency.parse(_money(call.data["amount"])),
        reason=call.data["reason"],
        reference=call.data.get("reference") or f"auto-{uuid.uuid4()}",
        user=user,
    )
    return {
        "transfer": credited.transfer,
        "balance": f"{site.currency.rounded_down(credited.balance):f}",
        "receipt": credited.receipt,
        "replayed": credited.replayed,
    }


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


def _holds(site: CompereSite, meters: list[Any]) -> dict[str, Any]:
    return {
        "meters": {
            serial: {"holds": [kind.value for kind in site.book.meter(serial).holds]}
            for serial in meters
        }
    }


async def _get_account(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    return AccountView(site, site.book.account(call.data["account"])).as_dict()


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


async def _verify_ledger(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    found = await site.async_verify()
    return {
        "ok": found.ok,
        "transfers": found.transfers,
        "charged_wh": found.charged_wh,
        "register_wh": found.register_wh,
        "faults": list(found.faults),
    }


async def _import_site(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Import; faults are the answer where one is asked for, else they are the error."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    name, text = await _site_file(hass, call)
    try:
        outcome = await import_site(
            site, text, file=name, user=user, dry_run=call.data.get("dry_run", False)
        )
    except DocumentError as error:
        if not call.return_response:
            raise
        outcome = ImportOutcome(faults=[asdict(fault) for fault in error.faults])
    return asdict(outcome)


async def _export_site(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    return {"content": export_site(site)}


async def _site_file(hass: HomeAssistant, call: ServiceCall) -> tuple[str, str]:
    """Return name and text of the site file that a call gives or names."""
    content, file = call.data.get("content"), call.data.get("file")
    if content is not None and file is None:
        return "site file", content
    if file is None or content is not None:
        raise InvalidInputError("site_file_missing")
    return file, await hass.async_add_executor_job(_read_file, hass, file)


def _read_file(hass: HomeAssistant, file: str) -> str:
    """Read a file of the configuration folder, or of another that Home Assistant allows."""
    path = Path(hass.config.path(file)).resolve()
    folder = Path(hass.config.config_dir).resolve()
    if not path.is_relative_to(folder) and not hass.config.is_allowed_path(str(path)):
        raise InvalidInputError("file_not_allowed", file=file)
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError("file_unreadable", file=file, error=error) from error


def _money(value: object) -> str | int:
    """Return what was written, exactly: JSON's 0.1 means a tenth. What is no number stays text."""
    if isinstance(value, float):
        return repr(value)
    return value if isinstance(value, str | int) else str(value)


ACTIONS: dict[str, tuple[Handler, dict[Any, Any], SupportsResponse]] = {
    "top_up": (
        _top_up,
        {
            vol.Optional("account"): ACCOUNTS,
            **TARGET,
            vol.Required("amount"): AMOUNT,
            vol.Optional("reference"): REFERENCE,
            vol.Optional("fund"): vol.In([fund.value for fund in Fund]),
        },
        SupportsResponse.OPTIONAL,
    ),
    "adjust_balance": (
        _adjust_balance,
        {
            vol.Required("account"): cv.string,
            vol.Required("amount"): AMOUNT,
            vol.Required("reason"): cv.string,
            vol.Optional("reference"): REFERENCE,
        },
        SupportsResponse.OPTIONAL,
    ),
    **{
        name: (
            handler,
            {
                vol.Optional("account"): ACCOUNTS,
                vol.Optional("meter"): ACCOUNTS,
                **TARGET,
                vol.Required("kind"): vol.In([kind.value for kind in HoldKind]),
                vol.Optional("reason"): cv.string,
            },
            SupportsResponse.OPTIONAL,
        )
        for name, handler in (("place_hold", _place_hold), ("release_hold", _release_hold))
    },
    "get_account": (_get_account, {vol.Required("account"): cv.string}, SupportsResponse.ONLY),
    "read_now": (
        _read_now,
        {vol.Optional("account"): ACCOUNTS, vol.Optional("meter"): ACCOUNTS, **TARGET},
        SupportsResponse.OPTIONAL,
    ),
    "verify_ledger": (_verify_ledger, {}, SupportsResponse.ONLY),
    "import_site": (
        _import_site,
        {
            vol.Optional("content"): cv.string,
            vol.Optional("file"): cv.string,
            vol.Optional("dry_run"): cv.boolean,
        },
        SupportsResponse.OPTIONAL,
    ),
    "export_site": (_export_site, {}, SupportsResponse.ONLY),
}


def async_register_actions(hass: HomeAssistant) -> None:
    """Register the domain's actions, whatever sites there are."""
    for name, (handler, fields, response) in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            _handled(hass, handler),
            schema=vol.Schema({**ENTRY, **fields}),
            supports_response=response,
        )


def _handled(
    hass: HomeAssistant, handler: Handler
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        """Find the site, then act; errors leave translated."""
        entry = async_get_config_entry(hass, DOMAIN, call.data.get("config_entry_id"))
        site: CompereSite = entry.runtime_data
        with translated_errors():
            try:
                return await handler(hass, site, call)
            except LedgerReadOnlyError:
                site.tell_refusal()
                raise

    return handle
