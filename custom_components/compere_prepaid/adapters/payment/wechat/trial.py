"""Trying an account's settings out, moving no money.

A query for an order that cannot exist shows nearly all of it: WeChat accepts our signature only
with the right merchant, serial and key, and its own signature shows that our copy of its key is
right. The APIv3 key can be proven with accounts that have certificates, which are encrypted with
it; the application and its secret by the answer to a code that cannot be right.
"""

from http import HTTPStatus

from ....core.payment.provider import RejectedError, RetryableError
from .client import WeChatClient
from .login import WeChatLogin
from .settings import WeChatSettings
from .verifying import Doubt, NotGenuineError


async def try_settings(
    settings: WeChatSettings, client: WeChatClient, login: WeChatLogin | None, number: str
) -> None:
    """Return if the settings work; `number` is of an order that nobody made.

    Raises `RejectedError`, whose key names the setting, and `RetryableError` if WeChat could not be
    asked.
    """
    if settings.certificates:
        await _try_api_key(client)
    await _try_keys(settings, client, number)
    if not settings.certificates:
        await _try_api_key(client)
    if login is not None:
        await _try_login(login)


async def _try_api_key(client: WeChatClient) -> None:
    try:
        await client.prove_api_key()
    except NotGenuineError:
        raise RejectedError("wechat_api_key_wrong") from None


async def _try_keys(settings: WeChatSettings, client: WeChatClient, number: str) -> None:
    target = f"/v3/pay/transactions/out-trade-no/{number}?mchid={settings.mchid}"
    answer = await client.ask("GET", target)
    if answer.status == HTTPStatus.NOT_FOUND:
        match answer.doubt:
            case None:
                return
            case Doubt.SIGNATURE:
                raise RejectedError("wechat_public_key_wrong")
            case Doubt.KEY_UNKNOWN:
                raise RejectedError("wechat_public_key_id_unknown")
            case Doubt.TIME:
                raise RejectedError("wechat_clock_off")
    answer.expect()
    raise RetryableError("wechat_answer_strange", reason=answer.status)


async def _try_login(login: WeChatLogin) -> None:
    try:
        await login.openid("0")
    except RejectedError as error:
        if error.key != "wechat_login_refused":
            raise
