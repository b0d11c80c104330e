"""Statements that are sent: each once, with the PDF where a channel takes files."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.site import CompereSite
from custom_components.compere_prepaid.statements.mailing import Mailing
from custom_components.compere_prepaid.statements.press import Paper, async_issued
from custom_components.compere_prepaid.statements.sent import KEPT, SENDING, SENT
from tests.notifications.conftest import SHOP
from tests.notifications.phones import Phone, reach
from tests.stories.telling import ask

FIRST = Paper(AccountNumber(SHOP), 1)


class SlowPhone(Phone):
    """A phone that takes its time: until `goes_on` is set."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """Register it."""
        super().__init__(hass, name)
        self.is_asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def _take(self, call: ServiceCall) -> None:
        self.is_asked.set()
        await self.goes_on.wait()
        await super()._take(call)


class Mailbox:
    """What Home Assistant's e-mail integration would send: it resolves attachments as that does."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Register its entity and its action."""
        self.hass = hass
        self.mails: list[dict[str, Any]] = []
        entity = er.async_get(hass).async_get_or_create("notify", "smtp", "tenant@example.com")
        self.name = entity.entity_id
        hass.states.async_set(self.name, "unknown")
        hass.services.async_register("smtp", "send_message", self._take)

    async def _take(self, call: ServiceCall) -> None:
        mail = dict(call.data)
        (attached,) = mail.pop("attachments")
        media = await async_resolve_media(
            self.hass, attached["media_source"]["media_content_id"], None
        )
        assert isinstance(media.path, Path)
        content = await self.hass.async_add_executor_job(media.path.read_bytes)
        self.mails.append(
            mail | {"file": attached["filename"], "content": content, "from": attached}
        )


async def test_each_is_sent_once(hass: HomeAssistant, site: CompereSite, tenant: Phone) -> None:
    """Who was told is not told again, also by a site that started anew, unless somebody says so."""
    first = await ask(hass, "issue_statement", account=SHOP, email=True)
    assert first["accounts"][SHOP]["sent"] == {tenant.name: "sent"}
    message = tenant.messages[-1]
    assert message["title"].endswith(f"statement No. 1 for account {SHOP}")
    assert "Electricity, Closing balance: 51.00 CNY" in message["message"]
    assert "print it for you on request" in message["message"]
    assert site.notifier.memory.messages(AccountNumber(SHOP))[0].title == message["title"]
    count = len(tenant.messages)
    site.mailing = Mailing(site)  # as after a restart
    again = await ask(hass, "print_statements", account=SHOP, email=True)
    assert again["accounts"][SHOP]["sent"] == {tenant.name: "sent_before"}
    assert len(tenant.messages) == count
    more = await ask(hass, "print_statements", account=SHOP, email=True, resend=True)
    assert more["accounts"][SHOP]["sent"] == {tenant.name: "sent"}
    assert len(tenant.messages) == count + 1


async def test_mail_carries_the_pdf(hass: HomeAssistant, site: CompereSite) -> None:
    """The statement is attached, in the tenant's language, and can be had for that moment only."""
    assert await async_setup_component(hass, "media_source", {})
    mailbox = Mailbox(hass)
    reach(hass, site, SHOP, notify=[mailbox.name], language="zh-Hans")
    await hass.async_block_till_done()
    answer = await ask(hass, "issue_statement", account=SHOP, email=True)
    assert answer["accounts"][SHOP]["sent"] == {mailbox.name: "sent"}
    (mail,) = mailbox.mails
    assert mail[ATTR_ENTITY_ID] == mailbox.name
    assert re.fullmatch(rf"statement-{SHOP}-1-zh-Hans-[0-9a-f]{{12}}\.pdf", mail["file"])
    assert mail["content"].startswith(b"%PDF")
    assert "对账单见附件" in mail["message"]
    root = await async_browse_media(hass, None)
    assert "Compere Prepaid" in [one.title for one in root.children or ()]
    ours = await async_browse_media(hass, "media-source://compere_prepaid")
    assert (ours.can_expand, ours.can_play, ours.children) == (True, False, [])
    with pytest.raises(Unresolvable):
        await async_resolve_media(hass, mail["from"]["media_source"]["media_content_id"], None)


async def test_failed_ones_are_sent_later(
    hass: HomeAssistant, site: CompereSite, tenant: Phone
) -> None:
    """What a channel did not take is no longer marked, so that the next time sends it."""
    tenant.broken = HomeAssistantError("no network")
    answer = await ask(hass, "issue_statement", account=SHOP, email=True)
    assert answer["accounts"][SHOP]["sent"] == {tenant.name: "failed"}
    tenant.broken = None
    answer = await ask(hass, "print_statements", account=SHOP, email=True)
    assert answer["accounts"][SHOP]["sent"] == {tenant.name: "sent"}


async def test_what_was_on_its_way_is_not_sent_twice(
    hass: HomeAssistant, site: CompereSite, tenant: Phone
) -> None:
    """After an end in the middle nobody knows whether it arrived: that is said, nothing is sent."""
    await ask(hass, "issue_statement", account=SHOP)
    row = await async_issued(site, FIRST)
    assert row is not None
    await site.mailing._sent.async_mark([(row, tenant.name, SENDING)])
    count = len(tenant.messages)
    answer = await ask(hass, "print_statements", account=SHOP, email=True)
    assert answer["accounts"][SHOP]["sent"] == {tenant.name: "unknown"}
    assert len(tenant.messages) == count


