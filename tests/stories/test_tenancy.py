"""From one tenant to the next: money, meters and power follow who is there."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.account_rows import Supply
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import add_rules, refused
from tests.site_fixtures import all_online, expected_event, read_again, running_site, use
from tests.stories.telling import PRICE, ask, burn, contact, relay_settled, verified

SHOP, NEXT = "A-101", "A-101-2"
NEW = "33B0025959999"
GENTLE = "policies: [{name: Gentle, warning_levels: [20], emergency_credit: 10}]"


async def test_from_one_tenant_to_the_next(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """In, topped up with a debt, warned, helped, cut, back, out; a new meter; the next tenant."""
    meter = mall.meter(SHOP)
    old, began = meter.serial, meter.true_wh
    terms: dict[str, Any] = {"meters": [old], "tariff": "Standard", "policy": "Gentle"}
    async with running_site(hass, mall, tmp_path, price=PRICE, accounts={}) as site:
        await add_rules(hass, GENTLE)
        async with expected_event(hass, "cut_off", account=SHOP):  # nothing is paid yet
            moved = await ask(
                hass, "move_in", number=SHOP, name="Noodle House", deposit=50, **terms
            )
        assert moved["meters"][old]["from_wh"] == began

        await ask(
            hass,
            "add_debt",
            account=SHOP,
            name="kitchen",
            amount=20,
            reason="fitting",
            percent=10,
        )
        async with expected_event(hass, "restored", account=SHOP):
            paid = await ask(hass, "top_up", account=SHOP, amount=50, reference="r1")
        assert paid["accounts"][SHOP]["waterfall"]["percent_debts"] == {"kitchen": "5.00"}
        async with expected_event(hass, "credit_warning", account=SHOP):
            await burn(mall, site, SHOP, 26_000)
        await ask(hass, "use_emergency_credit", account=SHOP)
        await burn(mall, site, SHOP, 20_000)
        assert (await ask(hass, "get_account", account=SHOP))["supply_state"] == "emergency"
        async with expected_event(hass, "cut_off", account=SHOP):
            await burn(mall, site, SHOP, 10_000)
        await relay_settled(site.controller, MeterSerial(old))
        assert contact(meter) == "open"

        async with expected_event(hass, "restored", account=SHOP):
            await ask(hass, "top_up", account=SHOP, amount=100, reference="r2")
        await burn(mall, site, SHOP, 4000)

        final = meter.true_wh
        counted = final - began
        meter.replace(NEW, wh=777_000)
        answer = await ask(
            hass,
            "replace_meter",
            meter=old,
            reason="yearly exchange",
            final_kwh=f"{final // 1000}.{final % 1000:03}",
            start_kwh="777",
        )
        assert answer["from_wh"] == 777_000
        await burn(mall, site, SHOP, 3000)

        out = await ask(hass, "move_out", account=SHOP, reason="end of lease")
        spent = counted + 3000
        left = Decimal(50 + 50 + 100 - 20) - Decimal(spent) / 1000
        assert (Decimal(out["refunded"]), out["owed"]) == (left, "0.00")
        assert out["statement"]["funds"]["electricity"]["closing_shown"] == "0.00"

        use(mall, SHOP, 5000, 3600)  # while nobody is there
        start = meter.true_wh
        moved = await ask(
            hass,
            "move_in",
            number=NEXT,
            name="Tea",
            opening_balance=30,
            **terms | {"meters": [NEW]},
        )
        assert moved["meters"][NEW]["from_wh"] == start
        await burn(mall, site, SHOP, 2000)
        await site.charging.settle_all("test")
        assert (await ask(hass, "get_account", account=NEXT))["balance"] == "28.00"
        total = spent + 2000
        assert await verified(hass) == (total, total)
        figure(f"a shop with two tenants and two meters: {total} Wh counted, {total} Wh charged")


async def test_vacant_shop_is_the_owners(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """What no tenant has counts for the owner, who is never cut, from reading to reading."""
    shop, other = mall.meter(SHOP), mall.meter("A-102")
    began = {one.serial: one.true_wh for one in (shop, other)}
    async with running_site(hass, mall, tmp_path, price=PRICE, accounts={}) as site:
        await ask(hass, "import_site", content=OWNED)
        await hass.async_block_till_done()
        owner = await ask(hass, "get_account", account="OWNER")
        assert {meter["serial"] for meter in owner["meters"]} == set(began)
        for serial in began:
            await read_again(site, serial)

        await burn(mall, site, SHOP, 3000)
        terms: dict[str, Any] = {
            "tariff": "Standard",
            "policy": "Standard",
            "meters": [shop.serial],
        }
        await ask(hass, "move_in", number=SHOP, name="Noodles", opening_balance=100, **terms)
        await burn(mall, site, SHOP, 7000)
        await ask(hass, "move_out", account=SHOP)
        await burn(mall, site, SHOP, 5000)
        use(mall, "A-102", 5_000, 720)  # its breaker carries less than the shop's
        await read_again(site, other.serial)
        await site.charging.settle_all("test")
        owner = await ask(hass, "get_account", account="OWNER")
        assert owner["balance"] == "-9.00"
        assert {meter["relay"] for meter in owner["meters"]} == {"closed"}
        supplies = await site.ledger.read(
            lambda tx: tx.rows(Supply, meter=MeterSerial(shop.serial), generation=1)
        )
        first = began[shop.serial]
        assert [(row.account, row.from_wh - first) for row in supplies] == [
            ("OWNER", 0),
            (SHOP, 3000),
            ("OWNER", 10_000),
        ]
        total = sum(one.true_wh - began[one.serial] for one in (shop, other))
        assert await verified(hass) == (total, total) == (16_000, 16_000)

        await ask(hass, "move_in", number=NEXT, name="Tea", opening_balance=100, **terms)
        (tenant,) = (
            one for one in site.entry.get_subentries_of_type("account") if NEXT in one.title
        )
        await burn(mall, site, SHOP, 2000)
        hass.config_entries.async_remove_subentry(site.entry, tenant.subentry_id)
        await hass.async_block_till_done()
        assert site.book.meter(shop.serial).account == "OWNER"
        assert await hass.config_entries.async_reload(site.entry.entry_id)
        await hass.async_block_till_done()
        again: CompereSite = site.entry.runtime_data
        await all_online(again)
        await burn(mall, again, SHOP, 1000)
        await again.charging.settle_all("test")
        assert (await ask(hass, "get_account", account="OWNER"))["balance"] == "-10.00"
        assert await verified(hass) == (19_000, 19_000)


async def test_supply_comes_back_for_the_next_tenant(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Who was cut leaves a dark shop behind; whoever comes with credit has power at once."""
    meter = mall.meter(SHOP)
    terms: dict[str, Any] = {"meters": [meter.serial], "tariff": "Standard", "policy": "Standard"}
    accounts = {SHOP: (SHOP,)}
    async with running_site(
        hass, mall, tmp_path, price=PRICE, accounts=accounts, opening_balance="1"
    ) as site:
        async with expected_event(hass, "cut_off", account=SHOP):
            await burn(mall, site, SHOP, 2000)
        await relay_settled(site.controller, MeterSerial(meter.serial))
        assert contact(meter) == "open"
        assert (await ask(hass, "move_out", account=SHOP))["owed"] == "1.00"
        assert contact(meter) == "open"
        async with expected_event(hass, "restored", account=NEXT):
            await ask(hass, "move_in", number=NEXT, name="Tea", opening_balance=100, **terms)
        assert contact(meter) == "closed"
        await burn(mall, site, SHOP, 3000)
        await site.charging.settle_all("test")
        assert await verified(hass) == (5000, 5000)


