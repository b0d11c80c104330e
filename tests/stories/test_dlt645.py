"""A shop with a DL/T 645 meter runs out and is topped up, next to a Modbus meter."""

from collections.abc import AsyncIterator
import json
from pathlib import Path

from homeassistant.components.diagnostics import REDACTED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.compere_prepaid import issues
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.policy import relay_control
from custom_components.compere_prepaid.diagnostics import async_get_config_entry_diagnostics
from custom_components.compere_prepaid.site import CompereSite
from simulator.line import Transport
from simulator.mall import Mall
from tests.actions.importing import empty_site, faults_of, imported
from tests.dlt645_mall import (
    DIGITS,
    KPM33B,
    NEIGHBOUR,
    PASSWORD,
    SHOP,
    dlt645_file,
    dlt645_mall,
    dlt645_meter,
)
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, burn, contact, relay_settled, verified

METER = MeterSerial(DIGITS)
WRONG = "654321"


@pytest.fixture(params=[Transport.RTU_TCP, Transport.SERIAL])
async def mall(
    request: pytest.FixtureRequest, socket_enabled: None, tmp_path: Path
) -> AsyncIterator[Mall]:
    """Open the mall, at a serial server or at a serial port."""
    async with dlt645_mall(request.param) as mall:
        yield mall


def issue_of(hass: HomeAssistant, site: CompereSite) -> ir.IssueEntry | None:
    """Return the repair issue about the relay's password."""
    name = f"{issues.RELAY_LOCKED}_{site.entry.entry_id}_{DIGITS}"
    return ir.async_get(hass).async_get_issue(DOMAIN, name)


