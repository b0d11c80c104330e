"""A provider's bill of a day laid beside the book: every line and every payment is found, or named.

Three things must agree: what the bill says, what was credited (or refunded), and what moved on the
provider's clearing account. A payment on the bill that nobody told of is credited first; its fee
is posted from the bill, for it stands nowhere else. What is left over on either side is a fault,
with what of the money nobody can explain. Doing it again changes nothing and says the same.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
import json
from typing import Any

from ..ids import TransferId
from ..ledger.accounts import clearing, gateway_fee
from ..ledger.payment_rows import (
    BillKind,
    BillLine,
    PaymentSource,
    ProviderRefund,
    ProviderRefundState,
    ProviderTxn,
    Reconciliation,
    SuspenseAssignment,
    TxnVerdict,
)
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post
from ..ledger.records import NewTransfer, TransferCode
from ..money.amount import ZERO, Amount
from .provider import BillEntry

SOURCE = "bill"
"""Of the transfers that are posted from a bill."""


class FaultKind(StrEnum):
    """What does not agree."""

    UNBOOKED = "unbooked"
    """On the bill, and not booked here."""
    UNBILLED = "unbilled"
    """Booked here, and on no bill."""
    OTHER_AMOUNT = "other_amount"
    NOT_DONE = "not_done"
    """A refund that the bill knows and that is not finished here."""
    TWICE = "twice"
    """The bill names it more than once."""
    CHANGED = "changed"
    """An earlier reading of the same bill said something else; that one stands."""


_ABOUT_THE_BILL = frozenset({FaultKind.TWICE, FaultKind.CHANGED})
"""What can only be seen while the bill itself is read."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something that does not agree, and how much money of it nobody can explain."""

    line: BillKind
    ref: str
    kind: FaultKind
    amount: Amount


@dataclass(frozen=True, slots=True)
class Laid:
    """A day that was laid beside the book."""

    row: Reconciliation
    faults: tuple[Fault, ...]
    is_new: bool
    """Whether it says something else than the last time."""


