"""Tenants move out: a final reading, a final statement, and what becomes of the rest."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from ..errors import InvalidInputError
from ..events import Event, MovedOut
from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import (
    Debt,
    IssuedStatement,
    Tenancy,
)
from ..ledger.accounts import CASH, ROUNDING, Fund, debt_of, deposit_of, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post_new
from ..ledger.records import (
    NewTransfer,
    TransferCode,
)
from ..money.amount import Amount
from ..payment.cash_receipts import number_cash
from ..prepayment.book import AccountBook
from ..prepayment.debts import outstanding
from ..prepayment.pouring import available_of
from ..prepayment.settlement import AccountDue, Settled, fund_of
from ..prepayment.slip import Slip
from ..prepayment.state import AccountState
from ..statement.comparing import month_time
from ..statement.issuing import SINCE_LAST, Asked, issue, plans
from .handover import begin_supply, close_generation

_AT_ONCE = 50
"""So many statements are issued in one transaction: a top-up waits for no more than that."""

_PLANNED = 500
"""Of so many accounts the last statements are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedAway:
    """The end of a tenancy: what was left, where it went, and the final statement."""

    refunded: Amount
    carried_over: Amount
    """To another account of the same tenant."""
    owed: Amount
    """What the tenant still owes: the account's minus and its debts."""
    statement: IssuedStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """How a tenancy is to end."""

    user: str
    reason: str
    carry_to: AccountNumber | None


