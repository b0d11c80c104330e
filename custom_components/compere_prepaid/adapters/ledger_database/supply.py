"""Holds and relay demands; announcements, terms and documents."""

from datetime import datetime

from sqlalchemy import Connection, Table, func, select

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
from . import schema
from .rows import Rows


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
        table = schema.hold
        query = select(table).where(self._at(table, meter=meter), table.c.released_at.is_(None))
        return self._records(Hold, query.order_by(table.c.placed_at, table.c.kind))

    def place_hold(self, hold: Hold) -> None:
        """Store a hold; the caller has checked that none of its kind stands on the meter."""
        table = schema.hold
        if any(stands.kind is hold.kind for stands in self.holds(hold.meter)):
            self._broken(f"two holds {hold.kind} on {hold.meter}")
        number = self._next_number(table, meter=hold.meter, kind=hold.kind)
        self._insert(table, hold, number=number)
        self._switched.add(hold.meter)

    def release_hold(self, meter: MeterSerial, kind: HoldKind, at: datetime, user: str) -> None:
        """Mark the standing hold of this kind as released."""
        table = schema.hold
        released = self._execute(
            table.update()
            .where(self._at(table, meter=meter, kind=kind), table.c.released_at.is_(None))
            .values(released_at=at, released_by=user)
        )
        if released != 1:
            self._fail(InvalidInputError("hold_not_standing", meter=meter, kind=kind))
        self._switched.add(meter)

    def demand(self, meter: MeterSerial) -> RelayDemand | None:
        """Return what the meter's relay must be, if that was ever decided."""
        table = schema.relay_demand
        return self._record(RelayDemand, select(table).where(self._at(table, meter=meter)))

    def set_demand(self, demand: RelayDemand) -> None:
        """Store a demand in place of the meter's earlier one."""
        self._put(schema.relay_demand, demand, meter=demand.meter)
        self._switched.add(demand.meter)

    def confirm_demand(self, meter: MeterSerial, version: int, at: datetime) -> bool:
        """Mark the demand as read back if it still has this version; say whether it had."""
        table = schema.relay_demand
        confirm = table.update().where(self._at(table, meter=meter, version=version))
        return self._execute(confirm.values(confirmed_at=at)) == 1

    def announcement(self, account: AccountNumber) -> Announcement:
        """Return what was announced to the account (level None if nothing)."""
        table = schema.announcement
        query = select(table).where(self._at(table, account=account))
        return self._record(Announcement, query) or Announcement(account=account, level=None)

    def set_announcement(self, announcement: Announcement) -> None:
        """Store what was announced to the account."""
        self._put(schema.announcement, announcement, account=announcement.account)

    def term(self, account: AccountNumber, kind: TermKind, at: datetime) -> Term | None:
        """Return the account's agreement of this kind in force at an instant."""
        table = schema.term
        query = (
            select(table)
            .where(self._at(table, account=account, kind=kind), table.c.valid_from <= at)
            .order_by(table.c.valid_from.desc(), table.c.number.desc())
        )
        return self._record(Term, query)

    def add_term(self, term: Term) -> None:
        """Store a dated agreement; of two from the same instant the later added holds."""
        table = schema.term
        number = self._next_number(
            table, account=term.account, kind=term.kind, valid_from=term.valid_from
        )
        self._insert(table, term, number=number)

    def documents(self, kind: str) -> tuple[Document, ...]:
        """Return all documents of a kind, by name and date."""
        table = schema.document
        query = select(table).where(self._at(table, kind=kind))
        return self._records(Document, query.order_by(table.c.name, table.c.version))

    def find_document(self, kind: str, name: str, version: str) -> Document | None:
        """Return one version of a document, if any."""
        table = schema.document
        key = {"kind": kind, "name": name, "version": version}
        return self._record(Document, select(table).where(self._at(table, **key)))

    def insert_document(self, document: Document) -> None:
        """Store a new document version."""
        kind, name, version = document.kind, document.name, document.version
        if self.find_document(kind, name, version) is not None:
            self._broken(f"{kind} {name} of {version} is there already and cannot change")
        self._insert(schema.document, document)

    def _seal_demands(self) -> None:
        """Check that the relay demands of this transaction follow from the holds."""
        for meter in sorted(self._switched):
            demand, holds = self.demand(meter), self.holds(meter)
            closed = demand is None or demand.closed
            if closed == bool(holds):
                self._broken(f"the relay demand of {meter} does not follow from its holds")

    def _put(self, table: Table, record: Announcement | RelayDemand, **key: str) -> None:
        """Store a row that says how things stand, in place of the one before."""
        values = {name: getattr(record, name) for name in table.c.keys() if name != "site"}  # noqa: SIM118  -- a collection of columns, not a dict
        if self._execute(table.update().where(self._at(table, **key)).values(**values)) == 0:
            self._insert(table, record)

    def _next_number(self, table: Table, **key: object) -> int:
        query = select(func.max(table.c.number)).where(self._at(table, **key))
        return (self._connection.execute(query).scalar() or 0) + 1
