"""Answers that are wrong or late, over real sockets: an error each time, and never a value."""

import asyncio
from operator import eq
import struct

import pytest

from custom_components.compere_prepaid.core.bus.requests import (
    BusError,
    Function,
    GarbledAnswerError,
    NoAnswerError,
    RefusedError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from tests.adapters.real_line import (
    UNITS,
    bus_on,
    contents,
    line_to,
    read,
    settings_for,
    twelve_meters,
)
from tests.adapters.wire import Wire, WireMeter, crc16

pytestmark = pytest.mark.usefixtures("socket_enabled")

PATIENCE_S = 0.1
LATE_S = 0.3


def flip(frame: bytes) -> bytes:
    """Garble one bit of the data."""
    return frame[:-3] + bytes([frame[-3] ^ 0x10]) + frame[-2:]


def other_unit(frame: bytes) -> bytes:
    """Let another unit answer, with a checksum that is right."""
    frame = bytes([frame[0] ^ 0x40]) + frame[1:-2]
    return frame + crc16(frame)


def other_function(frame: bytes) -> bytes:
    """Answer another function, with a checksum that is right."""
    frame = bytes([frame[0], 4]) + frame[2:-2]
    return frame + crc16(frame)


def one_register_less(frame: bytes) -> bytes:
    """Answer with one register less than was asked for, a perfect frame otherwise."""
    frame = bytes([frame[0], frame[1], frame[2] - 2]) + frame[3:-4]
    return frame + crc16(frame)


@pytest.mark.parametrize(
    "spoil", [flip, other_unit, other_function, one_register_less, lambda frame: frame[:-1]]
)
async def test_a_spoilt_frame_is_never_an_answer(spoil: object) -> None:
    """Bit errors, other units, other functions, other lengths, cut frames: an error, no value."""
    meters = twelve_meters()
    async with Wire(True, meters) as wire:
        settings = settings_for(wire, timeout_s=PATIENCE_S)
        async with bus_on(settings) as bus:
            for unit in UNITS:
                meters[unit].spoil = spoil  # type: ignore[assignment]  # one of the above
            results = await asyncio.gather(
                *(bus.execute(read(unit, 0, 4), RequestClass.ROUTINE) for unit in UNITS),
                return_exceptions=True,
            )
            assert all(isinstance(result, GarbledAnswerError | NoAnswerError) for result in results)
            for unit in UNITS:
                meters[unit].spoil = bytes
            results = await asyncio.gather(
                *(bus.execute(read(unit, 0, 4), RequestClass.ROUTINE) for unit in UNITS)
            )
            assert results == [contents(unit, 0, 4) for unit in UNITS]
            assert wire.connections == 1


async def test_noise_before_an_answer_is_skipped() -> None:
    """Line noise costs at most the answer, never a wrong value; the connection stays."""
    async with Wire(True, {1: WireMeter({0: 77})}) as wire, line_to(wire) as line:
        wire.meters[1].spoil = lambda frame: b"\xf8\x00\x55" + frame
        assert await line.execute(read(1, 0, 1), 5) == (77,)
        wire.meters[1].spoil = bytes
        assert await line.execute(read(1, 0, 1), 5) == (77,)
        assert wire.connections == 1


@pytest.mark.parametrize("count", [8, 9], ids=["same length", "other length"])
@pytest.mark.parametrize(
    ("is_rtu", "mispairs"),
    [(True, False), (False, False), (False, True)],
    ids=["rtu_tcp", "patient gateway", "mispairing gateway"],
)
async def test_a_late_answer_is_never_taken_for_another(
    is_rtu: bool, mispairs: bool, count: int
) -> None:
    """Twelve meters answer too late and are asked for another block: none wrong, twelve right."""
    wire = Wire(is_rtu, twelve_meters(), mispairs=mispairs)
    for meter in wire.meters.values():
        meter.late_s = [LATE_S]
    async with wire, bus_on(settings_for(wire, timeout_s=PATIENCE_S)) as bus:
        missed = await asyncio.gather(
            *(bus.execute(read(unit, 0, 8), RequestClass.ROUTINE) for unit in UNITS),
            return_exceptions=True,
        )
        assert all(isinstance(error, BusError) for error in missed)
        right = wrong = 0
        for _ in range(5):  # what is garbled by a late answer may be asked again, like any poller
            answers = await asyncio.gather(
                *(bus.execute(read(unit, 100, count), RequestClass.ROUTINE) for unit in UNITS),
                return_exceptions=True,
            )
            expected = [contents(unit, 100, count) for unit in UNITS]
            right = sum(map(eq, answers, expected, strict=True))
            wrong += sum(not isinstance(answer, BusError) for answer in answers) - right
            if right == len(UNITS):
                break
        assert (right, wrong) == (12, 0)
        assert wire.connections == 1


async def test_without_the_bus_late_answers_are_taken_for_others() -> None:
    """The control: on the line alone, every late answer of the same length is a wrong value."""
    meters = twelve_meters()
    wrong = 0
    async with Wire(True, meters) as wire, line_to(wire) as line:
        for unit in UNITS:
            meters[unit].late_s = [LATE_S, LATE_S]
            with pytest.raises((NoAnswerError, GarbledAnswerError)):
                await line.execute(read(unit, 0, 8), PATIENCE_S)
            answer = await line.execute(read(unit, 100, 8), 5)
            wrong += answer != contents(unit, 100, 8)
    assert wrong == 12


@pytest.mark.parametrize("is_rtu", [True, False], ids=["rtu_tcp", "modbus_tcp"])
async def test_a_late_answer_is_no_echo_of_a_relay_command(is_rtu: bool) -> None:
    """A command right after a miss goes out at once; echo and read-back are its own."""
    wire = Wire(is_rtu, twelve_meters())
    for meter in wire.meters.values():
        meter.late_s = [2 * LATE_S]
    async with wire, bus_on(settings_for(wire, timeout_s=LATE_S)) as bus:
        for unit in UNITS:
            meter = wire.meters[unit]
            with pytest.raises((NoAnswerError, GarbledAnswerError)):
                await bus.execute(
                    Request(unit=unit, function=Function.READ_COILS, address=1), RequestClass.DUE
                )
            put = Request(unit=unit, function=Function.WRITE_COIL, address=1, values=(1,))
            assert await bus.execute(put, RequestClass.RELAY) == (1,)
            assert meter.coils[1] is True
        back = [
            bus.execute(
                Request(unit=unit, function=Function.READ_COILS, address=1), RequestClass.RELAY
            )
            for unit in UNITS
        ]
        assert await asyncio.gather(*back) == [(1,)] * 12
        assert bus.health.requests == 36


async def test_hostile_bytes_never_become_values() -> None:
    """Two hundred frames of rubbish, right lengths and wrong: an error or silence each time."""
    rubbish = [
        struct.pack(">BBB", 1, 3, count) + bytes((seed * 7 + i) & 0xFF for i in range(size))
        for seed in range(50)
        for count, size in ((4, 6), (255, 9), (0, 2), (3, 5))
    ]
    async with Wire(True, {1: WireMeter()}) as wire:
        async with line_to(wire) as line:
            for frame in rubbish:
                wire.meters[1].spoil = lambda _, frame=frame: frame  # type: ignore[misc]
                with pytest.raises((GarbledAnswerError, NoAnswerError, RefusedError)):
                    await line.execute(read(1, 0, 2), 0.02)
        assert wire.connections == 1
