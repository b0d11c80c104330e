"""A real site in Home Assistant over simulated meters, for tests of platforms, actions and stories.

    async with one_line_mall(2) as mall, running_site(hass, mall, tmp_path) as site:
        ...

Meters answer over real sockets (ask for the fixture `socket_enabled`). Nothing sleeps: `state_when`
and `expected_event` wait for what Home Assistant tells, and a guard ends a test that waits in vain.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry, ConfigSubentryDataWithId
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.const import (
    DOMAIN,
    account_unique_id,
    bus_unique_id,
    meter_unique_id,
)
from custom_components.compere_prepaid.coordinator import PacedCoordinator
from custom_components.compere_prepaid.core.bus.requests import BusError, NoAnswerError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.poller import Poller
from custom_components.compere_prepaid.reading_path import SILENT_AFTER
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock, SimulatedClock, moment_of
from simulator.line import Transport
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from simulator.tenants import one_line_plan

GUARD_S = 30.0
"""Nothing is measured by it; it only ends a test that waits for what never comes."""

BUS_TIMEOUT_S = 0.2
"""The patience of test lines: the simulated meters answer at once or not at all."""

SITE_KEY = "riverside_mall"


MONDAY_NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon in Shanghai."""


def one_line_mall(meters: int = 2, *, clock: SimulatedClock | None = None) -> Mall:
    """Return a mall with one unpaced line; its time stands still until a test moves it."""
    return Mall.build(one_line_plan(meters, pace=False), clock=clock or ManualClock(MONDAY_NOON))


def site_entry(
    mall: Mall,
    folder: Path,
    *,
    opening_balance: str = "200",
    price: str = "0.6173",
    currency: str = "CNY",
    time_zone: str = "Asia/Shanghai",
    accounts: Mapping[str, tuple[str, ...]] | None = None,
    options: Mapping[str, Any] | None = None,
    adaptation_days: int = 0,
    book_kind: str = "real",
) -> MockConfigEntry:
    """Return a config entry for a mall.

    `book_kind` is `sandbox` for a site for trying; left out, it says nothing, as older entries do.
    `accounts` says which meters (by name) supply which account number; by default every shop has an
    account with the name of its meter.
    """
    if accounts is None:
        accounts = {name: (name,) for name in mall.plan.tenants}
    return MockConfigEntry(
        domain=DOMAIN,
        title="Riverside Mall",
        unique_id=SITE_KEY,
        data={
            "name": "Riverside Mall",
            "currency": currency,
            "time_zone": time_zone,
            "ledger": str(folder / "ledger.db"),
            "initial_price": price,
            "adaptation_days": adaptation_days,
            "book_kind": book_kind,
        },
        options=dict(options or {}),
        subentries_data=[
            *(stored(bus_subentry(mall, line)) for line in mall.lines),
            *(stored(meter_subentry(mall, meter)) for meter in mall.meters),
            *(
                stored(account_subentry(mall, number, meters, opening_balance=opening_balance))
                for number, meters in accounts.items()
            ),
        ],
    )


def bus_subentry(mall: Mall, line: str) -> ConfigSubentry:
    """Return the subentry of a line; its id is made of its name."""
    plan = mall.lines[line].plan
    data: dict[str, Any] = {
        "name": line,
        "transport": plan.transport.value,
        "host": "",
        "port": 0,
        "device": "",
        "baudrate": plan.baudrate,
        "parity": plan.parity,
        "stopbits": plan.stopbits,
        "timeout": BUS_TIMEOUT_S,
    }
    if plan.transport is Transport.SERIAL:
        data["device"] = str(mall.device(line))
    else:
        data |= {"host": "127.0.0.1", "port": mall.port(line)}
    endpoint = data["device"] or f"{data['host']}:{data['port']}"
    return ConfigSubentry(
        data=MappingProxyType(data),
        subentry_id=_id("bus", line),
        subentry_type="bus",
        title=line,
        unique_id=bus_unique_id(endpoint),
    )


def meter_subentry(mall: Mall, meter: SimulatedMeter) -> ConfigSubentry:
    """Return the subentry of a meter."""
    return ConfigSubentry(
        data=MappingProxyType(
            {
                "serial": meter.plan.serial,
                "name": meter.name,
                "bus": _id("bus", mall.line_of(meter.name).name),
                "address": meter.address,
                "profile": "compere_kpm33b",
                "area": meter.plan.area,
                "breaker": meter.plan.breaker_a,
            }
        ),
        subentry_id=_id("meter", meter.plan.serial),
        subentry_type="meter",
        title=meter.name,
        unique_id=meter_unique_id(meter.plan.serial),
    )


def account_subentry(
    mall: Mall, number: str, meters: tuple[str, ...], *, opening_balance: str = "200"
) -> ConfigSubentry:
    """Return the subentry of an account that these meters (by name) supply."""
    name = mall.plan.tenants.get(meters[0], number) if meters else number
    return ConfigSubentry(
        data=MappingProxyType(
            {
                "number": number,
                "name": name,
                "meters": [mall.meter(meter).plan.serial for meter in meters],
                "tariff": "Standard",
                "policy": "Standard",
                "opening_balance": opening_balance,
            }
        ),
        subentry_id=_id("account", number),
        subentry_type="account",
        title=f"{number} {name}",
        unique_id=account_unique_id(number),
    )


