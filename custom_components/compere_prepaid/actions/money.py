"""Money: top-ups, corrections, refunds, reversals, deposits, debts and emergency credit."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import exact_text
from ..action_targets import accounts_meant, accounts_named
from ..authority import Duty, async_require_manager
from ..cash_limits import Guarded
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber, TransferId
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
from .guarded import Acting, Deed, guarded
from .payer_refunds import refund_to_payer, refuse_clash, resolve_to_payer
from .receipts import approver_of, get_receipt, refund_state, waterfall_data

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
            booked |= {"receipt": None, "number": None}
        return booked

    return data


def _booked(site: CompereSite, credited: Credited) -> dict[str, Any]:
    """Return what is answered of every movement of money."""
    return {
        "transfer": credited.transfer,
        "balance": f"{site.currency.rounded_down(credited.balance):f}",
        "receipt": credited.receipt,
        "number": credited.number,
        "replayed": credited.replayed,
    }


async def _top_up(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall, acting: Acting
) -> dict[str, Any]:
    amount = site.currency.parse_positive(written(call.data["amount"]))
    fund, reference = Fund(call.data["fund"]), reference_of(call)
    asked = {"amount": f"{site.currency.rounded(amount):f}", "fund": fund.value}
    many = batch_call(site, call, TOP_UP, acting.user, **asked)
    many.reference = reference
    results = await site.cashier.top_up(
        accounts_named(hass, site, call.data),
        amount,
        reference=reference,
        fund=fund,
        user=acting.user,
        approver=acting.approver,
        call=many,
    )
    answer = await batch_answer(hass, many, booked_data(site, many, results))
    booked = sum(not credited.replayed for credited in results.values())
    answer["totals"]["amount"] = f"{site.currency.rounded(Amount(amount * booked)):f}"
    return answer


async def _adjust_balance(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall, acting: Acting
) -> dict[str, Any]:
    credited = await site.cashier.adjust(
        call.data["account"],
        amount_of(site, call),
        reason=call.data["reason"],
        reference=reference_of(call),
        user=acting.user,
    )
    return _booked(site, credited)


async def _refund(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall, acting: Acting
) -> dict[str, Any]:
    """Reserve a refund and, at a cash desk, pay it out at once; a repeated call goes on.

    Of a payment it goes back the way that came.
    """
    refuse_clash(call.data)
    if "payment" in call.data:
        return await refund_to_payer(site, call, acting.user)
    number, reference = call.data["account"], call.data["reference"]
    credited = await site.refunds.reserve(
        number,
        site.currency.parse_positive(written(call.data["amount"])),
        reference=reference,
        reason=call.data["reason"],
        fund=Fund(call.data["fund"]),
        user=acting.user,
    )
    if not call.data["reserve_only"]:
        credited = await site.refunds.resolve(
            number, reference, paid=True, user=acting.user, approver=acting.approver
        )
    return _booked(site, credited) | {"state": await refund_state(site, number, reference)}


async def _resolve_refund(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    number, reference, paid = call.data["account"], call.data["reference"], call.data["paid"]
    row = await site.daily.refunds.of_reference(number, reference)
    if row is not None:
        return await resolve_to_payer(site, row, user, paid=paid)
    approver = await site.ledger.read(
        lambda tx: approver_of(tx, "refund", AccountNumber(number), reference)
    )
    credited = await site.refunds.resolve(
        number, reference, paid=paid, user=user, approver=approver
    )
    return _booked(site, credited) | {"state": await refund_state(site, number, reference)}


async def _reverse_top_up(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall, acting: Acting
) -> dict[str, Any]:
    credited = await site.refunds.reverse_top_up(
        call.data["account"],
        call.data["reference"],
        reason=call.data["reason"],
        user=acting.user,
        approver=acting.approver,
    )
    return _booked(site, credited)


async def _take_deposit(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall, acting: Acting
) -> dict[str, Any]:
    credited = await site.refunds.take_deposit(
        call.data["account"],
        site.currency.parse_positive(written(call.data["amount"])),
        reference=reference_of(call),
        user=acting.user,
        approver=acting.approver,
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


async def _adjustment_total(_: HomeAssistant, site: CompereSite, call: ServiceCall) -> Amount:
    return Amount(abs(amount_of(site, call)))


async def _one_total(_: HomeAssistant, site: CompereSite, call: ServiceCall) -> Amount:
    site.book.account(call.data["account"])
    return site.currency.parse_positive(written(call.data["amount"]))


async def _refund_total(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> Amount:
    refuse_clash(call.data)  # nobody is to approve what cannot be carried out
    return await _one_total(hass, site, call)


async def _top_up_total(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> Amount:
    """Return what a call takes from all its accounts together."""
    means = accounts_named if call.data["skip_refused"] else accounts_meant
    amount = site.currency.parse_positive(written(call.data["amount"]))
    return Amount(amount * len(means(hass, site, call.data)))


async def _reversal_total(_: HomeAssistant, site: CompereSite, call: ServiceCall) -> Amount:
    number, reference = call.data["account"], call.data["reference"]
    top_up = TransferId(f"top:{reference}:{number}")
    found = await site.ledger.read(lambda tx: tx.find_transfer(top_up))
    if found is None:
        raise InvalidInputError("top_up_unknown", account=number, reference=reference)
    return found.amount


def _with_reference(_: HomeAssistant, _site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    return dict(call.data) | {"reference": reference_of(call)}


def _named(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Return a top-up with the accounts that it means by now."""
    kept = {name: call.data[name] for name in ("amount", "fund", "dry_run", "skip_refused")}
    numbers = accounts_named(hass, site, call.data)
    return kept | {"account": numbers, "reference": reference_of(call)}


