"""Who may do what: administrators all, cashiers money and holds, automations what was written."""

from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.authority import (
    AUTOMATION,
    Duty,
    async_require_manager,
    is_administrator,
)
from custom_components.compere_prepaid.const import DOMAIN


async def _user(hass: HomeAssistant, group: str) -> str:
    return (await hass.auth.async_create_user("Anna", group_ids=[group])).id


@pytest.mark.parametrize("duty", Duty)
async def test_automations_and_administrators_may_do_everything(
    hass: HomeAssistant, duty: Duty
) -> None:
    """They are recorded as what they are."""
    entry, boss = MockConfigEntry(domain=DOMAIN), await _user(hass, GROUP_ID_ADMIN)
    for context, actor in (
        (None, AUTOMATION),
        (Context(), AUTOMATION),
        (Context(user_id=boss), boss),
    ):
        assert await async_require_manager(hass, entry, context, duty) == actor
        assert await is_administrator(hass, context)


@pytest.mark.parametrize(
    ("duty", "allowed"), [(Duty.MONEY, True), (Duty.HOLDS, True), (Duty.TERMS, False)]
)
async def test_cashiers_have_their_duties(
    hass: HomeAssistant, duty: Duty, *, allowed: bool
) -> None:
    """A cashier is named in the site's options, takes money and places holds, and no more."""
    await _user(hass, GROUP_ID_ADMIN)
    cashier = await _user(hass, GROUP_ID_USER)
    entry = MockConfigEntry(domain=DOMAIN, options={"cashiers": [cashier]})
    context = Context(user_id=cashier)
    assert not await is_administrator(hass, context)
    if allowed:
        assert await async_require_manager(hass, entry, context, duty) == cashier
    else:
        with pytest.raises(ServiceValidationError):
            await async_require_manager(hass, entry, context, duty)


async def test_everybody_else_is_refused(hass: HomeAssistant) -> None:
    """Ordinary users, users who were switched off, and users who are gone."""
    await _user(hass, GROUP_ID_ADMIN)
    former = await hass.auth.async_create_user("Bea", group_ids=[GROUP_ID_ADMIN])
    await hass.auth.async_deactivate_user(former)
    entry = MockConfigEntry(domain=DOMAIN, options={"cashiers": [former.id, "gone"]})
    anna = await _user(hass, GROUP_ID_USER)
    for user, name in ((anna, "Anna"), (former.id, "Bea"), ("gone", "gone")):
        with pytest.raises(ServiceValidationError) as refusal:
            await async_require_manager(hass, entry, Context(user_id=user), Duty.MONEY)
        assert refusal.value.translation_key == "not_allowed"
        assert refusal.value.translation_placeholders == {"user": name}
        assert not await is_administrator(hass, Context(user_id=user))
