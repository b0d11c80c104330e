"""Feeders: a main meter (or several) and the meters behind it.

What the main meters counted and the meters behind them did not, is lost, or used by nobody known.
A feeder is a dated, immutable document like a pool.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
import json
from typing import Any

from ..document_section import Section, number_text, read_whole
from ..document_versions import ALWAYS, DayVersion, in_force_on
from ..documents import Document as WrittenDocument
from ..ids import MeterSerial
from ..ledger.records import Document
from ..tariff.document import TARIFF_SCHEMA
from ..tariff.percent import percent, read_percent
from ..tariff.tax import PPM

FEEDER = "feeder"

FEEDER_SCHEMA: Mapping[str, Any] = {**TARIFF_SCHEMA, "$ref": "#/$defs/feeder"}

ALL = "all"
"""Written in place of meters: all of the site but the main ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """A version of a feeder. `meters` is None where all others of the site lie behind it.

    `expected_loss_ppm` is the part of what the main meters count that may get lost; more is
    unexplained.
    """

    name: str
    valid_from: date = ALWAYS
    revision: int = 1
    main: tuple[MeterSerial, ...] = ()
    meters: tuple[MeterSerial, ...] | None = None
    expected_loss_ppm: int | None = None
    ended: bool = False
    """From this version on there is no such feeder any more."""


def read_feeder(section: Section) -> Feeder | None:
    """Read a feeder out of a document; None if anything is wrong, which is reported then."""
    if not isinstance(section.value, Mapping):
        return None
    before = len(section.findings.meaning)
    data, ended = section.value, section.value.get("ended") is True
    for key in ("main", "meters"):
        if key not in data and not ended:
            section.fault(f"'{key}' is missing")
    main = [str(part.value) for part in section.items("main")]
    behind = [] if data.get("meters") == ALL else list(section.items("meters"))
    for part in behind:
        if str(part.value) in main:
            part.fault("is a main meter of this feeder: it cannot lie behind itself")
    expected = section.part("expected_loss")
    expected_ppm = read_percent(expected, most=PPM) if expected else None
    if not section.sound or len(section.findings.meaning) > before:
        return None
    return Feeder(
        name=data["name"],
        valid_from=date.fromisoformat(data["valid_from"]) if "valid_from" in data else ALWAYS,
        revision=data.get("revision", 1),
        main=tuple(map(MeterSerial, main)),
        meters=None
        if data.get("meters", ALL) == ALL
        else tuple(MeterSerial(str(part.value)) for part in behind),
        expected_loss_ppm=expected_ppm,
        ended=ended,
    )


def feeder_from(document: WrittenDocument, *, file: str) -> Feeder:
    """Read a feeder alone, in the site file's form. Raises `DocumentError`."""
    return read_whole(document, FEEDER_SCHEMA, read_feeder, file=file)


def feeder_data(feeder: Feeder) -> dict[str, Any]:
    """Return a feeder in the site file's form; what is not used is left out."""
    data: dict[str, Any] = {"name": feeder.name, "valid_from": feeder.valid_from.isoformat()}
    if feeder.revision > 1:
        data["revision"] = feeder.revision
    if feeder.ended:
        data["ended"] = True
    if feeder.main:
        data["main"] = list(feeder.main)
    if feeder.meters is not None:
        data["meters"] = list(feeder.meters)
    elif not feeder.ended:
        data["meters"] = ALL
    if feeder.expected_loss_ppm is not None:
        data["expected_loss"] = percent(feeder.expected_loss_ppm)
    return data


def feeder_content(feeder: Feeder) -> str:
    """Return a feeder as canonical JSON: the same feeder has the same text, always."""
    return json.dumps(
        feeder_data(feeder),
        default=number_text,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


@lru_cache(maxsize=1024)
def feeder_of(content: str) -> Feeder:
    """Return the feeder that `feeder_content` wrote. Raises `DocumentError`."""
    data = json.loads(content)
    return feeder_from(WrittenDocument(data=data, lines={}), file=str(data.get("name", FEEDER)))


def feeder_document(feeder: Feeder) -> Document:
    """Return a feeder as the ledger keeps it."""
    return Document(
        kind=FEEDER,
        name=feeder.name,
        version=str(DayVersion(feeder.valid_from, feeder.revision)),
        content=feeder_content(feeder),
    )


def feeders_on(documents: Iterable[Document], day: date) -> dict[str, Feeder]:
    """Return the feeders that there are on a day, by name."""
    found = (feeder_of(document.content) for document in in_force_on(documents, day).values())
    return {feeder.name: feeder for feeder in found if not feeder.ended}
