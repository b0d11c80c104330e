"""Debts are taken on, raised, lowered and given other terms: always in the name of somebody."""

from dataclasses import dataclass, replace

from ..errors import InvalidInputError
from ..ids import TransferId
from ..ledger.account_rows import (
    Debt,
    DebtKind,
)
from ..ledger.accounts import ADJUSTMENT, debt_of
from ..ledger.posting import post
from ..ledger.records import (
    NewTransfer,
    TransferCode,
)
from ..money.amount import ZERO, Amount
from .book import AccountBook
from .calendar import day_of
from .debts import outstanding
from .settlement import AccountDue
from .slip import Slip
from .waterfall import PPM

PERS = ("day", "week", "month")
"""How often an instalment of a debt falls due."""

MAX_NAME = 40
"""Characters of a debt's name. No colon either: it separates the parts of the ledger's ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtTerms:
    """How a debt is to be recovered: a share of top-ups, or an amount per time."""

    ppm: int = 0
    weekly_cap: Amount = ZERO
    instalment: Amount = ZERO
    per: str = ""

    def __post_init__(self) -> None:
        """Refuse terms that recover nothing, or in two ways at once (`debt_terms_wrong`)."""
        by_share = 0 < self.ppm <= PPM and self.weekly_cap >= 0
        by_time = self.instalment > 0 and self.per in PERS
        named = (bool(self.ppm or self.weekly_cap), bool(self.instalment or self.per))
        if (by_share, by_time) != named or by_share == by_time:
            raise InvalidInputError("debt_terms_wrong")


@dataclass(slots=True)
class DebtDesk:
    """Takes debts of tenants on."""

    book: AccountBook

    async def add_debt(
        self,
        number: str,
        name: str,
        amount: Amount,
        terms: DebtTerms,
        *,
        reason: str,
        reference: str = "",
        user: str = "",
    ) -> Amount:
        """Take a debt of a tenant on, to be recovered by and by; returns what is owed of it.

        A debt of this name that is there is raised by the amount (or lowered by a negative one) and
        gets the new terms; once for a reference, if one is given. Raises `InvalidInputError`:
        `amount_is_zero`, `reason_missing`, `debt_name_wrong`, `account_unknown`,
        `debt_terms_wrong`, `debt_below_zero`, `reference_reused`.
        """
        if amount == 0:
            raise InvalidInputError("amount_is_zero")
        if not reason.strip():
            raise InvalidInputError("reason_missing")
        if not 1 <= len(name.strip()) <= MAX_NAME or ":" in name:
            raise InvalidInputError("debt_name_wrong", debt=name, longest=MAX_NAME)
        account = self.book.account(number).number

        def work(slip: Slip, due: AccountDue) -> Amount:
            debt = _debt(slip, due, name.strip(), terms, reason.strip(), user)
            if _book_debt(slip, debt, amount, reference):
                slip.tx.put(debt)
            left = outstanding(slip.tx, debt)
            if left < 0:
                raise InvalidInputError("debt_below_zero", account=number, debt=name)
            return left

        return (await self.book.transact([account], f"debt:{name}", work))[account]


def _debt(slip: Slip, due: AccountDue, name: str, terms: DebtTerms, reason: str, user: str) -> Debt:
    """Return the debt with its new terms; instalments fall due from tomorrow on."""
    stored = slip.tx.find(Debt, account=slip.account, name=name)
    new = Debt(
        account=slip.account,
        name=name,
        kind=DebtKind.PERCENT if terms.ppm else DebtKind.TIME,
        ppm=terms.ppm,
        amount=terms.weekly_cap if terms.ppm else terms.instalment,
        per=terms.per,
        due_through=day_of(slip.at, due.zone),
        opened_at=slip.at,
        user=user,
        reason=reason,
    )
    if stored is None:
        return new
    return replace(
        new,
        opened_at=stored.opened_at,
        due=stored.due,
        due_through=stored.due_through or new.due_through,
    )


def _book_debt(slip: Slip, debt: Debt, amount: Amount, reference: str) -> bool:
    """Book what is owed more or less, the owner's claim; tell whether it was not yet booked."""
    ledger_account = debt_of(debt.account, debt.name)
    ends = (ledger_account, ADJUSTMENT) if amount > 0 else (ADJUSTMENT, ledger_account)
    place = reference or len(slip.tx.transfers(ledger_account, 10_000))
    request = NewTransfer(
        id=TransferId(f"debt:{debt.account}:{debt.name}:+{place}"),
        debit=ends[0],
        credit=ends[1],
        amount=Amount(abs(amount)),
        code=TransferCode.DEBT,
        effective_at=slip.at,
        source="cash desk",
        user=debt.user,
        reason=debt.reason,
    )
    return not post(slip.tx, request, slip.at).replayed
