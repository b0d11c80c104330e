"""Numbers, states and times of DL/T 645: the published ones, and what is none."""

from datetime import datetime, timedelta, timezone

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.meters.decode import Unit
from custom_components.compere_prepaid.core.meters.dlt645_numbers import (
    NumberForm,
    RunStatus,
    Store,
    decode_digits,
    encode_digits,
    encode_time,
)
from simulator.dlt645 import bcd
from tests.core.bus.dlt645_frames import PUBLISHED

FORMS = st.builds(
    lambda half, decimals, is_signed: NumberForm(
        digits=2 * half, decimals=min(decimals, 2 * half - 1), is_signed=is_signed
    ),
    st.integers(1, 5),
    st.integers(0, 3),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("frame", "form", "unit", "number"),
    [
        (3, "XXXXXX.XX", Unit.KILO_WATT_HOUR, 260),
        (4, "XXX.X", Unit.VOLT, 100_100),
        (5, "XXX.XXX", Unit.AMPERE, 4_999),
        (6, "XX.XXXX", Unit.KILO_WATT, 251_200),
        (7, "XX.XXXX", Unit.KILO_VAR, 433_100),
        (8, "XX.XXXX", Unit.KILO_VOLT_AMPERE, 500_600),
        (9, "X.XXX", Unit.ONE, 501),
        (16, "XXXXXX.XX", Unit.CURRENCY, 198_560),
        (19, "XXXXXX.XX", Unit.KILO_WATT_HOUR, 7_502_640),
        (21, "XXXXXX.XX", Unit.KILO_WATT_HOUR, 1_860),
        (22, "XXX.X", Unit.VOLT, 221_600),
        (23, "XXXXXX.XX", Unit.KILO_WATT_HOUR, 21_810),
        (26, "XXXXXX.XX", Unit.KILO_WATT_HOUR, 6_780),
        (27, "XXX.X", Unit.VOLT, 228_900),
        (28, "XXXXXX.XX", Unit.KILO_WATT_HOUR, 460),
    ],
)
def test_published_numbers_are_what_was_published(
    frame: int, form: str, unit: Unit, number: int
) -> None:
    """Energies in Wh, everything else in thousandths, to the last digit."""
    data = bytes.fromhex(PUBLISHED[frame].data)[4:]
    assert NumberForm.parse(form, is_signed=True).decode(data, unit) == number


def test_published_blocks_are_what_was_published() -> None:
    """1.29 kWh, of which 0.62, 0.60, 0.03, 0.02 by tariff; 225.6 V and two absent phases."""
    energy, volts = NumberForm.parse("XXXXXX.XX"), NumberForm.parse("XXX.X")
    energies = bytes.fromhex(PUBLISHED[11].data)[4:]
    assert [
        energy.decode(energies[start : start + 4], Unit.KILO_WATT_HOUR) for start in range(0, 20, 4)
    ] == [1290, 620, 600, 30, 20]
    voltages = bytes.fromhex(PUBLISHED[12].data)[4:]
    assert [volts.decode(voltages[start : start + 2], Unit.VOLT) for start in range(0, 6, 2)] == [
        225_600,
        None,
        None,
    ]


@given(FORMS, st.data())
def test_every_number_is_exact_and_comes_back(form: NumberForm, data: st.DataObject) -> None:
    """In whole thousandths, also with a sign in the top bit."""
    largest = 10**form.digits - 1
    if form.is_signed:
        largest = 8 * 10 ** (form.digits - 1) - 1
    number = data.draw(st.integers(-largest if form.is_signed else 0, largest))
    raw = bcd(number, form.size)
    told = form.decode(raw, Unit.VOLT)
    if set(raw) == {0xFF}:
        assert told is None
    else:
        assert told == number * 10 ** (3 - form.decimals)


@given(FORMS, st.binary(max_size=6))
def test_any_bytes_are_a_number_or_absent(form: NumberForm, raw: bytes) -> None:
    """No digits, too few or too many bytes, all ones: unknown, and never 0."""
    told = form.decode(raw, Unit.VOLT)
    if told is None:
        unsigned = raw[:-1] + bytes((raw[-1] & 0x7F,)) if raw and form.is_signed else raw
        wrong = len(raw) != form.size or set(raw) == {0xFF}
        assert wrong or not unsigned.hex().isdecimal()
    else:
        assert bcd(told // 10 ** (3 - form.decimals), form.size) == raw or told == 0


@pytest.mark.parametrize("form", ["", "XXX", "XX.X", ".XX", "XX.", "XX,XX", "xx", "X" * 12])
def test_other_forms_are_refused(form: str) -> None:
    """An odd number of digits fills no bytes."""
    with pytest.raises(ValueError, match="must be like"):
        NumberForm.parse(form)


def test_no_decimal_is_lost() -> None:
    """A form with more decimals than are kept of a unit is no form for it."""
    with pytest.raises(ValueError, match="more decimals"):
        NumberForm.parse("XX.XXXX").factor(Unit.VOLT)
    assert NumberForm.parse("XX.XXXX").factor(Unit.KILO_WATT) == 100


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (0x0000, RunStatus(relay_closed=True, alarm=False, store=Store.NOTHING)),
        (0x0010, RunStatus(relay_closed=False, alarm=False, store=Store.NOTHING)),
        (0x0080, RunStatus(relay_closed=True, alarm=True, store=Store.NOTHING)),
        (0x0100, RunStatus(relay_closed=True, alarm=False, store=Store.ENERGY)),
        (0x0210, RunStatus(relay_closed=False, alarm=False, store=Store.MONEY)),
        (0x0300, RunStatus(relay_closed=True, alarm=False, store=Store.NOTHING)),
        (0xFE6F & ~0x0100, RunStatus(relay_closed=True, alarm=False, store=Store.MONEY)),
    ],
)
def test_the_run_status_tells_relay_and_store(word: int, status: RunStatus) -> None:
    """Bit 4: an open relay, 7: an alarm, 8 and 9: what is sold; the others mean other things."""
    assert RunStatus.decode(word.to_bytes(2, "little")) == status


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\x00\x00\x00", b"\xff\xff"])
def test_what_is_no_run_status_tells_nothing(raw: bytes) -> None:
    """A relay whose state is not told is neither closed nor open."""
    assert RunStatus.decode(raw) is None


def test_digits_go_low_byte_first() -> None:
    """Addresses and numbers keep their zeros; nothing but zeros is no number."""
    assert encode_digits("201000000012") == bytes.fromhex("12 00 00 00 10 20")
    assert decode_digits(bytes.fromhex("12 00 00 00 10 20")) == "201000000012"
    assert decode_digits(bytes.fromhex("05 85 81 16 00 00")) == "000016818505"
    assert decode_digits(bytes(6)) is None
    assert decode_digits(b"\xff" * 6) is None
    assert decode_digits(b"") is None


def test_a_time_is_as_published() -> None:
    """Seconds first, in the zone that the moment is in."""
    shanghai = timezone(timedelta(hours=8))
    moment = datetime(2018, 5, 12, 15, 41, 24, tzinfo=shanghai)
    assert encode_time(moment) == bytes.fromhex(PUBLISHED[25].data)[10:]
