"""The decision about an account's credit: whom to warn, and whether credit cuts now or later.

Everything here is computed from what an account has and what it was told, at an instant; nothing is
looked up and nothing is done, so that a policy can be tried without anybody noticing.

A cut that is due waits for the first of these that holds: the account is disputed, somebody granted
it a grace, the tenant has not known for long enough, or it is a protected time (`Why`, in this
order). When none holds, an account that adapts is only shadow-cut, and any other is cut. What was
cut stays so when a reason to wait comes up later; only a grace, and an adaptation period, bring
supply back that is off for credit. `never_cut` beats all of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..ledger.account_rows import CreditWatch
from ..money.amount import Amount
from .credit import Policy

ADAPTATION_REMINDER = timedelta(days=1)
"""So long before the adaptation period ends, who is shadow-cut hears that the next cut is real."""

MONEY_MARGIN = 100
"""A level in money is ready again above itself and this part of its distance to the cut-off."""

DAYS_MARGIN = 10
"""A level in days left is ready again above itself and this part of itself."""


class Why(StrEnum):
    """Why a cut waits, or is none; the first that holds is told."""

    DISPUTE = "dispute"
    GRACE = "grace"
    NOTICE = "notice"
    PROTECTED = "protected"
    ADAPTATION = "adaptation"


class Step(StrEnum):
    """What is done about the supply."""

    ALLOW = "allow"
    """Credit allows it: it may come back as the policy says."""
    KEEP = "keep"
    """It is off, and stays so: nothing more is cut."""
    BACK = "back"
    """It is on whatever the credit is, and comes back at once where it is off."""
    CUT = "cut"
    """It ends."""


class Wait(NamedTuple):
    """A cut that waits: why, and until when; no time where nobody knows it."""

    why: Why
    until: datetime | None


class Warned(NamedTuple):
    """The lowest levels that were told by now, in money and in days, and what of it is news."""

    told: Amount | None
    days_told: int | None
    level: Amount | None
    """The level in money to tell now."""
    days: int | None
    """The level in days to tell now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an account has, and what was told and done about it."""

    available: Amount
    days_left: int | None
    """Thousandths of days until credit ends; None if that is not in sight."""
    told: Amount | None
    """The lowest level in money that was told."""
    own_level: Amount | None = None
    """One more level in money, which the tenant chose."""
    watch: CreditWatch
    opened_at: datetime
    paid: bool = False
    """Whether its tenant is just paying in."""
    off: bool = False
    """Whether it is cut for credit."""
    never_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a policy says of an account, and what is to be remembered of it."""

    step: Step
    exhausted: bool
    warned: Warned
    watch: CreditWatch
    waits: Wait | None = None
    """The cut that waits, if one does."""
    is_news: bool = False
    """Whether the tenant does not know yet that it waits, or until when."""
    reminder: Wait | None = None
    """The end that is near, to be told now."""
    shadow_cut: bool = False
    """Whether it would be cut from now on."""
    shadow_restored: bool = False
    """Whether supply would come back now."""
    adapts_until: datetime
    next_at: datetime | None = None
    """When something is to be decided though no money moves."""


def decide(policy: Policy, standing: Standing, at: datetime, zone: ZoneInfo) -> Verdict:
    """Return what an account's credit means now."""
    before = standing.watch
    warned = warn(
        policy,
        standing.available,
        standing.days_left,
        standing.told,
        before.days_told,
        own_level=standing.own_level,
        paid=standing.paid,
    )
    exhausted = standing.available <= policy.cut_off
    good = not exhausted and warned.told is None and warned.days_told is None
    watch = replace(
        before,
        days_told=warned.days_told,
        noticed_at=None if good else before.noticed_at or at,
    )
    ends = adapts_until(policy, watch, standing.opened_at, zone)
    verdict = Verdict(
        step=Step.ALLOW,
        exhausted=exhausted,
        warned=warned,
        watch=_at_rest(watch),
        shadow_restored=watch.shadow_cut_at is not None,
        adapts_until=ends,
    )
    if not exhausted or standing.never_cut:
        return verdict
    return _exhausted(policy, replace(standing, watch=watch), verdict, at, zone)


def warn(
    policy: Policy,
    available: Amount,
    days_left: int | None,
    told: Amount | None,
    days_told: int | None,
    *,
    own_level: Amount | None = None,
    paid: bool = False,
) -> Warned:
    """Return what an account is to be told, knowing what it was told.

    A fall through several levels at once tells the lowest. A level is ready to be told again when
    credit is clearly above it, so that no balance that trembles around it tells it twice; who pays
    in is told again whatever is cleared by that. Days that nobody knows change nothing.
    """

    def money_margin(level: int) -> int:
        return 0 if paid else (level - policy.cut_off) // MONEY_MARGIN

    def days_margin(level: int) -> int:
        return 0 if paid else level // DAYS_MARGIN

    level_told, level = _crossed(policy.levels_with(own_level), available, told, money_margin)
    thousandths = [days * 1000 for days in policy.warning_days]
    if days_left is None or not thousandths:
        return Warned(_amount(level_told), days_told if thousandths else None, _amount(level), None)
    known = None if days_told is None else days_told * 1000
    days, news = _crossed(thousandths, days_left, known, days_margin)
    return Warned(_amount(level_told), _whole(days), _amount(level), _whole(news))


def adapts_until(
    policy: Policy, watch: CreditWatch, opened_at: datetime, zone: ZoneInfo
) -> datetime:
    """Return when an account's adaptation period ends, or ended; by the wall clock of the site."""
    if watch.adapts_until is not None:
        return watch.adapts_until
    opened = opened_at.astimezone(zone)
    return (opened + timedelta(days=policy.adaptation_days)).astimezone(UTC)


