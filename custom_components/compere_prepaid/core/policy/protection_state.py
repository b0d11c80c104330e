"""How a rule lives from one value to the next: pending, active, tripped, tried again, locked out.

`advance` is a pure step. What it returns counts only once the hold that it asks for is in the
ledger, so a failed or repeated commit changes nothing.

Nothing is concluded from what is not known: a missing value leaves a rule as it was, and after a
gap longer than `PATIENCE` a delay begins anew. A clock that jumps back begins waits anew, one that
jumps on can only end a wait early, and never adds a try.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
import json
from typing import NamedTuple

from ..ledger.records import Hold
from .protection import Action, Ratings, Rule, RuleKind

PLACED_BY = "protection"
"""Who places and releases the holds of rules."""

PATIENCE = timedelta(minutes=20)
"""The slowest meters tell every 15 minutes."""


class Move(StrEnum):
    """What a rule did; the value is what automations see."""

    WARNED = "warned"
    """The value was beyond the limit for its delay, or for so long that the relay opens soon."""
    CLEARED = "cleared"
    """It is over."""
    TRIPPED = "tripped"
    """A hold is placed; the relay will be closed again by itself."""
    LOCKED_OUT = "locked_out"
    """A hold is placed, and the relay stays open."""
    RECLOSED = "reclosed"
    """The hold is released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A value and the limits of one meter, in thousandths."""

    value: int
    limit: int
    release: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """Where a rule stands for one meter."""

    active: bool = False
    since: datetime | None = None
    """Since when the value has been on the other side of its level."""
    seen_at: datetime | None = None
    """When the last value came."""
    tripped_at: datetime | None = None
    """Since when its hold stands; None if it does not."""
    used: int = 0
    """How many tries were used up to now."""
    closed_at: datetime | None = None
    """When the relay was last let close again."""
    over_at: datetime | None = None
    """When the value was last beyond the limit."""
    warned: bool = False
    """Whether people were warned that the relay will open, of a rule that warns before."""

    def locked(self, rule: Rule) -> bool:
        """Tell whether the relay is not tried again (for a load; a supply is watched)."""
        return self.tripped_at is not None and not rule.kind.is_supply and self.used >= rule.tries


def sample(rule: Rule, value: int | None, ratings: Ratings) -> Sample | None:
    """Return a value with this meter's limits; None if any of them is not known."""
    limit = rule.at(rule.limit, ratings)
    release = rule.at(rule.release_level, ratings)
    if rule.action is Action.NONE or value is None or limit is None or release is None:
        return None
    return Sample(value=value, limit=limit, release=release)


def advance(
    rule: Rule,
    state: RuleState,
    now: Sample | None,
    at: datetime,
    *,
    may_hold: bool,
) -> tuple[RuleState, tuple[Move, ...]]:
    """Take a rule one step on; of one that has tripped the hold still stands."""
    if state.tripped_at is not None:
        return _while_tripped(rule, state, now, at, may_hold=may_hold)
    if rule.action is Action.NONE:
        return RuleState(), (Move.CLEARED,) if state.active or state.warned else ()
    if now is None:
        return state, ()
    after = _crossing(rule, _rested(rule, state, now, at), now, at)
    if after.active and may_hold and _may_trip(rule, after, at):
        after = replace(after, tripped_at=at)
        return after, (Move.LOCKED_OUT if after.locked(rule) else Move.TRIPPED,)
    return _told(rule, state, after, at, may_hold=may_hold)


def _told(
    rule: Rule, before: RuleState, after: RuleState, at: datetime, *, may_hold: bool
) -> tuple[RuleState, tuple[Move, ...]]:
    """Tell of a rule that opens no relay now; one that will is warned of before, if it says so."""
    if after.active:
        is_known = before.active or before.warned
        return after, () if is_known else (Move.WARNED,)
    if before.active or (before.warned and after.since is None):
        return replace(after, warned=False), (Move.CLEARED,)
    warns_at = _warns_at(rule, after) if may_hold else None
    if warns_at is None or at < warns_at:
        return after, ()
    return replace(after, warned=True), (Move.WARNED,)


def _warns_at(rule: Rule, state: RuleState) -> datetime | None:
    """Return when people are to be warned of what the relay will do; None if they are not."""
    is_due = rule.action is Action.HOLD and not (state.active or state.warned or state.tripped_at)
    if rule.warn_s is None or state.since is None or not is_due:
        return None
    return state.since + timedelta(seconds=rule.warn_s)


