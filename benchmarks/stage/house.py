"""A Home Assistant as a process of its own, on a folder that outlives it.

It can be stopped, or killed at any moment, and started again where it was. Benchmarks measure it;
tests kill it, and have it started by a process that needs not import everything again.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import os
from pathlib import Path
import signal
from subprocess import PIPE
import sys
from typing import Protocol

from script.demo.children import STOP_TIMEOUT_S, Child
from script.demo.home_assistant import Client, log_in, wait_for_http
from script.demo.network import free_port
from script.demo.seeding import USER, Folders, password, seed
from script.demo.site_setup import wait_until_running

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120.0


class Started(Protocol):
    """A Home Assistant that was started."""

    async def stop(self) -> None:
        """Let it save its state and end."""

    async def kill(self) -> None:
        """End it with everything in its process group, this instant."""


@dataclass(slots=True)
class Forked:
    """A Home Assistant that the quick starter forked, of which it tells the end."""

    process: int
    ended: asyncio.Task[bytes]

    async def stop(self) -> None:
        """Let it save its state and end; if that takes too long, kill it."""
        if not self.ended.done():
            os.kill(self.process, signal.SIGTERM)
            await asyncio.wait([self.ended], timeout=STOP_TIMEOUT_S)
            await self.kill()

    async def kill(self) -> None:
        """End it with everything in its process group, this instant."""
        with suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)
        assert await self.ended == b"ended\n"


@dataclass(slots=True, kw_only=True)
class House:
    """A Home Assistant with the integration, for a mall."""

    folders: Folders
    port: int = field(default_factory=free_port)
    kills: int = 0
    _starter: asyncio.subprocess.Process | None = None
    _started: Started | None = None

    @classmethod
    def build(cls, folder: Path, site: Mapping[str, str]) -> House:
        """Make a folder ready for a site; nothing runs yet."""
        house = cls(folders=Folders(state=folder))
        integration = ROOT / "custom_components" / "compere_prepaid"
        seed(house.folders, port=house.port, site=site, integration=integration)
        return house

    @property
    def started(self) -> Started | None:
        """What was started last."""
        return self._started

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        """The demo user's password."""
        return password(self.folders)

    @property
    def ledger(self) -> Path:
        """The site's ledger, where the integration puts it by itself."""
        (path,) = (self.folders.config / "compere_prepaid").glob("*.db")
        return path

    def add_integration(self, source: Path) -> None:
        """Let it have another integration, which wants no configuration; before it is started."""
        link = self.folders.config / "custom_components" / source.name
        link.symlink_to(source, target_is_directory=True)
        configuration = self.folders.config / "configuration.yaml"
        with configuration.open("a", encoding="utf-8") as file:
            file.write(f"\n{source.name}:\n")

    @asynccontextmanager
    async def quick_starts(self) -> AsyncIterator[None]:
        """Have it started by a fork of what has everything imported, once it was stopped once."""
        environment = {**os.environ, "PYTHONSAFEPATH": "1"}
        environment.pop("PYTHONPATH", None)
        starter = Path(__file__).with_name("quick_starter.py")
        self._starter = await asyncio.create_subprocess_exec(
            *(sys.executable, str(starter)),
            *(str(self.folders.config), str(self.folders.state / "modules")),
            cwd=self.folders.config,
            env=environment,
            stdin=PIPE,
            stdout=PIPE,
        )
        try:
            yield
        finally:
            await self.stop()
            await self._starter.communicate()
            self._starter = None

    async def start(self) -> None:
        """Start it where it was; it takes a while until it answers."""
        output = self.folders.state / "home-assistant.out"
        if self._starter is None:
            self._started = await self._start_anew(output)
        else:
            self._started = await _fork(self._starter, output)

    async def stop(self) -> None:
        """Let it save its state and end."""
        if self._started is not None:
            await self._started.stop()

    async def kill(self) -> None:
        """End it this instant, whatever it is doing."""
        if self._started is not None:
            await self._started.kill()
            self.kills += 1

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Client]:
        """Log in as soon as it has set everything up."""
        await wait_for_http(self.url, limit_s=LIMIT_S)
        async with log_in(self.url, USER, self.password) as client:
            await wait_until_running(client, limit_s=LIMIT_S)
            yield client

    async def _start_anew(self, output: Path) -> Child:
        config = self.folders.config
        return await Child.start(
            "Home Assistant",
            [
                *(sys.executable, "-m", "homeassistant", "-c", str(config)),
                *("--skip-pip", "--log-no-color"),
            ],
            folder=config,
            output=output,
        )


async def _fork(starter: asyncio.subprocess.Process, output: Path) -> Forked:
    assert starter.stdin is not None
    assert starter.stdout is not None
    starter.stdin.write(f"{output}\n".encode())
    process = int(await starter.stdout.readline())
    return Forked(process, asyncio.create_task(starter.stdout.readline()))
