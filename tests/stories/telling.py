"""What stories have in common: asking the integration as a person's automation does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.policy.relay_control import RelayController
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from tests.site_fixtures import read_again, use

PRICE = "1"
"""One yuan a kWh, so that stories can be told in whole numbers."""

WATTS = 20_000


async def ask(hass: HomeAssistant, action: str, /, user: str | None = None, **data: Any) -> Any:
    """Call an action, as a user or as an automation; return its answer when entities show it."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True, context=Context(user_id=user)
    )
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await all_told(entry.runtime_data)
    return answer


async def burn(mall: Mall, site: CompereSite, shop: str, wh: int) -> None:
    """Let a shop use this energy at 20 kW, then read its meter.

    It is read before, too: a reading that is under way while the mall's time jumps would have the
    register of before and the time of after.
    """
    serial = mall.meter(shop).serial
    with suppress(PrepaidError):
        await read_again(site, serial)
    use(mall, shop, WATTS, wh * 3600 // WATTS)
    await read_again(site, serial)
    await all_told(site)


async def all_told(site: CompereSite) -> None:
    """Return when entities show what changed: on a busy machine some wait for their turn."""
    while site.reading_path._pushes.is_behind:  # noqa: ASYNC110  -- its turn comes by the clock
        await asyncio.sleep(0)


@contextmanager
def before_the_command() -> Iterator[None]:
    """Let relays be decided about in the block, but command none."""
    with patch.object(RelayController, "_start"):
        yield


async def relay_settled(controller: RelayController, serial: MeterSerial) -> None:
    """Wait until a meter waits for no turn to close, and has nothing on the wire."""
    meter = controller._meters[serial]
    while serial in controller.closings and (timer := controller.closings._timer):
        await timer
    while meter.task is not None and not meter.task.done():
        await meter.task


def contact(meter: SimulatedMeter) -> str:
    """Return where a relay's contact is."""
    return "closed" if meter.relay_closed else "open"


async def verified(hass: HomeAssistant) -> tuple[int, int]:
    """Check the ledger; return charged Wh and what the registers counted."""
    found = await ask(hass, "verify_ledger")
    assert found["ok"], found["faults"]
    return found["charged_wh"], found["register_wh"]
