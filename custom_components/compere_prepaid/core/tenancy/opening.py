"""Accounts open, and are loaded again whenever the program starts."""

from dataclasses import dataclass
from datetime import datetime
from itertools import count

from ..errors import InvalidInputError
from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import (
    TaxTotal,
    Tenancy,
)
from ..ledger.accounts import OPENING, Fund, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post
from ..ledger.records import (
    NewTransfer,
    Term,
    TermKind,
    TransferCode,
)
from ..money.amount import Amount
from ..prepayment.agreements import terms_of
from ..prepayment.book import AccountBook
from ..prepayment.calendar import day_start, month_before, month_of
from ..prepayment.fees import first_tenancy
from ..prepayment.settlement import fund_of
from ..prepayment.slip import stored_watch
from ..prepayment.spending import read_log
from ..prepayment.state import AccountSetup, AccountState, Running, is_waiting
from ..tariff.model import Used
from ..tariff.rating import quote


@dataclass(slots=True)
class Opening:
    """Opens the accounts of a site, and renews what is remembered of them."""

    book: AccountBook

    async def open_account(self, setup: AccountSetup, user: str = "") -> None:
        """Begin to serve an account; opening balance and terms are booked the first time only.

        Raises `InvalidInputError` (`tariff_unknown`, `tariff_not_in_force`, `policy_unknown`, and
        `account_closed` for one that moved out).
        """
        now, number = self.book.clock.now(), setup.number
        tenancy = await self.refuse_closed(number)
        if await self.book.ledger.read(lambda tx: tx.term(number, TermKind.TARIFF, now)) is None:
            self.book.policy(setup.policy)
            tariff = self.book.tariff(setup.tariff)
            quote(tariff, now, zone=self.book.zone, used=Used())  # in force by now?
            await self.book.ledger.run(lambda tx: self._agree_at_first(tx, setup, now, user))
        elif tenancy is None:
            await self.book.ledger.run(lambda tx: tx.put(self._tenancy(tx, setup, now)))
        self.book.accounts[number] = await self.book.ledger.read(
            lambda tx: self._load(tx, setup, now)
        )

    async def refuse_closed(self, number: AccountNumber) -> Tenancy | None:
        """Return how an account stands in the ledger, if it is there.

        Raises `InvalidInputError` (`account_closed`) for one that moved out, with a free number.
        """

        def look(tx: LedgerTransaction) -> tuple[Tenancy | None, AccountNumber]:
            tenancy = tx.find(Tenancy, account=number)
            closed = tenancy is not None and tenancy.closed_at is not None
            return tenancy, free_number(tx, number) if closed else number

        tenancy, free = await self.book.ledger.read(look)
        if free != number:
            raise InvalidInputError("account_closed", account=number, next=free)
        return tenancy

    def _load(self, tx: LedgerTransaction, setup: AccountSetup, now: datetime) -> AccountState:
        number, zone = setup.number, self.book.zone
        tariff, policy, limit = terms_of(self.book, tx, number, now)
        month = month_of(now, zone)
        last_month = month_before(month)
        watch = stored_watch(tx, number)
        taxes = tx.rows(TaxTotal, account=number, fund=Fund.ELECTRICITY)
        choice = self.book.choices.get(number)
        return AccountState(
            number=number,
            name=setup.name,
            owner=setup.owner,
            tariff=tariff,
            policy=policy,
            credit_limit=limit,
            own_level=choice.alarm_threshold if choice else None,
            fund=fund_of(tx, number),
            service_fund=fund_of(tx, number, Fund.SERVICE),
            tenancy=self._tenancy(tx, setup, now),
            announced=tx.announcement(number).level,
            watch=watch,
            decide_at=now if is_waiting(watch) else None,
            spending=read_log(tx, number, now, zone),
            months={
                first: Running(first, dict(tx.charged_wh(number, day_start(first, zone), until)))
                for first, until in ((last_month, day_start(month, zone)), (month, now))
            },
            posted_at=now,
            tax_nets={total.ppm: total.net for total in taxes},
        )

    def _tenancy(self, tx: LedgerTransaction, setup: AccountSetup, now: datetime) -> Tenancy:
        """Return how an account stands; one of a time before tenancies begins now."""
        stored = tx.find(Tenancy, account=setup.number)
        return stored or first_tenancy(setup.number, setup.name, now, self.book.zone)

    def _agree_at_first(
        self, tx: LedgerTransaction, setup: AccountSetup, now: datetime, user: str
    ) -> None:
        """Book opening balance and terms of an account that the ledger does not know yet."""
        number = setup.number
        if tx.term(number, TermKind.TARIFF, now) is not None:
            return
        for kind, value in ((TermKind.TARIFF, setup.tariff), (TermKind.POLICY, setup.policy)):
            tx.add_term(Term(account=number, kind=kind, value=value, valid_from=now, user=user))
        tx.put(self._tenancy(tx, setup, now))
        if setup.opening_balance == 0:
            return
        ends = (OPENING, tenant(number)) if setup.opening_balance > 0 else (tenant(number), OPENING)
        request = NewTransfer(
            id=TransferId(f"opening:{number}"),
            debit=ends[0],
            credit=ends[1],
            amount=Amount(abs(setup.opening_balance)),
            code=TransferCode.OPENING,
            effective_at=now,
            source="set-up",
            user=user,
        )
        post(tx, request, now)


def free_number(tx: LedgerTransaction, number: AccountNumber) -> AccountNumber:
    """Return a number for the next tenant of a shop: `A-101-2` after `A-101`, then `A-101-3`."""
    first, _, end = number.rpartition("-")
    base = first if end.isdigit() and tx.find(Tenancy, account=first) is not None else number
    for turn in count(2):
        free = AccountNumber(f"{base}-{turn}")
        if tx.find(Tenancy, account=free) is None:
            return free
    raise AssertionError(number)
