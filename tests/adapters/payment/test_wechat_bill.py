"""The daily bill: as WeChat lays it out, and as the gateway serves it."""

from datetime import UTC, date, datetime, timedelta
import gzip
import hashlib
from pathlib import Path
import threading
from typing import Any

import pytest

from custom_components.compere_prepaid.adapters.payment.wechat import provider
from custom_components.compere_prepaid.adapters.payment.wechat.bill import read_bill, unpacked
from custom_components.compere_prepaid.adapters.payment.wechat.verifying import NotGenuineError
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    BillKind,
    ProviderRefund,
    ProviderRefundState,
)
from custom_components.compere_prepaid.core.payment.provider import (
    BillEntry,
    BillMissingError,
    RefundOutcome,
    RejectedError,
    RetryableError,
)
from tests.adapters.payment.shop import YUAN, Shop
from tests.core.prepayment.desk import HandClock

HEADINGS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
    "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
    "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
    "费率备注"
)
PAYMENT = (
    "`2026-11-25 23:59:59,`wx01,`1900009191,`0,`,`4200000000202611250000000001,`01JD01,`oPayer,"
    "`H5,`SUCCESS,`OTHERS,`CNY,`50.00,`0.00,`0,`0,`0.00,`0.00,`,`,`电费,`,`0.30000,`0.60%,"
    "`50.00,`0.00,`"
)
WITH_COUPON = PAYMENT.replace("`50.00,`0.00,`0,`0,", "`45.00,`5.00,`0,`0,")
REFUND = (
    "`2026-11-25 12:00:00,`wx01,`1900009191,`0,`,`4200000000202611250000000001,`01JD01,`oPayer,"
    "`H5,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50300001,`R1,`20.00,`0.00,`ORIGINAL,`SUCCESS,`电费,`,"
    "`-0.12000,`0.60%,`0.00,`20.00,`"
)
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
    "\r\n`1,`50.00,`0.00,`0.00,`0.30,`50.00,`0.00\r\n"
)


def bill(*lines: str, headings: str = HEADINGS, summary: str = SUMMARY) -> list[BillEntry]:
    """Read a bill of these lines."""
    text = "\r\n".join((headings, *lines, "")) + summary
    return read_bill(text, mchid="1900009191", appid="wx01", currency=YUAN)


def test_a_payment() -> None:
    """Its day is China's; its fee may have more digits than a fen."""
    (entry,) = bill(PAYMENT)
    assert (entry.kind, entry.ref) == (BillKind.PAYMENT, "4200000000202611250000000001")
    assert (entry.amount, entry.fee) == (YUAN.parse("50"), YUAN.parse("0.3"))
    assert entry.at == datetime(2026, 11, 25, 15, 59, 59, tzinfo=UTC)
    assert entry.payment is not None
    assert entry.payment.day == date(2026, 11, 25)
    assert (entry.payment.order_id, entry.payment.foreign) == ("01JD01", "")
    (fine,) = bill(PAYMENT.replace("0.30000", "0.00600"))
    assert fine.fee == 6_000_000


def test_what_a_coupon_takes_is_kept_like_a_fee() -> None:
    """The tenant has the whole amount, the merchant gets what is left."""
    (entry,) = bill(WITH_COUPON)
    assert (entry.amount, entry.fee) == (YUAN.parse("50"), YUAN.parse("5.3"))


def test_a_refund() -> None:
    """It has our number, and gives its fee back; one that failed is no refund."""
    (entry,) = bill(REFUND)
    assert (entry.kind, entry.ref, entry.payment) == (BillKind.REFUND, "R1", None)
    assert (entry.amount, entry.fee) == (YUAN.parse("20"), YUAN.parse("0.12"))
    assert bill(REFUND.replace("`SUCCESS", "`FAIL")) == []


