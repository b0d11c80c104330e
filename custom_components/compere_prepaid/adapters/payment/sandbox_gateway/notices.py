"""Sending notices until they are acknowledged, as often as the real gateway does."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
import itertools
from typing import Any
import uuid

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from .faults import Faults
from .orders import Order, OrderBook, Refund
from .voice import Voice

RETRIES_S = (
    *(15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600),
    *(10800, 10800, 10800, 21600, 21600),
)
"""Pauses before a notice is sent again: 24 hours and 4 minutes in all."""

_TAKEN = frozenset({200, 204})
"""Who answers so need not be told again."""

_TIMEOUT = ClientTimeout(total=5)
_PIECES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice was sent. `status` is 0 if nobody answered in time."""

    about: str
    """Number of the order or refund."""
    status: int


class Notices:
    """Sends what happened to who wants to know."""

    def __init__(
        self, book: OrderBook, voice: Voice, faults: Faults, session: ClientSession, pace: float
    ) -> None:
        """Pauses are multiplied by `pace`."""
        self._book = book
        self._voice = voice
        self._faults = faults
        self._session = session
        self._pace = pace
        self._tasks = set[asyncio.Task[None]]()
        self.deliveries = deque[Delivery](maxlen=10_000)
        """What was sent lately, the newest last."""

    def announce(self, record: Order | Refund) -> None:
        """Tell of something that has just happened, until it is acknowledged."""
        if not self._faults.silent:
            task = asyncio.create_task(self._announce(record), name="sandbox gateway: notice")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def tell(self, record: Order | Refund, number: str = "") -> list[int]:
        """Tell once, in as many copies as the faults want; return the answers."""
        number = number or str(uuid.uuid4())
        body = self._voice.notice(number, *self._news(record))
        slow_s = self._faults.slow_notices_s
        copies = range(max(1, self._faults.copies))
        statuses = await asyncio.gather(*(self._send(record, body, slow_s) for _ in copies))
        self.deliveries.extend(Delivery(about=record.id, status=status) for status in statuses)
        if not _TAKEN.isdisjoint(statuses) and not record.is_told:
            record.is_told = True
            await self._book.keep(record)
        return statuses

    async def settled(self) -> None:
        """Return once nothing is waiting to be sent."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Send nothing any more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _announce(self, record: Order | Refund) -> None:
        number = str(uuid.uuid4())
        for pause in itertools.chain((0,), RETRIES_S):
            await asyncio.sleep(pause * self._pace)
            if not _TAKEN.isdisjoint(await self.tell(record, number)):
                return

    async def _send(self, record: Order | Refund, body: bytes, slow_s: float) -> int:
        """Send a notice once; return the answer's status, 0 for none."""
        headers = self._voice.headers(body)
        try:
            async with self._session.post(
                URL(record.notify_url),
                data=_trickle(body, slow_s) if slow_s else body,
                headers={**headers, "Content-Type": "application/json"},
                timeout=ClientTimeout(total=slow_s + 5) if slow_s else _TIMEOUT,
                allow_redirects=False,
            ) as response:
                return response.status
        except ClientError, TimeoutError, OSError:
            return 0

    def _news(self, record: Order | Refund) -> tuple[str, str, Mapping[str, Any]]:
        if isinstance(record, Order):
            content = transaction(record, self._book, self._voice, self._faults)
            return "TRANSACTION.SUCCESS", "transaction", content
        order = self._book.orders[record.order_id]
        content = refund_data(record, order, "refund_status") | {
            "mchid": self._faults.told.get("mchid", self._voice.mchid)
        }
        return f"REFUND.{record.state}", "refund", content


def transaction(order: Order, book: OrderBook, voice: Voice, faults: Faults) -> dict[str, Any]:
    """Return what is said of an order, to who asks and in notices."""
    state = order.state_at(voice.now())
    if state == "SUCCESS" and book.refunds_of(order):
        state = "REFUND"
    if state == "NOTPAY" and faults.user_paying:
        state = "USERPAYING"
    data: dict[str, Any] = {
        "appid": voice.appid,
        "mchid": voice.mchid,
        "out_trade_no": order.id,
        "trade_type": order.trade_type,
        "trade_state": state,
        "trade_state_desc": state,
        "attach": "",
        "amount": {
            "total": order.total,
            "payer_total": order.total,
            "currency": order.currency,
            "payer_currency": order.currency,
        },
    }
    if order.txn:
        data |= {
            "transaction_id": order.txn,
            "bank_type": "OTHERS",
            "success_time": order.success_time,
            "payer": {"openid": order.openid},
        }
    for path, value in faults.told.items():
        *parents, name = path.split(".")
        place = data
        for parent in parents:
            place = place[parent]
        place[name] = value
    return data


def refund_data(refund: Refund, order: Order, status: str) -> dict[str, Any]:
    """Return what is said of a refund; notices and answers call its state differently."""
    return {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.id,
        "transaction_id": order.txn,
        "out_trade_no": order.id,
        "channel": "ORIGINAL",
        "user_received_account": "OTHERS",
        "create_time": refund.created_at,
        status: refund.state,
        "amount": {
            "total": order.total,
            "refund": refund.amount,
            "payer_total": order.total,
            "payer_refund": refund.amount,
            "currency": order.currency,
        },
    } | ({"success_time": refund.success_time} if refund.success_time else {})


async def _trickle(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    """Give a body out in pieces."""
    size = max(1, len(body) // _PIECES)
    for at in range(0, len(body), size):
        yield body[at : at + size]
        await asyncio.sleep(seconds / _PIECES)
