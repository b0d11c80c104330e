"""The meter's own tariff registers: who counted what in which period where a border was missed."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from ..metering.plausibility import Baseline, register_step_wh
from ..metering.reading import MeterReading, Quantity
from ..tariff.model import Tariff
from ..tariff.schedule import timeline_of

_REGISTERS = {
    "T1": Quantity.ENERGY_T1,
    "T2": Quantity.ENERGY_T2,
    "T3": Quantity.ENERGY_T3,
    "T4": Quantity.ENERGY_T4,
}


def tariff_registers(reading: MeterReading | None) -> Mapping[str, int]:
    """Return what the meter's own tariff registers show, in Wh by name."""
    if reading is None:
        return {}
    values = reading.values
    return {name: values[quantity] for name, quantity in _REGISTERS.items() if quantity in values}


def energy_by_period(
    tariff: Tariff,
    last: Baseline,
    now: Baseline,
    before: Mapping[str, int],
    after: Mapping[str, int],
    zone: ZoneInfo,
) -> Mapping[str, int] | None:
    """Return the Wh of each period between two readings, as the meter's own registers counted.

    None where they are not needed (no border lies between), not known, or do not agree with the
    register that is charged. Each register is rounded by itself, so they may differ by a step each;
    that is put on the largest.
    """
    stretch = timeline_of(tariff, zone).at(last.at)
    if now.at <= stretch.until or stretch.version is None:
        return None
    names = stretch.version.meter_registers
    if not names or any(name not in before or name not in after for name in names.values()):
        return None
    counted = {period: after[name] - before[name] for period, name in names.items()}
    difference = now.wh - last.wh - sum(counted.values())
    if min(counted.values()) < 0 or abs(difference) > len(names) * register_step_wh(now.wh):
        return None
    largest = max(counted, key=lambda period: counted[period])
    counted[largest] += difference
    return counted if counted[largest] >= 0 else None
