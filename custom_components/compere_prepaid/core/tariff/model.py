"""What a tariff is: dated versions of prices, a schedule that says when each holds, and the rest.

A price belongs to a *period* (peak, flat, valley, or whatever the utility calls them). The schedule
says which period it is: of its rules the first that fits the day gives the whole day, from slot to
slot on the site's wall clock. In a *season* the periods have other prices. Tiers make energy dearer
(or cheaper) the more of it an account uses in a calendar month. Standing charges, a minimum, demand
and tax complete a bill.

A version is immutable: what was charged by it can be recomputed for ever. A change of prices is a
new version from a day on; a correction is a new *revision* of a version, and both stay.
"""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..money.amount import ZERO, Amount, Price
from .demand import DemandItem
from .year import ALL_DAYS, ALL_MONTHS, WEEKDAYS, Season

NOTHING: Mapping[Any, Any] = MappingProxyType({})
"""What a mapping is by default."""


class LineKind(StrEnum):
    """What a line of a bill is for."""

    ENERGY = "energy"
    STANDING = "standing"
    SERVICE = "service"
    MINIMUM = "minimum"
    DEMAND = "demand"


class Tax(NamedTuple):
    """A tax in millionths (15 % are 150 000), and whether prices contain it already."""

    ppm: int
    included: bool

    @property
    def excluded_ppm(self) -> int:
        """What comes on top of the price."""
        return 0 if self.included else self.ppm


NO_TAX = Tax(0, included=True)


class Used(NamedTuple):
    """What an account used before, in the calendar month of the instant in question."""

    total_wh: int = 0
    by_period: Mapping[str, int] = NOTHING
    """For ladders that count one period's energy only."""


NOT_USED = Used()


class Standing(NamedTuple):
    """What is charged for the time alone. A month's fee is charged by the day."""

    per_day: Amount = ZERO
    per_month: Amount = ZERO


FREE = Standing()


@dataclass(frozen=True, slots=True)
class Slot:
    """From this minute of the day's wall clock on, until the next slot or midnight: a period."""

    minute: int
    period: str


