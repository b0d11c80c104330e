"""A bus that is an MQTT broker, and the meters behind it, in a site file."""

from typing import Any

from .document_section import Section
from .meters.compere_mqtt.messages import meter_code
from .meters.compere_mqtt.ports import TRANSPORT, BrokerSettings

_KEYS = {"topic_prefix": "prefix", "live_interval": "live_s", "energy_interval": "energy_min"}
"""How the file calls what the settings are called."""
_WIRED = ("host", "port", "device", "baudrate", "parity", "stopbits", "timeout")


def read_broker(section: Section) -> BrokerSettings | None:
    """Read how a broker is listened to; report what belongs to wires."""
    before = len(section.findings.meaning)
    for key in _WIRED:
        if part := section.part(key):
            part.fault(f"does not go with transport {TRANSPORT}: remove it")
    if not section.sound or len(section.findings.meaning) > before:
        return None
    data = section.value
    return BrokerSettings(**{name: data[key] for key, name in _KEYS.items() if key in data})


def refuse_broker_keys(section: Section, transport: str) -> None:
    """Report what belongs to a broker on a wired line."""
    for key in _KEYS:
        if part := section.part(key):
            part.fault(f"does not go with transport {transport}: remove it")


def broker_data(settings: BrokerSettings) -> dict[str, Any]:
    """Return settings as the file writes them, without what goes without saying."""
    usual = BrokerSettings()
    return {
        key: getattr(settings, name)
        for key, name in _KEYS.items()
        if getattr(settings, name) != getattr(usual, name)
    }


def check_brokers(root: Section) -> None:
    """Report brokers that are one, and meters whose address does not fit their bus."""
    brokers: dict[str, Section] = {}
    names = set()
    for entry in root.entries("buses"):
        if (place := entry.part("transport")) is None or place.value != TRANSPORT:
            continue
        names.add(entry.text("name"))
        first = brokers.setdefault(entry.text("topic_prefix") or "", entry)
        if first is not entry:
            place.fault(
                f"another bus listens to the broker with this prefix, on line {first.line}:"
                " a broker is one bus"
            )
    for meter in root.entries("meters"):
        if (address := meter.part("address")) is None:
            continue
        if meter.text("bus") in names:
            _check_code(meter, address)
        elif meter_code(str(address.value)) is not None:
            address.fault("a meter code is an address only on a bus with transport mqtt")


def _check_code(meter: Section, address: Section) -> None:
    code = meter_code(str(address.value))
    if code is None:
        address.fault("on an MQTT bus it is the meter code of 13 characters")
    elif (serial := meter.part("serial")) and str(serial.value).upper() != code:
        address.fault("on an MQTT bus the meter code is the serial number, too")
