"""What pools cost in their last posted run, and who bore it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)

from ..core.allocation.standing import PoolStanding
from ..core.money.amount import Amount


@dataclass(frozen=True, kw_only=True)
class PoolSensorDescription(SensorEntityDescription):
    """A sensor of a pool: an amount of its last run."""

    value_fn: Callable[[PoolStanding], Amount]


def _money(key: str, value: Callable[[PoolStanding], Amount]) -> PoolSensorDescription:
    return PoolSensorDescription(
        key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        value_fn=value,
    )


POOL_SENSORS = (
    _money("pool_cost", lambda one: one.cost),
    _money("pool_tenants", lambda one: one.tenants),
    _money("pool_owner", lambda one: one.owner),
)


def pool_attributes(standing: PoolStanding) -> dict[str, Any]:
    """Return which run it was, and of which days."""
    return {
        "run": standing.run,
        "since": standing.since.isoformat(),
        "until": standing.until.isoformat(),
    }
