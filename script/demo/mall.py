"""The simulated mall as a process of its own, and what it tells about itself."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
import re
import sys

from .children import Child
from .network import require_free

DEFAULT_PORT = 15_020
GATEWAYS = 3
CONTROL_OFFSET = 9
POLL_S = 0.05
READY = re.compile(r"^control: .*--port (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMall:
    """A started simulator."""

    child: Child
    site: Path

    async def site_file(self) -> str:
        """Wait until all doors are open; return the site file that describes them."""
        while not READY.search(self.child.text()):  # noqa: ASYNC110  # it sets no event of ours
            await asyncio.sleep(POLL_S)
        return self.site.read_text(encoding="utf-8")

    def control_port(self) -> int:
        """Return where it takes commands."""
        ready = READY.search(self.child.text())
        return int(ready[1]) if ready else 0


async def start_mall(
    folder: Path, *, state: Path, root: Path, speed: float, port: int
) -> RunningMall:
    """Start the simulator on ports from `port` on, or on any free ones if that is 0.

    Its meters go on from the state file, if there is one.

    Fixed ports are the default because a restarted Home Assistant seeks the meters where they were.
    """
    control_port = port + CONTROL_OFFSET if port else 0
    for wanted in (*range(port, port + GATEWAYS), control_port):
        if port:
            require_free(wanted, "--mall-port")
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  # nothing else runs yet
    site = folder / "site.yaml"
    arguments = {
        "--port-base": port,
        "--control-port": control_port,
        "--speed": f"{speed:g}",
        "--pty-dir": folder / "serial",
        "--state": state,
        "--site-file": site,
    }
    command = [str(word) for pair in arguments.items() for word in pair]
    child = await Child.start(
        "The simulated mall",
        [sys.executable, "-m", "simulator", *command],
        folder=folder,
        output=folder.with_suffix(".out"),
        modules=root,
    )
    return RunningMall(child=child, site=site)
