"""The decision about an account's credit, as data: warnings, put-off cuts, shadow cuts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.account_rows import CreditWatch
from custom_components.compere_prepaid.core.money.amount import Amount, Currency
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.policy.decision import (
    Standing,
    Step,
    Verdict,
    Wait,
    Why,
    decide,
    warn,
)
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes

CNY = Currency.of("CNY")
SHANGHAI = ZoneInfo("Asia/Shanghai")
SHOP = AccountNumber("A-101")
MONDAY = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon in Shanghai."""
OPENED = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def yuan(text: str | int) -> Amount:
    """Return an amount."""
    return CNY.parse(text)


STANDARD = Policy(name="Standard", warning_levels=(yuan(100), yuan(50)))
NIGHTS = ProtectedTimes(week=dict.fromkeys(range(7), ((18 * 60, 8 * 60),)))
"""From six in the evening to eight in the morning."""


def standing(available: str | int, **more: Any) -> Standing:
    """Return an account that opened long ago and knows nothing."""
    values: dict[str, Any] = {
        "available": yuan(available),
        "days_left": None,
        "told": yuan(50),
        "watch": CreditWatch(account=SHOP, noticed_at=OPENED),
        "opened_at": OPENED,
    }
    return Standing(**(values | more))


def judged(policy: Policy, account: Standing, at: datetime) -> tuple[Verdict, Standing]:
    """Decide, and return also how the account stands when all of it is done."""
    verdict = decide(policy, account, at, SHANGHAI)
    off = {Step.CUT: True, Step.KEEP: True, Step.BACK: False, Step.ALLOW: False}[verdict.step]
    after = replace(account, told=verdict.warned.told, watch=verdict.watch, off=off)
    return verdict, after


# Warning levels


@pytest.mark.parametrize(
    ("available", "told", "announce", "after"),
    [
        ("100.01", None, None, None),
        ("100", None, "100", "100"),
        ("51", "100", None, "100"),
        ("50", "100", "50", "50"),
        ("40", None, "50", "50"),
        ("50.5", "50", None, "50"),
        ("50.51", "50", None, "100"),
        ("60", "50", None, "100"),
        ("101", "100", None, "100"),
        ("101.01", "100", None, None),
        ("0", "50", None, "50"),
        ("-3", None, "50", "50"),
        ("90", "200", "100", "100"),  # 200 is a level of an older policy
        ("110", "200", None, None),
        ("90", "20", None, "100"),
    ],
)
def test_levels(available: str, told: str | None, announce: str | None, after: str | None) -> None:
    """A fall to a level tells it once; it is ready again a hundredth of its height above it."""
    amounts = [None if text is None else yuan(text) for text in (told, announce, after)]
    warned = warn(STANDARD, yuan(available), None, amounts[0], None)
    assert [warned.level, warned.told] == amounts[1:]


def test_paying_in_clears_a_level_at_once() -> None:
    """However little it is above it: whoever pays is told when that is used up."""
    policy = replace(STANDARD, warning_days=(3,))
    assert warn(policy, yuan("50.1"), 3100, yuan(50), 3) == (yuan(50), 3, None, None)
    assert warn(policy, yuan("50.1"), 3100, yuan(50), 3, paid=True) == (yuan(100), None, None, None)


@pytest.mark.parametrize(
    ("thousandths", "told", "announce", "after"),
    [
        (7001, None, None, None),
        (7000, None, 7, 7),
        (2999, None, 3, 3),
        (3300, 3, None, 3),
        (3301, 3, None, 7),
        (7700, 7, None, 7),
        (7701, 7, None, None),
        (0, 7, 3, 3),
        (None, None, None, None),
        (None, 3, None, 3),
    ],
)
def test_levels_in_days(
    thousandths: int | None, told: int | None, announce: int | None, after: int | None
) -> None:
    """The same in days left, ready again a tenth above; days that nobody knows change nothing."""
    policy = replace(STANDARD, warning_levels=(), warning_days=(7, 3))
    warned = warn(policy, yuan(500), thousandths, None, told)
    assert (warned.days, warned.days_told) == (announce, after)
    assert warn(STANDARD, yuan(500), thousandths, None, told).days_told is None


