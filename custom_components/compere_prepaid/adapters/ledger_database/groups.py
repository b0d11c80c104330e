"""What is asked for a group of accounts at once: what their statements are made of."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, bindparam, case, exists, func, select

from ...core.ids import AccountNumber
from ...core.ledger.account_rows import Fee, IssuedStatement, Supply
from ...core.ledger.allocation_rows import AllocationShare
from ...core.ledger.records import Charge, Spending, Transfer, TransferCode, TransferKind
from ...core.money.amount import Amount
from .allocation_tables import allocation_share
from .columns import TEXT
from .forms import Form, with_key
from .rows import Rows
from .sums import EVER, NEVER
from .tables import charge, fee, statement, supply, transfer

_SIDES = (("credit", 1), ("debit", -1))

_STATEMENTS = Form(IssuedStatement, statement)
_CHARGES = Form(Charge, charge)
_FEES = Form(Fee, fee)
_TRANSFERS = Form(Transfer, transfer)
_SHARES = Form(AllocationShare, allocation_share)
_SUPPLIES = Form(Supply, supply)


def _named(column: ColumnElement[str]) -> ColumnElement[bool]:
    return column.in_(bindparam("names", expanding=True))


_NEWEST = (
    select(statement.c.account, func.max(statement.c.number).label("number"))
    .where(with_key(statement), _named(statement.c.account))
    .group_by(statement.c.account)
    .subquery()
)
_LAST_STATEMENTS = _STATEMENTS.query().join(
    _NEWEST,
    (statement.c.account == _NEWEST.c.account) & (statement.c.number == _NEWEST.c.number),
)
_CHARGED_WITHIN = (
    charge.c.from_at >= bindparam("since"),
    charge.c.from_at < bindparam("until"),
)
_CHARGES_OF = (
    _CHARGES.query()
    .where(_named(charge.c.account), *_CHARGED_WITHIN)
    .order_by(charge.c.account, charge.c.from_at, charge.c.meter, charge.c.from_wh)
)
_FREE_OF = _CHARGES_OF.where(charge.c.transfer_id.is_(None))
_STEPS = 14
"""Borders of a query: a year and a month; with fewer, the last is repeated."""
_STEP = case(
    *((charge.c.from_at < bindparam(f"border_{number}"), number) for number in range(1, _STEPS))
)
_SPENT_OF = (
    select(
        charge.c.account,
        _STEP.label("step"),
        func.sum(charge.c.to_wh - charge.c.from_wh),
        func.sum(charge.c.amount),
    )
    .where(
        with_key(charge),
        _named(charge.c.account),
        charge.c.from_at >= bindparam("border_0"),
        charge.c.from_at < bindparam(f"border_{_STEPS - 1}"),
    )
    .group_by(charge.c.account, "step")
)
_FEES_OF = (
    _FEES.query()
    .where(
        _named(fee.c.account),
        fee.c.day >= bindparam("since"),
        fee.c.day < bindparam("until"),
    )
    .order_by(fee.c.account, fee.c.day, fee.c.kind, fee.c.item)
)
_MOVED_WITHIN = (
    transfer.c.effective_at >= bindparam("since"),
    transfer.c.effective_at < bindparam("until"),
)
_TRANSFERS_OF = {
    side: _TRANSFERS.query().where(
        _named(transfer.c[side]),
        *_MOVED_WITHIN,
        transfer.c.seq + 0 > bindparam("after"),  # else SQLite walks the chain from there
        transfer.c.code != bindparam("but", type_=TEXT),
    )
    for side, _ in _SIDES
}
_TOTALS_OF = {
    side: select(transfer.c[side], transfer.c.code, func.sum(transfer.c.amount))
    .where(
        with_key(transfer),
        _named(transfer.c[side]),
        *_MOVED_WITHIN,
        transfer.c.kind.in_((TransferKind.POSTED, TransferKind.POST)),
    )
    .group_by(transfer.c[side], transfer.c.code)
    for side, _ in _SIDES
}
_SUPPLIES_OF = (
    _SUPPLIES.query()
    .where(
        _named(supply.c.account),
        exists().where(
            charge.c.site == supply.c.site,
            charge.c.meter == supply.c.meter,
            charge.c.generation == supply.c.generation,
            charge.c.from_wh >= supply.c.from_wh,
        ),
    )
    .order_by(supply.c.account, supply.c.meter, supply.c.generation, supply.c.number)
)
_SHARES_OF = _SHARES.query("run").where(_named(allocation_share.c.account))


class GroupRows(Rows):
    """The part of a transaction that asks for groups of accounts."""

    def last_statements(
        self, accounts: Collection[AccountNumber]
    ) -> Mapping[AccountNumber, IssuedStatement]:
        """Return the statement of each account that was issued last."""
        found = map(_STATEMENTS.record, self._all(_LAST_STATEMENTS, names=list(accounts)))
        return {one.account: one for one in found}

    def charges_of(
        self,
        accounts: Collection[AccountNumber],
        since: datetime,
        until: datetime,
        *,
        free: bool = False,
    ) -> Mapping[AccountNumber, Sequence[Charge]]:
        """Return charges (all, or the free ones) that begin within a time, by `from_at`, meter."""
        query, window = _FREE_OF if free else _CHARGES_OF, {"since": since, "until": until}
        found = map(_CHARGES.record, self._all(query, names=list(accounts), **window))
        return _grouped(found, lambda one: one.account)

    def spending_of(
        self, accounts: Collection[AccountNumber], borders: Sequence[datetime]
    ) -> Mapping[AccountNumber, Sequence[Spending]]:
        """Return what was charged between each of at most 14 borders (in order) and the next."""
        padded = [*borders, *[borders[-1]] * (_STEPS - len(borders))]
        values = {f"border_{number}": border for number, border in enumerate(padded)}
        nothing = [Spending()] * (len(borders) - 1)
        found: dict[AccountNumber, list[Spending]] = {}
        rows = self._all(_SPENT_OF, names=list(accounts), **values)
        for account, step, energy_wh, amount in rows:  # PostgreSQL sums up to decimals
            of_account = found.setdefault(account, list(nothing))
            of_account[step - 1] = Spending(energy_wh=int(energy_wh), amount=Amount(int(amount)))
        return found

    def fees_of(
        self, accounts: Collection[AccountNumber], since: date, until: date
    ) -> Mapping[AccountNumber, Sequence[Fee]]:
        """Return the fees of the days from `since` to before `until`, by day."""
        window = {"since": since, "until": until}
        found = map(_FEES.record, self._all(_FEES_OF, names=list(accounts), **window))
        return _grouped(found, lambda one: one.account)

    def transfers_of(
        self,
        names: Collection[str],
        since: datetime | None,
        until: datetime,
        *,
        after: int = 0,
        but: TransferCode | None = None,
    ) -> Mapping[str, Sequence[Transfer]]:
        """Return all transfers that touch ledger accounts, the oldest first."""
        found: dict[str, list[Transfer]] = {}
        for side, _ in _SIDES:
            rows = self._all(
                _TRANSFERS_OF[side],
                names=list(names),
                since=since or EVER,
                until=until,
                after=after,
                but=but or "",
            )
            for one in map(_TRANSFERS.record, rows):
                found.setdefault(getattr(one, side), []).append(one)
        for transfers in found.values():
            transfers.sort(key=lambda one: (one.effective_at, one.seq))
        return found

    def totals_of(
        self, names: Collection[str], since: datetime | None, until: datetime | None
    ) -> Mapping[str, Mapping[TransferCode, Amount]]:
        """Return credits − debits of ledger accounts by code, of posted transfers."""
        window: dict[str, object] = {"since": since or EVER, "until": until or NEVER}
        found: dict[str, dict[TransferCode, Amount]] = {}
        for side, sign in _SIDES:
            rows = self._all(_TOTALS_OF[side], names=list(names), **window)
            for name, code, amount in rows:  # PostgreSQL sums up to decimals
                sums = found.setdefault(name, {})
                sums[code] = Amount(sums.get(code, 0) + sign * int(amount))
        return found

    def supplies_of(
        self, accounts: Collection[AccountNumber]
    ) -> Mapping[AccountNumber, Sequence[Supply]]:
        """Return the supplies of accounts by registers that have counted, in their order."""
        found = map(_SUPPLIES.record, self._all(_SUPPLIES_OF, names=list(accounts)))
        return _grouped(found, lambda one: one.account)

    def shares_of(
        self, accounts: Collection[AccountNumber], run: str
    ) -> Mapping[AccountNumber, AllocationShare]:
        """Return what accounts bear in an allocation run."""
        rows = self._all(_SHARES_OF, names=list(accounts), key_run=run)
        return {one.account: one for one in map(_SHARES.record, rows)}


def _grouped[K, R](found: Iterable[R], key: Callable[[R], K]) -> dict[K, list[R]]:
    grouped: dict[K, list[R]] = {}
    for one in found:
        grouped.setdefault(key(one), []).append(one)
    return grouped
