"""`import_site` and `export_site`: a whole site as one file, all of it or nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.site_file import parse_site_file
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from simulator.tenants import mall_plan
from tests.actions.asking import NOODLES, TEA, named_as_cashiers, refused
from tests.actions.importing import (
    LINE,
    SMALL_PARTS,
    changed,
    empty_site,
    everything,
    faults_of,
    file_of,
    imported,
    line_of,
    small_file,
    without,
)
from tests.site_fixtures import MONDAY_NOON, bus_subentry, meter_subentry, stored
from tests.stories.telling import ask


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site that has nothing yet."""
    async with empty_site(hass, mall, tmp_path) as site:
        yield site


async def test_the_whole_mall(hass: HomeAssistant, tmp_path: Path, socket_enabled: None) -> None:
    """The mall and what its shops share: imported twice, exported, moved to a new site."""
    mall = Mall.build(mall_plan(pace=False), clock=ManualClock(MONDAY_NOON))
    parts = 4 + 30 + 24 + 3 + 2 + 1 + 5
    async with mall:
        async with empty_site(hass, mall, tmp_path / "old") as site:
            assert await imported(hass, site, file_of(mall)) == (
                parts,
                0,
                1,
            )  # a policy is as it was
            assert (len(site.buses), len(site.meters), len(site.accounts)) == (4, 33, 24)
            before = everything(site)
            assert await imported(hass, site, file_of(mall)) == (0, 0, parts + 1)
            exported = (await ask(hass, "export_site"))["content"]
            assert await imported(hass, site, exported) == (0, 0, parts + 2)
            assert everything(site) == before
            was, now = (parse_site_file(text, file="") for text in (file_of(mall), exported))
            assert (was.buses, was.meters, was.accounts) == (now.buses, now.meters, now.accounts)
            assert [tariff for tariff in now.tariffs if tariff in was.tariffs] == sorted(
                was.tariffs, key=lambda tariff: tariff.name
            )
            assert all(policy in now.policies for policy in was.policies)
            entry_id = site.entry.entry_id
            assert (await ask(hass, "verify_ledger"))["ok"]
        await hass.config_entries.async_remove(entry_id)
        async with empty_site(hass, mall, tmp_path / "new") as site:
            assert await imported(hass, site, exported) == (parts, 0, 2)
            assert (await ask(hass, "export_site"))["content"] == exported
            answer = await ask(hass, "get_account", account="A-107")
            assert (answer["balance"], answer["supply_state"]) == ("31.20", "warning")


async def test_dry_run_changes_nothing(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """It counts as the import would, and finds as much; nothing comes of it."""
    before = everything(site)
    answer = await ask(hass, "import_site", content=small_file(mall), dry_run=True)
    assert answer == {"created": SMALL_PARTS, "changed": 0, "unchanged": 0, "faults": []}
    assert everything(site) == before
    assert len(dr.async_entries_for_config_entry(dr.async_get(hass), site.entry.entry_id)) == 1
    assert await imported(hass, site, small_file(mall)) == (SMALL_PARTS, 0, 0)
    before = everything(site)
    other = changed(
        small_file(mall), ("name: Noodle House", "name: Ramen House"), ("[100, 50]", "[120, 50]")
    )
    answer = await ask(hass, "import_site", content=other, dry_run=True)
    assert (answer["created"], answer["changed"], answer["unchanged"]) == (0, 2, SMALL_PARTS - 2)
    assert everything(site) == before
    assert (await ask(hass, "get_account", account=NOODLES))["name"] == "Noodle House"


async def test_a_file_of_the_configuration_folder(
    hass: HomeAssistant, mall: Mall, site: CompereSite, tmp_path: Path
) -> None:
    """A file is read where Home Assistant may read, and nowhere else."""
    inside, outside = tmp_path / "config", tmp_path / "elsewhere"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "mall.yaml").write_text(small_file(mall), "utf-8")
    (inside / "picture.yaml").write_bytes(b"\x89PNG\xff\xfe")
    (inside / "link.yaml").symlink_to(outside / "mall.yaml")
    hass.config.config_dir = str(inside)
    for file, key in (
        (str(outside / "mall.yaml"), "file_not_allowed"),
        ("../elsewhere/mall.yaml", "file_not_allowed"),
        ("link.yaml", "file_not_allowed"),
        ("nothing.yaml", "file_unreadable"),
        ("picture.yaml", "file_unreadable"),
        (".", "file_unreadable"),
    ):
        async with refused(site, key, file=file):
            await ask(hass, "import_site", file=file)
    answer = await ask(hass, "import_site", file="mall.yaml")
    assert (answer["created"], answer["faults"]) == (SMALL_PARTS, [])
    hass.config.allowlist_external_dirs = {str(outside)}
    answer = await ask(hass, "import_site", file=str(outside / "mall.yaml"))
    assert (answer["unchanged"], answer["faults"]) == (SMALL_PARTS, [])


