"""What an amount buys: rating turned round."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.tariff.buying import Bought, buys, net_within
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.model import NOT_USED, Tariff, Used
from custom_components.compere_prepaid.core.tariff.rating import Interval, rate
from custom_components.compere_prepaid.core.tariff.schedule import stretch_at
from custom_components.compere_prepaid.core.tariff.tax import PPM, tax_on
from tests.core.tariff.drawing import tariff_documents
from tests.core.tariff.tariffs import CNY, SHANGHAI, local, retail, version

NOON = local("2026-06-15T12:00")


def bought(tariff: Tariff, amount: str, used: Used = NOT_USED) -> list[tuple[int, int, str]]:
    """Return tier, Wh and exact cost of what an amount buys at noon."""
    found = buys(tariff, CNY.parse(amount), at=NOON, zone=SHANGHAI, used=used)
    return [(part.tier, part.wh, f"{CNY.exact(part.amount).normalize():f}") for part in found]


def test_a_flat_price() -> None:
    """100 at 0.6173 are 161.995 kWh; a Wh more would cost too much."""
    assert bought(Tariff.of([version("0.6173")]), "100") == [(1, 161_995, "99.9995135")]
    (part,) = buys(
        Tariff.of([version("10")]), CNY.parse("0.01"), at=NOON, zone=SHANGHAI, used=Used()
    )
    assert part == Bought(tier=1, wh=1, price=CNY.parse_price(10), amount=CNY.parse("0.01"))


def test_up_the_ladder_from_where_the_account_stands() -> None:
    """50 kWh are left in the first tier, 250 in the second."""
    tariff = Tariff.of(
        [
            version(
                "2.3634",
                tiers=[{"up_to": 350}, {"up_to": 600, "price": "2.95"}, {"price": "3.4"}],
            )
        ]
    )
    assert bought(tariff, "1000", Used(300_000)) == [
        (1, 50_000, "118.17"),
        (2, 250_000, "737.5"),
        (3, 42_450, "144.33"),
    ]
    assert bought(tariff, "118.17", Used(300_000)) == [(1, 50_000, "118.17")]
    assert bought(tariff, "1", Used(600_000)) == [(3, 294, "0.9996")]


def test_tax_on_top_is_paid_too() -> None:
    """115 with 15 % tax buy what 100 buy without; with the tax included 115 buy 115."""
    tax = {"percent": 15, "included": False}
    assert bought(Tariff.of([version("1", tax=tax)]), "115") == [(1, 100_000, "115")]
    tax = {"percent": 15, "included": True}
    assert bought(Tariff.of([version("1", tax=tax)]), "115") == [(1, 115_000, "115")]


def test_the_period_in_force_has_the_price() -> None:
    """And its own ladder, where periods have ladders."""
    assert bought(retail(), "61.73") == [(1, 100_000, "61.73")]
    tariff = retail(tiers={"flat": [{"up_to": 1}, {"price": "2"}], "peak": [{"price": 9}]})
    assert bought(tariff, "2", Used(500_000, {"flat": 500})) == [
        (1, 500, "0.30865"),
        (2, 845, "1.69"),
    ]


def test_a_free_tier_is_taken_whole() -> None:
    """It ends; a free price that never ends cannot be told in kWh."""
    tariff = Tariff.of([version("0", tiers=[{"up_to": 10}, {"price": "0.5"}])])
    assert bought(tariff, "1", Used(4_000)) == [(1, 6_000, "0"), (2, 2_000, "1")]
    with pytest.raises(InvalidInputError) as caught:
        bought(Tariff.of([version("0")]), "1")
    assert caught.value.key == "energy_is_free"
    assert caught.value.placeholders == {"tariff": "Retail", "period": "flat"}


def test_nothing_buys_nothing() -> None:
    """Less than a Wh costs buys nothing either."""
    tariff = Tariff.of([version("20")])
    assert bought(tariff, "0.01") == []
    assert bought(tariff, "0") == []
    assert bought(tariff, "-5") == []


@given(st.integers(min_value=0, max_value=10**13), st.integers(min_value=0, max_value=PPM))
def test_the_largest_net_amount(gross: int, ppm: int) -> None:
    """With its tax it fits, and one more unit would not."""
    net = net_within(Amount(gross), ppm)
    assert net + tax_on(net, ppm) <= gross
    assert net + 1 + tax_on(Amount(net + 1), ppm) > gross


@given(
    tariff_documents(),
    st.integers(min_value=1, max_value=10**6).map(lambda fen: Amount(fen * 10**7)),
    st.integers(min_value=0, max_value=10**7),
)
def test_what_was_bought_is_what_rating_charges(
    data: dict[str, Any], amount: Amount, used_wh: int
) -> None:
    """Rating the Wh costs what was paid for them; one Wh more would cost more than the amount."""
    written = tariff_version_from(data | {"valid_from": "2000-01-01", "calendar": "C"}, CNY)
    tariff = Tariff.of([written], {"C": {}})
    stretch = stretch_at(tariff, NOON, SHANGHAI)
    used = Used(used_wh, {stretch.period: used_wh})
    if stretch.prices[-1] == 0:
        return
    found: tuple[Bought, ...] = buys(tariff, amount, at=NOON, zone=SHANGHAI, used=used)
    wh = sum(part.wh for part in found)
    paid = sum(part.amount for part in found)

    def cost(energy_wh: int) -> int:
        interval = Interval(0, energy_wh, NOON, NOON)
        net = Amount(sum(line.amount for line in rate(tariff, interval, zone=SHANGHAI, used=used)))
        return net + tax_on(net, stretch.tax_ppm)

    assert cost(wh) == paid <= amount < cost(wh + 1)
