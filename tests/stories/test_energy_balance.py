"""A mall with a main meter: what gets lost, a shop that bridges its meter, and how it is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.diagnostics import async_get_config_entry_diagnostics
from custom_components.compere_prepaid.hour_keeper import PACE, PATIENCE
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.loads import LoadKind
from simulator.main_meter import MainMeterPlan
from simulator.mall import Mall
from simulator.tenants import EAST, MallPlan, one_line_plan
from tests.site_fixtures import (
    SITE_KEY,
    all_quiet,
    entity_of,
    expected_event,
    read_again,
    running_site,
    state_of,
)
from tests.stories.telling import ask, verified

pytestmark = [pytest.mark.usefixtures("socket_enabled"), pytest.mark.slow]

MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Of the second of March in Shanghai."""

NOODLES, TEA = "A-101", "A-102"
HOUR = timedelta(hours=1)

BEHIND = PACE + PATIENCE + timedelta(minutes=1)
"""So long behind an hour all of it is written, whenever the site itself looked at the clock."""

MAIN = MainMeterPlan(
    serial="33B0025950900",
    name="Main",
    address=100,
    kind=LoadKind.LIGHTING,
    rated_kw=400,
    breaker_a=1000,
    area="Plant room",
    floor_area=0,
    lost_permille=20,
)


def mall_plan(shops: int) -> MallPlan:
    """Return a mall with a main meter in front of its shops."""
    plan = one_line_plan(shops, pace=False)
    return replace(plan, meters={EAST: [*plan.meters[EAST], MAIN]})


