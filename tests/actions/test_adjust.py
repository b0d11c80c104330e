"""`adjust_balance`: an audited correction, up or down, by somebody for a reason."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.accounts import ADJUSTMENT, tenant
from custom_components.compere_prepaid.core.ledger.records import Transfer
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES, named_as_cashiers, refused
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, relay_settled

FUND = tenant(AccountNumber(NOODLES))


async def _adjustments(site: CompereSite) -> list[Transfer]:
    transfers = await site.ledger.read(lambda tx: tx.transfers(FUND, 100))
    return [transfer for transfer in transfers if transfer.code == "adjustment"]


@pytest.mark.parametrize(
    ("amount", "balance", "ends"),
    [("12.50", "212.50", (ADJUSTMENT, FUND)), ("-12.50", "187.50", (FUND, ADJUSTMENT))],
)
async def test_up_and_down(
    hass: HomeAssistant,
    site: CompereSite,
    boss: str,
    amount: str,
    balance: str,
    ends: tuple[str, str],
) -> None:
    """The answer names the transfer; the transfer says who moved how much which way, and why."""
    answer = await ask(
        hass, "adjust_balance", boss, account=NOODLES, amount=amount, reason=" Typo ", reference="1"
    )
    (transfer,) = await _adjustments(site)
    assert answer == {
        "transfer": f"adj:1:{NOODLES}",
        "balance": balance,
        "receipt": f"{transfer.seq}-{transfer.hash[:12]}",
        "number": None,
        "replayed": False,
    }
    assert (transfer.debit, transfer.credit) == ends
    assert site.currency.exact(transfer.amount) == site.currency.exact(site.currency.parse("12.5"))
    assert (transfer.id, transfer.user, transfer.reason) == (answer["transfer"], boss, "Typo")


async def test_a_reference_counts_once(hass: HomeAssistant, site: CompereSite) -> None:
    """Asked again it answers with the first transfer; without a reference each call counts."""
    call: dict[str, Any] = {"account": NOODLES, "amount": "-5", "reason": "Typo"}
    first = await ask(hass, "adjust_balance", reference="1", **call)
    again = await ask(hass, "adjust_balance", reference="1", **call)
    assert again == first | {"replayed": True}
    for balance in ("190.00", "185.00"):
        assert (await ask(hass, "adjust_balance", **call))["balance"] == balance
    assert len(await _adjustments(site)) == 3


async def test_cuts_and_restores(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A balance that was corrected to nothing opens the relay; corrected back, it closes."""
    serial = site.meters[next(iter(site.meters))].serial
    async with expected_event(hass, "cut_off", account=NOODLES):
        await ask(hass, "adjust_balance", account=NOODLES, amount=-200, reason="Moved out")
    await relay_settled(site.controller, serial)
    assert not mall.meter(NOODLES).relay_closed
    async with expected_event(hass, "restored", account=NOODLES):
        await ask(hass, "adjust_balance", account=NOODLES, amount=200, reason="Not yet")
    assert mall.meter(NOODLES).relay_closed


async def test_cashiers_correct(hass: HomeAssistant, site: CompereSite, anna: str) -> None:
    """It is their mistakes that are corrected, in their own names."""
    named_as_cashiers(hass, site, anna)
    await ask(hass, "adjust_balance", anna, account=NOODLES, amount=1, reason="Typo")
    assert [transfer.user for transfer in await _adjustments(site)] == [anna]


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"amount": "0"}, "amount_is_zero"),
    ({"amount": "-0.00"}, "amount_is_zero"),
    ({"amount": "much"}, "amount_not_a_number"),
    ({"amount": float("nan")}, "amount_not_a_number"),
    ({"amount": float("-inf")}, "amount_not_a_number"),
    ({"amount": [5]}, "amount_not_a_number"),
    ({"amount": "-0.001"}, "amount_too_precise"),
    ({"amount": "-1e12"}, "amount_too_large"),
    ({"reason": ""}, "reason_missing"),
    ({"reason": "  "}, "reason_missing"),
    ({"account": "A-999"}, "account_unknown"),
    ({"amount": 7, "reference": "used"}, "reference_reused"),
    ({"amount": -5, "reference": "used"}, "reference_reused"),
    ({"amount": 5, "reference": "used", "reason": "Another"}, "reference_reused"),
)


async def test_what_it_refuses(
    hass: HomeAssistant, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """No correction without an amount, a reason and an account; a reference stands for one."""
    good: dict[str, Any] = {"account": NOODLES, "amount": 5, "reason": "Typo"}
    await ask(hass, "adjust_balance", reference="used", **good)
    for change, key in REFUSED:
        with subtests.test(**change):
            async with refused(site, key):
                await ask(hass, "adjust_balance", **good | change)


async def test_ordinary_users_correct_nothing(
    hass: HomeAssistant, site: CompereSite, anna: str
) -> None:
    """A user whom nobody named is refused, also if everything else is wrong."""
    for account in (NOODLES, "A-999"):
        async with refused(site, "not_allowed", user="Anna"):
            await ask(hass, "adjust_balance", anna, account=account, amount=5, reason="Gift")
