"""Gateways: the TCP servers in front of a line.

tmodbus's servers do the framing; each connection's answers go through a writer that delays or
distorts them where a fault says so. A gateway can be unplugged, which closes its port and drops
every connection, and plugged in again at the same port.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import random
import socket
from typing import Protocol, cast, override

from tmodbus.server import AsyncRtuOverTcpServer, AsyncTcpServer

from .delivery import Delivery
from .dlt645 import Questions
from .line import SimulatedLine, Transport

HOST = "127.0.0.1"

_PORTS = range(20_000, 32_000)
"""Free ports are taken from below the range that the system gives to outgoing connections: a
client that keeps trying a port of that range while nobody listens can end up connected to itself.
"""


class Endpoint(Protocol):
    """The way to a line."""

    @property
    def address(self) -> str:
        """Return where a client finds the line."""
        ...

    async def plug_in(self) -> None:
        """Be there."""
        ...

    async def unplug(self) -> None:
        """Be gone, and drop who is connected."""
        ...


class AnswerWriter:
    """Stands between a server and a connection, and sends answers as the line's faults say."""

    def __init__(self, writer: asyncio.StreamWriter, line: SimulatedLine) -> None:
        """Send the answers of `line` through `writer`."""
        self._writer = writer
        self._line = line
        self._delivery = Delivery(self._write)

    def write(self, data: bytes) -> None:
        """Send an answer, now or late, whole or not."""
        self._delivery.deliver(self._line.take_answer(len(data)), bytes(data))

    def _write(self, frame: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame)

    async def drain(self) -> None:
        """Wait until the connection has taken what was sent."""
        await self._writer.drain()

    def close(self) -> None:
        """Close the connection; what is late is lost."""
        self._delivery.cancel()
        self._writer.close()

    async def wait_closed(self) -> None:
        """Wait until the connection is closed."""
        await self._writer.wait_closed()

    def get_extra_info(self, name: str) -> object:
        """Return what the connection knows about itself."""
        return self._writer.get_extra_info(name)


class _Connections:
    """Who is connected, so that they can be dropped."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Task[object], asyncio.StreamWriter] = {}

    @contextmanager
    def keep(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._open[task] = writer
        try:
            yield
        finally:
            del self._open[task]

    def drop(self) -> None:
        for task, writer in list(self._open.items()):
            task.cancel()
            writer.transport.abort()


class _Sorter:
    """Reads what a client sends: hands on what is Modbus, and has DL/T 645 answered."""

    def __init__(
        self, reader: asyncio.StreamReader, sender: AnswerWriter, line: SimulatedLine
    ) -> None:
        self._reader = reader
        self._sender = sender
        self._line = line
        self._questions = Questions()

    async def read(self, size: int) -> bytes:
        """Return the next bytes that are Modbus; none when the client has gone."""
        while data := await self._reader.read(size):
            if not (self._line.has_dlt645 and self._questions.concern(data)):
                return data
            for question, raw in self._questions.take(data):
                if (answer := await self._line.carry(question, raw)) is not None:
                    self._sender.write(answer)
        return b""


class RtuGateway(AsyncRtuOverTcpServer):
    """A transparent serial server: RTU frames over TCP, and those of DL/T 645."""

    def __init__(self, line: SimulatedLine, port: int) -> None:
        """Serve `line` at `port`."""
        super().__init__(HOST, line, port=port)
        self.connections = _Connections()
        self._line = line

    @override
    async def handle_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with self.connections.keep(writer):
            sender = AnswerWriter(writer, self._line)
            sorter = _Sorter(reader, sender, self._line)
            await super().handle_client(
                cast("asyncio.StreamReader", sorter), cast("asyncio.StreamWriter", sender)
            )


class ModbusTcpGateway(AsyncTcpServer):
    """A Modbus TCP gateway: frames without checksum, numbered transactions."""

    def __init__(self, line: SimulatedLine, port: int) -> None:
        """Serve `line` at `port`."""
        super().__init__(HOST, line, port=port)
        self.connections = _Connections()
        self._line = line

    @override
    async def handle_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with self.connections.keep(writer):
            sender = AnswerWriter(writer, self._line)
            await super().handle_client(reader, cast("asyncio.StreamWriter", sender))


class GatewayEndpoint(Endpoint):
    """A line behind a gateway on loopback."""

    def __init__(self, line: SimulatedLine, port: int) -> None:
        """Prepare a gateway for `line`; port 0 takes a free one."""
        self._line = line
        self.port = port or free_port()
        self._server: RtuGateway | ModbusTcpGateway | None = None

    @property
    @override
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @override
    async def plug_in(self) -> None:
        if self._server is not None:
            return
        tcp = self._line.plan.transport is Transport.MODBUS_TCP
        server = (ModbusTcpGateway if tcp else RtuGateway)(self._line, self.port)
        await server.start()
        self._server = server

    @override
    async def unplug(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        # The listener goes first, or a client that is quick comes back before it is gone; but the
        # server's stop waits for its connections, so they are dropped while it waits.
        stopping = asyncio.ensure_future(server.stop())
        await asyncio.sleep(0)
        server.connections.drop()
        await stopping


def free_port() -> int:
    """Return a port on loopback where nobody listens."""
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
