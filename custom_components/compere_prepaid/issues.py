"""Repair issues: raised when something needs a person, gone when it is mended."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import issue_registry as ir

from .action_errors import in_words
from .const import DOMAIN
from .core.balance.alarm import LossAlarm
from .core.errors import LedgerReadOnlyError, OperationFailedError, PrepaidError
from .core.events import (
    BusDown,
    MeterOffline,
    ProtectionEvent,
    RelayDisobeys,
    SuspectReading,
    Tamper,
)
from .core.ids import MeterSerial
from .core.metering.plausibility import Suspicion
from .core.meters.dlt645_relay import RelayLockedError
from .core.money.amount import Amount
from .core.policy.protection import RuleKind
from .core.policy.protection_state import Move
from .core.prepayment.charging import OTHER_METER as OTHER_METER_REASON
from .entities.trimmed import trimmed

if TYPE_CHECKING:
    from .site import CompereSite

BUS_DOWN = "bus_down"
METER_UNREACHABLE = "meter_unreachable"
SUSPECT_READING = "suspect_reading"
OTHER_METER = "other_meter"
RELAY_DISOBEYS = "relay_disobeys"
RELAY_LOCKED = "relay_locked"
RELAY_DOES_NOT_CLOSE = "relay_does_not_close"
RELAY_DOES_NOT_OPEN = "relay_does_not_open"
REFUSED = "subentry_refused"
LEDGER_READ_ONLY = "ledger_read_only"
LEDGER_UNAVAILABLE = "ledger_unavailable"
SNAPSHOT_FAILED = "snapshot_failed"
CHANNEL_FAILED = "notify_channel_failed"
LEDGER_RESTORED = "ledger_restored"
PROVIDER_REMOVED = "provider_removed"
PROVIDER_REFUSED = "provider_refused"
NOTICES_REFUSED = "notices_refused"
CLOCK_OFF = "payment_clock_off"
MERCHANT_CERTIFICATE = "merchant_certificate"
PORTAL_CERTIFICATE = "portal_certificate"
PAYMENT_ALTERED = "payment_altered"
OF_PROVIDER = (PROVIDER_REFUSED, NOTICES_REFUSED, CLOCK_OFF, MERCHANT_CERTIFICATE)
SUSPENSE = "payments_in_suspense"
UNEXPLAINED = "payments_unexplained"
PORTAL_PORT = "portal_port"
APPROVAL_WAITS = "approval_waits"
UNEXPLAINED_LOSS = "unexplained_loss"
ALLOCATION_WAITS = "allocation_waits"
MONTH_END = "month_end"
SUSPECT_TEXTS: dict[str, str] = {
    Suspicion.MISSING: "suspect_reading_missing",
    Suspicion.BACKWARDS: "suspect_reading_backwards",
    Suspicion.IMPLAUSIBLE: "suspect_reading_implausible",
    Suspicion.IN_FUTURE: "suspect_reading_in_future",
    Suspicion.CONTRADICTORY: "suspect_reading_contradictory",
}
"""What is wrong with a reading, in words that tell what to do."""

TAMPER = "tamper_bypass"
LOCKED_OUT = "protection_locked_out"
OVERLOAD_LOCKED_OUT = "overload_locked_out"


def _of_rule(kind: RuleKind) -> str:
    return f"protection_{kind}"


OF_METER = (
    METER_UNREACHABLE,
    SUSPECT_READING,
    OTHER_METER,
    RELAY_DISOBEYS,
    RELAY_LOCKED,
    TAMPER,
    *map(_of_rule, RuleKind),
)


def _raise(
    site: CompereSite,
    kind: str,
    subject: str,
    placeholders: dict[str, str],
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    *,
    text: str = "",
    is_persistent: bool = False,
) -> None:
    """Raise one issue of a kind per subject; `text` is its translation key if not the kind's."""
    ir.async_create_issue(
        site.hass,
        DOMAIN,
        _issue_id(site, kind, subject),
        is_fixable=False,
        is_persistent=is_persistent,
        severity=severity,
        translation_key=text or kind,
        translation_placeholders={"site": site.name, **placeholders},
    )


