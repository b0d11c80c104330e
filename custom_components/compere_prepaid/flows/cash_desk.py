"""Up to what one person may act alone at the cash desk."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import TextSelector
import probatio as vol

from ..cash_limits import OPTION_CASH_DESK, Guarded
from ..const import CONF_CURRENCY
from ..core.errors import InvalidInputError
from ..core.money.amount import Currency
from .form_errors import FormError


class CashDeskStep(OptionsFlow):
    """Ask for the limits; they hold from the next action on."""

    async def async_step_cash_desk(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask above which amounts a second person is needed; an empty field asks for nobody."""
        currency = Currency.of(self.config_entry.data[CONF_CURRENCY])
        present = self.config_entry.options.get(OPTION_CASH_DESK, {})
        errors: dict[str, str] = {}
        placeholders = {"currency": currency.code}
        if user_input is not None:
            try:
                given = _checked(currency, user_input)
            except FormError as error:
                errors, placeholders = error.errors, placeholders | error.placeholders
            else:
                options = dict(self.config_entry.options) | {OPTION_CASH_DESK: given}
                return self.async_create_entry(data=options)
        schema = vol.Schema({vol.Optional(limit.value): TextSelector() for limit in Guarded})
        return self.async_show_form(
            step_id="cash_desk",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or present),
            description_placeholders=placeholders,
            errors=errors,
        )


def _checked(currency: Currency, user_input: Mapping[str, str]) -> dict[str, str]:
    """Return the limits that are set; raises `FormError` at the first that is none."""
    given = {name: text.strip() for name, text in user_input.items() if text.strip()}
    for name, text in given.items():
        try:
            currency.parse_positive(text)
        except InvalidInputError as error:
            raise FormError(name, error.key, **error.placeholders) from error
    return given
