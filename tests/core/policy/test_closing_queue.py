"""Turns to close, in virtual time: a few at once, then one by one in the order of decision."""

import asyncio
from datetime import timedelta

from hypothesis import given, strategies as st

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.policy.closing_queue import ClosingQueue, Pace
from tests.core.bus.virtual_time import NOON, run


class Street:
    """Relays that close when they are started, and when they were."""

    def __init__(self, pace: Pace) -> None:
        """Close at this pace."""
        self.closed: list[tuple[str, float]] = []
        self.unwanted: set[str] = set()
        self.queue = ClosingQueue(
            self._start, lambda work, name: asyncio.create_task(work, name=name), pace
        )

    def add(self, name: str, minute: int = 0) -> None:
        """Let a relay close that was decided about in this minute."""
        self.queue.add(MeterSerial(name), NOON + timedelta(minutes=minute))

    async def quiet(self) -> None:
        """Wait until nobody waits."""
        while timer := self.queue._timer:
            await timer

    def _start(self, serial: MeterSerial) -> bool:
        if serial in self.unwanted:
            return False
        self.closed.append((serial, asyncio.get_running_loop().time()))
        return True


def test_a_few_at_once_then_one_by_one() -> None:
    """In the order of decision, whoever came first; who was decided about last comes last."""

    async def story() -> None:
        street = Street(Pace(at_once=2, spacing_s=3))
        for name, minute in (("a", 1), ("b", 1), ("late", 9), ("c", 5), ("d", 5), ("early", 0)):
            street.add(name, minute)
        street.add("c", 0)  # again: it keeps its place
        assert street.closed == [("a", 0), ("b", 0)]
        assert (len(street.queue), MeterSerial("c") in street.queue) == (4, True)
        await street.quiet()
        assert street.closed[2:] == [("early", 3), ("c", 6), ("d", 9), ("late", 12)]
        assert len(street.queue) == 0

    run(story())


def test_one_alone_closes_at_once() -> None:
    """Also when others closed a while ago; a pause gives back as many turns as it is long."""

    async def story() -> None:
        street = Street(Pace(at_once=2, spacing_s=3))
        for name in "abc":
            street.add(name)
        await street.quiet()
        await asyncio.sleep(3)
        for name in "de":
            street.add(name)
        await asyncio.sleep(60)
        for name in "fgh":
            street.add(name)
        await street.quiet()
        times = dict(street.closed)
        assert (times["c"], times["d"], times["e"]) == (3, 6, 9)
        assert (times["f"], times["g"], times["h"]) == (66, 66, 69)

    run(story())


def test_who_needs_no_turn_takes_none() -> None:
    """Neither who was dropped nor who is not wanted closed any more costs the others time."""

    async def story() -> None:
        street = Street(Pace(at_once=1, spacing_s=2))
        for name in "abcd":
            street.add(name)
        street.queue.drop(MeterSerial("b"))
        street.queue.drop(MeterSerial("nobody"))
        street.unwanted.add("c")
        await street.quiet()
        assert street.closed == [("a", 0), ("d", 2)]

    run(story())


def test_the_pace_may_change_meanwhile() -> None:
    """From the next turn on; with no pause all are let through."""

    async def story() -> None:
        street = Street(Pace(at_once=1, spacing_s=100))
        for name in "abcd":
            street.add(name)
        street.queue.pace = Pace(at_once=1, spacing_s=0)
        await asyncio.sleep(50)
        assert street.closed == [("a", 0)]
        await street.quiet()
        assert street.closed == [("a", 0), ("b", 100), ("c", 100), ("d", 100)]

    run(story())


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=40),
    at_once=st.integers(1, 5),
    spacing=st.integers(1, 7),
)
def test_never_faster_than_the_pace(
    arrivals: list[tuple[int, int]], at_once: int, spacing: int
) -> None:
    """Each once; in any stretch of n pauses at most n more than at once; none idles in vain."""

    async def story() -> list[tuple[str, float]]:
        street = Street(Pace(at_once, spacing))
        for number, (pause, minute) in enumerate(arrivals):
            await asyncio.sleep(pause)
            street.add(str(number), minute)
        await street.quiet()
        return street.closed

    closed = run(story())
    assert sorted(name for name, _ in closed) == sorted(map(str, range(len(arrivals))))
    times = [time for _, time in closed]
    for first, time in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= at_once + (times[last] - time) // spacing
    arrived = 0
    for pause, _ in arrivals:
        arrived += pause
    if times:
        assert times[-1] <= arrived + len(times) * spacing
