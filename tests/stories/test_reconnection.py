"""Shops that come back together close by turns; a relay that does not obey keeps nobody waiting."""

from collections.abc import AsyncIterator
from pathlib import Path
import time

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.policy import relay_control
from custom_components.compere_prepaid.core.policy.closing_queue import Pace
from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.site_fixtures import all_online, one_line_mall, read_again, running_site, silence
from tests.stories.telling import ask, relay_settled, verified

SHOPS = 8
SPACING_S = 0.1


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall with some shops."""
    async with one_line_mall(SHOPS) as mall:
        yield mall


@pytest.fixture
async def site(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CompereSite]:
    """Run them where one relay closes at a time; everybody is off."""
    monkeypatch.setattr(relay_control, "PAUSE_S", 0.01)
    options = {"reconnection": {"at_once": 1, "spacing": SPACING_S}}
    async with running_site(hass, mall, tmp_path, opening_balance="-1", options=options) as site:
        for meter in mall.meters:
            await read_again(site, meter.serial)
        await settled(site)
        assert closings(mall) == {meter.name: 0 for meter in mall.meters}
        assert not any(meter.relay_closed for meter in mall.meters)
        yield site


async def settled(site: CompereSite) -> None:
    """Wait until no relay waits, and nothing is on the wire."""
    for serial in site.meters:
        await relay_settled(site.controller, serial)


def closings(mall: Mall) -> dict[str, int]:
    """Return how often each relay was told to close."""
    return {meter.name: meter.closings for meter in mall.meters}


async def test_who_was_silent_takes_turns_when_the_line_is_back(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """All pay while the line is down; when it is back none closes before its turn, each once."""
    line = mall.line_of(mall.meters[0].name).name
    await mall.unplug(line)
    await silence(site, mall.meters[0].serial)
    numbers = [account.number for account in site.book.accounts.values()]
    await ask(hass, "top_up", account=numbers, amount="100", reference="r1")
    await settled(site)
    assert set(closings(mall).values()) == {0}
    began = time.monotonic()
    await mall.plug_in(line)
    await all_online(site)
    await settled(site)
    assert time.monotonic() - began >= (SHOPS - 1) * SPACING_S
    assert closings(mall) == {meter.name: 1 for meter in mall.meters}
    assert all(meter.relay_closed for meter in mall.meters)
    await verified(hass)


async def test_a_relay_that_does_not_obey_keeps_nobody_waiting(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """It is tried as often as ever, and takes one turn."""
    stuck, *others = mall.meters
    stuck.fail(Fault(kind=FaultKind.STUCK))
    numbers = [account.number for account in site.book.accounts.values()]
    await ask(hass, "top_up", account=numbers, amount="100", reference="r1")
    await settled(site)
    assert not stuck.relay_closed
    assert stuck.closings == relay_control.TRIES
    assert [(meter.closings, meter.relay_closed) for meter in others] == [(1, True)] * len(others)


async def test_a_cut_waits_for_no_turn(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Who is held again while others wait to close opens at once, or never closes."""
    site.controller.closings.pace = Pace(at_once=1, spacing_s=3600)
    numbers = [account.number for account in site.book.accounts.values()]
    await ask(hass, "top_up", account=numbers, amount="100", reference="r1")
    first, second, *_ = mall.meters
    await relay_finished(site, first.serial)
    assert (len(site.controller.closings), first.relay_closed) == (SHOPS - 1, True)
    (waiting,) = (await ask(hass, "get_account", account=second.name))["meters"]
    assert (waiting["relay"], waiting["holds"], waiting["waits_to_close"]) == ("open", [], True)
    await ask(hass, "place_hold", meter=[first.serial, second.serial], kind="manual")
    await relay_finished(site, first.serial)
    assert (len(site.controller.closings), first.relay_closed) == (SHOPS - 2, False)
    assert MeterSerial(second.serial) not in site.controller.closings
    assert second.closings == 0


async def relay_finished(site: CompereSite, serial: str) -> None:
    """Wait until nothing is on the wire for a meter, whoever waits for a turn."""
    while (task := site.controller._meters[MeterSerial(serial)].task) and not task.done():
        await task
