"""Flows against a site that is only played: what they ask, check, refuse and save.

The same flows against real lines are in `test_flows_on_lines.py`.
"""

from collections.abc import Iterator
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.flows.answer_check import faults
from tests.flows.played import PlayedLine, PlayedSite, add_site


@pytest.fixture(autouse=True)
def every_answer_is_in_order(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check every answer of every flow: it can be sent, all of it is translated."""
    found: list[str] = []
    handle_step = FlowManager._async_handle_step

    async def checked(self: Any, flow: Any, step_id: str, user_input: Any) -> Any:
        result = await handle_step(self, flow, step_id, user_input)
        found.extend(faults(flow, result))
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", checked)
    yield
    assert not found


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> PlayedLine:
    """Play the connection that a bus flow tries."""
    played = PlayedLine()
    monkeypatch.setattr(
        "custom_components.compere_prepaid.flows.bus.async_test_line", played.async_test
    )
    return played


@pytest.fixture
def site() -> PlayedSite:
    """Return the running site that flows ask."""
    return PlayedSite()


@pytest.fixture
def entry(hass: HomeAssistant, site: PlayedSite) -> MockConfigEntry:
    """Add a running site without any parts."""
    return add_site(hass, "Riverside Mall", site)
