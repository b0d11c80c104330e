"""Versions of policies: immutable documents, each in force from an instant or a day on.

A version that was put into force at once is named by the instant; so it has begun whatever a clock
that was set back says. One that was planned is named by its day, and by a revision where the plan
was changed (`2026-05-01#2`); it begins with that day in the site's zone, and the latest counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from zoneinfo import ZoneInfo

from ..ledger.records import Document
from .calendar import day_start

_DAY = len("2026-05-01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A document of a policy, and what its name says about when it is in force."""

    document: Document
    since: datetime
    day: date | None
    """The day for which it was planned; None if it was put into force at once."""
    revision: int

    @property
    def order(self) -> tuple[str, datetime, int]:
        """By what versions are sorted: policy, beginning, revision."""
        return self.document.name, self.since, self.revision

    def has_begun(self, now: datetime) -> bool:
        """Tell whether its time has come."""
        return self.day is None or self.since <= now


def version_of(document: Document, zone: ZoneInfo) -> Version:
    """Read the name of a version."""
    name, _, revision = document.version.partition("#")
    day = date.fromisoformat(name) if len(name) == _DAY else None
    return Version(
        document=document,
        since=datetime.fromisoformat(name) if day is None else day_start(day, zone),
        day=day,
        revision=int(revision or 1),
    )


def versions(documents: Iterable[Document], zone: ZoneInfo) -> dict[str, list[Version]]:
    """Return the versions of each policy by their beginning; of a plan the latest revision."""
    found: dict[str, dict[datetime, Version]] = {}
    every = (version_of(document, zone) for document in documents)
    for version in sorted(every, key=attrgetter("order")):
        found.setdefault(version.document.name, {})[version.since] = version
    return {name: list(known.values()) for name, known in found.items()}


def in_force(known: Iterable[Version], now: datetime) -> Version | None:
    """Return the latest version of a policy that has begun; None before the first."""
    return max(
        (version for version in known if version.has_begun(now)),
        key=attrgetter("order"),
        default=None,
    )
