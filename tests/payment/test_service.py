"""Payments of a running site: ordering, notices, asking, and what comes with the clock."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
import logging
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from sqlalchemy import Engine

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.errors import InvalidInputError, OperationFailedError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    OrderState,
    PaymentNotice,
    ProviderTxn,
)
from custom_components.compere_prepaid.core.payment.provider import (
    Charged,
    Payer,
    Redirect,
    RejectedError,
    RetryableError,
)
from custom_components.compere_prepaid.notifications.digest import async_digest
from custom_components.compere_prepaid.payments import notice_desk, watcher
from custom_components.compere_prepaid.payments.offers import Offer
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.payment.paper import SIGNATURE, PaperBank
from tests.payment.paying import (
    known,
    notify,
    order,
    paid_order,
    paper_bank,
    paper_subentry,
    paying_site,
)
from tests.site_fixtures import MONDAY_NOON, expected_event, read_again, use
from tests.stories.telling import PRICE, ask, burn, contact, relay_settled, verified

SHOP, OTHER = "A-101", "A-102"


def forward(mall: Mall, bank: PaperBank, **delta: float) -> None:
    """Let time pass."""
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=int(timedelta(**delta).total_seconds()))
    bank.now += timedelta(**delta)


async def test_a_payment_brings_the_light_back(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A shop that is off pays by phone, and its relay closes; twice told is credited once."""
    bank = paper_bank()
    async with paying_site(
        hass, mall, tmp_path, bank, price=PRICE, opening_balance="1", accounts={SHOP: (SHOP,)}
    ) as site:
        async with expected_event(hass, "cut_off", account=SHOP):
            await burn(mall, site, SHOP, 1500)
        await relay_settled(site.controller, next(iter(site.meters)))
        assert contact(mall.meter(SHOP)) == "open"

        ordered = await order(site, SHOP, "20", "tap-1")
        assert ordered.checkout == Redirect(url=f"https://paper.example/{ordered.order.id}")
        assert await order(site, SHOP, "20", "tap-1") == ordered
        paid = bank.pay(ordered.order.id)
        async with (
            expected_event(hass, "restored", account=SHOP),
            expected_event(hass, "topped_up", account=SHOP, amount="20.00") as told,
        ):
            replies = [await notify(site, bank, paid) for _ in range(3)]
        assert [reply.status for reply in replies] == [HTTPStatus.NO_CONTENT] * 3
        assert contact(mall.meter(SHOP)) == "closed"
        assert (await site.payments.async_known(ordered.order.id)).state is OrderState.PAID
        assert told[0].data["user_name"] == "Bank paper"
        forward(mall, bank, seconds=1)  # a digest ends before the present moment
        assert (await async_digest(site, MONDAY_NOON)).top_ups == site.currency.parse(20)
        again = await order(site, SHOP, "20", "tap-1")
        assert isinstance(again.checkout, Charged)
        assert again.checkout.payment == paid
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "19.50"
        await verified(hass)


