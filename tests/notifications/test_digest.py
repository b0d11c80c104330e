"""The managers' digest: what is in it, and that it is sent once a day."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.actions.asking import refused
from tests.notifications.conftest import SHOP
from tests.notifications.phones import Phone, all_sent, choose
from tests.site_fixtures import expected_event, read_again, silence
from tests.stories.telling import ask, burn


@pytest.fixture(autouse=True)
def dark_shops(mall: Mall) -> None:
    """Let nothing be used that a test does not use."""
    for meter in mall.meters:
        meter.set_load(0)


async def later(mall: Mall, site: CompereSite, seconds: int) -> None:
    """Let time pass, and the site look at the clock."""
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=seconds)
    for serial in site.meters:
        if site.meters[serial].coordinator.online:
            await read_again(site, serial)
    await site.async_tick()
    await all_sent(site)


async def test_what_is_in_it(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone
) -> None:
    """Who is warned and off, who was cut and restored, meters in trouble, money that came in."""
    digest = await ask(hass, "get_digest")
    assert [one["account"] for one in digest["warned"]] == [SHOP]
    assert digest["cut"] == digest["restored"] == digest["off"] == digest["offline"] == []
    await burn(mall, site, SHOP, 52_000)
    async with expected_event(hass, "restored", account=SHOP):
        await ask(hass, "top_up", account=SHOP, amount="30.50", reference="r1")
    await burn(mall, site, SHOP, 40_000)
    other = mall.meter("A-102")
    other.fail(Fault(kind=FaultKind.SILENT))
    await silence(site, other.serial)
    digest = await ask(hass, "get_digest", since="2026-03-02 00:00:00")
    assert digest["warned"] == []
    assert digest["off"] == [
        {
            "account": SHOP,
            "name": "Noodle House",
            "supply_state": "off",
            "available_credit": "-10.50",
            "days_left": 0.0,
        }
    ]
    assert [one["account"] for one in digest["cut"]] == [SHOP]
    assert [one["account"] for one in digest["restored"]] == [SHOP]
    assert digest["offline"] == [{"meter": other.serial, "name": "A-102"}]
    assert (digest["suspect"], digest["shadow_cut"], digest["top_ups"]) == ([], [], "30.50")
    assert digest["text"].splitlines()[1:] == [
        "Off now (1): Noodle House -10.50 CNY",
        "Cut since then (1): Noodle House",
        "Restored since then (1): Noodle House",
        "Meters that do not answer (1): A-102",
        "Topped up: 30.50 CNY",
    ]


async def test_it_is_sent_once_a_day(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone
) -> None:
    """At its time on the site's clock; a restart sends none again, and leaves none out."""
    choose(hass, site.entry, channels=[manager.name], digest_at="14:00:00", wants=["cuts"])
    await later(mall, site, 60)
    await later(mall, site, 3600)
    assert not manager.messages
    await later(mall, site, 3600)
    assert manager.titles == ["Riverside Mall: digest of 2026-03-02"]
    assert manager.messages[0]["data"] == {"tag": "compere_prepaid_riverside_mall_digest"}
    await later(mall, site, 60)
    await hass.config_entries.async_reload(site.entry.entry_id)
    site = site.entry.runtime_data
    await later(mall, site, 60)
    assert len(manager.messages) == 1
    await hass.config_entries.async_unload(site.entry.entry_id)
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=26 * 3600)
    assert await hass.config_entries.async_setup(site.entry.entry_id)
    site = site.entry.runtime_data
    await later(mall, site, 60)
    assert manager.titles[1:] == ["Riverside Mall: digest of 2026-03-03"]
    assert "Since 2026-03-02 14:0" in manager.messages[1]["message"]


async def test_it_waits_for_the_quiet_to_end(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone
) -> None:
    """A digest that is due at night comes in the morning."""
    choose(
        hass,
        site.entry,
        channels=[manager.name],
        digest_at="12:30:00",
        quiet_from="12:15:00",
        quiet_to="13:00:00",
    )
    await later(mall, site, 60)
    await later(mall, site, 2400)
    assert not manager.messages
    await later(mall, site, 1200)
    assert manager.titles == ["Riverside Mall: digest of 2026-03-02"]


async def test_it_is_sent_when_asked_for(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone
) -> None:
    """The answer is what was sent; the next one begins there. Without channels it is refused."""
    answer = await ask(hass, "send_digest")
    assert answer["channels"] == [manager.name]
    assert manager.messages[0]["message"] == answer["text"]
    assert (await ask(hass, "get_digest"))["since"] == answer["until"]
    choose(hass, site.entry)
    async with refused(site, "managers_not_reached"):
        await ask(hass, "send_digest")


async def test_tenants_are_no_ones_business(
    hass: HomeAssistant, site: CompereSite, bob: str
) -> None:
    """Who is neither administrator nor cashier sees neither digest nor messages."""
    for action, data in (
        ("get_digest", {}),
        ("send_digest", {}),
        ("get_messages", {"account": SHOP}),
    ):
        async with refused(site, "not_allowed", user="Bob"):
            await ask(hass, action, user=bob, **data)
    told = await ask(hass, "get_messages", account=SHOP)
    assert told["account"] == SHOP
    assert told["messages"][0]["channels"] == []
    async with refused(site, "account_unknown", account="B-999"):
        await ask(hass, "get_messages", account="B-999")
