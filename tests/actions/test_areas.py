"""Calls on areas, labels, lists and policies: who is meant, rehearsals, refusals, undoing."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, label_registry as lr
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial, TransferId
from custom_components.compere_prepaid.core.ledger.records import TermKind
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import (
    BAKERY,
    NOODLES,
    TEA,
    TEXTS,
    add_rules,
    named_as_cashiers,
    refused,
    serial_of,
)
from tests.actions.targets import TARGETS, device_of
from tests.adapters.ledger_books import content
from tests.site_fixtures import state_when
from tests.stories.telling import ask, burn

pytestmark = pytest.mark.usefixtures("site")

RULES = (
    "policies:",
    "  - {name: By hand, warning_levels: [150], reconnect: confirm, maximum_top_up: 20}",
    "  - {name: Harsh, warning_levels: [400], cut_off: 200}",
)

ON_AREAS: dict[str, dict[str, Any]] = {
    "top_up": {"amount": 5},
    "set_credit_limit": {"limit": 50},
    "apply_policy": {"policy": "By hand"},
    "assign_tariff": {"tariff": "Standard"},
    "confirm_reconnect": {},
}
"""The actions on accounts that can be rehearsed, and what they take besides."""


@pytest.mark.parametrize("action", ON_AREAS)
async def test_each_target_means_the_same_account(
    hass: HomeAssistant, site: CompereSite, action: str, subtests: pytest.Subtests
) -> None:
    """By whatever one of its meters' device is chosen; a rehearsal tells whom it means."""
    await add_rules(hass, *RULES)
    device = device_of(hass, site, next(iter(site.book.account(TEA).meters)))
    for kind, target in TARGETS.items():
        with subtests.test(target=kind):
            data = {**ON_AREAS[action], **target(hass, device)}
            answer = await ask(hass, action, dry_run=True, **data)
            assert list(answer["accounts"]) == [TEA]
            assert (answer["batch"], answer["dry_run"], answer["ok"]) == (None, True, True)


