"""What tests of the actions have in common: who is there, and what being refused means.

A refusal is an error with a translation that says what to do, after which everything is as before:
`refused` compares the whole book, row by row.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

import custom_components.compere_prepaid
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.records import Hold
from custom_components.compere_prepaid.premises import async_write_for_allocation
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.adapters.ledger_books import content
from tests.stories.telling import ask, relay_settled

NOODLES, TEA, BAKERY = "A-101", "A-102", "A-103"
"""Two shops with accounts, and the meter of the second one's bakery."""

TEXTS: dict[str, dict[str, str]] = json.loads(
    (Path(custom_components.compere_prepaid.__path__[0]) / "translations" / "en.json").read_text(
        "utf-8"
    )
)["exceptions"]
"""The English texts of all errors."""


@asynccontextmanager
async def refused(
    site: CompereSite,
    key: str,
    *,
    error: type[HomeAssistantError] = ServiceValidationError,
    **placeholders: str,
) -> AsyncIterator[None]:
    """Expect that the block is refused for this reason, in words, and changes nothing."""
    for serial in site.meters:  # what is still on its way is none of the block's changes
        await relay_settled(site.controller, serial)
    await async_write_for_allocation(site)
    path = Path(site.entry.data["ledger"])
    before, subentries = content(path), site.entry.as_dict()["subentries"]
    with pytest.raises(error) as refusal:
        yield
    assert refusal.value.translation_domain == DOMAIN
    assert refusal.value.translation_key == key
    given = refusal.value.translation_placeholders or {}
    assert {name: given.get(name) for name in placeholders} == placeholders
    assert str(refusal.value) == TEXTS[key]["message"].format(**given).rstrip(".")
    assert content(path) == before
    assert site.entry.as_dict()["subentries"] == subentries
    assert (await site.ledger.verify()).ok


async def add_rules(hass: HomeAssistant, *lines: str) -> None:
    """Put tariffs, policies and calendars into force, as a site file that has nothing else."""
    head = "site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}"
    answer = await ask(hass, "import_site", content="\n".join((head, *lines, "")))
    assert answer["faults"] == []


async def holds_on(site: CompereSite, serial: str) -> tuple[Hold, ...]:
    """Return the holds that stand on a meter, as the book has them."""
    return await site.ledger.read(lambda tx: tx.holds(MeterSerial(serial)))


def serial_of(mall: Mall, name: str) -> str:
    """Return the serial number of a meter."""
    return mall.meter(name).serial


def named_as_cashiers(hass: HomeAssistant, site: CompereSite, *users: str) -> None:
    """Let these users take money and place holds."""
    hass.config_entries.async_update_entry(site.entry, options={"cashiers": list(users)})
