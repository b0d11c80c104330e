"""The energy dashboard takes our sensors: judged by Home Assistant's own check of its settings."""

from datetime import timedelta
from pathlib import Path

from homeassistant.components.energy.data import GridSourceType, async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.compere_prepaid.core.ids import AccountNumber
from simulator.mall import Mall
from tests.actions.asking import NOODLES
from tests.site_fixtures import (
    account_entity,
    entity_of,
    running_site,
    state_of,
    state_when,
)
from tests.stories.telling import PRICE, burn


@pytest.fixture
async def energy(recorder_mock: Recorder, hass: HomeAssistant) -> None:
    """Run the energy dashboard."""
    assert await async_setup_component(hass, "energy", {})


def grid(energy: str, cost: str | None = None, price: str | None = None) -> GridSourceType:
    """Return a source of energy with what it costs, as the dashboard's dialog makes it."""
    return GridSourceType(
        type="grid",
        stat_energy_from=energy,
        stat_energy_to=None,
        stat_cost=cost,
        entity_energy_price=price,
        number_energy_price=None,
        stat_compensation=None,
        entity_energy_price_export=None,
        number_energy_price_export=None,
        cost_adjustment_day=0.0,
    )


async def test_dashboard_takes_energy_and_cost(
    hass: HomeAssistant, energy: None, mall: Mall, tmp_path: Path
) -> None:
    """An account's energy with its cost, a meter's energy with either, and a meter as a device."""
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="100", accounts={NOODLES: (NOODLES,)}
    ) as site:
        serial = next(iter(site.book.account(NOODLES).meters))
        meter = entity_of(hass, "sensor", f"{serial}_energy")
        used = account_entity(hass, "sensor", NOODLES, "energy_month")
        cost = account_entity(hass, "sensor", NOODLES, "cost_month")
        price = account_entity(hass, "sensor", NOODLES, "price")
        await burn(mall, site, NOODLES, 12_000)
        site.accounts[AccountNumber(NOODLES)].coordinator.push(
            site.accounts[AccountNumber(NOODLES)].coordinator.data, news=True
        )
        state = await state_when(hass, used, lambda state: state.state == "12")
        assert state.attributes["last_reset"] == "2026-02-28T16:00:00+00:00"
        assert state_of(hass, cost).state == "12.00"
        await async_wait_recording_done(hass)
        start = dt_util.utcnow().replace(second=0, microsecond=0)
        start -= timedelta(minutes=start.minute % 5)
        do_adhoc_statistics(hass, start=start)
        await async_recorder_block_till_done(hass)

        manager = await async_get_manager(hass)
        await manager.async_update(
            {
                "energy_sources": [
                    grid(used, cost),
                    grid(meter, cost),
                    grid(meter, price=price),
                ],
                "device_consumption": [{"stat_consumption": meter}],
            }
        )
        found = (await async_validate(hass)).as_dict()
        assert found["energy_sources"] == [[], [], []]
        assert found["device_consumption"] == [[]]

        sums = await get_instance(hass).async_add_executor_job(
            statistics_during_period,
            *(hass, start, None, {used, cost, meter}, "5minute", None, {"sum", "state"}),
        )
        assert {entity: rows[-1]["state"] for entity, rows in sums.items()} == {
            used: 12.0,
            cost: 12.0,
            meter: float(state_of(hass, meter).state),
        }


async def test_the_check_is_not_blind(
    hass: HomeAssistant, energy: None, mall: Mall, tmp_path: Path
) -> None:
    """A balance is no energy, and a text is no cost."""
    async with running_site(hass, mall, tmp_path, accounts={NOODLES: (NOODLES,)}):
        balance = account_entity(hass, "sensor", NOODLES, "available_credit")
        supply = account_entity(hass, "sensor", NOODLES, "supply_state")
        manager = await async_get_manager(hass)
        await manager.async_update(
            {"energy_sources": [grid(balance, supply)], "device_consumption": []}
        )
        (issues,) = (await async_validate(hass)).as_dict()["energy_sources"]
        assert {issue["type"] for issue in issues} >= {
            "entity_unexpected_device_class",
            "entity_unexpected_state_class",
        }
