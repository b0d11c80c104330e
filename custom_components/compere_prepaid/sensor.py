"""Sensors: what meters measure and count, how lines answer, what accounts have and spend."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval

from .coordinator import PacedCoordinator
from .core.bus.bus import Bus
from .core.errors import InvalidInputError
from .core.metering.reading import Quantity
from .core.meters.compere_mqtt.meter import CompereMqttMeter
from .core.prepayment.calendar import day_of, day_start
from .entities.balance import FEEDER_SENSORS, FeederSensorDescription, balance_attributes
from .entities.electrical import ELECTRICAL, MeasurandDescription
from .entities.energy import ENERGY
from .entities.link import (
    BUS_HEALTH,
    METER_HEALTH,
    BusHealthDescription,
    MeterHealthDescription,
)
from .entities.markup import MARKUP
from .entities.money import (
    ACCOUNT_SENSORS,
    SITE_SENSORS,
    AccountSensorDescription,
    SiteSensorDescription,
)
from .entities.payments import CLEARING_BALANCE, PAYMENT_SENSORS
from .entities.pools import POOL_SENSORS, PoolSensorDescription, pool_attributes
from .entities.protection import NIGHT_BASE_LOAD
from .entities.trimmed import trimmed
from .entity import (
    AccountEntity,
    BusEntity,
    FeederEntity,
    MeterEntity,
    PoolEntity,
    ProviderEntity,
    SiteEntity,
    async_feed,
)
from .runtimes import (
    AccountRuntime,
    BusRuntime,
    FeederRuntime,
    MeterRuntime,
    PoolRuntime,
    ProviderRuntime,
)
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # the lines have queues of their own

HEARTBEAT = timedelta(seconds=60)
"""Prices, days and the health of a silent line change though nothing is read."""


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give everything that runs its sensors."""
    site = entry.runtime_data

    def of_meter(runtime: MeterRuntime) -> Iterator[SensorEntity]:
        profile = runtime.device.profile
        for measurand in (*ENERGY, *ELECTRICAL):
            if measurand.exists_fn(profile):
                yield MeasurandSensor(site, runtime, measurand)
        on_air = isinstance(runtime.device, CompereMqttMeter)
        for health in METER_HEALTH:
            if on_air or not health.is_on_air_only:
                yield MeterHealthSensor(site, runtime, health)
        yield NightLoadSensor(site, runtime)

    def of_account(runtime: AccountRuntime) -> Iterator[SensorEntity]:
        return (AccountSensor(site, runtime, description) for description in ACCOUNT_SENSORS)

    def of_bus(runtime: BusRuntime) -> Iterator[SensorEntity]:
        for description in BUS_HEALTH:
            if isinstance(runtime.bus, Bus) or not description.is_wired_only:
                yield BusHealthSensor(site, runtime, description)

    async_feed(site, BusRuntime, add_entities, of_bus)
    async_feed(site, MeterRuntime, add_entities, of_meter)
    async_feed(site, AccountRuntime, add_entities, of_account)
    async_feed(site, ProviderRuntime, add_entities, lambda one: [ClearingSensor(site, one)])
    async_feed(site, FeederRuntime, add_entities, partial(_of_feeder, site))
    async_feed(site, PoolRuntime, add_entities, partial(_of_pool, site))
    add_entities(
        SiteSensor(site, description) for description in (*SITE_SENSORS, *PAYMENT_SENSORS, MARKUP)
    )

    _start_heartbeat(hass, entry)


def _of_feeder(site: CompereSite, runtime: FeederRuntime) -> Iterator[SensorEntity]:
    return (FeederSensor(site, runtime, description) for description in FEEDER_SENSORS)


def _of_pool(site: CompereSite, runtime: PoolRuntime) -> Iterator[SensorEntity]:
    return (PoolSensor(site, runtime, description) for description in POOL_SENSORS)


