"""Single messages: exact numbers, whatever the case of the keys; rubbish is told as such."""

from contextlib import suppress
from decimal import Decimal
import json
from pathlib import Path

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.compere_mqtt.commands import (
    read_float,
    set_clock,
    set_energy_pace,
    switch_relay,
)
from custom_components.compere_prepaid.core.meters.compere_mqtt.messages import (
    Topic,
    UnreadableMessageError,
    model_of,
    parse_message,
)
from custom_components.compere_prepaid.core.meters.compere_mqtt.profile import (
    CompereMqttProfile,
    contradicts_itself,
)
from tests.core.meters.captured_mqtt import ENERGY_OF_FIRST, ENERGY_OF_THIRD, FIRST, LIVE
from tests.core.meters.shipped import SHIPPED

PROFILES = [
    profile
    for profile in load_catalogue([SHIPPED]).profiles.values()
    if isinstance(profile, CompereMqttProfile)
]
KPM33B = next(profile for profile in PROFILES if profile.model == "KPM33B")


def energy_message(**fields: object) -> bytes:
    """Return an energy record with these fields."""
    return json.dumps({"id": FIRST, **fields}).encode()


def test_captured_live_values() -> None:
    """KW become mW and volts mV, exactly; reactive power may be below 0."""
    record = parse_message("MQTT_RT_DATA", LIVE)
    values = KPM33B.values_in(record)
    assert record.meter == FIRST
    assert values[Quantity.POWER] == 6_690_500
    assert values[Quantity.VOLTAGE_A] == 229_097
    assert values[Quantity.CURRENT_A] == 9_735
    assert values[Quantity.REACTIVE_POWER] == -493_000
    assert values[Quantity.FREQUENCY] == 49_959
    assert Quantity.ENERGY_IMPORT not in values


def test_captured_energies() -> None:
    """KWh become Wh, exactly; the five rates add up to the total."""
    record = parse_message("MQTT_ENY_NOW", ENERGY_OF_FIRST)
    values = KPM33B.values_in(record)
    assert values[Quantity.ENERGY_IMPORT] == 56_331
    assert values[Quantity.ENERGY_T2] == 12_547
    assert not contradicts_itself(record)
    upper = parse_message("MQTT_ENY_NOW", ENERGY_OF_FIRST.upper().replace(b"E+", b"e+"))
    assert KPM33B.values_in(upper) == values
    third = parse_message("MQTT_ENY_NOW", ENERGY_OF_THIRD)
    assert third.stamped is not None
    assert third.stamped.year == 2005
    assert not contradicts_itself(third)


@pytest.mark.parametrize(
    ("rates", "contradicts"),
    [
        ((1, 2, 3, 4), False),
        ((1, 2, 3, "4.003"), False),
        ((1, 2, 3, "4.004"), True),
        ((1, 2, 3, "3.9"), True),
        ((0, 0, 0, 0), False),
    ],
)
def test_rates_must_add_up(rates: tuple[object, ...], contradicts: bool) -> None:
    """Within what the last digits may miss; a model without rates contradicts nothing."""
    tags = dict(zip(("zyjsz", "zyfsz", "zypsz", "zyvsz"), rates, strict=True))
    record = parse_message("MQTT_ENY_NOW", energy_message(zygsz="10.000", **tags))
    assert contradicts_itself(record) is contradicts


@pytest.mark.parametrize(
    ("written", "wh"),
    [
        ("31.057", 31_057),
        ('"31.057"', 31_057),
        ('" 31.057 "', 31_057),
        ("31", 31_000),
        ("31.0575", 31_058),
        ("31.0565", 31_056),
        ("3.1057e1", 31_057),
        ("NaN", None),
        ("Infinity", None),
        ("-Infinity", None),
        ('"NaN"', None),
        ('"1e5"', None),
        ("1e999999999", None),
        ("1e-999999999", None),
        ("9" * 400, None),
        ("-0.001", None),
        ("null", None),
        ("true", None),
        ("[1]", None),
        ('{"a": 1}', None),
        ('"12,5"', None),
    ],
)
def test_numbers(written: str, wh: int | None) -> None:
    """A plain number counts, as text too; what is none is absent, never 0."""
    payload = f'{{"id": "{FIRST}", "zygsz": {written}, "time": "20260112170000"}}'.encode()
    values = KPM33B.values_in(parse_message("MQTT_ENY_NOW", payload))
    assert values.get(Quantity.ENERGY_IMPORT) == wh


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"\xff\xfe",
        b"[" * 10_000,
        b'{"zygsz": 1}',
        b'{"id": 1}',
        b'{"id": "33B122595002"}',
        b'{"id": "33B12259500277"}',
        b'{"id": "33B122595002+"}',
        b'{"id": "33B1225950027", "x": "' + b"x" * 20_000 + b'"}',
        json.dumps({"id": FIRST} | {f"k{number}": 1 for number in range(300)}).encode(),
    ],
    ids=lambda payload: repr(payload[:24]),
)
def test_rubbish_is_refused(payload: bytes) -> None:
    """Half messages, other JSON, codes that are none, floods."""
    with pytest.raises(UnreadableMessageError):
        parse_message("MQTT_ENY_NOW", payload)


