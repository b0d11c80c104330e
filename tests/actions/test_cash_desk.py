"""The cash desk: a second person above the limits, and the daily count."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ledger.payment_rows import CashReceipt
from custom_components.compere_prepaid.core.payment.approvals import VALID
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, refused
from tests.site_fixtures import SITE_KEY, entity_of
from tests.stories.telling import ask

LIMITS = {
    "top_up_limit": "500",
    "refund_limit": "50",
    "reversal_limit": "100",
    "adjustment_limit": "20",
}
TOP_UP: dict[str, Any] = {"account": NOODLES, "amount": "500.01", "reference": "R-1"}


@pytest.fixture
async def desk(hass: HomeAssistant, site: CompereSite, anna: str, bob: str) -> CompereSite:
    """Name two cashiers, and let a second person be needed above some amounts."""
    options = {"cashiers": [anna, bob], "cash_desk": LIMITS}
    hass.config_entries.async_update_entry(site.entry, options=options)
    await hass.async_block_till_done()
    return site


async def balance(hass: HomeAssistant, number: str = NOODLES) -> str:
    """Return an account's balance."""
    answer: str = (await ask(hass, "get_account", account=number))["balance"]
    return answer


def says_so(hass: HomeAssistant) -> bool:
    """Tell whether Home Assistant says that something waits."""
    return any(
        issue.translation_key == "approval_waits" for issue in ir.async_get(hass).issues.values()
    )


async def test_a_large_top_up_waits(
    hass: HomeAssistant, desk: CompereSite, anna: str, bob: str
) -> None:
    """Nothing moves before somebody else agrees; then it is booked in the name of who asked."""
    asked = await ask(hass, "top_up", anna, **TOP_UP)
    assert (asked["amount"], asked["limit"]) == ("500.01", "500.00")
    assert asked["expires_at"] == "2026-03-03T12:00:00+08:00"
    assert await ask(hass, "top_up", anna, **TOP_UP) == asked
    (waits,) = (await ask(hass, "list_approvals", bob))["waiting"]
    assert (waits["approval"], waits["action"]) == (asked["awaits_approval"], "top_up")
    assert (waits["asked_by"], waits["data"]["account"]) == ("Anna", [NOODLES])
    assert (await balance(hass), says_so(hass)) == ("200.00", True)
    approval = {"approval": asked["awaits_approval"]}
    async with refused(desk, "approval_by_same"):
        await ask(hass, "approve_cash", anna, **approval)
    async with refused(desk, "approval_needs_person"):
        await ask(hass, "approve_cash", **approval)
    done = await ask(hass, "approve_cash", bob, **approval)
    booked = done["result"]["accounts"][NOODLES]
    assert (booked["balance"], booked["number"], booked["replayed"]) == ("700.01", 1, False)
    again = (await ask(hass, "approve_cash", bob, **approval))["result"]["accounts"][NOODLES]
    assert (again["receipt"], again["replayed"]) == (booked["receipt"], True)
    assert (again["balance"], again["number"]) == ("700.01", 1)
    after = (await ask(hass, "top_up", anna, **TOP_UP))["accounts"][NOODLES]
    assert (after["transfer"], after["replayed"]) == (booked["transfer"], True)
    paper = await ask(hass, "get_receipt", account=NOODLES, reference="R-1")
    assert (paper["number"], paper["user"], paper["approver"]) == (1, "Anna", "Bob")
    assert not says_so(hass)
    async with refused(desk, "approval_decided"):
        await ask(hass, "refuse_cash", bob, **approval)
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_refused_and_expired(
    hass: HomeAssistant, mall: Mall, desk: CompereSite, anna: str, bob: str
) -> None:
    """What was refused or forgotten books nothing, and may be asked for anew."""
    first = (await ask(hass, "top_up", anna, **TOP_UP))["awaits_approval"]
    await ask(hass, "refuse_cash", bob, approval=first)
    async with refused(desk, "approval_decided"):
        await ask(hass, "approve_cash", bob, approval=first)
    second = (await ask(hass, "top_up", anna, **TOP_UP))["awaits_approval"]
    assert second != first
    assert says_so(hass)
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=int(VALID / timedelta(seconds=1)))
    await desk.async_tick()
    assert not says_so(hass)
    async with refused(desk, "approval_expired"):
        await ask(hass, "approve_cash", bob, approval=second)
    assert (await ask(hass, "list_approvals"))["waiting"] == []
    async with refused(desk, "approval_unknown", approval="nothing"):
        await ask(hass, "approve_cash", bob, approval="nothing")
    assert await balance(hass) == "200.00"


