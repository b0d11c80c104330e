"""Speaking to the gateway: keys, hosts, answers that are not to be believed, and trying it out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web
import pytest

from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.keys import make_keys
from custom_components.compere_prepaid.adapters.payment.wechat.client import Answer
from custom_components.compere_prepaid.adapters.payment.wechat.provider import WeChatProvider
from custom_components.compere_prepaid.core.errors import InvalidInputError, PrepaidError
from custom_components.compere_prepaid.core.ledger.payment_rows import Method
from custom_components.compere_prepaid.core.money.amount import Amount, Currency
from custom_components.compere_prepaid.core.payment.provider import (
    BadNoticeError,
    Capability,
    Paid,
    Payer,
    RejectedError,
    RetryableError,
    Unknown,
    Unpaid,
)
from tests.adapters.payment.shop import Figure, Shop
from tests.core.prepayment.desk import HandClock

OTHERS = make_keys()
"""Keys of somebody else."""


async def test_settings_that_work_pass_the_trial(shop: Shop) -> None:
    """With the public key, with certificates, with both; nothing is ordered by it."""
    await shop.provider.try_out()
    await shop.with_settings(public_key_id="", public_key="", certificates=True).try_out()
    await shop.with_settings(certificates=True).try_out()
    await shop.with_settings(app_secret="").try_out()
    await shop.gateway.settled()
    assert not shop.notices


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"mchid": "1999999999"}, "wechat_signature_refused"),
        ({"merchant_serial": "0" * 40}, "wechat_signature_refused"),
        ({"merchant_key": OTHERS.merchant_key}, "wechat_signature_refused"),
        ({"public_key": OTHERS.public_key}, "wechat_public_key_wrong"),
        ({"public_key_id": OTHERS.public_key_id}, "wechat_public_key_id_unknown"),
        ({"apiv3_key": OTHERS.apiv3_key}, "wechat_api_key_wrong"),
        ({"appid": "wx0000000000000000"}, "wechat_appid_wrong"),
        ({"app_secret": "0" * 32}, "wechat_app_secret_wrong"),
        (
            {"certificates": True, "public_key_id": "", "apiv3_key": OTHERS.apiv3_key},
            "wechat_api_key_wrong",
        ),
    ],
)
async def test_each_wrong_setting_is_named(
    shop: Shop, changes: dict[str, object], key: str
) -> None:
    """What the dialog can say is which field to look at."""
    with pytest.raises(PrepaidError) as raised:
        await shop.with_settings(**changes).try_out()
    assert raised.value.key == key
    assert isinstance(raised.value, RejectedError)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"mchid": ""}, "wechat_mchid_wrong"),
        ({"mchid": "1 2"}, "wechat_mchid_wrong"),
        ({"appid": 'wx"'}, "wechat_appid_wrong"),
        ({"merchant_serial": "XYZ"}, "wechat_merchant_serial_wrong"),
        ({"apiv3_key": "short"}, "wechat_api_key_length"),
        ({"apiv3_key": "é" * 32}, "wechat_api_key_length"),
        ({"merchant_key": "no key"}, "wechat_merchant_key_unreadable"),
        ({"merchant_key": OTHERS.public_key}, "wechat_merchant_key_unreadable"),
        ({"public_key": "no key"}, "wechat_public_key_unreadable"),
        ({"public_key_id": "D7CE59D1F522D701"}, "wechat_public_key_id_wrong"),
        ({"public_key_id": ""}, "wechat_public_key_missing"),
        ({"base_url": "http://api.mch.weixin.qq.com"}, "wechat_address_wrong"),
        ({"base_url": "ftp://127.0.0.1"}, "wechat_address_wrong"),
        ({"standby_url": "http://10.0.0.1"}, "wechat_address_wrong"),
        ({"login_page_url": "javascript:alert(1)"}, "wechat_address_wrong"),
    ],
)
async def test_settings_that_cannot_work(shop: Shop, changes: dict[str, object], key: str) -> None:
    """They are refused before anybody is asked."""
    with pytest.raises(InvalidInputError) as raised:
        shop.with_settings(**changes)
    assert raised.value.key == key


async def test_real_accounts_count_in_yuan(shop: Shop) -> None:
    """A sandbox takes any currency, WeChat Pay only its own."""
    ringgit = Currency.of("MYR")
    build = partial(
        WeChatProvider,
        "wechat",
        shop.settings,
        session=shop.session,
        currency=ringgit,
        notify_url=lambda: shop.notify_url,
    )
    assert build(is_sandbox=True).is_sandbox
    with pytest.raises(InvalidInputError, match="wechat_currency"):
        build()


async def test_keys_from_a_form_of_one_line(shop: Shop) -> None:
    """Line ends that became spaces do no harm."""
    flat = " ".join(shop.settings.merchant_key.split("\n"))
    await shop.with_settings(
        merchant_key=flat, public_key=shop.settings.public_key.replace("\n", "\r\n  ")
    ).try_out()


def test_secrets_are_not_shown() -> None:
    """Neither settings nor the gateway's keys show anything secret."""
    assert OTHERS.merchant_key not in repr(OTHERS)


