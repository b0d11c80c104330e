"""What the managers of a site want to be told, and when; kept in the site's options."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from .quiet_hours import QuietHours

OPTION_NOTIFICATIONS: Final = "notifications"
"""The key of the site's options under which all of this is."""

CONF_CHANNELS: Final = "channels"
CONF_LANGUAGE: Final = "language"
CONF_WANTS: Final = "wants"
CONF_QUIET_FROM: Final = "quiet_from"
CONF_QUIET_TO: Final = "quiet_to"
CONF_DIGEST_AT: Final = "digest_at"
CONF_THANKS: Final = "thanks"
CONF_GRACE_HOURS: Final = "grace_hours"

DEFAULT_GRACE_HOURS = 24
MAX_GRACE_HOURS = 168


class Topic(StrEnum):
    """What managers may want to be told."""

    WARNINGS = "warnings"
    CUTS = "cuts"
    """Cut, restored, and what waits for a person's confirmation."""
    EQUIPMENT = "equipment"
    """Lines and meters that are silent or wrong, and protection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The managers' channels and wishes; quiet hours hold for tenants as well."""

    channels: tuple[str, ...]
    language: str
    """As it was chosen; empty for Home Assistant's."""
    wants: frozenset[Topic]
    quiet: QuietHours | None
    digest_at: time | None
    """When the digest is sent each day, on the site's clock; None if it is not."""
    thanks: bool
    """Whether tenants are thanked for a top-up."""
    grace_hours: int
    """For how long the button grants grace."""

    @classmethod
    def of(cls, options: Mapping[str, Any], zone: ZoneInfo) -> Settings:
        """Read a site's options; what was never chosen has its default."""
        kept: Mapping[str, Any] = options.get(OPTION_NOTIFICATIONS, {})
        begins, ends = kept.get(CONF_QUIET_FROM), kept.get(CONF_QUIET_TO)
        digest = kept.get(CONF_DIGEST_AT)
        quiet = None
        if begins and ends:
            quiet = QuietHours(
                start=time.fromisoformat(begins), end=time.fromisoformat(ends), zone=zone
            )
        return cls(
            channels=tuple(kept.get(CONF_CHANNELS, ())),
            language=kept.get(CONF_LANGUAGE, ""),
            wants=frozenset(Topic(one) for one in kept.get(CONF_WANTS, tuple(Topic))),
            quiet=quiet,
            digest_at=time.fromisoformat(digest) if digest else None,
            thanks=bool(kept.get(CONF_THANKS, False)),
            grace_hours=int(kept.get(CONF_GRACE_HOURS, DEFAULT_GRACE_HOURS)),
        )
