"""The blueprints that come with the integration, put where automations are made from them."""

from pathlib import Path
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint import Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util.yaml import parse_yaml
import probatio as vol

from ..authority import Duty, async_require_manager
from ..const import DOMAIN
from ..core.errors import InvalidInputError
from ..site import CompereConfigEntry
from .fields import EntryAction

BLUEPRINTS = Path(__file__).parents[1] / "blueprints"


async def _install_blueprints(
    hass: HomeAssistant, entry: CompereConfigEntry, call: ServiceCall
) -> dict[str, Any]:
    """Write the blueprints; one that somebody changed only if it may be overwritten."""
    await async_require_manager(hass, entry, call.context, Duty.TERMS)
    if AUTOMATION not in hass.config.components:
        raise InvalidInputError("automations_not_running")
    folder = Path(hass.config.path("blueprints", AUTOMATION, DOMAIN))
    ours = await hass.async_add_executor_job(_read, BLUEPRINTS)
    theirs = await hass.async_add_executor_job(_read, folder)
    answer: dict[str, list[str]] = {"written": [], "unchanged": [], "kept": []}
    for name, text in ours.items():
        path = f"{DOMAIN}/{name}"
        blueprint = Blueprint(
            parse_yaml(text),  # type: ignore[arg-type]  # a blueprint is a table
            path=path,
            expected_domain=AUTOMATION,
            schema=AUTOMATION_BLUEPRINT_SCHEMA,
        )
        if theirs.get(name) == blueprint.yaml():
            answer["unchanged"].append(name)
        elif name in theirs and not call.data["overwrite"]:
            answer["kept"].append(name)
        else:
            await async_get_blueprints(hass).async_add_blueprint(
                blueprint, path, allow_override=True
            )
            answer["written"].append(name)
    return {"folder": str(folder), **answer}


def _read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))}


ACTIONS = {
    "install_blueprints": EntryAction(
        _install_blueprints, {vol.Optional("overwrite", default=False): cv.boolean}
    ),
}
