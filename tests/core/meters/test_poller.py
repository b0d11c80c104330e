"""The poller: who is read when, who is believed, what silence costs. In virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
import logging

import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.requests import (
    BusError,
    LineDownError,
    NoAnswerError,
    RefusedError,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import MeterReading
from custom_components.compere_prepaid.core.meters.modbus_meter import ModbusMeter
from custom_components.compere_prepaid.core.meters.poller import OtherMeterError, Poller
from tests.core.bus.played_line import PlayedLine, running_bus
from tests.core.bus.virtual_time import VirtualClock, run
from tests.core.meters.played_meter import KPM33B, PlayedMeter

SERIAL_ADDRESS, ENERGY_ADDRESS, DETAIL_ADDRESS = 0x12, 0x80, 0x30


def now() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Listener:
    """Remembers what it is told, and when."""

    readings: list[tuple[float, MeterReading]] = field(default_factory=list)
    silences: list[tuple[float, str, type[BusError], int]] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    takes_s: float = 0.0
    error: Exception | None = None

    async def on_reading(self, reading: MeterReading) -> None:
        """Remember a reading, after working on it."""
        await asyncio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        self.readings.append((now(), reading))

    async def on_silent(self, serial: MeterSerial, error: BusError, failures: int) -> None:
        """Remember a failure."""
        self.silences.append((now(), serial, type(error), failures))

    async def on_other_meter(self, serial: MeterSerial, found: str) -> None:
        """Remember a stranger."""
        self.others.append((serial, found))

    def times_of(self, serial: str) -> list[float]:
        """Return when readings of this meter came."""
        return [at for at, reading in self.readings if reading.serial == serial]


@dataclass(slots=True)
class Stage:
    """A line with meters 1, 2, 3 …, a bus, a poller and its listener."""

    line: PlayedLine
    bus: Bus
    poller: Poller
    listener: Listener
    meters: list[PlayedMeter]

    def add(self, unit: int) -> MeterSerial:
        """Let the poller read the meter at this address."""
        serial = MeterSerial(f"S{unit}")
        self.poller.add(ModbusMeter(KPM33B, unit, serial, self.bus, VirtualClock()))
        return serial


@asynccontextmanager
async def staged(count: int, **options: float) -> AsyncIterator[Stage]:
    """Set up a line with so many meters, all of them polled."""
    meters = [PlayedMeter(f"S{unit}", kwh=unit) for unit in range(1, count + 1)]
    line = PlayedLine(dict(enumerate(meters, 1)))
    listener = Listener()
    async with running_bus(line) as bus:
        poller = Poller(bus, VirtualClock(), listener, **options)
        stage = Stage(line, bus, poller, listener, meters)
        for unit in range(1, count + 1):
            stage.add(unit)
        await poller.start()
        try:
            yield stage
        finally:
            await poller.stop()


def test_every_meter_is_read_at_its_interval() -> None:
    """Three meters at 10 s: eight readings each in 75 s; details and identity as told."""

    async def story() -> None:
        async with staged(3) as stage:
            await asyncio.sleep(75)
            for unit, meter in enumerate(stage.meters, 1):
                times = stage.listener.times_of(f"S{unit}")
                assert len(times) == 8
                assert times[-1] - times[0] == pytest.approx(70, abs=0.5)
                assert meter.asked_for(SERIAL_ADDRESS) == 1
                assert meter.asked_for(DETAIL_ADDRESS) == 2
            health = stage.poller.health(MeterSerial("S1"))
            assert health.success_rate == 1.0
            assert health.failures == 0
            assert health.last_answer_at is not None
            assert 0.2 < stage.poller.sweep_s < 1

    run(story())


def test_a_line_that_cannot_keep_up_serves_all_alike() -> None:
    """More meters than the interval allows: they are read in turn, none starves."""

    async def story() -> None:
        async with staged(60, interval_s=1.0) as stage:
            await asyncio.sleep(60)
            counts = [len(stage.listener.times_of(f"S{unit}")) for unit in range(1, 61)]
            assert max(counts) - min(counts) <= 1
            assert min(counts) >= 3

    run(story())


def test_a_meter_at_risk_is_read_sooner_and_first() -> None:
    """Its own interval, ahead of the sweep; back to routine when the risk is over."""

    async def story() -> None:
        async with staged(60, interval_s=10.0) as stage:
            await asyncio.sleep(30)
            serial = MeterSerial("S30")
            stage.poller.set_interval(serial, 1.0)
            since = now()
            await asyncio.sleep(20)
            times = [at for at in stage.listener.times_of(serial) if at > since]
            assert len(times) >= 18
            stage.poller.set_interval(serial, 10.0)
            since = now()
            await asyncio.sleep(30)
            assert len([at for at in stage.listener.times_of(serial) if at > since + 1]) <= 4

    run(story())


def test_no_reading_without_identity() -> None:
    """Another meter at the address gives news and no reading, until the right one is back."""

    async def story() -> None:
        async with staged(1, identify_every_s=60.0) as stage:
            (meter,) = stage.meters
            await asyncio.sleep(55)
            seen = len(stage.listener.readings)
            assert seen == 6
            meter.serial, meter.kwh = "OTHER", 9999.0
            await asyncio.sleep(120)
            known = [r for _, r in stage.listener.readings if r.energy_wh == 9_999_000]
            # Between two proofs a swap cannot be seen; at the next proof it is.
            assert len(known) == 0
            assert len(stage.listener.readings) == seen
            assert set(stage.listener.others) == {("S1", "OTHER")}
            assert "other_meter" in stage.poller.health(MeterSerial("S1")).last_error
            meter.serial, meter.kwh = "S1", 2.0
            await asyncio.sleep(61)
            assert len(stage.listener.readings) > seen

    run(story())


@pytest.mark.parametrize("what", ["miss", "reconnect", "time"])
def test_identity_is_proved_anew(what: str) -> None:
    """After a miss, after a reconnect and after a while, before any further reading."""

    async def story() -> None:
        async with staged(1, identify_every_s=100.0) as stage:
            (meter,) = stage.meters
            await asyncio.sleep(11)
            assert meter.asked_for(SERIAL_ADDRESS) == 1
            if what == "miss":
                meter.is_silent = True
                await asyncio.sleep(10)
                meter.is_silent = False
            elif what == "reconnect":
                stage.line.is_open = False
            else:
                await asyncio.sleep(85)
            meter.serial = "OTHER"
            seen = len(stage.listener.readings)
            await asyncio.sleep(30)
            assert len(stage.listener.readings) == seen
            assert stage.listener.others

    run(story())


def test_a_silent_meter_backs_off_alone_and_recovers() -> None:
    """1, 2, 4 … 60 s; the others keep their pace; the first answer resets everything."""

    async def story() -> None:
        async with staged(3) as stage:
            meter = stage.meters[1]
            await asyncio.sleep(15)
            meter.is_silent = True
            await asyncio.sleep(300)
            silences = [entry for entry in stage.listener.silences if entry[1] == "S2"]
            assert [entry[3] for entry in silences] == list(range(1, len(silences) + 1))
            assert {entry[2] for entry in silences} == {NoAnswerError}
            pauses = [b[0] - a[0] for a, b in pairwise(silences)]
            for pause, expected in zip(pauses, [1, 2, 4, 8, 16, 32, 45, 45], strict=False):
                assert 0.9 * expected <= pause <= 1.1 * expected + 3.2
            assert len(stage.listener.times_of("S1")) in (31, 32)
            health = stage.poller.health(MeterSerial("S2"))
            assert health.backoff_until is not None
            assert health.failures == len(silences)
            assert health.last_error == "meter_silent (address=2)"
            assert health.success_rate is not None
            assert health.success_rate < 0.5
            meter.is_silent = False
            since = now()
            await asyncio.sleep(61)
            assert stage.listener.times_of("S2")[-1] > since
            assert health == replace(health, failures=0, last_error="", backoff_until=None)

    run(story())


def test_sixteen_dead_meters_hardly_slow_the_living() -> None:
    """In the steady state the line spends almost all its time on those that answer."""

    async def story() -> None:
        async with staged(64, interval_s=0.1) as stage:
            for meter in stage.meters[:16]:
                meter.is_silent = True
            await asyncio.sleep(400)
            since = now()
            asked = [sent for sent in stage.line.sent if sent.at > since - 120]
            dead = [sent for sent in asked if sent.request.unit <= 16]
            # Each is probed about once a minute, and a probe is a fraction of a second.
            assert 16 <= len(dead) <= 48
            busy = 120 - sum(0.2 for _ in dead)
            assert busy / 120 > 0.92

    run(story())


def test_a_line_that_is_down_is_one_failure() -> None:
    """Each meter hears it once, nobody's back-off grows, and all are read when it is back."""

    async def story() -> None:
        async with staged(3) as stage:
            await asyncio.sleep(15)
            stage.line.is_reachable = False
            stage.line.is_open = False
            await asyncio.sleep(300)
            told = [(entry[1], entry[2], entry[3]) for entry in stage.listener.silences]
            assert told == [(f"S{unit}", LineDownError, 0) for unit in (1, 2, 3)]
            assert stage.poller.health(MeterSerial("S1")).failures == 0
            assert "unreachable" in stage.poller.health(MeterSerial("S1")).last_error
            stage.line.is_reachable = True
            await stage.bus.wait_until_up()
            since = now()
            await asyncio.sleep(1)
            assert {r.serial for at, r in stage.listener.readings if at > since} == {
                "S1", "S2", "S3",
            }  # fmt: skip
            assert [meter.asked_for(SERIAL_ADDRESS) for meter in stage.meters] == [2, 2, 2]

    run(story())


