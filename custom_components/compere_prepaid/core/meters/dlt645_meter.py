"""One DL/T 645-2007 meter on a line: its profile, its address, its identity."""

from collections.abc import Mapping
import re
from typing import Final, override

from ..bus.bus import Bus
from ..bus.dlt645 import (
    EVERYBODY,
    NO_RIGHT,
    NO_SUCH_DATA,
    Control,
    Dlt645RefusedError,
    Dlt645Request,
)
from ..bus.requests import BusError, GarbledAnswerError, LineDownError
from ..bus.scheduler import RequestClass
from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import MeterSerial
from ..metering.reading import MeterReading, Quantity
from .device import MeterDevice
from .dlt645_numbers import RunStatus, Store, decode_digits
from .dlt645_profile import Dlt645Profile, Item, Switch
from .dlt645_relay import Command, RelayAccess, RelayLockedError, switching
from .modbus_meter import SerialUnreadableError
from .modbus_profile import Cadence

RUN_STATUS: Final = 0x04000503
METER_NUMBER: Final = 0x04000402

LOCKED_FOR_S: Final = 24 * 3600.0
"""Meters lock themselves after a few wrong passwords: a refused one is not tried again sooner."""

LONGEST_SERIES: Final = 16
"""So many frames one answer may take."""

MISSES: Final = 3
"""A number that so many times in a row did not come is not asked for any more.

Some meters stay silent about what they do not have, in place of saying so."""

_ADDRESS = re.compile(r"[0-9]{1,12}")


def dlt645_address(address: int | str) -> str:
    """Return the twelve digits of an address; the leading zeros may be left out.

    Raises `InvalidInputError` (`dlt645_address_invalid`).
    """
    text = str(address)
    digits = text.zfill(12)
    if not _ADDRESS.fullmatch(text) or digits == EVERYBODY:
        raise InvalidInputError("dlt645_address_invalid", address=address)
    return digits