async def test_either_text_or_file(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Neither or both is no import."""
    async with refused(site, "site_file_missing"):
        await ask(hass, "import_site")
    async with refused(site, "site_file_missing"):
        await ask(hass, "import_site", content=small_file(mall), file="mall.yaml")


async def test_sites_are_for_administrators(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str, boss: str
) -> None:
    """Neither a user nor a cashier imports or exports."""
    for _ in range(2):
        async with refused(site, "not_allowed", user="Anna"):
            await ask(hass, "import_site", anna, content=small_file(mall))
        async with refused(site, "not_allowed", user="Anna"):
            await ask(hass, "export_site", anna)
        named_as_cashiers(hass, site, anna)
    answer = await ask(hass, "import_site", boss, content=small_file(mall))
    assert answer["created"] == SMALL_PARTS


# -- what is wrong with a file -------------------------------------------------------------------

WRONG = """\
site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}
buses:
  - {name: East riser, transport: rtu_tcp, host: 127.0.0.1, port: 15020}
  - {name: West riser, transport: rtu_tcp, host: 127.0.0.1, port: 15020}
  - {name: Roof, transport: pigeon}
meters:
  - {serial: S1, name: A, bus: East riser, address: 1, profile: compere_kpm33b, breaker: 40}
  - {serial: S1, name: B, bus: East riser, address: 1, profile: compere_kpm33b, breaker: 40}
  - {serial: S3, name: C, bus: West riser, address: 0, profile: compere_kpm33b, braker: 40}
accounts:
  - {number: A, name: Noodles, meters: [S1], tariff: Flat, policy: Standard}
  - number: B
    name: Tea
    meters: [S1, S9]
    tariff: Flatt
    policy: Standard
    opening_balance: 1.234
tariffs:
  - {name: Flat, valid_from: 2026-02-30, prices: {flat: -1}}
policies:
  - {name: Standard, warning_levels: [100, 50], reconnect: later}
"""


async def test_every_fault_is_told_with_its_line(hass: HomeAssistant, site: CompereSite) -> None:
    """All at once, each where it stands in the file, and nothing is applied."""
    faults = await faults_of(hass, site, WRONG)
    assert [(fault["line"], fault["path"]) for fault in faults] == [
        (4, "buses[1].host"),
        (5, "buses[2].transport"),
        (8, "meters[1].address"),
        (8, "meters[1].serial"),
        (9, "meters[2]"),
        (9, "meters[2].address"),
        (9, "meters[2].braker"),
        (14, "accounts[1].meters[0]"),
        (14, "accounts[1].meters[1]"),
        (15, "accounts[1].tariff"),
        (17, "accounts[1].opening_balance"),
        (19, "tariffs[0].prices.flat"),
        (19, "tariffs[0].valid_from"),
        (21, "policies[0].reconnect"),
    ]
    messages = {fault["path"]: fault["message"] for fault in faults}
    assert "did you mean 'breaker'?" in messages["meters[2].braker"]
    assert "did you mean 'Flat'?" in messages["accounts[1].tariff"]
    assert "line 7" in messages["meters[1].serial"]


async def test_who_asks_for_no_answer_gets_an_error(hass: HomeAssistant, site: CompereSite) -> None:
    """An automation without a response variable must not take silence for success."""
    before = everything(site)
    call = {"content": WRONG}
    with pytest.raises(ServiceValidationError) as refusal:
        await hass.services.async_call(DOMAIN, "import_site", call, blocking=True)
    assert refusal.value.translation_key == "document_invalid"
    text = str(refusal.value)
    assert "line 4: buses[1].host:" in text
    assert "line 21: policies[0].reconnect:" in text
    assert everything(site) == before


async def test_what_is_no_site_file(
    hass: HomeAssistant, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """Whatever it is instead, it is said where reading ended."""
    for text, line in (
        ("", 1),
        ("site", 1),
        ("- site", 1),
        ("site: {name: Riverside Mall\n", 2),
        ("site:\n  name: A\n\tcurrency: CNY\n", 3),
        ("site: &a {name: A}\nbuses: [*a]\n", 2),
        ("site: {}\nsite: {}\n", 2),
    ):
        with subtests.test(text=text):
            faults = await faults_of(hass, site, text)
            assert line in {fault["line"] for fault in faults}


async def test_another_sites_file(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Name, currency, zone and kind of money must be this site's, and each that is not is named."""
    text = changed(
        small_file(mall),
        ("name: Riverside Mall, currency: CNY", "name: Hillside Mall, currency: HKD"),
        ("Asia/Shanghai", "Asia/Hong_Kong, kind: sandbox"),
    )
    faults = await faults_of(hass, site, text)
    assert [(fault["line"], fault["path"]) for fault in faults] == [
        (1, "site.currency"),
        (1, "site.kind"),
        (1, "site.name"),
        (1, "site.time_zone"),
    ]
    assert "HKD" in faults[0]["message"]


