"""Every meter's register is kept at the hours: tenants' meters and nobody's, over a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.balance.hours import HourEnergy, register_lines
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.site_fixtures import one_line_mall, read_again, running_site

pytestmark = pytest.mark.usefixtures("socket_enabled")

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


async def read_all(mall: Mall, site: CompereSite) -> None:
    """Read all meters."""
    for meter in mall.meters:
        await read_again(site, meter.serial)


async def run(mall: Mall, site: CompereSite, watts: dict[str, int], minutes: int) -> None:
    """Let meters count at these powers for so long; they are read before and afterwards."""
    assert isinstance(mall.clock, ManualClock)
    await read_all(mall, site)
    for meter in mall.meters:
        meter.set_load(watts.get(meter.name, 0))
    mall.clock.advance(seconds=60 * minutes)
    for meter in mall.meters:
        meter.set_load(0)
    await read_all(mall, site)


async def hours(
    site: CompereSite, mall: Mall, since: datetime, count: int
) -> dict[str, list[HourEnergy | None]]:
    """Return what the meters counted in hours from an instant on, as the ledger has it."""
    await site.hours.async_write()
    marks = [since + timedelta(hours=number) for number in range(count + 1)]
    lines = await site.ledger.read(
        lambda tx: register_lines(tx, list(site.meters), marks[0], marks[-1], SHANGHAI)
    )
    return {
        meter.name: [lines[MeterSerial(meter.serial)].hours(marks).get(at) for at in marks[:-1]]
        for meter in mall.meters
    }


async def test_hours_of_all_meters(hass: HomeAssistant, tmp_path: Path) -> None:
    """A meter that nobody is charged by is kept like the others; nobody's hour is lost or doubled.

    A stop in the middle of an hour, and hours in which nothing ran, are filled from the readings
    around them, and marked.
    """
    async with one_line_mall(2) as mall:
        shop, common = (meter.name for meter in mall.meters)
        accounts = {shop: (shop,)}
        async with running_site(hass, mall, tmp_path, accounts=accounts) as site:
            await run(mall, site, {shop: 1000, common: 400}, 60)
            await run(mall, site, {shop: 3000}, 30)
            await run(mall, site, {common: 600}, 45)
            assert await hours(site, mall, NOON, 3) == {
                shop: [HourEnergy(1000, False), HourEnergy(1500, False), None],
                common: [HourEnergy(400, False), HourEnergy(300, False), None],
            }
