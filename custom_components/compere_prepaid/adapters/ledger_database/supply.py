"""Holds and relay demands; announcements, terms and documents."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, bindparam, func, or_, select

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
from .forms import Form, Record, with_key
from .rows import Rows, Scope
from .tables import (
    announcement as announcement_table,
    document as document_table,
    hold as hold_table,
    relay_demand as demand_table,
    term as term_table,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _NumberedHold(Hold):
    """A hold, counted among those of its kind on its meter."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _NumberedTerm(Term):
    """A term, counted among those of its kind that an account has from the same instant on."""

    number: int


_HOLDS = Form(
    _NumberedHold,
    hold_table,
    owner=1,
    only=hold_table.c.released_at.is_(None),
    keeps=lambda hold: hold.released_at is None,
    guard="hold.released_at IS NULL",
)
_DEMANDS = Form(RelayDemand, demand_table, owner=1)
_ANNOUNCEMENTS = Form(Announcement, announcement_table, owner=1)
_TERMS = Form(_NumberedTerm, term_table)
_DOCUMENTS = Form(Document, document_table)

_IN_FORCE = (
    _TERMS.query("account", "kind")
    .where(term_table.c.valid_from <= bindparam("at"))
    .order_by(term_table.c.valid_from.desc(), term_table.c.number.desc())
    .limit(1)
)
_LATEST_HOLD = _HOLDS.query("meter", "kind").order_by(hold_table.c.number.desc()).limit(1)
_HOLDS_SINCE = (
    _HOLDS.query("kind")
    .where(
        or_(
            hold_table.c.placed_at >= bindparam("since"),
            hold_table.c.released_at >= bindparam("since"),
        )
    )
    .order_by(hold_table.c.meter, hold_table.c.number)
)
_OF_KIND = _DOCUMENTS.query("kind").order_by(document_table.c.name, document_table.c.version)


def _highest_number(table: Table, *names: str) -> Select[Any]:
    return select(func.max(table.c.number)).where(with_key(table, *names))


_LAST_HOLD = _highest_number(hold_table, "meter", "kind")
_LAST_TERM = _highest_number(term_table, "account", "kind", "valid_from")


