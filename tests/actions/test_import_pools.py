"""Pools, feeders and what units are, in a site file: imported, exported, changed, refused."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.allocation.premises import (
    PREMISES,
    premises_from,
    premises_on,
)
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES
from tests.actions.importing import (
    SMALL_PARTS,
    changed,
    empty_site,
    everything,
    faults_of,
    imported,
    small_file,
)
from tests.stories.telling import ask

NEW_PARTS = 3
"""A feeder and two pools."""


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site that has nothing yet."""
    async with empty_site(hass, mall, tmp_path) as site:
        yield site


def file_of(mall: Mall) -> str:
    """Return the small file with a feeder, two pools, and what two units are."""
    main = mall.meter("A-103").serial
    text = changed(
        small_file(mall),
        ("name: A-101, bus", "name: A-101, floor: Ground, labels: [food], floor_area: 80, bus"),
        ("name: Noodle House,", "name: Noodle House, persons: 4, opening_hours: 73.5,"),
        ("  - {number: A-102, name: Bubble Tea, meters:", "  - {number: A-102, name: Tea, meters:"),
    )
    return text + "\n".join(
        (
            "feeders:",
            f"  - {{name: Main, main: ['{main}'], meters: all, expected_loss: 2.5}}",
            "pools:",
            "  - name: Losses",
            "    valid_from: 2026-01-01",
            "    kind: energy",
            "    costs: [{losses: Main, tariff: Cheap}]",
            "    basis: energy",
            "  - name: Lifts",
            "    valid_from: 2026-03-01",
            "    costs:",
            "      - {bill: Lift maintenance, fixed: true}",
            "      - {pool: Losses, percent: 12.5}",
            "    basis: {floor_area: 60, percent: 40}",
            "    percent: {A-101: 12.5}",
            "    exclusions: [{account: A-102, from: [pool, denominator], contribution: 5}]",
            "",
        )
    )


async def pools_on(hass: HomeAssistant, day: str) -> dict[str, Any]:
    """Return what the pools say that there are on a day, by name."""
    pools = (await ask(hass, "get_pools", on=day))["pools"]
    return {pool["name"]: pool["content"] for pool in pools if pool["content"] is not None}


async def test_pools_come_and_go_with_the_file(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Imported twice nothing changes; what is exported is found unchanged."""
    text, parts = file_of(mall), SMALL_PARTS + NEW_PARTS
    dry = await ask(hass, "import_site", content=text, dry_run=True)
    assert (dry["created"], dry["faults"]) == (parts, [])
    assert await imported(hass, site, text) == (parts, 0, 0)
    before = everything(site)
    assert await imported(hass, site, text) == (0, 0, parts)
    exported = (await ask(hass, "export_site"))["content"]
    assert "floor: Ground, labels: [food], floor_area: 80" in exported
    assert "persons: 4, opening_hours: 73.5" in exported
    assert await imported(hass, site, exported) == (0, 0, parts + 2)
    assert everything(site) == before
    assert list(await pools_on(hass, "2026-02-01")) == ["Losses"]
    assert list(await pools_on(hass, "2026-03-01")) == ["Lifts", "Losses"]

    later = changed(text, ("    valid_from: 2026-03-01", "    valid_from: 2026-04-01"))
    later = changed(later, ("percent: {A-101: 12.5}", "percent: {A-101: 15}"))
    assert await imported(hass, site, later) == (1, 0, parts - 1)
    assert (await pools_on(hass, "2026-03-31"))["Lifts"]["percent"] == {NOODLES: "12.5"}
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_what_units_are_comes_with_the_file(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Where Home Assistant knows nothing of a floor or label, the file's counts."""
    await imported(hass, site, file_of(mall))
    documents = await site.ledger.read(lambda tx: tx.documents(PREMISES))
    found = premises_on(documents, date(2026, 1, 1))
    shop = found[f"meter:{mall.meter('A-101').serial}"]
    assert (shop.floor, shop.labels, shop.floor_area) == ("Ground", frozenset({"food"}), 80_000)
    account = found[f"account:{NOODLES}"]
    assert (account.persons, account.opening_minutes) == (4, 4410)
    assert premises_from() not in found.values()


async def test_what_contradicts_the_site_is_refused(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Versions that would change, names that are not there, and what the site's pools have."""
    text = file_of(mall)
    await imported(hass, site, text)
    edited = changed(text, ("percent: {A-101: 12.5}", "percent: {A-101: 15}"))
    (fault,) = await faults_of(hass, site, edited)
    assert fault["path"] == "pools[1].valid_from"
    assert fault["message"].startswith("this version is in force already and cannot change")
    edited = changed(text, ("expected_loss: 2.5", "expected_loss: 3"))
    (fault,) = await faults_of(hass, site, edited)
    assert fault["path"] == "feeders[0].valid_from"

    head = text.partition("\n")[0] + "\npolicies: [{name: Careful}]\n"
    only = head + (
        "tariffs: [{name: Cheap, valid_from: 2026-01-01, prices: {flat: 0.5}}]\n"
        "pools:\n"
        "  - {name: Stairs, valid_from: 2026-05-01, costs: [{meters: [ESC9], price: 1}], "
        "percent: {A-109: 5}}\n"
        "  - {name: Doors, valid_from: 2026-05-01, costs: [{bill: Lift maintenance}], "
        "basis: equal}\n"
    )
    faults = await faults_of(hass, site, only)
    assert [f"{one['line']}: {one['path']}: {one['message']}" for one in faults] == [
        "5: pools[0].costs[0].meters[0]: there is no meter 'ESC9'",
        "5: pools[0].percent.A-109: there is no account 'A-109', did you mean 'A-102'?",
        (
            "6: pools[1].costs[0].bill: 'Lift maintenance' is shared out more than once: "
            "Lifts 100 %, Doors 100 %, 200 % together"
        ),
    ]


async def test_a_pool_may_name_who_is_gone(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Tenants move out; the versions that named them are exported, and imported, all the same."""
    await imported(hass, site, file_of(mall))
    await ask(hass, "move_out", account=NOODLES, reason="moved")
    await hass.async_block_till_done()
    exported = (await ask(hass, "export_site"))["content"]
    assert "{number: A-101," not in exported
    assert "A-101: 12.5" in exported
    answer = await ask(hass, "import_site", content=exported)
    assert (answer["created"], answer["changed"], answer["faults"]) == (0, 0, [])
