"""Arbitrary messages on arbitrary topics, one after the other, to all that hears wireless meters.

A message is read or refused with our error; a record that passes has numbers that a meter can mean,
its zeros are its own, and no register of a meter falls because of a record that came late. Run by
`test_fuzz`, or by hand with libFuzzer's options. An input is a row of messages: a byte for the
topic, two for the length of what follows.
"""

import tests.proof.without_home_assistant  # noqa: F401, I001  -- must come first

from collections.abc import Callable, Collection
from datetime import UTC, datetime
import sys
from typing import override

import atheris

with atheris.instrument_imports(include=["custom_components.compere_prepaid.core"]):
    from custom_components.compere_prepaid.core.bus.requests import LineDownError
    from custom_components.compere_prepaid.core.ids import BusId, MeterSerial
    from custom_components.compere_prepaid.core.metering.reading import Quantity
    from custom_components.compere_prepaid.core.meters.compere_mqtt.link import MqttLink
    from custom_components.compere_prepaid.core.meters.compere_mqtt.messages import (
        Message,
        Topic,
    )
    from custom_components.compere_prepaid.core.meters.compere_mqtt.meter import CompereMqttMeter
    from custom_components.compere_prepaid.core.meters.compere_mqtt.ports import (
        BrokerPort,
        BrokerSettings,
        Delivered,
        Unsubscribe,
    )
    from custom_components.compere_prepaid.core.meters.compere_mqtt.profile import (
        CompereMqttProfile,
        RelayOutput,
        TaggedMeasurand,
        contradicts_itself,
    )
    from custom_components.compere_prepaid.core.meters.decode import LARGEST, Unit
    from custom_components.compere_prepaid.core.meters.profile import Verified

CODE = "33B1225950027"
TOPICS = (*Topic, "MQTT_SET", "")
PROFILE = CompereMqttProfile(
    name="fuzzed",
    title="Fuzzed",
    manufacturer="Compere",
    model="KPM33B",
    phases=3,
    codes=("33B",),
    measurands=tuple(
        TaggedMeasurand(tag=tag, quantity=quantity, unit=unit, verified=Verified.VENDOR)
        for tag, quantity, unit in (
            ("zygsz", Quantity.ENERGY_IMPORT, Unit.KILO_WATT_HOUR),
            ("zyjsz", Quantity.ENERGY_T1, Unit.KILO_WATT_HOUR),
            ("zyggl", Quantity.POWER, Unit.KILO_WATT),
            ("ua", Quantity.VOLTAGE_A, Unit.VOLT),
        )
    ),
    relay=RelayOutput(output=1, is_signalled=True, verified=Verified.VENDOR),
)


class StoppedClock:
    """A clock that moves by a second with each look."""

    def __init__(self) -> None:
        """Begin at 1000."""
        self._seconds = 1000.0

    def now(self) -> datetime:
        """Return always the same day."""
        return datetime(2026, 1, 12, 17, tzinfo=UTC)

    def monotonic(self) -> float:
        """Return one second more."""
        self._seconds += 1.0
        return self._seconds


class NoBroker(BrokerPort):
    """Cannot be reached: messages come from the fuzzer."""

    @override
    async def listen(
        self,
        topics: Collection[str],
        take: Callable[[Delivered], None],
        told: Callable[[bool], None],
    ) -> Unsubscribe:
        raise LineDownError("fuzzed")

    @override
    async def publish(self, topic: str, payload: str) -> None:
        raise LineDownError("fuzzed")


def test_one_input(data: bytes) -> None:
    """Hear one row of messages."""
    clock = StoppedClock()
    link = MqttLink(BusId("air"), NoBroker(), BrokerSettings(), clock, lambda *_: None)
    meter = CompereMqttMeter(PROFILE, CODE, MeterSerial(CODE), link, clock)
    records: list[Message] = []
    link.take_record = records.append
    while len(data) >= 3:
        topic = TOPICS[data[0] % len(TOPICS)]
        length = int.from_bytes(data[1:3])
        link._take(topic, data[3 : 3 + length])  # as the broker delivers it
        data = data[3 + length :]
    for record in records:
        assert len(record.meter) == 13
        assert isinstance(contradicts_itself(record), bool)
        meter.take_word(record)
        for quantity, value in meter.values_in(record).items():
            assert isinstance(value, int)
            assert abs(value) <= LARGEST
            assert value >= 0 or not quantity.is_energy
    assert len(link.heard) <= len(records)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
