"""The run at the end of a month, by itself: once, and never on what is not known."""

from datetime import date
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.runs import Allocations, Worked
from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.money.amount import Price
from custom_components.compere_prepaid.month_end import Mode, MonthEnd
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, serial_of
from tests.site_fixtures import all_online, read_again, use
from tests.stories.telling import ask, verified

LIFTS = Pool(
    name="Lifts",
    valid_from=date(2026, 1, 1),
    costs=(Cost(kind=CostKind.BILL, name="Lifts"),),
    splits=(Split(basis=Basis.EQUAL),),
)
BILL: dict[str, Any] = {
    "supplier": "Otis",
    "number": "17",
    "name": "Lifts",
    "month": "2026-03",
    "amount": "300.00",
}


async def begin(
    hass: HomeAssistant, site: CompereSite, mode: Mode, *pools: Pool, month: str = "2026-03"
) -> None:
    """Set pools, and what happens from the second day of a month on at five, from a month on."""

    def work(tx: LedgerTransaction) -> None:
        for pool in pools:
            tx.insert_document(pool_document(pool, site.currency))

    await site.ledger.run(work)
    choose(hass, site, mode, month)


def choose(hass: HomeAssistant, site: CompereSite, mode: Mode, month: str) -> None:
    """Let it be as somebody chose it in a month."""
    present = MonthEnd.of(site.entry.options)
    given = {"mode": mode.value, "day": 2, "hour": 5}
    chosen = present.chosen(given, date.fromisoformat(f"{month}-01"))
    hass.config_entries.async_update_entry(site.entry, options={"month_end": chosen})


async def go_on(mall: Mall, site: CompereSite, hours: int) -> None:
    """Let some hours pass, and read all meters."""
    for serial in site.meters:
        await read_again(site, serial)
    use(mall, NOODLES, 100, hours * 3600)
    for serial in site.meters:
        await read_again(site, serial)


def says(hass: HomeAssistant) -> set[str | None]:
    """Return what repair issues speak of shared costs."""
    found = {issue.translation_key for issue in ir.async_get(hass).issues.values()}
    return found & {
        "allocation_waits",
        "month_end_registers",
        "month_end_lacks",
        "month_end_failed",
    }


def waiting_months(hass: HomeAssistant) -> list[str]:
    """Return the months of which issues speak."""
    found = (issue_id for _, issue_id in ir.async_get(hass).issues)
    return sorted(one.rpartition("_")[2] for one in found if one.startswith("month_end_"))


async def states(hass: HomeAssistant) -> dict[str, str]:
    """Return where the runs stand."""
    return {run["run"]: run["state"] for run in (await ask(hass, "list_allocations"))["runs"]}


UNTIL_APRIL = 30 * 24 - 12
"""From noon of 2 March to midnight before 1 April."""


