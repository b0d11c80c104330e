"""A tenant's card: paid with on the page, kept, and charged by itself when credit runs low."""

from pathlib import Path

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ids import AccountNumber
from simulator.mall import Mall
from tests.actions.asking import serial_of
from tests.payment.stripe_site import SHOP, StripeSite, stripe_site
from tests.portal.visiting import Visitor, portal_options, visitor
from tests.stories.telling import burn, verified


async def tell_all(shop: StripeSite, browser: Visitor, since: int) -> list[int]:
    """Let Stripe send what it has to tell to the portal; return the answers' statuses."""
    statuses = []
    for event in shop.stripe.events[since:]:
        headers, body = shop.stripe.signed(event)
        async with browser.http.post(
            f"{browser.base}/notify/stripe", data=body, headers=headers
        ) as got:
            statuses.append(got.status)
    return statuses


async def come_in(shop: StripeSite, tenant: Visitor) -> None:
    """Follow a link that the staff gave."""
    await tenant.begin()
    token, _ = shop.site.access.links.issue(AccountNumber(SHOP))
    assert (await tenant.post("/api/link", token=token))[0] == 200


async def test_a_card_is_kept_and_charged(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Only who is trusted with the papers may keep a card, switch it on, and see it charged."""
    options = portal_options()
    async with (
        stripe_site(hass, mall, tmp_path, options=options, opening_balance="20") as shop,
        visitor(shop.site) as tenant,
    ):
        serial = serial_of(mall, SHOP)
        await tenant.scan(shop.site, serial)
        assert (await tenant.get("/api/auto_top_up"))[0] == 403
        wanted = {"amount": "30", "provider": "stripe", "method": "redirect", "keep_means": True}
        _, ordered = await tenant.post("/api/orders", key="tap-0001", **wanted)
        assert ordered["checkout"]["url"].startswith("https://checkout.stripe.com/c/pay/cs_test_")
        (session,) = shop.stripe.sessions.values()
        assert "customer_creation" not in session["_form"]  # whoever scanned may not keep a card

        await come_in(shop, tenant)
        _, auto = await tenant.get("/api/auto_top_up")
        assert (auto["available"], auto["enabled"]) == (False, False)
        on = {"enabled": True, "threshold": "10", "amount": "40"}
        assert (await tenant.post("/api/auto_top_up", **on))[0] == 409
        _, ordered = await tenant.post("/api/orders", key="tap-0002", **wanted)
        page = list(shop.stripe.sessions.values())[-1]
        assert page["_form"]["success_url"].endswith("/pay/tap-0002")
        shop.stripe.pay(page["id"])
        assert await tell_all(shop, tenant, 0) == [200, 200]
        _, order = await tenant.get(f"/api/orders/{ordered['id']}")
        assert (order["state"], order["amount"]) == ("paid", "30.00")

        _, auto = await tenant.get("/api/auto_top_up")
        assert (auto["available"], auto["enabled"]) == (True, False)
        status, auto = await tenant.post("/api/auto_top_up", **on)
        assert (status, auto["enabled"], auto["threshold"]) == (200, True, "10.00")
        await burn(mall, shop.site, SHOP, 42_000)
        await shop.look()
        await come_in(shop, tenant)  # it used that in two hours
        _, overview = await tenant.get("/api/overview")
        assert overview["balance"] == "48.00"
        _, history = await tenant.get("/api/history?days=2")
        assert [one["amount"] for one in history["top_ups"]] == ["40.00", "30.00"]

        status, auto = await tenant.post("/api/auto_top_up", **(on | {"enabled": False}))
        assert (status, auto["enabled"]) == (200, False)
        await burn(mall, shop.site, SHOP, 42_000)
        await shop.look()
        assert len(shop.automatic_orders) == 1
        await verified(hass)


async def test_nobody_chooses_to_be_charged(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A page cannot ask for what charges a card while nobody is there."""
    async with (
        stripe_site(hass, mall, tmp_path, options=portal_options()) as shop,
        visitor(shop.site) as stranger,
    ):
        await stranger.choose(serial_of(mall, SHOP))
        _, terms = await stranger.get("/api/terms")
        (offer,) = terms["providers"]
        assert (offer["key"], offer["methods"], offer["automatic"]) == (
            "stripe",
            ["redirect"],
            True,
        )
        status, _ = await stranger.post(
            "/api/orders", key="tap-0001", amount="30", provider="stripe", method="automatic"
        )
        assert 400 <= status < 500
        assert shop.stripe.asked == []
