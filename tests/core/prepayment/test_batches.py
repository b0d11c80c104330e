"""Calls on many accounts: a rehearsal tells what the call then does, and a batch can be undone."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
import tempfile
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import Event
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.account_rows import Batch
from custom_components.compere_prepaid.core.ledger.records import HoldKind, TermKind
from custom_components.compere_prepaid.core.policy.credit import Policy, Reconnect
from custom_components.compere_prepaid.core.prepayment.batches import (
    BatchCall,
    Outlook,
    batch_content,
    sliced,
)
from custom_components.compere_prepaid.core.prepayment.state import AccountState
from custom_components.compere_prepaid.core.prepayment.undoing import UNDO, Undoing, Undone
from tests.adapters.ledger_books import content
from tests.core.prepayment.desk import METER, OTHER, SHOP, Desk, money

SECOND, THIRD = AccountNumber("B-7"), AccountNumber("C-9")
NUMBERS = [SHOP, SECOND, THIRD]
STRICT = Policy(
    name="Strict",
    warning_levels=(money(60), money(20)),
    cut_off=money(10),
    credit_limit=money(5),
    maximum_top_up=money(50),
)
ASKING = Policy(name="Asking", warning_levels=(money(30),), reconnect=Reconnect.CONFIRM)

type Asked = Callable[[Desk, BatchCall], Awaitable[object]]


def look(account: AccountState) -> Mapping[str, str]:
    """Return all of an account that a call may change."""
    return {
        "balance": str(account.balance),
        "available": str(account.available),
        "service": str(account.service_fund),
        "policy": account.policy.name,
        "limit": str(account.credit_limit),
        "tariff": account.tariff,
        "off": str(account.off),
        "announced": str(account.announced),
    }


def call_of(action: str, **how: Any) -> BatchCall:
    """Return a call that looks at everything."""
    return BatchCall(action=action, user="anna", look=look, **how)


def told(call: BatchCall) -> dict[str, Any]:
    """Return what a call said, without what tells one instant from another."""
    return {
        "refused": {name: (error.key, error.placeholders) for name, error in call.refused.items()},
        "outlooks": {name: _seen(outlook) for name, outlook in call.outlooks.items()},
        "ok": call.ok,
    }


def _seen(outlook: Outlook) -> tuple[Any, ...]:
    demands = [(demand.meter, demand.closed, demand.cause) for demand in outlook.demands]
    events: list[type[Event]] = [type(event) for event in outlook.events]
    return outlook.before, outlook.after, events, demands


def top_up(amount: str) -> Asked:
    """Return a call that tops all up under one reference."""

    async def asked(desk: Desk, call: BatchCall) -> object:
        return await desk.cashier.top_up(
            NUMBERS, money(amount), reference="gift", user="anna", call=call
        )

    return asked


def limit(amount: str) -> Asked:
    """Return a call that agrees on a credit limit with all."""
    return lambda desk, call: desk.agreements.set_credit_limit(NUMBERS, money(amount), "anna", call)


def policy(name: str) -> Asked:
    """Return a call that gives all a policy."""
    return lambda desk, call: desk.agreements.apply_policy(NUMBERS, name, "anna", call)


def tariff(name: str) -> Asked:
    """Return a call that gives all a tariff."""
    return lambda desk, call: desk.agreements.assign_tariff(NUMBERS, name, "anna", call)


async def reconnect(desk: Desk, call: BatchCall) -> None:
    """Confirm that the supply of all may come back."""
    await desk.agreements.reconnect(NUMBERS, "anna", call)


CALLS: dict[str, Asked] = {
    **{f"top_up {amount}": top_up(amount) for amount in ("5", "30", "51")},
    **{f"limit {amount}": limit(amount) for amount in ("0", "25")},
    **{f"policy {name}": policy(name) for name in ("Strict", "Asking", "Standard")},
    "tariff Retail": tariff("Retail"),
    "reconnect": reconnect,
}


async def three_shops(desk: Desk, balances: tuple[int, int, int], policies: list[str]) -> None:
    """Open three shops, two of them with a meter that was just read after some use."""
    await desk.write(STRICT, ASKING)
    await desk.shop(str(balances[0]))
    await desk.open_other(SECOND, str(balances[1]), meters=(OTHER,))
    await desk.open_other(THIRD, str(balances[2]))
    for serial in (METER, OTHER):
        await desk.read(0, serial)
    desk.clock.forward(hours=1)
    for serial in (METER, OTHER):
        await desk.read(3000, serial)
    for number, name in zip(NUMBERS, policies, strict=True):
        await desk.agreements.apply_policy([number], name, "joe")
    desk.clock.forward(minutes=1)


AMOUNT = st.sampled_from([-5, 0, 3, 12, 18, 25, 35, 63, 200])


@settings(max_examples=60)
@given(
    balances=st.tuples(AMOUNT, AMOUNT, AMOUNT),
    policies=st.lists(st.sampled_from(["Strict", "Asking", "Standard"]), min_size=3, max_size=3),
    name=st.sampled_from(sorted(CALLS)),
    gone=st.booleans(),
)
def test_a_rehearsal_is_the_call(
    balances: tuple[int, int, int], policies: list[str], name: str, *, gone: bool
) -> None:
    """Whatever is asked of whom: it tells what then happens, and leaves nothing behind."""

    async def compare() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.db"
            desk = await Desk(path).open()
            try:
                await three_shops(desk, balances, policies)
                if gone:
                    await desk.moves.move_out(THIRD, user="joe")
                await rehearse_and_do(desk, path, CALLS[name])
                await desk.verified()
            finally:
                await desk.ledger.close()

    asyncio.run(compare())


async def rehearse_and_do(desk: Desk, path: Path, asked: Asked) -> None:
    """Rehearse a call, see that nothing changed, do it, and compare."""
    before = content(path), [look(desk.book.account(each)) for each in NUMBERS]
    events, demands = len(desk.events), len(desk.demands)
    rehearsed = call_of("call", dry_run=True, skip_refused=True)
    await asked(desk, rehearsed)
    assert (content(path), [look(desk.book.account(each)) for each in NUMBERS]) == before
    assert (len(desk.events), len(desk.demands)) == (events, demands)
    assert rehearsed.batch is None
    real = call_of("call", skip_refused=True)
    await asked(desk, real)
    assert told(real) == told(rehearsed)
    after = {each: look(desk.book.account(each)) for each in NUMBERS}
    assert {each: outlook.after for each, outlook in real.outlooks.items()} == {
        each: after[each] for each in NUMBERS if each in real.outlooks
    }
    happened = [event for outlook in real.outlooks.values() for event in outlook.events]
    assert desk.events[events:] == happened
    assert set(real.outlooks) | set(real.refused) == set(NUMBERS)


async def test_all_or_nothing_is_the_rule(desk: Desk) -> None:
    """One who is refused refuses all; a rehearsal names every one of them at once."""
    await three_shops(desk, (10, 100, 100), ["Strict", "Strict", "Standard"])
    path, before = Path(desk.path), content(Path(desk.path))
    with pytest.raises(InvalidInputError, match="top_up_too_large"):
        await top_up("51")(desk, call_of("top_up"))
    assert content(path) == before
    call = call_of("top_up", dry_run=True)
    await top_up("51")(desk, call)
    assert {name: error.key for name, error in call.refused.items()} == dict.fromkeys(
        (SHOP, SECOND), "top_up_too_large"
    )
    assert (list(call.outlooks), call.ok) == ([THIRD], False)


async def test_who_is_refused_is_left_out(desk: Desk) -> None:
    """Unknown, moved out, or outside its policy's limits: the others are booked together."""
    await three_shops(desk, (10, 100, 100), ["Standard", "Strict", "Standard"])
    await desk.moves.move_out(THIRD, user="joe")
    call = call_of("top_up", skip_refused=True)
    done = await desk.cashier.top_up(
        [*NUMBERS, "Z-1"], money(51), reference="gift", user="anna", call=call
    )
    assert list(done) == [SHOP]
    assert {name: error.key for name, error in call.refused.items()} == {
        SECOND: "top_up_too_large",
        THIRD: "account_closed",
        "Z-1": "account_unknown",
    }
    assert list(batch_content(await found(desk, call))["changed"]) == [SHOP]


