"""Paying inside WeChat: who is there, what the bridge gets, and a gateway that fails or lies."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from homeassistant.core import HomeAssistant
from yarl import URL

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import TxnVerdict
from simulator.mall import Mall
from tests.actions.asking import serial_of
from tests.payment.trial_site import KEY, Trial, trial_site
from tests.portal.visiting import LOOPBACK, NOODLES, Visitor, visitor

INSIDE = {"User-Agent": "Mozilla/5.0 (Linux; Android 15) MicroMessenger/8.0.50"}


@asynccontextmanager
async def trial_visit(
    hass: HomeAssistant, mall: Mall, folder: Path
) -> AsyncIterator[tuple[Trial, Visitor]]:
    """Run a trial site that asks WeChat who is there; visit it from inside WeChat."""
    options = {"portal": {**LOOPBACK, "wechat_oauth": KEY}}
    async with (
        trial_site(hass, mall, folder, options=options) as trial,
        visitor(trial.site, **INSIDE) as browser,
    ):
        yield trial, browser


def wanted(key: str, method: str = "jsapi") -> dict[str, str]:
    """Return what the page sends to order."""
    return {"key": key, "amount": "50", "provider": KEY, "method": method}


async def lead(browser: Visitor, path: str) -> tuple[int, str]:
    """Ask for something, and return where it leads instead of going there."""
    url = URL(browser.base).join(URL(path))
    async with browser.http.get(url, headers=browser.headers, allow_redirects=False) as got:
        return got.status, got.headers.get("Location", "")


async def come_back(browser: Visitor, back: str = "/") -> tuple[str, str]:
    """Go to WeChat; return where it sends the browser, and where that leads."""
    status, away = await lead(browser, str(URL("/wechat/oauth/start").with_query(back=back)))
    assert status == 302
    status, returned = await lead(browser, away)
    assert status == 302
    status, home = await lead(browser, returned)
    assert status == 302
    return returned, home


async def test_pays_inside_wechat(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """The number of who is there, an order of theirs, the bridge, and the receipt."""
    async with trial_visit(hass, mall, tmp_path) as (trial, browser):
        session = await browser.choose(serial_of(mall, NOODLES))
        assert session["site"]["sandbox"] is True
        assert session["wechat"] == {"inside": True, "known": False, "oauth": True}
        status, answer = await browser.post("/api/orders", **wanted("key-0000"))
        assert (status, answer["error"]["code"]) == (400, "wechat_openid_missing")
        assert (await come_back(browser, "/#/top_up"))[1] == "/#/top_up"
        assert (await browser.begin())["wechat"]["known"] is True
        status, ordered = await browser.post("/api/orders", **wanted("key-0001"))
        assert (status, ordered["checkout"]["kind"]) == (201, "jsapi")
        async with browser.http.post(
            f"{browser.base}/sandbox/bridge", json=ordered["checkout"]["parameters"]
        ) as paid:
            assert await paid.json() == {"err_msg": "get_brand_wcpay_request:ok"}
        await trial.paid(ordered["id"])
        _, order = await browser.post(f"/api/orders/{ordered['id']}/check")
        assert (order["state"], order["power"]) == ("paid", "on")
        assert (await browser.get(f"/api/receipts/{order['receipt']}"))[1]["via"] == "Sandbox"


async def test_who_is_bound_is_known_the_next_time(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The meter's code and a WeChat user who was bound before open the papers."""
    async with trial_visit(hass, mall, tmp_path) as (trial, browser):
        serial = serial_of(mall, NOODLES)
        await browser.begin()
        token, _ = trial.site.access.links.issue(AccountNumber(NOODLES))
        await browser.post("/api/link", token=token)
        await come_back(browser)
        await browser.begin()
        assert (await browser.post("/api/devices", name="Phone"))[0] == 200
        kept = [cookie for cookie in browser.http.cookie_jar if cookie["path"] == "/sandbox"]
        async with visitor(trial.site, **INSIDE) as again:
            again.http.cookie_jar.update_cookies(
                {cookie.key: cookie for cookie in kept}, URL(again.base)
            )
            assert (await again.scan(trial.site, serial))["level"] == 1
            await come_back(again)
            assert (await again.begin())["level"] == 2
            assert (await again.get("/api/statements"))[0] == 200


async def test_nobody_is_led_elsewhere_or_mistaken(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """No way back but our own, and no code but the one that this session went for."""
    async with trial_visit(hass, mall, tmp_path) as (trial, browser):
        await browser.begin()
        elsewhere = ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:x")
        for back in elsewhere:
            _, home = await come_back(browser, back)
            assert home == "/", back
        returned, _ = await come_back(browser)
        assert (await lead(browser, returned))[0] == 403  # only once
        async with visitor(trial.site, **INSIDE) as thief:
            await thief.begin()
            _, away = await lead(thief, "/wechat/oauth/start")
            _, stolen = await lead(thief, away)
            assert (await lead(browser, stolen))[0] == 403
            changed = str(URL(stolen).update_query(state="0" * 32))
            assert (await lead(thief, changed))[0] == 403
        figure(f"portal: {len(elsewhere)} open redirects led home; 3 wrong returns refused")


async def test_who_cannot_be_asked_goes_on_without(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A code that WeChat does not know, and neighbours who guess, keep nobody from the page."""
    async with trial_visit(hass, mall, tmp_path) as (trial, browser):
        await browser.begin()
        _, away = await lead(browser, "/wechat/oauth/start?back=%2F%23%2Ftop-up")
        _, returned = await lead(browser, away)
        unknown = str(URL(returned).update_query(code="nobody-gave-this"))
        assert await lead(browser, unknown) == (302, "/#/top-up")
        assert (await browser.begin())["wechat"]["known"] is False

        answers = set()
        async with visitor(trial.site) as neighbour:
            for guess in range(70):
                if guess % 8 == 0:  # a session has a limit of its own
                    neighbour.http.cookie_jar.clear()
                    await neighbour.begin()
                answers.add((await neighbour.post("/api/find", meter=f"33B8{guess:09}"))[0])
        assert 429 in answers
        await come_back(browser)
        assert (await browser.begin())["wechat"]["known"] is True


async def test_gateway_fails_and_lies(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Down: the same may be asked again. Another amount than ordered: somebody looks at it."""
    async with trial_visit(hass, mall, tmp_path) as (trial, browser):
        await browser.choose(serial_of(mall, NOODLES))
        trial.faults.statuses = [500] * 10
        status, answer = await browser.post("/api/orders", **wanted("key-0001", "redirect"))
        assert (status, answer["error"]["code"]) == (503, "try_later")
        trial.faults.statuses = []
        status, ordered = await browser.post("/api/orders", **wanted("key-0001", "redirect"))
        assert status == 201
        trial.faults.told = {"amount.total": 1}
        assert await trial.gateway.pay(ordered["id"])
        await trial.gateway.settled()
        _, order = await browser.get(f"/api/orders/{ordered['id']}")
        assert (order["state"], order["receipt"]) == ("closed", None)
        assert order["note"].startswith("The payment does not fit this order")
        assert trial.balance(NOODLES) == "200.00"
        [payment] = await trial.payments()
        assert payment.verdict is TxnVerdict.SUSPENSE