def test_a_busy_meter_is_asked_again_soon_and_then_counts_as_failed() -> None:
    """0.2, 0.5, 1 s without any alarm; the fourth time it is one."""

    async def story() -> None:
        async with staged(2) as stage:
            await asyncio.sleep(5)
            meter = stage.meters[0]
            meter.busy_answers = 3
            await asyncio.sleep(7.5)
            assert stage.listener.silences == []
            assert len(stage.listener.times_of("S1")) == 2
            meter.busy_answers = 4
            await asyncio.sleep(12)
            ((_, serial, error, failures),) = stage.listener.silences
            assert (serial, error, failures) == ("S1", RefusedError, 1)

    run(story())


def test_read_now_returns_after_the_listener_has_taken_it() -> None:
    """A person's reading has everything, goes the same way, and counts as the meter's poll."""

    async def story() -> None:
        async with staged(40) as stage:
            await asyncio.sleep(12)
            stage.listener.takes_s = 0.5
            stage.meters[4].power_w = 800
            asked = now()
            reading = await stage.poller.read_now(MeterSerial("S5"))
            assert now() - asked < 3
            assert reading.power_mw == 800_000
            assert reading in [taken for _, taken in stage.listener.readings]
            with pytest.raises(InvalidInputError) as caught:
                await stage.poller.read_now(MeterSerial("S99"))
            assert caught.value.key == "meter_unknown"

    run(story())


