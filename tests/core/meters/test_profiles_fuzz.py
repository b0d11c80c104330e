"""Meters that answer nonsense, of every model: our errors only, and numbers that can be."""

from collections.abc import Callable
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.requests import BusError, RefusedError, Request
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.decode import LARGEST
from custom_components.compere_prepaid.core.meters.modbus_meter import ModbusMeter
from custom_components.compere_prepaid.core.meters.modbus_profile import ModbusProfile
from tests.core.bus.played_line import Answer, PlayedLine, running_bus
from tests.core.bus.virtual_time import VirtualClock, run
from tests.core.meters.shipped import SHIPPED

PROFILES = [
    profile
    for profile in load_catalogue([SHIPPED]).profiles.values()
    if isinstance(profile, ModbusProfile)
]
EXAMPLES = 60


def nonsense(seed: int, refusals: int) -> Callable[[Request], Answer]:
    """Answer what no meter would: any words, all ones, all zeros; now and then an exception."""
    random = Random(seed)

    def answer(request: Request) -> Answer:
        if random.randrange(100) < refusals:
            return RefusedError(request.unit, random.randrange(1, 12))
        if request.is_write:
            return request.values
        most = 1 if request.function.is_bits else 0xFFFF
        kind = random.randrange(4)
        if kind == 0:
            return (most,) * request.count
        if kind == 1:
            return (0,) * request.count
        return tuple(random.randint(0, most) for _ in range(request.count))

    return answer


async def told_name(meter: ModbusMeter) -> None:
    """Ask who it is: some printable text."""
    name = await meter.identify(RequestClass.ROUTINE)
    assert name
    assert name.isascii()
    assert name.isprintable()


async def read_whole(meter: ModbusMeter) -> None:
    """Read everything: whole numbers within bounds, and no energy below 0."""
    reading = await meter.read(RequestClass.ROUTINE, detail=True)
    for quantity, value in reading.values.items():
        assert type(value) is int
        assert abs(value) <= LARGEST * meter.multiplier
        assert value >= 0 or not quantity.is_energy


async def switched(meter: ModbusMeter) -> None:
    """Switch and read back, where there is a relay: one state or the other."""
    if meter.profile.has_relay:
        await meter.write_relay(False, RequestClass.RELAY)
        assert await meter.read_relay(RequestClass.RELAY) in {True, False}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_nonsense_gives_errors_or_numbers(
    profile: ModbusProfile, figure: Callable[[str], None]
) -> None:
    """No answer of a meter makes anything else of us, however it is read, named or switched."""
    counts = {"answers": 0, "errors": 0}

    @settings(max_examples=EXAMPLES)
    @given(st.integers(0, 2**32), st.sampled_from([0, 5, 40]), st.sampled_from([1, 40]))
    def play(seed: int, refusals: int, multiplier: int) -> None:
        async def story() -> None:
            async with running_bus(PlayedLine({7: nonsense(seed, refusals)})) as bus:
                meter = ModbusMeter(
                    profile, 7, MeterSerial("1"), bus, VirtualClock(), multiplier, channel=1
                )
                for _ in range(3):
                    for ask in (told_name, read_whole, switched):
                        try:
                            await ask(meter)
                        except BusError:
                            counts["errors"] += 1
                        else:
                            counts["answers"] += 1

        run(story())

    play()
    assert counts["answers"]
    assert counts["errors"]
    figure(
        f"{profile.name} answers nonsense: {counts['answers']} times numbers that can be, "
        f"{counts['errors']} times our error, never anything else"
    )
