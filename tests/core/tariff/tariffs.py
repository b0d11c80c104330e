"""Tariffs and intervals for tests, short to write down."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.tariff.coverage import Draft, unreachable
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.model import (
    ScheduleRule,
    Tariff,
    TariffVersion,
    Used,
)
from custom_components.compere_prepaid.core.tariff.notation import read_days, read_months
from custom_components.compere_prepaid.core.tariff.rating import Interval, RatedLine, rate

CNY = Currency.of("CNY")
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")

EVENING = {"00:00": "valley", "08:00": "flat", "14:00": "peak", "22:00": "flat"}
RETAIL_PRICES = {"peak": "0.9876", "flat": "0.6173", "valley": "0.2915"}


def version(
    prices: Mapping[str, str] | str, *, valid_from: date = date(2000, 1, 1), **rest: Any
) -> TariffVersion:
    """Read a version in the form that people write; a single price is called `flat`."""
    prices = {"flat": prices} if isinstance(prices, str) else prices
    data = {
        "name": "Retail",
        "valid_from": valid_from.isoformat(),
        "prices": {period: Decimal(price) for period, price in prices.items()},
    }
    return tariff_version_from(data | rest, CNY)


WRITTEN: dict[str, Any] = {
    "name": "Retail TOU",
    "valid_from": "2026-01-01",
    "prices": {"peak": Decimal("0.9876"), "flat": Decimal("0.6173"), "valley": Decimal("0.2915")},
    "schedule": [
        {
            "days": ["mon-sun"],
            "months": ["1-12"],
            "slots": {"00:00": "valley", "08:00": "flat", "10:00": "peak", "21:00": "flat"},
        }
    ],
    "tiers": [{"up_to": 2000}, {"up_to": 5000, "adder": Decimal("0.05")}, {"adder": "0.10"}],
    "tier_proration": "none",
    "standing": {"per_day": 0, "per_month": 0},
    "minimum_per_month": 0,
    "tax": {"percent": 0, "included": True},
}
"""A tariff as people write it, with the parts that most have."""


def faults(data: Any, currency: Currency = CNY) -> list[str]:
    """Return all that is wrong with a tariff."""
    with pytest.raises(InvalidInputError) as caught:
        tariff_version_from(data, currency)
    assert caught.value.key == "tariff_invalid"
    return caught.value.placeholders["faults"].split("\n")


def no_price(hours: str) -> str:
    """Return what is said about a gap."""
    return f"schedule: names no price for {hours}: add a slot or a rule for these hours"


def useful(rules: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rules that are not covered by those before them: the others are refused."""
    drafts = [
        Draft(
            ScheduleRule(
                days=read_days(rule.get("days", ["mon-sun"])),
                months=read_months(rule.get("months", ["1-12"])),
                slots=(),
            )
        )
        for rule in rules
    ]
    idle = set(unreachable(drafts))
    return [rule for number, rule in enumerate(rules) if number not in idle]


def retail(**rest: Any) -> Tariff:
    """Return a tariff with three periods a day."""
    return Tariff.of([version(RETAIL_PRICES, schedule=[{"slots": EVENING}], **rest)])


def local(text: str, zone: ZoneInfo = SHANGHAI, *, fold: int = 0) -> datetime:
    """Return the instant (UTC) at which a zone's clocks show a date and time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def used(energy_wh: int, since: datetime, until: datetime, *, from_wh: int = 0) -> Interval:
    """Return an interval in which so much was used."""
    return Interval(from_wh=from_wh, to_wh=from_wh + energy_wh, from_at=since, to_at=until)


def shape(lines: tuple[RatedLine, ...]) -> list[tuple[int, str, int, bool]]:
    """Return what matters of lines at a glance: Wh, period, tier, estimated."""
    return [(line.to_wh - line.from_wh, line.period, line.tier, line.estimated) for line in lines]


def total(lines: tuple[RatedLine, ...]) -> Decimal:
    """Return what lines cost, exactly."""
    return sum((CNY.exact(line.amount) for line in lines), Decimal(0))


def cost(
    tariff: Tariff, interval: Interval, *, zone: ZoneInfo = SHANGHAI, used_wh: int = 0
) -> Decimal:
    """Return what an interval costs, exactly."""
    return total(rate(tariff, interval, zone=zone, used=Used(used_wh)))
