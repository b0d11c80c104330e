"""One event entity per account: warnings, cuts, restored supply, money, meter trouble."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import ACCOUNT_EVENT
from .core.site_events import PUBLIC
from .entity import AccountEntity, async_feed
from .runtimes import AccountRuntime
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # nothing is asked of a line here

EVENTS = EventEntityDescription(
    key=ACCOUNT_EVENT,
    event_types=[event.TYPE for event in PUBLIC],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give every account its event entity."""
    site = entry.runtime_data

    def of_account(runtime: AccountRuntime) -> Iterator[EventEntity]:
        yield AccountEventEntity(site, runtime)

    async_feed(site, AccountRuntime, add_entities, of_account)


class AccountEventEntity(AccountEntity, EventEntity):
    """What happened last to an account."""

    def __init__(self, site: CompereSite, runtime: AccountRuntime) -> None:
        """Wait for the events of an account."""
        super().__init__(site, runtime, EVENTS.key)
        self.entity_description = EVENTS

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to listen."""
        await super().async_added_to_hass()
        self.async_on_remove(self.site.events.listen(self.runtime.number, self._take))

    @callback
    def _take(self, event_type: str, data: dict[str, Any], context: Context) -> None:
        self.async_set_context(context)
        self._trigger_event(event_type, data)
        self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Events speak for themselves; a changed balance is none."""
