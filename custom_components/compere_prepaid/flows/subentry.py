"""What the flows of buses, meters and accounts have in common: they work on one site."""

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
)

from ..const import DOMAIN
from ..site import CompereSite


class SiteSubentryFlow(ConfigSubentryFlow):
    """A flow that adds a part to a site or changes one.

    It never reloads the site: adding or changing a subentry wakes the site's own listener, which
    takes over exactly what changed.
    """

    @property
    def _site(self) -> CompereSite | None:
        """The running site; None while its entry is not loaded."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return None
        site: CompereSite = entry.runtime_data
        return site

    @property
    def _present(self) -> ConfigSubentry | None:
        """The subentry that is being changed; None while one is added."""
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None

    def _others(self, subentry_type: str, *, every_site: bool = False) -> list[ConfigSubentry]:
        """Return the subentries of a type, of this site or of all, without the one in hand."""
        entries = (
            self.hass.config_entries.async_entries(DOMAIN) if every_site else [self._get_entry()]
        )
        present = self._present
        return [
            subentry
            for entry in entries
            for subentry in entry.get_subentries_of_type(subentry_type)
            if present is None or subentry.subentry_id != present.subentry_id
        ]