class Dlt645Meter(MeterDevice[Dlt645Profile]):
    """Reads and switches one DL/T 645-2007 meter.

    What a meter says that it does not have is not asked for again. Only the energy that is charged
    and the state of the relay have to come; details that do not come are absent from the reading.
    """

    def __init__(
        self,
        profile: Dlt645Profile,
        address: int | str,
        serial: MeterSerial,
        bus: Bus,
        clock: Clock,
        multiplier: int = 1,
        access: RelayAccess | None = None,
    ) -> None:
        """Raise `InvalidInputError` (`dlt645_address_invalid`) for what is no address.

        Without `access` the relay can be read alone.
        """
        super().__init__(profile, serial, multiplier)
        self.unit = dlt645_address(address)
        self._bus = bus
        self._clock = clock
        self._access = access
        self._has_number = True
        self._has_status = True
        self._alarm: bool | None = None
        self._parts: dict[str, tuple[Item, ...]] = {}
        self._misses: dict[str, int] = {}
        self._locked_until: float | None = None

    @override
    async def identify(self, klass: RequestClass, *, is_brief: bool = False) -> MeterSerial:
        """Return the meter's number; where it has none, the address that it says it has."""
        number = await self._number(klass, is_brief=is_brief) if self._has_number else None
        if number is None:
            request = Dlt645Request.read_address(self.unit)
            _, *address = await self._bus.execute(request, klass, is_brief=is_brief)
            number = decode_digits(bytes(address))
        if number is None:
            raise SerialUnreadableError(self.unit)
        return MeterSerial(number)

    @override
    async def read(self, klass: RequestClass, *, detail: bool) -> MeterReading:
        """Leave out details that do not come: the energies and the relay are worth more."""
        values: dict[Quantity, int] = {}
        for item in self.profile.items_of(Cadence.BILLING):
            values |= await self._read_item(item, klass)
        at = self._clock.now()
        status = await self._status(klass)
        if detail:
            values |= await self._details(status, klass)
        return MeterReading(
            serial=self.serial,
            at=at,
            values=self._through_transformers(values),
            relay_closed=None
            if status is None or not self.profile.has_relay
            else status.relay_closed,
        )

    @override
    async def read_relay(self, klass: RequestClass) -> bool:
        self._switch()
        return (await self._state(klass)).relay_closed

    @override
    async def write_relay(self, closed: bool, klass: RequestClass) -> None:
        """Command the relay, once.

        Raises also `RelayLockedError`: then nothing was sent, or it was refused. A password that
        the meter refused is not sent to it again for `LOCKED_FOR_S`.
        """
        switch = self._switch()
        await self._command(switching(closed=closed, closing=switch.closing), klass)

    @property
    def low_credit_shown(self) -> bool | None:
        """Tell whether its display asked to buy energy when its run status was read last."""
        return self._alarm

    async def show_low_credit(self, shown: bool, klass: RequestClass) -> bool:  # noqa: FBT001  # like a relay
        """Let the display ask to buy energy, or ask no more; return what the run status says then.

        Raises as `write_relay`.
        """
        await self._command(Command.ALARM if shown else Command.NO_ALARM, klass)
        return (await self._state(klass)).alarm

    async def _command(self, command: Command, klass: RequestClass) -> None:
        """Give a command, once, with the password."""
        if self._access is None:
            raise RelayLockedError("relay_password_missing", serial=self.serial)
        if self._locked_until is not None and self._clock.monotonic() < self._locked_until:
            raise RelayLockedError("relay_password_refused", serial=self.serial)
        request = Dlt645Request(
            unit=self.unit,
            control=Control.SWITCH,
            data=self._access.command(command, self._clock.now()),
            expects=0,
        )
        try:
            await self._bus.execute(request, klass)
        except Dlt645RefusedError as error:
            if not error.code & NO_RIGHT:
                raise
            self._locked_until = self._clock.monotonic() + LOCKED_FOR_S
            raise RelayLockedError("relay_password_refused", serial=self.serial) from error

    async def _state(self, klass: RequestClass) -> RunStatus:
        """Return the run status, which has to come."""
        status = RunStatus.decode(await self._read_data(RUN_STATUS, 2, klass))
        if status is None:
            raise GarbledAnswerError(self.unit, "a relay that is neither closed nor open")
        self._alarm = status.alarm
        return status

    def _switch(self) -> Switch:
        if self.profile.switch is None:
            raise InvalidInputError("relay_missing", serial=self.serial, model=self.profile.model)
        return self.profile.switch

    async def _number(self, klass: RequestClass, *, is_brief: bool) -> str | None:
        """Return the meter's number; None, once and for all, where it has none."""
        request = Dlt645Request.read(self.unit, METER_NUMBER, expects=6)
        number = None
        try:
            _, *digits = await self._bus.execute(request, klass, is_brief=is_brief)
        except Dlt645RefusedError as error:
            if not error.code & NO_SUCH_DATA:
                raise
        else:
            number = decode_digits(bytes(digits))
        self._has_number = number is not None
        return number

    async def _status(self, klass: RequestClass) -> RunStatus | None:
        """Return the run status; None, once and for all, where the meter says it has none."""
        if not self._has_status:
            return None
        try:
            status = RunStatus.decode(await self._read_data(RUN_STATUS, 2, klass))
        except Dlt645RefusedError as error:
            if not error.code & NO_SUCH_DATA:
                raise
            self._has_status = False
            return None
        self._alarm = None if status is None else status.alarm
        return status

    async def _details(self, status: RunStatus | None, klass: RequestClass) -> dict[Quantity, int]:
        values: dict[Quantity, int] = {}
        for item in (*self.profile.items_of(Cadence.DETAIL), *self._stores(status)):
            if self._misses.get(item.name, 0) >= MISSES:
                continue
            try:
                values |= await self._read_item(item, klass)
            except LineDownError:
                raise
            except BusError:
                self._misses[item.name] = self._misses.get(item.name, 0) + 1
            else:
                self._misses[item.name] = 0
        return values

    def _stores(self, status: RunStatus | None) -> tuple[Item, ...]:
        """Return what to ask for what the meter sells by itself."""
        kind = Store.NOTHING if status is None else status.store
        return tuple(
            item
            for item in self.profile.stores
            if kind is (Store.ENERGY if item.unit.is_energy else Store.MONEY)
        )

    async def _read_item(self, item: Item, klass: RequestClass) -> dict[Quantity, int]:
        """Read an item's numbers, in as few frames as the meter answers; remember which."""
        waiting = list(self._parts.get(item.name, (item,)))
        answered: list[Item] = []
        values: dict[Quantity, int] = {}
        while waiting:
            part = waiting.pop(0)
            try:
                values |= part.decode(await self._read_data(part.identifier, part.size, klass))
            except Dlt645RefusedError as error:
                singles = part.singles()
                is_charged = part.quantities == (Quantity.ENERGY_IMPORT,)
                if not error.code & NO_SUCH_DATA or is_charged:
                    raise
                waiting[:0] = singles
            else:
                answered.append(part)
        self._parts[item.name] = tuple(answered)
        return values

    async def _read_data(self, identifier: int, size: int, klass: RequestClass) -> bytes:
        """Return what an identifier names, also where it takes several frames."""
        request = Dlt645Request.read(self.unit, identifier, expects=size)
        has_more, *data = await self._bus.execute(request, klass)
        for sequence in range(1, LONGEST_SERIES):
            if not has_more:
                return bytes(data)
            request = Dlt645Request.read_next(self.unit, identifier, sequence, expects=size)
            has_more, *more = await self._bus.execute(request, klass)
            data += more
        raise GarbledAnswerError(self.unit, "an answer without an end")

    def _through_transformers(self, values: Mapping[Quantity, int]) -> dict[Quantity, int]:
        return {
            quantity: number * (self._multiplier if quantity.is_behind_transformers else 1)
            for quantity, number in values.items()
        }
