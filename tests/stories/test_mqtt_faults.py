"""What goes wrong between a wireless meter and its tenant's money: nothing wrong comes of it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
import json
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.bus.requests import BusError
from simulator.mall import Mall
from simulator.mqtt_meter import MqttMeter
from tests.mqtt_site import MqttRun, mqtt_site
from tests.site_fixtures import entity_of, expected_event, one_line_mall, state_of, state_when
from tests.stories.telling import PRICE, ask, contact, verified
from tests.waiting import until

SHOP, NEIGHBOUR = "A-101", "A-102"
LINK = "custom_components.compere_prepaid.core.meters.compere_mqtt.link.ANSWER_WITHIN_S"

PAUSE = "custom_components.compere_prepaid.core.policy.relay_control.PAUSE_S"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def mall() -> Mall:
    """Return two shops whose line stays closed: their meters are on the air."""
    return one_line_mall(2)


def open_issues(hass: HomeAssistant) -> set[str | None]:
    """Return the kinds of repairs that are asked for."""
    return {
        issue.translation_key
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


async def used_is_charged(run: MqttRun, name: str, started_at: int) -> None:
    """Expect that each Wh since then was charged, once."""
    await run.upload(name)
    await run.site.charging.settle_all("test")
    used = run.meters[name].meter.true_wh - started_at
    assert await verified(run.hass) == (used, used)


async def test_broker_restarts(
    hass: HomeAssistant,
    mall: Mall,
    tmp_path: Path,
    figure: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody is cut while it is away, no Wh is lost, and what was decided is done afterwards."""
    monkeypatch.setattr("homeassistant.components.mqtt.client.RECONNECT_INTERVAL_SECONDS", 1)
    async with mqtt_site(hass, tmp_path, mall, price=PRICE, opening_balance="3") as run:
        meter = run.meters[SHOP].meter
        started_at = meter.true_wh
        await run.burn(SHOP, 500)
        power = entity_of(hass, "sensor", f"{meter.serial}_power")
        run.broker.stop()
        await state_when(hass, power, lambda state: state.state == "unavailable")
        assert "bus_down" in open_issues(hass)
        meter.set_load(20_000)
        mall.clock.advance(minutes=10)  # type: ignore[attr-defined]  # a ManualClock
        meter.set_load(0)
        assert contact(meter) == "closed"
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "2.50"
        commands = len(run.meters[SHOP].commands)
        run.broker.start()
        await until(lambda: run.site.buses[run.bus_id].bus.health.up)
        for one in run.meters.values():
            one.wait_until_ready()
        await run.upload(SHOP)
        await until(lambda: contact(meter) == "open")
        await run.settled(SHOP)
        assert "bus_down" not in open_issues(hass)
        neighbour = run.meters[NEIGHBOUR]
        assert contact(neighbour.meter) == "closed"
        switched = [
            command["do1"]
            for topic, command in run.meters[SHOP].commands[commands:]
            if topic == "MQTT_TELECTRL"
        ]
        assert "1" not in switched
        await used_is_charged(run, SHOP, started_at)
        figure(f"MQTT broker restart: 2 meters survived, {len(switched)} command(s), 0 wrong")


@pytest.mark.parametrize("fault", ["loses_acks", "refuses", "is_deaf"])
async def test_commands_that_are_not_acknowledged(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, fault: str, figure: Callable[[str], None]
) -> None:
    """A relay is not believed to have moved; it is told to a person; then it follows after all."""
    async with mqtt_site(hass, tmp_path, mall, price=PRICE, opening_balance="1") as run:
        air = run.meters[SHOP]
        started_at = air.meter.true_wh
        before = len(air.commands)
        setattr(air.faults, fault, "not allowed" if fault == "refuses" else True)
        patience_s = 5.0 if fault == "refuses" else 0.05  # a refusal is an answer
        with patch(LINK, patience_s), patch(PAUSE, 0.01):
            async with expected_event(hass, "cut_off", account=SHOP):
                await run.burn(SHOP, 1_500)
            await until(lambda: "relay_does_not_open" in open_issues(hass))
            answer = await ask(hass, "get_account", account=SHOP)
            shown = "closed" if fault == "refuses" else "unknown"
            assert answer["meters"][0]["relay"] == shown
        tries = sum(topic == "MQTT_TELECTRL" for topic, _ in air.commands[before:])
        setattr(air.faults, fault, "" if fault == "refuses" else False)
        run.site.controller._meters[run.serial(SHOP)].not_before = 0.0
        mall.clock.advance(minutes=1)  # type: ignore[attr-defined]  # a ManualClock
        await run.upload(SHOP)
        await until(lambda: "relay_does_not_open" not in open_issues(hass))
        await run.settled(SHOP)
        assert contact(air.meter) == "open"
        told = air.commands[before:]
        assert {command["do1"] for topic, command in told if "CTRL" in topic} == {"0"}
        await used_is_charged(run, SHOP, started_at)
        figure(f"MQTT relay command, {fault}: {tries} tries told as failed, then followed")


