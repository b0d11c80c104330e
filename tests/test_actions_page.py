"""The page about the actions: every action has an example, and every example would be taken."""

from pathlib import Path
import re
from typing import Any

import probatio as vol
import pytest
import yaml

from custom_components.compere_prepaid import actions
from custom_components.compere_prepaid.actions.fields import ENTRY
from custom_components.compere_prepaid.const import DOMAIN

PAGE = (Path(__file__).parents[1] / "docs" / "actions.md").read_text("utf-8")
EXAMPLES: list[dict[str, Any]] = [
    yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
]


def test_every_action_has_an_example() -> None:
    """And no example is of an action that is not there."""
    assert {example["action"] for example in EXAMPLES} == {
        f"{DOMAIN}.{name}" for name in actions.ACTIONS
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["action"])
def test_example_is_taken(example: dict[str, Any]) -> None:
    """Its fields are the action's, with values that it takes."""
    assert set(example) <= {"action", "target", "data"}
    action = actions.ACTIONS[example["action"].removeprefix(f"{DOMAIN}.")]
    schema = vol.Schema({**ENTRY, **action.fields})
    schema({**example.get("data", {}), **example.get("target", {})})
