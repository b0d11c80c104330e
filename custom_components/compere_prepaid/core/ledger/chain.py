"""The hash chain over a book's transfers.

h(n) = SHA-256(tag ‖ h(n−1) ‖ canonical(transfer n)). The canonical form is a fixed order of fields,
text and integers only, each UTF-8 and preceded by its length, so that no two transfers share one.
"""

from datetime import UTC, datetime, timedelta
import hashlib

from .records import NewTransfer

_TAG = b"compere_prepaid transfer 1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GENESIS = hashlib.sha256(_TAG).hexdigest()
"""What the first transfer of a book is chained to."""


def microseconds(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def instant(value: int) -> datetime:
    """Return the instant that `microseconds` made a number of."""
    return _EPOCH + timedelta(microseconds=value)


def payload_hash(transfer: NewTransfer) -> str:
    """Hash what the caller asked for; the same request has the same hash for ever.

    `effective_at` is left out: a repeated request is the same request, however late it comes.
    """
    return _digest(b"compere_prepaid payload 1", _request_fields(transfer))


def chain_hash(
    prev_hash: str, seq: int, recorded_at: datetime, payload: str, transfer: NewTransfer
) -> str:
    """Hash a transfer into the chain behind `prev_hash`."""
    fields = (
        prev_hash,
        str(seq),
        str(microseconds(recorded_at)),
        str(microseconds(transfer.effective_at)),
        payload,
        *_request_fields(transfer),
    )
    return _digest(_TAG, fields)


def _request_fields(transfer: NewTransfer) -> tuple[str, ...]:
    return (
        transfer.id,
        transfer.debit,
        transfer.credit,
        str(transfer.amount),
        transfer.code,
        transfer.kind,
        transfer.pending_id or "",
        transfer.source,
        transfer.user,
        transfer.reason,
        transfer.detail,
    )


def _digest(tag: bytes, fields: tuple[str, ...]) -> str:
    digest = hashlib.sha256(tag)
    for text in fields:
        data = text.encode()
        digest.update(len(data).to_bytes(4, "big"))
        digest.update(data)
    return digest.hexdigest()