def test_ten_thousand_balances_around_a_level(figure: Callable[[str], None]) -> None:
    """One warning for each fall to a level from clearly above it, and none besides.

    Compared with a count that is made in another way: of the times when the balance comes to or
    below the level, for the first time since it was above the band.
    """
    draw = random.Random(20260302)
    level, band = yuan(50), yuan("50.5")
    policy = replace(STANDARD, warning_levels=(level,))
    told, warnings, crossings, above, touches = None, 0, 0, True, 0
    for _ in range(10_000):
        balance = Amount(draw.randint(yuan(49), yuan(51)))
        warned = warn(policy, balance, None, told, None)
        told, warnings = warned.told, warnings + (warned.level is not None)
        touches += balance <= level
        crossings += above and balance <= level
        above = balance > band or (above and balance > level)
    figure(
        f"10000 random balances around a level: {touches} at or below it, {crossings} crossings, "
        f"{warnings} warnings"
    )
    assert warnings == crossings
    assert 1000 < crossings < touches


@given(st.lists(st.integers(-(10**11), 2 * 10**11).map(Amount), min_size=1, max_size=60))
def test_no_level_is_told_twice_without_being_cleared(path: list[Amount]) -> None:
    """Along any path, between two tellings of a level credit was clearly above it."""
    told: Amount | None = None
    cleared = dict.fromkeys(STANDARD.warning_levels, True)
    for available in path:
        warned = warn(STANDARD, available, None, told, None)
        for level in STANDARD.warning_levels:
            if available > level + level // 100:
                cleared[level] = True
        if warned.level is not None:
            assert available <= warned.level
            assert cleared[warned.level]
            assert warned.level == STANDARD.level_reached(available)
            for level in STANDARD.warning_levels:
                cleared[level] = cleared[level] and level < warned.level
        elif (reached := STANDARD.level_reached(available)) is not None:
            assert not cleared[reached]
        told = warned.told


# Cuts, and what puts them off


def test_plain_cut() -> None:
    """At the cut-off the supply ends; above it, it may come back."""
    assert judged(STANDARD, standing("0.01"), MONDAY)[0].step is Step.ALLOW
    verdict, after = judged(STANDARD, standing(0), MONDAY)
    assert (verdict.step, verdict.exhausted, verdict.next_at) == (Step.CUT, True, None)
    assert judged(STANDARD, after, MONDAY + HOUR)[0].step is Step.CUT
    assert judged(STANDARD, standing(-5, never_cut=True), MONDAY)[0].step is Step.ALLOW


def test_protected_time() -> None:
    """Told once with its end, reminded before it, cut at it and not a microsecond earlier."""
    policy = replace(STANDARD, protected=NIGHTS)
    evening, morning = MONDAY + 8 * HOUR, MONDAY + 20 * HOUR
    verdict, account = judged(policy, standing(0), evening)
    wait = Wait(Why.PROTECTED, morning)
    assert (verdict.step, verdict.waits, verdict.is_news) == (Step.BACK, wait, True)
    assert (verdict.reminder, verdict.next_at) == (None, morning - HOUR)
    verdict, account = judged(policy, account, morning - HOUR - timedelta(microseconds=1))
    assert (verdict.is_news, verdict.reminder) == (False, None)
    verdict, account = judged(policy, account, morning - HOUR)
    assert (verdict.reminder, verdict.next_at) == (wait, morning)
    verdict, account = judged(policy, account, morning - timedelta(microseconds=1))
    assert (verdict.step, verdict.is_news, verdict.reminder) == (Step.BACK, False, None)
    verdict, account = judged(policy, account, morning)
    assert (verdict.step, verdict.waits, account.watch.put_off_why) == (Step.CUT, None, "")
    verdict, account = judged(policy, account, evening + DAY)  # off since the morning
    assert (verdict.step, verdict.waits) == (Step.KEEP, None)


