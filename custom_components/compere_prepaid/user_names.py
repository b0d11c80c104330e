"""What users are called, for those who cannot wait.

The ledger and the events know a user by id. Home Assistant finds a name only in a coroutine, but an
event is told at once and a logbook line is made in a thread: so the names are kept here.
"""

from collections.abc import Callable

from homeassistant.auth import EVENT_USER_ADDED, EVENT_USER_UPDATED
from homeassistant.core import Event, HomeAssistant


class UserNames:
    """The names of all users; one who is removed is still called what they were."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nobody yet."""
        self._hass = hass
        self._names: dict[str, str] = {}

    async def async_follow(self) -> Callable[[], None]:
        """Know everybody, and stay informed; return what ends it."""
        stops = [
            self._hass.bus.async_listen(event, self._look)
            for event in (EVENT_USER_ADDED, EVENT_USER_UPDATED)
        ]
        await self._look()

        def stop() -> None:
            for end in stops:
                end()

        return stop

    def of(self, user: str) -> str:
        """Return what an acting user of the ledger is called; what is no user stays as it is."""
        return self._names.get(user, user)

    async def _look(self, _: Event | None = None) -> None:
        users = await self._hass.auth.async_get_users()
        self._names |= {user.id: user.name for user in users if user.name}
