"""The relay switch: it places and releases the manual hold, and shows what was read back."""

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from tests.site_fixtures import entity_of, state_of, state_when

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def relay(hass: HomeAssistant, mall: Mall) -> str:
    """Return the entity id of the first shop's relay."""
    return entity_of(hass, "switch", f"{mall.meter('A-101').serial}_relay")


async def _turn(hass: HomeAssistant, entity_id: str, to: str, user: str | None = None) -> None:
    await hass.services.async_call(
        "switch",
        f"turn_{to}",
        {"entity_id": entity_id},
        blocking=True,
        context=Context(user_id=user),
    )


def _contact(meter: SimulatedMeter) -> str:
    return "closed" if meter.relay_closed else "open"


async def test_off_places_the_manual_hold_and_on_releases_it(
    hass: HomeAssistant, mall: Mall, site: CompereSite, relay: str
) -> None:
    """The meter's relay opens and closes; demand, hold and proof are attributes."""
    meter = mall.meter("A-101")
    await _turn(hass, relay, "off")
    state = await state_when(
        hass, relay, lambda state: state.state == STATE_OFF and state.attributes["confirmed"]
    )
    assert _contact(meter) == "open"
    assert state.attributes["demanded"] == "open"
    assert state.attributes["holds"] == ["manual"]
    holds = await site.ledger.read(lambda tx: tx.holds(site.book.meter(meter.serial).serial))
    assert [(hold.kind, hold.placed_by) for hold in holds] == [(HoldKind.MANUAL, "automation")]
    await _turn(hass, relay, "on")
    state = await state_when(
        hass, relay, lambda state: state.state == STATE_ON and state.attributes["confirmed"]
    )
    assert _contact(meter) == "closed"
    assert state.attributes["holds"] == []


async def test_switch_shows_the_relay_not_the_wish(
    hass: HomeAssistant, mall: Mall, relay: str
) -> None:
    """A relay that is stuck stays on although its hold stands."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.STUCK))
    await _turn(hass, relay, "off")
    state = state_of(hass, relay)
    assert state.state == STATE_ON
    assert state.attributes["demanded"] == "open"
    assert state.attributes["confirmed"] is False


async def test_on_is_refused_while_another_hold_stands(
    hass: HomeAssistant, mall: Mall, site: CompereSite, relay: str
) -> None:
    """Who has no credit is not switched on by hand; the message names what keeps it open."""
    await site.cashier.adjust("A-101", site.currency.parse("-250"), reason="test", reference="1")
    await state_when(hass, relay, lambda state: state.state == STATE_OFF)
    with pytest.raises(ServiceValidationError) as refusal:
        await _turn(hass, relay, "on")
    assert refusal.value.translation_key == "relay_held"
    assert refusal.value.translation_placeholders == {"meter": "A-101", "holds": "no_credit"}
    assert _contact(mall.meter("A-101")) == "open"


async def test_only_managers_switch(
    hass: HomeAssistant, mall: Mall, site: CompereSite, relay: str, anna: str
) -> None:
    """A user who is no administrator is refused and nothing moves; as a cashier they may."""
    for to in ("off", "on"):
        with pytest.raises(ServiceValidationError) as refusal:
            await _turn(hass, relay, to, anna)
        assert refusal.value.translation_key == "not_allowed"
        assert refusal.value.translation_placeholders == {"user": "Anna"}
    assert state_of(hass, relay).attributes["holds"] == []
    hass.config_entries.async_update_entry(site.entry, options={"cashiers": [anna]})
    await _turn(hass, relay, "off", anna)
    await state_when(hass, relay, lambda state: state.state == STATE_OFF)
    serial = site.book.meter(mall.meter("A-101").serial).serial
    (hold,) = await site.ledger.read(lambda tx: tx.holds(serial))
    assert hold.placed_by == anna
