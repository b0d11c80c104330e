"""The link on a played broker: who is answered, who is not, and what is told when nobody is."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime
import json
from typing import override

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.requests import BusError, LineDownError
from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ids import BusId, MeterSerial
from custom_components.compere_prepaid.core.meters.compere_mqtt import link as link_module
from custom_components.compere_prepaid.core.meters.compere_mqtt.commands import (
    read_energy_pace,
    switch_relay,
)
from custom_components.compere_prepaid.core.meters.compere_mqtt.delivery import Deliveries
from custom_components.compere_prepaid.core.meters.compere_mqtt.link import (
    MOST_HEARD,
    CommandRefusedError,
    MqttLink,
    NotHeardError,
)
from custom_components.compere_prepaid.core.meters.compere_mqtt.messages import parse_message
from custom_components.compere_prepaid.core.meters.compere_mqtt.pace import KEEP_FAST_S, Pace
from custom_components.compere_prepaid.core.meters.compere_mqtt.ports import (
    BrokerPort,
    BrokerSettings,
    Delivered,
    Unsubscribe,
)
from tests.core.meters.captured_mqtt import FIRST, LIVE, SECOND, energy
from tests.waiting import until

AIR = BusId("air")


class PlayedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return always the same instant."""
        return datetime(2026, 1, 12, 9, tzinfo=UTC)

    def monotonic(self) -> float:
        """Return where a test has put it."""
        return self.seconds


