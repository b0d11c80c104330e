"""PostgreSQL as the ledger's engine: everything that only PostgreSQL needs is here.

The books lie in a schema of their own, so that the database may have other uses. A server can
refuse a transaction for the sake of another one, and it can be gone at any moment, also between
doing a commit and saying so. What is done then is decided where transactions are run (`writing`);
here is told which error is which, by the server's own codes (SQLSTATE).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from ...core.errors import InvalidInputError, OperationFailedError

SCHEMA = "compere_prepaid"

_SAFE: Mapping[str, tuple[str, ...]] = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
}
"""What the server must run with, or what it acknowledges may be gone after a power cut."""

_SESSION: Mapping[str, str] = {
    "search_path": SCHEMA,
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
"""What the server is asked for in each session. It soon notices that we are gone."""

_WRITER: Mapping[str, str] = {
    "lock_timeout": "5s",  # for another instance that writes at this moment
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "30s",
}
"""What it is asked for by who writes: a lock whose owner is stuck is cleared away in the end."""

_DRIVER: Mapping[str, Any] = {
    "application_name": SCHEMA,
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How the driver notices that the server is gone; the URL may say otherwise."""

_KEYS: Mapping[str, str] = {
    "25006": "ledger_not_writable",  # a standby, for instance
    "40001": "ledger_busy",
    "40P01": "ledger_busy",
    "42501": "ledger_not_writable",
    "53100": "ledger_disk_full",
    "55P03": "ledger_locked",
    "57014": "ledger_busy",
    "XX001": "ledger_damaged",
    "XX002": "ledger_damaged",
}
"""What an error means to people, by its code; others are unforeseen."""

_PASSING = ("40001", "40003", "40P01", "25P03", "23505", "42P06", "42P07", "42710", "42723")
"""Conflicts with other transactions; two that make the same tables meet in the last five."""

_GONE = ("08", "57P", "58", "XX000")
"""How the codes begin that mean that the server, or the way to it, is gone."""


class PostgresqlDatabase:
    """Implements `Database` for a database on a server."""

    path = None
    errors: tuple[type[Exception], ...] = (DBAPIError,)

    def __init__(self, url: str) -> None:
        """Keep books in the database with this URL.

        Raises `InvalidInputError` (`ledger_url_invalid`).
        """
        self._url = _parsed(url)
        self._secret = str(self._url.password or "")
        self.place = self._url.set(drivername="postgresql", query={}).render_as_string()
        self.engine_version = "PostgreSQL"

    def is_missing(self) -> bool:
        """Tell nothing: only the server knows."""
        return False

    def open_writer(self) -> Engine:
        """Return an engine whose one connection writes."""
        engine = self._engine("SERIALIZABLE", {**_SESSION, **_WRITER})

        def verify(connection: Any, _record: object) -> None:
            try:
                self._verify_settings(connection)
            except BaseException:
                connection.close()
                raise

        event.listen(engine, "connect", verify)
        return engine

    def open_reader(self) -> Engine:
        """Return an engine whose one connection can only read; each transaction is a snapshot."""
        engine = self._engine("REPEATABLE READ", _SESSION)

        def forbid_writing(connection: Any, _record: object) -> None:
            connection.read_only = True

        event.listen(engine, "connect", forbid_writing)
        return engine

    def prepare(self, connection: Connection) -> None:
        """Make the books' schema, if it is not there."""
        there = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        if connection.exec_driver_sql(there, (SCHEMA,)).first() is None:
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")

    def keep_copy(self, engine: Engine, version: int) -> None:
        """Keep none: the server's own backups are the way back."""

    def damage(self, connection: Connection) -> tuple[str, ...]:
        """Return which indexes of ours the server itself does not trust."""
        found = connection.exec_driver_sql(
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON oid = indrelid "
            "WHERE relnamespace = current_schema()::regnamespace "
            "AND NOT (indisvalid AND indisready AND indislive)"
        ).scalars()
        return tuple(f"database: the index {name} is not valid" for name in found)

    def failure(self, error: Exception) -> OperationFailedError:
        """Translate an error of the driver or the server into one that says what is wrong."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = _state(error)
        said = f"{cause} {state}".strip()
        if self._secret:
            said = said.replace(self._secret, "***")
        return OperationFailedError(
            _KEYS.get(state, "ledger_unavailable"), path=self.place, error=said
        )

    def is_damage(self, error: DBAPIError) -> bool:
        """Tell whether the server could not read what it has stored."""
        return _KEYS.get(_state(error)) == "ledger_damaged"

    def is_passing(self, error: DBAPIError) -> bool:
        """Tell whether the same work may well succeed if it is done again at once."""
        return _state(error).startswith((*_PASSING, *_GONE)) or error.connection_invalidated

    def is_unanswered(self, error: DBAPIError) -> bool:
        """Tell whether an error of a commit leaves open whether it was done."""
        state = _state(error)
        return not state or state == "40003" or state.startswith(_GONE)

    def _engine(self, isolation: str, session: Mapping[str, str]) -> Engine:
        query = dict(self._url.query)
        asked = " ".join(f"-c {name}={value}" for name, value in session.items())
        query["options"] = f"{query.get('options', '')} {asked}".strip()
        try:
            return create_engine(
                self._url.set(query=query),
                isolation_level=isolation,
                paramstyle="format",
                pool_size=1,
                max_overflow=0,
                pool_pre_ping=True,
                connect_args={name: _DRIVER[name] for name in _DRIVER.keys() - query.keys()},
            )
        except ImportError as error:  # the driver is fetched when it is first needed
            raise OperationFailedError(
                "ledger_unavailable", path=self.place, error=error
            ) from error

    def _verify_settings(self, connection: Any) -> None:
        """Read what the server runs with, and refuse one that could lose what it acknowledged."""
        with connection.cursor() as cursor:
            for setting, wanted in _SAFE.items():
                (found,) = cursor.execute(f"SHOW {setting}").fetchone()
                if found not in wanted:
                    raise OperationFailedError(
                        "ledger_unsafe",
                        path=self.place,
                        setting=setting,
                        wanted=wanted[0],
                        found=found,
                    )
            (version,) = cursor.execute("SHOW server_version").fetchone()
        connection.rollback()
        self.engine_version = f"PostgreSQL {version.partition(' ')[0]}"


def is_url(place: str) -> bool:
    """Tell whether a place is meant as a database on a server."""
    return "://" in place


def _parsed(text: str) -> URL:
    """Return a URL of the one kind that can be used. An error does not repeat its secret."""
    try:
        url = make_url(text.strip())
    except ArgumentError, ValueError:
        url = None
    if url is None or url.drivername not in {"postgresql", "postgres"} or not url.database:
        raise InvalidInputError("ledger_url_invalid")
    return url.set(drivername="postgresql+psycopg")


def _state(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) or ""
