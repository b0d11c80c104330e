"""What accounts have, spend and owe, and the sums of the site.

Money is shown in the currency's minor unit; a balance is rounded down, so that it never looks
larger than it is. Nothing here decides anything: the trip looks at the exact value.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntityDescription,
)
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTime,
)

from ..account_view import WATCHED, AccountView, thousandths
from ..core.money.amount import Amount
from ..core.policy.credit import SupplyState
from ..core.prepayment.calendar import day_of, day_start, month_of
from ..core.prepayment.comparison import week_began
from ..core.prepayment.state import AccountState
from ..site import CompereSite
from .trimmed import trimmed

LISTED = 50
"""A list of names in an attribute is not longer: the recorder refuses large ones."""

WARNED = frozenset({SupplyState.WARNING, SupplyState.EMERGENCY, SupplyState.EXHAUSTED})
"""The states between being in credit and being off."""


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor of an account."""

    value_fn: Callable[[AccountView], Decimal | str | datetime | None]
    is_money: bool = False
    is_price: bool = False
    last_reset_fn: Callable[[CompereSite], datetime] | None = None
    attributes_fn: Callable[[AccountView], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class SiteSensorDescription(SensorEntityDescription):
    """A sensor of the whole site."""

    value_fn: Callable[[CompereSite], Decimal | int | None]
    is_money: bool = False
    is_price: bool = False
    last_reset_fn: Callable[[CompereSite], datetime] | None = None
    attributes_fn: Callable[[CompereSite], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class AccountBinaryDescription(BinarySensorEntityDescription):
    """A binary sensor of an account."""

    value_fn: Callable[[AccountView], bool]


@dataclass(frozen=True, kw_only=True)
class SiteBinaryDescription(BinarySensorEntityDescription):
    """A binary sensor of the whole site."""

    value_fn: Callable[[CompereSite], bool]


def day_began(site: CompereSite) -> datetime:
    """Return when the site's day began."""
    return day_start(day_of(site.clock.now(), site.zone), site.zone)


def _month_began(site: CompereSite) -> datetime:
    return day_start(month_of(site.clock.now(), site.zone), site.zone)


def _week_began(site: CompereSite) -> datetime:
    return day_start(week_began(day_of(site.clock.now(), site.zone)), site.zone)


def _percent(change: int | None) -> Decimal | None:
    return None if change is None else trimmed(Decimal(change).scaleb(-1))


def _attribute(number: Decimal | None) -> float | None:
    """Return a number as attributes can hold it: they are JSON."""
    return None if number is None else float(number)


def _band(view: AccountView) -> dict[str, Any]:
    """Say how soon credit could end, and how late."""
    forecast = view.forecast
    return {
        "low": _attribute(thousandths(forecast.low)),
        "high": _attribute(thousandths(forecast.high)),
    }


def _usual(view: AccountView) -> dict[str, Any]:
    """Say what all of such a day usually costs, and what the day before did."""
    return {"usual": _attribute(view.usual_today), "yesterday": _attribute(view.cost_yesterday)}


def _supply(view: AccountView) -> dict[str, Any]:
    """Say whose supply this is, and what waits: dashboards join meters and accounts by it."""
    watch = view.watch
    return {
        **{key: watch[key] for key in WATCHED},
        "account": view.state.number,
        "account_name": view.state.name,
        "meters": list(view.state.meters),
    }


def _views(site: CompereSite) -> Iterator[AccountView]:
    for runtime in site.accounts.values():
        yield AccountView(site, runtime.coordinator.data)


def _total_power(site: CompereSite) -> Decimal | None:
    """Return the power of all meters that answer; None if none of them tells it.

    Main meters don't count: what they measure is measured behind them.
    """
    powers = [
        reading.power_mw
        for serial, meter in site.meters.items()
        if serial not in site.hours.balance.mains
        and meter.coordinator.online
        and (reading := meter.coordinator.data) is not None
        and reading.power_mw is not None
    ]
    return trimmed(Decimal(sum(powers)).scaleb(-3)) if powers else None


def _total_balance(site: CompereSite) -> Decimal:
    total = sum(runtime.coordinator.data.balance for runtime in site.accounts.values())
    return site.currency.rounded_down(Amount(total))


def _warned(site: CompereSite) -> list[str]:
    return [view.state.number for view in _views(site) if view.supply_state in WARNED]


def _off(site: CompereSite) -> list[str]:
    return [view.state.number for view in _views(site) if view.supply_state is SupplyState.OFF]


def _adapting(site: CompereSite) -> list[str]:
    now = site.clock.now()
    return [one.number for one in _states(site) if one.adapts(now, site.zone)]


def _disputed(site: CompereSite) -> list[str]:
    return [one.number for one in _states(site) if one.watch.disputed_at is not None]


def _put_off(site: CompereSite) -> list[str]:
    return [one.number for one in _states(site) if one.watch.put_off_why]


def _states(site: CompereSite) -> Iterator[AccountState]:
    return (runtime.coordinator.data for runtime in site.accounts.values())


def _offline(site: CompereSite) -> list[str]:
    return [meter.name for meter in site.meters.values() if not meter.coordinator.online]


ACCOUNT_SENSORS = (
    AccountSensorDescription(
        key="available_credit",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        is_money=True,
        value_fn=lambda view: view.available_credit,
    ),
    AccountSensorDescription(
        key="days_left",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.DAYS,
        suggested_display_precision=1,
        value_fn=lambda view: None if view.days_left is None else trimmed(view.days_left),
        attributes_fn=_band,
    ),
    AccountSensorDescription(
        key="expected_zero",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda view: view.forecast.expected_zero,
    ),
    AccountSensorDescription(
        key="cost_today",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        is_money=True,
        last_reset_fn=day_began,
        value_fn=lambda view: view.cost_today,
        attributes_fn=_usual,
    ),
    AccountSensorDescription(
        key="cost_week",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        is_money=True,
        last_reset_fn=_week_began,
        value_fn=lambda view: view.cost_week,
    ),
    AccountSensorDescription(
        key="cost_week_change",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value_fn=lambda view: _percent(view.spending.week.change),
    ),
    AccountSensorDescription(
        key="cost_month",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        is_money=True,
        last_reset_fn=_month_began,
        value_fn=lambda view: view.cost_month,
    ),
    AccountSensorDescription(
        key="energy_month",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        last_reset_fn=_month_began,
        value_fn=lambda view: trimmed(view.energy_month),
    ),
    AccountSensorDescription(
        key="cost_month_change",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value_fn=lambda view: _percent(view.spending.month.change),
    ),
    AccountSensorDescription(
        key="price",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=4,
        is_price=True,
        value_fn=lambda view: trimmed(view.price),
    ),
    AccountSensorDescription(key="period", value_fn=lambda view: view.period),
    AccountSensorDescription(
        key="supply_state",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in SupplyState],
        value_fn=lambda view: view.supply_state.value,
        attributes_fn=_supply,
    ),
)

LOW_CREDIT = AccountBinaryDescription(
    key="low_credit",
    device_class=BinarySensorDeviceClass.PROBLEM,
    value_fn=lambda view: view.is_low,
)

SITE_SENSORS = (
    SiteSensorDescription(
        key="statements_printed",
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda site: site.press.progress,
    ),
    SiteSensorDescription(
        key="total_power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=1,
        value_fn=_total_power,
        attributes_fn=lambda site: {"main_meters": sorted(site.hours.balance.mains)},
    ),
    SiteSensorDescription(
        key="total_balance",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        is_money=True,
        value_fn=_total_balance,
    ),
    SiteSensorDescription(
        key="accounts_warned",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda site: len(_warned(site)),
        attributes_fn=lambda site: {"accounts": _warned(site)[:LISTED]},
    ),
    SiteSensorDescription(
        key="accounts_off",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda site: len(_off(site)),
        attributes_fn=lambda site: {"accounts": _off(site)[:LISTED]},
    ),
    SiteSensorDescription(
        key="accounts_put_off",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda site: len(_put_off(site)),
        attributes_fn=lambda site: {"accounts": _put_off(site)[:LISTED]},
    ),
    SiteSensorDescription(
        key="accounts_adapting",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda site: len(_adapting(site)),
        attributes_fn=lambda site: {"accounts": _adapting(site)[:LISTED]},
    ),
    SiteSensorDescription(
        key="accounts_disputed",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda site: len(_disputed(site)),
        attributes_fn=lambda site: {"accounts": _disputed(site)[:LISTED]},
    ),
    SiteSensorDescription(
        key="meters_offline",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda site: len(_offline(site)),
        attributes_fn=lambda site: {"meters": _offline(site)[:LISTED]},
    ),
)

LEDGER_OK = SiteBinaryDescription(
    key="ledger_ok",
    device_class=BinarySensorDeviceClass.PROBLEM,
    value_fn=lambda site: site.controller.frozen,
)
