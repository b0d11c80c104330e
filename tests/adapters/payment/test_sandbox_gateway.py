"""The bundled gateway by itself: what merchants may ask of it, and what payers see."""

from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
import re
import threading
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
import pytest

from custom_components.compere_prepaid.adapters.payment.sandbox_gateway import gateway
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.gateway import (
    SandboxGateway,
)
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.keys import (
    keys_in,
    private_key,
)
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.notices import RETRIES_S
from custom_components.compere_prepaid.core.ledger.payment_rows import Method, PayOrder
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.payment.provider import (
    Jsapi,
    Outcome,
    Payer,
    Qr,
    Redirect,
    RejectedError,
    Unpaid,
)
from tests.adapters.payment.shop import Figure, Shop
from tests.core.prepayment.desk import HandClock


def asking(order: PayOrder, **changes: Any) -> PayOrder:
    """Return an order that asks for something else; None leaves a field out."""
    params = json.loads(order.params)
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = params["request"]
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[name]
        else:
            place[name] = value
    return replace(order, params=json.dumps(params))


@pytest.mark.parametrize(
    ("method", "changes", "key"),
    [
        (Method.REDIRECT, {"appid": "wx0"}, "wechat_appid_not_bound"),
        (Method.REDIRECT, {"mchid": "1"}, "wechat_mchid_unknown"),
        (Method.REDIRECT, {"scene_info": None}, "wechat_refused"),
        (Method.REDIRECT, {"scene_info__payer_client_ip": "somewhere"}, "wechat_refused"),
        (Method.REDIRECT, {"scene_info__h5_info__type": "TV"}, "wechat_refused"),
        (Method.REDIRECT, {"payer": {"openid": "o"}}, "wechat_refused"),
        (Method.REDIRECT, {"amount__total": 0}, "wechat_refused"),
        (Method.REDIRECT, {"amount__total": "5000"}, "wechat_refused"),
        (Method.REDIRECT, {"amount__currency": "USD"}, "wechat_refused"),
        (Method.REDIRECT, {"notify_url": "https://pay.example/n?x=1"}, "wechat_refused"),
        (Method.REDIRECT, {"notify_url": "pay.example"}, "wechat_refused"),
        (Method.REDIRECT, {"out_trade_no": "short"}, "wechat_refused"),
        (Method.REDIRECT, {"out_trade_no": "x" * 33}, "wechat_refused"),
        (Method.REDIRECT, {"description": "x" * 128}, "wechat_refused"),
        (Method.REDIRECT, {"time_expire": "2026-11-26T00:00:00"}, "wechat_refused"),
        (Method.REDIRECT, {"surprise": 1}, "wechat_refused"),
        (Method.JSAPI, {"payer": None}, "wechat_refused"),
    ],
)
async def test_orders_that_wechat_would_refuse(
    shop: Shop, method: Method, changes: dict[str, Any], key: str
) -> None:
    """The gateway is as strict as the published descriptions."""
    with pytest.raises(RejectedError) as raised:
        await shop.provider.create(asking(shop.order(method=method), **changes))
    assert raised.value.key == key


async def test_what_our_orders_ask(shop: Shop) -> None:
    """No name and no whole number of a meter, a time in China, whole fen."""
    order = shop.order("50", payer=Payer(method=Method.REDIRECT, language="zh-Hans"))
    request = json.loads(order.params)["request"]
    assert request["description"] == "预付电费充值 …0001"
    assert request["time_expire"] == "2026-03-02T10:15:00+08:00"
    assert request["amount"] == {"total": 5000, "currency": "CNY"}
    assert request["scene_info"]["h5_info"] == {"type": "Wap"}


async def test_an_order_ends_with_its_time(shop: Shop, clock: HandClock) -> None:
    """Nobody pays it any more; less than a minute is a minute."""
    order, _ = await shop.ordered()
    clock.forward(minutes=15)
    state = await shop.provider.query(order)
    assert state == Unpaid(order_id=order.id, is_final=True, reason="CLOSED")
    assert not await shop.gateway.pay(order.id)
    short = shop.order(lasts=timedelta(seconds=1))
    await shop.provider.create(short)
    clock.forward(seconds=59)
    assert await shop.gateway.pay(short.id)


