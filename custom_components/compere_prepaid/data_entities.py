"""Entities of what comes and goes with data instead of configuration: feeders and pools."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from homeassistant.helpers import entity_registry as er

from .coordinator import PacedCoordinator
from .runtimes import DataRuntime

if TYPE_CHECKING:
    from .site import CompereSite


class DataEntities[T]:
    """Lets the entities of one kind follow what there is; nothing is reloaded for that."""

    def __init__(
        self,
        site: CompereSite,
        kind: type[DataRuntime[T]],
        owner_of: Callable[[str, str], str],
        keys: Iterable[str],
    ) -> None:
        """Serve a site; `owner_of` and `keys` make the unique ids of the entities."""
        self._site = site
        self._kind = kind
        self._owner_of = owner_of
        self._keys = tuple(keys)
        self._is_first = True
        self.runtimes: dict[str, DataRuntime[T]] = {}
        """By name, those that there are."""

    def follow(self, present: Mapping[str, T]) -> None:
        """Let there be entities of just these, and let them show this."""
        site = self._site
        gone = self.runtimes.keys() - present.keys()
        for name in gone:
            del self.runtimes[name]
        if gone or self._is_first:  # at first also those that went while nothing ran
            self._remove_others(present)
            self._is_first = False
        for name in sorted(present):
            if (runtime := self.runtimes.get(name)) is not None:
                runtime.coordinator.push(present[name], news=True)
                continue
            coordinator = PacedCoordinator(
                site.hass, site.entry, self._owner_of(site.key, name), present[name], site.clock
            )
            self.runtimes[name] = self._kind(name=name, coordinator=coordinator)
            site.announce(self.runtimes[name])

    def _remove_others(self, names: Iterable[str]) -> None:
        """Remove the entities of this kind that belong to none of these."""
        site, registry = self._site, er.async_get(self._site.hass)
        wanted = {f"{self._owner_of(site.key, name)}_{key}" for name in names for key in self._keys}
        for entity in er.async_entries_for_config_entry(registry, site.entry.entry_id):
            is_ours = entity.unique_id.startswith(self._owner_of(site.key, ""))
            if is_ours and entity.unique_id not in wanted:
                registry.async_remove(entity.entity_id)
