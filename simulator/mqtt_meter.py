"""A Compere meter with a 4G or Wi-Fi module: a real MQTT client in front of a simulated meter.

It publishes as protocol V1.9 says and as captured meters do, which is not the same everywhere:
keys in lower case, most records twice, and after each energy record one of zeros under the next
meter's code. When it uploads is up to who plays with it (`upload_live`, `upload_energy`), so that
tests need not wait; what it is commanded it obeys and acknowledges at once.

Faults are plain attributes, and stay until they are set back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import json
import threading
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from .clock import moment_of
from .energy import UNITS_PER_WH
from .meter import SimulatedMeter

OPERATION_CHARACTERS = 32
VOLTS = 230
CONNECTED_WITHIN_S = 20.0

_COMMANDS = (
    "MQTT_TELECTRL",
    "MQTT_SETTIME",
    "MQTT_COMMOD_SET",
    "MQTT_COMMOD_READ",
    "MQTT_SYS_READ",
)
_RATE_TAGS = ("zyjsz", "zyfsz", "zypsz", "zyvsz")


@dataclass(slots=True)
class MqttFaults:
    """What is wrong with a meter, or with the way of its messages."""

    copies: int = 2
    """How often each record is published; captured meters do so twice."""
    sends_zeros: bool = True
    """Whether zeros follow under the next code, as all captured meters do."""
    packets: int = 1
    upper_case: bool = False
    clock_off: timedelta = timedelta()
    loses_acks: bool = False
    """It obeys, and says nothing."""
    refuses: str = ""
    """The reason with which it refuses commands; empty is obedience."""
    is_deaf: bool = False
    """It hears no command."""
    contradicts: bool = False
    """Its rates do not add up to its total."""


@dataclass(slots=True)
class Intervals:
    """How often the meter believes that it has to upload."""

    live_s: int = 300
    energy_min: int = 15
    writes: int = 0
    """How often it was told another interval."""


@dataclass
class MqttMeter:
    """One meter on the air; `with` connects it."""

    meter: SimulatedMeter
    port: int
    host: str = "127.0.0.1"
    signals: bool = False
    """Whether it tells its outputs when they change, as a KPM31B does."""
    answers_reads: bool = True
    """Whether it tells its registers on request."""
    lost_digits: int = 0
    """How many of the three decimals it leaves out then."""
    faults: MqttFaults = field(default_factory=MqttFaults)
    intervals: Intervals = field(default_factory=Intervals)
    commands: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What it was told, topic and payload, in order."""

    def __post_init__(self) -> None:
        """Make a client that is not connected yet."""
        self._lock = threading.RLock()
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=self.code)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self._ready.clear()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message

    @property
    def code(self) -> str:
        """Return the meter code."""
        return self.meter.serial

    def __enter__(self) -> Self:
        """Connect, and listen for commands."""
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self.disconnect()

    def connect(self) -> None:
        """Go on the air."""
        self._ready.clear()
        self._client.connect(self.host, self.port)
        self._client.loop_start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when the broker has taken the meter's subscriptions."""
        if not self._ready.wait(CONNECTED_WITHIN_S):
            raise TimeoutError(f"{self.code} found no broker on port {self.port}")

    def disconnect(self) -> None:
        """Leave the air."""
        self._client.disconnect()
        self._client.loop_stop()

    # What it publishes

    def upload_live(self) -> None:
        """Publish what it measures now."""
        with self._lock:  # not while it publishes: commands are heard meanwhile
            record = _live_of(self.meter.phases_of(self.meter.power_w))
        self._publish_record("MQTT_RT_DATA", record)

    def upload_energy(self) -> None:
        """Publish its registers."""
        with self._lock:
            record = self._energies()
        self._publish_record("MQTT_ENY_NOW", record)
        if self.faults.sends_zeros:
            zeros = dict.fromkeys(record, ZERO)
            self._publish_record("MQTT_ENY_NOW", zeros, code=_next_code(self.code))

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish anything."""
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        info.wait_for_publish(CONNECTED_WITHIN_S)

    def _energies(self) -> Record:
        self.meter.advance()
        energy = self.meter.energy
        rates = [units // UNITS_PER_WH for units in energy.rates]
        rates[-1] += energy.wh - sum(rates)  # whole Wh have to add up here, too
        if self.faults.contradicts:
            rates[0] += 5
        values = {"zygsz": energy.wh, "fygsz": 0, "zwgsz": 0, "fwgsz": 0}
        values |= dict(zip(_RATE_TAGS, rates, strict=True))
        return {tag: Thousandths(wh) for tag, wh in values.items()} | {"zydvsz": ZERO}

    def _publish_record(self, topic: str, fields: Record, code: str = "") -> None:
        names = list(fields)
        size = -(-len(names) // self.faults.packets)
        parts = [names[at : at + size] for at in range(0, len(names), size)]
        stamp = f"{self._clock():%Y%m%d%H%M%S}"
        for _ in range(self.faults.copies):
            for place, part in enumerate(parts):
                packet = {"id": code or self.code, **{name: fields[name] for name in part}}
                packet |= {"time": stamp, "isend": "1" if place == len(parts) - 1 else "0"}
                self.publish(topic, self._json(packet))

    def _clock(self) -> datetime:
        return moment_of(self.meter.at_us) + self.meter.local_time + self.faults.clock_off

    def _json(self, packet: dict[str, object]) -> str:
        upper = self.faults.upper_case
        pairs = (
            f'"{name.upper() if upper else name}":{_written(value)}'
            for name, value in packet.items()
        )
        return "{" + ",".join(pairs) + "}"

    # What it is told

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe([(f"{topic}_{self.code[-8:]}", 1) for topic in _COMMANDS])

    def _on_message(self, client: Client, _: Any, message: MQTTMessage) -> None:
        topic = message.topic.rpartition("_")[0]
        command = json.loads(message.payload)
        with self._lock:
            self.commands.append((topic, command))
            if self.faults.is_deaf or len(command.get("oprid", "")) != OPERATION_CHARACTERS:
                return
            reply = self._obey(topic, command)
            if reply is not None and not self.faults.loses_acks:
                name, fields = reply
                answer = {"id": self.code, "oprid": command["oprid"], **fields}
                client.publish(name, json.dumps(answer), qos=1)
            if self.signals and topic == "MQTT_TELECTRL" and not self.faults.refuses:
                self._signal(client)

    def _obey(self, topic: str, command: dict[str, str]) -> tuple[str, dict[str, str]] | None:
        code = {"code": "02", "msg": self.faults.refuses} if self.faults.refuses else {"code": "01"}
        is_obeyed = not self.faults.refuses
        if topic == "MQTT_TELECTRL":
            if is_obeyed:
                self.meter.command_relay(closed=command["do1"] == "1")
            return "MQTT_TELECTRL_REP", {"do1": command["do1"], **code}
        if topic == "MQTT_SETTIME":
            if is_obeyed:
                shown = datetime.strptime(command["time"], "%Y%m%d%H%M%S")  # noqa: DTZ007
                self.faults.clock_off += shown - self._clock().replace(tzinfo=None)
            return "MQTT_METER_TIME_REP", code
        if topic == "MQTT_SYS_READ":
            return self._read(command)
        return self._pace(topic, command, code)

    def _pace(
        self, topic: str, command: dict[str, str], code: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        name = "live_s" if command["Cmd"] == "0000" else "energy_min"
        if topic == "MQTT_COMMOD_READ":
            value = str(getattr(self.intervals, name))
            return "MQTT_COMMOD_READ_REP", {"Cmd": command["Cmd"], "value": value, **code}
        if code["code"] == "01":
            setattr(self.intervals, name, int(command["value"]))
            self.intervals.writes += 1
        return "MQTT_COMMOD_SET_REP", code

    def _read(self, command: dict[str, str]) -> tuple[str, dict[str, str]] | None:
        if not self.answers_reads or command["addr"] != "0082":
            return None
        shown = {"addr": command["addr"], "lenth": command["lenth"], "type": command["type"]}
        wh = self.meter.true_wh
        number = f"{wh // 1000}.{wh % 1000:03}"
        return "MQTT_SYS_REPLY", {**shown, "value": number[: len(number) - self.lost_digits]}

    def _signal(self, client: Client) -> None:
        outputs = int(self.meter.relay_closed)
        packet = {"id": self.code, "value": f"00000000@{outputs:08X}", "time": ""}
        client.publish("MQTT_TELEIND", json.dumps(packet), qos=1)


class Thousandths(int):
    """A number that is written with three decimals, exactly."""


ZERO = Thousandths(0)

type Record = dict[str, Thousandths]
"""Values by tag."""


def _written(value: object) -> str:
    """Return a value as a meter writes it: numbers with their decimals, text in quotes."""
    if isinstance(value, Thousandths):
        sign, number = ("-" if value < 0 else ""), abs(value)
        return f"{sign}{number // 1000}.{number % 1000:03}"
    return json.dumps(value)


def _live_of(watts: tuple[int, int, int]) -> Record:
    """Return what a three-phase meter measures: kW are thousands of W."""
    fields: Record = {}
    for phase, power in zip("abc", watts, strict=True):
        fields[f"i{phase}"] = Thousandths(power * 1000 // VOLTS)
        fields[f"u{phase}"] = Thousandths(VOLTS * 1000)
        fields[f"p{phase}"] = Thousandths(power)
    total = Thousandths(sum(watts))
    return fields | {
        "zyggl": total,
        "zszgl": total,
        "zglys": Thousandths(1000),
        "f": Thousandths(50_000),
    }


def _next_code(code: str) -> str:
    return f"{code[:-4]}{int(code[-4:]) + 1:04}"


@contextmanager
def on_the_air(*meters: MqttMeter) -> Iterator[None]:
    """Connect meters, and disconnect them in the end."""
    try:
        for meter in meters:
            meter.connect()
        yield
    finally:
        for meter in meters:
            meter.disconnect()
