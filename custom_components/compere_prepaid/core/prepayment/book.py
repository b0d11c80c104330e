"""The book of accounts: who is supplied, on what terms, and what has accrued.

Every use case works the same way (`AccountBook.transact`): under the locks of its accounts it
posts what has accrued, does its own work and decides on the supply inside one ledger transaction.
Only after the commit it changes what is remembered here, tells events and hands on relay demands.
If the ledger fails, nothing was changed and the accrued lines wait for the next try.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
import json
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..clock import Clock
from ..errors import InvalidInputError, OperationFailedError
from ..events import Event
from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import CreditWatch, TaxTotal, Tenancy
from ..ledger.accounts import Fund
from ..ledger.payment_rows import TenantChoice
from ..ledger.ports import Ledger, LedgerTransaction
from ..ledger.records import BillMark, HoldKind, RelayDemand
from ..money.amount import Amount, Currency
from ..policy.credit import Policy
from ..policy.holds import kinds
from ..tariff.calendar_days import Calendar
from ..tariff.model import Tariff
from .batches import BatchCall, Kept, Outlook, sliced
from .settlement import AccountDue, MeterDue, Settled, book_due, conclude, fund_of
from .slip import Slip, stored_watch
from .state import AccountState, MeterState

CHUNK = 500
"""So many accounts are settled in one transaction: a top-up waits for no more than that."""

_MAY_BE_BEHIND = frozenset({"ledger_unanswered", "mark_moved"})
"""What an error says after which the ledger may be ahead of what is remembered."""


class _Done[T](NamedTuple):
    """What was done to an account in a transaction, and the terms that it has since then."""

    result: T
    due: AccountDue
    agreed: AccountDue
    settled: Settled


class _Standing(NamedTuple):
    """How an account and its meters stand in the ledger."""

    tenancy: Tenancy | None
    funds: tuple[Amount, Amount]
    """The electricity and the service fund."""
    announced: Amount | None
    watch: CreditWatch
    tax_nets: dict[int, Amount]
    meters: list[tuple[BillMark | None, tuple[HoldKind, ...], RelayDemand | None]]


@dataclass(slots=True, kw_only=True)
class AccountBook:
    """The accounts and meters of one site, over its ledger."""

    ledger: Ledger
    clock: Clock
    currency: Currency
    zone: ZoneInfo
    emit: Callable[[Event], None]
    demand: Callable[[RelayDemand], None]
    changed: Callable[[AccountState], None] = lambda _account: None
    """Called when an account's committed state changed, by whatever use case."""
    restored: str = ""
    """The last anchor of a book that was restored, while nobody has confirmed that receipts were
    compared with it: a balance may lack a payment, so nobody is cut for credit. Else empty."""
    tariffs: dict[str, Tariff] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    """Those in force."""
    planned: list[Policy] = field(default_factory=list)
    """Versions of policies that are to come, by their first day."""
    calendars: dict[str, Calendar] = field(default_factory=dict)
    accounts: dict[AccountNumber, AccountState] = field(default_factory=dict)
    meters: dict[MeterSerial, MeterState] = field(default_factory=dict)
    choices: dict[AccountNumber, TenantChoice] = field(default_factory=dict)
    """What tenants chose for themselves."""
    doubtful: set[AccountNumber] = field(default_factory=set)
    """Accounts of which the ledger may say more than what is remembered."""
    _locks: dict[AccountNumber, asyncio.Lock] = field(default_factory=dict)

    def account(self, number: str) -> AccountState:
        """Return an account; raises `InvalidInputError` (`account_unknown`)."""
        state = self.accounts.get(AccountNumber(number))
        if state is None:
            raise InvalidInputError("account_unknown", account=number)
        return state

    def meter(self, serial: str) -> MeterState:
        """Return a meter; raises `InvalidInputError` (`meter_unknown`)."""
        state = self.meters.get(MeterSerial(serial))
        if state is None:
            raise InvalidInputError("meter_unknown", meter=serial)
        return state

    def tariff(self, name: str) -> Tariff:
        """Return a tariff; raises `InvalidInputError` (`tariff_unknown`)."""
        if name not in self.tariffs:
            raise InvalidInputError(
                "tariff_unknown", tariff=name, known=", ".join(sorted(self.tariffs)) or "-"
            )
        return self.tariffs[name]

    def policy(self, name: str) -> Policy:
        """Return a policy; raises `InvalidInputError` (`policy_unknown`)."""
        if name not in self.policies:
            raise InvalidInputError(
                "policy_unknown", policy=name, known=", ".join(sorted(self.policies)) or "-"
            )
        return self.policies[name]

    @property
    def owner(self) -> AccountState | None:
        """The owner's account, who pays for what nobody else does; None if there is none."""
        return next((account for account in self.accounts.values() if account.owner), None)

    @asynccontextmanager
    async def locked(self, numbers: Iterable[AccountNumber]) -> AsyncIterator[None]:
        """Hold the locks of accounts, always in the same order."""
        async with AsyncExitStack() as stack:
            for number in sorted(set(numbers)):
                await stack.enter_async_context(self._locks.setdefault(number, asyncio.Lock()))
            yield

    async def transact[T](
        self,
        numbers: Iterable[str],
        cause: str | Callable[[T], str],
        work: Callable[[Slip, AccountDue], T],
        told: Callable[[T, Settled, AccountDue], Iterable[Event]] = lambda *_: (),
        *,
        call: BatchCall | None = None,
        kept: Callable[[T], Kept | None] = lambda _: None,
    ) -> Mapping[AccountNumber, T]:
        """Settle accounts and do something to each of them, all in one transaction.

        `work` runs behind what has accrued and before the supply is decided; it may run again after
        a conflict. `cause` says (or makes of its result) what a changed supply follows from, and
        `told` makes of it what is told first, once it is committed. A `call` may rehearse it, or
        leave out who is refused; `kept` says of each result how it is undone.
        """
        accounts = self.known(numbers, call)
        async with self.locked(accounts):
            return await self.transact_locked(accounts, cause, work, told, call=call, kept=kept)

    def known(self, numbers: Iterable[str], call: BatchCall | None) -> list[AccountNumber]:
        """Return the numbers of accounts that are there, each once; others are refused."""
        accounts: list[AccountNumber] = []
        for number in dict.fromkeys(numbers):
            try:
                accounts.append(self.account(number).number)
            except InvalidInputError as error:
                if call is None:
                    raise
                call.refuse(number, error)
        return accounts

    async def transact_locked[T](
        self,
        numbers: Sequence[AccountNumber],
        cause: str | Callable[[T], str],
        work: Callable[[Slip, AccountDue], T],
        told: Callable[[T, Settled, AccountDue], Iterable[Event]] = lambda *_: (),
        *,
        revise: Callable[[LedgerTransaction, AccountDue], AccountDue] | None = None,
        final: bool = False,
        call: BatchCall | None = None,
        kept: Callable[[T], Kept | None] = lambda _: None,
    ) -> Mapping[AccountNumber, T]:
        """Do what `transact` does for accounts whose locks the caller holds.

        `revise` gives an account other terms before the supply is decided.
        """
        await self._catch_up(numbers)
        at = self.clock.now()
        states: dict[AccountNumber, AccountState] = {}
        dues: dict[AccountNumber, AccountDue] = {}
        looks: dict[AccountNumber, Mapping[str, str]] = {}
        async for number in sliced(numbers):
            account = states[number] = self.account(number)
            dues[number] = self.due(account)
            if call is not None:
                looks[number] = call.look(account)
        closed = {number for number, account in states.items() if not account.is_open}

        def prepare(tx: LedgerTransaction) -> None:
            meters = [meter.serial for due in dues.values() for meter in due.meters]
            tx.prefetch(list(dues), meters)

        def one(tx: LedgerTransaction, due: AccountDue) -> _Done[T]:
            if due.number in closed:
                raise InvalidInputError(
                    "account_closed", account=due.number, next=f"{due.number}-2"
                )
            slip = book_due(tx, due, at, final=final)
            result = work(slip, due)
            agreed = revise(tx, due) if revise else due
            origin = cause if isinstance(cause, str) else cause(result)
            return _Done(result, due, agreed, conclude(slip, agreed, origin))

        def run(tx: LedgerTransaction) -> dict[AccountNumber, _Done[T]]:
            prepare(tx)
            return {number: one(tx, due) for number, due in dues.items()}

        with self.doubting(numbers):
            done = await (
                self.ledger.run(run)
                if call is None
                else call.carry_out(
                    self.ledger, dues, prepare, one, lambda done: kept(done.result), at
                )
            )
        await self._take_over(
            [(states[each], one) for each, one in done.items()], at, told, call, looks
        )
        return {number: one_done.result for number, one_done in done.items()}

    async def _take_over[T](
        self,
        done: Sequence[tuple[AccountState, _Done[T]]],
        at: datetime,
        told: Callable[[T, Settled, AccountDue], Iterable[Event]],
        call: BatchCall | None,
        looks: Mapping[AccountNumber, Mapping[str, str]],
    ) -> None:
        """Remember what was committed, all of it in one go, then tell it; a rehearsal does not.

        There may be hundreds, and who waits for the event loop has a turn between some of them.
        Whoever ends this half-way ends none of the telling.
        """
        is_real = call is None or not call.dry_run
        if is_real:
            for account, one in done:
                self._remember(account, one, at)
        waiting = iter(done)

        def tell(account: AccountState, one: _Done[T]) -> None:
            if not is_real:
                account = account.copy()
                self._remember(account, one, at)
            events = (*told(one.result, one.settled, one.due), *one.settled.events)
            if call is not None:
                before, after = looks[account.number], call.look(account)
                outlook = Outlook(before, after, events, one.settled.demands)
                call.outlooks[account.number] = outlook
            if is_real:
                self._tell(account, events, one.settled.demands)

        try:
            async for account, one in sliced(waiting):
                tell(account, one)
        finally:
            for account, one in waiting:
                tell(account, one)

    @contextmanager
    def doubting(self, numbers: Iterable[AccountNumber]) -> Iterator[None]:
        """Doubt what is remembered of accounts if what they do ends without an answer.

        Whether it was kept is not known then; the ledger is asked before anything else is done.
        """
        try:
            yield
        except OperationFailedError as error:
            if error.key in _MAY_BE_BEHIND:
                self.doubtful.update(numbers)
            raise

    async def _catch_up(self, numbers: Iterable[AccountNumber]) -> None:
        """Read anew what the ledger says of doubtful accounts; hold their locks."""
        for number in self.doubtful.intersection(numbers):
            account = self.account(number)

            def look(tx: LedgerTransaction, account: AccountState = account) -> _Standing:
                taxes = tx.rows(TaxTotal, account=account.number, fund=Fund.ELECTRICITY)
                return _Standing(
                    tx.find(Tenancy, account=account.number),
                    (fund_of(tx, account.number), fund_of(tx, account.number, Fund.SERVICE)),
                    tx.announcement(account.number).level,
                    stored_watch(tx, account.number),
                    {total.ppm: total.net for total in taxes},
                    [(tx.mark(one), kinds(tx, one), tx.demand(one)) for one in account.meters],
                )

            standing = await self.ledger.read(look)
            account.tenancy = standing.tenancy or account.tenancy
            account.fund, account.service_fund = standing.funds
            account.announced, account.tax_nets = standing.announced, standing.tax_nets
            account.watch, account.decide_at = standing.watch, self.clock.now()
            for meter, (mark, held, demand) in zip(
                account.meters.values(), standing.meters, strict=True
            ):
                meter.follow(mark)
                meter.holds = held
                if demand is not None:  # nobody may have heard of it; twice is harmless
                    self.demand(demand)
            self.doubtful.discard(number)

    def due(self, account: AccountState) -> AccountDue:
        """Describe an account as it is to be settled now; hold its lock."""
        now = self.clock.now()
        return AccountDue(
            number=account.number,
            name=account.name,
            tariff=self.tariff(account.tariff),
            zone=self.zone,
            policy=account.policy,
            credit_limit=account.credit_limit,
            own_level=account.own_level,
            peaks=dict(account.demand.peaks),
            never_cut=account.never_cut,
            was_exhausted=account.exhausted,
            days_left=lambda left: account.days_left(now, left),
            meters=tuple(
                MeterDue(
                    serial=meter.serial,
                    mark=meter.mark,
                    lines=tuple(meter.pending),
                    read_at=meter.last.at if meter.last else None,
                    registers=_registers_text(meter.registers),
                    may_open=meter.may_open and not self.restored,
                )
                for meter in account.meters.values()
            ),
        )

    async def settle(self, account: AccountState, cause: str) -> None:
        """Post what has accrued and bring holds in line with credit; hold the account's lock."""
        await self.transact_locked([account.number], cause, _nothing_more)

    async def settle_many(self, numbers: Iterable[AccountNumber], cause: str) -> None:
        """Post what has accrued for many accounts, some hundred in each transaction."""
        waiting = [number for number in numbers if self._is_open(number)]
        for start in range(0, len(waiting), CHUNK):
            chunk = waiting[start : start + CHUNK]
            async with self.locked(chunk):  # some may have moved out meanwhile
                still = [number for number in chunk if self._is_open(number)]
                await self.transact_locked(still, cause, _nothing_more)

    def _is_open(self, number: AccountNumber) -> bool:
        """Tell whether an account is there and did not move out."""
        account = self.accounts.get(number)
        return account is not None and account.is_open

    def _remember[T](self, account: AccountState, done: _Done[T], at: datetime) -> None:
        """Let an account (or a copy of it) be as it is in the ledger after a transaction."""
        settled, agreed = done.settled, done.agreed
        for mark in settled.marks:
            account.meters[mark.meter].charged(mark)
        account.fund = settled.fund
        account.service_fund = settled.service_fund
        account.tenancy = settled.tenancy
        account.announced = settled.announced
        account.watch, account.decide_at = settled.watch, settled.decide_at
        account.tax_nets.update(settled.tax_nets)
        for serial, held in settled.holds.items():
            account.meters[serial].holds = held
        for day, amount in settled.extras.items():
            account.add_extras(amount, day)
        account.posted_at = at
        if agreed is not done.due:
            account.tariff, account.policy = agreed.tariff.name, agreed.policy
            account.credit_limit = agreed.credit_limit

    def _tell(
        self, account: AccountState, events: Iterable[Event], demands: Iterable[RelayDemand]
    ) -> None:
        """Tell what was committed for an account."""
        for event in events:
            self.emit(event)
        for demand in demands:
            self.demand(demand)
        self.changed(account)


def _nothing_more(slip: Slip, due: AccountDue) -> None:
    """Settling is all."""


def _registers_text(registers: Mapping[str, int]) -> str:
    """Return the meter's own tariff registers as a bill mark keeps them."""
    if not registers:
        return ""
    return json.dumps(dict(registers), sort_keys=True, separators=(",", ":"))
