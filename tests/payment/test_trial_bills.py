"""Bills and refunds by WeChat's own code path, over HTTP from the bundled gateway."""

from datetime import timedelta
from pathlib import Path

from homeassistant.core import HomeAssistant

from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.payment.trial_site import KEY, trial_site
from tests.site_fixtures import expected_event
from tests.stories.telling import ask

SHOP = "A-101"


async def test_bill_refunds_and_fees(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """What only the bill tells of is credited, refunds are found, a made-up line is named."""
    async with trial_site(hass, mall, tmp_path) as trial:
        site, gateway = trial.site, trial.gateway
        told = await trial.ordered(SHOP, "100")
        assert await gateway.pay(told.id)
        await trial.paid(told.id)
        trial.faults.silent = True
        lost = await trial.ordered(SHOP, "50")
        assert await gateway.pay(lost.id)
        site.payments.watcher._watches.pop(lost.id)  # nobody asks, either
        trial.faults.silent = False
        refund = {"account": SHOP, "amount": "30", "reason": "asked", "payment": told.id}
        async with expected_event(hass, "refunded", account=SHOP):
            done = await ask(hass, "refund", **refund, reference="RF-1")
            assert done["state"] == "processing"  # the rest is told by a notice
        trial.faults.refund_state = "ABNORMAL"
        async with expected_event(hass, "refund_failed", account=SHOP):
            refund["amount"] = "20"
            done = await ask(hass, "refund", **refund, reference="RF-2")
        assert (done["state"], done["balance"]) == ("processing", "250.00")
        await ask(hass, "resolve_refund", account=SHOP, reference="RF-2", paid=False)
        await gateway.settled()
        assert isinstance(mall.clock, ManualClock)
        mall.clock.advance(seconds=int(timedelta(days=1) / timedelta(seconds=1)))
        await ask(hass, "reconcile", provider=KEY, day="2026-03-02")
        found = await ask(hass, "get_reconciliation")
        (day,) = found["providers"][KEY]["days"]
        assert (day["faults"], day["credited_by_bill"]) == ([], [gateway.transaction_of(lost.id)])
        assert (day["payment"]["amount"], day["refund"]["amount"]) == ("150.00", "30.00")
        assert day["fees"] == "0.72"
        assert found["providers"][KEY]["clearing"] == "119.28"
        assert trial.balance(SHOP) == "320.00"
        trial.faults.bill_extra.append(("MADEUP1234567890", 1234))
        async with expected_event(hass, "payment_unmatched"):
            await ask(hass, "reconcile", provider=KEY, day="2026-03-02")
        found = await ask(hass, "get_reconciliation")
        assert (found["unexplained"], found["in_suspense"]) == ("0.00", "12.34")
        trial.faults.bill_missing.add(told.id)
        async with expected_event(hass, "reconciliation_fault", provider=KEY) as faults:
            await ask(hass, "reconcile", provider=KEY, day="2026-03-02")
        assert faults[0].data["unexplained"] == "100.00"
        assert (await ask(hass, "verify_ledger"))["ok"]
