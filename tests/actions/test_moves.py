"""`move_in` and `move_out`: read first, settled to the Wh and the fen, nothing kept half done."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.actions.asking import (
    BAKERY,
    NOODLES,
    TEA,
    add_rules,
    named_as_cashiers,
    refused,
    serial_of,
)
from tests.site_fixtures import (
    account_entity,
    expected_event,
    read_again,
    running_site,
    silence,
    state_of,
    use,
)
from tests.stories.telling import PRICE, ask, burn, contact

POLICY = (
    "policies:",
    "  - {name: Gentle, warning_levels: [20], emergency_credit: 10}",
)


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a mall with two tenants; the bakery is empty."""
    accounts = {NOODLES: (NOODLES,), TEA: (TEA,)}
    async with running_site(hass, mall, tmp_path, accounts=accounts, price=PRICE) as site:
        yield site


def tenant(mall: Mall, **changes: Any) -> dict[str, Any]:
    """Say who moves into the bakery."""
    return {
        "number": "A-103",
        "name": "Dumpling Garden",
        "meters": [serial_of(mall, BAKERY)],
        "tariff": "Standard",
        "policy": "Standard",
    } | changes


async def test_moves_in(hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str) -> None:
    """The meter is read at this moment; what it counted before is nobody's."""
    await add_rules(hass, *POLICY)
    use(mall, BAKERY, 5000, 3600)
    started = mall.meter(BAKERY).true_wh
    answer = await ask(
        hass,
        "move_in",
        boss,
        **tenant(mall, policy="Gentle", opening_balance="5", deposit=100, deposit_reference="D1"),
    )
    assert answer == {
        "number": "A-103",
        "meters": {
            serial_of(mall, BAKERY): {"from_wh": started, "read_at": "2026-03-02T13:00:00+08:00"}
        },
    }
    await hass.async_block_till_done()
    balance = account_entity(hass, "number", "A-103", "balance")
    assert state_of(hass, balance).state == "5.0"
    await burn(mall, site, BAKERY, 2000)
    account = await ask(hass, "get_account", account="A-103")
    assert (account["balance"], account["deposit"]) == ("3.00", "100.00")
    assert account["policy"] == "Gentle"
    button = account_entity(hass, "button", "A-103", "emergency_credit")
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    account = await ask(hass, "get_account", account="A-103")
    assert (account["available_credit"], account["supply_state"]) == ("13.00", "warning")
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_moves_out(hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str) -> None:
    """Read, settled, refunded; the account is gone, its statement stays, its number too."""
    await ask(hass, "take_deposit", account=NOODLES, amount=50)
    use(mall, NOODLES, 20_000, 1800)
    async with expected_event(hass, "moved_out", account=NOODLES) as told:
        answer = await ask(hass, "move_out", boss, account=NOODLES, reason="end of lease")
    assert (answer["refunded"], answer["carried_over"], answer["owed"]) == (
        "240.00",
        "0.00",
        "0.00",
    )
    statement = answer["statement"]
    assert (statement["number"], statement["account"]) == (1, NOODLES)
    assert told[0].data["statement"] == 1
    await hass.async_block_till_done()
    assert {account.title for account in site.entry.get_subentries_of_type("account")} == {
        "A-102 Bubble Tea"
    }
    for action in ("get_account", "top_up"):
        more: dict[str, Any] = {"amount": 1} if action == "top_up" else {}
        async with refused(site, "account_unknown", account=NOODLES):
            await ask(hass, action, account=NOODLES, **more)
    kept = await ask(hass, "get_statement", account=NOODLES, number=1)
    assert kept == statement | {"users": {boss: "Boss"}}
    paper = await ask(hass, "verify_ledger", anchor=statement["anchor"])
    assert (paper["ok"], paper["charged_wh"]) == (True, 10_000)
    moves = tenant(mall, number=NOODLES, meters=[serial_of(mall, NOODLES)])
    async with refused(site, "account_closed", account=NOODLES, next=f"{NOODLES}-2"):
        await ask(hass, "move_in", boss, **moves)
    await ask(hass, "move_in", boss, **(moves | {"number": f"{NOODLES}-2"}))
    await ask(hass, "move_out", boss, account=f"{NOODLES}-2")
    async with refused(site, "account_closed", next=f"{NOODLES}-3"):
        await ask(hass, "move_in", boss, **(moves | {"number": f"{NOODLES}-2"}))


async def test_rest_is_carried_over(hass: HomeAssistant, site: CompereSite) -> None:
    """A tenant who changes shops keeps the balance."""
    answer = await ask(hass, "move_out", account=NOODLES, carry_to=TEA)
    assert (answer["refunded"], answer["carried_over"]) == ("0.00", "200.00")
    assert (await ask(hass, "get_account", account=TEA))["balance"] == "400.00"


