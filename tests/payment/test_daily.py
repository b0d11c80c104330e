"""Bills, refunds and suspense in a running site: by themselves, and when somebody asks."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.payment.provider import Dispute, Paid, RefundOutcome
from custom_components.compere_prepaid.notifications.digest import async_digest
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, refused
from tests.payment.billing import BilledBank, billed_site, moved
from tests.payment.paper import PaperBank
from tests.payment.paying import notify, order, paper_accepted, paper_subentry
from tests.people import anna, bob, boss
from tests.site_fixtures import MONDAY_NOON, expected_event, one_line_mall
from tests.stories.telling import ask

__all__ = ["anna", "bob", "boss"]


@pytest.fixture
def own_configuration(hass: HomeAssistant, tmp_path: Path) -> None:
    """Let Home Assistant's folder be this test's own: reports are written to it."""
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of two shops, whose time a test moves by hand."""
    async with one_line_mall(2) as mall:
        yield mall


@pytest.fixture
def bank() -> BilledBank:
    """Open a bank."""
    return BilledBank(MONDAY_NOON)


@pytest.fixture
async def site(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, bank: BilledBank, own_configuration: None
) -> AsyncIterator[CompereSite]:
    """Run a site that takes payments there; nobody uses energy."""
    async with billed_site(hass, mall, tmp_path, bank) as site:
        yield site


async def paid(
    site: CompereSite, bank: BilledBank, yuan: str, key: str, *, told: bool = True
) -> Paid:
    """Have a shop order and pay, and the notice arrive or not."""
    ordered = await order(site, NOODLES, yuan, key)
    payment = bank.pay(ordered.order.id)
    if told:
        assert (await notify(site, bank, payment)).status == 204
    return payment


async def days_pass(site: CompereSite, mall: Mall, bank: BilledBank, days: int = 1) -> None:
    """Let days pass, and the site look at the clock."""
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=int(timedelta(days=days) / timedelta(seconds=1)))
    moved(mall, bank)
    await site.async_tick()
    if (task := site.daily._round) is not None:
        await task


async def report(hass: HomeAssistant, **more: Any) -> Any:
    """Return the report."""
    return await ask(hass, "get_reconciliation", **more)


async def test_the_next_day(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank
) -> None:
    """A payment of which only the bill tells is credited, fees are posted, all agrees."""
    await paid(site, bank, "100", "a")
    lost = await paid(site, bank, "50", "b", told=False)
    bank.closed.add(lost.order_id)
    bank.ordered.pop(lost.order_id)
    async with expected_event(hass, "topped_up", account=NOODLES) as told:
        site.payments.watcher._watches.clear()  # nobody asks: only the bill tells
        await days_pass(site, mall, bank)
    assert told[0].data["amount"] == "50.00"
    found = await report(hass)
    (day,) = found["providers"]["paper"]["days"]
    assert (day["day"], day["faults"], day["unexplained"]) == ("2026-03-02", [], "0.00")
    assert (day["payment"], day["fees"]) == ({"count": 2, "amount": "150.00"}, "0.90")
    assert day["credited_by_bill"] == [lost.txn]
    assert found["providers"]["paper"]["clearing"] == "149.10"
    assert (found["unexplained"], found["in_suspense"]) == ("0.00", "0.00")
    payout = {"provider": "paper", "amount": "149.10", "reference": "B-1"}
    for replayed in (False, True):
        done = await ask(hass, "record_payout", **payout)
        assert (done["left"], done["replayed"]) == ("0.00", replayed)
    assert site.standing.data.clearing == {"paper": 0}
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_a_day_of_all_that_have_bills(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank
) -> None:
    """Whoever has none is passed over, unless it was named."""
    await paid(site, bank, "100", "a")
    await days_pass(site, mall, bank)
    with paper_accepted(PaperBank(MONDAY_NOON)):  # its providers write no bills
        hass.config_entries.async_add_subentry(site.entry, paper_subentry("till"))
        await hass.async_block_till_done()
    day = {"day": "2026-03-02"}
    found = (await ask(hass, "reconcile", **day))["providers"]
    assert ([each["day"] for each in found["paper"]], found["till"]) == (["2026-03-02"], [])
    assert (await ask(hass, "reconcile"))["providers"]["till"] == []
    async with refused(site, "bill_unsupported", provider="till"):
        await ask(hass, "reconcile", **day, provider="till")


