"""How the schedule of a tariff is written: rules for days, with slots of time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..document_section import Section
from .coverage import Draft, Span, gaps, open_hours, overlaps, unreachable, write_hours, write_when
from .document_prices import periods_of
from .model import ScheduleRule, Slot
from .notation import (
    is_day_type,
    read_clock,
    read_days,
    read_months,
    write_clock,
    write_days,
    write_months,
)
from .year import ALL_DAYS, ALL_MONTHS, MINUTES_PER_DAY, Season


def read_schedule(section: Section, seasons: Sequence[Season]) -> tuple[ScheduleRule, ...]:
    """Read the schedule; look for gaps only where every rule could be read."""
    before = len(section.findings.meaning)
    entries = list(section.entries("schedule"))
    drafts = [_read_rule(entry, section) for entry in entries]
    schedule = section.part("schedule")
    if not entries:
        told = schedule or "schedule" not in section.value
        if told and len(periods_of(section)) > 1 and section.part("prices"):
            section.fault("has several prices: add a 'schedule' that says when each of them holds")
        return ()
    if schedule and len(section.findings.meaning) == before:
        for gap in gaps(drafts, seasons):
            schedule.fault(f"names no price for {gap}: add a slot or a rule for these hours")
    return tuple(draft.rule for draft in drafts)


def check_reach(
    section: Section, version_rules: Sequence[ScheduleRule], seasons: Sequence[Season]
) -> None:
    """Report rules that can never hold. Tariffs of old may have some, so reading allows them."""
    entries = list(section.entries("schedule"))
    for number in unreachable([Draft(rule) for rule in version_rules], seasons):
        entries[number].fault("can never hold: the rules before it have all its days")


def _read_rule(section: Section, tariff: Section) -> Draft:
    days, months, seasons = (section.part(key) for key in ("days", "months", "seasons"))
    day_types = _read_day_types(section, tariff) if days else frozenset()
    if seasons:
        _check_seasons(section, tariff)
    spans = _read_spans(section, tariff)
    slots = sorted((start, span.period) for span in spans for start, _ in span.hours)
    rule = ScheduleRule(
        days=read_days(days.value) if days else ALL_DAYS,
        day_types=day_types,
        months=read_months(months.value) if months else ALL_MONTHS,
        seasons=frozenset(seasons.value) if seasons else frozenset(),
        slots=tuple(Slot(minute, period) for minute, period in slots),
    )
    _report_overlaps(section, rule, spans)
    return Draft(rule, open_hours(spans))


def _report_overlaps(section: Section, rule: ScheduleRule, spans: Sequence[Span]) -> None:
    entries = list(section.entries("slots"))
    for number, other, hours in overlaps(spans):
        first, second = spans[number], spans[other]
        entries[other].fault(
            f"on {write_when(rule)}, {write_hours(hours)} is in two slots, {first} and {second}: "
            "end one of them earlier"
        )


def _read_day_types(section: Section, tariff: Section) -> frozenset[str]:
    types = [entry for entry in section.items("days") if is_day_type(entry.value)]
    for entry in types:
        if "calendar" not in tariff.value:
            entry.fault(
                f"'{entry.value}' is no weekday, and a type of day needs a 'calendar' that has it"
            )
    return frozenset(entry.value for entry in types)


def _check_seasons(section: Section, tariff: Section) -> None:
    known = [name for entry in tariff.entries("seasons") if (name := entry.text("name"))]
    for entry in section.items("seasons"):
        if entry.value not in known:
            entry.fault(f"there is no season '{entry.value}'; seasons: {', '.join(known) or '-'}")


def _read_spans(section: Section, tariff: Section) -> list[Span]:
    """Read the slots in either form; report what stands in two of them."""
    slots = section.part("slots")
    if slots is None:
        return []
    if isinstance(slots.value, Mapping):
        return list(_read_starts(section, tariff))
    entries = list(section.entries("slots"))
    spans = [
        Span(read_clock(entry.value["from"]), read_clock(entry.value["to"]), entry.value["period"])
        for entry in entries
    ]
    for entry, span in zip(entries, spans, strict=True):
        if span.start == span.end:
            entry.fault("begins and ends at one time: write the end, up to 24:00")
        if period := entry.part("period"):
            _check_period(period, tariff)
    return spans


def _read_starts(section: Section, tariff: Section) -> Iterator[Span]:
    """Read slots that each hold until the next one, the last until midnight."""
    starts = []
    for slot in section.items("slots"):
        _check_period(slot, tariff)
        starts.append((read_clock(str(slot.path[-1])), str(slot.value)))
    starts.sort()
    ends = [start for start, _ in starts[1:]] + [MINUTES_PER_DAY]
    for (start, period), end in zip(starts, ends, strict=True):
        yield Span(start, end, period)


def _check_period(section: Section, tariff: Section) -> None:
    periods = periods_of(tariff)
    if periods and section.value not in periods:
        section.fault(f"there is no price '{section.value}'; prices: {', '.join(periods)}")


def rule_data(rule: ScheduleRule) -> dict[str, Any]:
    """Write a rule; its slots by their starts, in whichever form they were given."""
    data: dict[str, Any] = {
        "days": [*write_days(rule.days), *sorted(rule.day_types)],
        "months": write_months(rule.months),
    }
    if rule.seasons:
        data["seasons"] = sorted(rule.seasons)
    return data | {"slots": {write_clock(slot.minute): slot.period for slot in rule.slots}}
