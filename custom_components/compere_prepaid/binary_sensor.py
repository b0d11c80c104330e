"""Binary sensors: connections, low credit, the ledger's health."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entities.link import CONNECTIVITY
from .entities.money import LEDGER_OK, LOW_CREDIT, AccountBinaryDescription, SiteBinaryDescription
from .entities.protection import PROTECTION
from .entity import AccountEntity, BusEntity, MeterEntity, SiteEntity, async_feed
from .runtimes import AccountRuntime, BusRuntime, MeterRuntime
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # the lines have queues of their own


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give everything that runs its binary sensors."""
    site = entry.runtime_data

    def of_bus(runtime: BusRuntime) -> Iterator[BinarySensorEntity]:
        yield BusConnectivity(site, runtime)

    def of_meter(runtime: MeterRuntime) -> Iterator[BinarySensorEntity]:
        yield MeterConnectivity(site, runtime)
        yield MeterProtection(site, runtime)

    def of_account(runtime: AccountRuntime) -> Iterator[BinarySensorEntity]:
        yield AccountBinarySensor(site, runtime, LOW_CREDIT)

    async_feed(site, BusRuntime, add_entities, of_bus)
    async_feed(site, MeterRuntime, add_entities, of_meter)
    async_feed(site, AccountRuntime, add_entities, of_account)
    add_entities([SiteBinarySensor(site, LEDGER_OK)])


class BusConnectivity(BusEntity, BinarySensorEntity):
    """Whether a line is reached."""

    def __init__(self, site: CompereSite, runtime: BusRuntime) -> None:
        """Show the state of a line."""
        super().__init__(site, runtime, CONNECTIVITY.key)
        self.entity_description = CONNECTIVITY

    @property
    @override
    def is_on(self) -> bool:
        """Whether the line is up."""
        return self.coordinator.data


class MeterConnectivity(MeterEntity, BinarySensorEntity):
    """Whether a meter answers."""

    def __init__(self, site: CompereSite, runtime: MeterRuntime) -> None:
        """Show whether a meter answers."""
        super().__init__(site, runtime, CONNECTIVITY.key)
        self.entity_description = CONNECTIVITY

    @property
    @override
    def available(self) -> bool:
        """Silence is an answer here."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether the meter answers."""
        return self.coordinator.online


class MeterProtection(MeterEntity, BinarySensorEntity):
    """Whether a protection rule of the meter is violated, or its relay bridged."""

    def __init__(self, site: CompereSite, runtime: MeterRuntime) -> None:
        """Show how a meter stands before its rules."""
        super().__init__(site, runtime, PROTECTION.key)
        self.entity_description = PROTECTION

    @property
    @override
    def is_on(self) -> bool:
        """Whether something is wrong."""
        status = self.site.protecting.status(self.runtime.serial)
        return bool(status.active) or status.bypassed

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What is wrong, and whether the relay waits for a person."""
        status = self.site.protecting.status(self.runtime.serial)
        tampered = ["bypass"] if status.bypassed else []
        return {
            "active": [*(kind.value for kind in status.active), *tampered],
            "locked_out": status.locked_out,
        }


class AccountBinarySensor(AccountEntity, BinarySensorEntity):
    """A yes or no about an account."""

    entity_description: AccountBinaryDescription

    def __init__(
        self, site: CompereSite, runtime: AccountRuntime, description: AccountBinaryDescription
    ) -> None:
        """Show one side of an account."""
        super().__init__(site, runtime, description.key)
        self.entity_description = description

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is so."""
        return self.entity_description.value_fn(self.view)


class SiteBinarySensor(SiteEntity, BinarySensorEntity):
    """A yes or no about the site."""

    entity_description: SiteBinaryDescription

    def __init__(self, site: CompereSite, description: SiteBinaryDescription) -> None:
        """Show one side of the site."""
        super().__init__(site, description.key)
        self.entity_description = description

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is so."""
        return self.entity_description.value_fn(self.site)
