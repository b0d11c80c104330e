"""One rule through a series of values: hysteresis, trips, tries, lock-out. No ledger, no meter."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.records import Hold, HoldKind
from custom_components.compere_prepaid.core.policy.protection import (
    DEFAULTS,
    Action,
    Basis,
    Ratings,
    Rule,
    RuleKind,
)
from custom_components.compere_prepaid.core.policy.protection_state import (
    PATIENCE,
    PLACED_BY,
    Move,
    RuleState,
    Sample,
    advance,
    decides_at,
    reason,
    remembered,
    sample,
)

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LIMIT, RELEASE = 20_000_000, 19_000_000
OVER, UNDER = 23_000_000, 5_000_000
E8 = Rule(
    kind=RuleKind.OVERLOAD,
    action=Action.HOLD,
    limit=59_400_000,
    delay_s=300,
    tries=5,
    spacing_s=60,
    lock_out_s=1800,
)
"""The defaults that a vendor of prepaid meters publishes."""


@dataclass(slots=True)
class Bench:
    """A rule and the hold that it places; time moves with the values."""

    rule: Rule
    at: datetime = START
    state: RuleState = field(default_factory=RuleState)
    stands: bool = False
    never_cut: bool = False
    moves: list[Move] = field(default_factory=list)

    def feed(self, value: int | None, after_s: float = 10) -> tuple[Move, ...]:
        """Measure a value so many seconds later."""
        self.at += timedelta(seconds=after_s)
        now = sample(self.rule, value, Ratings(breaker_w=27_600))
        may_hold = self.rule.action is Action.HOLD and not self.never_cut
        self.state, moves = advance(self.rule, self.state, now, self.at, may_hold=may_hold)
        self.stands = self.state.tripped_at is not None
        self.moves += moves
        return moves

    def draw(self, value: int, seconds: int, step_s: int = 10) -> list[Move]:
        """Measure a load for so long; with the relay open it draws nothing."""
        before = len(self.moves)
        for _ in range(seconds // step_s):
            self.feed(0 if self.stands else value, step_s)
        return self.moves[before:]


def overload(action: Action = Action.HOLD, **what: int) -> Rule:
    """Return an overload rule of 20 kW that tries twice."""
    how: dict[str, int] = {"delay_s": 60, "release_s": 30, "tries": 2, "spacing_s": 60, **what}
    return Rule(kind=RuleKind.OVERLOAD, action=action, limit=LIMIT, release=RELEASE, **how)  # type: ignore[arg-type]


def test_a_vendors_published_overload() -> None:
    """59.4 kW for 300 s opens; five tries 60 s apart; 30 min lock-out; then again."""
    bench = Bench(E8)
    assert bench.draw(59_400_000, 1200) == []  # at the limit is not beyond it
    times: list[tuple[int, Move]] = []
    began = bench.at
    for _ in range(2 * 60 * 60 // 10):
        moves = bench.feed(0 if bench.stands else 60_000_000)
        times += [(int((bench.at - began).total_seconds()), move) for move in moves]
    trips = [second for second, move in times if move is Move.TRIPPED]
    assert trips[:5] == [310 + 370 * turn for turn in range(5)]
    locked = [second for second, move in times if move is Move.LOCKED_OUT]
    closed = [second for second, move in times if move is Move.RECLOSED]
    assert locked == [310 + 370 * 5, 310 + 370 * 5 + 1800 + 370 * 5 + 310]
    assert closed[:6] == [*(second + 60 for second in trips[:5]), locked[0] + 1800]


def test_the_load_of_a_moment_is_no_overload() -> None:
    """What lasts less than the delay does nothing, however often."""
    bench = Bench(overload())
    for _ in range(50):
        bench.draw(OVER, 60)
        bench.draw(UNDER, 10)
    assert bench.moves == []


def test_locks_out_for_good() -> None:
    """Two tries, then nothing by itself, for days."""
    bench = Bench(overload())
    bench.draw(OVER, 3 * 86_400)
    tried = [Move.TRIPPED, Move.RECLOSED]
    assert bench.moves == [*tried, *tried, Move.LOCKED_OUT]
    assert bench.state.locked(bench.rule)


def test_a_quiet_hour_gives_new_tries() -> None:
    """Quiet is without a moment beyond the limit since the relay was closed."""
    bench = Bench(overload(quiet_s=3600))
    bench.draw(OVER, 130)
    assert bench.state.used == 1
    bench.draw(UNDER, 3500)
    bench.draw(OVER, 20)
    bench.draw(UNDER, 3590)
    assert bench.state.used == 1
    bench.draw(UNDER, 20)
    assert bench.state.used == 0


def test_a_clock_that_is_set_back_begins_a_new_quiet_time() -> None:
    """Tries are neither forgotten at once nor kept for ever."""
    bench = Bench(overload(quiet_s=3600))
    bench.draw(OVER, 130)
    bench.feed(UNDER, -86_400)
    bench.draw(UNDER, 3590)
    assert bench.state.used == 1
    bench.draw(UNDER, 10)
    assert bench.state.used == 0


def test_a_warning_never_asks_for_a_hold() -> None:
    """A rule that warns, and an account that is never cut, are only told of."""
    for bench in (Bench(overload(Action.WARN)), Bench(overload(), never_cut=True)):
        bench.draw(OVER, 7200)
        assert bench.moves == [Move.WARNED]
        bench.draw(UNDER, 60)
        assert bench.moves == [Move.WARNED, Move.CLEARED]


def test_people_are_warned_before_the_relay_opens() -> None:
    """Told once while there is time; nothing more is told if it helps, the trip if it does not."""
    bench = Bench(overload(delay_s=300, warn_s=60))
    assert bench.draw(OVER, 60) == []
    assert decides_at(bench.rule, bench.state) == bench.at + timedelta(seconds=10)
    assert bench.draw(OVER, 20) == [Move.WARNED]
    assert decides_at(bench.rule, bench.state) == bench.at + timedelta(seconds=230)
    assert bench.draw(UNDER, 20) == [Move.CLEARED]
    assert bench.draw(OVER, 310) == [Move.WARNED, Move.TRIPPED]
    assert bench.draw(OVER, 60) == [Move.RECLOSED]
    assert bench.draw(OVER, 310) == [Move.WARNED, Move.TRIPPED]


def test_nobody_is_warned_of_what_does_not_happen() -> None:
    """An account that is never cut hears of its load when it is one, and a warning is one."""
    for bench in (
        Bench(overload(delay_s=300, warn_s=60), never_cut=True),
        Bench(overload(Action.WARN, delay_s=300, warn_s=60)),
    ):
        assert bench.draw(OVER, 300) == []
        assert bench.draw(OVER, 600) == [Move.WARNED]
        assert bench.draw(UNDER, 60) == [Move.CLEARED]


@pytest.mark.parametrize("after", ["switched off", "a warning", "never cut"])
def test_a_warning_before_is_taken_back(after: str) -> None:
    """Whatever becomes of the rule meanwhile, who was warned hears that it is over."""
    bench = Bench(overload(delay_s=300, warn_s=60))
    assert bench.draw(OVER, 80) == [Move.WARNED]
    if after == "switched off":
        bench.rule = overload(Action.NONE)
        assert bench.feed(OVER) == (Move.CLEARED,)
        return
    if after == "a warning":
        bench.rule = overload(Action.WARN, delay_s=300)
    bench.never_cut = after == "never cut"
    assert bench.draw(OVER, 600) == []
    assert bench.draw(UNDER, 60) == [Move.CLEARED]


@pytest.mark.parametrize("why", ["warns", "is never cut"])
def test_a_hold_ends_when_its_rule_may_place_none_any_more(why: str) -> None:
    """A changed policy counts at the next reading."""
    bench = Bench(overload())
    bench.draw(OVER, 70)
    assert bench.stands
    if why == "warns":
        bench.rule = overload(Action.WARN)
    bench.never_cut = why == "is never cut"
    assert bench.feed(0) == (Move.RECLOSED,)
    assert not bench.stands


def test_a_rule_that_is_switched_off_is_over() -> None:
    """What it warned of is taken back."""
    bench = Bench(overload(Action.WARN))
    bench.draw(OVER, 70)
    bench.rule = overload(Action.NONE)
    assert bench.feed(OVER) == (Move.CLEARED,)
    assert bench.feed(OVER, 600) == ()


def test_voltage_comes_back_by_itself() -> None:
    """A supply is watched behind an open relay: right for its time, the hold goes."""
    rule = Rule(
        kind=RuleKind.OVER_VOLTAGE,
        action=Action.HOLD,
        limit=253_000,
        release=248_000,
        delay_s=5,
        release_s=60,
        min_on_s=300,
    )
    bench = Bench(rule)
    assert bench.feed(260_000) == ()
    assert bench.feed(260_000) == (Move.TRIPPED,)
    for _ in range(100):
        assert bench.feed(250_000) == ()  # between release and limit
    assert bench.feed(248_000) == ()
    assert bench.feed(247_000, 60) == (Move.RECLOSED,)
    assert bench.feed(260_000) == ()
    assert bench.feed(260_000, 60) == (Move.WARNED,)  # the relay has its least time on
    assert bench.feed(260_000, 240) == (Move.TRIPPED,)


def test_under_voltage_is_the_other_way_round() -> None:
    """Below the limit is bad, above the release level is good."""
    bench = Bench(DEFAULTS[RuleKind.UNDER_VOLTAGE])
    bench.feed(197_999)
    assert bench.feed(197_999, 60) == (Move.WARNED,)
    for volts in (198_000, 202_999):
        assert bench.feed(volts, 120) == ()
    bench.feed(203_000)
    assert bench.feed(203_000, 60) == (Move.CLEARED,)


def test_unknown_changes_nothing() -> None:
    """A value that was not told neither ends a delay nor begins one."""
    bench = Bench(overload(Action.WARN))
    bench.feed(OVER)
    for _ in range(5):
        assert bench.feed(None) == ()
    assert bench.feed(OVER) == (Move.WARNED,)
    for _ in range(100):
        bench.feed(None)
    assert bench.moves == [Move.WARNED]


def test_after_a_long_silence_a_delay_begins_anew() -> None:
    """Nobody knows what was in between."""
    bench = Bench(overload(Action.WARN))
    bench.feed(OVER)
    assert bench.feed(OVER, PATIENCE.total_seconds() + 1) == ()
    assert bench.feed(OVER, 60) == (Move.WARNED,)


@pytest.mark.parametrize("jump_s", [-86_400, 86_400])
def test_a_clock_that_jumps_trips_nobody(jump_s: int) -> None:
    """Neither back nor forth; and a tripped relay is tried again within its spacing."""
    bench = Bench(overload())
    bench.feed(OVER)
    assert bench.feed(OVER, jump_s) == ()
    assert bench.feed(OVER, 30) == ()
    assert bench.feed(OVER, 30) == (Move.TRIPPED,)
    moves = [bench.feed(0, jump_s), bench.feed(0, 60)]
    assert moves.count((Move.RECLOSED,)) == 1


def test_percent_of_what_is_known() -> None:
    """Of the breaker, or the rated power where somebody told it; else nothing is watched."""
    rule = Rule(kind=RuleKind.OVERLOAD, basis=Basis.RATED, limit=110_000)
    known = sample(rule, 1, Ratings(breaker_w=27_600, rated_w=22_000))
    assert known == Sample(value=1, limit=24_200_000, release=22_990_000)
    assert sample(rule, 1, Ratings(breaker_w=27_600)) is None
    breaker = sample(DEFAULTS[RuleKind.OVERLOAD], 1, Ratings(breaker_w=27_600))
    assert breaker is not None
    assert breaker.limit == 27_600_000


rules = st.builds(
    Rule,
    kind=st.sampled_from([RuleKind.OVERLOAD, RuleKind.OVER_VOLTAGE, RuleKind.UNDER_VOLTAGE]),
    action=st.sampled_from([Action.WARN, Action.HOLD]),
    limit=st.just(100),
    delay_s=st.integers(0, 120),
    release_s=st.integers(0, 120),
    min_on_s=st.integers(0, 300),
    tries=st.integers(0, 4),
    spacing_s=st.integers(10, 120),
    quiet_s=st.just(1_000_000),
).flatmap(
    lambda rule: st.sampled_from([None, *range(rule.delay_s)]).map(
        lambda warn_s: replace(rule, warn_s=warn_s)
    )
)
"""With limits that a value of 100 has, give or take the usual 5 percent."""

series = st.lists(
    st.tuples(st.none() | st.integers(90, 110), st.integers(1, 200)), min_size=1, max_size=60
)


@settings(max_examples=300)
@given(rules, series)
def test_any_rule_over_any_series(rule: Rule, series: list[tuple[int | None, int]]) -> None:
    """Warnings and their ends alternate, `warn` never trips, tries end, a relay rests closed."""
    bench = Bench(rule)
    closed_at: datetime | None = None
    for value, after_s in series:
        for move in bench.feed(value, after_s):
            if move in {Move.TRIPPED, Move.LOCKED_OUT} and closed_at is not None:
                assert bench.at - closed_at >= timedelta(seconds=rule.min_on_s)
            closed_at = bench.at if move is Move.RECLOSED else closed_at
    if rule.action is Action.WARN:
        assert not {*bench.moves} - {Move.WARNED, Move.CLEARED}
        expected = (Move.WARNED, Move.CLEARED)
        assert bench.moves == [expected[turn % 2] for turn in range(len(bench.moves))]
    if not rule.kind.is_supply:
        assert bench.moves.count(Move.RECLOSED) <= rule.tries
    told = [move for move in bench.moves if move in {Move.WARNED, Move.CLEARED}]
    assert all(one is not after for one, after in pairwise(told) if one is Move.CLEARED)
    trips = bench.moves.count(Move.TRIPPED) + bench.moves.count(Move.LOCKED_OUT)
    assert trips - bench.moves.count(Move.RECLOSED) == int(bench.stands)


def _crossings(values: Iterable[int], rule: Rule, step_s: int) -> int:
    """Count by another way: runs beyond a level that are long enough, one after the other."""
    need = {False: rule.delay_s // step_s + 1, True: rule.release_s // step_s + 1}
    active, run, count = False, 0, 0
    for value in values:
        beyond = value <= RELEASE if active else value > LIMIT
        run = run + 1 if beyond else 0
        if run == need[active]:
            active, run, count = not active, 0, count + 1
    return count


def test_one_event_a_crossing(figure: Callable[[str], None]) -> None:
    """Over 10 000 random series, as many events as an independent count finds crossings."""
    chance = random.Random(20261125)
    events = 0
    for _ in range(10_000):
        rule = overload(
            Action.WARN, delay_s=chance.choice((0, 10, 30)), release_s=chance.choice((0, 10, 30))
        )
        bench, level = Bench(rule), chance.randrange(17, 23) * 1_000_000
        values = []
        for _ in range(60):
            level = max(0, level + chance.randrange(-1_500_000, 1_500_001))
            values.append(level)
        for value in values:
            bench.feed(value)
        assert len(bench.moves) == _crossings(values, rule, 10)
        events += len(bench.moves)
    assert events > 5_000
    figure(f"protection: {events} events, one a crossing, in 10000 random series")


@pytest.mark.parametrize("released_by", [None, PLACED_BY, "anna"])
def test_what_a_hold_keeps(released_by: str | None) -> None:
    """It says how many tries were used: they count on, unless a person released the hold."""
    rule = overload()
    kept = reason(rule, RuleState(used=1), Sample(value=OVER, limit=LIMIT, release=RELEASE))
    ended = START + timedelta(seconds=60)
    hold = Hold(
        meter=MeterSerial("33B0250100001"),
        kind=HoldKind.OVERLOAD,
        placed_at=START,
        placed_by=PLACED_BY,
        reason=kept,
        released_at=None if released_by is None else ended,
        released_by=released_by or "",
    )
    found = remembered(hold, ended)
    assert found is not None
    assert (found.kind, found.value, found.limit) == (RuleKind.OVERLOAD, OVER, LIMIT)
    assert (
        found.state
        == {
            None: RuleState(active=True, tripped_at=START, used=1),
            PLACED_BY: RuleState(used=2, closed_at=ended, over_at=ended),
            "anna": RuleState(closed_at=ended),
        }[released_by]
    )


@pytest.mark.parametrize("text", ["", "cable work", "[]", "{}", '{"rule":"x","used":1,"tries":1}'])
def test_a_hold_of_nobodys_rule(text: str) -> None:
    """A hold whose text no rule wrote is left to people."""
    hold = Hold(
        meter=MeterSerial("33B0250100001"),
        kind=HoldKind.OVERLOAD,
        placed_at=START,
        placed_by="anna",
        reason=text,
    )
    assert remembered(hold, START) is None
