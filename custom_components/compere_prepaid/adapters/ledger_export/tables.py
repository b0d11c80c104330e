"""The export's tables: one CSV file each, UTF-8, with a header; money exact, times in UTC.

With a range, transfers are those that took effect in it, charges those that began in it, fees those
of its days (of UTC); the accounts are always as they stand now.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from .rows import Source, microseconds, time

_EVER = (-(2**62), 2**62)
_TRANSFERS = """
    SELECT seq, id, debit, credit, amount, code, kind, COALESCE(pending_id, ''), effective_at,
           recorded_at, source, "user", reason, detail, outcome, hash
    FROM transfer
    WHERE site = :site AND effective_at >= :since AND effective_at < :until ORDER BY seq
"""
_CHARGES = """
    SELECT meter, generation, from_wh, to_wh, from_at, to_at, account, tariff, tariff_valid_from,
           revision, period, tier, price, amount, estimated, COALESCE(transfer_id, '')
    FROM charge WHERE site = :site AND from_at >= :since AND from_at < :until
    ORDER BY meter, generation, from_wh
"""
_FEES = """
    SELECT account, kind, day, item, quantity, amount, tax_ppm, tariff, tariff_valid_from, revision,
           transfer_id
    FROM fee WHERE site = :site AND day >= :first AND day < :end ORDER BY account, kind, day, item
"""
_ACCOUNTS = """
    SELECT id, normal, dr, cr, dr_pending, cr_pending FROM account WHERE site = :site ORDER BY id
"""
_TRANSFER_COLUMNS = (
    *("seq", "id", "debit", "credit", "amount", "code", "kind", "pending_id", "effective_at"),
    *("recorded_at", "source", "user", "reason", "detail", "outcome", "hash"),
)
_CHARGE_COLUMNS = (
    *("meter", "generation", "from_wh", "to_wh", "from", "to", "account", "tariff", "valid_from"),
    *("revision", "period", "tier", "price_per_kwh", "amount", "estimated", "transfer"),
)
_FEE_COLUMNS = (
    *("account", "kind", "day", "item", "quantity", "amount", "tax_percent", "tariff"),
    *("valid_from", "revision", "transfer"),
)
_ACCOUNT_COLUMNS = ("account", "side", "debits", "credits", "balance", "pending")


def write_tables(
    source: Source, files: Mapping[str, Path], since: datetime | None, until: datetime | None
) -> dict[str, int]:
    """Write `transfers`, `charges`, `fees` and `accounts` to these files; count their rows."""
    span = {
        "since": _EVER[0] if since is None else microseconds(since),
        "until": _EVER[1] if until is None else microseconds(until),
    }
    days = {
        "first": "" if since is None else since.date().isoformat(),
        "end": "~" if until is None else until.date().isoformat(),
    }
    rows: dict[str, tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]] = {
        "transfers": (_TRANSFER_COLUMNS, _each(source, _transfer, _TRANSFERS, span)),
        "charges": (_CHARGE_COLUMNS, _each(source, _charge, _CHARGES, span)),
        "fees": (_FEE_COLUMNS, _each(source, _fee, _FEES, days)),
        "accounts": (_ACCOUNT_COLUMNS, _each(source, _account, _ACCOUNTS, {})),
    }
    return {name: _write(files[name], *table) for name, table in rows.items()}


def _each(
    source: Source,
    form: Callable[[Source, Row[Any]], tuple[Any, ...]],
    query: str,
    parameters: Mapping[str, object],
) -> Iterator[tuple[Any, ...]]:
    return (form(source, row) for row in source.rows(query, **parameters))


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for count, row in enumerate(rows, start=1):  # noqa: B007  -- the last one counts
            writer.writerow(row)
    return count


def _transfer(source: Source, row: Row[Any]) -> tuple[Any, ...]:
    *first, amount, code, kind, pending, effective_at, recorded_at = row[:10]
    money = source.money(amount)
    return (*first, money, code, kind, pending, time(effective_at), time(recorded_at), *row[10:])


def _charge(source: Source, row: Row[Any]) -> tuple[Any, ...]:
    return (
        *row[:4],
        *(time(at) for at in row[4:6]),
        *row[6:12],
        source.price(row[12]),
        source.money(row[13]),
        {0: "no", 1: "yes"}[row[14]],
        row[15],
    )


def _fee(source: Source, row: Row[Any]) -> tuple[Any, ...]:
    return (*row[:5], source.money(row[5]), f"{Decimal(row[6]).scaleb(-4):f}", *row[7:])


def _account(source: Source, row: Row[Any]) -> tuple[Any, ...]:
    name, normal, dr, cr, dr_pending, cr_pending = row
    side = 1 if normal == "C" else -1
    return (
        name,
        {"C": "credit", "D": "debit"}[normal],
        source.money(dr),
        source.money(cr),
        source.money(side * (cr - dr)),
        source.money(side * (cr_pending - dr_pending)),
    )
