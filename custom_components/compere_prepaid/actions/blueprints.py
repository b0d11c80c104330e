"""The blueprints that come with the integration, put where automations are made from them."""

from pathlib import Path
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..authority import Duty, async_require_manager
from ..const import DOMAIN
from ..core.errors import OperationFailedError
from ..installed_files import Written, install_file
from ..site import CompereConfigEntry
from .fields import EntryAction

BLUEPRINTS = Path(__file__).parents[1] / "blueprints"


async def _install_blueprints(
    hass: HomeAssistant, entry: CompereConfigEntry, call: ServiceCall
) -> dict[str, Any]:
    """Write the blueprints; automations that are made from them are loaded anew."""
    await async_require_manager(hass, entry, call.context, Duty.TERMS)
    folder = async_get_blueprints(hass).blueprint_folder / DOMAIN

    def install() -> dict[str, Written]:
        return _install(Path(hass.config.config_dir), folder, overwrite=call.data["overwrite"])

    files = await hass.async_add_executor_job(install)
    reloaded = Written.WRITTEN in files.values() and await _reloaded(hass)
    return {"files": {path: state.value for path, state in files.items()}, "reloaded": reloaded}


async def _reloaded(hass: HomeAssistant) -> bool:
    """Let automations read their blueprints anew; say whether they did."""
    if AUTOMATION not in hass.config.components:
        return False
    await async_get_blueprints(hass).async_reset_cache()
    try:
        await hass.services.async_call(AUTOMATION, "reload", blocking=True)
    except HomeAssistantError:  # it reads the configuration file, too, which may be broken
        return False
    return True


def _install(config: Path, folder: Path, *, overwrite: bool) -> dict[str, Written]:
    """Write all; return what became of each file, by its path in the configuration folder."""
    found: dict[str, Written] = {}
    for blueprint in sorted(BLUEPRINTS.glob("*.yaml")):
        path = folder / blueprint.name
        name = path.relative_to(config).as_posix()
        try:
            found[name] = install_file(path, blueprint.read_text("utf-8"), overwrite=overwrite)
        except OSError as error:
            raise OperationFailedError(
                "blueprint_not_written", path=name, error=error.strerror or error
            ) from error
    return found


ACTIONS = {
    "install_blueprints": EntryAction(
        _install_blueprints, {vol.Optional("overwrite", default=False): cv.boolean}
    ),
}
