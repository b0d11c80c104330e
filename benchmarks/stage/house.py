"""A Home Assistant as a process of its own, on a folder that outlives it.

It can be stopped, or killed at any moment, and started again where it was. Benchmarks measure it;
tests kill it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
import sys

from script.demo.children import Child
from script.demo.home_assistant import Client, log_in, wait_for_http
from script.demo.network import free_port
from script.demo.seeding import USER, Folders, password, seed
from script.demo.site_setup import wait_until_running

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120.0


@dataclass(slots=True, kw_only=True)
class House:
    """A Home Assistant with the integration, for a mall."""

    folders: Folders
    port: int = field(default_factory=free_port)
    kills: int = 0
    _child: Child | None = None

    @classmethod
    def build(cls, folder: Path, site: Mapping[str, str]) -> House:
        """Make a folder ready for a site; nothing runs yet."""
        house = cls(folders=Folders(state=folder))
        integration = ROOT / "custom_components" / "compere_prepaid"
        seed(house.folders, port=house.port, site=site, integration=integration)
        return house

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

    async def start(self) -> None:
        """Start it where it was; it takes a while until it answers."""
        config = self.folders.config
        self._child = await Child.start(
            "Home Assistant",
            [
                *(sys.executable, "-m", "homeassistant", "-c", str(config)),
                *("--skip-pip", "--log-no-color"),
            ],
            folder=config,
            output=self.folders.state / "home-assistant.out",
        )

    async def stop(self) -> None:
        """Let it save its state and end."""
        if self._child is not None:
            await self._child.stop()

    async def kill(self) -> None:
        """End it this instant, whatever it is doing."""
        if self._child is not None:
            await self._child.kill()
            self.kills += 1

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Client]:
        """Log in as soon as it has set everything up."""
        await wait_for_http(self.url, limit_s=LIMIT_S)
        async with log_in(self.url, USER, self.password) as client:
            await wait_until_running(client, limit_s=LIMIT_S)
            yield client
