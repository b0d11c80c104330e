"""A site starts, stops and starts again; only its ledger can keep it from starting.

What is wrong is said in words, and whatever is wrong with the ledger, no relay moves for it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid import async_remove_config_entry_device
from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from tests.actions.asking import TEXTS
from tests.site_fixtures import (
    GUARD_S,
    SITE_KEY,
    account_entity,
    all_online,
    entity_of,
    expected_event,
    one_line_mall,
    read_again,
    site_entry,
    state_of,
    state_when,
    time_of,
    use,
)
from tests.stories.telling import PRICE, ask, before_the_command, relay_settled
from tests.tampering import RICHER, tamper

SHOP = "A-101"
LINE = "East riser"


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of two shops, and live in its time."""
    async with one_line_mall(2) as mall:
        with time_of(mall):
            yield mall


@pytest.fixture
async def entry(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[MockConfigEntry]:
    """Return the entry of a site that was not set up yet; it is unloaded in the end."""
    entry = site_entry(mall, tmp_path, price=PRICE, opening_balance="10")
    entry.add_to_hass(hass)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)


async def _set_up(hass: HomeAssistant, entry: MockConfigEntry) -> CompereSite:
    assert await hass.config_entries.async_setup(entry.entry_id)
    site: CompereSite = entry.runtime_data
    return site


def _issues(hass: HomeAssistant) -> dict[str, dict[str, str] | None]:
    """Return what waits for a person: its kind, and what fills its text."""
    return {
        issue.translation_key or issue.issue_id: issue.translation_placeholders
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active
    }


async def _issue(hass: HomeAssistant, kind: str) -> dict[str, str]:
    """Wait for an issue; return what fills its text."""
    happened = asyncio.Event()
    stop = hass.bus.async_listen(
        ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED,
        callback(lambda _: happened.set() if kind in _issues(hass) else None),
    )
    try:
        if kind not in _issues(hass):
            async with asyncio.timeout(GUARD_S):
                await happened.wait()
    finally:
        stop()
    return _issues(hass)[kind] or {}


