"""One RS485 line: meters that share a pair of wires, one transaction at a time.

A line is a Modbus handler for the servers that listen in front of it. It holds the wire for as long
as the bytes of request and answer take at the line's baud rate plus the meter's turnaround time,
whoever asks and over however many connections. With `pace` off everything takes no time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast, override

from tmodbus.exceptions import (
    GatewayTargetDeviceFailedToRespondError,
    IllegalFunctionError,
    SuppressResponseError,
    UnknownModbusResponseError,
)
from tmodbus.pdu import (
    BasePDU,
    ReadCoilsPDU,
    ReadHoldingRegistersPDU,
    WriteMultipleRegistersPDU,
    WriteSingleCoilPDU,
)
from tmodbus.server import ModbusHandler

from .dlt645 import Dlt645Meter, Question
from .faults import Answer, Fault, FaultKind, Faults
from .image import read_coils, read_registers
from .meter import SimulatedMeter
from .models import MODELS, Model
from .registers import ILLEGAL_ADDRESS, ILLEGAL_VALUE, RELAY_COIL, RegisterError, line_word

_FRAME_OVERHEAD = 3
"""Unit and checksum around a request or answer."""

_EXCEPTION_CHARACTERS = 5

_SLEEP_ERROR_S = 0.001

_LAST_READING_FUNCTION = 4

type _Value = list[bool] | list[int] | bool | int
"""What a request brings: bits, registers, or what a write repeats."""


class Transport(StrEnum):
    """How a line is reached."""

    RTU_TCP = "rtu_tcp"
    MODBUS_TCP = "modbus_tcp"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlan:
    """A line before anything hangs on it."""

    name: str
    transport: Transport = Transport.RTU_TCP
    port: int = 0
    """0 takes a free one."""
    device: str = ""
    """Where the serial port is to be found; empty puts it into the mall's folder."""
    baudrate: int = 9600
    parity: str = "E"
    stopbits: int = 1
    turnaround_s: float = 0.010
    """From the end of a request to the first byte of the answer."""
    gateway_timeout_s: float = 0.5
    """A Modbus TCP gateway says "target failed to respond" after that."""
    gateway_answers: bool = True
    """Whether it says so, or stays silent as the meter does."""
    pace: bool = True
    max_registers: int = 125
    """A longer read is refused."""

    @property
    def character_s(self) -> float:
        """Return how long one character is on the wire."""
        bits = 1 + 8 + (self.parity != "N") + self.stopbits
        return bits / self.baudrate

    @property
    def silence_s(self) -> float:
        """Return the silence that must lie between two frames."""
        return 3.5 * self.character_s if self.baudrate <= 19200 else 0.00175


@dataclass(slots=True)
class LineStatistics:
    """What has happened on a line."""

    requests: int = 0
    answers: int = 0
    busy_s: float = 0.0
    """How long the wire was taken."""
    silence_broken: int = 0
    """Requests that came before the silence after the last answer was over."""


