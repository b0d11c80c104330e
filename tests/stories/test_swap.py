"""A meter is swapped without telling us: no reading of the stranger is believed, no relay moves."""

from contextlib import suppress
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.errors import PrepaidError
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.site_fixtures import expected_event, read_again, running_site, silence
from tests.stories.telling import PRICE, ask, burn, contact, verified

SHOP = "A-101"


async def test_meter_swapped_without_telling_us(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The old baseline is kept, the account frozen, an issue names both serial numbers."""
    meter = mall.meter(SHOP)
    old = meter.serial
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="5", accounts={SHOP: (SHOP,)}
    ) as site:
        await burn(mall, site, SHOP, 1000)
        meter.fail(Fault(kind=FaultKind.SILENT))
        await silence(site, old)
        meter.replace("33B0025959999", wh=7_000_000)
        meter.heal()
        async with expected_event(hass, "suspect_reading", meter=old, reason="other_meter"):
            with suppress(PrepaidError):
                await read_again(site, old)
        issue = ir.async_get(hass).async_get_issue(
            DOMAIN, f"other_meter_{site.entry.entry_id}_{old}"
        )
        assert issue is not None
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["found"] == "33B0025959999"
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "4.00"
        await ask(hass, "place_hold", meter=old, kind="manual", reason="test")
        with suppress(PrepaidError):
            await read_again(site, old)
        assert contact(meter) == "closed"
        assert await verified(hass) == (0, 0)

        await ask(hass, "release_hold", meter=old, kind="manual")
        mall.clock.advance(minutes=5)  # type: ignore[attr-defined]  # a ManualClock
        meter.replace(old, wh=site.book.meters[next(iter(site.meters))].last.wh + 200)  # type: ignore[union-attr]
        await read_again(site, old)
        await site.charging.settle_all("test")
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "3.80"
        assert await verified(hass) == (1200, 1200)
        assert not ir.async_get(hass).async_get_issue(
            DOMAIN, f"other_meter_{site.entry.entry_id}_{old}"
        )