async def test_what_is_too_old_is_not_sent(
    hass: HomeAssistant, site: CompereSite, tenant: Phone
) -> None:
    """Of the first statement nobody knows any more; the latest ones are remembered."""
    sent = site.mailing._sent
    await ask(hass, "issue_statement", account=SHOP)
    row = await async_issued(site, FIRST)
    assert row is not None
    later = [replace(row, number=number) for number in range(2, KEPT + 3)]
    await sent.async_mark((one, "x", SENT) for one in later)
    assert await sent.async_states(later[-1]) == {"x": SENT}
    answer = await ask(hass, "print_statements", account=SHOP, email=True)
    assert answer["accounts"][SHOP]["sent"] == {tenant.name: "unknown"}
    assert tenant.messages == []


async def test_who_has_no_channel_is_told_nothing(hass: HomeAssistant, site: CompereSite) -> None:
    """The statement is printed all the same."""
    reach(hass, site, SHOP, notify=[])
    await hass.async_block_till_done()
    answer = await ask(hass, "issue_statement", account=SHOP, email=True)
    assert answer["accounts"][SHOP]["sent"] == {}
    assert answer["printed"] == 1


async def test_two_at_once_send_once(hass: HomeAssistant, site: CompereSite, tenant: Phone) -> None:
    """The second one waits for the first one, and finds that it was sent."""
    await ask(hass, "issue_statement", account=SHOP)
    answers = await asyncio.gather(*(site.mailing.async_send({FIRST: None}) for _ in range(2)))
    assert [one[FIRST] for one in answers] == [{tenant.name: "sent"}, {tenant.name: "sent_before"}]
    assert len(tenant.messages) == 1


async def test_what_is_cancelled_is_not_sent(
    hass: HomeAssistant, site: CompereSite, tenant: Phone
) -> None:
    """Whoever stops a batch does not want that it is mailed, also what is printed by then."""

    def stop() -> None:
        if site.press.done:
            site.press.cancel()

    site.totals.async_add_listener(stop)
    answer = await ask(hass, "issue_statement", account=SHOP, email=True)
    assert (answer["printed"], answer["cancelled"]) == (1, True)
    assert "sent" not in answer["accounts"][SHOP]
    assert tenant.messages == []


async def test_sending_is_cancelled(hass: HomeAssistant, site: CompereSite, tenant: Phone) -> None:
    """What is on its way arrives; what was not tried is said, and sent the next time."""
    slow = SlowPhone(hass, "slow")
    reach(hass, site, SHOP, notify=[slow.name, tenant.name])
    await hass.async_block_till_done()
    sending = asyncio.create_task(ask(hass, "issue_statement", account=SHOP, email=True))
    await slow.is_asked.wait()
    stopped = await ask(hass, "cancel_statements")
    slow.goes_on.set()
    answer = await sending
    assert stopped == {"cancelled": True, "done": 1, "total": 1}
    assert answer["cancelled"]
    assert answer["accounts"][SHOP]["sent"] == {slow.name: "sent", tenant.name: "not_tried"}
    again = await ask(hass, "print_statements", account=SHOP, email=True)
    assert again["accounts"][SHOP]["sent"] == {slow.name: "sent_before", tenant.name: "sent"}


async def test_what_was_sent_before_stays_so_if_sending_again_is_cancelled(
    hass: HomeAssistant, site: CompereSite, tenant: Phone
) -> None:
    """A resend that did not come to a channel does not make it forget what it took before."""
    slow = SlowPhone(hass, "slow")
    slow.goes_on.set()
    reach(hass, site, SHOP, notify=[slow.name, tenant.name])
    await hass.async_block_till_done()
    await ask(hass, "issue_statement", account=SHOP, email=True)
    slow.goes_on.clear()
    slow.is_asked.clear()
    sending = asyncio.create_task(site.mailing.async_send({FIRST: None}, again=True))
    await slow.is_asked.wait()
    assert site.mailing.stop()
    slow.goes_on.set()
    assert (await sending)[FIRST] == {slow.name: "sent", tenant.name: "not_tried"}
    again = await site.mailing.async_send({FIRST: None})
    assert again[FIRST] == {slow.name: "sent_before", tenant.name: "sent_before"}


async def test_stopping_waits_for_what_is_on_its_way(
    hass: HomeAssistant, site: CompereSite, tenant: Phone
) -> None:
    """A site that stops sends no more letters, and leaves none of which nobody knows."""
    await ask(hass, "issue_statement", account=SHOP)
    slow = SlowPhone(hass, "slow")
    reach(hass, site, SHOP, notify=[slow.name, tenant.name])
    await hass.async_block_till_done()
    sending = asyncio.create_task(site.mailing.async_send({FIRST: None}))
    await slow.is_asked.wait()
    stopping = asyncio.create_task(site.mailing.async_stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    slow.goes_on.set()
    await stopping
    assert (await sending)[FIRST] == {slow.name: "sent", tenant.name: "not_tried"}


async def test_another_statement_of_the_same_number_is_printed_and_sent(
    hass: HomeAssistant, site: CompereSite, tenant: Phone
) -> None:
    """A restored ledger issues numbers again, for other statements than those that got lost."""
    lost = await ask(hass, "issue_statement", account=SHOP, email=True)
    row = await async_issued(site, FIRST)
    assert row is not None
    other = replace(row, issued_at=row.issued_at + timedelta(hours=1))
    ours = "custom_components.compere_prepaid"
    with (
        patch(f"{ours}.actions.statement_papers.issued_row", return_value=other),
        patch(f"{ours}.statements.mailing.async_issued", return_value=other),
    ):
        answer = await ask(hass, "print_statements", account=SHOP, email=True)
        again = await ask(hass, "print_statements", account=SHOP, email=True)
    assert answer["accounts"][SHOP]["files"] != lost["accounts"][SHOP]["files"]
    assert answer["accounts"][SHOP]["sent"] == {tenant.name: "sent"}
    assert again["accounts"][SHOP]["sent"] == {tenant.name: "sent_before"}
    assert len(tenant.messages) == 2