def clear(site: CompereSite, kind: str, subject: str) -> None:
    """Take back an issue whose cause is gone."""
    ir.async_delete_issue(site.hass, DOMAIN, _issue_id(site, kind, subject))


def _issue_id(site: CompereSite, kind: str, subject: str) -> str:
    return "_".join(part for part in (kind, site.entry.entry_id, subject) if part)


def clear_others(site: CompereSite, kind: str, subjects: set[str]) -> None:
    """Take back the issues of a kind about anything but these subjects."""
    for subject in _subjects(site, kind) - subjects:
        clear(site, kind, subject)


def _subjects(site: CompereSite, kind: str) -> set[str]:
    """Return what issues of a kind are about."""
    begins = f"{_issue_id(site, kind, '')}_"
    registry = ir.async_get(site.hass)
    return {
        issue_id.removeprefix(begins)
        for domain, issue_id in registry.issues
        if domain == DOMAIN and issue_id.startswith(begins)
    }


def _name(site: CompereSite, serial: MeterSerial) -> str:
    runtime = site.meters.get(serial)
    return runtime.name if runtime else serial


def raise_bus_down(site: CompereSite, event: BusDown) -> None:
    """Say that a line cannot be reached."""
    bus = site.buses.get(event.bus)
    if bus is not None:
        _raise(site, BUS_DOWN, event.bus, {"bus": bus.name, "error": event.error})


def raise_unreachable(site: CompereSite, event: MeterOffline) -> None:
    """Say that a meter does not answer."""
    placeholders = {
        "meter": _name(site, event.meter),
        "serial": event.meter,
        "detail": event.error,
    }
    _raise(site, METER_UNREACHABLE, event.meter, placeholders)


def raise_disobedient(site: CompereSite, event: RelayDisobeys) -> None:
    """Say that a relay does not follow."""
    placeholders = {"meter": _name(site, event.meter), "serial": event.meter}
    text = RELAY_DOES_NOT_CLOSE if event.demanded_closed else RELAY_DOES_NOT_OPEN
    severity = ir.IssueSeverity.ERROR
    _raise(site, RELAY_DISOBEYS, event.meter, placeholders, severity, text=text)


def raise_relay_locked(site: CompereSite, serial: MeterSerial, error: RelayLockedError) -> None:
    """Say that a relay is not commanded, for want of a password that the meter takes."""
    placeholders = {
        "meter": _name(site, serial),
        "serial": serial,
        "error": in_words(site.hass, error),
    }
    _raise(site, RELAY_LOCKED, serial, placeholders, ir.IssueSeverity.ERROR)


def raise_suspect(site: CompereSite, event: SuspectReading) -> None:
    """Say that a reading cannot be true; another meter has an issue of its own."""
    if event.reason == OTHER_METER_REASON:
        return
    placeholders = {
        "meter": _name(site, event.meter),
        "serial": event.meter,
        "reading": _kwh(event.energy_wh),
        "baseline": _kwh(event.baseline_wh),
    }
    text = SUSPECT_TEXTS[event.reason]
    _raise(site, SUSPECT_READING, event.meter, placeholders, text=text)


def keep_protection(site: CompereSite, event: ProtectionEvent) -> None:
    """Say what a protection rule found, and what to do; take it back when it is over."""
    kind = _of_rule(event.kind)
    if event.action in {Move.CLEARED, Move.RECLOSED}:
        clear(site, kind, event.meter)
        return
    placeholders = {
        "meter": _name(site, event.meter),
        "serial": event.meter,
        "value": _level(event.kind, event.value),
        "limit": _level(event.kind, event.limit),
    }
    if event.action is Move.LOCKED_OUT:
        text = OVERLOAD_LOCKED_OUT if event.kind is RuleKind.OVERLOAD else LOCKED_OUT
        _raise(site, kind, event.meter, placeholders, ir.IssueSeverity.ERROR, text=text)
        return
    is_off = event.action is Move.TRIPPED
    severity = ir.IssueSeverity.ERROR if is_off else ir.IssueSeverity.WARNING
    _raise(site, kind, event.meter, placeholders, severity)


