"""The book of accounts: who is supplied, on what terms, and what has accrued.

Every use case works the same way: under the account's lock it settles inside one ledger
transaction, and only after the commit changes what is remembered here, tells events and hands on
relay demands. If the ledger fails, nothing was changed and the accrued lines wait for the next try.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from ..clock import Clock
from ..errors import InvalidInputError
from ..events import Event
from ..ids import AccountNumber, MeterSerial, TransferId
from ..ledger.accounts import OPENING, Fund, tenant
from ..ledger.ports import Ledger, LedgerTransaction
from ..ledger.posting import post
from ..ledger.records import NewTransfer, RelayDemand, Term, TermKind, TransferCode
from ..metering.plausibility import Baseline
from ..money.amount import Amount, Currency
from ..policy.credit import Policy
from ..policy.holds import kinds, refresh_demand
from ..tariff.model import Tariff, Used
from ..tariff.rating import quote
from .calendar import day_of, day_start, month_of
from .settlement import AccountDue, MeterDue, Settled, settle
from .state import AccountSetup, AccountState, MeterState, Running


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
    tariffs: dict[str, Tariff] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    accounts: dict[AccountNumber, AccountState] = field(default_factory=dict)
    meters: dict[MeterSerial, MeterState] = field(default_factory=dict)
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

    async def add_meter(self, serial: MeterSerial, max_power_w: int) -> None:
        """Begin to charge by a meter: its bill mark says from where on.

        A meter that was never decided about gets its first demand: closed, if no hold stands.
        """
        known = self.meters.get(serial)
        if known is not None:
            known.max_power_w = max_power_w
            return
        at = self.clock.now()

        def load(tx: LedgerTransaction) -> tuple[MeterState, bool]:
            mark = tx.mark(serial)
            last = None if mark is None else Baseline(wh=mark.wh, at=mark.at)
            meter = MeterState(
                serial=serial,
                max_power_w=max_power_w,
                mark=mark,
                last=last,
                holds=kinds(tx, serial),
            )
            return meter, tx.demand(serial) is not None

        meter, decided = await self.ledger.read(load)
        if not decided:
            await self.ledger.run(lambda tx: refresh_demand(tx, serial, at, "meter added"))
        self.meters[serial] = meter

    async def remove_meter(self, serial: MeterSerial) -> None:
        """Stop charging by a meter, after posting what it used."""
        meter = self.meters.get(serial)
        if meter is None:
            return
        if meter.account is not None:
            await self.detach(meter.account, serial)
        del self.meters[serial]

    async def open_account(self, setup: AccountSetup, user: str = "") -> None:
        """Begin to serve an account; opening balance and terms are booked the first time only.

        Raises `InvalidInputError` (`tariff_unknown`, `tariff_not_in_force`, `policy_unknown`).
        """
        now = self.clock.now()
        if await self.ledger.read(lambda tx: tx.term(setup.number, TermKind.TARIFF, now)) is None:
            self.policy(setup.policy)
            quote(self.tariff(setup.tariff), now, zone=self.zone, used=Used())  # in force by now?
            await self.ledger.run(lambda tx: _agree_at_first(tx, setup, now, user))
        self.accounts[setup.number] = await self.ledger.read(lambda tx: self._load(tx, setup, now))
        self._locks.setdefault(setup.number, asyncio.Lock())

    async def close_account(self, number: AccountNumber) -> None:
        """Stop serving an account; what it used is posted, its history stays."""
        account = self.account(number)
        for serial in list(account.meters):
            await self.detach(number, serial)
        del self.accounts[number]

    async def attach(self, number: AccountNumber, serial: MeterSerial) -> None:
        """Let a meter supply an account from now on.

        A meter that comes from a time without an account begins a new register generation with its
        next reading: what it counted in between is nobody's. Raises `InvalidInputError`
        (`account_unknown`, `meter_unknown`, `meter_taken`).
        """
        account, meter = self.account(number), self.meter(serial)
        if meter.account == number:
            return
        if meter.account is not None:
            raise InvalidInputError("meter_taken", meter=serial, account=meter.account)
        meter.account = account.number
        account.meters[serial] = meter

    async def detach(self, number: AccountNumber, serial: MeterSerial) -> None:
        """End a meter's supply of an account: post its charges and close the generation."""
        account, meter = self.account(number), self.meter(serial)
        async with self.locked([number]):
            at = self.clock.now()
            due = self.due(account)

            def work(tx: LedgerTransaction) -> Settled:
                settled = settle(tx, due, at, f"detach:{serial}")
                mark, generation = tx.mark(serial), tx.generation(serial)
                if mark is not None and generation is not None:
                    tx.close_generation(replace(generation, closed_wh=mark.wh, closed_at=mark.at))
                return settled

            self.apply(account, await self.ledger.run(work), at)
            account.meters.pop(serial, None)
            meter.account, meter.mark, meter.last = None, None, None

    @asynccontextmanager
    async def locked(self, numbers: Iterable[AccountNumber]) -> AsyncIterator[None]:
        """Hold the locks of accounts, always in the same order."""
        async with AsyncExitStack() as stack:
            for number in sorted(set(numbers)):
                await stack.enter_async_context(self._locks.setdefault(number, asyncio.Lock()))
            yield

    def due(self, account: AccountState, *, reconnect: bool = False) -> AccountDue:
        """Describe an account as it is to be settled now; hold its lock."""
        return AccountDue(
            number=account.number,
            policy=account.policy,
            credit_limit=account.credit_limit,
            reconnect=reconnect,
            meters=tuple(
                MeterDue(
                    serial=meter.serial,
                    mark=meter.mark,
                    lines=tuple(meter.pending),
                    read_at=meter.last.at if meter.last else None,
                    may_open=meter.may_open,
                )
                for meter in account.meters.values()
            ),
        )

    async def settle(self, account: AccountState, cause: str, *, reconnect: bool = False) -> None:
        """Post what has accrued and bring holds in line with credit; hold the account's lock."""
        at = self.clock.now()
        due = self.due(account, reconnect=reconnect)
        settled = await self.ledger.run(lambda tx: settle(tx, due, at, cause))
        self.apply(account, settled, at)

    def apply(
        self,
        account: AccountState,
        settled: Settled,
        at: datetime,
        before: Iterable[Event] = (),
    ) -> None:
        """Remember what was committed, then tell it; `before` are events that come first."""
        for mark in settled.marks:
            meter = self.meters[mark.meter]
            meter.mark = mark
            meter.pending.clear()
        account.fund = settled.fund
        account.service_fund = settled.service_fund
        account.announced = settled.announced
        for serial, held in settled.holds.items():
            self.meters[serial].holds = held
        account.past_spending = settled.past_spending
        account.past_since = settled.past_since or account.past_since
        account.posted_at = at
        for event in (*before, *settled.events):
            self.emit(event)
        for demand in settled.demands:
            self.demand(demand)
        self.changed(account)

    def terms(
        self, tx: LedgerTransaction, number: AccountNumber, at: datetime
    ) -> tuple[str, Policy, Amount]:
        """Return tariff name, policy and credit limit of an account at an instant."""
        tariff = tx.term(number, TermKind.TARIFF, at)
        policy = tx.term(number, TermKind.POLICY, at)
        limit = tx.term(number, TermKind.CREDIT_LIMIT, at)
        if tariff is None or policy is None:
            raise InvalidInputError("account_without_terms", account=number)
        rules = self.policy(policy.value)
        agreed = rules.credit_limit if limit is None else self.currency.parse(limit.value)
        return tariff.value, rules, agreed

    def _load(self, tx: LedgerTransaction, setup: AccountSetup, now: datetime) -> AccountState:
        number = setup.number
        tariff, policy, limit = self.terms(tx, number, now)
        today, month = day_of(now, self.zone), month_of(now, self.zone)
        today_spent = tx.spending(number, day_start(today, self.zone), now)
        month_spent = tx.spending(number, day_start(month, self.zone), now)
        return AccountState(
            number=number,
            name=setup.name,
            tariff=tariff,
            policy=policy,
            credit_limit=limit,
            fund=tx.balance(tenant(number)),
            service_fund=tx.balance(tenant(number, Fund.SERVICE)),
            announced=tx.announcement(number).level,
            day=Running(today, today_spent.amount, today_spent.energy_wh),
            month=Running(month, month_spent.amount, month_spent.energy_wh),
            posted_at=now,
        )


def _agree_at_first(tx: LedgerTransaction, setup: AccountSetup, now: datetime, user: str) -> None:
    """Book opening balance and terms of an account that the ledger does not know yet."""
    number = setup.number
    if tx.term(number, TermKind.TARIFF, now) is not None:
        return
    for kind, value in ((TermKind.TARIFF, setup.tariff), (TermKind.POLICY, setup.policy)):
        tx.add_term(Term(account=number, kind=kind, value=value, valid_from=now, user=user))
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
