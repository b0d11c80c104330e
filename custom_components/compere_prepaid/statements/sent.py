"""Which statements were sent to whom, kept over restarts so that none is sent twice.

What is about to be sent is written down before: if Home Assistant ends in the middle of that, it is
not known whether the tenant has it, and it is not sent again unless somebody says so.
"""

from collections.abc import Iterable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from .press import Paper

_VERSION = 1
KEPT = 60
"""Statements per account of which this is remembered: the latest."""

SENDING, SENT = "sending", "sent"


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    key = f"{DOMAIN}.{entry_id}.sent_statements"
    return Store(hass, _VERSION, key, private=True, serialize_in_event_loop=False)


async def async_forget_sent(hass: HomeAssistant, entry_id: str) -> None:
    """Delete what is kept of a site that is gone."""
    await _store(hass, entry_id).async_remove()


class SentMemory:
    """Remembers what was sent."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Remember it for a site."""
        self._store = _store(hass, entry_id)
        self._states: dict[str, dict[str, dict[str, str]]] | None = None

    async def async_states(self, paper: Paper) -> dict[str, str]:
        """Return what became of a statement, by channel."""
        return dict((await self._loaded()).get(paper.account, {}).get(str(paper.number), {}))

    async def async_mark(self, marks: Iterable[tuple[Paper, str, str | None]]) -> None:
        """Write states down, by statement and channel; None is nothing sent. It is on disk then."""
        states = await self._loaded()
        for paper, channel, state in marks:
            numbers = states.setdefault(paper.account, {})
            channels = numbers.setdefault(str(paper.number), {})
            if state is None:
                channels.pop(channel, None)
            else:
                channels[channel] = state
            for old in sorted(numbers, key=int)[:-KEPT]:
                del numbers[old]
        # A copy, for it is written beside the event loop.
        copy = {
            account: {number: dict(channels) for number, channels in numbers.items()}
            for account, numbers in states.items()
        }
        await self._store.async_save(copy)

    async def _loaded(self) -> dict[str, dict[str, dict[str, str]]]:
        if self._states is None:
            self._states = await self._store.async_load() or {}
        return self._states
