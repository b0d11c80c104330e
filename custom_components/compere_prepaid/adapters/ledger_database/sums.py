"""Sums over a ledger account and fees over days: what statements and running costs are made of."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlalchemy import bindparam, func, select

from ...core.ids import AccountNumber
from ...core.ledger.account_rows import Fee
from ...core.ledger.records import (
    TransferCode,
    TransferKind,
)
from ...core.money.amount import Amount
from .forms import Form, with_key
from .rows import Rows
from .tables import fee as fee_table, transfer as transfer_table

EVER = datetime(1, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

_SUM = {
    side: select(transfer_table.c.code, func.sum(transfer_table.c.amount))
    .where(
        with_key(transfer_table, side),
        transfer_table.c.effective_at >= bindparam("since"),
        transfer_table.c.effective_at < bindparam("until"),
        transfer_table.c.kind.in_((TransferKind.POSTED, TransferKind.POST)),
    )
    .group_by(transfer_table.c.code)
    for side in ("debit", "credit")
}
_FEES = Form(Fee, fee_table)
_FEES_OF_DAYS = (
    _FEES.query("account")
    .where(fee_table.c.day >= bindparam("since"), fee_table.c.day < bindparam("until"))
    .order_by(fee_table.c.day, fee_table.c.kind, fee_table.c.item)
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

    def fees(self, account: AccountNumber, since: date, until: date) -> tuple[Fee, ...]:
        """Return an account's fees of the days from `since` to before `until`, by day."""
        found = self._query(_FEES_OF_DAYS, key_account=account, since=since, until=until)
        return tuple(map(_FEES.record, found))
