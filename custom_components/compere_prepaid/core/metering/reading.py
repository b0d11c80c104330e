"""What a meter says at an instant, in integers.

Energy is whole Wh of the cumulative register. Everything else is counted in thousandths of its base
unit (mV, mA, mW, mHz, ‰), so that readings compare exactly and nothing depends on float printing.
What a meter did not say, or said as NaN or all-ones, is absent: unknown is never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..ids import MeterSerial

_THROUGH_TRANSFORMERS = ("energy", "power", "reactive_power", "apparent_power", "current")


class Quantity(StrEnum):
    """A measurand: energies in Wh, everything else in thousandths of its unit."""

    ENERGY_IMPORT = "energy_import"
    ENERGY_EXPORT = "energy_export"
    ENERGY_TOTAL = "energy_total"
    ENERGY_T1 = "energy_t1"
    ENERGY_T2 = "energy_t2"
    ENERGY_T3 = "energy_t3"
    ENERGY_T4 = "energy_t4"
    ENERGY_T5 = "energy_t5"
    VOLTAGE_A = "voltage_a"
    VOLTAGE_B = "voltage_b"
    VOLTAGE_C = "voltage_c"
    VOLTAGE_AB = "voltage_ab"
    VOLTAGE_BC = "voltage_bc"
    VOLTAGE_CA = "voltage_ca"
    CURRENT_A = "current_a"
    CURRENT_B = "current_b"
    CURRENT_C = "current_c"
    POWER = "power"
    POWER_A = "power_a"
    POWER_B = "power_b"
    POWER_C = "power_c"
    REACTIVE_POWER = "reactive_power"
    APPARENT_POWER = "apparent_power"
    POWER_FACTOR = "power_factor"
    POWER_FACTOR_A = "power_factor_a"
    POWER_FACTOR_B = "power_factor_b"
    POWER_FACTOR_C = "power_factor_c"
    FREQUENCY = "frequency"
    CURRENT_N = "current_n"
    RESIDUAL_CURRENT = "residual_current"
    VOLTAGE_THD_A = "voltage_thd_a"
    VOLTAGE_THD_B = "voltage_thd_b"
    VOLTAGE_THD_C = "voltage_thd_c"
    CURRENT_THD_A = "current_thd_a"
    CURRENT_THD_B = "current_thd_b"
    CURRENT_THD_C = "current_thd_c"
    STORED_CREDIT = "stored_credit"
    """Energy that the meter itself still grants, in Wh."""
    STORED_AMOUNT = "stored_amount"
    """Money that the meter itself holds, in thousandths of its currency unit; never charged by."""

    @property
    def is_energy(self) -> bool:
        """Tell whether the quantity counts Wh; all others count thousandths of their unit."""
        return self.startswith("energy") or self is Quantity.STORED_CREDIT

    @property
    def is_behind_transformers(self) -> bool:
        """Tell whether current transformers divide it: no ratio, voltage, or frequency is."""
        is_ratio = "factor" in self or "thd" in self
        return not is_ratio and self.startswith(_THROUGH_TRANSFORMERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """One poll of one meter, stamped on receipt (UTC); the meter's own clock is never trusted."""

    serial: MeterSerial
    at: datetime
    values: Mapping[Quantity, int] = field(default_factory=dict)
    relay_closed: bool | None = None

    @property
    def energy_wh(self) -> int | None:
        """The register that is charged: imported active energy; None if it was not told."""
        return self.values.get(Quantity.ENERGY_IMPORT)

    @property
    def power_mw(self) -> int | None:
        """Total active power in mW; None if it was not told."""
        return self.values.get(Quantity.POWER)
