"""Debts by time: what falls due on which day, what waits, and what a cap leaves."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.account_rows import (
    Debt,
    Tenancy,
)
from custom_components.compere_prepaid.core.ledger.accounts import debt_of
from custom_components.compere_prepaid.core.money.amount import ZERO, Amount
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.prepayment.debts import owed, take_instalments
from custom_components.compere_prepaid.core.prepayment.slip import Slip
from custom_components.compere_prepaid.core.prepayment.waterfall import Owed
from tests.core.prepayment.desk import CNY, SHOP, START, ZONE, Desk, money

SHARE = DebtTerms(ppm=250_000, weekly_cap=money(30))


async def debt(desk: Desk, name: str = "plan") -> Debt:
    """Return how a debt of the shop's stands."""
    found = await desk.ledger.read(lambda tx: tx.find(Debt, account=SHOP, name=name))
    assert found is not None
    return found


async def left(desk: Desk, name: str = "plan") -> Decimal:
    """Return what is owed of it."""
    balance = await desk.ledger.read(lambda tx: tx.balance(debt_of(SHOP, name)))
    return -CNY.exact(balance)


@pytest.mark.parametrize(
    ("per", "instalment", "days"),
    [
        ("day", "2", ["2", "2", "2", "2", "2", "2"]),
        ("week", "0.10", ["0.014285714", "0.014285714", "0.014285715", "0.014285714"]),
        ("month", "0.10", ["0.003225807", "0.003225806", "0.003225807", "0.003225806"]),
    ],
)
async def test_instalments_of_days(desk: Desk, per: str, instalment: str, days: list[str]) -> None:
    """From the day after; shares of a week begin on Monday, of a month on its first."""
    await desk.shop("100")
    terms = DebtTerms(instalment=money(instalment), per=per)
    await desk.debts.add_debt(SHOP, "plan", money(50), terms, reason="x")
    before = desk.balance
    for share in days:
        desk.clock.forward(days=1)
        await desk.charging.on_clock()
        assert before - desk.balance == Decimal(share)
        before = desk.balance
    stored = await debt(desk)
    assert (stored.due, stored.due_through) == (0, date(2026, 3, 2 + len(days)))
    assert await left(desk) == 50 - sum(Decimal(share) for share in days)


@pytest.mark.parametrize(("per", "start", "days"), [("week", 2, 7), ("month", 1, 31)])
async def test_shares_make_the_whole(desk: Desk, per: str, start: int, days: int) -> None:
    """A week's and a month's instalment to the last digit, also when nobody looked for days."""
    desk.clock.time = datetime(2026, 2, 28 if start == 1 else 1, 2, 0, tzinfo=UTC)
    if start == 2:
        desk.clock.time = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    await desk.shop("100")
    terms = DebtTerms(instalment=money("0.10"), per=per)
    await desk.debts.add_debt(SHOP, "plan", money(50), terms, reason="x")
    desk.clock.forward(days=days)
    await desk.charging.on_clock()
    assert desk.balance == Decimal("99.90")


async def test_what_is_due_and_could_not_be_taken_waits(desk: Desk) -> None:
    """Credit of the account is used for it down to the floor, never below; a share comes first."""
    await desk.shop("1")
    await desk.agreements.set_credit_limit([SHOP], money(2), "anna")
    terms = DebtTerms(instalment=money(5), per="day")
    await desk.debts.add_debt(SHOP, "plan", money(50), terms, reason="x")
    await desk.debts.add_debt(SHOP, "second", money(50), terms, reason="x")
    desk.clock.forward(days=1)
    await desk.charging.on_clock()
    assert desk.balance == -2  # 1 there was, 2 on credit
    assert [(await debt(desk)).due, (await debt(desk, "second")).due] == [money(2), money(5)]
    desk.clock.forward(days=1)
    await desk.charging.on_clock()
    assert [(await debt(desk)).due, (await debt(desk, "second")).due] == [money(7), money(10)]
    done = (await desk.cashier.top_up([SHOP], money(9), reference="r"))[SHOP]
    assert done.steps is not None
    assert done.steps.time_debts == {"plan": money(7), "second": money(2)}
    assert [(await debt(desk)).due, (await debt(desk, "second")).due] == [0, money(8)]
    await desk.refunds.reverse_top_up(SHOP, "r", reason="x")
    assert [(await debt(desk)).due, (await debt(desk, "second")).due] == [money(7), money(10)]
    await desk.verified()


