"""Audit of what is charged besides energy: by the day, or at the end of a month."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .book import Book, Row
from .tariffs import Tariffs, Version

_FEES = "SELECT * FROM fee WHERE site = :site ORDER BY account, kind, day, item"
_KINDS = frozenset({"standing", "service", "minimum", "demand"})
_BY_THE_DAY = frozenset({"standing", "service"})


@dataclass(slots=True)
class Fees:
    """What all fees add up to."""

    net: dict[tuple[str, str, int], int] = field(default_factory=dict)
    """Amount before tax, by account, fund and tax rate."""
    agreed: int = 0
    """The sum of fingerprints that the fees' transfers must have made."""
    through: dict[tuple[str, bool], str] = field(default_factory=dict)
    """The last day of an account's fees by the day (True), or by the month."""


def fund_of(kind: str) -> str:
    """Return which fund pays a kind of fee."""
    return "service" if kind == "service" else "electricity"


def audit_fees(book: Book, tariffs: Tariffs) -> Fees:
    """Check what each fee costs, and that the tariff says so."""
    fees = Fees()
    for row in book.rows(_FEES):
        account, kind, day = row["account"], row["kind"], row["day"]
        name = _name(row)
        amount, ppm = row["amount"], row["tax_ppm"]
        fees.agreed += hash(expected_transfer(row))
        fits = row["transfer_id"] == _transfer_id(row)
        book.expect(fits, f"{name}: its transfer is called {row['transfer_id']}")
        net = (account, fund_of(kind), ppm)
        fees.net[net] = fees.net.get(net, 0) + amount
        place = (account, kind in _BY_THE_DAY)
        fees.through[place] = max(fees.through.get(place, ""), day)
        _audit_price(book, tariffs, name, row)
    return fees


def expected_transfer(row: Row) -> tuple[str, str, str, int, str, str, str]:
    """Return what the transfer of a fee must say."""
    tariff, revision, ppm = row["tariff"], row["revision"], row["tax_ppm"]
    return (
        _transfer_id(row),
        f"liability:tenant:{row['account']}:{fund_of(row['kind'])}",
        f"income:{row['kind']}",
        row["amount"],
        row["kind"],
        "posted",
        f"{row['quantity']}|{row['tariff_valid_from']}|{revision}|{ppm}|{len(tariff)}|{tariff}",
    )


def _name(row: Row) -> str:
    item = f" ({row['item']})" if row["item"] else ""
    return f"{row['kind']} of {row['account']} on {row['day']}{item}"


def _transfer_id(row: Row) -> str:
    item = f":{row['item']}" if row["item"] else ""
    return f"fee:{row['account']}:{row['kind']}:{row['day']}{item}"


def _audit_price(book: Book, tariffs: Tariffs, name: str, row: Row) -> None:
    """Compare a fee with its tariff, as far as the tariff alone tells."""
    version = Version(row["tariff"], row["tariff_valid_from"], row["revision"])
    kind, amount = row["kind"], row["amount"]
    day = day_of(row["day"])
    if kind not in _KINDS or day is None:
        book.fault(f"{name}: there is no such fee")
        return
    if tariffs.find(version) is None:
        book.fault(f"{name}: its tariff {version} is not in the book")
        return
    ppm = tariffs.excluded_tax(version, kind)
    book.expect(row["tax_ppm"] == ppm, f"{name}: is taxed by another rate than its tariff says")
    if not _costs(tariffs, version, row, day):
        book.fault(f"{name}: {version} does not say that it costs {book.money(amount)}")
    if kind not in _BY_THE_DAY:
        book.expect(day.day == 1, f"{name}: is for a month, but not filed under its first day")


def _costs(tariffs: Tariffs, version: Version, row: Row, day: date) -> bool:
    """Tell whether a version may have made this fee of this day or month."""
    kind, amount = row["kind"], row["amount"]
    if kind in _BY_THE_DAY:
        return bool(tariffs.day_fee(version, kind, day) == amount and not row["item"])
    if kind == "minimum":
        return bool(0 < amount <= tariffs.minimum(version) and not row["item"])
    return amount in tariffs.demand_fees(version, row["item"], row["quantity"], day)


def day_of(text: Any) -> date | None:
    """Read a calendar day; None for what is none."""
    try:
        day = date.fromisoformat(text)
    except TypeError, ValueError:
        return None
    return day if day.isoformat() == text else None