def test_read_now_tells_what_went_wrong() -> None:
    """Silence, a stranger, the listener's own failure: the caller gets it, and so do the others."""

    async def story() -> None:
        async with staged(2) as stage:
            serial = MeterSerial("S1")
            await asyncio.sleep(5)
            stage.listener.error = RuntimeError("ledger")
            with pytest.raises(RuntimeError, match="ledger"):
                await stage.poller.read_now(serial)
            stage.listener.error = None
            stage.meters[0].is_silent = True
            with pytest.raises(NoAnswerError):
                await stage.poller.read_now(serial)
            stage.meters[0].is_silent = False
            stage.meters[0].serial = "OTHER"
            with pytest.raises(OtherMeterError) as caught:
                await stage.poller.read_now(serial)
            assert caught.value.placeholders == {"serial": "S1", "found": "OTHER"}
            await asyncio.sleep(0.01)
            assert stage.listener.others[-1] == ("S1", "OTHER")
            assert stage.listener.silences[0][1] == "S1"
            stage.line.is_reachable = False
            stage.line.is_open = False
            with pytest.raises(LineDownError):
                await stage.poller.read_now(MeterSerial("S2"))

    run(story())


def test_slow_work_on_readings_does_not_idle_the_line() -> None:
    """While one reading is stored the next is on the wire; the order is kept."""

    async def story() -> None:
        async with staged(20, interval_s=100) as stage:
            stage.listener.takes_s = 0.1
            await asyncio.sleep(20 * 0.5)
            assert [reading.serial for _, reading in stage.listener.readings] == [
                f"S{unit}" for unit in range(1, 21)
            ]

    run(story())


