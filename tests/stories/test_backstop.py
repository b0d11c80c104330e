"""A meter as backstop: it trips by itself when the program is down, and never before."""

import json
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.commissioning import backstop_keeper
from custom_components.compere_prepaid.commissioning.backstop_keeper import BackstopWrite
from custom_components.compere_prepaid.core.commissioning.backstop import LARGE_WH
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.diagnostics import async_get_config_entry_diagnostics
from custom_components.compere_prepaid.site import CompereSite
from simulator.energy import UNITS_PER_WH
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from tests.site_fixtures import (
    all_online,
    read_again,
    running_site,
    site_entry,
    start_site,
    time_of,
    use,
)
from tests.stories.deciding import give_policy, let_it_be
from tests.stories.telling import PRICE, ask, burn, contact, relay_settled, verified

SHOP = "A-101"
WATTS = 20_000


def held_wh(meter: SimulatedMeter) -> int:
    """Return the credit that a meter holds."""
    meter.advance()
    return meter.settings.credit // UNITS_PER_WH


async def written(site: CompereSite, writes: int) -> list[BackstopWrite]:
    """Wait until meters were written so often; return the writes."""
    keeper = site.backstop
    while keeper._busy or len(keeper.writes) < writes:
        await site.hass.async_block_till_done(wait_background_tasks=True)
    return list(keeper.writes)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let refreshes follow at once: the story's time is not the machine's."""
    monkeypatch.setattr(backstop_keeper, "URGENT_SPACING_S", 0)


async def test_meter_trips_when_nobody_reads_it_any_more(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """It is given the credit and a reserve; a top-up is added; without the program it ends."""
    meter = mall.meter(SHOP)
    entry = site_entry(mall, tmp_path, price=PRICE, opening_balance="20", accounts={SHOP: (SHOP,)})
    with time_of(mall):
        site = await start_site(hass, entry)
        tested = await ask(hass, "test_stored_credit", meter=meter.serial, consent=True)
        assert (tested["writing"], tested["restored"]) == ("sets", True)
        await ask(hass, "set_backstop", meter=meter.serial, enabled=True)
        meter.settings.credit = 1_000 * UNITS_PER_WH
        meter.prepaid = True  # from now on its own credit decides, as on a real one
        await read_again(site, meter.serial)
        first = (await written(site, 1))[0].wanted_wh
        assert first == 22_000 + site.book.meter(meter.serial).max_power_w // 2
        assert held_wh(meter) == first
        await burn(mall, site, SHOP, 5_000)
        assert held_wh(meter) == first - 5_000
        assert len(await written(site, 1)) == 1  # it counts down by itself
        assert contact(meter) == "closed"
        assert await hass.config_entries.async_unload(entry.entry_id)

        use(mall, SHOP, WATTS, 10 * 3600)
        assert contact(meter) == "open"
        counted = meter.true_wh - meter.plan.starts_wh
        assert counted == first

        assert await hass.config_entries.async_setup(entry.entry_id)
        site = entry.runtime_data
        await all_online(site)
        await relay_settled(site.controller, next(iter(site.meters)))
        await ask(hass, "top_up", account=SHOP, amount="500", reference="r1")
        await written(site, 1)
        await read_again(site, meter.serial)
        await relay_settled(site.controller, next(iter(site.meters)))
        assert contact(meter) == "closed"
        # at least its reserve, enough until the next refresh
        assert held_wh(meter) >= site.book.meter(meter.serial).max_power_w // 2
        await site.charging.settle_all("test")
        assert await verified(hass) == (counted, counted)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_switched_off_the_meter_never_trips(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """It is given more than anybody can use; a meter that does not answer stays a backstop."""
    meter = mall.meter(SHOP)
    async with running_site(hass, mall, tmp_path, price=PRICE, accounts={SHOP: (SHOP,)}) as site:
        await ask(hass, "test_stored_credit", meter=meter.serial, consent=True)
        await ask(hass, "set_backstop", meter=meter.serial, enabled=True)
        await read_again(site, meter.serial)
        await written(site, 1)
        lost = Fault(kind=FaultKind.LOST, functions=frozenset({16}), times=1)
        meter.fail(lost)  # it obeys, and the answer is lost: reading it back tells
        await ask(hass, "set_backstop", meter=meter.serial, enabled=False)
        assert held_wh(meter) == LARGE_WH
        assert "backstop" not in site.meters[MeterSerial(meter.serial)].data
        await read_again(site, meter.serial)
        writes = site.backstop.writes
        assert [write.wanted_wh for write in writes][-1] == LARGE_WH
        told = await async_get_config_entry_diagnostics(hass, site.entry)
        listed = json.loads(json.dumps(told))["meters"][meter.serial]["backstop"]
        assert [write["read_back_wh"] for write in listed] == [w.read_back_wh for w in writes]


async def test_vacant_meter_and_one_that_is_replaced(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Without an account it holds plenty; another serial number was never proved."""
    meter = mall.meter(SHOP)
    async with running_site(hass, mall, tmp_path, price=PRICE, accounts={}) as site:
        await ask(hass, "test_stored_credit", meter=meter.serial)
        await ask(hass, "set_backstop", meter=meter.serial, enabled=True)
        await read_again(site, meter.serial)
        (write,) = await written(site, 1)
        assert write.wanted_wh == LARGE_WH
        site.backstop.forget_proof(MeterSerial(meter.serial))
        with pytest.MonkeyPatch.context() as patch:

            async def unproved(*_: object) -> bool:
                return False

            patch.setattr(backstop_keeper, "async_is_proved", unproved)
            await read_again(site, meter.serial)
            await written(site, 1)
        assert len(site.backstop.writes) == 1


async def test_meter_trips_nobody_whom_credit_does_not_cut(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """At night it holds plenty where nights are protected, and the credit again in the morning."""
    meter = mall.meter(SHOP)
    async with running_site(hass, mall, tmp_path, price=PRICE, accounts={SHOP: (SHOP,)}) as site:
        await ask(hass, "test_stored_credit", meter=meter.serial, consent=True)
        await ask(hass, "set_backstop", meter=meter.serial, enabled=True)
        times = "[{days: [mon-sun], from: '18:00', to: '08:00'}]"
        await give_policy(hass, site, f"protected: {{times: {times}}}")
        await let_it_be(mall, site, "2026-03-02 17:59")
        first = (await written(site, 1))[-1].wanted_wh
        assert first < LARGE_WH
        for wall, wanted in (("2026-03-02 18:00", LARGE_WH), ("2026-03-03 08:00", first)):
            before = len(site.backstop.writes)
            await let_it_be(mall, site, wall)
            site.backstop.forget_proof(MeterSerial(meter.serial))  # a quarter of an hour is over
            await read_again(site, meter.serial)
            assert (await written(site, before + 1))[-1].wanted_wh == wanted
            assert held_wh(meter) == wanted