_minute = attrgetter("minute")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRule:
    """The slots of some days: by weekday (0 is Monday) or type of day, by month and season."""

    slots: tuple[Slot, ...]
    """In time order; the first begins at minute 0, so that no hour is without a price."""
    days: frozenset[int] = ALL_DAYS
    day_types: frozenset[str] = frozenset()
    months: frozenset[int] = ALL_MONTHS
    seasons: frozenset[str] = frozenset()
    """Empty: whatever the season."""

    def fits(self, kind: int | str, month: int, season: str) -> bool:
        """Tell whether the rule speaks about days of this kind: a weekday, or a type of day."""
        kinds: frozenset[int] | frozenset[str] = (
            self.days if isinstance(kind, int) else self.day_types
        )
        return (
            kind in kinds and month in self.months and (not self.seasons or season in self.seasons)
        )

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

    Those two check what this class relies on: every day has a rule, every period a price, the
    tiers' bounds grow up to an open last tier, and no day lies in two seasons.
    """

    name: str
    valid_from: date
    prices: Mapping[str, Price]
    """Per period, outside of all seasons."""
    revision: int = 1
    """Of all revisions from one day the latest holds; the others only say what was charged once."""
    base_price: Price | None = None
    percents: Mapping[str, int] = NOTHING
    """The periods whose price was written as a percentage, in ppm above the base price."""
    seasons: tuple[Season, ...] = ()
    rules: tuple[ScheduleRule, ...] = ()
    """First match wins. Empty where there is only one price."""
    calendar: str = ""
    """The name of the calendar that knows the special days."""
    special_days: Mapping[date, str] = field(default=NOTHING, compare=False)
    """Days that count as a type of day, or as a weekday; filled in from the calendar on loading."""
    tiers: tuple[Tier, ...] = ()
    """One ladder for the energy of all periods."""
    period_tiers: Mapping[str, tuple[Tier, ...]] = NOTHING
    """Or one for each period, which counts that period's energy."""
    tier_proration: int | None = None
    """Bounds are meant for a month of this many days; None: for any month."""
    standing: Standing = FREE
    service: Standing = FREE
    """The service fee, which has a fund of its own."""
    minimum_per_month: Amount = ZERO
    """What energy, standing charge and demand of a month cost at least, before tax."""
    demand: tuple[DemandItem, ...] = ()
    general_tax: Tax = NO_TAX
    line_taxes: Mapping[LineKind, Tax] = NOTHING
    """The taxes of lines that have another one."""
    meter_registers: Mapping[str, str] = NOTHING
    """Which of the meter's own tariff registers (T1 to T4) counts which period."""

    def tax(self, kind: LineKind) -> Tax:
        """Return the tax on lines of a kind."""
        return self.line_taxes.get(kind, self.general_tax)

    def season_of(self, day: date) -> Season | None:
        """Return the season in which a day lies."""
        return next((season for season in self.seasons if season.holds_on(day)), None)

    def rule_of(self, day: date) -> ScheduleRule | None:
        """Return the rule that gives this day its slots; None where there is only one price.

        A special day follows the first rule that names its type; where none does, the weekday's.
        """
        season = self.season_of(day)
        name = season.name if season else ""
        kind = self.special_days.get(day)
        if kind is not None and kind not in WEEKDAYS and (found := self._rule(kind, day, name)):
            return found
        weekday = WEEKDAYS.index(kind) if kind in WEEKDAYS else day.weekday()
        return self._rule(weekday, day, name)

    def _rule(self, kind: int | str, day: date, season: str) -> ScheduleRule | None:
        return next((rule for rule in self.rules if rule.fits(kind, day.month, season)), None)

    def period_on(self, day: date, minute: int) -> str:
        """Return the period in force at a minute of a day's wall clock."""
        rule = self.rule_of(day)
        return next(iter(self.prices)) if rule is None else rule.period_at(minute)

    def ladder(self, period: str) -> tuple[Tier, ...]:
        """Return the tiers that energy of a period climbs."""
        return self.period_tiers.get(period, ()) if self.period_tiers else self.tiers

    def tier_prices(self, period: str, season: Season | None = None) -> tuple[Price, ...]:
        """Return what a kWh costs in this period, tier by tier."""
        base = (season.prices if season else self.prices)[period]
        return tuple(tier.price_of(period, base) for tier in self.ladder(period)) or (base,)

    def tier_bounds(self, period: str, month: date) -> tuple[int, ...]:
        """Return where each tier but the last ends in this month, in Wh.

        Prorated bounds are rounded down to the Wh.
        """
        bounds = (tier.up_to_wh for tier in self.ladder(period) if tier.up_to_wh is not None)
        if self.tier_proration is None:
            return tuple(bounds)
        days = monthrange(month.year, month.month)[1]
        return tuple(bound * days // self.tier_proration for bound in bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """All versions of one tariff, earliest first. Build it with `Tariff.of`."""

    name: str
    versions: tuple[TariffVersion, ...]
    """Those in force: of each day the latest revision."""
    superseded: tuple[TariffVersion, ...] = ()
    """Earlier revisions, which say what was charged before a correction."""
    memory: dict[ZoneInfo, object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What the schedule has worked out before, by zone; never part of what the tariff says."""

    @classmethod
    def of(
        cls,
        versions: Iterable[TariffVersion],
        calendars: Mapping[str, Mapping[date, str]] = NOTHING,
    ) -> Tariff:
        """Join the versions of one tariff with the special days of their calendars.

        Raises `InvalidInputError`: `tariff_versions_clash` for none at all, several names, or one
        revision of a day twice; `tariff_calendar_unknown`.
        """
        ordered = sorted(versions, key=_day_and_revision)
        names = {version.name for version in ordered}
        if len(names) != 1 or len({_day_and_revision(one) for one in ordered}) != len(ordered):
            raise InvalidInputError("tariff_versions_clash", tariff=", ".join(sorted(names)))
        known = [_with_special_days(version, calendars) for version in ordered]
        latest = {version.valid_from: version for version in known}
        return cls(
            name=ordered[0].name,
            versions=tuple(latest.values()),
            superseded=tuple(one for one in known if latest[one.valid_from] is not one),
        )

    def find_version(self, day: date) -> TariffVersion | None:
        """Return the version in force on a day of the site's calendar; None before the first."""
        index = bisect_right(self.versions, day, key=_valid_from)
        return self.versions[index - 1] if index else None

    def find_exact(self, valid_from: date, revision: int) -> TariffVersion | None:
        """Return one revision of the version from a day, also one that is no longer in force."""
        return next(
            (
                version
                for version in (*self.versions, *self.superseded)
                if _day_and_revision(version) == (valid_from, revision)
            ),
            None,
        )

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
_day_and_revision = attrgetter("valid_from", "revision")


def _with_special_days(
    version: TariffVersion, calendars: Mapping[str, Mapping[date, str]]
) -> TariffVersion:
    if not version.calendar:
        return version
    days = calendars.get(version.calendar)
    if days is None:
        raise InvalidInputError(
            "tariff_calendar_unknown", tariff=version.name, calendar=version.calendar
        )
    return replace(version, special_days=days)


def flat_tariff(name: str, price: Price, *, valid_from: date = date(2000, 1, 1)) -> TariffVersion:
    """Return a tariff version with one price at all times."""
    return TariffVersion(name=name, valid_from=valid_from, prices={"flat": price})