async def live(
    mall: Mall, site: CompereSite, days: int, then: Callable[[], None] | None = None
) -> None:
    """Let days pass; meters are read every hour, and the site looks at the clock.

    It does so as soon as a day is over, when its last hour is not written yet, and some minutes
    later. What is done `then` is done when the last day is over.
    """
    assert isinstance(mall.clock, ManualClock)
    for hours_left in reversed(range(days * 24)):
        passed = (site.clock.now() - MIDNIGHT) % HOUR
        await all_quiet(site)
        mall.clock.advance(seconds=(HOUR - passed) // timedelta(seconds=1))
        for meter in mall.meters:
            await read_again(site, meter.serial)
        if hours_left % 24 == 0:
            await look(site)
        if then is not None and not hours_left:
            then()
        await all_quiet(site)
        mall.clock.advance(seconds=BEHIND // timedelta(seconds=1))
        if hours_left % 24 in {0, 1}:
            await look(site)
    await site.hass.async_block_till_done()


async def look(site: CompereSite) -> None:
    """Let the site look at the clock, as it does every 15 seconds, and work out what it has to.

    The first look may find that the site itself began one, before the mall's time was put on.
    """
    for _ in range(2):
        await site.async_tick()
        if site.hours.balance.looking is not None:
            await site.hours.balance.looking


def shown(hass: HomeAssistant, key: str) -> str:
    """Return what a sensor of the feeder shows."""
    return state_of(hass, entity_of(hass, "sensor", f"{SITE_KEY}_feeder_Main_{key}")).state


def issue(hass: HomeAssistant, site: CompereSite) -> ir.IssueEntry | None:
    """Return the repair issue about the feeder, if there is one."""
    issue_id = f"unexplained_loss_{site.entry.entry_id}_Main"
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id)


async def balance(hass: HomeAssistant, **how: Any) -> dict[str, Any]:
    """Ask for the energy balance."""
    found: dict[str, Any] = await ask(hass, "get_energy_balance", **how)
    return found


async def test_a_shop_that_bridges_its_meter(hass: HomeAssistant, tmp_path: Path) -> None:
    """Four days are in order. Then a load flows around its meter, which the main meter counts.

    The day after, the meter is named; after two such days the loss is an alarm, told once, with its
    numbers. Two days after the wire is gone, the alarm is over.
    """
    plan = mall_plan(2)
    async with (
        Mall.build(plan, clock=ManualClock(MIDNIGHT)) as mall,
        running_site(hass, mall, tmp_path, opening_balance="100000") as site,
    ):
        noodles, tea, main = mall.meters
        feeder = {"name": "Main", "main": [main.serial], "meters": "all", "expected_loss": 3}
        await ask(hass, "set_feeder", feeder=feeder)
        noodles.set_load(2000)
        tea.set_load(1000)

        def bridge() -> None:
            noodles.set_load(100)
            main.set_bypass(1900)

        await live(mall, site, 4, bridge)
        assert shown(hass, "loss_yesterday") == "1.44"
        assert shown(hass, "loss_part_yesterday") == "1.9607"  # of 73.44 kWh, rounded down
        assert shown(hass, "loss_month") == "5.76"
        assert shown(hass, "unexplained_part") == "0"
        assert issue(hass, site) is None
        site.totals.push(None, news=True)
        await hass.async_block_till_done()
        assert site.hours.balance.mains == {main.serial}
        total = state_of(hass, entity_of(hass, "sensor", f"{SITE_KEY}_site_total_power"))
        assert float(total.state) == 3  # kW: the main meter measures nothing else

        async with expected_event(
            hass, "energy_finding", kind="likely_bypass", meter=noodles.serial
        ) as told:
            await live(mall, site, 1)
        assert told[0].data["feeder"] == "Main"
        assert told[0].data["energy_wh"] == 24 * (1922 - 3022 * 60 // 3060)
        assert issue(hass, site) is None  # one day is no alarm

        def remove_the_wire() -> None:
            noodles.set_load(2000)
            main.set_bypass(0)

        async with expected_event(hass, "energy_finding", kind="unexplained_loss") as told:
            await live(mall, site, 1, remove_the_wire)
        assert told[0].data["energy_wh"] == 2 * (24 * 1922 - 24 * 3022 * 3 // 100)
        found = issue(hass, site)
        assert found is not None
        assert found.translation_placeholders == {
            "site": "Riverside Mall",
            "feeder": "Main",
            "since": "2026-03-06",
            "days": "2",
            "main": "145.056",
            "loss": "92.256",
            "percent": "63.6",
            "expected": "3",
            "unexplained": "87.906",
        }
        await _look_at_the_balance(hass, noodles.serial)
        told_to_support = await async_get_config_entry_diagnostics(hass, site.entry)
        assert told_to_support["energy_balance"]["alarms"] == {"Main": "2026-03-06"}

        await live(mall, site, 2, lambda: tea.set_load(0))
        assert issue(hass, site) is None
        assert shown(hass, "loss_yesterday") == "1.44"
        async with expected_event(hass, "energy_finding", kind="stands_still") as told:
            await live(mall, site, 2)
        assert told[0].data["meter"] == tea.serial
        await verified(hass)


async def _look_at_the_balance(hass: HomeAssistant, serial: str) -> None:
    """See the days, the hours, what was found and the base loads."""
    by_day = await balance(hass, since="2026-03-05", until="2026-03-07")
    feeder = by_day["feeders"]["Main"]
    assert [day["loss_kwh"] for day in feeder["days"]] == ["1.44", "46.128", "46.128"]
    assert feeder["loss_kwh"] == "93.696"
    known = [feeder[f"hours_{what}"] for what in ("known", "unknown", "estimated")]
    assert known == [72, 0, 0]
    assert feeder["alarm_since"] == "2026-03-06"
    by_hour = await balance(hass, since="2026-03-06", until="2026-03-06", by="hour", feeder="Main")
    hours = by_hour["feeders"]["Main"]["hours"]
    assert len(hours) == 24
    assert hours[0] == {
        "at": "2026-03-06T00:00:00+08:00",
        "main_kwh": "3.022",
        "meters_kwh": "1.1",
        "loss_kwh": "1.922",
        "estimated": False,
        "meters_missing": [],
    }
    week = await balance(hass, until="2026-03-07")
    (alarm,) = [one for one in week["findings"] if one["kind"] == "unexplained_loss"]
    assert (alarm["feeder"], alarm["energy_kwh"], alarm["days"]) == ("Main", "87.906", 2)
    assert (alarm["since"], alarm["until"]) == (
        "2026-03-06T00:00:00+08:00",
        "2026-03-08T00:00:00+08:00",
    )
    before = await balance(hass, since="2026-03-04", until="2026-03-05")
    assert before["findings"] == []
    (bypass,) = [one for one in week["findings"] if one["kind"] == "likely_bypass"]
    assert (bypass["meter"], bypass["meter_name"], bypass["how"]) == (serial, NOODLES, "step")
    assert "witness" in bypass["advice"]
    assert [(one["meter_name"], one["usual_w"]) for one in week["night_base_loads"]] == [
        (NOODLES, 2000),
        (TEA, 1000),
    ]


async def test_feeders_come_and_go(hass: HomeAssistant, tmp_path: Path) -> None:
    """A feeder has entities while there is one; the action refuses one that there is not."""
    plan = mall_plan(1)
    async with (
        Mall.build(plan, clock=ManualClock(MIDNIGHT)) as mall,
        running_site(hass, mall, tmp_path) as site,
    ):
        feeder = {"name": "Main", "main": [MAIN.serial], "meters": "all"}
        await ask(hass, "set_feeder", feeder=feeder)
        await live(mall, site, 1)
        entity = entity_of(hass, "sensor", f"{SITE_KEY}_feeder_Main_loss_yesterday")
        assert state_of(hass, entity).attributes["hours"] == 24
        assert shown(hass, "loss_today") == "unknown"  # the day has just begun
        ended = {"name": "Main", "valid_from": "2026-03-03", "ended": True}
        await ask(hass, "set_feeder", feeder=ended)
        await live(mall, site, 1)
        assert hass.states.get(entity) is None
        with pytest.raises(ServiceValidationError) as refused:
            await balance(hass, feeder="Main", since="2026-03-03", until="2026-03-03")
        assert refused.value.translation_key == "feeder_unknown"
        with pytest.raises(ServiceValidationError) as refused:
            await balance(hass, since="2026-01-01", until="2026-06-01")
        assert refused.value.translation_key == "balance_days"


async def test_entities_of_feeders_outlive_a_restart(hass: HomeAssistant, tmp_path: Path) -> None:
    """They are the same entities then."""
    async with (
        Mall.build(mall_plan(1), clock=ManualClock(MIDNIGHT)) as mall,
        running_site(hass, mall, tmp_path) as site,
    ):
        await ask(
            hass, "set_feeder", feeder={"name": "Main", "main": [MAIN.serial], "meters": "all"}
        )
        await look(site)
        entity = entity_of(hass, "sensor", f"{SITE_KEY}_feeder_Main_loss_month")
        told = async_capture_events(hass, er.EVENT_ENTITY_REGISTRY_UPDATED)
        assert await hass.config_entries.async_reload(site.entry.entry_id)
        await look(site.entry.runtime_data)
        await hass.async_block_till_done()
        assert state_of(hass, entity)
        assert not [event.data for event in told if event.data["action"] == "remove"]