def test_credit_within_a_protected_time() -> None:
    """Whoever tops up in time is not cut, and hears of the next one anew."""
    policy = replace(STANDARD, protected=NIGHTS)
    evening = MONDAY + 8 * HOUR
    _, account = judged(policy, standing(0), evening)
    verdict, account = judged(policy, replace(account, available=yuan(20)), evening + HOUR)
    assert (verdict.step, account.watch.put_off_why) == (Step.ALLOW, "")
    verdict, _ = judged(policy, replace(account, available=yuan(0)), evening + 2 * HOUR)
    assert verdict.is_news


def test_late_put_off_is_its_own_reminder() -> None:
    """Who hears of the end an hour before it is not told again a moment later."""
    policy = replace(STANDARD, protected=NIGHTS)
    verdict, account = judged(policy, standing(0), MONDAY + 19.5 * HOUR)
    assert (verdict.is_news, verdict.reminder, verdict.next_at) == (True, None, MONDAY + 20 * HOUR)
    assert judged(policy, account, MONDAY + 19.6 * HOUR)[0].reminder is None


def test_protected_for_ever_and_without_a_reminder() -> None:
    """An end that nobody knows is told as none; a reminder of 0 minutes is none."""
    always = replace(NIGHTS, week=dict.fromkeys(range(7), ((0, 1440),)))
    verdict, account = judged(replace(STANDARD, protected=always), standing(0), MONDAY)
    assert (verdict.waits, verdict.next_at) == (Wait(Why.PROTECTED, None), None)
    assert not judged(replace(STANDARD, protected=always), account, MONDAY + DAY)[0].is_news
    policy = replace(STANDARD, protected=replace(NIGHTS, reminder_minutes=0))
    morning = MONDAY + 20 * HOUR
    verdict, account = judged(policy, standing(0), MONDAY + 8 * HOUR)
    assert verdict.next_at == morning
    late = judged(policy, account, morning - timedelta(microseconds=1))[0]
    assert (late.reminder, late.next_at) == (None, morning)


def test_notice_period() -> None:
    """The cut waits until the tenant has known for so long; an old warning counts."""
    policy = replace(STANDARD, notice_hours=24)
    fresh = standing(0, told=None, watch=CreditWatch(account=SHOP))
    verdict, account = judged(policy, fresh, MONDAY)
    assert (verdict.warned.level, verdict.waits) == (yuan(50), Wait(Why.NOTICE, MONDAY + DAY))
    assert judged(policy, account, MONDAY + DAY)[0].step is Step.CUT
    warned, account = judged(policy, replace(fresh, available=yuan(90)), MONDAY)
    assert (warned.watch.noticed_at, warned.step) == (MONDAY, Step.ALLOW)
    assert judged(policy, replace(account, available=yuan(0)), MONDAY + DAY)[0].step is Step.CUT
    _, good = judged(policy, replace(account, available=yuan(200)), MONDAY + DAY)
    assert good.watch.noticed_at is None
    unwarned = replace(policy, warning_levels=())
    verdict, _ = judged(unwarned, fresh, MONDAY)
    assert (verdict.warned.level, verdict.waits) == (None, Wait(Why.NOTICE, MONDAY + DAY))


def test_grace_ends_inside_a_protected_time() -> None:
    """What is told is when the cut can come at all; supply that is off comes back."""
    policy = replace(STANDARD, protected=NIGHTS)
    watch = CreditWatch(account=SHOP, noticed_at=OPENED, grace_until=MONDAY + 7 * HOUR)
    verdict, account = judged(policy, standing(0, watch=watch, off=True), MONDAY)
    assert (verdict.step, verdict.waits) == (Step.BACK, Wait(Why.GRACE, MONDAY + 20 * HOUR))
    verdict, account = judged(policy, account, MONDAY + 7 * HOUR)
    assert (verdict.waits, verdict.is_news) == (Wait(Why.PROTECTED, MONDAY + 20 * HOUR), False)
    assert judged(policy, account, MONDAY + 20 * HOUR)[0].step is Step.CUT


