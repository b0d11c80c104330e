"""Tariffs as documents: read, refused with all reasons, written canonically."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Currency, Price
from custom_components.compere_prepaid.core.tariff.demand import (
    DemandItem,
    DemandKey,
    DemandQuantity,
    DemandStep,
)
from custom_components.compere_prepaid.core.tariff.document import (
    tariff_content,
    tariff_version_from,
    tariff_version_of,
)
from custom_components.compere_prepaid.core.tariff.model import TariffVersion, flat_tariff
from tests.core.tariff.drawing import tariff_documents
from tests.core.tariff.tariffs import CNY, WRITTEN, faults, no_price


def test_a_tariff_is_read() -> None:
    """Everything that was written is in the version."""
    version = tariff_version_from(WRITTEN, CNY)
    assert (version.name, version.valid_from) == ("Retail TOU", date(2026, 1, 1))
    assert version.prices == {"peak": 987_600, "flat": 617_300, "valley": 291_500}
    assert version.tier_bounds("flat", date(2026, 2, 1)) == (2_000_000, 5_000_000)
    assert version.tier_prices("flat") == (617_300, 667_300, 717_300)
    (rule,) = version.rules
    assert [(slot.minute, slot.period) for slot in rule.slots] == [
        (0, "valley"),
        (480, "flat"),
        (600, "peak"),
        (1260, "flat"),
    ]


def test_the_text_is_canonical() -> None:
    """Sorted keys, no blanks, decimals as the shortest text."""
    data = WRITTEN | {"prices": {"flat": Decimal("0.500")}, "tier_proration": {"per_days": 30}}
    data["schedule"] = [{"slots": {"00:00": "flat"}}]
    assert tariff_content(tariff_version_from(data, CNY), CNY) == (
        '{"currency":"CNY","name":"Retail TOU","prices":{"flat":"0.5"},'
        '"schedule":[{"days":["mon-sun"],"months":["1-12"],"slots":{"00:00":"flat"}}],'
        '"tier_proration":{"per_days":30},'
        '"tiers":[{"up_to":"2000"},{"adder":"0.05","up_to":"5000"},{"adder":"0.1"}],'
        '"valid_from":"2026-01-01"}'
    )


RULE = WRITTEN["schedule"][0]


@pytest.mark.parametrize(
    "change",
    [
        {"prices": {"valley": "0.2915", "flat": "0.61730", "peak": "0.9876"}},
        {
            "schedule": [
                WRITTEN["schedule"][0] | {"days": ["tue-sun", "mon"], "months": [1, "2-12"]}
            ]
        },
        {"tiers": [{"up_to": "2000.000"}, {"up_to": 5000, "adder": "0.050"}, {"adder": "0.1"}]},
    ],
    ids=["prices", "spans", "tiers"],
)
def test_one_tariff_has_one_text(change: dict[str, Any]) -> None:
    """However it was written down."""
    text = tariff_content(tariff_version_from(WRITTEN, CNY), CNY)
    assert tariff_content(tariff_version_from(WRITTEN | change, CNY), CNY) == text


def test_the_text_of_another_books_currency_is_refused() -> None:
    """A price counts differently there."""
    text = tariff_content(flat_tariff("Flat", Price(1)), CNY)
    with pytest.raises(InvalidInputError) as caught:
        tariff_version_of(text, Currency.of("EUR"))
    assert caught.value.key == "tariff_currency_differs"
    assert caught.value.placeholders == {"tariff": "Flat", "currency": "CNY", "book": "EUR"}


def without(key: str) -> Callable[[dict[str, Any]], None]:
    """Return a change that takes a key away."""
    return lambda data: data.pop(key)


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change that puts the last of the arguments where the others point."""

    def change(data: Any) -> None:
        *parents, key, value = path
        for parent in parents:
            data = data[parent]
        data[key] = value

    return change


