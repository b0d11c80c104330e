"""What happened, told by the use cases and translated elsewhere.

Every event names its account or its meter. The value of `TYPE` is the public name that automations
see; it is part of the stable contract.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from .ids import AccountNumber, BusId, MeterSerial
from .money.amount import Amount
from .policy.protection import RuleKind
from .policy.protection_state import Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at an instant (UTC)."""

    TYPE: ClassVar[str] = ""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent(Event):
    """Something that happened to an account; `available` is its available credit afterwards."""

    account: AccountNumber
    available: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditWarning(AccountEvent):
    """Available credit fell through a warning level; told once per crossing.

    `level` is an amount, `days` are days left; each is None if it is not what was crossed.
    """

    TYPE = "credit_warning"

    level: Amount | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff(AccountEvent):
    """Credit is used up: the hold `no_credit` was placed on these meters."""

    TYPE = "cut_off"

    meters: tuple[MeterSerial, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored(AccountEvent):
    """A relay was read back closed after an account's credit hold was released.

    `seconds` counts from the commit of what released the hold to the read-back.
    """

    TYPE = "restored"

    meter: MeterSerial
    seconds: float


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ToppedUp(AccountEvent):
    """Money was credited, durably, before this was told.

    `source` is where it came from: `cash desk`, or a payment provider's key.
    """

    TYPE = "topped_up"

    amount: Amount
    reference: str
    balance: Amount
    source: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpReversed(AccountEvent):
    """A top-up was taken back, with all that followed from it."""

    TYPE = "top_up_reversed"

    amount: Amount
    reference: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(AccountEvent):
    """Money left an account, for the tenant."""

    TYPE = "refunded"

    amount: Amount
    reference: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced(AccountEvent):
    """An announcement for this account can be read from now on; told once."""

    TYPE = "announced"

    announcement: str
    urgency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedOut(AccountEvent):
    """An account was closed with a final reading and a final statement."""

    TYPE = "moved_out"

    statement: int
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvent(Event):
    """Something that happened to a meter."""

    meter: MeterSerial


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectReading(MeterEvent):
    """A reading cannot be true; charging and tripping of this meter are frozen until one can.

    `reason` is one of `missing`, `backwards`, `implausible`, `other_meter`, `in_future`.
    """

    TYPE = "suspect_reading"

    reason: str
    energy_wh: int | None
    baseline_wh: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTrusted(MeterEvent):
    """A plausible reading followed suspect ones; charging goes on from the old baseline."""

    TYPE = "reading_trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRolledOver(MeterEvent):
    """The register passed its highest value and began anew at 0; charging went on over it."""

    TYPE = "register_rolled_over"

    energy_wh: int
    modulus_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOffline(MeterEvent):
    """The meter has not answered for longer than its patience."""

    TYPE = "meter_offline"

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOnline(MeterEvent):
    """A meter that was offline answers again."""

    TYPE = "meter_online"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayDisobeys(MeterEvent):
    """The relay does not follow its demand after several tries."""

    TYPE = "relay_disobeys"

    demanded_closed: bool
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFollows(MeterEvent):
    """The relay was read back in the state that the holds demand."""

    TYPE = "relay_follows"

    closed: bool
    seconds: float
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionEvent(MeterEvent):
    """A protection rule did something.

    `kind` is the rule, `action` one of `warned`, `tripped`, `locked_out`, `reclosed`, `cleared`.
    `value` and `limit` are thousandths of the rule's unit, None where none was measured.
    """

    kind: RuleKind
    action: Move
    value: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload(ProtectionEvent):
    """The rule about the load did something."""

    TYPE = "overload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected(ProtectionEvent):
    """Any other protection rule did something."""

    TYPE = "protection"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionStands(ProtectionEvent):
    """The hold of a rule was found standing when the program started."""

    TYPE = "protection_stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper(MeterEvent):
    """Energy counts although the relay was read back open: the relay is bridged."""

    TYPE = "tamper"

    kind: str
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TamperOver(MeterEvent):
    """Behind the open relay nothing counts any more."""

    TYPE = "tamper_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class NightMeasured(MeterEvent):
    """A night is over, and its base load (mW) is known."""

    TYPE = "night_measured"

    base_mw: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BusDown(Event):
    """A line cannot be reached; its meters are silent for one common reason."""

    TYPE = "bus_down"

    bus: BusId
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BusUp(Event):
    """A line can be reached again."""

    TYPE = "bus_up"

    bus: BusId


PUBLIC: tuple[type[AccountEvent | MeterEvent], ...] = (
    CreditWarning,
    CutOff,
    CutPutOff,
    CutReminder,
    ShadowCut,
    ShadowRestored,
    ReconnectAwaited,
    EmergencyStarted,
    EmergencyRepaid,
    GraceGranted,
    GraceRevoked,
    DisputeOpened,
    DisputeClosed,
    Restored,
    ToppedUp,
    TopUpReversed,
    Refunded,
    MovedOut,
    Announced,
    SuspectReading,
    RegisterRolledOver,
    MeterOffline,
    Overload,
    Protected,
    Tamper,
)
"""What automations may rely on: told on the bus, by the account's event entity, in the logbook."""
