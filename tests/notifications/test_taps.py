"""Buttons under messages: what a tap may do, and what the person who tapped is told."""

from datetime import timedelta

from homeassistant.core import Context, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import add_rules, holds_on
from tests.notifications.conftest import SHOP
from tests.notifications.phones import Phone, all_sent
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, burn, relay_settled

BUTTON = "Confirm reconnection"
BY_HAND = "policies: [{name: By hand, warning_levels: [50], cut_off: 0, reconnect: confirm}]"


async def tap(hass: HomeAssistant, site: CompereSite, action: str, user: str | None) -> None:
    """Tap a button as the companion app tells it, and wait for what comes of it."""
    hass.bus.async_fire(
        "mobile_app_notification_action", {"action": action}, context=Context(user_id=user)
    )
    await hass.async_block_till_done()
    await all_sent(site)


@pytest.fixture
async def waiting(hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone) -> str:
    """Cut the shop, top it up, and return the action of the button that confirms it."""
    await add_rules(hass, BY_HAND)
    await ask(hass, "apply_policy", account=SHOP, policy="By hand")
    await burn(mall, site, SHOP, 52_000)
    await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    await ask(hass, "top_up", account=SHOP, amount="20", reference="r1")
    await all_sent(site)
    assert manager.titles[-1] == "Noodle House (A-101): confirm reconnection"
    return manager.button(BUTTON)


async def is_off(site: CompereSite, mall: Mall) -> bool:
    """Tell whether the shop is held off for credit."""
    holds = await holds_on(site, mall.meter(SHOP).serial)
    return any(hold.kind is HoldKind.NO_CREDIT for hold in holds)


async def test_a_tap_brings_the_power_back(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, waiting: str, anna: str
) -> None:
    """A cashier confirms; it is told, and it is the cashier whom the ledger names."""
    options = dict(site.entry.options) | {"cashiers": [anna]}
    hass.config_entries.async_update_entry(site.entry, options=options)
    async with expected_event(hass, "restored", account=SHOP):
        await tap(hass, site, waiting, anna)
    assert any("Confirmed" in message["message"] for message in manager.messages)
    assert not await is_off(site, mall)
    demand = await site.ledger.read(lambda tx: tx.demand(MeterSerial(mall.meter(SHOP).serial)))
    assert demand is not None
    assert anna in demand.cause


async def test_a_second_tap_does_nothing(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, waiting: str, boss: str
) -> None:
    """The button is used up, even if the shop is off again by then."""
    async with expected_event(hass, "restored", account=SHOP):
        await tap(hass, site, waiting, boss)
    await burn(mall, site, SHOP, 30_000)
    assert await is_off(site, mall)
    await tap(hass, site, waiting, boss)
    answers = [message["message"] for message in manager.messages]  # beside news of the cut
    assert sum(one.startswith("No longer valid: this was done already") for one in answers) == 1
    assert await is_off(site, mall)


async def test_two_taps_at_once(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, waiting: str, boss: str
) -> None:
    """Two managers tap the same moment: one does it, the other is told so."""
    async with expected_event(hass, "restored", account=SHOP):
        for _ in range(2):
            hass.bus.async_fire(
                "mobile_app_notification_action", {"action": waiting}, context=Context(boss)
            )
        await tap(hass, site, "something else", boss)
    await all_sent(site)
    answers = [message["message"] for message in manager.messages[-3:]]
    assert sum("Confirmed" in answer for answer in answers) == 1
    assert sum("done already" in answer for answer in answers) == 1


async def test_the_account_changed_meanwhile(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, waiting: str, boss: str
) -> None:
    """Somebody confirmed at the desk: the tap finds the power on."""
    async with expected_event(hass, "restored", account=SHOP):
        await ask(hass, "confirm_reconnect", account=SHOP)
    await tap(hass, site, waiting, boss)
    assert any("not cut off for credit" in message["message"] for message in manager.messages)


async def test_the_credit_is_used_up_again(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, waiting: str, boss: str
) -> None:
    """The top-up was taken back: the shop stays off, and the tapper reads why."""
    await ask(
        hass, "adjust_balance", account=SHOP, amount="-30", reason="wrong shop", reference="a"
    )
    await tap(hass, site, waiting, boss)
    assert "the credit is used up again (-11.00 CNY)" in manager.messages[-1]["message"]
    assert await is_off(site, mall)


async def test_who_may_not(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, waiting: str, bob: str
) -> None:
    """A user without rights changes nothing, nor does an event without a user."""
    await tap(hass, site, waiting, bob)
    assert manager.messages[-1]["message"].startswith("Bob may not do this")
    await tap(hass, site, waiting, None)
    assert "may not do this" in manager.messages[-1]["message"]
    assert await is_off(site, mall)
    assert not site.notifier.memory.taps[waiting].is_used


