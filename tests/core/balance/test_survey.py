"""A survey: who is looked at, and what may get lost on which day."""

from datetime import timedelta

from custom_components.compere_prepaid.core.balance.feeders import Feeder
from custom_components.compere_prepaid.core.balance.findings import FindingKind
from custom_components.compere_prepaid.core.balance.survey import Neighbourhood, Surveyed, survey
from custom_components.compere_prepaid.core.prepayment.calendar import day_start
from tests.core.balance.mall_hours import ALL, LIGHTS, MAIN, SHOP, SINCE, TEA, UNTIL, ZONE, metered

NOW = day_start(UNTIL, ZONE)


def test_of_vacant_shops_nobody_wonders() -> None:
    """Two meters stand still for two days; the one that no tenant is charged by may."""
    loads = {
        MAIN: lambda _: 1000,
        SHOP: lambda hour: 400 if hour < 8 * 24 else 0,
        TEA: lambda hour: 400 if hour < 8 * 24 else 0,
        LIGHTS: lambda _: 100,
    }
    around = Neighbourhood(
        present=ALL, areas={SHOP: "E", LIGHTS: "E", TEA: "W"}, nights={}, let={SHOP, LIGHTS}
    )
    read = metered(loads, Feeder(name="Site", main=(MAIN,)))
    found = survey(Surveyed(read, {}), around, ZONE, NOW).findings
    assert [one.meter for one in found if one.kind is FindingKind.STANDS_STILL] == [SHOP]


def test_what_may_get_lost_is_that_of_the_day() -> None:
    """A version that expects more says nothing of the days before it."""
    loads = {
        MAIN: lambda _: 1000,
        SHOP: lambda _: 900,
        TEA: lambda _: 0,
        LIGHTS: lambda _: 0,
    }
    later = SINCE + timedelta(days=5)
    read = metered(
        loads,
        Feeder(name="Site", main=(MAIN,), expected_loss_ppm=20_000),
        Feeder(name="Site", main=(MAIN,), expected_loss_ppm=100_000, valid_from=later),
    )
    around = Neighbourhood(present=ALL, areas={}, nights={}, let=())
    found = survey(Surveyed(read, {}), around, ZONE, NOW)
    days = found.days("Site", ZONE)
    assert [one.unexplained_wh for one in days.values()] == [24 * 80] * 5 + [0] * 5
    assert found.balance("Site", ZONE).unexplained_wh == 5 * 24 * 80
