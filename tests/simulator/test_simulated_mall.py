"""The mall as a whole: what it keeps, how it describes itself, how it is controlled."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from custom_components.compere_prepaid.core.site_file import parse_site_file
from simulator.clock import ManualClock, RunningClock, moment_of
from simulator.commands import CommandError, run_command
from simulator.control import main as control
from simulator.control_server import control_server
from simulator.faults import Fault, FaultKind
from simulator.main_meter import MainMeter
from simulator.mall import Mall
from simulator.meter import DEFAULT_MODEL, SimulatedMeter
from simulator.models import circuits_of
from simulator.plan_file import read_plan
from simulator.registers import float_words
from simulator.site_file import (
    OFF,
    TRIPS_SOON,
    WARNED,
    WARNS_SOON,
    tariff_of,
    write_site,
)
from simulator.state_file import State, write_state
from simulator.tenants import mall_plan, one_line_plan
from tests.simulator.clients import TOTAL, Connect


async def test_every_line_of_the_mall_answers(build: Callable[..., Mall], connect: Connect) -> None:
    """Two transparent gateways, a Modbus TCP gateway and a serial port serve 33 meters."""
    async with build(mall_plan(pace=False)) as mall:
        transports = [line.plan.transport for line in mall.lines.values()]
        assert sorted(transports) == ["modbus_tcp", "rtu_tcp", "rtu_tcp", "serial"]
        for name, line in mall.lines.items():
            async with connect(mall, name) as ask:
                for meter in line.meters:
                    if meter.plan.model == DEFAULT_MODEL:
                        assert await ask(meter.address, TOTAL)


def test_all_flows_through_the_main_meter(
    build: Callable[..., Mall], clock: ManualClock, figure: Callable[[str], None]
) -> None:
    """It counts what all others count, what gets lost, and what flows past them."""
    mall = build(mall_plan(pace=False))
    main = mall.meter("M-0 Main")
    assert isinstance(main, MainMeter)
    others = [meter for meter in mall.meters if meter is not main]
    clock.advance(hours=30)
    through = sum(meter.delivered_wh for meter in others)
    assert main.delivered_wh == pytest.approx(through * Fraction(1018, 1000), abs=1)
    assert main.power_w == sum(meter.power_w for meter in others) * 1018 // 1000
    figure(f"main meter: {main.delivered_wh:.0f} Wh in 30 h, those behind it {through:.0f} Wh")
    mall.meter("A-101").command_relay(closed=False)
    main.set_bypass(2000)
    clock.advance(hours=1)
    behind = sum(meter.delivered_wh for meter in others)
    assert main.delivered_wh == pytest.approx(behind * Fraction(1018, 1000) + 2000, abs=1)


@pytest.mark.usefixtures("socket_enabled")
async def test_meters_go_on_where_they_stopped(
    build: Callable[..., Mall], clock: ManualClock, tmp_path: Path
) -> None:
    """Registers, relay, credit and a replaced meter survive a restart exactly."""
    state = tmp_path / "deep" / "state.json"
    async with build(state_file=state) as mall:
        first, second = mall.meter("A-101"), mall.meter("A-102")
        first.set_load(1234)
        clock.advance(minutes=7)
        first.command_relay(closed=False)
        first.write_registers(0x0E, list(float_words(12.5)))
        second.replace("33B0025957777", wh=5)
        second.write_registers(0x1B, [0xAADD, 0])
    kept = first.energy.total
    again = build(state_file=state)
    first, second = again.meter("A-101"), again.meter("A-102")
    assert first.energy.total == kept
    assert not first.relay_closed
    assert first.settings.credit == 12_500 * 3_600_000_000
    assert second.serial == "33B0025957777"
    assert not second.relay_closed
    assert again.snapshot() == mall.snapshot()


def test_a_killed_mall_goes_on_from_above(build: Callable[..., Mall], tmp_path: Path) -> None:
    """What was read after the last save is never more than the register after a restart."""
    state = tmp_path / "state.json"
    mall = build()
    first, second = mall.meter("A-101"), mall.meter("A-102")
    second.command_relay(closed=False)
    write_state(state, State(meters=mall.snapshot(), clean=False))
    again = build(state_file=state)
    assert again.meter("A-101").true_wh == first.true_wh + 22_000 * 4 // 3600
    assert again.meter("A-102").true_wh == second.true_wh


def test_a_state_file_of_another_version_is_refused(
    build: Callable[..., Mall], tmp_path: Path
) -> None:
    """A file that cannot be understood is named, not ignored."""
    state = tmp_path / "state.json"
    state.write_text('{"version": 99}')
    with pytest.raises(ValueError, match=r"state\.json was written by another version"):
        build(state_file=state)


@pytest.mark.usefixtures("socket_enabled")
async def test_the_site_file_describes_the_mall(build: Callable[..., Mall]) -> None:
    """The YAML loads, names every meter where it is, and the balances make things happen."""
    async with build(mall_plan(pace=False)) as mall:
        noon = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
        site: dict[str, Any] = yaml.safe_load(write_site(mall, at=noon))
        assert site["site"]["currency"] == "CNY"
        buses = {bus["name"]: bus for bus in site["buses"]}
        assert buses["East riser"]["port"] == mall.port("East riser")
        assert buses["Roof kiosks"]["device"] == str(mall.device("Roof kiosks"))
        written = [
            (serial, m["bus"], m["address"])
            for m in site["meters"]
            for serial in circuits_of(m["serial"], m["profile"])
        ]
        assert written == [
            (meter.serial, line.name, meter.address)
            for line in mall.lines.values()
            for meter in line.meters
        ]
        balances = {a["number"]: Decimal(str(a["opening_balance"])) for a in site["accounts"]}
        assert len(balances) == 24
        assert balances[OFF] == 0
        assert 0 < balances[WARNED] < 50
        assert 50 < balances[WARNS_SOON] < 51
        assert Decimal("0.1") < balances[TRIPS_SOON] < 2
        others = set(balances) - {OFF, WARNED, WARNS_SOON, TRIPS_SOON}
        assert min(balances[number] for number in others) > 100
        assert site["feeders"][0]["main"] == [mall.meter("M-0 Main").serial]


@pytest.mark.parametrize("speed", [1, 30])
@pytest.mark.usefixtures("socket_enabled")
async def test_the_balances_last_as_long_as_they_should(speed: int) -> None:
    """The shop that runs out is above 0 after two minutes and at 0 after three, at any speed."""
    start = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    clock = ManualClock(start, speed=speed)
    async with Mall.build(mall_plan(pace=False), clock=clock) as mall:
        site = yaml.safe_load(write_site(mall, at=start))
        account = next(a for a in site["accounts"] if a["number"] == TRIPS_SOON)
        meter = mall.meter(TRIPS_SOON)
        before = meter.true_wh

        def left() -> Decimal:
            price = tariff_of(meter).price_at(start.astimezone(mall.time_zone))
            return (
                Decimal(str(account["opening_balance"])) - price * (meter.true_wh - before) / 1000
            )

        clock.advance(seconds=120 * speed)
        assert left() > 0
        clock.advance(seconds=60 * speed)
        assert left() <= 0


@pytest.mark.usefixtures("socket_enabled")
async def test_breakers_are_scaled_with_the_speed() -> None:
    """Faster time lets energy grow faster than any wiring: the site file says so and why."""
    async with Mall.build(one_line_plan(2, pace=False), speed=30) as mall:
        text = write_site(mall)
        breakers = [meter["breaker"] for meter in yaml.safe_load(text)["meters"]]
        assert breakers == [40 * 30, 20 * 30]
        assert "30 times as fast" in text


async def test_too_fast_a_mall_is_not_described(build: Callable[..., Mall]) -> None:
    """No breaker is large enough for a thousandfold speed, so no site file is written."""
    mall = build(clock=ManualClock(datetime(2026, 3, 2, tzinfo=UTC), speed=1000))
    with pytest.raises(ValueError, match="at most 100 times"):
        write_site(mall)


@pytest.mark.usefixtures("socket_enabled")
async def test_the_product_reads_the_site_file(build: Callable[..., Mall]) -> None:
    """The integration's own reader finds no fault in it, with all meters, accounts and pools."""
    async with build(mall_plan(pace=False)) as mall:
        site = parse_site_file(write_site(mall), file="site.yaml")
        assert (len(site.meters), len(site.accounts), len(site.buses)) == (30, 24, 4)
        assert (len(site.feeders), len(site.pools)) == (1, 5)


