"""Audit of the energy: charges tile what the registers counted, each at a price of its tariff.

A register generation is charged from its first reading to its bill mark. Every Wh in between lies
in exactly one charge; every charge that costs something has its transfer, which repeats what it was
for, and that is covered by the transfers' chain. Whether both say the same is found out by summing
up fingerprints of what each says; only where the sums differ they are laid side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from .book import Book, Row, parsed
from .old_charges import audit_old_charge
from .tariffs import Tariffs, Version

type Register = tuple[str, int]

_GENERATIONS = """
    SELECT g.*, m.wh, m.at, m.registers FROM register_generation g
    LEFT JOIN bill_mark m
    ON m.site = g.site AND m.meter = g.meter AND m.generation = g.generation
    WHERE g.site = :site ORDER BY g.meter, g.generation
"""
_CHARGES = """
    SELECT meter, generation, from_wh, to_wh, from_at, to_at, account, tariff, tariff_valid_from,
           revision, period, tier, price, amount, estimated, transfer_id, hash
    FROM charge WHERE site = :site ORDER BY meter, generation, from_wh
"""
_PRICED = """
    SELECT meter, generation, from_wh FROM charge
    WHERE site = :site AND tariff = :tariff AND tariff_valid_from = :valid_from
      AND revision = :revision AND period = :period AND tier = :tier AND price = :price
    ORDER BY meter, generation, from_wh
"""
_BY_ACCOUNT = """
    SELECT account, SUM(to_wh - from_wh) AS wh FROM charge WHERE site = :site GROUP BY account
"""
_STRAY_MARKS = """
    SELECT m.meter, m.generation FROM bill_mark m
    LEFT JOIN register_generation g
    ON g.site = m.site AND g.meter = m.meter AND g.generation = m.generation
    WHERE m.site = :site AND g.meter IS NULL
"""


class Use(NamedTuple):
    """What charges have in common whose energy is added up."""

    account: str
    tariff: str
    valid_from: str
    revision: int
    period: str
    tier: int
    price: int

    @property
    def version(self) -> Version:
        """By which version of a tariff it was charged."""
        return Version(self.tariff, self.valid_from, self.revision)


@dataclass(slots=True)
class Reach:
    """How far the charges of a register generation reach."""

    wh: int
    at: int
    hash: str = ""


@dataclass(slots=True)
class Energy:
    """What all charges add up to."""

    charged_wh: int = 0
    register_wh: int = 0
    used: dict[Use, int] = field(default_factory=dict)
    """Wh."""
    charged: dict[Register, tuple[int, int]] = field(default_factory=dict)
    """From where to where each register is charged, in Wh."""
    agreed: int = 0
    """The sum of fingerprints that the charges' transfers must have made."""


def audit_energy(book: Book, tariffs: Tariffs) -> Energy:
    """Check charges, registers, marks and prices."""
    generations = list(book.rows(_GENERATIONS))
    tiled = {_register(row): Reach(row["start_wh"], row["start_at"]) for row in generations}
    charges = _Charges(book, tiled)
    for rows in book.batches(_CHARGES):
        charges.take(rows)
    charges.finish()
    energy = charges.energy
    for row in generations:
        if (end_wh := tiled[_register(row)].wh) > row["start_wh"]:
            energy.charged[_register(row)] = (row["start_wh"], end_wh)
    for row in book.rows(_STRAY_MARKS):
        name = f"register {row['meter']}/{row['generation']}"
        book.fault(f"{name}: has a bill mark but was never opened")
    _audit_order(book, generations)
    energy.register_wh = sum(
        _audit_generation(book, row, tiled[_register(row)]) for row in generations
    )
    _compare_lookups(book, energy)
    _audit_prices(book, tariffs, energy)
    return energy


def _register(row: Row) -> Register:
    return row["meter"], row["generation"]


