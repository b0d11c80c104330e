"""The companion app for real: registered over HTTP, told over its websocket, tapped by its webhook.

Nothing of Home Assistant is replaced here: the app's own integration delivers the message and says
whose phone was tapped.
"""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import add_rules
from tests.notifications.conftest import SHOP
from tests.notifications.phones import all_sent, choose
from tests.notifications.test_taps import BUTTON, BY_HAND
from tests.site_fixtures import GUARD_S, expected_event
from tests.stories.telling import ask, burn, contact, relay_settled

REGISTRATION = {
    "app_data": {"push_websocket_channel": True},
    "app_id": "io.homeassistant.companion.android",
    "app_name": "Home Assistant",
    "app_version": "2026.10.1",
    "device_id": "pixel",
    "device_name": "Manager's Pixel",
    "manufacturer": "Google",
    "model": "Pixel",
    "os_name": "Android",
    "os_version": "16",
    "supports_encryption": False,
}


async def test_a_real_phone_confirms_a_reconnection(
    hass: HomeAssistant,
    mall: Mall,
    site: CompereSite,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """From the message on the phone to the closed relay; the second tap is answered there too."""
    for domain in ("notify", "mobile_app"):
        assert await async_setup_component(hass, domain, {})
    client, socket = await hass_client(), await hass_ws_client(hass)
    answer = await client.post("/api/mobile_app/registrations", json=REGISTRATION)
    webhook = (await answer.json())["webhook_id"]
    await hass.async_block_till_done()
    await socket.send_json_auto_id(
        {"type": "mobile_app/push_notification_channel", "webhook_id": webhook}
    )
    assert (await socket.receive_json())["success"]

    async def shown(title: str) -> dict[str, Any]:
        async with asyncio.timeout(GUARD_S):
            while True:
                found: dict[str, Any] = (await socket.receive_json()).get("event", {})
                if found.get("title") == title:
                    return found

    async def tap(action: str) -> None:
        event = {"event_type": "mobile_app_notification_action", "event_data": {"action": action}}
        answer = await client.post(
            f"/api/webhook/{webhook}", json={"type": "fire_event", "data": event}
        )
        assert answer.status == 200

    choose(hass, site.entry, channels=["notify.mobile_app_manager_s_pixel"])
    await add_rules(hass, BY_HAND)
    await ask(hass, "apply_policy", account=SHOP, policy="By hand")
    await burn(mall, site, SHOP, 52_000)
    await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    await ask(hass, "top_up", account=SHOP, amount="20", reference="r1")
    told = await shown("Noodle House (A-101): confirm reconnection")
    assert told["data"]["tag"] == "compere_prepaid_riverside_mall_A-101"
    (button,) = [one["action"] for one in told["data"]["actions"] if one["title"] == BUTTON]
    assert contact(mall.meter(SHOP)) == "open"
    async with expected_event(hass, "restored", account=SHOP):
        await tap(button)
    assert (await shown("Noodle House (A-101)"))["message"].startswith("Confirmed")
    assert contact(mall.meter(SHOP)) == "closed"
    await tap(button)
    assert "this was done already" in (await shown("Noodle House (A-101)"))["message"]
    await tap(f"compere_prepaid:{site.entry.entry_id}:guessed")
    assert "unknown or too old" in (await shown("Riverside Mall"))["message"]
    await all_sent(site)
