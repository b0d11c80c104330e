"""Paying on the page: from the amount to the receipt, once, and seen by nobody else."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import add_rules, serial_of
from tests.payment.paper import PaperBank
from tests.portal.visiting import NOODLES, Visitor, visitor
from tests.site_fixtures import read_again
from tests.stories.telling import ask, burn, contact, relay_settled, verified


def wanted(key: str, amount: str = "100") -> dict[str, str]:
    """Return what the page sends to order."""
    return {"key": key, "amount": amount, "provider": "paper", "method": "redirect"}


async def test_pays_and_the_light_comes_back(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: PaperBank, browser: Visitor
) -> None:
    """Off for credit, then paid by who only knows the number: power, receipt, history."""
    serial = serial_of(mall, NOODLES)
    await burn(mall, site, NOODLES, 201_000)
    await relay_settled(site.controller, site.book.meter(serial).serial)
    assert contact(mall.meter(NOODLES)) == "open"
    async with visitor(site) as watcher:
        await watcher.scan(site, serial)
        _, overview = await watcher.get("/api/overview")
        assert overview["supply"]["on"] is False
        assert overview["supply"]["reason"] == ("The power is off because the credit is used up.")
        assert "1.01 CNY" in overview["supply"]["what_to_do"]
        _, preview = await watcher.post("/api/preview", amount="100")
        assert preview["reconnects"] is True
        assert preview["steps"] == [
            {"kind": "below_cut_off", "name": "", "amount": "1.00"},
            {"kind": "balance", "name": "", "amount": "99.00"},
        ]
        assert (preview["before"], preview["after"]) == ("-1.00", "99.00")

    await browser.choose(serial)
    status, ordered = await browser.post("/api/orders", **wanted("key-0001"))
    assert status == 201
    assert ordered["checkout"]["kind"] == "redirect"
    _, order = await browser.get(f"/api/orders/{ordered['id']}")
    assert (order["state"], order["receipt"]) == ("open", None)
    headers, body = bank.notice(bank.pay(ordered["id"]))
    async with browser.http.post(f"{browser.base}/notify/paper", data=body, headers=headers) as got:
        assert got.status == 204
    await relay_settled(site.controller, site.book.meter(serial).serial)
    await read_again(site, serial)
    assert contact(mall.meter(NOODLES)) == "closed"
    _, order = await browser.get("/api/orders/key-0001")  # as the provider sends somebody back
    assert (order["state"], order["power"], order["id"]) == ("paid", "on", ordered["id"])
    assert order["note"] == "Paid. The power is on."
    status, receipt = await browser.get(f"/api/receipts/{order['receipt']}")
    assert (status, receipt["amount"], receipt["via"]) == (200, "100.00", "Bank paper")
    assert [step["kind"] for step in receipt["steps"]] == ["below_cut_off", "balance"]

    async with visitor(site) as tenant, visitor(site) as stranger:
        await tenant.scan(site, serial)
        _, history = await tenant.get("/api/history?days=2")
        assert history["days"][-1]["kwh"] == "201.000"
        assert history["days"][-1]["cost"] == "201.00"
        assert history["top_ups"][0]["amount"] == "100.00"
        assert (await tenant.get(f"/api/orders/{ordered['id']}"))[0] == 200
        await stranger.choose(serial)
        for path in ("/api/orders/", "/api/receipts/"):
            assert (await stranger.get(path + ordered["id"]))[0] == 404
        transfer = history["top_ups"][0]["reference"]
        assert (await stranger.get(f"/api/receipts/{transfer}"))[0] == 404
        assert (await tenant.get(f"/api/receipts/{transfer}"))[0] == 404  # papers are more
        token, _ = site.access.links.issue(AccountNumber(NOODLES))
        await tenant.post("/api/link", token=token)
        assert (await tenant.get(f"/api/receipts/{transfer}"))[1]["amount"] == "100.00"
    await verified(hass)


@pytest.mark.parametrize(
    ("reconnect", "amount", "note"),
    [
        ("manual", "100", "Paid. The power stays off. Ask the mall's office to switch"),
        ("confirm", "100", "Paid. Confirm that the power may come back."),
        ("auto", "0.50", "Paid. The power stays off. Pay at least 0.51 CNY and"),
    ],
)
async def test_paid_and_still_off(
    hass: HomeAssistant,
    site: CompereSite,
    mall: Mall,
    bank: PaperBank,
    browser: Visitor,
    reconnect: str,
    amount: str,
    note: str,
) -> None:
    """Who paid and has no power yet reads what is left to be done, and nothing else."""
    serial = serial_of(mall, NOODLES)
    rule = "  - {name: Strict, warning_levels: [50], reconnect: %s}"
    await add_rules(hass, "policies:", rule % reconnect)
    await ask(hass, "apply_policy", account=NOODLES, policy="Strict")
    await burn(mall, site, NOODLES, 201_000)
    await relay_settled(site.controller, site.book.meter(serial).serial)
    await browser.scan(site, serial)
    _, ordered = await browser.post("/api/orders", **wanted("key-0009", amount))
    headers, body = bank.notice(bank.pay(ordered["id"]))
    await browser.send("/notify/paper", body, **headers)
    _, order = await browser.get(f"/api/orders/{ordered['id']}")
    assert (order["state"], order["power"]) == ("paid", "off")
    assert order["note"].startswith(note)


async def test_two_tabs_order_once(
    site: CompereSite, mall: Mall, bank: PaperBank, browser: Visitor
) -> None:
    """The same key is one order; another amount is refused; other keys are other orders."""
    await browser.choose(serial_of(mall, NOODLES))
    answers = await asyncio.gather(
        *(browser.post("/api/orders", **wanted("same-key-1")) for _ in range(4))
    )
    assert {status for status, _ in answers} == {201}
    assert len({answer["id"] for _, answer in answers}) == 1
    assert len(bank.ordered) == 1
    status, answer = await browser.post("/api/orders", **wanted("same-key-1", "200"))
    assert (status, answer["error"]["code"]) == (409, "order_key_reused")
    both = await asyncio.gather(
        *(browser.post("/api/orders", **wanted(f"tab-{tab}-key", "50")) for tab in "ab")
    )
    assert len({answer["id"] for _, answer in both}) == 2
    for _, answer in both:  # both were paid: both are credited
        headers, body = bank.notice(bank.pay(answer["id"]))
        await browser.send("/notify/paper", body, **headers)
    assert site.book.account(NOODLES).balance == site.currency.parse("300")


async def test_what_cannot_be_paid(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: PaperBank, browser: Visitor
) -> None:
    """Each refusal says what is wrong; a gateway that is down is to be tried again."""
    await browser.choose(serial_of(mall, NOODLES))
    for change, status, code in (
        ({"amount": "-1"}, 400, "amount_not_positive"),
        ({"amount": "1.001"}, 400, "amount_too_precise"),
        ({"amount": "1e9999"}, 400, "amount_too_large"),
        ({"amount": "ten"}, 400, "amount_not_a_number"),
        ({"provider": "nobody"}, 409, "provider_unknown"),
        ({"method": "qr"}, 400, "method_unsupported"),
        ({"method": "automatic"}, 400, "bad_request"),
        ({"key": "short"}, 400, "bad_request"),
        ({"more": "x"}, 400, "bad_request"),
    ):
        got, answer = await browser.post("/api/orders", **(wanted("key-0002") | change))
        assert (got, answer["error"]["code"]) == (status, code), change
        assert answer["error"]["message"]
    rule = "  - {name: Small, warning_levels: [50], minimum_top_up: 5, maximum_top_up: 500}"
    await add_rules(hass, "policies:", rule)
    await ask(hass, "apply_policy", account=NOODLES, policy="Small")
    for amount, message in (("4", "is 5.00 CNY."), ("501", "is 500.00 CNY.")):
        _, answer = await browser.post("/api/orders", **wanted("key-0002", amount))
        assert answer["error"]["message"].endswith(message)
    bank.is_down = True
    status, answer = await browser.post("/api/orders", **wanted("key-0003"))
    assert (status, answer["error"]["code"]) == (503, "try_later")
    bank.is_down = False
    status, answer = await browser.post("/api/orders", **wanted("key-0003"))
    assert status == 201
    bank.refuses = True
    status, answer = await browser.post("/api/orders", **wanted("key-0004"))
    assert (status, answer["error"]["code"]) == (409, "provider_refused")
    assert (await browser.get("/api/orders/key-0003"))[1]["state"] == "open"
