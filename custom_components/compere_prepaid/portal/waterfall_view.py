"""Where a payment goes, step by step, as the page shows it."""

from ..account_view import exact_text
from ..core.money.amount import Amount, Currency
from ..core.prepayment.waterfall import Waterfall


def steps_of(currency: Currency, steps: Waterfall) -> list[dict[str, str]]:
    """Return the steps that something goes to, in the order in which they are taken."""
    found: list[tuple[str, str, Amount]] = [
        *(("percent_debt", name, amount) for name, amount in steps.percent_debts.items()),
        *(("time_debt", name, amount) for name, amount in steps.time_debts.items()),
        ("below_cut_off", "", steps.below_cut_off),
        ("emergency", "", steps.emergency),
        ("balance", "", steps.balance),
    ]
    return [
        {"kind": kind, "name": name, "amount": exact_text(currency, amount)}
        for kind, name, amount in found
        if amount
    ]
