"""The template: copied, filled in and run, as docs/meters.md says."""

from pathlib import Path

import pytest

from custom_components.compere_prepaid.core.bus.requests import (
    Function,
    NoAnswerError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.modbus_meter import (
    ModbusMeter,
    OtherModelError,
    SerialUnreadableError,
)
from custom_components.compere_prepaid.core.meters.modbus_profile import ModbusProfile
from tests.core.bus.played_line import Answer, PlayedLine, running_bus
from tests.core.bus.virtual_time import VirtualClock, run
from tests.core.meters.shipped import SHIPPED

TEMPLATE = SHIPPED.parent / "template" / "modbus_meter.yaml"
SERIAL = MeterSerial("202409030017")


def filled_in(folder: Path, *changes: tuple[str, str]) -> ModbusProfile:
    """Copy the template under another name, and fill it in."""
    text = TEMPLATE.read_text("utf-8")
    named = (("name: modbus_meter", "name: corner_shop"), ("title: My meter", "title: Corner shop"))
    for before, after in (*named, *changes):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    (folder / "corner_shop.yaml").write_text(text, "utf-8")
    found = load_catalogue([SHIPPED, folder])
    assert found.refused == ()
    profile = found.get("corner_shop")
    assert isinstance(profile, ModbusProfile)
    return profile


class CornerShopMeter:
    """Plays the meter that the template describes."""

    def __init__(self) -> None:
        """Count 1234.56 kWh, and obey nobody yet."""
        self.registers = {
            0x0001: 0xE240,  # 123456 hundredths, with the 1 above
            0x0000: 0x0001,
            0x0002: 0xFFFF,  # -123.4 W
            0x0003: 0xFB2E,
            0x0004: 2301,
            0x0005: 1234,
            0x0020: 0xFF01,
            0x0100: 0x2024,
            0x0101: 0x0903,
            0x0102: 0x0017,
            0x0110: 0x1352,
        }
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        """Answer; the relay obeys under remote control alone."""
        self.asked.append(request)
        asked = range(request.address, request.address + request.count)
        if not request.is_write:
            return tuple(self.registers.get(address, 0) for address in asked)
        self.registers |= dict(zip(asked, request.values, strict=True))
        if request.address == 0x21 and self.registers.get(0x22) == 1:
            self.registers[0x20] = 0xFF01 if request.values == (1,) else 0xFF00
        return request.values


def test_the_template_is_not_offered() -> None:
    """Nobody has such a meter."""
    assert "modbus_meter" not in load_catalogue([SHIPPED]).names


def test_a_meter_is_read_named_and_switched_by_a_filled_in_template(tmp_path: Path) -> None:
    """All that the template shows is used: digits, masks, settings that the relay needs."""
    profile = filled_in(tmp_path)
    played = CornerShopMeter()

    async def story() -> None:
        async with running_bus(PlayedLine({7: played})) as bus:
            meter = ModbusMeter(profile, 7, SERIAL, bus, VirtualClock())
            assert await meter.identify(RequestClass.DISCOVERY) == SERIAL
            reading = await meter.read(RequestClass.ROUTINE, detail=True)
            assert reading.values == {
                Quantity.ENERGY_IMPORT: 1_234_560,
                Quantity.POWER: -123_400,
                Quantity.VOLTAGE_A: 230_100,
                Quantity.CURRENT_A: 12_340,
            }
            assert reading.relay_closed is True
            await meter.write_relay(False, RequestClass.RELAY)
            assert await meter.read_relay(RequestClass.RELAY) is True
            (mode,) = await meter.unset_modes(RequestClass.DISCOVERY)
            assert mode.meaning == "remote control"
            await meter.set_mode(mode, RequestClass.DISCOVERY)
            assert await meter.unset_modes(RequestClass.DISCOVERY) == ()
            await meter.write_relay(False, RequestClass.RELAY)
            assert await meter.read_relay(RequestClass.RELAY) is False
            played.registers[0x0100] = 0x20AF
            with pytest.raises(SerialUnreadableError):
                await meter.identify(RequestClass.DISCOVERY)

    run(story())
    writes = [(one.function, one.address, one.values) for one in played.asked if one.is_write]
    assert writes == [
        (Function.WRITE_REGISTER, 0x21, (2,)),
        (Function.WRITE_REGISTERS, 0x22, (1,)),
        (Function.WRITE_REGISTER, 0x21, (2,)),
    ]


@pytest.mark.parametrize(
    ("address", "values"),
    [(0x30, (1,)), (0x31, (1,)), (0x2F, (0, 0)), (0x2E, (0, 0, 0, 0, 0))],
)
def test_what_must_never_be_written_does_not_leave(
    tmp_path: Path, address: int, values: tuple[int, ...]
) -> None:
    """Not even as a part of something else; the meter hears nothing of it."""
    played = CornerShopMeter()
    profile = filled_in(tmp_path)

    async def story() -> None:
        async with running_bus(PlayedLine({7: played})) as bus:
            meter = ModbusMeter(profile, 7, SERIAL, bus, VirtualClock())
            with pytest.raises(InvalidInputError) as caught:
                await meter.write_registers(address, values, RequestClass.DISCOVERY)
            assert caught.value.key == "register_protected"
            assert caught.value.placeholders == {
                "register": f"0x{address:04X}",
                "model": "Its type",
                "reason": "address and speed of the meter",
            }
            assert played.asked == []
            await meter.write_registers(0x32, (5,), RequestClass.DISCOVERY)
            await meter.write_registers(0x2F, (5,), RequestClass.DISCOVERY)

    run(story())
    assert len(played.asked) == 2


def test_a_fingerprint_is_compared(tmp_path: Path) -> None:
    """Another model at the address is told from a silent meter, and from this one."""
    mark = "{function: read_holding, address: 0x0110, value: 0x1352, meaning: model code}"
    profile = filled_in(
        tmp_path, ("# fingerprint:", "fingerprint:"), (f"#   - {mark}", f"  - {mark}")
    )
    played = CornerShopMeter()

    async def story() -> None:
        async with running_bus(PlayedLine({7: played})) as bus:
            meter = ModbusMeter(profile, 7, SERIAL, bus, VirtualClock())
            assert await meter.identify(RequestClass.DISCOVERY) == SERIAL
            played.registers[0x0110] = 0x1353
            with pytest.raises(OtherModelError) as caught:
                await meter.identify(RequestClass.DISCOVERY)
            assert caught.value.placeholders == {
                "address": "7", "model": "Its type", "meaning": "model code",
            }  # fmt: skip

    run(story())


def test_a_mute_meter_is_seen_to_answer(tmp_path: Path) -> None:
    """It keeps the number that it was given; nothing at all at the address is no meter."""
    start = "identity: {function: read_holding, address: 0x0100, count: 3, coding: bcd, "
    profile = filled_in(tmp_path, (f"{start}verified: vendor}}", "identity: none"))
    assert not profile.tells_serial
    assert "identity" in profile.unverified()
    played = CornerShopMeter()

    async def story() -> None:
        async with running_bus(PlayedLine({7: played})) as bus:
            meter = ModbusMeter(profile, 7, SERIAL, bus, VirtualClock())
            assert await meter.identify(RequestClass.DISCOVERY) == SERIAL
            assert [request.address for request in played.asked] == [0]
            silent = ModbusMeter(profile, 8, SERIAL, bus, VirtualClock())
            with pytest.raises(NoAnswerError):
                await silent.identify(RequestClass.DISCOVERY)

    run(story())
