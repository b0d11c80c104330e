"""Logbook lines, through the real logbook, live and from the recorder."""

from datetime import timedelta
from typing import Any

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.plausibility import Suspicion
from custom_components.compere_prepaid.core.payment.crediting import Unmatched
from custom_components.compere_prepaid.core.policy.protection import RuleKind
from custom_components.compere_prepaid.core.policy.protection_state import Move
from custom_components.compere_prepaid.core.site_events import OF_SITE, PUBLIC
from custom_components.compere_prepaid.logbook import ICONS, line
from custom_components.compere_prepaid.logbook_texts import TEXTS
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.targets import device_of
from tests.site_fixtures import expected_event, read_again, state_of
from tests.stories.telling import ask, burn, relay_settled

SHOP = "A-101"


@pytest.fixture
async def logbook(recorder_mock: Recorder, hass: HomeAssistant) -> None:
    """Run the logbook."""
    assert await async_setup_component(hass, "logbook", {})


async def lines_of(
    hass: HomeAssistant, client: WebSocketGenerator, **where: Any
) -> list[tuple[str, str]]:
    """Return names and messages of our lines, as the page of a device asks for them."""
    await async_wait_recording_done(hass)
    connection = await client(hass)
    start = dt_util.utcnow() - timedelta(hours=1)
    await connection.send_json_auto_id(
        {"type": "logbook/get_events", "start_time": start.isoformat(), **where}
    )
    answer = await connection.receive_json()
    return [
        (found["name"], found["message"])
        for found in answer["result"]
        if found.get("domain") == DOMAIN
    ]


async def test_lines_tell_what_happened_to_a_shop(
    hass: HomeAssistant,
    logbook: None,
    mall: Mall,
    site: CompereSite,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Who paid by name, how much, what is left, and how fast the power was back."""
    desk = await hass.auth.async_create_user("Cash desk", group_ids=["system-admin"])
    await hass.async_block_till_done()
    serial = MeterSerial(mall.meter(SHOP).serial)
    await burn(mall, site, SHOP, 203_600)
    await relay_settled(site.controller, serial)
    async with expected_event(hass, "restored", account=SHOP) as restored:
        await ask(hass, "top_up", desk.id, account=SHOP, amount="200", reference="1")
    seconds = f"{restored[0].data['seconds']:.1f}"
    device = device_of(hass, site, f"account_{SHOP}").id
    found = await lines_of(hass, hass_ws_client, device_ids=[device])
    assert found[-2:] == [
        ("Noodle House", "topped up 200.00 by Cash desk, balance 196.40"),
        ("Noodle House", f"has power restored after {seconds} s"),
    ]
    assert ("Noodle House", "was cut off, its credit is -3.60") in found
    entity = restored[0].data["entity_id"]
    assert state_of(hass, entity).context.id == restored[0].context.id
    assert await lines_of(hass, hass_ws_client, entity_ids=[entity]) == found
    other = device_of(hass, site, "account_A-102").id
    assert await lines_of(hass, hass_ws_client, device_ids=[other]) == []
    hass.config.language = "zh-Hans"
    assert (await lines_of(hass, hass_ws_client, device_ids=[device]))[-2] == (
        "Noodle House",
        "充值 200.00（Cash desk），余额 196.40",
    )


async def test_lines_of_a_meter_stand_at_its_device_and_its_account(
    hass: HomeAssistant,
    logbook: None,
    mall: Mall,
    site: CompereSite,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A reading that cannot be right is told at both."""
    meter = mall.meter(SHOP)
    meter.set_energy(5)
    async with expected_event(hass, "suspect_reading", account=SHOP) as seen:
        await read_again(site, meter.serial)
    wanted = [(SHOP, "had a reading that cannot be right (backwards), charging waits")]
    device = device_of(hass, site, meter.serial).id
    assert await lines_of(hass, hass_ws_client, device_ids=[device]) == wanted
    entity = seen[0].data["entity_id"]
    assert await lines_of(hass, hass_ws_client, entity_ids=[entity]) == wanted


@pytest.mark.parametrize("language", TEXTS)
def test_every_event_has_a_line(language: str) -> None:
    """In every language, for every reason and rule; an event without data breaks nothing."""
    texts = TEXTS[language]
    assert set(texts) == set(TEXTS["en"])
    assert set(ICONS) == {event.TYPE for event in (*PUBLIC, *OF_SITE)}
    for event in (*PUBLIC, *OF_SITE):
        bare = line(event.TYPE, {}, texts)
        assert bare["message"]
        assert "{" not in bare["message"]
    for action in Move:
        assert f"action_{action}" in texts
    for kind in RuleKind:
        assert kind is RuleKind.OVERLOAD or f"rule_{kind}" in texts
    assert {f"reason_{reason}" for reason in (*Suspicion, *Unmatched)} <= set(texts)
