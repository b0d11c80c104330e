"""Versions of documents that hold from a day on: pools, feeders, what a unit is.

A version is named by its first day, and by a revision where it was set again for the same day
(`2026-05-01#2`). The latest that has begun holds; of one day the highest revision.
"""

from collections.abc import Iterable
from datetime import date, datetime
import json
from typing import NamedTuple

from .ledger.records import Document

ALWAYS = date(2000, 1, 1)
"""From when the first rules of a site hold: before any meter was read by it."""


class DayVersion(NamedTuple):
    """From which day a document holds. Sorts by day and revision, as its text would not."""

    day: date
    revision: int = 1

    @classmethod
    def of(cls, document: Document) -> DayVersion:
        """Read the version of a document."""
        day, _, revision = document.version.partition("#")
        return cls(date.fromisoformat(day), int(revision or 1))

    def __str__(self) -> str:
        """Return what the ledger keeps."""
        day = self.day.isoformat()
        return day if self.revision == 1 else f"{day}#{self.revision}"


def dated(documents: Iterable[Document]) -> dict[str, list[Document]]:
    """Return the documents of each name, in the order in which they hold."""
    found: dict[str, list[Document]] = {}
    for document in sorted(documents, key=DayVersion.of):
        found.setdefault(document.name, []).append(document)
    return dict(sorted(found.items()))


def in_force_on(documents: Iterable[Document], day: date) -> dict[str, Document]:
    """Return the document of each name that holds on a day; names that have none yet are missing.

    Ended ones are among them: only who reads their content knows.
    """
    return {
        name: begun[-1]
        for name, known in dated(documents).items()
        if (begun := [document for document in known if DayVersion.of(document).day <= day])
    }


def next_revision(documents: Iterable[Document], name: str, day: date) -> DayVersion:
    """Return the version under which a document of that name is set (again) for a day."""
    taken = [
        version.revision
        for document in documents
        if document.name == name and (version := DayVersion.of(document)).day == day
    ]
    return DayVersion(day, max(taken, default=0) + 1)


def author(document: Document, kind: str, user: str, at: datetime) -> Document:
    """Return the document that says who set a version, and when."""
    return Document(
        kind=kind,
        name=document.name,
        version=document.version,
        content=json.dumps({"at": at.isoformat(), "user": user}, sort_keys=True),
    )
