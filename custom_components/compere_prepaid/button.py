"""The button that lets supply come back where the policy waits for a person."""

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


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give every account its button."""
    site = entry.runtime_data

    def of_account(runtime: AccountRuntime) -> Iterator[ButtonEntity]:
        yield ReconnectButton(site, runtime)

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
