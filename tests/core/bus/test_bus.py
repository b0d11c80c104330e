"""The bus: order, deadlines, quarantine, accounts. In virtual time, to the millisecond."""

import asyncio
from dataclasses import replace
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus import scheduler
from custom_components.compere_prepaid.core.bus.bus import ALIKE_FACTOR, QUARANTINE_S
from custom_components.compere_prepaid.core.bus.patience import (
    FLOOR_S,
    NETWORK_FLOOR_S,
    Patience,
)
from custom_components.compere_prepaid.core.bus.requests import (
    BusError,
    Function,
    GarbledAnswerError,
    NoAnswerError,
    RefusedError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.errors import OperationFailedError
from tests.core.bus.played_line import SETTINGS, PlayedLine, running_bus, zeros
from tests.core.bus.virtual_time import run

PASSED = {
    RequestClass.ROUTINE: scheduler.ROUTINE_PASSED,
    RequestClass.DISCOVERY: scheduler.DISCOVERY_PASSED,
}
"""After how many turns of others a class has one, before what is more urgent."""


def read(unit: int, count: int = 20) -> Request:
    """Return a routine read."""
    return Request(unit=unit, function=Function.READ_HOLDING, address=0x80, count=count)


def close_relay(unit: int) -> Request:
    """Return a relay command."""
    return Request(unit=unit, function=Function.WRITE_COIL, address=1, values=(1,))


def read_relay(unit: int) -> Request:
    """Return a relay's read-back."""
    return Request(unit=unit, function=Function.READ_COILS, address=1)


def now() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


def test_classes_go_first_and_each_is_first_in_first_out() -> None:
    """Whatever waits, the most urgent class goes first and its oldest request first."""
    line = PlayedLine(dict.fromkeys(range(1, 10), zeros))

    async def story() -> None:
        async with running_bus(line) as bus, asyncio.TaskGroup() as group:
            plan = [
                (1, RequestClass.DISCOVERY),
                (2, RequestClass.ROUTINE),
                (3, RequestClass.ROUTINE),
                (4, RequestClass.DUE),
                (5, RequestClass.RELAY),
                (6, RequestClass.RELAY),
            ]
            for unit, klass in plan:
                group.create_task(bus.execute(read(unit), klass))

    run(story())
    assert [sent.request.unit for sent in line.sent] == [5, 6, 4, 2, 3, 1]


def test_a_relay_command_waits_for_one_transaction_only() -> None:
    """Behind a sweep of 247 meters the command is next."""
    line = PlayedLine(dict.fromkeys(range(1, 248), zeros))

    async def story() -> float:
        async with running_bus(line) as bus:
            sweep = [
                asyncio.create_task(bus.execute(read(unit), RequestClass.ROUTINE))
                for unit in range(1, 248)
            ]
            await sweep[9]
            asked = now()
            await bus.execute(close_relay(200), RequestClass.RELAY)
            assert sum(task.done() for task in sweep) <= 12
            for task in sweep:
                task.cancel()
            await asyncio.gather(*sweep, return_exceptions=True)
            (commanded,) = [sent.at for sent in line.sent if sent.request.is_write]
            assert bus.health.relay_wait_longest_s == pytest.approx(commanded - asked)
            return commanded - asked

    transaction = read(1).characters * SETTINGS.character_s + 0.01
    assert run(story()) <= transaction + 0.001


@given(
    st.lists(st.sampled_from(RequestClass), min_size=1, max_size=40),
    st.randoms(use_true_random=False),
)
def test_no_request_is_overtaken_by_a_lesser_one(
    classes: list[RequestClass], random: Random
) -> None:
    """Whatever is queued when, the urgent goes first, unless a class was passed over often enough.

    A relay command waits for nobody's turn.
    """
    pauses = [random.choice([0.0, 0.0, 0.03, 0.1]) for _ in classes]
    line = PlayedLine({1: zeros})
    queued: dict[int, tuple[float, RequestClass]] = {}

    async def story() -> None:
        async with running_bus(line) as bus, asyncio.TaskGroup() as group:
            for index, (klass, pause) in enumerate(zip(classes, pauses, strict=True)):
                await asyncio.sleep(pause)
                queued[index] = (now(), klass)
                request = Request(unit=1, function=Function.READ_HOLDING, address=index)
                group.create_task(bus.execute(request, klass))

    run(story())
    sent = [(sent.at, sent.request.address) for sent in line.sent]
    assert sorted(index for _, index in sent) == list(range(len(classes)))
    turns = [queued[index][1] for _, index in sent]
    for position, (at, index) in enumerate(sent):
        klass = turns[position]
        waiting = [later for _, later in sent[position + 1 :] if queued[later][0] < at]
        assert all(later > index for later in waiting if queued[later][1] is klass)
        urgent = {queued[later][1] for later in waiting if queued[later][1] < klass}
        if urgent:
            since_its_last = [*reversed(turns[:position])]
            if klass in since_its_last:
                since_its_last = since_its_last[: since_its_last.index(klass)]
            passed = sum(turn is not RequestClass.RELAY for turn in since_its_last)
            assert RequestClass.RELAY not in urgent
            assert passed >= PASSED[klass]


def test_a_silent_unit_is_left_alone_while_others_are_asked() -> None:
    """After a miss the unit's next read waits a second, one alike three; others' do not wait."""
    line = PlayedLine({2: zeros})

    async def story() -> None:
        async with running_bus(line) as bus:
            with pytest.raises(NoAnswerError) as caught:
                await bus.execute(read(1), RequestClass.ROUTINE)
            assert caught.value.placeholders == {"address": "1"}
            missed = now()
            line.units[1] = zeros
            alike = asyncio.create_task(bus.execute(read(1), RequestClass.RELAY))
            other = asyncio.create_task(bus.execute(read(1, 7), RequestClass.ROUTINE))
            await bus.execute(read(2), RequestClass.DISCOVERY)
            assert now() < missed + 0.1
            await asyncio.gather(alike, other)
            assert line.sent_to(1)[1:] == [
                pytest.approx(missed + QUARANTINE_S, abs=1e-3),
                pytest.approx(missed + ALIKE_FACTOR * QUARANTINE_S, abs=1e-3),
            ]

    run(story())


def test_a_relay_command_does_not_wait_out_the_quarantine_but_its_read_back_does() -> None:
    """The echo of a coil write proves itself; a read could be answered by an old answer."""
    line = PlayedLine({1: lambda request: None if not request.is_write else request.values})

    async def story() -> None:
        async with running_bus(line) as bus:
            with pytest.raises(NoAnswerError):
                await bus.execute(read(1), RequestClass.ROUTINE)
            missed = now()
            line.units[1] = zeros
            assert await bus.execute(close_relay(1), RequestClass.RELAY) == (1,)
            assert now() < missed + 0.1
            await bus.execute(read_relay(1), RequestClass.RELAY)
            assert line.sent[-1].at >= missed + QUARANTINE_S

    run(story())


def test_a_write_whose_echo_hides_its_values_waits() -> None:
    """Function 16 echoes address and count only: an old echo could pass for a new one."""
    line = PlayedLine()
    request = Request(unit=1, function=Function.WRITE_REGISTERS, address=9, values=(7,))

    async def story() -> None:
        async with running_bus(line) as bus:
            with pytest.raises(NoAnswerError):
                await bus.execute(request, RequestClass.RELAY)
            missed = now()
            line.units[1] = zeros
            assert await bus.execute(request, RequestClass.RELAY) == (7,)
            assert line.sent[-1].at >= missed + QUARANTINE_S

    run(story())


@pytest.mark.parametrize(
    ("answer", "error", "counter", "is_quarantined"),
    [
        ((1,) * 19, GarbledAnswerError, "garbled", True),
        ((1,) * 21, GarbledAnswerError, "garbled", True),
        ((-1,) * 20, GarbledAnswerError, "garbled", True),
        (GarbledAnswerError(1, "CRC"), GarbledAnswerError, "garbled", True),
        (NoAnswerError(1, gateway_answered=True), NoAnswerError, "timeouts", True),
        (RefusedError(1, 2), RefusedError, "refused", False),
        (RefusedError(1, 6), RefusedError, "refused", False),
    ],
)
def test_every_outcome_is_counted(
    answer: tuple[int, ...] | BusError, error: type[BusError], counter: str, is_quarantined: bool
) -> None:
    """What cannot be the answer is none; what is no answer leaves the unit alone."""
    line = PlayedLine({1: lambda _: answer})

    async def story() -> None:
        async with running_bus(line) as bus:
            with pytest.raises(error):
                await bus.execute(read(1), RequestClass.DUE)
            assert getattr(bus.health, counter) == 1
            assert bus.health.requests == 1
            assert bus.health.answered == 0
            assert bus.health.last_error
            line.units[1] = zeros
            asked = now()
            await bus.execute(read(1), RequestClass.DUE)
            assert (now() - asked > QUARANTINE_S) == is_quarantined
            assert (bus.health.requests, bus.health.answered) == (2, 1)
            assert bus.health.success_rate(now()) == 0.5

    run(story())
    assert line.closings == 1  # at the end


def test_nothing_is_sent_twice() -> None:
    """Neither a read nor a write is repeated by the bus."""
    line = PlayedLine()

    async def story() -> None:
        async with running_bus(line) as bus:
            for request in (read(1), close_relay(2), read_relay(3)):
                with pytest.raises(NoAnswerError):
                    await bus.execute(request, RequestClass.RELAY)
            await asyncio.sleep(30)

    run(story())
    assert [sent.request.unit for sent in line.sent] == [1, 2, 3]


def test_a_caller_that_is_cancelled_leaves_the_queue() -> None:
    """Its request is not sent; one in flight is finished, and the line stays in step."""
    line = PlayedLine({1: zeros, 2: zeros, 3: zeros})

    async def story() -> None:
        async with running_bus(line) as bus:
            await bus.execute(read(3), RequestClass.DUE)
            flying = asyncio.create_task(bus.execute(read(1), RequestClass.ROUTINE))
            waiting = asyncio.create_task(bus.execute(read(2), RequestClass.ROUTINE))
            await asyncio.sleep(0.02)
            flying.cancel()
            waiting.cancel()
            await asyncio.gather(flying, waiting, return_exceptions=True)
            assert await bus.execute(read(3), RequestClass.ROUTINE) == (0,) * 20

    run(story())
    assert [sent.request.unit for sent in line.sent] == [3, 1, 3]


def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused with a reason; the others are served."""
    monkeypatch.setattr(scheduler, "LONGEST_QUEUE", 3)
    line = PlayedLine({1: zeros})

    async def story() -> None:
        async with running_bus(line) as bus:
            tasks = [
                asyncio.create_task(bus.execute(read(1), RequestClass.ROUTINE)) for _ in range(5)
            ]
            results = await asyncio.gather(*tasks, return_exceptions=True)
            refused = [result for result in results if isinstance(result, OperationFailedError)]
            assert [error.key for error in refused] == ["bus_busy"] * 2
            assert [error.placeholders for error in refused] == [{"waiting": "3"}] * 2

    run(story())
    assert len(line.sent) == 3


def test_a_probe_has_little_patience_once_the_line_is_known() -> None:
    """Before the first answer it waits like any request; then as long as its neighbours need."""
    line = PlayedLine({2: zeros})

    async def story() -> None:
        async with running_bus(line) as bus:
            for expected in (1.0, 0.08):
                asked = now()
                with pytest.raises(NoAnswerError):
                    await bus.execute(read(1), RequestClass.ROUTINE, is_brief=True)
                assert expected < now() - asked < expected + 0.1
                await bus.execute(read(2), RequestClass.ROUTINE)
                await asyncio.sleep(3)

    run(story())


def test_patience_is_what_a_meter_needs() -> None:
    """Twice its slowest pause of late, now and then more after misses, at most the settings'."""
    patience = Patience(SETTINGS)
    assert patience.of(1) == patience.brief() == 1.0  # nothing is known
    patience.answered(1, 0.01)
    assert patience.of(1) == patience.brief() == NETWORK_FLOOR_S
    patience.answered(1, 0.2)
    patience.answered(2, 0.01)
    assert (patience.of(1), patience.of(2)) == (0.4, NETWORK_FLOOR_S)
    assert patience.brief() == 0.4  # a probe may be of a meter like the slowest one
    for misses, expected in ((3, 0.4), (1, 0.8), (1, 0.4), (3, 1.0), (1, 0.4), (23, 1.0), (1, 0.4)):
        for _ in range(misses):
            patience.missed(1)
        assert patience.of(1) == expected, misses
    assert patience.brief() == NETWORK_FLOOR_S  # of those that answer
    assert patience.of(9) == 4 * NETWORK_FLOOR_S  # unknown, on a line that is known
    for expected in (1, 8, 1, 1):
        patience.missed(9)
        assert patience.of(9) == min(1.0, expected * NETWORK_FLOOR_S)
    patience.missed(2)
    assert patience.of(1) == patience.of(2) == patience.of(9) == 1.0  # nobody answers
    for _ in range(500):
        patience.answered(1, 0.01)
    assert patience.of(1) == NETWORK_FLOOR_S  # what was slow long ago is forgotten
    near = Patience(LineSettings(transport=Transport.SERIAL))
    near.answered(1, 0.01)
    assert near.of(1) == FLOOR_S


def test_a_dead_meter_costs_what_it_needed_when_it_lived() -> None:
    """Its deadline is its own, not the line's longest; a slow meter keeps a longer one."""
    line = PlayedLine({1: zeros, 2: zeros})

    async def story() -> None:
        async with running_bus(line) as bus:
            await bus.execute(read(1), RequestClass.ROUTINE)
            del line.units[1]
            asked = now()
            with pytest.raises(NoAnswerError):
                await bus.execute(read(1), RequestClass.ROUTINE)
            assert now() - asked < 0.25
            asked = now()
            with pytest.raises(NoAnswerError):
                await bus.execute(read(3), RequestClass.ROUTINE)
            assert now() - asked > 1.0

    run(story())


def test_nobody_starves_below_the_relay() -> None:
    """While urgent readings fill the line, the sweep and a scan go on, slower."""
    line = PlayedLine(dict.fromkeys(range(1, 5), zeros))

    async def story() -> None:
        async with running_bus(line) as bus:
            asked = [
                asyncio.create_task(bus.execute(read(unit), klass))
                for klass, unit, count in (
                    (RequestClass.DISCOVERY, 4, 4),
                    (RequestClass.ROUTINE, 3, 20),
                    (RequestClass.DUE, 2, 200),
                )
                for _ in range(count)
            ]
            await asyncio.gather(*asked)

    run(story())
    order = [sent.request.unit for sent in line.sent]
    assert order[:8] == [2] * 8
    share = {unit: order[:100].count(unit) for unit in (2, 3, 4)}
    assert 9 <= share[3] <= 13
    assert 3 <= share[4] <= 4
    assert share[2] == 100 - share[3] - share[4]


def test_two_may_be_under_way_but_nothing_beside_a_relay_command() -> None:
    """A gateway that queues gets two requests, of two units; a relay command goes alone."""
    settings = replace(SETTINGS, transport=Transport.MODBUS_TCP, queues=True)
    line = PlayedLine(dict.fromkeys(range(1, 5), zeros), most_at_once=2)
    together: list[set[int]] = []

    async def story() -> None:
        async with running_bus(line, settings=settings) as bus:
            reads = [
                asyncio.create_task(bus.execute(read(unit), RequestClass.ROUTINE))
                for _ in range(10)
                for unit in (1, 1, 2, 3)
            ]
            await reads[7]
            await bus.execute(close_relay(4), RequestClass.RELAY)
            await asyncio.gather(*reads)

    line.on_sent = lambda units: together.append(set(units))
    run(story())
    assert max(map(len, together)) == 2
    place = next(index for index, units in enumerate(together) if 4 in units)
    assert len(together[place]) <= 2  # it may have joined the one under way
    assert 4 not in together[place + 1]  # and nothing joined it
    assert len(line.sent) == 41


def test_utilisation_is_the_share_of_busy_time() -> None:
    """A line that is busy half of the last minute is used by half."""
    line = PlayedLine({1: zeros})

    async def story() -> None:
        async with running_bus(line) as bus:
            assert bus.health.success_rate(now()) is None
            assert bus.health.utilisation(now()) == 0
            while now() < 90:
                before = now()
                await bus.execute(read(1), RequestClass.ROUTINE)
                await asyncio.sleep(now() - before)
                assert bus.health.utilisation(now()) == pytest.approx(0.5, abs=0.01)
            assert bus.health.utilisation(now()) == pytest.approx(0.5, abs=0.01)
            assert bus.health.success_rate(now()) == 1.0
            await asyncio.sleep(61)
            assert bus.health.utilisation(now()) == 0
            assert bus.health.success_rate(now()) is None

    run(story())
