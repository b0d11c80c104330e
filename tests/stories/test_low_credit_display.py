"""A meter's own display asks the tenant to buy energy while credit is low, where it was tried."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.compere_prepaid.const import CONF_LOW_CREDIT_DISPLAY
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import refused
from tests.actions.importing import empty_site, imported
from tests.dlt645_mall import DIGITS, KPM33B, SHOP, dlt645_file, dlt645_mall, dlt645_meter
from tests.site_fixtures import expected_event, read_again
from tests.stories.telling import ask, burn, relay_settled

METER = MeterSerial(DIGITS)
ALARM, NO_ALARM = 0x2A, 0x2B


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open the mall with one meter that speaks DL/T 645."""
    async with dlt645_mall() as mall:
        yield mall


async def shown(site: CompereSite) -> None:
    """Wait until no display is being told anything."""
    for task in list(site.display._tasks.values()):
        await task


def switched(mall: Mall) -> list[int]:
    """Return what the display was commanded."""
    codes = [command[8] for command in dlt645_meter(mall).commands]
    return [code for code in codes if code in {ALARM, NO_ALARM}]


async def test_display_follows_the_credit(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Tried once; then told when credit is low and when it is not, and again if it forgot."""
    meter = dlt645_meter(mall)
    async with empty_site(hass, mall, tmp_path) as site:
        await imported(hass, site, dlt645_file(mall))
        await burn(mall, site, SHOP, 600)
        await shown(site)
        assert switched(mall) == []  # nobody asked for it
        await ask(hass, "set_low_credit_display", meter=DIGITS, enabled=True)
        for _ in range(2):
            await read_again(site, METER)
            await shown(site)
            assert (switched(mall), meter.alarm) == ([ALARM, NO_ALARM, ALARM], True)
        assert meter.relay_closed
        site.display._not_before.clear()  # a minute later
        async with expected_event(hass, "topped_up", account=SHOP):
            await ask(hass, "top_up", account=SHOP, amount="20", reference="r1")
        await shown(site)
        assert (switched(mall)[3:], meter.alarm) == ([NO_ALARM], False)
        site.display._not_before.clear()
        async with expected_event(hass, "cut_off", account=SHOP):
            await burn(mall, site, SHOP, 20_400)
        await relay_settled(site.controller, METER)
        await shown(site)
        assert (meter.alarm, meter.relay_closed) == (True, False)
        meter.alarm = False  # it lost its power
        site.display._not_before.clear()
        await read_again(site, METER)
        await shown(site)
        assert switched(mall)[4:] == [ALARM, ALARM]
        await ask(hass, "set_low_credit_display", meter=DIGITS, enabled=False)
        assert switched(mall)[6:] == [NO_ALARM]
        assert CONF_LOW_CREDIT_DISPLAY not in site.meters[METER].data
        await read_again(site, METER)
        await shown(site)
        assert len(switched(mall)) == 7


async def test_a_display_that_does_not_follow_is_left_alone(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A meter without such an alarm, one that only pretends, and a model without the command."""
    meter = dlt645_meter(mall)
    async with empty_site(hass, mall, tmp_path) as site:
        await imported(hass, site, dlt645_file(mall))
        async with refused(site, "low_credit_display_missing", serial=KPM33B):
            await ask(hass, "set_low_credit_display", meter=KPM33B, enabled=True)
        meter.shows_alarm = False
        failed = HomeAssistantError
        async with refused(site, "low_credit_display_not_proved", error=failed, meter=DIGITS):
            await ask(hass, "set_low_credit_display", meter=DIGITS, enabled=True)
        meter.has_alarm = False
        async with refused(site, "dlt645_refused", error=failed):
            await ask(hass, "set_low_credit_display", meter=DIGITS, enabled=True)
        assert CONF_LOW_CREDIT_DISPLAY not in site.meters[METER].data
        await ask(hass, "set_low_credit_display", meter=DIGITS, enabled=False)  # it is not on


async def test_a_replaced_meter_is_tried_anew(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """What was seen at the old one says nothing about the new one."""
    meter, new = dlt645_meter(mall), "201000000099"
    async with empty_site(hass, mall, tmp_path) as site:
        await imported(hass, site, dlt645_file(mall))
        await ask(hass, "set_low_credit_display", meter=DIGITS, enabled=True)
        meter.replace(new)
        meter.commands.clear()
        await ask(
            hass,
            "replace_meter",
            meter=DIGITS,
            new_serial=new,
            address=new,
            final_kwh="40",
            reason="display dead",
        )
        assert site.meters[MeterSerial(new)].data[CONF_LOW_CREDIT_DISPLAY]
        await burn(mall, site, SHOP, 600)
        await shown(site)
        assert switched(mall) == []