A_CLOCK = "a time of day like 08:00, from 00:00 to 23:59"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (without("prices"), ["'prices' is missing"]),
        (without("valid_from"), ["'valid_from' is missing"]),
        (
            put("valid_from", "2026-02-30"),
            ["valid_from: must be a date like 2026-01-31, not '2026-02-30'"],
        ),
        (put("prise", 1), ["prise: unknown key 'prise', did you mean 'prices'?"]),
        (put("prices", "peak", -1), ["prices.peak: must not be negative"]),
        (
            put("prices", "peak", Decimal("0.1234567")),
            ["prices.peak: has too many decimals: a price per kWh has at most 6"],
        ),
        (
            put("prices", "peak", "dear"),
            [
                (
                    "prices.peak: must be a price per kWh like 0.6173, or what it adds to the base "
                    "price like +50 %, not 'dear'"
                )
            ],
        ),
        (
            put("prices", "peak", 0.5),
            ["prices.peak: must be a price per kWh like 0.6173, not 0.5"],
        ),
        (
            put("prices", "peak", 10**7),
            ["prices.peak: is too large: a price per kWh is at most 1000000"],
        ),
        (
            put("schedule", []),
            ["has several prices: add a 'schedule' that says when each of them holds"],
        ),
        (
            without("schedule"),
            ["has several prices: add a 'schedule' that says when each of them holds"],
        ),
        (
            put("schedule", 0, "slots", "12:00", "flet"),
            ["schedule[0].slots.12:00: there is no price 'flet'; prices: peak, flat, valley"],
        ),
        (
            put("schedule", 0, "slots", {"08:00": "flat", "20:00": "valley"}),
            [no_price("days mon-sun, months 1-12, from 00:00 to 08:00")],
        ),
        (
            put("schedule", 0, "months", ["4-9"]),
            [no_price("days mon-sun, months 1-3, 10-12, from 00:00 to 24:00")],
        ),
        (
            put(
                "schedule",
                [
                    {"days": ["mon-fri"], "slots": {"00:00": "flat"}},
                    {"days": ["sat"], "months": [7], "slots": {"06:30": "flat"}},
                ],
            ),
            [
                no_price("days sat, months 1-6, 8-12, from 00:00 to 24:00"),
                no_price("days sat, months 7, from 00:00 to 06:30"),
                no_price("days sun, months 1-12, from 00:00 to 24:00"),
            ],
        ),
        (
            put("schedule", 0, "days", ["xyz"]),
            [
                (
                    "schedule[0].days[0]: 'xyz' is no weekday, and a type of day needs a "
                    "'calendar' that has it"
                )
            ],
        ),
        (
            put("schedule", 0, "months", [13]),
            ["schedule[0].months[0]: must be at most 12, not 13"],
        ),
        (
            put("schedule", 0, "slots", "24:00", "flat"),
            [f"schedule[0].slots.24:00: as a key: must be {A_CLOCK}, not '24:00'"],
        ),
        (
            put("tiers", 0, "up_to", 5000),
            ["tiers[1].up_to: must be more than the 'up_to' of the tier before"],
        ),
        (
            put("tiers", 0, "up_to", 0),
            ["tiers[0].up_to: must be more than 0 and at most 1000000000 kWh"],
        ),
        (
            put("tiers", 0, "up_to", Decimal("NaN")),
            ["tiers[0].up_to: must be more than 0 and at most 1000000000 kWh"],
        ),
        (
            put("tiers", 2, "adder", Decimal("NaN")),
            ["tiers[2].adder: must be a price per kWh like 0.6173, not NaN"],
        ),
        (
            put("tiers", 0, "up_to", Decimal("0.0001")),
            ["tiers[0].up_to: has too many decimals: a number of kWh has at most 3"],
        ),
        (
            put("tiers", 2, "up_to", 9000),
            ["tiers[2].up_to: the last tier must have no end: leave 'up_to' out"],
        ),
        (put("tiers", 1, {}), ["tiers[1]: only the last tier may be without 'up_to'"]),
        (put("tiers", 1, "price", 1), ["tiers[1]: has adder and price: choose one of them"]),
        (
            put("tiers", 2, {"prices": {"peak": 1, "flat": 1, "volley": 1}}),
            [
                "tiers[2].prices: names no price for valley",
                "tiers[2].prices.volley: there is no price 'volley'; prices: peak, flat, valley",
            ],
        ),
        (
            put("tiers", 2, "adder", Decimal("-0.5")),
            ["tiers[2].adder: takes more away than the price 'valley' has"],
        ),
        (
            put("tiers", 2, "adder", Decimal("-0.1234567")),
            ["tiers[2].adder: has too many decimals: a price per kWh has at most 6"],
        ),
        (
            put("tier_proration", {"per_days": 0}),
            ["tier_proration.per_days: must be at least 1, not 0"],
        ),
        (
            put("tier_proration", "monthly"),
            ["tier_proration: must be 'none', not 'monthly'"],
        ),
        (
            put("tax", "percent", Decimal("sNaN")),
            ["tax.percent: must be a percentage from 0 to 100"],
        ),
    ],
)
def test_what_is_wrong_is_told(
    change: Callable[[dict[str, Any]], None], expected: list[str]
) -> None:
    """Each mistake has its place and a sentence; nothing else is blamed for it."""
    data = deepcopy(WRITTEN)
    change(data)
    assert faults(data) == expected


