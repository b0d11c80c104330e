"""Reading everything for a value report out of one snapshot of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..ledger.ports import LedgerTransaction
from ..tariff.model import Tariff
from .days import (
    MOST_METERS,
    Building,
    Given,
    days_of,
    meters_of_building,
    read_energy,
    read_occupied,
)
from .facts import (
    Period,
    read_protection_cuts,
    read_standing,
    read_waits,
    read_watched,
)
from .losses import read_losses
from .neither import read_neither
from .report import Facts, read_shared
from .saving import Day, Refusal, Saving, saving
from .selling import months_of, read_selling


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report is about. Without a time `before` no saving is reckoned."""

    period: Period
    before: Period | None
    building: Building
    tariffs: Mapping[str, Tariff]
    given: Given
    feeder: str | None = None
    """Whose main meters measure what was saved; None: those of the whole site."""


def read_facts(tx: LedgerTransaction, asked: Asked) -> Facts:
    """Read all facts. It takes its time. Raises `InvalidInputError` (`feeder_unknown`)."""
    period, before, building = asked.period, asked.before, asked.building
    saved, notes = _saving(tx, asked)
    months = list(months_of(period))
    now = read_losses(tx, period, building)
    earlier = {} if before is None else read_losses(tx, before, building)
    return Facts(
        period=period,
        standing=read_standing(tx, period, building.owner),
        waits=read_waits(tx, period),
        cuts=read_protection_cuts(tx, period),
        watched=read_watched(tx, period, building.owner),
        shared=read_shared(tx, period),
        selling=[read_selling(tx, month, building, asked.tariffs) for month in months],
        neither=[read_neither(tx, month, building) for month in months],
        saving=saved,
        saving_notes=notes,
        losses={name: (losses, earlier.get(name)) for name, losses in now.items()},
    )


def _saving(tx: LedgerTransaction, asked: Asked) -> tuple[Saving | Refusal | None, tuple[str, ...]]:
    """Reckon the saving; the notes say what energy and occupancy are made of."""
    meters = meters_of_building(tx, asked.period, asked.building, asked.feeder)
    if asked.before is None:
        return None, ()
    by_sum = len(meters) > 1 and asked.building.meters.issubset(meters)
    notes = ["sum_of_meters"] if by_sum else []
    if by_sum and len(meters) > MOST_METERS:
        return Refusal(reason="too_many_meters", numbers={"meters": len(meters)}), ()
    halves: list[list[Day]] = []
    units = set()
    for period in (asked.before, asked.period):
        occupied, by = read_occupied(tx, period, asked.building)
        units.add(by)
        energy = read_energy(tx, period, meters)
        halves.append(days_of(energy, occupied, asked.given, period))
    if units == {"units"} and not asked.given.occupied:
        notes.append("occupied_by_units")
    elif len(units) > 1:  # m² and units have nothing in common
        halves = [[day.without("occupied") for day in days] for days in halves]
    return saving(*halves), tuple(notes)
