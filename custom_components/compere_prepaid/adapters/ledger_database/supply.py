"""Holds and relay demands; announcements, terms and documents."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, func, select, update

from ...core.errors import InvalidInputError
from ...core.ids import AccountNumber, MeterSerial
from ...core.ledger.records import (
    Announcement,
    Document,
    Hold,
    HoldKind,
    RelayDemand,
    Term,
    TermKind,
)
from .rows import Rows, with_key
from .schema import (
    announcement as announcement_table,
    document as document_table,
    hold as hold_table,
    relay_demand as demand_table,
    term as term_table,
)

_STANDING = (
    select(hold_table)
    .where(with_key(hold_table, "meter"), hold_table.c.released_at.is_(None))
    .order_by(hold_table.c.placed_at, hold_table.c.kind)
)
_RELEASE = (
    update(hold_table)
    .where(with_key(hold_table, "meter", "kind"), hold_table.c.released_at.is_(None))
    .values(released_at=bindparam("at"), released_by=bindparam("user"))
)
_IN_FORCE = (
    select(term_table)
    .where(with_key(term_table, "account", "kind"), term_table.c.valid_from <= bindparam("at"))
    .order_by(term_table.c.valid_from.desc(), term_table.c.number.desc())
    .limit(1)
)
_DOCUMENTS = (
    select(document_table)
    .where(with_key(document_table, "kind"))
    .order_by(document_table.c.name, document_table.c.version)
)


def _highest_number(table: Table, *names: str) -> Select[Any]:
    return select(func.max(table.c.number).label("number")).where(with_key(table, *names))


_LAST_HOLD = _highest_number(hold_table, "meter", "kind")
_LAST_TERM = _highest_number(term_table, "account", "kind", "valid_from")


class SupplyRows(Rows):
    """The part of a transaction that says who is supplied, and on what terms.

    When the transaction commits, every relay demand follows from the holds (`_seal_demands`).
    """

    def __init__(self, connection: Connection, site: str, epoch: int) -> None:
        """Work on a site's rows."""
        super().__init__(connection, site, epoch)
        self._switched: set[MeterSerial] = set()

    def holds(self, meter: MeterSerial) -> tuple[Hold, ...]:
        """Return the holds that stand on a meter, oldest first."""
        return self._records(Hold, _STANDING, self._key(meter=meter))

    def place_hold(self, hold: Hold) -> None:
        """Store a hold; the caller has checked that none of its kind stands on the meter."""
        if any(stands.kind is hold.kind for stands in self.holds(hold.meter)):
            self._broken(f"two holds {hold.kind} on {hold.meter}")
        number = self._next_number(_LAST_HOLD, meter=hold.meter, kind=hold.kind)
        self._insert(hold_table, hold, number=number)
        self._switched.add(hold.meter)

    def release_hold(self, meter: MeterSerial, kind: HoldKind, at: datetime, user: str) -> None:
        """Mark the standing hold of this kind as released."""
        end = {"at": at, "user": user}
        if self._execute(_RELEASE, self._key(meter=meter, kind=kind) | end) != 1:
            self._fail(InvalidInputError("hold_not_standing", meter=meter, kind=kind))
        self._switched.add(meter)

    def demand(self, meter: MeterSerial) -> RelayDemand | None:
        """Return what the meter's relay must be, if that was ever decided."""
        return self._find(RelayDemand, demand_table, meter=meter)

    def set_demand(self, demand: RelayDemand) -> None:
        """Store a demand in place of the meter's earlier one."""
        self._put(demand_table, demand, meter=demand.meter)
        self._switched.add(demand.meter)

    def confirm_demand(self, meter: MeterSerial, version: int, at: datetime) -> bool:
        """Mark the demand as read back if it still has this version; say whether it had."""
        present = {"meter": meter, "version": version}
        return self._change(demand_table, present, confirmed_at=at) == 1

    def announcement(self, account: AccountNumber) -> Announcement:
        """Return what was announced to the account (level None if nothing)."""
        told = self._find(Announcement, announcement_table, account=account)
        return told or Announcement(account=account, level=None)

    def set_announcement(self, announcement: Announcement) -> None:
        """Store what was announced to the account."""
        self._put(announcement_table, announcement, account=announcement.account)

    def term(self, account: AccountNumber, kind: TermKind, at: datetime) -> Term | None:
        """Return the account's agreement of this kind in force at an instant."""
        found = self._records(Term, _IN_FORCE, self._key(account=account, kind=kind) | {"at": at})
        return found[0] if found else None

    def add_term(self, term: Term) -> None:
        """Store a dated agreement; of two from the same instant the later added holds."""
        number = self._next_number(
            _LAST_TERM, account=term.account, kind=term.kind, valid_from=term.valid_from
        )
        self._insert(term_table, term, number=number)

    def documents(self, kind: str) -> tuple[Document, ...]:
        """Return all documents of a kind, by name and version."""
        return self._records(Document, _DOCUMENTS, self._key(kind=kind))

    def find_document(self, kind: str, name: str, version: str) -> Document | None:
        """Return one version of a document, if any."""
        return self._find(Document, document_table, kind=kind, name=name, version=version)

    def insert_document(self, document: Document) -> None:
        """Store a new document version."""
        kind, name, version = document.kind, document.name, document.version
        if self.find_document(kind, name, version) is not None:
            self._broken(f"{kind} {name} {version} is there already and cannot change")
        self._insert(document_table, document)

    def _seal_demands(self) -> None:
        """Check that the relay demands of this transaction follow from the holds."""
        for meter in sorted(self._switched):
            demand, holds = self.demand(meter), self.holds(meter)
            closed = demand is None or demand.closed
            if closed == bool(holds):
                self._broken(f"the relay demand of {meter} does not follow from its holds")

    def _put(self, table: Table, record: Announcement | RelayDemand, /, **key: object) -> None:
        """Store a row that says how things stand, in place of the one before."""
        values = {field.name: getattr(record, field.name) for field in fields(record)}
        if self._change(table, key, **values) == 0:
            self._insert(table, record)

    def _next_number(self, highest: Select[Any], /, **key: object) -> int:
        row = self._first(highest, self._key(**key))
        return 1 if row is None else (row["number"] or 0) + 1
