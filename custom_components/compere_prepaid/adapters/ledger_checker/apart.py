"""Checking a large book in processes of its own.

Millions of hashes would keep Home Assistant's interpreter busy for a minute, however they were
threaded. So a child process checks the book, at a low priority, and has a child of its own walk the
chain at the same time. What they are told comes through their standard input, because a database's
address may hold a password, and command lines are for everybody to see.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
import json
import os
from pathlib import Path
import secrets
import signal
import sys
from typing import Any

from ...core.errors import OperationFailedError
from .checker import Verification

LARGE = 20_000
"""From so many transfers on, a book is checked apart."""

PROGRAM = Path(__file__).with_name("child.py")


def command() -> list[str]:
    """Return what starts a child."""
    return [sys.executable, "-P", str(PROGRAM)]


def environment() -> dict[str, str]:
    """Return the surroundings of a child: the same modules, and the same fingerprints in all."""
    seed = str(secrets.randbelow(2**32 - 1) + 1)
    modules = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": modules}


async def check_apart(address: str, site: str, shown: str) -> Verification:
    """Check the book at a path or URL; `shown` is what errors call it.

    If the caller gives up, the children end at once. Raises `OperationFailedError`.
    """
    child = await asyncio.create_subprocess_exec(
        *command(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    )
    request = json.dumps({"address": address, "site": site}).encode()
    try:
        answer, complaint = await child.communicate(request)
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
    return _read(answer, complaint, shown)


def _read(answer: bytes, complaint: bytes, shown: str) -> Verification:
    """Read what a child found, or why it found nothing."""
    try:
        data: Mapping[str, Any] = json.loads(answer)
    except ValueError:
        lines = complaint.decode(errors="replace").splitlines() or ["no answer"]
        raise OperationFailedError("ledger_unavailable", path=shown, error=lines[-1]) from None
    if "failure" in data:
        raise OperationFailedError(data["failure"], **data["placeholders"])
    return Verification(
        transfers=data["transfers"],
        charged_wh=data["charged_wh"],
        register_wh=data["register_wh"],
        faults=tuple(data["faults"]),
        hints=tuple(data["hints"]),
    )
