"""What an account was charged and credited in a time, line by line, adding up to the ledger.

Opening balance + lines = closing balance, exactly; and so do the rounded amounts that people see,
because each line shows what it adds to the rounded sum so far. Every line leads to its readings and
its tariff version, to its share of a run, or to the transfer with its reference and user.

A statement of a time has what is effective in it. Statements that are issued one after the other
have besides what was booked late: energy that was used before a statement and read after it is on
the next one. So each opens with what the one before closed with, and each transfer is on one of
them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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
from ..prepayment.calendar import day_of, day_start, next_month
from .chain import Standing, told_until_wh
from .comparing import Past
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
from .taxes import Tariffs

MANY = 1_000_000
"""More transfers than an account has in a period."""

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
        head = tx.head()
        maker = _Maker(self, tx, tenancy, span)
        charges = maker.charges
        parts: list[FundStatement] = []
        taxes: list[TaxLine] = []
        for fund in Fund:
            part, taxed = maker.fund(fund)
            parts.append(part)
            taxes.extend(taxed)
        past = Past(tx, tenancy, self.zone)
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
        if span.period is not None:
            last = past.month_before(span.period)
            year = past.month(span.period.replace(year=span.period.year - 1))
        else:
            previous = span.previous
            before = previous.row.since if previous else since - (until - since)
            last = past.usage(before, since)
            year = past.year_before(since, until)
        this = past.usage(since, until) or Usage(
            since=since, until=until, days=past.days(since, until), energy_wh=0, cost=ZERO
        )
        return Comparison(this=this, last=last, year=year)


class _Maker:
    """Makes one statement."""

    def __init__(
        self, site: StatementMaker, tx: LedgerTransaction, tenancy: Tenancy, span: Span
    ) -> None:
        """Read what the statement tells of the electricity fund: all energy is paid from there."""
        self._site = site
        self._tx = tx
        self._account = tenancy.account
        self._span = span
        self._late = {name: self._booked_late(name) for name in map(self._name, Fund)}
        self.charges = list(self._charges())
        self._fees = self._known_fees()

    def _name(self, fund: Fund) -> str:
        return tenant(self._account, fund)

    def fund(self, fund: Fund) -> tuple[FundStatement, tuple[TaxLine, ...]]:
        """Return one fund, and the taxes on its lines."""
        tx, span, currency = self._tx, self._span, self._site.currency
        name = self._name(fund)
        tariffs = self._site.tariffs
        maker = LineMaker(tx, self._account, name, tariffs, self._fees, span.since)
        power = fund is Fund.ELECTRICITY
        lines = maker.lines(self.charges if power else (), self._transfers(name))
        closing = Amount(tx.balance(name) - sum(tx.totals(name, since=span.until).values()))
        opening = total = Amount(closing - sum(line.amount for line in lines))
        shown: list[StatementLine] = []
        for line in lines:
            after = Amount(total + line.amount)
            shown.append(replace(line, shown=currency.rounded(after) - currency.rounded(total)))
            total = after
        part = FundStatement(
            fund=fund,
            opening=opening,
            closing=closing,
            opening_shown=currency.rounded(opening),
            closing_shown=currency.rounded(closing),
            lines=tuple(shown),
            groups=tuple(_sums(shown)),
        )
        return part, tuple(maker.bases.lines(fund, maker.taxed))

    def _transfers(self, name: str) -> Iterator[Transfer]:
        """Yield a fund's transfers but for charges, the oldest first."""
        span = self._span
        late = (one for one in self._late[name] if one.code is not TransferCode.CHARGE)
        new = self._tx.transfers(
            name, MANY, since=span.since, until=span.until, but=TransferCode.CHARGE
        )
        yield from late
        yield from (one for one in reversed(new) if one.kind in _BOOKED)

    def _booked_late(self, name: str) -> list[Transfer]:
        """Return what was booked since the statement before, and belongs before its end."""
        previous = self._span.previous
        if previous is None:
            return []
        found = self._tx.transfers(name, MANY, until=previous.row.until, after=previous.seq)
        return [one for one in reversed(found) if one.kind in _BOOKED]

    def _charges(self) -> Iterator[Charge]:
        """Yield the charges that are told; of one that costs nothing the register says it."""
        tx, span, previous = self._tx, self._span, self._span.previous
        if previous is not None:
            late = self._late[self._name(Fund.ELECTRICITY)]
            ids: Mapping[TransferId | None, datetime] = {
                one.id: one.effective_at for one in late if one.code is TransferCode.CHARGE
            }
            reach = min([previous.row.since, *ids.values()])
            for charge in tx.charges(self._account, reach, previous.row.until):
                if charge.transfer_id in ids or (
                    charge.transfer_id is None
                    and charge.from_wh
                    >= told_until_wh(tx, previous, charge.meter, charge.generation)
                ):
                    yield charge
        yield from tx.charges(self._account, span.since, span.until)

    def _known_fees(self) -> Mapping[TransferId, Fee]:
        """Return the fees that may be told, by their transfer."""
        zone, account = self._site.zone, self._account
        late = (one.effective_at for found in self._late.values() for one in found)
        first = day_of(min([self._span.since, *late]), zone).replace(day=1)
        found = self._tx.fees(account, first, day_of(self._span.until, zone) + _DAY)
        return {fee.transfer_id: fee for fee in found}


def month_span(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a month of the site begins and ends."""
    return day_start(month, zone), day_start(next_month(month), zone)


def _sums(lines: Iterable[StatementLine]) -> Iterator[GroupSum]:
    """Yield what the lines of each group make, in the order of the lines."""
    sums: dict[Group, tuple[int, Decimal]] = {}
    for line in lines:
        amount, shown = sums.get(line.group, (0, Decimal(0)))
        sums[line.group] = (amount + line.amount, shown + line.shown)
    for group, (amount, shown) in sums.items():
        yield GroupSum(group=group, amount=Amount(amount), shown=shown)
