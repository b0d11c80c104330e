"""Anything, in any order: the ledger against a model of plain numbers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
import tempfile
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.accounts import tenant
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from tests.adapters.ledger_books import (
    A_101,
    METER,
    NOON,
    PRICES,
    YUAN,
    Work,
    balance as balance_of,
    install,
    open_book,
    remove,
    switch,
    top_up,
    use,
    write_tariff,
)

ACCOUNTS = (A_101, AccountNumber("B-202"))
METERS = (METER, MeterSerial("33B0250100002"))

OPERATIONS = st.one_of(
    st.tuples(st.just("top_up"), st.integers(1, 6), st.integers(1, 3), st.sampled_from(ACCOUNTS)),
    st.tuples(
        st.just("use"),
        st.integers(1, 5000),
        st.sampled_from(sorted(PRICES)),
        st.sampled_from(METERS),
        st.sampled_from(ACCOUNTS),
    ),
    st.tuples(st.just("switch"), st.sampled_from(HoldKind), st.booleans(), st.sampled_from(METERS)),
    st.tuples(st.just("replace"), st.sampled_from(METERS), st.integers(0, 10**6)),
    st.tuples(st.just("reopen")),
)


@dataclass(slots=True)
class Model:
    """What the book must say, in plain numbers."""

    balances: dict[AccountNumber, int] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0))
    paid: dict[tuple[int, AccountNumber], int] = field(default_factory=dict)
    used_wh: int = 0
    holds: set[tuple[MeterSerial, HoldKind]] = field(default_factory=set)

    def expect(self, operation: tuple[Any, ...]) -> bool:
        """Take an operation over; tell whether the ledger must accept it."""
        match operation:
            case "top_up", reference, yuan, account:
                if (reference, account) in self.paid:
                    return bool(self.paid[reference, account] == yuan)
                self.paid[reference, account] = yuan
                self.balances[account] += yuan * YUAN
            case "use", wh, period, _, account:
                self.balances[account] -= wh * PRICES[period]
                self.used_wh += wh
            case "switch", kind, place, meter:
                if ((meter, kind) in self.holds) is place:
                    return False
                self.holds ^= {(meter, kind)}
        return True


def work_of(operation: tuple[Any, ...]) -> Work[object]:
    """Return the transaction that does an operation."""
    match operation:
        case "top_up", reference, yuan, account:
            return top_up(str(reference), yuan, account)
        case "use", wh, period, meter, account:
            return use(wh, period, meter, account)
        case "switch", kind, place, meter:
            return switch(kind, place=place, meter=meter)
        case "replace", meter, start_wh:

            def replace(tx: LedgerTransaction) -> None:
                mark = tx.mark(meter)
                remove(meter)(tx)
                install(meter, start_wh, at=NOON if mark is None else mark.at)(tx)

            return replace
    raise AssertionError(operation)


async def kinds_on(ledger: DatabaseLedger, meter: MeterSerial) -> set[HoldKind]:
    """Return which kinds of hold stand on a meter."""
    return await ledger.read(lambda tx: {hold.kind for hold in tx.holds(meter)})


async def compare(operations: Sequence[tuple[Any, ...]]) -> None:
    """Play operations on a real book and on the model, and compare all that they say."""
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        ledger = await open_book(path)
        await ledger.run(write_tariff)
        for meter in METERS:
            await ledger.run(install(meter))
        for operation in operations:
            if operation[0] == "reopen":
                await ledger.close()
                ledger = await open_book(path)
                continue
            accepted = True
            try:
                await ledger.run(work_of(operation))
            except PrepaidError:
                accepted = False
            assert accepted == model.expect(operation), operation
        found = await ledger.verify()
        assert found.faults == ()
        assert found.charged_wh == found.register_wh == model.used_wh
        for account, balance in model.balances.items():
            assert await balance_of(ledger, tenant(account)) == balance
        for meter in METERS:
            assert await kinds_on(ledger, meter) == {
                kind for held, kind in model.holds if held == meter
            }
        await ledger.close()


@pytest.mark.filterwarnings("ignore:It looks like `register_random`")  # frozen, not forgotten
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(OPERATIONS, max_size=30))
def test_any_sequence_keeps_the_book_sound(operations: list[tuple[Any, ...]]) -> None:
    """Whatever is posted, in whatever order, the book agrees with a plain model and the auditor."""
    asyncio.run(compare(operations))
