"""A trial site takes payments by WeChat's own code path, and gives none away."""

from pathlib import Path

import aiohttp
from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    PaymentSource,
    TxnVerdict,
)
from custom_components.compere_prepaid.core.payment.checkouts import checkout_of
from custom_components.compere_prepaid.core.payment.provider import Jsapi, Qr, Redirect
from custom_components.compere_prepaid.payments.sandbox import sandbox_folder
from simulator.mall import Mall
from tests.payment.trial_site import Trial, trial_site
from tests.site_fixtures import running_site, time_of


async def test_a_payment_is_told_by_a_notice(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The gateway's notice reaches the portal over HTTP, and the account has the money."""
    async with trial_site(hass, mall, tmp_path) as trial:
        await trial.provider.try_out()
        order = await trial.ordered("A-101", "50")
        assert await trial.gateway.pay(order.id)
        paid = await trial.paid(order.id)
        await trial.gateway.settled()
        (payment,) = await trial.payments()
        assert (payment.txn, payment.source) == (paid.paid_txn, PaymentSource.NOTICE)
        assert payment.verdict is TxnVerdict.CREDITED
        assert trial.balance("A-101") == "250.00"
        assert [delivery.status for delivery in trial.gateway.deliveries] == [204]


async def portal_page(trial: Trial, url: str, **form: str) -> tuple[int, str, str]:
    """Ask the portal for a page as a browser does; return status, where it leads, its text."""
    method, sent = ("POST", form) if form else ("GET", None)
    async with (
        aiohttp.ClientSession() as browser,
        browser.request(method, url, allow_redirects=False, data=sent) as answer,
    ):
        return answer.status, answer.headers.get("Location", ""), await answer.text()


async def test_payers_reach_the_gateway_through_the_portal(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """In a browser and by a code: the same listener as the tenants' page, with its own policy."""
    async with trial_site(hass, mall, tmp_path) as trial:
        portal = trial.site.portal
        assert portal is not None
        assert portal.address is not None
        base = f"http://127.0.0.1:{portal.address[1]}"
        order = await trial.ordered("A-101", "50")
        checkout = checkout_of(order.checkout)
        assert isinstance(checkout, Redirect)
        assert checkout.url.startswith(f"{base}/sandbox/pay/")
        status, _, text = await portal_page(trial, checkout.url)
        assert status == 200
        assert "CNY 50.00" in text
        assert (await portal_page(trial, checkout.url, action="pay"))[0] == 200
        await trial.paid(order.id)
        code = checkout_of((await trial.ordered("A-101", "20", Method.QR)).checkout)
        assert isinstance(code, Qr)
        assert (await portal_page(trial, code.text, action="pay"))[0] == 200
        inside = await trial.ordered("A-102", "30", Method.JSAPI)
        parameters = checkout_of(inside.checkout)
        assert isinstance(parameters, Jsapi)
        async with (
            aiohttp.ClientSession() as browser,
            browser.post(f"{base}/sandbox/bridge", json=dict(parameters.parameters)) as answer,
        ):
            assert await answer.json() == {"err_msg": "get_brand_wcpay_request:ok"}
        await trial.paid(inside.id)
        await trial.gateway.settled()
        assert (trial.balance("A-101"), trial.balance("A-102")) == ("270.00", "230.00")


async def test_the_sandbox_survives_a_restart(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Keys and orders stay, though the gateway's port does not; what was paid meanwhile comes."""
    async with trial_site(hass, mall, tmp_path) as trial:
        trial.faults.silent = True
        order = await trial.ordered("A-101", "50")
        keys = trial.gateway.keys
        assert await trial.gateway.pay(order.id)
        entry = trial.site.entry
        with time_of(mall):
            assert await hass.config_entries.async_reload(entry.entry_id)
        again = Trial(site=entry.runtime_data)
        assert again.gateway.keys == keys
        paid = await again.paid(order.id)
        assert paid.paid_txn == again.gateway.transaction_of(order.id)
        (payment,) = await again.payments()
        assert (
            payment.source is PaymentSource.QUERY
        )  # it is asked for before anything is waited for


async def test_a_removed_site_leaves_no_keys(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Its sandbox goes with it; the ledger stays, as any ledger does."""
    async with trial_site(hass, mall, tmp_path) as trial:
        folder = sandbox_folder(hass, trial.site.entry)
        assert sorted(path.name for path in folder.iterdir()) == ["keys.json", "orders.jsonl"]
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
        assert await hass.config_entries.async_remove(trial.site.entry.entry_id)
        await hass.async_block_till_done()
        assert not folder.exists()


async def test_a_real_site_has_no_sandbox(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Neither the gateway runs, nor is its provider accepted."""
    async with running_site(hass, mall, tmp_path) as site:
        assert site.sandbox is None
        assert not sandbox_folder(hass, site.entry).exists()
