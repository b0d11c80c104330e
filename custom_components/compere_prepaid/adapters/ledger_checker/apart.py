"""Checking a large book in processes of its own.

Millions of hashes would keep Home Assistant's interpreter busy for a minute, however they were
threaded. So a child process checks the book, at a low priority, and has a child of its own walk the
chain at the same time.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
import json
import os
import secrets
import signal
from typing import Any

from ...core.errors import OperationFailedError
from ..alone import command, environment
from .checker import Verification

LARGE = 20_000
"""From so many transfers on, a book is checked apart."""

CHILD = "ledger_checker.child"


async def check_apart(address: str, site: str, shown: str) -> Verification:
    """Check the book at a path or URL; `shown` is what errors call it.

    If the caller gives up, the children end at once. Raises `OperationFailedError`.
    """
    seed = secrets.randbelow(2**32 - 1) + 1  # for the same fingerprints in both children
    child = await asyncio.create_subprocess_exec(
        *command(CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment(), "PYTHONHASHSEED": str(seed)},
        start_new_session=True,
    )
    # not on the command line, which is for everybody to see: an address may hold a password
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
