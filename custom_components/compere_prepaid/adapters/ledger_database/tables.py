"""The ledger's tables.

Every key leads with the site, so one server can hold many books. What must never happen twice is a
key; nothing here leans on triggers, sequences or savepoints, which not every engine has. Where the
engine is SQLite the tables are STRICT.
"""

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)

from ...core.ledger.account_rows import (
    FeeKind,
)
from ...core.ledger.records import (
    HoldKind,
    TermKind,
    TransferCode,
    TransferKind,
)
from .columns import WHOLE, Day, Flag, Instant, Word, column, table

book = table(
    "book",
    column("currency"),
    column("scale", WHOLE),
    column("kind"),
    column("created_at", Instant),
    column("schema_version", WHOLE),
    PrimaryKeyConstraint("site"),
    CheckConstraint("kind IN ('real', 'sandbox')"),
)

chain_head = table(
    "chain_head",
    column("seq", WHOLE),
    column("hash"),
    column("epoch", WHOLE),
    column("holder"),
    column("taken_at", Instant),
    column("token", default=""),
    PrimaryKeyConstraint("site"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)
"""Where the chain ends and who may write: the row that makes writers queue on any engine.

`token` names the last transaction, so that one whose commit was not answered can be found out.
"""

migration = table(
    "migration",
    column("version", WHOLE),
    column("seq", WHOLE),
    column("at", Instant),
    PrimaryKeyConstraint("site", "version"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)
"""When a book came to a version of these tables: transfers up to `seq` were written before."""

account = table(
    "account",
    column("id"),
    column("normal"),
    column("dr", WHOLE),
    column("cr", WHOLE),
    column("dr_pending", WHOLE),
    column("cr_pending", WHOLE),
    column("version", WHOLE),
    PrimaryKeyConstraint("site", "id"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("normal IN ('D', 'C')"),
    CheckConstraint("dr >= 0 AND cr >= 0 AND dr_pending >= 0 AND cr_pending >= 0"),
)
"""The ledger accounts' totals: a cache of the transfers, which the checker recomputes."""

transfer = table(
    "transfer",
    column("id"),
    column("seq", WHOLE),
    column("debit"),
    column("credit"),
    column("amount", WHOLE),
    column("code", Word(TransferCode)),
    column("kind", Word(TransferKind)),
    column("pending_id", null=True),
    column("effective_at", Instant),
    column("recorded_at", Instant),
    column("source"),
    column("user"),
    column("reason"),
    column("detail"),
    column("outcome", default=""),
    column("payload_hash"),
    column("prev_hash"),
    column("hash"),
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
    # Covers the sums of what accounts spend, so that they never touch the table.
    Index(
        *("transfer_debit_at", "site", "debit", "effective_at", "seq"),
        *("code", "kind", "amount"),
    ),
    Index("transfer_credit_at", "site", "credit", "effective_at", "seq"),
)

register_generation = table(
    "register_generation",
    column("meter"),
    column("generation", WHOLE),
    column("start_wh", WHOLE),
    column("start_at", Instant),
    column("closed_wh", WHOLE, null=True),
    column("closed_at", Instant, null=True),
    column("multiplier", WHOLE, default="1"),
    column("reason", default=""),
    column("user", default=""),
    PrimaryKeyConstraint("site", "meter", "generation"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("closed_wh >= start_wh AND multiplier > 0"),
)

_GENERATION = ["site", "meter", "generation"]
_OF_GENERATION = [f"register_generation.{name}" for name in _GENERATION]

bill_mark = table(
    "bill_mark",
    column("meter"),
    column("generation", WHOLE),
    column("wh", WHOLE),
    column("at", Instant),
    column("version", WHOLE),
    column("registers", default=""),
    PrimaryKeyConstraint(*_GENERATION),
    ForeignKeyConstraint(_GENERATION, _OF_GENERATION),
)

charge = table(
    "charge",
    column("meter"),
    column("generation", WHOLE),
    column("from_wh", WHOLE),
    column("to_wh", WHOLE),
    column("from_at", Instant),
    column("to_at", Instant),
    column("account"),
    column("tariff"),
    column("tariff_valid_from", Day),
    column("revision", WHOLE, default="1"),
    column("period"),
    column("tier", WHOLE),
    column("price", WHOLE),
    column("amount", WHOLE),
    column("estimated", Flag),
    column("transfer_id", null=True),
    column("hash"),
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

hold = table(
    "hold",
    column("meter"),
    column("kind", Word(HoldKind)),
    column("number", WHOLE),
    column("placed_at", Instant),
    column("placed_by"),
    column("reason"),
    column("released_at", Instant, null=True),
    column("released_by"),
    PrimaryKeyConstraint("site", "meter", "kind", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

relay_demand = table(
    "relay_demand",
    column("meter"),
    column("closed", Flag),
    column("version", WHOLE),
    column("cause"),
    column("decided_at", Instant),
    column("confirmed_at", Instant, null=True),
    PrimaryKeyConstraint("site", "meter"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

announcement = table(
    "announcement",
    column("account"),
    column("level", WHOLE, null=True),
    PrimaryKeyConstraint("site", "account"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

term = table(
    "term",
    column("account"),
    column("kind", Word(TermKind)),
    column("valid_from", Instant),
    column("number", WHOLE),
    column("value"),
    column("user"),
    PrimaryKeyConstraint("site", "account", "kind", "valid_from", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)
"""Dated agreements; of two from the same instant the one with the higher number holds."""

document = table(
    "document",
    column("kind"),
    column("name"),
    column("version"),
    column("content"),
    PrimaryKeyConstraint("site", "kind", "name", "version"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

fee = table(
    "fee",
    column("account"),
    column("kind", Word(FeeKind)),
    column("day", Day),
    column("item"),
    column("tariff"),
    column("tariff_valid_from", Day),
    column("revision", WHOLE),
    column("quantity", WHOLE),
    column("amount", WHOLE),
    column("tax_ppm", WHOLE),
    column("transfer_id"),
    PrimaryKeyConstraint("site", "account", "kind", "day", "item"),
    UniqueConstraint("site", "transfer_id"),
    ForeignKeyConstraint(["site", "transfer_id"], ["transfer.site", "transfer.id"]),
    CheckConstraint("amount > 0"),
    by_key=True,
)

supply = table(
    "supply",
    column("meter"),
    column("generation", WHOLE),
    column("number", WHOLE),
    column("account"),
    column("from_wh", WHOLE),
    column("from_at", Instant),
    column("to_wh", WHOLE, null=True),
    column("to_at", Instant, null=True),
    PrimaryKeyConstraint(*_GENERATION, "number"),
    ForeignKeyConstraint(_GENERATION, _OF_GENERATION),
    CheckConstraint("to_wh >= from_wh"),
    Index("supply_account", "site", "account"),
)

rerating = table(
    "rerating",
    column("run"),
    column("account"),
    column("since", Instant),
    column("until", Instant),
    column("at", Instant),
    column("user"),
    column("reason"),
    column("difference", WHOLE),
    column("transfer_id", null=True),
    PrimaryKeyConstraint("site", "run", "account"),
    ForeignKeyConstraint(["site", "transfer_id"], ["transfer.site", "transfer.id"]),
)

correction = table(
    "correction",
    column("run"),
    column("meter"),
    column("generation", WHOLE),
    column("charge_from_wh", WHOLE),
    column("from_wh", WHOLE),
    column("to_wh", WHOLE),
    column("from_at", Instant),
    column("to_at", Instant),
    column("tariff"),
    column("tariff_valid_from", Day),
    column("revision", WHOLE),
    column("period"),
    column("tier", WHOLE),
    column("price", WHOLE),
    column("amount", WHOLE),
    column("tax_ppm", WHOLE),
    column("estimated", Flag),
    PrimaryKeyConstraint("site", "run", "meter", "generation", "from_wh"),
    ForeignKeyConstraint(
        ["site", "meter", "generation", "charge_from_wh"],
        ["charge.site", "charge.meter", "charge.generation", "charge.from_wh"],
    ),
    CheckConstraint("to_wh > from_wh AND from_wh >= charge_from_wh"),
    by_key=True,
)

statement = table(
    "statement",
    column("account"),
    column("number", WHOLE),
    column("since", Instant),
    column("until", Instant),
    column("issued_at", Instant),
    column("user"),
    column("anchor"),
    column("content"),
    PrimaryKeyConstraint("site", "account", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)
