"""Bills of suppliers: entered once, cancelled where they were wrong, and shared out over days.

A bill is known by its supplier and number. Entered again with the same content it is the first one;
with another it is refused, until the first was cancelled: then it is the next revision. What falls
on a time is rounded cumulatively, so that all times of a bill add up to it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from ..errors import InvalidInputError
from ..ledger.allocation_rows import (
    BillCancellation,
    SupplierBill,
)
from ..ledger.ports import LedgerTransaction
from ..money.amount import Amount
from ..prepayment.book import AccountBook
from .content import results_of
from .inputs import PoolResult
from .standing import posted_runs

LONGEST = timedelta(days=3 * 366)
"""No bill is for more days; one that says so was mistyped."""

MANY = 1000
"""So many bills at most are entered at once."""

type BillKey = tuple[str, str, int]
"""Supplier, number and revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A bill in the book, and whether it was there before."""

    bill: SupplierBill
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBill:
    """A bill, and what became of it."""

    bill: SupplierBill
    cancelled: BillCancellation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillShare:
    """What of a bill falls on a time: whole coins, and the energy that was bought."""

    amount: Amount
    energy_wh: int
    days: int
    of_days: int


def share_of(bill: SupplierBill, since: date, until: date, coin: Amount) -> BillShare | None:
    """Return what of a bill falls on the days from `since` to before `until`; None if nothing can.

    Shares of times that follow each other add up to the bill.
    """
    begin, end = max(since, bill.since), min(until, bill.until)
    if begin >= end:
        return None
    days = (bill.until - bill.since).days
    first, last = (begin - bill.since).days, (end - bill.since).days

    def part(total: int, grain: int) -> int:
        if last == days:  # what is finer than a coin is in the last part
            return total - total * first // days // grain * grain
        return (total * last // days // grain - total * first // days // grain) * grain

    return BillShare(
        amount=Amount(part(bill.amount, coin)),
        energy_wh=part(bill.energy_wh, 1),
        days=last - first,
        of_days=days,
    )


@dataclass(slots=True)
class Bills:
    """Enters and cancels bills, in the name of somebody."""

    book: AccountBook

    async def enter(self, bills: Sequence[SupplierBill]) -> tuple[Entered, ...]:
        """Enter bills, all or none; their `revision` is given here.

        Raises `InvalidInputError`: `bill_entered_twice`, `bill_days_wrong`, `bill_incomplete`,
        `bill_tax_wrong`, `bill_energy_wrong`, `bills_too_many`.
        """
        if len(bills) > MANY:
            raise InvalidInputError("bills_too_many", limit=MANY)
        for bill in bills:
            _check(bill)
        return await self.book.ledger.run(lambda tx: tuple(_enter(tx, bill) for bill in bills))

    async def check(self, bill: SupplierBill) -> Entered:
        """Return what entering a bill would; raises what that would."""
        _check(bill)
        return await self.book.ledger.read(lambda tx: _as_entered(tx, bill))

    async def cancel(
        self, supplier: str, number: str, *, user: str, reason: str
    ) -> BillCancellation:
        """Let a bill count no more; cancelling it again is the first cancellation.

        Raises `InvalidInputError`: `reason_missing`, `bill_unknown`, `bill_in_use`.
        """
        if not reason.strip():
            raise InvalidInputError("reason_missing")
        at = self.book.clock.now()

        def work(tx: LedgerTransaction) -> BillCancellation:
            known = list(_revisions(tx, supplier, number))
            if not known:
                raise InvalidInputError("bill_unknown", supplier=supplier, number=number)
            last = known[-1]
            if last.cancelled is not None:
                return last.cancelled
            if runs := list(_users(tx, last.bill)):
                raise InvalidInputError(
                    "bill_in_use", supplier=supplier, number=number, runs=", ".join(runs)
                )
            row = BillCancellation(
                supplier=supplier,
                number=number,
                revision=last.bill.revision,
                at=at,
                user=user,
                reason=reason.strip(),
            )
            tx.add(row)
            return row

        return await self.book.ledger.run(work)

    async def listed(
        self, since: date | None = None, until: date | None = None, name: str | None = None
    ) -> tuple[KnownBill, ...]:
        """Return the bills of a time and name, by their days."""
        found = await self.book.ledger.read(all_bills)
        return tuple(
            known
            for known in found
            if (since is None or known.bill.until > since)
            and (until is None or known.bill.since < until)
            and (name is None or known.bill.name == name)
        )


def all_bills(tx: LedgerTransaction) -> tuple[KnownBill, ...]:
    """Return all bills that were ever entered, by their days."""
    cancelled = {_key(row): row for row in tx.rows(BillCancellation)}
    bills = sorted(tx.rows(SupplierBill), key=lambda bill: (bill.since, bill.until, _key(bill)))
    return tuple(KnownBill(bill=bill, cancelled=cancelled.get(_key(bill))) for bill in bills)


def counting(bills: Iterable[KnownBill], since: date, until: date) -> Iterator[SupplierBill]:
    """Yield the bills that count in a time."""
    for known in bills:
        bill = known.bill
        if known.cancelled is None and bill.since < until and bill.until > since:
            yield bill


def _key(row: SupplierBill | BillCancellation) -> BillKey:
    return row.supplier, row.number, row.revision


def _revisions(tx: LedgerTransaction, supplier: str, number: str) -> Iterator[KnownBill]:
    """Yield what was entered under a supplier and number, the first revision first."""
    cancelled = {
        row.revision: row for row in tx.rows(BillCancellation, supplier=supplier, number=number)
    }
    for bill in tx.rows(SupplierBill, supplier=supplier, number=number):
        yield KnownBill(bill=bill, cancelled=cancelled.get(bill.revision))


def _check(bill: SupplierBill) -> None:
    """Refuse a bill that cannot be true."""
    for field in ("supplier", "number", "name"):
        if not getattr(bill, field).strip():
            raise InvalidInputError("bill_incomplete", number=bill.number or "-", field=field)
    if not timedelta() < bill.until - bill.since <= LONGEST:
        raise InvalidInputError(
            "bill_days_wrong", number=bill.number, since=bill.since, until=bill.until
        )
    if not 0 <= bill.tax * (1 if bill.amount >= 0 else -1) <= abs(bill.amount):
        raise InvalidInputError("bill_tax_wrong", number=bill.number)
    if bill.energy_wh < 0:
        raise InvalidInputError("bill_energy_wrong", number=bill.number)


def _as_entered(tx: LedgerTransaction, bill: SupplierBill) -> Entered:
    """Return a bill as it would be entered, or the one that was."""
    known = list(_revisions(tx, bill.supplier, bill.number))
    revision = 1
    if known:
        last = known[-1]
        if last.cancelled is None:
            if _said(last.bill) != _said(bill):
                raise InvalidInputError(
                    "bill_entered_twice", supplier=bill.supplier, number=bill.number
                )
            return Entered(bill=last.bill, replayed=True)
        revision = last.bill.revision + 1
    return Entered(bill=replace(bill, revision=revision))


def _enter(tx: LedgerTransaction, bill: SupplierBill) -> Entered:
    """Store a bill, or find the one that was entered."""
    entered = _as_entered(tx, bill)
    if not entered.replayed:
        tx.add(entered.bill)
    return entered


def _said(bill: SupplierBill) -> SupplierBill:
    """Return a bill without what has nothing to do with what the supplier wrote on it."""
    return replace(bill, revision=1, document="", entered_at=bill.entered_at.min, user="")


def _users(tx: LedgerTransaction, bill: SupplierBill) -> Iterator[str]:
    """Yield the posted runs that a bill is part of."""
    for head in posted_runs(tx, bill.since, bill.until):
        if _key(bill) in bills_in(results_of(tx.run_result(head.id))):
            yield head.id


def bills_in(results: Iterable[PoolResult]) -> frozenset[BillKey]:
    """Return the bills of which pools of a run have a part."""
    details = (line.detail for result in results for line in result.lines)
    return frozenset(
        (str(detail["supplier"]), str(detail["number"]), int(detail["revision"]))
        for detail in details
        if "supplier" in detail
    )
