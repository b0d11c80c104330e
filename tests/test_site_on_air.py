"""A site on the air beyond its meters: site files, a broker that is not there, other models."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.meters.compere_mqtt.link import MqttLink
from custom_components.compere_prepaid.diagnostics import async_get_config_entry_diagnostics
from simulator.mall import Mall
from simulator.mqtt_meter import MqttMeter
from tests.mqtt_site import MqttRun, broker_subentry, mqtt_site
from tests.site_fixtures import SITE_KEY, expected_event, one_line_mall, stored
from tests.stories.telling import PRICE, ask, contact
from tests.waiting import until

SHOP, NEIGHBOUR = "A-101", "A-102"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def mall() -> Mall:
    """Return two shops whose line stays closed: their meters are on the air."""
    return one_line_mall(2)


async def test_a_site_file_holds_brokers(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """What is exported is imported unchanged; another interval is told to the meters."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        text = (await ask(hass, "export_site"))["content"]
        code = run.serial(SHOP)
        assert "- {name: Broker, transport: mqtt}" in text
        assert f"address: {code}, profile: compere_kpm33b_mqtt" in text
        await ask(hass, "import_site", content=text)  # it writes down what goes without saying
        again = await ask(hass, "import_site", content=text)
        assert (again["created"], again["changed"], again["faults"]) == (0, 0, [])
        await run.paced(SHOP, 5, 60)
        quicker = text.replace("transport: mqtt}", "transport: mqtt, energy_interval: 1}")
        changed = await ask(hass, "import_site", content=quicker)
        assert (changed["created"], changed["changed"], changed["faults"]) == (0, 1, [])
        await run.paced(SHOP, 1, 60)
        mall.clock.advance(minutes=1)  # type: ignore[attr-defined]  # a ManualClock
        await run.burn(SHOP, 100)


async def test_a_model_of_a_line_has_no_place_behind_a_broker(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A file that says so is refused; a meter that was kept so is the only one not to run."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        text = (await ask(hass, "export_site"))["content"]
        line = next(
            line for line in text.splitlines() if f"serial: {run.serial(NEIGHBOUR)}" in line
        )
        wired = line.replace("compere_kpm33b_mqtt", "compere_kpm33b")
        answer = await ask(hass, "import_site", content=text.replace(line, wired))
        (fault,) = answer["faults"]
        assert fault["message"].startswith("A Compere KPM33B does not speak on this kind of bus")
        part = run.site.entry.subentries[run.site.meters[run.serial(NEIGHBOUR)].subentry_id]
        hass.config_entries.async_update_subentry(
            run.site.entry, part, data=dict(part.data) | {"profile": "compere_kpm33b"}
        )
        await hass.async_block_till_done()
        issues = {issue.translation_key for issue in ir.async_get(hass).issues.values()}
        assert "subentry_refused" in issues
        await run.burn(SHOP, 100)


async def test_a_site_waits_for_a_broker(hass: HomeAssistant, tmp_path: Path) -> None:
    """Without the MQTT integration the site runs, and a repair says what is missing."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Riverside Mall",
        unique_id=SITE_KEY,
        data={
            "name": "Riverside Mall",
            "currency": "CNY",
            "time_zone": "Asia/Shanghai",
            "ledger": str(tmp_path / "ledger.db"),
            "initial_price": "1",
        },
        subentries_data=[stored(broker_subentry())],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(
        lambda: "bus_down" in {one.translation_key for one in ir.async_get(hass).issues.values()}
    )
    (issue,) = (
        one for one in ir.async_get(hass).issues.values() if one.translation_key == "bus_down"
    )
    assert issue.translation_placeholders is not None
    assert "not set up" in issue.translation_placeholders["error"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_mqtt_integration_is_reloaded(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The line is down meanwhile, and heard again afterwards."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        line = run.site.buses[run.bus_id].bus
        (entry,) = hass.config_entries.async_entries("mqtt")
        assert await hass.config_entries.async_unload(entry.entry_id)
        await until(lambda: not line.health.up)
        with pytest.raises(HomeAssistantError):
            await ask(hass, "read_now", meter=run.serial(SHOP))
        assert await hass.config_entries.async_setup(entry.entry_id)
        await until(lambda: line.health.up)
        await run.burn(SHOP, 100)


async def test_diagnostics(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """They tell how the broker and the meters behind it are doing."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        found = await async_get_config_entry_diagnostics(hass, run.site.entry)
        bus = found["buses"][run.bus_id]
        assert bus["settings"]["transport"] == "mqtt"
        assert bus["health"]["up"] is True
        assert bus["sweep_s"] == 0
        assert found["meters"][run.serial(SHOP)]["profile"] == "compere_kpm33b_mqtt"


def signalling(meters: dict[str, MqttMeter]) -> None:
    """Let meters tell their outputs, and not tell their registers."""
    for meter in meters.values():
        meter.signals, meter.answers_reads = True, False


@pytest.mark.parametrize(
    "profile", ["compere_kpm31b_mqtt", "compere_kpm37_mqtt", "compere_kpm312_mqtt"]
)
async def test_models_that_signal_their_relay(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, profile: str
) -> None:
    """The signal tells where the relay is, also when somebody else moved it: it is moved back."""
    async with mqtt_site(
        hass, tmp_path, mall, profile=profile, setup=signalling, price=PRICE, opening_balance="1"
    ) as run:
        air = run.meters[SHOP]
        async with expected_event(hass, "cut_off", account=SHOP):
            await run.burn(SHOP, 1_100, watts=5_000)  # a single-phase meter bears no more
        await run.settled(SHOP)
        assert contact(air.meter) == "open"
        await ask(hass, "top_up", account=SHOP, amount="20", reference="r1")
        await until(lambda: contact(air.meter) == "closed")
        await run.settled(SHOP)
        await tampered(run, air)
        await until(lambda: contact(air.meter) == "closed")


async def tampered(run: MqttRun, air: MqttMeter) -> None:
    """Open a relay by hand; the meter signals that."""
    link = run.site.buses[run.bus_id].bus
    assert isinstance(link, MqttLink)
    before = len(air.commands)
    air.meter.command_relay(closed=False)
    air.publish("MQTT_TELEIND", f'{{"id":"{air.code}","value":"00000000@00000000"}}')
    await until(lambda: len(air.commands) > before)
