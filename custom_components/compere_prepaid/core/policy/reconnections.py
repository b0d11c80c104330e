"""How long tenants waited for their power: every relay that was read back closed is remembered.

The outbox knows only the last demand of a meter. What closed, why, when it was decided and when it
was proved is kept as a document of the meter, in the transaction that confirms the demand.
"""

from dataclasses import dataclass
from datetime import datetime
import json

from ..ids import MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document, RelayDemand

RECONNECTION = "reconnection"
"""The kind of these documents: named after the meter, their version is the demand's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnection:
    """A relay was read back closed. `cause` is the demand's: `credit:<transfer>`, `release:…`."""

    meter: MeterSerial
    cause: str
    decided_at: datetime
    closed_at: datetime


def remember(tx: LedgerTransaction, demand: RelayDemand, at: datetime) -> None:
    """Keep that a relay was read back as demanded, if it closed: the first time counts."""
    version = f"{demand.version:08}"
    if not demand.closed or tx.find_document(RECONNECTION, demand.meter, version) is not None:
        return
    content = {
        "cause": demand.cause,
        "closed_at": at.isoformat(),
        "decided_at": demand.decided_at.isoformat(),
    }
    tx.insert_document(
        Document(
            kind=RECONNECTION,
            name=demand.meter,
            version=version,
            content=json.dumps(content, sort_keys=True, ensure_ascii=False),
        )
    )


def reconnections(
    tx: LedgerTransaction, since: datetime, until: datetime
) -> tuple[Reconnection, ...]:
    """Return the relays that were read back closed in a time, by meter and in order."""
    found = (_read(document) for document in tx.documents(RECONNECTION))
    return tuple(one for one in found if since <= one.closed_at < until)


def _read(document: Document) -> Reconnection:
    content = json.loads(document.content)
    return Reconnection(
        meter=MeterSerial(document.name),
        cause=content["cause"],
        decided_at=datetime.fromisoformat(content["decided_at"]),
        closed_at=datetime.fromisoformat(content["closed_at"]),
    )