async def test_an_area_with_meters_whose_account_is_elsewhere(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """The bakery's meter in the yard means the tea house, whose own device stays where it was."""
    yard = ar.async_get(hass).async_create("Yard")
    bakery = device_of(hass, site, serial_of(mall, BAKERY))
    dr.async_get(hass).async_update_device(bakery.id, area_id=yard.id)
    answer = await ask(hass, "top_up", area_id=yard.id, amount=5, dry_run=True)
    assert list(answer["accounts"]) == [TEA]
    held = await ask(hass, "place_hold", area_id=yard.id, kind="manual", dry_run=True)
    assert list(held["meters"]) == [serial_of(mall, BAKERY)]
    empty = ar.async_get(hass).async_create("Roof")
    async with refused(site, "target_empty"):
        await ask(hass, "top_up", area_id=empty.id, amount=5, dry_run=True)


async def test_everybody_with_a_policy(hass: HomeAssistant, site: CompereSite) -> None:
    """Besides who is named; an unknown policy is refused."""
    await add_rules(hass, *RULES)
    await ask(hass, "apply_policy", account=TEA, policy="By hand")
    answer = await ask(hass, "top_up", with_policy="By hand", amount=5)
    assert list(answer["accounts"]) == [TEA]
    answer = await ask(hass, "top_up", with_policy=["By hand"], account=NOODLES, amount=5)
    assert list(answer["accounts"]) == [NOODLES, TEA]
    async with refused(site, "target_empty"):
        await ask(hass, "top_up", with_policy="Harsh", amount=5)
    async with refused(site, "policy_unknown", policy="Lenient"):
        await ask(hass, "top_up", with_policy="Lenient", amount=5)


async def test_labels_and_lists_add_up(hass: HomeAssistant, site: CompereSite) -> None:
    """Everybody is meant once, however often."""
    label = lr.async_get(hass).async_create("Anchor").label_id
    for name in (f"account_{NOODLES}", f"account_{TEA}"):
        device = device_of(hass, site, name)
        dr.async_get(hass).async_update_device(device.id, labels={label})
    answer = await ask(hass, "top_up", label_id=label, account=[TEA, TEA], amount=5)
    assert sorted(answer["accounts"]) == [NOODLES, TEA]
    assert answer["totals"]["amount"] == "10.00"


async def test_a_rehearsal_tells_what_the_call_does(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """Who would be warned and cut, before and after; then it happens just so."""
    await add_rules(hass, *RULES)
    await burn(mall, site, NOODLES, 10_000)
    path = Path(site.entry.data["ledger"])
    before, told = content(path), list[object]()
    stop = hass.bus.async_listen("compere_prepaid_cut_off", told.append)
    data: dict[str, Any] = {"account": [NOODLES, TEA], "policy": "Harsh"}
    rehearsed = await ask(hass, "apply_policy", boss, dry_run=True, **data)
    assert content(path) == before
    assert told == []
    assert {number: site.book.account(number).policy.name for number in (NOODLES, TEA)} == {
        NOODLES: "Standard",
        TEA: "Standard",
    }
    real = await ask(hass, "apply_policy", boss, **data)
    same = ("accounts", "totals", "refused", "ok")
    assert {key: real[key] for key in same} == {key: rehearsed[key] for key in same}
    noodles = real["accounts"][NOODLES]
    assert noodles["before"]["balance"] == noodles["after"]["balance"] == "190.00"
    assert (noodles["before"]["supply_state"], noodles["after"]["supply_state"]) == (
        "in_credit",
        "off",
    )
    assert noodles["events"] == ["credit_warning", "cut_off"]
    assert noodles["relays"] == {serial_of(mall, NOODLES): "open"}
    assert real["totals"]["events"] == {"credit_warning": 2, "cut_off": 2}
    assert real["totals"]["relays"] == {"open": 3}
    await state_when(hass, "sensor.riverside_mall_accounts_off", lambda state: state.state == "2")
    await hass.async_block_till_done()
    assert len(told) == 2
    stop()


async def test_who_is_refused_is_told_in_words(hass: HomeAssistant, site: CompereSite) -> None:
    """All or nothing, unless they are to be left out; a rehearsal names all of them."""
    await add_rules(hass, *RULES)
    await ask(hass, "apply_policy", account=TEA, policy="By hand")
    data: dict[str, Any] = {"account": [NOODLES, TEA, "Z-9"], "amount": 50, "reference": "Gift"}
    async with refused(site, "account_unknown", account="Z-9"):
        await ask(hass, "top_up", **data)
    rehearsed = await ask(hass, "top_up", dry_run=True, **data)
    assert (rehearsed["ok"], rehearsed["totals"]["refused"]) == (False, 2)
    answer = await ask(hass, "top_up", skip_refused=True, **data)
    assert answer["refused"] == rehearsed["refused"]
    assert answer["refused"][TEA] == {
        "error": "top_up_too_large",
        "message": TEXTS["top_up_too_large"]["message"]
        .format(account=TEA, maximum="20.00")
        .rstrip("."),
    }
    assert (list(answer["accounts"]), answer["totals"]["amount"]) == ([NOODLES], "50.00")
    assert (answer["ok"], answer["batch"]) == (True, "top_up:Gift")
    assert (await ask(hass, "get_account", account=TEA))["balance"] == "200.00"


async def test_a_tenant_who_moved_out_is_left_out(hass: HomeAssistant, site: CompereSite) -> None:
    """Their number is known no more; an area does not mean them."""
    await ask(hass, "move_out", account=TEA, reason="end")
    await hass.async_block_till_done()
    answer = await ask(hass, "top_up", account=[NOODLES, TEA], amount=5, skip_refused=True)
    assert (list(answer["accounts"]), list(answer["refused"])) == ([NOODLES], [TEA])
    answer = await ask(hass, "top_up", with_policy="Standard", amount=5)
    assert list(answer["accounts"]) == [NOODLES]


async def test_undoing_a_top_up_of_an_area(
    hass: HomeAssistant, site: CompereSite, boss: str, anna: str
) -> None:
    """By counter-transfers, in the name of who undoes it; twice is once; the list tells it."""
    named_as_cashiers(hass, site, anna)
    data: dict[str, Any] = {"account": [NOODLES, TEA], "amount": 30, "reference": "Gift"}
    batch = (await ask(hass, "top_up", boss, **data))["batch"]
    (entry,) = (await ask(hass, "list_batches", anna))["batches"]
    assert (entry["batch"], entry["action"], entry["user"]) == (batch, "top_up", "Boss")
    assert (entry["changed"], entry["undone"]) == ([NOODLES, TEA], None)
    assert entry["asked"] == {"amount": "30.00", "fund": "electricity"}
    rehearsed = await ask(hass, "undo_batch", anna, batch=batch, reason="oops", dry_run=True)
    assert rehearsed["accounts"][TEA]["after"]["balance"] == "200.00"
    assert site.book.account(TEA).balance == site.currency.parse(230)
    undone = await ask(hass, "undo_batch", anna, batch=batch, reason="oops")
    assert (undone["batch"], undone["action"]) == (f"undo:{batch}", "top_up")
    assert undone["accounts"][TEA]["after"] == rehearsed["accounts"][TEA]["after"]
    again = await ask(hass, "undo_batch", boss, batch=batch, reason="oops")
    assert (again["replayed"], again["accounts"]) == (True, {})
    assert site.book.account(TEA).balance == site.currency.parse(200)
    transfer = await site.ledger.read(
        lambda tx: tx.find_transfer(TransferId(f"rev:top:Gift:{TEA}"))
    )
    assert transfer is not None
    assert (transfer.user, transfer.reason) == (anna, "oops")
    (entry,) = (await ask(hass, "list_batches", action="top_up"))["batches"]
    assert entry["undone"]["user"] == "Anna"
    assert (await ask(hass, "list_batches", action="place_hold"))["batches"] == []


async def test_undoing_terms_is_for_administrators(
    hass: HomeAssistant, site: CompereSite, boss: str, anna: str
) -> None:
    """A cashier undoes money and holds; who changed something since is asked first."""
    named_as_cashiers(hass, site, anna)
    await add_rules(hass, *RULES)
    data: dict[str, Any] = {"account": [NOODLES, TEA], "policy": "By hand"}
    batch = (await ask(hass, "apply_policy", boss, **data))["batch"]
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "undo_batch", anna, batch=batch, reason="oops")
    await ask(hass, "apply_policy", boss, account=TEA, policy="Harsh")
    async with refused(site, "term_changed_since", account=TEA):
        await ask(hass, "undo_batch", boss, batch=batch, reason="oops")
    answer = await ask(hass, "undo_batch", boss, batch=batch, reason="oops", skip_refused=True)
    assert (list(answer["accounts"]), list(answer["refused"])) == ([NOODLES], [TEA])
    now = site.clock.now()
    term = await site.ledger.read(lambda tx: tx.term(AccountNumber(NOODLES), TermKind.POLICY, now))
    assert term is not None
    assert (term.value, term.user) == ("Standard", boss)


async def test_undoing_holds(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str, bob: str
) -> None:
    """Those that the call placed; rehearsing tells which relays would close."""
    named_as_cashiers(hass, site, anna, bob)
    noodles, tea = serial_of(mall, NOODLES), serial_of(mall, TEA)
    await ask(hass, "place_hold", anna, meter=noodles, kind="manual")
    answer = await ask(hass, "place_hold", anna, meter=[noodles, tea], kind="manual")
    assert answer["meters"][noodles]["relay"] is None
    assert answer["totals"] == {"meters": 2, "refused": 0, "relays": {"open": 1}}
    rehearsed = await ask(
        hass, "undo_batch", bob, batch=answer["batch"], reason="done", dry_run=True
    )
    assert list(rehearsed["meters"]) == [tea]
    assert site.book.meters[MeterSerial(tea)].holds == ("manual",)
    undone = await ask(hass, "undo_batch", bob, batch=answer["batch"], reason="done")
    assert undone["meters"] == rehearsed["meters"]
    assert undone["meters"][tea]["relay"] == "close"
    assert site.book.meters[MeterSerial(noodles)].holds == ("manual",)


async def test_meters_that_are_refused_are_left_out(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str, bob: str
) -> None:
    """Anna's maintenance is not Bob's to end; unknown meters and accounts are named, too."""
    named_as_cashiers(hass, site, anna, bob)
    noodles, tea = serial_of(mall, NOODLES), serial_of(mall, TEA)
    await ask(hass, "place_hold", anna, meter=noodles, kind="maintenance")
    await ask(hass, "place_hold", bob, meter=tea, kind="maintenance")
    data: dict[str, Any] = {
        "meter": [noodles, tea, "33B9"],
        "account": "Z-9",
        "kind": "maintenance",
    }
    async with refused(site, "meter_unknown", meter="33B9"):
        await ask(hass, "release_hold", bob, **data)
    answer = await ask(hass, "release_hold", bob, skip_refused=True, **data)
    assert {name: said["error"] for name, said in answer["refused"].items()} == {
        noodles: "hold_of_another",
        "33B9": "meter_unknown",
        "Z-9": "account_unknown",
    }
    assert answer["meters"][tea]["holds"] == []


async def test_what_cannot_be_undone(hass: HomeAssistant, site: CompereSite, boss: str) -> None:
    """A batch that is not there, an undoing, and anything without a reason."""
    async with refused(site, "batch_unknown", batch="top_up:x"):
        await ask(hass, "undo_batch", boss, batch="top_up:x", reason="oops")
    batch = (await ask(hass, "top_up", boss, account=[NOODLES, TEA], amount=30))["batch"]
    async with refused(site, "reason_missing"):
        await ask(hass, "undo_batch", boss, batch=batch, reason=" ")
    undo = (await ask(hass, "undo_batch", boss, batch=batch, reason="oops"))["batch"]
    async with refused(site, "batch_not_undone", batch=undo):
        await ask(hass, "undo_batch", boss, batch=undo, reason="oops")
