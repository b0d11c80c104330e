"""What a meter has counted: its register, and the registers of its own tariff periods.

What is charged is the first one. The meter's own periods follow the meter's own clock and schedule;
they are evidence, not a bill. Nor does credit that the meter keeps by itself count for anybody: it
is shown, in kWh or in the meter's own currency.
"""

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfEnergy

from ..core.metering.reading import Quantity
from .electrical import MeasurandDescription


def _energy(key: str, quantity: Quantity, *, enabled: bool) -> MeasurandDescription:
    return MeasurandDescription(
        key=key,
        quantity=quantity,
        is_billed=True,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        entity_registry_enabled_default=enabled,
    )


ENERGY = (
    _energy("energy", Quantity.ENERGY_IMPORT, enabled=True),
    _energy("energy_t1", Quantity.ENERGY_T1, enabled=False),
    _energy("energy_t2", Quantity.ENERGY_T2, enabled=False),
    _energy("energy_t3", Quantity.ENERGY_T3, enabled=False),
    _energy("energy_t4", Quantity.ENERGY_T4, enabled=False),
    _energy("energy_t5", Quantity.ENERGY_T5, enabled=False),
    MeasurandDescription(
        key="stored_credit",
        quantity=Quantity.STORED_CREDIT,
        device_class=SensorDeviceClass.ENERGY_STORAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    MeasurandDescription(
        key="stored_amount",
        quantity=Quantity.STORED_AMOUNT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
)