async def test_never_more_falls_due_than_is_owed(desk: Desk) -> None:
    """The last instalment is what is left, also of what waits."""
    await desk.shop("0")
    terms = DebtTerms(instalment=money(4), per="day")
    await desk.debts.add_debt(SHOP, "plan", money(6), terms, reason="x")
    desk.clock.forward(days=3)
    await desk.charging.on_clock()
    assert (await debt(desk)).due == money(6)
    await desk.cashier.top_up([SHOP], money(10), reference="r")
    assert await left(desk) == 0
    desk.clock.forward(days=1)
    await desk.charging.on_clock()
    assert desk.balance == 4
    assert (await debt(desk)).due == 0


async def test_debts_of_others_are_theirs(desk: Desk) -> None:
    """Each account pays its own."""
    await desk.shop("10")
    await desk.open_other("B-7", "10")
    terms = DebtTerms(instalment=money(1), per="day")
    await desk.debts.add_debt("B-7", "plan", money(50), terms, reason="x")
    desk.clock.forward(days=1)
    await desk.charging.on_clock()
    assert desk.balance == 10
    assert desk.book.account("B-7").balance == money(9)


async def test_shares_are_no_instalments(desk: Desk) -> None:
    """A percent debt waits for the next top-up, whatever day it is; others behind it do not."""
    await desk.shop("10")
    await desk.debts.add_debt(SHOP, "a", money(50), SHARE, reason="x")
    plan = DebtTerms(instalment=money(1), per="day")
    await desk.debts.add_debt(SHOP, "b", money(50), plan, reason="x")
    desk.clock.forward(days=1)
    await desk.charging.on_clock()
    assert desk.balance == 9
    assert [await left(desk, name) for name in "ab"] == [50, 49]


async def test_what_a_top_up_may_be_used_for(desk: Desk) -> None:
    """Debts with something left; the cap is of the week, which begins on Monday in Shanghai."""
    await desk.shop("100")
    await desk.debts.add_debt(SHOP, "a capped", money(100), SHARE, reason="x")
    free = DebtTerms(ppm=100_000)
    await desk.debts.add_debt(SHOP, "b free", money(100), free, reason="x")
    plan = DebtTerms(instalment=money(3), per="day")
    await desk.debts.add_debt(SHOP, "c plan", money(9), plan, reason="x")
    await desk.debts.add_debt(SHOP, "d paid", money(1), free, reason="x")
    await desk.debts.add_debt(SHOP, "d paid", Amount(-money(1)), free, reason="x")
    await desk.debts.add_debt(SHOP, "e last", money(100), free, reason="x")
    await desk.cashier.top_up([SHOP], money(80), reference="r1")
    sunday = datetime(2026, 3, 8, 15, 59, 59, tzinfo=UTC)

    async def open_debts(at: datetime) -> tuple[Owed, ...]:
        return await desk.ledger.read(lambda tx: owed(tx, SHOP, at, ZONE))

    wanted = (
        Owed(name="a capped", outstanding=money(80), ppm=250_000, week_left=money(10), due=ZERO),
        Owed(name="b free", outstanding=money(92), ppm=100_000),
        Owed(name="c plan", outstanding=money(9)),
        Owed(name="e last", outstanding=money(92), ppm=100_000),
    )
    assert await open_debts(sunday) == wanted
    monday = await open_debts(datetime(2026, 3, 8, 16, 0, 0, tzinfo=UTC))
    assert monday[0].week_left == money(30)
    await desk.cashier.top_up([SHOP], money(200), reference="r2")
    assert (await open_debts(sunday))[0].week_left == 0
    await desk.refunds.reverse_top_up(SHOP, "r2", reason="x")
    assert (await open_debts(sunday))[0].week_left == money(10)
    assert await desk.ledger.read(lambda tx: owed(tx, AccountNumber("B-7"), START, ZONE)) == ()