def test_payments_of_others_are_told_apart() -> None:
    """Another merchant's or application's are foreign, another currency's have no amount."""
    other, app, currency = bill(
        PAYMENT.replace("1900009191", "1900009192"),
        PAYMENT.replace("wx01", "wx02"),
        PAYMENT.replace("`CNY", "`HKD"),
    )
    assert other.payment is not None
    assert app.payment is not None
    assert currency.payment is not None
    assert other.payment.foreign == "mchid 1900009192"
    assert app.payment.foreign == "appid wx02"
    assert (currency.payment.amount, currency.currency) == (None, "HKD")


def test_columns_are_found_by_their_headings() -> None:
    """Their order, and columns that are new, do no harm; an empty day has no lines."""
    headings, cells = HEADINGS.split(","), PAYMENT.split(",")
    turned = bill(",".join(["`x", *cells[::-1]]), headings=",".join(["新列", *headings[::-1]]))
    assert turned == bill(PAYMENT)
    assert bill() == []


@pytest.mark.parametrize(
    "line",
    [
        PAYMENT.replace("`50.00,`0.00,`", "`x,`0.00,`"),
        PAYMENT.replace("0.30000", "NaN"),
        PAYMENT.replace("0.30000", "1e400"),
        PAYMENT.replace("0.30000", "0.0000000001"),
        PAYMENT.replace("0.30000", "٣"),
        PAYMENT.replace("2026-11-25", "2026-02-30"),
        PAYMENT.replace("`SUCCESS", "`WHATEVER"),
        PAYMENT.replace("`4200000000202611250000000001", "`"),
        PAYMENT + ",`more",
        "`short",
    ],
)
def test_lines_that_cannot_be_understood(line: str) -> None:
    """A bill is read whole or not at all."""
    with pytest.raises(NotGenuineError):
        bill(PAYMENT, line)


def test_a_bill_that_was_cut_off() -> None:
    """Without its summary nobody knows how much is missing."""
    with pytest.raises(NotGenuineError):
        bill(PAYMENT, summary="")
    with pytest.raises(NotGenuineError):
        bill(headings="交易时间,商户号")
    with pytest.raises(NotGenuineError):
        read_bill("", mchid="1", appid="wx01", currency=YUAN)


async def test_unpacking() -> None:
    """The hash is of the unpacked file; what is damaged, cut or of another hash is refused."""
    data = f"\ufeff{HEADINGS}\r\n".encode()
    packed, digest = gzip.compress(data), hashlib.sha1(data, usedforsecurity=False).hexdigest()
    assert (await unpacked(packed, "SHA1", digest.upper())).startswith("交易时间")
    for file, kind, value in (
        (packed, "SHA1", digest[::-1]),
        (packed, "MD5", digest),
        (packed[:-9], "SHA1", digest),
        (packed[:10] + b"\xff" + packed[11:], "SHA1", digest),
        (data, "SHA1", digest),
        (b"", "SHA1", digest),
    ):
        with pytest.raises(NotGenuineError):
            await unpacked(file, kind, value)


async def fetched(shop: Shop, day: date) -> list[BillEntry]:
    """Return the lines of the gateway's bill."""
    return [entry async for entry in shop.provider.bill(day)]


