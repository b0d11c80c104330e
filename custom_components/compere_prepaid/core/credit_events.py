"""What is decided about an account's credit, told by the use cases."""

from dataclasses import dataclass
from datetime import datetime

from .events import AccountEvent
from .money.amount import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class CutPutOff(AccountEvent):
    """Credit is used up, and the cut waits: `why` is a `Why` of the policy's decision.

    `until` is when the cut comes at the earliest; None if nobody knows it.
    """

    TYPE = "cut_put_off"

    why: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutReminder(AccountEvent):
    """A cut that waits comes soon, at `until`, unless credit does."""

    TYPE = "cut_reminder"

    why: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowCut(AccountEvent):
    """The account would be cut now; it adapts until `until`, and no relay moves."""

    TYPE = "shadow_cut"

    until: datetime
    count: int
    """How often that has happened to it by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowRestored(AccountEvent):
    """The supply of an account that was only shadow-cut would come back now."""

    TYPE = "shadow_restored"

    since: datetime
    """Since when it would have been off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectAwaited(AccountEvent):
    """Credit came back, and a person is to confirm that supply may."""

    TYPE = "reconnect_awaited"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyStarted(AccountEvent):
    """The account uses its emergency credit."""

    TYPE = "emergency_started"

    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRepaid(AccountEvent):
    """The emergency credit was repaid, and may be used again."""

    TYPE = "emergency_repaid"

    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDecision(AccountEvent):
    """Somebody decided about an account's credit, and said why."""

    reason: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GraceGranted(PersonalDecision):
    """Credit does not cut the account before `until`."""

    TYPE = "grace_granted"

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GraceRevoked(PersonalDecision):
    """The account has no grace any more."""

    TYPE = "grace_revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeOpened(PersonalDecision):
    """Credit does not cut the account while it is disputed."""

    TYPE = "dispute_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeClosed(PersonalDecision):
    """The account is not disputed any more."""

    TYPE = "dispute_closed"
