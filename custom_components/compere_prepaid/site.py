"""One site inside Home Assistant: the place where the core, its adapters and the platforms meet.

A config entry is a site; its subentries are buses, meters and accounts. They come and go while the
site runs: an update listener compares the subentries with what runs and adds or removes just that.
A bus that is down fails nothing: its meters are offline, everything else goes on.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_time_interval

from . import issues
from .adapters.clock import SystemClock
from .adapters.ledger_checker.checker import Verification
from .adapters.ledger_database.ledger import DatabaseLedger
from .adapters.ledger_safe.restoring import confirm_restoration, restoration
from .announcements import Announcements
from .commissioning.backstop_keeper import BackstopKeeper
from .commissioning.display_keeper import DisplayKeeper
from .commissioning.relay_test import async_release_left_over
from .composition import Composition
from .const import (
    CONF_ADAPTATION,
    CONF_CURRENCY,
    CONF_INITIAL_PRICE,
    CONF_NAME,
    CONF_SERIAL,
    CONF_TIME_ZONE,
    DOMAIN,
    PROVIDER_PREFIX,
)
from .coordinator import PacedCoordinator
from .core.access.access import Access
from .core.bus.bus import RequestClass
from .core.errors import InvalidInputError
from .core.events import Event
from .core.ids import AccountNumber, BusId, MeterSerial
from .core.meters.building import build_device
from .core.meters.catalogue import Catalogue, load_catalogue
from .core.meters.device import MeterDevice
from .core.meters.modbus_meter import ModbusMeter
from .core.meters.modbus_profile import RelayMode
from .core.money.amount import Currency
from .core.policy.relay_control import RelayController
from .core.prepayment.book import AccountBook
from .core.prepayment.rules import load_rules
from .event_relay import EventRelay
from .hour_keeper import HourKeeper
from .lines import line_settings_of
from .month_end import MonthEndKeeper
from .night_memory import NightMemory
from .notifications.notifier import Notifier
from .payments.approval_notice import ApprovalNotice
from .payments.daily import Daily
from .payments.health import ProviderHealth
from .payments.sandbox import Sandbox
from .payments.service import Payments
from .payments.standing import PaymentStanding
from .payments.wechat import async_sandbox_of
from .pool_keeper import PoolKeeper
from .portal.listener import Portal, PortalKeeper
from .portal.secret import async_site_secret
from .premises import PremisesKeeper
from .reading_path import ReadingPath
from .reconnection import pace_of
from .runtimes import AccountRuntime, BusRuntime, MeterRuntime, Runtime
from .statements.mailing import Mailing
from .statements.press import Press
from .use_cases import UseCases
from .user_names import UserNames
from .value.markup_keeper import MarkupKeeper

__all__ = [
    "AccountRuntime",
    "BusRuntime",
    "CompereConfigEntry",
    "CompereSite",
    "MeterRuntime",
    "line_settings_of",
]

type CompereConfigEntry = ConfigEntry[CompereSite]

TICK = timedelta(seconds=15)
"""How often it is looked whether an hour, a day or a month is to be posted."""

PROFILES = Path(__file__).parent / "core" / "meters" / "profiles"


class CompereSite(UseCases):
    """Everything that runs for one config entry."""

    verification: Verification | None = None
    """What the last check of the ledger found."""
    verified_at: datetime | None = None
    access: Access
    """What opens an account to its tenant; there from `async_start` on."""
    sandbox: Sandbox | None = None
    """The gateway of a trial site, from `async_start` on."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CompereConfigEntry,
        ledger: DatabaseLedger,
        catalogue: Catalogue,
    ) -> None:
        """Join the core's use cases with this entry's ledger and events."""
        self.hass = hass
        self.entry = entry
        self.name: str = entry.data[CONF_NAME]
        self.clock = SystemClock()
        self.currency = Currency.of(entry.data[CONF_CURRENCY])
        self.zone = ZoneInfo(entry.data[CONF_TIME_ZONE])
        self.ledger = ledger
        self.catalogue = catalogue
        self.buses: dict[BusId, BusRuntime] = {}
        self.meters: dict[MeterSerial, MeterRuntime] = {}
        self.accounts: dict[AccountNumber, AccountRuntime] = {}
        self.totals: PacedCoordinator[None] = PacedCoordinator(
            hass, entry, "site", None, self.clock
        )
        self.device_id = ""
        self._new: dict[type, list[Callable[[Any], None]]] = {}
        self.user_names = UserNames(hass)
        self.events = EventRelay(self)
        self.notifier = Notifier(self)
        self.reading_path = ReadingPath(self)
        self.controller = RelayController(
            ledger, self.reading_path, self.clock, self.emit, self.spawn
        )
        book = AccountBook(
            ledger=ledger,
            clock=self.clock,
            currency=self.currency,
            zone=self.zone,
            emit=self.emit,
            demand=self.controller.take,
            changed=self.reading_path.account_changed,
        )
        super().__init__(book)
        self.night_memory = NightMemory(self)
        self.hours = HourKeeper(self)
        self.premises = PremisesKeeper(self)
        self.announcements = Announcements(self)
        self.portal_keeper = PortalKeeper(self)
        self.approval_notice = ApprovalNotice(self)
        self.backstop = BackstopKeeper(self)
        self.display = DisplayKeeper(self)
        self.running = False
        self._ticking = asyncio.Lock()
        self._composition = Composition(self)
        self.payments = Payments(self)
        self.press = Press(self)
        self.markup = MarkupKeeper(self)
        self.mailing = Mailing(self)
        self.daily = Daily(self)
        self.month_end = MonthEndKeeper(self)
        self.pool_keeper = PoolKeeper(self)
        self.standing = PaymentStanding(self)
        self.provider_health = ProviderHealth(self)
        self.importing = asyncio.Lock()
        """Imports come one after the other: each compares with what the one before has left."""
        self.scanning: set[BusId] = set()
        """The lines on which meters are being looked for."""

    @property
    def key(self) -> str:
        """The site's key: of its ledger book, and of its devices."""
        return self.entry.unique_id or self.entry.entry_id

    @property
    def portal(self) -> Portal | None:
        """The tenants' page, while it runs."""
        return self.portal_keeper.portal

    def emit(self, event: Event) -> None:
        """Tell what happened."""
        self.events.emit(event)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a background task that ends with the entry."""
        return self.entry.async_create_background_task(self.hass, work, f"{DOMAIN} {name}")

    # What runs

    async def async_start(self) -> None:
        """Compose the site from its subentries; the lines start with `async_run`."""
        data = self.entry.data
        await load_rules(
            self.book, data.get(CONF_INITIAL_PRICE) or "0", data.get(CONF_ADAPTATION) or 0
        )
        await self._look_whether_restored()
        await self.night_memory.async_load()
        await self.tenants.load()
        secret = await async_site_secret(self.hass, self.entry.entry_id)
        self.access = Access.over(self.ledger, self.clock, secret, self.hass.async_add_executor_job)
        self.entry.async_on_unload(await self.user_names.async_follow())
        await self.notifier.async_start()
        await self.announcements.board.load()
        await self.approval_notice.async_refresh()
        registry = dr.async_get(self.hass)
        self.device_id = registry.async_get_or_create(
            config_entry_id=self.entry.entry_id,
            identifiers={(DOMAIN, self.key)},
            name=self.name,
            manufacturer="Compere",
            model="Prepaid site",
            entry_type=dr.DeviceEntryType.SERVICE,
        ).id
        self.sandbox = await async_sandbox_of(self)
        await self.standing.async_start()
        await self.pool_keeper.async_start()
        self.provider_health.async_start()
        await self.async_apply_subentries()
        await self.premises.async_start()
        await async_release_left_over(self)

    async def async_run(self) -> None:
        """Start reading the lines, and follow the clock."""
        self.running = True
        self.entry.async_on_unload(self.reading_path.stop_pushing)
        for bus in self.buses.values():
            await bus.async_run()
        self.entry.async_on_unload(async_track_time_interval(self.hass, self._on_time, TICK))
        await self.reading_path.guarded(self.payments.async_run())
        self.spawn(self.async_tick(), "first look at the clock")
        await self.portal_keeper.async_follow()

    async def async_tick(self) -> None:
        """Post what the clock asks for."""
        async with self._ticking:
            if self.running:
                for part in (self.payments, self.daily, self.premises, self.month_end, self.markup):
                    part.on_clock()
                if self.portal_keeper.is_refused:
                    await self.portal_keeper.async_follow()
                await self.reading_path.guarded(self.agreements.renew())
                await self.reading_path.guarded(self.announcements.board.on_clock())
                await self.reading_path.guarded(self.approval_notice.async_on_clock())
                await self.reading_path.guarded(self.standing.async_on_clock())
                await self.reading_path.guarded(self.hours.async_on_clock())
                # last, for it writes: whether the ledger can is what an issue says then
                await self.reading_path.guarded(self.charging.on_clock())
                await self.notifier.on_clock()

    async def _on_time(self, _now: datetime) -> None:
        """Look at the clock, unless the last look is not over yet."""
        if not self._ticking.locked():
            await self.async_tick()

    async def async_stop(self) -> None:
        """Stop the lines, then post what has accrued."""
        self.running = False
        await self.press.async_stop()
        await self.mailing.async_stop()
        await self.portal_keeper.async_stop()
        if self.sandbox is not None:
            await self.sandbox.async_stop()
        for bus in self.buses.values():
            await bus.poller.stop()
            await bus.bus.stop()
        async with self._ticking:
            await self.reading_path.guarded(self.charging.settle_all("stop"))
            await self.reading_path.guarded(self.hours.async_write())
        await self.hours.balance.async_stop()
        await self.night_memory.async_save()
        await self.notifier.async_stop()

    async def async_apply_subentries(self) -> None:
        """Make what runs agree with the entry's subentries and options."""
        self.controller.closings.pace = pace_of(self.entry.options)
        await self._composition.async_apply()
        self.payments.apply()
        await self.standing.async_apply()
        self.notifier.configuration_changed()
        self.premises.look()
        self.totals.push(None, news=True)
        if self.running:
            await self.portal_keeper.async_follow()

    @callback
    def async_for_each[R: Runtime](self, kind: type[R], add: Callable[[R], None]) -> None:
        """Call `add` for every bus, meter or account that runs, and for each that comes later."""
        everything = (
            *self.buses.values(),
            *self.meters.values(),
            *self.accounts.values(),
            *self.standing.providers.values(),
            *self.hours.balance.feeders.values(),
            *self.pool_keeper.pools.values(),
        )
        for runtime in everything:
            if isinstance(runtime, kind):
                add(runtime)
        listeners = self._new.setdefault(kind, [])
        listeners.append(add)
        self.entry.async_on_unload(lambda: listeners.remove(add))

    def announce(self, runtime: Runtime) -> None:
        """Tell the platforms of a bus, meter or account that came."""
        for add in self._new.get(type(runtime), []):
            add(runtime)

    async def async_verify(self) -> Verification:
        """Run the checker; a ledger that fails it is read-only, and relays stay as they are."""
        found = self.verification = await self.ledger.verify()
        self.verified_at = self.clock.now()
        self.tell_refusal()
        return found

    def tell_refusal(self) -> None:
        """Say why the ledger refuses writes, if it does."""
        if self.ledger.refusal is None:
            issues.clear(self, issues.LEDGER_READ_ONLY, "")
        else:
            issues.raise_ledger_read_only(self, self.ledger.refusal)
        self.totals.push(None, news=True)

    async def _look_whether_restored(self) -> None:
        """Cut nobody on the strength of a restored book before somebody has looked at it."""
        waiting = await self.ledger.read(restoration)
        self.book.restored = json.loads(waiting.content)["head"] if waiting else ""
        if waiting:
            issues.raise_restored(self, self.book.restored)
        else:
            issues.clear(self, issues.LEDGER_RESTORED, "")

    async def async_confirm_restoration(self, user: str) -> None:
        """Let credit decide about supply again: the receipts were compared, and booked."""
        at = self.clock.now()
        await self.ledger.run(lambda tx: confirm_restoration(tx, user, at))
        await self._look_whether_restored()
        await self.reading_path.guarded(self.charging.settle_all("restoration confirmed"))

    # What flows ask for

    async def async_probe_meter(
        self,
        bus_id: str,
        address: int | str,
        profile: str,
        klass: RequestClass = RequestClass.DISCOVERY,
    ) -> MeterSerial:
        """Ask the meter at an address for its serial number; empty for a model that tells none.

        Raises `BusError`, or `InvalidInputError` (`bus_unknown`, `profile_unknown`).
        """
        return await self._stranger(bus_id, address, profile).identify(klass)

    async def async_unset_modes(
        self, bus_id: str, address: int | str, profile: str
    ) -> tuple[RelayMode, ...]:
        """Return the settings that a meter's relay needs and that the meter does not have.

        Raises as `async_probe_meter`.
        """
        device = self._stranger(bus_id, address, profile)
        if not isinstance(device, ModbusMeter):
            return ()
        return await device.unset_modes(RequestClass.DISCOVERY)

    async def async_set_modes(
        self, bus_id: str, address: int | str, profile: str
    ) -> tuple[RelayMode, ...]:
        """Write those settings, each once; return what the meter still does not have.

        Raises as `async_probe_meter`, or `InvalidInputError` (`register_protected`).
        """
        device = self._stranger(bus_id, address, profile)
        if not isinstance(device, ModbusMeter):
            return ()
        for mode in await device.unset_modes(RequestClass.DISCOVERY):
            await device.set_mode(mode, RequestClass.DISCOVERY)
        return await device.unset_modes(RequestClass.DISCOVERY)

    def _stranger(self, bus_id: str, address: int | str, profile: str) -> MeterDevice:
        """Return a meter that is not configured yet."""
        bus = self.buses.get(BusId(bus_id))
        if bus is None:
            raise InvalidInputError("bus_unknown", bus=bus_id)
        return build_device(
            self.catalogue.get(profile), address, MeterSerial(""), bus.bus, self.clock
        )

    def knows_device(self, device: dr.DeviceEntry) -> bool:
        """Tell whether something that runs stands behind a device."""
        known = {
            self.key,
            *(f"bus_{bus}" for bus in self.buses),
            *self.meters,
            *(meter.data[CONF_SERIAL] for meter in self.meters.values()),
            *(f"account_{number}" for number in self.accounts),
            *(f"{self.key}_{PROVIDER_PREFIX}{key}" for key in self.standing.providers),
        }
        return any(domain == DOMAIN and name in known for domain, name in device.identifiers)

    def tariff_names(self) -> list[str]:
        """Return the names of the tariffs that accounts can have."""
        return sorted(self.book.tariffs)

    def policy_names(self) -> list[str]:
        """Return the names of the policies that accounts can have."""
        return sorted(self.book.policies)


async def async_load_catalogue(hass: HomeAssistant) -> Catalogue:
    """Load the built-in meter profiles and those of the user's configuration folder."""
    own = Path(hass.config.path(DOMAIN, "profiles"))
    return await hass.async_add_executor_job(load_catalogue, [PROFILES, own])
