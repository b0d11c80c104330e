"""What support needs to see of a site, and nothing that says who or where.

Names of tenants, users, addresses of gateways and the ledger's place are left out. Serial numbers,
account numbers and amounts stay: without them no bill can be understood.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
import json
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .adapters.ledger_database.migrations import VERSION
from .authority import OPTION_CASHIERS
from .const import (
    CONF_ADDRESS,
    CONF_DEVICE,
    CONF_HOST,
    CONF_KIND,
    CONF_LEDGER,
    CONF_NAME,
    CONF_NOTIFY,
    CONF_PROVIDER_KEY,
    CONF_RELAY_ACCESS,
    DOMAIN,
    SUBENTRY_ACCOUNT,
    SUBENTRY_PROVIDER,
)
from .core.bus.bus import Bus
from .core.bus.dlt645 import Dlt645Request
from .core.bus.health import BusHealth
from .core.bus.requests import BusRequest, Request
from .core.errors import InvalidInputError
from .core.meters.compere_mqtt.link import MqttLink
from .core.meters.dlt645_meter import Dlt645Meter
from .core.money.amount import ZERO
from .core.policy.credit import policy_content
from .entities.balance import balance_attributes
from .ledger_place import book_kind
from .notifications.settings import CONF_CHANNELS
from .portal.settings import CONF_PUBLIC_URL, CONF_TRUSTED_PROXIES
from .runtimes import AccountRuntime, BusRuntime, MeterRuntime
from .safekeeping import async_snapshots
from .site import CompereConfigEntry, CompereSite

SECRET = frozenset(
    {
        CONF_HOST,
        CONF_DEVICE,
        CONF_LEDGER,
        CONF_NOTIFY,
        CONF_RELAY_ACCESS,
        OPTION_CASHIERS,
        CONF_CHANNELS,
        CONF_PUBLIC_URL,
        CONF_TRUSTED_PROXIES,
    }
)
"""Keys that are redacted wherever they stand."""

OF_PROVIDERS = frozenset({CONF_KIND, CONF_PROVIDER_KEY, "methods", "certificates"})
"""All that is shown of a provider's settings: most of the others are secrets."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: CompereConfigEntry
) -> dict[str, Any]:
    """Return the whole site."""
    site = entry.runtime_data
    return _without_places(
        site,
        {
            "entry": {
                "data": async_redact_data(dict(entry.data), {*SECRET, CONF_NAME}),
                "options": async_redact_data(dict(entry.options), SECRET),
                "subentries": [
                    {
                        "type": subentry.subentry_type,
                        "data": _settings(subentry),
                    }
                    for subentry in entry.subentries.values()
                ],
            },
            "ledger": await _ledger(hass, site),
            "rules": {"tariffs": site.tariff_names(), "policies": site.policy_names()},
            "buses": {bus.id: _bus(site, bus) for bus in site.buses.values()},
            "meters": {serial: _meter(site, meter) for serial, meter in site.meters.items()},
            "accounts": {
                number: _account(site, account) for number, account in site.accounts.items()
            },
            "payments": _payments(site),
            "portal": {"listens": site.portal is not None},
            "energy_balance": _energy_balance(site),
        },
    )


def _energy_balance(site: CompereSite) -> dict[str, Any]:
    """Return what feeders lose, what was found, and whether hourly registers are written."""
    written, balance = site.hours.written_at, site.hours.balance
    return {
        "hours_written_at": written.isoformat() if written else None,
        "feeders": {
            name: {
                "today": balance_attributes(runtime.coordinator.data.today),
                "yesterday": balance_attributes(runtime.coordinator.data.yesterday),
                "month": balance_attributes(runtime.coordinator.data.month),
            }
            for name, runtime in balance.feeders.items()
        },
        "alarms": {name: alarm.since.isoformat() for name, alarm in balance.alarms().items()},
        "findings": [
            {
                "kind": one.kind.value,
                "feeder": one.feeder,
                "meter": one.meter,
                "since": one.since.isoformat(),
                "energy_wh": one.energy_wh,
                **one.detail,
            }
            for one in balance.findings
        ],
    }


