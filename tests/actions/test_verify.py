"""`verify_ledger`: the whole book is checked by code that shares nothing with what wrote it."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, serial_of
from tests.site_fixtures import read_again, use
from tests.stories.telling import ask, relay_settled
from tests.tampering import RICHER, tamper


async def test_counts_what_was_charged(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Wh charged and Wh that registers advanced are the same; every transfer was checked."""
    head = await site.ledger.read(lambda tx: tx.head())
    assert await ask(hass, "verify_ledger") == {
        "ok": True,
        "transfers": 2,
        "charged_wh": 0,
        "register_wh": 0,
        "faults": [],
        "hints": [],
        "head": f"2-{head.hash[:12]}",
    }
    for name, seconds in ((NOODLES, 900), (TEA, 1800), (BAKERY, 3600)):
        use(mall, name, watts=4_000, seconds=seconds)
        await read_again(site, serial_of(mall, name))
    await ask(hass, "top_up", account=[NOODLES, TEA], amount=5)
    found = await ask(hass, "verify_ledger")
    assert found["ok"]
    assert (found["charged_wh"], found["register_wh"]) == (7000, 7000)
    assert found["transfers"] == 2 + 3 + 2


async def test_everybody_may_ask(hass: HomeAssistant, site: CompereSite, anna: str) -> None:
    """Nothing is changed and nobody's money shown."""
    assert (await ask(hass, "verify_ledger", anna))["ok"]


async def test_what_was_tampered_with_is_found(
    hass: HomeAssistant, mall: Mall, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """From then on nothing is written, relays stay as they are, and a repair issue says why."""
    tamper(Path(site.entry.data["ledger"]), RICHER)
    found = await ask(hass, "verify_ledger")
    assert not found["ok"]
    assert any("was changed after it was booked" in fault for fault in found["faults"])
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"ledger_read_only_{site.entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert "was changed after it was booked" in issue.translation_placeholders["error"]

    for action, data in (
        ("top_up", {"account": NOODLES, "amount": 5}),
        ("adjust_balance", {"account": NOODLES, "amount": 5, "reason": "test"}),
        ("place_hold", {"account": NOODLES, "kind": "manual"}),
    ):
        with subtests.test(action), pytest.raises(HomeAssistantError) as refusal:
            await ask(hass, action, **data)
        assert refusal.value.translation_key == "ledger_read_only"
        assert "was changed after it was booked" in str(refusal.value)
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "200.00"

    meter = mall.meter(NOODLES)
    meter.command_relay(closed=False)  # by somebody at the panel
    await read_again(site, meter.serial)
    await relay_settled(site.controller, MeterSerial(meter.serial))
    assert not meter.relay_closed
