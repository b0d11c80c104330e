"""What writing a meter's stored credit means: it sets, it adds, or nobody can tell.

The vendor does not say, so it is tried: read; write 10 kWh; read; write 10 kWh; read. After the
second write a meter that sets shows 10, one that adds shows 10 more than after the first. Anything
else leaves it unknown, and what is unknown is never relied upon.

A write is sent once. Where no answer comes the meter is read, and what it shows decides. Between
the readings a load may use some of the credit, so a little less is allowed, never more.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ..errors import OperationFailedError

TRIED_WH = 10_000
"""What is written, twice."""
ALLOWED_LESS_WH = 500
ALLOWED_MORE_WH = 5
READS = 3
"""Tries of each reading."""


class Writing(StrEnum):
    """What writing means."""

    SETS = "sets"
    ADDS = "adds"
    UNKNOWN = "unknown"


class StoredCreditPort(Protocol):
    """The stored credit of one meter."""

    async def read_credit(self) -> int:
        """Return it in Wh. Raises `OperationFailedError`."""
        ...

    async def write_credit(self, energy_wh: int) -> None:
        """Write it once, in Wh. Raises `OperationFailedError`; it may have been written then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTest:
    """How a test went: what was read before and after each write, in Wh, and what follows."""

    writing: Writing
    readings: tuple[int, ...]
    restored: bool
    """Whether the meter shows again what it showed before."""


async def try_stored_credit(port: StoredCreditPort) -> CreditTest:
    """Try it, and put back what was there if writing sets.

    A meter that falls silent on the way leaves it unknown, and may hold what was written. Raises
    `OperationFailedError` when it cannot be read in the first place: then nothing was written.
    """
    before = await _read(port)
    readings = [before]
    try:
        for _ in range(2):
            await _write_once(port, TRIED_WH)
            readings.append(await _read(port))
        writing = _judge(*readings)
        last = readings[-1]
        if writing is Writing.SETS:
            await _write_once(port, before)
            last = await _read(port)
    except OperationFailedError:
        return CreditTest(writing=Writing.UNKNOWN, readings=tuple(readings), restored=False)
    return CreditTest(writing=writing, readings=tuple(readings), restored=_is_near(last, before))


async def _read(port: StoredCreditPort) -> int:
    """Read, several times if need be: a reading changes nothing."""
    for _ in range(READS - 1):
        try:
            return await port.read_credit()
        except OperationFailedError:
            continue
    return await port.read_credit()


async def _write_once(port: StoredCreditPort, energy_wh: int) -> None:
    """Write; whether it was carried out, only the next reading tells."""
    try:
        await port.write_credit(energy_wh)
    except OperationFailedError:
        return


def _judge(before: int, first: int, second: int) -> Writing:
    if _is_near(first, TRIED_WH) and _is_near(second, TRIED_WH):
        # From 0 the first write of a meter that adds looks like this too; the second tells.
        return Writing.SETS
    if _is_near(first, before + TRIED_WH) and _is_near(second, first + TRIED_WH):
        return Writing.ADDS
    return Writing.UNKNOWN


def _is_near(read_wh: int, expected_wh: int) -> bool:
    return expected_wh - ALLOWED_LESS_WH <= read_wh <= expected_wh + ALLOWED_MORE_WH