def _start_heartbeat(hass: HomeAssistant, entry: CompereConfigEntry) -> None:
    """Show from time to time also what nobody reads."""
    site = entry.runtime_data

    @callback
    def beat(_: datetime) -> None:
        for bus in site.buses.values():
            _tell_again(bus.coordinator)
        for meter in site.meters.values():
            _tell_again(meter.coordinator)
        for account in site.accounts.values():
            _tell_again(account.coordinator)
        _tell_again(site.totals)

    entry.async_on_unload(async_track_time_interval(hass, beat, HEARTBEAT))


def _tell_again[T](coordinator: PacedCoordinator[T]) -> None:
    coordinator.push(coordinator.data)


class MeasurandSensor(MeterEntity, SensorEntity):
    """A quantity of a meter's readings."""

    entity_description: MeasurandDescription

    def __init__(
        self, site: CompereSite, runtime: MeterRuntime, description: MeasurandDescription
    ) -> None:
        """Show one quantity."""
        super().__init__(site, runtime, description.key)
        self.entity_description = description
        self._believed: Decimal | None = None

    @property
    @override
    def native_value(self) -> Decimal | None:
        """The quantity as last told; a counter as last believed.

        A reading is believed when charging has gone on to it. Until then a counter stays where it
        was: its statistics would count a fall as energy used anew.
        """
        description, reading, charged = self.entity_description, self.reading, self.charged
        if not description.is_billed:
            return None if reading is None else description.value_fn(reading)
        if charged is not None and charged.last is not None:
            if description.quantity is Quantity.ENERGY_IMPORT:
                self._believed = trimmed(Decimal(charged.last.wh).scaleb(-3))
            elif reading is not None and reading.energy_wh == charged.last.wh:
                self._believed = description.value_fn(reading)
        return self._believed


class MeterHealthSensor(MeterEntity, SensorEntity):
    """How a meter answers; known also when it does not."""

    entity_description: MeterHealthDescription

    def __init__(
        self, site: CompereSite, runtime: MeterRuntime, description: MeterHealthDescription
    ) -> None:
        """Show one measure of a meter's health."""
        super().__init__(site, runtime, description.key)
        self.entity_description = description

    @property
    @override
    def available(self) -> bool:
        """Silence is an answer here."""
        return True

    @property
    @override
    def native_value(self) -> float | datetime | str | None:
        """The measure; unknown while nobody polls the meter."""
        try:
            health = self.runtime.bus.poller.health(self.runtime.serial)
        except InvalidInputError:
            return None
        return self.entity_description.value_fn(health)


class NightLoadSensor(MeterEntity, SensorEntity):
    """The base load of a meter's last night."""

    def __init__(self, site: CompereSite, runtime: MeterRuntime) -> None:
        """Show the base load."""
        super().__init__(site, runtime, NIGHT_BASE_LOAD.key)
        self.entity_description = NIGHT_BASE_LOAD

    @property
    @override
    def available(self) -> bool:
        """A night that is over is known, whoever is silent now."""
        return True

    @property
    @override
    def native_value(self) -> Decimal | None:
        """The lowest power of the night in W; unknown before the first night."""
        base_mw = self.site.protecting.status(self.runtime.serial).base_mw
        return None if base_mw is None else trimmed(Decimal(base_mw).scaleb(-3))


