"""What tests of blueprints have in common: an automation made from one, and who is told."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, override
from unittest.mock import patch

from homeassistant.components.notify import NotifyEntity, NotifyEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import dump

from custom_components.compere_prepaid.actions.blueprints import BLUEPRINTS
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.site_fixtures import GUARD_S, read_again
from tests.stories.telling import ask

SHOP = "A-101"
FILES = sorted(path.name for path in BLUEPRINTS.glob("*.yaml"))
MANAGER = "notify.manager"
MADE = "automation.made"


class Phone(NotifyEntity):
    """Keeps what it was told."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, name: str) -> None:
        """Ring for somebody."""
        self._attr_name = self._attr_unique_id = name
        self.messages: list[tuple[str | None, str]] = []
        self._rang = asyncio.Event()

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Take a message."""
        self.messages.append((title, message))
        self._rang.set()

    async def rings(self) -> None:
        """Wait for a message: an automation that waits itself cannot be waited for."""
        async with asyncio.timeout(GUARD_S):
            await self._rang.wait()
        self._rang.clear()


class Phones:
    """The phones of the first shop's tenant and of the manager."""

    def __init__(self) -> None:
        """Have two phones."""
        self.tenant, self.manager = Phone("tenant"), Phone("manager")

    def told(self) -> tuple[list[str], list[str]]:
        """Return what the tenant and what the manager was told since the last look."""
        told = tuple([text for _, text in phone.messages] for phone in (self.tenant, self.manager))
        self.tenant.messages.clear()
        self.manager.messages.clear()
        return told[0], told[1]


async def installed(hass: HomeAssistant, **how: Any) -> tuple[dict[str, str], bool]:
    """Install the blueprints; return what became of each, and whether automations were loaded."""
    answer = await ask(hass, "install_blueprints", **how)
    folder = f"blueprints/automation/{DOMAIN}/"
    files = {path.removeprefix(folder): state for path, state in answer["files"].items()}
    return files, answer["reloaded"]


async def made_from(hass: HomeAssistant, name: str, **inputs: Any) -> None:
    """Make an automation from a blueprint, in Home Assistant's configuration, and load it."""
    automation = {
        "alias": "made",
        "use_blueprint": {"path": f"{DOMAIN}/{name}.yaml", "input": inputs},
    }
    path = Path(hass.config.path("configuration.yaml"))
    await hass.async_add_executor_job(path.write_text, dump({"automation": [automation]}))
    await hass.services.async_call("automation", "reload", blocking=True)
    state = hass.states.get(MADE)
    assert state is not None
    assert state.state == "on", state


def whole(site: CompereSite) -> dict[str, Any]:
    """Return the target that means the whole mall."""
    return {"device_id": [site.device_id]}


@contextmanager
def it_is(now: datetime) -> Iterator[None]:
    """Let conditions and templates believe in a time."""
    zone = dt_util.get_default_time_zone()
    with patch("homeassistant.util.dt.now", lambda asked=None: now.astimezone(asked or zone)):
        yield


async def live(mall: Mall, site: CompereSite, seconds: int) -> None:
    """Let time pass, the first shop's meter being read all the while."""
    assert isinstance(mall.clock, ManualClock)
    for _ in range(seconds // 10):
        mall.clock.advance(seconds=10)
        await read_again(site, mall.meter(SHOP).serial)
