"""Tenants and managers are told what happens, each in their words."""

from collections.abc import Callable
from pathlib import Path
import random
import time

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.allocation.events import SharedCosts
from custom_components.compere_prepaid.core.events import BusDown, CutOff, Tamper
from custom_components.compere_prepaid.core.ids import AccountNumber, BusId, MeterSerial
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.notifications.conftest import SHOP
from tests.notifications.phones import FAMILY, Phone, all_sent, choose, reach
from tests.site_fixtures import account_entity, read_again, running_site, silence, state_when, use
from tests.stories.telling import PRICE, WATTS, ask, burn, contact, relay_settled

TAG = {"tag": "compere_prepaid_riverside_mall_A-101"}
PRESSING = {"ttl": 0, "priority": "high", "push": {"interruption-level": "time-sensitive"}}


async def test_from_the_warning_to_the_power_that_is_back(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """Each step is told once to both, and says what there is to do."""
    choose(hass, site.entry, channels=[manager.name], thanks=True)
    await burn(mall, site, SHOP, 2_000)
    assert await tenant.next() == {
        "title": "Electricity credit is low: 49.00 CNY",
        "message": "Noodle House (A-101) has 49.00 CNY left. At the usual use it lasts until "
        "about 2026-03-02 14:33. Please top up at least 51.01 CNY before then, or the power will "
        "be cut off.",
        "data": TAG,
    }
    warned = await manager.next()
    assert warned["title"] == "Noodle House (A-101): credit is low"
    assert warned["data"].items() >= TAG.items()
    for _ in range(3):
        await burn(mall, site, SHOP, 1_000)
    await burn(mall, site, SHOP, 46_000)
    cut = await tenant.next(2)
    assert cut == {
        "title": "Power is off: credit is used up",
        "message": "Noodle House (A-101): the credit is used up and the power was cut off. Top up "
        "at least 0.01 CNY; the power then comes back by itself within seconds.",
        "data": TAG | PRESSING,
    }
    await relay_settled(site.controller, site.meters[next(iter(site.meters))].serial)
    await ask(hass, "top_up", account=SHOP, amount="20.50", reference="r1")
    await tenant.next(4)
    await manager.next(3)
    await all_sent(site)
    assert sorted(tenant.titles[2:]) == ["Power is back", "Thank you: 20.50 CNY received"]
    assert manager.titles[1:] == [
        "Noodle House (A-101): cut off",
        "Noodle House (A-101): power is back",
    ]


async def test_shared_costs(site: CompereSite, manager: Phone, tenant: Phone) -> None:
    """The tenant is told what was charged, and what was given back; nobody else is."""
    account = AccountNumber(SHOP)
    available = site.book.account(SHOP).available
    for number, yuan in enumerate((460, -460), 1):
        site.emit(
            SharedCosts(
                at=site.clock.now(),
                account=account,
                available=available,
                run="2026-10",
                since="2026-10-01",
                until="2026-11-01",
                amount=site.currency.parse(yuan),
            )
        )
        await tenant.next(number)
    await all_sent(site)
    assert tenant.titles == ["Shared costs of 2026-10"] * 2
    charged, given_back = (message["message"] for message in tenant.messages)
    assert charged == (
        "Noodle House (A-101): your share of the common costs of 2026-10 is 460.00 CNY. It is "
        "taken from the service fund; the statement shows how it was reckoned."
    )
    assert given_back == (
        "Noodle House (A-101): 460.00 CNY of the common costs of 2026-10 were given back to the "
        "service fund."
    )
    assert manager.titles == []


async def test_the_warning_comes_at_once(
    mall: Mall,
    site: CompereSite,
    tenant: Phone,
    figure: Callable[[str], None],
) -> None:
    """Nothing lies between the reading and the phone; the time is told, not judged."""
    await read_again(site, mall.meter(SHOP).serial)
    use(mall, SHOP, WATTS, 360)
    began = time.perf_counter()
    await read_again(site, mall.meter(SHOP).serial)
    await tenant.next()
    seconds = time.perf_counter() - began
    figure(f"from asking a meter to the tenant's phone: {seconds * 1000:.1f} ms (bar: 1 s)")


async def test_each_in_their_language(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """The tenant reads Chinese, the managers English; the account's choice holds at once."""
    reach(hass, site, SHOP, language="zh-Hans")
    await hass.async_block_till_done()
    await burn(mall, site, SHOP, 2_000)
    told = await tenant.next()
    assert told["title"] == "电费余额不足:49.00 CNY".replace(":", "\N{FULLWIDTH COLON}")
    assert (await manager.next())["title"] == "Noodle House (A-101): credit is low"
    assert tenant.messages == [told]


async def test_an_account_without_channels_keeps_what_it_was_told(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Nothing fails; who looks the messages up finds them."""
    reach(hass, site, SHOP, notify=[])
    await hass.async_block_till_done()
    before = len(site.notifier.memory.messages(AccountNumber(SHOP)))
    await burn(mall, site, SHOP, 2_000)
    await all_sent(site)
    messages = site.notifier.memory.messages(AccountNumber(SHOP))
    assert len(messages) == before + 1
    assert messages[0].title == "Electricity credit is low: 49.00 CNY"
    assert messages[0].channels == ()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HomeAssistantError("no such phone"), "no such phone"),
        (TimeoutError(), "timeout"),
        (ValueError("odd"), "ValueError: odd"),
    ],
)
async def test_one_channel_that_fails_is_told_once(
    hass: HomeAssistant,
    mall: Mall,
    site: CompereSite,
    tenant: Phone,
    error: Exception,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The other channels get the message; the issue goes when the channel works again."""
    family = Phone(hass, FAMILY)
    reach(hass, site, SHOP, notify=[tenant.name, family.name, "notify.gone"])
    await hass.async_block_till_done()
    tenant.broken = error
    await burn(mall, site, SHOP, 2_000)
    await burn(mall, site, SHOP, 50_000)
    await family.next(2)
    await all_sent(site)
    assert family.messages[0].keys() == {"title", "message"}
    assert not tenant.messages
    found = {
        issue.translation_placeholders["channel"]: issue.translation_placeholders["error"]
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
        and issue.translation_placeholders
        and issue.translation_key == "notify_channel_failed"
    }
    assert found == {
        tenant.name: said,
        "notify.gone": "Home Assistant has no notify.gone any more",
    }
    assert caplog.text.count("do not reach notify.mobile_app_noodles") == 1
    tenant.broken = None
    await ask(hass, "top_up", account=SHOP, amount="20", reference="r1")
    await tenant.next()
    reach(hass, site, SHOP, notify=[tenant.name])
    await hass.async_block_till_done()
    await all_sent(site)
    assert not [key for key in ir.async_get(hass).issues if "notify_channel_failed" in key[1]]


async def test_whoever_writes_to_the_entity_reaches_the_tenant(
    hass: HomeAssistant, site: CompereSite, tenant: Phone
) -> None:
    """An automation needs to know nothing of phones; the entity shows when it was used."""
    entity_id = account_entity(hass, "notify", SHOP, "messages")
    for data in ({"message": "Water is off tonight.", "title": "Water"}, {"message": "Sorry."}):
        await hass.services.async_call(
            "notify", "send_message", {"entity_id": entity_id, **data}, blocking=True
        )
    assert [(one["title"], one["message"]) for one in tenant.messages] == [
        ("Water", "Water is off tonight."),
        ("Riverside Mall", "Sorry."),
    ]
    await state_when(hass, entity_id, lambda state: state.state != "unknown")
    assert site.notifier.memory.messages(AccountNumber(SHOP))[0].text == "Sorry."


async def test_another_notify_entity_may_be_the_channel(
    hass: HomeAssistant, mall: Mall, site: CompereSite, tenant: Phone
) -> None:
    """What is no action is an entity; an account's own would go in a circle and is refused."""
    own = account_entity(hass, "notify", SHOP, "messages")
    reach(hass, site, SHOP, notify=[own, tenant.name])
    await hass.async_block_till_done()
    await burn(mall, site, SHOP, 2_000)
    await tenant.next()
    await all_sent(site)
    assert len(tenant.messages) == 1


async def test_managers_hear_of_equipment(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone
) -> None:
    """A silent meter and a reading that went backwards are told once; tenants hear nothing."""
    serial = mall.meter("A-102").serial
    mall.meter("A-102").fail(Fault(kind=FaultKind.SILENT))
    await silence(site, serial)
    told = await manager.next()
    assert told["title"] == "Meter A-102 does not answer"
    assert told["data"] == {"tag": f"compere_prepaid_riverside_mall_{serial}"}
    await all_sent(site)
    assert len(manager.messages) == 1


async def test_much_at_once(
    mall: Mall, site: CompereSite, manager: Phone, figure: Callable[[str], None]
) -> None:
    """Ten messages go out one by one, the rest of a flood as one; a minute later it is as ever."""
    serial = MeterSerial(mall.meter("A-102").serial)

    def flood(count: int) -> None:
        for _ in range(count):
            site.emit(Tamper(at=site.clock.now(), meter=serial, kind="bypass", energy_wh=5))

    flood(200)
    await all_sent(site)
    assert len(manager.messages) == 10
    await site.async_tick()
    await all_sent(site)
    assert manager.titles[10:] == ["Riverside Mall: 190 more messages"]
    lines = manager.messages[10]["message"].splitlines()
    assert (len(lines), lines[-1]) == (21, "and 170 more")
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=60)
    flood(1)
    await all_sent(site)
    assert len(manager.messages) == 12
    figure("200 messages to a manager at once: 10 and one about 190")


async def test_what_is_gone_is_not_told(
    site: CompereSite, manager: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    """An account, a meter and a line that were removed in that moment: no message, no error."""
    now, gone = site.clock.now(), MeterSerial("33B0000000000")
    site.emit(CutOff(at=now, account=AccountNumber("B-9"), available=Amount(0), meters=(gone,)))
    site.emit(Tamper(at=now, meter=gone, kind="bypass", energy_wh=5))
    site.notifier.take(BusDown(at=now, bus=BusId("gone"), error="no route"))
    await all_sent(site)
    assert not manager.messages
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_two_meters_one_message(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, tenant: Phone
) -> None:
    """Power that comes back behind two meters is back once; the next time it is told anew."""
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="1", accounts={SHOP: (SHOP, "A-102")}
    ) as site:
        reach(hass, site, SHOP, notify=[tenant.name])
        await hass.async_block_till_done()
        for round_ in ("1", "2"):
            await burn(mall, site, SHOP, 2_000)
            for serial in site.meters:
                await relay_settled(site.controller, serial)
            await ask(hass, "top_up", account=SHOP, amount="2", reference=round_)
            for serial in site.meters:
                await relay_settled(site.controller, serial)
            await all_sent(site)
        assert tenant.titles.count("Power is back") == 2


async def test_managers_hear_what_they_want(
    hass: HomeAssistant, mall: Mall, site: CompereSite, manager: Phone, tenant: Phone
) -> None:
    """Who wants to hear of cuts alone is not told of warnings."""
    choose(hass, site.entry, channels=[manager.name], wants=["cuts"])
    await burn(mall, site, SHOP, 2_000)
    await burn(mall, site, SHOP, 50_000)
    await tenant.next(2)
    await all_sent(site)
    assert manager.titles == ["Noodle House (A-101): cut off"]
    assert contact(mall.meter(SHOP)) in {"open", "closed"}


async def test_every_crossing_once(
    hass: HomeAssistant,
    site: CompereSite,
    manager: Phone,
    tenant: Phone,
    figure: Callable[[str], None],
) -> None:
    """Credit goes up and down at random around its levels: each warning is one message to each."""
    dice = random.Random(5)
    events = async_capture_events(hass, "compere_prepaid_credit_warning")
    for number in range(300):
        await ask(
            hass,
            "adjust_balance",
            account=SHOP,
            amount=f"{dice.randint(30, 130) - site.book.account(SHOP).fund // 10**9}.10",
            reason="a throw of the dice",
            reference=f"{number}",
        )
        await all_sent(site)
    warned = [title for title in tenant.titles if title.startswith("Electricity credit is low")]
    assert len(warned) == len(events) == len(tenant.messages)
    assert len(manager.messages) == 10  # the clock stands still: the rest comes as one list
    await site.async_tick()
    await all_sent(site)
    assert manager.titles[10] == f"Riverside Mall: {len(events) - 10} more messages"
    figure(f"300 random balances: {len(events)} warnings, {len(warned)} messages")
