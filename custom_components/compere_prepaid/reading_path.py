"""The spine inside a site: from a reading to charges, credit, relay and entities, and back.

Readings come here from the pollers, with their meter's identity proved. Charging sees them first,
then the protection rules, the relay controller and the entities. What charging knows of the money
decides how soon the meter is read again: well before its credit can run out at its present power,
and right behind the next border of its prices.
"""

from collections.abc import Coroutine
from contextlib import suppress
import logging
from typing import TYPE_CHECKING, Any

from . import issues
from .action_errors import in_words
from .core.bus.bus import RequestClass
from .core.bus.requests import BusError, LineDownError
from .core.errors import InvalidInputError, LedgerReadOnlyError, OperationFailedError
from .core.events import MeterOffline, MeterOnline
from .core.ids import AccountNumber, BusId, MeterSerial
from .core.metering.plausibility import Suspicion
from .core.metering.reading import MeterReading
from .core.meters.compere_mqtt.meter import CompereMqttMeter
from .core.meters.dlt645_relay import RelayLockedError
from .core.meters.reader import MeterReader
from .core.money.amount import Amount
from .core.prepayment.charging import OTHER_METER
from .core.prepayment.state import AccountState
from .core.tariff.rating import quote
from .core.tariff.schedule import next_border
from .core.tariff.tax import tax_on
from .pushing import Pushes
from .runtimes import MeterRuntime

if TYPE_CHECKING:
    from .site import CompereSite

_LOGGER = logging.getLogger(__name__)

VACANT_S = 60.0
"""How often a meter is read that no tenant has: nobody's credit can run out."""

SOONEST_S = 0.5
"""No meter is read more often than this for its money's sake."""

BEHIND_BORDER_S = 1.0
"""So long after a border of prices the meter is read: early enough to need no estimate."""

SILENT_AFTER = 3
"""Missed answers in a row before a meter counts as offline."""

DISTRUST_AFTER = 2
"""Missed answers in a row before its relay moves no more until it proves its identity again."""


