"""Bringing warnings and holds in line with what an account's credit means."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ..events import (
    CreditWarning,
    CutOff,
    CutPutOff,
    CutReminder,
    Event,
    ReconnectAwaited,
    ShadowCut,
    ShadowRestored,
)
from ..ids import MeterSerial
from ..ledger.account_rows import CreditWatch, Decision, DecisionKind
from ..ledger.records import Announcement, Hold, HoldKind, RelayDemand
from ..money.amount import Amount
from ..policy.credit import Reconnect
from ..policy.decision import Standing, Step, Verdict, decide
from ..policy.holds import place, release, standing
from .slip import Slip, stored_watch

if TYPE_CHECKING:
    from .settlement import AccountDue

CREDIT_CAUSE = "credit:"
"""Begins the cause of a relay demand that followed from an account's money."""


class Outcome(NamedTuple):
    """What an account's credit means: what is remembered, what happened, and what relays do."""

    told: Amount | None
    watch: CreditWatch
    next_at: datetime | None = None
    """When to decide again though no money moves."""
    events: tuple[Event, ...] = ()
    demands: tuple[RelayDemand, ...] = ()


def align(slip: Slip, due: AccountDue, available: Amount, cause: str) -> Outcome:
    """Warn, cut, put off and restore as credit asks for it, and remember it."""
    tx, at = slip.tx, slip.at
    told = tx.announcement(due.number)
    off = _is_off(slip, due)
    left = Amount(available - due.policy.cut_off)
    account = Standing(
        available=available,
        days_left=due.days_left(left) if due.policy.warning_days else None,
        told=told.level,
        own_level=due.own_level,
        watch=slip.watch,
        opened_at=slip.tenancy.opened_at,
        paid=slip.paid,
        off=off,
        never_cut=due.never_cut,
    )
    verdict = decide(due.policy, account, at, due.zone)
    if verdict.warned.told != told.level:
        tx.set_announcement(Announcement(account=due.number, level=verdict.warned.told))
    if verdict.watch != stored_watch(tx, due.number):
        tx.put(verdict.watch)
    events = _tell(slip, available, verdict)
    demands, cut = _move(slip, due, verdict.step, f"{CREDIT_CAUSE}{cause}")
    if cut:
        events.append(CutOff(at=at, account=due.number, available=available, meters=cut))
    if verdict.step is Step.ALLOW and _awaits_a_person(due, off=off):
        events.append(ReconnectAwaited(at=at, account=due.number, available=available))
    return Outcome(verdict.warned.told, verdict.watch, verdict.next_at, tuple(events), demands)


def _is_off(slip: Slip, due: AccountDue) -> bool:
    return any(
        standing(slip.tx, meter.serial, HoldKind.NO_CREDIT) is not None for meter in due.meters
    )


def _awaits_a_person(due: AccountDue, *, off: bool) -> bool:
    """Tell whether credit just came back to an account whose supply waits for somebody."""
    waits = due.policy.reconnect is Reconnect.CONFIRM and not due.reconnect and not due.never_cut
    return off and waits and due.was_exhausted


def _tell(slip: Slip, available: Amount, verdict: Verdict) -> list[Event]:
    """Record what was decided, and return what is to be told of it."""
    at, account = slip.at, slip.account
    events: list[Event] = []
    _, _, level, days = verdict.warned
    if level is not None or days is not None:
        events.append(
            CreditWarning(at=at, account=account, available=available, level=level, days=days)
        )
    if verdict.shadow_restored and (since := slip.watch.shadow_cut_at) is not None:
        slip.decide(DecisionKind.SHADOW_RESTORED, available)
        events.append(ShadowRestored(at=at, account=account, available=available, since=since))
    if verdict.waits is not None and verdict.is_news:
        why, until = verdict.waits
        slip.decide(DecisionKind.PUT_OFF, available, until=until, detail=why.value)
        events.append(
            CutPutOff(at=at, account=account, available=available, why=why.value, until=until)
        )
    if verdict.shadow_cut:
        until = verdict.adapts_until
        slip.decide(DecisionKind.SHADOW_CUT, available, until=until)
        rows = slip.tx.rows(Decision, account=account, kind=DecisionKind.SHADOW_CUT)
        events.append(
            ShadowCut(at=at, account=account, available=available, until=until, count=len(rows))
        )
    if verdict.reminder is not None:
        why, until = verdict.reminder
        events.append(
            CutReminder(at=at, account=account, available=available, why=why.value, until=until)
        )
    return events


def _move(
    slip: Slip, due: AccountDue, step: Step, origin: str
) -> tuple[tuple[RelayDemand, ...], tuple[MeterSerial, ...]]:
    """Place or release `no_credit`; return changed demands and the meters newly cut."""
    may_return = due.policy.reconnect is Reconnect.AUTO or due.reconnect or due.never_cut
    demands: list[RelayDemand | None] = []
    cut: list[MeterSerial] = []
    for meter in due.meters:
        if step is Step.CUT:
            if meter.may_open and standing(slip.tx, meter.serial, HoldKind.NO_CREDIT) is None:
                hold = Hold(
                    meter=meter.serial,
                    kind=HoldKind.NO_CREDIT,
                    placed_at=slip.at,
                    placed_by="credit policy",
                    reason=due.policy.name,
                )
                demands.append(place(slip.tx, hold, origin))
                cut.append(meter.serial)
        elif step is Step.BACK or (step is Step.ALLOW and may_return):
            demands.append(
                release(slip.tx, meter.serial, HoldKind.NO_CREDIT, slip.at, "credit policy", origin)
            )
    return tuple(demand for demand in demands if demand is not None), tuple(cut)
