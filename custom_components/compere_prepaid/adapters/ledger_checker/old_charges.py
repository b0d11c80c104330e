"""Charges of version 1: their hashes form a chain of their own, their transfers carry JSON."""

import json
from typing import Any

from .book import Book, parsed
from .chain import fingerprint

_TRANSFER = """
    SELECT seq, debit, credit, amount, code, kind, detail FROM transfer
    WHERE site = :site AND id = :id
"""


def audit_old_charge(book: Book, name: str, charge: Any, hash_before: str) -> None:
    """Check a charge that carries a hash as version 1 wrote it."""
    (
        meter, generation, from_wh, to_wh, from_at, to_at, account, tariff, valid_from,
        revision, period, tier, price, amount, estimated, transfer_id, own_hash,
    ) = charge  # fmt: skip
    purpose = {
        "from_wh": from_wh,
        "to_wh": to_wh,
        "from_at": from_at,
        "to_at": to_at,
        "tariff": tariff,
        "valid_from": valid_from,
        "period": period,
        "tier": tier,
        "price": price,
        "estimated": {0: False, 1: True}.get(estimated),
    }
    text = json.dumps(purpose, sort_keys=True, separators=(",", ":"))
    content = (hash_before, meter, generation, account, amount, transfer_id or "", text)
    untouched = (
        book.old_until > 0
        and revision == 1
        and own_hash == fingerprint(b"compere_prepaid charge 1", content)
    )
    book.expect(untouched, f"{name}: was changed, or one before it, after it was booked")
    if transfer_id is None:
        return
    for row in book.rows(_TRANSFER, id=transfer_id):
        fits = (
            transfer_id == f"chg:{meter}:{generation}:{from_wh}",
            row["seq"] <= book.old_until,
            row["debit"] == f"liability:tenant:{account}:electricity",
            row["credit"] == f"income:energy:{period}",
            row["amount"] == amount,
            (row["code"], row["kind"]) == ("charge", "posted"),
            parsed(row["detail"]) == purpose,
        )
        book.expect(all(fits), f"{name}: its transfer {transfer_id} says something else")
        return
    book.fault(f"{name}: its transfer {transfer_id} is missing")
