"""Posting a run: what each account bears becomes a transfer from its service fund, with the taxes.

All of a run is posted, or taken back, in one transaction together with its step. Nothing is worked
out again: the shares that were kept are what is booked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import Tenancy
from ..ledger.accounts import SHARED_COSTS, Fund, tenant
from ..ledger.allocation_rows import (
    AllocationRun,
    AllocationStep,
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
from .content import results_of
from .inputs import ShareLine
from .pool import Pool

_MICROSECOND = timedelta(microseconds=1)
_NAMED = 5
"""So many accounts at most are named in a refusal."""


class ShareDue(NamedTuple):
    """What is booked to an account: its share, and the nets that tax comes on top of, by rate."""

    account: AccountNumber
    amount: Amount
    nets: Mapping[int, Amount]


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


def nets_of(lines: Iterable[ShareLine], pools: Mapping[str, Pool]) -> Mapping[int, Amount]:
    """Return what tax comes on top of, by its rate."""
    nets: dict[int, int] = {}
    for line in lines:
        pool = pools[line.pool]
        if pool.tax_ppm and not pool.tax_included:
            nets[pool.tax_ppm] = nets.get(pool.tax_ppm, 0) + line.amount
    return {ppm: Amount(net) for ppm, net in sorted(nets.items())}


def transfer_of(run: str, account: AccountNumber, *, reversed_: bool = False) -> TransferId:
    """Name the transfer of a share, or the one that takes it back."""
    return TransferId(f"alloc:{run}:{account}" + (":reversed" if reversed_ else ""))


def effective_at(until: date, zone: ZoneInfo) -> datetime:
    """Return when a run of the days before `until` is effective: at their last instant."""
    return day_start(until, zone) - _MICROSECOND


def post_run(
    tx: LedgerTransaction, step: Step, dues: Sequence[ShareDue]
) -> Mapping[AccountNumber, Booked]:
    """Post a run that waits; return what was booked.

    Raises `InvalidInputError`: `allocation_over`, `allocation_overlaps`, `allocation_closed`.
    """
    run = step.run
    _expect(tx, run.id, RunState.PROPOSED)
    refuse_overlap(tx, run.since, run.until, pools_of(tx, run.id))
    _prepare(tx, dues)
    booked = dict(_book(tx, step, dues, effective_at(run.until, step.zone)))
    _take(tx, step, RunStep.POSTED)
    return booked


def reverse_run(
    tx: LedgerTransaction, step: Step, dues: Sequence[ShareDue]
) -> Mapping[AccountNumber, Booked]:
    """Take back a posted run by counter-transfers of today; return what was booked.

    Raises `InvalidInputError`: `allocation_over`, `allocation_closed`.
    """
    _expect(tx, step.run.id, RunState.POSTED)
    _prepare(tx, dues)
    booked = dict(_book(tx, step, dues, None))
    _take(tx, step, RunStep.REVERSED)
    return booked


def reject_run(tx: LedgerTransaction, step: Step) -> None:
    """Lay a run that waits aside. Raises `InvalidInputError` (`allocation_over`)."""
    _expect(tx, step.run.id, RunState.PROPOSED)
    _take(tx, step, RunStep.REJECTED)


def state_of(tx: LedgerTransaction, run: str) -> RunState:
    """Return where a run stands."""
    steps = {row.step for row in tx.rows(AllocationStep, run=run)}
    for step in (RunStep.REVERSED, RunStep.POSTED, RunStep.REJECTED):
        if step in steps:
            return RunState(step)
    return RunState.PROPOSED


def pools_of(tx: LedgerTransaction, run: str) -> frozenset[str]:
    """Return the names of a run's pools."""
    row = tx.find(AllocationRun, id=run)
    return frozenset(result.pool for result in results_of(row.result)) if row else frozenset()


def refuse_overlap(tx: LedgerTransaction, since: date, until: date, pools: frozenset[str]) -> None:
    """Refuse a time that shares a day with a posted run of one of these pools."""
    for head in tx.run_heads(since, until):
        if head.state is not RunState.POSTED:
            continue
        if both := pools & pools_of(tx, head.id):
            raise InvalidInputError(
                "allocation_overlaps", run=head.id, pools=", ".join(sorted(both))
            )


def _expect(tx: LedgerTransaction, run: str, wanted: RunState) -> None:
    state = state_of(tx, run)
    if state is not wanted:
        raise InvalidInputError("allocation_over", run=run, state=state)


def _prepare(tx: LedgerTransaction, dues: Sequence[ShareDue]) -> None:
    """Read what posting asks for, and refuse accounts that take no more money."""
    tx.prefetch([due.account for due in dues], ())
    closed = [due.account for due in dues if _is_closed(tx.find(Tenancy, account=due.account))]
    if closed:
        more = f" (+{len(closed) - _NAMED})" if len(closed) > _NAMED else ""
        raise InvalidInputError("allocation_closed", accounts=", ".join(closed[:_NAMED]) + more)


def _is_closed(tenancy: Tenancy | None) -> bool:
    return tenancy is None or tenancy.closed_at is not None


def _book(
    tx: LedgerTransaction, step: Step, dues: Sequence[ShareDue], at: datetime | None
) -> Iterator[tuple[AccountNumber, Booked]]:
    """Book the shares at an instant, or take them back now."""
    forth = at is not None
    for due in dues:
        slip = _slip(tx, step, due.account)
        before = fund_of(tx, due.account, Fund.SERVICE)
        paying = tenant(due.account, Fund.SERVICE)
        takes = (due.amount > 0) == forth
        debit, credit = (paying, SHARED_COSTS) if takes else (SHARED_COSTS, paying)
        request = NewTransfer(
            id=transfer_of(step.run.id, due.account, reversed_=not forth),
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
        after = fund_of(tx, due.account, Fund.SERVICE)
        yield due.account, Booked(Amount(before - after), after)


def _slip(tx: LedgerTransaction, step: Step, account: AccountNumber) -> Slip:
    tenancy = tx.find(Tenancy, account=account)
    if tenancy is None:  # `_prepare` has refused it
        raise AssertionError(account)
    return Slip(tx, account, step.at, step.zone, tenancy)


def _take(tx: LedgerTransaction, step: Step, kind: RunStep) -> None:
    tx.add(
        AllocationStep(run=step.run.id, step=kind, at=step.at, user=step.user, reason=step.reason)
    )
