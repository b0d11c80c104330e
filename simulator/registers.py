"""The register map of a KPM33B: which words lie where.

The meter knows four stretches of registers; a read must lie within one of them, holes inside a
stretch read as 0, anything else is answered with exception 2. Numbers are IEEE-754 single
precision, high word first. Of the registers that can be written, each is written whole.
"""

from collections.abc import Sequence
from enum import IntEnum
import struct

SYSTEM, SYSTEM_WORDS = 0x0000, 0x29
MEASUREMENT, MEASUREMENT_WORDS = 0x0030, 0x34
ENERGY, ENERGY_WORDS = 0x0068, 0x138
DEMAND, DEMAND_WORDS = 0x0200, 0x06

RELAY_COIL = 0x0001
RELAY_COILS = 3
"""One relay, but a reader may ask for the three phases' contacts."""

SERIAL_NUMBER_CHARACTERS = 13

BAUD_RATES = (1200, 2400, 4800, 9600, 19200)
FORMATS = ("E", "O", "N")
"""8E1, 8O1, 8N1 in the high byte of register 2."""


class Setting(IntEnum):
    """The settings that can be written, by their first register."""

    PASSWORD = 0x0000
    ADDRESS = 0x0001
    LINE = 0x0002
    COMMAND = 0x000C
    CREDIT = 0x000E
    FORCED = 0x001B
    HOLD_TIME = 0x001D
    CONTROL_MODE = 0x001E
    OVERDRAFT = 0x0020
    CLOCK = 0x0023
    LOAD_THRESHOLD = 0x0026

    @property
    def words(self) -> int:
        """Return how many registers the setting takes."""
        return _WORDS.get(self, 1)


_WORDS = {Setting.CREDIT: 2, Setting.FORCED: 2, Setting.OVERDRAFT: 2, Setting.CLOCK: 3}

SERIAL_NUMBER = 0x0012

CLEAR_ENERGY, CLEAR_CREDIT = 0x5578, 0x5579
FORCE_OFF, FORCE_ON, FORCE_NOTHING = 0xAADD, 0xBBDD, 0x0000
LOCAL_CONTROL, REMOTE_CONTROL = 0xDD11, 0xDD22

ILLEGAL_ADDRESS, ILLEGAL_VALUE = 2, 3


class RegisterError(Exception):
    """The meter refuses; `code` is its Modbus exception code."""

    def __init__(self, code: int) -> None:
        """Refuse with this code."""
        super().__init__(f"exception {code}")
        self.code = code


def float_words(value: float) -> tuple[int, int]:
    """Return a number as two registers."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


def float_of(words: Sequence[int]) -> float:
    """Return the number in two registers."""
    (value,) = struct.unpack(">f", struct.pack(">HH", *words))
    return float(value)


def place_floats(image: list[int], offset: int, values: Sequence[float]) -> None:
    """Write numbers into an image, one after the other."""
    image[offset : offset + 2 * len(values)] = struct.unpack(
        f">{2 * len(values)}H", struct.pack(f">{len(values)}f", *values)
    )


def serial_number_words(serial: str) -> list[int]:
    """Return a serial number as the seven registers in which the meter keeps it."""
    text = serial.encode("ascii").ljust(2 * 7, b"\0")
    return list(struct.unpack(">7H", text))


def line_word(baudrate: int, parity: str) -> int:
    """Return register 2: low byte the baud rate, high byte the format."""
    rate = BAUD_RATES.index(baudrate) if baudrate in BAUD_RATES else 0xFF
    return FORMATS.index(parity) << 8 | rate


def settings_in(address: int, words: Sequence[int]) -> list[tuple[Setting, list[int]]]:
    """Split written registers into whole settings; refuse what is none."""
    written = []
    at = 0
    while at < len(words):
        try:
            setting = Setting(address + at)
        except ValueError:
            raise RegisterError(ILLEGAL_ADDRESS) from None
        part = list(words[at : at + setting.words])
        if len(part) != setting.words:
            raise RegisterError(ILLEGAL_ADDRESS)
        written.append((setting, part))
        at += setting.words
    return written
