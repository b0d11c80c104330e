"""Payments of providers, after they came: bills, payouts, and money that is nobody's yet."""

from datetime import date, timedelta
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import exact_text, local_iso
from ..authority import Duty, async_require_manager, user_name
from ..const import DOMAIN
from ..core.errors import InvalidInputError
from ..core.ledger.accounts import clearing
from ..core.ledger.payment_rows import ProviderTxn, Reconciliation
from ..core.ledger.ports import LedgerTransaction
from ..core.money.amount import Amount
from ..core.payment.provider import Capability, PaymentProvider
from ..core.payment.reconciling import content_of, latest
from ..core.prepayment.cashier import receipt_of
from ..payments.report import Report, report_folder, write_report
from ..site import CompereSite
from .fields import REFERENCE, WRITTEN, Action, amount_of, day_of_text

_SHOWN = timedelta(days=31)


async def _reconcile(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Lay bills beside the book: of a day, or of all days that are missing or do not agree."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    answer: dict[str, Any] = {}
    for provider in _providers(site, call):
        rows: list[Reconciliation] = []
        has_bills = Capability.BILL in provider.capabilities
        if "day" in call.data and (has_bills or call.data.get("provider")):
            day = day_of_text(call.data["day"])
            rows.append((await site.daily.async_reconcile(provider, day, user)).row)
        elif "day" not in call.data and has_bills:
            rows += [
                (await site.daily.async_reconcile(provider, day, user)).row
                for day in await site.daily.async_missing(provider)
            ]
            await site.daily.async_look_again(provider)
        answer[provider.key] = [await _day(hass, site, row) for row in rows]
    await site.standing.async_look_at_bills()
    return {"providers": answer} | _sums(site)


async def _get_reconciliation(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Answer with how bills and book agree, and what belongs to nobody; as a file if asked."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    now = site.clock.now()
    until = day_of_text(call.data.get("until", now.astimezone(site.zone).date()))
    since = day_of_text(call.data.get("since", until - _SHOWN))
    if until < since:
        raise InvalidInputError("time_order")
    await site.standing.async_look_at_bills()
    keys = await _keys(site, call)
    answer: dict[str, Any] = {
        "providers": {key: await _provider(hass, site, key, since, until) for key in keys},
        "suspense": [_waiting(site, txn) for txn in await site.suspense.waiting()],
        "since": since.isoformat(),
        "until": until.isoformat(),
        "currency": site.currency.code,
    } | _sums(site)
    if call.data["export"]:
        report = Report(site.currency, keys, since, until)
        folder = report_folder(hass.config.path(DOMAIN), site.key, now.astimezone(site.zone))
        lines = await site.ledger.read(report.lines)
        files = await hass.async_add_executor_job(write_report, folder, lines, report.days(answer))
        answer |= {"folder": str(folder), "files": files}
    return answer


async def _record_payout(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    if key := call.data.get("provider", ""):
        await _held(site, key)
    posting, left = await site.payouts.record(
        key, amount_of(site, call), reference=call.data["reference"], user=user
    )
    await site.standing.async_look()
    return {
        "transfer": posting.transfer.id,
        "left": exact_text(site.currency, left),
        "receipt": receipt_of(posting.transfer),
        "replayed": posting.replayed,
    }


async def _assign_suspense(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Credit an account with money that was nobody's, or note that it was given back."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    provider, txn, account = call.data["provider"], call.data["payment"], call.data.get("account")
    said = {"reason": call.data["reason"], "user": user}
    if (account is None) is not call.data["returned"]:
        raise InvalidInputError("account_or_returned")
    if account is None:
        done = await site.suspense.give_back(provider, txn, **said)
    else:
        done = await site.suspense.assign(provider, txn, account, **said)
    await site.standing.async_look()
    answer: dict[str, Any] = {
        "transfer": done.row.transfer_id,
        "account": done.row.account,
        "replayed": done.replayed,
    }
    if account is not None:
        balance = site.book.account(account).balance
        answer["balance"] = f"{site.currency.rounded_down(balance):f}"
    return answer


def _providers(site: CompereSite, call: ServiceCall) -> list[PaymentProvider]:
    """Return the provider that a call names, or all; they must run."""
    if key := call.data.get("provider"):
        return [site.payments.provider(key)]
    return list(site.payments.providers.values())


async def _keys(site: CompereSite, call: ServiceCall) -> list[str]:
    """Return the key that a call names, or those of all that hold money, whether they run or not.

    Their money and their days are there also after they were removed.
    """
    if key := call.data.get("provider"):
        await _held(site, key)
        return [key]
    return sorted(site.standing.data.clearing)


async def _held(site: CompereSite, key: str) -> Amount:
    """Return what a provider holds; raises `provider_unknown` where it never was one."""

    def look(tx: LedgerTransaction) -> Amount | None:
        account = clearing(key)
        is_known = key in site.standing.providers or tx.transfers(account, 1)
        return Amount(-tx.balance(account)) if is_known else None

    if (held := await site.ledger.read(look)) is None:
        raise InvalidInputError("provider_unknown", provider=key)
    return held


async def _provider(
    hass: HomeAssistant, site: CompereSite, key: str, since: date, until: date
) -> dict[str, Any]:
    provider, device = site.payments.providers.get(key), site.standing.providers.get(key)
    rows = await site.ledger.read(lambda tx: latest(tx, since, provider=key))
    missing = [] if provider is None else await site.daily.async_missing(provider)
    return {
        "title": "" if device is None else device.title,
        "bill": provider is not None and Capability.BILL in provider.capabilities,
        "clearing": exact_text(site.currency, await _held(site, key)),
        "missing": [day.isoformat() for day in missing if since <= day <= until],
        "days": [
            await _day(hass, site, row)
            for row in sorted(rows, key=lambda row: row.day)
            if row.day <= until
        ],
    }


async def _day(hass: HomeAssistant, site: CompereSite, row: Reconciliation) -> dict[str, Any]:
    def money(amount: int) -> str:
        return exact_text(site.currency, Amount(amount))

    content = content_of(row)
    sums = {
        name: {"count": content[name]["count"], "amount": money(content[name]["amount"])}
        for name in ("payment", "refund")
    }
    return {
        "day": row.day.isoformat(),
        "number": row.number,
        "time": local_iso(site, row.at),
        "user": await user_name(hass, row.user) if row.user else None,
        **sums,
        "fees": money(content["fees"]),
        "credited_by_bill": content["credited"],
        "faults": [fault | {"amount": money(fault["amount"])} for fault in content["faults"]],
        "unexplained": money(row.unexplained),
    }


def _waiting(site: CompereSite, txn: ProviderTxn) -> dict[str, Any]:
    return {
        "provider": txn.provider,
        "payment": txn.txn,
        "order": txn.order_id,
        "account": txn.account,
        "amount": exact_text(site.currency, txn.amount),
        "reason": txn.reason,
        "paid_at": local_iso(site, txn.paid_at),
    }


def _sums(site: CompereSite) -> dict[str, str]:
    standing = site.standing.data
    return {
        "unexplained": exact_text(site.currency, site.standing.unexplained),
        "in_suspense": exact_text(site.currency, standing.suspense),
    }


_PROVIDER = {vol.Optional("provider"): vol.All(cv.string, vol.Strip)}

ACTIONS = {
    "reconcile": Action(_reconcile, {**_PROVIDER, vol.Optional("day"): WRITTEN}),
    "get_reconciliation": Action(
        _get_reconciliation,
        {
            **_PROVIDER,
            vol.Optional("since"): WRITTEN,
            vol.Optional("until"): WRITTEN,
            vol.Optional("export", default=False): cv.boolean,
        },
        SupportsResponse.ONLY,
    ),
    "record_payout": Action(
        _record_payout,
        {
            **_PROVIDER,
            vol.Required("amount"): WRITTEN,
            vol.Required("reference"): REFERENCE,
        },
    ),
    "assign_suspense": Action(
        _assign_suspense,
        {
            vol.Required("provider"): vol.All(cv.string, vol.Strip),
            vol.Required("payment"): vol.All(cv.string, vol.Strip),
            vol.Optional("account"): cv.string,
            vol.Optional("returned", default=False): cv.boolean,
            vol.Required("reason"): cv.string,
        },
    ),
}