def test_dispute() -> None:
    """Nobody knows how long it takes; who was off before stays off."""
    watch = CreditWatch(account=SHOP, noticed_at=OPENED, disputed_at=MONDAY)
    verdict, account = judged(STANDARD, standing(0, watch=watch), MONDAY)
    assert (verdict.waits, verdict.next_at) == (Wait(Why.DISPUTE, None), None)
    verdict, account = judged(STANDARD, account, MONDAY + DAY)
    assert (verdict.is_news, verdict.reminder) == (False, None)
    closed = replace(account, watch=replace(account.watch, disputed_at=None))
    assert judged(STANDARD, closed, MONDAY + DAY)[0].step is Step.CUT
    assert judged(STANDARD, standing(0, watch=watch, off=True), MONDAY)[0].step is Step.KEEP


def test_first_reason_is_told() -> None:
    """In their order; all of them count for the time."""
    policy = replace(STANDARD, protected=NIGHTS, notice_hours=2)
    evening = MONDAY + 8 * HOUR
    watch = CreditWatch(
        account=SHOP, noticed_at=evening, grace_until=evening + HOUR, disputed_at=MONDAY
    )
    morning = MONDAY + 20 * HOUR
    expected = [Wait(Why.DISPUTE, None)]
    expected += [Wait(why, morning) for why in (Why.GRACE, Why.NOTICE, Why.PROTECTED)]
    found = []
    for change in ({}, {"disputed_at": None}, {"grace_until": None}, {"noticed_at": OPENED}):
        watch = replace(watch, **change)
        found.append(judged(policy, standing(0, watch=watch), evening)[0].waits)
    assert found == expected


# The adaptation period


def test_shadow_run() -> None:
    """Announced, no relay moves; a day before the end a reminder, at the end a real cut."""
    policy = replace(STANDARD, adaptation_days=14)
    account = standing(0, opened_at=MONDAY)
    ends = MONDAY + 14 * DAY
    verdict, account = judged(policy, account, MONDAY + DAY)
    assert (verdict.step, verdict.shadow_cut, verdict.adapts_until) == (Step.BACK, True, ends)
    assert account.watch.shadow_cut_at == MONDAY + DAY
    verdict, account = judged(policy, account, MONDAY + 2 * DAY)
    assert (verdict.shadow_cut, verdict.next_at) == (False, ends - DAY)
    verdict, account = judged(policy, replace(account, available=yuan(9)), MONDAY + 3 * DAY)
    assert (verdict.shadow_restored, account.watch.shadow_cut_at) == (True, None)
    verdict, account = judged(policy, replace(account, available=yuan(0)), MONDAY + 4 * DAY)
    assert verdict.shadow_cut
    verdict, account = judged(policy, account, ends - DAY)
    assert (verdict.reminder, verdict.next_at) == (Wait(Why.ADAPTATION, ends), ends)
    assert judged(policy, account, ends - HOUR)[0].reminder is None
    verdict, account = judged(policy, account, ends)
    assert (verdict.step, account.watch.shadow_cut_at) == (Step.CUT, None)
    assert not verdict.shadow_restored


def test_adaptation_that_is_given_and_ended() -> None:
    """It brings supply back that is off; its end may lie in a protected time."""
    evening = MONDAY + 8 * HOUR
    watch = CreditWatch(account=SHOP, noticed_at=OPENED, adapts_until=evening)
    policy = replace(STANDARD, protected=NIGHTS)
    verdict, account = judged(policy, standing(0, watch=watch, off=True), MONDAY)
    assert (verdict.step, verdict.shadow_cut) == (Step.BACK, True)
    verdict, account = judged(policy, account, MONDAY + HOUR)
    assert (verdict.reminder, verdict.next_at) == (None, evening)  # told with the shadow cut
    verdict, account = judged(policy, account, evening)
    assert verdict.waits == Wait(Why.PROTECTED, MONDAY + 20 * HOUR)
    assert account.watch.shadow_cut_at is None
    assert judged(policy, account, MONDAY + 20 * HOUR)[0].step is Step.CUT


