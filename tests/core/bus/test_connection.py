"""The connection of a line: made, lost, suspected, made anew. In virtual time."""

import asyncio
from itertools import pairwise
import logging

import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.requests import (
    Function,
    LineDownError,
    NoAnswerError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.ids import BusId
from tests.core.bus.played_line import SETTINGS, PlayedLine, States, running_bus, zeros
from tests.core.bus.virtual_time import VirtualClock, run


def read(unit: int, count: int = 20) -> Request:
    """Return a routine read."""
    return Request(unit=unit, function=Function.READ_HOLDING, address=0x80, count=count)


def now() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


def test_a_silent_meter_does_not_cost_the_connection() -> None:
    """However long one meter is silent among others, the line stays connected."""
    line = PlayedLine({2: zeros})
    states = States()

    async def story() -> None:
        async with running_bus(line, states) as bus:
            for _ in range(40):
                with pytest.raises(NoAnswerError):
                    await bus.execute(read(1), RequestClass.ROUTINE)
                await bus.execute(read(2), RequestClass.ROUTINE)
            assert line.closings == 0

    run(story())
    assert states.told == [(True, "")]


def test_a_line_on_which_nothing_answers_for_long_is_connected_anew_quietly() -> None:
    """A gateway that lost its power does not close its connections: the bus does, and goes on."""
    line = PlayedLine()
    states = States()

    async def story() -> None:
        async with running_bus(line, states) as bus:
            while now() < 45:
                with pytest.raises(NoAnswerError):
                    await bus.execute(read(1), RequestClass.ROUTINE)
            assert line.closings == 1
            assert bus.connection == 2
            assert bus.health.reconnects == 1
            line.is_reachable = False
            while bus.health.up:
                with pytest.raises((NoAnswerError, LineDownError)):
                    await bus.execute(read(1), RequestClass.ROUTINE)

    run(story())
    assert states.told == [(True, ""), (False, "unreachable")]


def test_a_line_that_cannot_be_reached_is_tried_for_ever_at_growing_pauses() -> None:
    """0.5 s, doubling to 30 s, scattered by a fifth; callers are refused at once meanwhile."""
    line = PlayedLine(is_reachable=False)
    states = States()

    async def story() -> None:
        async with running_bus(line, states) as bus:
            with pytest.raises(LineDownError, match="unreachable"):
                await bus.execute(read(1), RequestClass.RELAY)  # waits for the first try
            asked = now()
            with pytest.raises(LineDownError):
                await bus.execute(read(1), RequestClass.RELAY)
            assert now() == asked
            await asyncio.sleep(600)
            assert not bus.health.up
            line.is_reachable = True
            line.units[1] = zeros
            await bus.wait_until_up()
            await bus.execute(read(1), RequestClass.ROUTINE)
            assert bus.health.reconnects == 0

    run(story())
    pauses = [b - a for a, b in pairwise(line.opened_at)]
    assert 0.4 <= pauses[0] <= 0.7
    assert all(0.8 * 30 <= pause <= 1.2 * 30 + 0.1 for pause in pauses[7:])
    assert all(b >= a or a > 20 for a, b in pairwise(pauses))
    assert states.told == [(False, "unreachable"), (True, "")]


def test_a_lost_connection_fails_what_waits_and_comes_back() -> None:
    """The caller in flight and all who wait hear it; the next connection serves again."""
    line = PlayedLine({1: zeros, 2: zeros})
    states = States()

    async def story() -> None:
        async with running_bus(line, states) as bus:
            await bus.execute(read(1), RequestClass.ROUTINE)
            waiting = [
                asyncio.create_task(bus.execute(read(unit), RequestClass.ROUTINE))
                for unit in (1, 2, 2)
            ]
            await asyncio.sleep(0.02)
            line.is_open = False
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(result) for result in results] == [LineDownError] * 3
            await bus.wait_until_up()
            await bus.execute(read(1), RequestClass.ROUTINE)
            assert bus.health.reconnects == 1
            assert bus.health.up

    run(story())
    assert [up for up, _ in states.told] == [True, False, True]


def test_an_idle_line_notices_that_it_was_lost() -> None:
    """Nobody needs to ask for the loss to be seen and repaired."""
    line = PlayedLine()
    states = States()

    async def story() -> None:
        async with running_bus(line, states):
            await asyncio.sleep(10)
            line.is_open = False
            await asyncio.sleep(3)

    run(story())
    assert [up for up, _ in states.told] == [True, False, True]


def test_stopping_tells_everybody_and_can_be_repeated() -> None:
    """In flight, waiting or late: a stopped bus answers all with `LineDownError`."""
    line = PlayedLine()

    async def story() -> None:
        bus = Bus(BusId("b"), line, SETTINGS, VirtualClock(), States())
        with pytest.raises(LineDownError, match="stopped"):
            await bus.execute(read(1), RequestClass.ROUTINE)
        await bus.start()
        await bus.start()
        tasks = [asyncio.create_task(bus.execute(read(1), RequestClass.ROUTINE)) for _ in "ab"]
        await asyncio.sleep(0.1)
        await bus.stop()
        await bus.stop()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(result) for result in results] == ["bus_down (error=stopped)"] * 2
        with pytest.raises(LineDownError):
            await bus.execute(read(1), RequestClass.ROUTINE)
        assert not bus.health.up
        assert not line.is_open
        await bus.start()
        line.units[1] = zeros
        await bus.execute(read(1), RequestClass.ROUTINE)
        await bus.stop()

    run(story())


def test_whatever_a_library_throws_the_line_lives(caplog: pytest.LogCaptureFixture) -> None:
    """An unknown exception costs the connection and is logged; the next one serves again."""

    def explode(_: Request) -> None:
        raise KeyError("surprise")

    line = PlayedLine({1: explode, 2: zeros})

    async def story() -> None:
        async with running_bus(line) as bus:
            with pytest.raises(LineDownError, match="KeyError"):
                await bus.execute(read(1), RequestClass.ROUTINE)
            await bus.wait_until_up()
            await bus.execute(read(2), RequestClass.ROUTINE)

    with caplog.at_level(logging.ERROR):
        run(story())
    assert "Unexpected failure on 127.0.0.1:1" in caplog.text


def test_a_listener_that_fails_does_not_stop_the_line(caplog: pytest.LogCaptureFixture) -> None:
    """The line serves although nobody could be told that it is up."""

    def fail(up: bool, error: str) -> None:
        raise RuntimeError(f"{up} {error}")

    line = PlayedLine({1: zeros})

    async def story() -> None:
        bus = Bus(BusId("b"), line, SETTINGS, VirtualClock(), fail)
        await bus.start()
        await bus.execute(read(1), RequestClass.ROUTINE)
        await bus.stop()

    run(story())
    assert "The listener of 127.0.0.1:1 failed" in caplog.text