class SimulatedLine(ModbusHandler):
    """The meters on one line and the wire between them."""

    def __init__(self, plan: LinePlan, meters: Sequence[SimulatedMeter]) -> None:
        """Hang meters on a line."""
        self.plan = plan
        self.name = plan.name
        self.meters = list(meters)
        self.faults = Faults(seed=len(meters))
        self.statistics = LineStatistics()
        self.answers: deque[Answer] = deque()
        """How the answers that are on their way out are to leave; one each."""
        self.echoes = False
        """Whether a two-wire adapter hears what it sends itself; only for DL/T 645."""
        self.prefix = b""
        """What a serial server puts before every answer, for example its own address; likewise."""
        self._wire = asyncio.Lock()
        self._quiet_since = 0.0
        self._memory: dict[tuple[int, bytes], _Value] = {}

    def fail(self, fault: Fault) -> None:
        """Lay a fault on every meter of the line."""
        self.faults.add(fault)

    def _recall(self, unit_id: int, request: BasePDU[Any], fault: Fault | None) -> _Value | None:
        """Return what a gateway with a memory answers to a read without asking the meter."""
        if fault is None or fault.kind is not FaultKind.CACHED:
            return None
        return self._memory.get((unit_id, request.encode_request()))

    def _remember(self, unit_id: int, request: BasePDU[Any], value: _Value) -> None:
        if request.function_code <= _LAST_READING_FUNCTION:
            self._memory[unit_id, request.encode_request()] = value

    def heal(self, kind: FaultKind | None = None) -> None:
        """Take away the line's faults of one kind, or all; those of single meters stay."""
        self.faults.heal(kind)

    def meters_at(self, address: int) -> list[SimulatedMeter]:
        """Return the meter that answers at this address, or the circuits of one device."""
        return [meter for meter in self.meters if meter.address == address]

    @property
    def has_dlt645(self) -> bool:
        """Return whether meters hang on it that speak DL/T 645."""
        return any(isinstance(meter, Dlt645Meter) for meter in self.meters)

    def take_answer(self, length: int) -> Answer:
        """Return how the next answer is to leave; one that no meter gave leaves as it is."""
        return self.answers.popleft() if self.answers else Answer(length=length)

    @override
    async def __call__[T](self, unit_id: int, request: BasePDU[T], /) -> T:
        """Answer one request, and hold the wire for as long as that takes."""
        async with self._taken() as started:
            return cast("T", await self._transact(unit_id, request, started))

    async def carry(self, question: Question, raw: bytes) -> bytes | None:
        """Carry a question of DL/T 645 to whom it concerns; return what comes back."""
        async with self._taken() as started:
            heard = started + self._on_wire(len(raw))
            await self._until(heard)
            meter, fault = self._asked(question)
            if fault is not None and fault.kind is FaultKind.SLOW:
                await asyncio.sleep(fault.seconds)
                heard += fault.seconds
            answer = None if meter is None else _answer(meter, question, fault)
            said = b"" if answer is None else self.prefix + answer
            if not said and not self.echoes:
                return None
            await self._until(heard + self._turnaround_s + self._on_wire(len(said)))
            said = (raw if self.echoes else b"") + said
            self._send(len(said), fault)
            return said

    def _asked(self, question: Question) -> tuple[Dlt645Meter | None, Fault | None]:
        """Return the meter that is asked, and what is wrong with it."""
        for meter in self.meters:
            if isinstance(meter, Dlt645Meter) and question.means(meter.digits):
                control = question.control
                return meter, meter.faults.take(control) or self.faults.take(control)
        return None, None

    @asynccontextmanager
    async def _taken(self) -> AsyncIterator[float]:
        """Hold the wire; yield since when."""
        async with self._wire:
            loop = asyncio.get_running_loop()
            started = loop.time()
            self.statistics.requests += 1
            if self.plan.pace and started - self._quiet_since < self.plan.silence_s:
                self.statistics.silence_broken += 1
            try:
                yield started
            finally:
                self._quiet_since = loop.time()
                self.statistics.busy_s += self._quiet_since - started

    async def _transact(self, unit_id: int, request: BasePDU[Any], started: float) -> Any:
        plan = self.plan
        heard = started + self._on_wire(len(request.encode_request()) + _FRAME_OVERHEAD)
        await self._until(heard)
        meters = self.meters_at(unit_id)
        meter = meters[0] if meters else None
        fault = self._fault_of(meters, request.function_code)
        if meter is None or (fault is not None and fault.kind is FaultKind.SILENT):
            return await self._nothing(request)
        if fault is not None and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
            heard += fault.seconds
        if fault is not None and fault.kind is FaultKind.GARBLED:
            return await self._noise(request, heard)
        value, error = None, None
        try:
            value = self._recall(unit_id, request, fault)
            if value is None:
                value = _obey(meters, request, fault, plan)
                self._remember(unit_id, request, value)
            characters = len(request.encode_response(value)) + _FRAME_OVERHEAD
        except RegisterError as refusal:
            error = UnknownModbusResponseError(refusal.code, request.function_code)
            characters = _EXCEPTION_CHARACTERS
        if fault is not None and fault.kind is FaultKind.LOST:
            return await self._nothing(request)
        await self._until(heard + self._turnaround_s + self._on_wire(characters))
        if fault is not None and fault.kind is FaultKind.BAD_CRC and self._has_gateway:
            return await self._nothing(request)
        self._send(characters, fault)
        if error is not None:
            raise error
        return value

    def _fault_of(self, meters: Sequence[SimulatedMeter], function: int) -> Fault | None:
        """Return what goes wrong; two devices that have one address talk at the same time."""
        if not meters:
            return None
        fault = meters[0].faults.take(function) or self.faults.take(function)
        if fault is None and len(meters) > 1 and meters[0].plan.model not in MODELS:
            return Fault(kind=FaultKind.BAD_CRC)  # no circuits of one device: a mistake
        return fault

    def _send(self, characters: int, fault: Fault | None) -> None:
        self.statistics.answers += 1
        if fault is None:
            self.answers.append(Answer(length=characters))
        else:
            kind, seconds = fault.kind, fault.seconds
            self.answers.append(Answer(length=characters, kind=kind, seconds=seconds))

    async def _noise(self, request: BasePDU[Any], heard: float) -> Any:
        """Let noise come back; a Modbus TCP gateway does not pass it on."""
        if self._has_gateway:
            return await self._nothing(request)
        await self._until(heard + self._on_wire(8))
        self.answers.append(Answer(length=_EXCEPTION_CHARACTERS, kind=FaultKind.GARBLED))
        raise UnknownModbusResponseError(1, request.function_code)

    async def _nothing(self, request: BasePDU[Any]) -> Any:
        """Answer nothing; a Modbus TCP gateway says so after a while."""
        if not (self._has_gateway and self.plan.gateway_answers):
            raise SuppressResponseError
        if self.plan.pace:
            await asyncio.sleep(self.plan.gateway_timeout_s)
        self.answers.append(Answer(length=_EXCEPTION_CHARACTERS))
        raise GatewayTargetDeviceFailedToRespondError(request.function_code)

    @property
    def _has_gateway(self) -> bool:
        return self.plan.transport is Transport.MODBUS_TCP

    @property
    def _turnaround_s(self) -> float:
        return max(self.plan.turnaround_s, self.plan.silence_s) if self.plan.pace else 0.0

    def _on_wire(self, characters: int) -> float:
        return characters * self.plan.character_s if self.plan.pace else 0.0

    async def _until(self, moment: float) -> None:
        """Wait until a moment, more exactly than a sleep can, which wakes up to 1 ms late."""
        if not self.plan.pace:
            return
        loop = asyncio.get_running_loop()
        await asyncio.sleep(moment - loop.time() - _SLEEP_ERROR_S)
        while loop.time() < moment:  # noqa: ASYNC110 - no event comes at a moment
            await asyncio.sleep(0)


