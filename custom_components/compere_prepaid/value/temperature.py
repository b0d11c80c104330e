"""The mean outside temperature of days, out of Home Assistant's long-term statistics.

No money and no energy is ever taken from there; weather is all that the ledger does not know.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.const import UnitOfTemperature
from homeassistant.util import dt as dt_util

from ..core.errors import InvalidInputError
from ..core.prepayment.calendar import day_of
from ..core.value.facts import Period

if TYPE_CHECKING:
    from ..site import CompereSite

FEWEST_HOURS = 18
"""Of a day of which fewer hours are known, the mean is not."""


async def async_temperatures(
    site: CompereSite, entity_id: str, period: Period
) -> Mapping[date, Decimal]:
    """Return the mean temperature in °C of the days of a time, as far as it is known.

    Raises `InvalidInputError` (`temperature_without_statistics`).
    """
    if "recorder" not in site.hass.config.components:
        raise InvalidInputError("temperature_without_statistics", entity=entity_id)
    found = await get_instance(site.hass).async_add_executor_job(
        lambda: statistics_during_period(
            site.hass,
            period.begin,
            period.end,
            {entity_id},
            "hour",
            {"temperature": UnitOfTemperature.CELSIUS},
            {"mean"},
        )
    )
    hours: dict[date, list[Decimal]] = {}
    for row in found.get(entity_id, []):
        if (mean := row.get("mean")) is not None:
            at = datetime.fromtimestamp(row["start"], dt_util.UTC)
            hours.setdefault(day_of(at, site.zone), []).append(Decimal(str(mean)))
    if not hours:
        raise InvalidInputError("temperature_without_statistics", entity=entity_id)
    return {
        day: (sum(means, Decimal(0)) / len(means)).quantize(Decimal("0.001"))
        for day, means in hours.items()
        if len(means) >= FEWEST_HOURS
    }
