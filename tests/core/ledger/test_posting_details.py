"""Booking to the letter: its borders, what its refusals say, and the names of accounts."""

from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import TransferId
from custom_components.compere_prepaid.core.ledger.accounts import (
    ADJUSTMENT,
    CASH,
    Fund,
    debt_of,
    deposit_of,
    energy_income,
    fee_income,
    tenant,
)
from custom_components.compere_prepaid.core.ledger.chain import (
    GENESIS,
    chain_hash,
    payload_hash,
)
from custom_components.compere_prepaid.core.ledger.posting import post
from custom_components.compere_prepaid.core.ledger.records import (
    NewTransfer,
    TransferCode,
    TransferKind,
)
from custom_components.compere_prepaid.core.money.amount import MAX_AMOUNT, Amount
from tests.adapters.ledger_books import A_101, NOON, open_book

REQUEST = NewTransfer(
    id=TransferId("top:r1:A-101"),
    debit=CASH,
    credit=tenant(A_101),
    amount=Amount(5),
    code=TransferCode.TOP_UP,
    effective_at=NOON,
    source="cash desk",
    user="anna",
    reason="r1",
    detail="d",
    kind=TransferKind.PENDING,
    outcome="o",
)
RECORDED = NOON + timedelta(seconds=3)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[DatabaseLedger]:
    """Open a new book in a real file."""
    ledger = await open_book(tmp_path / "ledger.db")
    yield ledger
    await ledger.close()


async def test_all_that_was_asked_is_in_the_book(ledger: DatabaseLedger) -> None:
    """A booked transfer is the request, its place in the chain, and when it was recorded."""
    posting = await ledger.run(lambda tx: post(tx, REQUEST, RECORDED))
    stored = await ledger.read(lambda tx: tx.find_transfer(REQUEST.id))
    assert stored == posting.transfer
    assert posting.replayed is False
    asked = {field.name: getattr(REQUEST, field.name) for field in fields(REQUEST)}
    assert {name: getattr(stored, name) for name in asked} == asked
    payload = payload_hash(REQUEST)
    assert (stored.seq, stored.recorded_at, stored.payload_hash, stored.prev_hash, stored.hash) == (
        1,
        RECORDED,
        payload,
        GENESIS,
        chain_hash(GENESIS, 1, RECORDED, payload, REQUEST),
    )
    again = await ledger.run(lambda tx: post(tx, REQUEST, NOON + timedelta(days=1)))
    assert (again.transfer, again.replayed) == (stored, True)


@pytest.mark.parametrize("amount", [1, MAX_AMOUNT - 1])
async def test_the_least_and_the_most(ledger: DatabaseLedger, amount: int) -> None:
    """From the smallest unit up to what 64 bits can add, everything is booked."""
    request = replace(
        REQUEST,
        debit=ADJUSTMENT,
        code=TransferCode.ADJUSTMENT,
        amount=Amount(amount),
        kind=TransferKind.POSTED,
    )
    await ledger.run(lambda tx: post(tx, request, RECORDED))
    assert await ledger.read(lambda tx: tx.balance(tenant(A_101))) == amount
    assert (await ledger.verify()).ok


async def test_refusals_name_the_transfer(ledger: DatabaseLedger) -> None:
    """Whoever reads the log finds what was asked."""
    with pytest.raises(InvalidInputError) as refused:
        await ledger.run(lambda tx: post(tx, replace(REQUEST, amount=Amount(0)), RECORDED))
    assert refused.value.key == "transfer_impossible"
    assert refused.value.placeholders == {"reference": "top:r1:A-101"}


@pytest.mark.parametrize("field", ["kind", "pending_id", "amount"])
async def test_every_field_makes_another_request(ledger: DatabaseLedger, field: str) -> None:
    """One id never stands for two things, and the outcome alone makes no other one."""
    other = {"kind": TransferKind.POSTED, "pending_id": TransferId("x"), "amount": Amount(6)}
    await ledger.run(lambda tx: post(tx, REQUEST, RECORDED))
    again = await ledger.run(lambda tx: post(tx, replace(REQUEST, outcome="p"), RECORDED))
    assert again.transfer.outcome == "o"
    with pytest.raises(InvalidInputError, match="reference_reused"):
        await ledger.run(
            lambda tx: post(tx, replace(REQUEST, **{field: other[field]}), RECORDED)  # type: ignore[arg-type]  # one field each
        )


def test_names_of_ledger_accounts() -> None:
    """They stand in every book and in every export: they never change."""
    assert [
        tenant(A_101),
        tenant(A_101, Fund.SERVICE),
        energy_income("peak"),
        fee_income("standing"),
        debt_of(A_101, "arrears"),
        deposit_of(A_101),
    ] == [
        "liability:tenant:A-101:electricity",
        "liability:tenant:A-101:service",
        "income:energy:peak",
        "income:standing",
        "asset:debt:A-101:arrears",
        "liability:deposit:A-101",
    ]