async def test_posted_once(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Not before its hour, then once; not again after a restart, nor when it was taken back."""
    await begin(hass, site, Mode.POST, LIFTS)
    await ask(hass, "enter_bill", **BILL)
    await go_on(mall, site, UNTIL_APRIL + 24 + 4)
    await site.month_end.async_look()
    assert await states(hass) == {}
    await go_on(mall, site, 1)
    await site.month_end.async_look()
    assert await states(hass) == {"2026-03": "posted"}
    assert site.book.account(TEA).service_fund == -site.currency.parse("193.55")  # 60 of 93 days
    await site.month_end.async_look()
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    again: CompereSite = site.entry.runtime_data
    await all_online(again)
    await again.month_end.async_look()
    await ask(hass, "reverse_allocation", run="2026-03", reason="one more look")
    await again.month_end.async_look()
    assert await states(hass) == {"2026-03": "reversed"}
    assert says(hass) == set()
    await verified(hass)


async def test_missing_bill(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """What lacks a bill waits for a person, and says so."""
    await begin(hass, site, Mode.POST, LIFTS)
    await go_on(mall, site, UNTIL_APRIL + 30)
    await site.month_end.async_look()
    assert await states(hass) == {"2026-03": "proposed"}
    assert says(hass) == {"allocation_waits", "month_end_lacks"}
    await site.month_end.async_look()
    assert says(hass) == {"allocation_waits", "month_end_lacks"}
    assert await states(hass) == {"2026-03": "proposed"}
    await ask(hass, "reject_allocation", run="2026-03")
    assert says(hass) == {"month_end_lacks"}
    await site.month_end.async_look()
    assert says(hass) == set()
    assert await states(hass) == {"2026-03": "rejected"}


async def test_months_that_are_over(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Switched on in April it leaves March to people."""
    await begin(hass, site, Mode.POST, LIFTS, month="2026-04")
    await ask(hass, "enter_bill", **BILL)
    await go_on(mall, site, UNTIL_APRIL + 30)
    await site.month_end.async_look()
    assert await states(hass) == {}
    assert says(hass) == set()


async def test_what_was_to_wait_waits_on(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A proposal of March is not posted because posting was switched on in April."""
    await begin(hass, site, Mode.PROPOSE, LIFTS)
    await ask(hass, "enter_bill", **BILL)
    await go_on(mall, site, UNTIL_APRIL + 30)
    await site.month_end.async_look()
    choose(hass, site, Mode.POST, "2026-04")
    await site.month_end.async_look()
    assert await states(hass) == {"2026-03": "proposed"}
    assert says(hass) == {"allocation_waits"}


async def test_posting_is_tried_again(
    hass: HomeAssistant, mall: Mall, site: CompereSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was kept but not posted is posted at the next look."""

    async def refuse(*_: Any, **__: Any) -> Worked:
        raise OperationFailedError("ledger_disk_full", path="/config", error="no space")

    await begin(hass, site, Mode.POST, LIFTS)
    await ask(hass, "enter_bill", **BILL)
    await go_on(mall, site, UNTIL_APRIL + 30)
    with monkeypatch.context() as patched:
        patched.setattr(Allocations, "approve", refuse)
        await site.month_end.async_look()
    assert await states(hass) == {"2026-03": "proposed"}
    assert "month_end_failed" in says(hass)
    await site.month_end.async_look()
    assert await states(hass) == {"2026-03": "posted"}
    assert says(hass) == set()


async def test_proposal(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A proposal waits for somebody; approved, nothing is said any more."""
    await begin(hass, site, Mode.PROPOSE, LIFTS)
    await ask(hass, "enter_bill", **BILL)
    await go_on(mall, site, UNTIL_APRIL + 30)
    await site.month_end.async_look()
    assert says(hass) == {"allocation_waits"}
    assert site.book.account(TEA).service_fund == 0
    await ask(hass, "approve_allocation", run="2026-03")
    assert says(hass) == set()


def light_of(mall: Mall) -> Pool:
    """Return a pool that is measured by the bakery's meter."""
    serial = MeterSerial(serial_of(mall, BAKERY))
    return Pool(
        name="Light",
        valid_from=date(2026, 1, 1),
        costs=(Cost(kind=CostKind.METERS, meters=(serial,), price=Price(1_000_000)),),
        splits=(Split(basis=Basis.EQUAL),),
    )


async def go_on_without_bakery(mall: Mall, site: CompereSite) -> None:
    """Let March pass; what the bakery's meter shows at its end is not known."""
    await go_on(mall, site, UNTIL_APRIL - 24)
    use(mall, NOODLES, 100, 60 * 3600)
    await read_again(site, serial_of(mall, NOODLES))


async def test_waits_for_registers(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A meter that does not answer is named; the month is worked out once it was read."""
    serial = serial_of(mall, BAKERY)
    await begin(hass, site, Mode.PROPOSE, light_of(mall))
    await go_on_without_bakery(mall, site)
    await site.month_end.async_look()
    assert says(hass) == {"month_end_registers"}
    assert await states(hass) == {}
    await read_again(site, serial)
    await site.hours.async_write()
    await site.month_end.async_look()
    assert await states(hass) == {"2026-03": "proposed"}


async def test_a_month_waits_on(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """What March waits for is said and looked for in May as well; each month has its own issue."""
    await begin(hass, site, Mode.PROPOSE, light_of(mall))
    await go_on_without_bakery(mall, site)
    use(mall, NOODLES, 100, 30 * 24 * 3600)
    await read_again(site, serial_of(mall, NOODLES))
    await site.month_end.async_look()
    assert waiting_months(hass) == ["2026-03", "2026-04"]
    assert says(hass) == {"month_end_registers"}
    await read_again(site, serial_of(mall, BAKERY))
    await site.hours.async_write()
    await site.month_end.async_look()
    assert waiting_months(hass) == []
    assert await states(hass) == {"2026-03": "proposed", "2026-04": "proposed"}


async def test_nothing_is_said_when_it_is_off(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Who switches it off is not told any more what it waits for."""
    await begin(hass, site, Mode.PROPOSE, light_of(mall))
    await go_on_without_bakery(mall, site)
    await site.month_end.async_look()
    assert waiting_months(hass) == ["2026-03"]
    choose(hass, site, Mode.OFF, "2026-04")
    await site.month_end.async_look()
    assert waiting_months(hass) == []


async def test_other_pools_by_hand(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A run of some pools leaves the others, which wait on for their meter."""
    await begin(hass, site, Mode.POST, LIFTS, light_of(mall))
    await ask(hass, "enter_bill", **BILL)
    await go_on_without_bakery(mall, site)
    await ask(hass, "allocate", month="2026-03", pools=["Lifts"], approve=True)
    await site.month_end.async_look()
    assert says(hass) == {"month_end_registers"}
    await read_again(site, serial_of(mall, BAKERY))
    await site.hours.async_write()
    await site.month_end.async_look()
    assert says(hass) == set()
    assert await states(hass) == {"2026-03": "posted", "2026-03#2": "posted"}
    rest = await ask(hass, "get_allocation", run="2026-03#2")
    assert [pool["pool"] for pool in rest["pools"]] == ["Light"]
    await verified(hass)


async def test_half_months_by_hand(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """What was posted for parts of the month is not worked out again, and fails nothing."""
    await begin(hass, site, Mode.PROPOSE, LIFTS)
    await ask(hass, "enter_bill", **BILL)
    await go_on(mall, site, UNTIL_APRIL + 30)
    for since, until in (("2026-03-01", "2026-03-16"), ("2026-03-16", "2026-04-01")):
        await ask(hass, "allocate", since=since, until=until, approve=True)
    await site.month_end.async_look()
    assert says(hass) == set()
    assert set((await states(hass)).values()) == {"posted"}


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.POST])
async def test_nothing_to_do(
    hass: HomeAssistant, mall: Mall, site: CompereSite, mode: Mode
) -> None:
    """Neither without pools, nor where nobody asked for it."""
    await begin(hass, site, mode, *([LIFTS] if mode is Mode.OFF else []))
    await go_on(mall, site, UNTIL_APRIL + 30)
    await site.month_end.async_look()
    assert await states(hass) == {}
    assert says(hass) == set()
