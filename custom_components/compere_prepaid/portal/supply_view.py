"""Whether an account's power is on, why it is not, and what its tenant can do about it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..account_view import AccountView, local_iso
from ..core.ids import MeterSerial
from ..core.ledger.records import HoldKind
from ..core.policy.credit import Reconnect
from ..core.prepayment.state import AccountState
from ..notifications.messages import money, needed, wall_clock
from .wording import text

if TYPE_CHECKING:
    from ..site import CompereSite

_GRAVEST = (
    HoldKind.MAINTENANCE,
    HoldKind.MANUAL,
    HoldKind.PROTECTION,
    HoldKind.OVERLOAD,
    HoldKind.NO_CREDIT,
)
"""The order in which holds are told: what a payment cannot lift comes first."""

_WHAT_TO_DO = {
    HoldKind.MAINTENANCE: "todo_wait",
    HoldKind.MANUAL: "todo_manual",
    HoldKind.PROTECTION: "todo_manual",
    HoldKind.OVERLOAD: "todo_overload",
}

_AFTER_PAYING = {
    Reconnect.AUTO: "todo_top_up",
    Reconnect.CONFIRM: "todo_top_up_and_confirm",
    Reconnect.MANUAL: "todo_top_up_and_ask",
}


def relay_of(site: CompereSite, serial: MeterSerial) -> str:
    """Return what a meter's relay was read back as: `closed`, `open` or `unknown`."""
    runtime = site.meters.get(serial)
    reading = runtime.coordinator.data if runtime else None
    if runtime is None or reading is None or not runtime.coordinator.online:
        return "unknown"
    return {True: "closed", False: "open", None: "unknown"}[reading.relay_closed]


def power_of(site: CompereSite, account: AccountState) -> str:
    """Return how it stands with the power: `on`, `coming`, `off` or `unknown`.

    It is coming while nothing holds a relay open that is not closed yet.
    """
    relays = [relay_of(site, serial) for serial in account.meters]
    if _holds(account):
        return "off"
    if not relays or "unknown" in relays:
        return "unknown"
    return "coming" if "open" in relays else "on"


def supply(site: CompereSite, account: AccountState, language: str) -> dict[str, Any]:
    """Return how an account's supply stands, in words for its tenant."""
    view = AccountView(site, account)
    power = power_of(site, account)
    hold = next((kind for kind in _GRAVEST if kind in _holds(account)), None)
    reason = what_to_do = None
    if hold is not None:
        reason = text(language, f"hold_{hold.value}")
        what_to_do = _todo(site, account, hold, language)
    until = account.watch.put_off_until
    return {
        "state": view.supply_state.value,
        "on": power in {"on", "unknown"} and hold is None,
        "reason": reason,
        "what_to_do": what_to_do,
        "until": None if until is None else local_iso(site, until),
    }


def _todo(site: CompereSite, account: AccountState, hold: HoldKind, language: str) -> str:
    if hold is not HoldKind.NO_CREDIT:
        return text(language, _WHAT_TO_DO[hold])
    if account.exhausted:
        values = {"needed": money(site.currency, needed(site, account))}
        return text(language, _AFTER_PAYING[account.policy.reconnect], values)
    confirms = account.policy.reconnect is Reconnect.CONFIRM
    return text(language, "todo_confirm" if confirms else "todo_wait_reconnect")


def _holds(account: AccountState) -> Sequence[HoldKind]:
    return [kind for meter in account.meters.values() for kind in meter.holds]


def warnings(site: CompereSite, account: AccountState, language: str) -> list[dict[str, str]]:
    """Return what a tenant should know now, the most pressing first."""
    view = AccountView(site, account)
    found: list[tuple[str, str, dict[str, str]]] = []
    if account.awaits_reconnect:
        found.append(("reconnect_awaited", "", {}))
    if account.watch.put_off_why and account.watch.put_off_until is not None:
        until = wall_clock(site, account.watch.put_off_until)
        found.append(("cut_put_off", "", {"until": until}))
    elif account.watch.put_off_why:
        found.append(("cut_put_off", "_undated", {}))
    elif account.exhausted and not account.off:
        found.append(("exhausted", "", {}))
    elif view.is_low and not account.exhausted:
        available = money(site.currency, view.available_credit)
        found.append(("low_credit", "", {"available": available}))
    if (adapts := view.adapts_until) is not None:
        found.append(("adaptation", "", {"until": wall_clock(site, adapts)}))
    if account.tenancy.emergency:
        found.append(("emergency", "", {}))
    if any(not _is_online(site, serial) for serial in account.meters):
        found.append(("meter_silent", "", {}))
    return [
        {"kind": kind, "text": text(language, f"warning_{kind}{variant}", values)}
        for kind, variant, values in found
    ]


def _is_online(site: CompereSite, serial: MeterSerial) -> bool:
    runtime = site.meters.get(serial)
    return runtime is not None and runtime.coordinator.online
