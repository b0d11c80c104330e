"""What the clock brings: readings right behind a price border, the hour's charges, a day's fees."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.poller import ROUTINE_S, Poller
from custom_components.compere_prepaid.reading_path import BEHIND_BORDER_S
from custom_components.compere_prepaid.site import TICK, CompereSite
from simulator.mall import Mall
from tests.actions.asking import add_rules
from tests.site_fixtures import read_again, running_site, use
from tests.stories.telling import PRICE, ask, burn, verified

SHOP = "A-101"
AT_ONE = """\
tariffs:
  - name: At one
    valid_from: 2026-01-01
    prices: {before: 1, after: 3}
    schedule: [{days: [mon-sun], slots: {"00:00": before, "13:00": after}}]
    standing: {per_day: 2}
"""


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run the shop at a tariff that changes at one o'clock; it is noon."""
    accounts = {SHOP: (SHOP,)}
    async with running_site(hass, mall, tmp_path, price=PRICE, accounts=accounts) as site:
        await add_rules(hass, AT_ONE)
        await ask(hass, "assign_tariff", account=SHOP, tariff="At one")
        yield site


def interval_s(site: CompereSite, serial: str) -> float:
    """Return how soon a meter is read again."""
    poller = site.meters[MeterSerial(serial)].bus.poller
    assert isinstance(poller, Poller)
    return poller._meters[MeterSerial(serial)].interval_s


async def test_meter_is_read_right_behind_a_border(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Not a routine interval later; and then at its own pace again."""
    meter = mall.meter(SHOP)
    await read_again(site, meter.serial)  # no reading is half done when time jumps
    use(mall, SHOP, 1000, 3600 - 4)
    await read_again(site, meter.serial)
    assert interval_s(site, meter.serial) == 4 + BEHIND_BORDER_S
    use(mall, SHOP, 18_000, 5)
    await read_again(site, meter.serial)
    assert interval_s(site, meter.serial) == ROUTINE_S
    await site.charging.settle_all("test")
    lines = (await ask(hass, "get_statement", account=SHOP))["funds"]["electricity"]["lines"]
    charged = [(line["period"], line["estimated"]) for line in lines if line["kind"] == "charge"]
    assert charged == [("before", False), ("after", False)]


async def test_the_hour_is_posted_by_the_clock(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """All accounts together, also where no meter answers any more."""
    await burn(mall, site, SHOP, 5000)
    assert (await ask(hass, "verify_ledger"))["charged_wh"] == 0
    mall.clock.advance(minutes=50)  # type: ignore[attr-defined]  # a ManualClock
    async_fire_time_changed(hass, None, fire_all=True)
    await hass.async_block_till_done(wait_background_tasks=False)
    await site.async_tick()
    assert (await verified(hass))[0] == 5000


async def test_a_day_brings_its_fees_and_another_forecast(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Standing charges of days on which nobody looked are due one by one."""
    mall.clock.advance(hours=72)  # type: ignore[attr-defined]  # a ManualClock
    await site.async_tick()
    before = Decimal((await ask(hass, "get_account", account=SHOP))["balance"])
    assert before == 200 - 3 * 2
    await site.async_tick()
    account = await ask(hass, "get_account", account=SHOP)
    assert Decimal(account["balance"]) == before
    assert (account["cost_today"], account["standing_per_day"]) == ("2.00", "2.00")
    await verified(hass)


async def test_the_clock_is_looked_at_often(
    hass: HomeAssistant, mall: Mall, site: CompereSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a timer that ends with the site."""
    looks: list[int] = []

    async def look() -> None:
        looks.append(len(looks))

    monkeypatch.setattr(site, "async_tick", look)
    start = site.hass.loop.time()
    assert start
    async_fire_time_changed(hass, None, fire_all=True)
    await hass.async_block_till_done()
    assert looks == [0]
    assert await hass.config_entries.async_unload(site.entry.entry_id)
    async_fire_time_changed(hass, None, fire_all=True)
    await hass.async_block_till_done()
    assert looks == [0]
    assert TICK.total_seconds() <= 30
