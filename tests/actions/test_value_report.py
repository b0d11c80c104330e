"""The value report of a running site: what the action answers, writes and refuses."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.value.facts import Period
from custom_components.compere_prepaid.core.value.figure import evaluate
from custom_components.compere_prepaid.core.value.selling import Selling
from custom_components.compere_prepaid.site import CompereSite
from custom_components.compere_prepaid.value import markup_keeper
from custom_components.compere_prepaid.value.site_facts import async_selling
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, refused
from tests.site_fixtures import (
    SITE_KEY,
    all_quiet,
    entity_of,
    expected_event,
    read_again,
    running_site,
    state_when,
)
from tests.stories.telling import PRICE, ask, burn, relay_settled

BEFORE = {"before_since": "2026-02-01", "before_until": "2026-03-01"}


def figures_of(answer: dict[str, Any], section: str) -> dict[str, dict[str, Any]]:
    """Return the figures of a topic by name; each number is what its formula gives."""
    found = {one["name"]: one for one in answer["sections"][section]}
    for one in found.values():
        if one["value"] is not None:
            exact = evaluate(one["formula"], one["inputs"])
            assert exact is not None
            assert float(one["value"]) == pytest.approx(float(exact), rel=0.005, abs=0.005)
    return found


async def next_days(mall: Mall, site: Any, days: int) -> None:
    """Let days pass, each with a reading at every hour."""
    assert isinstance(mall.clock, ManualClock)
    for _ in range(days * 24):
        for serial in site.meters:
            await read_again(site, serial)
        await all_quiet(site)
        mall.clock.advance(hours=1)
    for serial in site.meters:
        await read_again(site, serial)
    await site.hours.async_write()


async def test_value_of_some_days(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    mall: Mall,
    tmp_path: Path,
    figure: Callable[[str], None],
) -> None:
    """A shop runs out, pays and is back: the report tells how long that took, and what it owed.

    Another one moves out: nobody walked for that reading, nor was any saved when they moved in.
    """
    accounts = {NOODLES: (NOODLES,), TEA: (TEA,)}
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="10", accounts=accounts
    ) as site:
        serial = MeterSerial(mall.meter(NOODLES).serial)
        async with expected_event(hass, "cut_off", account=NOODLES):
            await burn(mall, site, NOODLES, 14_000)
        await relay_settled(site.controller, serial)
        await next_days(mall, site, 1)
        async with expected_event(hass, "restored", account=NOODLES):
            await ask(hass, "top_up", account=NOODLES, amount="100", reference="r1")
        await burn(mall, site, NOODLES, 6_000)
        await ask(hass, "move_out", account=TEA)
        await next_days(mall, site, 1)
        await site.charging.settle_all("test")

        answer = await ask(
            hass,
            "value_report",
            since="2026-03-02",
            until="2026-03-04",
            minutes_per_reading=4,
            wage="30",
            days_outstanding=45,
            reconnect_minutes_before=120,
            page=True,
        )
        assert (answer["since"], answer["until"]) == ("2026-03-02", "2026-03-04")
        back = figures_of(answer, "reconnection")
        assert back["reconnections"]["value"] == "1"
        assert float(back["reconnection_longest"]["value"]) < 60
        assert float(back["reconnection_hours_saved"]["value"]) == pytest.approx(2, abs=0.1)
        owed = figures_of(answer, "arrears")
        assert owed["arrears_peak"]["value"] == "4.00"
        assert owed["arrears_now"]["value"] == "0.00"
        assert owed["arrears_average"]["value"] == "2.00"
        assert owed["arrears_if_billed_afterwards"]["value"] == "450.00"
        assert owed["arrears_avoided"]["value"] == "448.00"
        assert owed["bad_debts_avoided"]["notes"] == ["not known: left owing before"]
        saved = figures_of(answer, "readings")
        assert saved["readings_saved"]["value"] == "1"
        assert saved["readings_saved"]["inputs"]["at_moves"] == "1"
        assert saved["reading_cost_saved"]["value"] == "2.00"
        energy = figures_of(answer, "energy")
        assert energy["energy_saved"]["value"] is None
        assert energy["energy_saved"]["notes"] == ["no time before was named"]
        sold = figures_of(answer, "markup:2026-03-02..2026-03-03")
        assert sold["sold_price"]["value"] == "1.0000"
        assert sold["bought_price"]["notes"][0] == "no bill"
        assert sold["markup_money"]["value"] is None
        page = await hass.async_add_executor_job(Path(answer["page"]).read_text, "utf-8")
        assert "Every number is worked out from this site" in page
        assert "2026-03-02 – 2026-03-03" in page  # the last day, not the day behind it
        assert "2026-03-04" not in page.replace("2026-03-04 ", "")  # but when it was printed
        assert "readings × minutes per reading ÷ 60" in page
        client = await hass_client_no_auth()
        served = await client.get(answer["link"])
        assert (served.status, await served.text()) == (HTTPStatus.OK, page)
        figure(f"value: {sum(map(len, answer['sections'].values()))} figures of a site's report")


async def test_report_in_chinese(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """All labels, notes and the page are there in the other language."""
    async with running_site(hass, mall, tmp_path, accounts={NOODLES: (NOODLES,)}) as site:
        await next_days(mall, site, 1)
        answer = await ask(
            hass,
            "value_report",
            since="2026-03-02",
            until="2026-03-03",
            **BEFORE,
            language="zh-Hans",
            page=True,
        )
        (saved,) = answer["sections"]["energy"]
        assert saved["label"] == "节电量"
        assert saved["notes"][0] == "以前的已知天数太少"
        page = await hass.async_add_executor_job(Path(answer["page"]).read_text, "utf-8")
        assert "价值报告" in page


async def test_what_is_refused(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Times that cannot be, numbers that are none, tables that cannot be read."""
    days = {"since": "2026-03-01", "until": "2026-03-02"}
    async with running_site(hass, mall, tmp_path) as site:
        for key, data in (
            ("time_order", {"since": "2026-03-02", "until": "2026-03-02"}),
            ("day_wrong", {"since": "soon", "until": "2026-03-02"}),
            ("value_not_over", {"since": "2026-03-02", "until": "2026-03-04"}),
            ("value_before_wrong", {**days, "before_since": "2026-01-01"}),
            ("value_before_wrong", {**days, **BEFORE, "before_until": "2026-03-02"}),
            ("value_number_wrong", {**days, "wage": "much"}),
            ("value_number_wrong", {**days, "wage": "-1"}),
            ("days_columns_wrong", {**days, "days": "date,kwh\n2026-03-01,2"}),
            ("days_line_wrong", {**days, "days": "day,kwh\n2026-03-01,NaN"}),
            ("days_line_wrong", {**days, "days": "day,kwh\n1.3.2026,2"}),
            ("days_line_wrong", {**days, "days": "day,kwh\n2026-03-01,-2"}),
            ("feeder_unknown", {**days, "feeder": "nowhere"}),
            (
                "temperature_without_statistics",
                {**days, "temperature_entity": "sensor.outside"},
            ),
        ):
            async with refused(site, key):
                await ask(hass, "value_report", **data)


