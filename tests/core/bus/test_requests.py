"""Requests: what a frame can carry, how long it is, which answer can be its own."""

import pytest

from custom_components.compere_prepaid.core.bus.requests import Function, Request
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport


@pytest.mark.parametrize(
    ("request_", "characters"),
    [
        (Request(unit=1, function=Function.READ_HOLDING, address=0, count=20), 8 + 45),
        (Request(unit=1, function=Function.READ_INPUT, address=0, count=1), 8 + 7),
        (Request(unit=1, function=Function.READ_COILS, address=1), 8 + 6),
        (Request(unit=1, function=Function.READ_DISCRETE, address=0, count=9), 8 + 7),
        (Request(unit=1, function=Function.WRITE_COIL, address=1, values=(1,)), 8 + 8),
        (Request(unit=1, function=Function.WRITE_REGISTER, address=1, values=(9,)), 8 + 8),
        (
            Request(unit=1, function=Function.WRITE_REGISTERS, address=14, count=2, values=(0, 0)),
            13 + 8,
        ),
    ],
)
def test_frames_are_as_long_as_the_standard_says(request_: Request, characters: int) -> None:
    """Question and answer together, in bytes on a serial line."""
    assert request_.characters == characters


@pytest.mark.parametrize(
    "arguments",
    [
        {"unit": 0},
        {"unit": 248},
        {"address": -1},
        {"address": 0x10000},
        {"address": 0xFFFF, "count": 2},
        {"count": 0},
        {"count": 126},
        {"values": (1,)},
        {"function": Function.WRITE_COIL},
        {"function": Function.WRITE_COIL, "values": (2,)},
        {"function": Function.WRITE_COIL, "count": 2, "values": (1, 1)},
        {"function": Function.WRITE_REGISTER, "values": (0x10000,)},
        {"function": Function.WRITE_REGISTERS, "count": 124, "values": (0,) * 124},
    ],
)
def test_what_no_frame_can_carry_is_refused(arguments: dict[str, object]) -> None:
    """A mistake in the program never gets as far as the line."""
    complete = {"unit": 1, "function": Function.READ_HOLDING, "address": 0, **arguments}
    with pytest.raises(ValueError, match="no frame can carry"):
        Request(**complete)  # type: ignore[arg-type]  # wrong on purpose


def test_an_answer_must_fit_its_request() -> None:
    """Number and range of the values must be right; a write must be echoed."""
    read = Request(unit=1, function=Function.READ_HOLDING, address=0, count=2)
    assert read.is_answered_by((0, 0xFFFF))
    assert not read.is_answered_by((0,))
    assert not read.is_answered_by((0, 0x10000))
    coil = Request(unit=1, function=Function.READ_COILS, address=0)
    assert coil.is_answered_by((1,))
    assert not coil.is_answered_by((2,))
    write = Request(unit=1, function=Function.WRITE_COIL, address=1, values=(1,))
    assert write.is_answered_by((1,))
    assert not write.is_answered_by((0,))


@pytest.mark.parametrize(
    ("parity", "stopbits", "baudrate", "bits"),
    [("E", 1, 9600, 11), ("O", 1, 9600, 11), ("N", 2, 9600, 11), ("N", 1, 19200, 10)],
)
def test_characters_take_their_bits(parity: str, stopbits: int, baudrate: int, bits: int) -> None:
    """A character is start bit, data, parity and stop bits."""
    settings = LineSettings(
        transport=Transport.SERIAL, device="/dev/x", baudrate=baudrate, parity=parity,
        stopbits=stopbits,
    )  # fmt: skip
    assert settings.character_s == pytest.approx(bits / baudrate)
    assert settings.silence_s == pytest.approx(max(3.5 * bits / baudrate, 0.00175))


def test_endpoints_name_the_line() -> None:
    """A port or a host with its port."""
    assert LineSettings(transport=Transport.SERIAL, device="/dev/x").endpoint == "/dev/x"
    line = LineSettings(transport=Transport.MODBUS_TCP, host="10.0.0.7", port=502)
    assert line.endpoint == "10.0.0.7:502"
    fast = LineSettings(transport=Transport.RTU_TCP, host="h", port=1, baudrate=115200)
    assert fast.silence_s == pytest.approx(0.00175)
