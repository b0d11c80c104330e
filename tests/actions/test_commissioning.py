"""Putting meters into service: found on the line, checked, their relays and credit tried."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.compere_prepaid.commissioning.relay_test import TESTER
from custom_components.compere_prepaid.commissioning.wording import LANGUAGES, texts
from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.site import CompereSite
from simulator import image
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from simulator.registers import float_of, place_floats
from simulator.settings import ForcedState
from tests.actions.asking import BAKERY, NOODLES, TEA, add_rules, holds_on, refused, serial_of
from tests.actions.importing import empty_site
from tests.site_fixtures import all_online, meter_subentry, read_again
from tests.stories.telling import ask, contact, relay_settled, verified

LINE = "East riser"


async def forget(hass: HomeAssistant, site: CompereSite, mall: Mall, *names: str) -> None:
    """Take meters off the site: they stay on the line."""
    for name in names:
        hass.config_entries.async_remove_subentry(
            site.entry, meter_subentry(mall, mall.meter(name)).subentry_id
        )
    await hass.async_block_till_done()


def finding_of(answer: dict[str, Any], check: str) -> dict[str, Any]:
    """Return what one check found."""
    (found,) = (finding for finding in answer["findings"] if finding["check"] == check)
    return dict(found)


async def test_meters_are_found_where_they_are(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """Model and serial number of each; a meter that is configured is not asked."""
    await forget(hass, site, mall, TEA, BAKERY)
    answer = await ask(hass, "scan_bus", bus=LINE, addresses="1-4")
    for one in answer["found"]:
        one.pop("other_readings", None)  # other models take the same registers for something else
    assert answer == {
        "bus": LINE,
        "found": [
            {
                "address": mall.meter(name).address,
                "found": "meter",
                "serial": serial_of(mall, name),
                "profiles": ["compere_kpm33b"],
                "known_as": None,
            }
            for name in (TEA, BAKERY)
        ],
    }


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (Fault(kind=FaultKind.SILENT), None),
        (Fault(kind=FaultKind.BAD_CRC), "garbled"),
        (Fault(kind=FaultKind.EXCEPTION, code=2), "unknown"),
    ],
    ids=["silent", "bad checksums", "another model"],
)
async def test_what_is_no_meter_is_told_as_what_it_is(
    hass: HomeAssistant, site: CompereSite, mall: Mall, fault: Fault, found: str | None
) -> None:
    """Silence, rubbish and refusals are three different things, and none of them is a meter."""
    await forget(hass, site, mall, TEA, BAKERY)
    mall.meter(TEA).fail(fault)
    answer = await ask(hass, "scan_bus", bus=LINE, addresses="2,3")
    assert [(one["address"], one["found"]) for one in answer["found"]] == [
        *([(2, found)] if found else []),
        (3, "meter"),
    ]


async def test_two_meters_with_one_address(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """They talk at once: nobody is found there until one of them has another address."""
    await forget(hass, site, mall, TEA, BAKERY)
    mall.meter(BAKERY).address = mall.meter(TEA).address
    answer = await ask(hass, "scan_bus", bus=LINE, addresses="2-4", patient=True)
    assert answer["found"] == [{"address": 2, "found": "garbled"}]
    mall.meter(BAKERY).address = 4
    answer = await ask(hass, "scan_bus", bus=LINE, addresses="2-4", patient=True)
    assert [one["serial"] for one in answer["found"]] == [
        serial_of(mall, TEA),
        serial_of(mall, BAKERY),
    ]


async def test_a_slow_meter_is_found_with_patience(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """One that thinks longer than all the others so far, yet within the line's timeout."""
    mall.meter(TEA).fail(Fault(kind=FaultKind.SLOW, seconds=0.3))
    async with empty_site(hass, mall, tmp_path) as site:
        bus = f"{{name: {LINE}, transport: rtu_tcp, host: 127.0.0.1, port: {mall.port(LINE)}}}"
        head = "site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}"
        await ask(hass, "import_site", content=f"{head}\nbuses:\n  - {bus}\n")
        (runtime,) = site.buses.values()
        assert isinstance(runtime.bus, Bus)
        await runtime.bus.wait_until_up()
        for patient, found in ((False, [1]), (True, [1, 2])):
            answer = await ask(hass, "scan_bus", bus=LINE, addresses="1-2", patient=patient)
            assert [one["address"] for one in answer["found"]] == found