class ReadingPath:
    """Listens to the pollers and serves the relay controller."""

    def __init__(self, site: CompereSite) -> None:
        """Serve this site."""
        self._site = site
        self._pushes = Pushes(site.hass.loop, self._push, self.push_totals)

    # What pollers tell

    async def on_reading(self, reading: MeterReading) -> None:
        """Take a reading of a meter that has proved its identity."""
        runtime = self._site.meters.get(reading.serial)
        if runtime is None:
            return
        was_online = runtime.coordinator.online
        await self.guarded(self._charge(reading))
        self._site.hours.take(reading)
        await self._show(runtime, reading)
        meter = self._site.book.meters.get(reading.serial)
        if meter is not None and meter.account is not None:
            # the first reading brings what was used meanwhile: that is news
            self.refresh_account(meter.account, news=not was_online)
        self.plan(reading.serial)
        self._site.backstop.consider(reading.serial)
        self._site.display.consider(reading.serial)
        self._site.totals.push(None)

    async def on_values(self, reading: MeterReading) -> None:
        """Take live values of a meter that tells its register at other times."""
        runtime = self._site.meters.get(reading.serial)
        if runtime is None:
            return
        self._site.charging.on_values(reading)
        await self._show(runtime, reading)
        self.plan(reading.serial)

    async def on_suspect(self, reading: MeterReading, reason: Suspicion) -> None:
        """Hear that what a meter says contradicts itself: charge and cut nothing by it."""
        self._site.charging.suspect(reading.serial, reason, reading)

    async def _charge(self, reading: MeterReading) -> None:
        """Charge by a reading, then let the rules look at it."""
        await self._site.charging.on_reading(reading)
        demand = self._site.controller.demanded(reading.serial)
        await self._site.protecting.on_reading(reading, demand)

    async def _show(self, runtime: MeterRuntime, reading: MeterReading) -> None:
        """Let a meter's relay and its entities follow what it said."""
        controller = self._site.controller
        await self.guarded(controller.on_reading(reading))
        if reading.relay_closed is None and isinstance(runtime.device, CompereMqttMeter):
            controller.insist(reading.serial)  # only its acknowledgement tells where it is
        was_online = runtime.coordinator.online
        runtime.coordinator.take(reading)
        if not was_online:
            self._site.emit(MeterOnline(at=reading.at, meter=reading.serial))

    async def on_silent(self, serial: MeterSerial, error: BusError, failures: int) -> None:
        """Take note that a meter did not answer, `failures` times in a row by now."""
        runtime = self._site.meters.get(serial)
        if runtime is None:
            return
        if failures >= DISTRUST_AFTER or isinstance(error, LineDownError):
            self.distrust(serial)
        if failures < SILENT_AFTER and not isinstance(error, LineDownError):
            return
        known = runtime.coordinator.online
        runtime.coordinator.lose()
        # a line that is down is told once, by the bus; not again by each of its meters
        if not isinstance(error, LineDownError) and (known or failures == SILENT_AFTER):
            reason = in_words(self._site.hass, error)
            self._site.emit(MeterOffline(at=self._site.clock.now(), meter=serial, error=reason))

    async def on_other_meter(self, serial: MeterSerial, found: str) -> None:
        """Another meter answers at this meter's address: believe nothing, move nothing."""
        runtime = self._site.meters.get(serial)
        if runtime is None:
            return
        self.distrust(serial)
        self._site.charging.suspect(serial, OTHER_METER)
        runtime.coordinator.lose()
        issues.raise_other_meter(self._site, serial, found)

    def distrust(self, serial: MeterSerial) -> None:
        """Believe nothing of a meter and move nothing at it until it proved its identity."""
        self._site.controller.distrust(serial)
        self._site.charging.distrust(serial)

    def bus_lost(self, bus: BusId) -> None:
        """Take all meters of a line that went down for offline, at once."""
        for runtime in self._site.meters.values():
            if runtime.bus.id == bus:
                self.distrust(runtime.serial)
                runtime.coordinator.lose()

    # What the relay controller asks for

    async def write_relay(self, serial: MeterSerial, *, closed: bool) -> None:
        """Command a relay, ahead of everything else on its line."""
        runtime = self._site.meters[serial]
        try:
            await runtime.device.write_relay(closed, RequestClass.RELAY)
        except RelayLockedError as error:
            issues.raise_relay_locked(self._site, serial, error)
            raise
        issues.clear(self._site, issues.RELAY_LOCKED, serial)

    async def read_relay(self, serial: MeterSerial) -> bool:
        """Read a relay back, ahead of everything else on its line; show it at once."""
        runtime = self._site.meters[serial]
        try:
            closed = await runtime.device.read_relay(RequestClass.RELAY)
        except OperationFailedError:
            if isinstance(runtime.device, CompereMqttMeter):  # it may have moved, or not
                _show_relay(runtime, runtime.device.relay_closed)
            raise
        _show_relay(runtime, closed)
        return closed

    # What entities see

    def account_changed(self, account: AccountState) -> None:
        """Push what was just committed for an account, and its meters' holds, before long."""
        self._pushes.add(account.number)

    def push_totals(self) -> None:
        """Push what goes over all accounts, unless some of them still wait for their own turn."""
        if not self._pushes.is_behind:
            self._site.totals.push(None, news=True)

    def stop_pushing(self) -> None:
        """Tell entities of no account that still waits for it."""
        self._pushes.stop()

    def _push(self, number: AccountNumber) -> None:
        account = self._site.book.accounts.get(number)
        if account is None:
            return
        self.refresh_account(number, news=True)
        for serial in account.meters:
            self.refresh_meter(serial)
            self._plan_next(serial, account)
            self._site.backstop.consider(serial)
            self._site.display.consider(serial)

    def refresh_account(self, number: AccountNumber, *, news: bool = False) -> None:
        """Push an account's state to its entities, at once if it is news."""
        runtime = self._site.accounts.get(number)
        if runtime is not None:
            runtime.coordinator.push(self._site.book.account(number), news=news)

    def refresh_meter(self, serial: MeterSerial) -> None:
        """Push a meter's last reading to its entities again: its demand or health changed."""
        runtime = self._site.meters.get(serial)
        if runtime is not None:
            runtime.coordinator.push(runtime.coordinator.data, news=True)

    def plan(self, serial: MeterSerial) -> None:
        """Plan the next reading of a meter by what its account has; seldom if nobody has it."""
        runtime, meter = self._site.meters.get(serial), self._site.book.meters.get(serial)
        if meter is not None and meter.account is not None:
            self._plan_next(serial, self._site.book.accounts[meter.account])
        elif runtime is not None:
            reader = runtime.bus.poller
            with suppress(InvalidInputError):
                reader.set_interval(serial, self._unpressed_s(reader, is_vacant=True))

    def _plan_next(self, serial: MeterSerial, account: AccountState) -> None:
        """Read again in time: well before credit can run out, and right behind a price border.

        And when an overload is to open the relay or to be tried again, or a cut waits until then.
        """
        site = self._site
        runtime = site.meters.get(serial)
        if runtime is None:
            return
        tariff, now = site.book.tariffs[account.tariff], site.clock.now()
        reader = runtime.bus.poller
        interval = self._unpressed_s(reader, is_vacant=account.owner)
        if site.book.meter(serial).mark is None and reader.can_ask:
            interval = SOONEST_S  # what it counts before its first reading is nobody's
        if account.is_pressing:
            next_kwh = quote(tariff, now, zone=site.zone, used=account.month.used)
            price = next_kwh.price + tax_on(Amount(next_kwh.price), next_kwh.tax_ppm)
            power = sum(meter.power_mw for meter in account.meters.values())
            left = account.seconds_left(price, power)
            interval = interval if left is None else min(interval, left / 2)
        if (decides_at := site.protecting.decides_at(serial)) is not None:
            interval = min(interval, (decides_at - now).total_seconds())
        if account.decide_at is not None and account.decide_at > now:
            interval = min(interval, (account.decide_at - now).total_seconds())
        if reader.can_ask:
            border_s = (next_border(tariff, now, site.zone) - now).total_seconds()
            interval = min(interval, border_s + BEHIND_BORDER_S)
        with suppress(InvalidInputError):  # it is just being wired anew, and read soon
            reader.set_interval(serial, max(SOONEST_S, interval))

    @staticmethod
    def _unpressed_s(reader: MeterReader, *, is_vacant: bool) -> float:
        """Return how often a meter is read when nothing presses; seldom if nobody pays ahead."""
        return max(reader.routine_s, VACANT_S) if is_vacant else reader.routine_s

    async def guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Let one meter's trouble be its own: the line goes on for the others."""
        try:
            await work
        except LedgerReadOnlyError:
            self._site.tell_refusal()
        except OperationFailedError as error:
            issues.raise_ledger_unavailable(self._site, error)
        else:
            issues.clear(self._site, issues.LEDGER_UNAVAILABLE, "")


def _show_relay(runtime: MeterRuntime, closed: bool | None) -> None:  # noqa: FBT001  # as it was read
    before = runtime.coordinator.data
    if before is not None and before.relay_closed is not closed:
        reading = MeterReading(
            serial=runtime.serial, at=before.at, values=before.values, relay_closed=closed
        )
        runtime.coordinator.push(reading, news=True)
