"""Triggers that refuse to change history: a second lock on a door that the program never opens.

They stop other programs and slips of the hand. Nothing relies on them, for not every engine has
triggers.
"""

from collections.abc import Iterator

from .account_tables import (
    batch,
    decision,
    read_receipt,
)
from .allocation_tables import (
    allocation_run,
    allocation_share,
    allocation_step,
    bill_cancellation,
    supplier_bill,
)
from .columns import metadata
from .payment_tables import (
    bill_line,
    cash_close,
    cash_receipt,
    payment_notice,
    provider_txn,
    reconciliation,
    suspense_assignment,
)
from .tables import (
    book,
    charge,
    correction,
    document,
    fee,
    hold,
    migration,
    register_generation,
    rerating,
    statement,
    supply,
    term,
    transfer,
)

_NEVER_CHANGED = (
    transfer,
    charge,
    term,
    document,
    fee,
    rerating,
    correction,
    statement,
    migration,
    decision,
    batch,
    read_receipt,
    provider_txn,
    suspense_assignment,
    payment_notice,
    bill_line,
    reconciliation,
    cash_receipt,
    cash_close,
    supplier_bill,
    bill_cancellation,
    allocation_run,
    allocation_share,
    allocation_step,
)
_ENDED_ONCE = ((hold, "released_at"), (register_generation, "closed_at"), (supply, "to_at"))
_OTHER_BOOK = " OR ".join(
    f"OLD.{name} <> NEW.{name}" for name in ("site", "currency", "scale", "kind", "created_at")
)
"""A book may come to a newer version, and to nothing else."""

_FUNCTION = "compere_append_only"


def _rules() -> Iterator[tuple[str, str, str]]:
    """Yield table, forbidden action and condition of each trigger."""
    for table in metadata.sorted_tables:
        yield table.name, "DELETE", ""
    yield book.name, "UPDATE", f"WHEN ({_OTHER_BOOK})"
    for table in _NEVER_CHANGED:
        yield table.name, "UPDATE", ""
    for table, ended in _ENDED_ONCE:
        yield table.name, "UPDATE", f"WHEN (OLD.{ended} IS NOT NULL)"


def guards(dialect: str) -> Iterator[str]:
    """Yield the statements that put the triggers in place of whatever there was."""
    if dialect == "postgresql":
        yield (
            f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', "
            "ERRCODE = 'restrict_violation'; END $$"
        )
    for table, action, condition in _rules():
        name = f"{table}_no_{action.lower()}"
        if dialect == "postgresql":
            each = f'ON "{table}" FOR EACH'
            does = f"EXECUTE FUNCTION {_FUNCTION}()"
            yield f"CREATE OR REPLACE TRIGGER {name} BEFORE {action} {each} ROW {condition} {does}"
            if action == "DELETE":
                name = f"{table}_no_truncate"
                yield f"CREATE OR REPLACE TRIGGER {name} BEFORE TRUNCATE {each} STATEMENT {does}"
        else:
            does = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            yield f"DROP TRIGGER IF EXISTS {name}"
            yield f'CREATE TRIGGER {name} BEFORE {action} ON "{table}" {condition} {does}'