async def test_the_gateways_bill(shop: Shop, clock: HandClock) -> None:
    """Payments and refunds of a day, with fees; a day without any has none."""
    first, second = await shop.paid("50"), await shop.paid("0.01")
    day = shop.provider.today(clock.now())
    refund = ProviderRefund(
        id="R0000001",
        provider="wechat",
        txn=shop.gateway.transaction_of(first.id),
        order_id=first.id,
        account=AccountNumber("A-101"),
        fund="electricity",
        amount=YUAN.parse("20"),
        reason="退款：多付了" * 20,
        user="",
        state=ProviderRefundState.RESERVED,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
    state = await shop.provider.refund(refund, first.amount)
    assert state.outcome is RefundOutcome.PROCESSING
    assert (await shop.provider.refund(refund, first.amount)).provider_ref == state.provider_ref
    assert (await shop.provider.query_refund(refund)).outcome is RefundOutcome.SUCCEEDED
    with pytest.raises(RetryableError, match="wechat_busy"):
        await fetched(shop, day)
    clock.forward(days=1)
    lines = {(entry.kind, entry.ref): entry for entry in await fetched(shop, day)}
    paid = lines[BillKind.PAYMENT, shop.gateway.transaction_of(first.id)]
    assert (paid.amount, paid.fee) == (YUAN.parse("50"), YUAN.parse("0.3"))
    given = lines[BillKind.REFUND, "R0000001"]
    assert (given.amount, given.fee) == (YUAN.parse("20"), YUAN.parse("0.12"))
    assert (BillKind.PAYMENT, shop.gateway.transaction_of(second.id)) in lines
    assert len(lines) == 3
    with pytest.raises(BillMissingError):
        await fetched(shop, day - timedelta(days=1))
    shop.gateway.faults.bill_hash_wrong = True
    with pytest.raises(RetryableError, match="wechat_bill_damaged"):
        await fetched(shop, day)


async def test_a_real_bill_is_not_asked_for_before_ten(shop: Shop, clock: HandClock) -> None:
    """WeChat would say that there is none, which is not the same as not yet."""
    provider = shop.with_settings(False)
    day = provider.today(clock.now())
    ready = datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=1)
    clock.time = ready - timedelta(seconds=1)
    with pytest.raises(RetryableError, match="wechat_bill_not_ready"):
        await anext(provider.bill(day))
    clock.time = ready
    with pytest.raises(BillMissingError):
        await anext(provider.bill(day))


async def test_refunds_that_are_refused(shop: Shop, clock: HandClock) -> None:
    """More than was paid is refused for good; a refusal without a signature is none."""
    order = await shop.paid("50")
    refund = ProviderRefund(
        id="R0000002",
        provider="wechat",
        txn=shop.gateway.transaction_of(order.id),
        order_id=order.id,
        account=AccountNumber("A-101"),
        fund="electricity",
        amount=YUAN.parse("50.01"),
        reason="x",
        user="",
        state=ProviderRefundState.RESERVED,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
    with pytest.raises(RejectedError, match="wechat_refund_no_money"):
        await shop.provider.refund(refund, order.amount)
    assert (await shop.provider.query_refund(refund)).outcome is RefundOutcome.MISSING
    stranger = shop.with_settings(merchant_serial="0" * 40)
    with pytest.raises(RetryableError, match="wechat_not_genuine"):
        await stranger.refund(refund, order.amount)
    assert (await stranger.query_refund(refund)).outcome is RefundOutcome.UNKNOWN


async def test_orders_survive_the_gateways_end(shop: Shop, tmp_path: Path) -> None:
    """What lies in its folder after a sudden end is read, but for a line that was cut off."""
    order = await shop.paid("50")
    file = tmp_path / "orders.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + b'["order",{"id":"half')
    again = await type(shop.gateway).start(tmp_path, YUAN)
    try:
        assert again.transaction_of(order.id) == shop.gateway.transaction_of(order.id)
        assert b"half" not in file.read_bytes()
    finally:
        await again.stop()


async def test_a_bill_is_read_beside_the_loop(
    shop: Shop, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else waits while a hundred thousand lines are understood."""
    order = await shop.paid()
    day = shop.provider.today(clock.now())
    clock.forward(days=1)
    readers: list[threading.Thread] = []

    def read(*args: Any, **options: Any) -> list[BillEntry]:
        readers.append(threading.current_thread())
        return read_bill(*args, **options)

    monkeypatch.setattr(provider, "read_bill", read)
    assert [entry.order_id async for entry in shop.provider.bill(day)] == [order.id]
    assert readers
    assert threading.current_thread() not in readers
