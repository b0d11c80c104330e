"""Checks of one meter of a running site, by a fresh reading of everything that it tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..const import CONF_BREAKER, CONF_MULTIPLIER, CONF_POWER_SCALE
from ..core.bus.requests import RefusedError
from ..core.bus.scheduler import RequestClass
from ..core.commissioning.meter_check import (
    check_clock,
    check_forced_state,
    check_mode,
    check_tariff_sum,
)
from ..core.commissioning.power_check import (
    check_directions,
    check_power_unit,
    check_transformers,
    check_voltages,
)
from ..core.commissioning.verdict import Finding, Verdict
from ..core.errors import InvalidInputError
from ..core.ids import MeterSerial
from ..core.metering.reading import MeterReading
from ..core.meters.modbus_meter import ModbusMeter
from ..runtimes import MeterRuntime
from .records import Record, RecordKind, async_keep

if TYPE_CHECKING:
    from ..site import CompereSite


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the checks of a meter found."""

    record: Record
    findings: tuple[Finding, ...]
    power_scale: int
    """What powers are multiplied by from now on."""


def runtime_of(site: CompereSite, serial: MeterSerial) -> MeterRuntime:
    """Return a running meter. Raises `InvalidInputError` (`meter_unknown`)."""
    runtime = site.meters.get(serial)
    if runtime is None:
        raise InvalidInputError("meter_unknown", meter=serial)
    return runtime


async def async_check(
    site: CompereSite,
    serial: MeterSerial,
    user: str,
    *,
    clamp_ma: Mapping[str, int],
    apply: bool,
) -> Checked:
    """Read a meter, check all that it told, and write down what was found.

    `clamp_ma` are the currents that a clamp meter showed, by phase. With `apply` the unit of powers
    that was found is put into force. Raises `BusError`, `OtherMeterError`, `meter_unknown`.
    """
    runtime = runtime_of(site, serial)
    reading = await runtime.bus.poller.read_now(serial)
    scale = int(runtime.data.get(CONF_POWER_SCALE) or 1)
    unit, wanted = check_power_unit(reading.values, scale)
    findings = (
        unit,
        check_voltages(reading.values, runtime.device.profile.phases),
        check_directions(reading.values),
        check_transformers(
            reading.values,
            clamp_ma,
            multiplier=int(runtime.data.get(CONF_MULTIPLIER) or 1),
            breaker_a=int(runtime.data[CONF_BREAKER]),
        ),
        check_tariff_sum(reading.values),
        *await _settings_findings(site, runtime),
    )
    if apply and wanted is not None and wanted != scale:
        await _async_set_scale(site, runtime, wanted)
        scale = wanted
    record = await async_keep(
        site,
        RecordKind.CHECKS,
        serial,
        user,
        {
            "findings": [finding.as_dict() for finding in findings],
            "values": _told(reading),
            "power_scale": scale,
        },
    )
    return Checked(record=record, findings=findings, power_scale=scale)


async def _settings_findings(site: CompereSite, runtime: MeterRuntime) -> list[Finding]:
    """Check the meter's clock and who commands its relay, where its model tells where they are."""
    device = runtime.device
    findings: list[Finding] = []
    if not isinstance(device, ModbusMeter):
        return findings
    for mode in device.profile.relay.requires if device.profile.relay else ():
        words = await _words(device, mode.address, 1)
        findings.append(check_mode(words[0], mode) if words else _not_told("control_mode"))
    if (forced := device.profile.forced_state) is not None:
        words = await _words(device, forced.address, 2)
        findings.append(
            check_forced_state(words[0], words[1], forced) if words else _not_told("forced_state")
        )
    if (address := device.profile.clock_address) is not None:
        words = await _words(device, address, 3)
        now = site.clock.now().astimezone(site.zone)
        findings.append(check_clock(words, now) if words else _not_told("clock"))
    return findings


async def _words(device: ModbusMeter, address: int, count: int) -> tuple[int, ...]:
    """Read settings; none where the meter says that it has none."""
    try:
        return await device.read_registers(address, count, RequestClass.DUE)
    except RefusedError:
        return ()


def _not_told(check: str) -> Finding:
    return Finding(check=check, verdict=Verdict.UNKNOWN, finding="setting_refused")


def _told(reading: MeterReading) -> dict[str, Any]:
    """Return all values of a reading: energies in Wh, others in thousandths."""
    return {quantity.value: value for quantity, value in sorted(reading.values.items())}


async def _async_set_scale(site: CompereSite, runtime: MeterRuntime, scale: int) -> None:
    await async_change_meter(site, runtime, {CONF_POWER_SCALE: scale if scale > 1 else None})


async def async_change_meter(
    site: CompereSite, runtime: MeterRuntime, changes: Mapping[str, Any]
) -> None:
    """Change what is kept of a meter, and wait until it runs so; None takes a key away."""
    subentry = site.entry.subentries[runtime.subentry_id]
    data = {**subentry.data, **changes}
    data = {key: value for key, value in data.items() if key not in changes or value is not None}
    site.hass.config_entries.async_update_subentry(
        site.entry, subentry, data=MappingProxyType(data)
    )
    await site.async_apply_subentries()