async def test_settings_hide_their_secrets(shop: Shop) -> None:
    """What is printed of settings holds no key and no secret."""
    shown = repr(shop.settings)
    for secret in ("merchant_key", "apiv3_key", "app_secret"):
        assert getattr(shop.settings, secret) not in shown
        assert f"{secret}=" not in shown


async def test_what_the_provider_can_do(shop: Shop) -> None:
    """Everything but charging by itself; inside WeChat only with the application's secret."""
    assert shop.provider.capabilities == frozenset(Capability) - {Capability.AUTOMATIC}
    assert Method.JSAPI in shop.provider.methods
    assert Method.JSAPI not in shop.with_settings(app_secret="").methods
    only = shop.with_settings(methods=frozenset({Method.QR}))
    assert only.methods == {Method.QR}
    order = shop.order()
    with pytest.raises(InvalidInputError, match="wechat_method_missing"):
        only.parameters(order, Payer(method=Method.REDIRECT))
    with pytest.raises(InvalidInputError, match="wechat_openid_missing"):
        shop.provider.parameters(order, Payer(method=Method.JSAPI))


async def test_amounts_are_whole_fen(shop: Shop) -> None:
    """Less than a fen cannot be asked for."""
    order = replace(shop.order(), amount=Amount(1))
    with pytest.raises(InvalidInputError, match="amount_too_precise"):
        shop.provider.parameters(order, Payer(method=Method.REDIRECT))


