"""`replace_meter`: the old register to its end, the new one from its beginning, nothing between."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, holds_on, refused, serial_of
from tests.actions.targets import device_of
from tests.site_fixtures import entity_of, read_again, silence, state_of, use
from tests.stories.telling import ask, burn, contact, relay_settled

pytestmark = pytest.mark.usefixtures("site")

NEW = "33B0025959999"


def swap(mall: Mall, name: str = NOODLES, *, wh: int = 5_000_000) -> str:
    """Put a new meter in a shop's place; return the old one's serial number."""
    old = serial_of(mall, name)
    mall.meter(name).replace(NEW, wh=wh)
    return old


async def charged(hass: HomeAssistant, site: CompereSite) -> int:
    """Post everything, and return what was charged, of a book that is right."""
    await site.charging.settle_all("test")
    found = await ask(hass, "verify_ledger")
    assert found["ok"], found["faults"]
    assert found["charged_wh"] == found["register_wh"]
    return int(found["charged_wh"])


async def test_new_meter_goes_on(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """E9: the last kWh of the old one by hand; one that starts at 5000 has used nothing."""
    await burn(mall, site, NOODLES, 3000)
    last = mall.meter(NOODLES).true_wh
    use(mall, NOODLES, 10_000, 360)
    final = mall.meter(NOODLES).true_wh
    assert final == last + 1000
    old = swap(mall)
    answer = await ask(
        hass,
        "replace_meter",
        boss,
        meter=old,
        reason="display broken",
        final_kwh=f"{final // 1000}.{final % 1000:03}",
        start_kwh=5000,
    )
    assert answer == {
        "old": old,
        "new": NEW,
        "from_wh": 5_000_000,
        "read_at": "2026-03-02T12:15:00+08:00",
    }
    use(mall, NOODLES, 10_000, 720)
    await read_again(site, NEW)
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "194.00"
    assert await charged(hass, site) == 6000
    generation = await site.ledger.read(lambda tx: tx.generation(MeterSerial(NEW)))
    assert generation is not None
    assert (generation.reason, generation.user) == ("display broken", boss)
    assert {meter["serial"] for meter in await _meters(hass)} == {NEW}
    assert set(site.meters) == {NEW, serial_of(mall, TEA), serial_of(mall, "A-103")}
    exported = (await ask(hass, "export_site"))["content"]
    assert old not in exported
    assert exported.count(NEW) == 2


async def _meters(hass: HomeAssistant) -> list[dict[str, Any]]:
    meters: list[dict[str, Any]] = (await ask(hass, "get_account", account=NOODLES))["meters"]
    return meters


async def test_its_place_keeps_what_people_set(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Device, area, name and entity ids are those of the place; nothing of the old one is left."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    old = serial_of(mall, NOODLES)
    device = device_of(hass, site, old)
    devices.async_update_device(device.id, name_by_user="Kitchen meter")
    power = entity_of(hass, "sensor", f"{old}_power")
    entities.async_update_entity(power, name="Kitchen power")
    before = {entry.entity_id for entry in er.async_entries_for_device(entities, device.id)}
    swap(mall)
    await ask(hass, "replace_meter", meter=old, reason="test")
    await hass.async_block_till_done()
    now = device_of(hass, site, NEW)
    assert (now.id, now.name_by_user, now.area_id) == (device.id, "Kitchen meter", device.area_id)
    assert now.serial_number == NEW
    assert devices.async_get_device_by_identifier((DOMAIN, old), site.entry.entry_id) is None
    assert entity_of(hass, "sensor", f"{NEW}_power") == power
    assert entities.entities[power].name == "Kitchen power"
    after = er.async_entries_for_device(entities, device.id, include_disabled_entities=True)
    assert {entry.entity_id for entry in after if not entry.disabled} == before
    assert all(entry.unique_id.startswith(f"{NEW}_") for entry in after)
    assert float(state_of(hass, power).state) > 0
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    await hass.async_block_till_done()
    assert {entry.entity_id for entry in er.async_entries_for_device(entities, device.id)} == before


async def test_holds_pass_on(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """What a person holds stays held; the new relay opens too."""
    old = serial_of(mall, NOODLES)
    await ask(hass, "place_hold", meter=old, kind="manual", reason="fire")
    await relay_settled(site.controller, MeterSerial(old))
    swap(mall)
    assert contact(mall.meter(NOODLES)) == "closed"
    await ask(hass, "replace_meter", meter=old, reason="burnt")
    await relay_settled(site.controller, MeterSerial(NEW))
    assert contact(mall.meter(NOODLES)) == "open"
    assert [hold.reason for hold in await holds_on(site, NEW)] == ["fire"]
    assert await holds_on(site, old) == ()


async def test_without_figures_the_first_reading_counts(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """What was read last ends the old register, what is read first begins the new one."""
    await burn(mall, site, NOODLES, 3000)
    use(mall, NOODLES, 20_000, 360)  # nobody read it any more
    old = swap(mall, wh=777_000)
    answer = await ask(hass, "replace_meter", meter=old, reason="lightning", new_serial=NEW)
    assert answer["from_wh"] == 777_000
    await burn(mall, site, NOODLES, 1000)
    assert await charged(hass, site) == 4000


async def test_register_that_was_reset(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """The same meter begins anew at 0, when somebody says so."""
    await burn(mall, site, NOODLES, 3000)
    serial = serial_of(mall, NOODLES)
    mall.meter(NOODLES).set_energy(0)
    use(mall, NOODLES, 20_000, 360)
    await read_again(site, serial)
    assert site.book.meter(serial).suspicion == "backwards"
    answer = await ask(
        hass, "replace_meter", meter=serial, reason="cleared", start_kwh=0, at="2026-03-02 12:09:00"
    )
    assert (answer["old"], answer["new"]) == (serial, serial)
    await burn(mall, site, NOODLES, 1000)
    assert site.book.meter(serial).suspicion is None
    assert await charged(hass, site) == 6000


async def test_other_transformers(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """The register goes on; from now on each of its kWh is forty."""
    await burn(mall, site, NOODLES, 3000)
    serial = serial_of(mall, NOODLES)
    answer = await ask(hass, "replace_meter", meter=serial, reason="40:1", multiplier=40)
    assert answer["from_wh"] == mall.meter(NOODLES).true_wh * 40
    use(mall, NOODLES, 500, 720)
    await read_again(site, serial)
    assert await charged(hass, site) == 3000 + 4000
    power = entity_of(hass, "sensor", f"{serial}_power")
    mall.meter(NOODLES).set_load(100)
    await read_again(site, serial)
    assert site.meters[MeterSerial(serial)].coordinator.data.power_mw == 4_000_000  # type: ignore[union-attr]
    assert hass.states.get(power) is not None
    text = (await ask(hass, "export_site"))["content"]
    assert text.count("multiplier: 40") == 1
    for _ in range(2):
        again = await ask(hass, "import_site", content=text)
    assert (again["created"], again["changed"], again["faults"]) == (0, 0, [])
    (fault,) = (
        await ask(hass, "import_site", content=text.replace("multiplier: 40", "multiplier: 60"))
    )["faults"]
    assert "replace_meter" in fault["message"]


async def test_new_address(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """The new meter may answer elsewhere on the line."""
    old = swap(mall)
    mall.meter(NOODLES).address = 77
    async with refused(site, "meter_silent", error=HomeAssistantError):
        await ask(hass, "replace_meter", meter=old, reason="x", new_serial=NEW)
    async with refused(site, "address_taken", address="2", meter=serial_of(mall, TEA)):
        await ask(hass, "replace_meter", meter=old, reason="x", address=2)
    answer = await ask(hass, "replace_meter", meter=old, reason="x", address=77)
    assert answer["new"] == NEW
    await burn(mall, site, NOODLES, 1000)
    assert await charged(hass, site) == 1000


async def test_replacement_that_was_interrupted(
    hass: HomeAssistant, mall: Mall, site: CompereSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Done in the ledger and not configured: the same again, after a restart, completes it."""
    await burn(mall, site, NOODLES, 3000)
    old = swap(mall)
    call = {"meter": old, "reason": "broken", "start_kwh": "5000"}

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("custom_components.compere_prepaid.site_replacement._configure", stop)
        with pytest.raises(KeyboardInterrupt):
            await ask(hass, "replace_meter", **call)
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    await hass.async_block_till_done()
    site = site.entry.runtime_data
    answer = await ask(hass, "replace_meter", **call)
    assert (answer["new"], answer["from_wh"]) == (NEW, 5_000_000)
    await burn(mall, site, NOODLES, 1000)
    assert await charged(hass, site) == 4000


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("reason_missing", {"reason": " "}),
    ("energy_wrong", {"final_kwh": "12.3456"}),
    ("energy_wrong", {"start_kwh": "-1"}),
    ("energy_wrong", {"start_kwh": "1e3"}),
    ("final_reading_wrong", {"final_kwh": 1}),
    ("final_reading_wrong", {"final_kwh": 1, "multiplier": 40}),
    ("final_reading_wrong", {"final_kwh": 9_000_000}),
    ("replaced_when", {"at": "2026-03-02 11:59:59"}),
    ("replaced_when", {"at": "2026-03-02T12:00:01+08:00"}),
    ("time_wrong", {"at": "yesterday"}),
    ("replacement_differs", {"new_serial": "33B0025958888"}),
    ("profile_unknown", {"profile": "nobody_makes_it"}),
    ("meter_unknown", {"meter": "33B0"}),
]


