"""Booking a transfer: once for an id, whoever asks and however often."""

from dataclasses import dataclass, fields
from datetime import datetime

from ..errors import InvalidInputError
from ..money.amount import MAX_AMOUNT
from .chain import chain_hash, payload_hash
from .ports import LedgerTransaction
from .records import ChainHead, NewTransfer, Transfer


@dataclass(frozen=True, slots=True)
class Posting:
    """The booked transfer, and whether this call booked it or an earlier one with the same id."""

    transfer: Transfer
    replayed: bool


def post(tx: LedgerTransaction, request: NewTransfer, recorded_at: datetime) -> Posting:
    """Book a transfer at the end of the chain.

    The same id with the same content returns the first result; with other content it raises
    `InvalidInputError` (`reference_reused`) and books nothing.
    """
    payload = payload_hash(request)
    existing = tx.find_transfer(request.id)
    if existing is not None:
        if existing.payload_hash != payload:
            raise InvalidInputError("reference_reused", reference=request.id)
        return Posting(existing, replayed=True)
    if not 0 < request.amount < MAX_AMOUNT or request.debit == request.credit:
        raise InvalidInputError("transfer_impossible", reference=request.id)
    head = tx.head()
    link = chain_hash(head.hash, head.seq + 1, recorded_at, payload, request)
    transfer = Transfer(
        **{field.name: getattr(request, field.name) for field in fields(request)},
        seq=head.seq + 1,
        recorded_at=recorded_at,
        payload_hash=payload,
        prev_hash=head.hash,
        hash=link,
    )
    tx.move_head(head, ChainHead(seq=transfer.seq, hash=link))
    tx.insert_transfer(transfer)
    return Posting(transfer, replayed=False)
