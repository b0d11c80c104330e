"""Channels: the ways of Home Assistant in which a person is reached.

A channel is named like an action or an entity of Home Assistant's `notify`: `notify.mobile_app_x`,
`notify.family`. What is an action is called as one, for that can carry more than text; only the
companion app is known to understand buttons and tags, so everybody else gets plain text.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from homeassistant.components.notify import (
    ATTR_DATA,
    ATTR_MESSAGE,
    ATTR_TITLE,
    DOMAIN as NOTIFY,
    SERVICE_SEND_MESSAGE,
)
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import slugify

from ..const import DOMAIN
from ..core.errors import InvalidInputError
from ..media_source import MIME_TYPE, lent

COMPANION = f"{NOTIFY}.mobile_app_"
"""Begins the name of a channel that is a companion app, with buttons and tags."""

_COMPANION_DOMAIN = "mobile_app"
_MAIL_DOMAIN = "smtp"
_PREFIX = f"{NOTIFY}."
_NAMES_SHOWN = 10


def is_companion(channel: str) -> bool:
    """Tell whether a channel can show buttons."""
    return channel.startswith(COMPANION)


def available(hass: HomeAssistant) -> list[str]:
    """Return the channels that there are, in order; none of them leads back to an account."""
    services = hass.services.async_services_for_domain(NOTIFY)
    actions = {f"{_PREFIX}{name}" for name in services if name != SERVICE_SEND_MESSAGE}
    entities = {
        state.entity_id
        for state in hass.states.async_all(NOTIFY)
        if not _is_ours(hass, state.entity_id)
    }
    return sorted(actions | entities)


def check(hass: HomeAssistant, channels: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Return channels as they are kept, each once; those in `known` were accepted before.

    Raises `InvalidInputError`: `notify_unknown` for what Home Assistant does not have,
    `notify_own` for an account's own entity, which would send in a circle.
    """
    kept = list(dict.fromkeys(one for channel in channels if (one := channel.strip())))
    there = available(hass)
    for channel in kept:
        if _is_ours(hass, channel):
            raise InvalidInputError("notify_own", channel=channel)
        if channel not in there and channel not in known:
            raise InvalidInputError(
                "notify_unknown", channel=channel, known=", ".join(there[:_NAMES_SHOWN]) or "-"
            )
    return kept


def takes_files(hass: HomeAssistant, channel: str) -> bool:
    """Tell whether a channel can carry a file: an entity of the e-mail integration can."""
    entity = er.async_get(hass).async_get(channel)
    return (
        entity is not None
        and entity.platform == _MAIL_DOMAIN
        and hass.services.has_service(_MAIL_DOMAIN, SERVICE_SEND_MESSAGE)
    )


async def async_send(
    hass: HomeAssistant,
    channel: str,
    title: str,
    message: str,
    data: Mapping[str, Any],
    *,
    file: Path | None = None,
) -> None:
    """Send through a channel; `data` reaches the companion app only, a file who takes it.

    Raises whatever Home Assistant or the integration behind the channel raises.
    """
    name = channel.removeprefix(_PREFIX)
    if file is not None and takes_files(hass, channel):
        await _send_mail(hass, channel, title, message, file)
        return
    content: dict[str, Any] = {ATTR_MESSAGE: message, ATTR_TITLE: title}
    if hass.services.has_service(NOTIFY, name) and name != SERVICE_SEND_MESSAGE:
        if is_companion(channel) and data:
            content[ATTR_DATA] = dict(data)
    elif hass.states.get(channel) is not None and not _is_ours(hass, channel):
        content[ATTR_ENTITY_ID] = channel
        name = SERVICE_SEND_MESSAGE
    else:
        raise InvalidInputError("notify_gone", channel=channel)
    await hass.services.async_call(NOTIFY, name, content, blocking=True)


async def _send_mail(
    hass: HomeAssistant, channel: str, title: str, message: str, file: Path
) -> None:
    with lent(hass, file) as media:
        source = {"media_content_id": media, "media_content_type": MIME_TYPE}
        content = {
            ATTR_ENTITY_ID: channel,
            ATTR_TITLE: title,
            ATTR_MESSAGE: message,
            "attachments": [{"media_source": source, "filename": file.name}],
        }
        await hass.services.async_call(_MAIL_DOMAIN, SERVICE_SEND_MESSAGE, content, blocking=True)


def companions_of(hass: HomeAssistant, user: str) -> list[str]:
    """Return the channels to a user's own companion apps."""
    found = (
        f"{COMPANION}{slugify(entry.data.get('device_name', ''))}"
        for entry in hass.config_entries.async_entries(_COMPANION_DOMAIN)
        if entry.data.get("user_id") == user
    )
    return [channel for channel in found if channel.removeprefix(_PREFIX) in _actions(hass)]


def _actions(hass: HomeAssistant) -> Iterable[str]:
    return hass.services.async_services_for_domain(NOTIFY)


def _is_ours(hass: HomeAssistant, channel: str) -> bool:
    entity = er.async_get(hass).async_get(channel)
    return entity is not None and entity.platform == DOMAIN
