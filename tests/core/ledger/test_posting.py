"""Booking: once for an id, in a chain that nothing can be slipped into."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import TransferId
from custom_components.compere_prepaid.core.ledger.accounts import CASH, tenant
from custom_components.compere_prepaid.core.ledger.chain import (
    GENESIS,
    instant,
    microseconds,
    payload_hash,
)
from custom_components.compere_prepaid.core.ledger.posting import Posting, post
from custom_components.compere_prepaid.core.ledger.records import NewTransfer, TransferCode
from custom_components.compere_prepaid.core.money.amount import MAX_AMOUNT, Amount
from tests.adapters.ledger_books import A_101, NOON, YUAN, open_book, top_up

REQUEST = NewTransfer(
    id=TransferId("pay:wechat:4200001"),
    debit=CASH,
    credit=tenant(A_101),
    amount=Amount(200 * YUAN),
    code=TransferCode.TOP_UP,
    effective_at=NOON,
    source="wechat",
    user="",
    reason="",
    detail="",
)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[DatabaseLedger]:
    """Open a new book in a real file."""
    ledger = await open_book(tmp_path / "ledger.db")
    yield ledger
    await ledger.close()


async def book(ledger: DatabaseLedger, request: NewTransfer) -> Posting:
    """Post a request in a transaction of its own."""
    return await ledger.run(lambda tx: post(tx, request, NOON))


async def test_posting_moves_money_and_chain(ledger: DatabaseLedger) -> None:
    """A booked transfer is on both accounts and is the head of the chain."""
    posting = await book(ledger, REQUEST)
    assert not posting.replayed
    assert (posting.transfer.seq, posting.transfer.prev_hash) == (1, GENESIS)
    assert await ledger.read(lambda tx: tx.balance(tenant(A_101))) == 200 * YUAN
    assert await ledger.read(lambda tx: tx.balance(CASH)) == -200 * YUAN
    head = await ledger.read(lambda tx: tx.head())
    assert (head.seq, head.hash) == (1, posting.transfer.hash)


async def test_same_request_is_booked_once(ledger: DatabaseLedger) -> None:
    """Twenty repetitions, some of them later, return the first result and move nothing."""
    first = await book(ledger, REQUEST)
    for minutes in range(20):
        late = replace(REQUEST, effective_at=NOON + timedelta(minutes=minutes))
        assert await book(ledger, late) == Posting(first.transfer, replayed=True)
    assert await ledger.read(lambda tx: tx.balance(tenant(A_101))) == 200 * YUAN
    assert (await ledger.verify()).transfers == 1


@pytest.mark.parametrize(
    "other",
    [
        {"amount": Amount(201 * YUAN)},
        {"debit": "asset:clearing:wechat"},
        {"credit": tenant(A_101) + "x"},
        {"code": TransferCode.ADJUSTMENT},
        {"source": "alipay"},
        {"user": "somebody"},
        {"reason": "why not"},
        {"detail": "{}"},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_same_id_with_other_content_is_refused(
    ledger: DatabaseLedger, other: dict[str, str]
) -> None:
    """An id that was used for something else is refused, and the book stays as it was."""
    await book(ledger, REQUEST)
    before = await ledger.read(lambda tx: tx.head())
    with pytest.raises(InvalidInputError) as refused:
        await book(ledger, replace(REQUEST, **other))  # type: ignore[arg-type]  # one field each
    assert refused.value.key == "reference_reused"
    assert refused.value.placeholders == {"reference": REQUEST.id}
    assert await ledger.read(lambda tx: tx.head()) == before


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT])
async def test_impossible_amounts_are_refused(ledger: DatabaseLedger, amount: int) -> None:
    """Nothing, less than nothing and more than there can be are not booked."""
    with pytest.raises(InvalidInputError) as refused:
        await book(ledger, replace(REQUEST, amount=Amount(amount)))
    assert refused.value.key == "transfer_impossible"


async def test_money_cannot_move_to_where_it_came_from(ledger: DatabaseLedger) -> None:
    """Debit and credit are two accounts."""
    with pytest.raises(InvalidInputError) as refused:
        await book(ledger, replace(REQUEST, credit=REQUEST.debit))
    assert refused.value.key == "transfer_impossible"


async def test_each_transfer_is_chained_to_the_one_before(ledger: DatabaseLedger) -> None:
    """Numbers have no gap, and each hash leads to the one before."""
    postings = [await ledger.run(top_up(f"desk-{number}", 10)) for number in range(1, 6)]
    transfers = [posting.transfer for posting in postings]
    assert [transfer.seq for transfer in transfers] == [1, 2, 3, 4, 5]
    assert [transfer.prev_hash for transfer in transfers[1:]] == [
        transfer.hash for transfer in transfers[:-1]
    ]


def test_neighbouring_fields_do_not_run_together() -> None:
    """Text moved from one field to the next makes another hash."""
    one = replace(REQUEST, user="ab", reason="c")
    other = replace(REQUEST, user="a", reason="bc")
    assert payload_hash(one) != payload_hash(other)


def test_instants_survive_the_way_to_whole_microseconds() -> None:
    """A microsecond neither gets lost nor is added."""
    for at in (NOON, NOON + timedelta(microseconds=1), NOON - timedelta(days=30000)):
        assert instant(microseconds(at)) == at