def test_grace_within_the_adaptation_period() -> None:
    """It would bring supply back, and at its end cut again."""
    watch = CreditWatch(account=SHOP, noticed_at=OPENED, adapts_until=MONDAY + 9 * DAY)
    _, account = judged(STANDARD, standing(0, watch=watch), MONDAY)
    graced = replace(account, watch=replace(account.watch, grace_until=MONDAY + 3 * HOUR))
    verdict, account = judged(STANDARD, graced, MONDAY + HOUR)
    assert (verdict.shadow_restored, verdict.waits) == (True, Wait(Why.GRACE, MONDAY + 3 * HOUR))
    assert judged(STANDARD, account, MONDAY + 3 * HOUR)[0].shadow_cut


@given(
    credit=st.lists(st.sampled_from([-5, 0, 1, 40, 80, 300]), min_size=1, max_size=40),
    hours=st.lists(st.integers(1, 30), min_size=40, max_size=40),
    notice=st.sampled_from([0, 5, 48]),
    adaptation=st.sampled_from([0, 3, 20]),
    grace=st.sampled_from([None, 7, 100]),
    disputed=st.booleans(),
)
def test_what_always_holds(
    credit: list[int],
    hours: list[int],
    notice: int,
    adaptation: int,
    grace: int | None,
    *,
    disputed: bool,
) -> None:
    """No cut against a reason; nobody is forgotten; what stands still changes nothing."""
    policy = replace(STANDARD, protected=NIGHTS, notice_hours=notice, adaptation_days=adaptation)
    watch = CreditWatch(
        account=SHOP,
        grace_until=None if grace is None else MONDAY + grace * HOUR,
        disputed_at=MONDAY if disputed else None,
    )
    account, at = standing(300, told=None, watch=watch, opened_at=MONDAY), MONDAY
    for balance, passed in zip(credit, hours, strict=False):
        at += passed * HOUR
        was_off = account.off
        verdict, account = judged(policy, replace(account, available=yuan(balance)), at)
        night = policy.protected.window(at, SHANGHAI) is not None
        known = account.watch.noticed_at
        hindered = (
            disputed
            or night
            or (grace is not None and at < MONDAY + grace * HOUR)
            or (known is not None and at < known + notice * HOUR)
        )
        if balance > 0:
            assert (verdict.step, account.watch.put_off_why) == (Step.ALLOW, "")
        elif verdict.step is Step.CUT:
            assert not hindered
            assert at >= MONDAY + adaptation * DAY
        elif verdict.step is Step.KEEP:
            assert was_off
            assert hindered
        elif not disputed:
            assert verdict.next_at is not None
            assert verdict.next_at > at
        again, _ = judged(policy, account, at)
        assert again.watch == account.watch
        assert again.warned == replace_news(verdict)
        assert again.reminder is None
        assert not any((again.is_news, again.shadow_cut, again.shadow_restored))


def replace_news(verdict: Verdict) -> Any:
    """Return what a verdict remembers as told, with nothing to tell."""
    return verdict.warned._replace(level=None, days=None)


@pytest.mark.parametrize(
    ("opened", "ends"),
    [
        (datetime(2026, 3, 20, 9, tzinfo=UTC), datetime(2026, 4, 3, 8, tzinfo=UTC)),
        (datetime(2026, 10, 20, 8, tzinfo=UTC), datetime(2026, 11, 3, 9, tzinfo=UTC)),
    ],
)
def test_adaptation_ends_by_the_wall_clock(opened: datetime, ends: datetime) -> None:
    """Ten o'clock stays ten o'clock when the clocks change meanwhile."""
    policy = replace(STANDARD, adaptation_days=14)
    verdict = decide(policy, standing(9, opened_at=opened), opened, ZoneInfo("Europe/Berlin"))
    assert verdict.adapts_until == ends
