"""Where a top-up goes, in the order of the rules: debts first, then what was used on credit.

1. a share of the top-up for each debt that is recovered so, up to its cap of the week
2. instalments of debts that fell due and could not be taken
3. credit below the cut-off: what was used, or charged, after the supply should have ended
4. emergency credit in use
5. the balance

Steps 1 and 2 move money to the debts; 3 to 5 say what the rest of it, which stays in the fund,
makes good. The order is the one of prepayment meters in Great Britain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json

from ..money.amount import ZERO, Amount

PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What may be taken out of a top-up for one debt."""

    name: str
    outstanding: Amount
    ppm: int = 0
    """The share of each top-up; 0 for a debt that is paid by instalments."""
    week_left: Amount | None = None
    """What the cap leaves for this week; None where there is no cap."""
    due: Amount = ZERO
    """Instalments that fell due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """Every step of a top-up; they add up to its amount."""

    percent_debts: Mapping[str, Amount] = field(default_factory=dict)
    time_debts: Mapping[str, Amount] = field(default_factory=dict)
    below_cut_off: Amount = ZERO
    emergency: Amount = ZERO
    balance: Amount = ZERO
    before: Amount = ZERO
    """The fund before the top-up."""
    after: Amount = ZERO

    @property
    def debts(self) -> Mapping[str, Amount]:
        """What each debt gets, one way or the other."""
        both = dict(self.percent_debts)
        for name, amount in self.time_debts.items():
            both[name] = Amount(both.get(name, 0) + amount)
        return both

    @property
    def amount(self) -> Amount:
        """What was paid."""
        steps = (self.below_cut_off, self.emergency, self.balance)
        return Amount(sum(self.debts.values()) + sum(steps))

    def text(self) -> str:
        """Return the steps as canonical JSON, in the book's smallest unit."""
        data = {
            "percent_debts": dict(self.percent_debts),
            "time_debts": dict(self.time_debts),
            "below_cut_off": self.below_cut_off,
            "emergency": self.emergency,
            "balance": self.balance,
            "before": self.before,
            "after": self.after,
        }
        return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def of(cls, text: str) -> Waterfall:
        """Read back what `text` wrote."""
        return cls(**json.loads(text))


def pour(
    amount: Amount,
    debts: tuple[Owed, ...],
    *,
    fund: Amount,
    floor: Amount,
    emergency: Amount,
) -> Waterfall:
    """Return where a top-up goes.

    `floor` is down to where the fund may fall before the supply is cut (cut-off less credit limit,
    less the emergency credit in use); `emergency` lies right above it.
    """
    left = int(amount)
    percent: dict[str, Amount] = {}
    for debt in debts:
        share = min(amount * debt.ppm // PPM, debt.outstanding, left)
        if debt.week_left is not None:
            share = min(share, debt.week_left)
        if share > 0:
            percent[debt.name] = Amount(share)
            left -= share
    instalments: dict[str, Amount] = {}
    for debt in debts:
        share = min(debt.due, debt.outstanding - percent.get(debt.name, 0), left)
        if share > 0:
            instalments[debt.name] = Amount(share)
            left -= share
    below = min(left, max(0, floor - fund))
    repaid = min(left - below, max(0, floor + emergency - max(fund, floor)))
    return Waterfall(
        percent_debts=percent,
        time_debts=instalments,
        below_cut_off=Amount(below),
        emergency=Amount(repaid),
        balance=Amount(left - below - repaid),
        before=fund,
        after=Amount(fund + left),
    )