@asynccontextmanager
async def listening(
    handler: Callable[[web.Request], object], path: str = "/{any:.*}"
) -> AsyncIterator[str]:
    """Run a host that answers everything by this."""
    app = web.Application()
    app.router.add_route("*", path, handler)  # type: ignore[arg-type]  # tests' own handlers
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def closed_port() -> str:
    """Return an address at which nobody listens."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return f"http://127.0.0.1:{port}"


async def test_the_standby_host(shop: Shop) -> None:
    """Where the first host cannot be connected to, the second is asked; else nobody."""
    nobody = await closed_port()
    order = await shop.paid()
    both = shop.with_settings(base_url=nobody, standby_url=shop.gateway.base_url)
    assert isinstance(await both.query(order), Paid)
    with pytest.raises(RetryableError, match="wechat_unreachable"):
        await shop.with_settings(base_url=nobody).create(order)
    assert isinstance(await shop.with_settings(base_url=nobody).query(order), Unknown)


async def test_redirects_are_not_followed(shop: Shop) -> None:
    """Nobody else is asked, whoever says so."""
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{other}/v3/stolen"})

    async with listening(elsewhere) as other, listening(redirect) as host:
        state = await shop.with_settings(base_url=host).query(shop.order())
    assert isinstance(state, Unknown)
    assert asked == []


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=200, body=b'{"trade_state":"SUCCESS"}'),
        lambda: web.Response(status=200, body=b"<html>"),
        lambda: web.Response(status=502, body=b"<html>bad gateway</html>"),
        lambda: web.Response(status=404, body=b'{"code":"ORDER_NOT_EXIST"}'),
        lambda: web.Response(status=404, body=b"\xff"),
        lambda: web.Response(status=403, body=b"<html>not allowed here</html>"),
        lambda: web.Response(status=400, body=b'{"message":"what?"}'),
        lambda: web.Response(status=200, body=b"x" * (300 * 1024)),
        lambda: web.Response(status=200, body=b"[" * 10_000),
        lambda: web.Response(status=200, body=b"nonsense", headers={"Content-Encoding": "gzip"}),
        lambda: web.Response(
            status=200, body=b"{}", headers={"Wechatpay-Signature": "WECHATPAY/SIGNTEST/x"}
        ),
    ],
)
async def test_unsigned_answers_change_nothing(
    shop: Shop, answer: Callable[[], web.Response]
) -> None:
    """Whatever somebody in between says of an order is not known."""

    async def say(request: web.Request) -> web.Response:
        return answer()

    async with listening(say) as host:
        provider = shop.with_settings(base_url=host)
        order = shop.order()
        assert isinstance(await provider.query(order), Unknown)
        assert isinstance(await provider.close(order), Unknown)
        body = answer().body
        says_why = isinstance(body, bytes) and b'"code"' in body
        refusals = (RejectedError,) if says_why else ()
        with pytest.raises((RetryableError, *refusals)):
            await provider.create(order)
        with pytest.raises((RetryableError, *refusals)):
            await provider.try_out()


async def test_a_probe_in_an_answer_is_asked_again(shop: Shop) -> None:
    """One wrong signature on purpose costs one more request; two are too many."""
    order = await shop.paid()
    shop.gateway.faults.probes = 1
    assert isinstance(await shop.provider.query(order), Paid)
    shop.gateway.faults.probes = 2
    assert isinstance(await shop.provider.query(order), Unknown)


async def test_certificates_are_fetched_when_they_are_needed(shop: Shop) -> None:
    """A notice that comes before them is not believed; with the first question they are there."""
    provider = shop.with_settings(certificates=True, public_key_id="", public_key="")
    shop.gateway.faults.by_certificate = shop.gateway.faults.silent = True
    order = await shop.paid("20")
    assert await shop.gateway.tell(order.id) == [400]  # as the shop's own provider has no such key
    headers, body = shop.received[-1]
    with pytest.raises(BadNoticeError, match="key_unknown"):
        provider.parse_notice(headers, body, shop.clock.now())
    paid = await provider.query(order)
    assert isinstance(paid, Paid)
    assert provider.parse_notice(headers, body, shop.clock.now()).news == paid
    mixed = shop.with_settings(certificates=True)
    shop.gateway.faults.mixed_keys = True
    states = [await mixed.query(order) for _ in range(12)]
    assert all(isinstance(state, Paid) for state in states)


async def test_an_account_in_the_middle_of_a_move(shop: Shop, figure: Figure) -> None:
    """Notices by either key are believed; with one key only, the others are refused."""
    shop.provider = shop.with_settings(certificates=True)
    await shop.provider.try_out()
    shop.gateway.faults.mixed_keys = True
    for _ in range(16):
        await shop.paid("1")
    await shop.gateway.settled()
    assert len(shop.notices) == 16
    assert shop.refused == []
    figure("wechat: 16 notices by either key during a move, none refused")


async def test_ordering_again_is_the_same_order(shop: Shop) -> None:
    """Same parameters: another way to the same payment; others are refused."""
    order = shop.order()
    first, second = await shop.provider.create(order), await shop.provider.create(order)
    assert first != second
    other = replace(order, params=order.params.replace('"total":5000', '"total":1'))
    with pytest.raises(RejectedError, match="wechat_order_differs"):
        await shop.provider.create(other)
    assert await shop.gateway.pay(order.id)
    with pytest.raises(RejectedError, match="wechat_order_over"):
        await shop.provider.create(order)


async def test_closing(shop: Shop) -> None:
    """Twice is as good as once; what nobody ordered is over; what was paid is told."""
    order, _ = await shop.ordered()
    over = await shop.provider.close(order)
    assert over == Unpaid(order_id=order.id, is_final=True, reason="CLOSED")
    again = await shop.provider.close(order)
    assert again == Unpaid(order_id=order.id, is_final=True, reason="ORDER_CLOSED")
    assert not await shop.gateway.pay(order.id)
    never = await shop.provider.close(shop.order())
    assert isinstance(never, Unpaid)
    assert never.is_final
    paid = await shop.paid()
    assert isinstance(await shop.provider.close(paid), Paid)


async def test_closing_asks_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who closes an order asks for it once more anyway; only where it is not over, it is asked."""
    order, _ = await shop.ordered()
    paid = await shop.paid()
    asked: list[str] = []
    ask = shop.provider._client.ask

    async def noted(method: str, *args: Any) -> Answer:
        asked.append(method)
        return await ask(method, *args)

    monkeypatch.setattr(shop.provider._client, "ask", noted)
    assert isinstance(await shop.provider.close(order), Unpaid)
    assert asked == ["POST"]
    assert isinstance(await shop.provider.close(paid), Paid)
    assert asked == ["POST", "POST", "GET"]


