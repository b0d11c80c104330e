"""Phones and other channels, as Home Assistant's `notify` has them, and a site that uses them."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.site import CompereSite
from tests.site_fixtures import GUARD_S

MANAGER, TENANT, FAMILY = "mobile_app_manager", "mobile_app_noodles", "family"


class Phone:
    """A notify action that keeps what it was given; `broken` makes it fail."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """Register it."""
        self.messages: list[Mapping[str, Any]] = []
        self.broken: Exception | None = None
        self._news = asyncio.Event()
        self.name = f"notify.{name}"
        hass.services.async_register("notify", name, self._take)

    async def _take(self, call: ServiceCall) -> None:
        if self.broken is not None:
            raise self.broken
        self.messages.append(call.data)
        self._news.set()

    @property
    def titles(self) -> list[str]:
        """Return what was shown, oldest first."""
        return [message["title"] for message in self.messages]

    async def next(self, count: int = 1) -> Mapping[str, Any]:
        """Return the message that makes this count, as soon as it is there."""
        async with asyncio.timeout(GUARD_S):
            while len(self.messages) < count:
                self._news.clear()
                await self._news.wait()
        return self.messages[count - 1]

    def button(self, title: str, message: int = -1) -> str:
        """Return the action id of a button under a message."""
        found = {one["title"]: one["action"] for one in self.messages[message]["data"]["actions"]}
        return str(found[title])


def choose(hass: HomeAssistant, entry: MockConfigEntry, **chosen: Any) -> None:
    """Choose how managers are told."""
    options = dict(entry.options) | {"notifications": chosen}
    hass.config_entries.async_update_entry(entry, options=options)


def reach(hass: HomeAssistant, site: CompereSite, number: str, **how: Any) -> None:
    """Give an account channels, and a language."""
    subentry = site.entry.subentries[site.accounts[number].subentry_id]  # type: ignore[index]
    data = MappingProxyType(dict(subentry.data) | how)
    hass.config_entries.async_update_subentry(site.entry, subentry, data=data)


async def all_sent(site: CompereSite) -> None:
    """Return when nothing is on its way."""
    await site.notifier.errands.async_done()
