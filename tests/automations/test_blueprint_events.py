"""Every blueprint that waits for an event, made into an automation, and the event caused."""

from datetime import timedelta
import re

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import add_rules
from tests.automations.blueprinted import MADE, MANAGER, SHOP, Phones, live, made_from, whole
from tests.site_fixtures import read_again, state_when
from tests.stories.telling import ask, burn, relay_settled


async def test_low_balance(
    hass: HomeAssistant, mall: Mall, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """The tenant hears of each level, the manager of the low one."""
    await made_from(hass, "low_balance", shops=whole(site), managers=[MANAGER])
    await burn(mall, site, SHOP, 110_000)
    await burn(mall, site, "A-102", 110_000)
    await hass.async_block_till_done()
    text = "Your prepaid electricity has 90.00 CNY left. Please top up: power is cut off when"
    assert phones.told() == ([f"{text} nothing is left."], [])
    await burn(mall, site, SHOP, 50_000)
    await hass.async_block_till_done()
    assert phones.told() == (
        [f"{text.replace('90', '40')} nothing is left."],
        ["Noodle House (A-101) has 40.00 CNY left."],
    )


async def test_cut_and_restored(
    hass: HomeAssistant, mall: Mall, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """Both hear of both."""
    await made_from(hass, "cut_and_restored", shops=whole(site), managers=[MANAGER])
    await burn(mall, site, SHOP, 201_000)
    await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    await hass.async_block_till_done()
    tenant, manager = phones.told()
    assert tenant == manager
    (text,) = tenant
    assert text.startswith("The prepaid credit of Noodle House is used up (-1.00 CNY)")
    await ask(hass, "top_up", account=SHOP, amount="50", reference="1")
    await relay_settled(site.controller, MeterSerial(mall.meter(SHOP).serial))
    await hass.async_block_till_done()
    tenant, manager = phones.told()
    assert tenant == manager
    assert re.fullmatch(
        r"Noodle House has power again, \d+\.\d s after its credit came back. Available now: "
        r"49.00 CNY.",
        tenant[0],
    )


async def test_overload_escalation(
    hass: HomeAssistant, mall: Mall, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """The tenant first; the manager only if the load does not fall, or when it is over for good."""
    await made_from(
        hass,
        "overload_escalation",
        shops=whole(site),
        managers=[MANAGER],
        patience={"minutes": 5},
    )
    rule = "overload: {action: %s, limit: 20000, delay: 10, tries: 0, spacing: 60}"
    policy = "policies:\n  - {name: Standard, protection: {%s}}"
    await add_rules(hass, policy % (rule % "warn"))
    meter = mall.meter(SHOP)
    await read_again(site, meter.serial)
    switch_off = (
        "The load is 23000 W, more than the 20000 W that are allowed. Please switch something off."
    )

    async def too_much() -> None:
        meter.set_load(23_000)
        await live(mall, site, 30)
        await phones.tenant.rings()
        await state_when(hass, MADE, lambda state: state.attributes["current"] == 1)
        assert phones.told() == ([switch_off], [])

    async def over() -> None:
        meter.set_load(1_000)
        await live(mall, site, 80)
        await state_when(hass, MADE, lambda state: state.attributes["current"] == 0)

    await too_much()
    await over()
    assert phones.told() == ([], [])
    await too_much()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=5, seconds=1))
    await phones.manager.rings()
    assert phones.told() == ([], ["Noodle House still draws more than 20000 W."])
    await over()
    await add_rules(hass, policy % (rule % "hold"))
    meter.set_load(23_000)
    await live(mall, site, 30)
    await hass.async_block_till_done()
    tenant, manager = phones.told()
    assert tenant == [switch_off]
    assert manager == [
        "Noodle House is switched off for overload and stays off until somebody releases the hold."
    ]


async def test_harmonics_warning(
    hass: HomeAssistant, mall: Mall, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """Harmonics beyond the limit are told to both, a voltage beyond it is not."""
    await made_from(hass, "harmonics_warning", shops=whole(site), managers=[MANAGER])
    limits = "voltage_thd: {limit: 8, delay: 10}, over_voltage: {limit: 250, delay: 10}"
    await add_rules(hass, f"policies:\n  - {{name: Standard, protection: {{{limits}}}}}")
    serial = MeterSerial(mall.meter(SHOP).serial)
    measured = {Quantity.VOLTAGE_A: 262_000, Quantity.VOLTAGE_THD_A: 9_300}
    for _ in range(3):
        assert isinstance(mall.clock, ManualClock)
        mall.clock.advance(seconds=10)
        values = {Quantity.ENERGY_IMPORT: mall.meter(SHOP).true_wh, **measured}
        await site.reading_path.on_reading(  # the mall's model measures no harmonics
            MeterReading(serial=serial, at=site.clock.now(), values=values, relay_closed=True)
        )
    await hass.async_block_till_done()
    text = "The voltage of Noodle House has 9.3 % harmonics; the limit is 8.0 %."
    assert phones.told() == ([text], [text])


async def test_top_up_thanks(
    hass: HomeAssistant, site: CompereSite, phones: Phones, blueprints: None
) -> None:
    """The tenant reads what came, and what is there now."""
    await made_from(hass, "top_up_thanks", shops=whole(site))
    for number in (SHOP, "A-102"):
        await ask(hass, "top_up", account=number, amount="50", reference=f"r-{number}")
    await hass.async_block_till_done()
    assert phones.tenant.messages == [
        (
            "Noodle House: thank you",
            "We received 50.00 CNY. The balance is 250.00 CNY. Reference: r-A-101.",
        )
    ]
    assert phones.told()[1] == []
