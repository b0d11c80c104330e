"""Modbus frames of the simulator's own: checksum, questions, answers."""

from dataclasses import dataclass
import struct
from typing import Final

WRITE_COIL: Final = 5
BUSY: Final = 6
SILENT_TARGET: Final = 0x0B


def _table() -> tuple[int, ...]:
    table = []
    for start in range(256):
        value = start
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC: Final = _table()


def checksum(data: bytes) -> bytes:
    """Return the two bytes that end an RTU frame."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def sealed(body: bytes) -> bytes:
    """Return the body as an RTU frame."""
    return body + checksum(body)


def opened(frame: bytes) -> bytes | None:
    """Return the body of an RTU frame; None when it is none."""
    body = frame[:-2]
    return body if len(frame) >= 4 and checksum(body) == frame[-2:] else None


@dataclass(frozen=True, slots=True)
class Question:
    """What a body asks: the last field is a count, or a value to write."""

    unit: int
    function: int
    address: int
    count: int


def question(body: bytes) -> Question | None:
    """Return what a body asks; None for what these meters do not understand."""
    if len(body) != 6 or body[1] not in {1, 3, 4, WRITE_COIL}:
        return None
    return Question(*struct.unpack(">BBHH", body))


def refusal(asked: Question, code: int) -> bytes:
    """Return the body that refuses."""
    return bytes((asked.unit, asked.function | 0x80, code))


def values(asked: Question, registers: list[int]) -> bytes:
    """Return the body that answers with registers."""
    head = bytes((asked.unit, asked.function, 2 * len(registers)))
    return head + struct.pack(f">{len(registers)}H", *registers)
