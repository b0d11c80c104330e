"""What is remembered of notifications over a restart, in Home Assistant's own storage.

No money hangs on it, so it is no part of the ledger: what waits for the end of the quiet time,
which buttons are out, when the last digest was sent, and what each tenant was told last.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..core.ids import AccountNumber
from .news import Audience, News

if TYPE_CHECKING:
    from ..site import CompereSite

VERSION = 1

MESSAGES_KEPT = 20
"""Per account, the latest ones."""

TEXT_KEPT = 2000
"""Characters of a message that are kept."""

TAPS_KEPT = 1000
"""Buttons that are out at once; the oldest are forgotten beyond it."""

SAVE_DELAY_S = 1.0
MESSAGES_SAVE_DELAY_S = 30.0
"""What tenants were told is much and changes seldom alone: it is written together."""


@dataclass(slots=True, kw_only=True)
class Tap:
    """A button that is out: what it does, to which account, and how that stood then."""

    does: str
    account: str
    channel: str
    issued_at: str
    """ISO 8601, UTC."""
    off: bool
    hours: int
    grace_until: str
    """ISO 8601, UTC; empty for none."""
    is_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message to a tenant; `channels` are those that took it."""

    at: datetime
    title: str
    text: str
    channels: tuple[str, ...]


type _Store = Store[dict[str, Any]]


def _store(hass: HomeAssistant, key: str) -> _Store:
    return Store(hass, VERSION, key, private=True, serialize_in_event_loop=False)


def _stores(hass: HomeAssistant, entry_id: str) -> tuple[_Store, _Store]:
    return (
        _store(hass, f"{DOMAIN}.{entry_id}.notifications"),
        _store(hass, f"{DOMAIN}.{entry_id}.messages"),
    )


async def async_forget_notifications(hass: HomeAssistant, entry_id: str) -> None:
    """Delete what is kept of a site that is gone."""
    for store in _stores(hass, entry_id):
        await store.async_remove()


class NotificationMemory:
    """Keeps what a site's notifications remember."""

    def __init__(self, site: CompereSite) -> None:
        """Keep it for this site."""
        self._hass = site.hass
        self._store, self._messages_store = _stores(site.hass, site.entry.entry_id)
        self._waiting: dict[str, dict[str, Any]] = {}
        self._messages: dict[str, tuple[dict[str, Any], ...]] = {}
        self._is_unsaved = self._are_messages_unsaved = False
        self.taps: dict[str, Tap] = {}
        self.digest_at: datetime | None = None
        """When the last digest was sent, or digests began."""

    async def async_load(self) -> None:
        """Read what was kept."""
        kept = await self._store.async_load() or {}
        self._waiting = kept.get("waiting", {})
        self.taps = {token: Tap(**tap) for token, tap in kept.get("taps", {}).items()}
        if at := kept.get("digest_at"):
            self.digest_at = datetime.fromisoformat(at)
        messages = await self._messages_store.async_load() or {}
        self._messages = {number: tuple(told) for number, told in messages.items()}

    def save_soon(self) -> None:
        """Write within a moment."""
        self._is_unsaved = True
        self._store.async_delay_save(self._data, SAVE_DELAY_S)

    async def async_save(self) -> None:
        """Write now."""
        self._is_unsaved = False
        data = await self._hass.async_add_executor_job(self._data)
        await self._store.async_save(data)

    async def async_close(self) -> None:
        """Write what has not been written yet."""
        if self._is_unsaved:
            await self.async_save()
        if self._are_messages_unsaved:
            self._are_messages_unsaved = False
            await self._messages_store.async_save(self._messages_data())

    # What waits

    def wait(self, audience: Audience, news: News) -> None:
        """Keep news until the quiet time ends, in place of older ones of their kind."""
        key = f"{audience}:{news.kind}:{news.subject}"
        self._waiting.pop(key, None)
        self._waiting[key] = {"audience": audience.value, "news": news.as_dict()}
        self.save_soon()

    @property
    def is_anything_waiting(self) -> bool:
        """Whether news wait."""
        return bool(self._waiting)

    async def async_take_waiting(self) -> list[tuple[Audience, News]]:
        """Return what waits, oldest first; it is nobody's any more, also after a restart."""
        taken, self._waiting = self._waiting, {}
        await self.async_save()
        return [(Audience(one["audience"]), News.of(one["news"])) for one in taken.values()]

    # What tenants were told

    def keep_message(self, number: AccountNumber, told: Told) -> None:
        """Keep a message to a tenant, for those who look it up."""
        kept = {
            "at": told.at.isoformat(),
            "title": told.title[:TEXT_KEPT],
            "message": told.text[:TEXT_KEPT],
            "channels": list(told.channels),
        }
        self._messages[number] = (*self._messages.get(number, ()), kept)[-MESSAGES_KEPT:]
        self._save_messages_soon()

    def messages(self, number: AccountNumber) -> list[Told]:
        """Return what an account's tenant was told, the latest first."""
        return [
            Told(
                at=datetime.fromisoformat(kept["at"]),
                title=kept["title"],
                text=kept["message"],
                channels=tuple(kept["channels"]),
            )
            for kept in reversed(self._messages.get(number, ()))
        ]

    def keep_accounts(self, numbers: Iterable[str]) -> None:
        """Forget what tenants were told whose accounts are not among these."""
        if gone := self._messages.keys() - set(numbers):
            for number in gone:
                del self._messages[number]
            self._save_messages_soon()

    def _save_messages_soon(self) -> None:
        self._are_messages_unsaved = True
        self._messages_store.async_delay_save(self._messages_data, MESSAGES_SAVE_DELAY_S)

    # Buttons

    def add_taps(self, taps: Iterable[tuple[str, Tap]]) -> None:
        """Remember buttons; the oldest ones give way."""
        self.taps.update(taps)
        while len(self.taps) > TAPS_KEPT:
            del self.taps[next(iter(self.taps))]
        self.save_soon()

    def _data(self) -> dict[str, Any]:
        """Return copies, made in one step each: this runs beside the event loop."""
        return {
            "waiting": dict(self._waiting),
            "taps": {token: asdict(tap) for token, tap in dict(self.taps).items()},
            "digest_at": self.digest_at.isoformat() if self.digest_at else None,
        }

    def _messages_data(self) -> dict[str, Any]:
        """Return a copy, made in one step: this runs beside the event loop."""
        return dict(self._messages)
