"""Errands begin one after the other, and none of them holds up another."""

import asyncio

from custom_components.compere_prepaid.site import CompereSite


async def test_one_begins_per_turn_of_the_loop(site: CompereSite) -> None:
    """Of 500 that are begun at once the loop runs one, then everything else, then the next."""
    errands, turns, began = site.notifier.errands, [0], list[int]()

    async def count() -> None:
        while len(began) < 500:
            turns[0] += 1
            await asyncio.sleep(0)

    async def work() -> None:
        began.append(turns[0])

    for _ in range(500):
        errands.begin(work())
    assert not began
    await asyncio.gather(count(), errands.async_done())
    assert len(began) == 500
    assert max(began.count(turn) for turn in set(began)) == 1


async def test_what_waits_holds_up_nobody(site: CompereSite) -> None:
    """An errand that does not end is left behind; so is what could not begin in time."""
    errands, done, end = site.notifier.errands, asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        await end.wait()

    async def work() -> None:
        done.set()

    errands.begin(wait())
    errands.begin(work())
    await done.wait()
    for _ in range(3):
        errands.begin(work())
    await errands.async_done(0)
    assert not errands._waiting
    end.set()