def _answer(meter: Dlt645Meter, question: Question, fault: Fault | None) -> bytes | None:
    """Let the meter do what the question asks; return what it says."""
    kind = None if fault is None else fault.kind
    if kind is FaultKind.SILENT:
        return None
    if fault is not None and kind is FaultKind.EXCEPTION:
        return meter.refuse(question.control, fault.code)
    answer = meter.answer(question)
    return None if kind is FaultKind.LOST else answer


def _obey(
    meters: Sequence[SimulatedMeter], request: BasePDU[Any], fault: Fault | None, plan: LinePlan
) -> list[bool] | list[int] | bool | int:
    """Let the meter do what the request asks; return what it answers."""
    if fault is not None and fault.kind is FaultKind.EXCEPTION:
        raise RegisterError(fault.code)
    meter = meters[0]
    if (model := MODELS.get(meter.plan.model)) is not None:
        return _obey_as(model, meters, request)
    match request:
        case ReadCoilsPDU() if request.function_code == 1:
            return read_coils(meter, request.start_address, request.quantity)
        case ReadHoldingRegistersPDU() if request.function_code == 3:
            if request.quantity > plan.max_registers:
                raise RegisterError(ILLEGAL_VALUE)
            word = line_word(plan.baudrate, plan.parity)
            return read_registers(meter, request.start_address, request.quantity, line_word=word)
        case WriteSingleCoilPDU():
            if request.address != RELAY_COIL:
                raise RegisterError(ILLEGAL_ADDRESS)
            meter.command_relay(closed=request.value)
            return request.value
        case WriteMultipleRegistersPDU():
            meter.write_registers(request.start_address, request.values)
            return len(request.values)
        case _:
            raise RegisterError(IllegalFunctionError.error_code)


def _obey_as(
    model: Model, meters: Sequence[SimulatedMeter], request: BasePDU[Any]
) -> list[int] | int:
    """Let meters of another model than the KPM33B do what the request asks."""
    match request:
        case ReadHoldingRegistersPDU():  # input registers are asked for by a subclass
            function, address = request.function_code, request.start_address
            return model.read(meters, function, address, request.quantity)
        case WriteMultipleRegistersPDU():
            model.write(meters, request.start_address, request.values)
            return len(request.values)
        case _:
            raise RegisterError(IllegalFunctionError.error_code)
