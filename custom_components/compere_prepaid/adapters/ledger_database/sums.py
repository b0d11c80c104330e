"""Sums over a ledger account and fees over days: what statements and running costs are made of."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import bindparam, func, select, type_coerce

from ...core.ids import AccountNumber
from ...core.ledger.account_rows import Fee
from ...core.ledger.chain import microseconds
from ...core.ledger.records import (
    Spending,
    TransferCode,
    TransferKind,
)
from ...core.money.amount import Amount
from .account_tables import tenancy as tenancy_table
from .columns import WHOLE
from .forms import Form, with_key
from .rows import Rows
from .tables import charge as charge_table, fee as fee_table, transfer as transfer_table

EVER = datetime(1, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

_POSTED = (
    transfer_table.c.effective_at >= bindparam("since"),
    transfer_table.c.effective_at < bindparam("until"),
    transfer_table.c.kind.in_((TransferKind.POSTED, TransferKind.POST)),
)
_SUM = {
    side: select(transfer_table.c.code, func.sum(transfer_table.c.amount))
    .where(with_key(transfer_table, side), *_POSTED)
    .group_by(transfer_table.c.code)
    for side in ("debit", "credit")
}
_STEP = (
    type_coerce(transfer_table.c.effective_at, WHOLE) - bindparam("since_us", type_=WHOLE)
) // bindparam("step_us", type_=WHOLE)
_SUM_BY_STEP = {
    side: select(_STEP.label("step"), func.sum(transfer_table.c.amount))
    .where(
        with_key(transfer_table, side),
        *_POSTED,
        transfer_table.c.code.in_(bindparam("codes", expanding=True)),
    )
    .group_by("step")
    for side in ("debit", "credit")
}
_FEES = Form(Fee, fee_table)
_FEES_OF_DAYS = (
    _FEES.query("account")
    .where(fee_table.c.day >= bindparam("since"), fee_table.c.day < bindparam("until"))
    .order_by(fee_table.c.day, fee_table.c.kind, fee_table.c.item)
)
_VERSION = (charge_table.c.tariff, charge_table.c.tariff_valid_from, charge_table.c.revision)
_SALES = (
    select(
        *_VERSION,
        func.sum(charge_table.c.to_wh - charge_table.c.from_wh),
        func.sum(charge_table.c.amount),
    )
    .where(
        with_key(charge_table),
        # account by account, so that the index is asked for the days only
        charge_table.c.account.in_(
            select(tenancy_table.c.account).where(
                with_key(tenancy_table), tenancy_table.c.account != bindparam("but")
            )
        ),
        charge_table.c.from_at >= bindparam("since"),
        charge_table.c.from_at < bindparam("until"),
    )
    .group_by(*_VERSION)
    .order_by(*_VERSION)
)


class SumRows(Rows):
    """The part of a transaction that adds up."""

    def totals(
        self, account: str, since: datetime | None = None, until: datetime | None = None
    ) -> Mapping[TransferCode, Amount]:
        """Return credits − debits of a ledger account by code, of posted transfers."""
        window: dict[str, object] = {"since": since or EVER, "until": until or NEVER}
        sums: dict[TransferCode, Amount] = {}
        for side, sign in (("credit", 1), ("debit", -1)):
            found = self._query(_SUM[side], **{f"key_{side}": account}, **window)
            for code, amount in found:  # PostgreSQL sums up to decimals
                sums[code] = Amount(sums.get(code, 0) + sign * int(amount))
        return sums

    def sums_by_step(
        self,
        account: str,
        codes: Collection[TransferCode],
        since: datetime,
        until: datetime,
        step: timedelta,
    ) -> Mapping[int, Amount]:
        """Return credits − debits of a ledger account in steps of time, of posted transfers."""
        sums: Counter[int] = Counter()
        window: dict[str, object] = {
            "since": since,
            "until": until,
            "since_us": microseconds(since),
            "step_us": step // timedelta(microseconds=1),
            "codes": tuple(codes),
        }
        for side, sign in (("credit", 1), ("debit", -1)):
            found = self._query(_SUM_BY_STEP[side], **{f"key_{side}": account}, **window)
            for index, amount in found:
                sums[index] += sign * int(amount)
        return {index: Amount(amount) for index, amount in sums.items()}

    def fees(self, account: AccountNumber, since: date, until: date) -> tuple[Fee, ...]:
        """Return an account's fees of the days from `since` to before `until`, by day."""
        found = self._query(_FEES_OF_DAYS, key_account=account, since=since, until=until)
        return tuple(map(_FEES.record, found))

    def sales(
        self, since: datetime, until: datetime, but: AccountNumber | None
    ) -> Mapping[tuple[str, date, int], Spending]:
        """Return Wh and money charged to all accounts but one, by version of the tariff."""
        found = self._query(_SALES, since=since, until=until, but=but or "")
        return {  # PostgreSQL sums up to decimals
            (name, valid_from, revision): Spending(
                energy_wh=int(energy_wh), amount=Amount(int(amount))
            )
            for name, valid_from, revision, energy_wh, amount in found
        }
