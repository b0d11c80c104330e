"""`get_account`: how an account stands, in the shape that others build on."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, refused, serial_of
from tests.site_fixtures import expected_event, read_again, silence, use
from tests.stories.telling import ask, relay_settled


async def test_tells_everything(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Money as decimal text, times with offset, each meter with relay, holds and reading."""
    for name in (TEA, BAKERY):
        use(mall, name, watts=5_000, seconds=1800)
        await read_again(site, serial_of(mall, name))
    await ask(hass, "place_hold", meter=serial_of(mall, BAKERY), kind="manual")
    await relay_settled(site.controller, MeterSerial(serial_of(mall, BAKERY)))
    assert await ask(hass, "get_account", account=TEA) == {
        "number": TEA,
        "name": "Bubble Tea",
        "balance": "195.00",
        "available_credit": "195.00",
        "credit_limit": "0.00",
        "supply_state": "in_credit",
        "days_left": 1.625,
        "forecast": {
            "days_left": 1.625,
            "low": 1.625,
            "high": 1.625,
            "expected_zero": "2026-03-04T04:00:00+08:00",
        },
        "price": "1.000000",
        "period": "flat",
        "tariff": "Standard",
        "policy": "Standard",
        "cost_today": "5.00",
        "cost_month": "5.00",
        "spending": {
            "today": "5.00",
            "usual_today": None,
            "yesterday": "0.00",
            "week": {"amount": "5.00", "before": None, "change_percent": None},
            "month": {"amount": "5.00", "before": None, "change_percent": None},
        },
        "accrued": "0.00",
        "service_balance": "0.00",
        "deposit": "0.00",
        "debts": [],
        "emergency": {"offered": "0.00", "in_use": "0.00"},
        "tariff_version": {"valid_from": "2000-01-01", "revision": 1},
        "standing_per_day": "0.00",
        "watch": {
            "put_off_until": None,
            "put_off_why": None,
            "grace_until": None,
            "disputed": False,
            "dispute_reason": None,
            "adapts_until": None,
            "shadow_cut": False,
            "shadow_cut_since": None,
            "reconnect_awaited": False,
            "warned_level": None,
            "warned_days": None,
            "noticed_at": None,
            "next_decision": None,
        },
        "meters": [
            {
                "serial": serial_of(mall, TEA),
                "name": TEA,
                "relay": "closed",
                "holds": [],
                "waits_to_close": False,
                "energy_wh": mall.meter(TEA).true_wh,
                "read_at": "2026-03-02T12:30:00+08:00",
            },
            {
                "serial": serial_of(mall, BAKERY),
                "name": BAKERY,
                "relay": "open",
                "holds": ["manual"],
                "waits_to_close": False,
                "energy_wh": mall.meter(BAKERY).true_wh,
                "read_at": "2026-03-02T13:00:00+08:00",
            },
        ],
    }


async def test_follows_the_money(hass: HomeAssistant, site: CompereSite) -> None:
    """From credit over a warning to off, and back; what is not in sight has no days."""
    for amount, available, state in (
        ("-99.99", "100.01", "in_credit"),
        ("-0.01", "100.00", "warning"),
        ("-99.99", "0.01", "warning"),
    ):
        await ask(hass, "adjust_balance", account=NOODLES, amount=amount, reason="test")
        answer = await ask(hass, "get_account", account=NOODLES)
        assert (answer["available_credit"], answer["supply_state"]) == (available, state)
        assert answer["days_left"] is None
    async with expected_event(hass, "cut_off", account=NOODLES):
        await ask(hass, "adjust_balance", account=NOODLES, amount="-0.02", reason="test")
    answer = await ask(hass, "get_account", account=NOODLES)
    assert (answer["balance"], answer["supply_state"]) == ("-0.01", "off")
    assert answer["days_left"] == 0
    assert answer["meters"][0]["holds"] == ["no_credit"]


async def test_credit_is_what_may_be_spent(hass: HomeAssistant, site: CompereSite) -> None:
    """A credit limit counts as available; a balance is what it is."""
    await site.agreements.set_credit_limit([NOODLES], site.currency.parse(50), "boss")
    answer = await ask(hass, "get_account", account=NOODLES)
    assert (answer["balance"], answer["available_credit"]) == ("200.00", "250.00")
    assert answer["credit_limit"] == "50.00"


async def test_what_is_not_known_is_unknown(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """The relay of a silent meter may stand either way; its last reading stays, with its time."""
    before = (await ask(hass, "get_account", account=NOODLES))["meters"][0]
    assert before["relay"] == "closed"
    await mall.unplug(mall.line_of(NOODLES).name)
    await silence(site, serial_of(mall, NOODLES))
    after = (await ask(hass, "get_account", account=NOODLES))["meters"][0]
    assert after == before | {"relay": "unknown"}


async def test_balances_are_shown_rounded_down(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A fraction of a fen that was used is not shown as if it were still there."""
    use(mall, NOODLES, watts=1_000, seconds=4)  # 1 Wh
    await read_again(site, serial_of(mall, NOODLES))
    answer = await ask(hass, "get_account", account=NOODLES)
    assert (answer["balance"], answer["cost_today"]) == ("199.99", "0.00")


async def test_unknown_account(hass: HomeAssistant, site: CompereSite) -> None:
    """It is named in the error."""
    async with refused(site, "account_unknown", account="A-999"):
        await ask(hass, "get_account", account="A-999")


async def test_of_several_sites_one_must_be_named(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Two malls may have the same numbers: which one is meant is never guessed."""
    other = MockConfigEntry(domain=DOMAIN, title="Hillside Mall", unique_id="hillside_mall")
    other.add_to_hass(hass)
    entry_id = site.entry.entry_id
    answer = await ask(hass, "get_account", account=NOODLES, config_entry_id=entry_id)
    assert answer["number"] == NOODLES
    for wrong in ({}, {"config_entry_id": other.entry_id}, {"config_entry_id": "nowhere"}):
        with pytest.raises(ServiceValidationError) as refusal:
            await ask(hass, "get_account", account=NOODLES, **wrong)
        assert refusal.value.translation_key is not None
        assert refusal.value.translation_key.startswith("service_")
