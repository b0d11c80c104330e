"""How bytes get from a client to a simulated line and back: adapter, serial server, gateway."""

from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
import os
import socket
import struct
import time
import tty
from typing import override

from benchmarks.bus_line.frames import BUSY, SILENT_TARGET, opened, sealed
from benchmarks.bus_line.plan import HOST, LinePlan, Way
from benchmarks.bus_line.reactor import Reactor
from benchmarks.bus_line.wire import Speech, Wire

_QUEUE = 2
"""So many requests a gateway takes at a time; more it refuses as busy."""


class Door(ABC):
    """Where a client finds a line."""

    def __init__(self, wire: Wire, reactor: Reactor) -> None:
        """Stand before this line."""
        self.wire, self.reactor = wire, reactor
        wire.spoken = self.bring

    @property
    @abstractmethod
    def place(self) -> str:
        """Return the device, or `host:port`."""

    @abstractmethod
    def bring(self, speech: Speech) -> None:
        """Deliver what a meter begins to say, when it has said it."""

    def mute(self, *, muted: bool) -> None:  # noqa: B027  # a serial port is never mute
        """Take what comes and give nothing, or end that."""

    def unplug(self) -> None:  # noqa: B027  # nor is it unplugged here
        """Drop everybody, and listen no more."""


class Adapter(Door):
    """A serial port, as a pseudo terminal; like a USB adapter it delivers at its own pace."""

    def __init__(self, wire: Wire, reactor: Reactor) -> None:
        """Make the port."""
        super().__init__(wire, reactor)
        self._master, self._slave = os.openpty()  # kept open, or the port hangs up
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        reactor.watch(self._master, self._take)

    def _take(self) -> None:
        self.wire.ask(os.read(self._master, 512))

    @property
    @override
    def place(self) -> str:
        return os.ttyname(self._slave)

    @override
    def bring(self, speech: Speech) -> None:
        plan = self.wire.plan
        if not plan.adapter_s:
            self.reactor.at(speech.end, lambda: self._write(speech.said(0, len(speech.data))))
            return
        begin, length = 0, len(speech.data)
        tick = (speech.start // plan.adapter_s + 1) * plan.adapter_s
        while begin < length:
            end = min(length, int((tick - speech.start) / plan.character_s))
            if end > begin:
                self.reactor.at(tick, lambda b=begin, e=end: self._write(speech.said(b, e)))  # type: ignore[misc]
                begin = end
            tick += plan.adapter_s

    def _write(self, data: bytes) -> None:
        with suppress(BlockingIOError):
            os.write(self._master, data)


class TcpDoor(Door):
    """What listens on loopback."""

    def __init__(self, wire: Wire, reactor: Reactor) -> None:
        """Listen on a free port."""
        super().__init__(wire, reactor)
        self._listener = socket.create_server((HOST, 0))
        self._listener.settimeout(0)
        self._place = f"{HOST}:{self._listener.getsockname()[1]}"
        self._clients: list[socket.socket] = []
        self._is_mute = False
        reactor.watch(self._listener.fileno(), self._accept)

    @property
    @override
    def place(self) -> str:
        return self._place

    @override
    def mute(self, *, muted: bool) -> None:
        self._is_mute = muted

    @override
    def unplug(self) -> None:
        self.reactor.forget(self._listener.fileno())
        self._listener.close()
        for client in tuple(self._clients):
            self._drop(client)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        client.settimeout(0)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients.append(client)
        self.reactor.watch(client.fileno(), lambda: self._read(client))

    def _read(self, client: socket.socket) -> None:
        try:
            data = client.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._drop(client)
        elif not self._is_mute:
            self.take(client, data)

    def _drop(self, client: socket.socket) -> None:
        self.reactor.forget(client.fileno())
        self._clients.remove(client)
        client.close()

    def send(self, client: socket.socket, data: bytes) -> None:
        """Send, if somebody is still there."""
        if client in self._clients and not self._is_mute:
            with suppress(OSError):
                client.send(data)

    @abstractmethod
    def take(self, client: socket.socket, data: bytes) -> None:
        """Take what a client sent."""


class SerialServer(TcpDoor):
    """Bytes over TCP as they are on the wire; a frame comes in one piece, at its end."""

    @override
    def take(self, client: socket.socket, data: bytes) -> None:
        self.wire.ask(data)

    @override
    def bring(self, speech: Speech) -> None:
        def deliver() -> None:
            for client in tuple(self._clients):
                self.send(client, speech.said(0, len(speech.data)))

        self.reactor.at(speech.end, deliver)


@dataclass(slots=True, eq=False)
class _Job:
    """A numbered request that waits in a gateway."""

    client: socket.socket
    number: bytes
    body: bytes


class Gateway(TcpDoor):
    """Modbus TCP: it keeps the silence itself, and takes the first frame that could be an answer.

    That is what simple gateways do, and why a transaction's number proves little.
    """

    def __init__(self, wire: Wire, reactor: Reactor) -> None:
        """Have nothing to do yet."""
        super().__init__(wire, reactor)
        self._buffers: dict[socket.socket, bytes] = {}
        self._jobs: deque[_Job] = deque()
        self._asked: _Job | None = None

    @override
    def take(self, client: socket.socket, data: bytes) -> None:
        data = self._buffers.get(client, b"") + data
        while len(data) >= 7 and len(data) >= (size := 6 + struct.unpack(">H", data[4:6])[0]):
            self._queue(_Job(client, data[:2], data[6:size]))
            data = data[size:]
        self._buffers[client] = data

    def _queue(self, job: _Job) -> None:
        if len(self._jobs) + (self._asked is not None) >= _QUEUE:
            self._reply(job, bytes((job.body[0], job.body[1] | 0x80, BUSY)))
            return
        self._jobs.append(job)
        if self._asked is None:
            self._next()

    def _next(self) -> None:
        if not self._jobs:
            self._asked = None
            return
        self._asked = self._jobs.popleft()
        self._ask()

    def _ask(self) -> None:
        job = self._asked
        if job is None:
            return
        if self.wire.free_at > time.monotonic():
            self.reactor.at(self.wire.free_at, self._ask)
            return
        end = self.wire.ask(sealed(job.body))
        self.reactor.at(end + self.wire.plan.patience_s, lambda: self._give_up(job))

    def _give_up(self, job: _Job) -> None:
        if self._asked is job:
            self._reply(job, bytes((job.body[0], job.body[1] | 0x80, SILENT_TARGET)))
            self._next()

    @override
    def bring(self, speech: Speech) -> None:
        self.reactor.at(speech.end + self.wire.plan.silence_s, lambda: self._hear(speech))

    def _hear(self, speech: Speech) -> None:
        job, body = self._asked, opened(speech.said(0, len(speech.data)))
        if job is None or body is None:
            return
        if body[0] == job.body[0] and body[1] & 0x7F == job.body[1]:
            self._reply(job, body)
            self._next()

    def _reply(self, job: _Job, body: bytes) -> None:
        data = job.number + struct.pack(">HH", 0, len(body)) + body
        delay_s = self.wire.plan.answer_delay_s
        if delay_s:
            self.reactor.at(time.monotonic() + delay_s, lambda: self.send(job.client, data))
        else:
            self.send(job.client, data)


_DOORS: dict[Way, type[Adapter | SerialServer | Gateway]] = {
    Way.PTY: Adapter,
    Way.RTU_TCP: SerialServer,
    Way.MODBUS_TCP: Gateway,
}


def door(plan: LinePlan, wire: Wire, reactor: Reactor) -> Door:
    """Return the way that the plan wants."""
    return _DOORS[plan.way](wire, reactor)
