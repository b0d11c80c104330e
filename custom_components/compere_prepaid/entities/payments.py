"""What payments a site took, and where the money is that is not on its bank account yet."""

from decimal import Decimal

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)

from ..core.money.amount import Amount
from ..site import CompereSite
from .money import SiteSensorDescription, day_began


def _shown(site: CompereSite, amount: Amount) -> Decimal:
    """Return an amount as it is shown; providers know no smaller unit."""
    return site.currency.rounded(amount)


PAYMENT_SENSORS = (
    SiteSensorDescription(
        key="payments_today",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        is_money=True,
        last_reset_fn=day_began,
        value_fn=lambda site: _shown(site, site.standing.today.amount),
    ),
    SiteSensorDescription(
        key="payment_count_today",
        state_class=SensorStateClass.TOTAL,
        last_reset_fn=day_began,
        value_fn=lambda site: site.standing.today.count,
    ),
    SiteSensorDescription(
        key="suspense",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        is_money=True,
        value_fn=lambda site: _shown(site, site.standing.data.suspense),
    ),
    SiteSensorDescription(
        key="unexplained",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        is_money=True,
        value_fn=lambda site: _shown(site, site.standing.unexplained),
    ),
)

CLEARING_BALANCE = SensorEntityDescription(
    key="clearing_balance",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
)
