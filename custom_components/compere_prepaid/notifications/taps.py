"""Buttons under the managers' messages, and what comes of a tap.

A button carries nothing but a random token; what it does, and to whom, is kept here. A tap is
worth what the person behind it may do at that moment: it is checked whether they may, whether the
button is still young and unused, and whether the account stands as it did when the button went out.
Whatever becomes of it, the person who tapped is told.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
import secrets
from typing import TYPE_CHECKING, Any

from homeassistant.core import Context, Event, callback
from homeassistant.exceptions import ServiceValidationError

from ..action_errors import in_words
from ..authority import Duty, async_require_manager, is_administrator, user_name
from ..const import DOMAIN
from ..core.errors import PrepaidError
from ..core.ids import AccountNumber
from ..core.ledger.accounts import tenant
from ..core.ledger.ports import LedgerTransaction
from ..core.ledger.records import TransferCode
from ..core.money.amount import ZERO, Amount
from ..core.prepayment.state import AccountState
from ..devices import account_device
from .channels import companions_of
from .memory import NotificationMemory, Tap
from .messages import Message, account_values, tag_of, wall_clock
from .news import Kind, News
from .outbox import Outbox
from .wording import text

if TYPE_CHECKING:
    from .notifier import Notifier

TAPPED = "mobile_app_notification_action"
"""The event with which the companion app tells a tap."""

VALID = timedelta(hours=24)
"""So long a button may be used."""

KEPT = timedelta(days=7)
"""So long it is known what an old button was, to answer whoever taps it."""

_TOKEN_BYTES = 18
_URI = "URI"
"""The companion app's name for a button that opens a page."""


class Deed(StrEnum):
    """What a button does."""

    RECONNECT = "reconnect"
    GRACE = "grace"


DEEDS: Mapping[Kind, tuple[Deed, ...]] = {
    Kind.RECONNECT_AWAITED: (Deed.RECONNECT,),
    Kind.CREDIT_WARNING: (Deed.GRACE,),
    Kind.CUT_PUT_OFF: (Deed.GRACE,),
    Kind.CUT_REMINDER: (Deed.GRACE,),
    Kind.CUT_OFF: (Deed.GRACE,),
}
"""The buttons under news, besides the one that opens the account."""