def first_chance(
    policy: Policy, watch: CreditWatch, at: datetime, zone: ZoneInfo
) -> datetime | None:
    """Return the first instant from `at` on at which credit may cut; None if nobody knows it."""
    if watch.disputed_at is not None:
        return None
    earliest = max(at, watch.grace_until or at, _noticed_until(policy, watch, at))
    window = policy.protected.window(earliest, zone)
    return earliest if window is None else window.end


def reason_to_wait(policy: Policy, watch: CreditWatch, at: datetime, zone: ZoneInfo) -> Why | None:
    """Return why credit cuts nobody now, if anything hinders it."""
    if watch.disputed_at is not None:
        return Why.DISPUTE
    if _graced(watch, at):
        return Why.GRACE
    if at < _noticed_until(policy, watch, at):
        return Why.NOTICE
    return None if policy.protected.window(at, zone) is None else Why.PROTECTED


def _exhausted(
    policy: Policy, standing: Standing, verdict: Verdict, at: datetime, zone: ZoneInfo
) -> Verdict:
    """Decide about an account that has used up its credit, and that may be cut for it."""
    watch = standing.watch
    adapts, graced = at < verdict.adapts_until, _graced(watch, at)
    shadow = watch.shadow_cut_at is not None
    verdict = replace(verdict, shadow_restored=shadow and graced)
    why = reason_to_wait(policy, watch, at, zone)
    if graced or not (shadow if adapts else standing.off):  # it is not cut by now
        if why is not None:
            wait = Wait(why, first_chance(policy, watch, at, zone))
            return _put_off(policy, watch, verdict, wait, at)
        if not adapts:
            return replace(verdict, step=Step.CUT)
    if adapts:
        return _shadow_cut(policy, watch, verdict, at, zone)
    return replace(verdict, step=Step.CUT if why is None else Step.KEEP)


def _put_off(
    policy: Policy, before: CreditWatch, verdict: Verdict, wait: Wait, at: datetime
) -> Verdict:
    """Let a cut wait; tell it once, and again if the time changes."""
    news = not before.put_off_why or before.put_off_until != wait.until
    lead = timedelta(minutes=policy.protected.reminder_minutes)
    coming = _Coming.of(wait.until, lead, at)
    watch = replace(
        verdict.watch,
        put_off_until=wait.until,
        put_off_why=wait.why.value,
        reminded_for=coming.reminded_for,
    )
    return replace(
        verdict,
        step=Step.BACK,
        watch=watch,
        waits=wait,
        is_news=news,
        reminder=wait if coming.near and not news and coming.unknown_to(before) else None,
        next_at=coming.next_at,
    )


def _shadow_cut(
    policy: Policy, before: CreditWatch, verdict: Verdict, at: datetime, zone: ZoneInfo
) -> Verdict:
    """Cut on paper only; a day before that ends, tell when the cut will be real."""
    ends = verdict.adapts_until
    news = before.shadow_cut_at is None
    wait = Wait(Why.ADAPTATION, first_chance(policy, before, ends, zone))
    coming = _Coming.of(wait.until, ADAPTATION_REMINDER, at)
    watch = replace(
        verdict.watch,
        shadow_cut_at=before.shadow_cut_at or at,
        reminded_for=coming.reminded_for,
    )
    return replace(
        verdict,
        step=Step.BACK,
        watch=watch,
        reminder=wait if coming.near and not news and coming.unknown_to(before) else None,
        shadow_cut=news,
        next_at=ends if coming.next_at is None else min(ends, coming.next_at),
    )


class _Coming(NamedTuple):
    """A cut that comes at a known time: whether it is near, and when to look again."""

    near: bool
    reminded_for: datetime | None
    next_at: datetime | None

    @classmethod
    def of(cls, until: datetime | None, lead: timedelta, at: datetime) -> _Coming:
        """Return how a coming cut stands; who hears of it only now needs no reminder."""
        if until is None:
            return cls(near=False, reminded_for=None, next_at=None)
        if at < until - lead:
            return cls(near=False, reminded_for=None, next_at=until - lead)
        return cls(near=True, reminded_for=until, next_at=until)

    def unknown_to(self, watch: CreditWatch) -> bool:
        """Tell whether nobody was reminded of it yet."""
        return watch.reminded_for != self.reminded_for


def _at_rest(watch: CreditWatch) -> CreditWatch:
    """Return the watch over an account of which no cut is due."""
    return replace(watch, put_off_until=None, put_off_why="", reminded_for=None, shadow_cut_at=None)


def _graced(watch: CreditWatch, at: datetime) -> bool:
    return watch.grace_until is not None and at < watch.grace_until


def _noticed_until(policy: Policy, watch: CreditWatch, at: datetime) -> datetime:
    """Return when the tenant has known for long enough that credit is low."""
    return (watch.noticed_at or at) + timedelta(hours=policy.notice_hours)


def _crossed(
    levels: Sequence[int], value: int, told: int | None, margin: Callable[[int], int]
) -> tuple[int | None, int | None]:
    """Return the lowest level that is told by now, and the level to tell; levels fall strictly."""
    reached = [level for level in levels if value <= level]
    if reached and (told is None or reached[-1] < told):
        return reached[-1], reached[-1]
    if told is None:
        return None, None
    near = [level for level in levels if level >= told and value <= level + margin(level)]
    return (near[-1] if near else None), None


def _amount(value: int | None) -> Amount | None:
    return None if value is None else Amount(value)


def _whole(thousandths: int | None) -> int | None:
    return None if thousandths is None else thousandths // 1000
