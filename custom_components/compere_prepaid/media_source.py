"""A media source for attachments: by it, an e-mail of Home Assistant's can carry a statement.

Home Assistant's e-mail integration attaches what a media source can name. Here that is a file for
which somebody of ours has just asked for a name, until it is sent; nothing can be looked through.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import secrets
from typing import override

from homeassistant.components.media_player import MediaClass
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_LENT: HassKey[dict[str, Path]] = HassKey(f"{DOMAIN}_lent_files")

MIME_TYPE = "application/pdf"


@contextmanager
def lent(hass: HomeAssistant, file: Path) -> Iterator[str]:
    """Give a file a name that nobody can guess, for as long as the block lasts."""
    files = hass.data.setdefault(_LENT, {})
    token = secrets.token_urlsafe(32)
    files[token] = file
    try:
        yield f"media-source://{DOMAIN}/{token}"
    finally:
        del files[token]


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return the source of attachments."""
    return AttachmentSource(hass)


class AttachmentSource(MediaSource):
    """Knows the files that are lent at the moment."""

    name = "Compere Prepaid"

    def __init__(self, hass: HomeAssistant) -> None:
        """Serve this Home Assistant."""
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        file = self._hass.data.get(_LENT, {}).get(item.identifier)
        if file is None:
            raise Unresolvable("There is no such file")
        return PlayMedia("", MIME_TYPE, path=file)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=None,
            media_class=MediaClass.DIRECTORY,
            media_content_type="",
            title=self.name,
            can_play=False,
            can_expand=True,
            children=[],
        )
