"""Orders, payments and refunds by our client, against the gateway over real HTTP."""

from custom_components.compere_prepaid.core.ledger.payment_rows import Method
from custom_components.compere_prepaid.core.payment.provider import (
    Jsapi,
    Paid,
    Qr,
    Redirect,
    Unpaid,
)
from tests.adapters.payment.shop import YUAN, Shop


async def test_a_payment_from_order_to_notice_and_query(shop: Shop) -> None:
    """The notice and the query tell the same payment, which is what was ordered."""
    order, checkout = await shop.ordered("50")
    assert isinstance(checkout, Redirect)
    before = await shop.provider.query(order)
    assert before == Unpaid(order_id=order.id, is_final=False, reason="NOTPAY")
    assert await shop.gateway.pay(order.id)
    await shop.gateway.settled()
    (notice,) = shop.notices
    paid = await shop.provider.query(order)
    assert isinstance(paid, Paid)
    assert notice.news == paid
    assert (paid.order_id, paid.amount, paid.currency) == (order.id, YUAN.parse("50"), "CNY")
    assert (paid.txn, paid.foreign) == (shop.gateway.transaction_of(order.id), "")
    assert paid.day == shop.provider.today(shop.clock.now())


async def test_each_way_to_pay(shop: Shop) -> None:
    """Inside WeChat, in another browser, by a code."""
    checkouts = {method: (await shop.ordered("1", method))[1] for method in shop.provider.methods}
    assert {method: type(checkout) for method, checkout in checkouts.items()} == {
        Method.JSAPI: Jsapi,
        Method.REDIRECT: Redirect,
        Method.QR: Qr,
    }
