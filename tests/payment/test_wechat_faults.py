"""Everything that a gateway can do wrong, done to a running site by the bundled one.

One trial site stands all of it, row by row: a row orders and pays as tenants do, and whatever the
gateway does in between, the account has each payment exactly once in the end, and the checker finds
nothing. A notice is sent by hand where it matters when it comes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.faults import Faults
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    OrderState,
    PaymentSource,
    PayOrder,
    ProviderRefundState,
    ProviderTxn,
    TxnVerdict,
)
from custom_components.compere_prepaid.core.payment.provider import RetryableError
from custom_components.compere_prepaid.core.payment.reconciling import FaultKind
from custom_components.compere_prepaid.core.payment.refunding import RefundRequest
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.payment.trial_site import KEY, Trial, trial_site
from tests.site_fixtures import one_line_mall

SHOP, AMOUNT = "A-101", "50"
OTHERS = ("A-102", "A-103", "A-104", "A-105", "A-106")
"""Whose orders stay open: what was paid is not theirs."""


async def of_order(trial: Trial, order: PayOrder) -> list[ProviderTxn]:
    """Return the payments of an order."""
    return [txn for txn in await trial.payments() if txn.order_id == order.id]


async def is_credited_once(trial: Trial, order: PayOrder, source: PaymentSource | None) -> None:
    """Check that an order is paid and credited, once, and who told of it first."""
    (payment,) = await of_order(trial, order)
    assert payment.verdict is TxnVerdict.CREDITED
    assert source is None or payment.source is source
    known = await trial.known(order.id)
    assert (known.state, known.paid_txn) == (OrderState.PAID, payment.txn)


async def is_not_credited(trial: Trial, order: PayOrder) -> None:
    """Check that nothing came of an order so far."""
    assert await of_order(trial, order) == []
    assert (await trial.known(order.id)).state is not OrderState.PAID


async def paid_silently(trial: Trial, shop: str = SHOP) -> PayOrder:
    """Order and pay, and have nothing told."""
    trial.faults.silent = True
    order = await trial.ordered(shop, AMOUNT)
    assert await trial.gateway.pay(order.id)
    return order


async def duplicates(trial: Trial) -> int:
    """Send the same notice 2, 5 and 20 times at once, and again."""
    for copies in (2, 5, 20):
        order = await paid_silently(trial)
        trial.faults.copies = copies
        assert await trial.gateway.tell(order.id) == [204] * copies
        assert await trial.gateway.tell(order.id) == [204] * copies
        await is_credited_once(trial, order, PaymentSource.NOTICE)
    return 3


async def no_notice(trial: Trial) -> int:
    """Send none: the page says that it paid, and the query credits."""
    order = await paid_silently(trial)
    checked = await trial.site.payments.async_check(order.id)
    assert checked.state is OrderState.PAID
    await is_credited_once(trial, order, PaymentSource.QUERY)
    assert await trial.gateway.tell(order.id) == [204]
    await is_credited_once(trial, order, PaymentSource.QUERY)
    return 1


async def notice_before_the_answer(trial: Trial) -> int:
    """Send it before the order's own answer: it is credited by then."""
    trial.faults.notice_first = True
    order = await trial.ordered(SHOP, AMOUNT)
    assert trial.gateway.deliveries[-1].status == 204
    await is_credited_once(trial, order, PaymentSource.NOTICE)
    return 1


async def payment_after_closing(trial: Trial) -> int:
    """Late money wins: the order was closed on both sides."""
    trial.faults.silent = True
    order = await trial.ordered(SHOP, AMOUNT)
    await trial.site.payments.watcher.close(order.id)
    assert (await trial.known(order.id)).state is OrderState.CLOSED
    assert not await trial.gateway.pay(order.id)
    assert await trial.gateway.pay(order.id, late=True)
    assert await trial.gateway.tell(order.id) == [204]
    await is_credited_once(trial, order, PaymentSource.NOTICE)
    return 1


async def payment_while_closing(trial: Trial) -> int:
    """Pay while it is closed: that fails, and the question after it finds the money."""
    trial.faults.silent = trial.faults.pay_while_closing = True
    order = await trial.ordered(SHOP, AMOUNT)
    await trial.site.payments.watcher.close(order.id)
    await is_credited_once(trial, order, PaymentSource.QUERY)
    return 1


async def refund_before_payment(trial: Trial) -> int:
    """Tell of a refund made in the console before the payment: that is credited still."""
    order = await paid_silently(trial)
    number = f"console-{order.id}"
    await trial.gateway.refund(order.id, 1000, number)
    assert await trial.gateway.tell(number) == [204]
    await is_not_credited(trial, order)
    assert await trial.gateway.tell(order.id) == [204]  # says REFUND by now
    await is_credited_once(trial, order, PaymentSource.NOTICE)
    return 1


