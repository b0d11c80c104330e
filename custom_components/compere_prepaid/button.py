"""Buttons: supply that comes back by hand, emergency credit, and the clock of a meter."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .action_errors import translated_errors
from .authority import Duty, async_require_manager
from .core.meters.compere_mqtt.meter import CompereMqttMeter
from .entity import AccountEntity, MeterEntity, async_feed
from .runtimes import AccountRuntime, MeterRuntime
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # accounts have locks of their own

RECONNECT = ButtonEntityDescription(key="reconnect")
EMERGENCY = ButtonEntityDescription(key="emergency_credit")
SYNC_CLOCK = ButtonEntityDescription(key="sync_clock", entity_category=EntityCategory.CONFIG)


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give every account its buttons, and every meter whose clock can be set."""
    site = entry.runtime_data

    def of_account(runtime: AccountRuntime) -> Iterator[ButtonEntity]:
        yield ReconnectButton(site, runtime)
        yield EmergencyButton(site, runtime)

    def of_meter(runtime: MeterRuntime) -> Iterator[ButtonEntity]:
        if isinstance(runtime.device, CompereMqttMeter):
            yield SyncClockButton(site, runtime)

    async_feed(site, AccountRuntime, add_entities, of_account)
    async_feed(site, MeterRuntime, add_entities, of_meter)


class ReconnectButton(AccountEntity, ButtonEntity):
    """Confirms the reconnection of an account."""

    def __init__(self, site: CompereSite, runtime: AccountRuntime) -> None:
        """Serve an account."""
        super().__init__(site, runtime, RECONNECT.key)
        self.entity_description = RECONNECT

    @override
    async def async_press(self) -> None:
        """Release the hold `no_credit` if credit allows it; raises translated errors otherwise."""
        user = await async_require_manager(self.hass, self.site.entry, self._context, Duty.HOLDS)
        with translated_errors():
            await self.site.agreements.reconnect([self.runtime.number], user)
        self.site.reading_path.refresh_account(self.runtime.number, news=True)


class EmergencyButton(AccountEntity, ButtonEntity):
    """Lets a tenant whose credit is low use emergency credit, where the policy offers it."""

    def __init__(self, site: CompereSite, runtime: AccountRuntime) -> None:
        """Serve an account; nobody sees the button where it would be of no use at first."""
        super().__init__(site, runtime, EMERGENCY.key)
        self.entity_description = EMERGENCY
        offered = bool(self.coordinator.data.policy.emergency_credit)
        self._attr_entity_registry_enabled_default = offered

    @override
    async def async_press(self) -> None:
        """Use it; raises translated errors where it is not offered, not needed or used already."""
        await async_require_manager(self.hass, self.site.entry, self._context, Duty.MONEY)
        with translated_errors():
            await self.site.cashier.use_emergency_credit(self.runtime.number)
        self.site.reading_path.refresh_account(self.runtime.number, news=True)


class SyncClockButton(MeterEntity, ButtonEntity):
    """Sets a meter's clock to the site's time: its own tariff periods follow it, no bill does."""

    def __init__(self, site: CompereSite, runtime: MeterRuntime) -> None:
        """Serve a meter."""
        super().__init__(site, runtime, SYNC_CLOCK.key)
        self.entity_description = SYNC_CLOCK

    @override
    async def async_press(self) -> None:
        """Set it; raises a translated error if the meter does not acknowledge that."""
        await async_require_manager(self.hass, self.site.entry, self._context, Duty.TERMS)
        device = self.runtime.device
        if isinstance(device, CompereMqttMeter):
            with translated_errors():
                await device.set_clock(self.site.clock.now().astimezone(self.site.zone))
