"""Blueprints as files: whole, at two places, and installed by an action."""

from pathlib import Path
import re
import shutil

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import Blueprint
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest

from custom_components.compere_prepaid.actions.blueprints import BLUEPRINTS
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.site import CompereSite
from tests.actions.asking import refused
from tests.automations.blueprinted import FILES, installed
from tests.stories.telling import ask

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", FILES)
def test_blueprint_is_whole(name: str) -> None:
    """It is one, for this version; every input is named, in a section, and used."""
    text = (BLUEPRINTS / name).read_text("utf-8")
    data = parse_yaml(text)
    assert isinstance(data, dict)
    blueprint = Blueprint(
        data, path=name, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )
    assert blueprint.validate() is None
    head = blueprint.metadata
    assert head["source_url"].endswith(
        f"/compere_prepaid/blob/main/custom_components/{DOMAIN}/blueprints/{name}"
    )
    assert head["homeassistant"]["min_version"] == "2026.10.0"
    for section in head["input"].values():
        assert section["name"]
        assert section["input"]
        if section.get("collapsed"):
            assert all("default" in field for field in section["input"].values())
    used = set(re.findall(r"!input (\w+)", text))
    assert used == set(blueprint.inputs)
    assert all(field["name"] and field["selector"] for field in blueprint.inputs.values())


def test_blueprints_have_two_homes_and_one_source() -> None:
    """The folder that people look for in the repository is the one that is installed."""
    assert (ROOT / "blueprints/automation" / DOMAIN).resolve() == BLUEPRINTS.resolve()


async def test_installing_keeps_what_was_changed(
    hass: HomeAssistant, site: CompereSite, anna: str
) -> None:
    """Twice is once; a changed one stays until it may be overwritten; nobody else installs."""
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "install_blueprints", anna)
    folder = Path(hass.config.path("blueprints", "automation", DOMAIN))
    assert await installed(hass) == (dict.fromkeys(FILES, "written"), False)
    assert await installed(hass) == (dict.fromkeys(FILES, "current"), False)
    changed = folder / FILES[0]
    await hass.async_add_executor_job(changed.write_text, "mine")
    assert (await installed(hass))[0] == dict.fromkeys(FILES, "current") | {FILES[0]: "kept"}
    assert await hass.async_add_executor_job(changed.read_text) == "mine"
    broken = Path(hass.config.path("configuration.yaml"))
    await hass.async_add_executor_job(broken.write_text, "{")
    assert await async_setup_component(hass, "automation", {})
    assert await installed(hass, overwrite=True) == (
        dict.fromkeys(FILES, "current") | {FILES[0]: "written"},
        False,
    )
    await hass.async_add_executor_job(shutil.rmtree, folder)
    await hass.async_add_executor_job(folder.write_text, "no folder")
    with pytest.raises(HomeAssistantError, match=r"after_hours_load.yaml could not be written"):
        await installed(hass)
