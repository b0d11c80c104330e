"""Bad input through the whole program: rules and readings that cannot be, a disk that will not.

Each gets a clear refusal or a repair issue, nothing is lost, and service goes on by itself.
"""

import asyncio
from contextlib import closing
from pathlib import Path
import sqlite3

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import NOODLES, add_rules, refused, serial_of
from tests.actions.importing import faults_of
from tests.site_fixtures import expected_event, read_again, use
from tests.stories.telling import ask, burn, verified

pytestmark = pytest.mark.usefixtures("site")

HEAD = "site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}\n"
TARIFF = "  - {{name: Bad, valid_from: 2026-01-01, {}}}\n"
DAY = 'schedule: [{days: [mon-sun], slots: {"00:00": day}}]'

RULES = {
    "two versions of one day": (
        "tariffs:\n" + TARIFF.format("prices: {day: 1}") + TARIFF.format("prices: {day: 2}"),
        "tariffs[1].valid_from",
        "line 3",
    ),
    "a negative price": (
        "tariffs:\n" + TARIFF.format("prices: {day: -0.1}"),
        "tariffs[0].prices.day",
        "must not be negative",
    ),
    "tiers that fall": (
        "tariffs:\n"
        + TARIFF.format("prices: {day: 1}, tiers: [{up_to: 9}, {up_to: 5}, {adder: 1}]"),
        "tariffs[0].tiers[1].up_to",
        "must be more than",
    ),
    "an hour that nobody has": (
        "tariffs:\n"
        + TARIFF.format(
            "prices: {day: 1}, schedule: [{days: [mon-sun], "
            'slots: [{from: "03:00", to: "02:00", period: day}]}]'
        ),
        "tariffs[0].schedule",
        "from 02:00 to 03:00",
    ),
    "hours that two have": (
        "tariffs:\n"
        + TARIFF.format(
            "prices: {day: 1, night: 2}, schedule: [{days: [mon-sun], slots: ["
            '{from: "00:00", to: "12:30", period: day}, '
            '{from: "12:00", to: "00:00", period: night}]}]'
        ),
        "tariffs[0].schedule[0].slots[1]",
        "12:00",
    ),
    "a price that is not one": (
        "tariffs:\n" + TARIFF.format("prices: {day: cheap}"),
        "tariffs[0].prices.day",
        "",
    ),
    "a tariff of a calendar that is not there": (
        "tariffs:\n" + TARIFF.format(f"prices: {{day: 1}}, calendar: China, {DAY}"),
        "tariffs[0].calendar",
        "China",
    ),
}


@pytest.mark.parametrize("case", RULES)
async def test_rules_that_cannot_be(hass: HomeAssistant, site: CompereSite, case: str) -> None:
    """Refused with line and place; nothing of the file is taken."""
    text, path, words = RULES[case]
    found = await faults_of(hass, site, HEAD + text)
    assert path in {fault["path"] for fault in found}, found
    assert any(words in fault["message"] for fault in found), found
    assert "Bad" not in site.tariff_names()


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("backwards", "backwards"),
        ("ten times the breaker", "implausible"),
        ("NaN", "missing"),
        ("tomorrow", "in_future"),
    ],
)
async def test_readings_that_cannot_be(
    hass: HomeAssistant,
    mall: Mall,
    site: CompereSite,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    reason: str,
) -> None:
    """Nothing is charged or cut by it, an issue says what to look at; the next one goes on."""
    await burn(mall, site, NOODLES, 3000)
    meter, serial = mall.meter(NOODLES), serial_of(mall, NOODLES)
    true_wh = meter.true_wh
    before = (await ask(hass, "get_account", account=NOODLES))["balance"]
    async with expected_event(hass, "suspect_reading", meter=serial, reason=reason):
        if case == "backwards":
            meter.set_energy(true_wh - 1000)
            await read_again(site, serial)
        elif case == "ten times the breaker":
            assert isinstance(mall.clock, ManualClock)
            mall.clock.advance(seconds=60)
            meter.set_energy(true_wh + 10 * 40 * 230 * 3 // 60)
            await read_again(site, serial)
        else:
            now = site.clock.now()
            values = {} if case == "NaN" else {Quantity.ENERGY_IMPORT: true_wh + 1}
            at = now.replace(day=now.day + 1) if case == "tomorrow" else now
            runtime = site.meters[next(iter(site.meters))]
            assert runtime.serial == serial
            await site.reading_path.on_reading(
                MeterReading(serial=runtime.serial, at=at, values=values, relay_closed=True)
            )
    issue = f"suspect_reading_{site.entry.entry_id}_{serial}"
    found = ir.async_get(hass).async_get_issue(DOMAIN, issue)
    assert found is not None
    assert found.translation_key == f"suspect_reading_{reason}"
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == before
    meter.set_energy(true_wh)
    use(mall, NOODLES, 10_000, 360)
    await read_again(site, serial)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is None
    await site.charging.settle_all("test")
    assert await verified(hass) == (4000, 4000)


async def test_days_of_23_and_25_hours(hass: HomeAssistant, site: CompereSite) -> None:
    """A schedule is written on the wall clock; what the clocks skip or repeat needs no word."""
    await add_rules(
        hass,
        "tariffs:",
        "  - name: Night",
        "    valid_from: 2026-01-01",
        "    prices: {night: 1, dawn: 2}",
        "    schedule:",
        '      - {days: [mon-sun], slots: {"00:00": dawn, "02:00": night, "03:00": dawn}}',
    )
    answer = await ask(hass, "assign_tariff", account=NOODLES, tariff="Night")
    assert answer["accounts"][NOODLES]["tariff"] == "Night"


async def test_database_that_another_program_locks(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Refused in words while it lasts; charging waits, and goes on by itself afterwards."""
    await burn(mall, site, NOODLES, 1000)
    path = Path(site.entry.data["ledger"])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HomeAssistantError) as refusal:
            await ask(hass, "top_up", account=NOODLES, amount=5, reference="R-1")
        assert refusal.value.translation_key == "ledger_locked"
        await burn(mall, site, NOODLES, 500)
        await site.async_tick()
        other.execute("ROLLBACK")
    answer = await ask(hass, "top_up", account=NOODLES, amount=5, reference="R-1")
    assert (answer["accounts"][NOODLES]["balance"], answer["accounts"][NOODLES]["replayed"]) == (
        "203.50",
        False,
    )
    await site.charging.settle_all("test")
    assert await verified(hass) == (1500, 1500)


async def test_exports_whose_folder_is_a_file(
    hass: HomeAssistant, site: CompereSite, tmp_path: Path
) -> None:
    """Told with the reason; the ledger is untouched."""
    await asyncio.to_thread((tmp_path / DOMAIN).write_text, "in the way")
    async with refused(site, "export_not_written", error=HomeAssistantError):
        await ask(hass, "export_ledger")
