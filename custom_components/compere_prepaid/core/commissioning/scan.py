"""Looking for meters on a line, address by address.

Each address is asked one short question; where nothing comes back, nobody is there. Where anything
does, be it a refusal, somebody is: then every model that is known is tried, until it is clear which
of them read a serial number there. Questions wait behind everything else on the line and are sent
one at a time, so that a relay command waits for at most one of them.

What comes back garbled twice is told as such: two meters with one address talk at once, or speed
and parity are not the meter's.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
import re
from typing import Protocol

from ..bus.requests import BusError, GarbledAnswerError, LineDownError, NoAnswerError
from ..errors import InvalidInputError
from ..ids import MeterSerial

ENOUGH_RUBBISH = 2
"""So many answers that cannot be read, and an address is asked no more."""
FIRST, LAST = 1, 247
"""The addresses that a Modbus device can have."""

_PART = re.compile(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?")


class Presence(StrEnum):
    """What was found at an address."""

    METER = "meter"
    """A meter of a model that is known."""
    UNKNOWN = "unknown"
    """Something answers, and no model that is known fits."""
    GARBLED = "garbled"
    """What comes back cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A model that fits what answers at an address."""

    profile: str
    serial: MeterSerial
    """Empty for a model that cannot tell it."""


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
        """Return the serial number, empty for a model that tells none. Raises `BusError`."""
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
    *,
    without_serial: Collection[str] = (),
    rounds: int = 1,
) -> tuple[Found, ...]:
    """Ask these addresses, and return who is there.

    `profiles` are tried in this order; those that tell no serial number (`without_serial`) fit many
    a meter, and are tried only where no other fits. `on_progress(done, all)` is told after each
    address. Where nothing came back it is asked again in the next of the `rounds`: noise, or a slow
    neighbour's late answer, may have been to blame. To be cancelled it only needs its task to be
    cancelled: nothing is left in the line's queue. Raises `LineDownError` and, when the line is
    overloaded, `OperationFailedError`.
    """
    order = sorted(profiles, key=lambda profile: profile in without_serial)
    found: dict[int, Found] = {}
    for turn in range(rounds):
        for done, address in enumerate(addresses, 1):
            if address not in found:
                somebody = await _look_at(probe, address, order, without_serial)
                if somebody is not None:
                    found[address] = somebody
            on_progress(turn * len(addresses) + done, rounds * len(addresses))
    return tuple(found[address] for address in addresses if address in found)


async def _look_at(
    probe: Probe, address: int, profiles: Iterable[str], without_serial: Collection[str]
) -> Found | None:
    """Ask one address with one model after the other."""
    seen = _Seen()
    for profile in profiles:
        if seen.is_nobody or seen.is_rubbish or (seen.fits and profile in without_serial):
            break
        await seen.ask(probe, address, profile)
    return seen.found(address)


@dataclass(slots=True)
class _Seen:
    """What came back from one address so far."""

    fits: list[Fit] = field(default_factory=list)
    asked: int = 0
    answered: int = 0
    garbled: int = 0

    @property
    def is_nobody(self) -> bool:
        """Tell whether nothing has come back."""
        return self.asked > 0 and not self.answered

    @property
    def is_rubbish(self) -> bool:
        """Tell whether there is no point in asking on: nothing that came back could be read."""
        return self.garbled >= ENOUGH_RUBBISH and not self.fits

    async def ask(self, probe: Probe, address: int, profile: str) -> None:
        """Ask as one model would be asked. Raises `LineDownError`."""
        self.asked += 1
        try:
            serial = await probe(address, profile)
        except LineDownError:
            raise
        except NoAnswerError:
            return
        except BusError as error:
            self.garbled += isinstance(error, GarbledAnswerError)
        else:
            self.fits.append(Fit(profile=profile, serial=serial))
        self.answered += 1

    def found(self, address: int) -> Found | None:
        """Return what that means; None if nobody is there."""
        if self.fits:
            return Found(address=address, presence=Presence.METER, fits=tuple(self.fits))
        presence = Presence.GARBLED if self.garbled else Presence.UNKNOWN
        return Found(address=address, presence=presence) if self.answered else None
