"""What stories about credit policies share: rules, a clock set by hand, and what was told."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.site_events import PUBLIC
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock, moment_of
from simulator.mall import Mall
from tests.site_fixtures import read_again
from tests.stories.telling import ask, contact, relay_settled

SHOP = "A-101"


class Told(list[tuple[str, dict[str, Any]]]):
    """The public events of an account, by type and data."""

    def types(self) -> list[str]:
        """Return their types, in order; those of money and of the power that came back left out."""
        return [kind for kind, _ in self if kind not in {"topped_up", "restored"}]

    def last(self, kind: str) -> dict[str, Any]:
        """Return the data of the last one of a type."""
        return [data for one, data in self if one == kind][-1]


@contextmanager
def listening(hass: HomeAssistant, account: str = SHOP) -> Iterator[Told]:
    """Listen to what is told of an account."""
    told = Told()

    @callback
    def take(event: Event) -> None:
        if event.data.get("account") == account:
            told.append((str(event.event_type).removeprefix(f"{DOMAIN}_"), dict(event.data)))

    ends = [hass.bus.async_listen(f"{DOMAIN}_{event.TYPE}", take) for event in PUBLIC]
    yield told
    for end in ends:
        end()


async def give_policy(hass: HomeAssistant, site: CompereSite, policy: str, more: str = "") -> None:
    """Put a policy named P, and what else it needs, into force and give it to the shop."""
    content = (
        f"site: {{name: Riverside Mall, currency: CNY, time_zone: {site.zone.key}}}\n"
        f"{more}\npolicies:\n  - {{name: P, warning_levels: [50], {policy}}}\n"
    )
    answer = await ask(hass, "import_site", content=content)
    assert answer["faults"] == []
    await ask(hass, "apply_policy", account=SHOP, policy="P")


async def let_it_be(mall: Mall, site: CompereSite, wall: str) -> None:
    """Let it be this time by the site's wall clock, with nothing used since, and let it be seen."""
    for meter in mall.meters:
        meter.set_load(0)
    for serial in list(site.meters):
        await relay_settled(site.controller, serial)
        await read_again(site, serial)
    wanted = datetime.fromisoformat(wall).replace(tzinfo=site.zone)
    now = moment_of(mall.clock.now_us())
    assert isinstance(mall.clock, ManualClock)
    assert wanted >= now, (wall, now)
    mall.clock.advance(seconds=int((wanted - now).total_seconds()))
    await site.async_tick()
    for serial in list(site.meters):
        await relay_settled(site.controller, serial)


async def power(mall: Mall, site: CompereSite, shop: str = SHOP) -> str:
    """Return whether a shop has power, as its relay's contact is and as its account says."""
    for serial in list(site.meters):
        await relay_settled(site.controller, serial)
    return contact(mall.meter(shop))


async def watch_of(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is decided about the shop's credit."""
    found: dict[str, Any] = (await ask(hass, "get_account", account=SHOP))["watch"]
    return found
