"""What may be asked of a Compere meter over MQTT.

A command goes to its topic followed by the last eight characters of the meter code. The meter
answers on a topic that all meters share, with the operation id of the command; one that is not
exactly 32 characters long it ignores (protocol V1.9, section 4).

`MQTT_RECONFIG` and `MQTT_SET`, which send a meter to another broker, are left out on purpose, and
so is `MQTT_SYS_CFG`, which writes its registers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import json
from uuid import uuid4

from .messages import Message, Topic

LIVE_STEPS_S = (30, 60, 300, 600, 900, 1200, 1800, 3600)
"""How often meters can send live values, in seconds."""
ENERGY_STEPS_MIN = (1, 5, 10, 15, 20, 30, 60, 1440)
"""How often meters can send their energies, in minutes."""

_LIVE, _ENERGY = "0000", "0001"
_INTEGER, _FLOAT = "1", "2"
_DONE = ("01", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One question to one meter."""

    meter: str
    topic: str
    """Without the meter's eight characters."""
    reply: Topic
    fields: Mapping[str, str]
    operation: str = field(default_factory=lambda: uuid4().hex)

    @property
    def address(self) -> str:
        """Return the topic at which only this meter listens."""
        return f"{self.topic}_{self.meter[-8:]}"

    @property
    def payload(self) -> str:
        """Return the JSON that is published."""
        return json.dumps({**self.fields, "oprid": self.operation}, separators=(",", ":"))

    def is_answered_by(self, message: Message) -> bool:
        """Tell whether a message is this command's answer."""
        return (
            message.topic is self.reply
            and message.meter == self.meter
            and message.text("oprid").lower() == self.operation
        )


def is_done(reply: Message) -> bool:
    """Tell whether the meter says that it did what it was told; without a code it does so too."""
    return reply.text("code") in ("", *_DONE)


def switch_relay(meter: str, output: int, *, closed: bool) -> Command:
    """Close or open a relay."""
    return Command(
        meter=meter,
        topic="MQTT_TELECTRL",
        reply=Topic.RELAY_REPLY,
        fields={f"do{output}": "1" if closed else "0"},
    )


def set_clock(meter: str, shows: datetime) -> Command:
    """Set the meter's clock to this time of day of its place."""
    return Command(
        meter=meter,
        topic="MQTT_SETTIME",
        reply=Topic.TIME_REPLY,
        fields={"time": f"{shows:%Y%m%d%H%M%S}"},
    )


def set_live_pace(meter: str, seconds: int) -> Command:
    """Let the meter send its live values this often, one of `LIVE_STEPS_S`."""
    return _set_pace(meter, _LIVE, seconds)


def set_energy_pace(meter: str, minutes: int) -> Command:
    """Let the meter send its energies this often, one of `ENERGY_STEPS_MIN`."""
    return _set_pace(meter, _ENERGY, minutes)


def read_live_pace(meter: str) -> Command:
    """Ask how often the meter sends its live values."""
    return _read_pace(meter, _LIVE)


def read_energy_pace(meter: str) -> Command:
    """Ask how often the meter sends its energies."""
    return _read_pace(meter, _ENERGY)


def read_float(meter: str, address: int) -> Command:
    """Ask for a float32 that the meter has in its Modbus registers."""
    return Command(
        meter=meter,
        topic="MQTT_SYS_READ",
        reply=Topic.REGISTER_REPLY,
        fields={"addr": f"{address:04X}", "lenth": "1", "type": _FLOAT},
    )


def _set_pace(meter: str, kind: str, value: int) -> Command:
    return Command(
        meter=meter,
        topic="MQTT_COMMOD_SET",
        reply=Topic.PACE_SET_REPLY,
        fields={"Cmd": kind, "value": str(value), "types": _INTEGER},
    )


def _read_pace(meter: str, kind: str) -> Command:
    return Command(
        meter=meter,
        topic="MQTT_COMMOD_READ",
        reply=Topic.PACE_READ_REPLY,
        fields={"Cmd": kind, "types": _INTEGER},
    )