async def test_import_gives_a_vacant_meter_away(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A file may open an account with meters that are the owner's only because nobody had them."""
    meter = mall.meter(SHOP)
    async with running_site(hass, mall, tmp_path, price=PRICE, accounts={}) as site:
        await ask(hass, "import_site", content=OWNED)
        await read_again(site, meter.serial)
        full = (await ask(hass, "export_site"))["content"]
        line = (
            f"accounts:\n  - {{number: {SHOP}, name: Noodles, meters: [{meter.serial}], "
            "tariff: Standard, policy: Standard, opening_balance: 10}\n"
        )
        answer = await ask(hass, "import_site", content=full.replace("accounts:\n", line))
        assert (answer["created"], answer["faults"]) == (1, [])
        await read_again(site, meter.serial)  # it was wired anew: time stands still meanwhile
        await burn(mall, site, SHOP, 1000)
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "9.00"
        second = OWNED.replace("number: OWNER", "number: LANDLORD")
        (fault,) = (await ask(hass, "import_site", content=second))["faults"]
        assert fault["path"] == "accounts[0].owner"
        assert "OWNER" in fault["message"]


async def test_nobody_moves_in_on_a_reading_that_cannot_be(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The owner's register ran backwards: who used what would be a guess."""
    meter = mall.meter(SHOP)
    async with running_site(hass, mall, tmp_path, price=PRICE, accounts={}) as site:
        await ask(hass, "import_site", content=OWNED)
        await read_again(site, meter.serial)
        meter.set_energy(meter.true_wh - 5000)
        terms = {"tariff": "Standard", "policy": "Standard"}
        async with refused(site, "reading_not_believed", meter=meter.serial, doubt="backwards"):
            await ask(hass, "move_in", number=SHOP, name="Tea", meters=[meter.serial], **terms)
        site.ledger.make_read_only("a test")
        async with refused(site, "ledger_read_only", error=HomeAssistantError):
            await ask(hass, "move_in", number=SHOP, name="Tea", meters=[meter.serial], **terms)


OWNED = """\
site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}
accounts:
  - {number: OWNER, name: The mall, meters: [], tariff: Standard, policy: Standard, owner: true}
tariffs: [{name: Standard, valid_from: 2026-01-02, prices: {flat: 1}}]
policies: [{name: Standard, warning_levels: [100, 50]}]
"""
