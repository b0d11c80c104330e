"""Meters on 4G and Wi-Fi, from their messages to the relay: real broker, real clients."""

from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from simulator.mall import Mall
from tests.mqtt_site import mqtt_site
from tests.site_fixtures import expected_event, one_line_mall
from tests.stories.telling import PRICE, ask, contact, verified

SHOP = "A-101"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def mall() -> Mall:
    """Return two shops whose line stays closed: their meters are on the air."""
    return one_line_mall(2)


async def test_runs_out_and_is_topped_up(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """From 51 to a warning at 50, to the cut at 0, and back by a top-up: each acknowledged."""
    async with mqtt_site(hass, tmp_path, mall, price=PRICE, opening_balance="51") as run:
        meter = run.meters[SHOP].meter
        started_at = meter.true_wh
        async with expected_event(hass, "credit_warning", account=SHOP) as warned:
            await run.burn(SHOP, 2_000)
        assert [event.data["level"] for event in warned] == ["50.00"]
        assert contact(meter) == "closed"
        async with expected_event(hass, "cut_off", account=SHOP) as cut:
            while not cut:
                await run.burn(SHOP, 5_000)
        await run.settled(SHOP)
        assert contact(meter) == "open"
        answer = await ask(hass, "get_account", account=SHOP)
        assert (answer["supply_state"], answer["meters"][0]["relay"]) == ("off", "open")
        async with expected_event(hass, "restored", account=SHOP) as restored:
            await ask(hass, "top_up", account=SHOP, amount="20", reference="r1")
        assert contact(meter) == "closed"
        assert restored[0].data["meter"] == run.serial(SHOP)
        await run.burn(SHOP, 500)
        await run.site.charging.settle_all("test")
        used = meter.true_wh - started_at
        assert await verified(hass) == (used, used)
