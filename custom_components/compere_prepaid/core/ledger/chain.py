"""The hash chain over a book's transfers.

payload(n) = SHA-256(JSON array of a tag and what was asked), h(n) = SHA-256(tag, h(n−1), number,
times, payload(n), outcome). Both texts are unambiguous: JSON keeps strings apart, and of the rest
only the last part varies in length in a way that could hide a border. The content is hashed once
and the link is short, so that a book of millions is checked in a minute.

Books of version 1 chained length-prefixed fields; the checker still knows how, for those rows.
"""

from datetime import UTC, datetime, timedelta
import hashlib
import json

from .records import NewTransfer

_PAYLOAD_TAG = "compere_prepaid payload 2"
_LINK_TAG = "compere_prepaid transfer 2"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GENESIS = hashlib.sha256(b"compere_prepaid transfer 1").hexdigest()
"""What the first transfer of a book is chained to."""


def microseconds(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970, exactly."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant(value: int) -> datetime:
    """Return the instant that `microseconds` made a number of."""
    return _EPOCH + timedelta(microseconds=value)


def payload_hash(transfer: NewTransfer) -> str:
    """Hash what the caller asked for; the same request has the same hash for ever.

    `effective_at` is left out: a repeated request is the same request, however late it comes. So is
    `outcome`, which says what followed.
    """
    text = json.dumps(
        (
            _PAYLOAD_TAG,
            transfer.id,
            transfer.debit,
            transfer.credit,
            transfer.amount,
            transfer.code,
            transfer.kind,
            transfer.pending_id or "",
            transfer.source,
            transfer.user,
            transfer.reason,
            transfer.detail,
        ),
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()


def chain_hash(
    prev_hash: str, seq: int, recorded_at: datetime, payload: str, transfer: NewTransfer
) -> str:
    """Hash a transfer into the chain behind `prev_hash`."""
    text = (
        f"{_LINK_TAG}|{prev_hash}|{seq}|{microseconds(recorded_at)}|"
        f"{microseconds(transfer.effective_at)}|{payload}|{transfer.outcome}"
    )
    return hashlib.sha256(text.encode()).hexdigest()
