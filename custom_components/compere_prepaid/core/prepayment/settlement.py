"""Settling an account: post what has accrued, look at the money, decide on the supply.

One transaction holds the charges, the bill marks, the fees, the taxes, the transfers, the holds and
the relay demands that follow from them, so that no crash can leave one without the others. It has
two halves, and what else is to be done to the account (a top-up, a refund, a move) is done between
them: `book_due` posts everything up to now, `conclude` decides what the credit means.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ..events import Event
from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import CreditWatch, Tenancy
from ..ledger.accounts import Fund, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.records import BillMark, HoldKind, RelayDemand
from ..money.amount import Amount
from ..policy.credit import Policy
from ..policy.holds import kinds
from ..tariff.model import Tariff
from ..tariff.rating import RatedLine
from .calendar import day_of
from .debts import take_instalments
from .deciding import Outcome, align
from .fees import Peaks, book_fees, close_account_fees, first_tenancy, store_peaks
from .slip import Slip


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
    own_level: Amount | None = None
    """A warning level that the tenant chose."""
    meters: tuple[MeterDue, ...]
    peaks: Peaks = field(default_factory=dict)
    never_cut: bool = False
    reconnect: bool = False
    """True when a person confirmed that the supply may come back."""
    was_exhausted: bool = False
    """Whether credit was used up before anything is done here."""
    days_left: Callable[[Amount], int | None] = lambda _left: None
    """Says how long this much credit above the cut-off lasts, in thousandths of days."""

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
    watch: CreditWatch
    decide_at: datetime | None
    """When credit is to be decided about though no money moves."""
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
    outcome = Outcome(tx.announcement(due.number).level, slip.watch)
    if slip.tenancy.closed_at is None:
        outcome = align(slip, due, available, cause)
    return Settled(
        fund=fund,
        service_fund=fund_of(tx, due.number, Fund.SERVICE),
        tenancy=slip.tenancy,
        announced=outcome.told,
        watch=outcome.watch,
        decide_at=outcome.next_at,
        marks=tuple(slip.marks),
        holds={meter.serial: kinds(tx, meter.serial) for meter in due.meters},
        extras=_extras(slip),
        tax_nets=slip.tax_nets,
        events=outcome.events,
        demands=outcome.demands,
    )


def _extras(slip: Slip) -> Mapping[date, Amount]:
    """Return what was booked besides energy: fees on their days, everything else on this one."""
    today = day_of(slip.at, slip.zone)
    others = slip.spent - slip.energy - sum(slip.fees.values())
    days = {**slip.fees, today: slip.fees.get(today, 0) + others}
    return {day: Amount(amount) for day, amount in sorted(days.items())}


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
