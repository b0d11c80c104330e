"""Sending: a message to several channels at once, each of which may fail by itself.

Messages to one channel keep their order. A channel that fails is reported once, by a repair issue
that goes when it works again; the others get the message all the same.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.exceptions import HomeAssistantError

from .. import issues
from ..action_errors import in_words
from ..core.errors import PrepaidError
from . import channels
from .messages import Message

if TYPE_CHECKING:
    from ..site import CompereSite

_LOGGER = logging.getLogger(__name__)

PATIENCE_S = 30.0
"""So long a channel may take for one message."""

type Extras = Callable[[str], Mapping[str, Any]]
"""Returns what a companion app gets beside the text, by its channel."""


def _nothing(_channel: str) -> Mapping[str, Any]:
    return {}


class Outbox:
    """Sends the messages of a site."""

    def __init__(self, site: CompereSite) -> None:
        """Send for this site."""
        self._site = site
        self._turns: dict[str, asyncio.Lock] = {}
        self._failing: set[str] = set()

    async def async_send(
        self, names: Iterable[str], message: Message, extras: Extras = _nothing
    ) -> tuple[str, ...]:
        """Send a message to channels; return those that took it."""
        wanted = list(dict.fromkeys(names))
        taken = await asyncio.gather(*(self._send(name, message, extras) for name in wanted))
        return tuple(name for name, took in zip(wanted, taken, strict=True) if took)

    def forget(self, used: Iterable[str]) -> None:
        """Take back what was said of channels that nobody uses any more."""
        for channel in self._failing - set(used):
            self._works(channel)

    async def _send(self, channel: str, message: Message, extras: Extras) -> bool:
        async with self._turns.setdefault(channel, asyncio.Lock()):
            data: Mapping[str, Any] = {}
            if channels.is_companion(channel):
                data = ({"tag": message.tag} if message.tag else {}) | dict(extras(channel))
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await channels.async_send(
                        *(self._site.hass, channel, message.title, message.text, data),
                        file=message.file,
                    )
            except PrepaidError as error:
                self._fails(channel, in_words(self._site.hass, error))
            except (HomeAssistantError, TimeoutError) as error:
                self._fails(channel, str(error) or "timeout")
            except Exception as error:  # noqa: BLE001  # others' code: one must not spoil the rest
                self._fails(channel, f"{type(error).__name__}: {error}")
            else:
                self._works(channel)
                return True
            return False

    def _fails(self, channel: str, error: str) -> None:
        if channel not in self._failing:
            self._failing.add(channel)
            _LOGGER.warning("Messages of %s do not reach %s: %s", self._site.name, channel, error)
            issues.raise_channel_failed(self._site, channel, error)

    def _works(self, channel: str) -> None:
        if channel in self._failing:
            self._failing.discard(channel)
            _LOGGER.warning("Messages of %s reach %s again", self._site.name, channel)
            issues.clear(self._site, issues.CHANNEL_FAILED, channel)
