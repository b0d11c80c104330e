"""The relay controller against a meter that obeys, fails, lies or is silent; a real ledger file."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.events import Event, RelayDisobeys, RelayFollows
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.core.metering.reading import MeterReading
from custom_components.compere_prepaid.core.policy import relay_control
from custom_components.compere_prepaid.core.policy.closing_queue import Pace
from custom_components.compere_prepaid.core.policy.reconnections import (
    RECONNECTION,
    reconnections,
    remember,
)
from custom_components.compere_prepaid.core.policy.relay_control import RelayController
from tests.core.prepayment.desk import METER, Desk


@dataclass(slots=True)
class Relay:
    """A relay at the end of a wire; `faults` are consumed one per transaction."""

    closed: bool = True
    stuck: bool = False
    faults: list[str] = field(default_factory=list)
    """`lost` (nothing arrives), `deaf` (it acts, the answer is lost), or "" for none."""
    writes: int = 0

    @property
    def opened(self) -> bool:
        """The opposite of closed."""
        return not self.closed

    async def write_relay(self, serial: MeterSerial, *, closed: bool) -> None:
        """Act on a command."""
        fault = self.faults.pop(0) if self.faults else ""
        self.writes += 1
        if fault != "lost" and not self.stuck:
            self.closed = closed
        if fault:
            raise OperationFailedError("meter_silent", meter=serial)

    async def read_relay(self, serial: MeterSerial) -> bool:
        """Tell the state."""
        if self.faults and self.faults.pop(0):
            raise OperationFailedError("meter_silent", meter=serial)
        return self.closed


@dataclass(slots=True)
class Bench:
    """A controller, its relay and its desk."""

    desk: Desk
    relay: Relay
    controller: RelayController
    events: list[Event]
    tasks: list[asyncio.Task[None]]

    async def reading(self) -> None:
        """Read the meter as a poll does, and let what follows finish."""
        await self.controller.on_reading(
            MeterReading(serial=METER, at=self.desk.clock.now(), relay_closed=self.relay.closed)
        )
        await self.done()

    async def done(self) -> None:
        """Wait for all commands, but for no turn to close."""
        while pending := [
            task for task in self.tasks if not task.done() and task.get_name() != "closing relays"
        ]:
            await asyncio.wait(pending)

    async def hold(self) -> None:
        """Place the manual hold."""
        await self.desk.agreements.place_hold([METER], HoldKind.MANUAL, user="anna")
        await self.done()

    async def release(self) -> None:
        """Release the manual hold."""
        await self.desk.agreements.release_hold(
            [METER], HoldKind.MANUAL, user="anna", administrator=True
        )
        await self.done()

    def told(self, kind: type[Event]) -> int:
        """Count the events of a kind."""
        return sum(isinstance(event, kind) for event in self.events)


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """Wire a controller to a relay and a desk; no pauses between tries."""
    monkeypatch.setattr(relay_control, "PAUSE_S", 0)
    desk = await Desk(tmp_path / "ledger.db").open()
    tasks: list[asyncio.Task[None]] = []
    events: list[Event] = []
    relay = Relay()

    def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    controller = RelayController(desk.ledger, relay, desk.clock, events.append, spawn)
    desk.book.demand = controller.take
    await desk.shop("100")
    await controller.add_meter(METER)
    yield Bench(desk, relay, controller, events, tasks)
    for task in tasks:
        task.cancel()
    await desk.ledger.close()


async def test_follows_a_hold_and_its_release(bench: Bench) -> None:
    """A hold opens the relay, its release closes it, each read back and recorded once."""
    await bench.reading()
    await bench.hold()
    assert bench.relay.opened
    await bench.release()
    assert bench.relay.closed
    assert bench.told(RelayFollows) == 3  # the first reading confirms the first demand
    demand = await bench.desk.ledger.read(lambda tx: tx.demand(METER))
    assert demand is not None
    assert demand.confirmed_at is not None


async def test_remembers_when_power_came_back(bench: Bench) -> None:
    """Each closing that was read back is kept once, with its cause; an opening is not."""
    desk = bench.desk
    since = desk.clock.now()
    await bench.reading()
    desk.clock.forward(hours=1)
    await bench.hold()
    desk.clock.forward(hours=2)
    await bench.release()
    decided_at = desk.clock.now()
    await bench.reading()
    until = desk.clock.forward(hours=1)
    first, second = await desk.ledger.read(lambda tx: reconnections(tx, since, until))
    assert (first.closed_at, first.meter) == (since, METER)
    assert (second.cause, second.decided_at) == ("release:manual", decided_at)
    assert second.closed_at == decided_at
    earlier = await desk.ledger.read(lambda tx: reconnections(tx, since, decided_at))
    assert earlier == (first,)
    demand = await desk.ledger.read(lambda tx: tx.demand(METER))
    assert demand is not None
    await desk.ledger.run(lambda tx: remember(tx, demand, until))  # told twice, kept once
    assert len(await desk.ledger.read(lambda tx: tx.documents(RECONNECTION))) == 2


async def test_nothing_moves_before_the_first_reading(bench: Bench) -> None:
    """A command waits until the meter was read in this run."""
    await bench.hold()
    assert (bench.relay.closed, bench.relay.writes) == (True, 0)
    await bench.reading()
    assert bench.relay.opened


async def test_nothing_moves_while_distrusted(bench: Bench) -> None:
    """A meter that fell silent may be another one when it comes back."""
    await bench.reading()
    bench.controller.distrust(METER)
    await bench.hold()
    assert bench.relay.writes == 0
    await bench.reading()
    assert bench.relay.opened


async def test_nothing_moves_while_frozen(bench: Bench) -> None:
    """With a ledger that cannot be trusted, relays stay as they are."""
    await bench.reading()
    bench.controller.distrust(METER)
    await bench.hold()
    bench.desk.ledger.make_read_only("test")
    await bench.reading()
    assert bench.relay.closed


@pytest.mark.parametrize("faults", [["lost"], ["deaf"], ["", "lost"], ["deaf", "lost"]])
async def test_lost_messages_do_not_matter(bench: Bench, faults: list[str]) -> None:
    """Whatever gets lost once, relay and demand agree in the end, and it is told once."""
    await bench.reading()
    before = bench.told(RelayFollows)
    bench.relay.faults = faults
    await bench.hold()
    assert bench.relay.opened
    assert bench.told(RelayFollows) == before + 1


async def test_a_stuck_relay_is_told_once_and_tried_again(bench: Bench) -> None:
    """Disobedience is told after the tries; later readings try again, at growing distance."""
    await bench.reading()
    bench.relay.stuck = True
    await bench.hold()
    assert bench.told(RelayDisobeys) == 1
    writes = bench.relay.writes
    await bench.reading()
    assert bench.relay.writes == writes
    bench.desk.clock.forward(seconds=70)
    await bench.reading()
    assert bench.relay.writes > writes
    assert bench.told(RelayDisobeys) == 1
    bench.relay.stuck = False
    bench.desk.clock.forward(seconds=70)
    await bench.reading()
    assert bench.relay.opened


async def test_a_relay_switched_on_site_is_put_back(bench: Bench) -> None:
    """Whoever closes a held relay by hand sees it open again."""
    await bench.reading()
    await bench.hold()
    bench.relay.closed = True
    await bench.reading()
    assert bench.relay.opened


async def test_demand_survives_a_restart(bench: Bench) -> None:
    """The outbox knows after a restart what the relay must be."""
    await bench.hold()
    fresh = RelayController(
        bench.desk.ledger,
        bench.relay,
        bench.desk.clock,
        bench.events.append,
        bench.controller.spawn,
    )
    await fresh.add_meter(METER)
    bench.controller = fresh
    await bench.reading()
    assert bench.relay.opened


async def test_the_newest_demand_counts(bench: Bench) -> None:
    """A demand that changes while its predecessor is on the wire is the one that stays."""
    await bench.reading()
    gate = asyncio.Event()
    write = Relay.write_relay

    async def slow(relay: Relay, serial: MeterSerial, *, closed: bool) -> None:
        await gate.wait()
        await write(relay, serial, closed=closed)

    bench.controller.port = type(
        "Slow",
        (),
        {
            "write_relay": lambda _, serial, closed: slow(bench.relay, serial, closed=closed),
            "read_relay": lambda _, serial: bench.relay.read_relay(serial),
        },
    )()
    await bench.desk.agreements.place_hold([METER], HoldKind.MANUAL, user="anna")
    await bench.desk.agreements.release_hold(
        [METER], HoldKind.MANUAL, user="anna", administrator=True
    )
    gate.set()
    await bench.done()
    await bench.reading()
    assert bench.relay.closed


async def closing_waits(bench: Bench) -> None:
    """Open the relay, use up the turn to close, and release the hold."""
    bench.controller.closings.pace = Pace(at_once=1, spacing_s=3600)
    await bench.reading()
    await bench.hold()
    await bench.release()
    assert bench.relay.closed
    await bench.hold()
    await bench.release()
    assert bench.relay.opened
    assert METER in bench.controller.closings


async def test_opening_waits_for_no_turn(bench: Bench) -> None:
    """Nor does who waits to close come back to it after that was decided otherwise."""
    await closing_waits(bench)
    writes = bench.relay.writes
    await bench.reading()
    assert (bench.relay.writes, len(bench.controller.closings)) == (writes, 1)
    bench.relay.closed = True  # by hand, on site
    await bench.hold()
    assert bench.relay.opened
    assert len(bench.controller.closings) == 0


async def test_who_is_seen_closed_waits_no_more(bench: Bench) -> None:
    """Somebody closed it on site: that is as good as a command."""
    await closing_waits(bench)
    writes, told = bench.relay.writes, bench.told(RelayFollows)
    bench.relay.closed = True
    await bench.reading()
    assert len(bench.controller.closings) == 0
    assert (bench.relay.writes, bench.told(RelayFollows)) == (writes, told + 1)


async def test_whose_turn_it_is_must_be_trusted(bench: Bench) -> None:
    """A meter that fell silent meanwhile is left alone until it is read again."""
    await closing_waits(bench)
    bench.controller.distrust(METER)
    bench.controller.closings.pace = Pace(at_once=3, spacing_s=3600)
    bench.controller.closings.add(METER, bench.desk.clock.now())
    await bench.done()
    assert bench.relay.opened
    await bench.reading()
    assert bench.relay.closed


async def test_a_removed_meter_waits_no_more(bench: Bench) -> None:
    """Nobody closes what is no longer looked after."""
    await closing_waits(bench)
    bench.controller.remove_meter(METER)
    assert len(bench.controller.closings) == 0


async def test_who_was_seen_closed_is_commanded_without_a_turn(bench: Bench) -> None:
    """A meter that tells its relay only when it is commanded: what it did before is likely so."""
    bench.controller.closings.pace = Pace(at_once=1, spacing_s=3600)
    await bench.reading()
    for writes in (1, 2, 3):
        bench.controller.insist(METER)
        await bench.done()
        assert bench.relay.writes == writes


async def test_a_reading_of_before_moves_nothing(bench: Bench) -> None:
    """A line that is slow to tell shows the relay as it was before it was commanded."""
    before = bench.desk.clock.forward(hours=2)
    await bench.reading()
    bench.desk.clock.forward(seconds=1)
    await bench.hold()
    writes = bench.relay.writes
    old = MeterReading(serial=METER, at=before, relay_closed=True)
    await bench.controller.on_reading(old)
    await bench.done()
    assert bench.relay.writes == writes
    bench.desk.clock.time = before - timedelta(hours=1)  # a clock that was put back
    await bench.controller.on_reading(old)
    await bench.done()
    assert bench.relay.writes == writes + 1
