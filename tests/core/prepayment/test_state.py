"""What is remembered between two postings: sums of days and months, accrual, and forecasts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.account_rows import CreditWatch, Tenancy
from custom_components.compere_prepaid.core.ledger.records import (
    BillMark,
    HoldKind,
)
from custom_components.compere_prepaid.core.metering.plausibility import Baseline
from custom_components.compere_prepaid.core.money.amount import ZERO, Amount, Price
from custom_components.compere_prepaid.core.policy.credit import Policy, Reconnect
from custom_components.compere_prepaid.core.prepayment.spending import SpendingLog
from custom_components.compere_prepaid.core.prepayment.state import (
    AccountState,
    MeterState,
    Running,
)
from custom_components.compere_prepaid.core.tariff.model import Used
from custom_components.compere_prepaid.core.tariff.rating import RatedLine

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)
MARCH = date(2026, 3, 1)
SHOP = AccountNumber("A-101")
METER = MeterSerial("M1")
ZONE = ZoneInfo("Asia/Shanghai")
POLICY = Policy(name="P", warning_levels=(), cut_off=Amount(10))


def line(wh: int, amount: int, *, period: str = "flat", tax_ppm: int = 0) -> RatedLine:
    """Return a rated line from 100 Wh on."""
    return RatedLine(
        from_wh=100,
        to_wh=100 + wh,
        from_at=AT,
        to_at=AT,
        tariff="T",
        valid_from=MARCH,
        revision=1,
        period=period,
        tier=1,
        price=Price(1),
        amount=Amount(amount),
        tax_ppm=tax_ppm,
        estimated=False,
    )


def meter(*lines: RatedLine) -> MeterState:
    """Return a meter with pending lines."""
    return MeterState(serial=METER, max_power_w=1000, pending=list(lines))


def account(*lines: RatedLine, fund: int = 0) -> AccountState:
    """Return an account with one meter."""
    return AccountState(
        number=SHOP,
        name="Noodle House",
        tariff="T",
        policy=POLICY,
        credit_limit=Amount(5),
        fund=Amount(fund),
        service_fund=ZERO,
        tenancy=Tenancy(account=SHOP, name="Noodle House", opened_at=AT, emergency=Amount(3)),
        announced=None,
        watch=CreditWatch(account=SHOP),
        spending=SpendingLog(ZONE),
        months={MARCH: Running(MARCH)},
        posted_at=AT,
        meters={METER: meter(*lines)},
    )


def test_running_sums() -> None:
    """Energy by period, as tiers count it."""
    running = Running(MARCH)
    assert running.used == Used(0, {})
    for one in (line(7, 70), line(5, 100, period="peak"), line(1, 10)):
        running.add(one)
    assert running.energy_wh == 13
    assert running.by_period == {"flat": 8, "peak": 5}
    assert running.used == Used(13, {"flat": 8, "peak": 5})


def test_accrued_with_tax() -> None:
    """Tax is cumulative at each rate, over all meters, from what was posted already."""
    state = account(line(1, 15, tax_ppm=100_000), line(1, 7), fund=1000)
    other = MeterSerial("M2")
    state.meters[other] = meter(line(1, 12, tax_ppm=100_000), line(1, 10, tax_ppm=200_000))
    assert state.accrued == 15 + 7 + 12 + 10 + 2 + 2
    state.tax_nets[100_000] = Amount(13)  # 1 was posted on it: floor(40 × 0.1) − 1
    assert state.accrued == 44 + 3 + 2
    assert state.balance == 1000 - 49
    assert state.available == 1000 - 49 + 5 + 3
    assert account().accrued == 0


def test_accrued_without_any_tax() -> None:
    """What has no tax asks for none, whatever was posted at a rate of zero."""
    state = account(line(1, 7))
    state.tax_nets[0] = Amount(99)
    assert state.accrued == 7


def test_lines_go_to_their_day_and_month() -> None:
    """Money to its day; energy to the running month or the one before it."""
    state = account()
    state.add(line(5, 50, tax_ppm=100_000), DAY)
    state.add(line(2, 20), DAY - timedelta(days=1))  # read late
    assert state.spending.days == {DAY: 55, DAY - timedelta(days=1): 20}
    assert state.month.energy_wh == 7
    state.add(line(1, 10), DAY + timedelta(days=1))
    assert state.spending.on(DAY + timedelta(days=1)) == 10
    for month in (4, 5):
        state.add(line(month, 1), date(2026, month, 1))
    assert sorted(state.months) == [date(2026, 4, 1), date(2026, 5, 1)]
    assert state.month.period == date(2026, 5, 1)
    state.add(line(100, 1), DAY)  # a month that is no longer remembered
    assert sorted(state.months) == [date(2026, 4, 1), date(2026, 5, 1)]
    assert state.used_in(date(2026, 4, 1)) == Used(4, {"flat": 4})
    assert state.used_in(MARCH) == Used()


def test_extras_go_to_their_day() -> None:
    """A fee falls due as its day begins: before anything is used on it."""
    state = account()
    state.add(line(5, 50), DAY)
    state.add_extras(Amount(7), DAY)
    state.add_extras(Amount(3), DAY + timedelta(days=1))
    assert state.spending.days == {DAY: 57, DAY + timedelta(days=1): 3}
    assert state.month.energy_wh == 5


@pytest.mark.parametrize(
    ("price", "power_mw", "seconds"),
    [
        (1_000_000, 3_600, 998),  # 1000 units a second; of 1,000,008 above the cut-off 998,…
        (1_000_000, 7_200, 499),
        (1_000_000, 3, None),
        (1_000_000, 4, 998_008),
        (0, 3_600, None),
        (1_000_000, 0, None),
    ],
)
def test_seconds_left(price: int, power_mw: int, seconds: int | None) -> None:
    """Credit above the cut-off, at the present power and price."""
    state = account(fund=998_010)  # 998,008 above the cut-off, with limit and emergency credit
    assert state.available - state.policy.cut_off == 998_008
    assert state.seconds_left(price, power_mw) == seconds


def test_no_seconds_left() -> None:
    """Below the cut-off there is no time, not less than none."""
    assert account(fund=-100).seconds_left(1_000_000, 3_600_000) == 0


def test_days_left() -> None:
    """Of what is above the cut-off, also what was not posted yet taken off."""
    state = account(fund=1002)  # 1000 above the cut-off
    now = AT + timedelta(days=2)
    assert state.days_left(now) is None
    state.spending.since = AT
    assert state.days_left(now) is None  # nothing was spent
    state.spending.add(400, DAY)
    assert state.days_left(now) == 5000
    state.meters[METER].pending.append(line(1, 100))
    state.spending.add(100, DAY)
    assert state.days_left(now) == 900 * 2 * 1000 // 500
    assert state.forecast(now).days_left == state.days_left(now)


@pytest.mark.parametrize(("fund", "left"), [(3, 0), (2, 0), (-50, 0)])
def test_no_days_left_without_credit(fund: int, left: int) -> None:
    """At the cut-off and below nothing is left; the smallest unit above it is soon gone."""
    state = account(fund=fund)
    state.spending.since, state.spending.days = AT, {DAY: 10**9}
    assert state.days_left(AT + timedelta(days=1)) == left


def test_account_flags() -> None:
    """Open until closed, off by the hold for credit only, never cut by policy or as owner."""
    state = account()
    assert (state.is_open, state.off, state.never_cut) == (True, False, False)
    state.meters[METER].holds = (HoldKind.MANUAL,)
    assert (state.off, state.never_cut) == (False, False)
    state.meters[METER].holds = (HoldKind.MANUAL, HoldKind.NO_CREDIT)
    state.owner = True
    assert (state.off, state.never_cut) == (True, True)


def test_meter_forgets() -> None:
    """Whose it was, and up to where it was charged."""
    state = meter(line(1, 1))
    state.account, state.registers = SHOP, {"T1": 5}
    state.last = Baseline(wh=5, at=AT)
    state.mark = BillMark(meter=METER, generation=1, wh=5, at=AT)
    state.forget()
    assert state == MeterState(serial=METER, max_power_w=1000)
    assert [state.account, state.mark, state.last, state.may_open] == [None, None, None, False]


@pytest.mark.parametrize(
    ("fresh", "suspicion", "may_open"),
    [(False, None, False), (True, None, True), (True, "backwards", False)],
)
def test_relay_that_may_open(*, fresh: bool, suspicion: str | None, may_open: bool) -> None:
    """Read in this run, and believed."""
    state = meter()
    state.fresh, state.suspicion = fresh, suspicion
    assert state.may_open == may_open


def test_who_presses() -> None:
    """Whose credit may end something soon is read often; where it ended, or ends nothing, not."""
    well, short = account(fund=100), account(fund=0)
    assert [state.exhausted for state in (well, short)] == [False, True]
    assert [state.is_pressing for state in (well, short)] == [True, True]
    short.watch = CreditWatch(account=SHOP, put_off_why="grace")
    assert not short.is_pressing
    short.watch = CreditWatch(account=SHOP, shadow_cut_at=AT)
    assert not short.is_pressing
    short.watch = CreditWatch(account=SHOP)
    short.policy = well.policy = replace(POLICY, never_cut=True)
    assert [state.is_pressing for state in (well, short)] == [True, False]
    well.meters[METER].holds = (HoldKind.NO_CREDIT,)
    assert not well.is_pressing


@pytest.mark.parametrize(
    ("mode", "fund", "awaits"),
    [
        (Reconnect.AUTO, 100, False),
        (Reconnect.CONFIRM, 100, True),
        (Reconnect.MANUAL, 100, True),
        (Reconnect.CONFIRM, 0, False),
    ],
)
def test_who_awaits_a_person(mode: Reconnect, fund: int, *, awaits: bool) -> None:
    """Whoever is off, has credit again, and does not come back by itself."""
    state = account(fund=fund)
    state.policy = replace(POLICY, reconnect=mode)
    assert not state.awaits_reconnect
    state.meters[METER].holds = (HoldKind.NO_CREDIT,)
    assert state.awaits_reconnect is awaits
    state.policy = replace(state.policy, never_cut=True)
    assert not state.awaits_reconnect
