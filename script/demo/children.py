"""The processes that the demonstration starts, and the promise that it stops them and no others.

Each child is its own process group, so that Ctrl-C in the terminal reaches only us and we stop the
children in order: first Home Assistant, which wants to write its state, then the mall. Where the
system has `setpriv`, the kernel also ends a child whose parent was killed.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import signal
from typing import Self

from .errors import DemoError

STOP_TIMEOUT_S = 30.0
TAIL_LINES = 15


@dataclass(slots=True, kw_only=True)
class Child:
    """One started process; what it prints goes to a file."""

    name: str
    output: Path
    process: asyncio.subprocess.Process

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        output: Path,
        modules: Path | None = None,
    ) -> Self:
        """Start `command` in `folder`; its output replaces what `output` held.

        It imports what is installed, and what lies in `modules`.
        """
        setpriv = shutil.which("setpriv")
        prefix = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        # Safe path: what lies in the working folder must not shadow installed modules.
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"}
        environment.pop("PYTHONPATH", None)
        if modules is not None:
            environment["PYTHONPATH"] = str(modules)
        with output.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *prefix,
                *command,
                cwd=folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(name=name, output=output, process=process)

    def text(self) -> str:
        """Return what it printed so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def tail(self) -> str:
        """Return the last lines that it printed."""
        return "\n".join(f"    {line}" for line in self.text().splitlines()[-TAIL_LINES:])

    def raise_if_ended(self) -> None:
        """Raise when the process is no longer there."""
        if self.process.returncode is not None:
            raise DemoError(
                f"{self.name} ended by itself (exit status {self.process.returncode}). "
                f"Its last lines, of {self.output}:\n{self.tail()}"
            )

    async def ended(self) -> None:
        """Wait until the process ends, which it shouldn't; then raise."""
        await self.process.wait()
        self.raise_if_ended()

    async def stop(self) -> None:
        """End the process: politely, and if that takes too long with everything in its group."""
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT_S)
        await self.kill()

    async def kill(self) -> None:
        """End the process with everything in its group, this instant: it cannot save anything."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
