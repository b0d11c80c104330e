"""News: what of a site's events is worth telling somebody, and to whom.

News hold what happened in plain values, so that they can wait in a file until the quiet time ends.
The words are made when they are sent: what they say of an account's money is true then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from ..core.allocation.events import SharedCosts
from ..core.events import (
    AccountEvent,
    BusDown,
    CreditWarning,
    CutOff,
    CutPutOff,
    CutReminder,
    EmergencyStarted,
    Event,
    GraceGranted,
    MeterOffline,
    Overload,
    Protected,
    ReconnectAwaited,
    Restored,
    ShadowCut,
    SuspectReading,
    Tamper,
    ToppedUp,
)
from ..core.payment.events import AutoTopUpStopped
from ..core.policy.protection_state import Move
from .settings import Topic


class Kind(StrEnum):
    """What is told; begins the keys of its texts."""

    CREDIT_WARNING = "credit_warning"
    CUT_PUT_OFF = "cut_put_off"
    CUT_REMINDER = "cut_reminder"
    SHADOW_CUT = "shadow_cut"
    EMERGENCY_STARTED = "emergency_started"
    AUTO_TOP_UP_STOPPED = "auto_top_up_stopped"
    GRACE_GRANTED = "grace_granted"
    CUT_OFF = "cut_off"
    RESTORED = "restored"
    TOPPED_UP = "topped_up"
    SHARED_COSTS = "shared_costs"
    RECONNECT_AWAITED = "reconnect_awaited"
    METER_OFFLINE = "meter_offline"
    SUSPECT_READING = "suspect_reading"
    BUS_DOWN = "bus_down"
    OVERLOAD = "overload"
    PROTECTION = "protection"
    TAMPER = "tamper"


class Audience(StrEnum):
    """Who is told."""

    TENANT = "tenant"
    MANAGERS = "managers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one kind of news is told."""

    topic: Topic | None
    """What managers must want to be told of it; None if it is for tenants alone."""
    tenants: bool
    """Whether the account's tenant is told."""
    urgent: bool
    """Whether it is told in the quiet time as well."""


RULES: Mapping[Kind, Rule] = {
    Kind.CREDIT_WARNING: Rule(topic=Topic.WARNINGS, tenants=True, urgent=False),
    Kind.CUT_PUT_OFF: Rule(topic=Topic.WARNINGS, tenants=True, urgent=False),
    Kind.CUT_REMINDER: Rule(topic=Topic.WARNINGS, tenants=True, urgent=True),
    Kind.SHADOW_CUT: Rule(topic=Topic.CUTS, tenants=True, urgent=False),
    Kind.EMERGENCY_STARTED: Rule(topic=Topic.WARNINGS, tenants=True, urgent=False),
    Kind.AUTO_TOP_UP_STOPPED: Rule(topic=Topic.WARNINGS, tenants=True, urgent=False),
    Kind.GRACE_GRANTED: Rule(topic=None, tenants=True, urgent=False),
    Kind.CUT_OFF: Rule(topic=Topic.CUTS, tenants=True, urgent=True),
    Kind.RESTORED: Rule(topic=Topic.CUTS, tenants=True, urgent=True),
    Kind.TOPPED_UP: Rule(topic=None, tenants=True, urgent=False),
    Kind.SHARED_COSTS: Rule(topic=None, tenants=True, urgent=False),
    Kind.RECONNECT_AWAITED: Rule(topic=Topic.CUTS, tenants=False, urgent=True),
    Kind.METER_OFFLINE: Rule(topic=Topic.EQUIPMENT, tenants=False, urgent=False),
    Kind.SUSPECT_READING: Rule(topic=Topic.EQUIPMENT, tenants=False, urgent=False),
    Kind.BUS_DOWN: Rule(topic=Topic.EQUIPMENT, tenants=False, urgent=False),
    Kind.OVERLOAD: Rule(topic=Topic.EQUIPMENT, tenants=True, urgent=True),
    Kind.PROTECTION: Rule(topic=Topic.EQUIPMENT, tenants=False, urgent=True),
    Kind.TAMPER: Rule(topic=Topic.EQUIPMENT, tenants=False, urgent=True),
}


