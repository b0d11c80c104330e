"""The simulator as a program: it says where it listens, stops when told to, and remembers."""

import asyncio
import json
from pathlib import Path
import re
import signal
import sys

import pytest
import yaml

ROOT = Path(__file__).parents[2]


async def _start(folder: Path, *more: str) -> asyncio.subprocess.Process:
    words = ("--port-base", "0", "--control-port", "0", "--no-pacing", "--pty-dir", "tty")
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *(
            "-m",
            "simulator",
            *words,
            "--site-file",
            "out/site.yaml",
            "--state",
            "state.json",
            *more,
        ),
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _ready(process: asyncio.subprocess.Process) -> int:
    """Wait until all doors are open; return the port of the control channel."""
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.match(rb"control: .*--port (\d+)", line):
            return int(found[1])
    raise AssertionError("the simulator ended before it was ready")


def _total(state: Path) -> int:
    return sum(json.loads(state.read_text())["meters"]["A-101"]["phases"])


@pytest.mark.usefixtures("socket_enabled")
async def test_it_runs_stops_and_goes_on(tmp_path: Path) -> None:
    """Started, it writes the site file; told to stop, it keeps its registers; they go on."""
    first = await _start(tmp_path)
    port = await _ready(first)
    site = yaml.safe_load((tmp_path / "out" / "site.yaml").read_text())
    assert len(site["meters"]) == 30
    assert site["buses"][3]["device"] == str(tmp_path / "tty" / "roof-kiosks")
    control = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulator.control", "--port", str(port), "energy", "A-101", "9000000"),
        env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await control.communicate()
    assert re.match(rb"A-101 shows 900\d{4} Wh", said)
    first.send_signal(signal.SIGTERM)
    await first.communicate()
    assert first.returncode == 0
    kept = _total(tmp_path / "state.json")
    assert kept >= 9_000_000 * 3_600_000_000
    second = await _start(tmp_path)
    await _ready(second)
    second.send_signal(signal.SIGINT)
    await second.communicate()
    assert second.returncode == 0
    assert kept <= _total(tmp_path / "state.json") < kept * 1.01


@pytest.mark.usefixtures("socket_enabled")
async def test_what_cannot_open_says_why(tmp_path: Path) -> None:
    """A file in the place of the serial port is named, and nothing keeps running."""
    (tmp_path / "tty").mkdir()
    (tmp_path / "tty" / "roof-kiosks").write_text("mine")
    process = await _start(tmp_path)
    _, complaint = await process.communicate()
    assert process.returncode == 1
    assert b"the mall cannot open" in complaint
    assert b"in the way" in complaint
