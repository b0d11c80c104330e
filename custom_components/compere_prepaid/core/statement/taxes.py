"""Taxes of a statement: at which rate, on what, how much; also those that prices contain.

Tax on top is booked of the sum of all that was charged so far (`tariff.tax`), so what a statement
has of it is its rate of the base to within one of the book's smallest units. A tax that prices
contain is booked nowhere: it is only told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from ..ledger.accounts import Fund
from ..money.amount import Amount
from ..tariff.model import NO_TAX, LineKind, Tariff, Tax
from ..tariff.tax import PPM
from .model import TaxLine

type Tariffs = Mapping[str, Tariff]


def tax_of(tariffs: Tariffs, name: str, valid_from: date, revision: int, kind: LineKind) -> Tax:
    """Return the tax of a tariff version on lines of a kind; none where it is not known."""
    tariff = tariffs.get(name)
    version = tariff.find_exact(valid_from, revision) if tariff else None
    return version.tax(kind) if version else NO_TAX


@dataclass(slots=True)
class Bases:
    """What was charged to a fund at each tax; with a tax that is included, the whole price."""

    of: dict[Tax, int] = field(default_factory=dict)

    def add(self, tax: Tax, amount: int) -> None:
        """Add what was charged (below zero: given back) at a tax."""
        if tax.ppm and amount:
            self.of[tax] = self.of.get(tax, 0) + amount

    def on_top(self, ppm: int) -> Amount:
        """Return what a tax on top is on."""
        return Amount(self.of.get(Tax(ppm, included=False), 0))

    def lines(self, fund: Fund, booked: Mapping[int, int]) -> Iterator[TaxLine]:
        """Yield the taxes of a fund, those on top (`booked` by rate) first."""
        on_top = {tax.ppm for tax in self.of if not tax.included} | booked.keys()
        for ppm in sorted(on_top):
            due, base = Amount(booked.get(ppm, 0)), self.on_top(ppm)
            if due or base:
                yield TaxLine(fund=fund, ppm=ppm, included=False, base=base, tax=due)
        for tax in sorted(tax for tax in self.of if tax.included):
            if gross := self.of[tax]:
                part = gross * tax.ppm // (PPM + tax.ppm)
                yield TaxLine(
                    fund=fund,
                    ppm=tax.ppm,
                    included=True,
                    base=Amount(gross - part),
                    tax=Amount(part),
                )
