"""A meter with four circuits: one device on the line, four meters to whoever is charged by them."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
)
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.line import LinePlan
from simulator.loads import LoadKind
from simulator.mall import Mall
from simulator.meter import MeterPlan
from simulator.tenants import MallPlan
from tests.actions.asking import refused
from tests.actions.importing import LINE, changed, empty_site, everything, faults_of, imported
from tests.actions.targets import device_of
from tests.automations.automating import automated, heard, listening
from tests.site_fixtures import MONDAY_NOON, entity_of, read_again, silence, state_of
from tests.stories.telling import ask, burn, verified

MAP = "MAP1"
CIRCUITS = [f"{MAP}-{channel}" for channel in range(1, 5)]

FILE = """\
site: {{name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}}
buses:
  - {{name: East riser, transport: rtu_tcp, host: 127.0.0.1, port: {port}}}
meters:
  - {{serial: MAP1, name: Kiosks, bus: East riser, address: 9, profile: wirenboard_map12e, breaker: 100, area: Kiosks}}
accounts:
  - {{number: K-1, name: Flowers, meters: [MAP1-1], tariff: Flat, policy: Careful, opening_balance: 200}}
  - {{number: K-2, name: Phones, meters: [MAP1-2, MAP1-4], tariff: Flat, policy: Careful, opening_balance: 200}}
tariffs:
  - {{name: Flat, valid_from: 2026-01-01, prices: {{flat: 1}}}}
policies:
  - {{name: Careful, warning_levels: [100, 50]}}
"""  # noqa: E501  -- YAML's own form


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall with one MAP12E; each of its circuits has a load of its own."""
    meters = [
        MeterPlan(
            serial=circuit,
            name=circuit,
            address=9,
            kind=LoadKind.CAFE,
            rated_kw=20,
            breaker_a=100,
            area="",
            floor_area=0,
            starts_wh=1_000_000 * place,
            model="wirenboard_map12e",
        )
        for place, circuit in enumerate(CIRCUITS, 1)
    ]
    plan = MallPlan(lines=[LinePlan(name=LINE, pace=False)], meters={LINE: meters}, tenants={})
    async with Mall.build(plan, clock=ManualClock(MONDAY_NOON)) as mall:
        for meter in mall.meters:
            meter.set_load(0)
        yield mall


@pytest.fixture
def text(mall: Mall) -> str:
    """Return the file of a site with two accounts on three of the four circuits."""
    return FILE.format(port=mall.port(LINE))


@pytest.fixture
async def site(
    hass: HomeAssistant, mall: Mall, text: str, tmp_path: Path
) -> AsyncIterator[CompereSite]:
    """Import that file into an empty site."""
    async with empty_site(hass, mall, tmp_path) as site:
        assert (await imported(hass, site, text))[0] == 6
        for (
            circuit
        ) in CIRCUITS:  # an account is charged from the first reading that it is there for
            await read_again(site, circuit)
        yield site


