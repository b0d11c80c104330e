"""Protection rules: what a supply may look like, and what is done when it does not.

Each rule watches one measured value of a meter against a limit. A rule warns, or it places a hold,
or does nothing. Every rule has a hysteresis: it becomes active when the value was beyond its limit
for `delay_s`, and is over when the value was back at its release level for `release_s`.

Rules about the *supply* (voltage) can be watched while the relay is open: their hold goes when the
supply is good again. Rules about the *load* cannot: the load is gone with the open relay. The relay
is closed again after a while to see, a few times, and then stays open (lock-out).

All values are thousandths of their unit (mV, mW, mA; a percentage in thousandths of a percent).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from ..errors import InvalidInputError
from ..ledger.records import HoldKind


class RuleKind(StrEnum):
    """What is watched."""

    OVERLOAD = "overload"
    OVER_VOLTAGE = "over_voltage"
    UNDER_VOLTAGE = "under_voltage"
    PHASE_LOSS = "phase_loss"
    VOLTAGE_THD = "voltage_thd"
    CURRENT_THD = "current_thd"
    RESIDUAL_CURRENT = "residual_current"
    NIGHT_LOAD = "night_load"
    """The lowest power of a night: what runs when nobody is there."""
    LEAKAGE_TREND = "leakage_trend"
    """By how much a night's base load exceeds that of the nights before, in percent."""

    @property
    def hold(self) -> HoldKind:
        """The kind of hold that it places."""
        return HoldKind.OVERLOAD if self is RuleKind.OVERLOAD else HoldKind.PROTECTION

    @property
    def is_supply(self) -> bool:
        """Whether it can be watched while the relay is open."""
        return self in _SUPPLY

    @property
    def is_lower(self) -> bool:
        """Whether values below its limit are bad, not those above."""
        return self in _LOWER

    @property
    def unit(self) -> str:
        """The unit in which people give its limit."""
        return _UNITS.get(self, "%")

    @property
    def decimals(self) -> int:
        """How many decimals its levels have in that unit; a milliampere is a thousandth already."""
        return 0 if self.unit == "mA" else 3

    def shown(self, level: int) -> Decimal:
        """Return a level in the unit in which people give it."""
        return Decimal(level).scaleb(-self.decimals)


_SUPPLY = frozenset(
    {
        RuleKind.OVER_VOLTAGE,
        RuleKind.UNDER_VOLTAGE,
        RuleKind.PHASE_LOSS,
        RuleKind.VOLTAGE_THD,
    }
)
_LOWER = frozenset({RuleKind.UNDER_VOLTAGE, RuleKind.PHASE_LOSS})
_UNITS: Mapping[RuleKind, str] = {
    RuleKind.OVERLOAD: "W",
    RuleKind.NIGHT_LOAD: "W",
    RuleKind.OVER_VOLTAGE: "V",
    RuleKind.UNDER_VOLTAGE: "V",
    RuleKind.PHASE_LOSS: "V",
    RuleKind.RESIDUAL_CURRENT: "mA",
}


class Action(StrEnum):
    """What a rule does."""

    NONE = "none"
    WARN = "warn"
    HOLD = "hold"