@dataclass(slots=True)
class Moves:
    """Issues statements and ends tenancies, in the name of somebody."""

    book: AccountBook

    async def issue_statements(
        self, numbers: Iterable[str], user: str, asked: Asked = SINCE_LAST
    ) -> Mapping[AccountNumber, IssuedStatement]:
        """Post what accrued and issue the statements of what came since the last ones.

        Raises what `issuing` raises.
        """
        found: dict[AccountNumber, IssuedStatement] = {}
        names = list(dict.fromkeys(map(AccountNumber, numbers)))
        async for group in await self.issuing(names, user, asked):
            found |= group
        return {name: found[name] for name in names}

    async def issuing(
        self, numbers: Iterable[str], user: str, asked: Asked = SINCE_LAST
    ) -> AsyncGenerator[Mapping[AccountNumber, IssuedStatement]]:
        """Return who issues statements, some at a time, as they are asked for.

        Refused is all or nothing, before any is issued; who asks for no more keeps those that are
        there. Those of a month may be asked for again, also of who moved out since. Raises
        `InvalidInputError`: `account_unknown`, `account_closed`, `statement_month_open`, and what
        `issue` raises.
        """
        names = list(dict.fromkeys(map(AccountNumber, numbers)))
        return self._issuing(names, await self._issued(names, asked), user, asked)

    async def _issuing(
        self,
        names: Sequence[AccountNumber],
        there: Mapping[AccountNumber, int],
        user: str,
        asked: Asked,
    ) -> AsyncGenerator[Mapping[AccountNumber, IssuedStatement]]:
        book = self.book
        for start in range(0, len(names), _AT_ONCE):
            group = names[start : start + _AT_ONCE]
            known = {name: there[name] for name in group if name in there}
            found = dict(await book.ledger.read(partial(_rows_of, numbers=known)))
            if waiting := [name for name in group if name not in found]:
                async with book.locked(waiting):
                    settled = await book.transact_locked(waiting, "statement", _tenancy_of)
                    work = partial(
                        issue,
                        tenancies=list(settled.values()),
                        at=book.clock.now(),
                        book=book,
                        user=user,
                        asked=asked,
                    )
                    found |= await book.ledger.run(work)
            yield found

    async def _issued(
        self, names: Sequence[AccountNumber], asked: Asked
    ) -> Mapping[AccountNumber, int]:
        """Return the numbers of statements that are there already; refuse before any is issued."""
        book, now = self.book, self.book.clock.now()
        month = asked.month
        if month is not None and now < month_time(month, book.zone)[1]:
            raise InvalidInputError("statement_month_open", month=f"{month:%Y-%m}")

        def read(
            tx: LedgerTransaction, group: Sequence[AccountNumber]
        ) -> Mapping[AccountNumber, int]:
            found: dict[AccountNumber, int] = {}
            tx.prefetch(group, ())
            tenancies = [_tenancy(tx, name) for name in group]
            planned = plans(tx, tenancies, now, book.zone, asked)
            for tenancy, one in zip(tenancies, planned, strict=True):
                if one.there is not None:
                    found[tenancy.account] = one.there.row.number
                else:
                    self._refuse_closed(tenancy)
            return found

        issued: dict[AccountNumber, int] = {}
        for start in range(0, len(names), _PLANNED):
            group = names[start : start + _PLANNED]
            issued |= await book.ledger.read(partial(read, group=group))
        return issued

    def _refuse_closed(self, tenancy: Tenancy) -> None:
        """Refuse who moved out: its last statement was issued then."""
        name = tenancy.account
        if tenancy.closed_at is not None:
            raise InvalidInputError("account_closed", account=name, next=f"{name}-2")
        self.book.account(name)

    async def move_out(
        self,
        number: str,
        *,
        user: str,
        reason: str = "",
        carry_to: str | None = None,
        oldest: timedelta | None = None,
    ) -> MovedAway:
        """End a tenancy at the last readings: everything due, the rest paid out, a statement.

        What both funds and the deposit have left pays the debts first; the rest is refunded, or
        carried over to another account. Its meters are the owner's then, or nobody's. The account
        takes no more money, and its number is not used again. A meter that does not answer stops
        it, unless its last believed reading is no older than `oldest`. Raises `InvalidInputError`:
        `account_unknown`, `move_needs_reading`, `refund_open` (a reserved refund waits),
        `carry_to_itself`.
        """
        account = self.book.account(number)
        target = None if carry_to is None else self.book.account(carry_to).number
        if target == account.number:
            raise InvalidInputError("carry_to_itself", account=number)
        _refuse_without_readings(account, self.book.clock.now(), oldest)
        ending = _Ending(user=user, reason=reason.strip(), carry_to=target)
        owner = self.book.owner
        heir = None if owner is None or owner is account else owner.number
        involved = {one for one in (account.number, target, heir) if one is not None}

        def work(slip: Slip, _due: AccountDue) -> MovedAway:
            for serial in account.meters:
                mark = slip.tx.mark(serial)
                if heir is None or mark is None:
                    close_generation(slip.tx, serial)
                else:
                    begin_supply(slip.tx, mark, heir)
            return self._end(slip, ending)

        def told(moved: MovedAway, settled: Settled, due: AccountDue) -> Iterable[Event]:
            yield MovedOut(
                at=moved.statement.issued_at,
                account=due.number,
                available=available_of(settled, due),
                statement=moved.statement.number,
                user=user,
            )

        async with self.book.locked(involved):
            numbers, cause = [account.number], f"move out:{number}"
            moved = await self.book.transact_locked(numbers, cause, work, told, final=True)
            self._hand_over(account, heir)
            for other in involved - {account.number}:
                await self.book.settle(self.book.account(other), cause)
        return moved[account.number]

    def _hand_over(self, account: AccountState, heir: AccountNumber | None) -> None:
        """Remember whose the meters are now."""
        for meter in list(account.meters.values()):
            if heir is None:
                meter.forget()
            else:
                meter.account = heir
                self.book.account(heir).meters[meter.serial] = meter
        account.meters.clear()

    def _end(self, slip: Slip, ending: _Ending) -> MovedAway:
        """Pay out what is left, close the account and issue its statement."""
        tx, account = slip.tx, slip.account
        slip.book_taxes()
        for fund in Fund:
            if tx.reserved(tenant(account, fund)):
                raise InvalidInputError("refund_open", account=account)
        self._gather(slip, ending)
        debts = sum(self._pay_debts(slip, ending))
        left = fund_of(tx, account)
        refunded = carried = 0
        if left > 0 and ending.carry_to is not None:
            carried = left
            self._move(slip, ending, "carry", left, tenant(account), tenant(ending.carry_to))
        elif left > 0:
            refunded = left - left % self.book.currency.minor
            self._move(slip, ending, "refund", refunded, tenant(account), CASH)
            self._move(slip, ending, "rounding", left - refunded, tenant(account), ROUNDING)
        slip.tenancy = replace(slip.tenancy, closed_at=slip.at)
        tx.put(slip.tenancy)
        return MovedAway(
            refunded=Amount(refunded),
            carried_over=Amount(carried),
            owed=Amount(debts + max(0, -left)),
            statement=issue(tx, [slip.tenancy], slip.at, self.book, ending.user)[account],
        )

    def _gather(self, slip: Slip, ending: _Ending) -> None:
        """Bring the service fund and the deposit together with the electricity fund."""
        tx, account = slip.tx, slip.account
        service = fund_of(tx, account, Fund.SERVICE)
        ends = (tenant(account, Fund.SERVICE), tenant(account))
        self._move(slip, ending, "service", abs(service), *(ends if service > 0 else ends[::-1]))
        deposit = tx.balance(deposit_of(account))
        self._move(slip, ending, "deposit", deposit, deposit_of(account), tenant(account))

    def _pay_debts(self, slip: Slip, ending: _Ending) -> Iterator[Amount]:
        """Pay debts out of what is left; yield what of each remains."""
        for debt in slip.tx.rows(Debt, account=slip.account):
            owed = outstanding(slip.tx, debt)
            paid = max(0, min(owed, fund_of(slip.tx, slip.account)))
            target = debt_of(slip.account, debt.name)
            self._move(slip, ending, f"debt:{debt.name}", paid, tenant(slip.account), target)
            yield Amount(owed - paid)

    def _move(
        self, slip: Slip, ending: _Ending, what: str, amount: int, debit: str, credit: str
    ) -> None:
        """Book one step of the ending, if it moves anything."""
        if amount <= 0:
            return
        codes = {
            "refund": TransferCode.REFUND,
            "rounding": TransferCode.ROUNDING,
            "deposit": TransferCode.DEPOSIT,
        }
        code = TransferCode.DEBT_RECOVERY if what.startswith("debt:") else codes.get(what)
        request = NewTransfer(
            id=TransferId(f"end:{slip.account}:{what}"),
            debit=debit,
            credit=credit,
            amount=Amount(amount),
            code=code or TransferCode.CARRY_OVER,
            effective_at=slip.at,
            source="move out",
            user=ending.user,
            reason=ending.reason or what,
        )
        number_cash(slip.tx, post_new(slip.tx, request, slip.at), slip.account)


def _tenancy(tx: LedgerTransaction, account: AccountNumber) -> Tenancy:
    """Return how an account stands in the ledger; refuse one that is not there."""
    tenancy = tx.find(Tenancy, account=account)
    if tenancy is None:
        raise InvalidInputError("account_unknown", account=account)
    return tenancy


def _rows_of(
    tx: LedgerTransaction, numbers: Mapping[AccountNumber, int]
) -> Mapping[AccountNumber, IssuedStatement]:
    return {
        account: row
        for account, number in numbers.items()
        if (row := tx.find(IssuedStatement, account=account, number=number)) is not None
    }


def _tenancy_of(slip: Slip, _due: AccountDue) -> Tenancy:
    """Settle only, and return how the account stands then."""
    return slip.tenancy


def _refuse_without_readings(
    account: AccountState, now: datetime, oldest: timedelta | None
) -> None:
    """Refuse to end a tenancy on readings that are missing, not believed or too old."""
    for meter in account.meters.values():
        last = meter.last
        will_do = oldest is not None and last is not None and now - last.at <= oldest
        if meter.mark is not None and not meter.may_open and not will_do:
            raise InvalidInputError(
                "move_needs_reading", account=account.number, meter=meter.serial
            )
