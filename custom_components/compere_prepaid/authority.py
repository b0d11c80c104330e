"""Who may move money, place holds and change terms.

Home Assistant lets every user with access to a dashboard press its buttons and set its numbers;
money needs more than that. An administrator may do everything. A cashier, named by the owner in the
site's options, may take money and place holds. What has no user is an automation or Home Assistant
itself: it does what an administrator wrote down.

What is returned goes into the ledger as the acting user, so it is the user's id: names change and
two people may have the same one.

Nothing spoken acts, whoever speaks: a sentence is misheard easily, and a language model may be
talked into anything.
"""

from enum import StrEnum

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN

AUTOMATION = "automation"
"""The acting user where no person acted."""

OPTION_CASHIERS = "cashiers"
"""The key of the site's options that lists the ids of the users who are cashiers."""


class Duty(StrEnum):
    """What is to be done, by how much trust it needs."""

    MONEY = "money"
    """Top-ups and corrections of balances."""
    HOLDS = "holds"
    """Opening relays, and letting them close again."""
    TERMS = "terms"
    """Credit limits, policies, tariffs, the site itself."""


OF_CASHIERS = frozenset({Duty.MONEY, Duty.HOLDS})
"""What a cashier may do without being an administrator."""


async def async_require_manager(
    hass: HomeAssistant,
    entry: ConfigEntry,
    context: Context | None,
    duty: Duty = Duty.TERMS,
) -> str:
    """Return who acts, if they may: a user's id, or `automation`.

    A caller that names no duty asks for the highest trust. Raises `ServiceValidationError`
    (`not_allowed`, or `not_by_voice` in the course of a conversation with an assistant), before
    anything was changed.
    """
    if _is_spoken(hass):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_by_voice")
    if context is None or context.user_id is None:
        return AUTOMATION
    user = await hass.auth.async_get_user(context.user_id)
    if user is not None and user.is_active:
        is_cashier = user.id in entry.options.get(OPTION_CASHIERS, ())
        if user.is_admin or (is_cashier and duty in OF_CASHIERS):
            return user.id
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_allowed",
        translation_placeholders={"user": (user and user.name) or context.user_id},
    )


def _is_spoken(hass: HomeAssistant) -> bool:
    """Tell whether this runs in answer to something said to an assistant.

    Home Assistant's conversations keep their log in a context variable, which everything sees that
    they bring about: intents, tools of language models, scripts, automations with sentences.
    """
    if "conversation" not in hass.config.components:
        return False
    # Its requirements are there only where it was set up.
    from homeassistant.components.conversation.chat_log import (  # noqa: PLC0415
        current_chat_log,
    )

    return current_chat_log.get() is not None


async def user_name(hass: HomeAssistant, user: str) -> str:
    """Return what an acting user of the ledger is called; what is no user stays as it is."""
    found = await hass.auth.async_get_user(user)
    return (found and found.name) or user


async def is_administrator(hass: HomeAssistant, context: Context | None) -> bool:
    """Tell whether an administrator acts; what has no user acts for one."""
    if context is None or context.user_id is None:
        return True
    user = await hass.auth.async_get_user(context.user_id)
    return user is not None and user.is_admin
