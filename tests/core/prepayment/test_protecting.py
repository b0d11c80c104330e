"""Rules over a real ledger: holds and demands in one transaction, and what survives a restart."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import json
import random

import pytest

from custom_components.compere_prepaid.core.errors import (
    InvalidInputError,
    LedgerReadOnlyError,
    OperationFailedError,
)
from custom_components.compere_prepaid.core.events import (
    NightMeasured,
    ProtectionStands,
    Tamper,
    TamperOver,
)
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.policy.protection import Action, Rule, RuleKind
from custom_components.compere_prepaid.core.prepayment.protecting import ProtectionStatus
from tests.core.prepayment.desk import METER, SHOP, Desk
from tests.core.prepayment.guarded_shop import OVERLOAD, GuardedShop, guarded

OVER_VOLTAGE = Rule(
    kind=RuleKind.OVER_VOLTAGE, action=Action.HOLD, limit=253_000, release=248_000, delay_s=20
)
RESIDUAL = Rule(kind=RuleKind.RESIDUAL_CURRENT, action=Action.HOLD, limit=30, delay_s=20)
TRIPPED, RECLOSED = "overload tripped", "overload reclosed"
LOCKED_OUT, CLEARED = "overload locked_out", "overload cleared"


async def test_overload_from_the_first_trip_to_the_manager(desk: Desk) -> None:
    """Trips, is tried twice, locks out; a manager releases it, and the count begins anew."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    await shop.draw(23_000, 70)
    assert shop.told == [TRIPPED]
    (hold,) = await shop.standing()
    assert (hold.kind, hold.placed_by) == (HoldKind.OVERLOAD, "protection")
    assert json.loads(hold.reason) == {
        "rule": "overload",
        "used": 0,
        "tries": 2,
        "value": 23_000_000,
        "limit": 20_000_000,
    }
    assert [(demand.closed, demand.cause) for demand in shop.desk.demands] == [
        (False, "hold:overload")
    ]
    await shop.draw(23_000, 3600)
    first = [TRIPPED, RECLOSED, TRIPPED, RECLOSED, LOCKED_OUT]
    assert shop.told == first
    assert shop.status == ProtectionStatus(active=(RuleKind.OVERLOAD,), locked_out=True)
    await shop.desk.agreements.release_hold(
        [METER], HoldKind.OVERLOAD, user="anna", administrator=False
    )
    await shop.read()
    assert (shop.holds, shop.status) == ((), ProtectionStatus())
    await shop.draw(23_000, 3600)
    assert shop.told == [*first, CLEARED, *first]
    await shop.desk.verified()


async def test_people_place_no_automatic_hold(desk: Desk) -> None:
    """And what money placed, only money releases."""
    shop = await GuardedShop.open(desk)
    agreements = shop.desk.agreements
    for kind in (HoldKind.OVERLOAD, HoldKind.PROTECTION):
        with pytest.raises(InvalidInputError, match="hold_not_by_hand"):
            await agreements.place_hold([METER], kind, user="anna")
    with pytest.raises(InvalidInputError, match="hold_not_by_hand"):
        await agreements.release_hold([METER], HoldKind.NO_CREDIT, user="anna", administrator=True)


@pytest.mark.parametrize("never_cut", [False, True])
async def test_who_is_only_warned(desk: Desk, never_cut: bool) -> None:
    """A rule that warns, and `never_cut` over rules that hold: no hold, no demand."""
    rules = (OVERLOAD, OVER_VOLTAGE, RESIDUAL) if never_cut else ()
    shop = await GuardedShop.open(desk, *rules, never_cut=never_cut)
    shop.more = {Quantity.VOLTAGE_A: 260_000, Quantity.RESIDUAL_CURRENT: 400}
    await shop.draw(62_000, 600)
    kinds = ("overload", "over_voltage", "residual_current")
    assert sorted(shop.told) == sorted(f"{kind} warned" for kind in kinds)
    assert (shop.holds, shop.desk.demands) == ((), [])


