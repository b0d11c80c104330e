"""`top_up`: who is meant, what it answers, that it counts once, and what it refuses."""

import asyncio
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
)
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.accounts import Fund, tenant
from custom_components.compere_prepaid.core.ledger.records import Transfer
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, named_as_cashiers, refused, serial_of
from tests.actions.targets import TARGETS, device_of
from tests.site_fixtures import account_entity, entity_of, expected_event, read_again, silence, use
from tests.stories.telling import ask

pytestmark = pytest.mark.usefixtures("site")


async def _top_ups(site: CompereSite, number: str, fund: Fund = Fund.ELECTRICITY) -> list[Transfer]:
    account = tenant(AccountNumber(number), fund)
    transfers = await site.ledger.read(lambda tx: tx.transfers(account, 100))
    return [transfer for transfer in transfers if transfer.code == "top_up"]


async def test_answers_with_transfer_balance_and_receipt(
    hass: HomeAssistant, site: CompereSite, boss: str
) -> None:
    """The answer names the transfer; the transfer names who paid what; an event tells it."""
    async with expected_event(hass, "topped_up", account=NOODLES) as told:
        answer = await ask(hass, "top_up", boss, account=NOODLES, amount="12.34", reference="R-1")
    (transfer,) = await _top_ups(site, NOODLES)
    answered = answer["accounts"][NOODLES]
    assert {key: answered[key] for key in ("transfer", "balance", "receipt", "replayed")} == {
        "transfer": f"top:R-1:{NOODLES}",
        "balance": "212.34",
        "receipt": f"{transfer.seq}-{transfer.hash[:12]}",
        "replayed": False,
    }
    assert answered["waterfall"] == {
        "percent_debts": {},
        "time_debts": {},
        "below_cut_off": "0.00",
        "emergency": "0.00",
        "balance": "12.34",
        "before": "200.00",
        "after": "212.34",
    }
    assert (transfer.id, transfer.user, transfer.reason) == (f"top:R-1:{NOODLES}", boss, "R-1")
    assert site.currency.exact(transfer.amount) == site.currency.exact(site.currency.parse("12.34"))
    (event,) = told
    assert (event.data["amount"], event.data["balance"]) == ("12.34", "212.34")
    assert (event.data["reference"], event.data["user"]) == ("R-1", boss)


async def test_amounts_are_text_or_numbers(hass: HomeAssistant, subtests: pytest.Subtests) -> None:
    """However people and automations write an amount, it is exact."""
    for turn, amount in enumerate(("20", "20.00", " 20.0 ", 20, 20.0), start=1):
        with subtests.test(amount=amount):
            answer = await ask(hass, "top_up", account=NOODLES, amount=amount)
            assert answer["accounts"][NOODLES]["balance"] == f"{200 + 20 * turn}.00"


async def test_what_json_calls_a_tenth_is_a_tenth(hass: HomeAssistant, site: CompereSite) -> None:
    """A number with decimals is what was written, not its nearest binary fraction."""
    for _ in range(10):
        await ask(hass, "top_up", account=NOODLES, amount=0.1)
    assert site.book.account(NOODLES).balance == site.currency.parse("201")


async def test_without_a_reference_each_call_counts(hass: HomeAssistant) -> None:
    """Two calls without a reference are two payments."""
    for balance in ("205.00", "210.00"):
        answer = await ask(hass, "top_up", account=NOODLES, amount=5)
        assert answer["accounts"][NOODLES]["balance"] == balance