@dataclass(slots=True)
class _Charges:
    """Follows the charges, register by register."""

    book: Book
    tiled: dict[Register, Reach]
    energy: Energy = field(default_factory=Energy)
    register: Register = ("", 0)
    reach: Reach = field(default_factory=lambda: Reach(0, 0))
    used: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def take(self, rows: list[Any]) -> None:
        """Take charges in the order of their key."""
        reach, agreed, used = self.reach, self.energy.agreed, self.used
        for row in rows:
            (
                meter, generation, from_wh, to_wh, from_at, to_at, account, tariff, valid_from,
                revision, period, tier, price, amount, estimated, transfer_id, own_hash,
            ) = row  # fmt: skip
            if (meter, generation) != self.register:
                reach = self._turn_to(meter, generation, from_wh, from_at)
            wh = to_wh - from_wh
            if (
                from_wh != reach.wh
                or not reach.at <= from_at <= to_at
                or wh <= 0
                or price < 0
                or amount != wh * price
            ):
                self._explain(row, reach)
            use = (account, tariff, valid_from, revision, period, tier, price)
            used[use] = used.get(use, 0) + wh
            if own_hash or not amount:
                self._take_special(row, reach)
            else:
                detail = (
                    f"{from_wh}|{to_wh}|{from_at}|{to_at}|{valid_from}|{revision}|{tier}|{price}|"
                    f"{estimated}|{len(tariff)}|{tariff}|{period}"
                )
                name = f"chg:{meter}:{generation}:{from_wh}"
                if transfer_id != name:
                    self.book.fault(f"charge {name[4:]}: its transfer is called {transfer_id}")
                agreed += hash(
                    (
                        name,
                        f"liability:tenant:{account}:electricity",
                        f"income:energy:{period}",
                        amount,
                        "charge",
                        "posted",
                        detail,
                    )
                )
            reach.wh, reach.at, reach.hash = to_wh, to_at, own_hash
        self.reach, self.energy.agreed = reach, agreed

    def finish(self) -> None:
        """Say what was used in the words of others."""
        self.energy.used = {Use(*use): wh for use, wh in self.used.items()}
        self.energy.charged_wh = sum(self.energy.used.values())

    def _turn_to(self, meter: str, generation: int, from_wh: int, from_at: int) -> Reach:
        self.register = (meter, generation)
        reach = self.tiled.get(self.register)
        if reach is None:
            self.book.fault(f"charge {meter}/{generation} at {from_wh} Wh: no such register")
            return Reach(from_wh, from_at)
        return reach

    def _explain(self, row: Any, reach: Reach) -> None:
        """Say what is wrong with a charge's place or amount."""
        book, (meter, generation, from_wh, to_wh, from_at, to_at) = self.book, row[:6]
        price, amount = row[12:14]
        name = f"charge {meter}/{generation} at {from_wh} Wh"
        gap = from_wh - reach.wh
        book.expect(gap <= 0, f"{name}: {gap} Wh before it are not charged")
        book.expect(gap >= 0, f"{name}: {-gap} Wh are charged twice")
        book.expect(to_wh > from_wh, f"{name}: charges nothing")
        book.expect(reach.at <= from_at <= to_at, f"{name}: its times are out of order")
        book.expect(price >= 0, f"{name}: its price is below 0")
        cost = (to_wh - from_wh) * price
        book.expect(
            amount == cost,
            f"{name}: costs {book.money(amount)}, Wh × price is {book.money(cost)}",
        )

    def _take_special(self, row: Any, reach: Reach) -> None:
        """Look at a charge that carries a hash: a free one, or one of version 1."""
        (
            meter, generation, from_wh, to_wh, from_at, to_at, account, tariff, valid_from,
            revision, period, tier, price, amount, estimated, transfer_id, own_hash,
        ) = row  # fmt: skip
        name = f"charge {meter}/{generation} at {from_wh} Wh"
        if not amount:
            self.book.expect(transfer_id is None, f"{name}: is free, but a transfer pays for it")
            text = (
                f"compere_prepaid charge 2|{meter}|{generation}|{account}|"
                f"{from_wh}|{to_wh}|{from_at}|{to_at}|{valid_from}|{revision}|{tier}|{price}|"
                f"{estimated}|{len(tariff)}|{tariff}|{period}"
            )
            if own_hash == sha256(text.encode()).hexdigest():
                return
        audit_old_charge(self.book, name, row, reach.hash)


