"""Rows that need no more than a key: fees, supplies, debts, demand peaks, statements."""

from collections.abc import Iterable
from dataclasses import fields

from ...core.ids import AccountNumber, MeterSerial
from ...core.ledger.records import HistoryRow, StateRow, Supply
from .rows import Rows
from .schema import TABLES


class PlainRows(Rows):
    """The part of a transaction that stores records as they are."""

    def find[R: StateRow | HistoryRow](self, kind: type[R], **key: object) -> R | None:
        """Return the row of this kind with this whole key, if any."""
        return self._find(kind, TABLES[kind], **key)

    def rows[R: StateRow | HistoryRow](self, kind: type[R], **columns: object) -> tuple[R, ...]:
        """Return the rows of this kind with these columns, in the order of their key."""
        return self._all(kind, TABLES[kind], **columns)

    def put(self, row: StateRow) -> None:
        """Store how something stands, in place of what was stored for the same key."""
        table = TABLES[type(row)]
        values = {field.name: getattr(row, field.name) for field in fields(row)}
        key = {
            column.name: values.pop(column.name)
            for column in table.primary_key
            if column.name != "site"
        }
        if self._change(table, key, **values) == 0:
            self._insert(table, row)

    def add(self, row: HistoryRow) -> None:
        """Store a row for ever; its key can exist only once."""
        self._insert(TABLES[type(row)], row)

    def end_supply(self, supply: Supply) -> None:
        """Store `to_wh` and `to_at` of an open supply, once."""
        key = {"meter": supply.meter, "generation": supply.generation, "number": supply.number}
        before = self.find(Supply, **key)
        if (
            before is None
            or before.to_at is not None
            or supply.to_at is None
            or supply.to_wh is None
        ):
            self._broken(f"the supply {key} cannot be ended")
        self._change(TABLES[Supply], key, to_wh=supply.to_wh, to_at=supply.to_at)

    def prefetch(self, accounts: Iterable[AccountNumber], meters: Iterable[MeterSerial]) -> None:
        """Read at once what settling these accounts and meters will ask for; changes no answer."""
