"""A line on which everything goes wrong at once: no wrong charge, and no wrong relay action."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
import random

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from tests.actions.asking import holds_on
from tests.site_fixtures import expected_event, one_line_mall, read_again, running_site, use
from tests.stories.telling import PRICE, ask, burn, contact, relay_settled, verified

SHOPS = [f"A-{number}" for number in range(101, 107)]
ROUNDS = 12
FAULTS = (
    Fault(kind=FaultKind.LATE, seconds=0.3, share=0.04),
    Fault(kind=FaultKind.BAD_CRC, share=0.04),
    Fault(kind=FaultKind.LOST, share=0.04),
    Fault(kind=FaultKind.GARBLED, share=0.04),
    Fault(kind=FaultKind.EXCEPTION, code=6, share=0.06),
    Fault(kind=FaultKind.EXCEPTION, code=4, share=0.02),
    Fault(kind=FaultKind.SLOW, seconds=0.03, share=0.05),
)


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of six shops."""
    async with one_line_mall(len(SHOPS)) as mall:
        yield mall


async def _tell(site: CompereSite, meter: SimulatedMeter) -> None:
    """Ask a meter now; on such a line that may bring nothing."""
    with suppress(PrepaidError):
        await read_again(site, meter.serial)


@pytest.mark.slow
async def test_everything_at_once(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """A quarter of all answers is late, damaged, lost or refused while shops run out and pay."""
    chance = random.Random(7)
    (line,) = mall.lines.values()
    shops = {shop: (shop,) for shop in SHOPS}
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="2", accounts=shops
    ) as site:
        began = sum(meter.true_wh for meter in mall.meters)
        for fault in FAULTS:
            line.fail(fault)
        for round_ in range(ROUNDS):
            for shop in SHOPS:
                use(mall, shop, 20_000, chance.randrange(20, 120))
                await _tell(site, mall.meter(shop))
            shop = chance.choice(SHOPS)
            await ask(hass, "top_up", account=shop, amount="1.50", reference=f"round {round_}")
        bus = next(iter(site.buses.values())).bus
        assert isinstance(bus, Bus)
        health = bus.health
        line.heal()
        wrong = 0
        for shop in SHOPS:
            meter = mall.meter(shop)
            serial = MeterSerial(meter.serial)
            for _ in range(5):
                await _tell(site, meter)
                await relay_settled(site.controller, serial)
            demand = site.controller.demanded(serial)
            holds = await holds_on(site, serial)
            wrong += (demand is not None and demand.closed) is bool(holds)
            wrong += contact(meter) != ("open" if holds else "closed")
        await site.charging.settle_all("test")
        used = sum(meter.true_wh for meter in mall.meters) - began
        assert await verified(hass) == (used, used)
        assert wrong == 0
        failed = health.timeouts + health.garbled + health.refused
        assert failed > 20
        figure(
            f"hostile line: {health.requests} requests, {failed} without a good answer, "
            f"{health.drained} stray bytes: 0 wrong charges, {wrong} wrong relays"
        )


async def test_a_gateway_that_answers_from_its_memory(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Its read-back is of yesterday: the relay counts as disobedient, and nothing is charged twice.

    Once the memory is off all is as it must be.
    """
    shop, meter = SHOPS[0], mall.meter(SHOPS[0])
    (line,) = mall.lines.values()
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="2", accounts={shop: (shop,)}
    ) as site:
        began = meter.true_wh
        serial = MeterSerial(meter.serial)
        async with expected_event(hass, "cut_off", account=shop):
            use(mall, shop, 20_000, 720)  # four yuan
            line.fail(Fault(kind=FaultKind.CACHED, functions=frozenset({1})))
            await read_again(site, serial)
        await relay_settled(site.controller, serial)
        assert contact(meter) == "open"  # it was commanded all the same
        demand = site.controller.demanded(serial)
        assert demand is not None
        assert (demand.closed, demand.confirmed_at) == (False, None)
        assert (await ask(hass, "get_account", account=shop))["meters"][0]["relay"] == "closed"
        line.heal()
        await read_again(site, serial)
        await relay_settled(site.controller, serial)
        demand = site.controller.demanded(serial)
        assert demand is not None
        assert demand.confirmed_at is not None
        line.fail(Fault(kind=FaultKind.CACHED, functions=frozenset({3})))
        async with expected_event(hass, "restored", account=shop):
            await ask(hass, "top_up", account=shop, amount="20", reference="r")
        for _ in range(3):
            await burn(mall, site, shop, 500)  # the register stands still, for this program
        line.heal()
        use(mall, shop, 0, 600)  # what it counted meanwhile is plausible for the time
        await read_again(site, serial)
        await site.charging.settle_all("test")
        used = meter.true_wh - began
        assert used == 5500
        assert await verified(hass) == (used, used)
