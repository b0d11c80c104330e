"""Arrears: what tenants owe because they used more than they had paid for, and what that is beside.

What is used on credit below zero is owed. It is looked at once a day, when a day of 24 hours from
the beginning of the report is over. What billing afterwards would have outstanding is what is
charged in a day, times the days from use to payment, which only the user knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ..ids import AccountNumber
from ..money.amount import ZERO, Amount, Currency
from .figure import Figure, figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The accounts of a time: their electricity funds at the end of each day, what they used.

    All lists are equally long. `left_owing` is what those who moved out still owe, by account.
    """

    balances: Mapping[AccountNumber, Sequence[Amount]]
    charged: Amount
    days: int
    debts: Amount = ZERO
    """What is being recovered of older debts, at the end."""
    left: int = 0
    """How many moved out."""
    left_owing: Mapping[AccountNumber, Amount] = field(default_factory=dict)


def arrears_figures(
    standing: Standing,
    currency: Currency,
    *,
    days_outstanding: Decimal | None,
    bad_debts_before: Decimal | None,
) -> tuple[Figure, ...]:
    """Return what is owed, and what would be if it was billed afterwards."""
    owed = _daily(standing, sign=-1)
    prepaid = _daily(standing, sign=1)
    note = "at_the_end_of_each_day"

    def sums(name: str, daily: Sequence[int]) -> Figure:
        total = currency.exact(Amount(sum(daily)))
        return figure(name, "money", "total / days", note, total=total, days=len(daily))

    average_owed, average_prepaid = sums("arrears_average", owed), sums("prepaid_average", prepaid)
    charged = currency.exact(standing.charged)
    postpaid = figure(
        "arrears_if_billed_afterwards",
        "money",
        "charged / days * days_outstanding",
        charged=charged,
        days=standing.days,
        days_outstanding=days_outstanding,
    )
    bad = currency.exact(Amount(sum(standing.left_owing.values())))
    return (
        figure(
            "arrears_peak", "money", "owed", note, owed=currency.exact(Amount(max(owed, default=0)))
        ),
        figure(
            "arrears_now", "money", "owed", owed=currency.exact(Amount(owed[-1] if owed else 0))
        ),
        average_owed,
        average_prepaid,
        postpaid,
        figure(
            "arrears_avoided",
            "money",
            "billed_afterwards - average_owed",
            billed_afterwards=postpaid.value,
            average_owed=average_owed.value,
        ),
        figure("older_debts", "money", "owed", owed=currency.exact(standing.debts)),
        figure(
            "bad_debts",
            "money",
            "owed",
            owed=bad,
            moved_out=standing.left,
            of_them_owing=len(standing.left_owing),
        ),
        figure(
            "bad_debts_avoided",
            "money",
            "bad_debts_before - bad_debts",
            bad_debts_before=bad_debts_before,
            bad_debts=bad,
        ),
    )


def _daily(standing: Standing, sign: int) -> list[int]:
    """Return for each day the sum of all balances that are above (1) or below (-1) zero."""
    return [
        sum(max(0, sign * balance) for balance in of_day)
        for of_day in zip(*standing.balances.values(), strict=True)
    ]