async def test_cut_supply_comes_back_for_nobody(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """The hold for credit goes with the tenant; what a person holds stays."""
    async with expected_event(hass, "cut_off", account=NOODLES):
        await ask(hass, "adjust_balance", account=NOODLES, amount="-201", reason="test")
    await ask(hass, "place_hold", meter=serial_of(mall, NOODLES), kind="manual")
    answer = await ask(hass, "move_out", account=NOODLES)
    assert answer["owed"] == "1.00"
    assert contact(mall.meter(NOODLES)) == "open"
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_move_out_without_an_answer(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A silent meter stops it, unless its last reading is recent and is said to do."""
    await burn(mall, site, NOODLES, 5000)
    serial = serial_of(mall, NOODLES)
    mall.meter(NOODLES).fail(Fault(kind=FaultKind.SILENT))
    await silence(site, serial)
    async with refused(site, "move_out_unread", error=HomeAssistantError, meter=serial):
        await ask(hass, "move_out", account=NOODLES)
    mall.clock.advance(minutes=61)  # type: ignore[attr-defined]  # a ManualClock
    for other in (TEA, BAKERY):  # an hour has passed for all, and is posted
        await read_again(site, serial_of(mall, other))
    await site.async_tick()
    async with refused(site, "move_needs_reading", meter=serial):
        await ask(hass, "move_out", account=NOODLES, use_last_reading=True)
    mall.meter(NOODLES).heal()
    mall.clock.advance(minutes=1)  # type: ignore[attr-defined]
    answer = await ask(hass, "move_out", account=NOODLES)
    assert answer["refunded"] == "195.00"


async def test_move_out_by_the_last_reading(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Not older than an hour, it settles the account; what comes later is nobody's."""
    await burn(mall, site, NOODLES, 5000)
    mall.meter(NOODLES).fail(Fault(kind=FaultKind.SILENT))
    await silence(site, serial_of(mall, NOODLES))
    mall.clock.advance(minutes=59)  # type: ignore[attr-defined]  # a ManualClock
    answer = await ask(hass, "move_out", account=NOODLES, use_last_reading=True)
    assert answer["refunded"] == "195.00"
    assert (await ask(hass, "verify_ledger"))["charged_wh"] == 5000


async def test_move_out_that_was_interrupted(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Closed in the ledger and still configured: the next start takes the account off the site."""
    await site.moves.move_out(NOODLES, user="boss")
    assert len(site.entry.get_subentries_of_type("account")) == 2
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    await hass.async_block_till_done()
    (left,) = site.entry.get_subentries_of_type("account")
    assert left.data["number"] == TEA
    moves = tenant(mall, number=f"{NOODLES}-2", meters=[serial_of(mall, NOODLES)])
    assert (await ask(hass, "move_in", **moves))["number"] == f"{NOODLES}-2"


async def test_move_in_that_was_interrupted(
    hass: HomeAssistant, mall: Mall, site: CompereSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened in the ledger and not configured: the same again opens it, with one balance."""

    async def stop() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(site, "async_apply_subentries", stop)
        patch.setattr(hass.config_entries, "async_add_subentry", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            await ask(hass, "move_in", **tenant(mall, opening_balance=30))
    del site.book.accounts["A-103"]  # type: ignore[arg-type]  # as a new process would find it
    answer = await ask(hass, "move_in", **tenant(mall, opening_balance=30))
    assert answer["number"] == "A-103"
    assert (await ask(hass, "get_account", account="A-103"))["balance"] == "30.00"


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("number_invalid", {"number": " "}),
        ("number_invalid", {"number": "A:1"}),
        ("number_invalid", {"number": "9" * 41}),
        ("number_in_use", {"number": "a-102"}),
        ("name_missing", {"name": " "}),
        ("meters_missing", {"meters": []}),
        ("meter_unknown", {"meters": ["33B0"]}),
        ("meter_taken", {"meters": ["33B0025950002"]}),
        ("tariff_unknown", {"tariff": "Night"}),
        ("policy_unknown", {"policy": "Lenient"}),
        ("amount_not_a_number", {"opening_balance": "much"}),
        ("amount_not_positive", {"deposit": "0"}),
    ],
)
async def test_who_cannot_move_in(
    hass: HomeAssistant, mall: Mall, site: CompereSite, key: str, changes: dict[str, Any]
) -> None:
    """Each is refused in words that say what to do, and nothing is opened."""
    async with refused(site, key):
        await ask(hass, "move_in", **tenant(mall, **changes))


async def test_move_in_needs_a_meter_that_answers(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Nobody moves in on a guess."""
    mall.meter(BAKERY).fail(Fault(kind=FaultKind.SILENT))
    async with refused(site, "meter_silent", error=HomeAssistantError, address="3"):
        await ask(hass, "move_in", **tenant(mall))
    mall.meter(BAKERY).heal()
    wanted = tenant(mall)
    mall.meter(BAKERY).replace("33B0025959999")
    async with refused(site, "other_meter", error=HomeAssistantError, found="33B0025959999"):
        await ask(hass, "move_in", **wanted)


async def test_who_cannot_move_out(hass: HomeAssistant, site: CompereSite) -> None:
    """Nobody unknown, not to oneself, not with money on its way."""
    async with refused(site, "account_unknown", account="A-999"):
        await ask(hass, "move_out", account="A-999")
    async with refused(site, "account_unknown", account="A-999"):
        await ask(hass, "move_out", account=NOODLES, carry_to="A-999")
    async with refused(site, "carry_to_itself", account=NOODLES):
        await ask(hass, "move_out", account=NOODLES, carry_to=NOODLES)
    await ask(
        hass, "refund", account=NOODLES, amount=1, reference="F", reason="x", reserve_only=True
    )
    async with refused(site, "refund_open", account=NOODLES):
        await ask(hass, "move_out", account=NOODLES)


async def test_moves_are_for_administrators(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str
) -> None:
    """A cashier takes money; who rents what is not a cashier's to say."""
    named_as_cashiers(hass, site, anna)
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "move_in", anna, **tenant(mall))
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "move_out", anna, account=NOODLES)


async def test_import_does_not_bring_a_tenant_back(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A file from before the move is refused at the line that has the account."""
    text = (await ask(hass, "export_site"))["content"]
    await ask(hass, "move_out", account=NOODLES)
    with pytest.raises(PrepaidError):
        await site.opening.refuse_closed(NOODLES)  # type: ignore[arg-type]
    (fault,) = (await ask(hass, "import_site", content=text))["faults"]
    assert fault["path"] == "accounts[0].number"
    assert f"{NOODLES}-2" in fault["message"]
