"""What a payer sees of the gateway: a page with two buttons, without any script.

Their browsers come to it from the tenants' page, so these routes are served beside it (below
`/sandbox/`) as well as by the gateway itself. Nobody is sent anywhere else than where they came
from: the place to return to must be of the same origin.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
import hashlib
from html import escape
from http import HTTPStatus
import json
import secrets
from typing import Any

from aiohttp import web
from yarl import URL

from .arithmetic import decoded, is_signed
from .state import PREFIX, GatewayState

_STYLE = (
    "body{font:1.25rem/1.5 system-ui,sans-serif;max-width:26rem;margin:0 auto;padding:1rem;"
    "color:#111;background:#fff}b{font-size:2.5rem;display:block}"
    "button{font:inherit;width:100%;min-height:3.5rem;margin:.5rem 0;border-radius:.5rem;"
    "border:2px solid #07602f;background:#07602f;color:#fff}"
    "button.no{background:#fff;color:#111;border-color:#555}"
    "p.note{border:2px dashed #8a4b00;padding:.5rem;border-radius:.5rem}"
    "a{color:#07602f}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#7bd9a3}"
    "button.no{background:#111;color:#eee}}"
)
_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Sandbox payment",
        "note": "This is for trying only and moves no money.",
        "about": "You are about to pay",
        "pay": "Pay",
        "cancel": "Cancel",
        "NOTPAY": "Nothing was paid.",
        "SUCCESS": "Paid.",
        "CLOSED": "This order is closed.",
        "back": "Back",
        "close": "You can close this page.",
        "gone": "There is no such order.",
    },
    "zh": {
        "title": "沙盒支付",
        "note": "仅供试用，不会产生真实扣款。",
        "about": "您即将支付",
        "pay": "支付",
        "cancel": "取消",
        "NOTPAY": "未支付。",
        "SUCCESS": "已支付。",
        "CLOSED": "该订单已关闭。",
        "back": "返回",
        "close": "您可以关闭此页面。",
        "gone": "没有该订单。",
    },
    "ms": {
        "title": "Pembayaran percubaan",
        "note": "Ini untuk percubaan sahaja dan tidak melibatkan wang sebenar.",
        "about": "Anda akan membayar",
        "pay": "Bayar",
        "cancel": "Batal",
        "NOTPAY": "Tiada bayaran dibuat.",
        "SUCCESS": "Telah dibayar.",
        "CLOSED": "Pesanan ini telah ditutup.",
        "back": "Kembali",
        "close": "Anda boleh menutup halaman ini.",
        "gone": "Tiada pesanan sedemikian.",
    },
}
_HTML_LANGUAGES = {"en": "en", "zh": "zh-Hans", "ms": "ms"}
_CODE_LASTS = timedelta(minutes=5)
_BRIDGE_OK = "get_brand_wcpay_request:ok"
_BRIDGE_FAIL = "get_brand_wcpay_request:fail"
_PATIENCE_S, _FORM_LIMIT, _BRIDGE_LIMIT = 5, 256, 4096
_COOKIE = "sandbox_openid"


type PayerRoute = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]
"""Method, path, and what serves it."""


class PayerPages:
    """Serves payers: the page, the bridge of WeChat's browser, and its login."""

    def __init__(self, state: GatewayState) -> None:
        """Nothing is served yet."""
        self._state = state
        self._codes: dict[str, tuple[str, datetime]] = {}

    def routes(self) -> list[PayerRoute]:
        """Return what browsers are served."""
        return [
            ("GET", f"{PREFIX}/pay/{{token}}", self._show),
            ("POST", f"{PREFIX}/pay/{{token}}", self._decide),
            ("POST", f"{PREFIX}/bridge", self._bridge),
            ("GET", f"{PREFIX}/login", self._log_in),
        ]

    async def exchange(self, request: web.Request) -> web.Response:
        """Return who came back with a code, to the merchant's machine (WeChat's own words)."""
        query = request.query
        code = query.get("code", "")
        openid, made_at = self._codes.get(code, ("", None))
        if query.get("appid") != self._state.keys.appid:
            data: dict[str, Any] = {"errcode": 40013, "errmsg": "invalid appid"}
        elif query.get("secret") != self._state.keys.app_secret:
            data = {"errcode": 40125, "errmsg": "invalid appsecret"}
        elif made_at is None or self._state.voice.now() - made_at > _CODE_LASTS:
            data = {"errcode": 40029, "errmsg": "invalid code"}
        else:
            del self._codes[code]
            data = {"access_token": "none", "expires_in": 7200, "openid": openid}
        return web.Response(text=json.dumps(data), content_type="text/plain")

    async def _show(self, request: web.Request) -> web.Response:
        texts, language = _texts(request)
        if (order := self._state.book.by_token(request.match_info["token"])) is None:
            return _page(language, texts, f"<p>{texts['gone']}</p>", HTTPStatus.NOT_FOUND)
        back = self._return_url(request.query.get("redirect_url", ""))
        state = order.state_at(self._state.voice.now())
        amount = self._shown_amount(order.total)
        content = f"<p>{texts['about']} <b>{amount}</b> {escape(order.description)}</p>"
        if state == "NOTPAY":
            content += (
                f'<form method="post" action="?{escape(request.query_string)}">'
                f'<button name="action" value="pay">{texts["pay"]}</button>'
                f'<button name="action" value="cancel" class="no">{texts["cancel"]}</button></form>'
            )
        else:
            content = f"<p><b>{amount}</b> {texts[state]}</p>"
        if back:
            content += f'<p><a href="{escape(back)}">{texts["back"]}</a></p>'
        return _page(language, texts, content)

    async def _decide(self, request: web.Request) -> web.Response:
        texts, language = _texts(request)
        if (order := self._state.book.by_token(request.match_info["token"])) is None:
            return _page(language, texts, f"<p>{texts['gone']}</p>", HTTPStatus.NOT_FOUND)
        if await _wants_to_pay(request):
            await self._state.pay(order)
        back = self._return_url(request.query.get("redirect_url", ""))
        if back:
            return web.Response(status=HTTPStatus.SEE_OTHER, headers={**HEADERS, "Location": back})
        state = order.state_at(self._state.voice.now())
        return _page(language, texts, f"<p>{texts[state]} {texts['close']}</p>")

    async def _bridge(self, request: web.Request) -> web.Response:
        """Pay as `getBrandWCPayRequest` does, if what the page hands over is signed."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                asked = json.loads(await request.content.read(_BRIDGE_LIMIT))
            names = ("appId", "timeStamp", "nonceStr", "package")
            lines = [str(asked[name]) for name in names]
            signature = decoded(str(asked["paySign"]))
        except ValueError, TypeError, KeyError, TimeoutError:
            return web.json_response({"err_msg": _BRIDGE_FAIL}, headers=HEADERS)
        text = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        order = self._state.book.by_token(lines[3].removeprefix("prepay_id="))
        is_ours = (
            lines[0] == self._state.keys.appid
            and asked.get("signType") == "RSA"
            and is_signed(self._state.merchant, text, signature)
        )
        is_paid = is_ours and order is not None and await self._state.pay(order)
        return web.json_response(
            {"err_msg": _BRIDGE_OK if is_paid else _BRIDGE_FAIL}, headers=HEADERS
        )

    async def _log_in(self, request: web.Request) -> web.Response:
        """Send the browser back with a code; it stays the same payer as before."""
        query = request.query
        back = self._return_url(query.get("redirect_uri", ""))
        if not back or query.get("appid") != self._state.keys.appid:
            return web.Response(status=HTTPStatus.BAD_REQUEST, headers=HEADERS)
        openid = request.cookies.get(_COOKIE, "")
        if not (0 < len(openid) <= 64 and openid.isascii() and openid.isprintable()):
            openid = f"o{secrets.token_urlsafe(20)}"
        now = self._state.voice.now()
        self._codes = {
            code: kept for code, kept in self._codes.items() if now - kept[1] <= _CODE_LASTS
        }
        code = secrets.token_urlsafe(16)
        self._codes[code] = (openid, now)
        answer = web.Response(
            status=HTTPStatus.FOUND,
            headers={
                **HEADERS,
                "Location": str(URL(back).update_query(code=code, state=query.get("state", ""))),
            },
        )
        answer.set_cookie(_COOKIE, openid, path=PREFIX, httponly=True, samesite="Lax")
        return answer

    def _return_url(self, text: str) -> str:
        """Return where to go back to, empty if that is somebody else's place."""
        try:
            url, ours = URL(text), URL(self._state.payer_url)
            return text if text and url.origin() == ours.origin() else ""
        except ValueError:
            return ""

    def _shown_amount(self, coins: int) -> str:
        currency = self._state.currency
        units, rest = divmod(coins, 10**currency.digits)
        number = f"{units}.{rest:0{currency.digits}}" if currency.digits else str(units)
        return f"{currency.code} {number}"


async def _wants_to_pay(request: web.Request) -> bool:
    """Read the form, of which a browser sends few bytes, and at once."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            return await request.content.read(_FORM_LIMIT) == b"action=pay"
    return False


def _texts(request: web.Request) -> tuple[Mapping[str, str], str]:
    """Return the texts in the first language that the browser wants and we have."""
    for wanted in request.headers.get("Accept-Language", "").split(","):
        if (language := wanted.strip()[:2].lower()) in _TEXTS:
            return _TEXTS[language], _HTML_LANGUAGES[language]
    return _TEXTS["en"], "en"


def _page(
    language: str, texts: Mapping[str, str], content: str, status: HTTPStatus = HTTPStatus.OK
) -> web.Response:
    return web.Response(
        status=status,
        text=(
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{texts['title']}</title><style>{_STYLE}</style></head>"
            f"<body><main><h1>{texts['title']}</h1>"
            f'<p class="note">{texts["note"]}</p>{content}</main></body></html>'
        ),
        content_type="text/html",
        headers=HEADERS,
    )