async def test_contradiction_freezes(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Rates that do not add up are suspect: nothing is charged or cut until they do."""
    async with mqtt_site(hass, tmp_path, mall, price=PRICE, opening_balance="1") as run:
        air = run.meters[SHOP]
        started_at = air.meter.true_wh
        air.faults.contradicts = True
        air.meter.set_load(20_000)
        mall.clock.advance(minutes=10)  # type: ignore[attr-defined]  # a ManualClock
        air.meter.set_load(0)
        async with expected_event(hass, "suspect_reading", reason="contradictory"):
            air.upload_energy()
        assert contact(air.meter) == "closed"
        assert "suspect_reading_contradictory" in open_issues(hass)
        air.faults.contradicts = False
        mall.clock.advance(minutes=1)  # type: ignore[attr-defined]
        async with expected_event(hass, "cut_off", account=SHOP):
            await run.upload(SHOP)
        assert "suspect_reading_contradictory" not in open_issues(hass)
        await used_is_charged(run, SHOP, started_at)


def wild(meters: dict[str, MqttMeter]) -> None:
    """Let every meter do what real ones do, and some more."""
    for meter in meters.values():
        meter.faults.copies = 3
        meter.faults.packets = 3
        meter.faults.upper_case = True
        meter.faults.clock_off = timedelta(days=-365 * 21)


async def test_everything_at_once(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Copies, packets, upper case, 2005, zeros of the neighbour, rubbish, and what lay there."""
    async with mqtt_site(hass, tmp_path, mall, price=PRICE, setup=wild) as run:
        air, serial = run.meters[SHOP], run.serial(SHOP)
        started_at = air.meter.true_wh
        stale = {"id": serial, "zygsz": 9_999_999, "time": "20260302120000", "isend": "1"}
        air.publish("MQTT_ENY_NOW", json.dumps(stale), retain=True)
        rubbish = [b"", b"{", b"\xff" * 50, b"[" * 5000, b'{"id":"33B0025950001","zygsz":"x"}']
        count = 0
        for round_ in range(20):
            for payload in rubbish:
                air.publish("MQTT_ENY_NOW", payload)
                air.publish("MQTT_TELECTRL_REP", payload)
                count += 2
            await run.burn(SHOP, 100 + round_)
        link = run.site.buses[run.bus_id].bus
        assert set(run.site.meters) == {run.serial(SHOP), run.serial(NEIGHBOUR)}
        assert contact(air.meter) == "closed"
        assert open_issues(hass) <= {"suspect_reading_missing"}
        clock = entity_of(hass, "sensor", f"{serial}_clock_deviation")
        await state_when(hass, clock, lambda state: state.state not in {"unknown", "unavailable"})
        assert float(state_of(hass, clock).state) < -600_000_000
        button = entity_of(hass, "button", f"{serial}_sync_clock")
        await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
        assert abs(air.faults.clock_off) < timedelta(days=1)
        await used_is_charged(run, SHOP, started_at)
        figure(
            f"MQTT rubbish: {count} messages and a storm, {link.health.garbled} told as unreadable"
        )


async def test_retained_messages_are_no_readings(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """What lay at the broker before Home Assistant came is nobody's register."""

    def leave(meters: dict[str, MqttMeter]) -> None:
        for meter in meters.values():
            stale = {"id": meter.code, "zygsz": 9_999_999, "time": "20260302120000", "isend": "1"}
            meter.publish("MQTT_ENY_NOW", json.dumps(stale), retain=True)

    async with mqtt_site(hass, tmp_path, mall, price=PRICE, setup=leave) as run:
        started_at = run.meters[SHOP].meter.true_wh
        await run.burn(SHOP, 500)
        assert not open_issues(hass)
        await used_is_charged(run, SHOP, started_at)


async def test_silence(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """After two and a half intervals a meter is offline, and back with its next word."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        serial = run.serial(SHOP)
        await run.paced(SHOP, 5, 60)
        present = SystemClock.monotonic(run.site.clock)
        connected = entity_of(hass, "binary_sensor", f"{serial}_connectivity")
        with patch.object(SystemClock, "monotonic", lambda _: present + 2.4 * 300):
            run.reader.look_for_silence()
            await hass.async_block_till_done()
            assert state_of(hass, connected).state == "on"
        with patch.object(SystemClock, "monotonic", lambda _: present + 2.6 * 300):
            async with expected_event(hass, "meter_offline", meter=serial):
                run.reader.look_for_silence()
            await state_when(hass, connected, lambda state: state.state == "off")
            assert "meter_unreachable" in open_issues(hass)
            mall.clock.advance(minutes=13)  # type: ignore[attr-defined]  # a ManualClock
            await run.upload(SHOP)
            await state_when(hass, connected, lambda state: state.state == "on")
            await run.upload(NEIGHBOUR)
            await until(lambda: "meter_unreachable" not in open_issues(hass))


async def test_live_values_without_a_register(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A meter that sends power and no energies is there, and its register is missed."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        air = run.meters[SHOP]
        await run.paced(SHOP, 5, 60)
        present = SystemClock.monotonic(run.site.clock)
        with patch.object(SystemClock, "monotonic", lambda _: present + 800):
            mall.clock.advance(seconds=800)  # type: ignore[attr-defined]  # a ManualClock
            air.meter.set_load(4_600)
            power = entity_of(hass, "sensor", f"{run.serial(SHOP)}_power")
            async with expected_event(hass, "suspect_reading", reason="missing"):
                air.upload_live()
            run.site.meters[run.serial(SHOP)].coordinator.push(
                run.site.meters[run.serial(SHOP)].coordinator.data, news=True
            )
            assert state_of(hass, power).state == "4.6"


async def test_pace(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Set on adoption, faster near zero, back later; few writes, for memory wears out."""
    async with mqtt_site(hass, tmp_path, mall, price=PRICE, opening_balance="5") as run:
        air, serial = run.meters[SHOP], run.serial(SHOP)
        await run.paced(SHOP, 5, 60)
        assert air.intervals.writes == 2
        air.meter.set_load(20_000)
        air.upload_live()
        await until(lambda: run.site.book.meters[serial].power_mw == 20_000_000)
        mall.clock.advance(minutes=10)  # type: ignore[attr-defined]  # a ManualClock
        await run.upload(SHOP)
        await run.paced(SHOP, 1, 30)
        await ask(hass, "top_up", account=SHOP, amount="500", reference="r1")
        await run.upload(SHOP)
        assert air.intervals.energy_min == 1
        present = SystemClock.monotonic(run.site.clock)
        with patch.object(SystemClock, "monotonic", lambda _: present + 1000):
            mall.clock.advance(seconds=1000)  # type: ignore[attr-defined]
            await run.upload(SHOP)
            await run.paced(SHOP, 5, 60)
        assert air.intervals.writes == 6
        figure("MQTT interval: 2 writes on adoption, 2 to hurry, 2 to calm down")


@pytest.mark.parametrize("answers", [True, False], ids=["asked", "told to hurry"])
async def test_read_now(hass: HomeAssistant, mall: Mall, tmp_path: Path, answers: bool) -> None:
    """A meter that can be asked is asked; another is told to upload, and waited for."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        air, serial = run.meters[SHOP], run.serial(SHOP)
        await run.paced(SHOP, 5, 60)
        air.answers_reads = answers
        air.meter.set_load(20_000)
        mall.clock.advance(minutes=3)  # type: ignore[attr-defined]  # a ManualClock
        air.meter.set_load(0)
        with patch(LINK, 5.0 if answers else 0.05):
            reading = hass.async_create_task(ask(hass, "read_now", meter=serial))
            if not answers:
                await until(lambda: air.intervals.energy_min == 1)
                air.upload_energy()
            assert (await reading)["meters"][serial]["energy_wh"] == air.meter.true_wh


@pytest.mark.parametrize("lost_digits", [0, 1, 2, 4], ids=lambda lost: f"{3 - lost} digits")
async def test_a_coarse_answer_never_lets_an_upload_run_backwards(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, lost_digits: int
) -> None:
    """The least is taken that it can mean, or, if that is below the last upload, nothing."""
    async with mqtt_site(hass, tmp_path, mall) as run:
        air, serial = run.meters[SHOP], run.serial(SHOP)
        started_at = air.meter.true_wh
        air.lost_digits = lost_digits
        for wh in (3, 17, 9, 6):
            await run.burn(SHOP, wh, watts=3_600)
            tracked = run.reader._meters[serial]
            with suppress(BusError):
                await run.reader._ask(tracked)
            last = run.site.book.meters[serial].last
            assert last is not None
            assert last.wh <= air.meter.true_wh
        assert not open_issues(hass)
        await used_is_charged(run, SHOP, started_at)
