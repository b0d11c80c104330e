"""What tests of imports have in common: an empty site, and files with something changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from simulator.site_file import write_site
from tests.adapters.ledger_books import content
from tests.site_fixtures import MONDAY_NOON, SITE_KEY, all_begun, all_online, site_entry, time_of
from tests.stories.telling import ask

LINE = "East riser"


def file_of(mall: Mall) -> str:
    """Return the mall's site file."""
    return write_site(mall, at=MONDAY_NOON)


SMALL_PARTS = 1 + 3 + 2 + 2 + 1


def small_file(mall: Mall) -> str:
    """Return a file with little in it: three meters, two accounts, flat prices, one policy."""
    port = mall.port(LINE)
    meters = [
        f'  - {{serial: "{meter.serial}", name: {meter.name}, bus: {LINE}, '
        f"address: {meter.address}, profile: compere_kpm33b, breaker: 100}}"
        for meter in mall.meters
    ]
    noodles, tea, bakery = (f'"{meter.serial}"' for meter in mall.meters)
    terms = "tariff: Flat, policy: Careful, opening_balance: 200"
    return "\n".join(
        (
            "site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}",
            "buses:",
            f"  - {{name: {LINE}, transport: rtu_tcp, host: 127.0.0.1, port: {port}}}",
            "meters:",
            *meters,
            "accounts:",
            f"  - {{number: A-101, name: Noodle House, meters: [{noodles}], {terms}}}",
            f"  - {{number: A-102, name: Bubble Tea, meters: [{tea}, {bakery}], {terms}}}",
            "tariffs:",
            "  - {name: Flat, valid_from: 2026-01-01, prices: {flat: 1}}",
            "  - {name: Cheap, valid_from: 2026-01-01, prices: {flat: 0.5}}",
            "policies:",
            "  - {name: Careful, warning_levels: [100, 50]}",
            "",
        )
    )


def without(text: str, *parts: str) -> str:
    """Return a file without the lines in which these stand, each in one."""
    lines = text.splitlines(keepends=True)
    for part in parts:
        (line,) = (line for line in lines if part in line)
        lines.remove(line)
    return "".join(lines)


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Return a file in which something was changed that stands there exactly once."""
    for before, after in changes:
        assert text.count(before) == 1, (before, text.count(before))
        text = text.replace(before, after)
    return text


def line_of(text: str, part: str) -> int:
    """Return the line on which something stands, counted from 1."""
    before, found, _ = text.partition(part)
    assert found, part
    return before.count("\n") + 1


def empty_entry(mall: Mall, folder: Path) -> MockConfigEntry:
    """Return the entry of a site that has nothing yet."""
    folder.mkdir(exist_ok=True)
    data = site_entry(mall, folder, price="1").data
    return MockConfigEntry(domain=DOMAIN, title="Riverside Mall", unique_id=SITE_KEY, data=data)


@asynccontextmanager
async def empty_site(hass: HomeAssistant, mall: Mall, folder: Path) -> AsyncIterator[CompereSite]:
    """Run a site that has nothing yet, in the mall's time."""
    entry = empty_entry(mall, folder)
    entry.add_to_hass(hass)
    with time_of(mall):
        assert await hass.config_entries.async_setup(entry.entry_id)
        try:
            yield entry.runtime_data
        finally:
            if entry.state is ConfigEntryState.LOADED:
                assert await hass.config_entries.async_unload(entry.entry_id)


async def imported(hass: HomeAssistant, site: CompereSite, text: str) -> tuple[int, int, int]:
    """Import a file that must be right; return how much is new, changed and as before."""
    answer = await ask(hass, "import_site", content=text)
    assert answer["faults"] == []
    await all_online(site)
    await all_begun(site)
    await hass.async_block_till_done()
    return answer["created"], answer["changed"], answer["unchanged"]


def everything(site: CompereSite) -> tuple[Any, ...]:
    """Return what an import could change: the book and the subentries."""
    subentries = {key: subentry.as_dict() for key, subentry in site.entry.subentries.items()}
    return content(Path(site.entry.data["ledger"])), subentries


async def faults_of(hass: HomeAssistant, site: CompereSite, text: str) -> list[dict[str, Any]]:
    """Import a file that is wrong; nothing changes. Return its faults."""
    before = everything(site)
    for dry_run in (True, False):
        answer = await ask(hass, "import_site", content=text, dry_run=dry_run)
        assert (answer["created"], answer["changed"], answer["unchanged"]) == (0, 0, 0)
        assert everything(site) == before
    faults: list[dict[str, Any]] = answer["faults"]
    assert faults
    return faults
