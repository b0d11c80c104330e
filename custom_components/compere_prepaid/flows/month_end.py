"""What happens with shared costs at the end of a month."""

from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
import probatio as vol

from ..adapters.clock import SystemClock
from ..const import CONF_TIME_ZONE
from ..core.prepayment.calendar import month_of
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
    """Ask for it; it holds from the month on in which it is chosen."""

    async def async_step_month_end(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether shared costs are allocated by themselves, and when."""
        present = MonthEnd.of(self.config_entry.options)
        if user_input is not None:
            zone = ZoneInfo(self.config_entry.data[CONF_TIME_ZONE])
            chosen = present.chosen(user_input, month_of(SystemClock().now(), zone))
            options = dict(self.config_entry.options) | {OPTION_MONTH_END: chosen}
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