def test_a_failing_listener_does_not_stop_the_sweep(caplog: pytest.LogCaptureFixture) -> None:
    """What went wrong with a reading is logged; the next meter is read."""

    async def story() -> None:
        async with staged(2) as stage:
            stage.listener.error = RuntimeError("no disk")
            await asyncio.sleep(5)
            stage.listener.error = None
            await asyncio.sleep(10)
            assert len(stage.listener.readings) == 2

    with caplog.at_level(logging.ERROR):
        run(story())
    assert "A reading could not be worked on" in caplog.text


def test_a_removed_meter_is_not_heard_of_again() -> None:
    """Not even if its answer was on the wire; a new one may take its place."""

    async def story() -> None:
        async with staged(2) as stage:
            await asyncio.sleep(0.01)
            stage.poller.remove(MeterSerial("S1"))
            await asyncio.sleep(30)
            assert stage.listener.times_of("S1") == []
            assert len(stage.listener.times_of("S2")) == 3
            with pytest.raises(InvalidInputError):
                stage.poller.remove(MeterSerial("S1"))
            serial = stage.add(1)
            with pytest.raises(InvalidInputError) as caught:
                stage.add(1)
            assert caught.value.key == "meter_known"
            await asyncio.sleep(1)
            assert len(stage.listener.times_of(serial)) == 1

    run(story())


def test_stopping_answers_who_waits() -> None:
    """A reading that is asked for when everything stops ends with `LineDownError`."""

    async def story() -> None:
        async with staged(1) as stage:
            await asyncio.sleep(5)
            stage.listener.takes_s = 60
            asked = asyncio.create_task(stage.poller.read_now(MeterSerial("S1")))
            await asyncio.sleep(5)
            await stage.poller.stop()
            with pytest.raises(LineDownError):
                await asked
            with pytest.raises(LineDownError):
                await stage.poller.read_now(MeterSerial("S1"))

    run(story())


def test_a_relay_command_overtakes_the_sweep() -> None:
    """While 60 meters are read without pause, a command is on the wire within one transaction."""

    async def story() -> None:
        async with staged(60, interval_s=0.1) as stage:
            await asyncio.sleep(30)
            device = ModbusMeter(KPM33B, 60, MeterSerial("S60"), stage.bus, VirtualClock())
            for closed in (False, True) * 10:
                asked = now()
                await device.write_relay(closed, RequestClass.RELAY)
                assert await device.read_relay(RequestClass.RELAY) is closed
                assert now() - asked < 0.35
                await asyncio.sleep(0.37)
            # The longest transaction of the sweep: 52 registers.
            assert stage.bus.health.relay_wait_longest_s < 0.16

    run(story())
