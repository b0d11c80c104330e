"""A batch that is stopped while its statements are being issued, and goes on later."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ledger.account_rows import IssuedStatement
from custom_components.compere_prepaid.core.tenancy import moves
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA
from tests.site_fixtures import running_site
from tests.stories.telling import PRICE, ask

SHOPS = (NOODLES, TEA, BAKERY)


async def issued(site: CompereSite) -> Sequence[IssuedStatement]:
    """Return the statements that are in the ledger."""
    return await site.ledger.read(lambda tx: tx.rows(IssuedStatement))


async def test_stopped_while_statements_are_issued(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Some are made ahead, and no others; the answer tells all, and the same call goes on."""
    accounts = {shop: (shop,) for shop in SHOPS}
    call: dict[str, Any] = {"account": list(SHOPS), "formats": "html", "month": "2026-03"}
    async with running_site(hass, mall, tmp_path, accounts=accounts, price=PRICE) as site:
        mall.clock.advance(hours=24 * 40)  # type: ignore[attr-defined]  # it is set by hand

        def stop_after_the_first() -> None:
            if site.press.done:
                site.press.cancel()

        forget = site.totals.async_add_listener(stop_after_the_first)
        with patch.object(moves, "_AT_ONCE", 1):
            stopped = await ask(hass, "issue_statement", **call)
            forget()
            there = await issued(site)
            assert (stopped["cancelled"], stopped["printed"]) == (True, 1)
            assert {row.account for row in there} == stopped["accounts"].keys() == {NOODLES, TEA}
            whole = await ask(hass, "issue_statement", **call)
        assert (whole["cancelled"], whole["printed"]) == (False, 3)
        assert {row.account for row in await issued(site)} == set(SHOPS)
        assert {one["number"] for one in whole["accounts"].values()} == {1}
