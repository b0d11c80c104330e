"""How lines and meters answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntityDescription,
)
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfInformation, UnitOfTime

from ..core.clock import Clock
from ..core.meters.poller import MeterHealth
from ..runtimes import BusRuntime


@dataclass(frozen=True, kw_only=True)
class MeterHealthDescription(SensorEntityDescription):
    """A sensor of how a meter answers."""

    value_fn: Callable[[MeterHealth], float | datetime | str | None]
    is_on_air_only: bool = False
    """Whether only meters behind a broker have it."""


@dataclass(frozen=True, kw_only=True)
class BusHealthDescription(SensorEntityDescription):
    """A sensor of how a line is doing."""

    value_fn: Callable[[BusRuntime, Clock], float | None]
    is_wired_only: bool = True
    """Whether it says something only of a line on which one talks at a time."""


CONNECTIVITY = BinarySensorEntityDescription(
    key="connectivity",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)

ERRORS = (
    "none",
    "answer_garbled",
    "bus_down",
    "meter_not_heard",
    "meter_refused",
    "meter_silent",
    "other_meter",
    "other_model",
    "serial_unreadable",
    "other",
)
"""What kept a meter from being read last; `none` since its last good reading."""

METER_HEALTH = (
    MeterHealthDescription(
        key="success_rate",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda health: _percent(health.success_rate),
    ),
    MeterHealthDescription(
        key="answer_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda health: _seconds(health.answer_time_s),
    ),
    MeterHealthDescription(
        key="clock_deviation",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda health: health.clock_off_s,
        is_on_air_only=True,
    ),
    MeterHealthDescription(
        key="last_answer",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda health: health.last_answer_at,
    ),
    MeterHealthDescription(
        key="last_error",
        device_class=SensorDeviceClass.ENUM,
        options=list(ERRORS),
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda health: _error(health.last_error),
    ),
)

BUS_HEALTH = (
    BusHealthDescription(
        key="sweep_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda runtime, _: _seconds(runtime.poller.sweep_s or None),
    ),
    BusHealthDescription(
        key="utilisation",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda runtime, clock: _percent(runtime.bus.health.utilisation(clock.monotonic())),
    ),
    BusHealthDescription(
        key="success_rate",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda runtime, clock: _percent(
            runtime.bus.health.success_rate(clock.monotonic())
        ),
        is_wired_only=False,
    ),
    BusHealthDescription(
        key="relay_wait",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda runtime, _: _seconds(runtime.bus.health.relay_wait_longest_s or None),
    ),
    BusHealthDescription(
        key="drained",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda runtime, _: runtime.bus.health.drained,
    ),
)


def _error(error: str) -> str:
    """Return what kind of error it is, without its details."""
    key = error.partition(" ")[0]
    return key if key in ERRORS else ("other" if key else "none")


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