async def test_all_may_be_refused(desk: Desk) -> None:
    """Then nothing is done, and there is no batch."""
    await three_shops(desk, (10, 10, 10), ["Strict"] * 3)
    call = call_of("top_up", skip_refused=True)
    await top_up("51")(desk, call)
    assert (call.batch, call.outlooks, set(call.refused)) == (None, {}, set(NUMBERS))


async def found(desk: Desk, call: BatchCall) -> Batch:
    """Return the batch that a call kept."""
    return await Undoing(desk.book, desk.agreements, desk.refunds).find(str(call.batch))


async def undo(desk: Desk, call: BatchCall, **how: Any) -> tuple[BatchCall, Undone]:
    """Undo what a call did."""
    undoing = Undoing(desk.book, desk.agreements, desk.refunds)
    batch = await undoing.find(str(call.batch))
    again = call_of(UNDO, reference=batch.id, **how)
    undone = await undoing.undo(
        batch, reason="wrong floor", user="joe", administrator=False, call=again
    )
    return again, undone


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("top_up", "top_up 30"),
        ("set_credit_limit", "limit 25"),
        ("apply_policy", "policy Asking"),
        ("assign_tariff", "tariff Retail"),
    ],
)
async def test_undoing_brings_back_what_was(desk: Desk, action: str, name: str) -> None:
    """Rehearsed, done, and done again: accounts are as before, in the name of who undid it."""
    await three_shops(desk, (10, 100, 100), ["Strict", "Strict", "Standard"])
    before = [look(desk.book.account(each)) for each in NUMBERS]
    call = call_of(action)
    await CALLS[name](desk, call)
    assert [look(desk.book.account(each)) for each in NUMBERS] != before
    desk.clock.forward(minutes=1)
    rehearsed, _ = await undo(desk, call, dry_run=True)
    assert rehearsed.batch is None
    call_undo, _ = await undo(desk, call)
    assert told(call_undo) == told(rehearsed)
    assert [look(desk.book.account(each)) for each in NUMBERS] == before
    assert call_undo.batch == f"undo:{call.batch}"
    after = content(Path(desk.path))
    again, undone = await undo(desk, call)
    assert (undone.replayed, again.batch, content(Path(desk.path))) == (
        True,
        call_undo.batch,
        after,
    )
    await desk.verified()


