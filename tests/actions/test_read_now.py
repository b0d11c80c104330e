"""`read_now`: a meter is read at once, and what it counted is charged before the answer."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, refused, serial_of
from tests.actions.targets import TARGETS, device_of
from tests.site_fixtures import use
from tests.stories.telling import ask


async def test_answers_what_the_meter_says(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Energy, power and relay as they are, with the time in the site's zone; charged already."""
    meter = mall.meter(NOODLES)
    use(mall, NOODLES, watts=10_000, seconds=3600)
    meter.set_load(4_000)
    answer = await ask(hass, "read_now", meter=meter.serial)
    assert answer == {
        "meters": {
            meter.serial: {
                "energy_wh": meter.true_wh,
                "power_w": 4000,
                "relay": "closed",
                "read_at": "2026-03-02T13:00:00+08:00",
            }
        }
    }
    account = await ask(hass, "get_account", account=NOODLES)
    assert account["balance"] == "190.00"
    assert account["meters"][0]["read_at"] == "2026-03-02T13:00:00+08:00"


async def test_an_account_means_all_its_meters(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Each once, however often it is meant."""
    serials = [serial_of(mall, name) for name in (TEA, BAKERY)]
    answer = await ask(hass, "read_now", account=TEA, meter=serials)
    assert sorted(answer["meters"]) == serials


async def test_targets_lead_to_meters(
    hass: HomeAssistant, mall: Mall, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """A meter is meant by its device, entity, area, floor and labels."""
    serial = serial_of(mall, BAKERY)
    device = device_of(hass, site, serial)
    for kind, target in TARGETS.items():
        with subtests.test(target=kind):
            answer = await ask(hass, "read_now", **target(hass, device))
            assert list(answer["meters"]) == [serial]


async def test_everybody_may_read(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str
) -> None:
    """Reading costs nobody anything: what was used is charged sooner or later."""
    answer = await ask(hass, "read_now", anna, meter=serial_of(mall, NOODLES))
    assert len(answer["meters"]) == 1


@pytest.mark.parametrize("fault", [FaultKind.SILENT, FaultKind.BAD_CRC, FaultKind.EXCEPTION])
async def test_meters_that_do_not_answer(
    hass: HomeAssistant, mall: Mall, site: CompereSite, fault: FaultKind
) -> None:
    """What went wrong is said with the address at which to look."""
    meter = mall.meter(NOODLES)
    meter.fail(Fault(kind=fault))
    key = {
        FaultKind.SILENT: "meter_silent",
        FaultKind.BAD_CRC: "answer_garbled",
        FaultKind.EXCEPTION: "meter_refused",
    }[fault]
    async with refused(site, key, error=HomeAssistantError, address=str(meter.address)):
        await ask(hass, "read_now", meter=meter.serial)


async def test_lines_that_are_down(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A gateway without power is no meter's fault."""
    await mall.unplug(mall.line_of(NOODLES).name)
    async with refused(site, "bus_down", error=HomeAssistantError):
        await ask(hass, "read_now", account=NOODLES)


async def test_another_meter_answers(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Nothing of a stranger's reading is believed; both serial numbers are named."""
    meter = mall.meter(NOODLES)
    old = meter.serial
    meter.fail(Fault(kind=FaultKind.SILENT))
    async with refused(site, "meter_silent", error=HomeAssistantError):
        await ask(hass, "read_now", meter=old)
    meter.replace("33B0025959999", wh=7_000_000)
    meter.heal()
    async with refused(
        site, "other_meter", error=HomeAssistantError, serial=old, found="33B0025959999"
    ):
        await ask(hass, "read_now", meter=old)


async def test_what_it_refuses(
    hass: HomeAssistant, mall: Mall, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """Every meter and account must be known, and something must be meant."""
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"meter": "33B0"}, "meter_unknown"),
        ({"meter": [serial_of(mall, NOODLES), "33B0"]}, "meter_unknown"),
        ({"account": "A-999"}, "account_unknown"),
        ({}, "target_empty"),
        ({"floor_id": "cellar"}, "target_empty"),
    )
    for data, key in cases:
        with subtests.test(**data):
            async with refused(site, key):
                await ask(hass, "read_now", **data)