def test_other_topics_are_refused() -> None:
    """Only what the protocol knows is read."""
    with pytest.raises(UnreadableMessageError):
        parse_message("MQTT_SET", LIVE)


@given(st.sampled_from(list(Topic)), st.binary(max_size=400))
def test_any_bytes(topic: Topic, payload: bytes) -> None:
    """Whatever comes, it is a message or our error."""
    with suppress(UnreadableMessageError):
        assert len(parse_message(topic, payload).meter) == 13


@given(st.integers(0, 10**9), st.booleans())
def test_every_wh_survives(wh: int, as_text: bool) -> None:
    """No Wh is lost on the way from three decimals to a whole number."""
    written = f"{Decimal(wh).scaleb(-3):f}"
    payload = f'{{"id": "{FIRST}", "zygsz": {json.dumps(written) if as_text else written}}}'
    values = KPM33B.values_in(parse_message("MQTT_ENY_NOW", payload.encode()))
    assert values[Quantity.ENERGY_IMPORT] == wh


def test_commands_are_as_the_protocol_says() -> None:
    """Topic with the last eight characters, and an operation id of 32."""
    command = switch_relay(FIRST, 1, closed=False)
    assert command.address == "MQTT_TELECTRL_25950027"
    payload = json.loads(command.payload)
    assert payload.pop("oprid") == command.operation
    assert len(command.operation) == 32
    assert payload == {"do1": "0"}
    assert json.loads(set_energy_pace(FIRST, 5).payload) | {"oprid": ""} == {
        "Cmd": "0001",
        "value": "5",
        "types": "1",
        "oprid": "",
    }
    assert read_float(FIRST, 0x82).fields == {"addr": "0082", "lenth": "1", "type": "2"}
    stamped = parse_message("MQTT_RT_DATA", LIVE).stamped
    assert stamped is not None
    assert set_clock(FIRST, stamped).fields == {"time": "20260112163900"}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_profiles(profile: CompereMqttProfile) -> None:
    """Each charges by the import register, and its codes name its model."""
    assert Quantity.ENERGY_IMPORT in profile.quantities
    assert [model_of(code) for code in profile.codes] == [profile.model]
    assert profile.has_relay is (profile.model != "KPM31A")


def test_only_the_kpm37_tells_harmonics() -> None:
    """Harmonics and residual current, where the protocol has them."""
    with_harmonics = {p.model for p in PROFILES if Quantity.VOLTAGE_THD_A in p.quantities}
    assert with_harmonics == {"KPM37"}
    kpm37 = next(profile for profile in PROFILES if profile.model == "KPM37")
    record = parse_message("MQTT_ENY_NOW", energy_message(zygsz=1, uathd="2.5", IG=0.031))
    values = kpm37.values_in(record)
    assert (values[Quantity.VOLTAGE_THD_A], values[Quantity.RESIDUAL_CURRENT]) == (2_500, 31)


PLAIN = """\
protocol: compere_mqtt
name: mine
title: Mine
manufacturer: Me
model: M1
phases: 3
sources: [its manual]
codes: []
measurands:
  - {tag: zygsz, quantity: energy_import, unit: kWh, verified: field}
  - {tag: zyggl, quantity: power, unit: kW, verified: field}
"""


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("protocol: compere_mqtt", "protocol: smoke", "there is no protocol 'smoke'"),
        ("name: mine", "name: yours", "must be the file's name, 'mine'"),
        ("tag: zyggl", "tag: zygsz", "'zygsz' stands twice"),
        ("unit: kW,", "unit: kWh,", "'kWh' cannot be the unit of power"),
        ("tag: zygsz", "tag: fygsz", "'zygsz' is the tag of energy_import"),
        ("quantity: energy_import", "quantity: energy_export", "'energy_import' is missing"),
        ("codes: []", "codes: [33b]", "the first three characters"),
    ],
)
def test_faults_of_a_users_profile(tmp_path: Path, before: str, after: str, fault: str) -> None:
    """Each is told; the profile itself is right."""
    file = tmp_path / "mine.yaml"
    file.write_text(PLAIN)
    assert load_catalogue([tmp_path]).names == ("mine",)
    assert before in PLAIN
    file.write_text(PLAIN.replace(before, after))
    found = load_catalogue([tmp_path])
    assert found.names == ()
    (error,) = found.refused
    assert any(fault in str(one) for one in error.faults)
