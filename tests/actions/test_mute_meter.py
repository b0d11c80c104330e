"""A meter that cannot tell who it is (DDS238-2): charged, switched, swapped, replaced."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.line import LinePlan
from simulator.loads import LoadKind
from simulator.mall import Mall
from simulator.meter import MeterPlan
from simulator.tenants import MallPlan
from tests.actions.importing import LINE, empty_site, imported
from tests.site_fixtures import MONDAY_NOON, expected_event, read_again
from tests.stories.telling import ask, burn, contact, relay_settled, verified

OLD, NEW = MeterSerial("DDS-0001"), MeterSerial("DDS-0002")
SHOP = "K-1"

FILE = """\
site: {{name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}}
buses:
  - {{name: East riser, transport: rtu_tcp, host: 127.0.0.1, port: {port}}}
meters:
  - {{serial: DDS-0001, name: K-1, bus: East riser, address: 3, profile: hiking_dds238_sr, breaker: 100}}
accounts:
  - {{number: K-1, name: Flowers, meters: [DDS-0001], tariff: Flat, policy: Careful, opening_balance: 200}}
tariffs:
  - {{name: Flat, valid_from: 2026-01-01, prices: {{flat: 1}}}}
policies:
  - {{name: Careful, warning_levels: [100, 50]}}
"""  # noqa: E501  -- YAML's own form


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall with one DDS238-2."""
    plan = MeterPlan(
        serial=OLD,
        name=SHOP,
        address=3,
        kind=LoadKind.KIOSK,
        rated_kw=20,
        breaker_a=100,
        area="",
        floor_area=0,
        starts_wh=1_000_000,
        model="hiking_dds238_sr",
    )
    lines = MallPlan(lines=[LinePlan(name=LINE, pace=False)], meters={LINE: [plan]}, tenants={})
    async with Mall.build(lines, clock=ManualClock(MONDAY_NOON)) as mall:
        mall.meter(SHOP).set_load(0)
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Import a site with that meter and an account."""
    async with empty_site(hass, mall, tmp_path) as site:
        await imported(hass, site, FILE.format(port=mall.port(LINE)))
        await read_again(site, OLD)  # an account is charged from the first reading on
        yield site


async def balance(hass: HomeAssistant, site: CompereSite) -> str:
    """Post what was used, and return what is left."""
    await site.charging.settle_all("test")
    return str((await ask(hass, "get_account", account=SHOP))["balance"])


async def test_it_is_charged_and_switched(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Its relay takes function 16 alone; that it moved is read back."""
    await burn(mall, site, SHOP, 3000)
    assert await balance(hass, site) == "197.00"
    for action, state in (("place_hold", "open"), ("release_hold", "closed")):
        reason = {"reason": "test"} if action == "place_hold" else {}
        await ask(hass, action, meter=OLD, kind="manual", **reason)
        await relay_settled(site.controller, OLD)
        assert contact(mall.meter(SHOP)) == state
        (told,) = (await ask(hass, "get_account", account=SHOP))["meters"]
        assert told["relay"] == state
    assert await verified(hass) == (3000, 3000)


async def test_another_meter_in_its_place_is_not_charged(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """It cannot tell that it is another one, but its register does, backwards or far ahead."""
    await burn(mall, site, SHOP, 3000)
    meter = mall.meter(SHOP)
    for wh, reason in ((5_000, "backwards"), (9_000_000, "implausible")):
        meter.replace("whatever", wh=wh)
        async with expected_event(hass, "suspect_reading", meter=OLD, reason=reason):
            await read_again(site, OLD)
        assert await balance(hass, site) == "197.00"
    assert (await site.ledger.verify()).ok


async def test_it_is_replaced_by_the_number_on_the_label(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Who replaces it says the new number; the new register goes on from where it stands."""
    await burn(mall, site, SHOP, 3000)
    mall.meter(SHOP).replace(NEW, wh=50_000)
    answer = await ask(hass, "replace_meter", meter=OLD, new_serial=NEW, reason="burnt")
    assert (answer["old"], answer["new"], answer["from_wh"]) == (OLD, NEW, 50_000)
    await burn(mall, site, SHOP, 1000)
    assert await balance(hass, site) == "196.00"
    assert await verified(hass) == (4000, 4000)
