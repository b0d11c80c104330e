"""What people and policies decide about credit: grace, dispute, notice, adaptation, and more."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.site_fixtures import account_entity, expected_event, running_site, state_of
from tests.stories.deciding import (
    SHOP,
    Told,
    give_policy,
    let_it_be,
    listening,
    power,
    watch_of,
)
from tests.stories.telling import PRICE, ask, burn, verified


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run the shop with 60 yuan at one yuan a kWh; it is Monday noon."""
    accounts = {SHOP: (SHOP,)}
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="60", accounts=accounts
    ) as site:
        yield site


@pytest.fixture
def told(hass: HomeAssistant, site: CompereSite) -> Iterator[Told]:
    """Listen to the shop's events."""
    with listening(hass) as told:
        yield told


async def begin(hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told, rules: str) -> None:
    """Give the shop its policy; what was told until then is of no matter."""
    await give_policy(hass, site, rules)
    await let_it_be(mall, site, "2026-03-02 12:01")
    told.clear()


def supply(hass: HomeAssistant) -> str:
    """Return the shop's supply state as its sensor shows it."""
    return state_of(hass, account_entity(hass, "sensor", SHOP, "supply_state")).state


async def test_grace(hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told) -> None:
    """A shop that is off has power until its end, over midnight, and is off again then."""
    await begin(hass, mall, site, told, "reconnect: confirm")
    await burn(mall, site, SHOP, 61_000)
    assert (await power(mall, site), supply(hass)) == ("open", "off")
    async with expected_event(hass, "restored", account=SHOP):
        answer = await ask(hass, "grant_grace", account=SHOP, hours=24, reason="pays tomorrow")
    watch = answer["accounts"][SHOP]["watch"]
    assert watch["grace_until"] == watch["put_off_until"] == "2026-03-03T15:04:00+08:00"
    assert (await power(mall, site), supply(hass)) == ("closed", "exhausted")
    await burn(mall, site, SHOP, 2000)
    await let_it_be(mall, site, "2026-03-03 14:04")
    await let_it_be(mall, site, "2026-03-03 15:03:59")
    assert await power(mall, site) == "closed"
    await let_it_be(mall, site, "2026-03-03 15:04")
    assert await power(mall, site) == "open"
    assert (await watch_of(hass))["grace_until"] is None
    kinds = ["credit_warning", "cut_off", "grace_granted", "cut_put_off", "cut_reminder", "cut_off"]
    assert told.types() == kinds
    assert told.last("grace_granted")["reason"] == "pays tomorrow"
    await ask(hass, "grant_grace", account=SHOP, until="2026-03-04 00:00", reason="once more")
    assert await power(mall, site) == "closed"
    await ask(hass, "grant_grace", account=SHOP, hours=0, reason="lied")
    assert await power(mall, site) == "open"
    assert told.types()[-2:] == ["grace_revoked", "cut_off"]
    await verified(hass)


async def test_dispute(hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told) -> None:
    """No cut while it lasts, whatever day it is; at its end the cut comes at once."""
    await begin(hass, mall, site, told, "reconnect: auto")
    await ask(hass, "open_dispute", account=SHOP, reason="the meter is another shop's")
    await burn(mall, site, SHOP, 61_000)
    await let_it_be(mall, site, "2026-03-20 12:00")
    assert await power(mall, site) == "closed"
    watch = await watch_of(hass)
    assert (watch["disputed"], watch["put_off_why"], watch["put_off_until"]) == (
        True,
        "dispute",
        None,
    )
    sensor = state_of(hass, account_entity(hass, "sensor", SHOP, "supply_state"))
    assert (sensor.state, sensor.attributes["disputed"]) == ("exhausted", True)
    await ask(hass, "close_dispute", account=SHOP, reason="it is theirs")
    assert await power(mall, site) == "open"
    assert told.types() == [
        "dispute_opened",
        "credit_warning",
        "cut_put_off",
        "dispute_closed",
        "cut_off",
    ]


async def test_notice(hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told) -> None:
    """A day from the first warning: who uses up 60 kWh in an hour is not cut in that hour."""
    await begin(hass, mall, site, told, "notice_hours: 24")
    await burn(mall, site, SHOP, 15_000)
    assert told.types() == ["credit_warning"]
    noticed = (await watch_of(hass))["noticed_at"]
    assert noticed == "2026-03-02T12:46:00+08:00"
    await burn(mall, site, SHOP, 46_000)
    until = told.last("cut_put_off")["until"]
    assert until == "2026-03-03T12:46:00+08:00"
    await let_it_be(mall, site, "2026-03-03 12:45:59")
    assert await power(mall, site) == "closed"
    await let_it_be(mall, site, "2026-03-03 12:46")
    assert await power(mall, site) == "open"


