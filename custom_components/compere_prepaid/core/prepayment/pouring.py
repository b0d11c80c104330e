"""Where paid-in money goes: one path for the cash desk and for every payment provider."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..errors import InvalidInputError
from ..events import EmergencyRepaid, Event, ToppedUp
from ..ids import AccountNumber
from ..ledger.account_rows import DecisionKind
from ..ledger.accounts import Fund
from ..ledger.posting import Posting, post
from ..ledger.records import NewTransfer
from ..money.amount import ZERO, Amount, Currency
from ..policy.credit import Policy
from .debts import owed, take_from_top_up
from .settlement import AccountDue, Settled, fund_of
from .slip import Slip
from .waterfall import Waterfall, pour


@dataclass(frozen=True, slots=True, kw_only=True)
class Poured:
    """A booked top-up, and the emergency credit that it repaid."""

    posting: Posting
    repaid: Amount


def pour_in(slip: Slip, due: AccountDue, request: NewTransfer, fund: Fund) -> Poured:
    """Book what was paid into a fund: debts first, then credit in use, then the balance.

    The transfer's outcome says where it went. Warning levels that it clears are ready again.
    """
    slip.paid = True
    steps = _steps(slip, due, request.amount, fund)
    posting = post(slip.tx, replace(request, outcome=steps.text()), slip.at)
    take_from_top_up(slip, steps, request.id)
    return Poured(posting=posting, repaid=repay_emergency(slip, due))


def told_of(
    poured: Poured, settled: Settled, due: AccountDue, fund: Fund, reference: str
) -> Iterable[Event]:
    """Return what there is to tell of money that was just paid in."""
    transfer = poured.posting.transfer
    yield ToppedUp(
        at=transfer.effective_at,
        account=due.number,
        available=available_of(settled, due),
        amount=transfer.amount,
        reference=reference,
        balance=settled.balance(fund),
        source=transfer.source,
        user=transfer.user,
    )
    yield from told_repaid(poured, settled, due)


def told_repaid(poured: Poured, settled: Settled, due: AccountDue) -> Iterable[Event]:
    """Return what there is to tell of emergency credit that was repaid."""
    if poured.repaid:
        yield EmergencyRepaid(
            at=poured.posting.transfer.effective_at,
            account=due.number,
            available=available_of(settled, due),
            amount=poured.repaid,
        )


def refuse_outside_limits(
    currency: Currency, policy: Policy, account: AccountNumber, amount: Amount
) -> None:
    """Refuse a top-up that the account's policy does not allow.

    Raises `InvalidInputError`: `top_up_too_small`, `top_up_too_large`.
    """
    if amount < policy.minimum_top_up:
        minimum = currency.rounded(policy.minimum_top_up)
        raise InvalidInputError(
            "top_up_too_small", account=account, minimum=minimum, currency=currency.code
        )
    if policy.maximum_top_up is not None and amount > policy.maximum_top_up:
        maximum = currency.rounded(policy.maximum_top_up)
        raise InvalidInputError(
            "top_up_too_large", account=account, maximum=maximum, currency=currency.code
        )


def available_of(settled: Settled, due: AccountDue) -> Amount:
    """Return an account's available credit right after it was settled."""
    return Amount(settled.fund + due.credit_limit + settled.tenancy.emergency)


def repay_emergency(slip: Slip, due: AccountDue) -> Amount:
    """End the use of emergency credit once the fund stands on its own; return what that was."""
    repaid = slip.tenancy.emergency
    fund = fund_of(slip.tx, due.number)
    if not repaid or fund <= due.floor:
        return ZERO
    slip.tenancy = replace(slip.tenancy, emergency=ZERO)
    slip.tx.put(slip.tenancy)
    slip.decide(DecisionKind.EMERGENCY_REPAID, Amount(fund + due.credit_limit))
    return repaid


def _steps(slip: Slip, due: AccountDue, amount: Amount, fund: Fund) -> Waterfall:
    """Work out where a top-up goes; debts and emergency credit concern the electricity fund."""
    held = fund_of(slip.tx, due.number, fund)
    if fund is Fund.SERVICE:
        return Waterfall(balance=amount, before=held, after=Amount(held + amount))
    emergency = slip.tenancy.emergency
    return pour(
        amount,
        owed(slip.tx, due.number, slip.at, due.zone),
        fund=held,
        floor=Amount(due.floor - emergency),
        emergency=emergency,
    )