def raise_tamper(site: CompereSite, event: Tamper) -> None:
    """Say that energy counts behind an open relay."""
    placeholders = {
        "meter": _name(site, event.meter),
        "serial": event.meter,
        "energy": _kwh(event.energy_wh),
    }
    _raise(site, TAMPER, event.meter, placeholders, ir.IssueSeverity.ERROR)


def raise_refused(site: CompereSite, subentry: ConfigSubentry, error: PrepaidError) -> None:
    """Say that a bus, meter or account cannot run as it is configured."""
    placeholders = {"title": subentry.title, "error": in_words(site.hass, error)}
    _raise(site, REFUSED, subentry.subentry_id, placeholders, ir.IssueSeverity.ERROR)


def raise_other_meter(site: CompereSite, serial: MeterSerial, found: str) -> None:
    """Say that another meter answers at a meter's address."""
    placeholders = {"meter": _name(site, serial), "serial": serial, "found": found}
    _raise(site, OTHER_METER, serial, placeholders, ir.IssueSeverity.ERROR)


def raise_ledger_read_only(site: CompereSite, error: LedgerReadOnlyError) -> None:
    """Say that the ledger refuses writes, and what the check found: relays stay as they are."""
    reason = error.placeholders.get("reason") or in_words(site.hass, error)
    _raise(site, LEDGER_READ_ONLY, "", {"error": reason}, ir.IssueSeverity.CRITICAL)


def raise_ledger_unavailable(site: CompereSite, error: OperationFailedError) -> None:
    """Say that the ledger cannot be written now: nothing is lost, charging waits."""
    reason = in_words(site.hass, error)
    _raise(site, LEDGER_UNAVAILABLE, "", {"error": reason}, ir.IssueSeverity.ERROR)


def raise_snapshot_failed(site: CompereSite, error: PrepaidError) -> None:
    """Say that last night's copy of the ledger was not made, or is not good."""
    _raise(site, SNAPSHOT_FAILED, "", {"error": in_words(site.hass, error)})


def raise_channel_failed(site: CompereSite, channel: str, error: str) -> None:
    """Say that messages do not reach somebody."""
    _raise(site, CHANNEL_FAILED, channel, {"channel": channel, "error": error})


def raise_portal_port(site: CompereSite, host: str, port: int, error: OSError) -> None:
    """Say that the tenants' page cannot be reached, for its port cannot be opened."""
    reason = error.strerror or str(error)
    values = {"host": host, "port": str(port), "error": reason}
    _raise(site, PORTAL_PORT, "", values, ir.IssueSeverity.ERROR)


def raise_approval_waits(site: CompereSite, *, count: int, user: str, amount: str) -> None:
    """Say that something waits for a second person at the cash desk."""
    _raise(site, APPROVAL_WAITS, "", {"count": str(count), "user": user, "amount": amount})


def raise_restored(site: CompereSite, head: str) -> None:
    """Say that the ledger was restored, and what has to be compared."""
    _raise(site, LEDGER_RESTORED, "", {"head": head}, ir.IssueSeverity.ERROR)


def keep_money(site: CompereSite, *, suspense: Amount, unexplained: Amount) -> None:
    """Say that money waits for somebody who knows whose it is, or what it is; or take it back."""
    for kind, amount in ((SUSPENSE, suspense), (UNEXPLAINED, unexplained)):
        if amount:
            _raise(site, kind, "", {"amount": _money(site, amount)})
        else:
            clear(site, kind, "")


def raise_of_provider(site: CompereSite, kind: str, key: str, title: str) -> None:
    """Say that a provider's notices are not believed, or why."""
    _raise(site, kind, key, {"provider": title}, ir.IssueSeverity.ERROR)


