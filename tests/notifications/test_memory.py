"""What is remembered of notifications: bounded, written down, and gone with what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.notifications.memory import (
    MESSAGES_KEPT,
    TAPS_KEPT,
    TEXT_KEPT,
    NotificationMemory,
    Tap,
    Told,
)
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.notifications.conftest import SHOP
from tests.notifications.phones import all_sent
from tests.stories.telling import ask, burn

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def told(number: int) -> Told:
    """Return a message."""
    at = NOON + timedelta(minutes=number)
    return Told(at=at, title=f"{number}", text="x" * 3000, channels=("notify.family",))


def tap(number: int) -> Tap:
    """Return a button."""
    at = (NOON + timedelta(seconds=number)).isoformat()
    return Tap(
        does="grace",
        account=SHOP,
        channel="notify.mobile_app_pixel",
        issued_at=at,
        off=False,
        hours=24,
        grace_until="",
    )


async def test_it_is_bounded_and_kept(hass: HomeAssistant, site: CompereSite) -> None:
    """The latest messages and buttons stay, also over a restart; long texts are cut."""
    memory = site.notifier.memory
    for number in range(MESSAGES_KEPT + 5):
        memory.keep_message(AccountNumber(SHOP), told(number))
    memory.add_taps((f"token {number}", tap(number)) for number in range(TAPS_KEPT + 5))
    await memory.async_close()
    again = NotificationMemory(site)
    await again.async_load()
    messages = again.messages(AccountNumber(SHOP))
    assert messages == memory.messages(AccountNumber(SHOP))
    assert [one.title for one in messages] == [f"{number}" for number in range(24, 4, -1)]
    assert {len(one.text) for one in messages} == {TEXT_KEPT}
    assert (len(again.taps), next(iter(again.taps))) == (TAPS_KEPT, "token 5")
    assert again.taps == memory.taps


async def test_who_moved_out_leaves_nothing(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """The next tenant does not read what the last one was told."""
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)
    assert site.notifier.memory.messages(AccountNumber(SHOP))
    await ask(hass, "move_out", account=SHOP)
    await hass.async_block_till_done()
    await all_sent(site)
    assert not site.notifier.memory.messages(AccountNumber(SHOP))


async def test_a_removed_site_leaves_nothing(
    hass_storage: dict[str, Any], hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Its files go with it."""
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)
    await ask(hass, "issue_statement", account=SHOP, formats="html")
    assert list(site.press.folder.rglob("*.html"))
    await hass.config_entries.async_unload(site.entry.entry_id)
    key = f"compere_prepaid.{site.entry.entry_id}"
    assert hass_storage[f"{key}.messages"]["data"].keys() == {SHOP}
    await hass.config_entries.async_remove(site.entry.entry_id)
    assert not [name for name in hass_storage if name.startswith(key)]
    assert not site.press.folder.exists()
