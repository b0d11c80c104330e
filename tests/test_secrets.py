"""No secret leaves the place where it is kept: canaries are put in, and looked for everywhere."""

from collections.abc import Iterator
import json
import logging
from pathlib import Path
from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.compere_prepaid.portal.secret import async_site_secret
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.payment.certificates import KEY_PEM, SERIAL
from tests.payment.paying import order
from tests.portal.visiting import code_of, portal_options, visitor
from tests.site_fixtures import one_line_mall, running_site
from tests.stories.telling import ask

SHOP = "A-101"
NOWHERE = "http://127.0.0.1:1"
ADDRESS = "https://127.0.0.1:9"
SECRETS = {
    "merchant_key": KEY_PEM,
    "apiv3_key": "canary-apiv3-key-of-32-characters",
    "app_secret": "canary-app-secret",
    "secret_key": "sk_live_canary_secret_key",
    "webhook_secret": "whsec_canarywebhook",
    "old_webhook_secret": "whsec_canaryoldwebhook",
}
KEY_LINE = KEY_PEM.splitlines()[5]
"""Of the middle of the merchant's key."""

pytestmark = pytest.mark.usefixtures("socket_enabled")


def provider(kind: str, **settings: object) -> ConfigSubentry:
    """Return a provider whose gateway is not there."""
    return ConfigSubentry(
        data=MappingProxyType({"kind": kind, "key": kind, "title": kind, **settings}),
        subentry_id=f"provider-{kind}",
        subentry_type="provider",
        title=kind,
        unique_id=f"provider:{kind}",
    )


WECHAT = provider(
    "wechat",
    mchid="1900000001",
    appid="wx0123456789abcdef",
    merchant_serial=SERIAL,
    merchant_key=SECRETS["merchant_key"],
    apiv3_key=SECRETS["apiv3_key"][:32],
    app_secret=SECRETS["app_secret"],
    certificates=True,
    base_url=NOWHERE,
    standby_url="",
    login_url=f"{NOWHERE}/login",
)
STRIPE = provider(
    "stripe",
    secret_key=SECRETS["secret_key"],
    webhook_secret=SECRETS["webhook_secret"],
    old_webhook_secret=SECRETS["old_webhook_secret"],
    base_url=NOWHERE,
)


async def test_no_secret_is_told(
    hass: HomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Diagnostics, logs at debug, exports, states, events, issues: none has a canary."""
    hass.config.config_dir = str(tmp_path)
    events: list[str] = []

    @callback
    def keep(event: Event) -> None:
        events.append(json.dumps(event.as_dict(), default=str))

    hass.bus.async_listen("*", keep)
    caplog.set_level(logging.DEBUG)
    options = portal_options(public_url=ADDRESS, trusted_proxies=["203.0.113.77"])
    async with (
        one_line_mall(1) as mall,
        running_site(hass, mall, tmp_path, options=options) as site,
    ):
        for one in (WECHAT, STRIPE):
            hass.config_entries.async_add_subentry(site.entry, one)
        await hass.async_block_till_done()
        assert set(site.payments.providers) == {"wechat", "stripe"}
        secrets = await busy_day(hass, mall, site)
        told = {
            "logs": "\n".join(logged(caplog)),
            "events": "\n".join(events),
            "states": json.dumps(
                [state.as_dict() for state in hass.states.async_all()], default=str
            ),
            "issues": "\n".join(str(issue) for issue in ir.async_get(hass).issues.values()),
            **await written(hass, site),
        }
    kept = json.dumps(site.entry.as_dict(), default=str)
    assert {name for name in SECRETS if secrets[name] in kept} == set(SECRETS)
    for place, text in told.items():
        assert text, place
        found = [name for name, secret in secrets.items() if secret in text]
        assert found == [], place
    diagnostics = told["diagnostics"]
    assert ADDRESS not in diagnostics
    assert "203.0.113.77" not in diagnostics
    assert json.loads(told["diagnostics"])["payments"]["providers"]["stripe"]["runs"] is True


def logged(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """Yield what was logged by all but the tests' own storage, which logs what it holds."""
    for record in caplog.records:
        if not record.name.startswith("pytest_homeassistant"):
            yield caplog.handler.format(record)


async def busy_day(hass: HomeAssistant, mall: Mall, site: CompereSite) -> dict[str, str]:
    """Use every secret where something goes wrong; return them all by name."""
    await site.provider_health.async_look()
    for key in ("wechat", "stripe"):
        with pytest.raises(PrepaidError):
            await order(site, SHOP, "20", f"tap-{key}", provider=key)
        headers = {
            "Stripe-Signature": "t=1,v1=00",
            **{f"Wechatpay-{name}": "1" for name in ("Timestamp", "Nonce", "Signature", "Serial")},
        }
        for _ in range(3):
            assert (await site.payments.async_notice(key, headers, b"{}")).status >= 400
    serial = mall.meter(SHOP).plan.serial
    pin = (await ask(hass, "set_portal_pin", account=SHOP))["pin"]
    link = (await ask(hass, "issue_portal_link", account=SHOP))["url"].partition("#")[2]
    code = await code_of(site, serial)
    async with visitor(site) as browser:
        await browser.begin()
        for proof in ({"meter": code["meter"], "pin": pin}, code):
            status, session = await browser.post("/api/access", **proof)
            assert (status, session["level"]) == (200, 1)
        status, _ = await browser.post("/api/link", token=link)
        assert status == 200
        cookies = [cookie.value for cookie in browser.http.cookie_jar]
    site_secret = await async_site_secret(hass, site.entry.entry_id)
    return {
        **SECRETS,
        "merchant_key": KEY_LINE,
        "apiv3_key": SECRETS["apiv3_key"][:32],
        "link": link,
        "tag": code["tag"],
        "site": site_secret.hex(),
        "pin": f'"{pin}"',
        **{f"cookie {number}": value for number, value in enumerate(cookies)},
    }


async def written(hass: HomeAssistant, site: CompereSite) -> dict[str, str]:
    """Return all that people take out of a site, as text."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), site.entry.entry_id)
    whole = await async_get_config_entry_diagnostics(hass, site.entry)
    parts = [await async_get_device_diagnostics(hass, site.entry, device) for device in devices]
    exported = await ask(hass, "export_ledger")
    return {
        "diagnostics": json.dumps(whole),
        "diagnostics of devices": json.dumps(parts),
        "site file": (await ask(hass, "export_site"))["content"],
        "export's answer": json.dumps(exported),
        "export": "\n".join(texts_below(Path(hass.config.config_dir) / DOMAIN)),
    }


def texts_below(folder: Path) -> Iterator[str]:
    """Yield the texts of a folder, such as the exported ledger."""
    for path in folder.rglob("*"):
        if path.suffix in {".csv", ".beancount", ".html"}:
            yield path.read_text("utf-8")


async def test_health_of_all_sites(hass: HomeAssistant, tmp_path: Path) -> None:
    """Home Assistant's page about its health has a line for each part."""
    assert await async_setup_component(hass, "system_health", {})
    async with (
        one_line_mall(1) as mall,
        running_site(hass, mall, tmp_path, options=portal_options()) as site,
    ):
        hass.config_entries.async_add_subentry(site.entry, STRIPE)
        hass.config_entries.async_add_subentry(site.entry, provider("nobody"))
        await hass.async_block_till_done()
        assert await get_system_health_info(hass, DOMAIN) == {
            "sites": "1 / 1",
            "ledgers": "1 / 1",
            "meters": "1 / 1",
            "providers": "1 / 2",
            "portals": 1,
        }
