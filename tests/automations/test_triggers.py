"""Triggers and conditions, in real automations, by every kind of target."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import async_from_config, async_validate_condition_config
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
import probatio as vol
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from custom_components.compere_prepaid.trigger import TRIGGERS
from simulator.clock import ManualClock
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.actions.asking import add_rules
from tests.actions.targets import device_of
from tests.automations.automating import automated, heard, listening, ways_to
from tests.site_fixtures import read_again, silence
from tests.stories.telling import ask, burn, relay_settled

SHOP, OTHER = "A-101", "A-102"

BELOW_150 = {"threshold": {"type": "below", "value": {"number": 150}}}
BELOW_5_HOURS = {"threshold": {"type": "below", "value": {"number": 0.2}}}
ABOVE_5_HOURS = {"threshold": {"type": "above", "value": {"number": 0.2}}}
STANDS = ("is_in_credit", "is_warned", "is_in_emergency", "is_exhausted", "is_off")
OPTIONS = {"balance_crossed_threshold": BELOW_150, "days_left_crossed_threshold": ABOVE_5_HOURS}

DECIDED = {"cut_put_off", "cut_reminder", "shadow_cut", "emergency_started", "reconnect_awaited"}
"""What is told of decisions about credit: their test is one of its own."""

DECIDED = {"cut_put_off", "cut_reminder", "shadow_cut", "emergency_started", "reconnect_awaited"}
"""What is told of decisions about credit: their test is one of its own."""

RULES = (
    "policies:",
    "  - name: Standard",
    "    warning_levels: [100]",
    "    emergency_credit: 10",
    "    protection:",
    "      overload: {action: warn, limit: 20000, delay: 10}",
    "      over_voltage: {action: warn, limit: 250, delay: 10}",
)


async def live(mall: Mall, site: CompereSite, seconds: int, step_s: int = 10) -> None:
    """Let time pass, the first shop's meter being read all the while."""
    assert isinstance(mall.clock, ManualClock)
    for _ in range(seconds // step_s):
        mall.clock.advance(seconds=step_s)
        await read_again(site, mall.meter(SHOP).serial)


async def everything_happens(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Let each event that has a trigger happen to the first shop, once."""
    meter = mall.meter(SHOP)
    serial = MeterSerial(meter.serial)
    await burn(mall, site, SHOP, 120_000)  # credit_warning, and the balance falls
    await burn(mall, site, SHOP, 81_000)  # cut_off
    await relay_settled(site.controller, serial)
    meter.set_bypass(3_000)
    await live(mall, site, 360, 60)  # tamper
    meter.set_bypass(0)
    await ask(hass, "top_up", account=SHOP, amount="500", reference="1")  # topped_up, days left
    await relay_settled(site.controller, serial)  # restored
    await ask(hass, "announce", account=SHOP, message="The lift works again.")  # announced
    meter.set_load(23_000)
    await live(mall, site, 30)  # overload
    meter.set_load(0)
    meter.set_voltage(262)
    await live(mall, site, 30)  # protection
    meter.set_voltage()
    meter.set_energy(5)  # suspect_reading
    await read_again(site, serial)
    meter.fail(Fault(kind=FaultKind.SILENT))  # meter_offline
    await silence(site, serial)
    await hass.async_block_till_done()


async def test_each_trigger_fires_once_for_each_kind_of_target(
    hass: HomeAssistant, mall: Mall, site: CompereSite, figure: Callable[[str], None]
) -> None:
    """An account's device and its meter's lead to the shop alike; the next shop hears nothing."""
    await add_rules(hass, *RULES)
    for meter in mall.meters:
        await read_again(site, meter.serial)
    account, serial = f"account_{SHOP}", mall.meter(SHOP).serial
    targets = {
        **{f"account by {kind}": way for kind, way in ways_of(hass, site, account).items()},
        **{f"meter by {kind}": way for kind, way in ways_of(hass, site, serial).items()},
        "the line": {"device_id": next(iter(site.buses.values())).device_id},
        "the site": {"device_id": site.device_id},
    }
    neighbour = {"device_id": device_of(hass, site, f"account_{OTHER}").id}
    keys = set(TRIGGERS) - DECIDED
    wanted = [(key, name, target) for key in keys for name, target in targets.items()]
    await automated(
        hass,
        [
            listening(f"{key}: {name}", trigger(key, target))
            for key, name, target in [*wanted, *((key, "-", neighbour) for key in keys)]
        ],
    )
    names = heard(hass)
    await everything_happens(hass, mall, site)
    assert Counter(names) == dict.fromkeys((f"{key}: {name}" for key, name, _ in wanted), 1)
    figure(
        f"{len(keys)} triggers by {len(targets)} targets: {len(names)} automations ran, once each"
    )


def ways_of(hass: HomeAssistant, site: CompereSite, name: str) -> dict[str, dict[str, Any]]:
    """Return the targets that lead to one of our devices."""
    return ways_to(hass, device_of(hass, site, name), name)


def trigger(key: str, target: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return a trigger of ours."""
    found = {"trigger": f"{DOMAIN}.{key}", "target": target}
    if options := OPTIONS.get(key, {}) | options:
        found["options"] = options
    return found


async def test_triggers_of_what_is_decided_about_credit(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Emergency credit, a cut that waits and comes soon, a reconnection, a cut in rehearsal."""
    shop = {"device_id": device_of(hass, site, mall.meter(SHOP).serial).id}
    neighbour = {"device_id": device_of(hass, site, f"account_{OTHER}").id}
    await automated(
        hass,
        [
            listening(f"{key}{mark}", trigger(key, target))
            for mark, target in (("", shop), (" of another", neighbour))
            for key in DECIDED
        ],
    )
    names = heard(hass)

    async def becomes(hour: int, minute: int) -> None:
        assert isinstance(mall.clock, ManualClock)
        now = site.clock.now().astimezone(site.zone)
        wanted = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        mall.clock.advance(seconds=int((wanted - now).total_seconds()) + 1)
        await site.async_tick()
        await read_again(site, mall.meter(SHOP).serial)

    lunch = "protected: {times: [{days: [mon], from: '11:00', to: '15:00'}], reminder: 30}"
    policy = f"warning_levels: [50], emergency_credit: 10, reconnect: confirm, {lunch}"
    await add_rules(hass, f"policies: [{{name: Standard, {policy}}}]")
    await ask(hass, "adjust_balance", account=SHOP, amount="-190", reason="test")
    await ask(hass, "use_emergency_credit", account=SHOP)
    await burn(mall, site, SHOP, 21_000)
    await becomes(14, 31)
    await becomes(15, 0)
    await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    await ask(hass, "top_up", account=SHOP, amount="50", reference="1")
    await ask(hass, "confirm_reconnect", account=SHOP)
    await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    await ask(hass, "set_adaptation", account=SHOP, days=28)
    await burn(mall, site, SHOP, 40_000)
    await hass.async_block_till_done()
    told = ["emergency_started", "cut_put_off", "cut_reminder", "reconnect_awaited", "shadow_cut"]
    assert names == told


async def test_options_choose_which_events_count(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Only low levels, only what a rule did, only some rules; and what comes with the trigger."""
    await add_rules(hass, *(line.replace("[100]", "[100, 50]") for line in RULES))
    target = {"device_id": site.device_id}
    data = "{{ trigger.event.data.account_name }} {{ trigger.event.data.level }}"
    wanted = {
        "every level": trigger("credit_warning", target),
        "low levels": trigger("credit_warning", target, level=50),
        "lower levels": trigger("credit_warning", target, level=49.99),
        "over": trigger("overload", target, actions=["cleared"]),
        "bad news": trigger("overload", target),
        "no voltage rule": trigger("protection", target, rules=["phase_loss"]),
        "voltage rule": trigger("protection", target, rules=["over_voltage", "phase_loss"]),
    }
    told = listening("told", trigger("credit_warning", target, level=50))
    told["actions"][0]["event_data"]["name"] = data
    await automated(hass, [told, *(listening(name, one) for name, one in wanted.items())])
    names = heard(hass)
    by_hand: dict[str, Any] = {"config_entry_id": site.entry.entry_id, "account": SHOP}
    hass.bus.async_fire(f"{DOMAIN}_overload", by_hand)
    hass.bus.async_fire(f"{DOMAIN}_protection", by_hand)
    hass.bus.async_fire(f"{DOMAIN}_credit_warning")
    await burn(mall, site, SHOP, 120_000)
    await hass.async_block_till_done()
    assert names == ["every level"]
    await burn(mall, site, SHOP, 31_000)
    meter = mall.meter(SHOP)
    for load, volts in ((23_000, ()), (1_000, ()), (0, (262,))):
        meter.set_load(load)
        meter.set_voltage(*volts)
        await live(mall, site, 40)
    await hass.async_block_till_done()
    assert Counter(names[1:]) == dict.fromkeys(
        ("every level", "low levels", "Noodle House 50.00", "over", "bad news", "voltage rule"), 1
    )


@pytest.mark.parametrize(
    ("key", "options", "fault"),
    [
        ("credit_warning", {"level": "low"}, "level"),
        ("overload", {"actions": ["exploded"]}, "actions"),
        ("protection", {"rules": ["weather"]}, "rules"),
        ("topped_up", {"amount": 5}, "amount"),
        ("balance_crossed_threshold", {"threshold": {"type": "any"}}, "threshold"),
    ],
)
async def test_options_that_cannot_be_are_refused(
    hass: HomeAssistant, key: str, options: dict[str, Any], fault: str
) -> None:
    """The automation does not run, and Home Assistant says where the fault is."""
    assert await async_setup_component(hass, DOMAIN, {})
    target = {"device_id": "any"}
    with pytest.raises(vol.Invalid, match=fault):
        await async_validate_trigger_config(
            hass, [{"platform": f"{DOMAIN}.{key}", "target": target, "options": options}]
        )
    with pytest.raises(vol.Invalid, match="target"):
        await async_validate_trigger_config(hass, [{"platform": f"{DOMAIN}.{key}"}])


type Holds = Callable[..., Awaitable[bool]]


@pytest.fixture
def holds(hass: HomeAssistant) -> Holds:
    """Return what tells whether a condition holds."""

    async def ask_it(key: str, target: dict[str, Any], **options: Any) -> bool:
        config = {"condition": f"{DOMAIN}.{key}", "target": target, "options": options}
        checked = await async_validate_condition_config(hass, config)
        checker = await async_from_config(hass, checked)
        return bool(checker.async_check())

    return ask_it


async def test_conditions(hass: HomeAssistant, mall: Mall, site: CompereSite, holds: Holds) -> None:
    """How shops stand, any or all of them, by every kind of target; and numbers."""
    await add_rules(hass, *RULES)
    account, meter = f"account_{SHOP}", mall.meter(SHOP).serial
    ways = [*ways_of(hass, site, account).values(), *ways_of(hass, site, meter).values()]
    whole = {"device_id": site.device_id}
    neighbour = {"device_id": device_of(hass, site, f"account_{OTHER}").id}

    async def true_of_the_shop() -> set[str]:
        found = [{key for key in STANDS if await holds(key, way)} for way in ways]
        assert found == found[:1] * len(ways)
        return found[0]

    assert await true_of_the_shop() == {"is_in_credit"}
    await burn(mall, site, SHOP, 120_000)
    assert await true_of_the_shop() == {"is_warned"}
    assert not await holds("is_warned", whole, behavior="all")
    assert await holds("is_balance", whole, **BELOW_150)
    assert not await holds("is_balance", whole, behavior="all", **BELOW_150)
    assert await holds("is_days_left", whole, **BELOW_5_HOURS)
    await ask(hass, "use_emergency_credit", account=SHOP)
    await burn(mall, site, SHOP, 85_000)
    assert await true_of_the_shop() == {"is_in_emergency"}
    await burn(mall, site, SHOP, 6_000)
    await relay_settled(site.controller, MeterSerial(meter))
    assert await true_of_the_shop() == {"is_off"}
    assert not await holds("is_off", neighbour)
    await add_rules(hass, *RULES, "    never_cut: true")
    await relay_settled(site.controller, MeterSerial(meter))
    assert await true_of_the_shop() == {"is_exhausted"}


async def test_conditions_of_what_is_decided(
    hass: HomeAssistant, mall: Mall, site: CompereSite, holds: Holds
) -> None:
    """What people decide about an account's credit, and that its cut waits for it."""
    shop = {"device_id": device_of(hass, site, mall.meter(SHOP).serial).id}
    decided = ("is_adapting", "is_disputed", "is_put_off", "has_grace")

    async def true_of_the_shop() -> set[str]:
        return {key for key in decided if await holds(key, shop)}

    assert await true_of_the_shop() == set()
    await ask(hass, "open_dispute", account=SHOP, reason="the meter of the cold room")
    assert await true_of_the_shop() == {"is_disputed"}
    await burn(mall, site, SHOP, 201_000)
    assert await true_of_the_shop() == {"is_disputed", "is_put_off"}
    await ask(hass, "grant_grace", account=SHOP, hours=5, reason="the bank is closed")
    await ask(hass, "close_dispute", account=SHOP, reason="checked")
    assert await true_of_the_shop() == {"has_grace", "is_put_off"}
    await ask(hass, "set_adaptation", account=SHOP, days=28)
    assert await true_of_the_shop() >= {"has_grace", "is_adapting"}
    neighbour = {"device_id": device_of(hass, site, f"account_{OTHER}").id}
    assert not any([await holds(key, neighbour) for key in decided])
