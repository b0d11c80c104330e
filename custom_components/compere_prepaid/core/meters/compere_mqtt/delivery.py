"""News for a listener, one after the other, and never more of them than there are meters."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
import logging
from typing import NoReturn

from ...errors import OperationFailedError
from ...ids import MeterSerial

_LOGGER = logging.getLogger(__name__)

type _Key = tuple[MeterSerial, str]
type _Tell = Callable[[], Awaitable[None]]
type _Taken = list[asyncio.Future[None]]


class Deliveries:
    """Waiting news by meter and kind; newer news replaces older of its kind."""

    def __init__(self) -> None:
        """Begin with nothing to tell."""
        self._waiting: OrderedDict[_Key, tuple[_Tell, _Taken]] = OrderedDict()
        self._wake = asyncio.Event()

    def put(self, key: _Key, tell: _Tell, taken: asyncio.Future[None] | None = None) -> None:
        """Tell this when its turn comes; `taken` is done when that has been worked on."""
        _, waiters = self._waiting.get(key, (None, []))
        self._waiting[key] = (tell, waiters if taken is None else [*waiters, taken])
        self._wake.set()

    def forget(self, serial: MeterSerial) -> None:
        """Tell nothing of a meter any more."""
        for key in [key for key in self._waiting if key[0] == serial]:
            for taken in self._waiting.pop(key)[1]:
                taken.cancel()

    def clear(self, error: OperationFailedError) -> None:
        """Tell nothing that waits; whoever waits for it gets the error."""
        for _, waiters in self._waiting.values():
            for taken in waiters:
                if not taken.done():
                    taken.set_exception(error)
                    taken.exception()  # seen, also if its caller never gets to wait for it
        self._waiting.clear()

    async def work(self) -> NoReturn:
        """Tell the news, for ever; a listener's failure is its own."""
        while True:
            while self._waiting:
                _, (tell, waiters) = self._waiting.popitem(last=False)
                await _deliver(tell, waiters)
            self._wake.clear()
            await self._wake.wait()


async def _deliver(tell: _Tell, waiters: _Taken) -> None:
    try:
        await tell()
    except asyncio.CancelledError:
        for taken in waiters:
            taken.cancel()
        raise
    except Exception as error:
        if not waiters:
            _LOGGER.exception("A reading could not be worked on")
        for taken in waiters:
            if not taken.done():
                taken.set_exception(error)
    else:
        for taken in waiters:
            if not taken.done():
                taken.set_result(None)