class BusHealthSensor(BusEntity, SensorEntity):
    """How a line is doing."""

    entity_description: BusHealthDescription

    def __init__(
        self, site: CompereSite, runtime: BusRuntime, description: BusHealthDescription
    ) -> None:
        """Show one measure of a line's health."""
        super().__init__(site, runtime, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float | None:
        """The measure."""
        return self.entity_description.value_fn(self.runtime, self.site.clock)


class AccountSensor(AccountEntity, SensorEntity):
    """What an account has or spends."""

    entity_description: AccountSensorDescription
    _unrecorded_attributes = frozenset(
        {"account", "account_name", "high", "low", "meters", "usual", "yesterday"}
    )

    def __init__(
        self, site: CompereSite, runtime: AccountRuntime, description: AccountSensorDescription
    ) -> None:
        """Show one side of an account."""
        super().__init__(site, runtime, description.key)
        self.entity_description = description
        if description.is_money:
            self._attr_native_unit_of_measurement = site.currency.code
            self._attr_suggested_display_precision = site.currency.digits
        if description.is_price:
            self._attr_native_unit_of_measurement = f"{site.currency.code}/kWh"

    @property
    @override
    def native_value(self) -> Decimal | str | datetime | None:
        """The value as people see it."""
        return self.entity_description.value_fn(self.view)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When the running day or month began."""
        began = self.entity_description.last_reset_fn
        return None if began is None else began(self.site)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What belongs to the value: whose supply it is, how sure a forecast is."""
        attributes = self.entity_description.attributes_fn
        return None if attributes is None else attributes(self.view)


class ClearingSensor(ProviderEntity, SensorEntity):
    """What a provider took and has not settled yet."""

    def __init__(self, site: CompereSite, runtime: ProviderRuntime) -> None:
        """Show a provider's balance."""
        super().__init__(site, runtime, CLEARING_BALANCE.key)
        self.entity_description = CLEARING_BALANCE
        self._attr_native_unit_of_measurement = site.currency.code
        self._attr_suggested_display_precision = site.currency.digits

    @property
    @override
    def native_value(self) -> Decimal:
        """The balance."""
        return self.site.currency.rounded(self.coordinator.data)


class FeederSensor(FeederEntity, SensorEntity):
    """What a feeder loses."""

    entity_description: FeederSensorDescription
    _unrecorded_attributes = frozenset({"meters_missing"})

    def __init__(
        self, site: CompereSite, runtime: FeederRuntime, description: FeederSensorDescription
    ) -> None:
        """Show a side of one of its balances."""
        super().__init__(site, runtime, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> Decimal | None:
        """The loss; unknown where no hour is known."""
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When the day or month began, of what is counted by them."""
        began, zone = self.entity_description.began_fn, self.site.zone
        return began and day_start(began(day_of(self.site.clock.now(), zone)), zone)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What was counted on both sides, and how much is not known."""
        return balance_attributes(self.entity_description.balance_fn(self.coordinator.data))


class PoolSensor(PoolEntity, SensorEntity):
    """What a pool cost in its last run."""

    entity_description: PoolSensorDescription

    def __init__(
        self, site: CompereSite, runtime: PoolRuntime, description: PoolSensorDescription
    ) -> None:
        """Show an amount."""
        super().__init__(site, runtime, description.key)
        self.entity_description = description
        self._attr_native_unit_of_measurement = site.currency.code
        self._attr_suggested_display_precision = site.currency.digits

    @property
    @override
    def native_value(self) -> Decimal:
        """The amount."""
        return self.site.currency.rounded(self.entity_description.value_fn(self.coordinator.data))

    @property
    @override
    def last_reset(self) -> datetime:
        """When the days of the run began."""
        return day_start(self.coordinator.data.since, self.site.zone)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Which run it was."""
        return pool_attributes(self.coordinator.data)


class SiteSensor(SiteEntity, SensorEntity):
    """A sum over the site."""

    entity_description: SiteSensorDescription
    _unrecorded_attributes = frozenset(
        {"accounts", "bought_price", "meters", "month", "sold_price"}
    )

    def __init__(self, site: CompereSite, description: SiteSensorDescription) -> None:
        """Show one sum."""
        super().__init__(site, description.key)
        self.entity_description = description
        if description.is_money:
            self._attr_native_unit_of_measurement = site.currency.code
            self._attr_suggested_display_precision = site.currency.digits
        if description.is_price:
            self._attr_native_unit_of_measurement = f"{site.currency.code}/kWh"

    @property
    @override
    def native_value(self) -> Decimal | int | None:
        """The sum."""
        return self.entity_description.value_fn(self.site)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When the running day began, of what is counted by day."""
        began = self.entity_description.last_reset_fn
        return None if began is None else began(self.site)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Who is counted, the first ones of a long list."""
        attributes = self.entity_description.attributes_fn
        return None if attributes is None else attributes(self.site)
