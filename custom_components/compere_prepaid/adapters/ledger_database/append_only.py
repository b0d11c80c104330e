"""Triggers that refuse to change history: a second lock on a door that the program never opens.

They stop other programs and slips of the hand. Nothing relies on them, for not every engine has
triggers.
"""

from collections.abc import Iterator

from .columns import metadata
from .tables import (
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
)
_ENDED_ONCE = ((hold, "released_at"), (register_generation, "closed_at"), (supply, "to_at"))

_FUNCTION = "compere_append_only"


def _rules() -> Iterator[tuple[str, str, str]]:
    """Yield table, forbidden action and condition of each trigger."""
    for table in metadata.sorted_tables:
        yield table.name, "DELETE", ""
    for table in _NEVER_CHANGED:
        yield table.name, "UPDATE", ""
    for table, ended in _ENDED_ONCE:
        yield table.name, "UPDATE", f"WHEN (OLD.{ended} IS NOT NULL)"


def guards(dialect: str) -> Iterator[str]:
    """Yield the statements that put the triggers in place of whatever there was."""
    if dialect == "postgresql":
        yield (
            f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    for table, action, condition in _rules():
        trigger = f"{table}_no_{action.lower()}"
        if dialect == "postgresql":
            yield (
                f'CREATE OR REPLACE TRIGGER {trigger} BEFORE {action} ON "{table}" '
                f"FOR EACH ROW {condition} EXECUTE FUNCTION {_FUNCTION}()"
            )
        else:
            yield f"DROP TRIGGER IF EXISTS {trigger}"
            yield (
                f'CREATE TRIGGER {trigger} BEFORE {action} ON "{table}" {condition} '
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
