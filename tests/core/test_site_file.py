"""The site file: the published example, and every kind of mistake with its line."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.site_file import (
    AccountEntry,
    BusEntry,
    MeterEntry,
    SiteFile,
    parse_site_file,
)
from custom_components.compere_prepaid.core.site_file_text import dump_site_file

CNY = Currency.of("CNY")

EXAMPLE = """\
site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}
buses:
  - {name: East riser, transport: rtu_tcp, host: 127.0.0.1, port: 15020}
  - {name: West riser, transport: serial, device: /dev/serial/by-id/adapter, baudrate: 9600, parity: E, stopbits: 1}
meters:
  - {serial: 33B0250100001, name: A-101, bus: East riser, address: 1, profile: compere_kpm33b, area: Food court, floor_area: 120, rated_power: 22, breaker: 40}
accounts:
  - {number: "A-101", name: Noodle House, meters: [33B0250100001], tariff: Retail TOU, policy: Standard, opening_balance: 200}
tariffs:
  - name: Retail TOU
    valid_from: 2026-01-01
    prices: {peak: 0.9876, flat: 0.6173, valley: 0.2915}          # per kWh
    schedule:                                                     # first match wins
      - {days: [mon-sun], months: [1-12], slots: {"00:00": valley, "08:00": flat, "10:00": peak, "12:00": flat, "14:00": peak, "21:00": flat}}
    tiers: [{up_to: 2000}, {up_to: 5000, adder: 0.05}, {adder: 0.10}]
    tier_proration: none                                          # or {per_days: 30}
    standing: {per_day: 0, per_month: 0}
    minimum_per_month: 0
    tax: {percent: 0, included: true}
policies:
  - {name: Standard, warning_levels: [100, 50], cut_off: 0, credit_limit: 0, reconnect: auto}
pools: []
"""  # noqa: E501 - the example as it is published, a line for each meter

PLAIN = """\
site: {name: Mall, currency: CNY, time_zone: Asia/Shanghai}
buses:
  - {name: East, transport: modbus_tcp, host: gateway.local, port: 502}
  - {name: West, transport: serial, device: /dev/ttyUSB0}
meters:
  - {serial: 33B01, name: Shop 1, bus: East, address: 1, profile: compere_kpm33b, breaker: 40}
  - {serial: 33B02, name: Shop 2, bus: East, address: 2, profile: compere_kpm33b, breaker: 40}
accounts:
  - {number: A-1, name: One, meters: [33B01], tariff: Flat, policy: Standard}
  - {number: A-2, name: Two, meters: [33B02], tariff: Flat, policy: Standard}
tariffs:
  - {name: Flat, valid_from: 2026-01-01, prices: {flat: 0.6}}
  - {name: Flat, valid_from: 2026-07-01, prices: {flat: 0.7}}
policies:
  - {name: Standard, warning_levels: [100, 50]}
