"""Compere's MQTT protocol V1.9: what one message of a meter says.

A meter publishes JSON on topics that all meters share; who speaks stands in the payload, as the
13-character meter code (protocol V1.9, section 6). Case of the keys differs between the document
and the devices, so keys are compared in lower case. Numbers are taken as exact decimals, also where
they come as text. What is no plain number, text of reasonable length or time is left out, as if it
had not been said: unknown is never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
import json
import re
from typing import Any

from ...errors import OperationFailedError

LONGEST_PAYLOAD = 16 * 1024
"""Bytes. The longest message of the protocol, a KPM37's over 4G, has about two thousand."""
MOST_FIELDS = 256
LONGEST_TEXT = 200

_CODE = re.compile(r"[0-9A-Z]{13}")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_TIME = re.compile(r"\d{14}")
_BEYOND = 15
"""Powers of ten: no meter tells a number with more digits before the point."""

_MODELS: Mapping[str, str] = {
    "307": "KPM37",
    "31A": "KPM31A",
    "31B": "KPM31B",
    "31C": "KPM31C",
    "33A": "KPM33A",
    "33B": "KPM33B",
    "312": "KPM312",
}
"""The first three characters of a meter code (protocol V1.9, section 6.1)."""


class Topic(StrEnum):
    """The topics on which meters publish."""

    LIVE = "MQTT_RT_DATA"
    ENERGY = "MQTT_ENY_NOW"
    DAY = "MQTT_DAY_DATA"
    SIGNALS = "MQTT_TELEIND"
    RELAY_REPLY = "MQTT_TELECTRL_REP"
    TIME_REPLY = "MQTT_METER_TIME_REP"
    PACE_SET_REPLY = "MQTT_COMMOD_SET_REP"
    PACE_READ_REPLY = "MQTT_COMMOD_READ_REP"
    REGISTER_REPLY = "MQTT_SYS_REPLY"

    @property
    def is_reply(self) -> bool:
        """Tell whether meters publish there only what they were asked."""
        return self not in (Topic.LIVE, Topic.ENERGY, Topic.DAY, Topic.SIGNALS)


class UnreadableMessageError(OperationFailedError):
    """A message is none of this protocol."""

    def __init__(self, detail: str, topic: str) -> None:
        """Say what is wrong, and on which topic it came."""
        super().__init__("message_unreadable", topic=topic, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of one meter."""

    topic: Topic
    meter: str
    """The meter code, in upper case."""
    fields: Mapping[str, Decimal | str] = field(default_factory=dict)
    """By key in lower case; exact numbers, or text."""
    stamped: datetime | None = None
    """What the meter's own clock showed, without a zone; it may be off by years."""
    is_last: bool = True
    """Whether no further packet of the same record follows."""

    def number(self, key: str) -> Decimal | None:
        """Return a number, also where the meter wrote it as text."""
        value = self.fields.get(key)
        if isinstance(value, str):
            return Decimal(value) if _NUMBER.fullmatch(value) else None
        return value

    def text(self, key: str) -> str:
        """Return a field as text; empty if it was not said."""
        value = self.fields.get(key)
        return "" if value is None else str(value)


def parse_message(topic: str, payload: bytes) -> Message:
    """Read a message. Raises `UnreadableMessageError`.

    `topic` is one of `Topic`, without a prefix.
    """
    try:
        kind = Topic(topic)
    except ValueError:
        raise UnreadableMessageError("no topic of this protocol", topic) from None
    data = _object(topic, payload)
    code = data.get("id")
    if not isinstance(code, str) or (meter := meter_code(code)) is None:
        raise UnreadableMessageError("no meter code of 13 characters in 'id'", topic)
    return Message(
        topic=kind,
        meter=meter,
        fields={key: value for key, value in data.items() if key not in ("id", "time", "isend")},
        stamped=_time(data.get("time")),
        is_last=str(data.get("isend", "1")).strip() != "0",
    )


def meter_code(text: str) -> str | None:
    """Return a meter code as it is compared; None if the text cannot be one."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) else None


def model_of(code: str) -> str:
    """Return the model that a meter code names; empty if it is none that we know."""
    return _MODELS.get(code[:3], "")


def _object(topic: str, payload: bytes) -> dict[str, Decimal | str]:
    if len(payload) > LONGEST_PAYLOAD:
        raise UnreadableMessageError(f"longer than {LONGEST_PAYLOAD} bytes", topic)
    try:
        data = json.loads(
            payload.decode("utf-8"),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=lambda _: None,  # NaN and infinity are no numbers
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UnreadableMessageError(f"no JSON: {type(error).__name__}", topic) from error
    if not isinstance(data, dict):
        raise UnreadableMessageError("no JSON object", topic)
    if len(data) > MOST_FIELDS:
        raise UnreadableMessageError(f"more than {MOST_FIELDS} fields", topic)
    found: dict[str, Decimal | str] = {}
    for key, value in data.items():
        if (plain := _plain(value)) is not None:
            found.setdefault(key.strip().lower(), plain)
    return found


def _plain(value: Any) -> Decimal | str | None:
    if isinstance(value, Decimal):
        return value if value.is_finite() and abs(value.adjusted()) <= _BEYOND else None
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return value.strip()
    return None


def _time(value: Decimal | str | None) -> datetime | None:
    """Return what a clock showed as yyyymmddhhmmss; None for what no clock shows."""
    text = str(value) if value is not None else ""
    if not _TIME.fullmatch(text) or not text.isascii():
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007  # the meter tells no zone
    except ValueError:
        return None
