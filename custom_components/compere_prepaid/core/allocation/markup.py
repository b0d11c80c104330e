"""Whether energy is sold for what it was bought: charges of tenants against the bills for it."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from ..ids import AccountNumber
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Spending
from ..money.amount import ZERO, Amount, Price
from ..prepayment.calendar import day_start
from .bills import all_bills, counting, share_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """What tenants were charged for energy in some days, and what the site paid for energy.

    Bought is what falls on the days of all bills that say how much energy they are for.
    """

    sold: Spending
    bought: Spending

    @property
    def sold_price(self) -> Price | None:
        """What a kWh cost tenants on average; None if they used none."""
        return _price(self.sold)

    @property
    def bought_price(self) -> Price | None:
        """What a kWh cost the site on average; None if no bill says so."""
        return _price(self.bought)

    @property
    def difference(self) -> Amount | None:
        """What tenants paid more than their energy was bought for; below zero less."""
        if not self.bought.energy_wh:
            return None
        cost = self.bought.amount * self.sold.energy_wh // self.bought.energy_wh
        return Amount(self.sold.amount - cost)


def markup_of(
    tx: LedgerTransaction,
    since: date,
    until: date,
    *,
    owner: AccountNumber | None,
    zone: ZoneInfo,
    coin: Amount,
) -> Markup:
    """Compare what was sold with what was bought; the owner's own use is not sold."""
    begin, end = day_start(since, zone), day_start(until, zone)
    energy_wh = amount = 0
    for bill in counting(all_bills(tx), since, until):
        if bill.energy_wh and (part := share_of(bill, since, until, coin)) is not None:
            energy_wh, amount = energy_wh + part.energy_wh, amount + part.amount
    sold = tx.energy_sold(begin, end)
    own = Spending(energy_wh=0, amount=ZERO) if owner is None else tx.spending(owner, begin, end)
    return Markup(
        sold=Spending(
            energy_wh=sold.energy_wh - own.energy_wh, amount=Amount(sold.amount - own.amount)
        ),
        bought=Spending(energy_wh=energy_wh, amount=Amount(amount)),
    )


def _price(spending: Spending) -> Price | None:
    """Return the average price; one Wh at a price is exact, so the division only cuts digits."""
    return Price(spending.amount // spending.energy_wh) if spending.energy_wh else None