async def test_what_waits_cannot_be_read(desk: CompereSite) -> None:
    """It is told, and everything else that the clock asks for is done all the same."""
    error = OperationFailedError("ledger_unavailable", path="mall.db", error="no space")
    with (
        patch.object(desk.approval_notice, "async_on_clock", AsyncMock(side_effect=error)),
        patch.object(desk.notifier, "on_clock", AsyncMock()) as later,
    ):
        await desk.async_tick()
    later.assert_awaited_once()


GUARDED: list[tuple[str, dict[str, Any], str]] = [
    ("top_up", {"account": [NOODLES, TEA], "amount": 251, "reference": "both"}, "451.00"),
    ("take_deposit", {"account": NOODLES, "amount": 501}, "200.00"),
    (
        "refund",
        {"account": NOODLES, "amount": 51, "reference": "F", "reason": "asked"},
        "149.00",
    ),
    ("reverse_top_up", {"account": NOODLES, "reference": "old", "reason": "typo"}, "80.00"),
    ("adjust_balance", {"account": NOODLES, "amount": -21, "reason": "lamp"}, "179.00"),
    ("undo_batch", {"batch": "top_up:old", "reason": "typo"}, "80.00"),
]


@pytest.mark.parametrize(("action", "data", "after"), GUARDED, ids=lambda value: str(value)[:20])
async def test_what_may_need_a_second_person(
    hass: HomeAssistant,
    desk: CompereSite,
    anna: str,
    bob: str,
    action: str,
    data: dict[str, Any],
    after: str,
) -> None:
    """Each waits above its limit, many accounts with their total, and does what it says then."""
    await ask(hass, "top_up", anna, account=NOODLES, amount=120, reference="old")
    await ask(hass, "adjust_balance", anna, account=NOODLES, amount=-20, reason="before")
    for _ in range(5):
        await ask(hass, "adjust_balance", anna, account=NOODLES, amount=-20, reason="before")
    asked = await ask(hass, action, anna, **data)
    assert await balance(hass) == "200.00"
    await ask(hass, "approve_cash", bob, approval=asked["awaits_approval"])
    assert await balance(hass) == after
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_up_to_the_limit_one_is_enough(
    hass: HomeAssistant, desk: CompereSite, anna: str
) -> None:
    """And a rehearsal, which moves nothing, asks for nobody."""
    answer = await ask(hass, "top_up", anna, account=NOODLES, amount=500)
    assert answer["accounts"][NOODLES]["balance"] == "700.00"
    answer = await ask(hass, "top_up", anna, account=NOODLES, amount=900, dry_run=True)
    assert answer["accounts"][NOODLES]["number"] is None
    number = entity_of(hass, "number", f"{SITE_KEY}_account_{NOODLES}_balance")
    with pytest.raises(ServiceValidationError, match=r"more than 20\.00 needs a second person"):
        await hass.services.async_call(
            "number", "set_value", {"entity_id": number, "value": 900}, blocking=True
        )
    assert await balance(hass) == "700.00"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("adjust_balance", {"amount": -21}),
        ("refund", {"amount": 51}),
        ("refund", {"amount": 51, "reserve_only": True}),
    ],
)
async def test_receipt_names_who_approved(
    hass: HomeAssistant, desk: CompereSite, anna: str, bob: str, action: str, data: dict[str, Any]
) -> None:
    """With a paper or without one, and of a refund that is paid out later."""
    what = {"account": NOODLES, "reference": "R-1"}
    asked = await ask(hass, action, anna, **what, **data, reason="asked")
    await ask(hass, "approve_cash", bob, approval=asked["awaits_approval"])
    if "reserve_only" in data:
        await ask(hass, "resolve_refund", anna, **what, paid=True)
    receipt = await ask(hass, "get_receipt", **what)
    assert (receipt["user"], receipt["approver"]) == ("Anna", "Bob")
    papers = await desk.ledger.read(lambda tx: tx.rows(CashReceipt))
    assert [paper.approver for paper in papers] == ([bob] if action == "refund" else [])
    other = {"account": TEA, "reference": "R-1"}
    await ask(hass, "top_up", anna, **other, amount=5)
    assert "approver" not in await ask(hass, "get_receipt", **other)


