"""Debts and emergency credit: what a top-up goes to, step by step (E12)."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, add_rules, refused
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, burn

pytestmark = pytest.mark.usefixtures("site")

ARREARS: dict[str, Any] = {
    "account": NOODLES,
    "name": "arrears",
    "amount": 100,
    "reason": "old bill",
    "percent": 25,
    "weekly_cap": "30",
}
PLAN: dict[str, Any] = {
    "account": NOODLES,
    "name": "kitchen",
    "amount": "21",
    "reason": "fitting",
    "instalment": "7",
    "per": "week",
}
POLICY = """\
policies:
  - {name: Gentle, warning_levels: [20], emergency_credit: 10, minimum_top_up: 5, maximum_top_up: 500}
"""  # noqa: E501 - a line for each policy


async def account(hass: HomeAssistant) -> Any:
    """Return the shop's account."""
    return await ask(hass, "get_account", account=NOODLES)


async def test_every_step_of_a_top_up(
    hass: HomeAssistant, mall: Mall, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """Debts first, then credit below the cut-off, emergency credit, and the balance."""
    await add_rules(hass, POLICY)
    await ask(hass, "apply_policy", account=NOODLES, policy="Gentle")
    assert (await ask(hass, "add_debt", **ARREARS))["outstanding"] == "100.00"
    assert (await ask(hass, "add_debt", **PLAN))["outstanding"] == "21.00"
    await ask(hass, "adjust_balance", account=NOODLES, amount="-190", reason="test")
    answer = await ask(hass, "use_emergency_credit", account=NOODLES)
    assert answer == {"available_credit": "20.00", "emergency": "10.00"}
    await burn(mall, site, NOODLES, 15_000)
    assert (await account(hass))["supply_state"] == "emergency"
    async with expected_event(hass, "cut_off", account=NOODLES):
        await burn(mall, site, NOODLES, 8_000)
    top_up = await ask(hass, "top_up", account=NOODLES, amount=60, reference="R-1")
    steps = top_up["accounts"][NOODLES]["waterfall"]
    assert steps == {
        "percent_debts": {"arrears": "15.00"},
        "time_debts": {},
        "below_cut_off": "3.00",
        "emergency": "10.00",
        "balance": "32.00",
        "before": "-13.00",
        "after": "32.00",
    }
    assert list(steps)[:5] == [
        "percent_debts",
        "time_debts",
        "below_cut_off",
        "emergency",
        "balance",
    ]
    with subtests.test("the weekly cap leaves the rest"):
        again = await ask(hass, "top_up", account=NOODLES, amount=100, reference="R-2")
        assert again["accounts"][NOODLES]["waterfall"]["percent_debts"] == {"arrears": "15.00"}
    found = await account(hass)
    assert found["debts"] == [
        {"name": "arrears", "outstanding": "70.00", "due": "0.00"},
        {"name": "kitchen", "outstanding": "21.00", "due": "0.00"},
    ]
    assert found["emergency"] == {"offered": "10.00", "in_use": "0.00"}
    with subtests.test("what was reversed is owed again"):
        await ask(hass, "reverse_top_up", account=NOODLES, reference="R-2", reason="bounced")
        assert (await account(hass))["debts"][0]["outstanding"] == "85.00"
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_instalments_fall_due_with_the_days(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A seventh each day, while there is credit; the clock sees to it."""
    await ask(hass, "add_debt", **PLAN)
    for _ in range(2):
        mall.clock.advance(hours=24)  # type: ignore[attr-defined]  # a ManualClock
        await site.async_tick()
    found = await account(hass)
    assert found["debts"] == [{"name": "kitchen", "outstanding": "19.00", "due": "0.00"}]
    assert found["balance"] == "198.00"


async def test_a_debt_counts_once_for_a_reference(hass: HomeAssistant) -> None:
    """A repeated call is the same debt; another one raises it, a negative one lowers it."""
    for amount, reference, left in (
        (100, "1", "100.00"),
        (100, "1", "100.00"),
        (-30, "2", "70.00"),
    ):
        answer = await ask(
            hass, "add_debt", **(ARREARS | {"amount": amount, "reference": reference})
        )
        assert answer == {"name": "arrears", "outstanding": left}


WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("add_debt", "amount_is_zero", ARREARS | {"amount": 0}),
    ("add_debt", "reason_missing", ARREARS | {"reason": " "}),
    ("add_debt", "debt_name_wrong", ARREARS | {"name": "a:b"}),
    ("add_debt", "debt_below_zero", ARREARS | {"amount": -1}),
    ("add_debt", "percent_wrong", ARREARS | {"percent": 0}),
    ("add_debt", "percent_wrong", ARREARS | {"percent": "101"}),
    ("add_debt", "percent_wrong", ARREARS | {"percent": "a quarter"}),
    ("add_debt", "debt_terms_wrong", ARREARS | {"instalment": 1, "per": "day"}),
    ("add_debt", "debt_terms_wrong", ARREARS | {"per": "day"}),
    ("add_debt", "amount_not_a_number", ARREARS | {"weekly_cap": "much"}),
    ("add_debt", "debt_terms_wrong", PLAN | {"instalment": "-1"}),
    ("add_debt", "account_unknown", PLAN | {"account": "A-999"}),
    ("use_emergency_credit", "emergency_not_offered", {"account": NOODLES}),
    ("use_emergency_credit", "account_unknown", {"account": "A-999"}),
]


@pytest.mark.parametrize(("action", "key", "data"), WRONG)
async def test_what_cannot_be(
    hass: HomeAssistant, site: CompereSite, action: str, key: str, data: dict[str, Any]
) -> None:
    """Each is refused in words that say what to do, and nothing is booked."""
    async with refused(site, key):
        await ask(hass, action, **data)


async def test_limits_of_a_policy(hass: HomeAssistant, site: CompereSite) -> None:
    """Top-ups too small or too large, and emergency credit that is not needed or used twice."""
    await add_rules(hass, POLICY)
    await ask(hass, "apply_policy", account=[NOODLES, TEA], policy="Gentle")
    async with refused(site, "top_up_too_small", minimum="5.00"):
        await ask(hass, "top_up", account=[TEA, NOODLES], amount="4.99")
    async with refused(site, "top_up_too_large", maximum="500.00"):
        await ask(hass, "top_up", account=NOODLES, amount="500.01")
    async with refused(site, "emergency_not_needed"):
        await ask(hass, "use_emergency_credit", account=NOODLES)
    await ask(hass, "adjust_balance", account=NOODLES, amount="-185", reason="test")
    await ask(hass, "use_emergency_credit", account=NOODLES)
    async with refused(site, "emergency_in_use"):
        await ask(hass, "use_emergency_credit", account=NOODLES)


async def test_debts_are_for_managers(hass: HomeAssistant, site: CompereSite, bob: str) -> None:
    """An ordinary user takes no debts on and uses nobody's emergency credit."""
    async with refused(site, "not_allowed", user="Bob"):
        await ask(hass, "add_debt", bob, **ARREARS)
    async with refused(site, "not_allowed", user="Bob"):
        await ask(hass, "use_emergency_credit", bob, account=NOODLES)
