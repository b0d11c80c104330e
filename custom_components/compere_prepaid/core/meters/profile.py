"""What a meter model can do: data, not code.

A profile is a YAML file next to this module, or one of the user's own. All models have in common
what stands here; where their numbers are is a matter of the protocol that they speak (see
`modbus_profile`).

Every datum says how it is known (`verified`), so that who commissions a meter can see what to prove
first.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from ..ids import MeterSerial
from ..metering.reading import Quantity


class MeterProtocol(StrEnum):
    """The language of a meter."""

    MODBUS = "modbus"
    DLT645 = "dlt645"
    COMPERE_MQTT = "compere_mqtt"


class Verified(StrEnum):
    """How a datum is known."""

    VENDOR = "vendor"
    """The vendor's own document."""
    THIRD_PARTY = "third_party"
    """Somebody else's driver or capture."""
    FIELD = "field"
    """Proved on a real meter."""
    UNVERIFIED = "unverified"
    """Plausible; prove it before it is relied upon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialDefaults:
    """How the meter's port is set when it leaves the factory."""

    baudrate: int
    parity: str
    stopbits: int
    verified: Verified = Verified.VENDOR


@dataclass(frozen=True, kw_only=True)
class Profile(ABC):
    """All about one meter model that does not depend on its protocol."""

    PROTOCOL: ClassVar[MeterProtocol]

    name: str
    title: str
    manufacturer: str
    model: str
    phases: int
    sources: tuple[str, ...] = field(default=())

    @property
    @abstractmethod
    def quantities(self) -> tuple[Quantity, ...]:
        """Return the quantities that a full reading can have."""

    @property
    @abstractmethod
    def has_relay(self) -> bool:
        """Tell whether the model can switch its load."""

    @property
    def tells_serial(self) -> bool:
        """Tell whether a meter says its serial number; if not, who commissions it does."""
        return True

    @property
    def channel_count(self) -> int:
        """Return how many circuits one meter measures, each of which is charged by itself."""
        return 1

    @abstractmethod
    def unverified(self) -> tuple[str, ...]:
        """Name all data that must be proved on site before they are relied upon."""


def channel_serial(serial: MeterSerial, channel: int) -> MeterSerial:
    """Return by what the channel of a meter is known, counted from 1."""
    return MeterSerial(f"{serial}-{channel}")


def circuits_of(profile: Profile | None, serial: MeterSerial) -> dict[MeterSerial, int | None]:
    """Return what is charged of one meter: each channel with its number, or the meter itself.

    A model that is not known (any more) is taken for one without channels.
    """
    if profile is None or profile.channel_count == 1:
        return {serial: None}
    channels = range(1, profile.channel_count + 1)
    return {channel_serial(serial, channel): channel for channel in channels}
