"""Putting a snapshot in the place of a ledger that is damaged or lost.

The present files are moved aside, never deleted. What people did since the snapshot is read out of
them, if they can still be read. The restored book says of itself that it was restored: until a
person has confirmed that receipts were compared, nobody is cut off for a credit that may be too
low.
"""

import asyncio
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from pathlib import Path
import re
import shutil
import sqlite3

from ...core.errors import InvalidInputError, OperationFailedError
from ...core.ledger.ports import LedgerTransaction
from ...core.ledger.records import ChainHead, Document
from .files import SUFFIXES, check_file, discard, not_possible, sync
from .lost import Lost, read_lost

RESTORED = "restored"
CONFIRMED = "restored_confirmed"
"""Kinds of documents in the book: it was restored, and that was confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A ledger that was restored."""

    head: ChainHead
    """Where its chain ends."""
    aside: Path | None
    """Where the old main file is now; None if there was none."""
    lost: Lost

    @property
    def anchor(self) -> str:
        """Return the head as receipts print it: those with a higher number are missing."""
        return f"{self.head.seq}-{self.head.hash[:12]}"


async def restore(ledger: Path, site: str, snapshot: Path, *, user: str, at: datetime) -> Restored:
    """Put a snapshot in the place of a ledger that nobody has open.

    Raises `InvalidInputError` (`snapshot_missing`, `restore_shared_ledger`) and
    `OperationFailedError` (`snapshot_faulty`, `restore_failed`); the ledger is as it was then, or
    gone aside whole.
    """
    if not await asyncio.to_thread(snapshot.is_file):
        raise InvalidInputError("snapshot_missing", snapshot=snapshot.name)
    found = await check_file(snapshot, site)
    if not found.ok:
        raise OperationFailedError("snapshot_faulty", path=snapshot, fault=found.faults[0])
    try:
        return await asyncio.to_thread(_restore, ledger, site, snapshot, user, at)
    except (OSError, sqlite3.Error) as error:
        raise not_possible("restore_failed", ledger, error) from error


def _restore(ledger: Path, site: str, snapshot: Path, user: str, at: datetime) -> Restored:
    """Prepare the new file beside the old one, look at the old one, and change places."""
    new = ledger.with_name(f"{ledger.name}.restoring")
    try:
        head = _prepare(snapshot, new, site, user, at)
        lost = Lost()
        if (old := _old(ledger)) is not None:
            _settle(old)
            lost = read_lost(old, new, site, head)
        aside = _move_aside(ledger, at)
        new.replace(ledger)
        sync(ledger.parent)
    finally:
        discard(new)
    return Restored(head=head, aside=aside or old, lost=lost)


def _prepare(snapshot: Path, new: Path, site: str, user: str, at: datetime) -> ChainHead:
    """Copy a snapshot, note in the copy what it is, and put it on the disk; return its head."""
    new.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(snapshot, new)
    with closing(sqlite3.connect(new, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE").close()
        others = raw.execute("SELECT site FROM book WHERE site <> ?", (site,)).fetchall()
        if others:
            raise InvalidInputError("restore_shared_ledger", snapshot=snapshot.name)
        query = "SELECT seq, hash FROM chain_head WHERE site = ?"
        seq, link = raw.execute(query, (site,)).fetchone()
        head = ChainHead(seq=seq, hash=link)
        raw.execute(
            "INSERT INTO document (site, kind, name, version, content) VALUES (?, ?, ?, ?, ?)",
            (site, RESTORED, snapshot.name, at.isoformat(), _content(head, user)),
        ).close()
    sync(new)
    return head


def _old(ledger: Path) -> Path | None:
    """Return the file that holds what is lost: the present one, or one that was moved aside."""
    if ledger.exists():
        return ledger
    aside = re.compile(re.escape(ledger.name) + r"\.before-restore-\d{8}T\d{6}Z")
    found = [path for path in ledger.parent.iterdir() if aside.fullmatch(path.name)]
    return max(found, default=None)


def _settle(old: Path) -> None:
    """Take the old book's log into its main file, if it can be: so nothing hangs on two files."""
    try:
        with closing(sqlite3.connect(old, isolation_level=None)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    except sqlite3.Error:
        return  # damaged: it goes aside as it is


def _move_aside(ledger: Path, at: datetime) -> Path | None:
    """Move a ledger's files aside under a name of their own; return the main file's new place."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = ledger.with_name(f"{ledger.name}.before-restore-{stamp}")
    moved = None
    for suffix in SUFFIXES:
        present = ledger.with_name(ledger.name + suffix)
        if present.exists():
            moved = present.replace(aside.with_name(aside.name + suffix))
    sync(ledger.parent)
    return moved if moved == aside else None


def mark_restored(tx: LedgerTransaction, name: str, user: str, at: datetime) -> None:
    """Note that a book was restored by other means, from something with this name."""
    head = tx.head()
    content = _content(head, user)
    tx.insert_document(Document(kind=RESTORED, name=name, version=at.isoformat(), content=content))


def _content(head: ChainHead, user: str) -> str:
    return json.dumps({"head": f"{head.seq}-{head.hash[:12]}", "user": user}, sort_keys=True)


def restoration(tx: LedgerTransaction) -> Document | None:
    """Return what the book says of its last restoration, while nobody has confirmed it."""
    confirmed = {(one.name, one.version) for one in tx.documents(CONFIRMED)}
    waiting = [one for one in tx.documents(RESTORED) if (one.name, one.version) not in confirmed]
    return max(waiting, key=lambda one: one.version, default=None)


def confirm_restoration(tx: LedgerTransaction, user: str, at: datetime) -> None:
    """Note that somebody has compared the receipts: credit decides about supply again."""
    while (waiting := restoration(tx)) is not None:
        content = json.dumps({"at": at.isoformat(), "user": user}, sort_keys=True)
        tx.insert_document(
            Document(kind=CONFIRMED, name=waiting.name, version=waiting.version, content=content)
        )
