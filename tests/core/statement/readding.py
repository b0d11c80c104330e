"""Adds statements up again from the ledger's file alone, by code of its own.

Nothing of the product is used: rows come by plain SQL, and amounts are counted in 10⁻⁹.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
import json
from pathlib import Path
import sqlite3
from typing import Any

type Row = sqlite3.Row
type _Told = dict[str, frozenset[str]]
"""The transfers that statements have told so far, by fund."""

_FUNDS = ("electricity", "service")
_JOINED = frozenset({"charge", "standing", "service", "minimum", "demand", "tax", "allocation"})
_TRANSFERS = """
    SELECT * FROM transfer WHERE kind IN ('posted', 'post') AND ? IN (debit, credit) ORDER BY seq
"""


@dataclass(slots=True)
class Readded:
    """What came out."""

    statements: int = 0
    lines: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """Lines by kind."""
    off: int = 0
    """Units of 10⁻⁹ (and Wh) by which statements differ from the ledger."""
    where: list[str] = field(default_factory=list)
    references: int = 0
    """Lines that name another statement."""
    late: int = 0
    """Transfers that stand on a later statement than that of their time."""

    def expect(self, where: str, said: int | None, made: int | None) -> None:
        """Compare a number that a statement says with what the ledger makes."""
        if said != made:
            self.off += abs((said or 0) - (made or 0)) or 1
            self.where.append(f"{where}: {said} is said, {made} made")


def units(text: str) -> int:
    """Return an amount in 10⁻⁹."""
    return int(Decimal(text).scaleb(9))


def readd(path: Path) -> Readded:
    """Add all statements of a ledger up again."""
    result = Readded()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as book:
        book.row_factory = sqlite3.Row
        accounts = book.execute("SELECT DISTINCT account FROM statement ORDER BY account")
        for (account,) in accounts.fetchall():
            _Account(book, account, result).readd()
    return result


class _Account:
    """The statements of one account."""

    def __init__(self, book: sqlite3.Connection, account: str, result: Readded) -> None:
        """Read what the ledger has of it."""
        self._book = book
        self._account = account
        self._result = result
        self._funds = {
            fund: book.execute(_TRANSFERS, [f"liability:tenant:{account}:{fund}"]).fetchall()
            for fund in _FUNDS
        }
        self._charges = book.execute("SELECT * FROM charge WHERE account = ?", [account]).fetchall()
        fees = book.execute("SELECT * FROM fee WHERE account = ?", [account])
        self._fees = {row["transfer_id"]: row for row in fees}
        self._told_on: dict[str, int] = {}
        """On which statement a transfer stands, as far as they were added up."""
        self._times: list[tuple[int, int, int]] = []
        """Numbers and times of those that stand."""

    def readd(self) -> None:
        """Go through the statements in order; a corrected one is as if it had not been."""
        found = self._book.execute(
            "SELECT * FROM statement WHERE account = ? ORDER BY number", [self._account]
        )
        told: _Told = {fund: frozenset() for fund in _FUNDS}
        before = told
        is_first = True
        stands: list[Any] = []
        for row in found:
            data = json.loads(row["content"])
            if "corrects" in data:
                stands.pop()
                assert data["corrects"] == row["number"] - 1
                told = before
                is_first = is_first or row["number"] == 2
            before = told
            told = self._statement(row, data, told, is_first=is_first)
            is_first = False
            if "corrects" in data:
                self._times.pop()
            self._times.append((row["number"], row["since"], row["until"]))
            stands.append(data)
        self._compare_energy(stands)
        for fund, transfers in self._funds.items():
            closing_now = sum(self._moved(one, fund) for one in transfers)
            untold = sum(self._moved(one, fund) for one in transfers if one["id"] not in told[fund])
            says = units(data["funds"][fund]["closing"])
            self._result.expect(f"{self._account} {fund} now", says + untold, closing_now)

    def _compare_energy(self, stands: list[Any]) -> None:
        """Compare all energy that was told, also free, with what was charged up to there."""
        told: Counter[tuple[str, int]] = Counter()
        reach: dict[tuple[str, int], tuple[int, int]] = {}
        for line in (line for data in stands for line in data["funds"]["electricity"]["lines"]):
            if line["kind"] == "charge":
                register = (line["meter"], line["generation"])
                told[register] += line["energy_wh"]
                low, high = reach.get(register, (line["from_wh"], 0))
                reach[register] = min(low, line["from_wh"]), max(high, line["to_wh"])
        charged: Counter[tuple[str, int]] = Counter()
        for charge in self._charges:
            register = (charge["meter"], charge["generation"])
            low, high = reach.get(register, (0, 0))
            if low <= charge["from_wh"] and charge["to_wh"] <= high:
                charged[register] += charge["to_wh"] - charge["from_wh"]
        for register in told.keys() | charged.keys():
            name = f"{self._account} Wh of {register}"
            self._result.expect(name, told[register], charged[register])

    def _moved(self, one: Row, fund: str) -> int:
        """Return what a transfer adds to a fund."""
        is_in = one["credit"] == f"liability:tenant:{self._account}:{fund}"
        amount: int = one["amount"]
        return amount if is_in else -amount

    def _statement(
        self, row: Row, data: Mapping[str, Any], told: _Told, *, is_first: bool
    ) -> _Told:
        """Add one up; return all that is told by then."""
        result = self._result
        told_now = dict(told)
        result.statements += 1
        name = f"{self._account} {row['number']}"
        booked = int(row["anchor"].split("-")[0])
        for fund, part in data["funds"].items():
            transfers = self._funds[fund]
            known = told[fund]
            if is_first:
                known |= {one["id"] for one in transfers if one["effective_at"] < row["since"]}
            opening = sum(self._moved(one, fund) for one in transfers if one["id"] in known)
            mine = [
                one
                for one in transfers
                if one["id"] not in known
                and one["seq"] <= booked
                and one["effective_at"] < row["until"]
            ]
            result.late += sum(one["effective_at"] < row["since"] for one in mine)
            told_now[fund] = known | {one["id"] for one in mine}
            result.expect(f"{name} {fund} opening", units(part["opening"]), opening)
            closing_then = opening + sum(self._moved(one, fund) for one in mine)
            result.expect(f"{name} {fund} closing", units(part["closing"]), closing_then)
            self._compare_references(f"{name} {fund}", part["lines"])
            self._told_on |= {one["id"]: row["number"] for one in mine}
            self._add_lines(f"{name} {fund}", part)
            self._compare_lines(f"{name} {fund}", part["lines"], mine, fund)
            self._compare_taxes(f"{name} {fund}", data, part["lines"], fund)
        return told_now

    def _compare_references(self, name: str, lines: list[Any]) -> None:
        """Compare which statements are named, by what is given back and by what is corrected."""
        for line in lines:
            if (share := line.get("allocation", {})).get("reversed"):
                self._result.references += 1
                charged = self._told_on.get(line["transfer"].removesuffix(":reversed"))
                self._result.expect(f"{name} given back", share.get("statement"), charged)
            if (correction := line.get("correction")) is not None:
                query = "SELECT since, until FROM rerating WHERE run = ? AND account = ?"
                key = [correction["run"], self._account]
                since, until = self._book.execute(query, key).fetchone()
                on = [number for number, a, b in self._times if a < until and since < b]
                self._result.references += 1
                if correction["statements"] != on:
                    self._result.expect(f"{name} corrects {on}", 1, 0)

    def _add_lines(self, name: str, part: Mapping[str, Any]) -> None:
        """Add lines and groups up, exactly and as people see them."""
        result, lines = self._result, part["lines"]
        result.lines += len(lines)
        result.kinds.update(line["kind"] for line in lines)
        for opening, one, end in (
            ("opening", "amount", "closing"),
            ("opening_shown", "shown", "closing_shown"),
        ):
            total = units(part[opening]) + sum(units(line[one]) for line in lines)
            result.expect(f"{name} {one}", units(part[end]), total)
            for group in part["groups"]:
                mine = [line for line in lines if line["group"] == group["group"]]
                key = "shown" if one == "shown" else "amount"
                made = sum(units(line[key]) for line in mine)
                result.expect(f"{name} {group['group']}", units(group[key]), made)

    def _compare_lines(self, name: str, lines: list[Any], mine: list[Row], fund: str) -> None:
        """Compare each line with the rows of the ledger that it is made of."""
        result = self._result
        said: Counter[tuple[Any, ...]] = Counter()
        for line in lines:
            said[_key(line)] += units(line["amount"])
            if line["kind"] == "charge":
                result.expect(
                    f"{name} energy × price",
                    -units(line["amount"]),
                    line["energy_wh"] * units(line["price"]) // 1000,
                )
        ids = {one["id"] for one in mine}
        charges = [charge for charge in self._charges if charge["transfer_id"] in ids]
        made = self._made(charges, mine, fund)
        for key in said.keys() | made.keys():
            result.expect(f"{name} {key}", said[key], made[key])
        paid = sum(line["energy_wh"] for line in lines if line.get("price", "0").strip("0."))
        counted = sum(charge["to_wh"] - charge["from_wh"] for charge in charges)
        result.expect(f"{name} Wh", paid, counted)

    def _made(self, charges: list[Row], mine: list[Row], fund: str) -> Counter[tuple[Any, ...]]:
        """Return what lines must say: the sum of the rows behind each."""
        made: Counter[tuple[Any, ...]] = Counter()
        for charge in charges:
            made["charge", *_priced(charge)] -= charge["amount"]
        for one in mine:
            code, moved = one["code"], self._moved(one, fund)
            if code == "allocation":
                for key, amount in self._shares(one):
                    made[key] += amount
            elif code == "tax":
                made["tax", one["detail"]] += moved
            elif code not in _JOINED:
                made[code, one["id"]] += moved
            elif code != "charge":
                made[code, self._fees[one["id"]]["item"]] += moved
        return made

    def _shares(self, one: Row) -> Iterator[tuple[tuple[Any, ...], int]]:
        """Yield the lines that a transfer of a run must make."""
        _, run, *rest = one["id"].split(":")
        is_back = rest[-1] == "reversed"
        query = "SELECT content FROM allocation_share WHERE run = ? AND account = ?"
        (content,) = self._book.execute(query, [run, self._account]).fetchone()
        for line in json.loads(content):
            key = (
                *("allocation", run, is_back, line["pool"], line.get("basis", "")),
                *(line.get("weight", 0), line.get("total", 0), line["cost"], line["days"]),
                line.get("why", ""),
            )
            yield key, line["amount"] if is_back else -line["amount"]

    def _compare_taxes(self, name: str, data: Any, lines: list[Any], fund: str) -> None:
        """Compare taxes on top with their rate of what they are on."""
        counts = Counter({line["item"]: line["count"] for line in lines if line["kind"] == "tax"})
        for tax in data["taxes"]:
            if tax["fund"] != fund or tax["included"]:
                continue
            off = abs(units(tax["tax"]) * 1_000_000 - units(tax["base"]) * tax["ppm"])
            if off >= (counts[str(tax["ppm"])] + 1) * 1_000_000:
                self._result.expect(f"{name} tax {tax}", off, 0)


def _key(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a line is for."""
    kind = line["kind"]
    if kind == "charge":
        return (
            *(kind, line["meter"], line["generation"], line["tariff"], line["valid_from"]),
            *(line["revision"], line["period"], line["tier"], units(line["price"]) // 1000),
            int(line["estimated"]),
        )
    if kind == "allocation":
        share = line["allocation"]
        return (
            *(kind, share["run"], share["reversed"], share["pool"], share["basis"]),
            *(share["weight"], share["total"], units(share["cost"]), share["days"], share["why"]),
        )
    return (kind, line.get("item", "")) if kind in _JOINED else (kind, line["transfer"])


def _priced(charge: Row) -> tuple[Any, ...]:
    return (
        *(charge["meter"], charge["generation"], charge["tariff"], charge["tariff_valid_from"]),
        *(charge["revision"], charge["period"], charge["tier"], charge["price"]),
        charge["estimated"],
    )
