"""Paying: what can be paid how, and what becomes of it."""

from ..core.errors import InvalidInputError
from .call import Call, Json
from .gate import Route
from .sessions import Level


async def terms(call: Call) -> Json:
    """Tell how much can be paid, and how."""
    currency, policy = call.site.currency, call.account.policy
    amounts = []
    for each in call.portal.settings.amounts:
        try:
            amount = currency.parse_positive(each)
        except InvalidInputError:
            continue
        highest = policy.maximum_top_up
        if amount >= policy.minimum_top_up and (highest is None or amount <= highest):
            amounts.append(f"{currency.rounded(amount):f}")
    least = max(policy.minimum_top_up, 10 ** (currency.scale - currency.digits))
    highest = policy.maximum_top_up
    return {
        "amounts": amounts,
        "minimum": f"{currency.rounded(least):f}",
        "maximum": None if highest is None else f"{currency.rounded(highest):f}",
        "currency": currency.code,
        "providers": [],
    }


ROUTES = (Route("GET", "/api/terms", terms, Level.NUMBER),)