def raise_provider_refused(site: CompereSite, key: str, title: str, error: PrepaidError) -> None:
    """Say that a provider does not take our keys any more."""
    placeholders = {"provider": title, "error": in_words(site.hass, error)}
    _raise(site, PROVIDER_REFUSED, key, placeholders, ir.IssueSeverity.ERROR)


def raise_payment_altered(site: CompereSite, title: str, txn: str) -> None:
    """Say that a provider told two different things of one payment."""
    placeholders = {"provider": title, "txn": txn}
    _raise(site, PAYMENT_ALTERED, txn, placeholders, ir.IssueSeverity.ERROR)


def raise_certificate(  # whose it is, which, and when
    site: CompereSite, kind: str, subject: str, title: str, ends: datetime, *, is_over: bool
) -> None:
    """Say that a certificate ends soon, or has ended."""
    placeholders = {"provider": title, "day": ends.astimezone(site.zone).date().isoformat()}
    severity = ir.IssueSeverity.ERROR if is_over else ir.IssueSeverity.WARNING
    text = f"{kind}_ended" if is_over else kind
    _raise(site, kind, subject, placeholders, severity, text=text)


def raise_provider_removed(site: CompereSite, key: str, held: Amount, orders: int) -> None:
    """Say that a provider was removed too early; this is remembered over a restart."""
    placeholders = {"provider": key, "amount": _money(site, held), "orders": str(orders)}
    _raise(site, PROVIDER_REMOVED, key, placeholders, is_persistent=True)


def removed_providers(site: CompereSite) -> set[str]:
    """Return the keys of the providers that are said to have been removed too early."""
    return _subjects(site, PROVIDER_REMOVED)


def _money(site: CompereSite, amount: Amount) -> str:
    return f"{site.currency.rounded(amount):f} {site.currency.code}"


def _kwh(energy_wh: int | None) -> str:
    return "-" if energy_wh is None else f"{energy_wh // 1000}.{energy_wh % 1000:03}"


def _level(kind: RuleKind, level: int | None) -> str:
    return "-" if level is None else f"{trimmed(kind.shown(level)):f} {kind.unit}"


def raise_unexplained_loss(site: CompereSite, feeder: str, alarm: LossAlarm) -> None:
    """Say that a feeder loses more than it may, for days."""
    balance = alarm.balance
    _raise(
        site,
        UNEXPLAINED_LOSS,
        feeder,
        {
            "feeder": feeder,
            "since": alarm.since.isoformat(),
            "days": str(alarm.days),
            "main": f"{trimmed(Decimal(balance.main_wh).scaleb(-3))}",
            "loss": f"{trimmed(Decimal(balance.loss_wh).scaleb(-3))}",
            "percent": f"{Decimal(balance.loss_ppm or 0).scaleb(-4):.1f}",
            "expected": f"{trimmed(Decimal(balance.expected_ppm).scaleb(-4))}",
            "unexplained": f"{trimmed(Decimal(balance.unexplained_wh).scaleb(-3))}",
        },
    )


def raise_allocation_waits(site: CompereSite, runs: list[str]) -> None:
    """Say that runs wait for somebody to approve or reject them."""
    _raise(site, ALLOCATION_WAITS, "", {"runs": ", ".join(runs)})


def raise_month_end_registers(site: CompereSite, month: str, meters: str) -> None:
    """Say that a month waits for meters to be read."""
    placeholders = {"month": month, "meters": meters}
    _raise(site, MONTH_END, month, placeholders, text="month_end_registers")


def raise_month_end_lacks(site: CompereSite, month: str, pools: tuple[str, ...]) -> None:
    """Say that a month was worked out, but is not posted because something is missing."""
    placeholders = {"month": month, "pools": ", ".join(pools)}
    _raise(site, MONTH_END, month, placeholders, text="month_end_lacks")


def raise_month_end_failed(site: CompereSite, month: str, error: PrepaidError) -> None:
    """Say that a month could not be worked out or posted."""
    placeholders = {"month": month, "error": in_words(site.hass, error)}
    _raise(site, MONTH_END, month, placeholders, text="month_end_failed")
