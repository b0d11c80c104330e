"""Orders at Stripe: made, paid, asked about, closed, whatever happens to requests and answers."""

from dataclasses import replace

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.payment_rows import Method, PayOrder
from custom_components.compere_prepaid.core.payment.provider import (
    Charged,
    Paid,
    Payer,
    Redirect,
    RejectedError,
    RetryableError,
    Unknown,
    Unpaid,
)
from tests.payment.stripe_desk import MORNING, StripeDesk, stripe_desk

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def page_of(desk: StripeDesk, order: PayOrder) -> PayOrder:
    """Ask for an order's page; return the order as it is stored then."""
    checkout = await desk.provider.create(order)
    assert isinstance(checkout, Redirect)
    return replace(order, checkout=f'{{"kind":"redirect","url":"{checkout.url}"}}')


async def test_paid_on_the_page(desk: StripeDesk) -> None:
    """What was ordered is what the page asks for, and what was paid is what the query says."""
    order = await page_of(desk, desk.order("50.20", language="zh-Hans"))
    session = desk.stripe.sessions[desk.session_of(order)]
    assert (session["amount_total"], session["currency"]) == (5020, "sgd")
    assert session["_form"]["locale"] == "zh"
    assert await desk.provider.query(order) == Unpaid(order_id=order.id, is_final=False)
    desk.clock.move(minutes=2)
    desk.stripe.pay(session["id"])
    paid = await desk.provider.query(order)
    assert isinstance(paid, Paid)
    assert (paid.txn, paid.order_id) == (session["payment_intent"], order.id)
    assert (paid.amount, paid.currency) == (order.amount, "SGD")
    assert (paid.paid_at, paid.day) == (desk.clock.now(), MORNING.date())
    assert (paid.foreign, paid.means) == ("", "")


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [
        ("JPY", "500", 500),
        ("KWD", "5.120", 5120),
        ("ISK", "500", 50000),
        ("UGX", "500", 50000),
        ("MGA", "500", 500),
        ("MYR", "0.50", 50),
    ],
)
async def test_minor_units(currency: str, amount: str, minor: int) -> None:
    """Every currency is asked for, and read back, in Stripe's own units."""
    async with stripe_desk(currency) as desk:
        order = await page_of(desk, desk.order(amount))
        assert desk.stripe.sessions[desk.session_of(order)]["amount_total"] == minor
        desk.stripe.pay(desk.session_of(order))
        paid = await desk.provider.query(order)
        assert isinstance(paid, Paid)
        assert paid.amount == order.amount


@pytest.mark.parametrize(("currency", "amount"), [("KWD", "5.123"), ("MGA", "0.20")])
async def test_impossible_amount(currency: str, amount: str) -> None:
    """An amount that Stripe cannot take is refused before anything is asked."""
    async with stripe_desk(currency) as desk:
        with pytest.raises(RejectedError, match="stripe_amount"):
            desk.order(amount)
        assert desk.stripe.asked == []


async def test_asked_twice(desk: StripeDesk) -> None:
    """The same order asked for again, in parallel or after a lost answer, has one page."""
    order = desk.order()
    with desk.stripe.failing(lose_answers=1), pytest.raises(RetryableError):
        await desk.provider.create(order)
    first = await desk.provider.create(order)
    desk.clock.move(minutes=3)
    assert await desk.provider.create(order) == first
    assert len(desk.stripe.sessions) == 1


async def test_failed_after_it_was_made(desk: StripeDesk) -> None:
    """Stripe repeats its own 500 for a key: the page that was made is looked for."""
    order = desk.order()
    with desk.stripe.failing(fail_after=1):
        checkout = await desk.provider.create(order)
    assert isinstance(checkout, Redirect)
    assert desk.session_of(order) in checkout.url


async def test_lost_page_is_found_by_its_order(desk: StripeDesk) -> None:
    """Without the page's address an order is found among all that the account made then."""
    orders = [desk.order() for _ in range(120)]
    for order in orders:
        await desk.provider.create(order)
    desk.stripe.pay(desk.session_of(orders[3]))
    paid = await desk.provider.query(orders[3])
    assert isinstance(paid, Paid)
    assert paid.order_id == orders[3].id
    assert isinstance(await desk.provider.query(orders[4]), Unpaid)
    never_made = await desk.provider.query(desk.order())
    assert never_made == Unpaid(order_id=desk.orders[-1].id, is_final=False, reason="not there")


