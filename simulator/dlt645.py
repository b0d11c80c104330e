"""Meters that speak DL/T 645-2007, next to those that speak Modbus.

Such a meter has the same load, registers and relay as any other here; what differs is what it says.
It is known by twelve digits, answers in frames that begin with 68h and end with 16h, and switches
only for who knows its password: after some wrong ones it locks itself. Written from the standard
and published frames, apart from anything that reads it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
import math
from typing import override

from .clock import MICROSECONDS, SimulatedClock, moment_of
from .energy import UNITS_PER_WH
from .loads import scramble
from .meter import MeterPlan, SimulatedMeter

START, END, LEAD, MASK = 0x68, 0x16, 0xFE, 0x33
READ, READ_NEXT, READ_ADDRESS, SWITCH = 0x11, 0x12, 0x13, 0x1C
ANSWERS, REFUSES, HAS_MORE = 0x80, 0xC0, 0x20
OTHER_ERROR, NO_SUCH_DATA, NO_RIGHT = 0x01, 0x02, 0x04
TRIP, ALLOW_CLOSE, CLOSE = 0x1A, 0x1B, 0x1C
ALARM, NO_ALARM = 0x2A, 0x2B

RUN_STATUS, METER_NUMBER, OWN_ADDRESS = 0x04000503, 0x04000402, 0x04000401
STORED_ENERGY, STORED_AMOUNT = 0x00900100, 0x00900200

FACTORY = "123456"
"""What opens a meter that nobody has set up."""

_SHORTEST = 12
_NOMINAL_DV = 2200


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a master asks."""

    address: str
    control: int
    data: bytes

    def means(self, digits: str) -> bool:
        """Return whether a meter with this address is asked."""
        pairs = zip(self.address, digits, strict=True)
        return all(asked in ("A", digit) for asked, digit in pairs)


def framed(address: str, control: int, data: bytes) -> bytes:
    """Return a frame without leading bytes."""
    body = bytearray((START, *reversed(bytes.fromhex(address)), START, control, len(data)))
    body += bytes((byte + MASK) % 256 for byte in data)
    return bytes((*body, sum(body) % 256, END))


