"""A book of a whole mall over a long time: what audits and statements are measured on.

It is a good book in every respect, as the program would have written it (one charge per meter and
hour, or some hours, a standing charge a day, a top-up a month), but by plain sqlite3 and with
hashing of its own: millions of rows in minutes. Deterministic: the same size gives the same rows.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
import json
from pathlib import Path
import sqlite3
from typing import NamedTuple

from sqlalchemy import create_engine

from custom_components.compere_prepaid.adapters.ledger_database.migrations import (
    VERSION,
    make_tables,
)

SITE = "riverside_mall"
START = datetime(2025, 1, 1, tzinfo=UTC)
TARIFF = "Retail TOU"
VALID_FROM = "2025-01-01"
PRICES = {"peak": 987_600, "flat": 617_300, "valley": 291_500}
STANDING = 500_000_000
TOP_UP = 3_500_000_000_000

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_START_US = int(START.timestamp()) * 1_000_000
_SLOTS = {0: "valley", 8: "flat", 10: "peak", 12: "flat", 14: "peak", 21: "flat"}
_PERIODS = [_SLOTS[max(start for start in _SLOTS if start <= hour)] for hour in range(24)]
_TARIFF_TEXT = json.dumps(
    {
        "currency": "CNY",
        "name": TARIFF,
        "valid_from": VALID_FROM,
        "prices": {"peak": "0.9876", "flat": "0.6173", "valley": "0.2915"},
        "schedule": [
            {
                "days": ["mon-sun"],
                "months": ["1-12"],
                "slots": {f"{hour:02}:00": period for hour, period in _SLOTS.items()},
            }
        ],
        "standing": {"per_day": "0.5"},
    },
    sort_keys=True,
    separators=(",", ":"),
)


def serial(meter: int) -> str:
    """Name a meter by its number from 0."""
    return f"33B{meter:010d}"


def number(meter: int) -> str:
    """Name the account that a meter supplies."""
    return f"A-{meter:04d}"


def write_big_book(path: Path, meters: int, days: int, *, hours: int = 1) -> None:
    """Write the book of this many meters and days to a new file; a charge is for so many hours."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        make_tables(connection)
    engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            raw.execute(f"PRAGMA {setting}").close()
        raw.execute("BEGIN")
        _Writer(raw, meters, days, hours).write()
        raw.execute("COMMIT")
        raw.execute("PRAGMA journal_mode=WAL").close()


class _Said(NamedTuple):
    """What a transfer says besides money."""

    source: str
    user: str = ""
    detail: str = ""


