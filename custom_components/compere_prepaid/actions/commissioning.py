"""Putting meters into service: looking for them on a line, and adding them from a table."""

from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..authority import Duty, async_require_manager
from ..commissioning.scanning import async_scan, bus_named, found_answer
from ..core.commissioning.scan import addresses_of
from ..core.documents import DocumentError
from ..core.errors import InvalidInputError
from ..core.meters_file import decode_meters, in_columns, read_meters
from ..site import CompereSite
from ..site_import import import_meters
from ..site_import_rules import ImportOutcome
from .fields import NAMES, Action
from .site_files import read_allowed_file

EVERY_ADDRESS = "1-247"


async def _scan_bus(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    bus = bus_named(site, call.data["bus"])
    found = await async_scan(
        site,
        bus,
        addresses_of(call.data.get("addresses", EVERY_ADDRESS)),
        profiles=call.data.get("profiles", ()),
        is_patient=call.data.get("patient", False),
    )
    return {"bus": bus.name, "found": [found_answer(site, one) for one in found]}


async def _import_meters(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Import; faults are the answer where one is asked for, else they are the error."""
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    name, text = await _table(hass, call)
    try:
        try:
            rows = await hass.async_add_executor_job(lambda: read_meters(text, file=name))
            outcome = await import_meters(
                site, rows, file=name, dry_run=call.data.get("dry_run", False)
            )
        except DocumentError as error:
            raise in_columns(error, name) from error
    except DocumentError as error:
        if not call.return_response:
            raise
        faults = [
            {"line": fault.line, "column": fault.path, "message": fault.message}
            for fault in error.faults
        ]
        outcome = ImportOutcome(faults=faults)
    return asdict(outcome)


async def _table(hass: HomeAssistant, call: ServiceCall) -> tuple[str, str]:
    """Return name and text of the table that a call gives or names."""
    content, file = call.data.get("content"), call.data.get("file")
    if content is not None and file is None:
        return "meters", content
    if file is None or content is not None:
        raise InvalidInputError("meters_missing_file")
    raw = await hass.async_add_executor_job(read_allowed_file, hass, file)
    return file, decode_meters(raw, file=file)


ACTIONS = {
    "scan_bus": Action(
        _scan_bus,
        {
            vol.Required("bus"): cv.string,
            vol.Optional("addresses"): cv.string,
            vol.Optional("profiles"): NAMES,
            vol.Optional("patient"): cv.boolean,
        },
        SupportsResponse.ONLY,
    ),
    "import_meters": Action(
        _import_meters,
        {
            vol.Optional("content"): cv.string,
            vol.Optional("file"): cv.string,
            vol.Optional("dry_run"): cv.boolean,
        },
    ),
}