def test_a_tier_is_not_blamed_for_prices_that_are_missing() -> None:
    """Where no period has a price, nothing can be said of a tier's periods."""
    data = deepcopy(WRITTEN)
    data["tiers"] = [{"up_to": 1}, {"prices": {"peak": 1}}]
    data.pop("prices")
    assert faults(data) == ["'prices' is missing"]


def test_all_mistakes_are_told_at_once() -> None:
    """Those of shape and those of meaning, in one go."""
    data = deepcopy(WRITTEN)
    put("prices", "peak", -1)(data)
    put("schedule", 0, "slots", "12:00", "flet")(data)
    put("tiers", 0, "up_to", 6000)(data)
    put("tax", "percent", "six")(data)
    put("tariff", 1)(data)
    assert [fault.split(":")[0] for fault in faults(data)] == [
        "tariff",
        "tax.percent",
        "prices.peak",
        "schedule[0].slots.12",
        "tiers[1].up_to",
    ]


@pytest.mark.parametrize("data", [None, [], "tariff", 7])
def test_what_is_no_group_of_keys_is_no_tariff(data: Any) -> None:
    """Whatever comes in place of a tariff."""
    assert len(faults(data)) == 1


def test_decimals_follow_the_currency() -> None:
    """A price in yen has three decimals at most."""
    data = {"name": "Flat", "valid_from": "2026-01-01", "prices": {"flat": "31.1234"}}
    assert faults(data, Currency.of("JPY")) == [
        "prices.flat: has too many decimals: a price per kWh has at most 3"
    ]


def test_a_version_is_no_part_of_what_was_not_said() -> None:
    """A flat tariff needs no schedule and no tiers."""
    data = {"name": "Flat", "valid_from": "2000-01-01", "prices": {"flat": "0.6173"}}
    version = tariff_version_from(data, CNY)
    assert version == flat_tariff("Flat", CNY.parse_price("0.6173"))
    assert json.loads(tariff_content(version, CNY)) == data | {"currency": "CNY"}


def test_what_is_at_its_limit_is_allowed() -> None:
    """The largest bound, a price that falls to 0, an adder of 0, a free demand, a tiny percent."""
    data = {
        "name": "Limits",
        "valid_from": "2026-01-01",
        "base_price": 10,
        "prices": {"flat": "+0.0001 %"},
        "tiers": [
            {"up_to": "0.001", "adder": 0},
            {"up_to": 1_000_000_000, "adder": "-10.00001"},
            {"adder": "0.5"},
        ],
        "demand": [{"name": "D", "quantity": "kVA", "prices": [{"price": 0}]}],
    }
    version = tariff_version_from(data, CNY)
    assert version.tier_prices("flat") == (10_000_010, 0, 10_500_010)
    assert version.tier_bounds("flat", date(2026, 6, 1)) == (1, 10**12)
    assert all(type(bound) is int for bound in version.tier_bounds("flat", date(2026, 6, 1)))
    assert all(type(price) is int for price in version.tier_prices("flat"))
    assert version.demand == (
        DemandItem(
            key=DemandKey("D", DemandQuantity.KVA, 15),
            steps=(DemandStep(None, Price(0)),),
            look_back_months=0,
            look_back_ppm=0,
        ),
    )
    assert '"+0.0001 %"' in tariff_content(version, CNY)


OLD_TEXTS = [
    '{"currency":"CNY","name":"Standard","prices":{"flat":"0.6173"},"valid_from":"2000-01-01"}',
    (
        '{"currency":"CNY","name":"Retail TOU","prices":{"flat":"0.6173","peak":"0.9876",'
        '"valley":"0.2915"},"schedule":[{"days":["mon-fri"],"months":["1-2","12"],"slots":'
        '{"00:00":"valley","08:00":"flat","10:00":"peak","12:00":"peak"}},{"days":["mon-sun"],'
        '"months":["1-12"],"slots":{"00:00":"flat"}}],"tier_proration":{"per_days":30},"tiers":'
        '[{"up_to":"2000"},{"adder":"-0.05","up_to":"5000.5"},{"price":"1"}],'
        '"valid_from":"2026-01-01"}'
    ),
    # a rule that can never hold was allowed once, and what is in a ledger stays readable
    (
        '{"currency":"CNY","name":"尖峰","prices":{"day":"0.5","night":"0.25"},"schedule":'
        '[{"days":["mon-sun"],"months":["1-12"],"slots":{"00:00":"day"}},{"days":["sun"],'
        '"months":["1-12"],"slots":{"00:00":"night"}}],"tiers":[{"up_to":"1"},'
        '{"prices":{"day":"0.6","night":"0.3"}}],"valid_from":"2025-12-31"}'
    ),
]


