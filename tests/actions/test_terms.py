"""Terms from now on: credit limits, policies, tariffs, and reconnecting by hand."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.records import TermKind
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, add_rules, named_as_cashiers, refused, serial_of
from tests.actions.targets import device_of
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, burn, contact

pytestmark = pytest.mark.usefixtures("site")

RULES = (
    "tariffs:",
    "  - {name: Cheap, valid_from: 2026-01-01, prices: {flat: 0.5}}",
    "  - {name: Coming, valid_from: 2026-04-01, prices: {flat: 2}}",
    "policies:",
    "  - {name: By hand, warning_levels: [], reconnect: confirm}",
)


async def test_credit_limit_of_a_whole_area(
    hass: HomeAssistant, site: CompereSite, boss: str
) -> None:
    """All accounts of a target get it in one transaction, in the manager's name."""
    targets = [device_of(hass, site, f"account_{number}").id for number in (NOODLES, TEA)]
    answer = await ask(hass, "set_credit_limit", boss, device_id=targets, limit="50.5")
    after = {
        "tariff": "Standard",
        "policy": "Standard",
        "credit_limit": "50.50",
        "available_credit": "250.50",
        "supply_state": "in_credit",
    }
    before = after | {"credit_limit": "0.00", "available_credit": "200.00", "balance": "200.00"}
    assert answer["accounts"][TEA] == after | {
        "before": before,
        "after": after | {"balance": "200.00"},
        "events": [],
        "relays": {},
    }
    assert set(answer["accounts"]) == {NOODLES, TEA}
    now = site.clock.now()
    terms = await site.ledger.read(
        lambda tx: [
            tx.term(AccountNumber(number), TermKind.CREDIT_LIMIT, now) for number in (NOODLES, TEA)
        ]
    )
    assert [(term.value, term.user) for term in terms if term] == [("50.500000000", boss)] * 2


async def test_tariff_from_now_on(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """What was used before is charged by the old one."""
    await add_rules(hass, *RULES)
    await burn(mall, site, NOODLES, 10_000)
    answer = await ask(hass, "assign_tariff", account=NOODLES, tariff="Cheap")
    assert answer["accounts"][NOODLES]["tariff"] == "Cheap"
    await burn(mall, site, NOODLES, 10_000)
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "185.00"
    await site.charging.settle_all("test")
    assert (await ask(hass, "verify_ledger"))["charged_wh"] == 20_000


async def test_reconnection_by_action(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Where the policy waits for a person, credit alone brings no power back."""
    await add_rules(hass, *RULES)
    await ask(hass, "apply_policy", account=NOODLES, policy="By hand")
    async with expected_event(hass, "cut_off", account=NOODLES):
        await ask(hass, "adjust_balance", account=NOODLES, amount="-200", reason="test")
    async with refused(site, "credit_exhausted", account=NOODLES):
        await ask(hass, "confirm_reconnect", account=[TEA, NOODLES])
    await ask(hass, "top_up", account=NOODLES, amount=10)
    assert (await ask(hass, "get_account", account=NOODLES))["supply_state"] == "off"
    async with expected_event(hass, "restored", account=NOODLES):
        answer = await ask(hass, "confirm_reconnect", account=NOODLES)
    assert answer["accounts"][NOODLES]["supply_state"] == "in_credit"
    assert contact(mall.meter(NOODLES)) == "closed"


WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("set_credit_limit", "credit_limit_negative", {"account": NOODLES, "limit": -1}),
    ("set_credit_limit", "amount_not_a_number", {"account": NOODLES, "limit": "much"}),
    ("set_credit_limit", "account_unknown", {"account": [NOODLES, "A-999"], "limit": 1}),
    ("set_credit_limit", "target_empty", {"limit": 1}),
    ("apply_policy", "policy_unknown", {"account": NOODLES, "policy": "Lenient"}),
    ("assign_tariff", "tariff_unknown", {"account": NOODLES, "tariff": "Night"}),
    ("assign_tariff", "tariff_not_in_force", {"account": NOODLES, "tariff": "Coming"}),
    ("confirm_reconnect", "account_unknown", {"account": "A-999"}),
]


@pytest.mark.parametrize(("action", "key", "data"), WRONG)
async def test_what_cannot_be(
    hass: HomeAssistant, site: CompereSite, action: str, key: str, data: dict[str, Any]
) -> None:
    """Each is refused in words that say what to do, and nothing changes."""
    await add_rules(hass, *RULES)
    async with refused(site, key):
        await ask(hass, action, **data)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("set_credit_limit", {"limit": 1}),
        ("apply_policy", {"policy": "Standard"}),
        ("assign_tariff", {"tariff": "Standard"}),
    ],
)
async def test_terms_are_for_administrators(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str, action: str, data: dict[str, Any]
) -> None:
    """A cashier takes money, and agrees on nothing."""
    named_as_cashiers(hass, site, anna)
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, action, anna, account=NOODLES, **data)
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "replace_meter", anna, meter=serial_of(mall, NOODLES), reason="x")