async def test_what_contradicts_the_site(
    hass: HomeAssistant, mall: Mall, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """What is taken, unknown here or not in force is found before anything is applied."""
    text = small_file(mall)
    await imported(hass, site, text)
    noodles, tea = (f'"{mall.meter(name).serial}"' for name in (NOODLES, TEA))
    cases = {
        "address of a meter outside the file": (
            changed(
                without(text, "Noodle House", f"serial: {noodles}"),
                (", address: 2", ", address: 1"),
            ),
            "meters[0].address",
            f"A-101 ({mall.meter(NOODLES).serial}) has this address on East riser already",
        ),
        "meter of an account outside the file": (
            changed(without(text, "Bubble Tea"), (f"[{noodles}]", f"[{noodles}, {tea}]")),
            "accounts[0].meters[1]",
            "supplies account A-102 already",
        ),
        "model that nobody described": (
            changed(text, ("1, profile: compere_kpm33b", "1, profile: kpm34")),
            "meters[0].profile",
            "known are acrel_ddsy1352, acrel_dtsy1352, compere_",
        ),
        "version that is in force": (
            changed(text, ("{flat: 1}", "{flat: 1.1}")),
            "tariffs[0].valid_from",
            "give the new prices another valid_from",
        ),
        "tariff without prices for today": (
            changed(
                text,
                ("Cheap, valid_from: 2026-01-01", "Later, valid_from: 2026-03-03"),
                (
                    "tariff: Flat, policy: Careful, opening_balance: 200}\n  - {number: A-102",
                    "tariff: Later, policy: Careful, opening_balance: 200}\n  - {number: A-102",
                ),
            ),
            "accounts[0].tariff",
            "'Later' has no prices before 2026-03-03",
        ),
        "line of another bus": (
            text.replace("East riser", "First riser"),
            "buses[0].host",
            "East riser of Riverside Mall",
        ),
    }
    for what, (wrong, path, message) in cases.items():
        with subtests.test(what):
            faults = await faults_of(hass, site, wrong)
            assert [fault["path"] for fault in faults] == [path]
            assert message in faults[0]["message"]
            last = path.rsplit(".", 1)[0].partition("[")
            group, index = last[0], int(last[2].removesuffix("]"))
            assert faults[0]["line"] == line_of(wrong, f"{group}:") + 1 + index


async def test_what_belongs_to_another_site(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A line has one owner and a meter one site, whatever the file says."""
    meter = mall.meter(TEA)
    MockConfigEntry(
        domain=DOMAIN,
        title="Hillside Mall",
        unique_id="hillside_mall",
        subentries_data=[
            stored(bus_subentry(mall, LINE)),
            stored(meter_subentry(mall, meter)),
        ],
    ).add_to_hass(hass)
    entry_id = site.entry.entry_id
    answer = await ask(hass, "import_site", content=small_file(mall), config_entry_id=entry_id)
    line, other = answer["faults"]
    assert (line["path"], other["path"]) == ("buses[0].host", "meters[1].serial")
    endpoint = f"127.0.0.1:{mall.port(LINE)}"
    assert f"the bus {LINE} of Hillside Mall goes to {endpoint} already" in line["message"]
    assert f"{meter.serial} belongs to the site Hillside Mall already" in other["message"]
    assert site.entry.subentries == {}


async def test_a_ledger_that_refuses_stops_all(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Nothing of a file is applied when its rules cannot be written; looking is still allowed."""
    site.ledger.make_read_only("a row is gone")
    async with refused(site, "ledger_read_only", error=HomeAssistantError, reason="a row is gone"):
        await ask(hass, "import_site", content=small_file(mall))
    answer = await ask(hass, "import_site", content=small_file(mall), dry_run=True)
    assert answer["created"] == SMALL_PARTS
