"""Receipts: what was booked under a reference, with the anchor that proves it."""

from dataclasses import dataclass
from enum import StrEnum
import json
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv

from ..account_view import exact_text, local_iso
from ..authority import Duty, async_require_manager, user_name
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber, TransferId
from ..core.ledger.account_rows import Tenancy
from ..core.ledger.accounts import Fund, tenant
from ..core.ledger.payment_rows import Approval, ApprovalState, CashReceipt
from ..core.ledger.ports import LedgerTransaction
from ..core.ledger.records import Transfer
from ..core.money.amount import Amount
from ..core.payment.cash_receipts import paper_of
from ..core.prepayment.cashier import receipt_of
from ..core.prepayment.waterfall import Waterfall
from ..site import CompereSite

_KINDS = {"top": "top_up", "rfd": "refund", "dep": "deposit", "adj": "adjustment"}
"""What a reference may stand for, by how its transfer's id begins."""
_ASKED = {
    "top_up": "top_up",
    "refund": "refund",
    "deposit": "take_deposit",
    "adjustment": "adjust_balance",
}
"""The actions that ask for each kind."""


class State(StrEnum):
    """What became of what was booked."""

    BOOKED = "booked"
    REVERSED = "reversed"
    RESERVED = "reserved"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A transfer of an account, and what became of it."""

    name: str
    kind: str
    transfer: Transfer
    state: State
    paper: CashReceipt | None
    approver: str


def waterfall_data(site: CompereSite, steps: Waterfall) -> dict[str, Any]:
    """Return every step of a top-up, in the order in which they are taken, exactly."""

    def money(amount: Amount) -> str:
        return exact_text(site.currency, amount)

    return {
        "percent_debts": {name: money(share) for name, share in steps.percent_debts.items()},
        "time_debts": {name: money(share) for name, share in steps.time_debts.items()},
        "below_cut_off": money(steps.below_cut_off),
        "emergency": money(steps.emergency),
        "balance": money(steps.balance),
        "before": money(steps.before),
        "after": money(steps.after),
    }


async def get_receipt(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Answer with everything that a receipt shows; for tenants who moved out, too."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    number, reference = AccountNumber(call.data["account"]), call.data["reference"]
    found = await site.ledger.read(lambda tx: _find(tx, number, reference))
    transfer, currency = found.transfer, site.currency
    service = tenant(number, Fund.SERVICE) in (transfer.debit, transfer.credit)
    receipt: dict[str, Any] = {
        "site": site.name,
        "account": number,
        "name": found.name,
        "kind": found.kind,
        "state": found.state.value,
        "fund": (Fund.SERVICE if service else Fund.ELECTRICITY).value,
        "amount": exact_text(currency, transfer.amount),
        "currency": currency.code,
        "reference": reference,
        "reason": transfer.reason,
        "time": local_iso(site, transfer.effective_at),
        "user": await user_name(hass, transfer.user),
        "transfer": transfer.id,
        "receipt": receipt_of(transfer),
        "number": None if found.paper is None else found.paper.number,
    }
    if found.approver:
        receipt["approver"] = await user_name(hass, found.approver)
    if transfer.outcome:
        steps = Waterfall.of(transfer.outcome)
        receipt["waterfall"] = waterfall_data(site, steps)
        receipt["balance_after"] = f"{currency.rounded_down(steps.after):f}"
    return receipt


def approver_of(tx: LedgerTransaction, kind: str, number: AccountNumber, reference: str) -> str:
    """Return who approved what was booked under a reference; empty where nobody had to.

    Not everything that was approved has a paper: adjustments and refunds to payers move no cash.
    """
    for approval in tx.rows(Approval, state=ApprovalState.APPROVED):
        content = json.loads(approval.content)
        data = content["data"]
        if (content["action"], data.get("reference")) != (_ASKED[kind], reference):
            continue
        if number in cv.ensure_list(data.get("account")):
            return approval.decided_by
    return ""


async def refund_state(site: CompereSite, number: str, reference: str) -> str:
    """Return what became of a refund."""
    pending = TransferId(f"rfd:{reference}:{number}")
    return (await site.ledger.read(lambda tx: _state(tx, "refund", pending))).value


def _find(tx: LedgerTransaction, number: AccountNumber, reference: str) -> _Found:
    tenancy = tx.find(Tenancy, account=number)
    if tenancy is None:
        raise InvalidInputError("account_unknown", account=number)
    for prefix, kind in _KINDS.items():
        transfer = tx.find_transfer(TransferId(f"{prefix}:{reference}:{number}"))
        if transfer is not None:
            paper = paper_of(tx, tx.find_transfer(TransferId(f"{transfer.id}:post")) or transfer)
            on_paper = "" if paper is None else paper.approver
            return _Found(
                name=tenancy.name,
                kind=kind,
                transfer=transfer,
                state=_state(tx, kind, transfer.id),
                paper=paper,
                approver=on_paper or approver_of(tx, kind, number, reference),
            )
    raise InvalidInputError("receipt_unknown", account=number, reference=reference)


def _state(tx: LedgerTransaction, kind: str, transfer: TransferId) -> State:
    if kind == "refund":
        if tx.find_transfer(TransferId(f"{transfer}:post")) is not None:
            return State.PAID
        voided = tx.find_transfer(TransferId(f"{transfer}:void")) is not None
        return State.CANCELLED if voided else State.RESERVED
    reversed_ = tx.find_transfer(TransferId(f"rev:{transfer}")) is not None
    return State.REVERSED if reversed_ else State.BOOKED
