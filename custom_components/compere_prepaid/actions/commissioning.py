"""Putting meters into service: finding and adding them, checking them, and the signed report."""

from decimal import Decimal
import re
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import slugify
import probatio as vol

from ..account_view import local_iso
from ..authority import Duty, async_require_manager
from ..commissioning.checking import async_check
from ..commissioning.credit_testing import async_test_stored_credit
from ..commissioning.records import moment_of_record
from ..commissioning.relay_test import async_test_relay, relay_answer
from ..commissioning.report import async_report
from ..commissioning.scanning import async_scan, bus_named, found_answer
from ..commissioning.wording import LANGUAGES, language_for, sentence
from ..core.commissioning.power_check import PHASES
from ..core.commissioning.scan import addresses_of
from ..core.commissioning.verdict import Verdict, thousandths_text
from ..core.documents import DocumentError
from ..core.errors import InvalidInputError
from ..core.ids import MeterSerial
from ..core.meters_file import in_columns, read_meters
from ..printing import async_write_page
from ..site import CompereSite
from ..site_import import import_meters
from ..site_import_rules import ImportOutcome
from .fields import NAMES, WRITTEN, Action, written
from .site_files import read_allowed_table

EVERY_ADDRESS = "1-247"
_AMPERES = re.compile(r"[0-9]{1,5}(\.[0-9]{1,3})?")


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
        rows = await hass.async_add_executor_job(lambda: read_meters(text, file=name))
        with in_columns(file=name):
            outcome = await import_meters(
                site, rows, file=name, dry_run=call.data.get("dry_run", False)
            )
    except DocumentError as error:
        if not call.return_response:
            raise
        faults = [
            {"line": fault.line, "column": fault.path, "message": fault.message}
            for fault in error.faults
        ]
        outcome = ImportOutcome(faults=faults)
    return outcome.answer()


async def _table(hass: HomeAssistant, call: ServiceCall) -> tuple[str, str]:
    """Return name and text of the table that a call gives or names."""
    content, file = call.data.get("content"), call.data.get("file")
    if content is not None and file is None:
        return "meters", content
    if file is None or content is not None:
        raise InvalidInputError("meters_missing_file")
    return file, await hass.async_add_executor_job(read_allowed_table, hass, file)


async def _check_meter(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    serial = MeterSerial(call.data["meter"])
    clamp_ma = {
        phase: milliamperes(call.data[f"clamp_{phase}"])
        for phase in PHASES
        if f"clamp_{phase}" in call.data
    }
    checked = await async_check(
        site, serial, user, clamp_ma=clamp_ma, apply=call.data.get("apply", False)
    )
    language = language_for(hass.config.language)

    def answer() -> list[dict[str, Any]]:
        return [
            {**finding.as_dict(), "text": sentence(finding, language)}
            for finding in checked.findings
        ]

    return {
        "meter": serial,
        "ok": all(finding.verdict is not Verdict.FAILED for finding in checked.findings),
        "power_scale": checked.power_scale,
        "findings": await hass.async_add_executor_job(answer),
    }


async def _test_relay(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    serial = MeterSerial(call.data["meter"])
    test, _record = await async_test_relay(
        site, serial, user, consent=call.data.get("consent", False)
    )
    return {"meter": serial, **relay_answer(test)}


async def _test_stored_credit(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    serial = MeterSerial(call.data["meter"])
    test, record = await async_test_stored_credit(
        site, serial, user, consent=call.data.get("consent", False)
    )
    return {
        "meter": serial,
        "writing": test.writing.value,
        "readings_kwh": [thousandths_text(reading) for reading in test.readings],
        "restored": test.restored,
        "tested_at": local_iso(site, moment_of_record(record)),
    }


async def _set_backstop(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    serial = MeterSerial(call.data["meter"])
    await site.backstop.async_switch(serial, on=call.data["enabled"])
    return {"meter": serial, "enabled": call.data["enabled"]}


async def _set_low_credit_display(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    serial = MeterSerial(call.data["meter"])
    await site.display.async_switch(serial, user, on=call.data["enabled"])
    return {"meter": serial, "enabled": call.data["enabled"]}


async def _commissioning_report(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    serial = MeterSerial(call.data["meter"])
    language = call.data.get("language", hass.config.language)
    html = await async_report(site, serial, language)
    answer = {"meter": serial, "content": html}
    if call.data.get("save", False):
        answer["file"] = str(await async_write_page(site, f"commissioning-{slugify(serial)}", html))
    return answer


def milliamperes(value: object) -> int:
    """Return a current that was written in A; raises `current_wrong`."""
    text = str(written(value)).strip()
    if not _AMPERES.fullmatch(text):
        raise InvalidInputError("current_wrong", current=text[:40])
    return int(Decimal(text) * 1000)


ONE_METER = {vol.Required("meter"): cv.string}

ACTIONS = {
    "check_meter": Action(
        _check_meter,
        {
            **ONE_METER,
            vol.Optional("clamp_a"): WRITTEN,
            vol.Optional("clamp_b"): WRITTEN,
            vol.Optional("clamp_c"): WRITTEN,
            vol.Optional("apply"): cv.boolean,
        },
    ),
    "test_relay": Action(_test_relay, {**ONE_METER, vol.Required("consent"): cv.boolean}),
    "test_stored_credit": Action(
        _test_stored_credit, {**ONE_METER, vol.Optional("consent"): cv.boolean}
    ),
    "set_backstop": Action(_set_backstop, {**ONE_METER, vol.Required("enabled"): cv.boolean}),
    "set_low_credit_display": Action(
        _set_low_credit_display, {**ONE_METER, vol.Required("enabled"): cv.boolean}
    ),
    "commissioning_report": Action(
        _commissioning_report,
        {
            **ONE_METER,
            vol.Optional("language"): vol.In(LANGUAGES),
            vol.Optional("save"): cv.boolean,
        },
    ),
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
