"""Booking a transfer: once for an id, whoever asks and however often."""

from dataclasses import dataclass, fields
from datetime import datetime

from ..errors import InvalidInputError
from ..money.amount import MAX_AMOUNT
from .chain import chain_hash, payload_hash
from .ports import LedgerTransaction
from .records import ChainHead, NewTransfer, Transfer

_REQUEST_FIELDS = tuple(field.name for field in fields(NewTransfer))


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
    existing = tx.find_transfer(request.id)
    if existing is not None:
        if not _is_request_of(existing, request):
            raise InvalidInputError("reference_reused", reference=request.id)
        return Posting(existing, replayed=True)
    return Posting(post_new(tx, request, recorded_at), replayed=False)


def post_new(tx: LedgerTransaction, request: NewTransfer, recorded_at: datetime) -> Transfer:
    """Book a transfer whose id cannot be there yet, or the database will refuse it.

    Raises `InvalidInputError` (`transfer_impossible`) for an amount or sides that cannot be.
    """
    payload = payload_hash(request)
    if not 0 < request.amount < MAX_AMOUNT or request.debit == request.credit:
        raise InvalidInputError("transfer_impossible", reference=request.id)
    head = tx.head()
    link = chain_hash(head.hash, head.seq + 1, recorded_at, payload, request)
    transfer = Transfer(
        **{name: getattr(request, name) for name in _REQUEST_FIELDS},
        seq=head.seq + 1,
        recorded_at=recorded_at,
        payload_hash=payload,
        prev_hash=head.hash,
        hash=link,
    )
    tx.move_head(head, ChainHead(seq=transfer.seq, hash=link))
    tx.insert_transfer(transfer)
    return transfer


def _is_request_of(transfer: Transfer, request: NewTransfer) -> bool:
    """Tell whether a transfer is what this request asks for, apart from when and what followed."""
    return all(
        getattr(transfer, name) == getattr(request, name)
        for name in _REQUEST_FIELDS
        if name not in {"effective_at", "outcome"}
    )
