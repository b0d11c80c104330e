"""The database under the ledger as a port: all that differs between one engine and another."""

from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ...core.errors import OperationFailedError


class Database(Protocol):
    """A place where books are kept, with one engine's ways."""

    @property
    def place(self) -> str:
        """Return where it is, as it may be shown to people: without secrets."""
        ...

    @property
    def path(self) -> Path | None:
        """Return the database's file, if it is one on this machine."""
        ...

    @property
    def engine_version(self) -> str:
        """Return name and version of the engine."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Return what its driver raises."""
        ...

    def is_missing(self) -> bool:
        """Tell whether there is nothing at all at the place. Blocks."""
        ...

    def open_writer(self) -> Engine:
        """Return an engine whose one connection writes durably.

        Raises `OperationFailedError`, now or when it is first used: `ledger_unsafe` if the database
        does not promise to keep what it acknowledges, `ledger_not_writable`.
        """
        ...

    def open_reader(self) -> Engine:
        """Return an engine whose one connection can only read; each transaction is a snapshot."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Make a database ready for the first tables."""
        ...

    def keep_copy(self, engine: Engine, version: int) -> None:
        """Keep a checked copy of a database that is about to be changed, where that can be done."""
        ...

    def damage(self, connection: Connection) -> tuple[str, ...]:
        """Return what the engine's own check finds wrong with what is stored, if anything."""
        ...

    def failure(self, error: Exception) -> OperationFailedError:
        """Translate an error of the driver into one that says what is wrong."""
        ...

    def is_damage(self, error: DBAPIError) -> bool:
        """Tell whether an error of reading lies in what is stored, not in the machine around it."""
        ...

    def is_passing(self, error: DBAPIError) -> bool:
        """Tell whether the same work may well succeed if it is done again at once."""
        ...

    def is_unanswered(self, error: DBAPIError) -> bool:
        """Tell whether an error of a commit leaves open whether it was done."""
        ...
