"""What units are, as a running site keeps it: by configuration and Home Assistant's registries."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    floor_registry as fr,
    issue_registry as ir,
    label_registry as lr,
)
import pytest

from custom_components.compere_prepaid.core.allocation.premises import (
    PREMISES,
    Premises,
    premises_on,
    unit_of_account,
    unit_of_meter,
)
from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.records import Document
from custom_components.compere_prepaid.devices import find_device
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import refused
from tests.site_fixtures import one_line_mall, running_site
from tests.stories.telling import ask

TODAY, TOMORROW = date(2026, 3, 2), date(2026, 3, 3)
POOL: dict[str, Any] = {
    "name": "Lifts",
    "valid_from": "2026-01-01",
    "costs": [{"amount": 99.5, "name": "Insurance"}],
    "basis": "floor_area",
}


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of two meters."""
    async with one_line_mall(2) as mall:
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run it."""
    async with running_site(hass, mall, tmp_path) as site:
        await hass.async_block_till_done()
        yield site


async def known(site: CompereSite) -> tuple[Document, ...]:
    """Return all that the ledger has."""
    return await site.ledger.read(lambda tx: tx.documents(PREMISES))


async def configure(hass: HomeAssistant, site: CompereSite, subentry_id: str, **data: Any) -> None:
    """Change a subentry's data, as its dialog does."""
    subentry = site.entry.subentries[subentry_id]
    hass.config_entries.async_update_subentry(
        site.entry, subentry, data=MappingProxyType({**subentry.data, **data})
    )
    await hass.async_block_till_done()


async def test_what_a_unit_is_follows_configuration_and_registries(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """From the day of each change on; a month that is over keeps what it was."""
    serial, clock = MeterSerial(mall.meter("A-101").serial), mall.clock
    assert isinstance(clock, ManualClock)
    unit = unit_of_meter(serial)
    assert premises_on(await known(site), TODAY)[unit] == Premises(area="Food court")

    await configure(hass, site, site.meters[serial].subentry_id, floor_area="120", rated_power="22")
    areas, floors, labels = ar.async_get(hass), fr.async_get(hass), lr.async_get(hass)
    area = areas.async_get_area_by_name("Food court")
    assert area is not None
    ground = floors.async_create("Ground floor")
    areas.async_update(area.id, floor_id=ground.floor_id)
    device = find_device(site, serial)
    assert device is not None
    food = labels.async_create("food")
    dr.async_get(hass).async_update_device(device.id, labels={food.label_id})
    await hass.async_block_till_done()
    bare = Premises(area="Food court", floor="Ground floor", floor_area=120_000, rated_power=22_000)
    complete = replace(bare, labels=frozenset({"food"}))
    assert premises_on(await known(site), date(2026, 1, 1))[unit] == bare
    assert premises_on(await known(site), TODAY)[unit] == complete

    clock.advance(seconds=86_400)
    await configure(hass, site, site.meters[serial].subentry_id, floor_area="80.5")
    labels.async_update(food.label_id, name="restaurant")
    atrium = areas.async_create("Atrium")
    dr.async_get(hass).async_update_device(device.id, area_id=atrium.id)
    await hass.async_block_till_done()
    documents = await known(site)
    assert premises_on(documents, TODAY)[unit] == complete
    assert premises_on(documents, TOMORROW)[unit] == Premises(
        area="Atrium",
        labels=frozenset({"restaurant"}),
        floor_area=80_500,
        rated_power=22_000,
    )
    assert (await site.ledger.verify()).ok


async def test_what_an_account_says_of_its_shop_is_kept(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """Persons and opening hours, and the area that counts in place of its meters'."""
    number = AccountNumber("A-101")
    account = site.accounts[number]
    said = {"floor_area": "300", "persons": 4, "opening_hours": "73.5"}
    await configure(hass, site, account.subentry_id, **said)
    assert premises_on(await known(site), TODAY)[unit_of_account(number)] == Premises(
        area="Food court", floor_area=300_000, persons=4, opening_minutes=4410
    )


async def test_what_was_configured_wrongly_is_put_right(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """First as it is now, then since when; who said so is kept."""
    serial, clock = MeterSerial(mall.meter("A-101").serial), mall.clock
    assert isinstance(clock, ManualClock)
    meter, unit = site.meters[serial].subentry_id, unit_of_meter(serial)
    for data, key in (
        ({"account": "A-101", "since": "2026-04-01"}, "day_to_come"),
        ({"account": "A-999", "since": "2026-03-01"}, "account_unknown"),
        ({"since": "2026-03-01"}, "target_empty"),
    ):
        async with refused(site, key):
            await ask(hass, "correct_premises", **data)
    await configure(hass, site, meter, floor_area="1200")
    clock.advance(seconds=3 * 86_400)
    await configure(hass, site, meter, floor_area="120")
    assert premises_on(await known(site), TODAY)[unit].floor_area == 1_200_000
    answer = await ask(hass, "correct_premises", account="A-101", since=str(TOMORROW))
    assert answer == {
        "since": "2026-03-03",
        "corrected": {unit: {"area": "Food court", "floor_area": "120"}},
    }
    documents = await known(site)
    assert premises_on(documents, TODAY)[unit].floor_area == 1_200_000
    assert premises_on(documents, TOMORROW)[unit].floor_area == 120_000
    again = await ask(hass, "correct_premises", meter=serial, since=str(TOMORROW))
    assert again["corrected"] == {}


async def test_nothing_is_written_that_is_known(hass: HomeAssistant, site: CompereSite) -> None:
    """Not after a restart, not by registries that changed something else, not by looking again."""
    before = await known(site)
    units = len(site.meters) + len(site.accounts)
    assert len(before) == units
    areas = ar.async_get(hass)
    areas.async_create("Somewhere else")
    lr.async_get(hass).async_create("of nobody")
    await site.premises.async_look()
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    await hass.async_block_till_done()
    site = site.entry.runtime_data
    assert await known(site) == before
    area = areas.async_get_area_by_name("Food court")
    assert area is not None
    areas.async_update(area.id, name="Hawker centre")
    await hass.async_block_till_done()
    assert len(await known(site)) == len(before) + units


async def test_what_could_not_be_written_waits(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """It is written as soon as the ledger can, and by then whenever somebody allocates."""
    serials = [MeterSerial(meter.serial) for meter in mall.meters]
    first, second = (unit_of_meter(serial) for serial in serials)
    full = OperationFailedError("ledger_disk_full", path="/config", error="no space")

    async def sizes() -> list[int]:
        units = premises_on(await known(site), TODAY)
        return [units[first].floor_area, units[second].floor_area]

    with patch.object(site.ledger, "run", side_effect=full):
        await configure(hass, site, site.meters[serials[0]].subentry_id, floor_area="120")
        await configure(hass, site, site.meters[serials[1]].subentry_id, floor_area="80")
    assert await sizes() == [0, 0]
    assert "ledger_unavailable" in str(ir.async_get(hass).issues)
    await site.async_tick()
    await hass.async_block_till_done()
    assert await sizes() == [120_000, 80_000]

    with patch.object(site.ledger, "run", side_effect=full):
        await configure(hass, site, site.meters[serials[0]].subentry_id, floor_area="100")
    assert await sizes() == [120_000, 80_000]
    await ask(hass, "set_pool", pool=POOL)
    await ask(hass, "allocate", since="2026-03-01", until=str(TODAY), dry_run=True)
    assert await sizes() == [100_000, 80_000]