def _settings(subentry: ConfigSubentry) -> dict[str, Any]:
    data = dict(subentry.data)
    if subentry.subentry_type == SUBENTRY_PROVIDER:
        return {key: data[key] if key in OF_PROVIDERS else REDACTED for key in data}
    is_account = subentry.subentry_type == SUBENTRY_ACCOUNT
    return async_redact_data(data, {*SECRET, CONF_NAME} if is_account else SECRET)


def _payments(site: CompereSite) -> dict[str, Any]:
    """Return what providers can do, and where money stands."""
    standing, money = site.standing.data, site.currency.exact
    return {
        "providers": {
            key: {
                "runs": (provider := site.payments.providers.get(key)) is not None,
                "methods": sorted(provider.methods) if provider else [],
                "capabilities": sorted(provider.capabilities) if provider else [],
                "clearing": money(standing.clearing.get(key, ZERO)),
                "open_orders": standing.open_orders.get(key, 0),
            }
            for key in site.standing.providers
        },
        "count_today": site.standing.today.count,
        "suspense": money(standing.suspense),
        "unexplained": money(site.standing.unexplained),
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: CompereConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return what stands behind one device."""
    site = entry.runtime_data
    names = {name for domain, name in device.identifiers if domain == DOMAIN}
    found: dict[str, Any] = {}
    for bus in site.buses.values():
        if f"bus_{bus.id}" in names:
            found["bus"] = _bus(site, bus)
    for meter in site.meters.values():
        if meter.serial in names:
            found["meter"] = _meter(site, meter)
            found["bus"] = _bus(site, meter.bus)
    for account in site.accounts.values():
        if f"account_{account.number}" in names:
            found["account"] = _account(site, account)
            found["meters"] = {
                serial: _meter(site, site.meters[serial])
                for serial in account.coordinator.data.meters
                if serial in site.meters
            }
    return _without_places(site, found)


async def _ledger(hass: HomeAssistant, site: CompereSite) -> dict[str, Any]:
    """Return how the ledger is kept, and when it was last found good."""
    found = site.verification
    try:
        days = [one.day.isoformat() for one in await async_snapshots(hass, site.entry)]
    except InvalidInputError:  # on a server, which has backups of its own
        days = []
    return {
        "engine": site.ledger.engine_version,
        "schema_version": VERSION,
        "kind": book_kind(site.entry),
        "refusal": str(site.ledger.refusal) if site.ledger.refusal else None,
        "frozen": site.controller.frozen,
        "waiting_to_close": len(site.controller.closings),
        "restored": site.book.restored or None,
        "verified_at": site.verified_at,
        "ok": found.ok if found else None,
        "transfers": found.transfers if found else None,
        "charged_wh": found.charged_wh if found else None,
        "register_wh": found.register_wh if found else None,
        "faults": list(found.faults) if found else None,
        "hints": list(found.hints) if found else None,
        "snapshots": len(days),
        "last_snapshot": days[-1] if days else None,
    }


def _bus(site: CompereSite, runtime: BusRuntime) -> dict[str, Any]:
    health = runtime.bus.health
    now = site.clock.monotonic()
    return {
        "settings": async_redact_data(asdict(runtime.bus.settings), SECRET),
        "health": {
            item.name: getattr(health, item.name)
            for item in fields(BusHealth)
            if isinstance(getattr(health, item.name), bool | int | float | str)
        },
        "slowest_answer_s": _slowest_answer_s(runtime.bus),
        "utilisation": health.utilisation(now),
        "success_rate": health.success_rate(now),
        "sweep_s": runtime.poller.sweep_s,
    }


def _slowest_answer_s(line: Bus | MqttLink) -> float | None:
    """Return how long the slowest meter thinks; behind a broker nobody is asked regularly."""
    return line.patience.slowest_s if isinstance(line, Bus) else None


def _meter(site: CompereSite, runtime: MeterRuntime) -> dict[str, Any]:
    reading = runtime.coordinator.data
    charged = site.book.meters.get(runtime.serial)
    demand = site.controller.demanded(runtime.serial)
    profile = runtime.device.profile
    return {
        "profile": profile.name,
        "unverified": list(profile.unverified()),
        "online": runtime.coordinator.online,
        "health": _health(runtime),
        "reading": asdict(reading) if reading else None,
        "charging": None
        if charged is None
        else {
            "account": charged.account,
            "mark": asdict(charged.mark) if charged.mark else None,
            "last": asdict(charged.last) if charged.last else None,
            "pending": [line._asdict() for line in charged.pending],
            "suspicion": charged.suspicion,
            "holds": list(charged.holds),
            "max_power_w": charged.max_power_w,
            "multiplier": charged.multiplier,
            "modulus_wh": charged.modulus_wh,
        },
        "demand": asdict(demand) if demand else None,
        "answers": _answers(runtime),
        "backstop": [
            asdict(write) for write in site.backstop.writes if write.meter == runtime.serial
        ],
    }


def _answers(runtime: MeterRuntime) -> list[dict[str, Any]]:
    """Return what a meter answered last to each question, as it came over the wire.

    It holds what a profile has to make sense of, so a reading can be made again from it.
    """
    line = runtime.bus.bus
    if not isinstance(line, Bus):
        return []
    unit = runtime.data[CONF_ADDRESS]
    if isinstance(runtime.device, Dlt645Meter):
        unit = runtime.device.unit
    return [_answer(request, values) for request, values in line.last_answers(unit)]


def _answer(request: BusRequest, values: tuple[int, ...]) -> dict[str, Any]:
    """Return a question and its answer; only questions that read are here, none with a password."""
    if isinstance(request, Dlt645Request):
        return {
            "control": request.control.name.lower(),
            "identifier": request.data[3::-1].hex().upper(),
            "has_more": bool(values[0]),
            "data": bytes(values[1:]).hex(" ").upper(),
        }
    if isinstance(request, Request):
        return {
            "function": request.function.name.lower(),
            "address": request.address,
            "count": request.count,
            "values": list(values),
        }
    raise TypeError(f"no line carries {request!r}")


def _health(runtime: MeterRuntime) -> dict[str, Any] | None:
    try:
        health = runtime.bus.poller.health(runtime.serial)
    except InvalidInputError:
        return None
    return {
        "success_rate": health.success_rate,
        "answer_time_s": health.answer_time_s,
        "last_answer_at": health.last_answer_at,
        "failures": health.failures,
        "last_error": health.last_error,
        "backoff_until": health.backoff_until,
    }


def _account(site: CompereSite, runtime: AccountRuntime) -> dict[str, Any]:
    state = runtime.coordinator.data
    rules = json.loads(policy_content(state.policy, site.currency))
    return {
        "tariff": state.tariff,
        "policy": {"name": state.policy.name, **rules},
        "credit_limit": state.credit_limit,
        "owner": state.owner,
        "fund": state.fund,
        "service_fund": state.service_fund,
        "emergency": state.tenancy.emergency,
        "charged_through": state.tenancy.charged_through,
        "closed_through": state.tenancy.closed_through,
        "accrued": state.accrued,
        "announced": state.announced,
        "charged_since": state.spending.since,
        "spending": {day.isoformat(): sum_ for day, sum_ in sorted(state.spending.days.items())},
        "month": asdict(state.month),
        "posted_at": state.posted_at,
        "meters": list(state.meters),
    }


def _without_places(site: CompereSite, data: Mapping[str, Any]) -> dict[str, Any]:
    """Make everything plain JSON, and take the lines' addresses out of every text."""
    places = sorted(
        {place for bus in site.buses.values() for place in bus.bus.settings.places if place},
        key=len,
        reverse=True,
    )

    def plain(value: Any) -> Any:
        match value:
            case Mapping():
                return {str(key): plain(item) for key, item in value.items()}
            case list() | tuple():
                return [plain(item) for item in value]
            case None | bool() | int() | float():
                return value
            case datetime():
                return value.isoformat()
        text = str(value)
        for place in places:
            text = text.replace(place, REDACTED)
        return text

    return {str(key): plain(item) for key, item in data.items()}
