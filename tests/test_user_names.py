"""Names of acting users, for events and the logbook."""

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.user_names import UserNames


async def test_names_are_followed(hass: HomeAssistant) -> None:
    """Who was there, who came and who was renamed; the name of one who left stays known."""
    anna = await hass.auth.async_create_user("Anna")
    names = UserNames(hass)
    stop = await names.async_follow()
    bob = await hass.auth.async_create_user("Bob")
    await hass.async_block_till_done()
    assert [names.of(user) for user in (anna.id, bob.id, "automation")] == [
        "Anna",
        "Bob",
        "automation",
    ]
    await hass.auth.async_update_user(anna, name="Anne")
    await hass.auth.async_remove_user(bob)
    await hass.async_block_till_done()
    assert (names.of(anna.id), names.of(bob.id)) == ("Anne", "Bob")
    stop()
    await hass.auth.async_update_user(anna, name="Anna")
    await hass.async_block_till_done()
    assert names.of(anna.id) == "Anne"
