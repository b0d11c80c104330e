"""Energy that was neither charged nor is in a pool: a shop that stands empty, the owner's own use.

It is named so that nobody takes it for a loss. Reading it takes a while in a large mall.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ..allocation.document import POOL
from ..allocation.gathering import common_meters
from ..allocation.pools import pools_on
from ..balance.feeders import FEEDER, feeders_on
from ..balance.hours import register_lines
from ..ids import MeterSerial
from ..ledger.account_rows import Supply
from ..ledger.ports import LedgerTransaction
from .days import Building
from .facts import Period
from .figure import Figure, figure

type Neither = Mapping[MeterSerial, int | None]
"""Wh by meter of what is neither charged nor in a pool; None is not known."""


def read_neither(tx: LedgerTransaction, period: Period, building: Building) -> Neither:
    """Return the energy of meters that was neither charged to a tenant nor is in a pool."""
    pools = pools_on(tx.documents(POOL), period.since, building.currency)
    feeders = feeders_on(tx.documents(FEEDER), period.since)
    common = common_meters(pools, feeders.values())
    let = {
        supply.meter
        for supply in tx.rows(Supply)
        if supply.account != building.owner and _covers(supply, period)
    }
    charged = _charged(tx, period, building)
    found: dict[MeterSerial, int | None] = {}
    for serial in sorted(building.meters - common - let):
        line = register_lines(tx, [serial], period.begin, period.end, period.zone)[serial]
        spans = line.spans(period.begin, period.end)
        rest = sum(span.energy_wh for span in spans) - charged.get(serial, 0)
        if not spans:
            found[serial] = None
        elif rest > 0:
            found[serial] = rest
    return found


def _charged(
    tx: LedgerTransaction, period: Period, building: Building
) -> Mapping[MeterSerial, int]:
    """Return the Wh charged to tenants by meter."""
    found: dict[MeterSerial, int] = {}
    for (account, serial), energy_wh in tx.energy_by_meter(period.begin, period.end).items():
        if account != building.owner:
            found[serial] = found.get(serial, 0) + energy_wh
    return found


def _covers(supply: Supply, period: Period) -> bool:
    return supply.from_at <= period.begin and (supply.to_at is None or supply.to_at >= period.end)


def neither_figure(neither: Neither) -> Figure:
    """Return the energy that is in neither, meter by meter."""
    known = {serial: wh for serial, wh in neither.items() if wh is not None}
    unknown: Sequence[str] = [serial for serial, wh in neither.items() if wh is None]
    return figure(
        "energy_in_neither",
        "kWh",
        "uncharged_kwh",
        *(f"meter_unknown:{serial}" for serial in unknown),
        uncharged_kwh=Decimal(sum(known.values())).scaleb(-3),
        **{serial: Decimal(wh).scaleb(-3) for serial, wh in known.items()},
    )
