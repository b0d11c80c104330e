"""Balance, credit limit, policy and reconnection: set by whom, posted as what."""

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.accounts import ADJUSTMENT, tenant
from custom_components.compere_prepaid.core.ledger.records import Transfer, TransferCode
from custom_components.compere_prepaid.core.policy.credit import Policy, Reconnect
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.site_fixtures import (
    account_entity,
    entity_of,
    expected_event,
    read_again,
    state_of,
    state_when,
    use,
)

FUND = tenant(AccountNumber("A-101"))

pytestmark = pytest.mark.usefixtures("site")


async def _set(hass: HomeAssistant, key: str, value: float, user: str | None = None) -> None:
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": account_entity(hass, "number", "A-101", key), "value": value},
        blocking=True,
        context=Context(user_id=user),
    )


async def _adjustments(site: CompereSite) -> list[Transfer]:
    transfers = await site.ledger.read(lambda tx: tx.transfers(FUND, 50))
    return [item for item in transfers if item.code is TransferCode.ADJUSTMENT]


async def test_setting_the_balance_posts_an_audited_adjustment(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """The difference to the exact balance is posted in the user's name; the balance is exact."""
    use(mall, "A-101", watts=1_000, seconds=36)
    await read_again(site, mall.meter("A-101").serial)
    account = site.book.account("A-101")
    exact = site.currency.exact(account.balance)
    assert str(exact) == "199.993827000"
    await _set(hass, "balance", 150.25, boss)
    (posted,) = await _adjustments(site)
    assert (posted.debit, posted.credit) == (FUND, ADJUSTMENT)
    assert site.currency.exact(posted.amount) == exact - site.currency.exact(
        site.currency.parse("150.25")
    )
    assert (posted.user, posted.reason) == (boss, "balance set to 150.25")
    assert account.balance == site.currency.parse("150.25")
    assert state_of(hass, account_entity(hass, "number", "A-101", "balance")).state == "150.25"


async def test_each_setting_is_posted(hass: HomeAssistant, site: CompereSite) -> None:
    """Setting there and back and there again are three adjustments; the same again is none."""
    for value in (150, 200, 150, 150):
        await _set(hass, "balance", value)
    assert len(await _adjustments(site)) == 3
    assert site.book.account("A-101").balance == site.currency.parse("150")
    assert (await site.async_verify()).ok


@pytest.mark.parametrize(("key", "value"), [("balance", 500), ("credit_limit", 50)])
async def test_money_is_for_managers(
    hass: HomeAssistant, site: CompereSite, key: str, value: float, anna: str
) -> None:
    """A user who is no administrator changes nothing."""
    with pytest.raises(ServiceValidationError) as refusal:
        await _set(hass, key, value, anna)
    assert refusal.value.translation_key == "not_allowed"
    assert await _adjustments(site) == []
    assert site.book.account("A-101").available == site.currency.parse("200")


async def test_cashiers_correct_balances_but_set_no_limits(
    hass: HomeAssistant, site: CompereSite, anna: str
) -> None:
    """Terms are an administrator's business."""
    hass.config_entries.async_update_entry(site.entry, options={"cashiers": [anna]})
    await _set(hass, "balance", 210, anna)
    assert [item.user for item in await _adjustments(site)] == [anna]
    with pytest.raises(ServiceValidationError) as refusal:
        await _set(hass, "credit_limit", 50, anna)
    assert refusal.value.translation_key == "not_allowed"


async def test_fractions_of_the_minor_unit_are_refused(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """Nobody pays a tenth of a fen: the error says so and nothing is posted."""
    with pytest.raises(ServiceValidationError) as refusal:
        await _set(hass, "balance", 150.255)
    assert refusal.value.translation_key == "amount_too_precise"
    assert await _adjustments(site) == []


async def test_balance_cuts_and_restores(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A balance set to nothing opens the relay; money brings power back, told as events."""
    relay = entity_of(hass, "switch", f"{mall.meter('A-101').serial}_relay")
    event = account_entity(hass, "event", "A-101", "account_event")
    supply = account_entity(hass, "sensor", "A-101", "supply_state")
    async with expected_event(hass, "cut_off", account="A-101"):
        await _set(hass, "balance", 0)
    await state_when(hass, relay, lambda state: state.state == STATE_OFF)
    assert state_of(hass, supply).state == "off"
    assert state_of(hass, event).attributes["event_type"] == "cut_off"
    async with expected_event(hass, "restored", account="A-101"):
        await site.cashier.top_up(["A-101"], site.currency.parse("300"), reference="R-1")
        assert state_of(hass, event).attributes["event_type"] == "topped_up"
        assert state_of(hass, event).attributes["reference"] == "R-1"
    await state_when(hass, relay, lambda state: state.state == STATE_ON)
    assert state_of(hass, event).attributes["event_type"] == "restored"
    assert state_of(hass, supply).state == "in_credit"


async def test_credit_limit_counts_as_credit(hass: HomeAssistant) -> None:
    """A credit limit raises the available credit at once, not the balance."""
    await _set(hass, "credit_limit", 75.5)
    assert state_of(hass, account_entity(hass, "number", "A-101", "credit_limit")).state == "75.5"
    available = account_entity(hass, "sensor", "A-101", "available_credit")
    assert state_of(hass, available).state == "275.50"
    assert state_of(hass, account_entity(hass, "number", "A-101", "balance")).state == "200.0"


async def test_policy_is_chosen_by_administrators(
    hass: HomeAssistant, site: CompereSite, anna: str
) -> None:
    """The policies of the site are the options; choosing one applies it from now on."""
    site.book.policies["Anchor store"] = Policy(
        name="Anchor store", warning_levels=(site.currency.parse("1000"),)
    )
    policy = account_entity(hass, "select", "A-101", "policy")
    call = {"entity_id": policy, "option": "Anchor store"}
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            "select", "select_option", call, blocking=True, context=Context(user_id=anna)
        )
    await hass.services.async_call("select", "select_option", call, blocking=True)
    state = state_of(hass, policy)
    assert state.state == "Anchor store"
    assert state.attributes["options"] == ["Anchor store", "Standard"]
    assert (
        state_of(hass, account_entity(hass, "sensor", "A-101", "supply_state")).state == "warning"
    )


async def test_reconnection_waits_for_the_button(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str
) -> None:
    """Where the policy says confirm, power comes back when a manager presses, not before."""
    site.book.policies["Careful"] = Policy(
        name="Careful", warning_levels=(), reconnect=Reconnect.CONFIRM
    )
    await site.agreements.apply_policy(["A-101"], "Careful", "test")
    relay = entity_of(hass, "switch", f"{mall.meter('A-101').serial}_relay")
    press = {"entity_id": account_entity(hass, "button", "A-101", "reconnect")}
    await _set(hass, "balance", 0)
    await state_when(hass, relay, lambda state: state.attributes.get("holds") == ["no_credit"])
    with pytest.raises(ServiceValidationError) as refusal:
        await hass.services.async_call("button", "press", press, blocking=True)
    assert refusal.value.translation_key == "credit_exhausted"
    await _set(hass, "balance", 100)
    await state_when(hass, relay, lambda state: state.state == STATE_OFF)
    low = account_entity(hass, "binary_sensor", "A-101", "low_credit")
    assert state_of(hass, low).state == STATE_OFF
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            "button", "press", press, blocking=True, context=Context(user_id=anna)
        )
    await hass.services.async_call("button", "press", press, blocking=True)
    await state_when(hass, relay, lambda state: state.state == STATE_ON)