async def start_site(hass: HomeAssistant, entry: MockConfigEntry) -> CompereSite:
    """Set a site up and wait until every meter on its lines has been read."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    site: CompereSite = entry.runtime_data
    await all_online(site)
    await all_begun(site)
    await hass.async_block_till_done()
    return site


@contextmanager
def time_of(mall: Mall) -> Iterator[None]:
    """Let sites live in the mall's time: what meters counted is then plausible for the hours."""
    with patch.object(SystemClock, "now", lambda _: moment_of(mall.clock.now_us())):
        yield


@asynccontextmanager
async def running_site(
    hass: HomeAssistant, mall: Mall, folder: Path, **how: Any
) -> AsyncIterator[CompereSite]:
    """Run a site over an open mall, in the mall's time; it is unloaded in the end.

    `how` is as for `site_entry`.
    """
    entry = site_entry(mall, folder, **how)
    with time_of(mall):
        try:
            yield await start_site(hass, entry)
        finally:
            if entry.state is ConfigEntryState.LOADED:
                await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_block_till_done()


def use(mall: Mall, name: str, watts: int, seconds: int) -> None:
    """Let a shop draw this power for so long, in no time; then it draws nothing."""
    assert isinstance(mall.clock, ManualClock)
    meter = mall.meter(name)
    for other in mall.meters:
        other.set_load(0)
    meter.set_load(watts)
    mall.clock.advance(seconds=seconds)
    meter.set_load(0)


async def all_online(site: CompereSite) -> None:
    """Return when every meter of the site has answered."""
    for meter in list(site.meters.values()):
        await _told(meter.coordinator, partial(getattr, meter.coordinator, "online"))


async def all_begun(site: CompereSite) -> None:
    """Read the meters with which an account has not begun yet: it begins with the next reading."""
    for serial, meter in list(site.book.meters.items()):
        if meter.account is not None and meter.mark is None:
            await read_again(site, serial)


async def read_again(site: CompereSite, serial: str) -> None:
    """Read a meter at once and wait until the reading has been worked on."""
    meter = site.meters[MeterSerial(serial)]
    for _ in range(2):  # a machine that runs many tests may be late with an answer
        with suppress(NoAnswerError):
            await meter.bus.poller.read_now(meter.serial)
            return
    await meter.bus.poller.read_now(meter.serial)


async def all_quiet(site: CompereSite) -> None:
    """Return when no meter is being asked: the mall's time may jump then, if at once.

    An answer that is on its way meanwhile would have the register of before and the time of after.
    """
    pollers = [bus.poller for bus in site.buses.values() if isinstance(bus.poller, Poller)]
    while asked := [
        meter.lock for poller in pollers for meter in poller._meters.values() if meter.lock.locked()
    ]:
        async with asked[0]:
            pass


async def silence(site: CompereSite, serial: str) -> None:
    """Ask a meter that does not answer until it counts as offline, not waiting for its turns."""
    meter = site.meters[MeterSerial(serial)]
    for _ in range(SILENT_AFTER):
        with suppress(BusError):
            await meter.bus.poller.read_now(meter.serial)
    await _told(meter.coordinator, lambda: not meter.coordinator.online)


async def state_when(hass: HomeAssistant, entity_id: str, holds: Callable[[State], bool]) -> State:
    """Return the state of an entity as soon as this holds of it."""
    happened = asyncio.Event()

    @callback
    def look(_: object) -> None:
        state = hass.states.get(entity_id)
        if state is not None and holds(state):
            happened.set()

    stop = async_track_state_change_event(hass, entity_id, look)
    try:
        look(None)
        async with asyncio.timeout(GUARD_S):
            await happened.wait()
    except TimeoutError:
        raise AssertionError(f"{entity_id} stayed {hass.states.get(entity_id)}") from None
    finally:
        stop()
    state = hass.states.get(entity_id)
    assert state is not None
    return state


@asynccontextmanager
async def expected_event(
    hass: HomeAssistant, event_type: str, **data: Any
) -> AsyncIterator[list[Event]]:
    """Wait at the end of the block for an event of ours with these data; it is in the list."""
    seen: list[Event] = []
    happened = asyncio.Event()

    @callback
    def look(event: Event) -> None:
        if all(event.data.get(key) == value for key, value in data.items()):
            seen.append(event)
            happened.set()

    stop = hass.bus.async_listen(f"{DOMAIN}_{event_type}", look)
    try:
        yield seen
        async with asyncio.timeout(GUARD_S):
            await happened.wait()
    finally:
        stop()


def entity_of(hass: HomeAssistant, platform: str, unique_id: str) -> str:
    """Return the entity id behind a unique id."""
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)
    assert entity_id is not None, unique_id
    return entity_id


def account_entity(hass: HomeAssistant, platform: str, number: str, key: str) -> str:
    """Return the entity id of an account's entity."""
    return entity_of(hass, platform, f"{SITE_KEY}_account_{number}_{key}")


def state_of(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity that must have one."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


async def _told(coordinator: PacedCoordinator[Any], holds: Callable[[], bool]) -> None:
    """Return when a coordinator tells that something holds."""
    happened = asyncio.Event()

    @callback
    def look() -> None:
        if holds():
            happened.set()

    stop = coordinator.async_add_listener(look)
    try:
        look()
        async with asyncio.timeout(GUARD_S):
            await happened.wait()
    finally:
        stop()


def stored(subentry: ConfigSubentry) -> ConfigSubentryDataWithId:
    """Return a subentry as a config entry is built with it."""
    return ConfigSubentryDataWithId(
        data=subentry.data,
        subentry_id=subentry.subentry_id,
        subentry_type=subentry.subentry_type,
        title=subentry.title,
        unique_id=subentry.unique_id,
    )


def _id(kind: str, name: str) -> str:
    return f"{kind}-{name.lower().replace(' ', '-')}"
