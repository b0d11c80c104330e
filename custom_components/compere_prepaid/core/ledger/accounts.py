"""The ledger accounts' names. A tenant's account is credit-normal: what is on it is theirs."""

from enum import StrEnum

from ..ids import AccountNumber


class Fund(StrEnum):
    """An account's two pots; they never mix."""

    ELECTRICITY = "electricity"
    SERVICE = "service"


CASH = "asset:cash"
OPENING = "equity:opening"
ADJUSTMENT = "equity:adjustment"


def tenant(account: AccountNumber, fund: Fund = Fund.ELECTRICITY) -> str:
    """Name the ledger account of a tenant's fund."""
    return f"liability:tenant:{account}:{fund}"


def energy_income(period: str) -> str:
    """Name the income account for energy sold in a tariff period."""
    return f"income:energy:{period}"