async def test_never_cut_ends_a_hold(desk: Desk) -> None:
    """A policy that changes counts from the next reading on."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    await shop.draw(23_000, 70)
    assert HoldKind.OVERLOAD in shop.holds
    await shop.desk.write(guarded(OVERLOAD, never_cut=True))
    await shop.desk.agreements.renew()
    await shop.read()
    assert not shop.holds
    assert shop.told == [TRIPPED, RECLOSED]


async def test_a_restart_at_any_moment_gives_no_new_try(desk: Desk) -> None:
    """Restarted after each reading of an hour, it tries twice and not once more."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    shop.watts = 23_000
    for _ in range(3):
        await shop.draw(23_000, 70)
        await shop.restart()
        for _ in range(7):
            await shop.read()
            await shop.restart()
    await shop.draw(23_000, 7200)
    assert shop.status.locked_out
    assert shop.told.count(RECLOSED) == 2
    holds = await shop.desk.ledger.read(lambda tx: tx.last_hold(METER, HoldKind.OVERLOAD))
    assert holds is not None
    assert json.loads(holds.reason)["used"] == 2


async def test_a_hold_that_stands_is_told_at_the_start(desk: Desk) -> None:
    """So that a locked-out relay is not forgotten over a restart."""
    shop = await GuardedShop.open(desk, RESIDUAL)
    shop.more = {Quantity.RESIDUAL_CURRENT: 35}
    await shop.draw(1000, 40)
    await shop.restart()
    shop.desk.events.clear()
    shop.more = {}
    await shop.draw(1000, 86_400, 600)
    (event,) = shop.desk.told(ProtectionStands)
    assert isinstance(event, ProtectionStands)
    assert (event.kind, event.action, event.value, event.limit) == (
        RuleKind.RESIDUAL_CURRENT,
        "locked_out",
        35,
        30,
    )
    assert shop.holds == ("protection",)


async def test_two_rules_share_a_hold(desk: Desk) -> None:
    """It goes when both are over; a load's fault waits for a person, whatever the voltage does."""
    shop = await GuardedShop.open(desk, OVER_VOLTAGE, RESIDUAL)
    shop.more = {Quantity.VOLTAGE_A: 260_000, Quantity.RESIDUAL_CURRENT: 35}
    await shop.draw(1000, 40)
    assert shop.told == ["over_voltage tripped", "residual_current locked_out"]
    (hold,) = await shop.standing()
    assert json.loads(hold.reason)["rule"] == "residual_current"
    shop.more = {Quantity.VOLTAGE_A: 230_000, Quantity.RESIDUAL_CURRENT: 0}
    await shop.draw(1000, 600)
    assert shop.told[2:] == ["over_voltage reclosed"]
    assert HoldKind.PROTECTION in shop.holds
    await shop.desk.agreements.release_hold(
        [METER], HoldKind.PROTECTION, user="anna", administrator=False
    )
    await shop.read()
    assert not shop.holds


async def test_a_suspect_reading_changes_nothing(desk: Desk) -> None:
    """What charging does not believe, no rule looks at."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    shop.wh_ms -= 1_000_000 * 3_600_000
    await shop.draw(23_000, 600)
    assert shop.told == []
    assert shop.desk.book.meters[METER].suspicion == "backwards"


async def test_meters_that_nobody_has(desk: Desk) -> None:
    """They have no policy, so no rule; one that is not known at all is no harm."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    await shop.desk.supplies.detach(SHOP, METER)
    await shop.draw(23_000, 600)
    unknown = MeterReading(serial=MeterSerial("33B0"), at=shop.desk.clock.now())
    await shop.desk.protecting.on_reading(unknown, None)
    assert shop.told == []
    assert shop.desk.protecting.status(MeterSerial("33B0")) == ProtectionStatus()


