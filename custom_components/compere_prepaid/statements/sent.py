"""Which statements were sent to whom, kept over restarts so that none is sent twice.

What is about to be sent is written down before: if Home Assistant ends in the middle of that, it is
not known whether the tenant has it, and it is not sent again unless somebody says so.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..core.ledger.account_rows import IssuedStatement
from .press import fingerprint

_VERSION = 1
KEPT = 12
"""Statements per account of which this is remembered: the latest."""

SENDING, SENT = "sending", "sent"


class _Known(TypedDict):
    """What became of a statement by channel, and which one of its number it is."""

    fingerprint: str
    channels: Mapping[str, str]


type _Numbers = Mapping[str, _Known]
"""What is known of statements, by number."""


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
        self._states: dict[str, _Numbers] | None = None

    async def async_states(self, row: IssuedStatement) -> Mapping[str, str] | None:
        """Return what became of a statement, by channel; None if it is too old to be known."""
        numbers = (await self._loaded()).get(row.account, {})
        if len(numbers) >= KEPT and row.number < min(map(int, numbers)):
            return None
        return _channels(numbers, row)

    async def async_mark(self, marks: Iterable[tuple[IssuedStatement, str, str | None]]) -> None:
        """Write states down, by statement and channel; None is nothing sent. It is on disk then."""
        states = await self._loaded()
        for row, channel, state in marks:
            numbers = dict(states.get(row.account, {}))
            channels = dict(_channels(numbers, row))
            channels.pop(channel, None)
            if state is not None:
                channels[channel] = state
            numbers[str(row.number)] = {"fingerprint": fingerprint(row), "channels": channels}
            kept = sorted(numbers, key=int)[-KEPT:]
            states[row.account] = {number: numbers[number] for number in kept}
        # A copy, for it is written beside the event loop; what is in it is never changed.
        await self._store.async_save(dict(states))

    async def _loaded(self) -> dict[str, _Numbers]:
        if self._states is None:
            self._states = await self._store.async_load() or {}
        return self._states


def _channels(numbers: _Numbers, row: IssuedStatement) -> Mapping[str, str]:
    known = numbers.get(str(row.number))
    is_same = known is not None and known["fingerprint"] == fingerprint(row)
    return known["channels"] if known is not None and is_same else {}
