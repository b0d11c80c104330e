"""Settling an account: post what has accrued, look at the money, decide on the supply.

One transaction holds the charges, the bill marks, the transfers, the holds and the relay demands
that follow from them, so that no crash can leave one without the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..events import CreditWarning, CutOff, Event
from ..ids import AccountNumber, MeterSerial, TransferId
from ..ledger.accounts import Fund, energy_income, tenant
from ..ledger.charges import charge_detail
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post
from ..ledger.records import (
    Announcement,
    BillMark,
    Charge,
    Hold,
    HoldKind,
    NewTransfer,
    RelayDemand,
    TransferCode,
)
from ..money.amount import Amount
from ..policy.credit import Policy, Reconnect, assess
from ..policy.holds import kinds, place, release, standing
from ..tariff.rating import RatedLine
from .state import FORECAST_DAYS

CREDIT_CAUSE = "credit:"
"""Begins the cause of a relay demand that followed from an account's money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterDue:
    """What one meter of an account contributes: lines to post, and whether it may be cut."""

    serial: MeterSerial
    mark: BillMark | None
    lines: tuple[RatedLine, ...]
    read_at: datetime | None
    may_open: bool
    """Read in this run and not suspect: its relay may open for credit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDue:
    """An account as it stands when it is to be settled."""

    number: AccountNumber
    policy: Policy
    credit_limit: Amount
    meters: tuple[MeterDue, ...]
    reconnect: bool = False
    """True when a person confirmed that the supply may come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the ledger says of the account after settling, and what follows from it."""

    fund: Amount
    service_fund: Amount
    announced: Amount | None
    marks: tuple[BillMark, ...]
    holds: Mapping[MeterSerial, tuple[HoldKind, ...]]
    past_spending: Amount
    past_since: datetime | None
    events: tuple[Event, ...] = ()
    demands: tuple[RelayDemand, ...] = field(default=())

    def balance(self, fund: Fund) -> Amount:
        """Return what one of the account's funds holds now."""
        return self.service_fund if fund is Fund.SERVICE else self.fund


def settle(tx: LedgerTransaction, due: AccountDue, at: datetime, cause: str) -> Settled:
    """Post all lines of an account and bring its holds in line with its credit."""
    marks = [mark for meter in due.meters if (mark := _post_meter(tx, due.number, meter, at))]
    fund = tx.balance(tenant(due.number))
    available = Amount(fund + due.credit_limit)
    told = tx.announcement(due.number)
    verdict = assess(due.policy, available, told.level)
    events: list[Event] = []
    if verdict.announced != told.level:
        tx.set_announcement(Announcement(account=due.number, level=verdict.announced))
    if verdict.announce is not None:
        events.append(
            CreditWarning(at=at, account=due.number, available=available, level=verdict.announce)
        )
    demands, cut = _align_holds(tx, due, exhausted=verdict.exhausted, at=at, cause=cause)
    if cut:
        events.append(CutOff(at=at, account=due.number, available=available, meters=cut))
    since = at - timedelta(days=FORECAST_DAYS)
    first = tx.first_charge_at(due.number)
    return Settled(
        fund=fund,
        service_fund=tx.balance(tenant(due.number, Fund.SERVICE)),
        announced=verdict.announced,
        marks=tuple(marks),
        holds={meter.serial: kinds(tx, meter.serial) for meter in due.meters},
        past_spending=tx.spending(due.number, since, at).amount,
        past_since=None if first is None else max(since, first),
        events=tuple(events),
        demands=demands,
    )


def _align_holds(
    tx: LedgerTransaction, due: AccountDue, *, exhausted: bool, at: datetime, cause: str
) -> tuple[tuple[RelayDemand, ...], tuple[MeterSerial, ...]]:
    """Place or release `no_credit`; return changed demands and the meters newly cut."""
    origin = f"{CREDIT_CAUSE}{cause}"
    demands: list[RelayDemand | None] = []
    cut: list[MeterSerial] = []
    for meter in due.meters:
        if exhausted and not due.policy.never_cut:
            if meter.may_open and standing(tx, meter.serial, HoldKind.NO_CREDIT) is None:
                hold = Hold(
                    meter=meter.serial,
                    kind=HoldKind.NO_CREDIT,
                    placed_at=at,
                    placed_by="credit policy",
                    reason=due.policy.name,
                )
                demands.append(place(tx, hold, origin))
                cut.append(meter.serial)
        elif due.policy.reconnect is Reconnect.AUTO or due.reconnect or due.policy.never_cut:
            demands.append(
                release(tx, meter.serial, HoldKind.NO_CREDIT, at, "credit policy", origin)
            )
    return tuple(demand for demand in demands if demand is not None), tuple(cut)


def _post_meter(
    tx: LedgerTransaction, account: AccountNumber, due: MeterDue, at: datetime
) -> BillMark | None:
    """Post a meter's lines behind its mark and move the mark; return where it is now."""
    if due.mark is None or due.read_at is None:
        return None
    for line in due.lines:
        _post_line(tx, account, due.mark, line, at)
    to_wh = due.lines[-1].to_wh if due.lines else due.mark.wh
    after = BillMark(meter=due.serial, generation=due.mark.generation, wh=to_wh, at=due.read_at)
    if after != due.mark:
        tx.move_mark(due.mark, after)
    return after


def _post_line(
    tx: LedgerTransaction, account: AccountNumber, mark: BillMark, line: RatedLine, at: datetime
) -> None:
    """Book one line: its charge, and the transfer that carries the charge's text."""
    transfer_id = TransferId(f"chg:{mark.meter}:{mark.generation}:{line.from_wh}")
    charge = Charge(
        meter=mark.meter,
        generation=mark.generation,
        from_wh=line.from_wh,
        to_wh=line.to_wh,
        from_at=line.from_at,
        to_at=line.to_at,
        account=account,
        tariff=line.tariff,
        tariff_valid_from=line.valid_from,
        period=line.period,
        tier=line.tier,
        price=line.price,
        amount=line.amount,
        estimated=line.estimated,
        transfer_id=transfer_id if line.amount else None,
    )
    if line.amount:
        request = NewTransfer(
            id=transfer_id,
            debit=tenant(account),
            credit=energy_income(line.period),
            amount=line.amount,
            code=TransferCode.CHARGE,
            effective_at=line.to_at,
            source="meter",
            detail=charge_detail(charge),
        )
        post(tx, request, at)
    tx.insert_charge(charge)


def merge(lines: Iterable[RatedLine]) -> Sequence[RatedLine]:
    """Join neighbouring lines that have the same price for the same reason."""
    merged: list[RatedLine] = []
    for line in lines:
        if merged and _same_price(merged[-1], line):
            merged[-1] = merged[-1]._replace(
                to_wh=line.to_wh,
                to_at=line.to_at,
                amount=Amount(merged[-1].amount + line.amount),
            )
        else:
            merged.append(line)
    return merged


def _same_price(before: RatedLine, line: RatedLine) -> bool:
    return (
        before.to_wh == line.from_wh
        and before.estimated == line.estimated
        and (before.tariff, before.valid_from, before.period, before.tier, before.price)
        == (line.tariff, line.valid_from, line.period, line.tier, line.price)
    )