@dataclass(slots=True)
class DayBook:
    """One provider's day within one transaction."""

    tx: LedgerTransaction
    provider: str
    day: date
    currency: str
    at: datetime
    day_of: Callable[[datetime], date]
    """Says on which bill of the provider an instant stands."""
    faults: list[Fault] = field(default_factory=list)

    def take(self, entries: Iterable[BillEntry]) -> None:
        """Store the lines of the bill; what was stored before stands."""
        seen: set[tuple[BillKind, str]] = set()
        for entry in entries:
            if (entry.kind, entry.ref) in seen:
                self._fault(entry.kind, entry.ref, FaultKind.TWICE, entry.amount)
                continue
            seen.add((entry.kind, entry.ref))
            self._take_line(entry)
        for line in self.tx.rows(BillLine, provider=self.provider, day=self.day):
            if (line.kind, line.ref) not in seen:
                self._fault(line.kind, line.ref, FaultKind.CHANGED, line.amount)

    def remember(self, before: Reconciliation | None) -> None:
        """Keep what an earlier reading of the bill found wrong with the bill itself."""
        if before is not None:
            self.faults += (one for one in faults_of(before) if one.kind in _ABOUT_THE_BILL)

    def lay(self, user: str) -> Laid:
        """Compare both sides, post the fees, and store the result if it is another than before."""
        lines = self.tx.rows(BillLine, provider=self.provider, day=self.day)
        for line in lines:
            self._compare(line)
        self._look_for_unbilled()
        fees = self._post_fees(lines)
        faults = tuple(sorted(self.faults))
        last = self.tx.last(Reconciliation, provider=self.provider, day=self.day)
        row = Reconciliation(
            provider=self.provider,
            day=self.day,
            number=1 if last is None else last.number + 1,
            at=self.at,
            user=user,
            unexplained=Amount(sum(fault.amount for fault in faults)),
            content=self._content(lines, fees, faults),
        )
        if last is not None and last.content == row.content:
            return Laid(last, faults, is_new=False)
        self.tx.add(row)
        return Laid(row, faults, is_new=True)

    def _take_line(self, entry: BillEntry) -> None:
        line = BillLine(
            provider=self.provider,
            day=self.day,
            kind=entry.kind,
            ref=entry.ref,
            order_id=entry.order_id,
            amount=entry.amount,
            fee=entry.fee,
            currency=entry.currency,
            at=entry.at,
            read_at=self.at,
        )
        key = {"provider": line.provider, "day": line.day, "kind": line.kind, "ref": line.ref}
        before = self.tx.find(BillLine, **key)
        if before is None:
            self.tx.add(line)
        elif (before.amount, before.fee, before.currency) != (line.amount, line.fee, line.currency):
            difference = abs(before.amount - line.amount) + abs(before.fee - line.fee)
            self._fault(line.kind, line.ref, FaultKind.CHANGED, Amount(difference))

    def _compare(self, line: BillLine) -> None:
        """Find what a line speaks of."""
        if line.currency != self.currency:  # nothing is booked in another, and it cannot be added
            self._fault(line.kind, line.ref, FaultKind.UNBOOKED, ZERO)
            return
        booked = self._paid(line) if line.kind is BillKind.PAYMENT else self._refunded(line)
        if booked is None:
            self._fault(line.kind, line.ref, FaultKind.UNBOOKED, line.amount)
        elif isinstance(booked, FaultKind):
            self._fault(line.kind, line.ref, booked, line.amount)
        elif booked != line.amount:
            difference = Amount(abs(booked - line.amount))
            self._fault(line.kind, line.ref, FaultKind.OTHER_AMOUNT, difference)

    def _paid(self, line: BillLine) -> Amount | None:
        """Return what came into the clearing account for a payment on the bill."""
        txn = self.tx.find(ProviderTxn, provider=self.provider, txn=line.ref)
        if txn is None or txn.transfer_id is None:
            return None
        transfer = self.tx.find_transfer(txn.transfer_id)
        is_ours = transfer is not None and transfer.debit == clearing(self.provider)
        return transfer.amount if transfer is not None and is_ours else None

    def _refunded(self, line: BillLine) -> Amount | FaultKind | None:
        """Return what left the clearing account for a refund on the bill."""
        refund = self._refund(line.ref)
        if refund is None:
            return self._given_back(line)
        done = refund.state is ProviderRefundState.SUCCEEDED
        return refund.amount if done else FaultKind.NOT_DONE

    def _refund(self, ref: str) -> ProviderRefund | None:
        """Return a refund by our number or, for those made outside, the provider's."""
        found = self.tx.find(ProviderRefund, id=ref)
        if found is not None and found.provider == self.provider:
            return found
        others = self.tx.rows(ProviderRefund, provider=self.provider, provider_ref=ref)
        return next(iter(others), None)

    def _given_back(self, line: BillLine) -> Amount | None:
        """Return what left suspense, where a payment that was nobody's was given back outside."""
        payments = self.tx.rows(ProviderTxn, provider=self.provider, order_id=line.order_id)
        for txn in payments:
            said = self.tx.find(SuspenseAssignment, provider=self.provider, txn=txn.txn)
            if said is not None and said.account is None and txn.amount == line.amount:
                return txn.amount
        return None

    def _look_for_unbilled(self) -> None:
        for txn in self.tx.rows(ProviderTxn, provider=self.provider, day=self.day):
            booked = txn.verdict is not TxnVerdict.FOREIGN
            if booked and not self._is_billed(BillKind.PAYMENT, txn.txn):
                self._fault(BillKind.PAYMENT, txn.txn, FaultKind.UNBILLED, txn.amount)
        done = {"provider": self.provider, "state": ProviderRefundState.SUCCEEDED}
        for refund in self.tx.rows(ProviderRefund, **done):
            if self.day_of(refund.changed_at) == self.day and not any(
                self._is_billed(BillKind.REFUND, ref) for ref in (refund.id, refund.provider_ref)
            ):
                self._fault(BillKind.REFUND, refund.id, FaultKind.UNBILLED, refund.amount)

    def _is_billed(self, kind: BillKind, ref: str) -> bool:
        """Tell whether it stands on the bill of this day, or of another one."""
        key = {"provider": self.provider, "kind": kind, "ref": ref}
        return self.tx.find(BillLine, day=self.day, **key) is not None or bool(
            self.tx.rows(BillLine, **key)
        )

    def _post_fees(self, lines: Sequence[BillLine]) -> Amount:
        """Post what the provider kept of the day, less what it gave back, if that is not posted."""
        fees = sum(
            line.fee if line.kind is BillKind.PAYMENT else -line.fee
            for line in lines
            if line.currency == self.currency
        )
        posted, number = 0, 1
        side = gateway_fee(self.provider)
        while (before := self.tx.find_transfer(self._fee_id(number))) is not None:
            posted += before.amount if before.debit == side else -before.amount
            number += 1
        if due := fees - posted:
            sides = (side, clearing(self.provider))
            debit, credit = sides if due > 0 else sides[::-1]
            request = NewTransfer(
                id=self._fee_id(number),
                debit=debit,
                credit=credit,
                amount=Amount(abs(due)),
                code=TransferCode.GATEWAY_FEE,
                effective_at=self.at,
                source=SOURCE,
                reason=self.day.isoformat(),
            )
            post(self.tx, request, self.at)
        return Amount(fees)

    def _fee_id(self, number: int) -> TransferId:
        return TransferId(f"gwf:{self.provider}:{self.day.isoformat()}:{number}")

    def _fault(self, line: BillKind, ref: str, kind: FaultKind, amount: Amount) -> None:
        self.faults.append(Fault(line, ref, kind, amount))

    def _content(self, lines: Sequence[BillLine], fees: Amount, faults: Sequence[Fault]) -> str:
        told = (
            (line.ref, self.tx.find(ProviderTxn, provider=self.provider, txn=line.ref))
            for line in lines
            if line.kind is BillKind.PAYMENT
        )
        by_bill = [ref for ref, txn in told if txn and txn.source is PaymentSource.BILL]
        content = {
            **{kind.value: self._sums(lines, kind) for kind in BillKind},
            "fees": fees,
            "credited": by_bill,
            "faults": [asdict(fault) for fault in faults],
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def _sums(self, lines: Sequence[BillLine], kind: BillKind) -> Mapping[str, int]:
        found = [
            line.amount for line in lines if line.kind is kind and line.currency == self.currency
        ]
        return {"count": len(found), "amount": sum(found)}


def latest(
    tx: LedgerTransaction, since: date = date.min, **columns: object
) -> Collection[Reconciliation]:
    """Return what was said last of each provider's days since one, by provider and day."""
    rows = tx.rows(Reconciliation, **columns)
    return {(row.provider, row.day): row for row in rows if row.day >= since}.values()


def content_of(row: Reconciliation) -> Mapping[str, Any]:
    """Return what a reconciliation says, amounts as in the ledger.

    `payment` and `refund` are {count, amount}; `fees`; `credited` are the payments of which only
    the bill told; `faults`.
    """
    found: dict[str, Any] = json.loads(row.content)
    return found


def faults_of(row: Reconciliation) -> Iterator[Fault]:
    """Yield what a reconciliation found wrong."""
    for fault in content_of(row)["faults"]:
        kinds = BillKind(fault["line"]), FaultKind(fault["kind"])
        yield Fault(kinds[0], fault["ref"], kinds[1], Amount(fault["amount"]))