class TapDesk:
    """Gives out buttons and takes taps for one site."""

    def __init__(self, notifier: Notifier, memory: NotificationMemory, outbox: Outbox) -> None:
        """Serve a site's notifier."""
        self._notifier = notifier
        self._site = notifier.site
        self._memory = memory
        self._outbox = outbox
        self._prefix = f"{DOMAIN}:{self._site.entry.entry_id}:"
        self._turn = asyncio.Lock()
        """Taps come one after the other: of two on one button the second finds it used."""

    @callback
    def async_listen(self) -> None:
        """Take taps while the site runs."""

        @callback
        def take(event: Event) -> None:
            action = str(event.data.get("action", ""))
            if action.startswith(self._prefix):
                self._notifier.start(self._tapped(action, event))

        self._site.entry.async_on_unload(self._site.hass.bus.async_listen(TAPPED, take))

    def buttons(self, news: News, account: AccountState, channel: str) -> list[dict[str, str]]:
        """Return the buttons under news about an account, for one companion app."""
        language, hours = self._notifier.managers_language, self._notifier.settings.grace_hours
        found, taps = [], []
        for deed in DEEDS.get(news.kind, ()):
            token = f"{self._prefix}{secrets.token_urlsafe(_TOKEN_BYTES)}"
            tap = Tap(
                does=deed.value,
                account=account.number,
                channel=channel,
                issued_at=self._site.clock.now().isoformat(),
                off=account.off,
                hours=hours,
                grace_until=_grace_of(account),
            )
            taps.append((token, tap))
            found.append({"action": token, "title": self._button_title(tap, language)})
        self._memory.add_taps(taps)
        device = account_device(self._site, account.number)
        if device is not None:
            page = f"/config/devices/device/{device.id}"
            found.append({"action": _URI, "title": text(language, "button_open", {}), "uri": page})
        return found

    def forget_old(self) -> None:
        """Forget buttons of which nobody asks any more."""
        taps, before = self._memory.taps, self._site.clock.now() - KEPT
        while taps and _issued(taps[oldest := next(iter(taps))]) < before:
            del taps[oldest]

    # What becomes of a tap

    async def _tapped(self, token: str, event: Event) -> None:
        async with self._turn:
            tap = self._memory.taps.get(token)
            if tap is None:
                await self._answer_unknown(event.context.user_id)
                return
            account = self._site.book.accounts.get(AccountNumber(tap.account))
            try:
                if not (user := await self._who(event)):
                    name = await user_name(self._site.hass, event.context.user_id or "?")
                    await self._answer(tap, "tap_not_allowed", user=name)
                elif (stale := await self._stale(tap, account)) is not None:
                    await self._answer(tap, f"tap_stale_{stale}")
                else:
                    await self._do(tap, user, event.context)
            except PrepaidError as error:
                again = [{"action": token, "title": self._button_title(tap)}]
                words = in_words(self._site.hass, error)
                await self._answer(tap, "tap_failed", again, error=words)

    async def _who(self, event: Event) -> str:
        """Return who tapped, empty if they may not; automations have actions of their own."""
        if event.context.user_id is None:
            return ""
        with suppress(ServiceValidationError):
            return await async_require_manager(
                self._site.hass, self._site.entry, event.context, Duty.HOLDS
            )
        return ""

    async def _stale(self, tap: Tap, account: AccountState | None) -> str | None:
        """Return why a button is not valid any more, None if it is."""
        if account is None or not account.is_open:
            return "gone"
        if tap.is_used:
            return "used"
        if self._site.clock.now() >= _issued(tap) + VALID:
            return "expired"
        if Deed(tap.does) is Deed.RECONNECT:
            return self._stale_reconnect(account)
        return await self._stale_grace(tap, account)

    @staticmethod
    def _stale_reconnect(account: AccountState) -> str | None:
        if not account.off:
            return "on"
        return "exhausted" if account.exhausted else None

    async def _stale_grace(self, tap: Tap, account: AccountState) -> str | None:
        """Return what changed since the button for a grace went out."""
        if account.off != tap.off:
            return "off" if account.off else "on"
        if _grace_of(account) not in {"", tap.grace_until}:
            return "graced"

        def credited(tx: LedgerTransaction) -> Amount:
            found = tx.totals(tenant(account.number), since=_issued(tap))
            return found.get(TransferCode.TOP_UP, ZERO)

        return "topped_up" if await self._site.ledger.read(credited) else None

    async def _do(self, tap: Tap, user: str, context: Context) -> None:
        """Do what a button is for; it is used from now on, also after a crash."""
        site = self._site
        until = site.clock.now() + timedelta(hours=tap.hours)
        tap.is_used = True
        await self._memory.async_save()
        try:
            if Deed(tap.does) is Deed.RECONNECT:
                await site.agreements.reconnect([tap.account], user)
            else:
                await site.credit_desk.grant_grace(
                    [tap.account],
                    until,
                    user=user,
                    reason=text(self._notifier.managers_language, "grace_reason", {}),
                    administrator=await is_administrator(site.hass, context),
                )
        except PrepaidError:
            tap.is_used = False
            self._memory.save_soon()
            raise
        await self._answer(tap, f"tap_{tap.does}_done", until=wall_clock(site, until))

    async def _answer(
        self, tap: Tap, key: str, buttons: Iterable[Mapping[str, str]] = (), **values: str
    ) -> None:
        """Answer where the button was shown; the answer takes the message's place."""
        language = self._notifier.managers_language
        number = AccountNumber(tap.account)
        account = self._site.book.accounts.get(number)
        known = {"name": "", "number": tap.account, "available": ""}
        if account is not None:
            known = account_values(self._site, account)
        values = {**known, "hours": str(VALID // timedelta(hours=1)), **values}
        message = Message(
            title=text(language, "tap_title", values) if account else tap.account,
            text=text(language, key, values),
            tag=tag_of(self._site, number),
            account=number,
        )
        actions = list(buttons)
        extras: dict[str, Any] = {"actions": actions} if actions else {}
        await self._outbox.async_send([tap.channel], message, lambda _channel: extras)

    async def _answer_unknown(self, user: str | None) -> None:
        """Answer to the tapper's own phones: nobody knows where the button was shown."""
        if user is None:
            return
        message = Message(
            title=self._site.name,
            text=text(self._notifier.managers_language, "tap_stale_unknown", {}),
            tag=tag_of(self._site, "tap"),
        )
        await self._outbox.async_send(companions_of(self._site.hass, user), message)

    def _button_title(self, tap: Tap, language: str = "") -> str:
        language = language or self._notifier.managers_language
        return text(language, f"button_{tap.does}", {"hours": str(tap.hours)})


def _issued(tap: Tap) -> datetime:
    return datetime.fromisoformat(tap.issued_at)


def _grace_of(account: AccountState) -> str:
    until = account.watch.grace_until
    return "" if until is None else until.isoformat()
