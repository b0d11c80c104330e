"""Settling an account: post what has accrued, look at the money, decide on the supply.

One transaction holds the charges, the bill marks, the fees, the taxes, the transfers, the holds and
the relay demands that follow from them, so that no crash can leave one without the others. It has
two halves, and what else is to be done to the account (a top-up, a refund, a move) is done between
them: `book_due` posts everything up to now, `conclude` decides what the credit means.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..events import CreditWarning, CutOff, Event
from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import Tenancy
from ..ledger.accounts import Fund, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.records import (
    Announcement,
    BillMark,
    Hold,
    HoldKind,
    RelayDemand,
)
from ..money.amount import Amount
from ..policy.credit import Policy, Reconnect, assess
from ..policy.holds import kinds, place, release, standing
from ..tariff.model import Tariff
from ..tariff.rating import RatedLine
from .calendar import day_of
from .debts import take_instalments
from .fees import Peaks, book_fees, close_account_fees, first_tenancy, store_peaks
from .slip import Slip

CREDIT_CAUSE = "credit:"
"""Begins the cause of a relay demand that followed from an account's money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterDue:
    """What one meter of an account contributes: lines to post, and whether it may be cut."""

    serial: MeterSerial
    mark: BillMark | None
    lines: tuple[RatedLine, ...]
    read_at: datetime | None
    registers: str
    """What the meter's own tariff registers showed then, as the mark keeps it."""
    may_open: bool
    """Read in this run and not suspect: its relay may open for credit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDue:
    """An account as it stands when it is to be settled."""

    number: AccountNumber
    name: str
    tariff: Tariff
    zone: ZoneInfo
    policy: Policy
    credit_limit: Amount
    meters: tuple[MeterDue, ...]
    peaks: Peaks = field(default_factory=dict)
    never_cut: bool = False
    reconnect: bool = False
    """True when a person confirmed that the supply may come back."""

    @property
    def floor(self) -> Amount:
        """Down to where the fund may fall without emergency credit."""
        return Amount(self.policy.cut_off - self.credit_limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the ledger says of the account after settling, and what follows from it."""

    fund: Amount
    """The electricity fund, less what is reserved for refunds."""
    service_fund: Amount
    tenancy: Tenancy
    announced: Amount | None
    marks: tuple[BillMark, ...]
    holds: Mapping[MeterSerial, tuple[HoldKind, ...]]
    extras: Mapping[date, Amount]
    """What was booked to the electricity fund besides energy, by the day for which it is due."""
    tax_nets: Mapping[int, Amount]
    """What the electricity fund was charged so far at the tax rates that were just booked."""
    events: tuple[Event, ...] = ()
    demands: tuple[RelayDemand, ...] = field(default=())

    def balance(self, fund: Fund) -> Amount:
        """Return what one of the account's funds holds now."""
        return self.service_fund if fund is Fund.SERVICE else self.fund


def fund_of(tx: LedgerTransaction, account: AccountNumber, fund: Fund = Fund.ELECTRICITY) -> Amount:
    """Return what a fund holds, less what is reserved to leave it."""
    name = tenant(account, fund)
    return Amount(tx.balance(name) - tx.reserved(name))


def book_due(tx: LedgerTransaction, due: AccountDue, at: datetime, *, final: bool = False) -> Slip:
    """Post the lines, fees and taxes of an account up to now; all of them if it ends now."""
    stored = tx.find(Tenancy, account=due.number)
    tenancy = stored or first_tenancy(due.number, due.name, at, due.zone)
    slip = Slip(tx, due.number, at, due.zone, tenancy)
    for meter in due.meters:
        if (mark := _post_meter(slip, meter)) is not None:
            slip.marks.append(mark)
    store_peaks(slip, due.peaks)
    if final:
        slip.tenancy = close_account_fees(slip, slip.tenancy, due.tariff, due.zone)
    else:
        charged_to = min((mark.at for mark in slip.marks), default=None)
        slip.tenancy = book_fees(slip, slip.tenancy, due.tariff, due.zone, charged_to)
    slip.book_taxes()
    if slip.tenancy.charged_through != tenancy.charged_through:
        available = Amount(fund_of(tx, due.number) - due.floor)
        take_instalments(slip, slip.tenancy.charged_through, available, due.zone)
    if slip.tenancy != stored:
        tx.put(slip.tenancy)
    return slip


