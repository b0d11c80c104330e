"""What pools cost, as entities and as long-term statistics: renewed whenever a run is posted."""

from datetime import date
from typing import TYPE_CHECKING

from homeassistant.components.recorder import DOMAIN as RECORDER
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.util import slugify

from .const import DOMAIN, pool_owner
from .core.allocation.standing import PoolStanding, booked_runs, daily_costs, standings
from .core.money.amount import Amount
from .core.prepayment.calendar import day_start
from .data_entities import DataEntities
from .entities.pools import POOL_SENSORS
from .runtimes import DataRuntime, PoolRuntime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .site import CompereSite


class PoolKeeper:
    """Keeps what pools cost last. Pools come and go with their runs; nothing is reloaded."""

    def __init__(self, site: CompereSite) -> None:
        """Serve a site."""
        self._site = site
        keys = (one.key for one in POOL_SENSORS)
        self._entities = DataEntities(site, PoolRuntime, pool_owner, keys)

    @property
    def pools(self) -> Mapping[str, DataRuntime[PoolStanding]]:
        """By name, those that a run that stands is about."""
        return self._entities.runtimes

    def renew_soon(self) -> None:
        """Look again after a run was posted or taken back, in the background."""
        site = self._site
        site.spawn(site.reading_path.guarded(self._renew()), "pools")

    async def async_start(self) -> None:
        """Look what pools cost, and show it; the statistics are as they were told."""
        self._entities.follow(standings(await self._site.ledger.survey(booked_runs)))

    async def _renew(self) -> None:
        runs = await self._site.ledger.survey(booked_runs)
        self._entities.follow(standings(runs))
        if RECORDER in self._site.hass.config.components:
            for name, days in daily_costs(runs).items():
                self._add_statistics(name, days)

    def _add_statistics(self, name: str, days: Mapping[date, Amount]) -> None:
        """Tell what a pool cost day by day; days that were told before are told anew."""
        site, total = self._site, 0
        rows: list[StatisticData] = []
        for day, amount in days.items():
            total += amount
            shown = {
                key: float(site.currency.exact(Amount(value)))
                for key, value in (("state", amount), ("sum", total))
            }
            rows.append(StatisticData(start=day_start(day, site.zone), **shown))  # type: ignore[typeddict-item]
        async_add_external_statistics(
            site.hass,
            StatisticMetaData(
                mean_type=StatisticMeanType.NONE,
                has_sum=True,
                name=f"{site.name} {name}",
                source=DOMAIN,
                statistic_id=f"{DOMAIN}:{slugify(f'{site.key} shared {name}')}",
                unit_class=None,
                unit_of_measurement=site.currency.code,
            ),
            rows,
        )