async def page(
    shop: Shop, url: str, action: str = "", language: str = "en"
) -> tuple[int, str, str]:
    """Ask for a payer's page; return status, where it leads, its text."""
    async with shop.session.request(
        "POST" if action else "GET",
        url,
        data={"action": action} if action else None,
        headers={"Accept-Language": language},
        allow_redirects=False,
    ) as answer:
        assert "script-src" not in answer.headers.get("Content-Security-Policy", "")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        return answer.status, answer.headers.get("Location", ""), await answer.text()


async def test_a_payer_pays_in_a_browser(shop: Shop) -> None:
    """Amount and warning, two buttons, no script; then back to where they came from."""
    back = f"{shop.gateway.base_url}/pay/key-1"
    order = shop.order(payer=Payer(method=Method.REDIRECT, return_url=back))
    checkout = await shop.provider.create(order)
    assert isinstance(checkout, Redirect)
    status, _, text = await page(shop, checkout.url)
    assert status == 200
    assert "CNY 50.00" in text
    assert "moves no money" in text
    assert "<script" not in text
    assert text.count("<button") == 2
    status, location, _ = await page(shop, checkout.url, "cancel")
    assert (status, location) == (303, back)
    assert isinstance(await shop.provider.query(order), Unpaid)
    status, location, _ = await page(shop, checkout.url, "pay")
    assert (status, location) == (303, back)
    await shop.gateway.settled()
    assert len(shop.notices) == 1
    assert "Paid." in (await page(shop, checkout.url))[2]
    assert (await page(shop, checkout.url, "pay"))[1] == back  # twice is once
    await shop.gateway.settled()
    assert len(shop.notices) == 1


async def test_languages_of_the_payers_page(shop: Shop) -> None:
    """The browser's first that there is, else English."""
    _, checkout = await shop.ordered()
    assert isinstance(checkout, Redirect)
    for language, word, attribute in (
        ("zh-CN,en;q=0.5", "您即将支付", "zh-Hans"),
        ("ms-MY", "Anda akan membayar", "ms"),
        ("fr,de", "You are about to pay", "en"),
    ):
        text = (await page(shop, checkout.url, language=language))[2]
        assert word in text
        assert f'<html lang="{attribute}">' in text


async def test_nobody_is_sent_elsewhere(shop: Shop) -> None:
    """Only to the same origin, and nothing that comes in the address is taken for markup."""
    _, checkout = await shop.ordered()
    assert isinstance(checkout, Redirect)
    for elsewhere in (
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "\\\\evil.example",
        f"{shop.gateway.base_url}.evil.example/",
        f"{shop.gateway.base_url}@evil.example/",
        "/relative",
    ):
        url = f"{checkout.url}&redirect_url={elsewhere}"
        status, location, text = await page(shop, url, "cancel")
        assert (status, location) == (200, ""), elsewhere
        assert "evil.example" not in re.sub(r'action="[^"]*"', "", text)
    text = (await page(shop, f'{checkout.url}&x="><img src=x>'))[2]
    assert "<img" not in text
    status, _, text = await page(shop, f"{shop.gateway.payer_url}/pay/wxnobody")
    assert status == 404
    assert "no such order" in text


