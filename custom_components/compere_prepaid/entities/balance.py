"""What feeders lose: today, yesterday and this month, in kWh and as a part of what went in.

Only hours of which every meter is known count; how many those are stands in the attributes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, UnitOfEnergy

from ..core.balance.alarm import FeederStanding
from ..core.balance.energy_balance import Balance
from .trimmed import trimmed

LISTED = 50
"""A list in an attribute is not longer."""


@dataclass(frozen=True, kw_only=True)
class FeederSensorDescription(SensorEntityDescription):
    """A sensor of a feeder: a side of one of its balances."""

    balance_fn: Callable[[FeederStanding], Balance | None]
    value_fn: Callable[[Balance], int | None]
    scale: int = -3
    began_fn: Callable[[date], date] | None = None
    """The day on which what is counted began, on a day."""

    def value(self, standing: FeederStanding) -> Decimal | None:
        """Return the value; None if no hour is known."""
        balance = self.balance_fn(standing)
        value = self.value_fn(balance) if balance is not None and balance.hours else None
        return None if value is None else trimmed(Decimal(value).scaleb(self.scale))


def _energy(
    key: str,
    balance: Callable[[FeederStanding], Balance | None],
    began: Callable[[date], date] | None,
) -> FeederSensorDescription:
    return FeederSensorDescription(
        key=key,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL if began else None,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        balance_fn=balance,
        value_fn=lambda one: one.loss_wh,
        began_fn=began,
    )


def _part(
    key: str,
    balance: Callable[[FeederStanding], Balance | None],
    value: Callable[[Balance], int | None] = lambda one: one.loss_ppm,
) -> FeederSensorDescription:
    return FeederSensorDescription(
        key=key,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        balance_fn=balance,
        value_fn=value,
        scale=-4,
    )


FEEDER_SENSORS = (
    _energy("loss_today", lambda one: one.today, None),  # it is known hours late: see the month
    _energy("loss_yesterday", lambda one: one.yesterday, None),
    _energy("loss_month", lambda one: one.month, lambda day: day.replace(day=1)),
    _part("loss_part_today", lambda one: one.today),
    _part("loss_part_yesterday", lambda one: one.yesterday),
    _part("loss_part_month", lambda one: one.month),
    _part("unexplained_part", lambda one: one.month, lambda one: one.unexplained_ppm),
)


def balance_attributes(balance: Balance | None) -> dict[str, Any]:
    """Return what stands behind a balance, as attributes can hold it."""
    if balance is None:
        return {}
    return {
        "main_kwh": balance.main_wh / 1000,
        "meters_kwh": balance.sub_wh / 1000,
        "expected_percent": balance.expected_ppm / 10_000,
        "hours": balance.hours,
        "hours_unknown": balance.unknown_hours,
        "hours_estimated": balance.estimated_hours,
        "meters_missing": sorted(balance.missing)[:LISTED],
    }
