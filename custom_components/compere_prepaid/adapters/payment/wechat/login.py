"""Learning who pays inside WeChat: the payer's number for our application (`openid`).

The page sends the browser to WeChat, which comes back with a code that is good once and for five
minutes; the code is exchanged from here, with the application's secret. Nothing about the payer is
asked but the number (`snsapi_base`), so nobody has to agree to anything.
"""

from http import HTTPStatus
import re

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from ....core.payment.provider import RejectedError, RetryableError
from ..bounded import read
from .reading import read_json, text_of
from .settings import WeChatSettings
from .verifying import NotGenuineError

_TIMEOUT = ClientTimeout(total=10, sock_connect=4)
_LIMIT = 16 * 1024
_STATE = re.compile(r"[0-9A-Za-z]{1,128}")
_APPID_WRONG = frozenset({40013, 41002})
_SECRET_WRONG = frozenset({40001, 40125, 41004})


class WeChatLogin:
    """Asks WeChat for openids, for one application."""

    def __init__(self, settings: WeChatSettings, session: ClientSession) -> None:
        """Nothing is asked yet."""
        self._settings = settings
        self._session = session

    def page_url(self, return_url: str, state: str) -> str:
        """Return where the browser goes. `state` comes back: letters and digits, at most 128.

        Bind it to the session, or somebody else's payer could be slipped in.
        """
        if not _STATE.fullmatch(state):
            raise ValueError("the state has to be letters and digits")
        query = {
            "appid": self._settings.appid,
            "redirect_uri": return_url,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        url = URL(self._settings.login_page_url).with_query(query)
        return str(url.with_fragment("wechat_redirect"))

    async def openid(self, code: str) -> str:
        """Return who came back with this code.

        Raises `RetryableError` (not reached) and `RejectedError` (`wechat_login_refused`, or which
        setting is wrong).
        """
        query = {
            "appid": self._settings.appid,
            "secret": self._settings.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        try:
            async with self._session.get(
                URL(self._settings.login_url).with_query(query),
                allow_redirects=False,
                timeout=_TIMEOUT,
            ) as response:
                status, body = response.status, await read(response, _LIMIT)
        except ClientError, TimeoutError:
            # without its cause: that would name the address, and the secret in it
            raise RetryableError("wechat_unreachable") from None
        if status != HTTPStatus.OK:
            raise RetryableError("wechat_busy", code=status)
        if body is None:
            raise RetryableError("wechat_answer_strange", reason="size")
        try:
            data = read_json(body)
            if "openid" in data:
                return text_of(data, "openid")
        except NotGenuineError:
            raise RetryableError("wechat_answer_strange", reason="openid") from None
        fault = data.get("errcode")
        if fault in _APPID_WRONG:
            raise RejectedError("wechat_appid_wrong")
        if fault in _SECRET_WRONG:
            raise RejectedError("wechat_app_secret_wrong")
        raise RejectedError("wechat_login_refused", code=fault)