async def test_the_bridge_looks_at_the_signature(shop: Shop) -> None:
    """As WeChat's browser does: what the page hands over must be signed by the merchant."""
    order, checkout = await shop.ordered("30", Method.JSAPI)
    assert isinstance(checkout, Jsapi)
    parameters = dict(checkout.parameters)
    assert set(parameters) == {
        *("appId", "timeStamp", "nonceStr", "package", "signType", "paySign"),
    }

    async def ask(body: bytes) -> str:
        async with shop.session.post(f"{shop.gateway.payer_url}/bridge", data=body) as answer:
            said: str = (await answer.json())["err_msg"]
            return said

    for changes in (
        {"timeStamp": "1"},
        {"nonceStr": "x"},
        {"package": "prepay_id=wx1"},
        {"signType": "MD5"},
        {"appId": "wx0"},
        {"paySign": "AAAA"},
    ):
        assert (await ask(json.dumps(parameters | changes).encode())).endswith(":fail"), changes
    for body in (b"", b"[]", b"{}", b"\xff", b"[" * 4000):
        assert (await ask(body)).endswith(":fail")
    assert not shop.gateway.transaction_of(order.id)
    assert (await ask(json.dumps(parameters).encode())).endswith(":ok")
    assert shop.gateway.transaction_of(order.id)


async def test_a_code_leads_to_the_same_page(shop: Shop) -> None:
    """A telephone's camera opens it."""
    order, checkout = await shop.ordered("20", Method.QR)
    assert isinstance(checkout, Qr)
    assert (await page(shop, checkout.text, "pay"))[0] == 200
    assert shop.gateway.transaction_of(order.id)


async def test_notices_come_until_they_are_acknowledged(shop: Shop, figure: Figure) -> None:
    """Sixteen times over a day and four minutes, the same notice signed afresh."""
    assert sum(RETRIES_S) == 24 * 3600 + 4 * 60
    shop.outcome = Outcome.FAILED
    await shop.paid()
    await shop.gateway.settled()
    assert [delivery.status for delivery in shop.gateway.deliveries] == [500] * 16
    assert len({notice.id for notice in shop.notices}) == 1
    assert len({headers["Wechatpay-Nonce"] for headers, _ in shop.received}) == 16
    figure("wechat: a notice that nobody takes is sent 16 times")


async def test_a_gateway_that_ends_goes_on(shop: Shop, tmp_path: Path, clock: HandClock) -> None:
    """What was paid and not acknowledged is told again; the keys stay, and are private."""
    shop.gateway.faults.silent = True
    order = shop.order()
    request = json.loads(order.params)["request"]
    strange = f"{request['description']}\u2028\u0085x"  # ends a line for some
    order = asking(order, description=strange)
    await shop.provider.create(order)
    assert await shop.gateway.pay(order.id)
    await shop.gateway.stop()
    again = await SandboxGateway.start(tmp_path, Currency.of("CNY"), clock=clock)
    try:
        await again.settled()
        assert len(shop.notices) == 1
        assert again.transaction_of(order.id) == shop.gateway.transaction_of(order.id)
        assert again.keys == shop.gateway.keys
    finally:
        await again.stop()


async def test_keys_are_read_beside_the_loop(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking one takes a while."""
    await shop.gateway.stop()
    readers: list[threading.Thread] = []

    def read(text: str) -> RSAPrivateKey:
        readers.append(threading.current_thread())
        return private_key(text)

    monkeypatch.setattr(gateway, "private_key", read)
    await (await SandboxGateway.start(tmp_path, Currency.of("CNY"))).stop()
    assert readers
    assert threading.current_thread() not in readers


def test_keys_are_made_once(tmp_path: Path) -> None:
    """They are different everywhere, and nobody else may read them."""
    first, other = keys_in(tmp_path / "a"), keys_in(tmp_path / "b")
    assert keys_in(tmp_path / "a") == first
    assert first.merchant_key != other.merchant_key
    assert first.apiv3_key not in repr(first)
    assert (tmp_path / "a" / "keys.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("code", "shown"), [("JPY", "JPY 50"), ("MYR", "MYR 0.50")])
async def test_other_currencies(
    socket_enabled: None, tmp_path: Path, code: str, shown: str
) -> None:
    """A sandbox counts in the site's coins, whatever they are called."""
    running = await SandboxGateway.start(tmp_path, Currency.of(code))
    try:
        assert running._pages._shown_amount(50) == shown
    finally:
        await running.stop()
