"""Each thing that goes wrong on a line, many times over: errors are counted, wrong values are none.

Every register of every meter tells its meter and its address, so a value that is another's shows.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.requests import BusError, Request
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from tests.adapters.real_line import UNITS, bus_on, contents, read, settings_for, twelve_meters
from tests.adapters.wire import Wire, crc16

pytestmark = pytest.mark.usefixtures("socket_enabled")

ROUNDS = 12
PATIENCE_S = 0.05

type Trouble = Callable[[Wire, Random], None]


def garble(share: float, spoil: Callable[[bytes, Random], bytes]) -> Trouble:
    """Return a trouble that does this to a share of all answers."""

    def on(wire: Wire, chance: Random) -> None:
        for meter in wire.meters.values():
            meter.spoil = lambda frame: spoil(frame, chance) if chance.random() < share else frame

    return on


def noise(frame: bytes, chance: Random) -> bytes:
    """Put rubbish around an answer, or in its place."""
    rubbish = chance.randbytes(chance.randrange(1, 30))
    return chance.choice([rubbish + frame, frame + rubbish, rubbish])


def half(frame: bytes, chance: Random) -> bytes:
    """Lose the beginning or the end of an answer."""
    cut = chance.randrange(1, len(frame))
    return chance.choice([frame[:cut], frame[cut:]])


def collision(frame: bytes, chance: Random) -> bytes:
    """Let two meters of one address answer at once: their bits lie over each other."""
    other = bytes([frame[0], frame[1], frame[2], *chance.randbytes(len(frame) - 5)])
    other += crc16(other)
    return bytes(one & two for one, two in zip(frame, other, strict=True))


def other_master(frame: bytes, chance: Random) -> bytes:
    """Let another master's question and its answer, of another length, come before the own one."""
    unit, count = chance.choice(UNITS), chance.choice([1, 3, 7, 11])
    question = bytes([unit, 3, 0, chance.randrange(200), 0, count])
    answer = bytes([unit, 3, 2 * count, *chance.randbytes(2 * count)])
    return question + crc16(question) + answer + crc16(answer) + frame


def wrong_unit(frame: bytes, chance: Random) -> bytes:
    """Let another unit's answer come in this one's place, with a checksum that is right."""
    body = bytes([chance.choice([unit for unit in UNITS if unit != frame[0]])]) + frame[1:-2]
    return body + crc16(body)


def storm(wire: Wire, chance: Random) -> None:
    """Let half of the meters be busy for ever."""
    for unit in chance.sample(UNITS, 6):
        wire.meters[unit].exception = 6


@asynccontextmanager
async def troubled(trouble: Trouble, chance: Random) -> AsyncIterator[Bus]:
    """Run a bus on a line in trouble."""
    async with Wire(True, twelve_meters()) as wire:
        trouble(wire, chance)
        async with bus_on(settings_for(wire, timeout_s=PATIENCE_S)) as bus:
            yield bus


async def outcome(bus: Bus, request: Request) -> bool | None:
    """Return whether an answer is right; None for an error."""
    try:
        answer = await bus.execute(request, RequestClass.ROUTINE)
    except BusError:
        return None
    return answer == contents(request.unit, request.address, request.count)


TROUBLES: dict[str, tuple[Trouble, int]] = {
    "noise": (garble(0.2, noise), 50),
    "half frames": (garble(0.2, half), 50),
    "two meters at one address": (garble(0.2, collision), 50),
    "another master": (garble(0.5, other_master), 100),
    "another unit's answer": (garble(0.2, wrong_unit), 50),
    "storm of busy answers": (storm, 6 * ROUNDS),
}
"""What happens, and how many answers are right all the same."""


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.slow
async def test_no_trouble_brings_a_wrong_value(name: str, figure: Callable[[str], None]) -> None:
    """Twelve meters, asked for blocks of three lengths: right, or an error."""
    chance = Random(name)
    trouble, least_right = TROUBLES[name]
    outcomes: list[bool | None] = []
    async with troubled(trouble, chance) as bus:
        for round_ in range(ROUNDS):
            asked = [read(unit, 10 * round_ % 200, chance.choice([20, 28, 24])) for unit in UNITS]
            outcomes += await asyncio.gather(*(outcome(bus, request) for request in asked))
        drained = bus.health.drained
    right, errors = outcomes.count(True), outcomes.count(None)
    figure(
        f"line, {name}: {len(outcomes)} requests, {right} right, {errors} errors, "
        f"{drained} stray bytes, {outcomes.count(False)} wrong"
    )
    assert outcomes.count(False) == 0
    assert right >= least_right
    assert errors > 0 or name == "another master"
