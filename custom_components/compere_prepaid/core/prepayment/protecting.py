"""Protection at work: from a reading to the rules of its account's policy, to holds and news.

A hold, what it keeps of its rule and the relay demand that follows are one transaction, and only
when it is in the ledger the rules have moved on. So a crash loses at most the time that a value was
beyond its limit, never a try that was used up or a lock-out.

`never_cut` beats every rule: such an account is only warned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ..events import (
    NightMeasured,
    Overload,
    Protected,
    ProtectionEvent,
    ProtectionStands,
    Tamper,
    TamperOver,
)
from ..ids import AccountNumber, MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Hold, HoldKind, RelayDemand
from ..metering.reading import MeterReading
from ..policy.bypass import BypassWatch
from ..policy.holds import kinds, place, release
from ..policy.night_load import NightWatch
from ..policy.protection import STANDARD_PROTECTION, Action, Protection, Ratings, RuleKind
from ..policy.protection_state import (
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
from ..policy.protection_values import values_of
from .book import AccountBook
from .state import AccountState, MeterState

BYPASS = "bypass"
"""The kind of tampering that is found: the relay is bridged."""

_AUTOMATIC = (HoldKind.OVERLOAD, HoldKind.PROTECTION)


class ProtectionStatus(NamedTuple):
    """How a meter stands before its rules."""

    active: tuple[RuleKind, ...] = ()
    """What is wrong: warned of, or the reason of a hold."""
    locked_out: bool = False
    """Whether the relay stays open until a person (or the end of a lock-out) lets it close."""
    bypassed: bool = False
    base_mw: int | None = None
    """The base load of the last night."""


@dataclass(slots=True)
class _Watch:
    """What is remembered of a meter."""

    states: Mapping[RuleKind, RuleState]
    nights: NightWatch = field(default_factory=NightWatch)
    bypass: BypassWatch = field(default_factory=BypassWatch)
    account: AccountNumber | None = None
    night: dict[RuleKind, int] = field(default_factory=dict)
    """What the last night told, until the rules have seen it."""


class _Step(NamedTuple):
    """What the rules make of a reading, before any of it counts."""

    states: Mapping[RuleKind, RuleState]
    news: tuple[ProtectionEvent, ...]
    holds: tuple[Hold, ...]
    releases: tuple[HoldKind, ...]


@dataclass(slots=True)
class Protecting:
    """Takes the believed readings of a site's meters behind charging."""

    book: AccountBook
    nights: dict[MeterSerial, tuple[int, ...]] = field(default_factory=dict)
    """The base loads of the last nights, of meters that were not read yet in this run."""
    _watches: dict[MeterSerial, _Watch] = field(default_factory=dict)

    async def on_reading(self, reading: MeterReading, demand: RelayDemand | None) -> None:
        """Watch a reading; `demand` is what the meter's relay must be at present.

        A meter that charging does not believe is not watched. Raises what the ledger raises; the
        same reading, or the next one, then does the same again.
        """
        meter = self.book.meters.get(reading.serial)
        if meter is None or meter.suspicion is not None:
            return
        watch = self._watches.get(meter.serial) or await self._load(meter)
        self._look_behind_relay(watch, reading, demand)
        account = self.book.accounts.get(meter.account) if meter.account else None
        if watch.account != meter.account:
            self._change_hands(watch, meter, reading.at)
        if account is None:
            return
        await self._take_note_of_releases(watch, meter, reading.at)
        watch.night |= self._night(watch, reading, account.policy.protection)
        values = {**values_of(reading, account.policy.protection), **watch.night}
        step = _step(watch.states, values, reading.at, meter, account)
        if step.holds or step.releases:
            async with self.book.locked([account.number]):
                await self._commit(meter, account, step, reading.at)
        watch.states = step.states
        watch.night.clear()
        for event in step.news:
            self.book.emit(event)

    def status(self, serial: MeterSerial) -> ProtectionStatus:
        """Return how a meter stands before the rules of whom it supplies."""
        watch, meter = self._watches.get(serial), self.book.meters.get(serial)
        if watch is None or meter is None:
            kept = self.nights.get(serial)
            return ProtectionStatus(base_mw=kept[-1] if kept else None)
        protection = self._protection_of(meter)
        states = watch.states.items()
        nights = watch.nights.nights
        return ProtectionStatus(
            active=tuple(kind for kind, state in states if state.active),
            locked_out=any(state.locked(protection.rule(kind)) for kind, state in states),
            bypassed=watch.bypass.is_told,
            base_mw=nights[-1] if nights else None,
        )

    def decides_at(self, serial: MeterSerial) -> datetime | None:
        """Return when an overload trips or is tried again; None if nothing runs.

        Only of a rule that places holds, and only of the load: power is told with every reading.
        """
        watch, meter = self._watches.get(serial), self.book.meters.get(serial)
        if watch is None or meter is None:
            return None
        rule = self._protection_of(meter).rule(RuleKind.OVERLOAD)
        state = watch.states.get(RuleKind.OVERLOAD)
        at = decides_at(rule, state) if state and rule.action is Action.HOLD else None
        return at if at is not None and at > self.book.clock.now() else None

    def forget(self, serial: MeterSerial) -> None:
        """Watch a meter no more."""
        self._watches.pop(serial, None)
        self.nights.pop(serial, None)

    def known_nights(self) -> dict[MeterSerial, tuple[int, ...]]:
        """Return the base loads (mW) of the last nights by meter, to be remembered."""
        seen = {serial: tuple(watch.nights.nights) for serial, watch in self._watches.items()}
        return {serial: nights for serial, nights in (self.nights | seen).items() if nights}

    async def _load(self, meter: MeterState) -> _Watch:
        """Go on from what the meter's last holds keep."""
        now = self.book.clock.now()
        holds = [await self._last_hold(meter.serial, kind) for kind in _AUTOMATIC]
        found = [one for hold in holds if hold is not None and (one := remembered(hold, now))]
        watch = _Watch({one.kind: one.state for one in found}, account=meter.account)
        watch.nights.remember(self.nights.pop(meter.serial, ()))
        self._watches[meter.serial] = watch
        for kind, state, value, limit in found:
            if state.tripped_at is not None:
                is_locked = state.locked(self._protection_of(meter).rule(kind))
                self.book.emit(
                    ProtectionStands(
                        at=now,
                        meter=meter.serial,
                        kind=kind,
                        action=Move.LOCKED_OUT if is_locked else Move.TRIPPED,
                        value=value,
                        limit=limit,
                    )
                )
        return watch

    def _protection_of(self, meter: MeterState) -> Protection:
        account = self.book.accounts.get(meter.account) if meter.account else None
        return STANDARD_PROTECTION if account is None else account.policy.protection

    async def _take_note_of_releases(self, watch: _Watch, meter: MeterState, at: datetime) -> None:
        """See in the ledger who has released a hold, if not this run knowingly.

        After a person's release everything counts from the beginning. After a commit of ours that
        nobody answered, it was a try.
        """
        for hold in _AUTOMATIC:
            ended = [k for k, one in watch.states.items() if one.tripped_at and k.hold is hold]
            if not ended or hold in meter.holds:
                continue
            last = await self._last_hold(meter.serial, hold)
            kept = remembered(last, at) if last else None
            is_try = last is not None and last.released_by == PLACED_BY
            move = Move.RECLOSED if is_try else Move.CLEARED
            fresh = RuleState(closed_at=at)
            watch.states = {
                **watch.states,
                **{kind: kept.state if kept and kept.kind is kind else fresh for kind in ended},
            }
            for kind in ended:
                self.book.emit(_event(meter.serial, kind, move, None, at))

    async def _last_hold(self, serial: MeterSerial, kind: HoldKind) -> Hold | None:
        return await self.book.ledger.read(lambda tx: tx.last_hold(serial, kind))

    def _change_hands(self, watch: _Watch, meter: MeterState, at: datetime) -> None:
        """Forget what was usual for whoever had the meter, and what they were warned of.

        A hold stays, and with it what it keeps: the wiring is the same.
        """
        if watch.account is not None:
            watch.nights.nights.clear()
            tripped = {kind: one for kind, one in watch.states.items() if one.tripped_at}
            for kind, state in watch.states.items():
                if state.active and kind not in tripped:
                    self.book.emit(_event(meter.serial, kind, Move.CLEARED, None, at))
            watch.states = tripped
        watch.account = meter.account

    def _look_behind_relay(
        self, watch: _Watch, reading: MeterReading, demand: RelayDemand | None
    ) -> None:
        counted = watch.bypass.feed(reading, demand.version if demand else None)
        if counted:
            self.book.emit(
                Tamper(at=reading.at, meter=reading.serial, kind=BYPASS, energy_wh=counted)
            )
        elif counted == 0:
            self.book.emit(TamperOver(at=reading.at, meter=reading.serial))

    def _night(
        self, watch: _Watch, reading: MeterReading, protection: Protection
    ) -> Mapping[RuleKind, int]:
        """Return what a night tells that has just ended."""
        local = reading.at.astimezone(self.book.zone)
        ended = watch.nights.feed(
            reading.at,
            local.hour * 60 + local.minute,
            reading.energy_wh,
            night=protection.night,
            is_open=reading.relay_closed is False,
        )
        if ended is None:
            return {}
        self.book.emit(NightMeasured(at=reading.at, meter=reading.serial, base_mw=ended.base_mw))
        found = {RuleKind.NIGHT_LOAD: ended.base_mw}
        if ended.growth is not None:
            is_much = ended.base_mw >= protection.rule(RuleKind.LEAKAGE_TREND).floor
            found[RuleKind.LEAKAGE_TREND] = ended.growth if is_much else 0
        return found

    async def _commit(
        self, meter: MeterState, account: AccountState, step: _Step, at: datetime
    ) -> None:
        """Place and release holds in one transaction, then hand the demand on."""
        serial = meter.serial

        def work(tx: LedgerTransaction) -> tuple[RelayDemand | None, tuple[HoldKind, ...]]:
            for hold in step.holds:
                place(tx, hold, f"hold:{hold.kind}")
            for kind in step.releases:
                release(tx, serial, kind, at, PLACED_BY, f"release:{kind}")
            return tx.demand(serial), kinds(tx, serial)

        with self.book.doubting([account.number]):
            demand, meter.holds = await self.book.ledger.run(work)
        if (
            demand is not None
        ):  # also one that is not new: it may be of a commit that failed to tell
            self.book.demand(demand)
        self.book.changed(account)


