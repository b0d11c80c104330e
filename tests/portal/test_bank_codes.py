"""A tenant scans a bank's code on the page, and waits for the cashier."""

from pathlib import Path
from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.adapters.payment.static_qr.emv import read_code
from custom_components.compere_prepaid.adapters.payment.static_qr.schemes import DuitNowSettings
from simulator.mall import Mall
from tests.actions.asking import NOODLES, serial_of
from tests.payment.test_static_qr import ISSUED
from tests.portal.visiting import portal_options, visitor
from tests.site_fixtures import running_site
from tests.stories.telling import ask, verified


async def test_from_the_code_to_the_receipt(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The code pays whom the bank said; the page waits, and shows the receipt once confirmed."""
    place = {"currency": "MYR", "time_zone": "Asia/Kuala_Lumpur", "options": portal_options()}
    async with running_site(hass, mall, tmp_path, **place) as site, visitor(site) as tenant:
        hass.config_entries.async_add_subentry(
            site.entry,
            ConfigSubentry(
                data=MappingProxyType({"kind": "duitnow", "code": ISSUED}),
                subentry_id="provider-duitnow",
                subentry_type="provider",
                title="DuitNow",
                unique_id="provider:duitnow",
            ),
        )
        await hass.async_block_till_done()
        await tenant.scan(site, serial_of(mall, NOODLES))
        _, terms = await tenant.get("/api/terms")
        assert [one["methods"] for one in terms["providers"]] == [["cashier"]]
        status, ordered = await tenant.post(
            "/api/orders", key="tap-0001", amount="25.40", provider="duitnow", method="cashier"
        )
        checkout = ordered["checkout"]
        assert (status, checkout["kind"]) == (201, "cashier")
        assert "<svg" in checkout["svg"]
        facts = dict(read_code(checkout["text"]))
        assert (
            facts
            | dict(DuitNowSettings.of(ISSUED).issued)
            | {
                "54": "25.40",
                "62": f"0110{checkout['reference']}",
            }
            == facts
        )
        _, order = await tenant.post(f"/api/orders/{ordered['id']}/check")
        assert order["state"] == "open"
        answer = await ask(
            hass,
            "confirm_payment",
            order=checkout["reference"],
            bank_reference="20260302-000123",
            amount="25.40",
        )
        assert answer["balance"] == "225.40"
        _, order = await tenant.get(f"/api/orders/{ordered['id']}")
        assert order["state"] == "paid"
        _, receipt = await tenant.get(f"/api/receipts/{order['receipt']}")
        assert (receipt["amount"], receipt["via"]) == ("25.40", "DuitNow")
        await verified(hass)
