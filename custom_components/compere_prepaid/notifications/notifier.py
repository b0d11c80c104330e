"""The notifier: hears what happens at a site and tells tenants and managers.

What cannot wait is on its way as soon as the event was told, nothing lies in between. What can wait
does so while it is quiet; of each kind and subject only the latest is kept, and dropped if it is no
longer true when the quiet time ends. Every crossing of a level is one event of the core, so every
message is sent once.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.start import async_at_started

from ..const import CONF_LANGUAGE, CONF_NOTIFY, CONF_NUMBER, SUBENTRY_ACCOUNT
from ..core.errors import PrepaidError
from ..core.events import Event
from ..core.ids import AccountNumber
from .crowd import LISTED, Crowd
from .digest import LONGEST, Digest, async_digest, due
from .errands import Errands
from .memory import NotificationMemory, Told
from .messages import Message, account_of, compose, is_there, is_true, tag_of
from .news import Audience, Kind, News, news_of
from .outbox import Outbox
from .settings import Settings
from .taps import TapDesk
from .wording import language_for, load_texts, text

if TYPE_CHECKING:
    from ..site import CompereSite

LAST_WORDS_S = 5.0
"""So long what is on its way is waited for when the site stops."""


class Notifier:
    """Tells people of one site what happens."""

    def __init__(self, site: CompereSite) -> None:
        """Hear the events of this site."""
        self.site = site
        self.errands = Errands(site)
        self._back: set[str] = set()
        """Accounts of which it was told that power is back, since their last cut."""
        self._started = asyncio.Event()
        """Set once Home Assistant has started: before that, no phone can be reached."""
        self._crowd = Crowd()
        self.memory = NotificationMemory(site)
        self.outbox = Outbox(site)
        self.taps = TapDesk(self, self.memory, self.outbox)

    @property
    def settings(self) -> Settings:
        """What the managers chose, as it is now."""
        return Settings.of(self.site.entry.options, self.site.zone)

    @property
    def managers_language(self) -> str:
        """The language in which managers are told."""
        return self._language(self.settings.language)

    def channels_of(self, number: AccountNumber) -> list[str]:
        """Return an account's channels."""
        runtime = self.site.accounts.get(number)
        return list(runtime.data.get(CONF_NOTIFY, ())) if runtime else []

    async def async_start(self) -> None:
        """Read texts and memory."""
        await self.site.hass.async_add_executor_job(load_texts)
        await self.memory.async_load()
        self.taps.async_listen()

        @callback
        def begin(_hass: HomeAssistant) -> None:
            self._started.set()

        self.site.entry.async_on_unload(async_at_started(self.site.hass, begin))

    async def async_stop(self) -> None:
        """Let what is on its way arrive, for a moment, and write down what waits."""
        await self.errands.async_done(LAST_WORDS_S)
        await self.memory.async_close()

    @callback
    def take(self, event: Event) -> None:
        """Take an event of the core; never fails, and never holds up who told it."""
        if (news := news_of(event)) is not None:
            self.start(self._tell(news))

    async def on_clock(self) -> None:
        """Tell what waited: for the quiet to end, or because there was much at once."""
        self.taps.forget_old()
        if self.memory.is_anything_waiting and self._quiet_until() is None:
            for audience, news in await self.memory.async_take_waiting():
                if is_true(self.site, news):
                    self.start(self._send(news, audience))
        if titles := self._crowd.take():
            self.start(self._send_crowd(titles))
        await self._look_for_digest()

    def configuration_changed(self) -> None:
        """Forget channels that nobody uses any more, and messages to accounts that are gone."""
        used = set(self.settings.channels)
        accounts = self.site.entry.get_subentries_of_type(SUBENTRY_ACCOUNT)
        for account in accounts:
            used.update(account.data.get(CONF_NOTIFY, ()))
        self.outbox.forget(used)
        self.memory.keep_accounts(account.data[CONF_NUMBER] for account in accounts)

    async def async_message(
        self, number: AccountNumber, title: str, content: str, tag: str = ""
    ) -> tuple[str, ...]:
        """Send somebody's message to an account's tenant, and keep it; return who took it.

        An account without channels has it kept.
        """
        message = Message(title=title, text=content, tag=tag, account=number)
        return await self._send_to_tenant(number, message, {})

    # The digest

    async def async_digest(self, since: datetime | None = None) -> Digest:
        """Return what happened since an instant, or since the last digest."""
        now = self.site.clock.now()
        last = since or self.memory.digest_at or now - LONGEST
        return await async_digest(self.site, max(last, now - LONGEST))

    async def async_send_digest(self) -> tuple[Digest, tuple[str, ...]]:
        """Send the digest to the managers; return it, and the channels that took it.

        That it was sent is written down first: rather none after a crash than two.
        """
        digest = await self._digest_to_send()
        return digest, await self._send_digest(digest)

    async def _digest_to_send(self) -> Digest:
        digest = await self.async_digest()
        self.memory.digest_at = digest.until
        await self.memory.async_save()
        return digest

    async def _send_digest(self, digest: Digest) -> tuple[str, ...]:
        language = self.managers_language
        message = Message(
            title=digest.title(language),
            text=digest.text(language),
            tag=tag_of(self.site, "digest"),
        )
        return await self.outbox.async_send(self.settings.channels, message)

    async def _look_for_digest(self) -> None:
        """Send the digest if its time has come, and it is not quiet."""
        settings = self.settings
        if settings.digest_at is None or not settings.channels or not self._started.is_set():
            return
        if self.memory.digest_at is None:  # digests begin now: there is none of the past
            self.memory.digest_at = self.site.clock.now()
            self.memory.save_soon()
        elif self._quiet_until() is None and due(
            settings.digest_at, self.memory.digest_at, self.site
        ):
            with suppress(PrepaidError):  # the ledger cannot be read: the next look tries again
                self.start(self._send_digest(await self._digest_to_send()))

    # How news are told

    async def _tell(self, news: News) -> None:
        """Tell everybody whom news concern, now or when it is not quiet any more."""
        if self._is_told_already(news) or self._goes_without_saying(news):
            return
        quiet_until = self._quiet_until()
        for audience in self._audiences(news):
            if quiet_until is not None and self._can_wait(news, quiet_until):
                self.memory.wait(audience, news)
            else:
                self.start(self._send(news, audience))

    def _audiences(self, news: News) -> list[Audience]:
        settings, rule = self.settings, news.rule
        found = []
        thanks_only = news.kind is Kind.TOPPED_UP and not settings.thanks
        account = account_of(self.site, news)
        if rule.tenants and account is not None and not account.owner and not thanks_only:
            found.append(Audience.TENANT)
        if rule.topic in settings.wants and settings.channels:
            found.append(Audience.MANAGERS)
        return found

    def _can_wait(self, news: News, quiet_until: datetime) -> bool:
        """Tell whether news may wait so long: they may not, if the cut would come first."""
        if news.rule.urgent or (news.until is not None and news.until <= quiet_until):
            return False
        account = account_of(self.site, news)
        if news.kind is Kind.CREDIT_WARNING and account is not None:
            now = self.site.clock.now()
            soonest = account.forecast(now).low  # thousandths of days
            lasts_s = None if soonest is None else soonest * 86_400 // 1000
            return lasts_s is None or now + timedelta(seconds=lasts_s) > quiet_until
        return True

    def _is_told_already(self, news: News) -> bool:
        """Tell whether an account's other meter came back before: power is back once."""
        if news.kind is Kind.CUT_OFF:
            self._back.discard(news.subject)
        if news.kind is not Kind.RESTORED:
            return False
        told = news.subject in self._back
        self._back.add(news.subject)
        return told

    def _goes_without_saying(self, news: News) -> bool:
        """Tell whether a warning came together with the cut, or its delay, which say more."""
        account = account_of(self.site, news)
        return (
            news.kind is Kind.CREDIT_WARNING
            and account is not None
            and (account.off or account.waiting)
        )

    async def _send(self, news: News, audience: Audience) -> None:
        await self._started.wait()
        if not is_there(self.site, news):
            return
        account = account_of(self.site, news)
        if audience is Audience.MANAGERS:
            message = compose(self.site, news, audience, self.managers_language)
            if not self._crowd.admits(self.site.clock.now()):
                self._crowd.add(message.title)
                return

            def extras(channel: str) -> Mapping[str, Any]:
                buttons = self.taps.buttons(news, account, channel) if account else []
                return {**_pressing(news), **({"actions": buttons} if buttons else {})}

            await self.outbox.async_send(self.settings.channels, message, extras)
        elif account is not None:
            message = compose(self.site, news, audience, self._language_of(account.number))
            await self._send_to_tenant(account.number, message, _pressing(news))

    async def _send_crowd(self, titles: list[str]) -> None:
        """Tell managers of many things in one message."""
        language = self.managers_language
        values = {"site": self.site.name, "count": str(len(titles))}
        lines = titles[:LISTED]
        if len(titles) > LISTED:
            lines.append(text(language, "digest_more", {"count": str(len(titles) - LISTED)}))
        message = Message(
            title=text(language, "crowd_title", values),
            text="\n".join(lines),
            tag=tag_of(self.site, "crowd"),
        )
        await self.outbox.async_send(self.settings.channels, message)

    async def _send_to_tenant(
        self, number: AccountNumber, message: Message, extras: Mapping[str, Any]
    ) -> tuple[str, ...]:
        taken = await self.outbox.async_send(
            self.channels_of(number), message, lambda _channel: extras
        )
        told = Told(
            at=self.site.clock.now().astimezone(UTC),
            title=message.title,
            text=message.text,
            channels=taken,
        )
        self.memory.keep_message(number, told)
        return taken

    def _quiet_until(self) -> datetime | None:
        quiet = self.settings.quiet
        return quiet.until(self.site.clock.now()) if quiet else None

    def _language_of(self, number: AccountNumber) -> str:
        runtime = self.site.accounts.get(number)
        chosen = self.site.tenants.choice(number).language
        return self._language(chosen or (runtime.data.get(CONF_LANGUAGE, "") if runtime else ""))

    def _language(self, chosen: str) -> str:
        return language_for(chosen or self.site.hass.config.language)

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Work on something as soon as who called is done; relays go first."""
        self.errands.begin(work)


def _pressing(news: News) -> Mapping[str, Any]:
    """Return what lets a phone show urgent news at once, whatever it is sleeping on."""
    if not news.rule.urgent:
        return {}
    return {
        "ttl": 0,
        "priority": "high",
        "push": {"interruption-level": "time-sensitive"},
    }
