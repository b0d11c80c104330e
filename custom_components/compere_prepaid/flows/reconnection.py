"""How fast relays close when many come back together."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import NumberSelector, NumberSelectorConfig, NumberSelectorMode
import probatio as vol

from ..reconnection import (
    CONF_AT_ONCE,
    CONF_SPACING,
    DEFAULT,
    MAX_AT_ONCE,
    MAX_SPACING_S,
    OPTION_RECONNECTION,
)
from .schemas import whole_number


class ReconnectionStep(OptionsFlow):
    """Ask for the pace; it holds from the next relay on."""

    async def async_step_reconnection(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how many may close at once, and how long the pause is after each that follows."""
        if user_input is not None:
            options = dict(self.config_entry.options) | {OPTION_RECONNECTION: user_input}
            return self.async_create_entry(data=options)
        pause = NumberSelectorConfig(
            min=0,
            max=MAX_SPACING_S,
            step=0.1,
            mode=NumberSelectorMode.BOX,
            unit_of_measurement="s",
        )
        schema = vol.Schema(
            {
                vol.Required(CONF_AT_ONCE): whole_number(1, MAX_AT_ONCE),
                vol.Required(CONF_SPACING): NumberSelector(pause),
            }
        )
        present = {CONF_AT_ONCE: DEFAULT.at_once, CONF_SPACING: DEFAULT.spacing_s}
        return self.async_show_form(
            step_id="reconnection",
            data_schema=self.add_suggested_values_to_schema(
                schema, present | self.config_entry.options.get(OPTION_RECONNECTION, {})
            ),
        )