@pytest.mark.parametrize("refuses", [False, True])
async def test_payout_of_a_provider_that_is_gone(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank, refuses: bool
) -> None:
    """Removed or refused, what it held still comes to the bank, and its days are still told."""
    await paid(site, bank, "100", "a")
    await days_pass(site, mall, bank)
    before = (await report(hass))["providers"]["paper"]
    if refuses:
        present = site.entry.subentries["provider-paper"]
        data = {**present.data, "kind": "paper!"}
        hass.config_entries.async_update_subentry(site.entry, present, data=data)
    else:
        hass.config_entries.async_remove_subentry(site.entry, "provider-paper")
    await hass.async_block_till_done()
    assert not site.payments.providers
    found = (await report(hass))["providers"]["paper"]
    assert (found["clearing"], found["days"]) == ("99.40", before["days"])
    assert (found["bill"], found["missing"]) == (False, [])
    payout = {"provider": "paper", "amount": "99.40", "reference": "B-1"}
    for replayed in (False, True):
        done = await ask(hass, "record_payout", **payout)
        assert (done["left"], done["replayed"]) == ("0.00", replayed)
    found = (await report(hass, provider="paper"))["providers"]["paper"]
    assert (found["clearing"], found["days"]) == ("0.00", before["days"])
    async with refused(site, "provider_unknown", provider="pen"):
        await ask(hass, "record_payout", **(payout | {"provider": "pen"}))
    async with refused(site, "provider_unknown", provider="pen"):
        await report(hass, provider="pen")


async def test_the_digest_counts_them(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank
) -> None:
    """What came by phone is told to managers like what came in cash."""
    await paid(site, bank, "100", "a")
    await ask(hass, "top_up", account=TEA, amount=20)
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=2)
    digest = await async_digest(site, MONDAY_NOON)
    assert digest.top_ups == site.currency.parse("120")
    hass.config_entries.async_remove_subentry(site.entry, "provider-paper")
    await hass.async_block_till_done()
    digest = await async_digest(site, MONDAY_NOON)
    assert digest.top_ups == site.currency.parse("120")
    later = await async_digest(site, MONDAY_NOON + timedelta(seconds=1))
    assert later.top_ups == 0


async def test_days_that_were_missed(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank
) -> None:
    """They are caught up with, each once, as soon as the bank tells; and on demand."""
    await paid(site, bank, "10", "a")
    bank.bill_is_there = False
    await days_pass(site, mall, bank, days=3)
    found = await report(hass)
    assert found["providers"]["paper"]["missing"] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    bank.bill_is_there = True
    async with refused(site, "bill_of_running_day", day="2026-03-05"):
        await ask(hass, "reconcile", day="2026-03-05")
    answer = await ask(hass, "reconcile", day="2026-03-03")
    (day,) = answer["providers"]["paper"]
    assert (day["day"], day["payment"]["count"]) == ("2026-03-03", 0)
    await days_pass(site, mall, bank, days=0)  # its quarter of an hour is not over
    assert len(bank.read) == 1
    answer = await ask(hass, "reconcile")
    assert [day["day"] for day in answer["providers"]["paper"]] == ["2026-03-02", "2026-03-04"]
    assert (await report(hass))["providers"]["paper"]["missing"] == []
    await days_pass(site, mall, bank)
    assert len(bank.read) == len(set(bank.read)) == 4


