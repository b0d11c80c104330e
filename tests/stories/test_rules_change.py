"""A manager changes the rules of a mall: tried first, planned for a day, and looked up later."""

from pathlib import Path

from homeassistant.core import HomeAssistant

from simulator.mall import Mall
from tests.site_fixtures import site_entry, start_site, time_of
from tests.stories.deciding import SHOP, let_it_be, listening, power
from tests.stories.telling import ask, burn, verified
from tests.stories.test_restart import HOW, restarted

IN_EARNEST = {"name": "Standard", "warning_levels": [100, 50]}


async def test_a_new_mall_adapts_until_its_rules_say_otherwise(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, boss: str
) -> None:
    """Nobody is cut in the first weeks; the end is planned for a Monday, over a restart."""
    entry = site_entry(mall, tmp_path, opening_balance="60", adaptation_days=21, **HOW)
    meter = mall.meter(SHOP)
    with time_of(mall), listening(hass) as told:
        site = await start_site(hass, entry)
        begin = meter.true_wh
        told.clear()  # it began below the level of 100
        await burn(mall, site, SHOP, 61_000)
        assert told.types() == ["credit_warning", "shadow_cut"]
        assert told.last("shadow_cut")["until"] == "2026-03-23T12:00:00+08:00"

        tried = await ask(hass, "preview_policy", boss, policy=IN_EARNEST, account=SHOP)
        assert tried["text"] == (
            "With the policy Standard, no account would be warned and 1 account cut now."
        )
        assert await power(mall, site) == "closed"
        planned = await ask(hass, "set_policy", boss, policy=IN_EARNEST, valid_from="2026-03-09")
        assert planned["result"] == "created"
        again = await ask(hass, "preview_policy", boss, policy="Standard", account=SHOP)
        assert again["accounts"][SHOP]["supply"] == "shadow_cut"

        await let_it_be(mall, site, "2026-03-07 09:00")
        site = await restarted(hass, entry)
        await let_it_be(mall, site, "2026-03-08 23:59:59")
        assert told.types() == ["credit_warning", "shadow_cut"]
        assert await power(mall, site) == "closed"
        await let_it_be(mall, site, "2026-03-09 00:00")
        assert told.types() == ["credit_warning", "shadow_cut", "cut_off"]
        assert await power(mall, site) == "open"

        (shown,) = (await ask(hass, "get_policy", boss, policy="Standard"))["policies"]
        assert [
            (one["status"], one["since"][:10], one["user"], one["policy"].get("adaptation_days"))
            for one in shown["versions"]
        ] == [
            ("past", "2000-01-01", "", 21),
            ("in_force", "2026-03-09", boss, None),
        ]
        assert await verified(hass) == (meter.true_wh - begin, meter.true_wh - begin)
        assert await hass.config_entries.async_unload(entry.entry_id)