@dataclass(slots=True)
class _Writer:
    """What is written so far: registers, totals and the end of the chain."""

    raw: sqlite3.Connection
    meters: int
    days: int
    hours: int
    seq: int = 0
    hash: str = sha256(b"compere_prepaid transfer 1").hexdigest()
    wh: list[int] = field(default_factory=list)
    dr: Counter[str] = field(default_factory=Counter)
    cr: Counter[str] = field(default_factory=Counter)
    touched: Counter[str] = field(default_factory=Counter)

    def write(self) -> None:
        """Write what begins first, then hour by hour, then how things stand in the end."""
        self._insert("book", currency="CNY", scale=9, kind="real", created_at=_START_US,
                     schema_version=VERSION)  # fmt: skip
        self._insert("migration", version=VERSION, seq=0, at=_START_US)
        self._insert(
            "document", kind="tariff", name=TARIFF, version=VALID_FROM, content=_TARIFF_TEXT
        )
        self.wh = [100_000 + meter for meter in range(self.meters)]
        for meter, wh in enumerate(self.wh):
            self._install(meter, wh)
        for day in range(self.days):
            self._write_day(day)
        self._finish()

    def _install(self, meter: int, wh: int) -> None:
        register = {"meter": serial(meter), "generation": 1}
        account = {"account": number(meter)}
        begun = {"from_wh": wh, "from_at": _START_US}
        self._insert("register_generation", **register, start_wh=wh, start_at=_START_US)
        self._insert("supply", **register, number=1, **account, **begun)
        self._insert("relay_demand", meter=serial(meter), closed=1, version=1, cause="hold:manual",
                     decided_at=_START_US)  # fmt: skip

    def _write_day(self, day: int) -> None:
        """Write a day: top-ups on the first of a month, 24 hours' charges, standing charges."""
        date = START + timedelta(days=day)
        if date.day == 1:
            self._insert_all("transfer", self._top_ups(_START_US + day * _DAY_US))
        for hour in range(0, 24, self.hours):
            end = _START_US + day * _DAY_US + (hour + self.hours) * _HOUR_US
            rows: list[dict[str, object]] = []
            self._insert_all("transfer", self._charges(_PERIODS[hour], end, rows))
            self._insert_all("charge", iter(rows))
        fees: list[dict[str, object]] = []
        self._insert_all("transfer", self._fees(date.date().isoformat(), day, fees))
        self._insert_all("fee", iter(fees))

    def _top_ups(self, at: int) -> Iterator[dict[str, object]]:
        for meter in range(self.meters):
            tenant = f"liability:tenant:{number(meter)}:electricity"
            name = f"top:{at}:{number(meter)}"
            said = _Said("action", "cashier")
            yield self._transfer(name, ("asset:cash", tenant), TOP_UP, "top_up", at, said)

    def _charges(
        self, period: str, end: int, rows: list[dict[str, object]]
    ) -> Iterator[dict[str, object]]:
        """Yield an hour's transfers, and put the charges that they pay for into `rows`."""
        price, long_us = PRICES[period], self.hours * _HOUR_US
        for meter, wh in enumerate(self.wh):
            to_wh = wh + 500 + (meter * 7919 + end // _HOUR_US * 104_729) % 9001
            self.wh[meter] = to_wh
            row = {
                "site": SITE, "meter": serial(meter), "generation": 1, "from_wh": wh,
                "to_wh": to_wh, "from_at": end - long_us, "to_at": end,
                "account": number(meter), "tariff": TARIFF, "tariff_valid_from": VALID_FROM,
                "revision": 1, "period": period, "tier": 1, "price": price,
                "amount": (to_wh - wh) * price, "estimated": 0,
                "transfer_id": f"chg:{serial(meter)}:1:{wh}", "hash": "",
            }  # fmt: skip
            detail = (
                f"{wh}|{to_wh}|{end - long_us}|{end}|{VALID_FROM}|1|1|{price}|0|"
                f"{len(TARIFF)}|{TARIFF}|{period}"
            )
            ends = f"liability:tenant:{number(meter)}:electricity", f"income:energy:{period}"
            name, amount = f"chg:{serial(meter)}:1:{wh}", (to_wh - wh) * price
            said = _Said("meter", detail=detail)
            yield self._transfer(name, ends, amount, "charge", end - long_us, said)
            rows.append(row)

    def _fees(
        self, date: str, day: int, rows: list[dict[str, object]]
    ) -> Iterator[dict[str, object]]:
        """Yield a day's standing charges, and put the fees that they pay for into `rows`."""
        for meter in range(self.meters):
            account, name = number(meter), f"fee:{number(meter)}:standing:{date}"
            rows.append({
                "site": SITE, "account": account, "kind": "standing", "day": date, "item": "",
                "tariff": TARIFF, "tariff_valid_from": VALID_FROM, "revision": 1, "quantity": 0,
                "amount": STANDING, "tax_ppm": 0, "transfer_id": name,
            })  # fmt: skip
            tenant = f"liability:tenant:{account}:electricity"
            detail = f"0|{VALID_FROM}|1|0|{len(TARIFF)}|{TARIFF}"
            at = _START_US + day * _DAY_US
            ends, said = (tenant, "income:standing"), _Said("tariff", detail=detail)
            yield self._transfer(name, ends, STANDING, "standing", at, said)

    def _transfer(
        self, name: str, ends: tuple[str, str], amount: int, code: str, at: int, said: _Said
    ) -> dict[str, object]:
        """Return the next row of the chain."""
        self.seq, before = self.seq + 1, self.hash
        recorded_at = at + _HOUR_US
        (debit, credit), (source, user, detail) = ends, said
        text = (
            f'["compere_prepaid payload 2","{name}","{debit}","{credit}",{amount},"{code}",'
            f'"posted","","{source}","{user}","","{detail}"]'
        )
        payload = sha256(text.encode()).hexdigest()
        link = f"compere_prepaid transfer 2|{before}|{self.seq}|{recorded_at}|{at}|{payload}|"
        self.hash = sha256(link.encode()).hexdigest()
        self.dr[debit] += amount
        self.cr[credit] += amount
        self.touched[debit] += 1
        self.touched[credit] += 1
        return {
            "site": SITE, "id": name, "seq": self.seq, "debit": debit, "credit": credit,
            "amount": amount, "code": code, "kind": "posted", "effective_at": at,
            "recorded_at": recorded_at, "source": source, "user": user, "reason": "",
            "detail": detail, "payload_hash": payload, "prev_hash": before, "hash": self.hash,
        }  # fmt: skip

    def _finish(self) -> None:
        """Write the totals, the marks and the head."""
        end = _START_US + self.days * _DAY_US
        for account in sorted(self.touched):
            self._insert(
                "account",
                id=account,
                normal="D" if account.startswith("asset") else "C",
                dr=self.dr[account],
                cr=self.cr[account],
                dr_pending=0,
                cr_pending=0,
                version=self.touched[account],
            )
        last = START + timedelta(days=self.days - 1)
        month = (last.replace(day=1) - timedelta(days=1)).replace(day=1)
        through = {
            "charged_through": last.date().isoformat(),
            "closed_through": month.date().isoformat(),
        }
        for meter, wh in enumerate(self.wh):
            opened = {"account": number(meter), "opened_at": _START_US, **through}
            self._insert("tenancy", **opened, name=f"Shop {meter}", emergency=0)
            mark = {"meter": serial(meter), "generation": 1, "wh": wh, "at": end}
            self._insert("bill_mark", **mark, version=1 + self.days * 24 // self.hours)
        head = {"seq": self.seq, "hash": self.hash, "epoch": 1}
        self._insert("chain_head", **head, holder="", taken_at=_START_US)

    def _insert(self, table: str, **row: object) -> None:
        self._insert_all(table, iter([{"site": SITE, **row}]))

    def _insert_all(self, table: str, rows: Iterator[Mapping[str, object]]) -> None:
        """Insert rows that all have the same columns."""
        first = next(rows, None)
        if first is None:
            return
        names = ", ".join(f'"{name}"' for name in first)
        values = ", ".join(f":{name}" for name in first)
        statement = f'INSERT INTO "{table}" ({names}) VALUES ({values})'  # noqa: S608  -- names of ours
        self.raw.execute(statement, first)
        self.raw.executemany(statement, rows)