async def test_a_bill_that_is_refused(
    hass: HomeAssistant,
    site: CompereSite,
    mall: Mall,
    bank: BilledBank,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is told once, with its day, and keeps no later day waiting."""
    await paid(site, bank, "10", "a")
    first = bank.now.date()
    bank.refuses_bills.add(first)
    for _ in range(3):
        await days_pass(site, mall, bank)
    assert bank.read == [first + timedelta(days=1), first + timedelta(days=2)]
    told = [one.message for one in caplog.records if "refuses the bill" in one.message]
    assert told == [f"paper refuses the bill for {first}: provider_refused (detail=paper)"]


async def test_what_does_not_agree(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank
) -> None:
    """It is told, stands in the report and its files, and ends with its reason."""
    payment = await paid(site, bank, "10", "a")
    bank.payments.pop(payment.txn)
    async with expected_event(hass, "reconciliation_fault", provider="paper") as told:
        await days_pass(site, mall, bank)
    assert (told[0].data["unexplained"], told[0].data["faults"]) == ("10.00", 1)
    assert site.standing.unexplained == site.currency.parse("10")
    found = await report(hass, export=True)
    (day,) = found["providers"]["paper"]["days"]
    fault = {"line": "payment", "ref": payment.txn, "kind": "unbilled", "amount": "10.00"}
    assert day["faults"] == [fault]
    faults = Path(found["folder"], found["files"]["faults"])
    text = await hass.async_add_executor_job(faults.read_text, "utf-8-sig")
    assert text.splitlines()[1] == f"paper,2026-03-02,payment,{payment.txn},unbilled,10.00"
    bank.payments["=1+1"] = payment.__class__(
        txn=payment.txn,
        order_id=payment.order_id,
        amount=payment.amount,
        currency="CNY",
        paid_at=payment.paid_at,
        day=bank.now.date(),
    )
    await days_pass(site, mall, bank)  # it stands on the next day's bill
    found = await report(hass)
    assert [day["unexplained"] for day in found["providers"]["paper"]["days"]] == ["0.00", "0.00"]
    assert [day["number"] for day in found["providers"]["paper"]["days"]] == [2, 1]
    assert site.standing.unexplained == 0


async def test_refund_of_a_payment(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank, boss: str
) -> None:
    """The action sends it back the way it came; trouble is told, and a person ends it."""
    payment = await paid(site, bank, "100", "a")
    refund: dict[str, Any] = {"account": NOODLES, "amount": "30", "reason": "asked"}
    back = refund | {"payment": payment.order_id, "reference": "RF-1"}
    async with expected_event(hass, "refunded", account=NOODLES) as told:
        done = await ask(hass, "refund", boss, **back)
    assert (done["state"], done["balance"], done["payment"]) == (
        "succeeded",
        "270.00",
        payment.txn,
    )
    assert told[0].data["reference"] == "RF-1"
    paper = await ask(hass, "get_receipt", account=NOODLES, reference="RF-1")
    assert (paper["kind"], paper["state"], paper["number"]) == ("refund", "paid", None)
    bank.outcome = RefundOutcome.ABNORMAL
    back = refund | {"payment": payment.txn, "provider": "paper", "reference": "RF-2"}
    async with expected_event(hass, "refund_failed", account=NOODLES) as told:
        done = await ask(hass, "refund", boss, **back)
    assert (done["state"], done["balance"]) == ("abnormal", "240.00")
    assert (told[0].data["reference"], told[0].data["amount"]) == ("RF-2", "30.00")
    resolve = {"account": NOODLES, "reference": "RF-2", "paid": False}
    assert (await ask(hass, "resolve_refund", boss, **resolve))["balance"] == "270.00"
    async with refused(site, "payment_unknown", payment="nothing"):
        await ask(hass, "refund", **(back | {"payment": "nothing", "reference": "RF-3"}))
    async with refused(site, "payment_of_other", account=TEA):
        await ask(hass, "refund", **(back | {"account": TEA, "reference": "RF-3"}))
    asked = len(bank.asked_refunds)
    async with refused(site, "refund_fields_clash"):
        await ask(hass, "refund", **(back | {"reference": "RF-3"}), reserve_only=True)
    assert len(bank.asked_refunds) == asked
    await days_pass(site, mall, bank)
    (day,) = (await report(hass))["providers"]["paper"]["days"]
    assert (day["faults"], day["refund"]["amount"]) == ([], "30.00")
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_receipt_of_a_refund_to_a_payer_names_who_approved(
    hass: HomeAssistant, site: CompereSite, bank: BilledBank, anna: str, bob: str
) -> None:
    """It has no paper of the cash desk, and says so all the same."""
    payment = await paid(site, bank, "100", "a")
    options = {"cashiers": [anna, bob], "cash_desk": {"refund_limit": "10"}}
    hass.config_entries.async_update_entry(site.entry, options=options)
    await hass.async_block_till_done()
    what = {"account": NOODLES, "reference": "RF-1"}
    back = what | {"amount": "30", "reason": "asked", "payment": payment.txn}
    asked = await ask(hass, "refund", anna, **back)
    await ask(hass, "approve_cash", bob, approval=asked["awaits_approval"])
    receipt = await ask(hass, "get_receipt", **what)
    assert (receipt["state"], receipt["approver"]) == ("paid", "Bob")


async def test_refunds_go_on_by_themselves(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank
) -> None:
    """The bank did not answer; with the clock it is asked again, also after a restart."""
    payment = await paid(site, bank, "100", "a")
    bank.is_down = True
    back: dict[str, Any] = {
        "account": NOODLES,
        "amount": 30,
        "reason": "asked",
        "payment": payment.txn,
    }
    done = await ask(hass, "refund", **back, reference="RF-1")
    assert (done["state"], done["balance"]) == ("reserved", "270.00")
    bank.is_down = False
    await hass.config_entries.async_reload(site.entry.entry_id)
    again: CompereSite = site.entry.runtime_data
    await again.async_tick()
    assert again.daily._round is not None
    await again.daily._round
    done = await ask(hass, "refund", **back, reference="RF-1")
    assert (done["state"], done["balance"], len(bank.gone)) == ("succeeded", "270.00", 1)


async def test_suspense(
    hass: HomeAssistant, site: CompereSite, mall: Mall, bank: BilledBank, boss: str
) -> None:
    """What belongs to nobody is listed until somebody says whose it is, or that it went back."""
    ordered = await order(site, NOODLES, "40", "a")
    for yuan in ("41", "39"):
        await notify(site, bank, bank.pay(ordered.order.id, site.currency.parse(yuan)))
    found = await report(hass)
    assert found["in_suspense"] == "80.00"
    first, second = (each["payment"] for each in found["suspense"])
    assert [each["reason"] for each in found["suspense"]] == ["other_amount"] * 2
    say: dict[str, Any] = {"provider": "paper", "payment": first, "reason": "asked the tenant"}
    async with refused(site, "account_or_returned"):
        await ask(hass, "assign_suspense", boss, **say)
    async with expected_event(hass, "topped_up", account=TEA) as told:
        done = await ask(hass, "assign_suspense", boss, **say, account=TEA)
    assert (done["balance"], done["replayed"]) == ("241.00", False)
    assert (told[0].data["user"], told[0].data["amount"]) == (boss, "41.00")
    assert (await ask(hass, "assign_suspense", boss, **say, account=TEA))["replayed"]
    async with refused(site, "suspense_assigned", payment=first):
        await ask(hass, "assign_suspense", boss, **say, account=NOODLES)
    async with refused(site, "suspense_unknown"):
        await ask(hass, "assign_suspense", boss, **(say | {"payment": "x"}), account=NOODLES)
    await ask(hass, "assign_suspense", boss, **(say | {"payment": second}), returned=True)
    found = await report(hass)
    assert (found["suspense"], found["in_suspense"]) == ([], "0.00")
    assert found["providers"]["paper"]["clearing"] == "41.00"
    assert (await ask(hass, "verify_ledger"))["ok"]
    back = {"account": TEA, "amount": 41, "reason": "after all", "reference": "RF"}
    assert (await ask(hass, "refund", boss, **back, payment=first))["balance"] == "200.00"


async def test_a_dispute_is_told(hass: HomeAssistant, site: CompereSite, bank: BilledBank) -> None:
    """Nothing is booked for it."""
    payment = await paid(site, bank, "100", "a")
    assert site.payments.on_dispute is not None
    async with expected_event(hass, "payment_disputed") as told:
        for txn in ("of a web shop with the same account", payment.txn):
            dispute = Dispute(txn=txn, amount=None, reason="fraudulent")
            await site.payments.on_dispute("paper", dispute)
    assert told[0].data["account"] == NOODLES
    assert (told[0].data["amount"], told[0].data["reason"]) == ("100.00", "fraudulent")
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "300.00"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("reconcile", {}),
        ("get_reconciliation", {}),
        ("record_payout", {"amount": 1, "reference": "x"}),
        ("assign_suspense", {"provider": "p", "payment": "x", "account": TEA, "reason": "x"}),
    ],
)
async def test_it_is_for_managers(
    hass: HomeAssistant, site: CompereSite, bob: str, action: str, data: dict[str, Any]
) -> None:
    """Who is neither cashier nor administrator sees and does nothing of it."""
    async with refused(site, "not_allowed", user="Bob"):
        await ask(hass, action, bob, **data)
