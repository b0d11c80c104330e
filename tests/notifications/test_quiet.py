"""What is told while it is quiet, and what waits for the morning."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.notifications.conftest import SHOP
from tests.notifications.phones import Phone, all_sent, choose
from tests.site_fixtures import read_again, silence
from tests.stories.telling import ask, burn

QUIET = {"quiet_from": "11:00:00", "quiet_to": "19:00:00"}
"""The mall's time begins at noon in Shanghai."""


@pytest.fixture(autouse=True)
def dark_shops(mall: Mall) -> None:
    """Let nothing be used that a test does not use."""
    for meter in mall.meters:
        meter.set_load(0)


async def morning(mall: Mall, site: CompereSite, seconds: int = 7 * 3600) -> None:
    """Let the quiet time end; the meters are read before, as they are every few seconds."""
    assert isinstance(mall.clock, ManualClock)
    await all_sent(site)
    mall.clock.advance(seconds=seconds)
    for serial in site.meters:
        if site.meters[serial].coordinator.online:
            await read_again(site, serial)
    await site.async_tick()
    await all_sent(site)


async def warn(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Let the shop, which has used little for hours, come to its warning level."""
    assert isinstance(mall.clock, ManualClock)
    await read_again(site, mall.meter(SHOP).serial)
    mall.clock.advance(seconds=900)
    await read_again(site, mall.meter(SHOP).serial)
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)


async def test_a_warning_waits(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """It is told when the quiet ends, with what is true then; once, also after a restart."""
    choose(hass, site.entry, channels=[manager.name], **QUIET | {"quiet_to": "13:00:00"})
    await warn(hass, mall, site)
    assert not tenant.messages
    assert not manager.messages
    await hass.config_entries.async_reload(site.entry.entry_id)
    again: CompereSite = site.entry.runtime_data
    await morning(mall, again, 2_500)
    assert [one["title"] for one in tenant.messages] == ["Electricity credit is low: 49.00 CNY"]
    assert manager.titles == ["Noodle House (A-101): credit is low"]
    await morning(mall, again, 60)
    assert len(tenant.messages) == len(manager.messages) == 1


async def test_who_topped_up_meanwhile_is_not_bothered(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """What is no longer true when the quiet ends is dropped; thanks for two top-ups are one."""
    quiet = QUIET | {"quiet_to": "13:00:00"}
    choose(hass, site.entry, channels=[manager.name], thanks=True, **quiet)
    await warn(hass, mall, site)
    await ask(hass, "top_up", account=SHOP, amount="100", reference="r1")
    await ask(hass, "top_up", account=SHOP, amount="200", reference="r2")
    await morning(mall, site, 2_500)
    assert tenant.titles == ["Thank you: 200.00 CNY received"]
    assert tenant.messages[0]["message"].endswith("The balance is 349.00 CNY.")
    assert not manager.messages


async def test_a_warning_does_not_wait_for_the_cut(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """Where credit ends before the quiet does, the warning comes at once."""
    choose(hass, site.entry, channels=[manager.name], **QUIET | {"quiet_to": "23:00:00"})
    await warn(hass, mall, site)
    assert tenant.titles == ["Electricity credit is low: 49.00 CNY"]
    assert manager.titles == ["Noodle House (A-101): credit is low"]


async def test_cuts_and_power_that_is_back_do_not_wait(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """Who sits in the dark is told why, at any time."""
    choose(hass, site.entry, channels=[manager.name], **QUIET)
    await burn(mall, site, SHOP, 52_000)
    await ask(hass, "top_up", account=SHOP, amount="300", reference="r1")
    await tenant.next(2)
    assert tenant.titles[-2:] == ["Power is off: credit is used up", "Power is back"]


@pytest.mark.slow
async def test_equipment_that_came_back_is_no_news(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone
) -> None:
    """Of two silent meters the one that is still silent in the morning is told."""
    choose(hass, site.entry, channels=[manager.name], **QUIET)
    for name in (SHOP, "A-102"):
        mall.meter(name).fail(Fault(kind=FaultKind.SILENT))
        await silence(site, mall.meter(name).serial)
    mall.meter(SHOP).heal()
    await read_again(site, mall.meter(SHOP).serial)
    await morning(mall, site)
    assert manager.titles == ["Meter A-102 does not answer"]
