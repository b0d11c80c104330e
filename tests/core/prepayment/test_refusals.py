"""What the use cases of money refuse, word for word: people read it in their own language."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.core.money.amount import ZERO, Amount
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.prepayment.rerating import RerateRequest
from tests.core.prepayment.desk import METER, SHOP, START, Desk, money

type Act = Callable[[Desk], Awaitable[object]]

ROOMY = Policy(
    name="Roomy",
    warning_levels=(money(20), money(8)),
    cut_off=money(1),
    emergency_credit=money(10),
    minimum_top_up=money(5),
    maximum_top_up=money(500),
)
SHARE = DebtTerms(ppm=500_000)
LATER = START + timedelta(days=1)


def _top_up(amount: Amount, number: str = SHOP, fund: Fund = Fund.ELECTRICITY) -> Act:
    return lambda desk: desk.cashier.top_up([number], amount, reference="t", fund=fund)


def _adjust(amount: Amount, reason: str, number: str = SHOP) -> Act:
    return lambda desk: desk.cashier.adjust(number, amount, reason=reason, reference="a")


def _reserve(amount: Amount, reason: str = "x", number: str = SHOP) -> Act:
    return lambda desk: desk.refunds.reserve(number, amount, reference="f", reason=reason)


def _reverse(reason: str, number: str = SHOP) -> Act:
    return lambda desk: desk.refunds.reverse_top_up(number, "none", reason=reason)


def _debt(amount: Amount, name: str = "old", reason: str = "x", number: str = SHOP) -> Act:
    return lambda desk: desk.debts.add_debt(number, name, amount, SHARE, reason=reason)


def _rerate(number: str = SHOP, until: datetime = LATER, **more: str) -> Act:
    values = {"run": "r", "reason": "x", "user": "anna"} | more
    request = RerateRequest(since=START, until=until, **values)  # type: ignore[arg-type]  # texts
    return lambda desk: desk.rerater.rerate(number, request)


def _release(kind: HoldKind, *meters: str) -> Act:
    return lambda desk: desk.agreements.release_hold(meters, kind, user="joe", administrator=True)


REFUSALS: tuple[tuple[Act, str, dict[str, str]], ...] = (
    (_top_up(ZERO), "amount_not_positive", {"amount": "0E-9"}),
    (_top_up(money(-1)), "amount_not_positive", {"amount": "-1.000000000"}),
    (_top_up(money(6), "B-9"), "account_unknown", {"account": "B-9"}),
    (
        _top_up(Amount(money(5) - 1)),
        "top_up_too_small",
        {"account": "A-101", "minimum": "5.00", "currency": "CNY"},
    ),
    (
        _top_up(Amount(money(500) + 1)),
        "top_up_too_large",
        {"account": "A-101", "maximum": "500.00", "currency": "CNY"},
    ),
    (_adjust(ZERO, "x"), "amount_is_zero", {}),
    (_adjust(money(1), " "), "reason_missing", {}),
    (_adjust(money(1), "x", "B-9"), "account_unknown", {"account": "B-9"}),
    (
        lambda desk: desk.cashier.use_emergency_credit(SHOP),
        "emergency_not_needed",
        {"account": "A-101", "level": "8.00"},
    ),
    (_reserve(ZERO), "amount_not_positive", {"amount": "0E-9"}),
    (_reserve(money(1), " "), "reason_missing", {}),
    (_reserve(money(1), "x", "B-9"), "account_unknown", {"account": "B-9"}),
    (
        _reserve(money("10.01")),
        "refund_too_large",
        {"account": "A-101", "amount": "10.01", "balance": "10.00"},
    ),
    (
        lambda desk: desk.refunds.resolve(SHOP, "f", paid=True),
        "refund_unknown",
        {"account": "A-101", "reference": "f"},
    ),
    (_reverse(" "), "reason_missing", {}),
    (_reverse("x"), "top_up_unknown", {"account": "A-101", "reference": "none"}),
    (_reverse("x", "B-9"), "account_unknown", {"account": "B-9"}),
    (
        lambda desk: desk.refunds.take_deposit(SHOP, ZERO, reference="d"),
        "amount_not_positive",
        {"amount": "0E-9"},
    ),
    (_debt(ZERO), "amount_is_zero", {}),
    (_debt(money(1), reason=" "), "reason_missing", {}),
    (_debt(money(1), "a:b"), "debt_name_wrong", {"debt": "a:b", "longest": "40"}),
    (_debt(money(1), "x" * 41), "debt_name_wrong", {"debt": "x" * 41, "longest": "40"}),
    (_debt(money(1), number="B-9"), "account_unknown", {"account": "B-9"}),
    (_debt(money(-1)), "debt_below_zero", {"account": "A-101", "debt": "old"}),
    (_rerate(reason=" "), "reason_missing", {}),
    (_rerate(until=START), "time_order", {}),
    (_rerate("B-9"), "account_unknown", {"account": "B-9"}),
    (
        _rerate(tariff="None"),
        "tariff_unknown",
        {"tariff": "None", "known": "Flat, Ladder, Retail"},
    ),
    (
        lambda desk: desk.agreements.set_credit_limit([SHOP], Amount(-1), "anna"),
        "credit_limit_negative",
        {},
    ),
    (
        lambda desk: desk.agreements.set_credit_limit([], money(1), "anna"),
        "target_empty",
        {},
    ),
    (
        lambda desk: desk.agreements.apply_policy([SHOP], "None", "anna"),
        "policy_unknown",
        {"policy": "None", "known": "Roomy, Standard"},
    ),
    (
        lambda desk: desk.agreements.assign_tariff([SHOP], "None", "anna"),
        "tariff_unknown",
        {"tariff": "None", "known": "Flat, Ladder, Retail"},
    ),
    (
        lambda desk: desk.agreements.reconnect(["B-9"], "anna"),
        "account_unknown",
        {"account": "B-9"},
    ),
    (
        lambda desk: desk.agreements.place_hold([METER], HoldKind.OVERLOAD, user="joe"),
        "hold_not_by_hand",
        {"kind": "overload", "allowed": "manual, maintenance"},
    ),
    (
        _release(HoldKind.NO_CREDIT, METER),
        "hold_not_by_hand",
        {"kind": "no_credit", "allowed": "manual, maintenance, overload, protection"},
    ),
    (_release(HoldKind.MANUAL), "target_empty", {}),
    (_release(HoldKind.MANUAL, METER, "M9"), "meter_unknown", {"meter": "M9"}),
    (
        lambda desk: desk.previewer.preview(SHOP, "Flat", date(2026, 4, 1)),
        "month_in_future",
        {"month": "2026-04-01"},
    ),
    (
        lambda desk: desk.previewer.preview(SHOP, "None"),
        "tariff_unknown",
        {"tariff": "None", "known": "Flat, Ladder, Retail"},
    ),
    (
        lambda desk: desk.cashier.top_up([], money(6), reference="t"),
        "target_empty",
        {},
    ),
)


@pytest.mark.parametrize(
    ("act", "key", "placeholders"),
    REFUSALS,
    ids=[f"{number}-{key}" for number, (_, key, _) in enumerate(REFUSALS)],
)
async def test_refused(desk: Desk, act: Act, key: str, placeholders: dict[str, str]) -> None:
    """Nothing is booked, and the refusal says all that its sentence needs."""
    await desk.write(ROOMY)
    await desk.shop("10", policy="Roomy")
    before = await desk.ledger.read(lambda tx: tx.head())
    with pytest.raises(InvalidInputError) as refused:
        await act(desk)
    assert (refused.value.key, refused.value.placeholders) == (key, placeholders)
    assert await desk.ledger.read(lambda tx: tx.head()) == before
    assert desk.balance == 10


async def test_borders_are_allowed(desk: Desk) -> None:
    """Exactly the least, the most, all that is there, and the longest name."""
    await desk.write(ROOMY)
    await desk.shop("10", policy="Roomy")
    await desk.cashier.top_up([SHOP], money(5), reference="r1")
    await desk.cashier.top_up([SHOP], money(500), reference="r2")
    await desk.refunds.reserve(SHOP, money(515), reference="f", reason="x")
    assert desk.balance == 0
    for name in ("x" * 40, "y"):
        assert await desk.debts.add_debt(SHOP, name, Amount(1), SHARE, reason="x") == 1
        assert await desk.debts.add_debt(SHOP, name, Amount(-1), SHARE, reason="x") == 0
    await desk.agreements.set_credit_limit([SHOP], ZERO, "anna")
    await desk.agreements.set_credit_limit([SHOP], money("0.01"), "anna")
    assert desk.book.account(SHOP).credit_limit == money("0.01")


async def test_emergency_credit_is_for_low_credit(desk: Desk) -> None:
    """At the lowest warning level it may be used, once, and not where there is none."""
    await desk.write(ROOMY)
    await desk.shop("8", policy="Roomy")
    assert await desk.cashier.use_emergency_credit(SHOP) == money(18)
    for number, key in ((SHOP, "emergency_in_use"), ("B-7", "emergency_not_offered")):
        if number == "B-7":
            await desk.open_other("B-7", "0")
        with pytest.raises(InvalidInputError) as refused:
            await desk.cashier.use_emergency_credit(number)
        assert (refused.value.key, refused.value.placeholders) == (key, {"account": number})
    await desk.restart()
    await desk.shop("8", policy="Roomy")
    assert desk.book.account(SHOP).available == money(18)


async def test_emergency_credit_without_warning_levels(desk: Desk) -> None:
    """Then the cut-off is what counts as low; the credit limit belongs to what is available."""
    bare = Policy(name="Bare", warning_levels=(), cut_off=money(-5), emergency_credit=money(10))
    await desk.write(bare)
    await desk.shop("-6", policy="Bare")
    await desk.agreements.set_credit_limit([SHOP], money(2), "anna")
    with pytest.raises(InvalidInputError) as refused:
        await desk.cashier.use_emergency_credit(SHOP)
    assert refused.value.key == "emergency_not_needed"
    assert refused.value.placeholders == {"account": "A-101", "level": "-5.00"}
    await desk.agreements.set_credit_limit([SHOP], money(1), "anna")
    assert await desk.cashier.use_emergency_credit(SHOP) == money(5)


async def test_what_is_unknown_in_an_empty_book(desk: Desk) -> None:
    """There is nothing to choose from; a meter and a tariff are named."""
    desk.book.tariffs.clear()
    desk.book.policies.clear()
    for look, key, placeholders in (
        (desk.book.tariff, "tariff_unknown", {"tariff": "X", "known": "-"}),
        (desk.book.policy, "policy_unknown", {"policy": "X", "known": "-"}),
        (desk.book.meter, "meter_unknown", {"meter": "X"}),
        (desk.book.account, "account_unknown", {"account": "X"}),
    ):
        with pytest.raises(InvalidInputError) as refused:
            look("X")
        assert (refused.value.key, refused.value.placeholders) == (key, placeholders)


async def test_closed_account_names_the_next(desk: Desk) -> None:
    """Its number is not used again."""
    await desk.shop("10", meters=())
    await desk.moves.move_out(SHOP, user="anna")
    with pytest.raises(InvalidInputError) as refused:
        await desk.cashier.top_up([SHOP], money(1), reference="late")
    assert refused.value.key == "account_closed"
    assert refused.value.placeholders == {"account": "A-101", "next": "A-101-2"}


async def test_reference_of_a_rerating_is_for_one_content(desk: Desk) -> None:
    """The time and the reason belong to it."""
    await desk.shop("10")
    await desk.rerater.rerate(
        SHOP, RerateRequest(run="r", since=START, until=LATER, reason="x", user="anna")
    )
    for since, until, reason in (
        (START - timedelta(days=1), LATER, "x"),
        (START, LATER + timedelta(days=1), "x"),
        (START, LATER, "y"),
    ):
        request = RerateRequest(run="r", since=since, until=until, reason=reason, user="anna")
        with pytest.raises(InvalidInputError) as refused:
            await desk.rerater.rerate(SHOP, request)
        assert refused.value.key == "reference_reused"
        assert refused.value.placeholders == {"reference": "r"}


async def test_account_without_terms(desk: Desk) -> None:
    """An account whose terms begin later has none yet."""
    desk.clock.time = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    await desk.shop("10")
    desk.clock.forward(days=-1)
    with pytest.raises(InvalidInputError) as refused:
        await desk.agreements.set_credit_limit([SHOP], money(1), "anna")
    assert refused.value.key == "account_without_terms"
    assert refused.value.placeholders == {"account": AccountNumber("A-101")}
