"""The policy of an account."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .action_errors import translated_errors
from .authority import Duty, async_require_manager
from .entity import AccountEntity, async_feed
from .runtimes import AccountRuntime
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # accounts have locks of their own

POLICY = SelectEntityDescription(key="policy", entity_category=EntityCategory.CONFIG)


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give every account its choice of policies."""
    site = entry.runtime_data

    def of_account(runtime: AccountRuntime) -> Iterator[SelectEntity]:
        yield PolicySelect(site, runtime)

    async_feed(site, AccountRuntime, add_entities, of_account)


class PolicySelect(AccountEntity, SelectEntity):
    """Which policy an account has."""

    def __init__(self, site: CompereSite, runtime: AccountRuntime) -> None:
        """Serve an account."""
        super().__init__(site, runtime, POLICY.key)
        self.entity_description = POLICY

    @property
    @override
    def options(self) -> list[str]:
        """The policies of the site."""
        return self.site.policy_names()

    @property
    @override
    def current_option(self) -> str:
        """The policy in force."""
        return self.coordinator.data.policy.name

    @override
    async def async_select_option(self, option: str) -> None:
        """Apply another policy from now on."""
        user = await async_require_manager(self.hass, self.site.entry, self._context, Duty.TERMS)
        with translated_errors():
            await self.site.agreements.apply_policy([self.runtime.number], option, user)
        self.site.reading_path.refresh_account(self.runtime.number, news=True)