async def test_the_openid(shop: Shop) -> None:
    """Whoever comes back is known; a code is good once, and for nobody else's state."""
    login = shop.provider.login
    assert login is not None
    page = login.page_url("http://127.0.0.1/wechat/oauth/return", "abc123")
    assert page.startswith("/sandbox/login?")
    back = shop.gateway.payer_url.removesuffix("/sandbox")
    page = login.page_url(f"{back}/return", "abc123").partition("#")[0]
    codes = []
    for _ in range(2):
        async with shop.session.get(f"{back}{page}", allow_redirects=False) as answer:
            assert answer.status == 302
            location = answer.headers["Location"]
            assert location.startswith(f"{back}/return?")
            assert location.endswith("state=abc123")
            codes.append(location.partition("code=")[2].partition("&")[0])
    openid = await login.openid(codes[0])
    assert openid
    with pytest.raises(RejectedError, match="wechat_login_refused"):
        await login.openid(codes[0])
    with pytest.raises(ValueError, match="state"):
        login.page_url(back, "not a state")


async def test_a_login_that_is_not_answered_tells_no_secret(shop: Shop) -> None:
    """The application's secret is in the address, and in no error."""
    provider = shop.with_settings(login_url=f"{await closed_port()}/sns/oauth2/access_token")
    assert provider.login is not None
    with pytest.raises(RetryableError) as raised:
        await provider.login.openid("code")
    seen: BaseException | None = raised.value
    while seen is not None:
        assert shop.settings.app_secret not in f"{seen!r}{seen}"
        seen = seen.__cause__


async def test_a_login_that_is_answered_in_pieces(shop: Shop) -> None:
    """All of them are read, as far as they have an end."""
    pieces = [b'{"openid":', b'"oPayer"}']

    async def say(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0.05)
        return response

    async with listening(say) as host:
        provider = shop.with_settings(login_url=host)
        assert provider.login is not None
        assert await provider.login.openid("code") == "oPayer"
        pieces[1:1] = [b" " * 10_000] * 2
        with pytest.raises(RetryableError, match="wechat_answer_strange"):
            await provider.login.openid("code")


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"openid":1}', b'{"errcode":null}'])
async def test_logins_that_cannot_be_read(shop: Shop, answer: bytes) -> None:
    """They are errors of ours, and nobody is known."""

    async def say(request: web.Request) -> web.Response:
        return web.Response(body=answer)

    async with listening(say) as host:
        provider = shop.with_settings(login_url=host)
        assert provider.login is not None
        with pytest.raises((RetryableError, RejectedError)):
            await provider.login.openid("code")


async def test_certificates_that_cannot_be_fetched(shop: Shop, clock: HandClock) -> None:
    """With a key at hand that is no hindrance; without any nothing can be believed yet."""
    order = await shop.paid()
    shop.gateway.faults.statuses = [503]
    assert isinstance(await shop.with_settings(certificates=True).query(order), Paid)
    alone = shop.with_settings(certificates=True, public_key_id="", public_key="")
    shop.gateway.faults.statuses = [503]
    assert isinstance(await alone.query(order), Unknown)
    shop.gateway.faults.strange_key = True  # they do not sign what they came in
    assert isinstance(await alone.query(order), Unknown)
    shop.gateway.faults.strange_key = False
    assert isinstance(await alone.query(order), Paid)
    clock.forward(hours=13)
    shop.gateway.faults.statuses = [503]  # to be renewed, and the old ones are still good
    assert isinstance(await alone.query(order), Paid)


async def test_a_standby_host_is_asked_for_certificates_too(shop: Shop) -> None:
    """As for everything else."""
    provider = shop.with_settings(
        certificates=True,
        public_key_id="",
        public_key="",
        base_url=await closed_port(),
        standby_url=shop.gateway.base_url,
    )
    await provider.try_out()


async def test_files_come_from_known_hosts_only(shop: Shop, clock: HandClock) -> None:
    """An answer cannot send us elsewhere for a bill."""
    await shop.paid()
    day = shop.provider.today(clock.now())
    clock.forward(days=1)
    with pytest.raises(RetryableError, match="wechat_answer_strange"):
        await shop.provider._client.fetch_file("https://evil.example/v3/billdownload/file")
    for url in ("no address", "https://[", "https://api.example:port/file"):
        with pytest.raises(RetryableError, match="wechat_answer_strange"):
            await shop.provider._client.fetch_file(url)
    nobody = await closed_port()
    with pytest.raises(RetryableError, match="wechat_unreachable"):
        await shop.with_settings(base_url=nobody)._client.fetch_file(f"{nobody}/v3/file")
    shop.gateway.faults.statuses = []
    assert [entry.order_id async for entry in shop.provider.bill(day)]