async def refused_then_genuine(trial: Trial) -> int:
    """Notices that are not to be believed: refused, nothing credited; the genuine one is taken."""
    wrong: list[Callable[[Faults], None]] = [
        lambda faults: setattr(faults, "probes", 1),
        lambda faults: setattr(faults, "serial", "0123456789ABCDEF"),
        lambda faults: setattr(faults, "serial", "PUB_KEY_ID_0"),
        lambda faults: setattr(faults, "strange_key", True),
        lambda faults: setattr(faults, "by_certificate", True),
        lambda faults: setattr(faults, "age_s", 301),
        lambda faults: setattr(faults, "age_s", -301),
        lambda faults: setattr(faults, "ciphertext", "truncated"),
        lambda faults: setattr(faults, "ciphertext", "flipped"),
        lambda faults: setattr(faults, "told", {"amount.total": "5000"}),
        lambda faults: setattr(faults, "told", {"success_time": "yesterday"}),
    ]
    for spoil in wrong:
        order = await paid_silently(trial)
        spoil(trial.faults)
        assert await trial.gateway.tell(order.id) == [400]
        await is_not_credited(trial, order)
        reset(trial.faults)
        assert await trial.gateway.tell(order.id) == [204]
        await is_credited_once(trial, order, PaymentSource.NOTICE)
    return len(wrong)


async def no_associated_data(trial: Trial) -> int:
    """Empty and absent are the same."""
    for data in ("", None):
        order = await paid_silently(trial)
        trial.faults.associated_data = data
        assert await trial.gateway.tell(order.id) == [204]
        await is_credited_once(trial, order, PaymentSource.NOTICE)
    return 2


async def other_than_ordered(trial: Trial) -> int:
    """Another amount goes to suspense, what cannot be ours is remembered; all are acknowledged."""
    cases: list[tuple[dict[str, object], TxnVerdict]] = [
        ({"amount.total": 4999}, TxnVerdict.SUSPENSE),
        ({"out_trade_no": "NOBODYORDEREDTHIS"}, TxnVerdict.SUSPENSE),
        ({"amount.currency": "HKD"}, TxnVerdict.FOREIGN),
        ({"mchid": "1999999999"}, TxnVerdict.FOREIGN),
        ({"appid": "wx0000000000000000"}, TxnVerdict.FOREIGN),
    ]
    for shop, (told, verdict) in zip(OTHERS, cases, strict=True):
        before = trial.balance(shop)
        order = await paid_silently(trial, shop)
        trial.faults.told = told
        assert await trial.gateway.tell(order.id) == [204]
        (payment,) = [
            txn
            for txn in await trial.payments()
            if txn.txn == trial.gateway.transaction_of(order.id)
        ]
        assert payment.verdict is verdict
        assert trial.balance(shop) == before
    return len(cases)


async def lost_answer(trial: Trial) -> int:
    """Lose the answer to an order: asked again with the same key it is the same one."""
    trial.faults.silent, trial.faults.lost_answers = True, 1
    with pytest.raises(RetryableError):
        await trial.ordered(SHOP, AMOUNT, key="lost")
    order = await trial.ordered(SHOP, AMOUNT, key="lost")
    assert await trial.gateway.pay(order.id)
    assert await trial.gateway.tell(order.id) == [204]
    await is_credited_once(trial, order, PaymentSource.NOTICE)
    return 1


async def busy_gateway(trial: Trial) -> int:
    """500, 502, 503 and 429, when ordering and when asking: nothing changes, again is fine."""
    statuses = (500, 502, 503, 429)
    for status in statuses:
        trial.faults.silent, trial.faults.statuses = True, [status]
        with pytest.raises(RetryableError):
            await trial.ordered(SHOP, AMOUNT, key=f"busy-{status}")
        order = await trial.ordered(SHOP, AMOUNT, key=f"busy-{status}")
        assert await trial.gateway.pay(order.id)
        trial.faults.statuses = [status]
        assert (await trial.site.payments.watcher.ask(order)).state is OrderState.OPEN
        assert (await trial.site.payments.watcher.ask(order)).state is OrderState.PAID
        await is_credited_once(trial, order, PaymentSource.QUERY)
    return 2 * len(statuses)


async def slow_gateway(trial: Trial) -> int:
    """Answers that trickle are waited for."""
    order = await paid_silently(trial)
    trial.faults.slow_answers_s = 0.5
    assert (await trial.site.payments.async_check(order.id)).state is OrderState.PAID
    await is_credited_once(trial, order, PaymentSource.QUERY)
    return 1


async def payer_takes_long(trial: Trial) -> int:
    """Paying for minutes: asked, asked to close, still open; then it is paid."""
    trial.faults.silent = trial.faults.user_paying = True
    order = await trial.ordered(SHOP, AMOUNT)
    assert (await trial.site.payments.watcher.ask(order)).state is OrderState.OPEN
    await trial.site.payments.watcher.close(order.id)
    assert (await trial.known(order.id)).state is OrderState.CLOSING
    assert await trial.gateway.pay(order.id)
    assert await trial.gateway.tell(order.id) == [204]
    await is_credited_once(trial, order, PaymentSource.NOTICE)
    return 1


