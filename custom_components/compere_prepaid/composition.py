"""Makes what runs of a site agree with its subentries, without ever reloading the entry.

What is gone is stopped and settled; what is new is started; what was configured anew is wired anew
in place. A meter that only changed its line or address keeps its register generation: no Wh is lost
over a changed address, and its entities stay.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import device_registry as dr

from . import devices, issues
from .circuits import circuits, meter_setup_of
from .const import (
    CONF_ADDRESS,
    CONF_BUS,
    CONF_METERS,
    CONF_MULTIPLIER,
    CONF_NAME,
    CONF_NUMBER,
    CONF_OPENING_BALANCE,
    CONF_OWNER,
    CONF_POLICY,
    CONF_POWER_SCALE,
    CONF_PROFILE,
    CONF_SERIAL,
    CONF_TARIFF,
    DOMAIN,
    SUBENTRY_ACCOUNT,
    SUBENTRY_BUS,
    SUBENTRY_METER,
)
from .coordinator import MeterCoordinator, PacedCoordinator
from .core.errors import InvalidInputError, PrepaidError
from .core.ids import AccountNumber, BusId, MeterSerial
from .core.meters.building import build_device
from .core.meters.device import MeterDevice
from .core.meters.modbus_meter import ModbusMeter
from .core.prepayment.state import AccountSetup
from .lines import is_broker, make_line
from .relay_access import relay_access_of
from .runtimes import AccountRuntime, BusRuntime, MeterRuntime

if TYPE_CHECKING:
    from .site import CompereSite


LAST_READING_S = 20.0
"""So long the last reading of a meter that changes hands is waited for: a wireless meter that
cannot be asked uploads when it likes."""


class Composition:
    """Adds, wires and removes the buses, meters and accounts of one site."""

    def __init__(self, site: CompereSite) -> None:
        """Compose this site."""
        self._site = site
        self._lock = asyncio.Lock()
        self._asked = 0
        self._served = 0
        """How many comparisons were asked for, and how many of these have been served."""
        self._refused: set[str] = set()
        """The subentries that could not be made to run when it was tried last."""

    async def async_apply(self) -> None:
        """Compare the entry's subentries with what runs, and change just the difference.

        Home Assistant tells of each subentry of an import; one comparison serves all that were
        asked for before it began.
        """
        self._asked += 1
        asked = self._asked
        async with self._lock:
            if asked <= self._served:
                return
            serves = self._asked
            wanted = dict(self._site.entry.subentries)
            refused, self._refused = self._refused, set()
            await self._remove_accounts(wanted)
            await self._remove_meters(wanted)
            await self._remove_buses(wanted)
            for kind, apply in (
                (SUBENTRY_BUS, self._apply_bus),
                (SUBENTRY_METER, self._apply_meter),
                (SUBENTRY_ACCOUNT, self._apply_account),
                (SUBENTRY_ACCOUNT, self._attach_meters),
            ):
                for subentry in wanted.values():
                    if subentry.subentry_type == kind:
                        await self._try(apply, subentry)
            await self._attach_vacant()
            for mended in refused - self._refused:
                issues.clear(self._site, issues.REFUSED, mended)
            self._served = serves

    async def _try(
        self, apply: Callable[[ConfigSubentry], Awaitable[None]], subentry: ConfigSubentry
    ) -> None:
        """Let one meter or account that cannot run be the only one that does not."""
        try:
            await apply(subentry)
        except PrepaidError as error:
            self._refused.add(subentry.subentry_id)
            issues.raise_refused(self._site, subentry, error)

    # What is gone

    async def _remove_accounts(self, wanted: Mapping[str, ConfigSubentry]) -> None:
        site = self._site
        for account in list(site.accounts.values()):
            if account.subentry_id not in wanted:
                for serial in list(site.book.account(account.number).meters):
                    await self._read_last(serial)
                await site.supplies.close_account(account.number)
                del site.accounts[account.number]

    async def _remove_meters(self, wanted: Mapping[str, ConfigSubentry]) -> None:
        site = self._site
        for meter in list(site.meters.values()):
            subentry = wanted.get(meter.subentry_id)
            if subentry is None:
                await self._read_last(meter.serial)
                await self._remove_meter(meter)
            elif meter.serial not in circuits(site.catalogue, subentry.data):
                await self._remove_meter(meter)  # replaced: its register is settled already
                await devices.pass_on(site, meter.serial, MeterSerial(subentry.data[CONF_SERIAL]))

    async def _remove_meter(self, meter: MeterRuntime) -> None:
        """Read and switch a meter no more; what it used is posted."""
        site = self._site
        del site.meters[meter.serial]
        self._unwire(meter)
        site.controller.remove_meter(meter.serial)
        await site.supplies.remove_meter(meter.serial)
        site.protecting.forget(meter.serial)
        site.hours.forget(meter.serial)
        site.events.forget_meter(meter.serial)

    async def _remove_buses(self, wanted: Mapping[str, ConfigSubentry]) -> None:
        site = self._site
        for bus in list(site.buses.values()):
            if bus.id not in wanted:
                await bus.poller.stop()
                await bus.bus.stop()
                for meter in site.meters.values():
                    if meter.bus is bus:  # nobody reads it until it is given another line
                        site.reading_path.distrust(meter.serial)
                        meter.coordinator.lose()
                site.events.forget_bus(bus.id)
                del site.buses[bus.id]

    # Buses

    async def _apply_bus(self, subentry: ConfigSubentry) -> None:
        runtime = self._site.buses.get(BusId(subentry.subentry_id))
        if runtime is None:
            await self._add_bus(subentry)
        elif dict(runtime.data) != dict(subentry.data):
            await self._rewire_bus(runtime, subentry)

    async def _add_bus(self, subentry: ConfigSubentry) -> None:
        site = self._site
        bus_id = BusId(subentry.subentry_id)
        bus, poller = make_line(site, bus_id, subentry.data)
        device = dr.async_get(site.hass).async_get_or_create(
            config_entry_id=site.entry.entry_id,
            config_subentry_id=subentry.subentry_id,
            identifiers={(DOMAIN, f"bus_{bus_id}")},
            name=subentry.title,
            manufacturer="Compere Prepaid",
            model="MQTT broker" if is_broker(subentry.data) else "Modbus line",
            via_device_id=site.device_id,
        )
        runtime = BusRuntime(
            id=bus_id,
            name=subentry.title,
            data=subentry.data,
            bus=bus,
            poller=poller,
            coordinator=PacedCoordinator(
                site.hass, site.entry, f"bus {subentry.title}", data=False, clock=site.clock
            ),
            device_id=device.id,
        )
        site.buses[bus_id] = runtime
        site.announce(runtime)
        if site.running:
            await runtime.async_run()

    async def _rewire_bus(self, runtime: BusRuntime, subentry: ConfigSubentry) -> None:
        """Put a bus and its meters on a line with other settings."""
        await runtime.poller.stop()
        await runtime.bus.stop()
        runtime.bus, runtime.poller = make_line(self._site, runtime.id, subentry.data)
        runtime.data, runtime.name = subentry.data, subentry.title
        devices.rename(self._site, f"bus_{runtime.id}", runtime.name, self._site.device_id)
        for meter in self._site.meters.values():
            if meter.bus is runtime:
                meter.device = self._device(meter.data, meter.serial, meter.channel, runtime)
                self._site.reading_path.distrust(meter.serial)
                runtime.poller.add(meter.device)
        if self._site.running:
            await runtime.async_run()

    # Meters

    async def _apply_meter(self, subentry: ConfigSubentry) -> None:
        site = self._site
        data = subentry.data
        bus = site.buses.get(BusId(data[CONF_BUS]))
        if bus is None:
            return
        phases = site.catalogue.get(data[CONF_PROFILE]).phases
        for serial, channel in circuits(site.catalogue, data).items():
            runtime = site.meters.get(serial)
            if runtime is None:
                await site.supplies.add_meter(meter_setup_of(data, serial, phases))
                await self._add_meter(subentry, serial, channel, bus)
            elif dict(runtime.data) != dict(data):
                self._unwire(runtime)
                site.reading_path.distrust(serial)
                await site.supplies.add_meter(meter_setup_of(data, serial, phases))
                self._rewire_meter(runtime, data, bus)

    async def _add_meter(
        self, subentry: ConfigSubentry, serial: MeterSerial, channel: int | None, bus: BusRuntime
    ) -> None:
        site = self._site
        await site.controller.add_meter(serial)
        device = self._device(subentry.data, serial, channel, bus)
        parent = (
            ""
            if channel is None
            else devices.place_meter(site, subentry, device.profile, bus.device_id)
        )
        runtime = MeterRuntime(
            subentry_id=subentry.subentry_id,
            data=subentry.data,
            device=device,
            bus=bus,
            channel=channel,
            parent_device_id=parent,
            coordinator=MeterCoordinator(
                site.hass, site.entry, f"meter {serial}", None, site.clock
            ),
        )
        site.meters[serial] = runtime
        site.announce(runtime)
        bus.poller.add(runtime.device)

    def _unwire(self, meter: MeterRuntime) -> None:
        """Read a meter no more; who replaced it has done so before."""
        with suppress(InvalidInputError):
            meter.bus.poller.remove(meter.serial)

    def _rewire_meter(
        self, runtime: MeterRuntime, data: Mapping[str, Any], bus: BusRuntime
    ) -> None:
        """Look for a meter at another address or line; it must prove its identity there."""
        device = self._device(data, runtime.serial, runtime.channel, bus)
        runtime.data, runtime.bus, runtime.device = data, bus, device
        devices.rename(self._site, data[CONF_SERIAL], data[CONF_NAME], bus.device_id)
        if runtime.channel is not None:
            devices.rename_channel(self._site, runtime.serial, runtime.name)
        issues.clear(self._site, issues.RELAY_LOCKED, runtime.serial)  # it may be right now
        bus.poller.add(runtime.device)

    def _device(
        self, data: Mapping[str, Any], serial: MeterSerial, channel: int | None, bus: BusRuntime
    ) -> MeterDevice:
        device = build_device(
            self._site.catalogue.get(data[CONF_PROFILE]),
            data[CONF_ADDRESS],
            serial,
            bus.bus,
            self._site.clock,
            int(data.get(CONF_MULTIPLIER) or 1),
            channel,
            relay_access_of(data, self._site.zone),
        )
        if isinstance(device, ModbusMeter):
            device.power_scale = int(data.get(CONF_POWER_SCALE) or 1)
        return device

    # Accounts

    async def _apply_account(self, subentry: ConfigSubentry) -> None:
        site = self._site
        data = subentry.data
        number = AccountNumber(data[CONF_NUMBER])
        runtime = site.accounts.get(number)
        if runtime is None:
            await self._add_account(subentry, number)
        elif dict(runtime.data) != dict(data):
            runtime.data = data
            state = site.book.account(number)
            state.name, state.owner = data[CONF_NAME], bool(data.get(CONF_OWNER))
            devices.rename(site, f"account_{number}", f"{number} {runtime.name}", site.device_id)
            site.reading_path.refresh_account(number, news=True)
        if number not in site.accounts or site.book.account(number).owner:
            return  # the owner keeps what nobody else has
        for serial in list(site.book.account(number).meters):
            if serial not in data[CONF_METERS]:
                await self._read_last(serial)
                await site.supplies.detach(number, serial)
                site.reading_path.refresh_account(number, news=True)

    async def _attach_meters(self, subentry: ConfigSubentry) -> None:
        """Give an account its meters, after every account has let go of those it lost."""
        site, number = self._site, AccountNumber(subentry.data[CONF_NUMBER])
        if number not in site.book.accounts:
            return  # it could not be opened, and an issue says why
        before = tuple(site.book.account(number).meters)
        for serial in subentry.data[CONF_METERS]:
            if serial in site.meters:
                await site.supplies.attach(number, MeterSerial(serial))
                site.reading_path.plan(MeterSerial(serial))
        if tuple(site.book.account(number).meters) != before:
            site.reading_path.refresh_account(number, news=True)

    async def _attach_vacant(self) -> None:
        """Give the owner the meters that no account lists."""
        site, owner = self._site, self._site.book.owner
        if owner is None:
            return
        listed = {
            serial
            for subentry in site.entry.get_subentries_of_type(SUBENTRY_ACCOUNT)
            for serial in subentry.data[CONF_METERS]
        }
        for serial, meter in list(site.book.meters.items()):
            if meter.account is None and serial not in listed:
                await site.reading_path.guarded(site.supplies.attach(owner.number, serial))
                site.reading_path.plan(serial)
                site.reading_path.refresh_account(owner.number, news=True)

    async def _add_account(self, subentry: ConfigSubentry, number: AccountNumber) -> None:
        site = self._site
        data = subentry.data
        setup = AccountSetup(
            number=number,
            name=data[CONF_NAME],
            tariff=data[CONF_TARIFF],
            policy=data[CONF_POLICY],
            opening_balance=site.currency.parse(data.get(CONF_OPENING_BALANCE) or "0"),
            owner=bool(data.get(CONF_OWNER)),
        )
        try:
            await site.opening.open_account(setup)
        except InvalidInputError as error:
            if error.key != "account_closed":
                raise
            # its tenant moved out, which was interrupted before it was taken off the site
            site.hass.config_entries.async_remove_subentry(site.entry, subentry.subentry_id)
            return
        runtime = AccountRuntime(
            subentry_id=subentry.subentry_id,
            data=data,
            coordinator=PacedCoordinator(
                site.hass,
                site.entry,
                f"account {number}",
                site.book.account(number),
                site.clock,
            ),
        )
        site.accounts[number] = runtime
        site.announce(runtime)

    async def _read_last(self, serial: MeterSerial) -> None:
        """Read a meter that changes hands, if it can be read: who used what is settled by it."""
        meter = self._site.meters[serial]
        if meter.bus.id in self._site.buses:
            with suppress(PrepaidError, TimeoutError):
                async with asyncio.timeout(LAST_READING_S):
                    await meter.bus.poller.read_now(serial)
