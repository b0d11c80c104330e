"""Checks on everything that a flow answers: it can be sent, and every word of it is translated.

Home Assistant's own tests have such a check; its test plugin for custom integrations has not.
"""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.config_entries import OptionsFlow
from homeassistant.data_entry_flow import FlowHandler, FlowResultType, section
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import SelectSelector
import probatio

TRANSLATIONS = Path(__file__).parents[2] / "custom_components/compere_prepaid/translations"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def faults(flow: FlowHandler[Any, Any, Any], result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with an answer, in any language."""
    if schema := result.get("data_schema"):
        probatio.to_field_list(schema, custom_serializer=cv.custom_serializer)  # must not raise
    for path in sorted(TRANSLATIONS.glob("*.json")):
        strings = json.loads(path.read_text())
        for fault in _faults(flow, result, strings):
            yield f"{path.stem}: {fault}"


def _faults(
    flow: FlowHandler[Any, Any, Any], result: Mapping[str, Any], strings: dict[str, Any]
) -> Iterator[str]:
    part = strings["options" if isinstance(flow, OptionsFlow) else "config"]
    if isinstance(flow.handler, tuple):
        part = strings["config_subentries"][flow.handler[1]]
    given = set(result.get("description_placeholders") or {})
    if result["type"] is FlowResultType.ABORT:
        if result.get("translation_domain") is None:
            yield from _text(part.get("abort", {}), result["reason"], given)
        return
    if result["type"] not in (FlowResultType.FORM, FlowResultType.MENU):
        return
    step = part.get("step", {}).get(result["step_id"], {})
    yield from _text(step, "title", given)
    if "description" in step:
        yield from _text(step, "description", given)
    for option in result.get("menu_options") or ():
        yield from _text(step.get("menu_options", {}), option, given)
        yield from _text(step.get("menu_option_descriptions", {}), option, given)
    for key in (result.get("errors") or {}).values():
        yield from _text(part.get("error", {}), key, given)
    if (schema := result.get("data_schema")) and result["type"] is FlowResultType.FORM:
        yield from _fields(step, schema, given, strings)


def _fields(
    step: dict[str, Any], schema: probatio.Schema, given: set[str], strings: dict[str, Any]
) -> Iterator[str]:
    asked: set[str] = set()
    for key, value in schema.schema.items():
        if isinstance(value, section):
            part = step.get("sections", {}).get(str(key), {})
            yield from _text(part, "name", given)
            yield from _fields(part, value.schema, given, strings)
            continue
        asked.add(str(key))
        yield from _text(step.get("data", {}), str(key), given)
        yield from _text(step.get("data_description", {}), str(key), given)
        if isinstance(value, SelectSelector) and (name := value.config.get("translation_key")):
            options = strings["selector"][name]["options"]
            yield from (f"{name}: {one}" for one in value.config["options"] if one not in options)
    yield from (f"not asked: {key}" for key in step.get("data", {}) if key not in asked)


def _text(strings: Mapping[str, str], key: str, given: set[str]) -> Iterator[str]:
    if not (text := strings.get(key)):
        yield f"no text for {key}"
        return
    yield from (
        f"{key}: nothing fills {name}" for name in PLACEHOLDER.findall(text) if name not in given
    )
