"""Voice: the sentences that Home Assistant understands."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..authority import Duty, async_require_manager
from ..core.errors import InvalidInputError
from ..installed_files import Written
from ..site import CompereConfigEntry
from ..voice.installing import install, languages
from .fields import NAMES, Action, EntryAction


async def _install_voice_sentences(
    hass: HomeAssistant, entry: CompereConfigEntry, call: ServiceCall
) -> dict[str, Any]:
    """Write the sentences, and let the agent read them if it runs and any was written."""
    await async_require_manager(hass, entry, call.context, Duty.TERMS)
    offered = await hass.async_add_executor_job(languages)
    wanted = tuple(dict.fromkeys(call.data.get("language", offered)))
    if unknown := [language for language in wanted if language not in offered]:
        raise InvalidInputError(
            "language_unknown", language=unknown[0][:40], languages=", ".join(offered)
        )

    def write() -> dict[str, Written]:
        return install(Path(hass.config.config_dir), wanted, overwrite=call.data["overwrite"])

    files = await hass.async_add_executor_job(write)
    reloaded = Written.WRITTEN in files.values() and await _reloaded(hass)
    return {"files": {path: state.value for path, state in files.items()}, "reloaded": reloaded}


async def _reloaded(hass: HomeAssistant) -> bool:
    """Let the agent read all sentences anew; say whether it did. Else it will at its next start."""
    if not hass.services.has_service("conversation", "reload"):
        return False
    try:
        await hass.services.async_call("conversation", "reload", {}, blocking=True)
    except HomeAssistantError:  # it reads the configuration file, too, which may be broken
        return False
    return True


ACTIONS: dict[str, Action | EntryAction] = {
    "install_voice_sentences": EntryAction(
        _install_voice_sentences,
        {
            vol.Optional("language"): NAMES,
            vol.Optional("overwrite", default=False): cv.boolean,
        },
    ),
}