async def test_runs_out_and_is_topped_up(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """The neighbour's meter, in another language on the same wires, notices nothing."""
    meter = dlt645_meter(mall)
    async with empty_site(hass, mall, tmp_path) as site:
        assert (await imported(hass, site, dlt645_file(mall)))[0] == 1 + 2 + 2 + 2
        async with expected_event(hass, "credit_warning", account=SHOP):
            await burn(mall, site, SHOP, 600)
        async with expected_event(hass, "cut_off", account=SHOP):
            await burn(mall, site, SHOP, 400)
        await relay_settled(site.controller, METER)
        assert contact(meter) == "open"
        assert contact(mall.meter(NEIGHBOUR)) == "closed"
        answer = await ask(hass, "get_account", account=SHOP)
        assert (answer["supply_state"], answer["meters"][0]["relay"]) == ("off", "open")
        async with expected_event(hass, "restored", account=SHOP):
            await ask(hass, "top_up", account=SHOP, amount="20", reference="r1")
        assert contact(meter) == "closed"
        assert [command[8] for command in meter.commands] == [0x1A, 0x1C]
        await burn(mall, site, SHOP, 500)
        await burn(mall, site, NEIGHBOUR, 250)
        await site.charging.settle_all("test")
        assert await verified(hass) == (1_750, 1_750)
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "19.50"


async def test_a_missing_and_a_wrong_password_are_told_and_mended(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay stays as it is, no meter locks itself, and the right password is tried at once."""
    monkeypatch.setattr(relay_control, "PAUSE_S", 0.0)
    meter = dlt645_meter(mall)
    async with empty_site(hass, mall, tmp_path) as site:
        await imported(hass, site, dlt645_file(mall, password=None))
        await burn(mall, site, SHOP, 1000)
        await relay_settled(site.controller, METER)
        assert contact(meter) == "closed"
        assert meter.commands == []
        assert (issue := issue_of(hass, site)) is not None
        assert "only for who knows its password" in (issue.translation_placeholders or {})["error"]

        await imported(hass, site, dlt645_file(mall, password=WRONG))
        assert issue_of(hass, site) is None
        site.controller._meters[METER].not_before = 0.0  # its next turn comes
        for _ in range(3):
            await burn(mall, site, SHOP, 10)
            await relay_settled(site.controller, METER)
        assert contact(meter) == "closed"
        assert len(meter.commands) == 1
        assert not meter.is_locked
        assert (issue := issue_of(hass, site)) is not None
        assert "did not accept" in (issue.translation_placeholders or {})["error"]

        await imported(hass, site, dlt645_file(mall))
        site.controller._meters[METER].not_before = 0.0
        await burn(mall, site, SHOP, 10)
        await relay_settled(site.controller, METER)
        assert contact(meter) == "open"
        assert issue_of(hass, site) is None


async def test_the_password_is_in_no_file_and_no_diagnostics(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An export says that it lacks it; imported again it leaves the password as it was."""
    async with empty_site(hass, mall, tmp_path) as site:
        await imported(hass, site, dlt645_file(mall))
        exported = (await ask(hass, "export_site"))["content"]
        assert PASSWORD not in exported
        assert exported.startswith("# The passwords of relays are not in this file.")
        created, changed, _ = await imported(hass, site, exported)
        assert (created, changed) == (0, 0)
        assert site.meters[METER].data["relay_access"]["password"] == PASSWORD
        told = json.dumps(await async_get_config_entry_diagnostics(hass, site.entry))
        assert PASSWORD not in told
        assert f'"relay_access": "{REDACTED}"' in told
        answers = json.loads(told)["meters"][DIGITS]["answers"]
        energies = {"control": "read", "identifier": "0001FF00", "has_more": False}
        (found,) = (one for one in answers if energies.items() <= one.items())
        assert found["data"].startswith("00 40 00 00 ")  # 40.00 kWh, low byte first
        async with expected_event(hass, "cut_off", account=SHOP):
            await burn(mall, site, SHOP, 1000)
        await relay_settled(site.controller, METER)
    assert PASSWORD not in caplog.text
    assert bytes.fromhex("896745").hex(" ") not in caplog.text.lower()  # masked, as on the wire


async def test_a_place_that_cannot_be_is_told_with_its_line(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """An address that a model cannot have, and a gateway that carries only Modbus."""
    text = dlt645_file(mall)
    async with empty_site(hass, mall, tmp_path) as site:
        wrong = text.replace(f"address: {DIGITS}", "address: 33B00")
        assert [(fault["line"], fault["path"]) for fault in await faults_of(hass, site, wrong)] == [
            (5, "meters[0].address")
        ]
        wrong = text.replace("address: 1,", "address: 2510,")
        (fault,) = await faults_of(hass, site, wrong)
        assert (fault["line"], fault["path"]) == (6, "meters[1].address")
        assert "1 to 247" in fault["message"]
        if mall.lines["West riser"].plan.transport is Transport.RTU_TCP:
            wrong = text.replace("transport: rtu_tcp", "transport: modbus_tcp")
            (fault,) = await faults_of(hass, site, wrong)
            assert (fault["line"], fault["path"]) == (5, "meters[0].bus")
            assert "does not speak Modbus" in fault["message"]
        assert KPM33B not in site.meters


async def test_a_meter_is_replaced_by_one_with_other_digits(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The new one is looked for by its own digits; the password stays, and works there too."""
    meter, new = dlt645_meter(mall), "201000000099"
    async with empty_site(hass, mall, tmp_path) as site:
        await imported(hass, site, dlt645_file(mall))
        await burn(mall, site, SHOP, 300)
        meter.replace(new)
        told = await ask(
            hass,
            "replace_meter",
            meter=DIGITS,
            new_serial=new,
            address=new,
            final_kwh="40.3",
            reason="display dead",
        )
        assert (told["old"], told["new"], told["from_wh"]) == (DIGITS, new, 0)
        assert site.meters[MeterSerial(new)].data["address"] == new
        async with expected_event(hass, "cut_off", account=SHOP):
            await burn(mall, site, SHOP, 700)
        await relay_settled(site.controller, MeterSerial(new))
        assert contact(meter) == "open"
        await site.charging.settle_all("test")
        assert await verified(hass) == (1_000, 1_000)
