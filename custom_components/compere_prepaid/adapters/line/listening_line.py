"""A line behind a gateway that dials in: a serial server in its "TCP client" mode, as on 4G.

The line listens at a port. The newest connection counts: a gateway that lost its power does not
close the old one. What it says by itself (a registration, a heartbeat) lies between the frames and
is thrown away like any noise.
"""

import asyncio
from typing import override

from ...core.bus.requests import LineDownError
from .connecting import Connection, reason
from .framed_line import FramedLine

DIAL_IN_S = 60.0
"""How long is waited for a gateway to dial in before the line counts as down."""


class _Call(Connection):
    """A connection that came by itself."""

    def __init__(self, line: ListeningLine) -> None:
        super().__init__(line)
        self._line = line

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._line.takes(self):
            self._listener = None
            transport.close()


class ListeningLine(FramedLine):
    """Such a line; it listens from `open` to `close`."""

    _server: asyncio.Server | None = None
    _call: asyncio.Future[Connection] | None = None

    def takes(self, call: Connection) -> bool:
        """Take a connection, or not: a second one says that the first is dead, so both end."""
        peer = call.transport.get_extra_info("peername")
        host = self._settings.host
        if host and (peer is None or peer[0] != host):
            return False  # only the configured gateway may speak for its meters
        if self._call is not None and not self._call.done():
            self._call.set_result(call)
            return True
        if self._connection is not None:
            self._connection.transport.abort()
        return False

    async def try_to_listen(self) -> None:
        """Take the port, so that gateways can dial in. Raises `LineDownError`."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: _Call(self), None, self._settings.port)
        except OSError as error:
            raise LineDownError(reason(error)) from error

    @override
    async def _connect(self) -> Connection:
        self._call = asyncio.get_running_loop().create_future()
        await self.try_to_listen()
        try:
            async with asyncio.timeout(DIAL_IN_S):
                return await self._call
        except TimeoutError as error:
            raise LineDownError("no gateway has dialled in") from error

    @override
    async def close(self) -> None:
        server, self._server, self._call = self._server, None, None
        if server is not None:
            # A call that is just being accepted would be lost by the server, and never hung up on.
            for listening in server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            await asyncio.sleep(0)
            server.close()
        await super().close()