def _step(
    states: Mapping[RuleKind, RuleState],
    values: Mapping[RuleKind, int],
    at: datetime,
    meter: MeterState,
    account: AccountState,
) -> _Step:
    """Let every rule take a step, and see which holds are to stand behind it."""
    protection = account.policy.protection
    ratings = Ratings(breaker_w=meter.max_power_w, rated_w=meter.rated_w)
    after: dict[RuleKind, RuleState] = {}
    samples: dict[RuleKind, Sample | None] = {}
    news: list[ProtectionEvent] = []
    for kind in RuleKind:
        rule = protection.rule(kind)
        samples[kind] = now = sample(rule, values.get(kind), ratings)
        before = states.get(kind)
        if before is None and now is None:
            continue
        state, moves = advance(
            rule,
            before or RuleState(),
            now,
            at,
            may_hold=rule.action is Action.HOLD and not account.never_cut,
        )
        after[kind] = state
        news += [_event(meter.serial, kind, move, now, at) for move in moves]
    return _Step(
        states=after,
        news=tuple(news),
        holds=tuple(_holds(protection, after, samples, meter, at)),
        releases=tuple(
            hold
            for hold in _AUTOMATIC
            if hold in meter.holds and _has_tripped(states, hold) and not _has_tripped(after, hold)
        ),
    )


