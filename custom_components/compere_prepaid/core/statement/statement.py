"""What an account was charged and credited in a time, line by line, adding up to the ledger.

Opening balance + lines = closing balance, exactly; and so do the rounded amounts that people see,
because each line shows what it adds to the rounded sum so far. Every line leads to its readings and
its tariff version, to its share of a run, or to the transfer with its reference and user.

A statement of a time has what is effective in it. Statements that are issued one after the other
have besides what was booked late: energy that was used before a statement and read after it is on
the next one. So each opens with what the one before closed with, and each transfer is on one of
them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ..ids import TransferId
from ..ledger.account_rows import Fee, Tenancy
from ..ledger.accounts import Fund, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.records import (
    Charge,
    Transfer,
    TransferCode,
    TransferKind,
)
from ..money.amount import ZERO, Amount, Currency
from ..prepayment.calendar import day_of, month_before
from .chain import Register, Standing, told_until
from .comparing import Past, Time, month_time, time_there, year_before
from .lines import LineMaker, readings_of
from .model import (
    Comparison,
    FundStatement,
    Group,
    GroupSum,
    Statement,
    StatementLine,
    TaxLine,
    Usage,
)
from .sources import Sources, Window
from .taxes import Tariffs

_BOOKED = frozenset({TransferKind.POSTED, TransferKind.POST})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a statement is about: a time, behind the statement before it if there is one."""

    since: datetime
    until: datetime
    previous: Standing | None = None
    """It ends at `since`."""
    period: date | None = None
    """The first day of the month that it is."""
    corrects: int | None = None


@dataclass(frozen=True, slots=True)
class StatementMaker:
    """Makes the statements of a site."""

    currency: Currency
    zone: ZoneInfo
    tariffs: Tariffs

    def make(self, tx: LedgerTransaction, tenancy: Tenancy, span: Span) -> Statement:
        """Return the statement of an account."""
        return next(self.make_all(tx, [(tenancy, span)]))

    def make_all(
        self, tx: LedgerTransaction, wanted: Sequence[tuple[Tenancy, Span]]
    ) -> Iterator[Statement]:
        """Yield the statements of a group of accounts, each made when it is asked for."""
        asks = {tenancy.account: self._windows(tenancy, span) for tenancy, span in wanted}
        seqs = (span.previous.seq for _, span in wanted if span.previous is not None)
        sources = Sources(tx, asks, min(seqs, default=0))
        for tenancy, span in wanted:
            yield self._make(sources, tenancy, span)

    def _windows(self, tenancy: Tenancy, span: Span) -> Iterator[Window]:
        """Yield the times about which a statement asks."""
        yield span.since, span.until
        yield span.until, None
        if span.previous is not None:
            yield None, span.previous.row.until
            yield span.previous.row.since, span.previous.row.until
        for time in self._compared(span):
            if (there := time_there(tenancy, time)) is not None:
                yield there

    def _make(self, sources: Sources, tenancy: Tenancy, span: Span) -> Statement:
        head = sources.tx.head()
        maker = _Maker(self, sources, tenancy, span)
        charges = maker.charges
        parts: list[FundStatement] = []
        taxes: list[TaxLine] = []
        for fund in Fund:
            part, taxed = maker.fund(fund)
            parts.append(part)
            taxes.extend(taxed)
        past = Past(sources, tenancy, self.zone)
        return Statement(
            account=tenancy.account,
            name=tenancy.name,
            since=span.since,
            until=span.until,
            anchor=f"{head.seq}-{head.hash[:12]}",
            period=span.period,
            corrects=span.corrects,
            funds=tuple(parts),
            readings=tuple(readings_of(charges)),
            taxes=tuple(taxes),
            debts=tuple(past.debts(span.until)),
            comparison=self._comparison(past, span),
            chart=past.chart(span.since, span.until, charges),
        )

    def _comparison(self, past: Past, span: Span) -> Comparison:
        """Compare by the time in which things were used, also of what was told before or later."""
        since, until = span.since, span.until
        this, last, year = map(past.usage, self._compared(span))
        nothing = Usage(
            since=since, until=until, days=past.days(since, until), energy_wh=0, cost=ZERO
        )
        return Comparison(this=this or nothing, last=last, year=year)

    def _compared(self, span: Span) -> tuple[Time, Time, Time]:
        """Return the time of a statement, the one before it, and that of a year before."""
        since, until = span.since, span.until
        if (month := span.period) is not None:
            a_year_before = month.replace(year=month.year - 1)
            last = month_time(month_before(month), self.zone)
            return (since, until), last, month_time(a_year_before, self.zone)
        previous = span.previous
        before = previous.row.since if previous else since - (until - since)
        return (since, until), (before, since), year_before((since, until), self.zone)


