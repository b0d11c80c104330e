"""Decoding: exact whole numbers, or nothing. Never a float, never a 0 for the unknown."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
import math
import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.meters.decode import (
    LARGEST,
    Encoding,
    Unit,
    WordOrder,
    decode_digits,
    decode_number,
    decode_text,
)


def words(value: float, layout: str = ">f") -> tuple[int, ...]:
    """Return a number as registers."""
    raw = struct.pack(layout, value)
    return struct.unpack(f">{len(raw) // 2}H", raw)


def float32(registers: tuple[int, ...], unit: Unit = Unit.KILO_WATT_HOUR) -> int | None:
    """Decode a float32 as the KPM33B writes it."""
    return decode_number(registers, Encoding.FLOAT32, WordOrder.HIGH_FIRST, unit)


@pytest.mark.parametrize(
    ("registers", "wh"),
    [
        (words(0.0), 0),
        (words(-0.0), 0),
        (words(1.0), 1000),
        (words(1234.5), 1_234_500),
        (words(0.0005), 1),  # the nearest float32 is a little more than half a Wh
        (words(0.0625), 62),  # 62.5 Wh: half to even
        (words(0.1875), 188),  # 187.5 Wh: half to even
        (words(16384.001953125), 16_384_002),  # the smallest step at this height: 2 Wh
        (words(99_999_999.0), 100_000_000_000),  # float32 has no 99 999 999
        (words(1e-45), 0),  # the smallest float32
        ((0x42C8, 0x0000), 100_000),  # 100 kWh in the vendor's example of writing credit
    ],
)
def test_energies_become_watt_hours(registers: tuple[int, ...], wh: int) -> None:
    """The exact value of the bits × 1000, rounded half to even."""
    assert float32(registers) == wh


@pytest.mark.parametrize(
    "registers",
    [
        words(math.nan),
        words(math.inf),
        words(-math.inf),
        (0xFFFF, 0xFFFF),
        (0x7FFF, 0xFFFF),
        words(-0.001),
        words(-1e30),
        words(3.4e38),
        words(2e12),
    ],
)
def test_what_an_energy_cannot_be_is_absent(registers: tuple[int, ...]) -> None:
    """NaN, infinity, all ones, negative, absurd: absent."""
    assert float32(registers) is None


@pytest.mark.parametrize(
    ("registers", "unit", "expected"),
    [
        (words(229.097), Unit.VOLT, 229_097),
        (words(9.735), Unit.AMPERE, 9_735),
        (words(-6690.5), Unit.WATT, -6_690_500),
        (words(6.6905), Unit.KILO_WATT, 6_690_500),
        (words(49.959), Unit.HERTZ, 49_959),
        (words(-0.985), Unit.ONE, -985),
        (words(2.5), Unit.PERCENT, 2_500),
        (words(30.0), Unit.MILLI_AMPERE, 30),
        (words(198.5), Unit.CURRENCY, 198_500),
    ],
)
def test_everything_else_becomes_thousandths(
    registers: tuple[int, ...], unit: Unit, expected: int
) -> None:
    """mV, mA, mW, mHz, ‰; may be negative where it is no energy."""
    assert float32(registers, unit) == expected


@pytest.mark.parametrize(
    ("encoding", "registers", "order", "expected"),
    [
        (Encoding.UINT16, (2301,), WordOrder.HIGH_FIRST, 230_100),
        (Encoding.UINT16, (0xFFFF,), WordOrder.HIGH_FIRST, None),
        (Encoding.INT16, (0xFFFF,), WordOrder.HIGH_FIRST, -100),
        (Encoding.INT16, (0x8000,), WordOrder.HIGH_FIRST, None),
        (Encoding.UINT32, (1, 2), WordOrder.HIGH_FIRST, 6_553_800),
        (Encoding.UINT32, (1, 2), WordOrder.LOW_FIRST, 13_107_300),
        (Encoding.UINT32, (0xFFFF, 0xFFFF), WordOrder.LOW_FIRST, None),
        (Encoding.INT32, (0xFFFF, 0xFFFE), WordOrder.HIGH_FIRST, -200),
        (Encoding.INT32, (0x8000, 0), WordOrder.HIGH_FIRST, None),
        (Encoding.FLOAT32, (0x0000, 0x42C8), WordOrder.LOW_FIRST, 10_000),
        (Encoding.UINT64, (0, 0, 1, 2), WordOrder.HIGH_FIRST, 6_553_800),
        (Encoding.UINT64, (2, 1, 0, 0), WordOrder.LOW_FIRST, 6_553_800),
        (Encoding.UINT64, (0xFFFF,) * 4, WordOrder.LOW_FIRST, None),
        (Encoding.INT64, (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE), WordOrder.HIGH_FIRST, -200),
        (Encoding.INT64, (0, 0, 0, 0x8000), WordOrder.LOW_FIRST, None),
    ],
)
def test_encodings(
    encoding: Encoding, registers: tuple[int, ...], order: WordOrder, expected: int | None
) -> None:
    """Tenths of a volt in every encoding; each has its own way to say nothing."""
    assert decode_number(registers, encoding, order, Unit.VOLT, Decimal("0.1")) == expected


@given(
    st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4),
    st.sampled_from(Encoding),
    st.sampled_from(WordOrder),
    st.sampled_from(Unit),
    st.sampled_from([Decimal(1), Decimal("0.1"), Decimal("0.000000152588"), Decimal(1000)]),
)
def test_any_registers_give_a_bounded_whole_number_or_nothing(
    registers: list[int], encoding: Encoding, order: WordOrder, unit: Unit, scale: Decimal
) -> None:
    """Whatever 16-bit soup arrives: a bounded `int`, or None."""
    number = decode_number(registers[: encoding.registers], encoding, order, unit, scale)
    if number is not None:
        assert type(number) is int
        assert abs(number) <= LARGEST
        assert number >= 0 or not unit.is_energy


@given(st.floats(0, 2.0**36, width=32))
def test_floats_agree_with_exact_decimal_arithmetic(value: float) -> None:
    """An independent way to the same Wh: the float's exact decimal value, × 1000, half to even."""
    with localcontext(prec=400):
        wh = (Decimal(value) * 1000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    assert float32(words(value)) == int(wh)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"33B1225950027\x00", "33B1225950027"),
        (b"33B1225950027\xff", "33B1225950027"),
        (b"33B12        \x00", "33B12"),
        (b"\x00" * 14, None),
        (b"\xff" * 14, None),
        (b" " * 14, None),
        (b"33B1 25950027\x00", None),
        (b"33B\x00225950027\x00", None),
        (b"33\xe9", None),
    ],
)
def test_texts_are_printable_ascii_or_nothing(raw: bytes, text: str | None) -> None:
    """Padding goes; what is not plain text is no serial number."""
    raw = raw.ljust(14, b"\x00")
    assert decode_text(struct.unpack(">7H", raw), 13) == text


@given(st.lists(st.integers(0, 0xFFFF), max_size=7))
def test_any_registers_give_a_text_or_nothing(registers: list[int]) -> None:
    """No register content is an error."""
    text = decode_text(registers, 13)
    assert text is None or (text.isascii() and text.isprintable() and " " not in text)


@pytest.mark.parametrize(
    ("registers", "digits"),
    [
        ((0x2024, 0x0903, 0x0017), "202409030017"),
        ((0x0000, 0x0000, 0x0017), "000000000017"),
        ((0x0000, 0x0000, 0x0000), None),
        ((0xFFFF, 0xFFFF, 0xFFFF), None),
        ((0x2024, 0x090A, 0x0017), None),
        ((), None),
    ],
)
def test_digits_are_all_digits_or_nothing(registers: tuple[int, ...], digits: str | None) -> None:
    """Zeros in front belong to the number; a nibble that is no digit makes it none."""
    assert decode_digits(registers) == digits