async def test_a_button_that_is_too_old(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, waiting: str, boss: str
) -> None:
    """After a day it is worth nothing, after a week nobody knows it any more."""
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=86_400)
    await tap(hass, site, waiting, boss)
    assert "older than 24 h" in manager.messages[-1]["message"]
    assert await is_off(site, mall)
    assert waiting in site.notifier.memory.taps
    mall.clock.advance(seconds=timedelta(days=7) // timedelta(seconds=1))
    await site.async_tick()
    assert waiting not in site.notifier.memory.taps


async def test_a_button_that_nobody_knows(
    hass: HomeAssistant, site: CompereSite, manager: Phone, waiting: str, boss: str
) -> None:
    """The answer goes to the tapper's own phone; what is not ours is left alone."""
    MockConfigEntry(
        domain="mobile_app", data={"user_id": boss, "device_name": "Boss' Phone"}
    ).add_to_hass(hass)
    phone = Phone(hass, "mobile_app_boss_phone")
    told = len(manager.messages)
    await tap(hass, site, waiting[:-1] + ("a" if waiting[-1] != "a" else "b"), boss)
    assert phone.messages[0]["message"].startswith("No longer valid: this button is unknown")
    await tap(hass, site, "SOMEBODY_ELSES", boss)
    await tap(hass, site, waiting[:-1], None)
    assert (len(phone.messages), len(manager.messages)) == (1, told)


async def test_buttons_outlive_a_restart(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, waiting: str, boss: str
) -> None:
    """The token is kept; the site that comes back knows what it was for."""
    await hass.config_entries.async_reload(site.entry.entry_id)
    again: CompereSite = site.entry.runtime_data
    assert again is not site
    async with expected_event(hass, "restored", account=SHOP):
        await tap(hass, again, waiting, boss)


async def test_the_page_of_the_account(
    hass: HomeAssistant, site: CompereSite, manager: Phone, waiting: str
) -> None:
    """One button opens the account's device; it does nothing by itself."""
    (page,) = [
        one for one in manager.messages[-1]["data"]["actions"] if one["title"] == "Open account"
    ]
    assert page["action"] == "URI"
    assert page["uri"].startswith("/config/devices/device/")


GRACE = "Grace of 24 h"


async def test_a_grace_by_button(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, anna: str
) -> None:
    """A cashier's tap brings the power back for a day, in the cashier's name."""
    options = dict(site.entry.options) | {"cashiers": [anna]}
    hass.config_entries.async_update_entry(site.entry, options=options)
    await burn(mall, site, SHOP, 52_000)
    await all_sent(site)
    assert manager.titles[-1] == "Noodle House (A-101): cut off"
    assert await is_off(site, mall)
    async with expected_event(hass, "grace_granted", account=SHOP, user=anna):
        await tap(hass, site, manager.button(GRACE), anna)
    assert not await is_off(site, mall)
    granted = [one["message"] for one in manager.messages if "Granted" in one["message"]]
    assert granted == ["Granted: no cut before 2026-03-03 14:36."]


async def test_a_grace_after_a_top_up(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, boss: str
) -> None:
    """Who was topped up since the warning needs no grace, even if credit is low again."""
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)
    button = manager.button(GRACE)
    await ask(hass, "top_up", account=SHOP, amount="5", reference="r1")
    await tap(hass, site, button, boss)
    assert "was topped up meanwhile (54.00 CNY available)" in manager.messages[-1]["message"]
    assert site.book.account(SHOP).watch.grace_until is None


async def test_a_grace_for_who_is_off_by_now(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, boss: str
) -> None:
    """The button of the warning does not undo the cut; the cut's own does, for one of two."""
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)
    warned = manager.button(GRACE)
    await burn(mall, site, SHOP, 50_000)
    await all_sent(site)
    await tap(hass, site, warned, boss)
    assert "was cut off meanwhile" in manager.messages[-1]["message"]
    assert await is_off(site, mall)
    cut = manager.button(GRACE, 1)
    await ask(hass, "grant_grace", account=SHOP, hours=2, reason="by phone")
    await tap(hass, site, cut, boss)
    assert any("not cut off for credit any more" in one["message"] for one in manager.messages)


async def test_a_grace_that_somebody_else_granted(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, boss: str
) -> None:
    """Two managers are warned: the second to tap is told that the first was faster."""
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)
    button = manager.button(GRACE)
    await ask(hass, "grant_grace", account=SHOP, hours=2, reason="by phone")
    before = site.book.account(SHOP).watch.grace_until
    await tap(hass, site, button, boss)
    assert "a grace was granted meanwhile" in manager.messages[-1]["message"]
    assert site.book.account(SHOP).watch.grace_until == before


async def test_a_tap_that_fails_can_be_repeated(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, boss: str
) -> None:
    """What the ledger refuses is told with its reason, and the button stays good."""
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)
    button = manager.button(GRACE)
    site.ledger.make_read_only("a test")
    await tap(hass, site, button, boss)
    failed = manager.messages[-1]
    assert "That did not work: " in failed["message"]
    assert [one["action"] for one in failed["data"]["actions"]] == [button]
    assert not site.notifier.memory.taps[button].is_used
