"""Anything, in any order: the ledger against a model of plain numbers."""

import asyncio
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
import tempfile
from typing import Any

from hypothesis import given, settings, strategies as st

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
    install,
    open_book,
    remove,
    switch,
    top_up,
    use,
    write_tariff,
)
from tests.adapters.postgresql_server import PostgresqlServer

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


BATCHES = st.lists(
    st.tuples(st.lists(OPERATIONS, min_size=1, max_size=6), st.booleans()), max_size=12
)
"""Operations that are one transaction, and whether it reads ahead what they will need."""


def check(tx: LedgerTransaction, model: Model) -> None:
    """Compare all that a transaction says with the model; it must see what it did itself."""
    ever = NOON - timedelta(days=1), NOON + timedelta(days=1000)
    used = {account: tx.charged_wh(account, *ever) for account in ACCOUNTS}
    assert sum(sum(periods.values()) for periods in used.values()) == model.used_wh
    for account, balance in model.balances.items():
        assert tx.balance(tenant(account)) == balance
        assert tx.spending(account, *ever).energy_wh == sum(used[account].values())
        assert sum(charge.to_wh - charge.from_wh for charge in tx.charges(account, *ever)) == sum(
            used[account].values()
        )
    for meter in METERS:
        assert {hold.kind for hold in tx.holds(meter)} == {
            kind for held, kind in model.holds if held == meter
        }
        demand = tx.demand(meter)
        assert demand is None or demand.closed == (not tx.holds(meter))


async def play(
    ledger: DatabaseLedger, operations: Sequence[tuple[Any, ...]], *, ahead: bool, model: Model
) -> Model:
    """Do operations in one transaction; return what the book must say then."""
    expected, accepted = deepcopy(model), True
    for operation in operations:
        accepted = accepted and expected.expect(operation)

    def work(tx: LedgerTransaction) -> None:
        now = deepcopy(model)
        if ahead:
            tx.prefetch(ACCOUNTS, METERS)
        for operation in operations:
            work_of(operation)(tx)
            now.expect(operation)
            check(tx, now)

    try:
        await ledger.run(work)
    except PrepaidError:
        assert not accepted, operations
        return model
    assert accepted, operations
    return expected


async def compare(
    place: Path | str, batches: Sequence[tuple[Sequence[tuple[Any, ...]], bool]]
) -> None:
    """Play transactions on a real book and on the model, and compare all that they say."""
    model = Model()
    ledger = await open_book(place)
    await ledger.run(write_tariff)
    for meter in METERS:
        await ledger.run(install(meter))
    for operations, ahead in batches:
        if ("reopen",) in operations:
            await ledger.close()
            ledger = await open_book(place)
        rest = [operation for operation in operations if operation != ("reopen",)]
        model = await play(ledger, rest, ahead=ahead, model=model)
    await ledger.read(lambda tx: check(tx, model))
    found = await ledger.verify()
    assert found.faults == ()
    assert found.charged_wh == found.register_wh == model.used_wh
    await ledger.close()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(BATCHES)
def test_any_sequence_keeps_a_file_sound(
    batches: list[tuple[list[tuple[Any, ...]], bool]],
) -> None:
    """Whatever is posted, in whatever order, the book agrees with a plain model and the auditor."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compare(Path(folder) / "ledger.db", batches))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(BATCHES)
def test_any_sequence_keeps_a_database_sound(
    server: PostgresqlServer, batches: list[tuple[list[tuple[Any, ...]], bool]]
) -> None:
    """The same in PostgreSQL."""
    asyncio.run(compare(server.emptied(), batches))
