"""Posting a run: what each account bears becomes a transfer from its service fund, with the taxes.

All of a run is posted, or taken back, in one transaction together with its step. Nothing is worked
out again: the shares that were kept are what is booked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import Tenancy
from ..ledger.accounts import SHARED_COSTS, Fund, tenant
from ..ledger.allocation_rows import (
    AllocationStep,
    BillCancellation,
    RunHead,
    RunState,
    RunStep,
)
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post_new
from ..ledger.records import NewTransfer, TransferCode
from ..money.amount import Amount
from ..prepayment.calendar import day_start
from ..prepayment.settlement import fund_of
from ..prepayment.slip import Slip
from .bills import bills_in
from .content import results_of
from .inputs import PoolResult
from .overlaps import refuse_overlap
from .working import Share

_MICROSECOND = timedelta(microseconds=1)
_NAMED = 5
"""So many accounts at most are named in a refusal."""


type Shares = Mapping[AccountNumber, Share]


class Booked(NamedTuple):
    """What was taken off a service fund, with tax, and what it holds then."""

    charged: Amount
    fund: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Somebody takes a step with a run."""

    run: RunHead
    at: datetime
    user: str
    reason: str
    zone: ZoneInfo


def transfer_of(run: str, account: AccountNumber, *, reversed_: bool = False) -> TransferId:
    """Name the transfer of a share, or the one that takes it back."""
    return TransferId(f"alloc:{run}:{account}" + (":reversed" if reversed_ else ""))


def effective_at(until: date, zone: ZoneInfo) -> datetime:
    """Return when a run of the days before `until` is effective: at their last instant."""
    return day_start(until, zone) - _MICROSECOND


def post_run(tx: LedgerTransaction, step: Step, shares: Shares) -> Mapping[AccountNumber, Booked]:
    """Post a run that waits; return what was booked.

    Raises `InvalidInputError`: `allocation_over`, `allocation_overlaps`,
    `allocation_counted_twice`, `allocation_bill_cancelled`, `allocation_closed`.
    """
    run = step.run
    _expect(tx, run, RunState.PROPOSED)
    results = results_of(tx.run_result(run.id))
    pools = frozenset(result.pool for result in results)
    refuse_overlap(tx, run.since, run.until, pools, results)
    _refuse_cancelled(tx, run.id, results)
    due = _prepare(tx, shares)
    booked = dict(_book(tx, step, due, effective_at(run.until, step.zone)))
    _take(tx, step, RunStep.POSTED)
    return booked


def reverse_run(
    tx: LedgerTransaction, step: Step, shares: Shares
) -> Mapping[AccountNumber, Booked]:
    """Take back a posted run by counter-transfers of today; return what was booked.

    Raises `InvalidInputError`: `allocation_over`, `allocation_closed`.
    """
    _expect(tx, step.run, RunState.POSTED)
    due = _prepare(tx, shares)
    booked = dict(_book(tx, step, due, None))
    _take(tx, step, RunStep.REVERSED)
    return booked


def reject_run(tx: LedgerTransaction, step: Step) -> None:
    """Lay a run that waits aside. Raises `InvalidInputError` (`allocation_over`)."""
    _expect(tx, step.run, RunState.PROPOSED)
    _take(tx, step, RunStep.REJECTED)


def _expect(tx: LedgerTransaction, run: RunHead, wanted: RunState) -> None:
    """Refuse a step with a run that stands elsewhere by now."""
    heads = tx.run_heads(run.since, run.until)
    state = next(head.state for head in heads if head.id == run.id)
    if state is not wanted:
        raise InvalidInputError("allocation_over", run=run.id, state=state)


def _refuse_cancelled(tx: LedgerTransaction, run: str, results: Iterable[PoolResult]) -> None:
    """Refuse a run that has a part of a bill which counts no more."""
    for supplier, number, revision in sorted(bills_in(results)):
        if tx.find(BillCancellation, supplier=supplier, number=number, revision=revision):
            raise InvalidInputError(
                "allocation_bill_cancelled", run=run, supplier=supplier, number=number
            )


def _prepare(tx: LedgerTransaction, shares: Shares) -> Shares:
    """Return what is to be booked, and read what that asks for.

    Accounts that take no more money are refused, but only if anything is to be booked on them.
    """
    due = {
        account: share
        for account, share in shares.items()
        if share.amount or any(share.nets.values())
    }
    tx.prefetch(due, ())
    closed = [account for account in due if _is_closed(tx.find(Tenancy, account=account))]
    if closed:
        more = f" (+{len(closed) - _NAMED})" if len(closed) > _NAMED else ""
        raise InvalidInputError("allocation_closed", accounts=", ".join(closed[:_NAMED]) + more)
    return due


def _is_closed(tenancy: Tenancy | None) -> bool:
    return tenancy is None or tenancy.closed_at is not None


def _book(
    tx: LedgerTransaction, step: Step, shares: Shares, at: datetime | None
) -> Iterator[tuple[AccountNumber, Booked]]:
    """Book the shares at an instant, or take them back now."""
    forth = at is not None
    for account, due in shares.items():
        slip = _slip(tx, step, account)
        before = fund_of(tx, account, Fund.SERVICE)
        paying = tenant(account, Fund.SERVICE)
        takes = (due.amount > 0) == forth
        debit, credit = (paying, SHARED_COSTS) if takes else (SHARED_COSTS, paying)
        request = NewTransfer(
            id=transfer_of(step.run.id, account, reversed_=not forth),
            debit=debit,
            credit=credit,
            amount=Amount(abs(due.amount)),
            code=TransferCode.ALLOCATION,
            effective_at=at or step.at,
            source="allocation",
            user=step.user,
            reason=step.reason,
            detail=step.run.digest,
        )
        if due.amount:
            post_new(tx, request, step.at)
        for ppm, net in due.nets.items():  # there may be tax though the shares cancel out
            slip.tax(Fund.SERVICE, ppm, net if forth else -net, request)
        slip.book_taxes()
        after = fund_of(tx, account, Fund.SERVICE)
        yield account, Booked(Amount(before - after), after)


def _slip(tx: LedgerTransaction, step: Step, account: AccountNumber) -> Slip:
    tenancy = tx.find(Tenancy, account=account)
    if tenancy is None:  # `_prepare` has refused it
        raise AssertionError(account)
    return Slip(tx, account, step.at, step.zone, tenancy)


def _take(tx: LedgerTransaction, step: Step, kind: RunStep) -> None:
    tx.add(
        AllocationStep(run=step.run.id, step=kind, at=step.at, user=step.user, reason=step.reason)
    )
