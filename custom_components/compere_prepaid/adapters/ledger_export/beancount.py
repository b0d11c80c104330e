"""The whole book in the language of beancount, so that `bean-check` audits it independently.

One transaction per transfer that moved money; those that wait are comments. At the end of each
month (of UTC, by the day of recording) every account's balance is asserted as the transfers make
it; at the very end, as the book's own totals say it.

Account names follow beancount's rules. Each of our names has one there and each there one of ours:
a plain word in small letters gets a capital (`peak`: `Peak`); what has capitals, digits and hyphens
and is none of those stays (`A-101`); all else begins with `X-` and has its other characters as
codes between hyphens (`off peak`: `X-off-20-peak`). The directive that opens an account says our
name too.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import re
from typing import Any, TextIO

from sqlalchemy import Row

from ...core.ledger.records import BookKind
from .rows import Source, time

_ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
_WORD = re.compile(r"[a-z][a-z0-9]*")
_CAPITAL_WORD = re.compile(r"[A-Z][a-z0-9]*")
_NUMBER = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")
_OTHER = re.compile(r"[^A-Za-z0-9]")
_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
_TRANSFERS = """
    SELECT seq, id, debit, credit, amount, code, kind, COALESCE(pending_id, ''), source, "user",
           reason, effective_at, recorded_at, hash
    FROM transfer WHERE site = :site ORDER BY seq
"""
_TOTALS = "SELECT id, dr - cr FROM account WHERE site = :site ORDER BY id"
_MOVING = {"posted", "post"}


def account_name(name: str) -> str:
    """Return the name that beancount knows a ledger account by."""
    root, _, rest = name.partition(":")
    return ":".join((_ROOTS[root], *(_component(part) for part in rest.split(":"))))


def _component(part: str) -> str:
    if _WORD.fullmatch(part):
        return part[0].upper() + part[1:]
    kept = _NUMBER.fullmatch(part) and not _CAPITAL_WORD.fullmatch(part)
    if kept and not part.startswith("X-"):
        return part
    return "X-" + _OTHER.sub(lambda found: f"-{ord(found[0]):x}-", part)


def write_beancount(source: Source, path: Path) -> int:
    """Write the book to a file; count its transactions."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        return _Journal(source, file).write()


class _Journal:
    """Writes transfers in the order of the chain, and keeps what each account holds meanwhile."""

    def __init__(self, source: Source, file: TextIO) -> None:
        self._source = source
        self._file = file
        self._names: dict[str, str] = {}
        self._held: dict[str, int] = {}
        self._day = date.min

    def write(self) -> int:
        """Write everything; count the transactions."""
        source, line = self._source, self._line
        trial = " (trial, no real money)" if source.kind == BookKind.SANDBOX else ""
        line(f'option "title" {_quoted(f"{source.site}: Compere Prepaid{trial}")}')
        line(f'option "operating_currency" "{source.currency}"')
        count = 0
        for row in source.rows(_TRANSFERS):
            # A clock that was set back does not take the journal back.
            day = max(self._day, _day(row[12]))
            if self._held and (day.year, day.month) != (self._day.year, self._day.month):
                self._assert_all(day.replace(day=1), self._held.items())
            self._day = day
            count += self._take(row)
        if self._held:
            totals = ((name, int(held)) for name, held in source.rows(_TOTALS))
            self._assert_all(self._day + timedelta(days=1), totals)
        return count

    def _take(self, row: Row[Any]) -> bool:
        """Write a transfer; tell whether it moved money."""
        seq, name, debit, credit, amount, code, kind, pending, source, user, reason = row[:11]
        money = self._source.money(amount)
        for account in (debit, credit):
            self._open(account)
        if kind not in _MOVING:
            ends = f"{self._names[debit]} {self._names[credit]}"
            self._line(f"; {kind} {_quoted(name)} {_quoted(pending)} {money} {ends}")
            return False
        self._line("")
        self._line(f"{self._day} * {_quoted(code)} {_quoted(name)}")
        said = {
            "id": name,
            "number": str(seq),
            "code": code,
            "source": source,
            "user": user,
            "reason": reason,
            "pending": pending,
            "effective": time(row[11]),
            "recorded": time(row[12]),
            "hash": row[13],
        }
        for key, value in said.items():
            if value:
                self._line(f"  {key}: {_quoted(value)}")
        currency = self._source.currency
        self._line(f"  {self._names[debit]}  {money} {currency}")
        self._line(f"  {self._names[credit]}  -{money} {currency}")
        self._held[debit] += amount
        self._held[credit] -= amount
        return True

    def _open(self, account: str) -> None:
        """Open an account when it is first named."""
        if account not in self._names:
            self._names[account] = account_name(account)
            self._held[account] = 0
            self._line("")
            self._line(f"{self._day} open {self._names[account]} {self._source.currency}")
            self._line(f"  name: {_quoted(account)}")

    def _assert_all(self, day: date, held: Any) -> None:
        """Say what each account holds as a day begins."""
        self._line("")
        for account, amount in held:
            name = self._names.get(account) or account_name(account)
            money = self._source.money(amount)
            self._line(f"{day} balance {name}  {money} ~ 0 {self._source.currency}")

    def _line(self, text: str) -> None:
        self._file.write(f"{text}\n")


def _quoted(text: str) -> str:
    """Write a text as beancount reads it."""
    return f'"{text.translate(_ESCAPES)}"'


def _day(microseconds: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).date()
