"""WeChat's daily trade bill: a packed CSV with Chinese headings, amounts in yuan, China's time.

Every cell begins with a backtick; below the lines stands a summary with headings of its own. The
fee of a payment is on the bill and nowhere else. (Layout: "Trade bill", bill type ALL; the columns
are found by their headings, so more of them or another order do no harm.)
"""

import asyncio
from collections.abc import Mapping
import csv
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
import hashlib
import hmac
import io
import zlib

from ....core.ledger.payment_rows import BillKind
from ....core.money.amount import MAX_AMOUNT, Amount, Currency
from ....core.payment.provider import BillEntry, Paid
from .client import FILE_LIMIT
from .reading import CHINA, foreign
from .verifying import Doubt, NotGenuineError

TIME, APPID, MCHID = "交易时间", "公众账号ID", "商户号"
TXN, ORDER, STATE, CURRENCY = "微信订单号", "商户订单号", "交易状态", "货币种类"
SETTLED, REFUND, REFUND_SETTLED = "应结订单金额", "商户退款单号", "退款金额"
REFUND_STATE, FEE, TOTAL, REFUND_TOTAL = "退款状态", "手续费", "订单金额", "申请退款金额"
SUMMARY = "总交易单数"

_NEEDED = frozenset(
    {TIME, APPID, MCHID, TXN, ORDER, STATE, CURRENCY, SETTLED}
    | {REFUND, REFUND_SETTLED, REFUND_STATE, FEE, TOTAL, REFUND_TOTAL}
)
_PAID = "SUCCESS"
_RETURNED = frozenset({"REFUND", "REVOKED"})
_FAILED = frozenset({"FAIL", "CHANGE"})


async def unpacked(packed: bytes, hash_type: str, hash_value: str) -> str:
    """Return a bill's text; raises `NotGenuineError` if it is damaged or its hash is wrong.

    The hash is of the unpacked file, SHA-1 in hexadecimal.
    """
    return await asyncio.to_thread(_unpack, packed, hash_type, hash_value)


def _unpack(packed: bytes, hash_type: str, hash_value: str) -> str:
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        data = reader.decompress(packed, FILE_LIMIT)
        text = data.decode("utf-8-sig")
    except zlib.error, UnicodeDecodeError:
        raise NotGenuineError(Doubt.CONTENT) from None
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    is_same = hmac.compare_digest(digest.encode(), hash_value.lower().encode())
    if not reader.eof or hash_type != "SHA1" or not is_same:
        raise NotGenuineError(Doubt.SIGNATURE)
    return text


def read_bill(text: str, *, mchid: str, appid: str, currency: Currency) -> list[BillEntry]:
    """Return the lines of a bill; raises `NotGenuineError` if any cannot be understood."""
    rows = csv.reader(io.StringIO(text, newline=""))
    headings = [_plain(cell) for cell in next(rows, [])]
    if not set(headings) >= _NEEDED:
        raise NotGenuineError(Doubt.CONTENT)
    entries = list[BillEntry]()
    for row in rows:
        cells = [_plain(cell) for cell in row]
        if cells and cells[0] == SUMMARY:
            return entries
        if len(cells) != len(headings):
            raise NotGenuineError(Doubt.CONTENT)
        line = dict(zip(headings, cells, strict=True))
        if line[REFUND_STATE] not in _FAILED:
            entries.append(_entry(line, mchid=mchid, appid=appid, currency=currency))
    raise NotGenuineError(Doubt.CONTENT)  # without its summary it was cut off


def _entry(line: Mapping[str, str], *, mchid: str, appid: str, currency: Currency) -> BillEntry:
    """Read a line. What WeChat keeps is its fee and what a coupon took off, if it does not pay it.

    Of a refund both are given back, and stand there below zero.
    """
    try:
        at = datetime.strptime(line[TIME], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        raise NotGenuineError(Doubt.CONTENT) from None
    fee = _amount(line[FEE], currency)
    paid_at = at.astimezone(UTC)
    if line[STATE] in _RETURNED:
        amount = _amount(line[REFUND_TOTAL], currency)
        kept = amount - _amount(line[REFUND_SETTLED], currency)
        return BillEntry(
            kind=BillKind.REFUND,
            ref=_named(line[REFUND]),
            order_id=line[ORDER],
            amount=amount,
            fee=Amount(abs(fee) + kept),
            currency=_named(line[CURRENCY]),
            at=paid_at,
        )
    if line[STATE] != _PAID:
        raise NotGenuineError(Doubt.CONTENT)
    amount = _amount(line[TOTAL], currency)
    named = _named(line[CURRENCY])
    return BillEntry(
        kind=BillKind.PAYMENT,
        ref=_named(line[TXN]),
        order_id=line[ORDER],
        amount=amount,
        fee=Amount(fee + amount - _amount(line[SETTLED], currency)),
        currency=named,
        at=paid_at,
        payment=Paid(
            txn=line[TXN],
            order_id=line[ORDER],
            amount=amount if named == currency.code else None,
            currency=named,
            paid_at=paid_at,
            day=at.date(),
            foreign=foreign(line[MCHID], line[APPID], mchid=mchid, appid=appid),
        ),
    )


def _plain(cell: str) -> str:
    return cell.strip().removeprefix("`").strip()


def _named(cell: str) -> str:
    if not 0 < len(cell) <= 64:
        raise NotGenuineError(Doubt.CONTENT)
    return cell


def _amount(cell: str, currency: Currency) -> Amount:
    """Return an amount of a bill, which may have more digits than people pay (fees do)."""
    try:
        number = Decimal(cell) if cell.isascii() and len(cell) <= 24 else Decimal("NaN")
        amount = number.scaleb(currency.scale)
        whole = int(amount)
    except DecimalException, ValueError, OverflowError:
        raise NotGenuineError(Doubt.CONTENT) from None
    if whole != amount or abs(whole) >= MAX_AMOUNT:
        raise NotGenuineError(Doubt.CONTENT)
    return Amount(whole)
