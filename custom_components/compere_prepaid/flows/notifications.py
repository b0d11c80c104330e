"""How the site's managers are told, and when nobody is to be disturbed."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)
import probatio as vol

from ..core.errors import InvalidInputError
from ..notifications import channels
from ..notifications.settings import (
    CONF_CHANNELS,
    CONF_DIGEST_AT,
    CONF_GRACE_HOURS,
    CONF_LANGUAGE,
    CONF_QUIET_FROM,
    CONF_QUIET_TO,
    CONF_THANKS,
    CONF_WANTS,
    DEFAULT_GRACE_HOURS,
    MAX_GRACE_HOURS,
    OPTION_NOTIFICATIONS,
    Topic,
)
from ..notifications.wording import NAMES
from .form_errors import FormError, form_error
from .schemas import labelled_choice, whole_number


class NotificationStep(OptionsFlow):
    """Ask for the managers' channels and wishes; they hold from the next message on."""

    async def async_step_notifications(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything at once; nothing of it is needed."""
        present = self.config_entry.options.get(OPTION_NOTIFICATIONS, {})
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                kept = _checked(self.hass, user_input, present)
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                options = dict(self.config_entry.options) | {OPTION_NOTIFICATIONS: kept}
                return self.async_create_entry(data=options)
        return self.async_show_form(
            step_id="notifications",
            data_schema=self.add_suggested_values_to_schema(
                _schema(self.hass), user_input or present
            ),
            errors=errors,
            description_placeholders=placeholders,
        )


def channel_choice(hass: HomeAssistant) -> SelectSelector:
    """Ask for channels; one that is missing at present may be written by hand."""
    return SelectSelector(
        SelectSelectorConfig(
            options=channels.available(hass),
            mode=SelectSelectorMode.DROPDOWN,
            multiple=True,
            custom_value=True,
        )
    )


def checked_channels(
    hass: HomeAssistant, field: str, wanted: Iterable[str], known: Iterable[str]
) -> list[str]:
    """Return channels as they are kept; raises `FormError` for one that leads nowhere."""
    try:
        return channels.check(hass, wanted, known)
    except InvalidInputError as error:
        raise form_error(error, dict.fromkeys(("notify_unknown", "notify_own"), field)) from error


def _schema(hass: HomeAssistant) -> vol.Schema:
    wishes = SelectSelectorConfig(
        options=[topic.value for topic in Topic],
        multiple=True,
        mode=SelectSelectorMode.LIST,
        translation_key="notification_topic",
    )
    return vol.Schema(
        {
            vol.Optional(CONF_CHANNELS): channel_choice(hass),
            vol.Optional(CONF_WANTS, default=[topic.value for topic in Topic]): SelectSelector(
                wishes
            ),
            vol.Optional(CONF_LANGUAGE): labelled_choice(NAMES),
            vol.Optional(CONF_QUIET_FROM): TimeSelector(),
            vol.Optional(CONF_QUIET_TO): TimeSelector(),
            vol.Optional(CONF_DIGEST_AT): TimeSelector(),
            vol.Optional(CONF_THANKS, default=False): BooleanSelector(),
            vol.Required(CONF_GRACE_HOURS, default=DEFAULT_GRACE_HOURS): whole_number(
                1, MAX_GRACE_HOURS, "h"
            ),
        }
    )


def _checked(
    hass: HomeAssistant, user_input: Mapping[str, Any], present: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is kept; what was left empty is not."""
    kept = {key: value for key, value in user_input.items() if value not in (None, "")}
    kept[CONF_CHANNELS] = checked_channels(
        hass, CONF_CHANNELS, kept.get(CONF_CHANNELS, []), present.get(CONF_CHANNELS, [])
    )
    begins, ends = kept.get(CONF_QUIET_FROM), kept.get(CONF_QUIET_TO)
    if (begins is None) != (ends is None):
        raise FormError(CONF_QUIET_TO if ends is None else CONF_QUIET_FROM, "quiet_incomplete")
    if begins is not None and begins == ends:
        raise FormError(CONF_QUIET_TO, "quiet_empty")
    return kept