pools: []
"""


def faults(text: str) -> list[str]:
    """Return everything that is wrong with a text."""
    with pytest.raises(DocumentError) as caught:
        parse_site_file(text, file="mall.yaml")
    assert caught.value.key == "document_invalid"
    assert caught.value.placeholders["file"] == "mall.yaml"
    return [str(fault) for fault in caught.value.faults]


def test_the_published_example_is_a_site() -> None:
    """Every part of it is understood."""
    site = parse_site_file(EXAMPLE, file="mall.yaml")
    assert (site.name, site.currency, site.time_zone) == ("Riverside Mall", CNY, "Asia/Shanghai")
    assert site.buses == (
        BusEntry(
            name="East riser",
            line=LineSettings(transport=Transport.RTU_TCP, host="127.0.0.1", port=15020),
        ),
        BusEntry(
            name="West riser",
            line=LineSettings(transport=Transport.SERIAL, device="/dev/serial/by-id/adapter"),
        ),
    )
    assert site.meters == (
        MeterEntry(
            serial=MeterSerial("33B0250100001"),
            name="A-101",
            bus="East riser",
            address=1,
            profile="compere_kpm33b",
            area="Food court",
            floor_area=Decimal(120),
            rated_power=Decimal(22),
            breaker=40,
        ),
    )
    assert site.accounts == (
        AccountEntry(
            number=AccountNumber("A-101"),
            name="Noodle House",
            meters=(MeterSerial("33B0250100001"),),
            tariff="Retail TOU",
            policy="Standard",
            opening_balance=CNY.parse(200),
        ),
    )
    assert site.policies == (
        Policy(name="Standard", warning_levels=(CNY.parse(100), CNY.parse(50))),
    )
    (tariff,) = site.tariffs
    assert (tariff.name, tariff.valid_from) == ("Retail TOU", date(2026, 1, 1))
    assert tariff.tier_prices("peak") == (987_600, 1_037_600, 1_087_600)
    assert tariff.tier_bounds("flat", date(2026, 2, 1)) == (2_000_000, 5_000_000)


def test_the_example_is_written_for_people() -> None:
    """A line per bus, meter and account; what is not said needs no words."""
    text = dump_site_file(parse_site_file(EXAMPLE, file="mall.yaml"))
    assert text.splitlines()[:8] == [
        "site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}",
        "buses:",
        "  - {name: East riser, transport: rtu_tcp, host: 127.0.0.1, port: 15020}",
        (
            "  - {name: West riser, transport: serial, device: /dev/serial/by-id/adapter, "
            "baudrate: 9600, parity: E, stopbits: 1}"
        ),
        "meters:",
        EXAMPLE.splitlines()[5],
        "accounts:",
        EXAMPLE.splitlines()[7].replace('"A-101"', "A-101"),
    ]
    assert "    prices: {peak: 0.9876, flat: 0.6173, valley: 0.2915}\n" in text


@pytest.mark.parametrize("text", [EXAMPLE, PLAIN])
def test_written_and_read_again_nothing_has_changed(text: str) -> None:
    """Neither the site nor, from then on, the text."""
    site = parse_site_file(text, file="mall.yaml")
    written = dump_site_file(site)
    assert parse_site_file(written, file="mall.yaml") == site
    assert dump_site_file(parse_site_file(written, file="mall.yaml")) == written


def test_a_site_needs_no_more_than_itself() -> None:
    """All lists may be left out."""
    site = parse_site_file("site: {name: M, currency: EUR, time_zone: Europe/Berlin}", file="m")
    assert site == SiteFile(name="M", currency=Currency.of("EUR"), time_zone="Europe/Berlin")
    assert parse_site_file(dump_site_file(site), file="m") == site


def test_numbers_may_serve_as_serial_and_account_number() -> None:
    """Digits without quotes are text where text is meant."""
    text = PLAIN.replace("33B01", "2501000012345").replace("A-1,", "101,")
    site = parse_site_file(text, file="mall.yaml")
    assert site.meters[0].serial == "2501000012345"
    assert site.accounts[0].meters == ("2501000012345",)
    assert site.accounts[0].number == "101"
    assert parse_site_file(dump_site_file(site), file="mall.yaml") == site


MISTAKES: Mapping[str, tuple[str, str, list[str]]] = {
    "unknown key": (
        "policy: Standard}",
        "polcy: Standard, policy: Standard}",
        [
            "line 9: accounts[0].polcy: unknown key 'polcy', did you mean 'policy'?",
            "line 10: accounts[1].polcy: unknown key 'polcy', did you mean 'policy'?",
        ],
    ),
    "missing key": (
        "number: A-1, ",
        "",
        ["line 9: accounts[0]: 'number' is missing"],
    ),
    "no such currency": (
        "CNY",
        "yuan",
        ["line 1: site.currency: must be a currency's three capital letters, like CNY, not 'yuan'"],
    ),
    "no such time zone": (
        "Asia/Shanghai",
        "Asia/Beijing",
        [
            (
                "line 1: site.time_zone: there is no time zone 'Asia/Beijing'; "
                "write it like Asia/Shanghai"
            )
        ],
    ),
    "time zone is a folder": (
        "Asia/Shanghai",
        "Asia",
        ["line 1: site.time_zone: there is no time zone 'Asia'; write it like Asia/Shanghai"],
    ),
    "time zone leads astray": (
        "Asia/Shanghai",
        "../etc/passwd",
        [
            (
                "line 1: site.time_zone: there is no time zone '../etc/passwd'; "
                "write it like Asia/Shanghai"
            )
        ],
    ),
    "a device of a broker": (
        "transport: serial, device",
        "transport: mqtt, device",
        ["line 4: buses[1].device: does not go with transport mqtt: remove it"],
    ),
    "a prefix of a wire": (
        "device: /dev/ttyUSB0",
        "device: /dev/ttyUSB0, topic_prefix: mall",
        ["line 4: buses[1].topic_prefix: does not go with transport serial: remove it"],
    ),
    "a broker twice": (
        "transport: serial, device: /dev/ttyUSB0",
        "transport: mqtt}\n  - {name: Air, transport: mqtt",
        [
            (
                "line 5: buses[2].transport: another bus listens to the broker with this prefix,"
                " on line 4: a broker is one bus"
            )
        ],
    ),
    "a meter code on a wire": (
        "address: 2",
        "address: 33B1225950027",
        ["line 7: meters[1].address: a meter code is an address only on a bus with transport mqtt"],
    ),
    "a number behind a broker": (
        "transport: modbus_tcp, host: gateway.local, port: 502",
        "transport: mqtt",
        [
            "line 6: meters[0].address: on an MQTT bus it is the meter code of 13 characters",
            "line 7: meters[1].address: on an MQTT bus it is the meter code of 13 characters",
        ],
    ),
    "no such transport": (
        "transport: serial",
        "transport: usb",
        [
            (
                "line 4: buses[1].transport: must be one of 'serial', 'rtu_tcp', 'rtu_listen', "
                "'modbus_tcp', 'mqtt', not 'usb'"
            )
        ],
    ),
    "serial without device": (
        ", device: /dev/ttyUSB0",
        "",
        ["line 4: buses[1]: 'device' is missing: transport serial needs it"],
    ),
    "tcp without port": (
        ", port: 502",
        "",
        ["line 3: buses[0]: 'port' is missing: transport modbus_tcp needs it"],
    ),
    "serial with host": (
        "device: /dev/ttyUSB0",
        "device: /dev/ttyUSB0, host: gateway",
        ["line 4: buses[1].host: does not go with transport serial: remove it"],
    ),
    "two buses on one line": (
        "transport: serial, device: /dev/ttyUSB0",
        "transport: rtu_tcp, host: gateway.local, port: 502",
        [
            (
                "line 4: buses[1].host: another bus goes to the same place, on line 3: "
                "one line is one bus"
            )
        ],
    ),
    "bus name twice": (
        "name: West",
        "name: East",
        ["line 4: buses[1].name: 'East' stands twice, also on line 3"],
    ),
    "serial number twice": (
        "serial: 33B02",
        "serial: 33B01",
        [
            "line 7: meters[1].serial: '33B01' stands twice, also on line 6",
            (
                "line 10: accounts[1].meters[0]: there is no meter '33B02' in this file, "
                "did you mean '33B01'?"
            ),
        ],
    ),
    "address twice": (
        "address: 2",
        "address: 1",
        ["line 7: meters[1].address: another meter has address 1 on the same bus, on line 6"],
    ),
    "address out of range": (
        "address: 2",
        "address: 0",
        ["line 7: meters[1].address: must be at least 1, not 0"],
    ),
    "unknown bus": (
        "Shop 2, bus: East",
        "Shop 2, bus: Eats",
        ["line 7: meters[1].bus: there is no bus 'Eats' in this file, did you mean 'East'?"],
    ),
    "account number twice": (
        "number: A-2",
        "number: A-1",
        ["line 10: accounts[1].number: 'A-1' stands twice, also on line 9"],
    ),
    "meter in two accounts": (
        "meters: [33B02]",
        "meters: [33B02, 33B01]",
        ["line 10: accounts[1].meters[1]: meter '33B01' is in an account already, on line 9"],
    ),
    "unknown meter": (
        "meters: [33B02]",
        "meters: [44C99]",
        ["line 10: accounts[1].meters[0]: there is no meter '44C99' in this file"],
    ),
    "unknown tariff": (
        "meters: [33B02], tariff: Flat",
        "meters: [33B02], tariff: Round",
        ["line 10: accounts[1].tariff: there is no tariff 'Round' in this file"],
    ),
    "unknown policy": (
        "[33B02], tariff: Flat, policy: Standard",
        "[33B02], tariff: Flat, policy: Standart",
        [
            (
                "line 10: accounts[1].policy: there is no policy 'Standart' in this file, "
                "did you mean 'Standard'?"
            )
        ],
    ),
    "version twice": (
        "2026-07-01",
        "2026-01-01",
        [
            (
                "line 13: tariffs[1].valid_from: the tariff has a version from 2026-01-01 already, "
                "on line 12"
            )
        ],
    ),
    "a date that is none": (
        "2026-07-01",
        "2026-13-01",
        ["line 13: tariffs[1].valid_from: must be a date like 2026-01-31, not '2026-13-01'"],
    ),
    "price of too many decimals": (
        "flat: 0.7",
        "flat: 0.1234567",
        ["line 13: tariffs[1].prices.flat: has too many decimals: a price per kWh has at most 6"],
    ),
    "negative price": (
        "flat: 0.7",
        "flat: -0.7",
        ["line 13: tariffs[1].prices.flat: must not be negative"],
    ),
    "price that is none": (
        "flat: 0.7",
        "flat: 0,7",
        [
            "line 13: tariffs[1].prices.7: is empty: it must be a number or text",
        ],
    ),
    "broken tariff whose name is known": (
        "prices: {flat: 0.6}",
        "prices: {}",
        ["line 12: tariffs[0].prices: must not be empty"],
    ),
    "nameless policy": (
        "name: Standard, ",
        "",
        ["line 15: policies[0]: 'name' is missing"],
    ),
    "policies are no list": (
        "policies:\n  - {name: Standard, warning_levels: [100, 50]}",
        "policies: {name: Standard}",
        ["line 14: policies: must be a list, not a group of keys"],
    ),
    "an entry is no group": (
        "  - {name: Standard, warning_levels: [100, 50]}",
        "  - Standard",
        ["line 15: policies[0]: must be a group of 'key: value' lines, not 'Standard'"],
    ),
    "level of too many decimals": (
        "[100, 50]",
        "[100, 50.001]",
        ["line 15: policies[0].warning_levels[1]: has too many decimals: money has at most 2 here"],
    ),
    "level twice": (
        "[100, 50]",
        "[100, 50, 100.00]",
        ["line 15: policies[0].warning_levels[2]: stands twice: remove it"],
    ),
    "levels that rise": (
        "[100, 50]",
        "[50, 100], warning_days: [3, 7, 7]",
        [
            (
                "line 15: policies[0].warning_days[1]: is more than the one before it: "
                "the highest level comes first, like [100, 50]"
            ),
            "line 15: policies[0].warning_days[2]: stands twice: remove it",
            (
                "line 15: policies[0].warning_levels[1]: is more than the one before it: "
                "the highest level comes first, like [100, 50]"
            ),
        ],
    ),
    "no day at all": (
        "[100, 50]",
        "[100, 50], warning_days: [0]",
        ["line 15: policies[0].warning_days[0]: must be at least 1, not 0"],
    ),
    "policy twice": (
        "  - {name: Standard, warning_levels: [100, 50]}",
        "  - {name: Standard}\n  - {name: Standard, valid_from: 2026-05-01}\n  - {name: Standard}",
        ["line 17: policies[2].name: 'Standard' stands twice, also on line 15"],
    ),
    "level below the cut-off": (
        "[100, 50]",
        "[100, 50], cut_off: 50",
        [
            (
                "line 15: policies[0].warning_levels[1]: is not above 'cut_off': "
                "the supply would be cut before the warning"
            )
        ],
    ),
    "negative credit limit": (
        "[100, 50]",
        "[100, 50], credit_limit: -1",
        ["line 15: policies[0].credit_limit: must not be negative"],
    ),
    "opening balance beyond all money": (
        "[33B02], tariff: Flat, policy: Standard",
        "[33B02], tariff: Flat, policy: Standard, opening_balance: 99999999999",
        ["line 10: accounts[1].opening_balance: is too large to be an amount of money"],
    ),
    "account number with a colon": (
        "number: A-1,",
        'number: "A:1",',
        [
            (
                "line 9: accounts[0].number: must be an account number of up to 40 characters, "
                "without ':' and without blanks at its ends, not 'A:1'"
            )
        ],
    ),
    "a pool without anything": (
        "pools: []",
        "pools: [{name: Lifts}]",
        [
            "line 16: pools[0]: 'valid_from' is missing",
            "line 16: pools[0]: 'basis' is missing: by what it is split, like floor_area",
            "line 16: pools[0]: 'costs' is missing",
        ],
    ),
    "key twice": (
        "name: One, ",
        "name: One, name: Two, ",
        ["line 9: accounts[0].name: stands here twice, also on line 9: remove one of them"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_with_its_line_and_nothing_else(mistake: str) -> None:
    """One wrong thing is one fault, except where it really breaks another thing."""
    before, after, expected = MISTAKES[mistake]
    assert before in PLAIN
    assert faults(PLAIN.replace(before, after)) == expected


def test_all_mistakes_are_told_at_once() -> None:
    """Those that the schema finds and those that only the meaning shows."""
    text = (
        EXAMPLE.replace("currency: CNY", "currency: cny")
        .replace("tariff: Retail TOU", "tariff: Retail TOO, polic: x")
        .replace('"08:00": flat', '"08:00": flet')
        .replace("up_to: 5000", "up_to: 1500")
        .replace("percent: 0", "percent: 600")
        .replace("[100, 50]", "[100, 100, 0]")
        .replace("0.9876", "-0.98761234")
    )
    assert [fault.split(": ")[:2] for fault in faults(text)] == [
        ["line 1", "site.currency"],
        ["line 8", "accounts[0].polic"],
        ["line 8", "accounts[0].tariff"],
        ["line 12", "tariffs[0].prices.peak"],
        ["line 14", "tariffs[0].schedule[0].slots.08:00"],
        ["line 15", "tariffs[0].tiers[1].up_to"],
        ["line 19", "tariffs[0].tax.percent"],
        ["line 21", "policies[0].warning_levels[1]"],
        ["line 21", "policies[0].warning_levels[2]"],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["line 1: is empty: it must be a group of 'key: value' lines"]),
        ("- a", ["line 1: must be a group of 'key: value' lines, not a list"]),
        ("buses: []", ["line 1: 'site' is missing"]),
        ("site: mall", ["line 1: site: must be a group of 'key: value' lines, not 'mall'"]),
    ],
)
def test_what_is_no_site_at_all(text: str, expected: list[str]) -> None:
    """An empty file, a list, a fragment."""
    assert faults(text) == expected


def test_a_flood_of_faults_ends() -> None:
    """A file of nothing but mistakes is refused without reading on for ever."""
    text = PLAIN + "\n".join(["nonsense:", *("  - x" for _ in range(2000))])
    assert len(faults(text)) == 1
    broken = PLAIN.replace("accounts:\n", "accounts:\n" + "  - {}\n" * 2000)
    assert 500 <= len(faults(broken)) <= 510


junk: st.SearchStrategy[Any] = st.text(
    alphabet="abcdefgimnoprstuvy01239 :,.-[]{}\"'\n#&*!|>%@\t", max_size=80
)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=len(PLAIN)), junk, st.integers(0, 20))
def test_whatever_comes_only_our_error_goes(at: int, text: str, cut: int) -> None:
    """A right file with junk anywhere in it is read or refused, and nothing else happens."""
    try:
        parse_site_file(PLAIN[:at] + text + PLAIN[at + cut :], file="junk.yaml")
    except DocumentError as error:
        assert error.faults  # noqa: PT017 - which of both happens is not the point


@pytest.mark.parametrize(
    ("bus", "line"),
    [
        (
            "{name: A, transport: rtu_listen, port: 5020}",
            LineSettings(transport=Transport.RTU_LISTEN, port=5020),
        ),
        (
            "{name: A, transport: rtu_listen, host: 10.0.0.7, port: 5020, spacing: 0.1}",
            LineSettings(transport=Transport.RTU_LISTEN, host="10.0.0.7", port=5020, spacing_s=0.1),
        ),
        (
            "{name: A, transport: modbus_tcp, host: gw, port: 502, queues: true, shared: true}",
            LineSettings(
                transport=Transport.MODBUS_TCP, host="gw", port=502, queues=True, shared=True
            ),
        ),
        (
            "{name: A, transport: serial, device: /dev/ttyS0, shared: true}",
            LineSettings(transport=Transport.SERIAL, device="/dev/ttyS0", shared=True),
        ),
    ],
)
def test_lines_of_every_kind_go_there_and_back(bus: str, line: LineSettings) -> None:
    """What a bus says is what is written again."""
    text = f"site: {{name: M, currency: CNY, time_zone: Asia/Shanghai}}\nbuses:\n  - {bus}\n"
    site = parse_site_file(text, file="mall.yaml")
    assert [entry.line for entry in site.buses] == [line]
    again = parse_site_file(dump_site_file(site), file="again.yaml")
    assert again.buses == site.buses


@pytest.mark.parametrize(
    ("buses", "fault"),
    [
        (
            ["{name: A, transport: rtu_listen}"],
            "line 3: buses[0]: 'port' is missing: transport rtu_listen needs it",
        ),
        (
            ["{name: A, transport: rtu_listen, port: 5, shared: true}"],
            "line 3: buses[0].shared: does not go with transport rtu_listen: remove it",
        ),
        (
            ["{name: A, transport: rtu_tcp, host: gw, port: 5, queues: true}"],
            "line 3: buses[0].queues: does not go with transport rtu_tcp: remove it",
        ),
        (
            [
                "{name: A, transport: rtu_listen, host: 10.0.0.1, port: 5}",
                "{name: B, transport: rtu_listen, host: 10.0.0.2, port: 5}",
            ],
            (
                "line 4: buses[1].port: another bus goes to the same place, on line 3: "
                "one line is one bus"
            ),
        ),
    ],
)
def test_what_does_not_go_with_a_line_is_told(buses: list[str], fault: str) -> None:
    """A gateway that dials in has a port here; only a Modbus TCP gateway queues."""
    lines = "".join(f"  - {bus}\n" for bus in buses)
    text = f"site: {{name: M, currency: CNY, time_zone: Asia/Shanghai}}\nbuses:\n{lines}"
    assert faults(text) == [fault]