class Basis(StrEnum):
    """What an overload's limit is counted in."""

    ABSOLUTE = "absolute"
    RATED = "rated"
    """Percent of the meter's rated power."""
    BREAKER = "breaker"
    """Percent of what its breaker lets through for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """What a meter's place is made for."""

    breaker_w: int
    rated_w: int | None = None
    """The agreed power; None if nobody said."""

    def of(self, basis: Basis) -> int | None:
        """Return the power in W that counts as 100 percent."""
        return self.rated_w if basis is Basis.RATED else self.breaker_w


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Levels are thousandths of the kind's unit, or of a percent of the basis."""

    kind: RuleKind
    action: Action = Action.WARN
    limit: int | None = None
    """None: nobody knows, so nothing is watched."""
    basis: Basis = Basis.ABSOLUTE
    release: int | None = None
    """Where it is over; None: 5 percent inside the limit."""
    delay_s: int = 60
    release_s: int = 60
    warn_s: int | None = None
    """Of a rule that holds: when people are warned before the relay opens; None: they are not."""
    min_on_s: int = 60
    """A relay that was closed again stays so for at least this long."""
    tries: int = 0
    """How often a load is given another chance before the lock-out."""
    spacing_s: int = 60
    """How long the relay stays open before each try."""
    lock_out_s: int | None = None
    """How long the lock-out lasts; None: until a person releases the hold."""
    quiet_s: int = 3600
    """After so long without trouble the tries count anew."""
    floor: int = 0
    """Of a trend: a load below this (mW) is no leakage, however it grew."""

    def __post_init__(self) -> None:
        """Refuse a rule that would chatter, or never count its tries."""
        wrong_side = (
            self.limit is not None
            and self.release is not None
            and (self.release <= self.limit) == self.kind.is_lower
            and self.release != self.limit
        )
        if wrong_side:
            raise InvalidInputError("protection_release_beyond_limit", rule=self.kind)
        if self.warn_s is not None and self.warn_s >= self.delay_s:
            raise InvalidInputError("protection_warning_too_late", rule=self.kind)
        if self.tries and self.quiet_s < self.delay_s:
            raise InvalidInputError("protection_quiet_too_short", rule=self.kind)

    @property
    def release_level(self) -> int | None:
        """Where it is over, in the terms of the limit."""
        if self.release is not None or self.limit is None:
            return self.release
        return self.limit * (105 if self.kind.is_lower else 95) // 100

    def at(self, level: int | None, ratings: Ratings) -> int | None:
        """Return a level of this rule for one meter, in thousandths; None if that is not known."""
        if level is None or self.basis is Basis.ABSOLUTE:
            return level
        whole_w = ratings.of(self.basis)
        return None if whole_w is None else level * whole_w // 100


def _defaults() -> dict[RuleKind, Rule]:
    rules = (
        # 300 s and 60 s are what a vendor of prepaid meters publishes as its defaults.
        Rule(
            kind=RuleKind.OVERLOAD,
            basis=Basis.BREAKER,
            limit=100_000,
            delay_s=300,
            tries=3,
            spacing_s=60,
        ),
        Rule(kind=RuleKind.OVER_VOLTAGE, limit=253_000, release=248_000),
        Rule(kind=RuleKind.UNDER_VOLTAGE, limit=198_000, release=203_000),
        Rule(kind=RuleKind.PHASE_LOSS, limit=100_000, release=150_000, delay_s=30),
        Rule(kind=RuleKind.VOLTAGE_THD, limit=8_000, release=7_000, delay_s=600, release_s=600),
        Rule(kind=RuleKind.CURRENT_THD, action=Action.NONE, delay_s=600, release_s=600),
        Rule(kind=RuleKind.RESIDUAL_CURRENT, limit=300, release=250),
        Rule(kind=RuleKind.NIGHT_LOAD, action=Action.NONE, delay_s=0, release_s=0),
        Rule(
            kind=RuleKind.LEAKAGE_TREND,
            limit=50_000,
            release=25_000,
            delay_s=0,
            release_s=0,
            floor=200_000,
        ),
    )
    return {rule.kind: rule for rule in rules}


DEFAULTS: Mapping[RuleKind, Rule] = MappingProxyType(_defaults())
"""What holds where a policy says nothing: warnings, and none where the right limit is not known.

Voltages are 230 V + 10 % (EN 50160) and 220 V − 10 % (GB/T 12325), the widest that a low-voltage
supply may have; 8 % voltage distortion is EN 50160's limit, 300 mA what guards against fire
(IEC 60364).
"""

NIGHT = (2 * 60, 5 * 60)
"""The minutes of the day between which a mall sleeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The protection of a policy: what differs from the defaults, and when the night is."""

    rules: Mapping[RuleKind, Rule] = field(default_factory=dict)
    night: tuple[int, int] = NIGHT
    """From and to, in minutes of the site's day; may pass midnight."""

    def rule(self, kind: RuleKind) -> Rule:
        """Return the rule of a kind."""
        return self.rules.get(kind, DEFAULTS[kind])

    @property
    def differing(self) -> Mapping[RuleKind, Rule]:
        """The rules that are not the defaults."""
        return {kind: rule for kind, rule in self.rules.items() if rule != DEFAULTS[kind]}


STANDARD_PROTECTION = Protection()
"""Of policies that say nothing."""
