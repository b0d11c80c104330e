"""What a merchant may ask, checked as the published descriptions say."""

from datetime import datetime
from http import HTTPStatus
import ipaddress
import re
from typing import Any

from yarl import URL

from .keys import GatewayKeys


class MerchantFaultError(Exception):
    """The gateway refuses: an HTTP status, a word and a text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Remember all three."""
        self.status, self.code, self.message = status, code, message
        super().__init__(code)


_NUMBER = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_REFUND_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
_KINDS = {"jsapi": "JSAPI", "h5": "MWEB", "native": "NATIVE"}
_FIELDS = {
    *("appid", "mchid", "description", "out_trade_no", "time_expire", "attach", "notify_url"),
    *("goods_tag", "support_fapiao", "amount", "payer", "detail", "scene_info", "settle_info"),
}


def wrong(field: str) -> MerchantFaultError:
    """Return the refusal of a field."""
    return MerchantFaultError(HTTPStatus.BAD_REQUEST, "PARAM_ERROR", f"{field} is wrong")


def check_order(kind: str, asked: dict[str, Any], keys: GatewayKeys, currency: str) -> str:
    """Refuse an order that the real gateway would refuse; return its trade type."""
    if asked.get("mchid") != keys.mchid:
        raise MerchantFaultError(HTTPStatus.BAD_REQUEST, "MCH_NOT_EXISTS", "no such merchant")
    if asked.get("appid") != keys.appid:
        raise MerchantFaultError(HTTPStatus.BAD_REQUEST, "APPID_MCHID_NOT_MATCH", "not bound")
    if unknown := set(asked) - _FIELDS:
        raise wrong(min(unknown))
    _need(asked, "description", lambda text: 0 < len(text) <= 127)
    _need(asked, "out_trade_no", lambda text: _NUMBER.fullmatch(text) is not None)
    _need(asked, "notify_url", _is_notify_url)
    if "time_expire" in asked:
        _need(asked, "time_expire", _is_instant)
    _check_amount(asked.get("amount"), currency)
    if (kind == "jsapi") != ("payer" in asked):
        raise wrong("payer")
    if kind == "jsapi":
        _need(asked["payer"], "openid", lambda text: 0 < len(text) <= 128)
    if kind == "h5":
        _check_scene(asked.get("scene_info"))
    return _KINDS[kind]


def _check_amount(amount: Any, currency: str) -> None:
    if not isinstance(amount, dict) or set(amount) - {"total", "currency"}:
        raise wrong("amount")
    if type(amount.get("total")) is not int or amount["total"] < 1:
        raise wrong("amount.total")
    if amount.get("currency", "CNY") != currency:
        raise wrong("amount.currency")


def check_refund(asked: dict[str, Any]) -> tuple[str, int, int]:
    """Return number, amount and the payment's total of a refund that may be asked."""
    _need(asked, "out_refund_no", lambda text: _REFUND_NUMBER.fullmatch(text) is not None)
    if "reason" in asked:
        _need(asked, "reason", lambda text: 0 < len(text.encode()) <= 80)
    if "notify_url" in asked:
        _need(asked, "notify_url", _is_notify_url)
    amount = asked.get("amount")
    if not isinstance(amount, dict):
        raise wrong("amount")
    for name in ("refund", "total"):
        if type(amount.get(name)) is not int or amount[name] < 1:
            raise wrong(f"amount.{name}")
    return asked["out_refund_no"], amount["refund"], amount["total"]


def _check_scene(scene: Any) -> None:
    if not isinstance(scene, dict):
        raise wrong("scene_info")
    try:
        ipaddress.ip_address(scene.get("payer_client_ip", ""))
    except ValueError:
        raise wrong("scene_info.payer_client_ip") from None
    if (scene.get("h5_info") or {}).get("type") not in {"Wap", "iOS", "Android"}:
        raise wrong("scene_info.h5_info.type")


def _need(asked: Any, field: str, is_right: Any) -> None:
    """Refuse a field that is not text, or not right."""
    value = asked.get(field) if isinstance(asked, dict) else None
    if not isinstance(value, str) or not is_right(value):
        raise wrong(field)


def _is_notify_url(text: str) -> bool:
    """Tell whether notices can be sent there; here also unencrypted, which WeChat refuses."""
    try:
        url = URL(text)
    except ValueError:
        return False
    return (
        len(text) <= 255 and url.scheme in {"http", "https"} and "?" not in text and bool(url.host)
    )


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
