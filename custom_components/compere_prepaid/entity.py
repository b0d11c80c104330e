"""Base classes of all entities: whose they are, what they are called, which device they stand on.

An entity belongs to a meter, an account, a bus or the site. Meters are known by serial number and
buses by the id of their subentry, which no two sites share; account numbers may well be the same in
two malls, so the identities of accounts and of the site itself begin with the site's key.
"""

from collections.abc import Callable, Iterable
from typing import Any, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .account_view import AccountView
from .const import (
    ACCOUNT_PREFIX,
    CONF_AREA,
    CONF_METERS,
    DOMAIN,
    PROVIDER_PREFIX,
    feeder_owner,
    pool_owner,
)
from .coordinator import MeterCoordinator, PacedCoordinator
from .core.allocation.standing import PoolStanding
from .core.balance.alarm import FeederStanding
from .core.ids import MeterSerial
from .core.metering.reading import MeterReading
from .core.money.amount import Amount
from .core.prepayment.state import AccountState, MeterState
from .runtimes import (
    AccountRuntime,
    BusRuntime,
    FeederRuntime,
    MeterRuntime,
    PoolRuntime,
    ProviderRuntime,
    Runtime,
)
from .site import CompereSite


class CompereEntity[C: PacedCoordinator[Any]](CoordinatorEntity[C]):
    """An entity of a site. `owner` begins its unique id; `key` ends it and names it."""

    _attr_has_entity_name = True

    def __init__(self, site: CompereSite, coordinator: C, owner: str, key: str) -> None:
        """Belong to an owner whose news a coordinator tells."""
        super().__init__(coordinator)
        self.site = site
        self._attr_unique_id = f"{owner}_{key}"
        self._attr_translation_key = key

    @property
    @override
    def available(self) -> bool:
        """What the ledger and the site know is always known."""
        return True


class MeterEntity(CompereEntity[MeterCoordinator]):
    """An entity of a meter; unavailable while the meter does not answer."""

    def __init__(self, site: CompereSite, runtime: MeterRuntime, key: str) -> None:
        """Stand on the meter's device."""
        super().__init__(site, runtime.coordinator, runtime.serial, key)
        self.runtime = runtime
        if runtime.channel is not None:
            self._attr_device_info = ChildDeviceInfo(
                identifiers={(DOMAIN, runtime.serial)},
                name=runtime.name,
                parent_device_id=runtime.parent_device_id,
            )
            return
        profile = runtime.device.profile
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, runtime.serial)},
            name=runtime.name,
            manufacturer=profile.manufacturer,
            model=profile.model,
            serial_number=runtime.serial,
            suggested_area=runtime.data.get(CONF_AREA) or None,
            via_device_id=runtime.bus.device_id,
        )

    @property
    @override
    def available(self) -> bool:
        """Whether the meter answers."""
        return self.coordinator.online

    @property
    def reading(self) -> MeterReading | None:
        """The meter's last reading."""
        return self.coordinator.data

    @property
    def charged(self) -> MeterState | None:
        """The meter as charging sees it."""
        return self.site.book.meters.get(self.runtime.serial)


class AccountEntity(CompereEntity[PacedCoordinator[AccountState]]):
    """An entity of an account; available also when its meters are not."""

    def __init__(self, site: CompereSite, runtime: AccountRuntime, key: str) -> None:
        """Stand on the account's device."""
        owner = f"{site.key}_{ACCOUNT_PREFIX}{runtime.number}"
        super().__init__(site, runtime.coordinator, owner, key)
        self.runtime = runtime
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, f"{ACCOUNT_PREFIX}{runtime.number}")},
            name=f"{runtime.number} {runtime.name}",
            model="Prepaid account",
            entry_type=DeviceEntryType.SERVICE,
            suggested_area=_area_of_account(site, runtime),
            via_device_id=site.device_id,
        )

    @property
    def view(self) -> AccountView:
        """The account as people see it."""
        return AccountView(self.site, self.coordinator.data)


class BusEntity(CompereEntity[PacedCoordinator[bool]]):
    """An entity of a line. The site has made the device already: meters hang behind it."""

    def __init__(self, site: CompereSite, runtime: BusRuntime, key: str) -> None:
        """Stand on the line's device."""
        super().__init__(site, runtime.coordinator, f"bus_{runtime.id}", key)
        self.runtime = runtime
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, f"bus_{runtime.id}")})


class ProviderEntity(CompereEntity[PacedCoordinator[Amount]]):
    """An entity of a payment provider."""

    def __init__(self, site: CompereSite, runtime: ProviderRuntime, key: str) -> None:
        """Stand on the provider's device."""
        owner = f"{site.key}_{PROVIDER_PREFIX}{runtime.key}"
        super().__init__(site, runtime.coordinator, owner, key)
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, owner)},
            name=runtime.title,
            model="Payment provider",
            entry_type=DeviceEntryType.SERVICE,
            via_device_id=site.device_id,
        )


class FeederEntity(CompereEntity[PacedCoordinator[FeederStanding]]):
    """An entity of a feeder. It stands on the site's device: a feeder is none."""

    def __init__(self, site: CompereSite, runtime: FeederRuntime, key: str) -> None:
        """Name the feeder in the entity's name."""
        super().__init__(site, runtime.coordinator, feeder_owner(site.key, runtime.name), key)
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, site.key)})
        self._attr_translation_placeholders = {"feeder": runtime.name}


class PoolEntity(CompereEntity[PacedCoordinator[PoolStanding]]):
    """An entity of a pool. It stands on the site's device: a pool is none."""

    def __init__(self, site: CompereSite, runtime: PoolRuntime, key: str) -> None:
        """Name the pool in the entity's name."""
        super().__init__(site, runtime.coordinator, pool_owner(site.key, runtime.name), key)
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, site.key)})
        self._attr_translation_placeholders = {"pool": runtime.name}


class SiteEntity(CompereEntity[PacedCoordinator[None]]):
    """An entity of the whole site.

    Much happens at once in a mall (a hundred meters come back, a top-up for every shop), and each
    sum goes over all of it: news of one turn of the event loop are told together.
    """

    def __init__(self, site: CompereSite, key: str) -> None:
        """Stand on the site's device."""
        super().__init__(site, site.totals, f"{site.key}_site", key)
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, site.key)})
        self._is_due = False

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if not self._is_due:
            self._is_due = True
            self.hass.loop.call_soon(self._write)

    @callback
    def _write(self) -> None:
        self._is_due = False
        self.async_write_ha_state()


@callback
def async_feed[R: Runtime](
    site: CompereSite,
    kind: type[R],
    add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[R], Iterable[Entity]],
) -> None:
    """Give every bus, meter or account its entities of one platform, also those that come later.

    What is configured anew is wired anew in place, so its entities stay; what is removed takes its
    entities along with its subentry.
    """

    @callback
    def add(runtime: R) -> None:
        subentry_id = runtime.id if isinstance(runtime, BusRuntime) else runtime.subentry_id
        add_entities(list(build(runtime)), config_subentry_id=subentry_id)

    site.async_for_each(kind, add)


def _area_of_account(site: CompereSite, runtime: AccountRuntime) -> str | None:
    """Suggest the area of the account's first meter."""
    for serial in runtime.data[CONF_METERS]:
        meter = site.meters.get(MeterSerial(serial))
        if meter is not None:
            return meter.data.get(CONF_AREA) or None
    return None
