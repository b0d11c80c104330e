"""The gateway's orders and refunds, kept in a file that survives its end.

The file is a line of JSON for each change; of the lines about one thing the last counts. It is
written anew, compact, when it is opened.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
import json
import os
from pathlib import Path
import secrets
from typing import Any

from .keys import write_privately

FILE = "orders.jsonl"


@dataclass(slots=True, kw_only=True)
class Order:
    """An order. Amounts are the currency's smallest coins, times ISO 8601."""

    id: str
    trade_type: str
    request: str
    """Canonical JSON of what was asked: a repetition must be the same."""
    total: int
    currency: str
    description: str
    notify_url: str
    openid: str = ""
    expires_at: str
    tokens: list[str] = field(default_factory=list)
    """What payers reach it by; each repetition adds one."""
    state: str = "NOTPAY"
    txn: str = ""
    success_time: str = ""
    is_told: bool = False

    @property
    def is_over(self) -> bool:
        """Tell whether it was paid, which is news."""
        return bool(self.txn)

    def state_at(self, now: datetime) -> str:
        """Return the state: nobody pays any more after its time."""
        if self.state == "NOTPAY" and now >= datetime.fromisoformat(self.expires_at):
            return "CLOSED"
        return self.state

    def pay(self, now: datetime, *, late: bool = False) -> bool:
        """Take the payment; False if the order cannot be paid any more, unless it is late."""
        if self.state_at(now) not in ({"NOTPAY", "CLOSED"} if late else {"NOTPAY"}):
            return False
        self.state = "SUCCESS"
        self.txn = f"4200{secrets.randbelow(10**4):04}{now:%Y%m%d}{secrets.randbelow(10**12):012}"
        self.success_time = now.isoformat(timespec="seconds")
        self.openid = self.openid or f"o{secrets.token_urlsafe(20)}"
        return True


@dataclass(slots=True, kw_only=True)
class Refund:
    """A refund. `id` is the merchant's number, `refund_id` the gateway's."""

    id: str
    refund_id: str
    order_id: str
    amount: int
    notify_url: str
    state: str = "PROCESSING"
    created_at: str
    success_time: str = ""
    is_told: bool = False

    @property
    def is_over(self) -> bool:
        """Tell whether it came to an end, which is news."""
        return self.state != "PROCESSING"


class OrderBook:
    """All orders and refunds."""

    def __init__(self, folder: Path) -> None:
        """Read what is there. Blocks."""
        self._path = folder / FILE
        self.orders: dict[str, Order] = {}
        self.refunds: dict[str, Refund] = {}
        self._by_token: dict[str, Order] = {}
        self._writing = asyncio.Lock()
        for kind, data in _lines(self._path):
            if kind == "order":
                self._place(Order(**data))
            else:
                self.refunds[data["id"]] = Refund(**data)
        write_privately(self._path, "".join(_line(record) for record in self._records()))

    def by_token(self, token: str) -> Order | None:
        """Return the order that a payer reaches by this."""
        return self._by_token.get(token)

    def refunds_of(self, order: Order) -> list[Refund]:
        """Return the refunds of an order that were not given up."""
        return [
            refund
            for refund in self.refunds.values()
            if refund.order_id == order.id and refund.state != "CLOSED"
        ]

    def untold(self) -> list[Order | Refund]:
        """Return what happened, and nobody acknowledged."""
        return [record for record in self._records() if record.is_over and not record.is_told]

    def _records(self) -> list[Order | Refund]:
        return [*self.orders.values(), *self.refunds.values()]

    def add_token(self, order: Order, token: str) -> None:
        """Let payers reach an order by one more token."""
        order.tokens.append(token)
        self._by_token[token] = order

    def _place(self, order: Order) -> None:
        self.orders[order.id] = order
        self._by_token |= dict.fromkeys(order.tokens, order)

    async def keep(self, record: Order | Refund) -> None:
        """Keep a new or changed record."""
        line = _line(record)
        if isinstance(record, Order):
            self._place(record)
        else:
            self.refunds[record.id] = record
        async with self._writing:
            await asyncio.to_thread(self._append, line.encode())

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def _line(record: Order | Refund) -> str:
    kind = "order" if isinstance(record, Order) else "refund"
    return json.dumps([kind, asdict(record)], ensure_ascii=False) + "\n"


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the lines of a file; one that a sudden end cut off never was."""
    if not path.exists():
        return
    *lines, _cut_off = path.read_text("utf-8", errors="replace").split("\n")
    for line in lines:
        kind, data = json.loads(line)
        yield kind, data