async def test_nobody_approves_what_cannot_be(
    hass: HomeAssistant, desk: CompereSite, anna: str
) -> None:
    """A refund whose fields clash is refused before a second person is asked for."""
    refund: dict[str, Any] = {"account": NOODLES, "amount": 51, "reference": "F", "reason": "asked"}
    async with refused(desk, "refund_fields_clash"):
        await ask(hass, "refund", anna, **refund, already_paid=True)


async def test_two_decide_at_once(
    hass: HomeAssistant, desk: CompereSite, boss: str, anna: str, bob: str
) -> None:
    """One of them is first, and that is what holds."""
    for turn in range(4):
        asked = await ask(hass, "top_up", anna, **(TOP_UP | {"reference": f"T-{turn}"}))
        approval = {"approval": asked["awaits_approval"]}
        outcomes = await asyncio.gather(
            ask(hass, "approve_cash", bob, **approval),
            ask(hass, "refuse_cash", boss, **approval),
            ask(hass, "approve_cash", boss, **approval),
            return_exceptions=True,
        )
        booked = [one for one in outcomes if isinstance(one, dict) and "result" in one]
        refusals = [one for one in outcomes if isinstance(one, dict) and "refused" in one]
        assert bool(booked) is not bool(refusals)
    account = await ask(hass, "get_account", account=NOODLES)
    assert account["balance"] == "2200.04"


async def test_the_daily_count(
    hass: HomeAssistant, site: CompereSite, boss: str, anna: str
) -> None:
    """Who took what, what is missing, and what goes to the bank; sent twice, it is one count."""
    await ask(hass, "top_up", boss, account=NOODLES, amount="100.50")
    await ask(hass, "top_up", account=TEA, amount=20)
    await ask(hass, "refund", account=TEA, amount=5, reference="F", reason="asked")
    looked = await ask(hass, "get_cash_desk")
    assert looked["count"] is None
    assert looked["drawer"] == {
        "since": None,
        "expected": "115.50",
        "receipts": {"first": 1, "last": 3},
        "by_kind": {"top_up": "120.50", "refund": "-5.00"},
        "by_user": {"Boss": "100.50", "automation": "15.00"},
    }
    count = await ask(hass, "close_cash_desk", boss, counted="115", keep=15, note="evening")
    assert (count["difference"], count["to_bank"], count["kept"]) == ("-0.50", "100.00", "15.00")
    assert (count["user"], count["note"], count["replayed"]) == ("Boss", "evening", False)
    again = await ask(hass, "close_cash_desk", boss, counted="115", keep=15, note="evening")
    assert again == count | {"replayed": True}
    looked = await ask(hass, "get_cash_desk", number=1)
    assert looked["count"] | {"replayed": False} == count
    assert (looked["drawer"]["expected"], looked["drawer"]["by_kind"]) == ("15.00", {})
    for key, data in (
        ("count_negative", {"counted": -1}),
        ("amount_not_a_number", {"counted": ""}),
    ):
        async with refused(site, key):
            await ask(hass, "close_cash_desk", **data)
    async with refused(site, "count_unknown", number="2"):
        await ask(hass, "get_cash_desk", number=2)
    assert (await ask(hass, "verify_ledger"))["ok"]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("get_cash_desk", {}),
        ("close_cash_desk", {"counted": 0}),
        ("list_approvals", {}),
        ("approve_cash", {"approval": "x"}),
        ("refuse_cash", {"approval": "x"}),
    ],
)
async def test_it_is_for_managers(
    hass: HomeAssistant, site: CompereSite, bob: str, action: str, data: dict[str, Any]
) -> None:
    """Who is neither cashier nor administrator sees and does nothing of it."""
    async with refused(site, "not_allowed", user="Bob"):
        await ask(hass, action, bob, **data)
