"""Tariffs by action: what another one would cost, rating again, calendars and holidays."""

from decimal import Decimal
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.requirements import RequirementsNotFound
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, add_rules, named_as_cashiers, refused, serial_of
from tests.site_fixtures import read_again, use
from tests.stories.telling import ask, burn

pytestmark = pytest.mark.usefixtures("site")

TOU = """\
tariffs:
  - name: Day and night
    valid_from: 2026-01-01
    prices: {day: 0.8, night: 0.2}
    schedule: [{days: [mon-sun], slots: {"00:00": night, "08:00": day, "20:00": night}}]
    tiers: [{up_to: 12}, {adder: 0.1}]
    standing: {per_day: 1}
    tax: {percent: 10, included: false}
"""
CORRECTED = """\
tariffs:
  - {name: Flat, valid_from: 2026-01-01, prices: {flat: 1}}
"""


async def used_until_midnight(mall: Mall, site: CompereSite) -> None:
    """Let the shop use 1 kWh in each of twelve hours from noon on, read hourly."""
    for _ in range(12):
        use(mall, NOODLES, 1000, 3600)
        await read_again(site, serial_of(mall, NOODLES))


async def test_preview(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Line by line what the month would have cost; nothing is booked."""
    await add_rules(hass, TOU)
    await used_until_midnight(mall, site)
    use(mall, NOODLES, 1000, 3600)
    await read_again(site, serial_of(mall, NOODLES))
    await site.charging.settle_all("test")
    before = await site.ledger.read(lambda tx: tx.head())
    answer = await ask(
        hass, "preview_tariff", account=NOODLES, tariff="Day and night", month="2026-03"
    )
    assert answer["accounts"][NOODLES] == {
        "month": "2026-03",
        "energy_kwh": "13.000",
        "charged": "13.00",
        "would_be": "10.45",
        "difference": "-2.55",
        "lines": [
            {"period": "day", "tier": 1, "price": "0.8", "energy_kwh": "8.000", "amount": "6.40"},
            {"period": "night", "tier": 1, "price": "0.2", "energy_kwh": "4.000", "amount": "0.80"},
            {"period": "night", "tier": 2, "price": "0.3", "energy_kwh": "1.000", "amount": "0.30"},
        ],
        "fees": {"standing": "2.00"},
        "tax": "0.95",
        "not_measured": [],
    }
    assert await site.ledger.read(lambda tx: tx.head()) == before
    last_month = await ask(hass, "preview_tariff", account=[NOODLES, TEA], tariff="Standard")
    assert {one["month"] for one in last_month["accounts"].values()} == {"2026-02"}


async def test_price_shown_has_its_tax(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Price, standing and costs are what is paid."""
    await add_rules(hass, TOU)
    await ask(hass, "assign_tariff", account=NOODLES, tariff="Day and night")
    await burn(mall, site, NOODLES, 1000)
    account = await ask(hass, "get_account", account=NOODLES)
    assert (account["price"], account["period"]) == ("0.88", "day")
    assert account["tariff_version"] == {"valid_from": "2026-01-01", "revision": 1}
    assert account["standing_per_day"] == "1.00"
    assert account["balance"] == "199.12"
    mall.clock.advance(hours=24)  # type: ignore[attr-defined]  # a ManualClock
    await site.async_tick()
    account = await ask(hass, "get_account", account=NOODLES)
    assert account["balance"] == "198.02"
    assert (account["cost_today"], account["cost_month"]) == ("1.10", "1.98")


async def test_rated_again(hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str) -> None:
    """A corrected revision: first reckoned, then booked once, as the difference only."""
    await add_rules(hass, CORRECTED)
    await ask(hass, "assign_tariff", account=NOODLES, tariff="Flat")
    await burn(mall, site, NOODLES, 10_000)
    await site.charging.settle_all("test")
    corrected = CORRECTED.replace("{flat: 1}", "{flat: 0.9}, revision: 2")
    await add_rules(hass, corrected)
    call: dict[str, Any] = {
        "account": NOODLES,
        "since": "2026-03-02",
        "until": "2026-03-03 00:00:00",
        "reason": "misprint",
        "reference": "c-1",
    }
    dry = await ask(hass, "rerate", boss, **call, dry_run=True)
    assert dry["accounts"][NOODLES] == {
        "charges": 1,
        "changed": 1,
        "difference": "-1.00",
        "tax": "0.00",
        "replayed": False,
    }
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "190.00"
    assert await ask(hass, "rerate", boss, **call) == dry
    again = await ask(hass, "rerate", boss, **call)
    assert again["accounts"][NOODLES]["replayed"]
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "191.00"
    async with refused(site, "reference_reused", reference="c-1"):
        await ask(hass, "rerate", boss, **(call | {"reason": "another"}))
    await burn(mall, site, NOODLES, 10_000)
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "182.00"
    await site.charging.settle_all("test")
    assert (await ask(hass, "verify_ledger"))["faults"] == []
    tariff = await ask(hass, "get_tariff", tariff="Flat")
    assert [(one["revision"], one["prices"]) for one in tariff["versions"]] == [
        (2, {"flat": "0.9"})
    ]


async def test_special_days(hass: HomeAssistant, site: CompereSite) -> None:
    """Days to come are set, changed and taken back; tariffs follow, files have them."""
    days = {"2026-03-03": "holiday", "2026-03-04": "sun"}
    answer = await ask(hass, "set_special_days", calendar="China", days=days)
    assert answer == {"name": "China", "days": days}
    answer = await ask(hass, "set_special_days", calendar="China", days={"2026-03-04": None})
    assert answer["days"] == {"2026-03-03": "holiday"}
    await add_rules(
        hass,
        "calendars:",
        '  - {name: China, days: {"2026-03-03": holiday}}',
        "tariffs:",
        "  - name: Festive",
        "    valid_from: 2026-01-01",
        "    prices: {flat: 1, free: 0}",
        "    calendar: China",
        "    schedule:",
        '      - {days: [holiday], slots: {"00:00": free}}',
        '      - {days: [mon-sun], slots: {"00:00": flat}}',
    )
    tariff = await ask(hass, "get_tariff", tariff="Festive")
    assert tariff["calendars"] == [{"name": "China", "days": {"2026-03-03": "holiday"}}]
    async with refused(site, "calendar_past_changed", days="2026-03-02"):
        await ask(hass, "set_special_days", calendar="China", days={"2026-03-02": "holiday"})
    (fault,) = (
        await ask(
            hass,
            "import_site",
            content="site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}\n"
            'calendars: [{name: China, days: {"2026-03-01": holiday}}]\n',
        )
    )["faults"]
    assert (fault["path"], fault["line"]) == ("calendars[0].days", 2)
    text = (await ask(hass, "export_site"))["content"]
    assert "calendars:" in text


async def test_a_holiday_costs_what_it_says(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """From midnight to midnight of the site."""
    await test_special_days(hass, site)
    await ask(hass, "assign_tariff", account=NOODLES, tariff="Festive")
    await used_until_midnight(mall, site)
    for _ in range(2):
        use(mall, NOODLES, 1000, 3600)
        await read_again(site, serial_of(mall, NOODLES))
    await site.charging.settle_all("test")
    account = await ask(hass, "get_account", account=NOODLES)
    assert (account["balance"], account["period"]) == ("188.00", "free")
    assert (await ask(hass, "verify_ledger"))["faults"] == []


async def test_holidays_of_a_country(hass: HomeAssistant, site: CompereSite) -> None:
    """What the calendar says already stays, and so do days that have passed."""
    await ask(hass, "set_special_days", calendar="China", days={"2026-10-01": "sun"})
    call: dict[str, Any] = {
        "calendar": "China",
        "country": "cn",
        "years": [2026],
        "language": "en_US",
    }
    answer = await ask(hass, "import_holidays", **call)
    assert answer["added"]["2026-04-05"] == "Tomb-Sweeping Day"
    assert "2026-10-01" not in answer["added"]
    assert min(answer["added"]) >= "2026-03-03"
    assert answer["unchanged"] > 0
    calendar = site.book.calendars["China"]
    assert {f"{day}": kind for day, kind in calendar.days.items()} == dict.fromkeys(
        answer["added"], "holiday"
    ) | {"2026-10-01": "sun"}
    assert (await ask(hass, "import_holidays", **call))["added"] == {}
    fresh = await ask(hass, "import_holidays", **(call | {"calendar": "New", "years": "2026"}))
    assert min(fresh["added"]) == "2026-01-01"
    async with refused(site, "holidays_unknown", country="XX"):
        await ask(hass, "import_holidays", **(call | {"country": "XX"}))
    async with refused(site, "holidays_unknown", subdivision="Mars"):
        await ask(hass, "import_holidays", **call, subdivision="Mars")


async def test_holidays_that_cannot_be_installed(
    hass: HomeAssistant, site: CompereSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the internet there is still the other way."""

    async def fail(*_: object) -> None:
        raise RequirementsNotFound("compere_prepaid", ["holidays"])

    monkeypatch.setattr(
        "custom_components.compere_prepaid.holiday_calendar.async_process_requirements", fail
    )
    async with refused(site, "holidays_not_installed", error=HomeAssistantError):
        await ask(hass, "import_holidays", calendar="China", country="CN", years=2026)


RERATE: dict[str, Any] = {
    "account": NOODLES,
    "since": "2026-03-02",
    "until": "2026-03-03",
    "reason": "x",
}
WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("preview_tariff", "tariff_unknown", {"account": NOODLES, "tariff": "Night"}),
    ("preview_tariff", "account_unknown", {"account": "A-9", "tariff": "Standard"}),
    (
        "preview_tariff",
        "month_in_future",
        {"account": NOODLES, "tariff": "Standard", "month": "2026-04"},
    ),
    *(
        ("preview_tariff", "month_wrong", {"account": NOODLES, "tariff": "Standard", "month": one})
        for one in ("March", "2026-13", "2026-3")
    ),
    ("get_tariff", "tariff_unknown", {"tariff": "Night"}),
    ("rerate", "reason_missing", RERATE | {"reason": " "}),
    ("rerate", "time_order", RERATE | {"until": "2026-03-02"}),
    ("rerate", "time_wrong", RERATE | {"since": "soon"}),
    ("rerate", "tariff_unknown", RERATE | {"tariff": "Night"}),
    ("rerate", "target_empty", {key: RERATE[key] for key in ("since", "until", "reason")}),
    ("set_special_days", "days_missing", {"calendar": "China", "days": {}}),
    ("set_special_days", "days_missing", {"calendar": "China", "days": "2026-10-01"}),
    ("set_special_days", "day_wrong", {"calendar": "China", "days": {"1 October": "holiday"}}),
    ("set_special_days", "calendar_invalid", {"calendar": "China", "days": {"2026-10-01": "?"}}),
    ("set_special_days", "calendar_invalid", {"calendar": " ", "days": {"2026-10-01": "sun"}}),
]


@pytest.mark.parametrize(("action", "key", "data"), WRONG)
async def test_what_cannot_be(
    hass: HomeAssistant, site: CompereSite, action: str, key: str, data: dict[str, Any]
) -> None:
    """Each is refused in words that say what to do, and nothing changes."""
    async with refused(site, key):
        await ask(hass, action, **data)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("rerate", RERATE),
        ("set_special_days", {"calendar": "China", "days": {"2026-10-01": "sun"}}),
        ("import_holidays", {"calendar": "China", "country": "CN", "years": 2026}),
    ],
)
async def test_tariffs_are_for_administrators(
    hass: HomeAssistant, site: CompereSite, anna: str, action: str, data: dict[str, Any]
) -> None:
    """A cashier sets no prices."""
    named_as_cashiers(hass, site, anna)
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, action, anna, **data)


async def test_amounts_of_a_preview_add_up(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Energy, fees and tax make the total, exactly."""
    await add_rules(hass, TOU)
    await used_until_midnight(mall, site)
    await site.charging.settle_all("test")
    answer = await ask(
        hass, "preview_tariff", account=NOODLES, tariff="Day and night", month="2026-03"
    )
    found = answer["accounts"][NOODLES]
    parts = [line["amount"] for line in found["lines"]] + list(found["fees"].values())
    assert sum(map(Decimal, [*parts, found["tax"]])) == Decimal(found["would_be"])
