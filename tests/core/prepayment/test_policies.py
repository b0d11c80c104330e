"""Policies as dated documents: from now on or from a day to come, and never in the past."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.records import Document
from custom_components.compere_prepaid.core.policy.credit import (
    Policy,
    SupplyState,
    policy_content,
    supply_state,
)
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes
from custom_components.compere_prepaid.core.prepayment.policies import (
    Policies,
    new_version,
    superseded,
)
from custom_components.compere_prepaid.core.prepayment.policy_versions import in_force, versions
from custom_components.compere_prepaid.core.prepayment.rules import POLICY
from custom_components.compere_prepaid.core.prepayment.special_days import SpecialDays
from tests.core.prepayment.desk import CNY, METER, SHOP, STANDARD, START, ZONE, Desk, money

TODAY = date(2026, 3, 2)
TOMORROW = date(2026, 3, 3)


def policy(level: int, valid_from: date | None = None, name: str = "Standard") -> Policy:
    """Return a policy that warns at this level."""
    return Policy(name=name, warning_levels=(money(level),), valid_from=valid_from)


async def written(desk: Desk) -> list[str]:
    """Return the versions of the policy Standard that the ledger has."""
    documents = await desk.ledger.read(lambda tx: tx.documents(POLICY))
    return [document.version for document in documents if document.name == "Standard"]


def levels(desk: Desk) -> list[int]:
    """Return the level in force, and those to come."""
    every = [desk.book.policy("Standard"), *desk.book.planned]
    return [one.warning_levels[0] // money(1) for one in every]


async def test_a_policy_from_now_on(desk: Desk) -> None:
    """Accounts that have it are settled under it at once; the same again changes nothing."""
    policies = Policies(desk.book, desk.agreements)
    await desk.shop("30")
    desk.clock.forward(minutes=1)
    assert await policies.set(policy(20), dry_run=True)
    assert levels(desk) == [100]
    change = await policies.set(policy(20))
    assert change is not None
    assert change.before is not None
    account = desk.book.account(SHOP)
    assert account.policy == policy(20)
    assert supply_state(account.policy, account.available, off=False) is SupplyState.IN_CREDIT
    assert await policies.set(policy(20)) is None
    assert await policies.set(policy(20), dry_run=True) is None
    assert await written(desk) == ["2026-03-02T02:00:00+00:00", "2026-03-02T02:01:00+00:00"]
    created = await policies.set(policy(1, name="Other"))
    assert created is not None
    assert created.before is None


async def test_a_version_to_come_begins_with_its_day(desk: Desk) -> None:
    """At midnight of the site, on the next look at the clock; also in a fresh process."""
    policies = Policies(desk.book, desk.agreements)
    await desk.shop("30")
    await desk.read(0)
    await policies.set(policy(40, TOMORROW))
    assert levels(desk) == [100, 40]
    assert desk.book.planned == [policy(40, TOMORROW)]
    desk.clock.time = START.replace(hour=15, minute=59)
    await desk.agreements.renew()
    assert desk.book.account(SHOP).policy == STANDARD
    desk.clock.time = START.replace(hour=16)  # midnight in Shanghai
    await desk.read(0)
    await desk.agreements.renew()
    assert levels(desk) == [40]
    assert desk.book.account(SHOP).policy == policy(40)
    await desk.restart()
    assert levels(desk) == [40]


async def test_a_plan_can_be_changed_until_it_begins(desk: Desk) -> None:
    """By revisions, the last of which counts; from now on is another matter."""
    policies = Policies(desk.book, desk.agreements)
    await desk.shop("30")
    first = await policies.set(policy(40, TOMORROW))
    second = await policies.set(policy(41, TOMORROW))
    assert first is not None
    assert first.before is None
    assert second is not None
    assert second.before == first.document
    assert await policies.set(policy(41, TOMORROW)) is None
    desk.clock.forward(minutes=1)
    await policies.set(policy(10))
    await policies.set(policy(50, TOMORROW + timedelta(days=7)))
    assert levels(desk) == [10, 41, 50]
    assert await written(desk) == [
        "2026-03-02T02:00:00+00:00",
        "2026-03-02T02:01:00+00:00",
        "2026-03-03",
        "2026-03-03#2",
        "2026-03-10",
    ]
    desk.clock.forward(days=20)
    await desk.agreements.renew()
    assert levels(desk) == [50]


async def test_the_past_cannot_be_changed(desk: Desk) -> None:
    """Nor what began today; but from today on means from now on where nothing began."""
    policies = Policies(desk.book, desk.agreements)
    await desk.shop("30")
    with pytest.raises(InvalidInputError, match="policy_past"):
        await policies.set(policy(40, TODAY - timedelta(days=1)))
    desk.clock.forward(minutes=1)
    assert await policies.set(policy(40, TODAY))
    await policies.set(policy(50, TOMORROW))
    desk.clock.forward(days=1)
    with pytest.raises(InvalidInputError, match="policy_past"):
        await policies.set(policy(51, TOMORROW))
    assert await policies.set(policy(50, TOMORROW)) is None
    assert levels(desk) == [40, 50]  # nobody has looked at the clock yet
    await policies.set(policy(60))
    assert levels(desk) == [60]


def test_a_day_that_is_over_counts_from_now_on() -> None:
    """Where the ledger has nothing of the policy since: a file that comes late, or a new site."""
    late = policy(40, TODAY - timedelta(days=30))
    change = new_version(late, [], START, ZONE, CNY)
    assert change is not None
    assert change.document.version == START.isoformat()
    documents = [change.document]
    assert new_version(late, documents, START + timedelta(days=1), ZONE, CNY) is None
    with pytest.raises(InvalidInputError, match="policy_past"):
        new_version(policy(41, TODAY - timedelta(days=30)), documents, START, ZONE, CNY)


async def test_a_clock_that_was_set_back_changes_nothing(desk: Desk) -> None:
    """What was put into force at once is in force; the next version comes right behind it."""
    policies = Policies(desk.book, desk.agreements)
    await desk.shop("30")
    desk.clock.forward(hours=1)
    await policies.set(policy(40))
    desk.clock.forward(minutes=-30)
    await policies.set(policy(50, TOMORROW))
    assert levels(desk) == [40, 50]
    await policies.set(policy(60))
    assert levels(desk) == [60, 50]
    assert await written(desk) == [
        "2026-03-02T02:00:00+00:00",
        "2026-03-02T03:00:00+00:00",
        "2026-03-02T03:00:00.000001+00:00",
        "2026-03-03",
    ]


async def test_special_days_reach_the_policies_that_name_them(desk: Desk) -> None:
    """Of its calendar; and the accounts that have it."""
    policies = Policies(desk.book, desk.agreements)
    await desk.shop("30")
    protected = ProtectedTimes(special={"holiday": ((0, 1440),)}, calendar="China")
    await policies.set(Policy(name="Standard", warning_levels=(), protected=protected))
    assert desk.book.policy("Standard").protected == protected
    await SpecialDays(desk.book).set_days("China", {TOMORROW: "holiday", TODAY: "market"})
    await desk.agreements.renew()
    account = desk.book.account(SHOP)
    assert dict(account.policy.protected.days) == {TOMORROW: "holiday"}
    assert account.policy.protected.window(START, ZONE) is None
    assert account.policy.protected.window(START + timedelta(days=1), ZONE) is not None
    before = account.policy
    await SpecialDays(desk.book).set_days("China", {TOMORROW + timedelta(days=1): "market"})
    assert desk.book.policy("Standard") is before


async def test_many_accounts_are_renewed_together(desk: Desk) -> None:
    """Those that have the policy, a hundred in a transaction; a repeated look does nothing."""
    policies = Policies(desk.book, desk.agreements)
    await desk.shop("30")
    for number in range(120):
        await desk.open_other(f"B-{number}", "30")
    await policies.set(policy(20))
    assert {account.policy.warning_levels for account in desk.book.accounts.values()} == {
        (money(20),)
    }
    assert desk.book.meter(METER).account == SHOP


def test_a_file_says_what_is_in_force() -> None:
    """Of several versions of a policy the latest that has begun; what was before is over."""
    days = (None, TODAY, TOMORROW, TODAY - timedelta(days=9))
    file = [*(policy(1, day) for day in days), policy(1, name="Other")]
    assert superseded(file, START, ZONE) == {0, 3}
    assert superseded(file, START + timedelta(days=1), ZONE) == {0, 1, 3}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(-2, 3), st.integers(1, 3), st.booleans()),
        max_size=12,
    )
)
def test_whatever_is_done_the_past_stays(steps: list[tuple[int, int, int, bool]]) -> None:
    """Time goes on, versions are written; what was in force at an instant is so for ever."""
    documents: list[Document] = []
    seen: dict[datetime, str] = {}
    now = START
    for days, offset, level, dated in steps:
        now += timedelta(days=days, hours=1)
        today = now.astimezone(ZONE).date()
        wanted = policy(level, today + timedelta(days=offset) if dated else None)
        try:
            change = new_version(wanted, documents, now, ZONE, CNY)
        except InvalidInputError:
            assert dated  # what is from now on is always possible
            continue
        if change is not None:
            assert change.document.version not in {one.version for one in documents}
            documents.append(change.document)
        assert new_version(wanted, documents, now, ZONE, CNY) is None
        current = in_force(versions(documents, ZONE).get("Standard", []), now)
        if wanted.valid_from is None:
            assert current is not None
            assert current.document.content == policy_content(wanted, CNY)
        if current is not None:
            seen[now] = current.document.content
    known = versions(documents, ZONE).get("Standard", [])
    for instant, content in seen.items():
        last = in_force([one for one in known if one.since <= instant], instant)
        assert last is not None
        assert last.document.content == content