def conclude(slip: Slip, due: AccountDue, cause: str) -> Settled:
    """Bring warnings and holds in line with what the account has now.

    Who has just moved out is neither warned nor cut: whose the meters are next decides on them.
    """
    tx = slip.tx
    slip.book_taxes()
    fund = fund_of(tx, due.number)
    available = Amount(fund + due.credit_limit + slip.tenancy.emergency)
    verdict = _Verdict(tx.announcement(due.number).level)
    if slip.tenancy.closed_at is None:
        verdict = _decide(slip, due, available, cause)
    return Settled(
        fund=fund,
        service_fund=fund_of(tx, due.number, Fund.SERVICE),
        tenancy=slip.tenancy,
        announced=verdict.announced,
        marks=tuple(slip.marks),
        holds={meter.serial: kinds(tx, meter.serial) for meter in due.meters},
        extras=_extras(slip),
        tax_nets=slip.tax_nets,
        events=verdict.events,
        demands=verdict.demands,
    )


def _extras(slip: Slip) -> Mapping[date, Amount]:
    """Return what was booked besides energy: fees on their days, everything else on this one."""
    today = day_of(slip.at, slip.zone)
    others = slip.spent - slip.energy - sum(slip.fees.values())
    days = {**slip.fees, today: slip.fees.get(today, 0) + others}
    return {day: Amount(amount) for day, amount in sorted(days.items())}


class _Verdict(NamedTuple):
    """What an account's credit means: the level that is told, what happened, what relays do."""

    announced: Amount | None
    events: tuple[Event, ...] = ()
    demands: tuple[RelayDemand, ...] = ()


def _decide(slip: Slip, due: AccountDue, available: Amount, cause: str) -> _Verdict:
    """Warn, cut and restore as credit asks for it."""
    tx, at = slip.tx, slip.at
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
    return _Verdict(verdict.announced, tuple(events), demands)


def _align_holds(
    tx: LedgerTransaction, due: AccountDue, *, exhausted: bool, at: datetime, cause: str
) -> tuple[tuple[RelayDemand, ...], tuple[MeterSerial, ...]]:
    """Place or release `no_credit`; return changed demands and the meters newly cut."""
    origin = f"{CREDIT_CAUSE}{cause}"
    demands: list[RelayDemand | None] = []
    cut: list[MeterSerial] = []
    for meter in due.meters:
        if exhausted and not due.never_cut:
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
        elif due.policy.reconnect is Reconnect.AUTO or due.reconnect or due.never_cut:
            demands.append(
                release(tx, meter.serial, HoldKind.NO_CREDIT, at, "credit policy", origin)
            )
    return tuple(demand for demand in demands if demand is not None), tuple(cut)


def _post_meter(slip: Slip, due: MeterDue) -> BillMark | None:
    """Post a meter's lines behind its mark and move the mark; return where it is now."""
    if due.mark is None or due.read_at is None:
        return None
    for line in due.lines:
        slip.charge(due.mark, line)
    after = BillMark(
        meter=due.serial,
        generation=due.mark.generation,
        wh=due.lines[-1].to_wh if due.lines else due.mark.wh,
        at=due.read_at,
        registers=due.registers,
    )
    if after != due.mark:
        slip.tx.move_mark(due.mark, after)
    return after


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
        and (before.tariff, before.valid_from, before.revision, before.period, before.tier)
        == (line.tariff, line.valid_from, line.revision, line.period, line.tier)
        and before.price == line.price
    )
