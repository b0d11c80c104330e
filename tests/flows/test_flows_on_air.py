"""The dialogs for meters with 4G or Wi-Fi: real broker, real clients, and what is heard of them."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.mall import Mall
from tests.flows.played import form_of
from tests.mqtt_site import BUS_ID, MqttRun, mqtt_site
from tests.site_fixtures import one_line_mall
from tests.waiting import until

FIRST, SECOND = "A-101", "A-102"
BROKER = {"name": "Air", "energy_interval": "5", "live_interval": "60"}

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def mall() -> Mall:
    """Return two shops whose line stays closed: their meters are on the air."""
    return one_line_mall(2)


async def opened(
    hass: HomeAssistant, entry_id: str, kind: str, part_id: str | None = None
) -> SubentryFlowResult:
    """Open the dialog for a new part, or for one to be changed."""
    context: Any = {"source": SOURCE_USER}
    if part_id:
        context = {"source": SOURCE_RECONFIGURE, "subentry_id": part_id}
    return await hass.config_entries.subentries.async_init((entry_id, kind), context=context)


async def answered(
    hass: HomeAssistant, result: SubentryFlowResult, **answers: Any
) -> SubentryFlowResult:
    """Fill in and send the form."""
    return await hass.config_entries.subentries.async_configure(result["flow_id"], answers)


def meter_answers(code: str, **other: Any) -> dict[str, Any]:
    """Return what a person fills in for the second shop's meter."""
    return {
        "name": SECOND,
        "bus": BUS_ID,
        "address": code,
        "profile": "compere_kpm33b_mqtt",
        "breaker": 40,
        "place": {},
        "register": {},
    } | other


async def forget_second(run: MqttRun) -> str:
    """Take the second shop's meter off the site; return its code."""
    code = run.serial(SECOND)
    for subentry in list(run.site.entry.subentries.values()):
        if SECOND in (subentry.title.split()[0], subentry.title):
            run.hass.config_entries.async_remove_subentry(run.site.entry, subentry.subentry_id)
    await until(lambda: code not in run.site.meters and SECOND not in run.site.accounts)
    await run.hass.async_block_till_done()
    run.mall.clock.advance(minutes=1)  # type: ignore[attr-defined]  # a ManualClock
    run.meters[SECOND].upload_energy()
    return code


async def test_a_meter_that_is_heard_is_picked_and_adopted(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Only those are listed that speak and belong to nobody; zeros of a neighbour are no meter."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        code = await forget_second(run)
        entry_id = run.site.entry.entry_id
        result = await opened(hass, entry_id, "meter")
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "air")
        options = form_of(result)["address"][1].config["options"]
        kwh = f"{run.meters[SECOND].meter.true_wh / 1000:.3f}"
        assert [option["label"] for option in options] == [f"{code} · KPM33B · {kwh} kWh"]
        result = await answered(hass, result, **meter_answers(code.lower()))
        assert result["step_id"] == "confirm", result["errors"]
        result = await answered(hass, result)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert (result["data"]["address"], result["data"]["serial"]) == (code, code)
        await until(lambda: code in run.site.meters)
        await run.paced(SECOND, 5, 60)
        result = await opened(hass, entry_id, "meter")
        assert form_of(result)["address"][1].config["options"] == []


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"address": "33B00259500"}, {"address": "meter_code_invalid"}),
        ({"address": "3120025950001"}, {"profile": "code_of_other_model"}),
        ({"name": FIRST}, {"name": "name_in_use"}),
    ],
)
async def test_wrong_answers_about_a_meter(
    hass: HomeAssistant,
    mall: Mall,
    tmp_path: Path,
    answers: dict[str, str],
    errors: dict[str, str],
) -> None:
    """Codes that are none, codes of another model, names of others."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        code = await forget_second(run)
        result = await opened(hass, run.site.entry.entry_id, "meter")
        result = await answered(hass, result, **meter_answers(code) | answers)
        assert (result["step_id"], result["errors"]) == ("air", errors)


async def test_a_meter_that_is_not_heard(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked, and the form says that it does not answer."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        await forget_second(run)
        link = "custom_components.compere_prepaid.core.meters.compere_mqtt.link"
        monkeypatch.setattr(f"{link}.ANSWER_WITHIN_S", 0.05)
        result = await opened(hass, run.site.entry.entry_id, "meter")
        result = await answered(hass, result, **meter_answers("33B1225950999"))
        assert result["errors"] == {"address": "meter_not_heard"}


async def test_a_meter_is_changed(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Its breaker, without being asked; its code may not become another's."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        part = run.site.meters[run.serial(SECOND)].subentry_id
        result = await opened(hass, run.site.entry.entry_id, "meter", part)
        assert result["step_id"] == "reconfigure_air"
        wrong = await answered(hass, result, **meter_answers(run.serial(FIRST)))
        assert wrong["errors"] == {"address": "address_occupied"}
        result = await answered(hass, result, **meter_answers(run.serial(SECOND), breaker=63))
        assert result["reason"] == "reconfigure_successful"
        assert run.site.entry.subentries[part].data["breaker"] == 63


async def test_a_broker_is_added_once(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """A second bus needs another prefix; it can be changed later."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        entry_id = run.site.entry.entry_id
        result = await opened(hass, entry_id, "bus")
        result = await answered(hass, result, next_step_id="mqtt")
        taken = await answered(hass, result, **BROKER)
        assert taken["errors"] == {"topic_prefix": "broker_in_use"}
        wrong = await answered(hass, result, **BROKER, topic_prefix="a/#")
        assert wrong["errors"] == {"topic_prefix": "prefix_invalid"}
        result = await answered(hass, result, **BROKER, topic_prefix="annex")
        assert result["type"] is FlowResultType.CREATE_ENTRY
        part = next(p for p in run.site.entry.subentries.values() if p.title == "Air")
        assert part.data["topic_prefix"] == "annex"
        await until(lambda: any(bus.name == "Air" for bus in run.site.buses.values()))
        result = await opened(hass, entry_id, "bus", part.subentry_id)
        assert result["step_id"] == "mqtt"
        result = await answered(hass, result, **BROKER | {"energy_interval": "15"})
        assert result["errors"] == {"topic_prefix": "broker_in_use"}
        changed = BROKER | {"energy_interval": "15", "topic_prefix": "annex"}
        result = await answered(hass, result, **changed)
        assert result["reason"] == "reconfigure_successful"


async def test_a_broker_needs_the_mqtt_integration(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Without it the form says what to add first."""
    result = await opened(hass, entry.entry_id, "bus")
    result = await answered(hass, result, next_step_id="mqtt")
    result = await answered(hass, result, **BROKER)
    assert result["errors"] == {"base": "mqtt_not_set_up"}
