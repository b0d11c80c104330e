"""Telling entities of what changed: at once if it is little, in turns if it is much."""

import asyncio
import time

from custom_components.compere_prepaid.pushing import SLICE_S, Pushes


def _busy() -> None:
    """Work for as long as a slice."""
    end = time.perf_counter() + SLICE_S
    while time.perf_counter() < end:
        pass


async def test_little_is_told_at_once() -> None:
    """And so is what comes in another turn."""
    told: list[str] = []
    pushes = Pushes(asyncio.get_running_loop(), told.append, lambda: told.append("done"))
    pushes.add("a")
    assert told == ["a"]
    await asyncio.sleep(0)
    pushes.add("b")
    assert (told, pushes.is_behind) == (["a", "b"], False)
    pushes.stop()


async def test_much_is_told_in_turns() -> None:
    """Others come between; what changed twice while it waited is told once; then it is done."""
    told: list[str] = []
    done = asyncio.Event()

    def push(key: str) -> None:
        told.append(key)
        _busy()

    pushes = Pushes(asyncio.get_running_loop(), push, done.set)
    for key in "abcab":
        pushes.add(key)
    assert (told, pushes.is_behind) == (["a"], True)
    asyncio.get_running_loop().call_soon(told.append, "other")
    await done.wait()
    assert told in (["a", "other", "b", "c", "a"], ["a", "b", "other", "c", "a"])
    assert not pushes.is_behind


async def test_who_stops_tells_no_more() -> None:
    """Nothing is left on the event loop."""
    told: list[str] = []

    def push(key: str) -> None:
        told.append(key)
        _busy()

    pushes = Pushes(asyncio.get_running_loop(), push, lambda: told.append("done"))
    for key in "abc":
        pushes.add(key)
    pushes.stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (told, pushes.is_behind) == (["a"], False)