class _Maker:
    """Makes one statement."""

    def __init__(
        self, site: StatementMaker, sources: Sources, tenancy: Tenancy, span: Span
    ) -> None:
        """Read what the statement tells of the electricity fund: all energy is paid from there."""
        self._site = site
        self._sources = sources
        self._account = tenancy.account
        self._span = span
        self._late = {fund: self._booked_late(fund) for fund in Fund}
        self.charges = list(self._charges())
        self._fees = self._known_fees()

    def fund(self, fund: Fund) -> tuple[FundStatement, tuple[TaxLine, ...]]:
        """Return one fund, and the taxes on its lines."""
        sources, span, currency = self._sources, self._span, self._site.currency
        name = tenant(self._account, fund)
        tariffs = self._site.tariffs
        maker = LineMaker(sources, self._account, name, tariffs, self._fees, span.since)
        power = fund is Fund.ELECTRICITY
        lines = maker.lines(self.charges if power else (), self._transfers(fund))
        later = sources.totals(self._account, fund, span.until, None)
        closing = Amount(sources.tx.balance(name) - sum(later.values()))
        opening = total = Amount(closing - sum(line.amount for line in lines))
        shown = opening_shown = currency.rounded(opening)
        for line in lines:
            total = Amount(total + line.amount)
            before, shown = shown, currency.rounded(total)
            line.shown = shown - before
        part = FundStatement(
            fund=fund,
            opening=opening,
            closing=closing,
            opening_shown=opening_shown,
            closing_shown=currency.rounded(closing),
            lines=tuple(lines),
            groups=tuple(_sums(lines)),
        )
        return part, tuple(maker.bases.lines(fund, maker.taxed))

    def _transfers(self, fund: Fund) -> Iterator[Transfer]:
        """Yield a fund's transfers but for charges, the oldest first."""
        span = self._span
        new = self._sources.transfers(self._account, fund, span.since, span.until)
        yield from (one for one in self._late[fund] if one.code is not TransferCode.CHARGE)
        yield from (one for one in new if one.kind in _BOOKED)

    def _booked_late(self, fund: Fund) -> list[Transfer]:
        """Return what was booked since the statement before, and belongs before its end."""
        previous = self._span.previous
        if previous is None:
            return []
        until, after = previous.row.until, previous.seq
        found = self._sources.booked_late(self._account, fund, until, after)
        return [one for one in found if one.kind in _BOOKED]

    def _charges(self) -> Iterator[Charge]:
        """Yield the charges that are told, those of before the time first."""
        sources, span, previous = self._sources, self._span, self._span.previous
        if previous is not None:
            late = [*self._paid_late(previous), *self._free_late(previous)]
            yield from sorted(late, key=lambda one: (one.from_at, one.meter, one.from_wh))
        yield from sources.charges(self._account, span.since, span.until)

    def _paid_late(self, previous: Standing) -> Iterator[Charge]:
        """Yield the charges that were booked since the statement before, and begin before its end.

        Their transfers say it.
        """
        ids: Mapping[TransferId | None, datetime] = {
            one.id: one.effective_at
            for one in self._late[Fund.ELECTRICITY]
            if one.code is TransferCode.CHARGE
        }
        if ids:
            reach = min([previous.row.since, *ids.values()])
            for one in self._sources.charges(self._account, reach, previous.row.until):
                if one.transfer_id in ids:
                    yield one

    def _free_late(self, previous: Standing) -> Iterator[Charge]:
        """Yield the charges that cost nothing, as late: no statement tells what the register says.

        A supply that ended before the statement before began is told already.
        """
        sources, since, until = self._sources, previous.row.since, previous.row.until
        begun: dict[Register, datetime] = {}
        for supply in sources.supplies(self._account):
            if supply.from_at < until and (supply.to_at is None or supply.to_at > since):
                begun.setdefault((supply.meter, supply.generation), supply.from_at)
        told = told_until(sources.tx, previous, begun)
        reach = min([since, *(at for _, at in told.values())])
        for one in sources.charges(self._account, reach, until, free=True):
            wh, at = told.get((one.meter, one.generation), (one.to_wh, one.to_at))
            if one.from_wh >= wh and one.from_at >= at:
                yield one

    def _known_fees(self) -> Mapping[TransferId, Fee]:
        """Return the fees that may be told, by their transfer."""
        zone, span = self._site.zone, self._span
        late = (one.effective_at for found in self._late.values() for one in found)
        first = day_of(min([span.since, *late]), zone).replace(day=1)
        window, end = (span.since, span.until), day_of(span.until, zone) + _DAY
        found = self._sources.fees(self._account, window, first, end)
        return {fee.transfer_id: fee for fee in found}


def _sums(lines: Iterable[StatementLine]) -> Iterator[GroupSum]:
    """Yield what the lines of each group make, in the order of the lines."""
    sums: dict[Group, tuple[int, Decimal]] = {}
    for line in lines:
        amount, shown = sums.get(line.group, (0, Decimal(0)))
        sums[line.group] = (amount + line.amount, shown + line.shown)
    for group, (amount, shown) in sums.items():
        yield GroupSum(group=group, amount=Amount(amount), shown=shown)