async def test_cap_of_a_debt_that_was_recovered_beyond_it(desk: Desk) -> None:
    """A cap that was lowered leaves nothing, not less."""
    await desk.shop("100")
    await desk.debts.add_debt(SHOP, "a", money(100), SHARE, reason="x")
    await desk.cashier.top_up([SHOP], money(80), reference="r1")
    lower = DebtTerms(ppm=250_000, weekly_cap=money(5))
    await desk.debts.add_debt(SHOP, "a", money(1), lower, reason="x")
    [one] = await desk.ledger.read(lambda tx: owed(tx, SHOP, START, ZONE))
    assert one.week_left == 0


def test_terms_that_are_refused_say_so() -> None:
    """The whole of it, the least, and no more than the whole may be a share."""
    for ppm in (1, 1_000_000):
        assert DebtTerms(ppm=ppm, weekly_cap=ZERO).ppm == ppm
    assert DebtTerms(instalment=Amount(1), per="month").per == "month"
    with pytest.raises(InvalidInputError) as refused:
        DebtTerms(ppm=1_000_001)
    assert (refused.value.key, refused.value.placeholders) == ("debt_terms_wrong", {})


async def test_instalments_begin_with_the_debt_where_nothing_is_said(desk: Desk) -> None:
    """A debt of a time before days were counted; before the first day nothing is taken."""
    await desk.shop("100")
    terms = DebtTerms(instalment=money(1), per="day")
    await desk.debts.add_debt(SHOP, "plan", money(50), terms, reason="x")
    stored = await debt(desk)
    old = Debt(
        account=SHOP,
        name="plan",
        kind=stored.kind,
        amount=stored.amount,
        per="day",
        opened_at=stored.opened_at,
    )
    tenancy = Tenancy(account=SHOP, name="x", opened_at=START)

    async def take(today: date | None) -> Debt:
        def work(tx: object) -> None:
            slip = Slip(tx, SHOP, START, ZONE, tenancy)  # type: ignore[arg-type]  # as run gives it
            take_instalments(slip, today, money(100), ZONE)

        await desk.ledger.run(lambda tx: tx.put(old))
        await desk.ledger.run(work)
        return await debt(desk)

    assert await take(None) == old
    assert (await take(date(2026, 3, 4))).due_through == date(2026, 3, 4)
    assert await left(desk) == 48


async def test_emergency_credit_stays_in_use_until_there_is_credit(desk: Desk) -> None:
    """What repays all of it and no more leaves nothing to be supplied from: it is kept."""
    policy = Policy(name="Roomy", warning_levels=(money(20),), emergency_credit=money(10))
    await desk.write(policy)
    await desk.shop("5", policy="Roomy")
    await desk.read(0)
    await desk.cashier.use_emergency_credit(SHOP)
    desk.clock.forward(hours=1)
    await desk.read(10_000)
    done = (await desk.cashier.top_up([SHOP], money(5), reference="r1"))[SHOP]
    assert done.steps is not None
    assert done.steps.emergency == money(5)
    account = desk.book.account(SHOP)
    assert (account.tenancy.emergency, account.available) == (money(10), money(10))
    assert desk.demands == []
    await desk.cashier.top_up([SHOP], money("0.01"), reference="r2")
    assert (account.tenancy.emergency, account.available) == (0, money("0.01"))
    await desk.verified()
