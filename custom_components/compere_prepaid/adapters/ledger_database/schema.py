"""The ledger's tables.

Every key leads with the site, so one server can hold many books. Money is whole 10⁻⁹ (or 10⁻⁶) of
the currency, energy whole Wh, instants whole microseconds of UTC, days ISO text. What must never
happen twice is a key; nothing here leans on triggers, sequences or savepoints, which not every
engine has. Where the engine is SQLite the tables are STRICT, and triggers refuse to change history
as a second lock on the same door.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, override

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.schema import SchemaItem

from ...core.ledger.chain import instant, microseconds
from ...core.ledger.records import (
    Correction,
    Debt,
    DebtKind,
    DemandPeak,
    Fee,
    FeeKind,
    HoldKind,
    IssuedStatement,
    Rerating,
    Supply,
    TaxTotal,
    Tenancy,
    TermKind,
    TransferCode,
    TransferKind,
)

SCHEMA_VERSION = 2
"""A book written by a newer version of these tables is refused, never guessed at."""

_WHOLE = BigInteger().with_variant(Integer(), "sqlite")


class _Instant(TypeDecorator[datetime]):
    """An aware instant, stored as microseconds since 1970."""

    impl = _WHOLE
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(value)


class _Day(TypeDecorator[date]):
    """A calendar day, stored as ISO text, which sorts."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


class _Flag(TypeDecorator[bool]):
    """Yes or no, stored as 1 or 0."""

    impl = Integer
    cache_ok = True

    @override
    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


class _Word[E: StrEnum](TypeDecorator[E]):
    """A word of a closed vocabulary, stored as it is spelled."""

    impl = Text
    cache_ok = True

    def __init__(self, vocabulary: type[E]) -> None:
        """Remember which words there are."""
        super().__init__()
        self.vocabulary = vocabulary

    @override
    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        return None if value is None else value.value

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else self.vocabulary(value)


def _column(
    name: str, kind: Any = Text, *, null: bool = False, default: str | None = None
) -> Column[Any]:
    """Define a column; `default` is what rows of an older version say."""
    return Column(name, kind, nullable=null, server_default=default)


metadata = MetaData()


def _table(name: str, *items: SchemaItem, by_key: bool = False) -> Table:
    """Define a table whose first column is the site; `by_key` keeps its rows in the key's order."""
    return Table(
        name,
        metadata,
        _column("site"),
        *items,
        sqlite_strict=True,
        sqlite_with_rowid=not by_key,
    )


book = _table(
    "book",
    _column("currency"),
    _column("scale", _WHOLE),
    _column("kind"),
    _column("created_at", _Instant),
    _column("schema_version", _WHOLE),
    PrimaryKeyConstraint("site"),
    CheckConstraint("kind IN ('real', 'sandbox')"),
)

