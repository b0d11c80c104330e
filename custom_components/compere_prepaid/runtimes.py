"""What runs of a site: its lines, meters and accounts, each with what its entities look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .circuits import circuit_name
from .const import CONF_NAME, CONF_NUMBER
from .coordinator import MeterCoordinator, PacedCoordinator
from .core.allocation.standing import PoolStanding
from .core.balance.alarm import FeederStanding
from .core.bus.bus import Bus
from .core.ids import AccountNumber, BusId, MeterSerial
from .core.meters.compere_mqtt.link import MqttLink
from .core.meters.device import MeterDevice
from .core.meters.reader import MeterReader
from .core.money.amount import Amount
from .core.prepayment.state import AccountState


@dataclass(slots=True, kw_only=True)
class BusRuntime:
    """A running line, wired or wireless."""

    id: BusId
    name: str
    data: Mapping[str, Any]
    bus: Bus | MqttLink
    poller: MeterReader
    coordinator: PacedCoordinator[bool]
    """Whether the line is up."""
    device_id: str

    async def async_run(self) -> None:
        """Start the line and the reading of its meters."""
        await self.bus.start()
        await self.poller.start()


@dataclass(slots=True, kw_only=True)
class MeterRuntime:
    """A running meter, or a channel of one."""

    subentry_id: str
    data: Mapping[str, Any]
    device: MeterDevice
    bus: BusRuntime
    coordinator: MeterCoordinator
    channel: int | None = None
    parent_device_id: str = ""
    """The device of the meter whose channel it is."""

    @property
    def serial(self) -> MeterSerial:
        """The serial number, which is the meter's identity."""
        return self.device.serial

    @property
    def name(self) -> str:
        """What people call it."""
        return circuit_name(self.data, self.channel)


@dataclass(slots=True, kw_only=True)
class AccountRuntime:
    """A running account; its state object lives as long as the account."""

    subentry_id: str
    data: Mapping[str, Any]
    coordinator: PacedCoordinator[AccountState]

    @property
    def number(self) -> AccountNumber:
        """The account's number, which is its identity."""
        return AccountNumber(self.data[CONF_NUMBER])

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.data[CONF_NAME])


@dataclass(slots=True, kw_only=True)
class ProviderRuntime:
    """A payment provider that is configured, whether it can take payments or not."""

    subentry_id: str
    key: str
    title: str
    coordinator: PacedCoordinator[Amount]
    """What it took and has not settled yet."""


@dataclass(slots=True, kw_only=True)
class DataRuntime[T]:
    """What is data, not configuration."""

    name: str
    coordinator: PacedCoordinator[T]
    subentry_id: None = None


class FeederRuntime(DataRuntime[FeederStanding]):
    """A main meter and what is behind it."""


class PoolRuntime(DataRuntime[PoolStanding]):
    """A shared cost that was allocated."""


type Runtime = BusRuntime | MeterRuntime | AccountRuntime | ProviderRuntime | DataRuntime[Any]