async def test_a_site_file_can_be_simulated(
    build: Callable[..., Mall], connect: Connect, tmp_path: Path
) -> None:
    """The mall that its own site file describes has the same meters at the same addresses."""
    async with build(mall_plan(pace=False), serial_folder=tmp_path) as mall:
        text, meters = write_site(mall), [(m.serial, m.address) for m in mall.meters]
    path = tmp_path / "site.yaml"
    path.write_text(text)
    async with build(read_plan(path, pace=False)) as again:
        assert [(m.serial, m.address) for m in again.meters] == meters
        assert again.plan.tenants == mall.plan.tenants
        assert again.device("Roof kiosks") == tmp_path / "roof-kiosks"
        async with connect(again, "Roof kiosks") as ask:
            assert await ask(1, TOTAL)


def test_a_broken_site_file_is_named(tmp_path: Path) -> None:
    """What cannot be simulated is refused with the file's name."""
    path = tmp_path / "site.yaml"
    path.write_text("buses: [{name: East}]\nmeters: []\n")
    with pytest.raises(ValueError, match=r"site\.yaml is no site file"):
        read_plan(path)


@pytest.mark.usefixtures("socket_enabled")
async def test_commands_do_what_they_say(build: Callable[..., Mall]) -> None:
    """Faults, loads, registers, replacement and gateways, by name."""
    async with build() as mall:
        meter = mall.meter("A-101")
        await run_command(mall, {"command": "bad-crc", "target": "A-101", "times": 2})
        assert meter.faults.names() == ["bad_crc"]
        await run_command(mall, {"command": "heal", "target": meter.serial})
        assert meter.faults.names() == []
        await run_command(mall, {"command": "load", "target": "A-101", "value": "4200"})
        assert meter.power_w == 4200
        await run_command(mall, {"command": "load", "target": "A-101", "value": "auto"})
        assert meter.power_w == meter.load.watts_at(meter.at_us)
        await run_command(mall, {"command": "voltage", "target": "A-101", "value": "0,220,240"})
        assert meter.volts == (0, 220, 240)
        await run_command(mall, {"command": "voltage", "target": "A-101", "value": "250"})
        assert meter.volts == (250, 250, 250)
        await run_command(mall, {"command": "voltage", "target": "A-101", "value": "auto"})
        assert meter.volts == (220, 220, 220)
        await run_command(mall, {"command": "bypass", "target": "A-101", "value": "900"})
        meter.command_relay(closed=False)
        assert (meter.relay_closed, meter.power_w) == (False, 900)
        await run_command(mall, {"command": "energy", "target": "A-101", "value": "77"})
        assert meter.true_wh == 77
        swap = {"command": "replace", "target": "A-101", "value": "33B0025958888", "wh": 3}
        await run_command(mall, swap)
        assert (meter.serial, meter.true_wh) == ("33B0025958888", 3)
        await run_command(mall, {"command": "silent", "target": "East riser"})
        assert mall.lines["East riser"].faults.has(FaultKind.SILENT)
        await run_command(mall, {"command": "unplug", "target": "East riser"})
        await run_command(mall, {"command": "plug-in", "target": "East riser"})


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"command": "silent", "target": "nobody"},
        {"command": "unplug", "target": "A-101"},
        {"command": "dance", "target": "A-101"},
        {"command": "load", "target": "East riser", "value": "1"},
        {"command": "load", "target": "A-101", "value": "-1"},
        {"command": "load", "target": "A-101", "value": "much"},
        {"command": "energy", "target": "A-101", "value": "-1"},
        {"command": "voltage", "target": "A-101", "value": "220,220"},
        {"command": "voltage", "target": "A-101", "value": "-1"},
        {"command": "bypass", "target": "A-101", "value": "-1"},
        {"command": "replace", "target": "A-101", "value": "short"},
        {"command": "slow", "target": "A-101", "seconds": -1},
        {"command": "exception", "target": "A-101", "code": 0},
        {"command": "silent", "target": "A-101", "times": 0},
        {"command": "silent", "target": "A-101", "share": 2},
        {"command": "stuck", "target": "East riser"},
    ],
)
async def test_commands_without_sense_change_nothing(
    build: Callable[..., Mall], command: dict[str, Any]
) -> None:
    """A command that makes no sense is refused with a reason."""
    mall = build()
    before = mall.snapshot()
    with pytest.raises(CommandError, match=r"\w"):
        await run_command(mall, command)
    assert mall.snapshot() == before
    assert not any(meter.faults.names() for meter in mall.meters)