async def test_a_limit_of_the_policys_is_the_policys_again(desk: Desk) -> None:
    """Who had no limit of their own follows the policy after undoing, also a later one."""
    await three_shops(desk, (10, 100, 100), ["Strict", "Strict", "Standard"])
    call = call_of("set_credit_limit")
    await limit("25")(desk, call)
    await undo(desk, call)
    assert desk.book.account(SHOP).credit_limit == money(5)
    await desk.agreements.apply_policy([SHOP], "Standard", "joe")
    assert desk.book.account(SHOP).credit_limit == 0
    await desk.restart()
    await desk.open_other(SHOP, "0")
    assert desk.book.account(SHOP).credit_limit == 0


async def test_what_somebody_changed_since_is_theirs(desk: Desk) -> None:
    """Undoing refuses it, or leaves it out."""
    await three_shops(desk, (10, 100, 100), ["Strict", "Strict", "Standard"])
    call = call_of("apply_policy")
    await policy("Asking")(desk, call)
    await desk.agreements.apply_policy([SECOND], "Standard", "eve")
    with pytest.raises(InvalidInputError, match="term_changed_since"):
        await undo(desk, call)
    undoing, _ = await undo(desk, call, skip_refused=True)
    assert {name: error.key for name, error in undoing.refused.items()} == {
        SECOND: "term_changed_since"
    }
    assert [desk.book.account(each).policy.name for each in NUMBERS] == [
        "Strict",
        "Standard",
        "Standard",
    ]


async def test_batches_are_undone_the_latest_first(desk: Desk) -> None:
    """Each gives back what the one before it had agreed."""
    await three_shops(desk, (10, 100, 100), ["Strict", "Strict", "Strict"])
    first, second = call_of("apply_policy"), call_of("apply_policy")
    await policy("Asking")(desk, first)
    await policy("Standard")(desk, second)
    for call, name in ((second, "Asking"), (first, "Strict")):
        await undo(desk, call)
        assert {desk.book.account(each).policy.name for each in NUMBERS} == {name}


async def test_top_ups_that_were_taken_back_before_stay_so(desk: Desk) -> None:
    """One was reversed at the desk: undoing the rest takes nothing twice."""
    await three_shops(desk, (10, 100, 100), ["Standard"] * 3)
    call = call_of("top_up")
    await top_up("30")(desk, call)
    await desk.refunds.reverse_top_up(SECOND, "gift", reason="moved shop", user="eve")
    _, undone = await undo(desk, call)
    assert {number: done.replayed for number, done in undone.credited.items()} == {
        SHOP: False,
        SECOND: True,
        THIRD: False,
    }
    assert desk.book.account(SECOND).balance == money(97)


async def test_a_repeated_call_has_the_batch_that_it_had(desk: Desk) -> None:
    """And one that reaches more accounts has one of its own for these."""
    await three_shops(desk, (10, 100, 100), ["Standard"] * 3)
    batches = []
    for numbers in ([SHOP], [SHOP], NUMBERS, [THIRD]):
        call = call_of("top_up", reference="gift")
        await desk.cashier.top_up(numbers, money(5), reference="gift", user="anna", call=call)
        batches.append(call.batch)
    assert batches == ["top_up:gift", "top_up:gift", "top_up:gift#2", "top_up:gift#2"]


