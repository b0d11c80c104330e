"""What was found at a meter, kept in the ledger by the meter's serial number.

A record is a document: dated, in somebody's name, never changed. The money's tables know nothing of
them. A meter that is replaced brings a serial number without records, and proves itself anew.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
import json
from typing import TYPE_CHECKING, Any

from ..core.ids import MeterSerial
from ..core.ledger.ports import LedgerTransaction
from ..core.ledger.records import Document
from ..core.prepayment.rules import next_version

if TYPE_CHECKING:
    from ..site import CompereSite


class RecordKind(StrEnum):
    """What was done at the meter."""

    CHECKS = "commissioning_checks"
    RELAY = "commissioning_relay"
    STORED_CREDIT = "commissioning_stored_credit"
    DISPLAY = "commissioning_low_credit_display"


type Record = Mapping[str, Any]
"""What was found, with `at` (ISO 8601, UTC) and `user`."""


async def async_keep(
    site: CompereSite, kind: RecordKind, serial: MeterSerial, user: str, found: Mapping[str, Any]
) -> Record:
    """Write down what was found at a meter, and return the record."""
    now = site.clock.now()
    record = {**found, "at": now.isoformat(), "user": user}

    def work(tx: LedgerTransaction) -> None:
        last = _latest(tx, kind, serial)
        tx.insert_document(
            Document(
                kind=kind,
                name=serial,
                version=next_version(now, last).isoformat(),
                content=json.dumps(record, sort_keys=True, ensure_ascii=False),
            )
        )

    await site.ledger.run(work)
    return record


async def async_latest(site: CompereSite, kind: RecordKind, serial: MeterSerial) -> Record | None:
    """Return the latest record of this kind, None if there is none."""
    document = await site.ledger.read(lambda tx: _latest(tx, kind, serial))
    return None if document is None else json.loads(document.content)


def moment_of_record(record: Record) -> datetime:
    """Return when a record was written."""
    return datetime.fromisoformat(record["at"])


def _latest(tx: LedgerTransaction, kind: RecordKind, serial: MeterSerial) -> Document | None:
    found = (document for document in tx.documents(kind) if document.name == serial)
    return max(found, key=lambda document: document.version, default=None)
