"""Running a transaction until it is known to be kept, or known not to be.

A database may refuse a transaction for the sake of another one: then the whole work is done again,
after a pause that grows and varies, a bounded number of times. And it may be gone when a commit was
asked for, with the answer lost on the way. So every transaction leaves a token of its own in the
row that all writers of the site change: when the database is back, the token there says whether the
commit was done. Doing the work again without asking would book twice what has no id of its own.
"""

from collections.abc import Callable
import random
import time
from uuid import uuid4

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from ...core.errors import LedgerReadOnlyError, OperationFailedError
from ...core.ledger.ports import LedgerTransaction
from .database import Database
from .rows import Scope
from .sheet import Memory
from .tables import chain_head
from .transaction import DatabaseTransaction

_PAUSES_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5)
"""How long is waited between attempts, more or less."""

_ANSWER_WITHIN_S = 20.0
"""So long a lost answer is looked for: a server that restarts is back by then."""

_RECONNECT_PAUSE_S = 0.2

_CHANCE = random.Random()  # noqa: S311  -- only keeps two writers from meeting again and again


def persist[T](database: Database, job: Callable[[], T]) -> T:
    """Do a job on a database again while what hinders it is passing; in the end, raise that."""
    for pause_s in _PAUSES_S:
        try:
            return job()
        except DBAPIError as error:
            if not database.is_passing(error):
                raise
        time.sleep(pause_s * _CHANCE.uniform(0.5, 1.5))
    return job()


class Writer:
    """Writes one site's book under a lease."""

    def __init__(self, database: Database, engine: Engine, site: str, epoch: int) -> None:
        """Write through this engine, as long as the site's lease has this epoch."""
        self._database = database
        self._engine = engine
        self._site = site
        self._epoch = epoch
        self._memory = Memory()

    def run[T](self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run `work` in one transaction; return when it is durable.

        Raises what `work` raises, errors of the driver, `LedgerReadOnlyError`
        (`ledger_taken_over`), and `OperationFailedError`. After any of them nothing was kept, only
        after `ledger_unanswered` that is not known.
        """
        try:
            return self._run(work, uuid4().hex)
        except BaseException:
            self._memory.forget()
            raise

    def _run[T](self, work: Callable[[LedgerTransaction], T], token: str) -> T:
        with self._engine.connect() as connection:
            scope = Scope(connection, self._site, self._epoch, self._memory)
            transaction = DatabaseTransaction(scope)
            transaction.claim()
            result = work(transaction)
            transaction.seal(token)
            try:
                connection.commit()
            except DBAPIError as error:
                if not self._database.is_unanswered(error):
                    raise
                unanswered = error
            else:
                return result
        if not self._was_kept(token, unanswered):
            raise unanswered
        return result

    def _was_kept(self, token: str, error: DBAPIError) -> bool:
        """Find out whether a transaction was kept whose commit was not answered.

        Raises `OperationFailedError` (`ledger_unanswered`) if that stays unknown: the work must not
        be done again then, and who asked for it should look again what stands in the book.
        """
        end = time.monotonic() + _ANSWER_WITHIN_S
        while time.monotonic() < end:
            try:
                return self._has_token(token)
            except DBAPIError as failed:
                error = failed
            time.sleep(_RECONNECT_PAUSE_S)
        said = self._database.failure(error).placeholders
        raise OperationFailedError("ledger_unanswered", **said) from error

    def _has_token(self, token: str) -> bool:
        """Tell whether the site's last transaction is the one with this token.

        The row is locked, which waits for a server that is still at that commit. What was locked is
        read as it is then, not as it was when the question was asked.
        """
        query = select(chain_head).where(chain_head.c.site == self._site).with_for_update()
        with self._engine.connect() as fresh:
            connection = fresh.execution_options(isolation_level="READ COMMITTED")
            last = connection.execute(query).mappings().one()
        if last["token"] == token:
            return True
        if last["epoch"] != self._epoch:
            raise LedgerReadOnlyError("ledger_taken_over", holder=last["holder"])
        return False