@pytest.mark.parametrize(("key", "data"), WRONG)
async def test_what_cannot_be(
    hass: HomeAssistant, mall: Mall, site: CompereSite, key: str, data: dict[str, Any]
) -> None:
    """Each is refused in words that say what to do, nothing changes, and the meter goes on."""
    old = serial_of(mall, NOODLES)
    async with refused(site, key):
        await ask(hass, "replace_meter", **({"meter": old, "reason": "x"} | data))
    await read_again(site, old)  # nothing is on the line while the mall's time jumps
    await burn(mall, site, NOODLES, 1000)
    assert await charged(hass, site) == 1000


async def test_meter_that_is_elsewhere(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """One that the site knows at another place cannot come here, too."""
    old, other = serial_of(mall, NOODLES), serial_of(mall, TEA)
    mall.meter(NOODLES).replace(other)
    async with refused(site, "meter_added", meter=other):
        await ask(hass, "replace_meter", meter=old, reason="x")


async def test_new_meter_must_answer(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Who owns a serial number is charged by it, so it is asked first."""
    old = swap(mall)
    mall.meter(NOODLES).fail(Fault(kind=FaultKind.SILENT))
    await silence(site, old)
    async with refused(site, "meter_silent", error=HomeAssistantError):
        await ask(hass, "replace_meter", meter=old, reason="x", new_serial=NEW)


async def test_vacant_meter_is_replaced(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Nobody is charged for it, before or after."""
    (site,) = (entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN))
    (account,) = (
        one for one in site.entry.get_subentries_of_type("account") if one.data["number"] == NOODLES
    )
    hass.config_entries.async_remove_subentry(site.entry, account.subentry_id)
    await hass.async_block_till_done()
    old = swap(mall)
    answer = await ask(hass, "replace_meter", meter=old, reason="x", start_kwh=5)
    assert (answer["new"], answer["from_wh"]) == (NEW, None)
    await burn(mall, site, NOODLES, 1000)
    assert await charged(hass, site) == 0