async def test_each_circuit_is_charged_to_its_own_account(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Four registers, of which three are somebody's; every Wh is charged once, to who used it."""
    for circuit, wh in zip(CIRCUITS, (1000, 2000, 3000, 4000), strict=True):
        await burn(mall, site, circuit, wh)
    await site.charging.settle_all("test")
    flowers = await ask(hass, "get_account", account="K-1")
    assert flowers["balance"] == "199.00"
    assert [meter["serial"] for meter in flowers["meters"]] == ["MAP1-1"]
    phones = await ask(hass, "get_account", account="K-2")
    assert phones["balance"] == "194.00"
    assert [meter["energy_wh"] for meter in phones["meters"]] == [2_002_000, 4_004_000]
    charged, counted = await verified(hass)
    assert charged == counted == 7000


async def test_circuits_are_child_devices(
    hass: HomeAssistant,
    mall: Mall,
    site: CompereSite,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """One device for the meter, behind its line, and one child of it for each circuit."""
    entry_id = site.entry.entry_id
    parent = device_registry.async_get_device_by_identifier((DOMAIN, MAP), entry_id)
    assert parent is not None
    assert (parent.name, parent.model, parent.serial_number) == ("Kiosks", "WB-MAP12E", MAP)
    assert parent.via_device_id == next(iter(site.buses.values())).device_id
    children = dr.async_entries_for_parent_device(device_registry, parent.id)
    assert sorted(str(child.name) for child in children) == [f"Kiosks {n}" for n in range(1, 5)]
    assert site.knows_device(parent)
    for circuit, meter in zip(CIRCUITS, mall.meters, strict=True):
        entity_id = entity_of(hass, "sensor", f"{circuit}_energy")
        assert float(state_of(hass, entity_id).state) * 1000 == meter.true_wh
        entry = entity_registry.async_get(entity_id)
        assert entry is not None
        assert entry.device_id in {child.id for child in children}
    answer = await ask(hass, "read_now", device_id=parent.id)
    assert sorted(answer["meters"]) == CIRCUITS


async def test_targets_lead_through_a_meter_to_its_circuits(
    hass: HomeAssistant, site: CompereSite, device_registry: dr.DeviceRegistry
) -> None:
    """A floor means its areas, the meter in one, its circuits, and who is supplied by them.

    A circuit that was moved to another area is meant by that one only.
    """
    floor = fr.async_get(hass).async_create("Ground")
    kiosks = ar.async_get(hass).async_get_area_by_name("Kiosks")
    assert kiosks is not None
    ar.async_get(hass).async_update(kiosks.id, floor_id=floor.floor_id)
    entry_id = site.entry.entry_id
    for number in ("K-1", "K-2"):  # their own devices lead to them by themselves
        device = device_registry.async_get_device_by_identifier(
            (DOMAIN, f"account_{number}"), entry_id
        )
        assert device is not None
        device_registry.async_update_device(device.id, area_id=None)
    yard = ar.async_get(hass).async_create("Yard")
    first = device_registry.async_get_child_device_by_identifier((DOMAIN, "MAP1-1"), entry_id)
    assert first is not None
    device_registry.async_update_child_device(first.id, area_id=yard.id)

    async def meant(**target: str) -> list[str]:
        answer = await ask(hass, "top_up", amount=1, dry_run=True, **target)
        return sorted(answer["accounts"])

    assert await meant(floor_id=floor.floor_id) == ["K-2"]
    assert await meant(area_id=kiosks.id) == ["K-2"]
    assert await meant(area_id=yard.id) == ["K-1"]
    assert await meant(device_id=first.parent_device_id) == ["K-1", "K-2"]


async def test_what_is_exported_is_imported_unchanged(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """The file has the meter once, and its channels where accounts list them."""
    exported = (await ask(hass, "export_site"))["content"]
    assert exported.count("wirenboard_map12e") == 1
    before = everything(site)
    assert (await imported(hass, site, exported))[:2] == (0, 0)
    assert everything(site) == before


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (("[MAP1-1]", "[MAP1]"), "accounts[0].meters[0]", "here MAP1-1, MAP1-2, MAP1-3, MAP1-4"),
        (("[MAP1-1]", "[MAP1-5]"), "accounts[0].meters[0]", "there is no circuit 'MAP1-5'"),
        (("[MAP1-1]", "[MAP2-1]"), "accounts[0].meters[0]", "there is no meter 'MAP2-1'"),
        (("[MAP1-1]", "[MAP1-2]"), "accounts[1].meters[0]", "is in an account already"),
        (("wirenboard_map12e", "eastron_sdm630"), "meters[0].profile", "has 4 channels until now"),
    ],
)
async def test_channels_that_there_are_not(
    hass: HomeAssistant,
    site: CompereSite,
    text: str,
    change: tuple[str, str],
    place: str,
    message: str,
) -> None:
    """Each with its line, and nothing is changed."""
    faults = await faults_of(hass, site, changed(text, change))
    assert any(fault["path"] == place and message in fault["message"] for fault in faults), faults


async def test_a_serial_number_that_looks_like_a_channel_of_another_meter(
    hass: HomeAssistant, site: CompereSite, text: str
) -> None:
    """Two meters would be one to their accounts."""
    other = text.replace(
        "accounts:",
        "  - {serial: MAP1-3, name: Other, bus: East riser, address: 8, "
        "profile: eastron_sdm630, breaker: 40}\naccounts:",
    )
    (fault,) = await faults_of(hass, site, other)
    assert fault["path"] == "meters[1].serial"


async def test_a_meter_with_channels_is_not_replaced(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """Four registers cannot end at one reading; what to do instead is said."""
    async with refused(site, "channels_replaced", meter=MAP, model="WB-MAP12E"):
        await ask(hass, "replace_meter", meter="MAP1-2", reason="burnt")


async def test_circuits_are_renamed_and_go_with_their_meter(
    hass: HomeAssistant,
    mall: Mall,
    site: CompereSite,
    text: str,
    device_registry: dr.DeviceRegistry,
) -> None:
    """A change reaches all four, none of which loses its register; removal takes them all."""
    entry_id = site.entry.entry_id
    await imported(hass, site, changed(text, ("name: Kiosks,", "name: Stalls,")))
    assert [meter.name for meter in site.meters.values()] == [f"Stalls {n}" for n in range(1, 5)]
    child = device_registry.async_get_child_device_by_identifier((DOMAIN, "MAP1-2"), entry_id)
    assert child is not None
    assert child.name == "Stalls 2"
    await burn(mall, site, "MAP1-2", 500)
    await site.charging.settle_all("test")
    assert (await ask(hass, "get_account", account="K-2"))["balance"] == "199.50"
    (meter,) = site.entry.get_subentries_of_type("meter")
    hass.config_entries.async_remove_subentry(site.entry, meter.subentry_id)
    await site.async_apply_subentries()
    await hass.async_block_till_done()
    assert not site.meters
    assert not device_registry.async_get_device_by_identifier((DOMAIN, MAP), entry_id)
    assert not device_registry.async_get_child_device_by_identifier((DOMAIN, "MAP1-2"), entry_id)
    assert (await site.ledger.verify()).ok


async def test_a_dead_meter_takes_all_its_circuits_offline(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """And each comes back with its own register."""
    await mall.unplug(LINE)
    for circuit in CIRCUITS:
        await silence(site, circuit)
        assert not site.meters[MeterSerial(circuit)].coordinator.online
    await mall.plug_in(LINE)
    for circuit, meter in zip(CIRCUITS, mall.meters, strict=True):
        bus = site.meters[MeterSerial(circuit)].bus.bus
        assert isinstance(bus, Bus)
        await bus.wait_until_up()
        await read_again(site, circuit)
        last = site.book.meter(circuit).last
        assert last is not None
        assert last.wh == meter.true_wh


async def test_triggers_reach_circuits_by_their_meter_and_its_area(
    hass: HomeAssistant, mall: Mall, site: CompereSite, device_registry: dr.DeviceRegistry
) -> None:
    """The whole meter, its place, or the one circuit; not the circuit next to it."""
    parent = device_of(hass, site, MAP)
    entry_id = site.entry.entry_id
    circuits = {
        circuit: device_registry.async_get_child_device_by_identifier((DOMAIN, circuit), entry_id)
        for circuit in CIRCUITS[:2]
    }
    targets = {
        "meter": {"device_id": parent.id},
        "area": {"area_id": parent.area_id},
        **{name: {"device_id": found.id} for name, found in circuits.items() if found},
    }
    trigger = {"trigger": f"{DOMAIN}.credit_warning"}
    await automated(
        hass,
        [listening(name, {**trigger, "target": target}) for name, target in targets.items()],
    )
    names = heard(hass)
    await burn(mall, site, CIRCUITS[0], 120_000)
    await hass.async_block_till_done()
    assert sorted(names) == [CIRCUITS[0], "area", "meter"]
