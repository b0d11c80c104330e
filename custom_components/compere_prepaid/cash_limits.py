"""Up to what one person may act alone at the cash desk: an option of the site, off by default."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from .core.money.amount import Amount, Currency

OPTION_CASH_DESK = "cash_desk"
"""The key of the site's options that holds an amount (as text) for each `Guarded`."""


class Guarded(StrEnum):
    """What may need a second person, by the option's field."""

    TOP_UP = "top_up_limit"
    """Money in: top-ups and deposits."""
    REFUND = "refund_limit"
    REVERSAL = "reversal_limit"
    ADJUSTMENT = "adjustment_limit"


def limit_of(options: Mapping[str, Any], currency: Currency, guarded: Guarded) -> Amount | None:
    """Return above which total a second person is needed; None where nobody is."""
    text = options.get(OPTION_CASH_DESK, {}).get(guarded)
    return currency.parse(text) if text else None
