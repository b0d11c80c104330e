"""The page about automations: it names all that there is, and its examples would be taken."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
import pytest

from custom_components.compere_prepaid.actions.blueprints import BLUEPRINTS
from custom_components.compere_prepaid.condition import CONDITIONS
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.events import AccountEvent, MeterEvent
from custom_components.compere_prepaid.core.site_events import OF_SITE, PUBLIC
from custom_components.compere_prepaid.trigger import TRIGGERS

PAGE = (Path(__file__).parents[2] / "docs" / "automations.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
OF_ALL = {"at", "account", "available", "meter", "user"}
"""The fields that the page tells once for all."""


def rows_under(heading: str) -> Mapping[str, list[str]]:
    """Return the rows of the first table below a heading, by their first cell."""
    rows = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0].split("\n| ")[2:]
    lines = [row.split("\n")[0].removesuffix("|") for row in rows]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


@pytest.mark.parametrize("example", EXAMPLES)
async def test_example_is_taken(hass: HomeAssistant, example: str) -> None:
    """Every example is part of an automation that Home Assistant takes."""
    for component in (DOMAIN, "automation"):
        assert await async_setup_component(hass, component, {})
    part = parse_yaml(example)
    assert isinstance(part, dict)
    config: dict[str, Any] = {
        "triggers": [{"trigger": "time", "at": "08:00:00"}],
        "actions": [{"stop": "done"}],
        **part,
    }
    assert await async_validate_config_item(hass, "example", config) is not None


def test_all_triggers_and_conditions_are_told() -> None:
    """And none that is not there."""
    assert set(rows_under("Triggers")) == set(TRIGGERS)
    assert set(rows_under("Conditions")) == set(CONDITIONS)


def test_all_events_are_told_with_their_data() -> None:
    """Every event that automations may rely on, and every field of it."""
    told = rows_under("Events")
    events = (*PUBLIC, *OF_SITE)
    assert set(told) == {event.TYPE for event in events}
    for event in events:
        about, data = told[event.TYPE]
        kinds = {"account": AccountEvent, "meter": MeterEvent}
        assert about == next(
            (name for name, kind in kinds.items() if issubclass(event, kind)), "site"
        )
        names = {field.name for field in fields(event)} - OF_ALL
        assert names <= set(re.findall(r"`(\w+)`", data)), event.TYPE


def test_all_blueprints_are_told() -> None:
    """Each by its name, with a link that imports it from where it says that it is."""
    told = {}
    for cell in rows_under("Blueprints"):
        found = re.fullmatch(r"\[(.+)\]\((.+)\)", cell)
        assert found
        told[found[1]] = parse_qs(urlsplit(found[2]).query)["blueprint_url"][0]
    heads = [load_yaml_dict(str(path))["blueprint"] for path in BLUEPRINTS.glob("*.yaml")]
    assert told == {head["name"]: head["source_url"] for head in heads}
