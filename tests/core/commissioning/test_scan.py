"""Looking for meters on a played line: who is found, what it costs the others, how it ends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.requests import (
    Function,
    GarbledAnswerError,
    LineDownError,
    RefusedError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.commissioning.scan import (
    Fit,
    Found,
    Presence,
    Probe,
    addresses_of,
    scan,
)
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.building import build_device
from tests.core.bus.played_line import PlayedLine, running_bus
from tests.core.bus.virtual_time import VirtualClock, run
from tests.core.meters.played_meter import KPM33B, PlayedMeter

EVERY = range(1, 248)
PROFILE = KPM33B.name


def probe_on(bus: Bus) -> Probe:
    """Return what asks on a bus as the product does."""

    async def probe(address: int, profile: str) -> MeterSerial:
        assert profile == PROFILE
        device = build_device(KPM33B, address, MeterSerial(""), bus, VirtualClock())
        return await device.identify(RequestClass.DISCOVERY, is_brief=True)

    return probe


def serial_at(address: int) -> str:
    """Return the serial number of the meter at an address."""
    return f"33B0025950{address:03}"


def relay_command(unit: int) -> Request:
    """Return the command that closes a relay."""
    return Request(unit=unit, function=Function.WRITE_COIL, address=1, values=(1,))


def routine_read(unit: int) -> Request:
    """Return a read of the sweep."""
    return Request(unit=unit, function=Function.READ_HOLDING, address=0x80, count=20)


def test_247_addresses_with_relay_commands_in_between(figure: Callable[[str], None]) -> None:
    """All meters are found, and whatever else is asked goes before the very next probe."""
    meters = {address: PlayedMeter(serial=serial_at(address)) for address in EVERY if address % 4}
    line = PlayedLine(dict(meters))
    between: list[int] = []

    async def story() -> tuple[Found, ...]:
        async with running_bus(line) as bus:

            def on_progress(done: int, of: int) -> None:
                assert of == len(EVERY)
                if done % 10 == 0:
                    commands.append(asyncio.create_task(ask(bus)))

            async def ask(bus: Bus) -> None:
                # the probe that was queued in this moment may be on the wire; no other may follow
                before = len(line.sent)
                read = asyncio.create_task(bus.execute(routine_read(1), RequestClass.ROUTINE))
                await bus.execute(relay_command(1), RequestClass.RELAY)
                place = next(
                    index
                    for index, sent in enumerate(line.sent[before:])
                    if sent.request.function is Function.WRITE_COIL
                )
                between.append(place)
                await read

            commands: list[asyncio.Task[None]] = []
            found = await scan(probe_on(bus), EVERY, [PROFILE], on_progress)
            await asyncio.gather(*commands)
            return found

    found = run(story())
    assert found == tuple(
        Found(
            address=address,
            presence=Presence.METER,
            fits=(Fit(profile=PROFILE, serial=MeterSerial(serial_at(address))),),
        )
        for address in meters
    )
    assert len(between) == 24
    assert max(between) <= 1
    figure(
        f"scan: {len(EVERY)} addresses, {len(found)} of {len(meters)} meters found; "
        f"{len(between)} relay commands in the middle, at most {max(between)} probes before each"
    )


def test_silence_refusal_rubbish_and_text_that_is_none() -> None:
    """Each is told as what it is; models are tried only where somebody answers."""
    line = PlayedLine(
        {
            3: lambda request: RefusedError(request.unit, 2),
            4: lambda request: GarbledAnswerError(request.unit, "crc"),
            5: lambda request: (0,) * request.count,
            6: PlayedMeter(serial=serial_at(6)),
        }
    )

    async def story() -> tuple[Found, ...]:
        async with running_bus(line) as bus:
            profiles = [PROFILE] * 3
            return await scan(probe_on(bus), range(1, 7), profiles, lambda *_: None)

    assert [(found.address, found.presence) for found in run(story())] == [
        (3, Presence.UNKNOWN),
        (4, Presence.GARBLED),
        (5, Presence.UNKNOWN),
        (6, Presence.METER),
    ]
    assert [len(line.sent_to(unit)) for unit in range(1, 7)] == [1, 1, 3, 2, 3, 3]


def test_cancelled_scan_asks_nothing_more() -> None:
    """The question on the wire is finished; no other one follows."""
    line = PlayedLine()

    async def story() -> int:
        async with running_bus(line) as bus:
            search = asyncio.create_task(scan(probe_on(bus), EVERY, [PROFILE], lambda *_: None))
            await asyncio.sleep(20)
            asked = len(line.sent)
            search.cancel()
            with suppress(asyncio.CancelledError):
                await search
            await asyncio.sleep(20)
            return len(line.sent) - asked

    assert run(story()) == 0


def test_line_that_goes_down_ends_the_scan() -> None:
    """Nothing is reported as not there because nobody could be asked."""
    line = PlayedLine()

    async def story() -> None:
        async with running_bus(line) as bus:

            def on_progress(done: int, _of: int) -> None:
                if done == 3:
                    line.is_open = line.is_reachable = False

            with pytest.raises(LineDownError):
                await scan(probe_on(bus), EVERY, [PROFILE], on_progress)

    run(story())


@given(st.sets(st.integers(1, 247), min_size=1))
def test_addresses_are_read_as_they_are_written(addresses: set[int]) -> None:
    """Any order, doubles and ranges."""
    ordered = sorted(addresses)
    text = ", ".join(str(address) for address in addresses)
    assert addresses_of(text) == tuple(ordered)
    ranges = f"{ordered[0]}-{ordered[-1]}, {ordered[0]}"
    assert addresses_of(ranges) == tuple(range(ordered[0], ordered[-1] + 1))


@given(st.text(max_size=12))
def test_any_text_is_addresses_or_refused(text: str) -> None:
    """Nothing else comes out."""
    try:
        found = addresses_of(text)
    except InvalidInputError:
        return
    assert found == tuple(sorted(set(found)))
    assert all(1 <= address <= 247 for address in found)
