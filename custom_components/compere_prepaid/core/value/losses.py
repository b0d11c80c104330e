"""Losses of feeders over long times: month by month, for a year of hours is too much at once."""

from collections.abc import Mapping

from ..balance.energy_balance import (
    Balance,
    days_of,
    expected_ppm_of,
    feeder_hours,
    hours_of_meters,
    read_metered,
)
from ..balance.feeders import FEEDER, feeders_on
from ..ledger.ports import LedgerTransaction
from .days import Building
from .facts import Period
from .selling import months_of


def read_losses(tx: LedgerTransaction, period: Period, building: Building) -> Mapping[str, Balance]:
    """Return the losses of the feeders that there are at the end of a time."""
    feeders = feeders_on(tx.documents(FEEDER), days_of(period.since, period.until)[-1])
    balances: dict[str, Balance] = {}
    for month in months_of(period) if feeders else ():
        metered = read_metered(tx, month.since, month.until, period.zone, building.meters)
        hours = hours_of_meters(metered, period.zone)
        days = days_of(month.since, month.until)
        for name, feeder in feeders.items():
            found = feeder_hours(name, metered, hours, period.zone, building.meters, days)
            balance = Balance.of(found, expected_ppm_of(feeder))
            balances[name] = balances[name].plus(balance) if name in balances else balance
    return balances