async def test_markup_of_last_month_is_a_sensor(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Nothing before there is a bill; then what a kWh was sold for above its purchase."""
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="100", accounts={NOODLES: (NOODLES,)}
    ) as site:
        markup = entity_of(hass, "sensor", f"{SITE_KEY}_site_markup_last_month")
        await burn(mall, site, NOODLES, 6_000)
        await site.charging.settle_all("test")
        assert isinstance(mall.clock, ManualClock)
        mall.clock.advance(hours=24 * 30)
        await site.async_tick()
        state = await state_when(hass, markup, lambda state: state.attributes["month"] == "2026-03")
        assert state.state == "unknown"
        assert state.attributes["unit_of_measurement"] == "CNY/kWh"
        await ask(
            hass,
            "enter_bill",
            supplier="Grid",
            number="1",
            name="Grid",
            since="2026-03-01",
            until="2026-04-01",
            amount="3.60",
            energy="6",
        )
        await site.async_tick()
        state = await state_when(hass, markup, lambda state: state.state != "unknown")
        assert (state.state, state.attributes["sold_price"]) == ("0.4", 1.0)
        await ask(hass, "cancel_bill", supplier="Grid", number="1", reason="another meter's")
        await site.async_tick()
        await state_when(hass, markup, lambda state: state.state == "unknown")


async def test_markup_is_looked_at_again(site: CompereSite) -> None:
    """A ledger that fails does not wait for tomorrow; nor does a bill that comes during a look."""
    looks: list[Period] = []

    async def selling(of: CompereSite, period: Period) -> Selling:
        looks.append(period)
        if len(looks) == 1:
            raise OperationFailedError("ledger_busy")
        found = await async_selling(of, period)
        if len(looks) == 2:
            site.markup.look_again()
        return found

    async def ticks(times: int) -> None:
        for _ in range(times):
            await site.async_tick()
            assert site.markup.looking is not None
            await site.markup.looking

    await ticks(1)
    site.markup.look_again()
    with patch.object(markup_keeper, "async_selling", selling):
        await ticks(5)
    assert len(looks) == 3