class PlayedBroker(BrokerPort):
    """Keeps what is published, and answers if it is told how."""

    def __init__(self) -> None:
        """Be there."""
        self.published: list[tuple[str, dict[str, str]]] = []
        self.answer: Callable[[dict[str, str]], tuple[str, dict[str, str]]] | None = None
        self.is_away = False
        self.topics: Collection[str] = ()
        self.take: Callable[[Delivered], None] = lambda _: None
        self.told: Callable[[bool], None] = lambda _: None

    @override
    async def listen(
        self,
        topics: Collection[str],
        take: Callable[[Delivered], None],
        told: Callable[[bool], None],
    ) -> Unsubscribe:
        if self.is_away:
            raise LineDownError("away")
        self.topics, self.take, self.told = topics, take, told
        told(True)
        return lambda: None

    @override
    async def publish(self, topic: str, payload: str) -> None:
        if self.is_away:
            raise LineDownError("away")
        command = json.loads(payload)
        self.published.append((topic, command))
        if self.answer is not None:
            name, reply = self.answer(command)
            self.deliver(name, json.dumps(reply).encode())

    def deliver(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Deliver a message."""
        self.take(Delivered(topic=topic, payload=payload, is_retained=is_retained))


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> PlayedBroker:
    """Return a broker whose meters have little time to answer."""
    monkeypatch.setattr(link_module, "ANSWER_WITHIN_S", 0.02)
    monkeypatch.setattr(link_module, "FIRST_RETRY_S", 0.01)
    return PlayedBroker()


async def started(broker: PlayedBroker, states: list[tuple[bool, str]], **how: str) -> MqttLink:
    """Return a link that listens to a broker."""
    settings = BrokerSettings(**how)  # type: ignore[arg-type]  # a prefix, if anything
    link = MqttLink(AIR, broker, settings, PlayedClock(), lambda *state: states.append(state))
    await link.start()
    await until(lambda: bool(states))
    return link


def reply(command: dict[str, str], **other: str) -> tuple[str, dict[str, str]]:
    """Return what a meter answers to a relay command."""
    said = {"id": FIRST, "oprid": command["oprid"], "do1": command["do1"], "code": "01"}
    return "MQTT_TELECTRL_REP", said | other


async def test_an_answer_with_its_operation_id(broker: PlayedBroker) -> None:
    """It is returned; a prefix stands before all topics."""
    states: list[tuple[bool, str]] = []
    link = await started(broker, states, prefix="annex")
    assert all(topic.startswith("annex/MQTT_") for topic in broker.topics)

    def answer(command: dict[str, str]) -> tuple[str, dict[str, str]]:
        name, said = reply(command)
        return f"annex/{name}", said

    broker.answer = answer
    said = await link.request(switch_relay(FIRST, 1, closed=True))
    assert said.text("do1") == "1"
    assert broker.published[0][0] == "annex/MQTT_TELECTRL_25950027"
    assert states == [(True, "")]
    await link.stop()
    with pytest.raises(LineDownError):
        await link.request(switch_relay(FIRST, 1, closed=True))


@pytest.mark.parametrize(
    "other",
    [{"oprid": "0" * 32}, {"id": SECOND}, {"oprid": ""}],
    ids=["another operation", "another meter", "no operation"],
)
async def test_answers_of_others_are_none(broker: PlayedBroker, other: dict[str, str]) -> None:
    """Twelve of each kind: whatever is like the answer and is not, is not taken for it."""
    link = await started(broker, [])
    broker.answer = lambda command: reply(command, **other)
    for _ in range(12):
        with pytest.raises(NotHeardError):
            await link.request(switch_relay(FIRST, 1, closed=False))
    assert link.health.timeouts == 12
    await link.stop()


async def test_answers_that_come_too_late_answer_nothing(broker: PlayedBroker) -> None:
    """Of 100 that come after their question was given up, none answers the next one."""
    link = await started(broker, [])
    for _ in range(100):
        link_module.ANSWER_WITHIN_S = 0.0
        with pytest.raises(NotHeardError):
            await link.request(switch_relay(FIRST, 1, closed=False))
        late = broker.published[-1][1]
        broker.answer = lambda _, late=late: reply(late)
        link_module.ANSWER_WITHIN_S = 0.001
        with pytest.raises(NotHeardError):
            await link.request(switch_relay(FIRST, 1, closed=True))
        broker.answer = None
    await link.stop()


async def test_refusals(broker: PlayedBroker) -> None:
    """Code 02, with the meter's reason."""
    link = await started(broker, [])
    broker.answer = lambda command: reply(command, code="02", msg="DO is off")
    with pytest.raises(CommandRefusedError) as refused:
        await link.request(switch_relay(FIRST, 1, closed=False))
    assert refused.value.placeholders == {"address": FIRST, "reason": "DO is off"}
    assert link.health.refused == 1
    await link.stop()


async def test_a_connection_that_goes_while_somebody_waits(broker: PlayedBroker) -> None:
    """Who waits is told at once, and the line is down until the broker is back."""
    states: list[tuple[bool, str]] = []
    link = await started(broker, states)
    link_module.ANSWER_WITHIN_S = 30.0
    waiting = asyncio.create_task(link.request(switch_relay(FIRST, 1, closed=False)))
    await until(lambda: bool(broker.published))
    broker.told(False)
    with pytest.raises(LineDownError):
        await waiting
    broker.told(True)
    assert [up for up, _ in states] == [True, False, True]
    assert link.health.reconnects == 1
    await link.stop()


async def test_a_broker_that_is_away_is_tried_again(broker: PlayedBroker) -> None:
    """It is told once, and used as soon as it is there."""
    states: list[tuple[bool, str]] = []
    broker.is_away = True
    link = await started(broker, states)
    broker.is_away = False
    await until(lambda: len(states) == 2)
    assert states == [(False, "away"), (True, "")]
    await link.stop()


async def test_who_is_heard(broker: PlayedBroker) -> None:
    """Meters by their records, not by rubbish, zeros or what lay there; and not without end."""
    link = await started(broker, [])
    broker.deliver("MQTT_RT_DATA", LIVE, is_retained=True)
    broker.deliver("MQTT_RT_DATA", b"{")
    broker.deliver("MQTT_ENY_NOW", energy(SECOND, "0.000", ("0", "0", "0", "0"), "20260112170000"))
    assert not link.heard
    for number in range(2 * MOST_HEARD):
        broker.deliver(
            "MQTT_ENY_NOW", energy(f"{number:013}", "1.5", ("1.5", "0", "0", "0"), "20260112170000")
        )
    assert len(link.heard) == MOST_HEARD
    assert all(meter.energy_wh == 1_500 for meter in link.heard.values())
    await link.stop()


async def test_newer_news_replace_older_ones() -> None:
    """Whoever waits gets the newest; a listener's failure is told to those who wait."""
    deliveries, told = Deliveries(), []
    serial = MeterSerial(FIRST)

    def tell(number: int) -> Callable[[], object]:
        async def work() -> None:
            told.append(number)
            if number == 99:
                raise OperationFailedError("ledger_locked")

        return work

    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()
    for number in range(50):
        deliveries.put((serial, "reading"), tell(number), first if number == 3 else None)  # type: ignore[arg-type]
    worker = asyncio.create_task(deliveries.work())
    await first
    assert told == [49]
    deliveries.put((serial, "reading"), tell(99), second)  # type: ignore[arg-type]
    with pytest.raises(OperationFailedError):
        await second
    third = loop.create_future()
    deliveries.put((serial, "reading"), tell(1), third)  # type: ignore[arg-type]
    deliveries.clear(LineDownError("stopped"))
    with pytest.raises(BusError):
        await third
    worker.cancel()


@given(st.lists(st.tuples(st.integers(1, 600), st.floats(0.0, 2000.0)), max_size=200))
def test_intervals_are_written_seldom(needs: list[tuple[int, float]]) -> None:
    """However an account's money goes up and down, at most four writes in a quarter of an hour."""
    pace = Pace(meter=FIRST, routine_live_s=60, routine_energy_min=5)
    now, writes = 0.0, list[float]()
    for after_s, within_s in needs:
        now += after_s
        pace.need(within_s, now)
        while (command := pace.next_command(now)) is not None:
            value = command.fields.get("value", "300" if command.fields["Cmd"] == "0000" else "15")
            answer = {"id": FIRST, "value": value}
            if "value" in command.fields:
                writes.append(now)
            pace.take(command, parse_message("MQTT_COMMOD_READ_REP", json.dumps(answer).encode()))
    for at in writes:
        assert sum(at <= other < at + KEEP_FAST_S for other in writes) <= 6


def test_a_meter_that_takes_no_interval_is_left_alone() -> None:
    """It is told again after 10 minutes, then 20, 40 …: few times in a day."""
    pace = Pace(meter=FIRST, routine_live_s=60, routine_energy_min=5)
    tries = 0
    for now in range(0, 86_400, 60):
        for _ in range(3):
            command = pace.next_command(float(now))
            if command is not None:
                tries += 1
                pace.fail(command, float(now))
    assert 5 < tries < 15
    assert pace.energy_s == 900
    assert read_energy_pace(FIRST).fields["Cmd"] == "0001"
