"""Every blueprint, installed by the action, made into an automation, and run by what it is for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
import re
from typing import Any, override
from unittest.mock import patch

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.notify import NotifyEntity, NotifyEntityFeature
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import dump, load_yaml_dict, parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.compere_prepaid.actions.blueprints import BLUEPRINTS
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import add_rules, refused
from tests.actions.targets import device_of
from tests.site_fixtures import GUARD_S, entity_of, read_again, state_when
from tests.stories.telling import ask, burn, relay_settled

ROOT = Path(__file__).parents[2]
SHOP = "A-101"
FILES = sorted(path.name for path in BLUEPRINTS.glob("*.yaml"))
MANAGER = "notify.manager"
MADE = "automation.made"


class Phone(NotifyEntity):
    """Keeps what it was told."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, name: str) -> None:
        """Ring for somebody."""
        self._attr_name = self._attr_unique_id = name
        self.messages: list[tuple[str | None, str]] = []
        self._rang = asyncio.Event()

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Take a message."""
        self.messages.append((title, message))
        self._rang.set()

    async def rings(self) -> None:
        """Wait for a message: an automation that waits itself cannot be waited for."""
        async with asyncio.timeout(GUARD_S):
            await self._rang.wait()
        self._rang.clear()


class Phones:
    """The phones of the first shop's tenant and of the manager."""

    def __init__(self) -> None:
        """Have two phones."""
        self.tenant, self.manager = Phone("tenant"), Phone("manager")

    def told(self) -> tuple[list[str], list[str]]:
        """Return what the tenant and what the manager was told since the last look."""
        told = tuple([text for _, text in phone.messages] for phone in (self.tenant, self.manager))
        self.tenant.messages.clear()
        self.manager.messages.clear()
        return told[0], told[1]


@pytest.fixture
async def phones(hass: HomeAssistant, site: CompereSite) -> Phones:
    """Give both a phone; the tenant's belongs to the account's device."""
    phones = Phones()
    assert await async_setup_component(hass, "notify", {})
    await hass.data[DATA_INSTANCES]["notify"].async_add_entities([phones.tenant, phones.manager])
    er.async_get(hass).async_update_entity(
        phones.tenant.entity_id, device_id=device_of(hass, site, f"account_{SHOP}").id
    )
    assert phones.manager.entity_id == MANAGER
    return phones


@pytest.fixture
async def blueprints(hass: HomeAssistant, site: CompereSite) -> None:
    """Install them as a person does."""
    assert await async_setup_component(hass, "automation", {})
    assert (await ask(hass, "install_blueprints"))["written"] == FILES


async def made_from(hass: HomeAssistant, name: str, **inputs: Any) -> None:
    """Make an automation from a blueprint, in Home Assistant's configuration, and load it."""
    automation = {
        "alias": "made",
        "use_blueprint": {"path": f"{DOMAIN}/{name}.yaml", "input": inputs},
    }
    path = Path(hass.config.path("configuration.yaml"))
    await hass.async_add_executor_job(path.write_text, dump({"automation": [automation]}))
    await hass.services.async_call("automation", "reload", blocking=True)
    state = hass.states.get(MADE)
    assert state is not None
    assert state.state == "on", state


def whole(site: CompereSite) -> dict[str, Any]:
    """Return the target that means the whole mall."""
    return {"device_id": [site.device_id]}


@contextmanager
def it_is(now: datetime) -> Iterator[None]:
    """Let conditions and templates believe in a time."""
    with patch("homeassistant.util.dt.now", lambda zone=None: now.astimezone(zone)):
        yield


async def live(mall: Mall, site: CompereSite, seconds: int) -> None:
    """Let time pass, the first shop's meter being read all the while."""
    assert isinstance(mall.clock, ManualClock)
    for _ in range(seconds // 10):
        mall.clock.advance(seconds=10)
        await read_again(site, mall.meter(SHOP).serial)


@pytest.mark.parametrize("name", FILES)
def test_blueprint_is_whole(name: str) -> None:
    """It is one, for this version; every input is named, in a section, and used."""
    text = (BLUEPRINTS / name).read_text("utf-8")
    data = parse_yaml(text)
    assert isinstance(data, dict)
    blueprint = Blueprint(
        data, path=name, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )
    assert blueprint.validate() is None
    head = blueprint.metadata
    assert head["source_url"].endswith(
        f"/compere_prepaid/blob/main/custom_components/{DOMAIN}/blueprints/{name}"
    )
    assert head["homeassistant"]["min_version"] == "2026.10.0"
    for section in head["input"].values():
        assert section["name"]
        assert section["input"]
        if section.get("collapsed"):
            assert all("default" in field for field in section["input"].values())
    used = set(re.findall(r"!input (\w+)", text))
    assert used == set(blueprint.inputs)
    assert all(field["name"] and field["selector"] for field in blueprint.inputs.values())


def test_blueprints_have_two_homes_and_one_source() -> None:
    """The folder that people look for in the repository is the one that is installed."""
    assert (ROOT / "blueprints/automation" / DOMAIN).resolve() == BLUEPRINTS.resolve()


async def test_installing_keeps_what_was_changed(
    hass: HomeAssistant, site: CompereSite, anna: str
) -> None:
    """Twice is once; a changed one stays until it may be overwritten; nobody else installs."""
    async with refused(site, "automations_not_running"):
        await ask(hass, "install_blueprints")
    assert await async_setup_component(hass, "automation", {})
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "install_blueprints", anna)
    folder = Path(hass.config.path("blueprints", "automation", DOMAIN))
    assert not folder.exists()
    nothing: dict[str, Any] = {"folder": str(folder), "written": [], "unchanged": [], "kept": []}
    assert await ask(hass, "install_blueprints") == nothing | {"written": FILES}
    assert await ask(hass, "install_blueprints") == nothing | {"unchanged": FILES}
    changed, rest = FILES[0], FILES[1:]
    (folder / changed).write_text("mine\n", "utf-8")
    answer = await ask(hass, "install_blueprints")
    assert answer == nothing | {"unchanged": rest, "kept": [changed]}
    assert (folder / changed).read_text("utf-8") == "mine\n"
    answer = await ask(hass, "install_blueprints", overwrite=True)
    assert answer == nothing | {"unchanged": rest, "written": [changed]}


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
    """Harmonics are told, a voltage is not."""
    await made_from(hass, "harmonics_warning", shops=whole(site), managers=[MANAGER])


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
