"""Every meter's register is kept at the hours: tenants' meters and nobody's, over a restart."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.balance.hours import (
    EnergySpan,
    HourEnergy,
    register_lines,
)
from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.tenancy.replacement import Replacement
from custom_components.compere_prepaid.hour_keeper import PACE, PATIENCE
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.site_fixtures import (
    all_quiet,
    one_line_mall,
    read_again,
    running_site,
    silence,
    site_entry,
    start_site,
    time_of,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def read_all(mall: Mall, site: CompereSite) -> None:
    """Read all meters."""
    for meter in mall.meters:
        await read_again(site, meter.serial)


def pass_by(mall: Mall, watts: Mapping[str, int], minutes: float) -> None:
    """Let meters count at these powers for so long; nobody reads them meanwhile."""
    assert isinstance(mall.clock, ManualClock)
    for meter in mall.meters:
        meter.set_load(watts.get(meter.name, 0))
    mall.clock.advance(seconds=round(60 * minutes))
    for meter in mall.meters:
        meter.set_load(0)


async def run(mall: Mall, site: CompereSite, watts: Mapping[str, int], minutes: float) -> None:
    """Let meters count at these powers for so long; they are read before and afterwards."""
    await read_all(mall, site)
    await all_quiet(site)
    pass_by(mall, watts, minutes)
    await read_all(mall, site)


async def spans_of(site: CompereSite, serial: MeterSerial, count: int) -> tuple[EnergySpan, ...]:
    """Return what each register of a meter counted in hours from noon on."""
    end = NOON + count * HOUR
    lines = await site.ledger.read(lambda tx: register_lines(tx, [serial], NOON, end, SHANGHAI))
    return lines[serial].spans(NOON, end)


async def hours(
    site: CompereSite, mall: Mall, since: datetime, count: int, zone: ZoneInfo = SHANGHAI
) -> dict[str, list[HourEnergy | None]]:
    """Return what the meters counted in hours from an instant on, as the ledger has it."""
    marks = [since + number * HOUR for number in range(count + 1)]
    lines = await site.ledger.read(
        lambda tx: register_lines(tx, list(site.meters), marks[0], marks[-1], zone)
    )
    return {
        meter.name: [lines[MeterSerial(meter.serial)].hours(marks).get(at) for at in marks[:-1]]
        for meter in mall.meters
    }


async def test_hours_of_all_meters(hass: HomeAssistant, tmp_path: Path) -> None:
    """A meter that nobody is charged by is kept like the others; no hour is lost or doubled.

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
        pass_by(mall, {shop: 1200, common: 1200}, 150)
        async with running_site(hass, mall, tmp_path, accounts=accounts) as site:
            await run(mall, site, {shop: 600}, 20)
            await site.hours.async_write()
            found = await hours(site, mall, NOON, 5)
        assert found[shop] == [
            HourEnergy(1000, estimated=False),
            HourEnergy(1500, estimated=False),
            # 3 kWh between the last hour that is known and the first reading, 165 minutes later
            HourEnergy(1090, estimated=True),
            HourEnergy(1091, estimated=True),
            HourEnergy(3000 - 1090 - 1091 + 150, estimated=True),
        ]
        total = sum(hour.wh for hour in found[common] if hour)
        assert found[common][:2] == [
            HourEnergy(400, estimated=False),
            HourEnergy(300, estimated=False),
        ]
        assert total == 400 + 300 + 150 + 3000


async def test_a_crash_in_the_middle(hass: HomeAssistant, tmp_path: Path) -> None:
    """What was not written is reckoned from the bill mark and the first reading; no Wh is lost."""
    async with one_line_mall(1) as mall:
        (shop,) = (meter.name for meter in mall.meters)
        entry = site_entry(mall, tmp_path)
        with time_of(mall):
            site = await start_site(hass, entry)
            await run(mall, site, {shop: 1000}, 60)
            await site.hours.async_write()
            await run(mall, site, {shop: 2000}, 150)

            async def die(*_: object) -> None:
                """Write nothing any more, as after a power cut."""

            with (
                patch.object(type(site.hours), "async_write", die),
                patch.object(type(site.charging), "settle_all", die),
            ):
                assert await hass.config_entries.async_unload(entry.entry_id)
            pass_by(mall, {shop: 500}, 30)
            assert await hass.config_entries.async_setup(entry.entry_id)
            site = entry.runtime_data
            await run(mall, site, {shop: 500}, 60)
            await site.hours.async_write()
            found = await hours(site, mall, NOON, 5)
            spans = await spans_of(site, MeterSerial(mall.meters[0].serial), 5)
            assert await hass.config_entries.async_unload(entry.entry_id)
    assert sum(hour.wh for hour in found[shop] if hour) == 1000 + 5000 + 250 + 500
    assert [hour.estimated for hour in found[shop] if hour] == [False, True, True, True, False]
    assert [span.energy_wh for span in spans] == [6750]