async def test_old_order_is_not_made_again(desk: StripeDesk) -> None:
    """A day later Stripe may have forgotten the key: it is only looked for."""
    order, lost = await page_of(desk, desk.order()), desk.order()
    desk.clock.move(hours=24)
    asked = len(desk.stripe.asked)
    assert isinstance(await desk.provider.create(order), Redirect)
    with pytest.raises(RejectedError, match="too old"):
        await desk.provider.create(lost)
    assert {verb for verb, _ in desk.stripe.asked[asked:]} == {"GET"}


async def test_bank_that_takes_its_time(desk: StripeDesk) -> None:
    """Money that is under way is neither credited nor given up."""
    order = await page_of(desk, desk.order())
    name = desk.session_of(order)
    desk.stripe.pay(name, later=True)
    waits = Unpaid(order_id=order.id, is_final=False, reason="processing")
    assert await desk.provider.query(order) == waits
    assert await desk.provider.close(order) == waits
    desk.clock.move(hours=20)
    desk.stripe.arrive(name)
    paid = await desk.provider.query(order)
    assert isinstance(paid, Paid)
    assert paid.day == desk.clock.now().date()


async def test_bank_that_says_no(desk: StripeDesk) -> None:
    """A payment that failed in the end is final."""
    order = await page_of(desk, desk.order())
    desk.stripe.pay(desk.session_of(order), later=True)
    desk.stripe.fail(desk.session_of(order))
    state = await desk.provider.query(order)
    assert isinstance(state, Unpaid)
    assert state.is_final


async def test_closed(desk: StripeDesk) -> None:
    """A closed page takes no money; one that was never made is closed, too."""
    order, lost = await page_of(desk, desk.order()), desk.order()
    state = await desk.provider.close(order)
    assert state == Unpaid(order_id=order.id, is_final=True, reason="expired")
    assert desk.stripe.sessions[desk.session_of(order)]["status"] == "expired"
    assert await desk.provider.close(order) == state
    never = await desk.provider.close(lost)
    assert isinstance(never, Unpaid)
    assert never.is_final


async def test_paid_before_it_could_be_closed(desk: StripeDesk) -> None:
    """A payment that was quicker is told."""
    order = await page_of(desk, desk.order())
    desk.stripe.pay(desk.session_of(order))
    assert isinstance(await desk.provider.close(order), Paid)


@pytest.mark.parametrize(
    "faults",
    [
        {"refuse_with": [500]},
        {"refuse_with": [429]},
        {"refuse_with": [409]},
        {"refuse_with": [401]},
        {"lose_answers": 3},
        {"raw_answers": [b""]},
        {"raw_answers": [b"<html>"]},
        {"raw_answers": [b"[]"]},
        {"raw_answers": [b"[" * 100_000]},
        {"raw_answers": [b'{"id": 7}'] * 2},
        {"raw_answers": [b" " * 5_000_000]},
        {"redirect_to": "https://elsewhere.example.org/"},
    ],
    ids=str,
)
async def test_nonsense_is_no_news(desk: StripeDesk, faults: dict[str, object]) -> None:
    """Whatever the network does to an answer, the state of an order is unknown then."""
    order = await page_of(desk, desk.order())
    desk.stripe.pay(desk.session_of(order))
    with desk.stripe.failing(**faults):
        assert isinstance(await desk.provider.query(order), Unknown)
    assert isinstance(await desk.provider.query(order), Paid)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 407])
async def test_somebody_in_between_refuses_nothing(desk: StripeDesk, status: int) -> None:
    """What a proxy says ends no order, and blames no key."""
    with desk.stripe.failing(pages_with=[status] * 2):
        with pytest.raises(RetryableError, match="stripe_unreachable"):
            await desk.provider.create(desk.order())
        with pytest.raises(RetryableError, match="stripe_unreachable"):
            await desk.provider.try_out()


async def test_lists_of_something_else(desk: StripeDesk) -> None:
    """A list is of objects, or nobody knows what is missing from it."""
    for page in (b'{"data": [7], "has_more": true}', b'{"data": [{"id": "x"}, null]}'):
        with desk.stripe.failing(raw_answers=[page]):
            state = await desk.provider.query(desk.order())
        assert isinstance(state, Unknown)
        assert "not a list" in state.reason


async def test_nobody_listens(desk: StripeDesk) -> None:
    """A gateway that is down is asked again later."""
    order = desk.order()
    assert desk.stripe._runner is not None
    await desk.stripe._runner.cleanup()
    with pytest.raises(RetryableError, match="stripe_unreachable"):
        await desk.provider.create(order)
    assert isinstance(await desk.provider.query(order), Unknown)
    assert isinstance(await desk.provider.close(order), Unknown)


