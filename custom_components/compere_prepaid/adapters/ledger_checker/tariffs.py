"""What the tariff versions in the book say of prices, fees and taxes, read by the auditor itself.

A version is JSON with exact decimals as text. Which season, calendar day or month's length applied
is not asked where that would take the site's calendar: then any price will do that the version has
for this period and tier.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from .book import Book, parsed

_UNREADABLE = (AttributeError, IndexError, InvalidOperation, KeyError, TypeError, ValueError)
_DEMAND_MINUTES = 15


class Version(NamedTuple):
    """Which version of which tariff."""

    tariff: str
    valid_from: str
    revision: int

    @property
    def text(self) -> str:
        """The name of its document."""
        return self.valid_from + (f"#{self.revision}" if self.revision != 1 else "")

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.tariff} of {self.text}"


@dataclass(slots=True)
class Tariffs:
    """The tariff versions of a book, by name and document version."""

    scale: int
    documents: dict[tuple[str, str], Any] = field(default_factory=dict)
    _taxes: dict[tuple[Version, str], int] = field(default_factory=dict)
    _fees: dict[tuple[Version, str], tuple[int, int] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, book: Book) -> Tariffs:
        """Read all versions, and check that each is what it is filed as."""
        tariffs = cls(book.scale)
        query = "SELECT name, version, content FROM document WHERE site = :site AND kind = 'tariff'"
        for row in book.rows(query):
            data = parsed(row["content"])
            name = f"tariff {row['name']} of {row['version']}"
            if not isinstance(data, Mapping):
                book.fault(f"{name}: cannot be read")
                continue
            own = Version(row["name"], *_day_and_revision(row["version"]))
            said = Version(
                data.get("name", own.tariff),
                data.get("valid_from", own.valid_from),
                data.get("revision", own.revision),
            )
            filed = said == own and data.get("currency", book.currency) == book.currency
            book.expect(filed, f"{name}: is filed under a wrong name, day or currency")
            tariffs.documents[row["name"], row["version"]] = data
        return tariffs

    def find(self, version: Version) -> Any:
        """Return a version's document; None if there is none."""
        return self.documents.get((version.tariff, version.text))

    def prices(self, version: Version, period: str, tier: int) -> frozenset[int]:
        """Return what a kWh may cost in a period and tier (1 is the first), as charges count it."""
        try:
            found = _prices(self.find(version), period, tier)
        except _UNREADABLE:
            return frozenset()
        return frozenset(self._whole(price, self.scale - 3) for price in found)

    def excluded_tax(self, version: Version, line: str) -> int:
        """Return the tax that comes on top of a kind of line, in millionths."""
        place = (version, line)
        if place not in self._taxes:
            self._taxes[place] = self._read_tax(version, line)
        return self._taxes[place]

    def day_fee(self, version: Version, kind: str, day: date) -> int | None:
        """Return the standing or service charge of a day, with its share of the month's."""
        place = (version, kind)
        if place not in self._fees:
            self._fees[place] = self._read_fee(version, kind)
        if (fee := self._fees[place]) is None:
            return None
        per_day, month = fee
        days = monthrange(day.year, day.month)[1]
        return per_day + month * day.day // days - month * (day.day - 1) // days

    def minimum(self, version: Version) -> int:
        """Return what a month costs at least."""
        try:
            return self._amount(self.find(version)["minimum_per_month"])
        except _UNREADABLE:
            return 0

    def demand_fees(self, version: Version, item: str, quantity: int, month: date) -> set[int]:
        """Return what a demand may cost, for any number of days of the month."""
        days = monthrange(month.year, month.month)[1]
        try:
            for entry in self.find(version)["demand"]:
                if demand_item(entry) == item:
                    whole = self._demand(entry["prices"], quantity)
                    return {whole * count // days for count in range(1, days + 1)}
        except _UNREADABLE:
            pass
        return set()

    def demand_items(self) -> set[str]:
        """Return all that any version measures."""
        found = set()
        for data in self.documents.values():
            try:
                found |= {demand_item(entry) for entry in data.get("demand", ())}
            except _UNREADABLE:
                continue
        return found

    def _read_tax(self, version: Version, line: str) -> int:
        try:
            tax = self.find(version).get("tax", {})
            own = tax.get("lines", {}).get(line, tax)
            return 0 if own.get("included") else self._whole(Decimal(own.get("percent", 0)), 4)
        except _UNREADABLE:
            return 0

    def _read_fee(self, version: Version, kind: str) -> tuple[int, int] | None:
        try:
            fee = self.find(version)[kind]
            return self._amount(fee.get("per_day", 0)), self._amount(fee.get("per_month", 0))
        except _UNREADABLE:
            return None

    def _demand(self, steps: Sequence[Any], quantity: int) -> int:
        cost = reached = 0
        for step in steps:
            end = self._whole(Decimal(step["up_to"]), 3) if "up_to" in step else quantity
            end = min(end, quantity)
            cost += max(0, end - reached) * self._whole(Decimal(step["price"]), self.scale - 3)
            reached = max(reached, end)
        return cost

    def _amount(self, text: object) -> int:
        return self._whole(Decimal(str(text)), self.scale)

    def _whole(self, number: Decimal, digits: int) -> int:
        """Return a number × 10 to the power of `digits`; -1 where that is not whole."""
        scaled = number.scaleb(digits)
        return int(scaled) if scaled == scaled.to_integral_value() else -1


def demand_item(entry: Mapping[str, Any]) -> str:
    """Name what a tariff measures as fees and peaks do."""
    period = entry.get("period", "")
    minutes = entry.get("minutes", _DEMAND_MINUTES)
    return f"{entry['quantity']}|{minutes}|{len(period)}|{period}|{entry['name']}"


def _day_and_revision(version: str) -> tuple[str, int]:
    day, _, revision = version.partition("#")
    return day, int(revision) if revision.isdecimal() else 1


def _prices(tariff: Any, period: str, tier: int) -> set[Decimal]:
    """Return a tariff's prices per kWh in a period and tier, of all its seasons."""
    tiers = tariff.get("tiers") or ()
    ladder = tiers.get(period, ()) if isinstance(tiers, Mapping) else tiers
    if tier < 1 or tier > max(1, len(ladder)):
        return set()
    step = ladder[tier - 1] if ladder else {}
    if "price" in step:
        return {Decimal(step["price"])}
    if "prices" in step:
        return {Decimal(step["prices"][period])}
    adder = Decimal(step.get("adder", 0))
    usual = _price(tariff, period)
    seasons = {_in_season(season, period, usual) for season in tariff.get("seasons", ())}
    return {price + adder for price in {usual, *seasons}}


def _price(tariff: Any, period: str) -> Decimal:
    """Return the usual price of a period: a number, or so much more than the base price."""
    price = tariff["prices"][period]
    if isinstance(price, str) and price.endswith("%"):
        return _plus(Decimal(tariff["base_price"]), price.removesuffix("%").strip())
    return Decimal(price)


def _in_season(season: Any, period: str, usual: Decimal) -> Decimal:
    return (
        _plus(usual, season["percent"])
        if "percent" in season
        else Decimal(season["prices"][period])
    )


def _plus(price: Decimal, percent: Any) -> Decimal:
    return price * (100 + Decimal(percent)) / 100