OF_ACCOUNTS: Mapping[type[AccountEvent], Kind] = {
    CreditWarning: Kind.CREDIT_WARNING,
    CutPutOff: Kind.CUT_PUT_OFF,
    CutReminder: Kind.CUT_REMINDER,
    ShadowCut: Kind.SHADOW_CUT,
    EmergencyStarted: Kind.EMERGENCY_STARTED,
    AutoTopUpStopped: Kind.AUTO_TOP_UP_STOPPED,
    GraceGranted: Kind.GRACE_GRANTED,
    CutOff: Kind.CUT_OFF,
    Restored: Kind.RESTORED,
    ToppedUp: Kind.TOPPED_UP,
    SharedCosts: Kind.SHARED_COSTS,
    ReconnectAwaited: Kind.RECONNECT_AWAITED,
}
"""The events whose subject is an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to be told of an account, a meter or a line (`subject`)."""

    kind: Kind
    at: datetime
    subject: str
    """An account's number, a meter's serial number or a line's id, as the kind has it."""
    facts: Mapping[str, str | int] = field(default_factory=dict)
    """What the event said besides, money in the book's smallest unit."""

    @property
    def rule(self) -> Rule:
        """How it is told."""
        return RULES[self.kind]

    @property
    def until(self) -> datetime | None:
        """Until when something holds or waits; None if nobody said."""
        text = self.facts.get("until")
        return None if text is None else datetime.fromisoformat(str(text))

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is kept in a file."""
        return {
            "kind": self.kind.value,
            "at": self.at.isoformat(),
            "subject": self.subject,
            "facts": dict(self.facts),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `as_dict` wrote."""
        return cls(
            kind=Kind(data["kind"]),
            at=datetime.fromisoformat(data["at"]),
            subject=data["subject"],
            facts=data["facts"],
        )


def news_of(event: Event) -> News | None:
    """Return what an event has to tell; None if it is for entities and the like alone."""
    if not isinstance(event, AccountEvent):
        return _of_equipment(event)
    kind = OF_ACCOUNTS.get(type(event))
    if kind is None:
        return None
    if isinstance(event, SharedCosts):
        return _about(event, kind, event.account, {"amount": event.amount, "run": event.run})
    facts: dict[str, str | int] = {}
    for name in ("amount", "balance", "days", "why", "count", "until"):
        if (value := getattr(event, name, None)) is not None:
            facts[name] = value.isoformat() if isinstance(value, datetime) else value
    return _about(event, kind, event.account, facts)


def _of_equipment(event: Event) -> News | None:
    match event:
        case MeterOffline():
            return _about(event, Kind.METER_OFFLINE, event.meter, {"error": event.error})
        case SuspectReading():
            return _about(event, Kind.SUSPECT_READING, event.meter, {"reason": event.reason})
        case BusDown():
            return _about(event, Kind.BUS_DOWN, event.bus, {"error": event.error})
        case Tamper():
            return _about(event, Kind.TAMPER, event.meter, {"energy_wh": event.energy_wh})
        case Overload() | Protected() if event.action is not Move.CLEARED:
            kind = Kind.OVERLOAD if isinstance(event, Overload) else Kind.PROTECTION
            levels = {"value": event.value, "limit": event.limit}
            known = {name: level for name, level in levels.items() if level is not None}
            rule: dict[str, str | int] = {"rule": event.kind.value, "move": event.action.value}
            return _about(event, kind, event.meter, rule | known)
        case _:
            return None


def _about(
    event: Event, kind: Kind, subject: str, facts: Mapping[str, str | int] | None = None
) -> News:
    return News(kind=kind, at=event.at, subject=subject, facts=facts or {})
