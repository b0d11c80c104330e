"""WeChat's providers as subentries describe them, and where they have notices sent to."""

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.gateway import (
    SandboxGateway,
)
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import Method, PayOrder
from custom_components.compere_prepaid.core.payment.provider import Payer, PaymentProvider
from custom_components.compere_prepaid.payments.building import build
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.adapters.payment.shop import shared_keys
from tests.payment.trial_site import trial_site
from tests.site_fixtures import running_site, site_entry


def account_of(**more: Any) -> ConfigSubentry:
    """Return the subentry of a merchant's account."""
    keys = shared_keys()
    data = {
        "kind": "wechat",
        "key": "wechat",
        "title": "WeChat Pay",
        "mchid": keys.mchid,
        "appid": keys.appid,
        "merchant_serial": keys.merchant_serial,
        "merchant_key": keys.merchant_key,
        "apiv3_key": keys.apiv3_key,
        "public_key_id": keys.public_key_id,
        "public_key": keys.public_key,
        **more,
    }
    return ConfigSubentry(
        data=MappingProxyType(data), subentry_type="provider", title="WeChat Pay", unique_id=None
    )


def notify_url(site: CompereSite, provider: PaymentProvider) -> str:
    """Return where an order of now has its notice sent to."""
    now = site.clock.now()
    order = PayOrder(
        id="01JD0000000000000000000001",
        provider=provider.key,
        account=AccountNumber("A-101"),
        fund="electricity",
        amount=site.currency.parse("1"),
        currency=site.currency.code,
        method=Method.QR,
        key="page",
        created_at=now,
        expires_at=now,
        changed_at=now,
    )
    params = json.loads(provider.parameters(order, Payer(method=Method.QR)))
    url: str = params["request"]["notify_url"]
    return url


async def test_a_merchants_account(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """It has the products that were chosen, and the site's public address as it is now."""
    async with running_site(hass, mall, tmp_path) as site:
        built = build(site, account_of(methods=["qr", "jsapi"]))
        assert not built.provider.is_sandbox
        assert built.provider.methods == {Method.QR}  # without its secret nobody is known
        assert Method.JSAPI in build(site, account_of(app_secret="s" * 32)).provider.methods
        with pytest.raises(InvalidInputError, match="public_address_missing"):
            notify_url(site, built.provider)
        for address in ("https://pay.example", "https://other.example"):
            options = {"portal": {"enabled": False, "public_url": f"{address}/"}}
            hass.config_entries.async_update_entry(site.entry, options=options)
            assert notify_url(site, built.provider) == f"{address}/notify/wechat"
        with pytest.raises(InvalidInputError, match="wechat_api_key_length"):
            build(site, account_of(apiv3_key="short"))
        sandbox = ConfigSubentry(
            data=MappingProxyType({"kind": "sandbox", "key": "sandbox"}),
            subentry_type="provider",
            title="Sandbox",
            unique_id=None,
        )
        with pytest.raises(InvalidInputError, match="sandbox_in_real_book"):
            build(site, sandbox)


async def test_where_the_sandbox_finds_the_portal(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """On this machine, wherever it listens; payers by its public address where it has one."""
    async with trial_site(hass, mall, tmp_path) as trial:
        for host, place in (
            ("0.0.0.0", "127.0.0.1"),  # noqa: S104  # nothing listens there
            ("::", "[::1]"),
            ("::1", "[::1]"),
            ("192.0.2.1", "192.0.2.1"),
            ("portal.lan", "portal.lan"),
        ):
            options = {"portal": {"enabled": False, "host": host, "port": 8125}}
            hass.config_entries.async_update_entry(trial.site.entry, options=options)
            await hass.async_block_till_done()
            expected = f"http://{place}:8125"
            assert notify_url(trial.site, trial.provider) == f"{expected}/notify/sandbox"
            assert trial.gateway.payer_url == f"{expected}/sandbox"
        options["portal"]["public_url"] = "https://pay.example"
        hass.config_entries.async_update_entry(trial.site.entry, options=options)
        await hass.async_block_till_done()
        assert notify_url(trial.site, trial.provider).startswith("http://portal.lan:8125/")
        assert trial.gateway.payer_url == "https://pay.example/sandbox"


async def test_a_sandbox_that_cannot_start(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """The site says so, and is tried again."""
    entry = site_entry(mall, tmp_path, book_kind="sandbox")
    entry.add_to_hass(hass)
    with patch.object(SandboxGateway, "start", side_effect=OSError("disk full")):
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "sandbox_not_started"
