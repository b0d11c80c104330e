"""What a meter measures at an instant."""

from dataclasses import dataclass
from decimal import Decimal

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfFrequency,
    UnitOfPower,
)

from ..core.metering.reading import MeterReading, Quantity
from ..core.meters.profile import Profile
from .trimmed import trimmed


@dataclass(frozen=True, kw_only=True)
class MeasurandDescription(SensorEntityDescription):
    """A sensor that shows a quantity of a meter's readings."""

    quantity: Quantity
    is_billed: bool = False
    """Whether it must not follow a reading that cannot be true."""

    def value_fn(self, reading: MeterReading) -> Decimal | None:
        """Return the quantity in the sensor's unit: kWh, or the unit without its thousandths."""
        value = reading.values.get(self.quantity)
        return None if value is None else trimmed(Decimal(value).scaleb(-3))

    def exists_fn(self, profile: Profile) -> bool:
        """Tell whether meters of a model have it."""
        return self.quantity in profile.quantities


def _voltage(phase: Quantity) -> MeasurandDescription:
    return MeasurandDescription(
        key=phase.value,
        quantity=phase,
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
    )


def _current(phase: Quantity) -> MeasurandDescription:
    return MeasurandDescription(
        key=phase.value,
        quantity=phase,
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
    )


def _distortion(phase: Quantity) -> MeasurandDescription:
    return MeasurandDescription(
        key=phase.value,
        quantity=phase,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )


ELECTRICAL = (
    MeasurandDescription(
        key="power",
        quantity=Quantity.POWER,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
    ),
    _voltage(Quantity.VOLTAGE_A),
    _voltage(Quantity.VOLTAGE_B),
    _voltage(Quantity.VOLTAGE_C),
    _current(Quantity.CURRENT_A),
    _current(Quantity.CURRENT_B),
    _current(Quantity.CURRENT_C),
    _current(Quantity.CURRENT_N),
    MeasurandDescription(
        key="residual_current",
        quantity=Quantity.RESIDUAL_CURRENT,
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_unit_of_measurement=UnitOfElectricCurrent.MILLIAMPERE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _distortion(Quantity.VOLTAGE_THD_A),
    _distortion(Quantity.VOLTAGE_THD_B),
    _distortion(Quantity.VOLTAGE_THD_C),
    _distortion(Quantity.CURRENT_THD_A),
    _distortion(Quantity.CURRENT_THD_B),
    _distortion(Quantity.CURRENT_THD_C),
    MeasurandDescription(
        key="power_factor",
        quantity=Quantity.POWER_FACTOR,
        device_class=SensorDeviceClass.POWER_FACTOR,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    MeasurandDescription(
        key="frequency",
        quantity=Quantity.FREQUENCY,
        device_class=SensorDeviceClass.FREQUENCY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfFrequency.HERTZ,
        suggested_display_precision=2,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    ),
)
