"""What a tariff is: dated versions of prices, a schedule that says when each holds, and tiers.

A price belongs to a *period* (peak, flat, valley, or whatever the utility calls them). The schedule
says which period it is: of its rules the first that fits the day's weekday and month gives the
whole day, from slot to slot on the site's wall clock. Tiers make energy dearer (or cheaper) the
more of it an account uses in a calendar month.

A version is immutable: what was charged by it can be recomputed for ever. A change of prices is a
new version from a day on.
"""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..money.amount import Price

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DAYS = frozenset(range(7))
ALL_MONTHS = frozenset(range(1, 13))
MINUTES_PER_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Slot:
    """From this minute of the day's wall clock on, until the next slot or midnight: a period."""

    minute: int
    period: str


_minute = attrgetter("minute")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRule:
    """The slots of the days that have one of these weekdays (0 is Monday) and months."""

    slots: tuple[Slot, ...]
    """In time order; the first begins at minute 0, so that no hour is without a price."""
    days: frozenset[int] = ALL_DAYS
    months: frozenset[int] = ALL_MONTHS

    def fits(self, day: date) -> bool:
        """Tell whether the rule speaks about this day."""
        return day.month in self.months and day.weekday() in self.days

    def period_at(self, minute: int) -> str:
        """Return the period in force at a minute of a day that the rule fits."""
        return self.slots[bisect_right(self.slots, minute, key=_minute) - 1].period


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A step of the ladder: what energy costs between the bound before it and its own.

    Either something is added to (or taken from) each period's price, or a price replaces them.
    """

    up_to_wh: int | None = None
    """Where the tier ends, in Wh of the month; None for the last one, which never ends."""
    adder: int = 0
    """Per kWh, counted like a `Price`; negative where more energy is cheaper."""
    price: Price | None = None
    prices: Mapping[str, Price] | None = None

    def price_of(self, period: str, base: Price) -> Price:
        """Return what a kWh costs in this tier and period; `base` is the period's own price."""
        if self.price is not None:
            return self.price
        if self.prices is not None:
            return self.prices[period]
        return Price(base + self.adder)


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffVersion:
    """A tariff as it stands from a day on. Build it with `tariff_version_from` or `flat_tariff`.

    Those two check what this class relies on: every day has a rule, every period a price, and the
    tiers' bounds grow up to an open last tier.
    """

    name: str
    valid_from: date
    prices: Mapping[str, Price]
    rules: tuple[ScheduleRule, ...] = ()
    """First match wins. Empty where there is only one price."""
    tiers: tuple[Tier, ...] = ()
    tier_proration: int | None = None
    """Bounds are meant for a month of this many days; None: for any month."""

    def rule_of(self, day: date) -> ScheduleRule | None:
        """Return the rule that gives this day its slots; None where there is only one price."""
        return next((rule for rule in self.rules if rule.fits(day)), None)

    def period_on(self, day: date, minute: int) -> str:
        """Return the period in force at a minute of a day's wall clock."""
        rule = self.rule_of(day)
        return next(iter(self.prices)) if rule is None else rule.period_at(minute)

    def tier_prices(self, period: str) -> tuple[Price, ...]:
        """Return what a kWh costs in this period, tier by tier."""
        base = self.prices[period]
        return tuple(tier.price_of(period, base) for tier in self.tiers) or (base,)

    def tier_bounds(self, month: date) -> tuple[int, ...]:
        """Return where each tier but the last ends in this month, in Wh.

        Prorated bounds are rounded down to the Wh.
        """
        bounds = (tier.up_to_wh for tier in self.tiers if tier.up_to_wh is not None)
        if self.tier_proration is None:
            return tuple(bounds)
        days = monthrange(month.year, month.month)[1]
        return tuple(bound * days // self.tier_proration for bound in bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """All versions of one tariff, earliest first. Build it with `Tariff.of`."""

    name: str
    versions: tuple[TariffVersion, ...]
    memory: dict[ZoneInfo, object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What the schedule has worked out before, by zone; never part of what the tariff says."""

    @classmethod
    def of(cls, versions: Iterable[TariffVersion]) -> Tariff:
        """Join the versions of one tariff; refuse none at all, and two for the same day."""
        ordered = tuple(sorted(versions, key=lambda version: version.valid_from))
        names = {version.name for version in ordered}
        days = {version.valid_from for version in ordered}
        if len(names) != 1 or len(days) != len(ordered):
            raise InvalidInputError("tariff_versions_clash", tariff=", ".join(sorted(names)))
        return cls(name=ordered[0].name, versions=ordered)

    def find_version(self, day: date) -> TariffVersion | None:
        """Return the version in force on a day of the site's calendar; None before the first."""
        index = bisect_right(self.versions, day, key=_valid_from)
        return self.versions[index - 1] if index else None

    def version_at(self, day: date) -> TariffVersion:
        """Return the version in force on a day of the site's calendar.

        Raises `InvalidInputError` (`tariff_not_in_force`) before the first version's day.
        """
        version = self.find_version(day)
        if version is None:
            first_day = self.versions[0].valid_from
            raise InvalidInputError(
                "tariff_not_in_force", tariff=self.name, day=day, first_day=first_day
            )
        return version


_valid_from = attrgetter("valid_from")


def flat_tariff(name: str, price: Price, *, valid_from: date = date(2000, 1, 1)) -> TariffVersion:
    """Return a tariff version with one price at all times."""
    return TariffVersion(name=name, valid_from=valid_from, prices={"flat": price})
