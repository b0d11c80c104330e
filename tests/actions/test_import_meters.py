"""Importing meters as a table: from spreadsheets of all kinds, all of it or nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, refused
from tests.site_fixtures import all_begun, all_online, meter_subentry
from tests.stories.telling import ask

HEAD = "serial,name,bus,address,profile,area,floor_area,rated_power,breaker"
NAMES = (TEA, BAKERY)


@pytest.fixture
async def bare(hass: HomeAssistant, site: CompereSite, mall: Mall) -> CompereSite:
    """Take two of the three meters off the site: they stay on the line."""
    for name in NAMES:
        part = meter_subentry(mall, mall.meter(name))
        hass.config_entries.async_remove_subentry(site.entry, part.subentry_id)
    await hass.async_block_till_done()
    return site


def table(mall: Mall, *, delimiter: str = ",", breaker: str = "40") -> str:
    """Return a table of the two meters."""
    rows = [
        f"{mall.meter(name).serial},{name},East riser,{mall.meter(name).address},"
        f"compere_kpm33b,Food court,35.5,9,{breaker}"
        for name in NAMES
    ]
    return "\r\n".join([HEAD, *rows, ""]).replace(",", delimiter)


def parts(site: CompereSite) -> dict[str, Any]:
    """Return the site's subentries."""
    return {key: part.as_dict() for key, part in site.entry.subentries.items()}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
async def test_table_is_taken_in_once(
    hass: HomeAssistant, bare: CompereSite, mall: Mall, delimiter: str
) -> None:
    """Two new meters; the same table again changes nothing, a changed breaker one thing."""
    text = "\ufeff" + table(mall, delimiter=delimiter)
    before = parts(bare)
    answer = await ask(hass, "import_meters", content=text, dry_run=True)
    assert answer == {"created": 2, "changed": 0, "unchanged": 0, "faults": []}
    assert parts(bare) == before
    assert await ask(hass, "import_meters", content=text) == answer
    await all_online(bare)
    assert len(bare.meters) == 3
    after = parts(bare)
    again = await ask(hass, "import_meters", content=text)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 2)
    assert parts(bare) == after
    changed = table(mall).replace(",40\r\n", ",63\r\n", 1)
    answer = await ask(hass, "import_meters", content=changed)
    assert (answer["created"], answer["changed"], answer["unchanged"]) == (0, 1, 1)


FAULTS: list[tuple[str, Callable[[str], str], str, int | None]] = [
    ("address", lambda row: row.replace("East riser,2,", "East riser,300,"), "address", 2),
    ("bus", lambda row: row.replace("East riser,2", "Roof,2"), "bus", 2),
    ("profile", lambda row: row.replace("compere_kpm33b", "kpm33", 1), "profile", 2),
    ("breaker", lambda row: row.replace(",40\r\n", ",forty\r\n", 1), "breaker", 2),
    ("taken", lambda row: row.replace("East riser,3", "East riser,1"), "address", 3),
    ("twice", lambda row: row.replace("East riser,3", "East riser,2"), "address", 3),
    ("empty", lambda row: row.replace(",A-103,", ",,"), "", 3),
    ("column", lambda row: row.replace("breaker", "braeker"), "braeker", 1),
    ("cells", lambda row: row.replace("Food court", "Food, court", 1), "", 2),
    ("quote", lambda row: row.replace("Food court", '"Food court', 1), "", None),
    ("nothing", lambda _row: "\r\n\r\n", "", 1),
]


async def test_what_is_wrong_is_told_by_line_and_column(
    hass: HomeAssistant, bare: CompereSite, mall: Mall, figure: Callable[[str], None]
) -> None:
    """One wrong cell, and none of the table is taken in."""
    text, before = table(mall), parts(bare)
    for name, change, column, line in FAULTS:
        wrong = change(text)
        assert wrong != text, name
        answer = await ask(hass, "import_meters", content=wrong)
        assert (answer["created"], answer["changed"]) == (0, 0)
        assert parts(bare) == before
        places = [(fault["line"] if line else None, fault["column"]) for fault in answer["faults"]]
        assert (line, column) in places, (name, answer["faults"])
        assert all(fault["message"] for fault in answer["faults"])
    figure(f"import_meters: {len(FAULTS)} faulty tables refused, each by line and column")


async def test_other_codings_are_refused_in_words(
    hass: HomeAssistant, bare: CompereSite, mall: Mall, tmp_path: Path
) -> None:
    """A name that was guessed wrong would be worse than none."""
    for coding, area in (("gbk", "美食广场"), ("utf-16", "美食广场"), ("latin-1", "Café")):
        raw = table(mall).replace("Food court", area).encode(coding)
        await hass.async_add_executor_job((tmp_path / "meters.csv").write_bytes, raw)
        async with refused(bare, "file_not_utf8", file="meters.csv"):
            await ask(hass, "import_meters", file="meters.csv")


async def test_file_of_a_spreadsheet(
    hass: HomeAssistant, bare: CompereSite, mall: Mall, tmp_path: Path
) -> None:
    """UTF-8 with its mark, Chinese names, and a file that nobody may read."""
    raw = table(mall, delimiter=";").replace("Food court", "美食广场").encode("utf-8-sig")
    await hass.async_add_executor_job((tmp_path / "meters.csv").write_bytes, raw)
    answer = await ask(hass, "import_meters", file="meters.csv")
    assert answer["created"] == 2
    assert {meter.data["area"] for meter in bare.meters.values()} == {"Food court", "美食广场"}
    await all_online(bare)
    await all_begun(bare)  # with the account that the meters belong to still
    async with refused(bare, "file_not_allowed", file="/etc/passwd"):
        await ask(hass, "import_meters", file="/etc/passwd")
    async with refused(bare, "meters_missing_file"):
        await ask(hass, "import_meters")


async def test_what_was_found_on_site_stays(
    hass: HomeAssistant, bare: CompereSite, mall: Mall
) -> None:
    """A table that does not speak of the unit of powers leaves it as it was found."""
    text = (
        table(mall)
        .replace("breaker\r\n", "breaker,power_scale\r\n")
        .replace(",40\r\n", ",40,1000\r\n")
    )
    await ask(hass, "import_meters", content=text)
    serial = MeterSerial(mall.meter(TEA).serial)
    assert bare.meters[serial].data["power_scale"] == 1000
    answer = await ask(hass, "import_meters", content=table(mall))
    assert answer["unchanged"] == 2
    assert bare.meters[serial].data["power_scale"] == 1000
    content = (await ask(hass, "export_site"))["content"]
    assert "power_scale: 1000" in content
    answer = await ask(hass, "import_site", content=content.replace(", power_scale: 1000", ""))
    assert (answer["created"], answer["faults"]) == (0, [])
    assert bare.meters[serial].data["power_scale"] == 1000
    answer = await ask(hass, "import_site", content=content)
    assert (answer["created"], answer["changed"], answer["faults"]) == (0, 0, [])
    assert NOODLES in {meter.name for meter in bare.meters.values()}
