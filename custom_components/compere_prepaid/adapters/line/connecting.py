"""How the bytes of a line get here: a serial port, a socket, or a gateway that dials in."""

import asyncio
import os
import socket
from typing import Protocol, override

import serialx

from ...core.bus.requests import LineDownError
from ...core.bus.settings import LineSettings, Transport

CONNECT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0


class Listener(Protocol):
    """Who is told what a connection brings."""

    def on_data(self, data: bytes) -> None:
        """Take bytes."""
        ...

    def on_lost(self, error: str) -> None:
        """Hear that the connection has ended by itself."""
        ...


class Connection(asyncio.Protocol):
    """One connection, from the moment when it stands; after `close` nothing is told any more."""

    def __init__(self, listener: Listener) -> None:
        """Tell this listener."""
        self._listener: Listener | None = listener
        self._transport: asyncio.Transport | None = None
        self._gone = asyncio.Event()

    @property
    def transport(self) -> asyncio.Transport:
        """Return the transport. Raises `LineDownError` before the connection stands."""
        if self._transport is None:
            raise LineDownError("not connected")
        return self._transport

    @property
    def is_open(self) -> bool:
        """Tell whether it stands, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    async def close(self) -> None:
        """End it; afterwards the port or socket is free for the next connection."""
        self._listener = None
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._gone.wait()  # a serial port is given back in a thread
        except TimeoutError:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            _steady(transport)

    @override
    def data_received(self, data: bytes) -> None:
        if self._listener is not None:
            self._listener.on_data(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_lost("connection lost" if exc is None else reason(exc))


async def connect(settings: LineSettings, listener: Listener) -> Connection:
    """Connect to a line. Raises `LineDownError`."""
    connection = Connection(listener)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            if settings.transport is not Transport.SERIAL:
                await loop.create_connection(lambda: connection, settings.host, settings.port)
                return connection
            # serialx asks the driver for low latency where it can: an FTDI adapter else waits 16 ms
            await serialx.create_serial_connection(
                loop,
                lambda: connection,
                settings.device,
                baudrate=settings.baudrate,
                parity=_parity(settings),
                stopbits=serialx.StopBits(settings.stopbits),
            )
            return connection
    except (OSError, ValueError, ImportError) as error:
        raise LineDownError(reason(error)) from error


def reason(error: BaseException) -> str:
    """Return what the innermost cause says, for people."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, TimeoutError):
        return "no connection in time"
    return str(error) or type(error).__name__


def _steady(transport: asyncio.Transport) -> None:
    """Let a peer that lost its power be noticed, which TCP does not do by itself for hours."""
    peer = transport.get_extra_info("socket")
    if peer is None:
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if (number := getattr(socket, option, None)) is not None:
            peer.setsockopt(socket.IPPROTO_TCP, number, value)


def _parity(settings: LineSettings) -> serialx.Parity:
    """Return the parity to ask of a port.

    A pseudo terminal (a virtual port, as of `socat`) has none, and the C library refuses to ask a
    second time for what the first opening did not get.
    """
    is_pseudo = os.path.realpath(settings.device).startswith("/dev/pts/")
    return serialx.Parity.NONE if is_pseudo else serialx.Parity(settings.parity)
