"""What meters counted, out of CSV files: registers at times, or the energy of the whole month."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.core.balance.hours import Point, RegisterLine, Stretch
from custom_components.compere_prepaid.core.ids import MeterSerial
from script.rating.readings import Reading, Table, read_text, reading_of, watt_hours

READINGS = ("meter", "time", "register_wh")
ENERGY = ("meter", "energy_wh")

type Registers = Mapping[MeterSerial, RegisterLine]


def read_registers(path: Path, zone: ZoneInfo, meters: frozenset[MeterSerial]) -> Registers:
    """Read registers: `meter,time,register_wh`, each meter's rows in the order of time.

    Raises `FaultsError` with all faults and their lines.
    """
    table = Table(path.name)
    readings: dict[MeterSerial, list[Reading]] = {}
    for line, (meter, *cells) in table.rows(read_text(path), READINGS):
        known = readings.setdefault(_meter(table, line, meter, meters), [])
        try:
            known.append(reading_of(cells, zone, known[-1] if known else None))
        except ValueError as error:
            table.fault(line, str(error))
    table.refuse_faults()
    return {
        meter: _line([Point(*reading) for reading in known]) for meter, known in readings.items()
    }


def read_energy(
    path: Path, since: datetime, until: datetime, meters: frozenset[MeterSerial]
) -> Registers:
    """Read what meters counted in the whole time: `meter,energy_wh`. Raises `FaultsError`."""
    table = Table(path.name)
    registers: dict[MeterSerial, RegisterLine] = {}
    for line, (name, energy) in table.rows(read_text(path), ENERGY):
        meter = _meter(table, line, name, meters)
        if meter in registers:
            table.fault(line, f"meter '{meter}' stands here twice")
        try:
            counted = watt_hours(energy)
        except ValueError as error:
            table.fault(line, str(error))
        else:
            registers[meter] = _line([Point(since, 0), Point(until, counted)])
    table.refuse_faults()
    return registers


def _meter(table: Table, line: int, name: str, meters: frozenset[MeterSerial]) -> MeterSerial:
    if name not in meters:
        table.fault(line, f"there is no meter '{name[:40]}' in the site file")
    return MeterSerial(name)


def _line(points: list[Point]) -> RegisterLine:
    return RegisterLine((Stretch(1, tuple(points)),))
