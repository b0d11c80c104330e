"""One notify entity per account: whoever writes to it reaches the tenant."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.notify import (
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import AccountEntity, async_feed
from .runtimes import AccountRuntime
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # every channel has its own turn

MESSAGES = NotifyEntityDescription(key="messages")


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give every account its notify entity."""
    site = entry.runtime_data

    def of_account(runtime: AccountRuntime) -> Iterator[NotifyEntity]:
        yield TenantNotifyEntity(site, runtime)

    async_feed(site, AccountRuntime, add_entities, of_account)


class TenantNotifyEntity(AccountEntity, NotifyEntity):
    """Passes messages on to the account's channels, and keeps them for the tenant."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, site: CompereSite, runtime: AccountRuntime) -> None:
        """Serve an account."""
        super().__init__(site, runtime, MESSAGES.key)
        self.entity_description = MESSAGES

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send it; a channel that fails is told by a repair issue, the others get it."""
        await self.site.notifier.async_message(
            self.runtime.number, title or self.site.name, message
        )

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show nothing of the account: the state is when a message was sent last."""
