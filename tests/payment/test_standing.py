"""What a manager sees of payments: sums, what providers hold, what nobody can explain."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ledger.payment_rows import Reconciliation
from custom_components.compere_prepaid.core.money.amount import ZERO, Amount
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.payment.paper import PaperBank, altered
from tests.payment.paying import notify, order, paper_bank, paper_subentry, paying_site
from tests.site_fixtures import MONDAY_NOON, SITE_KEY, entity_of, state_of, state_when
from tests.stories.telling import ask

SHOP, OTHER = "A-101", "A-102"


async def pay(
    site: CompereSite, bank: PaperBank, account: str, amount: str, key: str, told: str = ""
) -> None:
    """Order and pay; the bank may tell of another amount."""
    ordered = await order(site, account, amount, key)
    paid = bank.pay(ordered.order.id)
    if told:
        paid = altered(paid, site.currency.parse(told))
    await notify(site, bank, paid)


def shown(hass: HomeAssistant, key: str, owner: str = f"{SITE_KEY}_site") -> str:
    """Return the entity id of a sensor."""
    return entity_of(hass, "sensor", f"{owner}_{key}")


def issue(hass: HomeAssistant, site: CompereSite, kind: str, subject: str = "") -> ir.IssueEntry:
    """Return an issue that must be there."""
    found = ir.async_get(hass).async_get_issue(DOMAIN, name_of(site, kind, subject))
    assert found is not None, kind
    return found


def is_open(hass: HomeAssistant, site: CompereSite, kind: str, subject: str = "") -> bool:
    """Tell whether there is an issue."""
    return ir.async_get(hass).async_get_issue(DOMAIN, name_of(site, kind, subject)) is not None


def name_of(site: CompereSite, kind: str, subject: str) -> str:
    """Return what an issue is registered under."""
    return "_".join(part for part in (kind, site.entry.entry_id, subject) if part)


async def test_payments_are_counted(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Each once, by the site's day; what could not be credited counts and is an issue."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        clearing = shown(hass, "clearing_balance", f"{SITE_KEY}_provider_paper")
        assert state_of(hass, clearing).state == "0.00"
        await pay(site, bank, SHOP, "20", "tap-1")
        await notify(site, bank, bank.payments["T00000001"])
        await pay(site, bank, OTHER, "30", "tap-2", told="31")
        await state_when(hass, clearing, lambda state: state.state == "51.00")
        payments = shown(hass, "payments_today")
        today = await state_when(hass, payments, lambda state: state.state == "51.00")
        assert today.attributes["last_reset"] == "2026-03-01T16:00:00+00:00"
        assert state_of(hass, shown(hass, "payment_count_today")).state == "2"
        assert state_of(hass, shown(hass, "suspense")).state == "31.00"
        assert issue(hass, site, "payments_in_suspense").translation_placeholders == {
            "site": "Riverside Mall",
            "amount": "31.00 CNY",
        }
        await hass.config_entries.async_reload(site.entry.entry_id)
        assert state_of(hass, shown(hass, "payments_today")).state == "51.00"

        again: CompereSite = site.entry.runtime_data
        assert isinstance(mall.clock, ManualClock)
        mall.clock.advance(seconds=int(timedelta(hours=13).total_seconds()))
        await again.standing.async_on_clock()
        await hass.async_block_till_done()
        assert state_of(hass, shown(hass, "payments_today")).state == "0.00"
        assert state_of(hass, clearing).state == "51.00"


async def test_what_was_paid_before_counts_when_it_came(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Told a day late it is booked today, and so it still is after a restart."""
    bank = paper_bank()
    async with paying_site(hass, mall, tmp_path, bank) as site:
        ordered = await order(site, SHOP, "20", "tap-1")
        paid = bank.pay(ordered.order.id)
        late = replace(paid, paid_at=paid.paid_at - timedelta(days=1))
        await notify(site, bank, late)
        payments = shown(hass, "payments_today")
        await state_when(hass, payments, lambda state: state.state == "20.00")
        await hass.config_entries.async_reload(site.entry.entry_id)
        assert state_of(hass, payments).state == "20.00"


async def test_what_nobody_can_explain(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """The last word about each day counts; the issue goes when all is explained."""
    async with paying_site(hass, mall, tmp_path, paper_bank()) as site:
        for number, day, unexplained in ((1, 1, 5), (2, 1, 3), (1, 2, 4)):
            await reconciled(site, number, day, unexplained)
        await site.standing.async_look_at_bills()
        await hass.async_block_till_done()
        assert state_of(hass, shown(hass, "unexplained")).state == "7.00"
        placeholders = issue(hass, site, "payments_unexplained").translation_placeholders
        assert placeholders is not None
        assert placeholders["amount"] == "7.00 CNY"
        await reconciled(site, 3, 1, 0)
        await reconciled(site, 2, 2, 0)
        await site.standing.async_look_at_bills()
        assert not is_open(hass, site, "payments_unexplained")


async def reconciled(site: CompereSite, number: int, day: int, unexplained: int) -> None:
    """Write down that a day was laid beside its bill."""
    row = Reconciliation(
        provider="paper",
        day=date(2026, 3, day),
        number=number,
        at=MONDAY_NOON,
        unexplained=Amount(unexplained * 10**9) if unexplained else ZERO,
        content="{}",
    )
    await site.ledger.run(lambda tx: tx.add(row))


async def test_provider_comes_changes_and_goes(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Its device follows; removing it while money is under way is told, also after a restart."""
    bank, devices = paper_bank(), dr.async_get(hass)
    async with paying_site(hass, mall, tmp_path, bank) as site:
        entry = site.entry

        def device() -> dr.DeviceEntry | None:
            identifier = (DOMAIN, f"{SITE_KEY}_provider_paper")
            return devices.async_get_device_by_identifier(identifier, entry.entry_id)

        present: ConfigSubentry = entry.subentries["provider-paper"]
        hass.config_entries.async_update_subentry(entry, present, title="Paper bank")
        await hass.async_block_till_done()
        found = device()
        assert found is not None
        assert found.name == "Paper bank"
        await pay(site, bank, SHOP, "20", "tap-1")
        await order(site, OTHER, "5", "tap-2")
        hass.config_entries.async_remove_subentry(entry, "provider-paper")
        await hass.async_block_till_done()
        assert device() is None
        removed = issue(hass, site, "provider_removed", "paper").translation_placeholders
        assert removed is not None
        assert (removed["amount"], removed["orders"]) == ("20.00 CNY", "1")

        await hass.config_entries.async_reload(entry.entry_id)
        assert is_open(hass, site, "provider_removed", "paper")
        hass.config_entries.async_add_subentry(entry, paper_subentry())
        await hass.async_block_till_done()
        assert not is_open(hass, site, "provider_removed", "paper")
        assert device() is not None


async def test_provider_that_is_done_goes_quietly(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Nothing was under way, so nothing is said."""
    async with paying_site(hass, mall, tmp_path, paper_bank()) as site:
        hass.config_entries.async_remove_subentry(site.entry, "provider-paper")
        await hass.async_block_till_done()
        assert not is_open(hass, site, "provider_removed", "paper")


async def test_providers_are_not_in_site_files(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """An export has no keys, and importing it leaves providers as they are."""
    async with paying_site(hass, mall, tmp_path, paper_bank()) as site:
        content = (await ask(hass, "export_site"))["content"]
        assert "paper" not in content
        for _ in range(2):
            answer = await ask(hass, "import_site", content=content)
        assert (answer["faults"], answer["changed"], answer["created"]) == ([], 0, 0)
        assert set(site.payments.providers) == {"paper"}
