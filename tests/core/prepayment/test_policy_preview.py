"""Trying a policy says exactly what putting it into force then does."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.policy.credit import Policy, Reconnect, supply_state
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes
from custom_components.compere_prepaid.core.prepayment.policies import Policies
from custom_components.compere_prepaid.core.prepayment.policy_preview import (
    Fate,
    PolicyPreviewer,
    Prospect,
)
from custom_components.compere_prepaid.core.prepayment.state import AccountState
from tests.core.prepayment.desk import Desk, money

ACCOUNTS = 24
ROUNDS = 40


def drawn(random: Random) -> Policy:
    """Return a policy of any rules."""
    cut_off = random.choice([0, 30, 60, 90, 130])
    return Policy(
        name="Standard",
        warning_levels=tuple(
            money(cut_off + above)
            for above in sorted(random.sample(range(1, 90), random.randint(0, 3)), reverse=True)
        ),
        cut_off=money(cut_off),
        credit_limit=money(random.choice([0, 0, 30])),
        reconnect=random.choice(list(Reconnect)),
        never_cut=random.random() < 0.05,
        notice_hours=random.choice([0, 0, 6]),
        adaptation_days=random.choice([0, 0, 0, 40]),
        protected=ProtectedTimes(
            week={day: ((random.choice([0, 600, 1080]), 480),) for day in range(7)}
        )
        if random.random() < 0.4
        else ProtectedTimes(),
    )


async def furnish(desk: Desk, random: Random) -> list[AccountNumber]:
    """Open accounts with something between nothing and a hundred; not all of them are read."""
    numbers = []
    for number in range(ACCOUNTS):
        serial = MeterSerial(f"33B9{number:04}")
        balance = str(random.randint(0, 100))
        await desk.open_other(f"B-{number}", balance, meters=(serial,), owner=number == 0)
        numbers.append(AccountNumber(f"B-{number}"))
        if number % 8:
            await desk.read(0, serial)
    await desk.agreements.set_credit_limit(numbers[3:6], money(15), "joe")
    return numbers


def seen(account: AccountState) -> tuple[object, ...]:
    """Return how an account stands under the policy that it has."""
    emergency = account.tenancy.emergency
    state = supply_state(account.policy, account.available, off=account.off, emergency=emergency)
    return state, account.available, account.announced, account.watch.days_told


def foreseen(prospect: Prospect) -> tuple[object, ...]:
    """Return the same, as the preview has it."""
    then = prospect.then
    return then.state, then.available, then.level, then.days


def came_true(prospect: Prospect, account: AccountState, *, was_off: bool) -> bool:
    """Tell whether the supply is as the preview said."""
    watch = account.watch
    says: dict[Fate, Callable[[], bool]] = {
        Fate.STAYS_ON: lambda: not was_off and not account.off and not account.waiting,
        Fate.STAYS_OFF: lambda: was_off and account.off,
        Fate.CUT: lambda: not was_off and account.off,
        Fate.PUT_OFF: lambda: (
            not account.off
            and (
                prospect.why == "reading"
                or (watch.put_off_why, watch.put_off_until) == (prospect.why, prospect.until)
            )
        ),
        Fate.SHADOW_CUT: lambda: not account.off and watch.shadow_cut_at is not None,
        Fate.RECONNECTED: lambda: was_off and not account.off,
    }
    return says[prospect.fate]()


async def test_what_is_foreseen_comes_true(desk: Desk, figure: Callable[[str], None]) -> None:
    """Over policies of any rules and accounts in any state; the preview itself changes nothing."""
    random = Random(5)
    numbers = await furnish(desk, random)
    policies = Policies(desk.book, desk.agreements)
    previewer = PolicyPreviewer(desk.book)
    fates: Counter[str] = Counter()
    for _ in range(ROUNDS):
        desk.clock.forward(hours=random.choice([1, 5, 30]))
        some = random.sample(numbers[1:], 3)
        amount = money(random.randint(1, 40))
        await desk.cashier.top_up(some, amount, reference=f"R-{desk.clock.now()}")
        policy = drawn(random)
        accounts = [desk.book.account(number) for number in numbers]
        before = [seen(account) for account in accounts]
        off = {account.number for account in accounts if account.off}
        told = len(desk.events)
        prospects = await previewer.preview(numbers, policy)
        assert len(desk.events) == told
        assert [seen(account) for account in accounts] == before
        if await policies.set(policy) is None:
            continue
        warned = {
            getattr(event, "account", "")
            for event in desk.events[told:]
            if event.TYPE == "credit_warning"
        }
        for prospect in prospects:
            account = desk.book.account(prospect.account)
            assert foreseen(prospect) == seen(account), prospect
            assert came_true(prospect, account, was_off=account.number in off), prospect
            assert prospect.is_warned == (account.number in warned), prospect
            fates[prospect.fate] += 1
    assert set(fates) == set(Fate)
    counted = ", ".join(f"{count} {fate}" for fate, count in sorted(fates.items()))
    figure(f"policy preview: {fates.total()} prospects came true: {counted}")
    await desk.verified()


async def test_nobody_and_everybody(desk: Desk) -> None:
    """Who has a policy is known; nobody is an error, and so is who is not there."""
    numbers = await furnish(desk, Random(6))
    previewer = PolicyPreviewer(desk.book)
    assert previewer.who_has("Standard") == numbers
    assert previewer.who_has("Other") == []
    policy = Policy(name="Standard", warning_levels=())
    with pytest.raises(InvalidInputError, match="target_empty"):
        await previewer.preview([], policy)
    with pytest.raises(InvalidInputError, match="account_unknown"):
        await previewer.preview([*numbers, "A-999"], policy)
    found = await previewer.preview([numbers[1], numbers[1]], policy)
    assert [one.account for one in found] == [numbers[1]]


async def test_a_restored_book_cuts_nobody(desk: Desk) -> None:
    """Before somebody has looked at it; the preview says so."""
    await desk.shop("0")
    await desk.read(0)
    await desk.cashier.top_up(["A-101"], money(1), reference="R-1")
    desk.book.restored = "anchor"
    desk.clock.forward(seconds=timedelta(hours=1).total_seconds())
    strict = Policy(name="Standard", warning_levels=(), cut_off=money(50))
    (found,) = await PolicyPreviewer(desk.book).preview(["A-101"], strict)
    assert (found.fate, found.why, found.until) == (Fate.PUT_OFF, "reading", None)
