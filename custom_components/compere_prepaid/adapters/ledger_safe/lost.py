"""What an old book had behind the point to which a ledger is restored, and booking it again.

People did these things and were told that they were done: payments, refunds, adjustments, deposits;
holds they placed; tariffs and agreements. Those that stand by themselves are booked again with the
same ids, so that a repeated request, or a payment notice, still finds the first result. What hangs
together with more (a move, a replaced meter, a debt, a corrected tariff) is told, to be done again.
Allocation runs wait to be approved again. What meters counted is charged by itself: the next
reading spans the gap.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import sqlite3
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ...core.ids import AccountNumber, MeterSerial, TransferId
from ...core.ledger.account_rows import (
    Debt,
    DebtKind,
)
from ...core.ledger.allocation_rows import RunState
from ...core.ledger.chain import chain_hash, payload_hash
from ...core.ledger.ports import LedgerTransaction
from ...core.ledger.posting import post
from ...core.ledger.records import (
    ChainHead,
    Document,
    Hold,
    HoldKind,
    NewTransfer,
    Term,
    TermKind,
    TransferCode,
    TransferKind,
)
from ...core.money.amount import Amount
from ...core.payment.cash_receipts import number_cash
from ...core.policy.holds import place
from .files import open_to_read
from .lost_payments import (
    Known,
    LostPayments,
    approvers_of,
    compare,
    keep_again,
    read_payments,
    transfers_of,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGAIN = frozenset(
    {
        TransferCode.OPENING,
        TransferCode.TOP_UP,
        TransferCode.ADJUSTMENT,
        TransferCode.REFUND,
        TransferCode.REVERSAL,
        TransferCode.DEPOSIT,
        TransferCode.SUSPENSE,
        TransferCode.GATEWAY_FEE,
        TransferCode.PAYOUT,
    }
)
"""Codes of what people booked and what stands by itself."""
_BY_ITSELF = frozenset(
    {
        TransferCode.CHARGE,
        TransferCode.STANDING,
        TransferCode.SERVICE,
        TransferCode.MINIMUM,
        TransferCode.DEMAND,
        TransferCode.TAX,
    }
)
"""Codes of what follows from readings and the calendar, and comes again by itself."""
_ENDING = "end:"
"""Begins the ids of what a move-out booked: it is done again as a whole."""
_PAYMENT = ("pay:", "asg:")
"""Begin the ids of what providers took, and whose it was: nothing without the row that says so."""
_COUNT = "close:"
"""Begins the ids of what a count of the cash desk booked: it is counted again as a whole."""
_SHARE = "alloc:"
"""Begins the ids of what an allocation run booked: it is approved again as a whole."""
_CLEARING = "asset:clearing:"
_DEBT = "debt:"
_DEBT_ACCOUNT = "asset:debt:"
_OF_ACCOUNTS = ("liability:tenant:", "liability:deposit:")
_HELD_BY_PEOPLE = ("manual", "maintenance", "overload", "protection")


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTransfer:
    """A transfer behind the restored head."""

    request: NewTransfer
    recorded_at: datetime

    @property
    def by_itself(self) -> bool:
        """Tell whether it follows from readings and the calendar, and so comes again."""
        code, name = self.request.code, self.request.id
        instalment = code is TransferCode.DEBT_RECOVERY and _cause(name) is None
        return code in _BY_ITSELF or (instalment and not name.startswith(_ENDING))

    @property
    def again(self) -> bool:
        """Tell whether it can be booked again as it was."""
        code, name = self.request.code, self.request.id
        of_debt = code is TransferCode.DEBT_RECOVERY and _cause(name) is not None
        return (code in _AGAIN or of_debt) and not name.startswith((_ENDING, _COUNT))

    @property
    def needs_rows(self) -> bool:
        """Tell whether rows about payments say what it means: refunds to payers, fees of bills."""
        sides = (self.request.debit, self.request.credit)
        with_provider = any(side.startswith(_CLEARING) for side in sides)
        return with_provider and self.request.code is not TransferCode.PAYOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What people did behind the restored head, as the old book has it."""

    transfers: tuple[LostTransfer, ...] = ()
    documents: tuple[Document, ...] = ()
    terms: tuple[Term, ...] = ()
    holds: tuple[Hold, ...] = ()
    """Those that stand in the old book."""
    payments: LostPayments = field(default_factory=LostPayments)
    complete: bool = False
    """Whether the old book could be read to its end. If not, receipts tell what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebooked:
    """What was booked again, and what a person has to do again."""

    transfers: tuple[NewTransfer, ...]
    by_hand: tuple[NewTransfer, ...]
    runs: tuple[str, ...]
    """Allocation runs that were posted and are proposals again: approving one books it."""
    documents: int
    terms: int
    holds: int


def read_lost(old: Path, new: Path, site: str, head: ChainHead) -> Lost:
    """Read what an old book has that a new one, whose chain ends at a head, has not. Blocks.

    Transfers count as far as their chain holds: a damaged book is not believed further.
    """
    with closing(open_to_read(new)) as restored:
        restored.row_factory = sqlite3.Row
        known: set[Document | Term] = {*_documents(restored, site), *_terms(restored, site)}
        payments = read_payments(restored, site)
    try:
        with closing(open_to_read(old)) as raw:
            raw.row_factory = sqlite3.Row
            raw.execute("BEGIN")
            return _read(raw, site, head, known, payments)
    except sqlite3.Error:
        return Lost()


def _read(
    raw: sqlite3.Connection,
    site: str,
    head: ChainHead,
    known: set[Document | Term],
    known_payments: Known,
) -> Lost:
    transfers: list[LostTransfer] = []
    number, complete = head.seq, False
    with suppress(sqlite3.Error, ValueError, TypeError):
        for transfer in _chained(raw, site, head):
            number += 1
            if not transfer.by_itself:
                transfers.append(transfer)
        end = raw.execute("SELECT seq FROM chain_head WHERE site = ?", (site,)).fetchone()
        complete = end is not None and end["seq"] == number
    documents: list[Document] = []
    terms: list[Term] = []
    holds: list[Hold] = []
    payments = LostPayments()
    try:
        documents.extend(one for one in _documents(raw, site) if one not in known)
        terms.extend(one for one in _terms(raw, site) if one not in known)
        holds.extend(_holds(raw, site))
        payments = compare(read_payments(raw, site), known_payments)
    except sqlite3.Error, SQLAlchemyError, ValueError, TypeError:
        complete = False
    return Lost(
        transfers=tuple(transfers),
        documents=tuple(documents),
        terms=tuple(terms),
        holds=tuple(holds),
        payments=payments,
        complete=complete,
    )


def _chained(raw: sqlite3.Connection, site: str, head: ChainHead) -> Iterator[LostTransfer]:
    """Yield the transfers behind a head, as long as each is chained to the one before it."""
    if head.seq:
        query = "SELECT hash FROM transfer WHERE site = ? AND seq = ?"
        found = raw.execute(query, (site, head.seq)).fetchone()
        if found is None or found["hash"] != head.hash:
            raise ValueError(head)
    last, number = head.hash, head.seq
    query = "SELECT * FROM transfer WHERE site = ? AND seq > ? ORDER BY seq"
    for row in raw.execute(query, (site, head.seq)):
        request = _request(row)
        recorded_at = _instant(row["recorded_at"])
        number += 1
        last = chain_hash(last, number, recorded_at, payload_hash(request), request)
        if (row["seq"], row["hash"]) != (number, last):
            raise ValueError(number)
        yield LostTransfer(request=request, recorded_at=recorded_at)


def _request(row: sqlite3.Row) -> NewTransfer:
    values: dict[str, Any] = {each.name: row[each.name] for each in fields(NewTransfer)}
    return NewTransfer(
        **values
        | {
            "code": TransferCode(values["code"]),
            "kind": TransferKind(values["kind"]),
            "effective_at": _instant(values["effective_at"]),
        }
    )


def _documents(raw: sqlite3.Connection, site: str) -> Iterator[Document]:
    query = "SELECT * FROM document WHERE site = ? ORDER BY kind, name, version"
    for row in raw.execute(query, (site,)):
        yield Document(
            kind=row["kind"], name=row["name"], version=row["version"], content=row["content"]
        )


def _terms(raw: sqlite3.Connection, site: str) -> Iterator[Term]:
    query = "SELECT * FROM term WHERE site = ? ORDER BY account, kind, valid_from, number"
    for row in raw.execute(query, (site,)):
        yield Term(
            account=AccountNumber(row["account"]),
            kind=TermKind(row["kind"]),
            value=row["value"],
            valid_from=_instant(row["valid_from"]),
            user=row["user"],
        )


def _holds(raw: sqlite3.Connection, site: str) -> Iterator[Hold]:
    query = "SELECT * FROM hold WHERE site = ? AND released_at IS NULL ORDER BY meter, kind"
    for row in raw.execute(query, (site,)):
        if row["kind"] in _HELD_BY_PEOPLE:
            yield Hold(
                meter=MeterSerial(row["meter"]),
                kind=HoldKind(row["kind"]),
                placed_at=_instant(row["placed_at"]),
                placed_by=row["placed_by"],
                reason=row["reason"],
            )


def rebook(tx: LedgerTransaction, lost: Lost, at: datetime) -> Rebooked:
    """Book again what people did, with the same ids, behind the present head of the chain.

    What is there already stays as it is: this may be done twice.
    """
    booked: list[NewTransfer] = []
    by_hand: list[NewTransfer] = []
    meant = transfers_of(lost.payments)
    approvers = approvers_of(lost.payments)
    for transfer in lost.transfers:
        name = transfer.request.id
        if name.startswith(_PAYMENT):
            means_something = name in meant
        else:
            means_something = lost.payments.is_read or not transfer.needs_rows
        done = transfer.again and means_something and _book(tx, transfer.request, at, approvers)
        (booked if done else by_hand).append(transfer.request)
    keep_again(tx, lost.payments)
    again = _runs_again(tx, by_hand)
    documents = [
        one for one in lost.documents if tx.find_document(one.kind, one.name, one.version) is None
    ]
    for document in documents:
        tx.insert_document(document)
    terms = [one for one in lost.terms if not _is_agreed(tx, one)]
    for term in terms:
        tx.add_term(term)
    holds = [
        one for one in lost.holds if all(one.kind != held.kind for held in tx.holds(one.meter))
    ]
    for hold in holds:
        place(tx, hold, f"hold:{hold.kind}")
    return Rebooked(
        transfers=tuple(booked),
        by_hand=tuple(one for one in by_hand if _run_of(one.id) not in again),
        runs=tuple(run for run, state in sorted(again.items()) if state is RunState.PROPOSED),
        documents=len(documents),
        terms=len(terms),
        holds=len(holds),
    )


def _runs_again(tx: LedgerTransaction, lost: Iterable[NewTransfer]) -> Mapping[str, RunState]:
    """Return of which allocation runs nothing is booked any more, and where they stand now."""
    names = {_run_of(one.id) for one in lost}
    return {
        head.id: head.state
        for head in tx.run_heads(date.min, date.max)
        if head.id in names and head.state is not RunState.POSTED
    }


def _run_of(name: TransferId) -> str:
    """Return the allocation run whose share a transfer is; empty if it is none."""
    return name.removeprefix(_SHARE).partition(":")[0] if name.startswith(_SHARE) else ""


def _book(
    tx: LedgerTransaction,
    request: NewTransfer,
    at: datetime,
    approvers: Mapping[TransferId, str],
) -> bool:
    """Book a transfer again if the book has what it speaks of; tell whether it is booked now."""
    debt = None
    for end in (request.debit, request.credit):
        if end.startswith(_DEBT_ACCOUNT):
            account, _, name = end.removeprefix(_DEBT_ACCOUNT).partition(":")
            debt = tx.find(Debt, account=AccountNumber(account), name=name)
            if debt is None:
                return False
    for needed in (_cause(request.id), request.pending_id):
        if needed is not None and tx.find_transfer(needed) is None:
            return False
    posting = post(tx, request, at)
    if posting.replayed:
        return True
    if (payer := _payer(request)) is not None:
        number_cash(tx, posting.transfer, payer, approvers.get(request.id, ""))
    if debt is not None and debt.kind is DebtKind.TIME:
        paid = -request.amount if request.credit.startswith(_DEBT_ACCOUNT) else request.amount
        tx.put(replace(debt, due=Amount(max(0, debt.due + paid))))
    return True


def _payer(request: NewTransfer) -> AccountNumber | None:
    """Return whose money a transfer moves, by the ledger account on one of its sides."""
    for side in (request.debit, request.credit):
        for beginning in _OF_ACCOUNTS:
            if side.startswith(beginning):
                return AccountNumber(side.removeprefix(beginning).partition(":")[0])
    return None


def _cause(name: TransferId) -> TransferId | None:
    """Return the top-up or reversal that a transfer to or from a debt belongs to, if any.

    Such an id is `debt:<name of the debt>:<id of the cause>`.
    """
    if not name.startswith(_DEBT):
        return None
    for beginning in ("rev:top:", "top:", "pay:", "asg:"):
        if (place_of := name.find(f":{beginning}")) > 0:
            return TransferId(name[place_of + 1 :])
    return None


def _is_agreed(tx: LedgerTransaction, term: Term) -> bool:
    """Tell whether an agreement is in the book already."""
    present = tx.term(term.account, term.kind, term.valid_from)
    return present is not None and (present.valid_from, present.value) == (
        term.valid_from,
        term.value,
    )


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
