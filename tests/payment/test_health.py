"""Payments that would not work are told of before tenants do, and forgotten when it is mended."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
import ssl
from threading import Thread
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.provider import NoticeFault
from custom_components.compere_prepaid.payments import health
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.payment.certificates import KEY_PEM, pem
from tests.payment.paper import SIGNATURE, PaperBank, altered
from tests.payment.paying import notify, order, paper_bank, paper_subentry, paying_site
from tests.payment.test_standing import SHOP, is_open, issue


async def forged(site: CompereSite, bank: PaperBank) -> None:
    """Send a notice whose signature does not fit."""
    _, body = bank.notice(bank.pay("nobody", Amount(1)))
    await site.payments.async_notice("paper", {SIGNATURE: "0" * 64}, body)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(NoticeFault.SIGNATURE, "notices_refused"), (NoticeFault.TIME, "payment_clock_off")],
)
async def test_notices_that_are_not_believed(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, fault: NoticeFault, kind: str
) -> None:
    """One may be anybody's; several in a row are told; a genuine one ends it."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        bank.fault = fault
        for _ in range(2):
            await forged(site, bank)
        assert not is_open(hass, site, kind, "paper")
        await forged(site, bank)
        placeholders = issue(hass, site, kind, "paper").translation_placeholders
        assert placeholders == {"site": "Riverside Mall", "provider": "Bank paper"}
        await notify(site, bank, bank.pay((await order(site, SHOP, "5", "tap")).order.id))
        assert not is_open(hass, site, kind, "paper")


async def test_noise_is_not_told(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """What anybody can send is no reason to wake somebody."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        bank.fault = NoticeFault.NOISE
        for _ in range(20):
            await forged(site, bank)
        assert not is_open(hass, site, "notices_refused", "paper")
        assert not is_open(hass, site, "payment_clock_off", "paper")


@pytest.mark.parametrize(
    ("key", "kind"),
    [("stripe_key_refused", "provider_refused"), ("wechat_clock_off", "payment_clock_off")],
)
async def test_keys_that_are_not_taken_any_more(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, key: str, kind: str
) -> None:
    """Looked at by itself; a provider that is down says nothing about keys; removal ends it."""
    hass.config.config_dir = str(tmp_path)  # a night passes, and with it a copy of the ledger
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        bank.wrong_key = key
        async_fire_time_changed(hass, dt_util.utcnow() + health.EVERY)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert is_open(hass, site, kind, "paper")
        bank.is_down = True
        await site.provider_health.async_look()
        assert is_open(hass, site, kind, "paper")
        bank.is_down, bank.wrong_key = False, ""
        await site.provider_health.async_look()
        assert not is_open(hass, site, kind, "paper")
        bank.wrong_key = key
        await site.provider_health.async_look()
        hass.config_entries.async_remove_subentry(site.entry, "provider-paper")
        await hass.async_block_till_done()
        assert not is_open(hass, site, kind, "paper")


async def test_provider_that_contradicts_itself(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The first word stands; somebody is told for a week."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        paid = bank.pay((await order(site, SHOP, "5", "tap")).order.id)
        await notify(site, bank, paid)
        await notify(site, bank, altered(paid, site.currency.parse("500")))
        placeholders = issue(hass, site, "payment_altered", paid.txn).translation_placeholders
        assert placeholders is not None
        assert placeholders["txn"] == paid.txn
        assert isinstance(mall.clock, ManualClock)
        mall.clock.advance(seconds=int(timedelta(days=8).total_seconds()))
        await site.provider_health.async_look()
        assert not is_open(hass, site, "payment_altered", paid.txn)


async def test_certificate_of_the_merchant_ends(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A month before, and after; a new one ends the issue."""
    async with paying_site(hass, mall, tmp_path, paper_bank()) as site:
        now = site.clock.now()
        for days, text in (
            (40, ""),
            (20, "merchant_certificate"),
            (-1, "merchant_certificate_ended"),
            (400, ""),
        ):
            data = paper_subentry(merchant_certificate=pem(now + timedelta(days=days))).data
            hass.config_entries.async_update_subentry(
                site.entry, site.entry.subentries["provider-paper"], data=data
            )
            await hass.async_block_till_done()
            await site.provider_health.async_look()
            assert is_open(hass, site, "merchant_certificate", "paper") is bool(text)
            if text:
                found = issue(hass, site, "merchant_certificate", "paper")
                assert found.translation_key == text


@contextmanager
def https_server(folder: Path, ends: datetime) -> Iterator[tuple[int, Path]]:
    """Show a certificate to whoever comes, on loopback; yield the port, and the file to trust."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_text(pem(ends))
    key.write_text(KEY_PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)

    class Greeting(StreamRequestHandler):
        def setup(self) -> None:
            with suppress(OSError):  # a visitor may not like the certificate
                context.wrap_socket(self.request, server_side=True).close()

        def handle(self) -> None:
            """Say nothing."""

        def finish(self) -> None:
            """Nothing was opened."""

    with ThreadingTCPServer(("127.0.0.1", 0), Greeting) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1], chain
        finally:
            server.shutdown()
            thread.join()


async def test_certificate_of_the_page_ends(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """It is looked at as phones do; a page that cannot be reached from here says nothing."""
    async with paying_site(hass, mall, tmp_path, paper_bank()) as site:
        for days, text in (
            (400, ""),
            (20, "portal_certificate"),
            (-1, "portal_certificate_ended"),
        ):
            ends = datetime.now(UTC) + timedelta(days=days)
            with https_server(tmp_path, ends) as (port, trusted):
                await look_at(hass, site, port, trusted, ends - timedelta(days=days))
                assert is_open(hass, site, "portal_certificate") is bool(text)
            if text:
                assert issue(hass, site, "portal_certificate").translation_key == text
            await look_at(hass, site, port, trusted, ends - timedelta(days=days))
            assert is_open(hass, site, "portal_certificate") is bool(text)
        options = {"portal": {"public_url": "http://127.0.0.1:1"}}
        hass.config_entries.async_update_entry(site.entry, options=options)
        await site.provider_health.async_look()
        assert not is_open(hass, site, "portal_certificate")


async def look_at(
    hass: HomeAssistant, site: CompereSite, port: int, trusted: Path, now: datetime
) -> None:
    """Look at the certificate of a page on this machine, at an instant."""
    options = {"portal": {"public_url": f"https://localhost:{port}"}}
    hass.config_entries.async_update_entry(site.entry, options=options)
    context = await hass.async_add_executor_job(
        lambda: ssl.create_default_context(cafile=str(trusted))
    )
    with (
        patch.object(health, "client_context", lambda: context),
        patch.object(type(site.clock), "now", lambda _: now),
    ):
        await site.provider_health.async_look()
