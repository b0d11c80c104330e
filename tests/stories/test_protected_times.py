"""Nobody is cut at night, over a weekend or on a holiday: who is short is cut when it ends."""

from pathlib import Path

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.poller import Poller
from simulator.mall import Mall
from tests.site_fixtures import (
    account_entity,
    running_site,
    site_entry,
    start_site,
    state_of,
    time_of,
)
from tests.stories.deciding import (
    SHOP,
    give_policy,
    let_it_be,
    listening,
    power,
    watch_of,
)
from tests.stories.telling import PRICE, ask, burn, verified
from tests.stories.test_restart import HOW, restarted

WEEKEND = "protected: {times: [{days: [fri], from: '18:00', to: '24:00'}, {days: [sat-sun], all_day: true}, {days: [mon], from: '00:00', to: '08:00'}]}"  # noqa: E501  # as people write it


async def test_a_weekend_with_a_restart_in_it(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Short since Friday night, over two midnights and a restart; cut on Monday at eight."""
    entry = site_entry(mall, tmp_path, opening_balance="60", **HOW)
    meter = mall.meter(SHOP)
    with time_of(mall), listening(hass) as told:
        site = await start_site(hass, entry)
        begin = meter.true_wh
        await give_policy(hass, site, WEEKEND)
        told.clear()
        await let_it_be(mall, site, "2026-03-06 18:30")
        await burn(mall, site, SHOP, 61_000)
        assert told.types() == ["credit_warning", "cut_put_off"]
        put_off = told.last("cut_put_off")
        assert (put_off["why"], put_off["until"]) == ("protected", "2026-03-09T08:00:00+08:00")
        assert put_off["available"] == "-1.00"
        watch = await watch_of(hass)
        assert watch["put_off_until"] == watch["next_decision"].replace("07:00", "08:00")
        poller = site.meters[MeterSerial(meter.serial)].bus.poller
        assert isinstance(poller, Poller)
        assert poller._meters[MeterSerial(meter.serial)].interval_s == poller.routine_s
        for wall in ("2026-03-07 00:00", "2026-03-08 00:00"):
            await let_it_be(mall, site, wall)
        site = await restarted(hass, entry)
        await let_it_be(mall, site, "2026-03-09 06:59:59")
        assert told.types() == ["credit_warning", "cut_put_off"]
        await let_it_be(mall, site, "2026-03-09 07:00")
        assert told.last("cut_reminder")["until"] == "2026-03-09T08:00:00+08:00"
        await let_it_be(mall, site, "2026-03-09 07:59:59")
        assert await power(mall, site) == "closed"
        assert state_of(hass, account_entity(hass, "sensor", SHOP, "supply_state")).state == (
            "exhausted"
        )
        await let_it_be(mall, site, "2026-03-09 08:00")
        assert await power(mall, site) == "open"
        assert told.types() == ["credit_warning", "cut_put_off", "cut_reminder", "cut_off"]
        assert (await watch_of(hass))["put_off_why"] is None
        assert await verified(hass) == (meter.true_wh - begin, meter.true_wh - begin)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_whoever_pays_in_time_keeps_power(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """And is told anew when the next night comes."""
    night = "protected: {times: [{days: [mon-sun], from: '20:00', to: '06:00'}], reminder: 30}"
    accounts = {SHOP: (SHOP,)}
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="5", accounts=accounts
    ) as site:
        await give_policy(hass, site, night)
        with listening(hass) as told:
            await let_it_be(mall, site, "2026-03-02 22:00")
            await burn(mall, site, SHOP, 6000)
            await let_it_be(mall, site, "2026-03-03 00:00")
            assert await power(mall, site) == "closed"
            await ask(hass, "top_up", account=SHOP, amount="3", reference="r1")
            assert (await watch_of(hass))["put_off_why"] is None
            await let_it_be(mall, site, "2026-03-03 06:00")
            assert await power(mall, site) == "closed"
            await let_it_be(mall, site, "2026-03-03 19:00")
            await burn(mall, site, SHOP, 1000)
            await let_it_be(mall, site, "2026-03-03 20:00")
            await burn(mall, site, SHOP, 1500)
            await let_it_be(mall, site, "2026-03-04 05:30")
            await let_it_be(mall, site, "2026-03-04 06:00")
            assert await power(mall, site) == "open"
            assert told.types() == ["cut_put_off", "cut_put_off", "cut_reminder", "cut_off"]


async def test_off_before_it_begins(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Whoever was cut in the afternoon stays off at night, and comes back with a top-up."""
    night = "protected: {times: [{days: [mon-sun], from: '18:00', to: '08:00'}]}"
    accounts = {SHOP: (SHOP,)}
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="5", accounts=accounts
    ) as site:
        await give_policy(hass, site, night)
        with listening(hass) as told:
            await burn(mall, site, SHOP, 6000)
            assert await power(mall, site) == "open"
            await let_it_be(mall, site, "2026-03-02 18:00")
            await let_it_be(mall, site, "2026-03-03 08:00")
            assert await power(mall, site) == "open"
            await ask(hass, "top_up", account=SHOP, amount="9", reference="r1")
            assert await power(mall, site) == "closed"
            assert told.types() == ["cut_off"]


async def test_holidays(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """The night before a holiday, the holiday and the night after it are one time."""
    calendar = "calendars:\n  - {name: Feast, days: {2026-03-03: holiday}}"
    rules = (
        "protected: {calendar: Feast, times: [{days: [holiday], all_day: true}, "
        "{days: [mon-sun], from: '22:00', to: '07:00'}]}"
    )
    accounts = {SHOP: (SHOP,)}
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="5", accounts=accounts
    ) as site:
        await give_policy(hass, site, rules, calendar)
        with listening(hass) as told:
            await let_it_be(mall, site, "2026-03-02 23:00")
            await burn(mall, site, SHOP, 6000)
            assert told.last("cut_put_off")["until"] == "2026-03-04T00:00:00+08:00"
            await let_it_be(mall, site, "2026-03-03 23:59:59")
            assert await power(mall, site) == "closed"
            await let_it_be(mall, site, "2026-03-04 00:00")
            assert await power(mall, site) == "open"


async def test_clocks_are_put_forward(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """A night of nine hours in Berlin ends at six by the new time."""
    night = "protected: {times: [{days: [mon-sun], from: '21:00', to: '06:00'}]}"
    accounts = {SHOP: (SHOP,)}
    async with running_site(
        hass,
        mall,
        tmp_path,
        price=PRICE,
        opening_balance="5",
        accounts=accounts,
        time_zone="Europe/Berlin",
    ) as site:
        await give_policy(hass, site, night)
        with listening(hass) as told:
            await let_it_be(mall, site, "2026-03-28 23:00")
            await burn(mall, site, SHOP, 6000)
            assert told.last("cut_put_off")["until"] == "2026-03-29T06:00:00+02:00"
            await let_it_be(mall, site, "2026-03-29 05:00")
            assert told.types() == ["cut_put_off", "cut_reminder"]
            await let_it_be(mall, site, "2026-03-29 05:59:59")
            assert await power(mall, site) == "closed"
            await let_it_be(mall, site, "2026-03-29 06:00")
            assert await power(mall, site) == "open"