class SupplyRows(Rows):
    """The part of a transaction that says who is supplied, and on what terms.

    When the transaction commits, every relay demand follows from the holds (`_seal_demands`).
    """

    def __init__(self, scope: Scope) -> None:
        """Work on a site's rows."""
        super().__init__(scope)
        self._holds = self._sheet(_HOLDS)
        self._demands = self._sheet(_DEMANDS)
        self._announcements = self._sheet(_ANNOUNCEMENTS)
        self._terms = self._sheet(_TERMS)
        self._documents = self._sheet(_DOCUMENTS)
        self._switched: set[MeterSerial] = set()

    def holds(self, meter: MeterSerial) -> tuple[Hold, ...]:
        """Return the holds that stand on a meter, oldest first."""
        standing = [_plain(Hold, hold) for hold in self._standing(meter)]
        return tuple(sorted(standing, key=lambda hold: (hold.placed_at, hold.kind)))

    def last_hold(self, meter: MeterSerial, kind: HoldKind) -> Hold | None:
        """Return the hold of this kind that was placed last on a meter, also if it was released."""
        for row in self._query(_LATEST_HOLD, key_meter=meter, key_kind=kind):
            return _plain(Hold, _HOLDS.record(row))
        return None

    def holds_since(self, kind: HoldKind, since: datetime) -> tuple[Hold, ...]:
        """Return the holds of a kind that were placed or released since an instant, by meter."""
        found = self._query(_HOLDS_SINCE, key_kind=kind, since=since)
        return tuple(_plain(Hold, _HOLDS.record(row)) for row in found)

    def place_hold(self, hold: Hold) -> None:
        """Store a hold; the caller has checked that none of its kind stands on the meter."""
        if any(stands.kind is hold.kind for stands in self._standing(hold.meter)):
            self._broken(f"two holds {hold.kind} on {hold.meter}")
        number = self._next_number(_LAST_HOLD, key_meter=hold.meter, key_kind=hold.kind)
        self._holds.put(_NumberedHold(**_values(hold), number=number))
        self._switched.add(hold.meter)

    def release_hold(self, meter: MeterSerial, kind: HoldKind, at: datetime, user: str) -> None:
        """Mark the standing hold of this kind as released."""
        for hold in self._standing(meter):
            if hold.kind is kind:
                self._holds.put(replace(hold, released_at=at, released_by=user))
                self._switched.add(meter)
                return
        self._fail(InvalidInputError("hold_not_standing", meter=meter, kind=kind))

    def demand(self, meter: MeterSerial) -> RelayDemand | None:
        """Return what the meter's relay must be, if that was ever decided."""
        return self._demands.find(meter)

    def set_demand(self, demand: RelayDemand) -> None:
        """Store a demand in place of the meter's earlier one."""
        self._demands.put(demand)
        self._switched.add(demand.meter)

    def confirm_demand(self, meter: MeterSerial, version: int, at: datetime) -> bool:
        """Mark the demand as read back if it still has this version; say whether it had."""
        demand = self._demands.find(meter)
        if demand is None or demand.version != version:
            return False
        self._demands.put(replace(demand, confirmed_at=at))
        return True

    def announcement(self, account: AccountNumber) -> Announcement:
        """Return what was announced to the account (level None if nothing)."""
        told = self._announcements.find(account)
        return told or Announcement(account=account, level=None)

    def set_announcement(self, announcement: Announcement) -> None:
        """Store what was announced to the account."""
        self._announcements.put(announcement)

    def term(self, account: AccountNumber, kind: TermKind, at: datetime) -> Term | None:
        """Return the account's agreement of this kind in force at an instant."""
        for row in self._query(_IN_FORCE, key_account=account, key_kind=kind, at=at):
            return _plain(Term, _TERMS.record(row))
        return None

    def add_term(self, term: Term) -> None:
        """Store a dated agreement; of two from the same instant the later added holds."""
        number = self._next_number(
            _LAST_TERM,
            key_account=term.account,
            key_kind=term.kind,
            key_valid_from=term.valid_from,
        )
        self._add(self._terms, _NumberedTerm(**_values(term), number=number))

    def documents(self, kind: str) -> tuple[Document, ...]:
        """Return all documents of a kind, by name and version."""
        return tuple(map(_DOCUMENTS.record, self._query(_OF_KIND, key_kind=kind)))

    def find_document(self, kind: str, name: str, version: str) -> Document | None:
        """Return one version of a document, if any."""
        return self._documents.find(kind, name, version)

    def insert_document(self, document: Document) -> None:
        """Store a new document version."""
        kind, name, version = document.kind, document.name, document.version
        if self.find_document(kind, name, version) is not None:
            self._broken(f"{kind} {name} {version} is there already and cannot change")
        self._add(self._documents, document)

    def _seal_demands(self) -> None:
        """Check that the relay demands of this transaction follow from the holds."""
        for meter in sorted(self._switched):
            demand = self.demand(meter)
            closed = demand is None or demand.closed
            if closed == any(self._standing(meter)):
                self._broken(f"the relay demand of {meter} does not follow from its holds")

    def _standing(self, meter: MeterSerial) -> list[_NumberedHold]:
        return [hold for hold in self._holds.of(meter).values() if hold.released_at is None]

    def _next_number(self, highest: Select[Any], **key: object) -> int:
        (row,) = self._query(highest, **key)
        return (row[0] or 0) + 1


def _values(record: Record) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _plain[R: Record](kind: type[R], record: R) -> R:
    """Return a record as the core knows it, without its number."""
    return kind(**{field.name: getattr(record, field.name) for field in fields(kind)})
