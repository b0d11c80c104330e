"""Looking for meters on a line, address by address.

Each address is asked one short question; where nothing comes back, nobody is there. Where anything
does, be it a refusal, somebody is: then every model that is known is tried, until it is clear which
of them read a serial number there. Questions wait behind everything else on the line and are sent
one at a time, so that a relay command waits for at most one of them.

What comes back garbled twice is told as such: two meters with one address talk at once, or speed
and parity are not the meter's.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Protocol

from ..bus.requests import BusError, GarbledAnswerError, LineDownError, NoAnswerError
from ..errors import InvalidInputError
from ..ids import MeterSerial

FIRST, LAST = 1, 247
"""The addresses that a Modbus device can have."""

_PART = re.compile(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?")


class Presence(StrEnum):
    """What was found at an address."""

    METER = "meter"
    """A meter of a model that is known, with its serial number."""
    UNKNOWN = "unknown"
    """Something answers, and no model that is known reads a serial number there."""
    GARBLED = "garbled"
    """What comes back cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A model that reads a serial number at an address."""

    profile: str
    serial: MeterSerial


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Somebody at an address."""

    address: int
    presence: Presence
    fits: tuple[Fit, ...] = ()
    """The models that fit, in the order in which they were tried; empty unless it is a meter."""


class Probe(Protocol):
    """Asks for the serial number at an address as meters of one model tell it."""

    async def __call__(self, address: int, profile: str) -> MeterSerial:
        """Return the serial number. Raises `BusError`."""
        ...


def addresses_of(text: str) -> tuple[int, ...]:
    """Return the addresses that a text like `1-32, 40` means, each once, in order.

    Raises `InvalidInputError` (`addresses_wrong`).
    """
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise InvalidInputError("addresses_wrong", addresses=text[:40])
        first = int(match[1])
        last = int(match[2] or first)
        if not FIRST <= first <= last <= LAST:
            raise InvalidInputError("addresses_wrong", addresses=text[:40])
        found.update(range(first, last + 1))
    return tuple(sorted(found))


async def scan(
    probe: Probe,
    addresses: Sequence[int],
    profiles: Sequence[str],
    on_progress: Callable[[int, int], None],
) -> tuple[Found, ...]:
    """Ask these addresses, and return who is there.

    `profiles` are tried in this order. `on_progress(done, all)` is told after each address. To be
    cancelled it only needs its task to be cancelled: nothing is left in the line's queue. Raises
    `LineDownError` and, when the line is overloaded, `OperationFailedError`.
    """
    found: list[Found] = []
    for done, address in enumerate(addresses, 1):
        if (somebody := await _look_at(probe, address, profiles)) is not None:
            found.append(somebody)
        on_progress(done, len(addresses))
    return tuple(found)


async def _look_at(probe: Probe, address: int, profiles: Iterable[str]) -> Found | None:
    """Ask one address with one model after the other."""
    fits: list[Fit] = []
    answered = 0
    garbled = 0
    for profile in profiles:
        try:
            serial = await probe(address, profile)
        except LineDownError:
            raise
        except NoAnswerError:
            if not answered:
                return None
        except GarbledAnswerError:
            garbled += 1
            answered += 1
            if garbled > 1 and not fits:
                return Found(address=address, presence=Presence.GARBLED)
        except BusError:
            answered += 1
        else:
            answered += 1
            fits.append(Fit(profile=profile, serial=serial))
    if fits:
        return Found(address=address, presence=Presence.METER, fits=tuple(fits))
    presence = Presence.GARBLED if garbled else Presence.UNKNOWN
    return Found(address=address, presence=presence) if answered else None
