"""What the rules look at, out of a meter's reading. What the meter did not tell is absent."""

from collections.abc import Mapping

from ..metering.reading import MeterReading, Quantity
from .protection import Protection, RuleKind

_VOLTAGES = (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C)
_VOLTAGE_THD = (Quantity.VOLTAGE_THD_A, Quantity.VOLTAGE_THD_B, Quantity.VOLTAGE_THD_C)
_CURRENT_THD = (Quantity.CURRENT_THD_A, Quantity.CURRENT_THD_B, Quantity.CURRENT_THD_C)


def values_of(reading: MeterReading, protection: Protection) -> Mapping[RuleKind, int]:
    """Return the value of each rule that the reading tells, in thousandths.

    A phase that is lost is no under-voltage: as long as another one lives it is told as what it
    is, and a three-phase meter without any voltage tells nothing at all.
    """
    found: dict[RuleKind, int] = {}
    told = reading.values
    if reading.power_mw is not None:
        found[RuleKind.OVERLOAD] = reading.power_mw
    if (residual := told.get(Quantity.RESIDUAL_CURRENT)) is not None:
        found[RuleKind.RESIDUAL_CURRENT] = residual
    for kind, phases in (
        (RuleKind.OVER_VOLTAGE, _VOLTAGES),
        (RuleKind.VOLTAGE_THD, _VOLTAGE_THD),
        (RuleKind.CURRENT_THD, _CURRENT_THD),
    ):
        if levels := [told[phase] for phase in phases if phase in told]:
            found[kind] = max(levels)
    lost = protection.rule(RuleKind.PHASE_LOSS).limit or 0
    volts = [told[phase] for phase in _VOLTAGES if phase in told]
    if living := [level for level in volts if level >= lost]:
        found[RuleKind.UNDER_VOLTAGE] = min(living)
        if len(volts) > 1:
            found[RuleKind.PHASE_LOSS] = min(volts)
    return found
