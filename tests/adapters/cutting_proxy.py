"""A wire between the ledger and its server that can be cut exactly around a commit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
import socket
import threading

_COMMIT = b"COMMIT\0"
"""How the driver asks for it, and how the server says that it is done."""


class Cut(Enum):
    """When the wire is cut."""

    NEVER = auto()
    BEFORE = auto()
    """The server never sees the commit."""
    AFTER = auto()
    """The server did the commit, and nobody hears of it."""


@dataclass(slots=True)
class CuttingProxy:
    """Passes everything on, until a commit comes by when it is to cut."""

    server_port: int
    listener: socket.socket
    cut: Cut = Cut.NEVER
    """What to do at the next commit; done once."""
    meanwhile: Callable[[], None] = lambda: None
    """What happens before anybody can connect again."""
    stays_cut: bool = False
    """Whether nobody is let through after the cut, from its very moment on."""
    refuses: bool = False
    """Whether nobody is let through."""
    cuts: int = 0
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Return where to connect."""
        port: int = self.listener.getsockname()[1]
        return port

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.server_port))
            self._open += [client, server]
            for way in ((client, server, Cut.BEFORE), (server, client, Cut.AFTER)):
                thread = threading.Thread(target=self._pass, args=way)
                self._threads.append(thread)
                thread.start()

    def cut_now(self) -> None:
        """Cut whatever runs, for the ledger only: the server notices nothing yet."""
        for client in self._open[::2]:
            _end(client)

    def close(self) -> None:
        """End all connections."""
        for wire in (self.listener, *self._open):
            _end(wire)
        for thread in self._threads:
            thread.join()

    def _pass(self, source: socket.socket, target: socket.socket, cut: Cut) -> None:
        """Pass on what comes from one side, up to a commit at which it is to be cut."""
        with suppress(OSError):
            while data := source.recv(65536):
                if self.cut is cut and _COMMIT in data:
                    self.cut = Cut.NEVER
                    self.cuts += 1
                    self.refuses = self.stays_cut
                    _end(target if cut is Cut.BEFORE else source)
                    self.meanwhile()
                    break
                target.sendall(data)
        _end(source)
        _end(target)


@contextmanager
def cutting_proxy(server_port: int) -> Iterator[CuttingProxy]:
    """Run a proxy in front of a server."""
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = CuttingProxy(server_port, listener)
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()


def _end(wire: socket.socket) -> None:
    with suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)
    wire.close()
