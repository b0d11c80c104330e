"""Actions for many accounts at once: how they are asked for, and what they answer.

The answer is the same whether the call was carried out or only rehearsed: of each account what was
before and is after, what happens and which relays move; who is refused and why; and the totals.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall

from ..account_view import AccountView
from ..action_errors import in_words
from ..core.ids import MeterSerial
from ..core.ledger.records import RelayDemand
from ..core.prepayment.batches import BatchCall, Outlook, sliced
from ..core.prepayment.holds_by_hand import HeldNow
from ..core.prepayment.state import AccountState
from ..site import CompereSite


def batch_call(
    site: CompereSite, call: ServiceCall, action: str, user: str, **asked: str
) -> BatchCall:
    """Return how a call of an action on many accounts is to be carried out."""

    def look(account: AccountState) -> Mapping[str, str]:
        view = AccountView(site, account)
        return {
            "balance": f"{view.balance:f}",
            "available_credit": f"{view.available_credit:f}",
            "credit_limit": f"{view.credit_limit:f}",
            "supply_state": view.supply_state.value,
            "tariff": account.tariff,
            "policy": account.policy.name,
        }

    return BatchCall(
        action=action,
        user=user,
        asked=asked,
        dry_run=call.data["dry_run"],
        skip_refused=call.data["skip_refused"],
        look=look,
    )


async def batch_answer(
    hass: HomeAssistant,
    call: BatchCall,
    more: Callable[[str], Mapping[str, Any]] = lambda _number: {},
) -> dict[str, Any]:
    """Return what is answered of a call on accounts; `more` says what is the action's own."""
    accounts: dict[str, Any] = {}
    events: Counter[str] = Counter()
    relays: Counter[str] = Counter()
    before, after = Decimal(), Decimal()
    async for number, outlook in sliced(call.outlooks.items()):
        accounts[number] = {**more(number), **_seen(outlook)}
        events.update(accounts[number]["events"])
        relays.update(accounts[number]["relays"].values())
        before += Decimal(outlook.before["balance"])
        after += Decimal(outlook.after["balance"])
    totals = {
        "accounts": len(accounts),
        "refused": len(call.refused),
        "events": dict(events),
        "relays": dict(relays),
        "balance": {"before": f"{before:f}", "after": f"{after:f}"},
    }
    return {"accounts": accounts, "totals": totals, **_came_of(hass, call)}


def held_answer(
    hass: HomeAssistant, site: CompereSite, call: BatchCall, held: Mapping[MeterSerial, HeldNow]
) -> dict[str, Any]:
    """Return what is answered of a call on the holds of meters."""
    meters = {
        serial: {
            "account": site.book.meter(serial).account,
            "holds": [kind.value for kind in now.after],
            "before": [kind.value for kind in now.before],
            "relay": None if now.demand is None else _moves(now.demand),
        }
        for serial, now in held.items()
    }
    moved = Counter(meter["relay"] for meter in meters.values() if meter["relay"])
    totals = {"meters": len(meters), "refused": len(call.refused), "relays": dict(moved)}
    return {"meters": meters, "totals": totals, **_came_of(hass, call)}


def _seen(outlook: Outlook) -> dict[str, Any]:
    return {
        "before": dict(outlook.before),
        "after": dict(outlook.after),
        "events": [event.TYPE for event in outlook.events],
        "relays": _relays(outlook.demands),
    }


def _relays(demands: Iterable[RelayDemand]) -> dict[str, str]:
    return {demand.meter: _moves(demand) for demand in demands}


def _moves(demand: RelayDemand) -> str:
    return "close" if demand.closed else "open"


def _came_of(hass: HomeAssistant, call: BatchCall) -> dict[str, Any]:
    """Return what is said of every call: who was refused in which words, and its batch."""
    return {
        "refused": {
            name: {"error": error.key, "message": in_words(hass, error)}
            for name, error in call.refused.items()
        },
        "batch": call.batch,
        "dry_run": call.dry_run,
        "ok": call.ok,
    }
