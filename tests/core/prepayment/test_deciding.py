"""Cuts that wait, graces, disputes and shadow cuts, over a real ledger."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
import random

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import (
    CreditWarning,
    CutOff,
    CutPutOff,
    CutReminder,
    DisputeClosed,
    DisputeOpened,
    EmergencyRepaid,
    EmergencyStarted,
    Event,
    GraceGranted,
    GraceRevoked,
    ReconnectAwaited,
    ShadowCut,
    ShadowRestored,
    ToppedUp,
)
from custom_components.compere_prepaid.core.ledger.account_rows import (
    CreditWatch,
    Decision,
    DecisionKind,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.policy.credit import (
    Policy,
    Reconnect,
    SupplyState,
    supply_state,
)
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes
from tests.core.prepayment.desk import METER, SHOP, START, Desk, money

DAY = timedelta(days=1)
NIGHTS = ProtectedTimes(week=dict.fromkeys(range(7), ((18 * 60, 8 * 60),)))


def policy(**more: object) -> Policy:
    """Return a policy named Nights."""
    return Policy(name="Nights", warning_levels=(money(50),), **more)  # type: ignore[arg-type]


async def shop_with(desk: Desk, rules: Policy, balance: str = "60") -> None:
    """Open the shop with a policy, and read its meter."""
    await desk.write(rules)
    await desk.shop(balance, policy=rules.name)
    await desk.read(0)


async def use_up(desk: Desk, kwh: int = 61, minutes: int = 62) -> None:
    """Let the shop use this energy within some time, at a yuan a kWh."""
    meter = desk.book.meter(METER)
    assert meter.last is not None
    desk.clock.forward(minutes=minutes)
    await desk.read(meter.last.wh + kwh * 1000)


def is_off(desk: Desk) -> bool:
    """Tell whether the shop is cut for credit, as its relay is told."""
    off = desk.book.account(SHOP).off
    demanded = [demand.closed for demand in desk.demands if demand.meter == METER]
    assert off is not (demanded[-1] if demanded else True)
    return off


async def history(desk: Desk) -> list[tuple[DecisionKind, str]]:
    """Return what was decided about the shop, from the ledger; numbered without a gap."""
    rows = await desk.ledger.read(lambda tx: tx.rows(Decision, account=SHOP))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    return [(row.kind, row.detail) for row in rows]


def kinds_told(desk: Desk, *but: type[Event]) -> list[str]:
    """Return the types of what was told, in order."""
    return [event.TYPE for event in desk.events if not isinstance(event, but)]


async def test_cut_waits_for_the_end_of_a_protected_time(desk: Desk) -> None:
    """Told once, reminded once, cut at the end by the clock, also after a restart."""
    await shop_with(desk, policy(protected=NIGHTS))
    desk.clock.forward(hours=9)  # seven in the evening
    await use_up(desk)
    account = desk.book.account(SHOP)
    end = START + timedelta(hours=22)
    [put_off] = desk.told(CutPutOff)
    assert isinstance(put_off, CutPutOff)
    assert (put_off.why, put_off.until, put_off.available) == ("protected", end, money(-1))
    assert account.decide_at == end - timedelta(hours=1)
    desk.clock.forward(minutes=1)
    posted = account.posted_at
    await desk.read(61_010)
    assert account.posted_at == posted  # nothing is decided at each reading
    await desk.restart()
    await desk.shop("0", policy="Nights")
    await desk.read(61_020)
    await desk.charging.on_clock()
    assert not is_off(desk)
    desk.clock.time = end - timedelta(hours=1)
    await desk.charging.on_clock()
    [reminder] = desk.told(CutReminder)
    assert isinstance(reminder, CutReminder)
    assert (reminder.why, reminder.until) == ("protected", end)
    desk.clock.time = end - timedelta(seconds=1)
    await desk.charging.on_clock()
    assert not is_off(desk)
    desk.clock.time = end
    await desk.charging.on_clock()
    assert is_off(desk)
    assert len(desk.told(CutPutOff)) == 1
    assert len(desk.told(CutReminder)) == 1
    assert len(desk.told(CutOff)) == 1
    assert desk.book.account(SHOP).watch == CreditWatch(account=SHOP, noticed_at=put_off.at)
    assert await history(desk) == [(DecisionKind.PUT_OFF, "protected")]
    assert (await desk.verified()) == (61_020, 61_020)


async def test_unread_meter_is_cut_when_it_was_read(desk: Desk) -> None:
    """The end passes while the meter is silent; the next reading cuts."""
    await shop_with(desk, policy(protected=NIGHTS))
    desk.clock.forward(hours=9)
    await use_up(desk)
    desk.charging.distrust(METER)
    desk.clock.time = START + timedelta(hours=22)
    await desk.charging.on_clock()
    assert not is_off(desk)
    desk.clock.forward(minutes=1)
    await desk.read(61_500)
    assert is_off(desk)


async def test_notice(desk: Desk) -> None:
    """The cut comes a day after the first warning, not after the money ran out."""
    await shop_with(desk, policy(notice_hours=24))
    await use_up(desk, 11, 30)
    warned_at = desk.clock.now()
    assert len(desk.told(CreditWarning)) == 1
    desk.clock.forward(hours=20)
    await use_up(desk, 60, 120)
    assert not is_off(desk)
    assert desk.book.account(SHOP).watch.put_off_until == warned_at + DAY
    desk.clock.time = warned_at + DAY
    await desk.charging.on_clock()
    assert is_off(desk)


async def test_days_left_are_told(desk: Desk) -> None:
    """Once per crossing, with the days; a top-up makes them ready again."""
    rules = Policy(name="Days", warning_levels=(), warning_days=(7, 3))
    await shop_with(desk, rules, "100")
    for _ in range(16):
        desk.clock.forward(hours=12)
        await desk.read(int((desk.clock.now() - START) / DAY * 10_000))
    [first, second] = desk.told(CreditWarning)
    assert isinstance(first, CreditWarning)
    assert isinstance(second, CreditWarning)
    assert [(event.days, event.level, event.available) for event in (first, second)] == [
        (7, None, money(70)),
        (3, None, money(30)),
    ]


async def test_grace_of_a_shop_that_is_off(desk: Desk) -> None:
    """Supply comes back for it, and ends with it; money in time keeps it."""
    await shop_with(desk, policy(reconnect=Reconnect.CONFIRM))
    await use_up(desk)
    assert is_off(desk)
    until = desk.clock.now() + timedelta(hours=24)
    await desk.credit_desk.grant_grace([SHOP], until, user="anna", reason="pays tomorrow")
    assert not is_off(desk)
    desk.clock.time = until - timedelta(seconds=1)
    await desk.charging.on_clock()
    assert not is_off(desk)
    desk.clock.time = until
    await desk.charging.on_clock()
    assert is_off(desk)
    await desk.credit_desk.grant_grace([SHOP], until + DAY, user="anna", reason="really")
    await desk.credit_desk.revoke_grace([SHOP], user="joe", reason="no")
    assert is_off(desk)
    await desk.credit_desk.revoke_grace([SHOP], user="joe")
    assert len(desk.told(GraceGranted)) == 2
    assert len(desk.told(GraceRevoked)) == 1
    assert await history(desk) == [
        (DecisionKind.GRACE, "pays tomorrow"),
        (DecisionKind.PUT_OFF, "grace"),
        (DecisionKind.GRACE, "really"),
        (DecisionKind.PUT_OFF, "grace"),
        (DecisionKind.GRACE, "no"),
    ]


async def test_dispute(desk: Desk) -> None:
    """No cut while it lasts, warnings as ever; closed, the cut follows at once."""
    await shop_with(desk, policy())
    await desk.credit_desk.open_dispute(SHOP, user="anna", reason=" wrong meter ")
    await use_up(desk)
    assert (is_off(desk), len(desk.told(CreditWarning))) == (False, 1)
    assert desk.book.account(SHOP).watch.dispute_reason == "wrong meter"
    await desk.credit_desk.close_dispute(SHOP, user="joe", reason="it is theirs")
    assert is_off(desk)
    told = [type(event) for event in desk.events]
    assert told == [DisputeOpened, CreditWarning, CutPutOff, DisputeClosed, CutOff]


async def test_shadow_run_and_its_report(desk: Desk) -> None:
    """Twice it would have been cut; then the period ends, and it is."""
    await shop_with(desk, policy(adaptation_days=14))
    opened = desk.book.account(SHOP).tenancy.opened_at
    await use_up(desk)
    first = desk.clock.now()
    await use_up(desk, 5)
    desk.clock.forward(hours=2)
    await desk.cashier.top_up([SHOP], money(30), reference="r1")
    restored = desk.clock.now()
    assert not is_off(desk)
    await use_up(desk, 40)
    second = desk.clock.now()
    desk.clock.time = opened + 13 * DAY
    await desk.charging.on_clock()
    assert len(desk.told(CutReminder)) == 1
    [report] = await desk.credit_desk.adaptation_report([SHOP])
    assert (report.adapting, report.cuts, report.until) == (True, 2, opened + 14 * DAY)
    assert report.off_for == (restored - first) + (desk.clock.now() - second)
    assert report.worst_balance == money(-16)
    desk.clock.time = opened + 14 * DAY
    await desk.charging.on_clock()
    assert is_off(desk)
    counts = [len(desk.told(kind)) for kind in (ShadowCut, ShadowRestored, CutReminder, CutOff)]
    assert counts == [2, 1, 1, 1]
    assert [event.count for event in desk.told(ShadowCut) if isinstance(event, ShadowCut)] == [1, 2]
    [after] = await desk.credit_desk.adaptation_report([SHOP])
    assert (after.adapting, after.cuts) == (False, 2)
    assert after.off_for == (restored - first) + (opened + 14 * DAY - second)


async def test_adaptation_is_set_and_ended(desk: Desk) -> None:
    """It brings back whoever is off; ended, the cut is real at once."""
    await shop_with(desk, policy())
    await use_up(desk)
    assert is_off(desk)
    until = desk.clock.now() + 14 * DAY
    await desk.credit_desk.set_adaptation([SHOP], until, user="anna")
    assert (is_off(desk), len(desk.told(ShadowCut))) == (False, 1)
    desk.clock.forward(hours=5)
    await desk.credit_desk.set_adaptation([SHOP], START, user="anna")
    assert is_off(desk)
    [report] = await desk.credit_desk.adaptation_report([SHOP])
    assert (report.adapting, report.until, report.cuts) == (False, desk.clock.now(), 1)
    assert report.off_for == timedelta(hours=5)


async def test_reconnect_is_asked_for_once(desk: Desk) -> None:
    """When credit comes back and a person is to confirm; not again with more money."""
    await shop_with(desk, policy(reconnect=Reconnect.CONFIRM))
    await use_up(desk)
    await desk.cashier.top_up([SHOP], money("0.5"), reference="r1")
    assert desk.told(ReconnectAwaited) == []
    for reference in ("r2", "r3"):
        await desk.cashier.top_up([SHOP], money(10), reference=reference)
        assert is_off(desk)
    assert len(desk.told(ReconnectAwaited)) == 1
    assert desk.book.account(SHOP).awaits_reconnect
    await desk.agreements.reconnect([SHOP], "anna")
    assert not is_off(desk)
    assert not desk.book.account(SHOP).awaits_reconnect


@pytest.mark.parametrize("mode", [Reconnect.AUTO, Reconnect.MANUAL])
async def test_nobody_is_asked_otherwise(desk: Desk, mode: Reconnect) -> None:
    """Supply comes back by itself, or only by whoever thinks of it."""
    await shop_with(desk, policy(reconnect=mode))
    await use_up(desk)
    await desk.cashier.top_up([SHOP], money(10), reference="r1")
    assert desk.told(ReconnectAwaited) == []
    assert is_off(desk) is (mode is Reconnect.MANUAL)


async def test_emergency_credit_from_state_to_state(desk: Desk) -> None:
    """Low, emergency, off, emergency again is refused, repaid, and anew while off."""

    def state() -> SupplyState:
        account = desk.book.account(SHOP)
        in_use = account.tenancy.emergency
        return supply_state(account.policy, account.available, off=account.off, emergency=in_use)

    await shop_with(desk, policy(emergency_credit=money(20)))
    seen = [state()]
    await use_up(desk, 20)
    seen.append(state())
    await desk.cashier.use_emergency_credit(SHOP, "anna")
    seen.append(state())
    await use_up(desk, 40)
    seen.append(state())
    await use_up(desk, 20)
    seen.append(state())
    with pytest.raises(InvalidInputError, match="emergency_in_use"):
        await desk.cashier.use_emergency_credit(SHOP)
    await desk.cashier.top_up([SHOP], money(10), reference="r1")
    seen.append(state())
    await desk.cashier.top_up([SHOP], money(11), reference="r2")
    seen.append(state())
    await use_up(desk, 1)
    seen.append(state())
    await desk.cashier.use_emergency_credit(SHOP)
    seen.append(state())
    assert not is_off(desk)
    assert seen == [
        SupplyState.IN_CREDIT,
        SupplyState.WARNING,
        SupplyState.IN_CREDIT,
        SupplyState.EMERGENCY,
        SupplyState.OFF,
        SupplyState.EMERGENCY,
        SupplyState.WARNING,
        SupplyState.OFF,
        SupplyState.EMERGENCY,
    ]
    await desk.cashier.adjust(SHOP, money(5), reason="meter", reference="a")
    assert kinds_told(desk, CreditWarning, CutOff, ToppedUp) == [
        "emergency_started",
        "emergency_repaid",
        "emergency_started",
        "emergency_repaid",
    ]
    assert [len(desk.told(kind)) for kind in (EmergencyStarted, EmergencyRepaid)] == [2, 2]
    assert [kind for kind, _ in await history(desk)] == [
        DecisionKind.EMERGENCY,
        DecisionKind.EMERGENCY_REPAID,
    ] * 2


async def test_what_is_refused(desk: Desk) -> None:
    """With a reason that a person can act on, and without a trace."""
    await shop_with(desk, policy())
    now, refused = desk.clock.now(), []
    desk_of_credit = desk.credit_desk
    grant = desk_of_credit.grant_grace
    attempts: list[Awaitable[None]] = [
        grant([SHOP], now, user="u", reason="r"),
        grant([SHOP], now + 8 * DAY, user="u", reason="r"),
        grant([SHOP], now + 91 * DAY, user="u", reason="r", administrator=True),
        grant([SHOP], now + DAY, user="u", reason=" "),
        desk_of_credit.open_dispute(SHOP, user="u", reason=""),
        desk_of_credit.close_dispute(SHOP, user="u", reason="r"),
        desk_of_credit.set_adaptation([SHOP], now + 400 * DAY, user="u"),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidInputError) as refusal:
            await attempt
        refused.append(refusal.value.key)
    assert refused == [
        "grace_past",
        "grace_too_long",
        "grace_too_long",
        "reason_missing",
        "reason_missing",
        "dispute_not_open",
        "adaptation_too_long",
    ]
    assert await history(desk) == []
    await desk_of_credit.grant_grace(
        [SHOP], now + 8 * DAY, user="u", reason="r", administrator=True
    )
    await desk_of_credit.open_dispute(SHOP, user="u", reason="r")
    with pytest.raises(InvalidInputError, match="dispute_open"):
        await desk_of_credit.open_dispute(SHOP, user="u", reason="r")


async def test_balances_around_a_level(desk: Desk, figure: Callable[[str], None]) -> None:
    """Through the ledger: one event for each fall to the level from clearly above it."""
    await shop_with(desk, policy(), "51")
    draw, crossings, above = random.Random(5), 0, True
    turns = 400
    for turn in range(turns):
        wanted = Amount(draw.randint(money(49), money(51)))
        change = Amount(wanted - desk.book.account(SHOP).balance)
        await desk.cashier.adjust(SHOP, change, reason="noise", reference=f"n{turn}")
        crossings += above and wanted <= money(50)
        above = wanted > money("50.5") or (above and wanted > money(50))
    warnings = len(desk.told(CreditWarning))
    figure(f"{turns} corrections around a level: {crossings} crossings, {warnings} events")
    assert warnings == crossings
    assert crossings > 50


async def test_spared_while_a_cut_would_wait(desk: Desk) -> None:
    """A meter that trips by itself is to spare whom credit would not cut now."""
    await shop_with(desk, policy(protected=NIGHTS, adaptation_days=2))
    account, zone = desk.book.account(SHOP), desk.book.zone
    night, noon = START + timedelta(hours=9), START + timedelta(days=3)
    assert account.is_spared(START, zone)  # it adapts
    assert not account.is_spared(noon, zone)
    assert account.is_spared(night + timedelta(days=3), zone)
    await desk.credit_desk.open_dispute(SHOP, user="u", reason="r")
    assert account.is_spared(noon, zone)