async def test_adaptation(hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told) -> None:
    """Two shadow cuts are told and reported, and no relay moves; then it is in earnest."""
    serial = MeterSerial(mall.meter(SHOP).serial)
    await begin(hass, mall, site, told, "adaptation_days: 14")
    until = (await watch_of(hass))["adapts_until"]
    assert until == "2026-03-16T12:00:00+08:00"
    await burn(mall, site, SHOP, 61_000)
    assert state_of(hass, "sensor.riverside_mall_accounts_adapting").state == "1"
    assert (told.last("shadow_cut")["until"], told.last("shadow_cut")["count"]) == (until, 1)
    assert (await power(mall, site), supply(hass)) == ("closed", "exhausted")
    await let_it_be(mall, site, "2026-03-04 12:00")
    await ask(hass, "top_up", account=SHOP, amount="11", reference="r1")
    await burn(mall, site, SHOP, 30_000)
    assert told.last("shadow_cut")["count"] == 2
    await let_it_be(mall, site, "2026-03-15 12:00")
    assert told.last("cut_reminder")["until"] == until
    report = (await ask(hass, "adaptation_report"))["accounts"][SHOP]
    off = (45 * 60 - 4) + (11 * 24 * 60 - 90)
    assert report == {
        "name": "Noodle House",
        "adapting": True,
        "until": until,
        "would_have_been_cut": 2,
        "would_have_been_off_minutes": off,
        "shadow_cut_since": "2026-03-04T13:30:00+08:00",
        "worst_balance": "-20.00",
    }
    assert await power(mall, site) == "closed"
    demand = await site.ledger.read(lambda tx: tx.demand(serial))
    assert demand is not None
    assert demand.version == 1  # of when the meter was added: no relay was asked to move
    await let_it_be(mall, site, "2026-03-16 12:00")
    assert await power(mall, site) == "open"
    assert told.types() == [
        "credit_warning",
        "shadow_cut",
        "shadow_restored",
        "shadow_cut",
        "cut_reminder",
        "cut_off",
    ]
    await verified(hass)


async def test_confirmation(hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told) -> None:
    """Staff are asked once when credit is back; power comes when one of them says so."""
    await begin(hass, mall, site, told, "reconnect: confirm")
    await burn(mall, site, SHOP, 61_000)
    await ask(hass, "top_up", account=SHOP, amount="80", reference="r1")
    assert (await power(mall, site), supply(hass)) == ("open", "off")
    assert (await watch_of(hass))["reconnect_awaited"]
    await ask(hass, "top_up", account=SHOP, amount="1", reference="r2")
    await let_it_be(mall, site, "2026-03-03 00:00")
    assert told.types() == ["credit_warning", "cut_off", "reconnect_awaited"]
    assert told.last("reconnect_awaited")["available"] == "79.00"
    await ask(hass, "confirm_reconnect", account=SHOP)
    assert await power(mall, site) == "closed"
    assert not (await watch_of(hass))["reconnect_awaited"]


async def test_days_left(hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told) -> None:
    """Told once at each level, though the forecast trembles; a top-up makes them ready again."""
    await begin(hass, mall, site, told, "warning_days: [7, 3]")
    await ask(hass, "top_up", account=SHOP, amount="100", reference="r0")
    told.clear()
    for day in range(3, 17):
        for hour, wh in ((9, 4000), (20, 6000)):
            await let_it_be(mall, site, f"2026-03-{day:02} {hour:02}:00")
            await burn(mall, site, SHOP, wh)
    warnings = [data for kind, data in told if kind == "credit_warning"]
    assert [(data["days"], data["level"]) for data in warnings] == [
        (7, None),
        (None, "50.00"),
        (3, None),
    ]
    await ask(hass, "top_up", account=SHOP, amount="100", reference="r1")
    assert (await watch_of(hass))["warned_days"] is None


async def test_emergency_credit(
    hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told
) -> None:
    """A shop that is off may take it: power comes back until that is used up; repaid first."""
    await begin(hass, mall, site, told, "emergency_credit: 10")
    await burn(mall, site, SHOP, 61_000)
    assert (await power(mall, site), supply(hass)) == ("open", "off")
    await ask(hass, "use_emergency_credit", account=SHOP)
    assert (await power(mall, site), supply(hass)) == ("closed", "emergency")
    await burn(mall, site, SHOP, 10_000)
    assert (await power(mall, site), supply(hass)) == ("open", "off")
    await ask(hass, "top_up", account=SHOP, amount="60", reference="r1")
    assert (await power(mall, site), supply(hass)) == ("closed", "warning")
    assert told.types() == [
        "credit_warning",
        "cut_off",
        "emergency_started",
        "cut_off",
        "emergency_repaid",
    ]
    assert told.last("emergency_started")["amount"] == "10.00"


async def test_never_cut(hass: HomeAssistant, mall: Mall, site: CompereSite, told: Told) -> None:
    """Warned, and nothing else; a policy that spares a shop that is off brings it back."""
    await begin(hass, mall, site, told, "reconnect: manual")
    await burn(mall, site, SHOP, 61_000)
    assert await power(mall, site) == "open"
    await give_policy(hass, site, "reconnect: manual, never_cut: true")
    assert await power(mall, site) == "closed"
    await burn(mall, site, SHOP, 50_000)
    assert await power(mall, site) == "closed"
    assert told.types() == ["credit_warning", "cut_off"]
