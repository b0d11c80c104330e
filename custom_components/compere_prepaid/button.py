"""Buttons of an account: supply that comes back by hand, and emergency credit."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .action_errors import translated_errors
from .authority import Duty, async_require_manager
from .entity import AccountEntity, async_feed
from .runtimes import AccountRuntime
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # accounts have locks of their own

RECONNECT = ButtonEntityDescription(key="reconnect")
EMERGENCY = ButtonEntityDescription(key="emergency_credit")


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give every account its buttons."""
    site = entry.runtime_data

    def of_account(runtime: AccountRuntime) -> Iterator[ButtonEntity]:
        yield ReconnectButton(site, runtime)
        yield EmergencyButton(site, runtime)

    async_feed(site, AccountRuntime, add_entities, of_account)


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
