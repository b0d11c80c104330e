"""A database connection that lives on a thread of its own.

SQLite connections do not move between threads, and neither Home Assistant's event loop nor its
shared executor may be held up by a commit. Jobs run one after the other in the order of asking.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from ...core.errors import OperationFailedError


class ConnectionThread:
    """One engine, opened, used and disposed of on one thread."""

    def __init__(self, name: str, open_engine: Callable[[], Engine]) -> None:
        """Remember how to open the engine; it is opened by the first call."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._open_engine = open_engine
        self._engine: Engine | None = None
        self._disposal: asyncio.Future[None] | None = None

    @property
    def closed(self) -> bool:
        """Tell whether it takes no more jobs."""
        return self._disposal is not None

    async def call[T](self, job: Callable[[Engine], T]) -> T:
        """Run a job on the thread and return its result."""
        if self.closed:
            raise OperationFailedError("ledger_closed")
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._run, job)

    async def close(self) -> None:
        """Finish what was asked for, close the connection and end the thread.

        Whoever gives up waiting for that does not stop it, and anybody may wait for it again.
        """
        if self._disposal is None:
            loop = asyncio.get_running_loop()
            self._disposal = loop.run_in_executor(self._executor, self._dispose)
            self._executor.shutdown(wait=False)  # the thread ends behind the disposal
        await asyncio.shield(self._disposal)
        self._executor.shutdown()

    def _run[T](self, job: Callable[[Engine], T]) -> T:
        if self._engine is None:
            self._engine = self._open_engine()
        return job(self._engine)

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