async def large_notice(trial: Trial) -> int:
    """Send a mebibyte: it is not read, and the query does not need it."""
    order = await paid_silently(trial)
    trial.faults.notice_size = 1024 * 1024
    (status,) = await trial.gateway.tell(order.id)
    assert status in {0, 413}  # refused, or cut off while it was still being sent
    await is_not_credited(trial, order)
    await trial.site.payments.async_check(order.id)
    await is_credited_once(trial, order, PaymentSource.QUERY)
    return 1


async def slow_notice(trial: Trial) -> int:
    """One that trickles in is cut off, and nobody else waits for it."""
    order, other = await paid_silently(trial), await paid_silently(trial)
    trial.faults.slow_notices_s = 20.0
    slow = asyncio.create_task(trial.gateway.tell(order.id))
    await asyncio.sleep(0)  # it has begun, as slow as it is to be
    reset(trial.faults)
    assert await trial.gateway.tell(other.id) == [204]
    (status,) = await slow
    assert status in {0, 400, 408}
    await is_not_credited(trial, order)
    assert await trial.gateway.tell(order.id) == [204]
    await is_credited_once(trial, order, PaymentSource.NOTICE)
    return 1


async def abnormal_refund(trial: Trial) -> int:
    """Leave it to a person: the money stays set aside, and asking again changes nothing."""
    order = await paid_silently(trial)
    await trial.gateway.tell(order.id)
    (payment,) = await of_order(trial, order)
    before = trial.balance(SHOP)
    trial.faults.refund_state = "ABNORMAL"
    request = RefundRequest(
        account=SHOP,
        amount=trial.site.currency.parse("20"),
        provider=KEY,
        txn=payment.txn,
        reference="abnormal",
        reason="paid twice",
    )
    row = await trial.site.daily.refunds.refund(request)
    await trial.gateway.tell(row.id)
    again = await trial.site.daily.refunds.refund(request)
    assert again.state is ProviderRefundState.ABNORMAL
    assert again.amount == request.amount
    assert Decimal(before) - Decimal(trial.balance(SHOP)) == 20
    return 1


ROWS: list[Callable[[Trial], Awaitable[int]]] = [
    duplicates,
    no_notice,
    notice_before_the_answer,
    payment_after_closing,
    payment_while_closing,
    refund_before_payment,
    refused_then_genuine,
    no_associated_data,
    other_than_ordered,
    lost_answer,
    busy_gateway,
    slow_gateway,
    payer_takes_long,
    large_notice,
    slow_notice,
    abnormal_refund,
]


def reset(faults: Faults) -> None:
    """Switch every fault off, but for the silence of notices that are sent by hand."""
    fresh = Faults(silent=True)
    for each in fields(Faults):
        setattr(faults, each.name, getattr(fresh, each.name))


async def bills(trial: Trial, mall: Mall) -> int:
    """Read the next day's bill: damaged, with a line too many, and one too few."""
    assert isinstance(mall.clock, ManualClock)
    day = trial.provider.today(trial.site.clock.now())
    missing = next(txn for txn in await trial.payments() if txn.verdict is TxnVerdict.CREDITED)
    unheard = await paid_silently(trial)
    await is_not_credited(trial, unheard)
    mall.clock.advance(hours=24)
    trial.faults.bill_hash_wrong = True
    with pytest.raises(RetryableError, match="wechat_bill_damaged"):
        await trial.site.daily.async_reconcile(trial.provider, day)
    await is_not_credited(trial, unheard)
    trial.faults.bill_hash_wrong = False
    trial.faults.bill_extra = [("NEVERORDEREDATALL", 1234)]
    trial.faults.bill_missing = {missing.order_id}
    laid = await trial.site.daily.async_reconcile(trial.provider, day)
    await is_credited_once(trial, unheard, PaymentSource.BILL)
    unbilled = [fault.ref for fault in laid.faults if fault.kind is FaultKind.UNBILLED]
    assert missing.txn in unbilled
    extra = [txn for txn in await trial.payments() if txn.order_id == "NEVERORDEREDATALL"]
    assert [txn.verdict for txn in extra] == [TxnVerdict.SUSPENSE]
    return 3


async def test_every_fault(
    hass: HomeAssistant,
    socket_enabled: None,
    tmp_path: Path,
    subtests: pytest.Subtests,
    figure: Callable[[str], None],
) -> None:
    """Row by row, on one site; what tenants paid is on their accounts to the fen in the end."""
    faults = 0
    async with (
        one_line_mall(6) as mall,
        trial_site(hass, mall, tmp_path) as trial,
        trial.site._ticking,  # the clock would ask for orders in the middle of a row
    ):
        for row in ROWS:
            with subtests.test(row.__name__):
                reset(trial.faults)
                faults += await row(trial)
        reset(trial.faults)
        with subtests.test("bills"):
            faults += await bills(trial, mall)
        payments = await trial.payments()
        credited = [txn for txn in payments if txn.verdict is TxnVerdict.CREDITED]
        found = await trial.site.async_verify()
        assert found.ok, found
        figure(
            f"wechat: {faults} faults of the gateway in {len(ROWS) + 1} rows, "
            f"{len(credited)} payments credited, each once, the checker finds nothing"
        )