@pytest.mark.parametrize("text", OLD_TEXTS)
def test_a_text_of_the_first_release_never_changes(text: str) -> None:
    """Ledgers hold it; read and written again it is the same to the byte."""
    assert tariff_content(tariff_version_of(text, CNY), CNY) == text


def test_a_text_with_everything_is_canonical() -> None:
    """What is new has its one form as well: slots by their starts, percentages as such."""
    data = {
        "name": "All",
        "valid_from": "2026-01-01",
        "revision": 2,
        "base_price": "0.60",
        "prices": {"peak": "+50.0%", "flat": "0.6"},
        "seasons": [
            {"name": "wet", "months": [7, "8-10", 6], "percent": "-10 %"},
            {"name": "turn", "from": "12-15", "to": "01-15", "prices": {"peak": 1, "flat": "0.5"}},
        ],
        "calendar": "China",
        "schedule": [
            {"days": ["holiday", "sun"], "seasons": ["wet"], "slots": {"00:00": "flat"}},
            {
                "slots": [
                    {"from": "08:00", "to": "20:00", "period": "peak"},
                    {"from": "20:00", "to": "08:00", "period": "flat"},
                ]
            },
        ],
        "tiers": {"peak": [{"up_to": 100}, {"price": "1.5"}]},
        "standing": {"per_day": "0.50", "per_month": 0},
        "service": {"per_month": 70},
        "minimum_per_month": "25.0",
        "demand": [
            {
                "name": "kW",
                "quantity": "kW",
                "prices": [{"up_to": "100", "price": "20.0"}, {"price": 15}],
                "look_back": {"months": 11, "percent": 80},
            }
        ],
        "tax": {
            "percent": "15",
            "included": False,
            "lines": {
                "standing": {"percent": 6, "included": True},
                "service": {"percent": 15, "included": False},
                "energy": {"percent": 0},
            },
        },
        "meter_registers": {"flat": "T2", "peak": "T1"},
    }
    assert tariff_content(tariff_version_from(data, CNY), CNY) == (
        '{"base_price":"0.6","calendar":"China","currency":"CNY","demand":[{"look_back":'
        '{"months":11,"percent":"80"},"minutes":15,"name":"kW","prices":[{"price":"20","up_to":'
        '"100"},{"price":"15"}],"quantity":"kW"}],"meter_registers":{"flat":"T2","peak":"T1"},'
        '"minimum_per_month":"25","name":"All","prices":{"flat":"0.6","peak":"+50 %"},'
        '"revision":2,"schedule":[{"days":["sun","holiday"],"months":["1-12"],"seasons":["wet"],'
        '"slots":{"00:00":"flat"}},{"days":["mon-sun"],"months":["1-12"],"slots":{"00:00":"flat",'
        '"08:00":"peak","20:00":"flat"}}],"seasons":[{"months":["6-10"],"name":"wet","percent":'
        '"-10"},{"from":"12-15","name":"turn","prices":{"flat":"0.5","peak":"1"},"to":"01-15"}],'
        '"service":{"per_month":"70"},"standing":{"per_day":"0.5"},"tax":{"included":false,'
        '"lines":{"energy":{"included":true,"percent":"0"},"standing":{"included":true,'
        '"percent":"6"}},"percent":"15"},"tiers":{"peak":[{"up_to":"100"},{"price":"1.5"}]},'
        '"valid_from":"2026-01-01"}'
    )


@given(tariff_documents())
def test_written_and_read_again_it_is_the_same(data: dict[str, Any]) -> None:
    """The ledger's text has all of the tariff in it, and is the same each time."""
    version = tariff_version_from(data, CNY)
    assert isinstance(version, TariffVersion)
    text = tariff_content(version, CNY)
    assert tariff_version_of(text, CNY) == version
    assert tariff_content(tariff_version_of(text, CNY), CNY) == text


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(sorted(WRITTEN)), junk), st.sampled_from(sorted(WRITTEN)), junk
)
def test_whatever_comes_only_our_error_goes(data: dict[str, Any], key: str, value: Any) -> None:
    """A tariff of junk, and a right one with junk in one place."""
    for candidate in (data, WRITTEN | {key: value}):
        try:
            tariff_version_from(candidate, CNY)
        except InvalidInputError:
            continue