async def test_what_the_page_says_is_asked_for_until_it_is_so(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The page's word is no proof: the provider is asked at once, and again soon after."""
    bank = paper_bank()
    soon = (timedelta(milliseconds=1),) * 3
    async with paying_site(hass, mall, tmp_path, bank) as site:
        ordered = await order(site, SHOP, "20", "tap-1")
        assert (await site.payments.async_check(ordered.order.id)).state is OrderState.OPEN
        bank.pay(ordered.order.id)
        assert (await site.payments.async_check(ordered.order.id)).state is OrderState.PAID

        other = await order(site, OTHER, "20", "tap-2")
        with patch.object(watcher, "PRESSING", soon):
            await site.payments.async_check(other.order.id)
            bank.pay(other.order.id)
            await paid_order(site, other.order.id)
        with pytest.raises(InvalidInputError, match="order_unknown"):
            await site.payments.async_check("never")


async def test_an_order_expires_is_closed_and_paid_late(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The provider is asked by the clock; what was not paid in time is closed there."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        lapsed, paid_unseen = (
            await order(site, SHOP, "20", "tap-1"),
            await order(site, OTHER, "20", "tap-2"),
        )
        bank.asked.clear()
        for minutes in (1, 1, 3):
            forward(mall, bank, minutes=minutes)
            await site.payments.watcher.work_off()
            await site.payments.watcher.work_off()
        assert bank.asked.count(lapsed.order.id) == 3  # after 1, 2 and 5 minutes
        bank.pay(paid_unseen.order.id)
        forward(mall, bank, minutes=11)
        bank.is_down = True
        await site.payments.watcher.work_off()
        assert (await known(site, lapsed.order.id)).state is OrderState.CLOSING
        bank.is_down = False
        forward(mall, bank, minutes=1)
        await site.payments.watcher.work_off()
        assert (await known(site, lapsed.order.id)).state is OrderState.CLOSED
        assert (await known(site, paid_unseen.order.id)).state is OrderState.PAID
        with pytest.raises(InvalidInputError, match="order_closed"):
            await order(site, SHOP, "20", "tap-1")
        bank.pay(lapsed.order.id)
        assert (await site.payments.async_check(lapsed.order.id)).state is OrderState.PAID
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "220.00"


async def test_what_was_unfinished_is_asked_for_at_the_next_start(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A payment of which nobody heard is found when the site starts again."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        ordered = await order(site, SHOP, "20", "tap-1")
        entry = site.entry
        await hass.config_entries.async_unload(entry.entry_id)
        bank.pay(ordered.order.id)
        assert (await notify(site, bank, bank.pay("x"))).status == HTTPStatus.SERVICE_UNAVAILABLE
        with pytest.raises(OperationFailedError, match="payments_not_ready"):
            await order(site, SHOP, "20", "tap-2")
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        again: CompereSite = entry.runtime_data
        assert (await known(again, ordered.order.id)).state is OrderState.PAID
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "220.00"


async def test_an_answer_that_was_lost(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """The same key asks the provider the same again; a refusal ends the order."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        bank.is_down = True
        with pytest.raises(RetryableError):
            await order(site, SHOP, "20", "tap-1")
        bank.is_down = False
        ordered = await order(site, SHOP, "20", "tap-1")
        assert list(bank.ordered) == [ordered.order.id]
        bank.refuses = True
        with pytest.raises(RejectedError):
            await order(site, SHOP, "30", "tap-2")
        with pytest.raises(InvalidInputError, match="order_closed"):
            await order(site, SHOP, "30", "tap-2")
        bank.refuses, bank.pays_at_once = False, True
        charged = await order(site, SHOP, "40", "tap-3")
        assert isinstance(charged.checkout, Charged)
        assert charged.order.state is OrderState.PAID
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "240.00"


async def test_what_cannot_be_ordered(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Bad requests are refused and leave nothing; the fourth order waits for the oldest to age."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        first, *_ = [await order(site, SHOP, "20", f"tap-{number}") for number in range(3)]
        for key, arguments in {
            "order_key_reused": (SHOP, "21", "tap-0"),
            "account_unknown": ("Z-9", "20", "tap-4"),
            "amount_not_positive": (SHOP, "0", "tap-4"),
            "too_many_orders": (SHOP, "20", "tap-4"),
        }.items():
            with pytest.raises(InvalidInputError, match=key):
                await order(site, *arguments)
        with pytest.raises(InvalidInputError, match="provider_unknown"):
            await order(site, SHOP, "20", "tap-4", provider="stripe")
        with (
            patch("tests.payment.paying.PAYER", Payer(method=Method.JSAPI)),
            pytest.raises(InvalidInputError, match="method_unsupported"),
        ):
            await order(site, SHOP, "20", "tap-4")
        assert (await order(site, OTHER, "20", "tap-4")).order.account == OTHER
        forward(mall, bank, minutes=1)
        assert (await order(site, SHOP, "20", "tap-5")).order.state is OrderState.OPEN
        assert (await known(site, first.order.id)).state is OrderState.CLOSED
        assert first.order.id in bank.closed


async def test_notices_that_are_not_genuine(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They are refused, few are kept, none changes anything, and the log has no body."""
    bank = paper_bank()
    caplog.set_level(logging.INFO)
    async with paying_site(hass, mall, tmp_path, bank) as site:
        ordered = await order(site, SHOP, "20", "tap-1")
        headers, body = bank.notice(bank.pay(ordered.order.id), secret=b"guessed")
        take = site.payments.async_notice
        forged = [await take("paper", headers, body + b" " * number) for number in range(30)]
        assert {reply.status for reply in forged} == {HTTPStatus.BAD_REQUEST}
        large = await take("paper", headers, b"x" * (notice_desk.MAX_BODY + 1))
        assert large.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert (await take("stripe", headers, body)).status == HTTPStatus.NOT_FOUND
        garbled = {SIGNATURE: bank.signature(b"[")}
        assert (await take("paper", garbled, b"[")).status == HTTPStatus.INTERNAL_SERVER_ERROR
        kept = await site.ledger.read(lambda tx: tx.rows(PaymentNotice))
        assert len(kept) == notice_desk.KEPT_A_DAY
        assert (await known(site, ordered.order.id)).state is OrderState.OPEN
        assert ordered.order.id not in caplog.text
        assert "Notice" in caplog.text
        await verified(hass)


async def limit_pages(site: CompereSite, pages: int) -> None:
    """Let the ledger's file have no more pages than this, as on a full disk."""

    def limit(engine: Engine) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await site.ledger._writer.call(limit)


async def test_a_full_disk_has_the_notice_come_again(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """What could not be kept is not acknowledged, and nothing of it is there."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        ordered = await order(site, SHOP, "20", "tap-1")
        await limit_pages(site, 1)
        replies = []
        while HTTPStatus.INTERNAL_SERVER_ERROR not in replies:  # until the last page is full
            paid = bank.pay(ordered.order.id)
            replies.append((await notify(site, bank, paid)).status)
        kept = len(replies) - 1
        assert replies == [HTTPStatus.NO_CONTENT] * kept + [HTTPStatus.INTERNAL_SERVER_ERROR]
        last = await site.ledger.read(
            lambda tx: tx.find(ProviderTxn, provider="paper", txn=paid.txn)
        )
        assert last is None
        await limit_pages(site, 2**31)
        assert (await notify(site, bank, paid)).status == HTTPStatus.NO_CONTENT
        balance = (await ask(hass, "get_account", account=SHOP))["balance"]
        assert balance == f"{200 + 20 * len(replies)}.00"
        await verified(hass)


async def test_a_payment_and_a_cut_at_the_same_time(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Whichever is first: in the end the relay is where the balance wants it."""
    bank = paper_bank()
    serial = MeterSerial(mall.meter(SHOP).serial)
    async with paying_site(
        hass, mall, tmp_path, bank, price=PRICE, opening_balance="1", accounts={SHOP: (SHOP,)}
    ) as site:
        for turn in range(1, 9):
            wanted = 2 if turn % 2 else 1  # what is paid makes good for what is used, or does not
            ordered = await order(site, SHOP, str(wanted), f"tap-{turn}")
            await read_again(site, serial)
            use(mall, SHOP, 20_000, 1500 * 3600 // 20_000)
            both = (read_again(site, serial), notify(site, bank, bank.pay(ordered.order.id)))
            await asyncio.gather(*(both if turn % 4 < 2 else reversed(both)))
            await relay_settled(site.controller, serial)
            found = await ask(hass, "get_account", account=SHOP)
            is_on = Decimal(found["balance"]) > 0
            assert found["meters"][0]["relay"] == ("closed" if is_on else "open")
            assert contact(mall.meter(SHOP)) == ("closed" if is_on else "open")
            if not is_on:
                await ask(hass, "top_up", account=SHOP, amount="1", reference=f"help {turn}")
                await relay_settled(site.controller, serial)
        await verified(hass)


async def test_providers_come_and_go_without_a_reload(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """One that cannot run is told, and the others run on."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        entries, entry = hass.config_entries, site.entry
        before = site.payments.providers["paper"]
        wrong = (
            paper_subentry("trial", for_trying=True),
            paper_subentry("strange", kind="cowries"),
        )
        for subentry in (*wrong, paper_subentry("second")):
            entries.async_add_subentry(entry, subentry)
        await hass.async_block_till_done()
        assert site.payments.providers["paper"] is before
        assert [offer.key for offer in site.payments.offers()] == ["paper", "second"]
        assert site.payments.offers()[0] == Offer(
            key="paper",
            title="Bank paper",
            kind="paper",
            methods=before.methods - {Method.AUTOMATIC},
            is_sandbox=False,
            automatic=False,
        )
        issues = ir.async_get(hass)
        named = [f"subentry_refused_{entry.entry_id}_{one.subentry_id}" for one in wrong]
        assert all(issues.async_get_issue(DOMAIN, name) for name in named)
        for subentry in wrong:
            entries.async_remove_subentry(entry, subentry.subentry_id)
        entries.async_remove_subentry(entry, "provider-paper")
        await hass.async_block_till_done()
        assert list(site.payments.providers) == ["second"]
        assert not any(issues.async_get_issue(DOMAIN, name) for name in named)


async def test_a_payment_that_is_nobodys_is_told_at_the_site(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """It is acknowledged, for nothing that the provider can do about it; somebody has to look."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        paid = bank.pay("never", site.currency.parse(7))
        async with expected_event(hass, "payment_unmatched") as told:
            assert (await notify(site, bank, paid)).status == HTTPStatus.NO_CONTENT
        data = told[0].data
        assert (data["txn"], data["amount"], data["reason"], data["account"]) == (
            paid.txn,
            "7.00",
            "order_unknown",
            None,
        )
        assert data["device_id"] == site.device_id
        await verified(hass)


async def test_two_tabs_pay_at_once(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """One key orders once however many ask at the same time; what is paid twice is credited."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        same = await asyncio.gather(*(order(site, SHOP, "20", "tap-1") for _ in range(10)))
        assert len({one.order.id for one in same}) == 1
        other = await order(site, SHOP, "20", "tap-2")
        for one in (same[0], other):
            await notify(site, bank, bank.pay(one.order.id))
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "240.00"
