"""Any order of business keeps the book right.

A machine plays readings, top-ups (also sent twice), refunds, debts, tariff changes, moves, swaps
and restarts in any order against a real ledger file, beside a plain model in exact fractions. After
each step the balances agree; at the end the checker is green and each Wh that the meters counted
for somebody is charged once.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
import tempfile
from typing import Any

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.tenancy.replacement import Replacement
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup
from tests.core.prepayment.desk import Desk, money

OWNER = AccountNumber("OWNER")
PRICES = {"Flat": Decimal(1), "Double": Decimal(2), "Fine": Decimal("0.617301")}
SHOPS = ("A", "B")


@dataclass(slots=True)
class Unit:
    """A shop: who is there, and which meter."""

    name: str
    serial: MeterSerial
    wh: int = 0
    charged_to: int = 0
    tenant: AccountNumber | None = None
    tenants: int = 0
    swaps: int = 0


@dataclass(slots=True)
class Model:
    """What must be so."""

    balances: dict[AccountNumber, Decimal] = field(default_factory=dict)
    tariffs: dict[AccountNumber, str] = field(default_factory=dict)
    debts: dict[AccountNumber, Decimal] = field(default_factory=dict)
    counted_wh: int = 0


class Business(RuleBasedStateMachine):
    """Everything that can happen to two shops and their owner."""

    def __init__(self) -> None:
        """Open a desk on a ledger file of its own."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.desk = Desk(Path(self.folder.name) / "ledger.db")
        self.model = Model()
        self.units = {name: Unit(name, MeterSerial(f"M{name}1")) for name in SHOPS}
        self.number = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let the desk work."""
        return self.runner.run(work)

    def holder(self, unit: Unit) -> AccountNumber:
        """Return whose meter it is."""
        return unit.tenant or OWNER

    @initialize()
    def begin(self) -> None:
        """Begin with an owner and two empty shops."""
        self.run(self._begin())

    async def _begin(self) -> None:
        desk = await self.desk.open()
        for name, price in PRICES.items():
            if name != "Flat":
                prices = {"flat": price}
                await desk.write({"name": name, "valid_from": "2020-01-01", "prices": prices})
        await self._open_all()
        self.model.balances[OWNER], self.model.tariffs[OWNER] = Decimal(0), "Flat"
        for unit in self.units.values():
            await desk.read(unit.wh, unit.serial)

    async def _open_all(self) -> None:
        """Open accounts and attach meters, as at each start."""
        await self.desk.open_other(OWNER, "0", owner=True)
        for unit in self.units.values():
            await self.desk.supplies.add_meter(MeterSetup(serial=unit.serial, max_power_w=60_000))
            holder = self.holder(unit)
            if holder != OWNER:
                await self.desk.open_other(holder, "0")
            await self.desk.supplies.attach(holder, unit.serial)

    @rule(name=st.sampled_from(SHOPS), wh=st.integers(0, 9000), minutes=st.integers(10, 200))
    def read(self, name: str, wh: int, minutes: int) -> None:
        """Read a meter that counted something."""
        self.run(self._read(self.units[name], wh, minutes))

    async def _read(self, unit: Unit, wh: int, minutes: int) -> None:
        self.desk.clock.forward(minutes=minutes)
        unit.wh += wh
        await self.desk.read(unit.wh, unit.serial)
        self._charge(unit)

    def _charge(self, unit: Unit) -> None:
        used = unit.wh - unit.charged_to
        holder = self.holder(unit)
        self.model.balances[holder] -= used * PRICES[self.model.tariffs[holder]] / 1000
        self.model.counted_wh += used
        unit.charged_to = unit.wh

    @precondition(lambda self: any(unit.tenant for unit in self.units.values()))
    @rule(fen=st.integers(1, 50_000), twice=st.booleans())
    def top_up(self, fen: int, twice: bool) -> None:
        """Take the same of everybody who is there; perhaps the answer was lost."""
        amount = Decimal(fen) / 100
        numbers = [unit.tenant for unit in self.units.values() if unit.tenant]
        self.number += 1
        for _ in range(1 + twice):
            self.run(
                self.desk.cashier.top_up(numbers, money(str(amount)), reference=f"r{self.number}")
            )
        for number in numbers:
            share = min(
                (amount / 4).quantize(Decimal("1e-9"), rounding="ROUND_FLOOR"),
                self.model.debts.get(number, Decimal(0)),
            )
            self.model.debts[number] = self.model.debts.get(number, Decimal(0)) - share
            self.model.balances[number] += amount - share

    @precondition(lambda self: self.units["A"].tenant)
    @rule(yuan=st.integers(1, 50))
    def add_debt(self, yuan: int) -> None:
        """Find an old debt; a quarter of each top-up pays it."""
        number = self.units["A"].tenant
        assert number
        terms = DebtTerms(ppm=250_000)
        self.run(self.desk.debts.add_debt(number, "old", money(yuan), terms, reason="audit"))
        self.model.debts[number] = self.model.debts.get(number, Decimal(0)) + yuan

    @precondition(lambda self: self.units["B"].tenant)
    @rule(percent=st.integers(1, 100), paid=st.booleans())
    def refund(self, percent: int, paid: bool) -> None:
        """Pay a part of the balance out, or fail to."""
        number = self.units["B"].tenant
        assert number
        amount = (self.model.balances[number] * percent / 100).quantize(
            Decimal("0.01"), rounding="ROUND_FLOOR"
        )
        if amount <= 0:
            return
        self.number += 1
        reference = f"f{self.number}"
        self.run(
            self.desk.refunds.reserve(
                number, money(str(amount)), reference=reference, reason="asked for"
            )
        )
        self.run(self.desk.refunds.resolve(number, reference, paid=paid))
        if paid:
            self.model.balances[number] -= amount

    @rule(name=st.sampled_from(SHOPS), tariff=st.sampled_from(sorted(PRICES)))
    def assign_tariff(self, name: str, tariff: str) -> None:
        """Change prices; what was used until now is charged by the old ones."""
        holder = self.holder(self.units[name])
        self.run(self.desk.agreements.assign_tariff([holder], tariff, "anna"))
        self.model.tariffs[holder] = tariff

    @precondition(lambda self: any(not unit.tenant for unit in self.units.values()))
    @rule(wh=st.integers(0, 3000))
    def move_in(self, wh: int) -> None:
        """Let a tenant into the first empty shop; its meter is read before."""
        unit = next(unit for unit in self.units.values() if not unit.tenant)
        self.run(self._read(unit, wh, 30))
        unit.tenants += 1
        number = AccountNumber(f"{unit.name}-{unit.tenants}")
        self.run(self.desk.open_other(number, "50", meters=(unit.serial,)))
        unit.tenant = number
        self.model.balances[number], self.model.tariffs[number] = Decimal(50), "Flat"

    @rule(name=st.sampled_from(SHOPS), wh=st.integers(0, 3000))
    def move_out(self, name: str, wh: int) -> None:
        """Let a tenant go; the rest is paid out, the owner has the meter."""
        unit = self.units[name]
        if unit.tenant is None:
            return
        self.run(self._read(unit, wh, 30))
        moved = self.run(self.desk.moves.move_out(unit.tenant, user="anna"))
        self.desk.book.accounts.pop(unit.tenant)
        left = self.model.balances.pop(unit.tenant) - self.model.debts.pop(unit.tenant, Decimal(0))
        rest = max(left, Decimal(0)).quantize(Decimal("0.01"), rounding="ROUND_FLOOR")
        assert Decimal(moved.refunded) / 10**9 == rest
        assert Decimal(moved.owed) / 10**9 == max(-left, Decimal(0))
        unit.tenant = None

    @rule(name=st.sampled_from(SHOPS), final=st.integers(0, 2000), start=st.integers(0, 10**7))
    def replace_meter(self, name: str, final: int, start: int) -> None:
        """Let another meter take over, with both readings taken by hand."""
        self.run(self._replace(self.units[name], final, start))

    async def _replace(self, unit: Unit, final: int, start: int) -> None:
        self.desk.clock.forward(minutes=30)
        unit.wh += final
        self._charge(unit)
        unit.swaps += 1
        new = MeterSerial(f"M{unit.name}{unit.swaps + 1}")
        await self.desk.replacements.replace_meter(
            Replacement(
                old=unit.serial,
                new=new,
                final_wh=unit.wh,
                start_wh=start,
                reason="broken",
                user="joe",
            )
        )
        await self.desk.supplies.remove_meter(unit.serial)
        unit.serial, unit.wh, unit.charged_to = new, start, start
        await self.desk.supplies.add_meter(MeterSetup(serial=new, max_power_w=60_000))
        await self.desk.supplies.attach(self.holder(unit), new)

    @rule(hours=st.integers(1, 40))
    def clock(self, hours: int) -> None:
        """Let time pass; everything that is due is posted."""
        self.desk.clock.forward(hours=hours)
        self.run(self.desk.charging.on_clock())

    @rule()
    def restart(self) -> None:
        """Die without a word and start again; what accrued is charged once."""
        self.run(self._restart())

    async def _restart(self) -> None:
        tariffs = dict(self.model.tariffs)
        await self.desk.restart()
        await self._open_all()
        for number, account in self.desk.book.accounts.items():
            assert account.tariff == tariffs[number]
        for unit in self.units.values():
            self.desk.clock.forward(minutes=1)
            await self.desk.read(unit.wh, unit.serial)

    @invariant()
    def balances_agree(self) -> None:
        """Compare each live balance with the model's, to the last digit."""
        for number, balance in self.model.balances.items():
            account = self.desk.book.account(number)
            assert Decimal(account.balance) / 10**9 == balance, number

    def teardown(self) -> None:
        """Post everything; the checker finds nothing, and all that was counted is charged."""
        try:
            if self.model.balances:
                self.run(self.desk.charging.settle_all("end"))
                assert self.run(self.desk.verified()) == (self.model.counted_wh,) * 2
        finally:
            if hasattr(self.desk, "ledger"):
                self.run(self.desk.ledger.close())
            self.runner.close()
            self.folder.cleanup()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_any_order_of_business() -> None:
    """No order of readings, money, moves, swaps and restarts makes the book wrong."""
    run_state_machine_as_test(
        Business,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
