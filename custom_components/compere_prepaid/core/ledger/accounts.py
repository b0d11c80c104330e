"""The ledger accounts' names. A tenant's account is credit-normal: what is on it is theirs."""

from enum import StrEnum

from ..ids import AccountNumber


class Fund(StrEnum):
    """An account's two pots; they never mix."""

    ELECTRICITY = "electricity"
    SERVICE = "service"


CASH = "asset:cash"
BANK = "asset:bank"
CASH_DIFFERENCE = "expense:cash_difference"
SUSPENSE = "liability:suspense"
"""What was paid and nobody can be credited with yet."""
OPENING = "equity:opening"
ADJUSTMENT = "equity:adjustment"
TAX = "liability:tax"
SHARED_COSTS = "income:shared"
"""What accounts bear of common costs; which pools it is for is in their shares of the run."""
ROUNDING = "income:rounding"
CORRECTION = "income:correction"


def tenant(account: AccountNumber, fund: Fund = Fund.ELECTRICITY) -> str:
    """Name the ledger account of a tenant's fund."""
    return f"liability:tenant:{account}:{fund}"


def energy_income(period: str) -> str:
    """Name the income account for energy sold in a tariff period."""
    return f"income:energy:{period}"


def fee_income(kind: str) -> str:
    """Name the income account for charges of a kind that are not for energy."""
    return f"income:{kind}"


def debt_of(account: AccountNumber, name: str) -> str:
    """Name the ledger account that holds what a tenant owes of a debt (debit-normal)."""
    return f"asset:debt:{account}:{name}"


def deposit_of(account: AccountNumber) -> str:
    """Name the ledger account that holds a tenant's deposit."""
    return f"liability:deposit:{account}"


def clearing(provider: str) -> str:
    """Name the ledger account of what a provider took and has not settled yet (debit-normal)."""
    return f"asset:clearing:{provider}"


def gateway_fee(provider: str) -> str:
    """Name the ledger account of what a provider keeps for its service."""
    return f"expense:gateway_fee:{provider}"