def _while_tripped(
    rule: Rule, state: RuleState, now: Sample | None, at: datetime, *, may_hold: bool
) -> tuple[RuleState, tuple[Move, ...]]:
    """Decide whether the relay may close again."""
    if not may_hold:
        return RuleState(closed_at=at, seen_at=at), (Move.RECLOSED,)
    if rule.kind.is_supply:
        after = state if now is None else _crossing(rule, state, now, at)
        if after.active:
            return after, ()
        return RuleState(closed_at=at, seen_at=at), (Move.RECLOSED,)
    tripped_at = min(state.tripped_at or at, at)
    is_locked = state.locked(rule)
    wait_s = rule.lock_out_s if is_locked else rule.spacing_s
    if wait_s is None or at - tripped_at < timedelta(seconds=wait_s):
        return replace(state, tripped_at=tripped_at), ()
    used = 0 if is_locked else state.used + 1
    return RuleState(used=used, closed_at=at, seen_at=at), (Move.RECLOSED,)


def _rested(rule: Rule, state: RuleState, now: Sample, at: datetime) -> RuleState:
    """Count tries anew after a quiet time."""
    if is_beyond(rule.kind, now):
        return replace(state, over_at=at)
    if not state.used:
        return state
    times = [time for time in (state.closed_at, state.over_at) if time is not None]
    last = max(times, default=None)
    if last is None or last > at:  # a clock that was set back: wait again
        return replace(state, closed_at=at, over_at=None)
    return replace(state, used=0) if at - last >= timedelta(seconds=rule.quiet_s) else state


def _crossing(rule: Rule, state: RuleState, now: Sample, at: datetime) -> RuleState:
    """Follow the hysteresis: flip when the value was on the other side for long enough."""
    if state.active:
        level, wait_s = now.release, rule.release_s
        is_other = now.value >= level if rule.kind.is_lower else now.value <= level
    else:
        is_other, wait_s = is_beyond(rule.kind, now), rule.delay_s
    if not is_other:
        return replace(state, since=None, seen_at=at)
    since = state.since
    is_gap = state.seen_at is not None and not timedelta(0) <= at - state.seen_at <= PATIENCE
    if since is None or is_gap:
        since = at
    if at - since < timedelta(seconds=wait_s):
        return replace(state, since=since, seen_at=at)
    return replace(state, active=not state.active, since=None, seen_at=at)


def is_beyond(kind: RuleKind, now: Sample) -> bool:
    """Tell whether a value is beyond its limit."""
    return now.value < now.limit if kind.is_lower else now.value > now.limit


def _may_trip(rule: Rule, state: RuleState, at: datetime) -> bool:
    """Tell whether the relay has been closed for long enough to be opened again."""
    if state.closed_at is None or state.closed_at > at:
        return True
    return at - state.closed_at >= timedelta(seconds=rule.min_on_s)


def decides_at(rule: Rule, state: RuleState) -> datetime | None:
    """Return when a load's warning is due, or its delay, try or lock-out ends; None if none is."""
    wait_s: int | None = rule.release_s if state.active else rule.delay_s
    since = state.since
    if state.tripped_at is not None:
        since = state.tripped_at
        wait_s = rule.lock_out_s if state.locked(rule) else rule.spacing_s
    if since is None or wait_s is None:
        return None
    return _warns_at(rule, state) or since + timedelta(seconds=wait_s)


# What survives the program goes with the hold: it is written with it, in one transaction.


def reason(rule: Rule, state: RuleState, now: Sample | None) -> str:
    """Return what a hold of this rule keeps: canonical JSON.

    `value` and `limit` in thousandths, `used` of `tries` tries.
    """
    data: dict[str, int | str] = {"rule": rule.kind, "used": state.used, "tries": rule.tries}
    if now is not None:
        data |= {"value": now.value, "limit": now.limit}
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


class Remembered(NamedTuple):
    """What a hold keeps of its rule."""

    kind: RuleKind
    state: RuleState
    value: int | None
    limit: int | None


def remembered(hold: Hold, now: datetime) -> Remembered | None:
    """Return which rule placed a meter's last hold and where it stands, from what the hold keeps.

    A hold that stands is tripped since it was placed. One that the rule itself released was a try,
    which still counts: the quiet time begins now, for nobody knows what was before. One that a
    person released counts no more. None for a hold of nobody's rule.
    """
    try:
        kept = json.loads(hold.reason)
        kind, used, tries = RuleKind(kept["rule"]), int(kept["used"]), int(kept["tries"])
    except ValueError, TypeError, KeyError:
        return None
    if hold.released_at is None:
        state = RuleState(active=True, tripped_at=hold.placed_at, used=used)
    elif hold.released_by != PLACED_BY or used >= tries:
        state = RuleState(closed_at=hold.released_at)
    else:
        state = RuleState(used=used + 1, closed_at=hold.released_at, over_at=now)
    return Remembered(kind, state, kept.get("value"), kept.get("limit"))
