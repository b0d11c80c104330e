"""Naming the site's cashiers: users who may take money and place holds without administering."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
import probatio as vol

from ..authority import OPTION_CASHIERS
from .schemas import labelled_choice


class CashierStep(OptionsFlow):
    """Ask who is a cashier; from the next action on they are."""

    async def async_step_cashiers(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer all users but administrators, who may do everything anyway."""
        if user_input is not None:
            return self.async_create_entry(data=dict(self.config_entry.options) | user_input)
        users = {
            user.id: user.name or user.id
            for user in await self.hass.auth.async_get_users()
            if user.is_active and not user.system_generated and not user.is_admin
        }
        if not users:
            return self.async_abort(reason="no_user")
        present = self.config_entry.options.get(OPTION_CASHIERS, ())
        schema = vol.Schema({vol.Required(OPTION_CASHIERS): labelled_choice(users, multiple=True)})
        return self.async_show_form(
            step_id="cashiers",
            data_schema=self.add_suggested_values_to_schema(
                schema, {OPTION_CASHIERS: [one for one in present if one in users]}
            ),
        )