async def test_what_was_used_until_now_is_posted_with_it(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """The balance of the answer is after everything that was read."""
    use(mall, NOODLES, watts=10_000, seconds=1800)
    await read_again(site, serial_of(mall, NOODLES))
    answer = await ask(hass, "top_up", account=NOODLES, amount=10)
    assert answer["accounts"][NOODLES]["balance"] == "205.00"
    assert (await ask(hass, "verify_ledger"))["charged_wh"] == 5000


async def test_service_fund_is_apart(hass: HomeAssistant, site: CompereSite) -> None:
    """Money for services is another fund: its own balance is answered, electricity stays."""
    async with expected_event(hass, "topped_up", account=NOODLES) as told:
        answer = await ask(hass, "top_up", account=NOODLES, amount=7, fund="service")
    assert answer["accounts"][NOODLES]["balance"] == "7.00"
    assert (told[0].data["balance"], told[0].data["available"]) == ("7.00", "200.00")
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "200.00"
    assert len(await _top_ups(site, NOODLES, Fund.SERVICE)) == 1
    assert await _top_ups(site, NOODLES) == []


async def test_cashiers_take_money(hass: HomeAssistant, site: CompereSite, anna: str) -> None:
    """A user whom the owner named as a cashier tops up in their own name."""
    named_as_cashiers(hass, site, anna)
    await ask(hass, "top_up", anna, account=NOODLES, amount=5)
    assert [transfer.user for transfer in await _top_ups(site, NOODLES)] == [anna]


# -- whom it means -------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["account", "meter"])
async def test_targets_lead_to_accounts(
    hass: HomeAssistant, mall: Mall, site: CompereSite, what: str, subtests: pytest.Subtests
) -> None:
    """An account is meant by its own device, and by that of a meter that supplies it."""
    device = device_of(
        hass, site, f"account_{TEA}" if what == "account" else serial_of(mall, BAKERY)
    )
    for turn, (kind, target) in enumerate(TARGETS.items(), start=1):
        with subtests.test(target=kind):
            answer = await ask(hass, "top_up", amount=5, **target(hass, device))
            assert list(answer["accounts"]) == [TEA]
            assert answer["accounts"][TEA]["balance"] == f"{200 + 5 * turn}.00"


async def test_a_whole_area_is_one_transaction(hass: HomeAssistant, site: CompereSite) -> None:
    """Each account of the food court is credited once, though its meters are there as well."""
    area = ar.async_get(hass).async_get_area_by_name("Food court")
    assert area is not None
    answer = await ask(hass, "top_up", amount=5, reference="Gift", area_id=area.id)
    assert {number: paid["balance"] for number, paid in answer["accounts"].items()} == {
        NOODLES: "205.00",
        TEA: "205.00",
    }
    times = {(await _top_ups(site, number))[0].recorded_at for number in (NOODLES, TEA)}
    assert len(times) == 1


async def test_numbers_and_targets_add_up(hass: HomeAssistant, site: CompereSite) -> None:
    """Who is named and targeted too is credited once."""
    device_id = device_of(hass, site, f"account_{TEA}").id
    answer = await ask(hass, "top_up", account=[NOODLES, TEA, TEA], amount=5, device_id=device_id)
    assert {number: paid["balance"] for number, paid in answer["accounts"].items()} == {
        NOODLES: "205.00",
        TEA: "205.00",
    }


async def test_money_reaches_tenants_whose_meter_is_offline(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """An unavailable entity still says whom it means."""
    serial = serial_of(mall, NOODLES)
    await mall.unplug(mall.line_of(NOODLES).name)
    await silence(site, serial)
    power = entity_of(hass, "sensor", f"{serial}_power")
    answer = await ask(hass, "top_up", amount=5, entity_id=power)
    assert answer["accounts"][NOODLES]["balance"] == "205.00"


# -- once ----------------------------------------------------------------------------------------


async def test_a_reference_counts_once(hass: HomeAssistant, site: CompereSite) -> None:
    """Asked again, it answers with the first transfer and receipt, and tells no second event."""
    told: list[object] = []
    hass.bus.async_listen(f"{DOMAIN}_topped_up", told.append)
    call: dict[str, Any] = {"account": [NOODLES, TEA], "amount": "5", "reference": "R-1"}
    first = await ask(hass, "top_up", **call)
    await ask(hass, "adjust_balance", account=NOODLES, amount=-1, reason="in between")
    again = await ask(hass, "top_up", **call)
    for number, balance in ((NOODLES, "204.00"), (TEA, "205.00")):
        expected = first["accounts"][number] | {"balance": balance, "replayed": True}
        same = expected.keys() - {"before", "after", "events"}
        answered = again["accounts"][number]
        assert {key: answered[key] for key in same} == {key: expected[key] for key in same}
        assert (answered["events"], answered["after"]["balance"]) == ([], balance)
        assert len(await _top_ups(site, number)) == 1
    assert (again["batch"], again["totals"]["amount"]) == (first["batch"], "0.00")
    await hass.async_block_till_done()
    assert len(told) == 2


async def test_a_reference_counts_once_however_fast_it_is_repeated(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """Eight impatient calls at once are one payment."""
    call: dict[str, Any] = {"account": NOODLES, "amount": "5", "reference": "R-1"}
    answers = await asyncio.gather(*(ask(hass, "top_up", **call) for _ in range(8)))
    assert {answer["accounts"][NOODLES]["balance"] for answer in answers} == {"205.00"}
    assert sorted(answer["accounts"][NOODLES]["replayed"] for answer in answers) == [
        False,
        *[True] * 7,
    ]
    assert len(await _top_ups(site, NOODLES)) == 1


async def test_a_reference_is_good_for_each_account(hass: HomeAssistant) -> None:
    """One payment for a second account under the same receipt number is another transfer."""
    await ask(hass, "top_up", account=NOODLES, amount="5", reference="R-1")
    answer = await ask(hass, "top_up", account=[NOODLES, TEA], amount="5", reference="R-1")
    replayed = {number: paid["replayed"] for number, paid in answer["accounts"].items()}
    assert replayed == {NOODLES: True, TEA: False}


# -- what it refuses -----------------------------------------------------------------------------


NO_AMOUNTS: tuple[tuple[object, str], ...] = (
    ("0", "amount_not_positive"),
    (0, "amount_not_positive"),
    (0.0, "amount_not_positive"),
    ("-20", "amount_not_positive"),
    (-0.01, "amount_not_positive"),
    ("twenty", "amount_not_a_number"),
    ("", "amount_not_a_number"),
    ("12,50", "amount_not_a_number"),
    ("1_000", "amount_not_a_number"),
    ("NaN", "amount_not_a_number"),
    (float("nan"), "amount_not_a_number"),
    ("inf", "amount_not_a_number"),
    (float("inf"), "amount_not_a_number"),
    (True, "amount_not_a_number"),
    (None, "amount_not_a_number"),
    (["20"], "amount_not_a_number"),
    ({"yuan": 20}, "amount_not_a_number"),
    ("12.345", "amount_too_precise"),
    (12.345, "amount_too_precise"),
    (0.1 + 0.2, "amount_too_precise"),
    ("1e12", "amount_too_large"),
    (10**40, "amount_too_large"),
)


async def test_amounts_that_are_none(
    hass: HomeAssistant, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """What is no amount of money, or not more than nothing, is refused; the reference stays."""
    for amount, key in NO_AMOUNTS:
        with subtests.test(amount=amount):
            async with refused(site, key):
                await ask(hass, "top_up", account=[NOODLES, TEA], amount=amount, reference="R-1")
    answer = await ask(hass, "top_up", account=NOODLES, amount=5, reference="R-1")
    assert not answer["accounts"][NOODLES]["replayed"]


async def test_one_unknown_account_stops_all(
    hass: HomeAssistant, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """Nobody is credited when one of several is no account of this site."""
    for unknown in ("A-999", "a-101", "", "A-101 "):
        with subtests.test(account=unknown):
            async with refused(site, "account_unknown", account=unknown):
                await ask(hass, "top_up", account=[NOODLES, unknown, TEA], amount=5)


async def test_one_used_reference_stops_all(hass: HomeAssistant, site: CompereSite) -> None:
    """Nobody is credited when the reference stands for another amount with one of them."""
    await ask(hass, "top_up", account=TEA, amount="5", reference="R-1")
    for amount, fund in (("5.01", "electricity"), ("4.99", "electricity"), ("5", "service")):
        async with refused(site, "reference_reused"):
            await ask(
                hass, "top_up", account=[NOODLES, TEA], reference="R-1", amount=amount, fund=fund
            )
    assert site.book.account(NOODLES).balance == site.currency.parse("200")


async def test_balances_have_an_end(hass: HomeAssistant, site: CompereSite) -> None:
    """A payment that the book cannot count any more is refused for all."""
    for turn in range(4):
        await ask(hass, "top_up", account=TEA, amount=10**9, reference=f"R-{turn}")
    async with refused(site, "balance_too_large"):
        await ask(hass, "top_up", account=[NOODLES, TEA], amount=10**9)


async def test_nobody_is_meant(
    hass: HomeAssistant, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """A call that leads to no account of ours says so; so does one that means line or site."""
    bus = device_of(hass, site, f"bus_{next(iter(site.buses))}")
    targets: tuple[dict[str, Any], ...] = (
        {},
        {"account": []},
        {"entity_id": "light.kitchen"},
        {"area_id": "nowhere"},
        {"label_id": "nobody"},
        {"floor_id": "cellar"},
        {"device_id": bus.id},
        {"device_id": device_of(hass, site, site.key).id},
    )
    for target in targets:
        with subtests.test(**target):
            async with refused(site, "target_empty"):
                await ask(hass, "top_up", amount=5, **target)


async def test_ordinary_users_take_no_money(
    hass: HomeAssistant, site: CompereSite, anna: str
) -> None:
    """A user whom nobody named is refused by name, whomever they mean."""
    device_id = device_of(hass, site, f"account_{NOODLES}").id
    for target in ({"account": NOODLES}, {"device_id": device_id}, {}):
        async with refused(site, "not_allowed", user="Anna"):
            await ask(hass, "top_up", anna, amount=5, **target)


async def test_without_asking_for_an_answer(hass: HomeAssistant) -> None:
    """An automation that wants no answer gets none, and its money is there all the same."""
    call = {"account": NOODLES, "amount": "5"}
    assert await hass.services.async_call(DOMAIN, "top_up", call, blocking=True) is None
    balance = account_entity(hass, "number", NOODLES, "balance")
    state = hass.states.get(balance)
    assert state is not None
    assert re.fullmatch(r"205\.0+", state.state)