chain_head = _table(
    "chain_head",
    _column("seq", _WHOLE),
    _column("hash"),
    _column("epoch", _WHOLE),
    _column("holder"),
    _column("taken_at", _Instant),
    _column("token", default=""),
    PrimaryKeyConstraint("site"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)
"""Where the chain ends and who may write: the row that makes writers queue on any engine.

`token` names the last transaction, so that one whose commit was not answered can be found out.
"""

migration = _table(
    "migration",
    _column("version", _WHOLE),
    _column("seq", _WHOLE),
    _column("at", _Instant),
    PrimaryKeyConstraint("site", "version"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)
"""When a book came to a version of these tables: transfers up to `seq` were written before."""

account = _table(
    "account",
    _column("id"),
    _column("normal"),
    _column("dr", _WHOLE),
    _column("cr", _WHOLE),
    _column("dr_pending", _WHOLE),
    _column("cr_pending", _WHOLE),
    _column("version", _WHOLE),
    PrimaryKeyConstraint("site", "id"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("normal IN ('D', 'C')"),
    CheckConstraint("dr >= 0 AND cr >= 0 AND dr_pending >= 0 AND cr_pending >= 0"),
)
"""The ledger accounts' totals: a cache of the transfers, which the checker recomputes."""

transfer = _table(
    "transfer",
    _column("id"),
    _column("seq", _WHOLE),
    _column("debit"),
    _column("credit"),
    _column("amount", _WHOLE),
    _column("code", _Word(TransferCode)),
    _column("kind", _Word(TransferKind)),
    _column("pending_id", null=True),
    _column("effective_at", _Instant),
    _column("recorded_at", _Instant),
    _column("source"),
    _column("user"),
    _column("reason"),
    _column("detail"),
    _column("outcome", default=""),
    _column("payload_hash"),
    _column("prev_hash"),
    _column("hash"),
    PrimaryKeyConstraint("site", "id"),
    UniqueConstraint("site", "seq"),
    ForeignKeyConstraint(["site", "pending_id"], ["transfer.site", "transfer.id"]),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("amount > 0 AND debit <> credit AND seq > 0"),
    Index(
        "transfer_resolves",  # once; without the many that resolve nothing, where that can be said
        "site",
        "pending_id",
        unique=True,
        sqlite_where=text("pending_id IS NOT NULL"),
        postgresql_where=text("pending_id IS NOT NULL"),
    ),
    Index("transfer_debit", "site", "debit", "seq"),
    Index("transfer_credit", "site", "credit", "seq"),
)

register_generation = _table(
    "register_generation",
    _column("meter"),
    _column("generation", _WHOLE),
    _column("start_wh", _WHOLE),
    _column("start_at", _Instant),
    _column("closed_wh", _WHOLE, null=True),
    _column("closed_at", _Instant, null=True),
    _column("multiplier", _WHOLE, default="1"),
    _column("reason", default=""),
    _column("user", default=""),
    PrimaryKeyConstraint("site", "meter", "generation"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("closed_wh >= start_wh AND multiplier > 0"),
)

_GENERATION = ["site", "meter", "generation"]
_OF_GENERATION = [f"register_generation.{name}" for name in _GENERATION]

bill_mark = _table(
    "bill_mark",
    _column("meter"),
    _column("generation", _WHOLE),
    _column("wh", _WHOLE),
    _column("at", _Instant),
    _column("version", _WHOLE),
    _column("registers", default=""),
    PrimaryKeyConstraint(*_GENERATION),
    ForeignKeyConstraint(_GENERATION, _OF_GENERATION),
)

charge = _table(
    "charge",
    _column("meter"),
    _column("generation", _WHOLE),
    _column("from_wh", _WHOLE),
    _column("to_wh", _WHOLE),
    _column("from_at", _Instant),
    _column("to_at", _Instant),
    _column("account"),
    _column("tariff"),
    _column("tariff_valid_from", _Day),
    _column("revision", _WHOLE, default="1"),
    _column("period"),
    _column("tier", _WHOLE),
    _column("price", _WHOLE),
    _column("amount", _WHOLE),
    _column("estimated", _Flag),
    _column("transfer_id", null=True),
    _column("hash"),
    PrimaryKeyConstraint(*_GENERATION, "from_wh"),
    UniqueConstraint(*_GENERATION, "to_wh"),
    UniqueConstraint("site", "transfer_id"),
    ForeignKeyConstraint(_GENERATION, _OF_GENERATION),
    ForeignKeyConstraint(["site", "transfer_id"], ["transfer.site", "transfer.id"]),
    CheckConstraint("to_wh > from_wh AND to_at >= from_at"),
    CheckConstraint("(transfer_id IS NULL) = (amount = 0)"),
    # Covers the sums that live costs ask for, so that they never touch the table.
    Index("charge_account", "site", "account", "from_at", "from_wh", "to_wh", "amount"),
    by_key=True,
)
"""Money for intervals of a register.

The transfer of a charge carries its text, so the money's chain covers it. A free one has no
transfer, but a hash of its own. (Version 1 chained the hashes of all charges of a generation.)
"""

hold = _table(
    "hold",
    _column("meter"),
    _column("kind", _Word(HoldKind)),
    _column("number", _WHOLE),
    _column("placed_at", _Instant),
    _column("placed_by"),
    _column("reason"),
    _column("released_at", _Instant, null=True),
    _column("released_by"),
    PrimaryKeyConstraint("site", "meter", "kind", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

relay_demand = _table(
    "relay_demand",
    _column("meter"),
    _column("closed", _Flag),
    _column("version", _WHOLE),
    _column("cause"),
    _column("decided_at", _Instant),
    _column("confirmed_at", _Instant, null=True),
    PrimaryKeyConstraint("site", "meter"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

announcement = _table(
    "announcement",
    _column("account"),
    _column("level", _WHOLE, null=True),
    PrimaryKeyConstraint("site", "account"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

term = _table(
    "term",
    _column("account"),
    _column("kind", _Word(TermKind)),
    _column("valid_from", _Instant),
    _column("number", _WHOLE),
    _column("value"),
    _column("user"),
    PrimaryKeyConstraint("site", "account", "kind", "valid_from", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)
"""Dated agreements; of two from the same instant the one with the higher number holds."""

document = _table(
    "document",
    _column("kind"),
    _column("name"),
    _column("version"),
    _column("content"),
    PrimaryKeyConstraint("site", "kind", "name", "version"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

fee = _table(
    "fee",
    _column("account"),
    _column("kind", _Word(FeeKind)),
    _column("day", _Day),
    _column("item"),
    _column("tariff"),
    _column("tariff_valid_from", _Day),
    _column("revision", _WHOLE),
    _column("quantity", _WHOLE),
    _column("amount", _WHOLE),
    _column("tax_ppm", _WHOLE),
    _column("transfer_id"),
    PrimaryKeyConstraint("site", "account", "kind", "day", "item"),
    UniqueConstraint("site", "transfer_id"),
    ForeignKeyConstraint(["site", "transfer_id"], ["transfer.site", "transfer.id"]),
    CheckConstraint("amount > 0"),
    by_key=True,
)

supply = _table(
    "supply",
    _column("meter"),
    _column("generation", _WHOLE),
    _column("number", _WHOLE),
    _column("account"),
    _column("from_wh", _WHOLE),
    _column("from_at", _Instant),
    _column("to_wh", _WHOLE, null=True),
    _column("to_at", _Instant, null=True),
    PrimaryKeyConstraint(*_GENERATION, "number"),
    ForeignKeyConstraint(_GENERATION, _OF_GENERATION),
    CheckConstraint("to_wh >= from_wh"),
    Index("supply_account", "site", "account"),
)

rerating = _table(
    "rerating",
    _column("run"),
    _column("account"),
    _column("since", _Instant),
    _column("until", _Instant),
    _column("at", _Instant),
    _column("user"),
    _column("reason"),
    _column("difference", _WHOLE),
    _column("transfer_id", null=True),
    PrimaryKeyConstraint("site", "run", "account"),
    ForeignKeyConstraint(["site", "transfer_id"], ["transfer.site", "transfer.id"]),
)

correction = _table(
    "correction",
    _column("run"),
    _column("meter"),
    _column("generation", _WHOLE),
    _column("charge_from_wh", _WHOLE),
    _column("from_wh", _WHOLE),
    _column("to_wh", _WHOLE),
    _column("from_at", _Instant),
    _column("to_at", _Instant),
    _column("tariff"),
    _column("tariff_valid_from", _Day),
    _column("revision", _WHOLE),
    _column("period"),
    _column("tier", _WHOLE),
    _column("price", _WHOLE),
    _column("amount", _WHOLE),
    _column("tax_ppm", _WHOLE),
    _column("estimated", _Flag),
    PrimaryKeyConstraint("site", "run", "meter", "generation", "from_wh"),
    ForeignKeyConstraint(
        ["site", "meter", "generation", "charge_from_wh"],
        ["charge.site", "charge.meter", "charge.generation", "charge.from_wh"],
    ),
    CheckConstraint("to_wh > from_wh AND from_wh >= charge_from_wh"),
    by_key=True,
)

statement = _table(
    "statement",
    _column("account"),
    _column("number", _WHOLE),
    _column("since", _Instant),
    _column("until", _Instant),
    _column("issued_at", _Instant),
    _column("user"),
    _column("anchor"),
    _column("content"),
    PrimaryKeyConstraint("site", "account", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

tenancy = _table(
    "tenancy",
    _column("account"),
    _column("name"),
    _column("opened_at", _Instant),
    _column("closed_at", _Instant, null=True),
    _column("charged_through", _Day, null=True),
    _column("closed_through", _Day, null=True),
    _column("emergency", _WHOLE),
    PrimaryKeyConstraint("site", "account"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

tax_total = _table(
    "tax_total",
    _column("account"),
    _column("fund"),
    _column("ppm", _WHOLE),
    _column("net", _WHOLE),
    _column("tax", _WHOLE),
    PrimaryKeyConstraint("site", "account", "fund", "ppm"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

demand_peak = _table(
    "demand_peak",
    _column("account"),
    _column("month", _Day),
    _column("item"),
    _column("quantity", _WHOLE),
    _column("at", _Instant),
    PrimaryKeyConstraint("site", "account", "month", "item"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

debt = _table(
    "debt",
    _column("account"),
    _column("name"),
    _column("kind", _Word(DebtKind)),
    _column("ppm", _WHOLE),
    _column("amount", _WHOLE),
    _column("per"),
    _column("due", _WHOLE),
    _column("due_through", _Day, null=True),
    _column("opened_at", _Instant),
    _column("user"),
    _column("reason"),
    PrimaryKeyConstraint("site", "account", "name"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

TABLES: Mapping[type, Table] = {
    Fee: fee,
    Supply: supply,
    Rerating: rerating,
    Correction: correction,
    IssuedStatement: statement,
    Tenancy: tenancy,
    TaxTotal: tax_total,
    DemandPeak: demand_peak,
    Debt: debt,
}
"""Where the records without methods of their own are kept: fields and columns have one name."""


def _forbid(table: Table, action: str, condition: str = "") -> None:
    """Let SQLite refuse an action on a table's rows; other engines do without."""
    name = f"{table.name}_no_{action.split(maxsplit=1)[0].lower()}"
    statement = (
        f'CREATE TRIGGER {name} BEFORE {action} ON "{table.name}" {condition} '
        f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
    )
    event.listen(table, "after_create", DDL(statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped


for _history in (transfer, charge, term, document, fee, rerating, correction, statement, migration):
    _forbid(_history, "UPDATE")
for _kept in (*metadata.tables.values(),):
    _forbid(_kept, "DELETE")
for _closes_once, _ended in (
    (hold, "released_at"),
    (register_generation, "closed_at"),
    (supply, "to_at"),
):
    _forbid(_closes_once, "UPDATE", f"WHEN OLD.{_ended} IS NOT NULL")
