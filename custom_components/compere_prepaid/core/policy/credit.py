"""Credit policy: what an account's money means for its supply.

The state is computed from available credit, the policy and the holds that stand; it is never stored
as a flag that could lie. What is remembered is only the lowest warning level that was told, so that
each crossing is told once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
import json

from ..errors import InvalidInputError
from ..money.amount import ZERO, Amount, Currency
from .protected_times import NEVER_PROTECTED, ProtectedTimes
from .protected_times_document import protected_data, protected_from
from .protection import STANDARD_PROTECTION, Protection
from .protection_document import protection_data, protection_from


class SupplyState(StrEnum):
    """How an account stands, from good to off."""

    IN_CREDIT = "in_credit"
    WARNING = "warning"
    EMERGENCY = "emergency"
    EXHAUSTED = "exhausted"
    OFF = "off"


class Reconnect(StrEnum):
    """Who closes the relay after credit came back."""

    AUTO = "auto"
    CONFIRM = "confirm"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Named prepaid rules. Amounts are measured on available credit.

    `warning_levels` fall strictly and lie above `cut_off`; at or below `cut_off` the supply is cut.
    `emergency_credit` is what a tenant whose credit is low may use up once, and repays first. A
    single top-up is at least `minimum_top_up`, and at most `maximum_top_up` (None: any).

    `warning_days` fall strictly and are more than 0: levels in days left. Credit cuts nobody inside
    `protected` times, nor before the tenant has known for `notice_hours` that it is low, and an
    account that is younger than `adaptation_days` is only shadow-cut. `valid_from` is the first day
    of a version that is to come, None of one in force.
    """

    name: str
    warning_levels: tuple[Amount, ...]
    warning_days: tuple[int, ...] = ()
    cut_off: Amount = ZERO
    credit_limit: Amount = ZERO
    reconnect: Reconnect = Reconnect.AUTO
    never_cut: bool = False
    emergency_credit: Amount = ZERO
    minimum_top_up: Amount = ZERO
    maximum_top_up: Amount | None = None
    protection: Protection = STANDARD_PROTECTION
    protected: ProtectedTimes = NEVER_PROTECTED
    notice_hours: int = 0
    adaptation_days: int = 0
    valid_from: date | None = None

    def __post_init__(self) -> None:
        """Refuse rules that contradict each other."""
        levels = self.warning_levels
        if list(levels) != sorted(set(levels), reverse=True):
            raise InvalidInputError("policy_levels_unsorted", policy=self.name)
        if levels and levels[-1] <= self.cut_off:
            raise InvalidInputError("policy_level_below_cut_off", policy=self.name)
        if self.credit_limit < 0:
            raise InvalidInputError("policy_credit_limit_negative", policy=self.name)
        if self.emergency_credit < 0:
            raise InvalidInputError("policy_emergency_negative", policy=self.name)
        days = self.warning_days
        if list(days) != sorted(set(days), reverse=True) or (days and days[-1] <= 0):
            raise InvalidInputError("policy_days_unsorted", policy=self.name)
        if self.notice_hours < 0 or self.adaptation_days < 0:
            raise InvalidInputError("policy_time_negative", policy=self.name)
        highest = self.maximum_top_up
        if self.minimum_top_up < 0 or (highest is not None and highest < self.minimum_top_up):
            raise InvalidInputError("policy_top_up_limits", policy=self.name)

    def levels_with(self, own: Amount | None) -> tuple[Amount, ...]:
        """Return the warning levels, falling, with one more that a tenant chose.

        One at or below the cut-off warns of nothing.
        """
        if own is None or own <= self.cut_off:
            return self.warning_levels
        return tuple(sorted({*self.warning_levels, own}, reverse=True))

    def level_reached(self, available: Amount, own: Amount | None = None) -> Amount | None:
        """Return the lowest warning level that available credit is at or below, if any.

        `own` is one more level, which the tenant chose.
        """
        reached = [level for level in self.levels_with(own) if available <= level]
        return reached[-1] if reached else None


def supply_state(
    policy: Policy,
    available: Amount,
    *,
    off: bool,
    emergency: Amount = ZERO,
    own_level: Amount | None = None,
) -> SupplyState:
    """Name the state of an account; `off` when the hold `no_credit` stands on its meters.

    `emergency` is the emergency credit in use, which `available` contains; `own_level` is a warning
    level that the tenant chose.
    """
    if off:
        return SupplyState.OFF
    if available <= policy.cut_off:
        return SupplyState.EXHAUSTED
    if emergency and available - emergency <= policy.cut_off:
        return SupplyState.EMERGENCY
    if policy.level_reached(available, own_level) is not None:
        return SupplyState.WARNING
    return SupplyState.IN_CREDIT


def policy_content(policy: Policy, currency: Currency) -> str:
    """Return a policy as canonical JSON, money as decimal text.

    What a policy does not use is left out, so that its text stays what older versions wrote.
    """
    data: dict[str, object] = {
        "warning_levels": [str(currency.exact(level)) for level in policy.warning_levels],
        "cut_off": str(currency.exact(policy.cut_off)),
        "credit_limit": str(currency.exact(policy.credit_limit)),
        "reconnect": policy.reconnect,
        "never_cut": policy.never_cut,
    }
    for name in ("emergency_credit", "minimum_top_up", "maximum_top_up"):
        if amount := getattr(policy, name):
            data[name] = str(currency.exact(amount))
    data |= times_and_protection_data(policy)
    return json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)


def times_and_protection_data(policy: Policy) -> dict[str, object]:
    """Return what a policy says besides money, as every document writes it, where it is used."""
    data: dict[str, object] = {}
    if policy.warning_days:
        data["warning_days"] = list(policy.warning_days)
    for name in ("notice_hours", "adaptation_days"):
        if hours_or_days := getattr(policy, name):
            data[name] = hours_or_days
    if protected := protected_data(policy.protected):
        data["protected"] = protected
    if protection := protection_data(policy.protection):
        data["protection"] = protection
    return data


def policy_of(name: str, content: str, currency: Currency) -> Policy:
    """Read back what `policy_content` wrote."""
    data = json.loads(content)
    levels: Sequence[str] = data["warning_levels"]
    return Policy(
        name=name,
        warning_levels=tuple(_amount(currency, level) for level in levels),
        cut_off=_amount(currency, data["cut_off"]),
        credit_limit=_amount(currency, data["credit_limit"]),
        reconnect=Reconnect(data["reconnect"]),
        never_cut=data["never_cut"],
        emergency_credit=_amount(currency, data.get("emergency_credit", "0")),
        minimum_top_up=_amount(currency, data.get("minimum_top_up", "0")),
        maximum_top_up=(
            _amount(currency, data["maximum_top_up"]) if "maximum_top_up" in data else None
        ),
        protection=protection_from(data.get("protection", {})),
        protected=protected_from(data.get("protected", {})),
        warning_days=tuple(data.get("warning_days", ())),
        notice_hours=data.get("notice_hours", 0),
        adaptation_days=data.get("adaptation_days", 0),
    )


def _amount(currency: Currency, text: str) -> Amount:
    return currency.parse(text)
