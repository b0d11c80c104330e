"""Writing a whole book into a folder, for people, spreadsheets and auditors.

Every file is complete or not there: it gets its name when all are written and on the disk.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
import os
from pathlib import Path

from sqlalchemy import Connection

from ...core.errors import OperationFailedError
from .beancount import write_beancount
from .rows import Progress, Source
from .tables import write_tables

_BEANCOUNT = "ledger"
_FILES = {
    "transfers": "transfers.csv",
    "charges": "charges.csv",
    "fees": "fees.csv",
    "accounts": "accounts.csv",
    _BEANCOUNT: "ledger.beancount",
}
_READ = {"transfer": 2, "charge": 1, "fee": 1, "account": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What was written: files and their rows (transactions, in the case of `ledger`)."""

    files: Mapping[str, Path]
    rows: Mapping[str, int]


def export_book(
    connection: Connection,
    site: str,
    folder: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> Export:
    """Write a site's book, within an open transaction, as CSV files and for beancount. Blocks.

    `since` (inclusive) and `until` (exclusive) limit the CSV files only. Raises
    `OperationFailedError` (`export_not_written`); then no file of an earlier export has changed.
    """
    source = Source(connection, site, progress)
    files = {name: folder / file for name, file in _FILES.items()}
    parts = {name: path.with_name(f".{path.name}.part") for name, path in files.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        source.open(_READ)
        rows = write_tables(source, parts, since, until)
        rows[_BEANCOUNT] = write_beancount(source, parts[_BEANCOUNT])
        for part in parts.values():
            _sync(part)
        for name, part in parts.items():
            part.replace(files[name])
        _sync(folder)
    except OSError as error:
        raise OperationFailedError("export_not_written", folder=folder, error=error) from error
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)
    source.finish()
    return Export(files=files, rows=rows)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
