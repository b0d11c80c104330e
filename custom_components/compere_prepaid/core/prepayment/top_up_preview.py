"""Where a top-up would go if it was paid now; nothing is booked."""

from ..ledger.ports import LedgerTransaction
from ..money.amount import Amount
from .book import AccountBook
from .debts import owed
from .pouring import refuse_outside_limits
from .waterfall import Owed, Waterfall, pour


async def preview_top_up(book: AccountBook, number: str, amount: Amount) -> Waterfall:
    """Return every step of a top-up of the electricity fund, after what was used until now.

    Raises `InvalidInputError`: `account_unknown`, `top_up_too_small`, `top_up_too_large`.
    """
    account = book.account(number)
    refuse_outside_limits(book.currency, account.policy, account.number, amount)
    now = book.clock.now()

    def read(tx: LedgerTransaction) -> tuple[Owed, ...]:
        return owed(tx, account.number, now, book.zone)

    debts = await book.ledger.read(read)
    emergency = account.tenancy.emergency
    return pour(
        amount,
        debts,
        fund=account.balance,
        floor=Amount(account.policy.cut_off - account.credit_limit - emergency),
        emergency=emergency,
    )
