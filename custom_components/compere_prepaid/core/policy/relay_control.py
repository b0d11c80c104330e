"""The relay controller: makes every relay follow its demand, and proves it by reading back.

Demand is a level. Whatever is lost, repeated or late, the next reading of the meter shows whether
relay and demand agree, and if not the command is given again. Three rules protect people and money:
no relay moves before the meter was read in this run and proved its identity; a meter that fell
silent must prove it again; and while the ledger cannot be trusted every relay stays as it is.
Opening is never put off. Closing waits for its turn where many relays close together.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
import logging
from typing import Any, Protocol

from ..clock import Clock
from ..errors import OperationFailedError
from ..events import Event, RelayDisobeys, RelayFollows
from ..ids import MeterSerial
from ..ledger.ports import Ledger, LedgerTransaction
from ..ledger.records import RelayDemand
from ..metering.reading import MeterReading
from .closing_queue import ClosingQueue
from .reconnections import remember

_LOGGER = logging.getLogger(__name__)

TRIES = 3
"""Commands in a row before the relay counts as disobedient; later tries follow the readings."""

PAUSE_S = 1.2
"""Between tries: longer than the silence that a meter is left after a missed answer."""

MAX_SPACING_S = 60.0
"""A disobedient relay is commanded again at most this rarely."""


class RelayPort(Protocol):
    """Writes and reads the relay of a meter, ahead of everything else on its line."""

    async def write_relay(self, serial: MeterSerial, *, closed: bool) -> None:
        """Command the relay once; raises `OperationFailedError` when no echo came."""
        ...

    async def read_relay(self, serial: MeterSerial) -> bool:
        """Return whether the relay is closed; raises `OperationFailedError`."""
        ...


@dataclass(slots=True)
class _Meter:
    demand: RelayDemand | None = None
    ready: bool = False
    failures: int = 0
    not_before: float = 0.0
    moved_at: datetime | None = None
    """When its relay was read back last after a command."""
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class RelayController:
    """Drives the relays of one site."""

    ledger: Ledger
    port: RelayPort
    clock: Clock
    emit: Callable[[Event], None]
    spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
    """Starts a named background task that its owner cancels at the end."""
    closings: ClosingQueue = field(init=False)
    """The relays that wait for their turn to close."""
    _meters: dict[MeterSerial, _Meter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let nobody wait yet."""
        self.closings = ClosingQueue(self._close, self.spawn)

    @property
    def frozen(self) -> bool:
        """Whether all relays stay as they are: the ledger is not to be trusted."""
        return self.ledger.refusal is not None

    async def add_meter(self, serial: MeterSerial) -> None:
        """Begin to care for a meter: fetch its demand from the outbox."""
        demand = await self.ledger.read(lambda tx: tx.demand(serial))
        self._meters.setdefault(serial, _Meter()).demand = demand

    def remove_meter(self, serial: MeterSerial) -> None:
        """Leave a meter alone from now on."""
        meter = self._meters.pop(serial, None)
        self.closings.drop(serial)
        if meter and meter.task:
            meter.task.cancel()

    def demanded(self, serial: MeterSerial) -> RelayDemand | None:
        """Return what this meter's relay must be, if that was ever decided."""
        meter = self._meters.get(serial)
        return meter.demand if meter else None

    def take(self, demand: RelayDemand) -> None:
        """Take over a demand that was just committed, and act on it at once if possible."""
        meter = self._meters.setdefault(demand.meter, _Meter())
        if meter.demand is None or demand.version > meter.demand.version:
            meter.demand = demand
            meter.failures = 0
            meter.not_before = 0.0
            self._start(demand.meter, meter)

    def distrust(self, serial: MeterSerial) -> None:
        """Move this relay no more until the meter was read again and proved its identity."""
        if meter := self._meters.get(serial):
            meter.ready = False

    async def on_reading(self, reading: MeterReading) -> None:
        """Compare the relay as read with its demand; confirm, or command again."""
        meter = self._meters.get(reading.serial)
        if meter is None:
            return
        meter.ready = True
        demand = meter.demand
        if demand is None or reading.relay_closed is None or self.frozen or _driving(meter):
            return
        if reading.relay_closed == demand.closed:
            self.closings.drop(reading.serial)
            await self._confirm(meter, demand)
        elif self.clock.monotonic() >= meter.not_before and not self._is_of_before(meter, reading):
            self._start(reading.serial, meter)

    def insist(self, serial: MeterSerial) -> None:
        """Command a relay of which nobody knows where it is, unless that was just tried in vain.

        For meters that tell their relay's state only when it is commanded. Who was seen closed
        before most likely is: it needs no turn.
        """
        meter = self._meters.get(serial)
        if meter and meter.demand and self.clock.monotonic() >= meter.not_before:
            if meter.demand.confirmed_at is None:
                self._start(serial, meter)
            elif self._may_move(meter):
                self._go(serial, meter, closed=meter.demand.closed)

    def _is_of_before(self, meter: _Meter, reading: MeterReading) -> bool:
        """Tell whether a reading was taken before the relay moved, and is only looked at now."""
        moved_at = meter.moved_at
        return moved_at is not None and reading.at < moved_at <= self.clock.now()

    def _may_move(self, meter: _Meter) -> bool:
        return meter.ready and not self.frozen and not _driving(meter)

    def _start(self, serial: MeterSerial, meter: _Meter) -> None:
        """Open a relay at once, or let it close when it is its turn."""
        if meter.demand is None or not self._may_move(meter):
            return
        if meter.demand.closed:
            self.closings.add(serial, meter.demand.decided_at)
        else:
            self.closings.drop(serial)
            self._go(serial, meter, closed=False)

    def _close(self, serial: MeterSerial) -> bool:
        """Close a relay whose turn it is, if it still shall and may."""
        meter = self._meters.get(serial)
        if not meter or not meter.demand or not meter.demand.closed or not self._may_move(meter):
            return False  # its next reading asks for another turn if it needs one
        self._go(serial, meter, closed=True)
        return True

    def _go(self, serial: MeterSerial, meter: _Meter, *, closed: bool) -> None:
        meter.task = self.spawn(self._drive(serial, meter, closed=closed), f"relay {serial}")

    async def _drive(self, serial: MeterSerial, meter: _Meter, *, closed: bool) -> None:
        """Command and read back until the relay is where it shall be, or the tries are used up.

        If that is decided otherwise while the command is on the wire, the newest demand counts.
        """
        for _ in range(TRIES):
            demand = meter.demand
            if demand is None or demand.closed is not closed or not meter.ready or self.frozen:
                break
            if await self._command(serial, demand) is closed:
                meter.moved_at = self.clock.now()
                await self._confirm(meter, demand)
                break
            meter.failures += 1
            await asyncio.sleep(PAUSE_S)
        else:
            self._give_up(serial, meter, closed=closed)
        if meter.demand is not None and meter.demand.closed is not closed:
            meter.task = None
            self._start(serial, meter)

    def _give_up(self, serial: MeterSerial, meter: _Meter, *, closed: bool) -> None:
        """Tell once that a relay does not do what it shall; later readings try again."""
        if meter.demand is None or meter.demand.closed is not closed:
            return
        meter.not_before = self.clock.monotonic() + min(MAX_SPACING_S, 2.0**meter.failures)
        if meter.failures == TRIES:
            self.emit(
                RelayDisobeys(
                    at=self.clock.now(),
                    meter=serial,
                    demanded_closed=meter.demand.closed,
                    attempts=meter.failures,
                )
            )

    async def _command(self, serial: MeterSerial, demand: RelayDemand) -> bool | None:
        """Write once and read back; None when the meter did not tell.

        A write without an echo may have worked: only the read-back decides.
        """
        try:
            await self.port.write_relay(serial, closed=demand.closed)
        except OperationFailedError as error:
            _LOGGER.debug("Relay command to %s was not echoed: %s", serial, error)
        try:
            return await self.port.read_relay(serial)
        except OperationFailedError as error:
            _LOGGER.debug("Relay of %s could not be read back: %s", serial, error)
            return None

    async def _confirm(self, meter: _Meter, demand: RelayDemand) -> None:
        """Record the read-back once per demand, and tell it."""
        if demand.confirmed_at is not None:
            return
        at = self.clock.now()
        try:
            confirmed = await self.ledger.run(lambda tx: _confirmed(tx, demand, at))
        except OperationFailedError as error:
            _LOGGER.warning("Read-back of %s waits for the ledger: %s", demand.meter, error)
            return
        meter.failures = 0
        if not confirmed or meter.demand is not demand:
            return
        meter.demand = RelayDemand(
            meter=demand.meter,
            closed=demand.closed,
            version=demand.version,
            cause=demand.cause,
            decided_at=demand.decided_at,
            confirmed_at=at,
        )
        self.emit(
            RelayFollows(
                at=at,
                meter=demand.meter,
                closed=demand.closed,
                seconds=(at - demand.decided_at).total_seconds(),
                cause=demand.cause,
            )
        )


def _confirmed(tx: LedgerTransaction, demand: RelayDemand, at: datetime) -> bool:
    """Mark a demand as read back, unless another came since; remember when power came back."""
    if not tx.confirm_demand(demand.meter, demand.version, at):
        return False
    remember(tx, demand, at)
    return True


def _driving(meter: _Meter) -> bool:
    return meter.task is not None and not meter.task.done()
