"""Changing calendars: the days to come, never those by which was charged already."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ..ledger.ports import LedgerTransaction
from ..tariff.calendar_days import (
    Calendar,
    calendar_content,
    calendar_from,
    calendar_of,
    refuse_changed_past,
)
from .book import AccountBook
from .calendar import day_of
from .rules import CALENDAR, Rules, calendar_document, next_version, read_rules, take_rules


@dataclass(slots=True)
class SpecialDays:
    """Changes the calendars of a site."""

    book: AccountBook

    @property
    def first_free(self) -> date:
        """The first day that may still change: the one that runs is charged by already."""
        return day_of(self.book.clock.now(), self.book.zone) + timedelta(days=1)

    async def set_days(self, name: str, changes: Mapping[date, str | None]) -> Calendar:
        """Set days of a calendar, which is made if it is not there; None makes a day ordinary.

        A calendar that is new may have days in the past: nothing was charged by it. Raises
        `InvalidInputError`: `calendar_invalid`, `calendar_past_changed`.
        """
        now, first_free = self.book.clock.now(), self.first_free

        def work(tx: LedgerTransaction) -> Rules:
            versions = [document for document in tx.documents(CALENDAR) if document.name == name]
            last = max(versions, key=lambda document: document.version, default=None)
            days = {**(calendar_of(last.content).days if last else {}), **changes}
            data = {
                "name": name,
                "days": {day.isoformat(): kind for day, kind in days.items() if kind is not None},
            }
            calendar = calendar_from(data)
            content = calendar_content(calendar)
            if last is not None:
                refuse_changed_past(last.content, content, first_free)
            if last is None or last.content != content:
                tx.insert_document(calendar_document(calendar, next_version(now, last)))
            return read_rules(tx)

        take_rules(self.book, await self.book.ledger.run(work))
        return self.book.calendars[name]