async def test_the_control_channel(mall: Mall) -> None:
    """Status by GET, commands by POST of JSON; a plain form gets nothing."""
    async with control_server(mall, 0) as port, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        async with session.get(f"{url}/mall") as answer:
            status = await answer.json()
            assert [m["name"] for m in status["lines"][0]["meters"]] == ["A-101", "A-102", "A-103"]
        command = {"command": "stuck", "target": "A-102"}
        async with session.post(f"{url}/commands", json=command) as answer:
            assert await answer.json() == {"done": "A-102 is stuck"}
        async with session.post(f"{url}/commands", json={"command": "x"}) as answer:
            assert answer.status == 400
        async with session.post(f"{url}/commands", json=[]) as answer:
            assert answer.status == 400
        async with session.post(f"{url}/commands", data=b"command=heal&target=A-102") as answer:
            assert answer.status == 415
        assert mall.meter("A-102").faults.has(FaultKind.STUCK)


def test_control_without_a_mall_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line explains that nobody answers."""

    def refuse(*_: object) -> None:
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(HTTPConnection, "request", refuse)
    assert control(["silent", "A-101"]) == 1
    assert "is it running?" in capsys.readouterr().err


def test_a_running_clock_runs_at_its_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousandth of a second at speed 60 is sixty of them."""
    now_ns = 5_000_000_000
    monkeypatch.setattr("time.monotonic_ns", lambda: now_ns)
    clock = RunningClock(datetime(2026, 3, 2, tzinfo=UTC), speed=60)
    now_ns += 1_000_000
    assert moment_of(clock.now_us()) == datetime(2026, 3, 2, 0, 0, 0, 60_000, tzinfo=UTC)
    with pytest.raises(ValueError, match="above 0"):
        RunningClock(datetime(2026, 3, 2, tzinfo=UTC), speed=0)


def test_a_healed_line_keeps_its_meters_faults(build: Callable[..., Mall]) -> None:
    """Healing a line does not heal what is wrong with one meter."""
    mall = build()
    meter: SimulatedMeter = mall.meter("A-101")
    meter.fail(Fault(kind=FaultKind.SILENT))
    mall.lines["East riser"].heal()
    assert meter.faults.has(FaultKind.SILENT)
