"""What is wrong in the parts of a tariff, told with the days, hours and keys that are meant."""

from decimal import Decimal
from typing import Any

import pytest

from tests.core.tariff.tariffs import WRITTEN, faults, no_price


def slot(since: str, until: str, period: str = "flat") -> dict[str, str]:
    """Return a slot in the form with an end."""
    return {"from": since, "to": until, "period": period}


def demand(**parts: Any) -> dict[str, Any]:
    """Return a price on the highest power."""
    return {"name": "D", "quantity": "kW", "prices": [{"price": 20}]} | parts


ALL_FLAT = {"00:00": "flat"}
ALWAYS_FLAT = [{"slots": ALL_FLAT}]
FLAT: dict[str, Any] = {"schedule": ALWAYS_FLAT, "tiers": []}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # slots
        (
            {"schedule": [{"slots": [slot("00:00", "02:00"), slot("03:00", "24:00")]}]},
            [no_price("days mon-sun, months 1-12, from 02:00 to 03:00")],
        ),
        (
            {
                "schedule": [
                    {"days": ["sat"], "slots": [slot("22:00", "02:00"), slot("03:15", "21:45")]},
                    {"slots": {"00:00": "flat"}},
                ]
            },
            [
                no_price("days sat, months 1-12, from 02:00 to 03:15"),
                no_price("days sat, months 1-12, from 21:45 to 22:00"),
            ],
        ),
        (
            {"schedule": [{"slots": [slot("00:00", "10:00", "valley"), slot("08:00", "24:00")]}]},
            [
                (
                    "schedule[0].slots[1]: on days mon-sun, months 1-12, 08:00 to 10:00 is in two "
                    "slots, 'valley' from 00:00 to 10:00 and 'flat' from 08:00 to 24:00: end one "
                    "of them earlier"
                )
            ],
        ),
        (
            {"schedule": [{"slots": [slot("20:00", "08:00"), slot("06:30", "20:30", "peak")]}]},
            [
                (
                    "schedule[0].slots[1]: on days mon-sun, months 1-12, 06:30 to 08:00 is in two "
                    "slots, 'flat' from 20:00 to 08:00 and 'peak' from 06:30 to 20:30: end one "
                    "of them earlier"
                ),
                (
                    "schedule[0].slots[1]: on days mon-sun, months 1-12, 20:00 to 20:30 is in two "
                    "slots, 'flat' from 20:00 to 08:00 and 'peak' from 06:30 to 20:30: end one "
                    "of them earlier"
                ),
            ],
        ),
        (
            {"schedule": [{"slots": [slot("08:00", "08:00")]}]},
            ["schedule[0].slots[0]: begins and ends at one time: write the end, up to 24:00"],
        ),
        (
            {"schedule": [{"slots": [slot("00:00", "24:00", "flet")]}]},
            ["schedule[0].slots[0].period: there is no price 'flet'; prices: peak, flat, valley"],
        ),
        (
            {"schedule": [{"slots": [slot("00:00", "24:30")]}]},
            [
                (
                    "schedule[0].slots[0].to: must be a time of day like 10:00, from 00:00 to "
                    "24:00, not '24:30'"
                )
            ],
        ),
        (
            {"schedule": [{"slots": "always"}]},
            ["schedule[0].slots: must be a group of 'key: value' lines or a list, not 'always'"],
        ),
        (
            {"schedule": [{"slots": {"00:00": "flat"}}, {"days": ["mon"], "slots": ALL_FLAT}]},
            ["schedule[1]: can never hold: the rules before it have all its days"],
        ),
        (
            {
                "schedule": [
                    {"days": ["sat-sun"], "months": ["1-6"], "slots": ALL_FLAT},
                    {"days": ["sun-sat"], "months": ["7-12"], "slots": ALL_FLAT},
                    {"days": ["sun"], "slots": ALL_FLAT},
                    {"slots": ALL_FLAT},
                ]
            },
            ["schedule[2]: can never hold: the rules before it have all its days"],
        ),
        (
            {
                "seasons": [
                    {"name": "wet", "months": [6], "percent": 0},
                    {"name": "dry", "months": [12], "percent": 0},
                ],
                "calendar": "China",
                "schedule": [
                    {
                        "days": ["sat-sun", "mon", "holiday", "bridge"],
                        "seasons": ["wet", "dry", "damp"],
                        "slots": [slot("00:00", "12:00"), slot("11:59", "24:00")],
                    },
                    *ALWAYS_FLAT,
                ],
            },
            [
                "schedule[0].seasons[2]: there is no season 'damp'; seasons: wet, dry",
                (
                    "schedule[0].slots[1]: on days mon, sat-sun, bridge, holiday, months 1-12, "
                    "season damp, dry, wet, 11:59 to 12:00 is in two slots, 'flat' from 00:00 to "
                    "12:00 and 'flat' from 11:59 to 24:00: end one of them earlier"
                ),
            ],
        ),
        (
            {
                "calendar": "China",
                "schedule": [
                    {"days": ["holiday"], "slots": {"01:00": "flat"}},
                    {"days": ["sat"], "slots": {"02:00": "flat"}},
                    *ALWAYS_FLAT,
                ],
            },
            [
                no_price("days sat, months 1-12, from 00:00 to 02:00"),
                no_price("days holiday, months 1-12, from 00:00 to 01:00"),
            ],
        ),
        # types of day
        (
            {
                "calendar": "China",
                "schedule": [{"days": ["holiday"], "slots": {"01:00": "flat"}}, *ALWAYS_FLAT],
            },
            [no_price("days holiday, months 1-12, from 00:00 to 01:00")],
        ),
        (
            {
                "calendar": "China",
                "schedule": [
                    {"days": ["holiday", "sat"], "slots": ALL_FLAT},
                    {"days": ["holiday"], "months": [5], "slots": ALL_FLAT},
                    {"slots": ALL_FLAT},
                ],
            },
            ["schedule[1]: can never hold: the rules before it have all its days"],
        ),
        (
            {"schedule": [{"days": ["holiday", "mon"], "slots": ALL_FLAT}, *ALWAYS_FLAT]},
            [
                (
                    "schedule[0].days[0]: 'holiday' is no weekday, and a type of day needs a "
                    "'calendar' that has it"
                )
            ],
        ),
        # seasons
        (
            {"seasons": [{"name": "wet", "percent": 10}]},
            ["seasons[0]: needs either 'months', or 'from' and 'to'"],
        ),
        (
            {"seasons": [{"name": "wet", "percent": 10, "months": [1], "to": "01-31"}]},
            ["seasons[0]: needs either 'months', or 'from' and 'to'"],
        ),
        (
            {"seasons": [{"name": "wet", "percent": 10, "from": "06-15"}]},
            ["seasons[0]: 'to' is missing"],
        ),
        (
            {"seasons": [{"name": "wet", "percent": 10, "to": "06-15"}]},
            ["seasons[0]: 'from' is missing"],
        ),
        (
            {
                "seasons": [
                    {"name": "wet", "months": [1], "percent": 0},
                    {"name": "dry", "from": "12-31", "to": "01-01", "percent": 0},
                ]
            },
            ["seasons[1]: seasons 'wet' and 'dry' both hold on 01-01: a day has one season"],
        ),
        (
            {"seasons": [{"name": "wet", "percent": 10, "from": "02-30", "to": "03-01"}]},
            ["seasons[0].from: there is no 02-30 in any year"],
        ),
        (
            {"seasons": [{"name": "wet", "months": [6]}]},
            ["seasons[0]: needs either 'percent' or 'prices'"],
        ),
        (
            {"seasons": [{"name": "wet", "months": [6], "prices": {"peak": 1, "flut": 2}}]},
            [
                "seasons[0].prices: names no price for flat, valley",
                "seasons[0].prices.flut: there is no price 'flut'; prices: peak, flat, valley",
            ],
        ),
        (
            {
                "seasons": [
                    {"name": "wet", "months": ["6-10"], "percent": -10},
                    {"name": "dry", "from": "10-20", "to": "06-02", "percent": 20},
                ]
            },
            [
                (
                    "seasons[1]: seasons 'wet' and 'dry' both hold on 06-01 to 06-02, 10-20 to "
                    "10-31: a day has one season"
                )
            ],
        ),
        (
            {
                "seasons": [
                    {"name": "wet", "months": [6], "percent": -10},
                    {"name": "wet", "months": [7], "percent": -10},
                ]
            },
            ["seasons[1]: there is a season 'wet' already"],
        ),
        (
            {"seasons": [{"name": "wet", "months": [6], "percent": "33.3333"}]},
            [
                f"seasons[0].percent: the price '{period}' in season 'wet' would be {value}: a "
                "price per kWh has at most 6 decimals; change the percentage, or write prices "
                "instead"
                for period, value in [
                    ("peak", "1.3167996708"),
                    ("flat", "0.8230664609"),
                    ("valley", "0.3886665695"),
                ]
            ],
        ),
        (
            {"seasons": [{"name": "wet", "months": [6], "percent": -101}]},
            ["seasons[0].percent: must be a percentage from -100 to 1000"],
        ),
        (
            {"seasons": [{"name": "wet", "months": [6], "percent": "1.00005"}]},
            ["seasons[0].percent: has too many decimals: a percentage has at most 4"],
        ),
        (
            {"schedule": [{"seasons": ["wett"], "slots": ALL_FLAT}, *ALWAYS_FLAT]},
            ["schedule[0].seasons[0]: there is no season 'wett'; seasons: -"],
        ),
        (
            {
                "seasons": [{"name": "wet", "from": "06-15", "to": "07-10", "percent": 0}],
                "schedule": [
                    {"seasons": ["wet"], "slots": {"01:00": "flat"}},
                    {"months": ["1-6", "8-12"], "slots": ALL_FLAT},
                ],
            },
            [
                no_price("days mon-sun, months 6-7, season wet, from 00:00 to 01:00"),
                no_price("days mon-sun, months 7, from 00:00 to 24:00"),
            ],
        ),
        # percentages of a base price
        (
            FLAT | {"prices": {"flat": "+50 %"}},
            ["prices.flat: is a percentage: add the 'base_price' of which it is one"],
        ),
        (
            {"base_price": "0.6"},
            ["base_price: is not used: no price is a percentage of it"],
        ),
        (
            FLAT | {"base_price": "0.000001", "prices": {"flat": "+50 %"}},
            [
                (
                    "prices.flat: the price 'flat' would be 0.0000015: a price per kWh has at most "
                    "6 decimals; change the percentage, or write prices instead"
                )
            ],
        ),
        # ladders of single periods
        (
            {"tiers": {"peak": [{"up_to": 5, "prices": {"peak": 1}}, {}], "peek": [{}]}},
            [
                "tiers.peek: there is no price 'peek'; prices: peak, flat, valley",
                "tiers.peak[0].prices: does not go with tiers of the period 'peak': write 'price'",
                "tiers.peak[0].prices: names no price for flat, valley",
            ],
        ),
        (
            {"tiers": {"valley": [{"up_to": 9}, {"up_to": 5}, {"adder": "-0.3"}]}},
            [
                "tiers.valley[1].up_to: must be more than the 'up_to' of the tier before",
                "tiers.valley[2].adder: takes more away than the price 'valley' has",
            ],
        ),
        (
            {
                "seasons": [{"name": "wet", "months": [6], "percent": -50}],
                "tiers": [{"up_to": 5}, {"adder": "-0.2"}],
            },
            ["tiers[1].adder: takes more away than the price 'valley' has in season 'wet'"],
        ),
        # fees, tax, registers
        ({"standing": {"per_day": -1}}, ["standing.per_day: must not be negative"]),
        (
            {"service": {"per_month": "0.1234567"}},
            ["service.per_month: has too many decimals: a fee has at most 6"],
        ),
        (
            {"minimum_per_month": 10**7},
            ["minimum_per_month: is too large: a fee is at most 1000000"],
        ),
        (
            {"tax": {"percent": 15}},
            [
                (
                    "tax: does not say whether the prices contain the tax: add 'included: true' or "
                    "'included: false'"
                )
            ],
        ),
        (
            {"tax": {"lines": {"standing": {"percent": 6}}}},
            [
                (
                    "tax.lines.standing: does not say whether the prices contain the tax: add "
                    "'included: true' or 'included: false'"
                )
            ],
        ),
        (
            {"tax": {"percent": "6.00001", "included": False}},
            ["tax.percent: has too many decimals: a percentage has at most 4"],
        ),
        (
            {"tax": {"lines": {"energi": {}}}},
            ["tax.lines.energi: unknown key 'energi', did you mean 'energy'?"],
        ),
        (
            {"meter_registers": {"peak": "T1", "flat": "T1"}},
            [
                "meter_registers: names no register for valley",
                "meter_registers.flat: counts 'peak' already",
            ],
        ),
        (
            {"meter_registers": {"peak": "T1", "flat": "T2", "valley": "T9"}},
            ["meter_registers.valley: must be one of 'T1', 'T2', 'T3', 'T4', not 'T9'"],
        ),
        # demand
        (
            {
                "demand": [
                    demand(period="pik"),
                    demand(prices=[{"up_to": 5, "price": -1}, {"up_to": 3, "price": 1}]),
                    demand(look_back={"months": 3, "percent": 101}),
                ]
            },
            [
                "demand[0].period: there is no price 'pik'; prices: peak, flat, valley",
                "demand[1].prices[0].price: must not be negative",
                "demand[1].prices[1].up_to: the last step must have no end: leave 'up_to' out",
                "demand[1].prices[1].up_to: must be more than the 'up_to' of the step before",
                "demand[2].look_back.percent: must be a percentage from 0 to 100",
            ],
        ),
        (
            {
                "demand": [
                    demand(prices=[{"price": "0.1234567"}]),
                    demand(name="E", prices=[{"price": 10**7}]),
                    demand(name="F", prices=[{"price": Decimal("NaN")}]),
                    demand(
                        name="G", quantity="kVA", prices=[{"up_to": 0, "price": 1}, {"price": 1}]
                    ),
                    demand(name="H", prices=[{"up_to": "0.0001", "price": 1}, {"price": 1}]),
                ]
            },
            [
                "demand[0].prices[0].price: has too many decimals: a price per kW has at most 6",
                "demand[1].prices[0].price: is too large: a price per kW is at most 1000000",
                "demand[2].prices[0].price: must be a price like 20, not NaN",
                "demand[3].prices[0].up_to: must be more than 0 and at most 1000000000 kVA",
                ("demand[4].prices[0].up_to: has too many decimals: a number of kW has at most 3"),
            ],
        ),
        ({"demand": [demand(), demand()]}, ["demand[1]: there is a demand 'D' already"]),
    ],
)
def test_what_is_wrong_in_a_part_is_told(change: dict[str, Any], expected: list[str]) -> None:
    """Hours, days, seasons and keys are named; nothing else is blamed."""
    assert faults(WRITTEN | change) == expected
