"""Who acts in tests: an administrator, and two users who are none.

The first user of a Home Assistant is its owner, so the administrator always comes first. A
`conftest.py` that imports these fixtures offers them to its folder.
"""

from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_USER
from homeassistant.core import HomeAssistant
import pytest


@pytest.fixture
async def boss(hass: HomeAssistant) -> str:
    """Return the id of an administrator."""
    return (await hass.auth.async_create_user("Boss", group_ids=[GROUP_ID_ADMIN])).id


@pytest.fixture
async def anna(hass: HomeAssistant, boss: str) -> str:
    """Return the id of a user who is no administrator."""
    return (await hass.auth.async_create_user("Anna", group_ids=[GROUP_ID_USER])).id


@pytest.fixture
async def bob(hass: HomeAssistant, boss: str) -> str:
    """Return the id of another user who is no administrator."""
    return (await hass.auth.async_create_user("Bob", group_ids=[GROUP_ID_USER])).id