ACTIONS = {
    "top_up": Action(
        guarded(
            Deed(
                name="top_up",
                guarded=Guarded.TOP_UP,
                total=_top_up_total,
                carry_out=_top_up,
                fixed=_named,
            )
        ),
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
        guarded(
            Deed(
                name="adjust_balance",
                guarded=Guarded.ADJUSTMENT,
                total=_adjustment_total,
                carry_out=_adjust_balance,
                fixed=_with_reference,
            )
        ),
        {
            **ONE_ACCOUNT,
            vol.Required("amount"): WRITTEN,
            vol.Required("reason"): cv.string,
            vol.Optional("reference"): REFERENCE,
        },
    ),
    "refund": Action(
        guarded(
            Deed(
                name="refund",
                guarded=Guarded.REFUND,
                total=_refund_total,
                carry_out=_refund,
            )
        ),
        {
            **ONE_ACCOUNT,
            vol.Required("amount"): WRITTEN,
            vol.Required("reference"): REFERENCE,
            vol.Required("reason"): cv.string,
            vol.Optional("fund", default=Fund.ELECTRICITY.value): FUND,
            vol.Optional("reserve_only", default=False): cv.boolean,
            vol.Optional("payment"): vol.All(cv.string, vol.Strip, vol.Length(min=1)),
            vol.Optional("provider"): vol.All(cv.string, vol.Strip),
            vol.Optional("already_paid", default=False): cv.boolean,
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
        guarded(
            Deed(
                name="reverse_top_up",
                guarded=Guarded.REVERSAL,
                total=_reversal_total,
                carry_out=_reverse_top_up,
            )
        ),
        {
            **ONE_ACCOUNT,
            vol.Required("reference"): REFERENCE,
            vol.Required("reason"): cv.string,
        },
    ),
    "take_deposit": Action(
        guarded(
            Deed(
                name="take_deposit",
                guarded=Guarded.TOP_UP,
                total=_one_total,
                carry_out=_take_deposit,
                fixed=_with_reference,
            )
        ),
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
