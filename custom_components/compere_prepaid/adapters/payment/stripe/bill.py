"""Stripe's daily bill: the balance transactions of a day in UTC.

A payment's line carries its fee. Fees are in the currency that the account settles in; where that
is not the book's, they are left out, for nobody can post them. Money that a payer's bank took back
(a dispute) stands there like a refund that we never asked for: somebody has to look. What of it
came back (a dispute that was won, a refund that failed) is a line of its own, below zero.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ....core.ledger.payment_rows import BillKind
from ....core.money.amount import ZERO, Amount
from ....core.payment.provider import BillEntry, Paid, RejectedError, RetryableError
from .client import StripeClient, segment
from .objects import (
    ORDER,
    REFUND,
    SITE,
    Json,
    Reader,
    UnreadableError,
    child,
    instant,
    text,
    whole,
)

_PAYMENTS = frozenset({"charge", "payment"})
_REFUNDS = frozenset({"refund", "payment_refund", "refund_failure"})
_RETURNED = ":returned"
"""Ends the name of a line by which money came back."""


@dataclass(frozen=True, slots=True)
class StripeBill:
    """Reads the bills of an account."""

    client: StripeClient
    reader: Reader

    async def lines(self, day: date) -> AsyncIterator[BillEntry]:
        """Yield the lines of a day that concern this site.

        Raises `RetryableError`, also for a line that cannot be read, and `RejectedError`.
        """
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = start + timedelta(days=1)
        query = {
            "created[gte]": str(int(start.timestamp())),
            "created[lt]": str(int(end.timestamp())),
            "expand[]": "data.source",
        }
        async for line in self.client.every("balance_transactions", query):
            try:
                entry = await self._entry(line)
            except UnreadableError as error:
                raise RetryableError("stripe_unreachable", reason=str(error)) from error
            if entry is not None:
                yield entry

    async def _entry(self, line: Json) -> BillEntry | None:
        kind, source = line.get("type"), child(line, "source")
        if kind in _PAYMENTS and self._is_known(source):
            return self._payment(line, source)
        if kind in _REFUNDS:
            return await self._refund(line, source)
        if kind == "adjustment" and source.get("object") == "dispute":
            return await self._taken_back(line, source, text(source, "id"))
        return None

    def _is_known(self, source: Json) -> bool:
        currency = str(source.get("currency")).upper()
        return self.reader.is_ours(source) and currency == self.reader.currency.code

    def _payment(self, line: Json, charge: Json) -> BillEntry:
        txn, at = text(charge, "payment_intent"), instant(line, "created")
        order = text(child(charge, "metadata"), ORDER)
        amount = self.reader.amount(whole(charge, "amount"))
        currency = self.reader.currency.code
        return BillEntry(
            kind=BillKind.PAYMENT,
            ref=txn,
            order_id=order,
            amount=amount,
            currency=currency,
            at=at,
            fee=self._fee(line),
            payment=Paid(
                txn=txn,
                order_id=order,
                amount=amount,
                currency=currency,
                paid_at=at,
                day=at.date(),
                foreign=self.reader.foreign(charge),
            ),
        )

    async def _refund(self, line: Json, refund: Json) -> BillEntry | None:
        metadata = child(refund, "metadata")
        if metadata.get(REFUND) and metadata.get(SITE) == self.reader.site:
            return await self._taken_back(line, refund, text(metadata, REFUND))
        return await self._taken_back(line, refund, text(refund, "id"))

    async def _taken_back(self, line: Json, source: Json, ref: str) -> BillEntry | None:
        """Return the line of money that went back to a payer of this site."""
        if str(source.get("currency")).upper() != self.reader.currency.code:
            return None
        order = await self._order_of(source)
        if not order:
            return None
        fee, amount = self._fee(line), self.reader.amount(whole(source, "amount"))
        came_back = whole(line, "amount") > 0
        return BillEntry(
            kind=BillKind.REFUND,
            ref=f"{ref}{_RETURNED}" if came_back else ref,
            order_id=order,
            amount=Amount(-amount) if came_back else amount,
            currency=self.reader.currency.code,
            at=instant(line, "created"),
            fee=Amount(-fee),
        )

    async def _order_of(self, source: Json) -> str:
        """Return whose payment went back, as far as it was of this site."""
        intent_id = source.get("payment_intent")
        if not isinstance(intent_id, str):
            return ""
        try:
            intent = await self.client.get(f"payment_intents/{segment(intent_id)}")
        except RejectedError as error:
            if error.key == "stripe_refused":  # of another kind, so none of ours
                return ""
            raise
        if not self.reader.is_ours(intent):
            return ""
        return text(child(intent, "metadata"), ORDER)

    def _fee(self, line: Json) -> Amount:
        if str(line.get("currency")).upper() != self.reader.currency.code:
            return ZERO
        return self.reader.amount(whole(line, "fee"))