def _holds(
    protection: Protection,
    after: Mapping[RuleKind, RuleState],
    samples: Mapping[RuleKind, Sample | None],
    meter: MeterState,
    at: datetime,
) -> Iterator[Hold]:
    """Yield the holds that are to be placed; what is kept is of a rule that does not end alone."""
    for hold in _AUTOMATIC:
        tripped = [kind for kind, state in after.items() if state.tripped_at and kind.hold is hold]
        if hold in meter.holds or not tripped:
            continue
        kind = min(tripped, key=lambda kind: kind.is_supply)
        yield Hold(
            meter=meter.serial,
            kind=hold,
            placed_at=at,
            placed_by=PLACED_BY,
            reason=reason(protection.rule(kind), after[kind], samples[kind]),
        )


def _has_tripped(states: Mapping[RuleKind, RuleState], hold: HoldKind) -> bool:
    return any(state.tripped_at is not None for kind, state in states.items() if kind.hold is hold)


def _event(
    serial: MeterSerial, kind: RuleKind, move: Move, now: Sample | None, at: datetime
) -> ProtectionEvent:
    event = Overload if kind is RuleKind.OVERLOAD else Protected
    return event(
        at=at,
        meter=serial,
        kind=kind,
        action=move,
        value=now.value if now else None,
        limit=now.limit if now else None,
    )
