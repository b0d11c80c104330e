"""Counting the cash desk: what should be in the drawer, what is, and where it goes.

What the book says is everything that was booked before the count, in one transaction: who tops up
meanwhile is in this count or in the next, never in none. What was counted goes to the bank, but for
what is kept as change; the difference is posted, so that the next count begins with what is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
import json
from typing import Any

from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import TransferId
from ..ledger.accounts import BANK, CASH, CASH_DIFFERENCE
from ..ledger.payment_rows import CashClose, CashReceipt
from ..ledger.ports import Ledger, LedgerTransaction
from ..ledger.posting import post_new
from ..ledger.records import NewTransfer, TransferCode
from ..money.amount import ZERO, Amount, Currency

SOURCE = "cash close"
"""Of the transfers that a count books."""

UNNUMBERED = "unnumbered"
"""What a first count finds besides its papers: cash from before there were any, less payouts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawer:
    """What the book says of the cash desk since the last count."""

    since: datetime | None
    """When it was counted last; None if never."""
    expected: Amount
    first: int
    """The number of the first paper since then."""
    last: int
    """And of the last one; less than `first` if there is none."""
    by_kind: Mapping[str, Amount]
    """What came in (above zero) and went out, by the code of its transfers.

    With what was kept at the last count it makes what is expected: what has no paper of its own
    went to the bank (`payout`), before the first count it is `UNNUMBERED`.
    """
    by_user: Mapping[str, Amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A count that is in the book, and whether it was there before this call."""

    close: CashClose
    replayed: bool = False

    @property
    def content(self) -> Mapping[str, Any]:
        """What it says besides its sums: see `content_of`."""
        found: dict[str, Any] = json.loads(self.close.content)
        return found


@dataclass(slots=True)
class CashDesk:
    """The drawer of a site."""

    ledger: Ledger
    clock: Clock
    currency: Currency

    async def look(self) -> Drawer:
        """Return what should be in the drawer now."""
        return await self.ledger.read(_drawer)

    async def close(
        self, counted: Amount, *, keep: Amount = ZERO, user: str, note: str = ""
    ) -> Counted:
        """Take down what was counted, post the difference, and send it to the bank.

        `keep` stays in the drawer as change. The same count again, with nothing moved in between,
        is the one before. Raises `InvalidInputError`: `count_negative`, `keep_too_much`.
        """
        if counted < 0 or keep < 0:
            raise InvalidInputError("count_negative")
        if keep > counted:
            raise InvalidInputError(
                "keep_too_much",
                keep=self.currency.rounded(keep),
                counted=self.currency.rounded(counted),
            )
        at = self.clock.now()

        def work(tx: LedgerTransaction) -> Counted:
            drawer, last = _drawer(tx), tx.last(CashClose)
            if last is not None and _is_same(tx, drawer, last, counted, keep):
                return Counted(close=last, replayed=True)
            close = CashClose(
                number=1 if last is None else last.number + 1,
                at=at,
                user=user,
                through=tx.head().seq,
                expected=drawer.expected,
                counted=counted,
                difference=Amount(counted - drawer.expected),
                content=content_of(drawer, keep, note),
            )
            _book(tx, close, keep)
            tx.add(close)
            return Counted(close=close)

        return await self.ledger.run(work)

    async def latest(self, number: int | None = None) -> CashClose | None:
        """Return a count by its number, or the last one; None if there is none."""

        def read(tx: LedgerTransaction) -> CashClose | None:
            if number is None:
                return tx.last(CashClose)
            return tx.find(CashClose, number=number)

        return await self.ledger.read(read)


def content_of(drawer: Drawer, keep: Amount, note: str) -> str:
    """Return, as canonical JSON, what a count says besides its sums."""
    content = {
        "since": None if drawer.since is None else drawer.since.isoformat(),
        "first": drawer.first,
        "last": drawer.last,
        "by_kind": dict(drawer.by_kind),
        "by_user": dict(drawer.by_user),
        "keep": keep,
        "note": note.strip(),
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _drawer(tx: LedgerTransaction) -> Drawer:
    """Read what was taken and given since the last count."""
    before, newest = tx.last(CashClose), tx.last(CashReceipt)
    first = 1 if before is None else int(json.loads(before.content)["last"]) + 1
    last = 0 if newest is None else newest.number
    by_kind: dict[str, Amount] = {}
    by_user: dict[str, Amount] = {}
    for number in range(first, last + 1):
        paper = tx.find(CashReceipt, number=number)
        transfer = None if paper is None else tx.find_transfer(paper.transfer_id)
        if paper is None or transfer is None:  # the checker says what is wrong with the book
            continue
        for sums, name in ((by_kind, transfer.code.value), (by_user, paper.user)):
            sums[name] = Amount(sums.get(name, 0) + paper.amount)
    expected = Amount(-tx.balance(CASH))
    kept = 0 if before is None else int(json.loads(before.content)["keep"])
    if rest := expected - kept - sum(by_kind.values()):
        by_kind[UNNUMBERED if before is None else TransferCode.PAYOUT.value] = Amount(rest)
    return Drawer(
        since=None if before is None else before.at,
        expected=expected,
        first=first,
        last=last,
        by_kind=by_kind,
        by_user=by_user,
    )


def _is_same(
    tx: LedgerTransaction, drawer: Drawer, last: CashClose, counted: Amount, keep: Amount
) -> bool:
    """Tell whether a count is the last one again: sent twice, or its answer was lost."""
    kept = json.loads(last.content)["keep"]
    untouched = drawer.first > drawer.last and drawer.expected == kept
    return untouched and (last.counted, kept) == (counted, keep)


def _book(tx: LedgerTransaction, close: CashClose, keep: Amount) -> None:
    """Post the difference of a count, and what goes to the bank."""
    sides = (CASH_DIFFERENCE, CASH) if close.difference < 0 else (CASH, CASH_DIFFERENCE)
    steps = (
        ("difference", *sides, abs(close.difference), TransferCode.CASH_DIFFERENCE),
        ("bank", BANK, CASH, close.counted - keep, TransferCode.PAYOUT),
    )
    for what, debit, credit, amount, code in steps:
        if amount:
            request = NewTransfer(
                id=TransferId(f"close:{close.number}:{what}"),
                debit=debit,
                credit=credit,
                amount=Amount(amount),
                code=code,
                effective_at=close.at,
                source=SOURCE,
                user=close.user,
            )
            post_new(tx, request, close.at)
