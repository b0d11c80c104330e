"""Every blueprint that waits for a time or a question, made into an automation, and run by it."""

from datetime import datetime, timedelta
import re
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.account_rows import IssuedStatement
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.targets import device_of
from tests.automations.blueprinted import MANAGER, SHOP, Phones, it_is, made_from
from tests.site_fixtures import entity_of, read_again, state_when
from tests.stories.telling import ask, burn


async def test_announcement(
    hass: HomeAssistant, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """It reaches the tenants of what was chosen, at the time that was set, and stays to be read."""
    subentry = site.entry.subentries[site.accounts[AccountNumber(SHOP)].subentry_id]
    data = {**subentry.data, "notify": [phones.tenant.entity_id]}
    hass.config_entries.async_update_subentry(site.entry, subentry, data=data)
    await hass.async_block_till_done()
    at = (dt_util.now() + timedelta(hours=2)).replace(microsecond=0)
    helper = {"works": {"has_date": True, "has_time": True}}
    assert await async_setup_component(hass, "input_datetime", {"input_datetime": helper})
    set_to = {"entity_id": "input_datetime.works", "datetime": at.strftime("%Y-%m-%d %H:%M:%S")}
    await hass.services.async_call("input_datetime", "set_datetime", set_to, blocking=True)
    shop = {"device_id": [device_of(hass, site, f"account_{SHOP}").id]}
    text = "On Sunday from 6 to 8 the power is off."
    await made_from(hass, "announcement", shops=shop, at="input_datetime.works", text=text)
    async_fire_time_changed(hass, at - timedelta(seconds=1))
    await hass.async_block_till_done()
    assert phones.told() == ([], [])
    async_fire_time_changed(hass, at)
    await hass.async_block_till_done()
    await phones.tenant.rings()
    assert phones.told() == ([text], [])
    (posted,) = (await ask(hass, "list_announcements"))["announcements"]
    assert (posted["unread"], posted["urgency"]) == ([SHOP], "info")


async def test_load_after_hours(
    hass: HomeAssistant, mall: Mall, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """A load that begins in the night is told, and one that is there when the shops close."""
    power = entity_of(hass, "sensor", f"{mall.meter(SHOP).serial}_power")
    other = entity_of(hass, "sensor", f"{mall.meter('A-102').serial}_power")
    await made_from(
        hass,
        "after_hours_load",
        meters=[power, other],
        managers=[MANAGER],
        lasting={"seconds": 0},
        closes="22:30:00",
        opens="08:00:00",
    )
    text = f"{SHOP}: closed, but more than 3.0 kW."
    today = dt_util.now()

    async def draws(watts: int) -> None:
        mall.meter(SHOP).set_load(watts)
        await read_again(site, mall.meter(SHOP).serial)
        site.reading_path.refresh_meter(MeterSerial(mall.meter(SHOP).serial))
        await state_when(hass, power, lambda state: round(float(state.state), 1) == watts / 1000)
        await hass.async_block_till_done()

    with it_is(today.replace(hour=21, minute=0)):
        await draws(3_500)
        assert phones.told() == ([], [])
    closing = (today + timedelta(days=1)).replace(hour=22, minute=30, second=0, microsecond=0)
    with it_is(closing):
        async_fire_time_changed(hass, closing)
        await hass.async_block_till_done()
        assert phones.told() == ([], [text])
        await draws(100)
        await draws(4_000)
        assert phones.told() == ([], [text])


async def test_daily_digest(
    hass: HomeAssistant, mall: Mall, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """Nothing to tell is not told, unless that is wanted; a shop that was cut off is."""
    digest = {"site": site.entry.entry_id, "at": "08:00:00", "managers": [MANAGER]}
    await made_from(hass, "daily_digest", **digest)
    morning = (dt_util.now() + timedelta(days=1)).replace(hour=8, minute=0, second=0, microsecond=0)
    await comes(hass, morning)
    assert phones.told() == ([], [])
    await made_from(hass, "daily_digest", **digest, quiet=True)
    await comes(hass, morning)
    assert len(phones.told()[1]) == 1
    await made_from(hass, "daily_digest", **digest)
    await burn(mall, site, SHOP, 201_000)
    await hass.async_block_till_done()
    await comes(hass, morning)
    (told,) = phones.told()[1]
    assert "Noodle House" in told


async def test_month_end(
    hass: HomeAssistant, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """On the first of a month each shop has its statement; on another day nothing happens."""
    shops = [device_of(hass, site, f"account_{number}").id for number in (SHOP, "A-102")]
    await made_from(hass, "month_end", shops={"device_id": shops}, managers=[MANAGER])
    await comes(hass, first_of_a_month() - timedelta(days=1))
    assert phones.told() == ([], [])
    await month_begins(hass)
    assert phones.told() == ([], ["2 statements were issued."])
    issued = await site.ledger.read(lambda tx: [row.account for row in tx.rows(IssuedStatement)])
    assert issued == [SHOP, "A-102"]
    await made_from(hass, "month_end", shops={"area_id": "nowhere"}, managers=[MANAGER])
    await month_begins(hass)
    (text,) = phones.told()[1]
    assert text.startswith("The statements could not be issued, none of them")


async def test_month_end_with_shared_costs(
    hass: HomeAssistant, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """Without pools it says that they could not be worked out; worked out they wait, or are posted.

    Statements are issued only when the shared costs are in them.
    """
    shops = [device_of(hass, site, f"account_{number}").id for number in (SHOP, "A-102")]
    month_end = {"shops": {"device_id": shops}, "managers": [MANAGER]}
    await made_from(hass, "month_end", **month_end, shared_costs="post")
    await month_begins(hass)
    (text,) = phones.told()[1]
    assert re.fullmatch(r"The shared costs of \d{4}-\d\d could not be worked out: .*", text)
    cost = {"amount": 1200, "name": "Guards", "fixed": True}
    pool = {"name": "Security", "valid_from": "2026-01-01", "costs": [cost], "basis": "equal"}
    assert (await ask(hass, "set_pool", pool=pool))["result"] == "created"
    await made_from(hass, "month_end", **month_end, shared_costs="propose")
    await month_begins(hass)
    (text,) = phones.told()[1]
    assert "wait for approval" in text
    (run,) = (await ask(hass, "list_allocations"))["runs"]
    assert run["state"] == "proposed"
    assert run["run"] in text
    assert await site.ledger.read(lambda tx: tx.rows(IssuedStatement)) == ()
    await made_from(hass, "month_end", **month_end, shared_costs="post")
    await month_begins(hass)
    assert phones.told()[1] == ["2 statements were issued."]
    assert [one["state"] for one in (await ask(hass, "list_allocations"))["runs"]][-1] == "posted"
    statement = await ask(hass, "get_statement", account=SHOP, number=1)
    assert "Security" in str(statement["funds"]["service"])


def first_of_a_month() -> datetime:
    """Return the next half past midnight on the first day of a month."""
    begin = (dt_util.now() + timedelta(days=32)).replace(day=1)
    return begin.replace(hour=0, minute=30, second=0, microsecond=0)


async def month_begins(hass: HomeAssistant) -> None:
    """Let it be the first of a month, by the site's clock too."""
    now = first_of_a_month()
    with patch.object(SystemClock, "now", lambda _: dt_util.as_utc(now)):
        await comes(hass, now)


async def comes(hass: HomeAssistant, now: datetime) -> None:
    """Let a time come."""
    with it_is(now):
        async_fire_time_changed(hass, now)
        await hass.async_block_till_done()


async def test_voice_question(hass: HomeAssistant, site: CompereSite, blueprints: None) -> None:
    """By name and by number; a shop that is not there is no guess."""
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    await made_from(hass, "voice_question")

    async def said(question: str) -> str:
        answer = await hass.services.async_call(
            "conversation", "process", {"text": question}, blocking=True, return_response=True
        )
        response: Any = answer
        spoken: str = response["response"]["speech"]["plain"]["speech"]
        return spoken

    assert await said("What is the balance of noodle house?") == "Noodle House has 200.00."
    assert await said("how much credit does A-102 have") == "Bubble Tea has 200.00."
    assert await said("tell me the balance of Nobody") == "I know no shop called Nobody."