async def test_starts_stops_and_starts_again(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """A stop posts what was used, lets go of line and ledger; a start goes on from there."""
    meter = mall.meter(SHOP)
    for turn in (1, 2, 3):
        site = await _set_up(hass, entry)
        await all_online(site)
        await read_again(site, meter.serial)  # none is under way when time jumps
        use(mall, SHOP, watts=10_000, seconds=360)
        await read_again(site, meter.serial)
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert entry.state is ConfigEntryState.NOT_LOADED
        balance = account_entity(hass, "number", SHOP, "balance")
        assert state_of(hass, balance).state == "unavailable"
        ledger = await _second_instance(entry)
        found = await ledger.verify()
        assert (found.charged_wh, found.register_wh) == (1000 * turn, 1000 * turn)
        await ledger.close()
    assert _issues(hass) == {}


async def test_reloads(hass: HomeAssistant, mall: Mall, entry: MockConfigEntry) -> None:
    """A reload is a stop and a start: the same entities, the same money."""
    before = await _set_up(hass, entry)
    await all_online(before)
    assert await hass.config_entries.async_reload(entry.entry_id)
    site: CompereSite = entry.runtime_data
    assert site is not before
    await all_online(site)
    balance = account_entity(hass, "number", SHOP, "balance")
    assert float(state_of(hass, balance).state) == 10
    answer = await ask(hass, "top_up", account=SHOP, amount=5)
    assert answer["accounts"][SHOP]["balance"] == "15.00"


# -- a ledger that cannot be opened --------------------------------------------------------------


def _file(entry: MockConfigEntry) -> Path:
    return Path(entry.data["ledger"])


async def _second_instance(entry: MockConfigEntry, currency: str = "CNY") -> DatabaseLedger:
    """Open the site's ledger as another Home Assistant would."""
    return await DatabaseLedger.open(
        place=_file(entry),
        site=SITE_KEY,
        currency=Currency.of(currency),
        clock=SystemClock(),
        holder="another one",
    )


async def _waits(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> dict[str, str]:
    """Expect that the site does not start, says why, and tries again; return what it names."""
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == key
    given = entry.error_reason_translation_placeholders or {}
    assert entry.reason == TEXTS[key]["message"].format(**given).rstrip(".")
    return dict(given)


async def test_folder_in_the_place_of_the_ledger(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """What stands where the ledger should be is named; once it is gone, the site starts."""
    _file(entry).mkdir()
    given = await _waits(hass, entry, "ledger_not_writable")
    assert given["path"] == entry.data["ledger"]
    _file(entry).rmdir()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_folder_that_cannot_be_made(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """A file where a folder should be is no place for a ledger."""
    (tmp_path / "file").touch()
    entry = site_entry(mall, tmp_path / "file")
    entry.add_to_hass(hass)
    given = await _waits(hass, entry, "ledger_not_writable")
    assert given["path"] == str(tmp_path / "file" / "ledger.db")


async def test_file_that_is_no_ledger(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """Something else under the ledger's name is left as it is."""
    minutes = b"Minutes of the tenants' meeting\n" * 100
    _file(entry).write_bytes(minutes)
    await _waits(hass, entry, "ledger_damaged")
    assert _file(entry).read_bytes() == minutes


async def test_ledger_of_another_currency(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """Yen are not counted as yuan: both currencies are named, nothing is touched."""
    await (await _second_instance(entry, "JPY")).close()
    given = await _waits(hass, entry, "ledger_other_currency")
    assert (given["currency"], given["found"]) == ("CNY", "JPY")


async def test_ledger_of_a_later_version(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """What a later version wrote is not guessed at."""
    await (await _second_instance(entry)).close()
    tamper(_file(entry), "UPDATE book SET schema_version = schema_version + 1")
    await _waits(hass, entry, "ledger_newer")


# -- a ledger that is not to be trusted ----------------------------------------------------------


@contextmanager
def no_relay_command() -> Iterator[None]:
    """Expect that no relay is commanded in the block."""
    with patch.object(SimulatedMeter, "command_relay") as command:
        yield
    assert not command.called


async def _run_out_with_the_relay_still_closed(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """Stop between the decision to cut and the command."""
    site = await _set_up(hass, entry)
    await all_online(site)
    use(mall, SHOP, watts=10_000, seconds=3600)
    with before_the_command():
        async with expected_event(hass, "cut_off", account=SHOP):
            await read_again(site, mall.meter(SHOP).serial)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert mall.meter(SHOP).relay_closed


async def test_tampered_ledger_holds_relays_as_they_are(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """The site starts to show what there is; nothing is written or switched, an issue says why."""
    await _run_out_with_the_relay_still_closed(hass, mall, entry)
    tamper(_file(entry), RICHER)
    with no_relay_command():
        site = await _set_up(hass, entry)
        assert entry.state is ConfigEntryState.LOADED
        await all_online(site)
        await read_again(site, mall.meter(SHOP).serial)
        await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    reason = _issues(hass)["ledger_read_only"]
    assert reason is not None
    assert "was changed after it was booked" in reason["error"]
    ledger_ok = entity_of(hass, "binary_sensor", f"{SITE_KEY}_site_ledger_ok")
    assert state_of(hass, ledger_ok).state == "on"  # device class problem
    answer = await ask(hass, "get_account", account=SHOP)
    assert (answer["supply_state"], answer["meters"][0]["relay"]) == ("off", "closed")
    with no_relay_command(), pytest.raises(Exception, match="read-only") as refusal:
        await ask(hass, "top_up", account=SHOP, amount=100)
    assert refusal.value.translation_key == "ledger_read_only"  # type: ignore[attr-defined]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_without_tampering_the_relay_would_open(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """The control: the same start with a sound ledger carries the decision out."""
    await _run_out_with_the_relay_still_closed(hass, mall, entry)
    site = await _set_up(hass, entry)
    await all_online(site)
    await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    assert not mall.meter(SHOP).relay_closed


async def test_two_instances_on_one_ledger(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """Who opened it last writes; the other one stands still, says so, and may take it back."""
    site = await _set_up(hass, entry)
    await all_online(site)
    ledger = await _second_instance(entry)
    with no_relay_command():
        with pytest.raises(Exception, match="Another Home Assistant") as refusal:
            await ask(hass, "place_hold", account=SHOP, kind="manual")
        assert refusal.value.translation_key == "ledger_taken_over"  # type: ignore[attr-defined]
        assert "ledger_read_only" in _issues(hass)
        assert (await ask(hass, "verify_ledger"))["ok"]  # the book is sound, but not ours
        assert "ledger_read_only" in _issues(hass)
        mall.meter(SHOP).commanded_closed = False
        await read_again(site, mall.meter(SHOP).serial)
        await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    await ledger.close()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await all_online(entry.runtime_data)
    assert "ledger_read_only" not in _issues(hass)
    answer = await ask(hass, "top_up", account=SHOP, amount=5)
    assert answer["accounts"][SHOP]["balance"] == "15.00"


# -- lines and devices ---------------------------------------------------------------------------


async def test_line_that_is_down_at_the_start(
    hass: HomeAssistant, mall: Mall, entry: MockConfigEntry
) -> None:
    """The site runs without it: money is there, meters are unavailable until the line is back."""
    await mall.unplug(LINE)
    site = await _set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    link = entity_of(hass, "binary_sensor", f"bus_{next(iter(site.buses))}_connectivity")
    reason = await _issue(hass, "bus_down")
    assert reason["error"].startswith("[Errno ")
    assert state_of(hass, link).state == "off"
    answer = await ask(hass, "top_up", account=SHOP, amount=5)
    assert answer["accounts"][SHOP]["balance"] == "15.00"
    power = entity_of(hass, "sensor", f"{mall.meter(SHOP).serial}_power")
    assert state_of(hass, power).state == "unavailable"
    await mall.plug_in(LINE)
    await state_when(hass, power, lambda state: state.state != "unavailable")
    assert _issues(hass) == {}


async def test_devices_in_use_stay(hass: HomeAssistant, mall: Mall, entry: MockConfigEntry) -> None:
    """No device goes while something runs behind it; it goes with its subentry."""
    site = await _set_up(hass, entry)
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    assert len(devices) == 1 + 1 + 2 + 2  # site, line, meters, accounts
    for device in devices:
        assert not await async_remove_config_entry_device(hass, entry, device)
    account = site.accounts[next(iter(site.accounts))]
    hass.config_entries.async_remove_subentry(entry, account.subentry_id)
    await hass.async_block_till_done()
    assert len(dr.async_entries_for_config_entry(registry, entry.entry_id)) == len(devices) - 1
    left = registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "33B0025950999")}, name="Gone"
    )
    assert await async_remove_config_entry_device(hass, entry, left)


async def test_one_comparison_serves_all_that_asked_before_it(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """An import tells of each subentry; to compare them all each time would take it for ever."""
    site = await _set_up(hass, entry)
    compared: list[None] = []
    composition = site._composition
    attach_vacant = composition._attach_vacant

    async def counted() -> None:
        compared.append(None)
        await asyncio.sleep(0)  # as with something to do: others ask meanwhile
        await attach_vacant()

    with patch.object(composition, "_attach_vacant", counted):
        await asyncio.gather(*(site.async_apply_subentries() for _ in range(50)))
        assert len(compared) == 2, "the one that began at once, and one for all others"
        await site.async_apply_subentries()
    assert len(compared) == 3
