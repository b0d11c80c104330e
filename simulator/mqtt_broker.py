"""A real mosquitto on loopback, with a configuration of its own in a folder that is thrown away."""

from pathlib import Path
import shutil
import socket
import subprocess
import time
from types import TracebackType
from typing import Self

from .gateways import HOST, free_port

STARTED_WITHIN_S = 20.0


class Broker:
    """Runs mosquitto; `with` starts and ends it, and it can be away in between."""

    def __init__(self, folder: Path) -> None:
        """Choose a port and write the configuration."""
        self.port = free_port()
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text(
            f"listener {self.port} {HOST}\nallow_anonymous true\npersistence false\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        self.stop()

    def start(self) -> None:
        """Start mosquitto and wait until it takes connections."""
        program = shutil.which(
            "mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
        )
        if program is None:
            raise FileNotFoundError("mosquitto is not installed")
        self._process = subprocess.Popen(  # noqa: S603  # our own configuration
            [program, "-c", str(self._configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends_at = time.monotonic() + STARTED_WITHIN_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > ends_at:
                raise OSError(f"mosquitto did not start on port {self.port}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End mosquitto; all connections drop."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(STARTED_WITHIN_S)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, self.port)) == 0
