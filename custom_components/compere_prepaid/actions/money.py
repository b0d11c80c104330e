"""Money: top-ups, corrections, refunds, reversals, deposits, debts and emergency credit."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import exact_text
from ..action_targets import accounts_named
from ..authority import Duty, async_require_manager
from ..core.ids import AccountNumber
from ..core.ledger.accounts import Fund
from ..core.money.amount import Amount
from ..core.prepayment.batches import BatchCall
from ..core.prepayment.cashier import Credited
from ..core.prepayment.debt_desk import PERS, DebtTerms
from ..core.prepayment.undoing import TOP_UP
from ..site import CompereSite
from .batched import batch_answer, batch_call
from .fields import (
    MANY,
    ONE_ACCOUNT,
    REFERENCE,
    WRITTEN,
    Action,
    amount_of,
    millionths,
    reference_of,
    written,
)
from .receipts import get_receipt, refund_state, waterfall_data

FUND = vol.In([fund.value for fund in Fund])


def booked_data(
    site: CompereSite, call: BatchCall, results: Mapping[AccountNumber, Credited]
) -> Callable[[str], Mapping[str, Any]]:
    """Return what says what is answered of each account's money that a call moved.

    What is only rehearsed has no place in the ledger yet, so no receipt.
    """

    def data(number: str) -> Mapping[str, Any]:
        if (credited := results.get(AccountNumber(number))) is None:
            return {}
        booked = _booked(site, credited)
        if credited.steps:
            booked["waterfall"] = waterfall_data(site, credited.steps)
        if call.dry_run and not credited.replayed:
            booked["receipt"] = None
        return booked

    return data


def _booked(site: CompereSite, credited: Credited) -> dict[str, Any]:
    """Return what is answered of every movement of money."""
    return {
        "transfer": credited.transfer,
        "balance": f"{site.currency.rounded_down(credited.balance):f}",
        "receipt": credited.receipt,
        "replayed": credited.replayed,
    }


async def _top_up(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    amount = site.currency.parse_positive(written(call.data["amount"]))
    fund, reference = Fund(call.data["fund"]), reference_of(call)
    asked = {"amount": f"{site.currency.rounded(amount):f}", "fund": fund.value}
    many = batch_call(site, call, TOP_UP, user, **asked)
    many.reference = reference
    results = await site.cashier.top_up(
        accounts_named(hass, site, call.data),
        amount,
        reference=reference,
        fund=fund,
        user=user,
        call=many,
    )
    answer = await batch_answer(hass, many, booked_data(site, many, results))
    booked = sum(not credited.replayed for credited in results.values())
    answer["totals"]["amount"] = f"{site.currency.rounded(Amount(amount * booked)):f}"
    return answer


async def _adjust_balance(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    credited = await site.cashier.adjust(
        call.data["account"],
        amount_of(site, call),
        reason=call.data["reason"],
        reference=reference_of(call),
        user=user,
    )
    return _booked(site, credited)


async def _refund(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Reserve a refund and, at a cash desk, pay it out at once; a repeated call goes on."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    number, reference = call.data["account"], call.data["reference"]
    credited = await site.refunds.reserve(
        number,
        site.currency.parse_positive(written(call.data["amount"])),
        reference=reference,
        reason=call.data["reason"],
        fund=Fund(call.data["fund"]),
        user=user,
    )
    if not call.data["reserve_only"]:
        credited = await site.refunds.resolve(number, reference, paid=True, user=user)
    return _booked(site, credited) | {"state": await refund_state(site, number, reference)}


async def _resolve_refund(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    number, reference = call.data["account"], call.data["reference"]
    credited = await site.refunds.resolve(number, reference, paid=call.data["paid"], user=user)
    return _booked(site, credited) | {"state": await refund_state(site, number, reference)}


async def _reverse_top_up(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    credited = await site.refunds.reverse_top_up(
        call.data["account"], call.data["reference"], reason=call.data["reason"], user=user
    )
    return _booked(site, credited)


async def _take_deposit(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    credited = await site.refunds.take_deposit(
        call.data["account"],
        site.currency.parse_positive(written(call.data["amount"])),
        reference=reference_of(call),
        user=user,
    )
    answer = _booked(site, credited)
    return {"deposit": answer.pop("balance")} | answer


async def _add_debt(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    percent = call.data.get("percent")
    terms = DebtTerms(
        ppm=0 if percent is None else millionths(percent),
        weekly_cap=amount_of(site, call, "weekly_cap"),
        instalment=amount_of(site, call, "instalment"),
        per=call.data.get("per", ""),
    )
    left = await site.debts.add_debt(
        call.data["account"],
        call.data["name"],
        amount_of(site, call),
        terms,
        reason=call.data["reason"],
        reference=reference_of(call),
        user=user,
    )
    return {"name": call.data["name"].strip(), "outstanding": exact_text(site.currency, left)}


async def _use_emergency_credit(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    available = await site.cashier.use_emergency_credit(call.data["account"], user)
    in_use = site.book.account(call.data["account"]).tenancy.emergency
    return {
        "available_credit": f"{site.currency.rounded_down(available):f}",
        "emergency": f"{site.currency.rounded(in_use):f}",
    }


ACTIONS = {
    "top_up": Action(
        _top_up,
        {
            **MANY,
            vol.Required("amount"): WRITTEN,
            vol.Optional("reference"): REFERENCE,
            vol.Optional("fund", default=Fund.ELECTRICITY.value): FUND,
        },
    ),
    "get_receipt": Action(
        get_receipt, {**ONE_ACCOUNT, vol.Required("reference"): REFERENCE}, SupportsResponse.ONLY
    ),
    "adjust_balance": Action(
        _adjust_balance,
        {
            **ONE_ACCOUNT,
            vol.Required("amount"): WRITTEN,
            vol.Required("reason"): cv.string,
            vol.Optional("reference"): REFERENCE,
        },
    ),
    "refund": Action(
        _refund,
        {
            **ONE_ACCOUNT,
            vol.Required("amount"): WRITTEN,
            vol.Required("reference"): REFERENCE,
            vol.Required("reason"): cv.string,
            vol.Optional("fund", default=Fund.ELECTRICITY.value): FUND,
            vol.Optional("reserve_only", default=False): cv.boolean,
        },
    ),
    "resolve_refund": Action(
        _resolve_refund,
        {
            **ONE_ACCOUNT,
            vol.Required("reference"): REFERENCE,
            vol.Required("paid"): cv.boolean,
        },
    ),
    "reverse_top_up": Action(
        _reverse_top_up,
        {
            **ONE_ACCOUNT,
            vol.Required("reference"): REFERENCE,
            vol.Required("reason"): cv.string,
        },
    ),
    "take_deposit": Action(
        _take_deposit,
        {
            **ONE_ACCOUNT,
            vol.Required("amount"): WRITTEN,
            vol.Optional("reference"): REFERENCE,
        },
    ),
    "add_debt": Action(
        _add_debt,
        {
            **ONE_ACCOUNT,
            vol.Required("name"): cv.string,
            vol.Required("amount"): WRITTEN,
            vol.Required("reason"): cv.string,
            vol.Optional("reference"): REFERENCE,
            vol.Optional("percent"): WRITTEN,
            vol.Optional("weekly_cap"): WRITTEN,
            vol.Optional("instalment"): WRITTEN,
            vol.Optional("per"): vol.In(PERS),
        },
    ),
    "use_emergency_credit": Action(_use_emergency_credit, {**ONE_ACCOUNT}),
}
