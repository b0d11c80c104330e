"""What a policy decides besides warning and cutting: delays, reminders, shadow cuts."""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock, moment_of
from simulator.mall import Mall
from tests.actions.asking import add_rules
from tests.notifications.conftest import SHOP
from tests.notifications.phones import Phone, all_sent, choose
from tests.site_fixtures import read_again
from tests.stories.telling import ask, burn

EVENING = "protected: {times: [{days: [mon-sun], from: '12:00', to: '18:00'}], reminder: 30}"


async def give_policy(hass: HomeAssistant, policy: str) -> None:
    """Put a policy named P into force and give it to the shop."""
    await add_rules(hass, f"policies: [{{name: P, warning_levels: [50], {policy}}}]")
    await ask(hass, "apply_policy", account=SHOP, policy="P")


async def let_it_be(mall: Mall, site: CompereSite, wall: str) -> None:
    """Let it be this time by the site's wall clock, with nothing used since, and let it be seen."""
    for serial in site.meters:
        await read_again(site, serial)
    wanted = datetime.fromisoformat(wall).replace(tzinfo=site.zone)
    left = wanted - moment_of(mall.clock.now_us())
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=left // timedelta(seconds=1))
    await site.async_tick()
    await all_sent(site)


async def test_a_cut_that_waits(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """It is told why and until when, again before it comes, and when it is there; each once."""
    await give_policy(hass, EVENING)
    await burn(mall, site, SHOP, 52_000)
    await all_sent(site)
    assert [(one["title"], one["message"]) for one in tenant.messages] == [
        (
            "Credit is used up: please top up now",
            (
                "Noodle House (A-101): the credit is used up (-1.00 CNY). The power stays on until "
                "2026-03-02 18:00 (no cuts at this time). Please top up at least 1.01 CNY before "
                "then, or it will be cut off."
            ),
        )
    ]
    assert manager.titles == ["Noodle House (A-101): a cut waits"]
    await let_it_be(mall, site, "2026-03-02 17:30")
    await all_sent(site)
    assert tenant.messages[1]["message"].endswith(
        "top up at least 1.01 CNY before 2026-03-02 18:00, or the power will be cut off then."
    )
    assert tenant.messages[1]["data"]["priority"] == "high"
    await let_it_be(mall, site, "2026-03-02 18:00")
    await all_sent(site)
    assert tenant.titles[1:] == ["Power will be cut off soon", "Power is off: credit is used up"]
    assert manager.titles[1:] == [
        "Noodle House (A-101): cut comes soon",
        "Noodle House (A-101): cut off",
    ]


async def test_quiet_hours_and_a_cut_that_waits(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """That a cut waits may wait itself, but not for longer than the cut."""
    quiet = {"quiet_from": "12:00:00", "quiet_to": "17:00:00"}
    choose(hass, site.entry, channels=[manager.name], **quiet)
    await give_policy(hass, EVENING)
    await burn(mall, site, SHOP, 52_000)
    await all_sent(site)
    assert not tenant.messages
    await let_it_be(mall, site, "2026-03-02 17:00")
    await all_sent(site)
    assert tenant.titles == ["Credit is used up: please top up now"]
    choose(hass, site.entry, channels=[manager.name], **quiet | {"quiet_to": "20:00:00"})
    await ask(hass, "top_up", account=SHOP, amount="2", reference="r1")
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)
    assert tenant.titles[1:] == ["Credit is used up: please top up now"]


async def test_the_adaptation_period(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """A shadow cut is told as what it is; the digest counts it."""
    await give_policy(hass, "adaptation_days: 14")
    await burn(mall, site, SHOP, 52_000)
    await all_sent(site)
    assert tenant.titles == ["Without the adaptation period the power would be off now"]
    assert manager.titles == ["Noodle House (A-101): would have been cut"]
    assert "only noted so far: 1." in manager.messages[0]["message"]
    digest = await ask(hass, "get_digest")
    assert [one["account"] for one in digest["shadow_cut"]] == [SHOP]
    assert "Would have been cut (1): Noodle House" in digest["text"]


async def test_emergency_credit_and_a_grace(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """The tenant is told what was lent, and until when nobody cuts."""
    await give_policy(hass, "emergency_credit: 10")
    await burn(mall, site, SHOP, 20_000)
    await ask(hass, "use_emergency_credit", account=SHOP)
    await burn(mall, site, SHOP, 32_000)
    await all_sent(site)
    assert "Emergency credit is in use" in tenant.titles
    await ask(hass, "grant_grace", account=SHOP, hours=5, reason="festival")
    await all_sent(site)
    assert tenant.titles[-1].startswith("The power stays on until 2026-03-02 ")
    assert site.notifier.memory.messages(AccountNumber(SHOP))[0].title == tenant.titles[-1]


async def test_a_warning_in_days(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """A warning before any level of money names the day, and no amount that nobody needs."""
    await give_policy(hass, "warning_days: [2]")
    await ask(hass, "top_up", account=SHOP, amount="100", reference="r1")
    await burn(mall, site, SHOP, 4_000)
    await burn(mall, site, SHOP, 1_000)
    await all_sent(site)
    assert tenant.titles == ["Electricity credit is low: 147.00 CNY"]
    assert "At the usual use it lasts until about 2026-03-" in tenant.messages[0]["message"]
    assert tenant.messages[0]["message"].endswith(
        "Please top up before then, or the power will be cut off."
    )
