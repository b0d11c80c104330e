"""The demonstration starts, shows what it promises, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import os
from pathlib import Path
import re
import signal
import socket
import sys

import aiohttp
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("socket_enabled"),
]

ROOT = Path(__file__).resolve().parents[1]
PAYS = (
    b"B-203 was off, paid 50 in the sandbox, and has power ",
    b"B-203 was on already, paid 50 in the sandbox\n",
)
"""What the first visit says, and every later one, which brings no light back."""
LAST_LINE = b"script/run --fresh starts over."


@asynccontextmanager
async def demonstration(state: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the demonstration on free ports; end it if the test didn't."""
    command = [sys.executable, "-m", "script.demo", "--state", str(state), "--mall-port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *options,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


def children_of(state: Path) -> list[str]:
    """Return the command lines of running processes that name the state folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(state) in command and int(entry.name) != os.getpid():
            found.append(command)
    return found


async def read_until(process: asyncio.subprocess.Process, text: bytes) -> str:
    """Return what a process prints up to a text."""
    assert process.stdout is not None
    return (await process.stdout.readuntil(text)).decode()


async def test_check_reaches_a_usable_dashboard_twice(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """`--check` succeeds on a new state folder, and again on what that left.

    The shop that is off pays by phone, and the light comes back; the next time it has power.
    """
    for pays in PAYS:
        async with demonstration(tmp_path, "--port", "0", "--check") as process:
            output, _ = await process.communicate()
            assert process.returncode == 0, output.decode()
            assert pays in output
            if pays is PAYS[0]:
                figure(f"demonstration: {output.decode().splitlines()[-1].partition('] ')[2]}")
    assert children_of(tmp_path) == []


async def test_a_signal_stops_all_that_was_started(tmp_path: Path) -> None:
    """After Ctrl-C neither Home Assistant nor the mall runs, and the exit status is 0."""
    async with demonstration(tmp_path, "--port", "0") as process:
        guide = await read_until(process, LAST_LINE)
        assert re.search(r"user +demo\n +password +[0-9a-f]{8}\n", guide)
        shop = re.search(r"^  (http://127\.0\.0\.1:\d+/m/\S+#\S+)$", guide, re.MULTILINE)
        assert shop is not None
        async with aiohttp.ClientSession() as http, http.get(shop[1]) as page:
            assert page.status == 200
        assert len(children_of(tmp_path)) > 2
        process.send_signal(signal.SIGINT)
        await process.communicate()
        assert process.returncode == 0
    assert children_of(tmp_path) == []


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Somebody else's port is said, with what to do; nothing is started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        async with demonstration(tmp_path, "--port", port) as process:
            output, _ = await process.communicate()
    assert process.returncode == 1
    assert f"Port {port} of 127.0.0.1 is taken" in output.decode()
    assert "--port" in output.decode()


async def test_a_second_one_on_the_same_state_is_refused(tmp_path: Path) -> None:
    """Two demonstrations never share a state folder."""
    async with demonstration(tmp_path, "--port", "0") as first:
        await read_until(first, b"simulated mall")
        async with demonstration(tmp_path, "--port", "0") as second:
            output, _ = await second.communicate()
        assert second.returncode == 1
        assert "is running already" in output.decode()
