"""The statements of an account, as a chain: each goes on where the one before it ends.

A statement tells what was booked up to its anchor and is effective before its end, and no earlier
one told. One that was corrected stands no more: the one with the next number stands in its place.
"""

from collections.abc import Iterator
from datetime import datetime
import json
from typing import Any, NamedTuple

from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import IssuedStatement
from ..ledger.ports import LedgerTransaction


class Standing(NamedTuple):
    """A statement that stands, with its content."""

    row: IssuedStatement
    content: dict[str, Any]

    @property
    def seq(self) -> int:
        """How many transfers there were when it was issued."""
        return int(self.row.anchor.partition("-")[0])

    def tells(self, seq: int, effective_at: datetime) -> bool:
        """Tell whether it, or one before it, tells a transfer."""
        return seq <= self.seq and effective_at < self.row.until


def standing(tx: LedgerTransaction, account: AccountNumber) -> Iterator[Standing]:
    """Yield an account's statements that stand, the latest first."""
    found = _read(tx.last(IssuedStatement, account=account))
    while found is not None:
        yield found
        found = _read(before(tx, found))


def told_until_wh(
    tx: LedgerTransaction, last: Standing, meter: MeterSerial, generation: int
) -> int:
    """Return up to which register a statement and those before it tell a meter's energy."""
    one: Standing | None = last
    while one is not None:
        lines = (line for part in one.content["funds"].values() for line in part["lines"])
        told = [
            int(line["to_wh"])
            for line in lines
            if (line.get("meter"), line.get("generation")) == (meter, generation)
        ]
        if told:
            return max(told)
        one = _read(before(tx, one))
    return 0


def before(tx: LedgerTransaction, of: Standing) -> IssuedStatement | None:
    """Return the statement that a statement goes on from."""
    row: IssuedStatement | None = of.row
    content = of.content
    while row is not None and (corrected := content.get("corrects")) is not None:
        row = tx.find(IssuedStatement, account=row.account, number=corrected)
        content = json.loads(row.content) if row else {}
    if row is None or row.number == 1:
        return None
    return tx.find(IssuedStatement, account=row.account, number=row.number - 1)


def _read(row: IssuedStatement | None) -> Standing | None:
    return None if row is None else Standing(row, json.loads(row.content))


def first_to_tell(
    tx: LedgerTransaction, account: AccountNumber, seq: int, effective_at: datetime
) -> int | None:
    """Return the number of the statement that tells a transfer; None if it is not told yet."""
    found: Standing | None = None
    for one in standing(tx, account):
        if not one.tells(seq, effective_at):
            break
        found = one
    if found is None or (effective_at < found.row.since and before(tx, found) is None):
        return None  # what came before the first one is only in what that opens with
    return found.row.number


def of_time(
    tx: LedgerTransaction, account: AccountNumber, since: datetime, until: datetime
) -> tuple[int, ...]:
    """Return the numbers of the statements about a time, the earliest first."""
    found: list[int] = []
    for one in standing(tx, account):
        if one.row.until <= since:
            break
        if one.row.since < until:
            found.append(one.row.number)
    return tuple(reversed(found))