async def test_a_reading_that_is_not_believed(hass: HomeAssistant, tmp_path: Path) -> None:
    """A register that runs backwards counts for nothing; the hours go on from the last good one."""
    async with (
        one_line_mall(1) as mall,
        running_site(hass, mall, tmp_path) as site,
    ):
        (meter,) = mall.meters
        await run(mall, site, {meter.name: 1000}, 60)
        stood = meter.true_wh
        meter.set_energy(stood - 500)
        await run(mall, site, {}, 60)
        meter.set_energy(stood)
        await run(mall, site, {meter.name: 1000}, 60)
        await site.hours.async_write()
        found = await hours(site, mall, NOON, 3)
        assert [hour and hour.wh for hour in found[meter.name]] == [1000, 0, 1000]


async def test_a_register_that_was_cleared(hass: HomeAssistant, tmp_path: Path) -> None:
    """What both registers counted in the hour of the change is together what flowed in it."""
    async with (
        one_line_mall(1) as mall,
        running_site(hass, mall, tmp_path) as site,
    ):
        (meter,) = mall.meters
        serial = MeterSerial(meter.serial)
        await run(mall, site, {meter.name: 1000}, 90)
        await site.replacements.replace_meter(
            Replacement(
                old=serial,
                new=serial,
                reason="cleared",
                final_wh=meter.true_wh,
                start_wh=0,
                at=site.clock.now(),
                user="admin",
            )
        )
        meter.set_energy(0)
        pass_by(mall, {}, 1 / 60)
        await run(mall, site, {meter.name: 2000}, 90)
        await site.hours.async_write()
        found = await hours(site, mall, NOON, 3)
        spans = await spans_of(site, serial, 3)
        assert [hour and hour.wh for hour in found[meter.name]] == [1000, 500 + 999, 2000]
        assert [(span.generation, span.energy_wh) for span in spans] == [(1, 1500), (2, 2999)]
        assert spans[0].until == spans[1].since == NOON + 1.5 * HOUR


async def test_the_day_on_which_clocks_move(hass: HomeAssistant, tmp_path: Path) -> None:
    """The last Sunday of March has 23 hours in Berlin, and each of them its energy."""
    evening = datetime(2026, 3, 28, 22, tzinfo=UTC)  # an hour before midnight
    async with (
        one_line_mall(1, clock=ManualClock(evening)) as mall,
        running_site(hass, mall, tmp_path, time_zone="Europe/Berlin") as site,
    ):
        (meter,) = mall.meters
        for number in range(25):
            await run(mall, site, {meter.name: 1000 + 10 * number}, 60)
        await site.hours.async_write()
        found = await hours(site, mall, evening + HOUR, 23, BERLIN)
        assert [hour and hour.wh for hour in found[meter.name]] == [
            1000 + 10 * number for number in range(1, 24)
        ]
        serial, day = MeterSerial(meter.serial), evening.date() + timedelta(days=1)
        rows = await site.ledger.read(lambda tx: tx.day_registers([serial], day, day))
        (row,) = rows[serial]
        assert row.registers.count(",") == 23  # that many hours, and the end of the last one


async def test_one_transaction_an_hour(
    hass: HomeAssistant, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """All meters are written together some minutes behind the hour; what fails waits."""
    async with (
        one_line_mall(6) as mall,
        running_site(hass, mall, tmp_path) as site,
    ):
        assert isinstance(mall.clock, ManualClock)
        await site.hours.async_write()
        await run(mall, site, {meter.name: 1000 for meter in mall.meters}, 60)
        with patch.object(site.ledger, "run", wraps=site.ledger.run) as written:
            await site.hours.async_on_clock()
            assert not written.called  # the other lines may still be read
            mall.clock.advance(seconds=PACE // timedelta(seconds=1))
            with (
                patch.object(site.ledger, "run", side_effect=OperationFailedError("ledger_busy")),
                pytest.raises(OperationFailedError),
            ):
                await site.hours.async_on_clock()
            await site.hours.async_on_clock()
            assert written.call_count == 1
            await site.hours.async_on_clock()
            assert written.call_count == 1  # there is nothing more to write
        assert PATIENCE < PACE
        found = await hours(site, mall, NOON, 1)
        assert {hour and hour.wh for (hour,) in found.values()} == {1000}
        figure(f"hours: registers of {len(found)} meters written in 1 transaction an hour")


async def test_the_last_hour_is_known(hass: HomeAssistant, tmp_path: Path) -> None:
    """It is when all that waited was written, also if that was as soon as the hour was over."""
    async with (
        one_line_mall(2) as mall,
        running_site(hass, mall, tmp_path) as site,
    ):
        late = mall.meters[1]
        await site.hours.async_write()
        await run(mall, site, {}, 60)
        await site.hours.async_write()
        assert not site.hours.has_last_hour(site.clock.now())  # other lines may still be read
        pass_by(mall, {}, 2)
        assert site.hours.has_last_hour(site.clock.now())
        late.fail(Fault(kind=FaultKind.SILENT))
        await silence(site, late.serial)
        pass_by(mall, {}, 58)
        await read_again(site, mall.meters[0].serial)
        await site.hours.async_write()
        late.heal()
        await read_again(site, late.serial)
        pass_by(mall, {}, 2)
        await site.hours.async_on_clock()
        assert not site.hours.has_last_hour(site.clock.now())  # it waits for the next writing
        pass_by(mall, {}, 13)
        await site.hours.async_on_clock()
        assert site.hours.has_last_hour(site.clock.now())
