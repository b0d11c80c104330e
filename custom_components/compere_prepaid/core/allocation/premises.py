"""Premises: what a unit is, and since when.

A unit is a shop as a meter sees it, or what an account says of itself. What it was on a day decides
about its shares of that day, so it is kept with the day from which it holds. What is known of a
unit first holds always: nothing else is known of the time before. In the same way what was missing
and is added (the floor area of a shop that had none) completes what held, and changes nothing else.
A label is put on and taken off on its day: without one nothing is missing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
import json
from typing import NamedTuple

from ..document_versions import ALWAYS, DayVersion, dated, in_force_on, next_revision
from ..ids import AccountNumber, MeterSerial
from ..ledger.records import Document

PREMISES = "premises"

PREMISES_AUTHOR = "premises_author"
"""The kind of the documents that say who corrected what a unit was; named as the version is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What a unit is. `floor_area` is in 10⁻³ m², `rated_power` in W, opening minutes a week.

    0 and empty are what is not known.
    """

    area: str = ""
    floor: str = ""
    labels: frozenset[str] = frozenset()
    floor_area: int = 0
    rated_power: int = 0
    persons: int = 0
    opening_minutes: int = 0


NOTHING_KNOWN = Premises()


def premises_from(
    *,
    area: str = "",
    floor: str = "",
    labels: Iterable[str] = (),
    floor_area: Decimal | None = None,
    rated_power: Decimal | None = None,
    persons: int | None = None,
    opening_hours: Decimal | None = None,
) -> Premises:
    """Return premises of what people write: m², kW, hours a week."""
    return Premises(
        area=area,
        floor=floor,
        labels=frozenset(labels),
        floor_area=_whole(floor_area, 1000),
        rated_power=_whole(rated_power, 1000),
        persons=persons or 0,
        opening_minutes=_whole(opening_hours, 60),
    )


def _whole(number: Decimal | None, factor: int) -> int:
    return int(((number or 0) * Decimal(factor)).to_integral_value(ROUND_HALF_UP))


class Held(NamedTuple):
    """What a unit was from a day to before another."""

    since: date
    until: date
    premises: Premises


def unit_of_meter(serial: MeterSerial) -> str:
    """Return the name under which the ledger keeps what a meter's unit is."""
    return f"meter:{serial}"


def unit_of_account(number: AccountNumber) -> str:
    """Return the name under which the ledger keeps what an account says of itself."""
    return f"account:{number}"


def premises_content(premises: Premises) -> str:
    """Return premises as canonical JSON, without what is not known."""
    data = {key: value for key, value in asdict(premises).items() if value}
    return json.dumps(
        data | ({"labels": sorted(premises.labels)} if premises.labels else {}),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def premises_of(content: str) -> Premises:
    """Return the premises that `premises_content` wrote."""
    data = json.loads(content)
    return Premises(**data | {"labels": frozenset(data.get("labels", ()))})


def premises_on(documents: Iterable[Document], day: date) -> dict[str, Premises]:
    """Return what each unit was on a day."""
    return {
        unit: premises_of(document.content)
        for unit, document in in_force_on(documents, day).items()
    }


def premises_between(
    documents: Iterable[Document], since: date, until: date
) -> dict[str, tuple[Held, ...]]:
    """Return what each unit was from a day to before another, without gaps from its first day."""
    return {
        unit: held
        for unit, known in dated(documents).items()
        if (held := tuple(_held(known, since, until)))
    }


def _held(known: list[Document], since: date, until: date) -> Iterator[Held]:
    starts = [DayVersion.of(document).day for document in known]
    for index, document in enumerate(known):
        end = starts[index + 1] if index + 1 < len(known) else until
        first, last = max(starts[index], since), min(end, until)
        if first < last:
            yield Held(first, last, premises_of(document.content))


def news(
    documents: Iterable[Document], units: Mapping[str, Premises], today: date
) -> Iterator[Document]:
    """Yield what the ledger lacks so that it says of these units what they are from today."""
    known = dated(documents)
    for unit, premises in units.items():
        if unit in known:
            yield from _changes(known[unit][-1], premises, today)
        elif premises != NOTHING_KNOWN:
            yield _document(unit, DayVersion(ALWAYS), premises)


def corrected(
    documents: Iterable[Document], unit: str, premises: Premises, since: date
) -> Iterator[Document]:
    """Yield what the ledger lacks so that a unit has been this from a day on, whatever was said."""
    known = [document for document in documents if document.name == unit]
    changes = {DayVersion.of(document).day for document in known}
    for day in sorted({since, *(change for change in changes if change > since)}):
        if premises_on(known, day).get(unit, NOTHING_KNOWN) != premises:
            yield _document(unit, next_revision(known, unit, day), premises)


def _changes(last: Document, premises: Premises, today: date) -> Iterator[Document]:
    """Yield what completes the version that was the last, and what holds from today."""
    before, version = premises_of(last.content), DayVersion.of(last)
    completed = replace(premises, labels=before.labels)
    if completed != before and _completes(before, completed):
        before, version = completed, DayVersion(version.day, version.revision + 1)
        yield _document(last.name, version, completed)
    if premises != before:
        day = max(today, version.day)
        revision = version.revision + 1 if day == version.day else 1
        yield _document(last.name, DayVersion(day, revision), premises)


def _document(unit: str, version: DayVersion, premises: Premises) -> Document:
    return Document(
        kind=PREMISES, name=unit, version=str(version), content=premises_content(premises)
    )


def _completes(before: Premises, after: Premises) -> bool:
    """Tell whether only something was added that was not known."""
    return all(value == getattr(after, key) or not value for key, value in asdict(before).items())
