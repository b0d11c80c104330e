"""Importing a changed file into a running site: what follows, for meters, money and power."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.records import TermKind
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.gateways import GatewayEndpoint
from simulator.mall import Mall
from simulator.tenants import MallPlan, mall_plan
from tests.actions.asking import BAKERY, NOODLES, TEA
from tests.actions.importing import (
    LINE,
    SMALL_PARTS,
    changed,
    empty_site,
    file_of,
    imported,
    small_file,
)
from tests.site_fixtures import MONDAY_NOON, expected_event, read_again, use
from tests.stories.telling import ask, burn, verified


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site into which the small file was imported."""
    async with empty_site(hass, mall, tmp_path) as site:
        assert await imported(hass, site, small_file(mall)) == (SMALL_PARTS, 0, 0)
        for serial in site.meters:  # from here on their accounts are charged
            await read_again(site, serial)
        yield site


async def _generation(site: CompereSite, name: str, mall: Mall) -> int:
    serial = MeterSerial(mall.meter(name).serial)
    return await site.ledger.read(lambda tx: tx.last_generation(serial))


async def _balance(hass: HomeAssistant, number: str) -> str:
    balance: str = (await ask(hass, "get_account", account=number))["balance"]
    return balance


async def test_importing_never_reloads(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """The same site goes on running, its entities stay; what was changed is what changed."""
    before = dict(er.async_get(hass).entities)
    text = changed(small_file(mall), ("name: Bubble Tea", "name: Jasmine Tea"))
    assert await imported(hass, site, text) == (0, 1, SMALL_PARTS - 1)
    assert site.entry.runtime_data is site
    assert set(er.async_get(hass).entities) == set(before)
    assert (await ask(hass, "get_account", account=TEA))["name"] == "Jasmine Tea"


async def test_changed_address(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A meter at a new address goes on in its register generation: each Wh is charged once."""
    meter = mall.meter(NOODLES)
    start = meter.true_wh
    await burn(mall, site, NOODLES, 1500)
    meter.address = 77
    use(mall, NOODLES, watts=20_000, seconds=360)
    assert await imported(hass, site, small_file(mall)) == (0, 1, SMALL_PARTS - 1)
    await burn(mall, site, NOODLES, 700)
    await site.charging.settle_all("test")
    used = meter.true_wh - start
    assert used == 1500 + 2000 + 700
    assert await verified(hass) == (used, used)
    assert await _generation(site, NOODLES, mall) == 1
    assert await _balance(hass, NOODLES) == "195.80"


async def test_swapped_addresses(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Two meters that changed places are found again by their serial numbers."""
    first, second = mall.meter(NOODLES), mall.meter(TEA)
    await burn(mall, site, NOODLES, 1000)
    await burn(mall, site, TEA, 100)
    first.address, second.address = 2, 1
    assert await imported(hass, site, small_file(mall)) == (0, 2, SMALL_PARTS - 2)
    await burn(mall, site, NOODLES, 500)
    await burn(mall, site, TEA, 50)
    assert (await _balance(hass, NOODLES), await _balance(hass, TEA)) == ("198.50", "199.85")


async def test_changed_port(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A line that moved to another gateway goes on there: each Wh is charged once."""
    meter = mall.meter(NOODLES)
    start = meter.true_wh
    before = small_file(mall)
    await burn(mall, site, NOODLES, 1500)
    await mall.unplug(LINE)
    mall.endpoints[LINE] = GatewayEndpoint(mall.lines[LINE], 0)
    await mall.plug_in(LINE)
    assert small_file(mall) != before
    use(mall, NOODLES, watts=20_000, seconds=360)
    assert await imported(hass, site, small_file(mall)) == (0, 1, SMALL_PARTS - 1)
    await burn(mall, site, NOODLES, 700)
    await site.charging.settle_all("test")
    used = meter.true_wh - start
    assert await verified(hass) == (used, used)
    assert await _generation(site, NOODLES, mall) == 1
    assert await _balance(hass, NOODLES) == "195.80"


async def test_two_lines_swap_their_places(
    hass: HomeAssistant, tmp_path: Path, socket_enabled: None
) -> None:
    """Cables that were plugged in the wrong way round are put right in one import."""
    plan = mall_plan(pace=False)
    names = [line.name for line in plan.lines[:2]]
    meters = {name: plan.meters[name][:1] for name in names}
    tenants = {meter.name: meter.name for own in meters.values() for meter in own}
    small = MallPlan(lines=plan.lines[:2], meters=meters, tenants=tenants)
    async with (
        Mall.build(small, clock=ManualClock(MONDAY_NOON)) as mall,
        empty_site(hass, mall, tmp_path) as site,
    ):
        right = file_of(mall)
        ports = [f"port: {mall.port(name)}," for name in names]
        wrong = changed(right, (ports[0], "?"), (ports[1], ports[0]), ("?", ports[1]))
        answer = await ask(hass, "import_site", content=wrong)
        assert answer["faults"] == []
        created, changes, _ = await imported(hass, site, right)
        assert (created, changes) == (0, 2)
        assert all(meter.coordinator.online for meter in site.meters.values())


async def test_changed_prices_begin_on_their_day(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A new version is in force from its first day on: what was used before costs as before."""
    assert isinstance(mall.clock, ManualClock)
    await burn(mall, site, NOODLES, 1000)
    version = "  - {name: Flat, valid_from: 2026-03-03, prices: {flat: 3}}"
    text = changed(small_file(mall), ("policies:", f"{version}\npolicies:"))
    assert await imported(hass, site, text) == (1, 0, SMALL_PARTS)
    assert (await ask(hass, "get_account", account=NOODLES))["price"] == "1.000000"
    mall.clock.advance(hours=10)  # to two hours before midnight
    await burn(mall, site, NOODLES, 1000)
    use(mall, NOODLES, watts=1000, seconds=4 * 3600)  # across midnight
    await read_again(site, mall.meter(NOODLES).serial)
    assert (await ask(hass, "get_account", account=NOODLES))["price"] == "3.000000"
    before = 2000 + 1900  # twice three minutes of the day went by while the first two were used
    expected = 200 - before / 1000 - 3 * (6000 - before) / 1000
    assert await _balance(hass, NOODLES) == f"{expected:.2f}"
    await site.charging.settle_all("test")
    assert await verified(hass) == (6000, 6000)


async def test_prices_of_today(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A version that begins today holds from the import on, for all accounts of the tariff."""
    await burn(mall, site, NOODLES, 1000)
    version = "  - {name: Flat, valid_from: 2026-03-02, prices: {flat: 3}}"
    text = changed(small_file(mall), ("policies:", f"{version}\npolicies:"))
    assert await imported(hass, site, text) == (1, 0, SMALL_PARTS)
    for number in (NOODLES, TEA):
        assert (await ask(hass, "get_account", account=number))["price"] == "3.000000"
    await burn(mall, site, NOODLES, 1000)
    assert await _balance(hass, NOODLES) == "196.00"
    await site.charging.settle_all("test")
    assert await verified(hass) == (2000, 2000)


@pytest.mark.parametrize("seconds", [0, 60])
async def test_policy_changed_twice_on_one_day(
    hass: HomeAssistant, mall: Mall, site: CompereSite, seconds: int
) -> None:
    """The latest is in force for all accounts that have it, also when the clock stood still."""
    assert isinstance(mall.clock, ManualClock)
    for levels, state in (("[300]", "warning"), ("[100, 50]", "in_credit"), ("[250]", "warning")):
        mall.clock.advance(seconds=seconds)
        text = changed(small_file(mall), ("[100, 50]", levels))
        assert await imported(hass, site, text) == (0, 1, SMALL_PARTS - 1)
        assert (await ask(hass, "get_account", account=NOODLES))["supply_state"] == state
    assert "warning_levels: [250]" in (await ask(hass, "export_site"))["content"]
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    assert (await ask(hass, "get_account", account=NOODLES))["supply_state"] == "warning"


async def test_policy_that_cuts(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Rules that were tightened below an account's feet are carried out at once."""
    text = changed(small_file(mall), ("[100, 50]}", "[300], cut_off: 250}"))
    async with expected_event(hass, "cut_off", account=NOODLES):
        assert await imported(hass, site, text) == (0, 1, SMALL_PARTS - 1)
    async with expected_event(hass, "restored", account=NOODLES):
        await imported(hass, site, small_file(mall))


async def test_credit_limit_of_a_policy(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """It counts for the policy's accounts, but not for one that agreed on a limit of its own."""
    await site.agreements.set_credit_limit([TEA], site.currency.parse(7), "boss")
    text = changed(small_file(mall), ("[100, 50]}", "[100, 50], credit_limit: 30}"))
    assert await imported(hass, site, text) == (0, 1, SMALL_PARTS - 1)
    for number, limit in ((NOODLES, "30.00"), (TEA, "7.00")):
        assert (await ask(hass, "get_account", account=number))["credit_limit"] == limit


TERMS = "tariff: Flat, policy: Careful, opening_balance: 200}\n  - {number: A-102"
"""The end of the first account and the beginning of the second."""


async def test_another_tariff_for_an_account(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """It is dated and signed; what was used before it costs as before, and a repeat is none."""
    await burn(mall, site, NOODLES, 1000)
    text = changed(
        small_file(mall),
        ("Noodle House", "Ramen House"),
        (TERMS, TERMS.replace("Flat, policy: Careful", "Cheap, policy: Standard")),
        ("policies:", "policies:\n  - {name: Standard, warning_levels: [100, 50]}"),
    )
    for dry_run in (True, False):
        answer = await ask(hass, "import_site", boss, content=text, dry_run=dry_run)
        assert (answer["created"], answer["changed"], answer["unchanged"]) == (0, 1, SMALL_PARTS)
    now = site.clock.now()
    term = await site.ledger.read(lambda tx: tx.term(AccountNumber(NOODLES), TermKind.TARIFF, now))
    assert term is not None
    assert (term.value, term.valid_from, term.user) == ("Cheap", now, boss)
    await burn(mall, site, NOODLES, 1000)
    answer = await ask(hass, "get_account", account=NOODLES)
    assert (answer["balance"], answer["price"]) == ("198.50", "0.500000")
    assert (answer["name"], answer["tariff"]) == ("Ramen House", "Cheap")
    assert answer["policy"] == "Standard"
    assert await imported(hass, site, text) == (0, 0, SMALL_PARTS + 1)
    assert (await ask(hass, "export_site"))["content"].count("tariff: Cheap") == 1
    await site.charging.settle_all("test")
    assert await verified(hass) == (2000, 2000)


async def test_meter_moved_to_another_account(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Each pays what was used while it was theirs: the meter is read when it changes hands."""
    meter = mall.meter(BAKERY)
    start = meter.true_wh
    await burn(mall, site, BAKERY, 1000)
    use(mall, BAKERY, watts=20_000, seconds=360)  # 2 kWh that nobody has read yet
    noodles, bakery = (f'"{mall.meter(name).serial}"' for name in (NOODLES, BAKERY))
    text = changed(
        small_file(mall), (f", {bakery}]", "]"), (f"[{noodles}]", f"[{noodles}, {bakery}]")
    )
    assert await imported(hass, site, text) == (0, 2, SMALL_PARTS - 2)
    assert await _balance(hass, TEA) == "197.00"
    await read_again(site, meter.serial)
    await burn(mall, site, BAKERY, 500)
    assert (await _balance(hass, NOODLES), await _balance(hass, TEA)) == ("199.50", "197.00")
    assert await _generation(site, BAKERY, mall) == 2
    await site.charging.settle_all("test")
    used = meter.true_wh - start
    assert await verified(hass) == (used, used)
    assert await imported(hass, site, text) == (0, 0, SMALL_PARTS)


async def test_account_that_comes_back(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """An account that was removed and is imported again goes on with its money, at new terms."""
    await ask(hass, "top_up", account=NOODLES, amount=5)
    subentry = site.accounts[AccountNumber(NOODLES)].subentry_id
    hass.config_entries.async_remove_subentry(site.entry, subentry)
    await hass.async_block_till_done()
    assert NOODLES not in site.book.accounts
    other = TERMS.replace("tariff: Flat", "tariff: Cheap").replace("200", "900")
    text = changed(small_file(mall), (TERMS, other))
    assert await imported(hass, site, text) == (1, 0, SMALL_PARTS - 1)
    answer = await ask(hass, "get_account", account=NOODLES)
    assert (answer["balance"], answer["tariff"]) == ("205.00", "Cheap")
    assert await imported(hass, site, text) == (0, 0, SMALL_PARTS)


async def test_two_imports_at_once(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """An impatient second click finds what the first one has done."""
    text = changed(small_file(mall), ("[100, 50]", "[120]"), ("Noodle House", "Ramen House"))
    answers = await asyncio.gather(
        *(ask(hass, "import_site", content=text, dry_run=False) for _ in range(2))
    )
    assert sorted(answer["changed"] for answer in answers) == [0, 2]
    assert await imported(hass, site, text) == (0, 0, SMALL_PARTS)


async def test_how_a_tenant_is_told(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Channels and language come with the file, stay when it is silent, and go when it says so."""
    plain = small_file(mall)
    told = changed(
        plain, ("name: Bubble Tea,", "name: Bubble Tea, notify: [notify.tea], language: en,")
    )
    assert await imported(hass, site, told) == (0, 1, SMALL_PARTS - 1)
    assert await imported(hass, site, told) == (0, 0, SMALL_PARTS)
    assert await imported(hass, site, plain) == (0, 0, SMALL_PARTS)
    data = site.accounts[AccountNumber(TEA)].data
    assert (data["notify"], data["language"]) == (["notify.tea"], "en")
    exported = (await ask(hass, "export_site"))["content"]
    assert "notify: [notify.tea], language: en}" in exported
    silent = changed(plain, ("name: Bubble Tea,", "name: Bubble Tea, notify: [],"))
    assert await imported(hass, site, silent) == (0, 1, SMALL_PARTS - 1)
    assert "notify" not in site.accounts[AccountNumber(TEA)].data
