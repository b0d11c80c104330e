"""Hours of a feeder, made up: a main meter, shops behind it, and what gets lost."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.core.balance.energy_balance import (
    FeederHour,
    Hours,
    Metered,
    days_of,
    feeder_hours,
    hours_of_meters,
)
from custom_components.compere_prepaid.core.balance.feeders import Feeder, feeder_document
from custom_components.compere_prepaid.core.balance.hours import (
    HOUR,
    Point,
    RegisterLine,
    Stretch,
    hours_of,
)
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.prepayment.calendar import day_start

ZONE = ZoneInfo("Asia/Shanghai")
SINCE, UNTIL = date(2026, 3, 2), date(2026, 3, 12)
BEGIN = day_start(SINCE, ZONE)
MAIN, SHOP, TEA, LIGHTS = map(MeterSerial, ("M", "S", "T", "L"))
ALL = (MAIN, SHOP, TEA, LIGHTS)

type Load = Callable[[int], int | None]
"""What a meter counts in an hour of all, in Wh; None if that is not known."""


def line(load: Load, *, generation: int = 0) -> RegisterLine:
    """Return a register that counts so, hour by hour."""
    stretches: list[Stretch] = []
    wh, points = 1000, [Point(BEGIN, 1000)]
    for number in range((UNTIL - SINCE).days * 24):
        counted = load(number)
        at = BEGIN + (number + 1) * HOUR
        if counted is None:
            if len(points) > 1:
                stretches.append(Stretch(generation, tuple(points)))
            points = [Point(at, wh)]
            continue
        wh += counted
        points.append(Point(at, wh))
    if len(points) > 1:
        stretches.append(Stretch(generation, tuple(points)))
    return RegisterLine(tuple(stretches))


def metered(loads: Mapping[MeterSerial, Load], *feeders: Feeder) -> Metered:
    """Return what such meters and feeders make."""
    lines = {meter: line(load) for meter, load in loads.items()}
    return Metered(SINCE, UNTIL, tuple(map(feeder_document, feeders)), lines)


def balanced(
    name: str, read: Metered, present: tuple[MeterSerial, ...] = ALL
) -> tuple[tuple[FeederHour, ...], Hours]:
    """Return a feeder's hours, and those of the meters."""
    hours = hours_of_meters(read, ZONE)
    return feeder_hours(name, read, hours, ZONE, present, days_of(SINCE, UNTIL)), hours


def marks() -> tuple[datetime, ...]:
    """Return all hours, and the end of the last one."""
    return hours_of(BEGIN, day_start(UNTIL, ZONE), ZONE)


def at(day: int, hour: int) -> datetime:
    """Return an instant by the number of the day (0 is the first) and the hour of the day."""
    return BEGIN + timedelta(days=day, hours=hour)
