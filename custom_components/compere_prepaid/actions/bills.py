"""Bills of suppliers: what shared costs are made of."""

import asyncio
from dataclasses import asdict, replace
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import exact_text, local_iso
from ..authority import Duty, async_require_manager
from ..bill_documents import keep_document
from ..core.allocation.bill_file import read_bills
from ..core.allocation.bills import Entered, KnownBill
from ..core.documents import DocumentError
from ..core.errors import InvalidInputError
from ..core.ledger.allocation_rows import SupplierBill
from ..site import CompereSite
from .allocation import DAYS, days_of
from .fields import WRITTEN, Action, amount_of, day_of_text, watt_hours
from .site_files import read_allowed_table

_FIELDS = ("supplier", "number", "name", "amount")


async def _enter_bill(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Enter a bill, or a table of many; faults are the answer where one is asked for."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    try:
        bills = await _bills(hass, site, call, user)
    except DocumentError as error:
        if not call.return_response:
            raise
        return {"bills": [], "faults": [asdict(fault) for fault in error.faults]}
    entered = await site.bills.enter(bills)
    site.markup.look_again()
    return {"bills": [_entered(site, one) for one in entered], "faults": []}


async def _bills(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall, user: str
) -> tuple[SupplierBill, ...]:
    content, file, at = call.data.get("content"), call.data.get("file"), site.clock.now()
    given = [key for key in _FIELDS if key in call.data]
    if content is None and file is None:
        if lacking := [key for key in _FIELDS if key not in given]:
            raise InvalidInputError("bill_fields_missing", fields=", ".join(lacking))
        return (await _one_bill(hass, site, call, user),)
    if given or (content is not None and file is not None):
        raise InvalidInputError("bill_source_twice")
    if file is not None:
        content = await hass.async_add_executor_job(read_allowed_table, hass, file)
    return await asyncio.to_thread(
        read_bills,
        content or "",
        file=file or "bills",
        currency=site.currency,
        at=at,
        user=user,
    )


async def _one_bill(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall, user: str
) -> SupplierBill:
    since, until = days_of(call)
    bill = SupplierBill(
        supplier=call.data["supplier"],
        number=call.data["number"],
        name=call.data["name"],
        since=since,
        until=until,
        amount=amount_of(site, call),
        tax=amount_of(site, call, "tax"),
        energy_wh=watt_hours(call, "energy") or 0,
        fixed=call.data["fixed"],
        entered_at=site.clock.now(),
        user=user,
    )
    upload = call.data.get("document")
    # A file that was uploaded can be had once only, and what is kept no bill may name.
    if upload is None or (await site.bills.check(bill)).replayed:
        return bill
    return replace(bill, document=await hass.async_add_executor_job(keep_document, hass, upload))


async def _cancel_bill(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    row = await site.bills.cancel(
        call.data["supplier"], call.data["number"], user=user, reason=call.data["reason"]
    )
    site.markup.look_again()
    return {
        "supplier": row.supplier,
        "number": row.number,
        "revision": row.revision,
        "cancelled": local_iso(site, row.at),
    }


async def _list_bills(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    since, until = call.data.get("since"), call.data.get("until")
    known = await site.bills.listed(
        None if since is None else day_of_text(since),
        None if until is None else day_of_text(until),
        call.data.get("name"),
    )
    return {"bills": [_known(site, one) for one in known]}


def _entered(site: CompereSite, entered: Entered) -> dict[str, Any]:
    return _bill(site, entered.bill) | {"replayed": entered.replayed}


def _known(site: CompereSite, known: KnownBill) -> dict[str, Any]:
    cancelled = known.cancelled
    return _bill(site, known.bill) | {
        "cancelled": None
        if cancelled is None
        else {
            "time": local_iso(site, cancelled.at),
            "user": site.user_names.of(cancelled.user),
            "reason": cancelled.reason,
        }
    }


def _bill(site: CompereSite, bill: SupplierBill) -> dict[str, Any]:
    return {
        "supplier": bill.supplier,
        "number": bill.number,
        "revision": bill.revision,
        "name": bill.name,
        "since": bill.since.isoformat(),
        "until": bill.until.isoformat(),
        "amount": exact_text(site.currency, bill.amount),
        "tax": exact_text(site.currency, bill.tax),
        "energy_wh": bill.energy_wh,
        "fixed": bill.fixed,
        "document": bill.document,
        "entered": local_iso(site, bill.entered_at),
        "user": site.user_names.of(bill.user),
    }


_TEXT = vol.All(cv.string, vol.Strip, vol.Length(min=1, max=120))

ACTIONS = {
    "enter_bill": Action(
        _enter_bill,
        {
            vol.Optional("supplier"): _TEXT,
            vol.Optional("number"): _TEXT,
            vol.Optional("name"): _TEXT,
            **DAYS,
            vol.Optional("amount"): WRITTEN,
            vol.Optional("tax"): WRITTEN,
            vol.Optional("energy"): WRITTEN,
            vol.Optional("fixed", default=False): cv.boolean,
            vol.Optional("document"): cv.string,
            vol.Optional("content"): cv.string,
            vol.Optional("file"): cv.string,
        },
    ),
    "cancel_bill": Action(
        _cancel_bill,
        {
            vol.Required("supplier"): _TEXT,
            vol.Required("number"): _TEXT,
            vol.Required("reason"): cv.string,
        },
    ),
    "list_bills": Action(
        _list_bills,
        {
            vol.Optional("since"): WRITTEN,
            vol.Optional("until"): WRITTEN,
            vol.Optional("name"): cv.string,
        },
        SupportsResponse.ONLY,
    ),
}