async def test_holds_of_a_batch(desk: Desk) -> None:
    """Placed on all, those that stood already are left when it is undone."""
    await three_shops(desk, (10, 100, 100), ["Standard"] * 3)
    await desk.agreements.place_hold([OTHER], HoldKind.MANUAL, user="eve")
    call = call_of("place_hold", asked={"kind": "manual"})
    held = await desk.agreements.place_hold(
        [METER, OTHER], HoldKind.MANUAL, user="anna", reason="fire", call=call
    )
    assert {serial: bool(now.demand) for serial, now in held.items()} == {METER: True, OTHER: False}
    _, undone = await undo(desk, call)
    assert list(undone.held) == [METER]
    assert [desk.book.meters[each].holds for each in (METER, OTHER)] == [(), (HoldKind.MANUAL,)]


async def test_released_holds_are_placed_again(desk: Desk) -> None:
    """With their reason, in the name of who undoes it; a rehearsal moves nothing."""
    await three_shops(desk, (10, 100, 100), ["Standard"] * 3)
    await desk.agreements.place_hold([METER], HoldKind.MAINTENANCE, user="anna", reason="fuse")
    call = call_of("release_hold", asked={"kind": "maintenance"})
    meters = [METER, MeterSerial("33B9")]
    call.skip_refused = True
    await desk.agreements.release_hold(
        meters, HoldKind.MAINTENANCE, user="anna", administrator=False, call=call
    )
    assert {name: error.key for name, error in call.refused.items()} == {"33B9": "meter_unknown"}
    before = content(Path(desk.path)), len(desk.demands)
    _, rehearsed = await undo(desk, call, dry_run=True)
    assert rehearsed.held[METER].after == (HoldKind.MAINTENANCE,)
    assert (content(Path(desk.path)), len(desk.demands)) == before
    await undo(desk, call)
    (hold,) = await desk.ledger.read(lambda tx: tx.holds(METER))
    assert (hold.kind, hold.placed_by, hold.reason) == (HoldKind.MAINTENANCE, "joe", "fuse")


async def test_what_cannot_be_undone(desk: Desk) -> None:
    """Another site's batch, an undoing, and anything without a reason."""
    await three_shops(desk, (10, 100, 100), ["Standard"] * 3)
    undoing = Undoing(desk.book, desk.agreements, desk.refunds)
    with pytest.raises(InvalidInputError, match="batch_unknown"):
        await undoing.find("top_up:elsewhere")
    call = call_of("set_credit_limit")
    await limit("25")(desk, call)
    call_undo, _ = await undo(desk, call)
    with pytest.raises(InvalidInputError, match="batch_not_undone"):
        await undo(desk, call_undo)
    with pytest.raises(InvalidInputError, match="reason_missing"):
        await undoing.undo(
            await found(desk, call), reason=" ", user="joe", administrator=True, call=call_of(UNDO)
        )
    listed = await undoing.latest(10)
    assert [(each.batch.id, bool(each.undone)) for each in listed] == [(call.batch, True)]
    assert await undoing.latest(10, "top_up") == []


async def test_maintenance_of_another_is_not_undone_by_hand(desk: Desk) -> None:
    """Lives depend on it: who did not place it and is no administrator cannot take it away."""
    await three_shops(desk, (10, 100, 100), ["Standard"] * 3)
    call = call_of("place_hold", asked={"kind": "maintenance"})
    await desk.agreements.place_hold(
        [METER], HoldKind.MAINTENANCE, user="anna", reason="fuse", call=call
    )
    with pytest.raises(InvalidInputError, match="hold_of_another"):
        await undo(desk, call)


async def test_whoever_ends_the_telling_ends_none_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that is cancelled after its commit has told everything all the same."""
    await three_shops(desk, (10, 100, 100), ["Standard"] * 3)
    changed: list[AccountNumber] = []

    def note(account: AccountState) -> None:
        changed.append(account.number)
        if len(changed) == 1:
            task.cancel()

    desk.book.changed = note
    task = asyncio.create_task(desk.agreements.set_credit_limit(NUMBERS, money(9), "anna"))
    monkeypatch.setattr("custom_components.compere_prepaid.core.prepayment.batches.SLICE_NS", 0)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert changed == NUMBERS
    terms = await desk.ledger.read(
        lambda tx: [tx.term(each, TermKind.CREDIT_LIMIT, desk.clock.now()) for each in NUMBERS]
    )
    assert all(terms)


async def test_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between items, as soon as a slice of time is used up."""
    times = iter((0, 1_000_000, 5_000_000, 5_000_000, 6_000_000, 8_000_000))
    module = "custom_components.compere_prepaid.core.prepayment.batches.perf_counter_ns"
    monkeypatch.setattr(module, lambda: next(times))
    seen: list[object] = []

    async def other() -> None:
        seen.append("other")

    async def work() -> None:
        async for item in sliced([1, 2, 3, 4]):
            seen.append(item)
            if item == 1:
                asyncio.get_running_loop().create_task(other())

    await work()
    assert seen == [1, 2, "other", 3, 4]
