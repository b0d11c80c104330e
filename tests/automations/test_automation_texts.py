"""What the automation editor shows of triggers and conditions: all of it is there, and taken."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition, trigger
from homeassistant.helpers.icon import async_get_icons
from homeassistant.helpers.selector import selector
from homeassistant.setup import async_setup_component
import pytest

import custom_components.compere_prepaid
from custom_components.compere_prepaid.condition import CONDITIONS
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.site_events import PUBLIC
from custom_components.compere_prepaid.trigger import TRIGGERS

TEXTS: dict[str, Any] = json.loads(
    (Path(custom_components.compere_prepaid.__path__[0]) / "translations" / "en.json").read_text(
        "utf-8"
    )
)
TARGET = {"entity_id": ["event.shop"]}
THRESHOLD = {"threshold": {"type": "below", "value": {"number": 50}}}


@pytest.fixture
async def described(hass: HomeAssistant) -> dict[str, dict[str, Any]]:
    """Set the integration up without a site; return what Home Assistant found, by kind."""
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    found = {
        "triggers": await trigger.async_get_all_descriptions(hass),
        "conditions": await condition.async_get_all_descriptions(hass),
    }
    return {
        kind: {
            key.removeprefix(f"{DOMAIN}."): description
            for key, description in descriptions.items()
            if key.startswith(f"{DOMAIN}.")
        }
        for kind, descriptions in found.items()
    }


async def test_all_are_described(hass: HomeAssistant, described: dict[str, Any]) -> None:
    """Triggers and conditions, their descriptions, texts and icons are the same sets."""
    for kind, known in (("triggers", TRIGGERS), ("conditions", CONDITIONS)):
        assert set(described[kind]) == set(known) == set(TEXTS[kind])
        assert all(described[kind].values())
        assert set((await async_get_icons(hass, kind, [DOMAIN]))[DOMAIN]) == set(known)
    events = {key for key in TRIGGERS if not key.endswith("_crossed_threshold")}
    assert events <= {event.TYPE for event in PUBLIC}


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
async def test_forms_ask_for_what_is_taken(
    hass: HomeAssistant, described: dict[str, Any], kind: str
) -> None:
    """What a form holds at first is taken; its fields are named, and so is every choice."""
    for key, description in described[kind].items():
        texts, fields = TEXTS[kind][key], description["fields"]
        assert set(texts.get("fields", {})) == set(fields), key
        assert {"integration": DOMAIN} in description["target"]["entity"]
        options: dict[str, Any] = {}
        for name, field in fields.items():
            assert texts["fields"][name].keys() == {"name", "description"}
            made = selector(field["selector"])
            if (translated := made.config.get("translation_key")) is not None:
                choices = TEXTS["selector"][translated]["options"]
                assert set(made.config["options"]) == set(choices)
                options[name] = list(choices)
            elif "default" in field:
                options[name] = field["default"]
        if "threshold" in fields:
            options |= THRESHOLD
        config = {"target": TARGET, "options": options}
        if kind == "triggers":
            await trigger.async_validate_trigger_config(
                hass, [{"platform": f"{DOMAIN}.{key}", **config}]
            )
        else:
            await condition.async_validate_condition_config(
                hass, {"condition": f"{DOMAIN}.{key}", **config}
            )