def _audit_order(book: Book, generations: list[Row]) -> None:
    """Check that a meter's generations are numbered from 1, and only its last one is open."""
    before: Row | None = None
    for row in generations:
        name = f"register {row['meter']}/{row['generation']}"
        same = before is not None and before["meter"] == row["meter"]
        number = before["generation"] + 1 if before is not None and same else 1
        book.expect(row["generation"] == number, f"{name}: generation {number} is missing")
        ended = before is None or not same or before["closed_at"] is not None
        book.expect(ended, f"{name}: was opened while another generation is open")
        before = row


def _audit_generation(book: Book, row: Row, tiled: Reach) -> int:
    """Compare a generation's bill mark and end with its charges; return what it advanced."""
    name = f"register {row['meter']}/{row['generation']}"
    book.expect(row["multiplier"] > 0, f"{name}: multiplies by {row['multiplier']}")
    if row["wh"] is None:
        book.fault(f"{name}: has no bill mark")
        return 0
    told = row["registers"] == "" or isinstance(parsed(row["registers"]), Mapping)
    book.expect(told, f"{name}: its bill mark's own registers cannot be read")
    book.expect(
        row["wh"] == tiled.wh and row["at"] >= tiled.at,
        f"{name}: its bill mark says {row['wh']} Wh, its charges end at {tiled.wh} Wh",
    )
    open_ended = row["closed_at"] is None and row["closed_wh"] is None
    closed = row["closed_wh"] == row["wh"] and (row["closed_at"] or 0) >= row["at"]
    book.expect(
        open_ended or closed, f"{name}: was not closed at the reading that it is charged up to"
    )
    return int((row["wh"] if row["closed_wh"] is None else row["closed_wh"]) - row["start_wh"])


def _compare_lookups(book: Book, energy: Energy) -> None:
    """Check that a look-up by account finds what was charged to it.

    Balances between postings lean on this look-up, which the engine answers from an index.
    """
    charged: dict[str, int] = {}
    for use, wh in energy.used.items():
        charged[use.account] = charged.get(use.account, 0) + wh
    found = {row["account"]: int(row["wh"]) for row in book.rows(_BY_ACCOUNT)}
    for account in sorted(found.keys() | charged.keys()):
        says, has = found.get(account, 0), charged.get(account, 0)
        book.expect(
            says == has, f"account {account}: a look-up finds {says} Wh, its charges have {has} Wh"
        )


def _audit_prices(book: Book, tariffs: Tariffs, energy: Energy) -> None:
    """Check that the tariff versions have the prices that were charged."""
    for use in sorted({use[1:] for use in energy.used}):
        version, (period, tier, price) = Version(*use[:3]), use[3:]
        prices = tariffs.prices(version, period, tier)
        if price in prices:
            continue
        if tariffs.find(version) is None:
            fault = f"its tariff {version} is not in the book"
        else:
            has = " or ".join(_per_kwh(book, each) for each in sorted(prices)) or "none"
            fault = (
                f"was charged {_per_kwh(book, price)} per kWh, "
                f"its tariff has {has} for this period and tier"
            )
        priced = dict(zip(("tariff", "valid_from", "revision"), version, strict=True))
        priced |= {"period": period, "tier": tier, "price": price}
        for row in book.rows(_PRICED, **priced):
            book.fault(f"charge {row['meter']}/{row['generation']} at {row['from_wh']} Wh: {fault}")


def _per_kwh(book: Book, price: int) -> str:
    return book.money(price * 1000)
