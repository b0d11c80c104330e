"""What happens with shared costs at the end of a month."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
import probatio as vol

from ..month_end import (
    CONF_DAY,
    CONF_HOUR,
    CONF_MODE,
    LAST_DAY,
    OPTION_MONTH_END,
    Mode,
    MonthEnd,
)
from .schemas import whole_number


class MonthEndStep(OptionsFlow):
    """Ask for it; it holds from the next month's end on."""

    async def async_step_month_end(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether shared costs are allocated by themselves, and when."""
        if user_input is not None:
            options = dict(self.config_entry.options) | {OPTION_MONTH_END: user_input}
            return self.async_create_entry(data=options)
        modes = SelectSelectorConfig(
            options=[mode.value for mode in Mode], translation_key="month_end_mode"
        )
        schema = vol.Schema(
            {
                vol.Required(CONF_MODE): SelectSelector(modes),
                vol.Required(CONF_DAY): whole_number(1, LAST_DAY),
                vol.Required(CONF_HOUR): whole_number(0, 23),
            }
        )
        present = MonthEnd.of(self.config_entry.options)
        return self.async_show_form(
            step_id="month_end",
            data_schema=self.add_suggested_values_to_schema(
                schema,
                {
                    CONF_MODE: present.mode.value,
                    CONF_DAY: present.day,
                    CONF_HOUR: present.hour,
                },
            ),
        )
