"""What an account was charged and credited in a time, line by line, adding up to the ledger.

Opening balance + lines = closing balance, exactly; and so do the rounded amounts that people see,
because each line shows what it adds to the rounded sum so far. Every line leads to its readings and
its tariff version, or to the transfer with its reference and user.

A statement of a time has what is effective in it. Statements that are issued one after the other
have what was booked since the one before: energy that was used before a statement and read after it
is on the next one, and each opens with what the one before closed with.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
import json
from typing import Any
from zoneinfo import ZoneInfo

from ..ids import AccountNumber, MeterSerial, TransferId
from ..ledger.account_rows import (
    Fee,
    IssuedStatement,
    Tenancy,
)
from ..ledger.accounts import Fund, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.records import (
    Charge,
    Transfer,
    TransferCode,
    TransferKind,
)
from ..money.amount import Amount, Currency, Price
from ..prepayment.calendar import day_of

MANY = 1_000_000
"""More transfers than an account has in a period."""

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any site."""

_FEES = frozenset(
    {
        TransferCode.STANDING,
        TransferCode.SERVICE,
        TransferCode.MINIMUM,
        TransferCode.DEMAND,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyDetail:
    """What an energy line is for: all charges of a register at one price."""

    meter: MeterSerial
    generation: int
    from_wh: int
    """The register at the first of these charges; `to_wh` at the end of the last."""
    to_wh: int
    energy_wh: int
    from_at: datetime
    to_at: datetime
    tariff: str
    valid_from: str
    revision: int
    period: str
    tier: int
    price: Price
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line: money that came (above 0) or went, and why."""

    code: TransferCode
    amount: Amount
    shown: Decimal
    at: datetime
    energy: EnergyDetail | None = None
    count: int = 1
    """How many days, charges or transfers the line joins."""
    item: str = ""
    """What is measured (demand), the debt's name, the tax rate in millionths."""
    transfer: TransferId | None = None
    reason: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundStatement:
    """One fund of a statement."""

    fund: Fund
    opening: Amount
    closing: Amount
    opening_shown: Decimal
    closing_shown: Decimal
    lines: tuple[StatementLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All funds of an account in a time; `anchor` says where the chain stood when it was made."""

    account: AccountNumber
    name: str
    since: datetime
    until: datetime
    anchor: str
    funds: tuple[FundStatement, ...]


@dataclass(slots=True)
class _Line:
    """A line that is being added up."""

    code: TransferCode
    at: datetime
    amount: int = 0
    count: int = 0
    item: str = ""
    transfer: TransferId | None = None
    reason: str = ""
    user: str = ""
    charges: list[Charge] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """What a statement is about: rows effective in a time, booked after a place in the chain."""

    since: datetime
    until: datetime
    after: int = 0
    told_until: datetime | None = None
    """Up to when the statement before this one told."""


def make_statement(
    tx: LedgerTransaction,
    tenancy: Tenancy,
    since: datetime,
    until: datetime,
    *,
    currency: Currency,
    zone: ZoneInfo,
    previous: IssuedStatement | None = None,
) -> Statement:
    """Return the statement of an account from one instant to before another.

    With the `previous` one that was issued it is of all that was booked after that.
    """
    head = tx.head()

    def funds(span: _Span) -> tuple[FundStatement, ...]:
        return tuple(
            _fund(tx, tenancy.account, fund, span, currency=currency, zone=zone) for fund in Fund
        )

    if previous is None:
        found = funds(_Span(since=since, until=until))
    else:
        after, told = int(previous.anchor.partition("-")[0]), previous.until
        # A meter that was silent for long may reach back further than the statement before.
        for reach in (previous.since, _BEGINNING):
            found = funds(_Span(since=reach, until=until, after=after, told_until=told))
            if _openings(found, currency) == _closings(previous):
                break
    return Statement(
        account=tenancy.account,
        name=tenancy.name,
        since=since,
        until=until,
        anchor=f"{head.seq}-{head.hash[:12]}",
        funds=found,
    )


def _openings(funds: Iterable[FundStatement], currency: Currency) -> Mapping[str, Decimal]:
    return {part.fund.value: currency.exact(part.opening) for part in funds}


def _closings(issued: IssuedStatement) -> Mapping[str, Decimal]:
    funds: Mapping[str, Any] = json.loads(issued.content)["funds"]
    return {fund: Decimal(part["closing"]) for fund, part in funds.items()}


def _fund(
    tx: LedgerTransaction,
    account: AccountNumber,
    fund: Fund,
    span: _Span,
    *,
    currency: Currency,
    zone: ZoneInfo,
) -> FundStatement:
    name = tenant(account, fund)
    booked = _booked(tx, name, span)
    lines: list[_Line] = []
    if fund is Fund.ELECTRICITY:
        lines.extend(_energy_lines(_charges(tx, account, span, booked)))
    fees = tx.fees(account, day_of(span.since, zone).replace(day=1), day_of(span.until, zone))
    others = (transfer for transfer in booked if transfer.code is not TransferCode.CHARGE)
    lines.extend(_transfer_lines(others, name, {fee.transfer_id: fee for fee in fees}))
    if span.after:
        opening = Amount(tx.balance(name) - sum(line.amount for line in lines))
    else:
        opening = Amount(tx.balance(name) - sum(tx.totals(name, span.since).values()))
    shown: list[StatementLine] = []
    total = opening
    for line in lines:
        after = Amount(total + line.amount)
        shown.append(_line(line, currency.rounded(after) - currency.rounded(total)))
        total = after
    return FundStatement(
        fund=fund,
        opening=opening,
        closing=total,
        opening_shown=currency.rounded(opening),
        closing_shown=currency.rounded(total),
        lines=tuple(shown),
    )


def _booked(tx: LedgerTransaction, name: str, span: _Span) -> list[Transfer]:
    """Return a fund's transfers, the oldest first; charges only where they must be told apart."""
    but = None if span.after else TransferCode.CHARGE
    found = tx.transfers(name, MANY, since=span.since, until=span.until, but=but)
    return [
        transfer
        for transfer in reversed(found)
        if transfer.seq > span.after and transfer.kind in {TransferKind.POSTED, TransferKind.POST}
    ]


def _charges(
    tx: LedgerTransaction, account: AccountNumber, span: _Span, booked: Iterable[Transfer]
) -> Iterable[Charge]:
    """Return the charges that a statement tells; what costs nothing has only its time."""
    charges = tx.charges(account, span.since, span.until)
    if (told_until := span.told_until) is None:
        return charges
    new = {transfer.id for transfer in booked}
    return [
        charge
        for charge in charges
        if (charge.transfer_id in new if charge.transfer_id else charge.to_at > told_until)
    ]


def _energy_lines(charges: Iterable[Charge]) -> Iterable[_Line]:
    """Join charges of one register at one price, in the order in which they began."""
    lines: dict[tuple[object, ...], _Line] = {}
    for charge in charges:
        key = (
            *(charge.meter, charge.generation, charge.tariff, charge.tariff_valid_from),
            *(charge.revision, charge.period, charge.tier, charge.price, charge.estimated),
        )
        line = lines.setdefault(key, _Line(TransferCode.CHARGE, charge.from_at))
        line.amount -= charge.amount
        line.count += 1
        line.charges.append(charge)
    return lines.values()


def _transfer_lines(
    transfers: Iterable[Transfer], name: str, fees: Mapping[TransferId, Fee]
) -> Iterator[_Line]:
    """Join fees of one kind, and taxes of one rate; all else is a line of its own, after them."""
    joined: dict[tuple[str, str], _Line] = {}
    others: list[_Line] = []
    for transfer in transfers:
        amount = transfer.amount if transfer.credit == name else -transfer.amount
        item = _item(transfer, fees)
        if transfer.code in _FEES or transfer.code is TransferCode.TAX:
            key = (transfer.code.value, item)
            line = joined.setdefault(key, _Line(transfer.code, transfer.effective_at, item=item))
        else:
            line = _Line(
                transfer.code,
                transfer.effective_at,
                item=item,
                transfer=transfer.id,
                reason=transfer.reason,
                user=transfer.user,
            )
            others.append(line)
        line.amount += amount
        line.count += 1
    yield from joined.values()
    yield from others


def _item(transfer: Transfer, fees: Mapping[TransferId, Fee]) -> str:
    if transfer.code is TransferCode.TAX:
        return transfer.detail
    if transfer.code is TransferCode.DEBT_RECOVERY:
        return transfer.reason
    fee = fees.get(transfer.id)
    return fee.item if fee else ""


def _line(line: _Line, shown: Decimal) -> StatementLine:
    return StatementLine(
        code=line.code,
        amount=Amount(line.amount),
        shown=shown,
        at=line.at,
        energy=_energy_detail(line.charges) if line.charges else None,
        count=line.count,
        item=line.item,
        transfer=line.transfer,
        reason=line.reason,
        user=line.user,
    )


def _energy_detail(charges: list[Charge]) -> EnergyDetail:
    first, last = charges[0], charges[-1]
    return EnergyDetail(
        meter=first.meter,
        generation=first.generation,
        from_wh=first.from_wh,
        to_wh=last.to_wh,
        energy_wh=sum(charge.to_wh - charge.from_wh for charge in charges),
        from_at=first.from_at,
        to_at=last.to_at,
        tariff=first.tariff,
        valid_from=first.tariff_valid_from.isoformat(),
        revision=first.revision,
        period=first.period,
        tier=first.tier,
        price=first.price,
        estimated=first.estimated,
    )