async def test_scan_is_refused_before_anything_is_asked(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """A line that is not there, addresses that are none, a model that nobody knows."""
    async with refused(site, "bus_unknown", bus="Roof"):
        await ask(hass, "scan_bus", bus="Roof")
    for addresses in ("0-3", "1-248", "9-3", "x", "", "1,,2"):
        async with refused(site, "addresses_wrong"):
            await ask(hass, "scan_bus", bus=LINE, addresses=addresses)
    async with refused(site, "profile_unknown", profile="nobody"):
        await ask(hass, "scan_bus", bus=LINE, addresses="9", profiles=["nobody"])


async def test_checks_of_a_meter_in_order(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """All that can be told without a clamp is told, in a sentence each, and kept."""
    mall.meter(NOODLES).set_load(9_000)
    answer = await ask(hass, "check_meter", meter=serial_of(mall, NOODLES))
    assert answer["ok"]
    assert {finding["check"]: finding["finding"] for finding in answer["findings"]} == {
        "power_unit": "power_agrees",
        "voltages": "voltages_right",
        "directions": "all_import",
        "transformers": "not_clamped",
        "tariff_sum": "tariffs_add_up",
        "control_mode": "mode_set",
        "forced_state": "not_forced",
        "clock": "clock_right",
    }
    assert all(finding["text"] and "{" not in finding["text"] for finding in answer["findings"])


async def test_clamp_meter_agrees_or_not(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """A ratio that would explain the difference is named."""
    meter = mall.meter(NOODLES)
    meter.set_load(9_000)
    await read_again(site, meter.serial)
    reading = site.meters[MeterSerial(meter.serial)].coordinator.data
    assert reading is not None
    current = reading.values[Quantity.CURRENT_A] / 1000
    answer = await ask(hass, "check_meter", meter=meter.serial, clamp_a=f"{current:.2f}")
    assert finding_of(answer, "transformers")["finding"] == "clamp_agrees"
    answer = await ask(hass, "check_meter", meter=meter.serial, clamp_a=f"{current * 20:.2f}")
    wrong = finding_of(answer, "transformers")
    assert (wrong["finding"], wrong["values"]["ratio"]) == ("ratio_wrong", "20")
    assert not answer["ok"]
    async with refused(site, "current_wrong", current="-1"):
        await ask(hass, "check_meter", meter=meter.serial, clamp_a="-1")


async def test_who_commands_the_relay_is_seen(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """Local control and a forced state explain a relay that does not obey."""
    meter = mall.meter(NOODLES)
    meter.settings.remote_control = False
    meter.settings.forced = ForcedState(closed=True, minutes=30, until_us=None)
    answer = await ask(hass, "check_meter", meter=meter.serial)
    assert finding_of(answer, "control_mode")["finding"] == "mode_not_set"
    forced = finding_of(answer, "forced_state")
    assert (forced["finding"], forced["values"]["minutes"]) == ("forced_closed", "30")


async def test_relay_opens_and_closes_again(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """The way of every other cut: a hold, released again; the current stops in between."""
    meter = mall.meter(NOODLES)
    meter.set_load(9_000)
    answer = await ask(hass, "test_relay", meter=meter.serial, consent=True)
    assert answer["passed"]
    assert answer["had_load"]
    assert answer["current_before_ma"] > 5_000
    assert answer["current_open_ma"] == 0
    assert contact(meter) == "closed"
    assert await holds_on(site, meter.serial) == ()
    assert (await site.ledger.verify()).ok


async def test_relay_that_is_stuck_fails_the_test(
    hass: HomeAssistant, site: CompereSite, mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never opens; the hold is released all the same."""
    monkeypatch.setattr(
        "custom_components.compere_prepaid.commissioning.relay_test.FOLLOWS_WITHIN_S", 0.5
    )
    meter = mall.meter(NOODLES)
    meter.fail(Fault(kind=FaultKind.STUCK))
    answer = await ask(hass, "test_relay", meter=meter.serial, consent=True)
    assert (answer["passed"], answer["opened_s"]) == (False, None)
    assert await holds_on(site, meter.serial) == ()
    await relay_settled(site.controller, site.meters[MeterSerial(meter.serial)].serial)


async def test_relay_test_that_breaks_off_gives_the_power_back(
    hass: HomeAssistant, site: CompereSite, mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The meter falls silent while its relay is open: the hold is released, and it closes later."""
    meter = mall.meter(NOODLES)
    meter.set_load(9_000)
    # the reading before is the last that it answers: opening obeys, its currents are not told
    reads = frozenset({3})
    runtime = site.meters[MeterSerial(meter.serial)]
    command = site.reading_path.write_relay

    async def write_relay(serial: MeterSerial, *, closed: bool) -> None:
        await command(serial, closed=closed)
        if not closed:
            meter.fail(Fault(kind=FaultKind.SILENT, functions=reads))

    monkeypatch.setattr(site.reading_path, "write_relay", write_relay)
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, "test_relay", meter=meter.serial, consent=True)
    assert error.value.translation_key == "meter_silent"
    assert await holds_on(site, meter.serial) == ()
    meter.heal()
    await relay_settled(site.controller, runtime.serial)
    assert contact(meter) == "closed"


async def test_relay_test_is_refused(hass: HomeAssistant, site: CompereSite, mall: Mall) -> None:
    """Without consent, under a hold, for whom power is never cut."""
    serial = serial_of(mall, NOODLES)
    async with refused(site, "consent_missing", meter=serial):
        await ask(hass, "test_relay", meter=serial, consent=False)
    await ask(hass, "place_hold", meter=serial, kind="manual")
    async with refused(site, "relay_held", meter=serial, holds="manual"):
        await ask(hass, "test_relay", meter=serial, consent=True)
    await ask(hass, "release_hold", meter=serial, kind="manual")
    async with refused(site, "meter_unknown", meter="nobody"):
        await ask(hass, "test_relay", meter="nobody", consent=True)


@pytest.mark.parametrize(("adds", "writing"), [(False, "sets"), (True, "adds")])
async def test_what_writing_credit_means(
    hass: HomeAssistant, site: CompereSite, mall: Mall, *, adds: bool, writing: str
) -> None:
    """It is tried, told, and kept by serial number; a meter that sets shows what it showed."""
    await forget(hass, site, mall, TEA)
    meter = mall.meter(NOODLES)
    meter.adds_credit = adds
    async with refused(site, "credit_test_tenant", meter=meter.serial, account=NOODLES):
        await ask(hass, "test_stored_credit", meter=meter.serial)
    answer = await ask(hass, "test_stored_credit", meter=meter.serial, consent=True)
    assert answer["writing"] == writing
    assert answer["restored"] is not adds
    assert answer["readings_kwh"] == ["0.000", "10.000", "20.000" if adds else "10.000"]
    assert await verified(hass) == (0, 0)
    if adds:
        async with refused(site, "backstop_not_proved", meter=meter.serial):
            await ask(hass, "set_backstop", meter=meter.serial, enabled=True)


async def test_report_tells_what_was_done(
    hass: HomeAssistant, site: CompereSite, mall: Mall, tmp_path: Path
) -> None:
    """And what was not; it is written where no web page serves it."""
    meter = mall.meter(NOODLES)
    meter.set_load(9_000)
    empty = await ask(hass, "commissioning_report", meter=meter.serial)
    assert empty["content"].count("Not done.") == 3
    await ask(hass, "check_meter", meter=meter.serial)
    await ask(hass, "test_relay", meter=meter.serial, consent=True)
    await ask(hass, "test_stored_credit", meter=meter.serial, consent=True)
    full = await ask(hass, "commissioning_report", meter=meter.serial, save=True)
    assert "Not done." not in full["content"]
    written = Path(full["file"])
    assert await hass.async_add_executor_job(written.read_text, "utf-8") == full["content"]
    assert written.parent == tmp_path / "compere_prepaid" / "reports"
    chinese = await ask(hass, "commissioning_report", meter=meter.serial, language="zh-Hans")
    assert "电表调试报告" in chinese["content"]
    assert "电压 A" in chinese["content"]
    for page in (full, chinese):
        assert "voltage_a" not in page["content"]
        assert "built-in" not in page["content"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_quantity_has_a_name_in_reports(language: str) -> None:
    """No reader meets a key of ours."""
    named = {key.removeprefix("datum_") for key in texts(language) if key.startswith("datum_")}
    assert set(Quantity) <= named


async def test_hold_of_an_interrupted_test_is_released_at_the_next_start(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """What a person placed for maintenance stays; what a test left does not."""
    left, placed = serial_of(mall, NOODLES), serial_of(mall, TEA)
    await site.agreements.place_hold([left], HoldKind.MAINTENANCE, user=TESTER)
    await ask(hass, "place_hold", meter=placed, kind="maintenance", reason="new cable")
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    again: CompereSite = site.entry.runtime_data
    await all_online(again)
    assert await holds_on(again, left) == ()
    assert [hold.reason for hold in await holds_on(again, placed)] == ["new cable"]


async def test_power_that_is_never_cut_is_not_cut_for_a_test(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """Fire pumps and the like: not even for a moment."""
    await add_rules(hass, "policies: [{name: Life safety, never_cut: true}]")
    await ask(hass, "apply_policy", account=NOODLES, policy="Life safety")
    serial = serial_of(mall, NOODLES)
    async with refused(site, "relay_never_cut", meter=serial, account=NOODLES):
        await ask(hass, "test_relay", meter=serial, consent=True)


async def test_unit_that_was_found_is_put_into_force(
    hass: HomeAssistant, site: CompereSite, mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A meter that tells kW: found, applied, read rightly from then on, and found right."""
    meter = mall.meter(NOODLES)
    meter.set_load(9_000)
    tell_kilowatts(monkeypatch)
    found = await ask(hass, "check_meter", meter=meter.serial)
    assert finding_of(found, "power_unit")["finding"] == "power_unit_wrong"
    assert (found["power_scale"], found["ok"]) == (1, False)
    applied = await ask(hass, "check_meter", meter=meter.serial, apply=True)
    assert applied["power_scale"] == 1000
    await read_again(site, meter.serial)
    again = await ask(hass, "check_meter", meter=meter.serial)
    assert finding_of(again, "power_unit")["finding"] == "power_agrees"
    read = await ask(hass, "read_now", meter=meter.serial)
    assert read["meters"][meter.serial]["power_w"] in range(8_990, 9_011)
    monkeypatch.undo()
    back = await ask(hass, "check_meter", meter=meter.serial, apply=True)
    assert back["power_scale"] == 1
    assert "power_scale" not in site.meters[MeterSerial(meter.serial)].data


def tell_kilowatts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let simulated meters tell all powers in thousandths, as those do that tell kW."""
    honest = image._measurements

    def measurements(meter: SimulatedMeter) -> list[int]:
        words = honest(meter)
        for offset in range(0x42 - 0x30, 0x5A - 0x30, 2):
            place_floats(words, offset, [float_of(words[offset : offset + 2]) / 1000])
        return words

    monkeypatch.setattr(image, "_measurements", measurements)


async def test_commissioning_is_for_administrators(
    hass: HomeAssistant, site: CompereSite, mall: Mall, anna: str
) -> None:
    """Every action of it refuses a user who is none."""
    serial = serial_of(mall, NOODLES)
    calls: dict[str, dict[str, Any]] = {
        "scan_bus": {"bus": LINE},
        "import_meters": {"content": ""},
        "check_meter": {"meter": serial},
        "test_relay": {"meter": serial, "consent": True},
        "test_stored_credit": {"meter": serial, "consent": True},
        "set_backstop": {"meter": serial, "enabled": True},
        "commissioning_report": {"meter": serial},
    }
    for action, data in calls.items():
        async with refused(site, "not_allowed", user="Anna"):
            await ask(hass, action, user=anna, **data)