class Questions:
    """Collects what a master sends until questions are whole."""

    def __init__(self) -> None:
        """Begin with silence."""
        self._heard = bytearray()

    @property
    def is_waiting(self) -> bool:
        """Return whether part of a question has come."""
        return bool(self._heard)

    def concern(self, data: bytes) -> bool:
        """Return whether these bytes belong to DL/T 645, and not to Modbus."""
        return self.is_waiting or data[:1] in (bytes((LEAD,)), bytes((START,)))

    def take(self, data: bytes) -> Iterator[tuple[Question, bytes]]:
        """Yield each whole question with all its bytes; what can be none is dropped."""
        self._heard += data
        while self._heard:
            lead = len(self._heard) - len(self._heard.lstrip(bytes((LEAD,))))
            frame = self._heard[lead:]
            if len(frame) < _SHORTEST and frame[:1] in (b"", bytes((START,))):
                return
            if frame[:1] != bytes((START,)) or frame[7] != START:
                self._heard.clear()
                return
            end = lead + _SHORTEST + frame[9]
            if len(self._heard) < end:
                return
            raw = bytes(self._heard[:end])
            del self._heard[:end]
            if sum(raw[lead:-2]) % 256 == raw[-2] and raw[-1] == END:
                yield (
                    Question(
                        address=raw[lead + 6 : lead : -1].hex().upper(),
                        control=raw[lead + 8],
                        data=bytes((byte - MASK) % 256 for byte in raw[lead + 10 : -2]),
                    ),
                    raw,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dlt645Plan(MeterPlan):
    """What is known about such a meter before it is installed; its serial number is its address."""

    password: str = FACTORY
    level: int = 2

    @override
    def install(
        self, clock: SimulatedClock, *, seed: int = 0, utc_offset_s: int = 0
    ) -> SimulatedMeter:
        return Dlt645Meter(self, clock, seed=seed, utc_offset_s=utc_offset_s)


class Dlt645Meter(SimulatedMeter):
    """A meter that speaks DL/T 645-2007. What it lacks or hides are plain attributes."""

    def __init__(
        self, plan: Dlt645Plan, clock: SimulatedClock, *, seed: int = 0, utc_offset_s: int = 0
    ) -> None:
        """Install the meter now, with its relay closed."""
        super().__init__(plan, clock, seed=seed, utc_offset_s=utc_offset_s)
        self.password = plan.password
        self.level = plan.level
        self.lacks: set[int] = set()
        """Identifiers that it refuses."""
        self.ignores: set[int] = set()
        """Identifiers about which it says nothing at all."""
        self.sells = 0
        """1 for energy, 2 for money, 0 for neither."""
        self.amount = 0
        """What is left of the money that it sells, in hundredths."""
        self.longest_answer = 200
        """Data bytes that it puts into one frame; more is asked for piece by piece."""
        self.locks_after = 3
        self.wrong_passwords = 0
        self.commands: list[bytes] = []
        """Every command that it has heard, as its data."""
        self.has_alarm = True
        self.shows_alarm = True
        """Whether its run status tells of the alarm."""
        self.alarm = False
        """Whether its display asks to buy energy."""
        self._may_close = False

    @property
    def digits(self) -> str:
        """Return the address."""
        return self.serial

    @property
    def is_locked(self) -> bool:
        """Return whether it obeys nobody any more."""
        return self.wrong_passwords >= self.locks_after

    def press_button(self) -> None:
        """Let somebody press the button that closes a relay which may close."""
        if self._may_close:
            self._may_close = False
            self.command_relay(closed=True)

    def answer(self, question: Question) -> bytes | None:
        """Do what is asked; return the answer's frame, or nothing."""
        self.advance()
        control, data = question.control, question.data
        if control == READ_ADDRESS:
            return framed(self.digits, control | ANSWERS, _reversed(self.digits))
        if control in (READ, READ_NEXT) and len(data) >= 4:
            return self._read(control, data)
        if control == SWITCH and len(data) == 16:
            return self._switch(data)
        return self.refuse(control, OTHER_ERROR)

    def refuse(self, control: int, code: int) -> bytes:
        """Return the frame that says no."""
        return framed(self.digits, control | REFUSES, bytes((code,)))

    def _read(self, control: int, data: bytes) -> bytes | None:
        identifier = int.from_bytes(data[:4], "little")
        if identifier in self.ignores:
            return None
        whole = None if identifier in self.lacks else read_data(self, identifier)
        if whole is None:
            return self.refuse(control, NO_SUCH_DATA)
        sequence = data[4] if control == READ_NEXT else 0
        pieces = [
            whole[start : start + self.longest_answer]
            for start in range(0, len(whole), self.longest_answer)
        ]
        if sequence >= len(pieces):
            return self.refuse(control, NO_SUCH_DATA)
        more = HAS_MORE if sequence + 1 < len(pieces) else 0
        told = data[:4] + pieces[sequence] + (bytes((sequence,)) if sequence else b"")
        return framed(self.digits, control | ANSWERS | more, told)

    def _switch(self, data: bytes) -> bytes:
        self.commands.append(data)
        is_known = data[0] == self.level and data[1:4] == _reversed(self.password)
        if self.is_locked or not is_known:
            self.wrong_passwords += 1
            return self.refuse(SWITCH, NO_RIGHT)
        self.wrong_passwords = 0
        local = (moment_of(self.at_us) + self.local_time).replace(tzinfo=None)
        known = (TRIP, ALLOW_CLOSE, CLOSE, *((ALARM, NO_ALARM) if self.has_alarm else ()))
        if _moment(data[10:16]) <= local or data[8] not in known:
            return self.refuse(SWITCH, OTHER_ERROR)
        if data[8] in (ALARM, NO_ALARM):
            self.alarm = data[8] == ALARM
            return framed(self.digits, SWITCH | ANSWERS, b"")
        self._may_close = data[8] == ALLOW_CLOSE
        if data[8] != ALLOW_CLOSE:
            self.command_relay(closed=data[8] == CLOSE)
        return framed(self.digits, SWITCH | ANSWERS, b"")


def read_data(meter: Dlt645Meter, identifier: int) -> bytes | None:
    """Return what an identifier names, low byte first; a block is its numbers after each other."""
    families = _families(meter)
    for family, (shift, numbers) in families.items():
        place = identifier >> shift & 0xFF
        if identifier & ~(0xFF << shift) != family:
            continue
        if place == 0xFF and len(numbers) > 1:
            return b"".join(number() for number in numbers.values())
        return numbers[place]() if place in numbers else None
    return None


def _families(
    meter: Dlt645Meter,
) -> Mapping[int, tuple[int, Mapping[int, Callable[[], bytes]]]]:
    """Return what can be read: identifiers without the byte that counts, and what it counts."""
    factor = meter.load.profile.power_factor * 10
    active = meter.phases_of(meter.flowing_w)
    volts = [_NOMINAL_DV + scramble(meter.seed + place) % 31 - 15 for place in range(3)]

    def table(size: int, *numbers: int, start: int = 0) -> dict[int, Callable[[], bytes]]:
        return {start + place: partial(bcd, number, size) for place, number in enumerate(numbers)}

    apparent = [watts * 1000 // factor for watts in active]
    reactive = [math.isqrt(s * s - p * p) for s, p in zip(apparent, active, strict=True)]
    energies = [meter.energy.total, *meter.energy.rates]
    current = [s * 10_000 // u for s, u in zip(apparent, volts, strict=True)]
    return {
        0x00010000: (8, table(4, *(units // UNITS_PER_WH // 10 for units in energies))),
        0x00020000: (8, table(4, 0, 0, 0, 0, 0)),
        0x02010000: (8, table(2, *volts, start=1)),
        0x02020000: (8, table(3, *current, start=1)),
        0x02030000: (8, table(3, *(10 * watts for watts in (sum(active), *active)))),
        0x02040000: (8, table(3, *(10 * var for var in (sum(reactive), *reactive)))),
        0x02050000: (8, table(3, *(10 * va for va in (sum(apparent), *apparent)))),
        0x02060000: (8, table(2, *(factor if watts else 1000 for watts in (sum(active), *active)))),
        0x02080000: (8, table(2, 212, 198, 205, start=1)),
        0x02090000: (8, table(2, 1120, 1045, 990, start=1)),
        0x02800000: (0, table(3, 12, start=1) | table(2, _frequency(meter), start=2)),
    } | _parameters(meter)


def _parameters(meter: Dlt645Meter) -> dict[int, tuple[int, dict[int, Callable[[], bytes]]]]:
    local = moment_of(meter.at_us) + meter.local_time
    word = (
        (0 if meter.contact else 1 << 4)
        | (meter.alarm and meter.shows_alarm) << 7
        | meter.sells << 8
    )
    store: dict[int, Callable[[], bytes]] = {}
    if meter.sells:
        store = {
            1: lambda: bcd(max(0, meter.settings.credit) // UNITS_PER_WH // 10, 4),
            2: lambda: bcd(meter.amount, 4),
        }
    return {
        0x00900000: (8, store),
        0x04000500: (0, {3: lambda: word.to_bytes(2, "little")}),
        0x04000400: (0, dict.fromkeys((1, 2), lambda: _reversed(meter.digits))),
        0x04000100: (
            0,
            {
                1: lambda: _reversed(f"{local:%y%m%d}{local.isoweekday() % 7:02}"),
                2: lambda: _reversed(f"{local:%H%M%S}"),
            },
        ),
    }


def _frequency(meter: Dlt645Meter) -> int:
    return 5000 + scramble(meter.seed + meter.at_us // MICROSECONDS) % 7 - 3


def bcd(number: int, size: int) -> bytes:
    """Return a number as decimal digits, two to a byte, low byte first; the top bit is its sign."""
    told = bytearray(_reversed(f"{abs(number):0{2 * size}}"[-2 * size :]))
    if number < 0:
        told[-1] |= 0x80
    return bytes(told)


def _reversed(digits: str) -> bytes:
    return bytes(reversed(bytes.fromhex(digits)))


def _moment(data: bytes) -> datetime:
    return datetime.strptime(bytes(reversed(data)).hex(), "%y%m%d%H%M%S")  # noqa: DTZ007  # local
