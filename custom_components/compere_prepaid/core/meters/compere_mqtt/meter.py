"""One Compere meter behind a broker: what it told, and what can be asked of it.

Where its relay is, the meter tells in two ways: some models signal every change of their outputs,
all acknowledge a command. A signal that came after the command counts; without one the
acknowledgement does. Neither survives a silence: what happened meanwhile, nobody saw.
"""

import asyncio
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
import re
from typing import override

from ...bus.requests import BusError, GarbledAnswerError
from ...bus.scheduler import RequestClass
from ...clock import Clock
from ...errors import InvalidInputError
from ...ids import MeterSerial
from ...metering.reading import MeterReading, Quantity
from ..device import MeterDevice
from .commands import is_done, read_energy_pace, read_float, set_clock, switch_relay
from .link import CommandRefusedError, MqttLink, NotHeardError
from .messages import Message, Topic, meter_code
from .profile import CompereMqttProfile, RelayOutput

SIGNAL_WITHIN_S = 3.0
"""So long after its acknowledgement a model that signals its outputs may take to do so."""

_OUTPUTS = re.compile(r"[0-9A-Fa-f]{1,8}")


class NotOnRequestError(BusError):
    """The model sends its register by itself and cannot be asked for it."""

    def __init__(self, meter: str) -> None:
        """Name the meter."""
        super().__init__("not_on_request", address=meter)


class CompereMqttMeter(MeterDevice[CompereMqttProfile]):
    """Reads and switches one meter by messages.

    Its meter code is its address and its serial number at once.
    """

    def __init__(
        self,
        profile: CompereMqttProfile,
        code: str,
        serial: MeterSerial,
        link: MqttLink,
        clock: Clock,
        multiplier: int = 1,
    ) -> None:
        """Raise `InvalidInputError` (`meter_code_invalid`) for what is no meter code."""
        known = meter_code(code)
        if known is None:
            raise InvalidInputError("meter_code_invalid", address=code)
        super().__init__(profile, serial, multiplier)
        self.code = known
        self._link = link
        self._clock = clock
        self._relay_closed: bool | None = None
        self._signalled = asyncio.Event()

    @property
    def relay_closed(self) -> bool | None:
        """Return where the relay is, as the meter told; None if it has not told."""
        return self._relay_closed

    @override
    async def identify(self, klass: RequestClass, *, is_brief: bool = False) -> MeterSerial:
        """Return the code of a meter that has spoken, or that answers now."""
        if self.code not in self._link.heard:
            await self._link.request(read_energy_pace(self.code))
        return MeterSerial(self.code)

    @override
    async def read(self, klass: RequestClass, *, detail: bool) -> MeterReading:
        """Ask for the register now. Raises `BusError`; `NotOnRequestError` for some models.

        How many digits a meter tells of it is not known: if they are fewer than its uploads have,
        the least is taken that they can mean, so that no upload seems to run backwards.
        """
        register = self.profile.register
        if register is None:
            raise NotOnRequestError(self.code)
        reply = await self._link.request(read_float(self.code, register.address))
        number = reply.number("value")
        if number is None or number < 0:
            raise GarbledAnswerError(self.code, "a register without a number")
        energy_wh = _least_wh(number) * self.multiplier
        return MeterReading(
            serial=self.serial,
            at=self._clock.now(),
            values={Quantity.ENERGY_IMPORT: energy_wh},
            relay_closed=self._relay_closed,
        )

    @override
    async def read_relay(self, klass: RequestClass) -> bool:
        """Return what the meter told last; after a command, wait a moment for its signal."""
        relay = self._relay()
        if relay.is_signalled and not self._signalled.is_set():
            with suppress(TimeoutError):  # then the acknowledgement must do
                async with asyncio.timeout(SIGNAL_WITHIN_S):
                    await self._signalled.wait()
        if self._relay_closed is None:
            raise NotHeardError(self.code)
        return self._relay_closed

    @override
    async def write_relay(self, closed: bool, klass: RequestClass) -> None:
        relay = self._relay()
        before, self._relay_closed = self._relay_closed, None
        self._signalled.clear()
        command = switch_relay(self.code, relay.output, closed=closed)
        try:
            reply = await self._link.request(command)
        except CommandRefusedError:
            self._relay_closed = before  # the meter says that it did nothing
            raise
        echoed = reply.text(f"do{relay.output}")
        if echoed not in ("", "1" if closed else "0"):
            raise GarbledAnswerError(self.code, "another relay state than was commanded")
        if not self._signalled.is_set():
            self._relay_closed = closed

    async def set_clock(self, shows: datetime) -> None:
        """Set the meter's clock to a time of day of its place. Raises `BusError`."""
        await self._link.request(set_clock(self.code, shows))
        self._link.session.expect_other_clock(self.code)

    def values_in(self, record: Message) -> dict[Quantity, int]:
        """Return what a record tells of this meter, behind its current transformers."""
        return {
            quantity: value * self.multiplier if quantity.is_behind_transformers else value
            for quantity, value in self.profile.values_in(record).items()
        }

    def take_word(self, message: Message) -> None:
        """Take over what a message says of the relay: a signal, or anybody's acknowledgement."""
        relay = self.profile.relay
        if relay is None:
            return
        if message.topic is Topic.SIGNALS:
            _, _, outputs = message.text("value").partition("@")
            if _OUTPUTS.fullmatch(outputs):
                self._relay_closed = bool(int(outputs, 16) >> (relay.output - 1) & 1)
                self._signalled.set()
        elif message.topic is Topic.RELAY_REPLY and is_done(message):
            told = message.text(f"do{relay.output}")
            if told in {"0", "1"} and not self._signalled.is_set():
                self._relay_closed = told == "1"

    def forget_relay(self) -> None:
        """Believe no more what was told of the relay: the meter was silent."""
        self._relay_closed = None
        self._signalled.clear()

    def _relay(self) -> RelayOutput:
        if self.profile.relay is None:
            raise InvalidInputError("relay_missing", serial=self.serial, model=self.profile.model)
        return self.profile.relay


def _least_wh(number: Decimal) -> int:
    """Return the least whole Wh that a number of kWh can be rounded from."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -3:
        number -= Decimal(5).scaleb(exponent - 1)
    return max(0, int((number * 1000).to_integral_value()))
