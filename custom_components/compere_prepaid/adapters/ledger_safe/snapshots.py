"""Snapshots: every night a compact copy of the ledger, checked before it counts as one.

A copy that nobody ever read is a hope. So the copy is opened and audited as a book of its own, and
gets its name only if it is good. Old ones go when a new good one is there: seven days and twelve
months are kept.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
import re
import shutil
import sqlite3

from ...core.errors import OperationFailedError
from .files import check_file, copy_by_engine, discard, not_possible, sync

DAILY = 7
MONTHLY = 12
_RESERVE_BYTES = 200_000_000
"""So much must stay free on the disk: a snapshot must never be what stops the ledger."""


@dataclass(frozen=True, slots=True, order=True)
class Snapshot:
    """A checked copy of a ledger, and the day on which it was made."""

    day: date
    path: Path


def snapshots(folder: Path, name: str) -> list[Snapshot]:
    """Return the snapshots of a ledger, the oldest first."""
    form = re.compile(re.escape(name) + r"-(\d{4}-\d{2}-\d{2})\.db")
    found = []
    for path in folder.glob("*.db"):
        if match := form.fullmatch(path.name):
            with suppress(ValueError):
                found.append(Snapshot(date.fromisoformat(match[1]), path))
    return sorted(found)


async def take_snapshot(ledger: Path, site: str, folder: Path, day: date) -> Snapshot:
    """Copy a ledger, which may be in use, check the copy, and let old ones go.

    A second one of a day takes the place of the first. Raises `OperationFailedError`:
    `snapshot_no_space`, `snapshot_not_written`, `snapshot_faulty`; then what was there stays.
    """
    path = folder / f"{ledger.stem}-{day.isoformat()}.db"
    part = path.with_name(f"{path.name}.part")
    try:
        await asyncio.to_thread(_copy, ledger, part)
        found = await check_file(part, site)
        if not found.ok:
            raise OperationFailedError("snapshot_faulty", path=path, fault=found.faults[0])
        await asyncio.to_thread(_keep, part, path, ledger.stem)
    finally:
        await asyncio.to_thread(discard, part)
    return Snapshot(day, path)


def _copy(ledger: Path, part: Path) -> None:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        for left in part.parent.glob(f"{ledger.stem}-*.part*"):
            left.unlink()  # of a night in which the computer went off
        needed = ledger.stat().st_size + _RESERVE_BYTES
        if (free := shutil.disk_usage(part.parent).free) < needed:
            raise OperationFailedError(
                "snapshot_no_space",
                path=part.parent,
                needed=needed // 1_000_000,
                free=free // 1_000_000,
            )
        copy_by_engine(ledger, part)
    except (OSError, sqlite3.Error) as error:
        raise not_possible("snapshot_not_written", part.parent, error) from error


def _keep(part: Path, path: Path, name: str) -> None:
    """Give a good snapshot its name, durably; then delete those that are no longer kept."""
    try:
        part.replace(path)
        sync(path.parent)
        present = snapshots(path.parent, name)
        for old in sorted(set(present) - set(kept(present))):
            old.path.unlink()
    except OSError as error:
        raise not_possible("snapshot_not_written", path.parent, error) from error


def kept(present: Iterable[Snapshot]) -> set[Snapshot]:
    """Return which snapshots are kept: the latest days, and of the latest months the latest."""
    latest = sorted(present, reverse=True)
    months: dict[tuple[int, int], Snapshot] = {}
    for snapshot in latest:
        months.setdefault((snapshot.day.year, snapshot.day.month), snapshot)
    return {*latest[:DAILY], *list(months.values())[:MONTHLY]}
