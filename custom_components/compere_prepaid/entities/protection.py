"""What the protection rules say of a meter."""

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntityDescription,
)
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfPower

PROTECTION = BinarySensorEntityDescription(
    key="protection", device_class=BinarySensorDeviceClass.PROBLEM
)

NIGHT_BASE_LOAD = SensorEntityDescription(
    key="night_base_load",
    device_class=SensorDeviceClass.POWER,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=UnitOfPower.WATT,
    suggested_display_precision=0,
    entity_registry_enabled_default=False,
)