async def test_a_tenant_who_leaves_takes_the_warning_along(desk: Desk) -> None:
    """It is taken back; a hold stays, for the wiring is the same."""
    shop = await GuardedShop.open(desk, RESIDUAL)
    shop.more = {Quantity.VOLTAGE_A: 260_000, Quantity.RESIDUAL_CURRENT: 35}
    await shop.draw(1000, 80)
    assert shop.told == ["residual_current locked_out", "over_voltage warned"]
    await desk.supplies.detach(SHOP, METER)
    await shop.draw(1000, 80)
    assert shop.told[2:] == ["over_voltage cleared"]
    assert HoldKind.PROTECTION in shop.holds
    assert shop.status.active == (RuleKind.RESIDUAL_CURRENT,)


@pytest.mark.parametrize("watts", [23_000, 0])
async def test_a_commit_that_nobody_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, watts: int
) -> None:
    """The hold was placed, or released, unheard: the next reading finds it, and counts it once."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    await shop.draw(23_000, 60 if watts else 120)
    before = len(shop.told)
    run = desk.ledger.run

    async def unheard[T](work: Callable[[LedgerTransaction], T]) -> T:
        await run(work)
        raise OperationFailedError("ledger_unanswered")

    with monkeypatch.context() as patch:
        patch.setattr(desk.ledger, "run", unheard)
        with pytest.raises(OperationFailedError, match="ledger_unanswered"):
            await shop.read()
    assert len(shop.told) == before
    await shop.draw(watts, 20)
    assert shop.told[before:] == [TRIPPED if watts else RECLOSED]
    assert (HoldKind.OVERLOAD in shop.holds) == bool(watts)
    assert desk.demands[-1].closed == (not watts)
    assert desk.demands[-1].version == (2 if watts else 3)
    await shop.draw(23_000, 3600)
    assert shop.told.count(RECLOSED) == 2


async def test_when_it_decides_next(desk: Desk) -> None:
    """At the end of the delay, of the pause before a try; not while it waits for a person."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    left: list[int | None] = []
    shop.watts = 23_000
    for _ in range(40):
        await shop.read(20)
        at = desk.protecting.decides_at(METER)
        left.append(None if at is None else (at - desk.clock.now()) // timedelta(seconds=1))
    assert left[:8] == [60, 40, 20, 60, 40, 20, None, 60]
    assert set(left[20:]) == {None}
    assert shop.status.locked_out
    await desk.write(guarded(replace(OVERLOAD, action=Action.WARN)))
    await desk.agreements.renew()
    assert desk.protecting.decides_at(METER) is None


async def test_a_meter_that_is_gone(desk: Desk) -> None:
    """Nothing of it is remembered but what the ledger has."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    desk.protecting.nights[METER] = (1000,)
    await shop.draw(23_000, 70)
    desk.protecting.forget(METER)
    assert shop.status == ProtectionStatus()
    await shop.draw(23_000, 10)
    assert shop.status.active == (RuleKind.OVERLOAD,)


async def test_a_ledger_that_refuses_moves_no_rule(desk: Desk) -> None:
    """Nothing is told and nothing forgotten; as soon as it can be written the hold is placed."""
    shop = await GuardedShop.open(desk, OVERLOAD)
    await shop.draw(23_000, 60)
    shop.desk.ledger.make_read_only("test")
    for _ in range(3):
        with pytest.raises(LedgerReadOnlyError):
            await shop.read()
    assert (shop.told, shop.holds) == ([], ())
    await shop.restart()
    await shop.draw(23_000, 70)
    assert (shop.told, shop.holds) == ([TRIPPED], ("overload",))


async def test_energy_behind_an_open_relay(desk: Desk) -> None:
    """Told once, also of a meter that nobody has; over when nothing counts any more."""
    shop = await GuardedShop.open(desk)
    await shop.desk.agreements.place_hold([METER], HoldKind.MANUAL, user="anna")
    await shop.read()
    await shop.read()
    for _ in range(20):
        shop.wh_ms += 5 * 3_600_000
        await shop.read()
    (event,) = shop.desk.told(Tamper)
    assert isinstance(event, Tamper)
    assert (event.kind, event.energy_wh) == ("bypass", 15)
    assert shop.status.bypassed
    await shop.draw(0, 3600)
    assert len(shop.desk.told(TamperOver)) == 1
    assert not shop.status.bypassed


async def test_nights_of_a_frozen_fortnight(desk: Desk) -> None:
    """A limit for the night, and a growth against the nights before; over a restart."""
    night = Rule(kind=RuleKind.NIGHT_LOAD, limit=450_000, delay_s=0, release_s=0)
    shop = await GuardedShop.open(desk, night)
    for watts in (200, 201, 199, 205, 200, 200):
        await shop.draw(watts, 86_400, 300)
    assert shop.told == []
    assert len(shop.desk.told(NightMeasured)) == 6
    nights = shop.desk.protecting.known_nights()
    assert nights[METER][-1] == 200_000
    await shop.restart()
    shop.desk.protecting.nights.update(nights)
    assert shop.status.base_mw == 200_000
    await shop.draw(320, 86_400, 300)
    assert shop.told == ["leakage_trend warned"]
    await shop.draw(500, 86_400, 300)
    assert shop.told[1:] == ["night_load warned"]
    await shop.draw(200, 86_400, 300)
    assert sorted(shop.told[2:]) == ["leakage_trend cleared", "night_load cleared"]


async def test_another_tenant_has_other_nights(desk: Desk) -> None:
    """What was usual for the one is nothing to the other."""
    shop = await GuardedShop.open(desk)
    for _ in range(3):
        await shop.draw(200, 86_400, 300)
    await shop.desk.supplies.detach(SHOP, METER)
    await shop.desk.open_other("B-7", "100000", meters=(METER,))
    await shop.read()
    assert shop.status.base_mw is None


STRICT = (replace(OVERLOAD, quiet_s=10**6), OVER_VOLTAGE, RESIDUAL)
MILD = tuple(replace(rule, action=Action.WARN) for rule in STRICT)


@pytest.mark.slow
async def test_random_days(desk: Desk, figure: Callable[[str], None]) -> None:
    """Loads, faults, restarts, releases and changed policies in any order break no promise.

    A relay is demanded open exactly when a hold stands, a policy that only warns leaves none, and
    an overload is never tried more often than it may be, whatever comes between.
    """
    chance = random.Random(20261126)
    shop = await GuardedShop.open(desk, *STRICT)
    tries, steps, seen, is_strict = 0, 800, 0, True
    for step in range(steps):
        match chance.randrange(12):
            case 0:
                shop.watts = chance.choice((0, 5_000, 23_000, 30_000))
            case 1:
                shop.more[Quantity.VOLTAGE_A] = chance.choice((230_000, 250_000, 262_000))
            case 2 if chance.random() < 0.2:
                shop.more[Quantity.RESIDUAL_CURRENT] = chance.choice((0, 0, 35))
            case 3 if chance.random() < 0.3:
                kind = chance.choice((HoldKind.OVERLOAD, HoldKind.PROTECTION))
                tries = 0 if kind in shop.holds and kind is HoldKind.OVERLOAD else tries
                await desk.agreements.release_hold([METER], kind, user="anna", administrator=False)
            case 4 if chance.random() < 0.3:
                await shop.restart()
            case 5 if chance.random() < 0.1:
                is_strict = not is_strict
                await desk.write(guarded(*(STRICT if is_strict else MILD)))
                await desk.agreements.renew()
                tries = 0  # what a mild policy lets go is no try
            case _:
                pass
        await shop.read(chance.choice((10, 30, 60)))
        tries += shop.told[seen:].count(RECLOSED) if is_strict else 0
        seen = len(shop.told)
        assert tries <= OVERLOAD.tries, step
        automatic = {HoldKind.OVERLOAD, HoldKind.PROTECTION} & {*shop.holds}
        assert is_strict or not automatic
        demand = await desk.ledger.read(lambda tx: tx.demand(METER))
        assert demand is not None
        assert demand.closed == (not await shop.standing())
    told = Counter(shop.told)
    assert min(told[one] for one in (TRIPPED, RECLOSED, LOCKED_OUT, "over_voltage reclosed")) > 2
    figure(f"protection: {steps} random steps, {sum(told.values())} moves, no promise broken")
    await desk.verified()
