"""The gateway's daily bill: packed CSV in the layout of WeChat's trade bill, type ALL."""

import csv
from datetime import date, datetime
import gzip
import hashlib
import io
from typing import Any

from .orders import Order, Refund
from .state import GatewayState

HEADINGS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
    "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
    "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
    "费率备注"
)
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
FEE_PER_MILLE = 6


class Bills:
    """Writes bills from what is in the book."""

    def __init__(self, state: GatewayState) -> None:
        """Amounts are written in the currency's units."""
        self._book = state.book
        self._voice = state.voice
        self._faults = state.faults
        self._currency = state.currency

    def write(self, day: date) -> tuple[bytes, str] | None:
        """Return a day's packed bill and its hash; None if nothing happened on that day."""
        rows = [
            *(self._payment(order) for order in self._paid_on(day)),
            *(self._extra(number, total, day) for number, total in self._faults.bill_extra),
            *(self._refund(refund) for refund in self._refunded_on(day)),
        ]
        if not rows:
            return None
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(HEADINGS.split(","))
        writer.writerows([f"`{row.get(name, '')}" for name in HEADINGS.split(",")] for row in rows)
        writer.writerow(SUMMARY.split(","))
        writer.writerow([f"`{len(rows)}", *("`0.00" for _ in SUMMARY.split(",")[1:])])
        data = text.getvalue().encode("utf-8-sig")
        digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        return gzip.compress(data), digest[::-1] if self._faults.bill_hash_wrong else digest

    def _paid_on(self, day: date) -> list[Order]:
        return [
            order
            for order in self._book.orders.values()
            if order.success_time
            and datetime.fromisoformat(order.success_time).date() == day
            and order.id not in self._faults.bill_missing
        ]

    def _refunded_on(self, day: date) -> list[Refund]:
        return [
            refund
            for refund in self._book.refunds.values()
            if refund.success_time and datetime.fromisoformat(refund.success_time).date() == day
        ]

    def _row(self, at: str, order: Order) -> dict[str, Any]:
        return {
            "交易时间": datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M:%S"),
            "公众账号ID": self._voice.appid,
            "商户号": self._voice.mchid,
            "微信订单号": order.txn,
            "商户订单号": order.id,
            "用户标识": order.openid,
            "交易类型": order.trade_type,
            "付款银行": "OTHERS",
            "货币种类": order.currency,
            "代金券金额": self._text(0),
            "充值券退款金额": self._text(0),
            "商品名称": order.description,
            "费率": f"0.{FEE_PER_MILLE}0%",
        }

    def _payment(self, order: Order) -> dict[str, Any]:
        return self._row(order.success_time, order) | {
            "交易状态": "SUCCESS",
            "应结订单金额": self._text(order.total),
            "退款金额": self._text(0),
            "手续费": self._text(fee(order.total)),
            "订单金额": self._text(order.total),
            "申请退款金额": self._text(0),
        }

    def _extra(self, number: str, total: int, day: date) -> dict[str, Any]:
        """Return the line of a payment that nobody made."""
        order = Order(
            id=number,
            trade_type="NATIVE",
            request="",
            total=total,
            currency=self._currency.code,
            description="",
            notify_url="",
            expires_at="",
            txn=f"4200{number[-24:]}",
            success_time=f"{day}T12:00:00+08:00",
        )
        return self._payment(order)

    def _refund(self, refund: Refund) -> dict[str, Any]:
        order = self._book.orders[refund.order_id]
        return self._row(refund.success_time, order) | {
            "交易状态": "REFUND",
            "应结订单金额": self._text(0),
            "微信退款单号": refund.refund_id,
            "商户退款单号": refund.id,
            "退款金额": self._text(refund.amount),
            "退款类型": "ORIGINAL",
            "退款状态": "SUCCESS",
            "手续费": self._text(-fee(refund.amount)),
            "订单金额": self._text(0),
            "申请退款金额": self._text(refund.amount),
        }

    def _text(self, coins: int) -> str:
        """Write coins in units, e.g. 5000 as 50.00."""
        sign, coins = "-" if coins < 0 else "", abs(coins)
        if not (digits := self._currency.digits):
            return f"{sign}{coins}"
        units, rest = divmod(coins, 10**digits)
        return f"{sign}{units}.{rest:0{digits}}"


def fee(coins: int) -> int:
    """Return what the gateway keeps, rounded half up to a coin."""
    return (coins * FEE_PER_MILLE + 500) // 1000
