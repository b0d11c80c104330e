"""What a Compere meter tells over MQTT, and under which tags.

The tags are those of protocol V1.9; most follow the initials of the Chinese words (`zygsz`: import
active energy, total). Powers are kW and energies kWh there, other than in the Modbus registers of
the same meters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, override

from ...metering.reading import Quantity
from ..decode import LARGEST, Unit
from ..profile import MeterProtocol, Profile, Verified
from .messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedMeasurand:
    """One quantity: its tag, its unit, how it is known."""

    tag: str
    quantity: Quantity
    unit: Unit
    verified: Verified
    note: str = ""

    def value_in(self, record: Message) -> int | None:
        """Return the quantity in whole Wh or thousandths; None if the record does not tell it.

        Rounded half to even where a meter tells more digits than we count.
        """
        number = record.number(self.tag)
        if number is None:
            return None
        value = int((number * self.unit.factor).to_integral_value())
        if abs(value) > LARGEST or (self.unit.is_energy and value < 0):
            return None
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOutput:
    """The output that switches the load."""

    output: int
    """`1` is `do1`."""
    is_signalled: bool
    """Whether the model tells its outputs on `MQTT_TELEIND` when they change."""
    verified: Verified
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableRegister:
    """The Modbus register, a float32 of kWh, that the model tells when it is asked over MQTT."""

    address: int
    verified: Verified
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CompereMqttProfile(Profile):
    """All about one Compere model that speaks MQTT."""

    PROTOCOL = MeterProtocol.COMPERE_MQTT

    codes: tuple[str, ...]
    """With which three characters its meter codes begin."""
    measurands: tuple[TaggedMeasurand, ...]
    relay: RelayOutput | None = None
    register: ReadableRegister | None = None

    @cached_property
    @override
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(measurand.quantity for measurand in self.measurands)

    @property
    @override
    def has_relay(self) -> bool:
        return self.relay is not None

    @override
    def unverified(self) -> tuple[str, ...]:
        named: list[tuple[str, Verified]] = [
            (measurand.quantity, measurand.verified) for measurand in self.measurands
        ]
        if self.relay is not None:
            named.append(("relay", self.relay.verified))
        if self.register is not None:
            named.append(("reading on request", self.register.verified))
        return tuple(name for name, verified in named if verified is Verified.UNVERIFIED)

    def values_in(self, record: Message) -> dict[Quantity, int]:
        """Return what a record tells, in whole Wh or thousandths."""
        return {
            measurand.quantity: value
            for measurand in self.measurands
            if (value := measurand.value_in(record)) is not None
        }


def compere_mqtt_profile_from(data: Mapping[str, Any]) -> CompereMqttProfile:
    """Build a profile from a document that fits the schema."""
    return CompereMqttProfile(
        name=data["name"],
        title=data["title"],
        manufacturer=data["manufacturer"],
        model=data["model"],
        phases=data["phases"],
        sources=tuple(data["sources"]),
        codes=tuple(data["codes"]),
        measurands=tuple(
            TaggedMeasurand(
                tag=entry["tag"],
                quantity=Quantity(entry["quantity"]),
                unit=Unit(entry["unit"]),
                verified=Verified(entry["verified"]),
                note=entry.get("note", ""),
            )
            for entry in data["measurands"]
        ),
        relay=None if "relay" not in data else _relay(data["relay"]),
        register=None if "register" not in data else _register(data["register"]),
    )


def _relay(data: Mapping[str, Any]) -> RelayOutput:
    return RelayOutput(
        output=data["output"],
        is_signalled=data["is_signalled"],
        verified=Verified(data["verified"]),
        note=data.get("note", ""),
    )


def _register(data: Mapping[str, Any]) -> ReadableRegister:
    return ReadableRegister(
        address=data["address"],
        verified=Verified(data["verified"]),
        note=data.get("note", ""),
    )


IMPORT = "zygsz"
"""Import active energy, total: the register that is charged."""
_RATES = ("zyjsz", "zyfsz", "zypsz", "zyvsz", "zydvsz", "zy6sz")
_TOLERANCE_KWH = Decimal("0.003")
"""What the last digits of the rates may miss: the most that 2 072 captured records show."""


def contradicts_itself(record: Message) -> bool:
    """Tell whether a record's tariff registers do not add up to its total.

    They do within 0.003 kWh in every captured record of KPM33B meters. A model that leaves them out
    or at 0 has none, and contradicts nothing.
    """
    total = record.number(IMPORT)
    rates = [number for tag in _RATES if (number := record.number(tag)) is not None]
    if total is None or len(rates) < 4 or not any(rates):
        return False
    return abs(sum(rates, Decimal()) - total) > _TOLERANCE_KWH
