"""The statements of an account, as a chain: each goes on where the one before it ends.

A statement tells what was booked up to its anchor and is effective before its end, and no earlier
one told. One that was corrected stands no more: the one with the next number stands in its place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
import json
from typing import Any

from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import IssuedStatement
from ..ledger.ports import LedgerTransaction

type Register = tuple[MeterSerial, int]
"""A meter and its generation."""


@dataclass(frozen=True)
class Standing:
    """A statement that stands."""

    row: IssuedStatement

    @cached_property
    def content(self) -> dict[str, Any]:
        """What it says."""
        content: dict[str, Any] = json.loads(self.row.content)
        return content

    @property
    def seq(self) -> int:
        """How many transfers there were when it was issued."""
        return int(self.row.anchor.partition("-")[0])

    def tells(self, seq: int, effective_at: datetime) -> bool:
        """Tell whether it, or one before it, tells a transfer."""
        return seq <= self.seq and effective_at < self.row.until


def standing(tx: LedgerTransaction, account: AccountNumber) -> Iterator[Standing]:
    """Yield an account's statements that stand, the latest first."""
    return back_from(tx, _standing(tx.last(IssuedStatement, account=account)))


def back_from(tx: LedgerTransaction, last: Standing | None) -> Iterator[Standing]:
    """Yield the latest statement of an account, if there is one, and those that stand before it."""
    while last is not None:
        yield last
        last = _standing(before(tx, last))


def told_until(
    tx: LedgerTransaction, last: Standing, begun: Mapping[Register, datetime]
) -> Mapping[Register, tuple[int, datetime]]:
    """Return up to where a statement and those before it tell what registers counted, and when.

    Nothing is looked for on statements that ended before a register began (`begun`); what came
    before the first one is only in what that opens with.
    """
    told: dict[Register, tuple[int, datetime]] = {}
    missing, begin = set(begun), last.row.since
    for one in back_from(tx, last):
        begin, ends = one.row.since, _ends(one)
        for register in missing:
            if register in ends or begun[register] >= begin:
                told[register] = ends.get(register, (0, begin))
        missing -= told.keys()
        if not missing:
            break
    return told | dict.fromkeys(missing, (0, begin))


def _ends(one: Standing) -> Mapping[Register, tuple[int, datetime]]:
    """Return where what a statement tells of registers ends."""
    ends: dict[Register, tuple[int, datetime]] = {}
    for line in one.content["funds"]["electricity"]["lines"]:
        if "meter" in line:
            register = line["meter"], line["generation"]
            end = line["to_wh"], datetime.fromisoformat(line["to"])
            ends[register] = max(end, ends.get(register, end))
    return ends


def before(tx: LedgerTransaction, of: Standing) -> IssuedStatement | None:
    """Return the statement that a statement goes on from."""
    account = of.row.account
    while (corrected := of.content.get("corrects")) is not None:
        found = _standing(tx.find(IssuedStatement, account=account, number=corrected))
        if found is None:
            return None
        of = found
    if of.row.number == 1:
        return None
    return tx.find(IssuedStatement, account=account, number=of.row.number - 1)


def _standing(row: IssuedStatement | None) -> Standing | None:
    return None if row is None else Standing(row)


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
