"""The relay of a meter.

Nobody switches a relay: off places the manual hold, on releases it, and the relay follows its holds
as fast as the line allows. What the switch shows is the relay as it was read back. It is a setting
to Home Assistant (category config), so that neither a voice nor "everything in this area" can put a
shop in the dark.
"""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .action_errors import translated_errors
from .authority import Duty, async_require_manager, is_administrator
from .const import DOMAIN
from .core.ledger.records import HoldKind
from .entity import MeterEntity, async_feed
from .runtimes import MeterRuntime
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # the lines have queues of their own

RELAY = SwitchEntityDescription(key="relay", entity_category=EntityCategory.CONFIG)


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give every meter that has a relay its switch."""
    site = entry.runtime_data

    def of_meter(runtime: MeterRuntime) -> Iterator[SwitchEntity]:
        if runtime.device.profile.has_relay:
            yield RelaySwitch(site, runtime)

    async_feed(site, MeterRuntime, add_entities, of_meter)


class RelaySwitch(MeterEntity, SwitchEntity):
    """The relay as read back, with the manual hold behind it."""

    def __init__(self, site: CompereSite, runtime: MeterRuntime) -> None:
        """Show the relay of a meter."""
        super().__init__(site, runtime, RELAY.key)
        self.entity_description = RELAY

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the relay is closed; unknown before it was read."""
        return None if self.reading is None else self.reading.relay_closed

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What the relay must be, why, and whether it was read back so."""
        demand = self.site.controller.demanded(self.runtime.serial)
        return {
            "demanded": None if demand is None else "closed" if demand.closed else "open",
            "holds": [kind.value for kind in self._holds],
            "confirmed": demand is not None and demand.confirmed_at is not None,
        }

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Place the manual hold."""
        context = self._context
        user = await async_require_manager(self.hass, self.site.entry, context, Duty.HOLDS)
        with translated_errors():
            await self.site.agreements.place_hold([self.runtime.serial], HoldKind.MANUAL, user=user)
        self._tell()

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Release the manual hold; refused, with nothing changed, where another one stands."""
        context = self._context
        user = await async_require_manager(self.hass, self.site.entry, context, Duty.HOLDS)
        others = [kind.value for kind in self._holds if kind is not HoldKind.MANUAL]
        if others:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="relay_held",
                translation_placeholders={
                    "meter": self.runtime.name,
                    "holds": ", ".join(others),
                },
            )
        with translated_errors():
            await self.site.agreements.release_hold(
                [self.runtime.serial],
                HoldKind.MANUAL,
                user=user,
                administrator=await is_administrator(self.hass, context),
            )
        self._tell()

    @property
    def _holds(self) -> tuple[HoldKind, ...]:
        return () if self.charged is None else self.charged.holds

    def _tell(self) -> None:
        """Show the changed holds now; the relay follows."""
        self.site.reading_path.refresh_meter(self.runtime.serial)
