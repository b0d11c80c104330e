"""Calendars: the special days of a site, which count as a type of day or as another weekday.

A calendar may grow; what it said of days that were charged by already may not change. Like a
tariff it has one canonical text, which the ledger keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
import json
from typing import Any

from ..document_faults import schema_faults
from ..document_section import Findings, Section
from ..documents import Document
from ..errors import InvalidInputError
from .document import TARIFF_SCHEMA
from .year import WEEKDAYS

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY_OF = dict(zip((*WEEKDAYS, *_NAMES), WEEKDAYS * 2, strict=True))
"""How weekdays may be meant; as a type of day they would not count as that weekday."""

CALENDAR_SCHEMA: Mapping[str, Any] = {**TARIFF_SCHEMA, "$ref": "#/$defs/calendar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Special days: a type of day like `holiday`, or the weekday as which a day counts."""

    name: str
    days: Mapping[date, str]


def read_calendar(section: Section) -> Calendar | None:
    """Read a calendar out of a document; None if anything is wrong, which is reported then."""
    if not isinstance(section.value, Mapping):
        return None
    before = len(section.findings.meaning)
    for part in section.items("days"):
        weekday = _WEEKDAY_OF.get(str(part.value).lower())
        if weekday not in (None, part.value):
            part.fault(f"is a weekday: write '{weekday}'")
    if not section.sound or len(section.findings.meaning) > before:
        return None
    days = section.value["days"]
    return Calendar(
        name=section.value["name"],
        days={date.fromisoformat(day): days[day] for day in sorted(days)},
    )


def calendar_data(calendar: Calendar) -> dict[str, Any]:
    """Return a calendar in the site file's form, its days in order."""
    days = {day.isoformat(): kind for day, kind in sorted(calendar.days.items())}
    return {"name": calendar.name, "days": days}


def calendar_content(calendar: Calendar) -> str:
    """Return a calendar as canonical JSON: the same calendar has the same text, always."""
    return json.dumps(
        calendar_data(calendar), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def calendar_of(content: str) -> Calendar:
    """Return the calendar that `calendar_content` wrote. Raises `InvalidInputError`."""
    return calendar_from(json.loads(content))


def calendar_from(data: Mapping[str, Any]) -> Calendar:
    """Read a calendar in the site file's form.

    Raises `InvalidInputError` (`calendar_invalid`) with everything that is wrong.
    """
    faults = schema_faults(data, CALENDAR_SCHEMA, {})
    findings = Findings(Document(data=data, lines={}), faults)
    calendar = read_calendar(Section(data, (), findings))
    if calendar is None:
        raise InvalidInputError(
            "calendar_invalid",
            calendar=data.get("name", "?") if isinstance(data, Mapping) else "?",
            faults="\n".join(
                f"{fault.path}: {fault.message}" if fault.path else fault.message
                for fault in findings.all
            ),
        )
    return calendar


def refuse_changed_past(before: str, after: str, first_free: date) -> None:
    """Refuse new content of a calendar that changes a day before `first_free`.

    Raises `InvalidInputError` (`calendar_past_changed`) with all these days.
    """
    old, new = calendar_of(before), calendar_of(after)
    changed = [
        day
        for day in sorted({*old.days, *new.days})
        if day < first_free and old.days.get(day) != new.days.get(day)
    ]
    if changed:
        raise InvalidInputError(
            "calendar_past_changed",
            calendar=new.name,
            days=", ".join(day.isoformat() for day in changed),
            first_free=first_free.isoformat(),
        )