async def test_settings_are_tried_out(desk: StripeDesk) -> None:
    """A key that Stripe does not know, or that may not enough, is told apart; nothing is made."""
    await desk.provider.try_out()
    with desk.stripe.failing(refuse_with=[403]), pytest.raises(RejectedError, match="too_weak"):
        await desk.provider.try_out()
    desk.stripe.secret_key = desk.stripe.secret_key[::-1]
    with pytest.raises(RejectedError, match="stripe_key_refused") as refusal:
        await desk.provider.try_out()
    assert "sk_" not in str(refusal.value)
    assert {verb for verb, _ in desk.stripe.asked} == {"GET"}


async def test_kept_means_are_charged(desk: StripeDesk) -> None:
    """What a payer agreed to keep is charged while nobody is there, once for an order."""
    kept = await page_of(desk, desk.order(keep_means=True))
    desk.stripe.pay(desk.session_of(kept))
    paid = await desk.provider.query(kept)
    assert isinstance(paid, Paid)
    assert paid.means
    order = desk.order("20", method=Method.AUTOMATIC, means=paid.means)
    with desk.stripe.failing(lose_posts=1), pytest.raises(RetryableError):
        await desk.provider.create(order)
    told = await desk.provider.query(order)
    assert isinstance(told, Paid)
    checkout = await desk.provider.create(order)
    assert checkout == Charged(payment=told)
    assert told.amount == order.amount
    assert len(desk.stripe.intents) == 2


@pytest.mark.parametrize("why", ["insufficient_funds", "authentication_required"])
async def test_declined_means(desk: StripeDesk, why: str) -> None:
    """A card that is declined ends the order, and nothing can be charged for it any more."""
    kept = await page_of(desk, desk.order(keep_means=True))
    desk.stripe.pay(desk.session_of(kept))
    paid = await desk.provider.query(kept)
    assert isinstance(paid, Paid)
    order = desk.order(method=Method.AUTOMATIC, means=paid.means)
    with desk.stripe.failing(decline=why), pytest.raises(RejectedError, match=why):
        await desk.provider.create(order)
    state = await desk.provider.query(order)
    assert state == Unpaid(order_id=order.id, is_final=True, reason=why)
    assert isinstance(await desk.provider.close(order), Unpaid)
    assert list(desk.stripe.intents.values())[-1]["status"] == "canceled"


async def test_charge_that_was_never_made(desk: StripeDesk) -> None:
    """An old charge that Stripe does not know is given up, not made."""
    kept = await page_of(desk, desk.order(keep_means=True))
    desk.stripe.pay(desk.session_of(kept))
    paid = await desk.provider.query(kept)
    assert isinstance(paid, Paid)
    order = desk.order(method=Method.AUTOMATIC, means=paid.means)
    assert await desk.provider.query(order) == Unpaid(
        order_id=order.id, is_final=False, reason="not there"
    )
    desk.clock.move(hours=24)
    with pytest.raises(RejectedError, match="too old"):
        await desk.provider.create(order)
    closed = await desk.provider.close(order)
    assert isinstance(closed, Unpaid)
    assert closed.is_final
    assert len(desk.stripe.intents) == 1


async def test_clocks_that_differ(desk: StripeDesk) -> None:
    """A charge is found by its order whatever our clock or Stripe's says: else it came twice."""
    kept = await page_of(desk, desk.order(keep_means=True))
    desk.stripe.pay(desk.session_of(kept))
    paid = await desk.provider.query(kept)
    assert isinstance(paid, Paid)
    order = desk.order(method=Method.AUTOMATIC, means=paid.means)
    ahead = int(desk.clock.at.timestamp()) + 5 * 3600
    desk.stripe.now = lambda: ahead
    with desk.stripe.failing(lose_posts=1), pytest.raises(RetryableError):
        await desk.provider.create(order)
    desk.clock.move(minutes=16)
    assert isinstance(await desk.provider.close(order), Paid)


async def test_what_a_charge_needs(desk: StripeDesk) -> None:
    """Without a kept means, or an address to come back to, nothing is asked."""
    with pytest.raises(InvalidInputError, match="means_missing"):
        desk.order(method=Method.AUTOMATIC)
    with pytest.raises(InvalidInputError, match="return_address_missing"):
        desk.provider.parameters(desk.order(), Payer(method=Method.REDIRECT))
    assert desk.stripe.asked == []
