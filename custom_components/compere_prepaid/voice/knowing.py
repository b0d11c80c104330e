"""What may be asked about a shop, as data: for sentences and for language models.

Only what Home Assistant's own pages show of a shop; nothing here changes anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..account_view import WATCHED, AccountView, local_iso
from ..core.ids import TransferId
from ..core.ledger.accounts import tenant
from ..core.ledger.ports import LedgerTransaction
from ..core.ledger.records import Transfer, TransferCode
from ..core.prepayment.forecast import FORECAST_FROM
from ..entities.money import WARNED
from ..runtimes import MeterRuntime

_IDLE_FOR = timedelta(days=1)
"""A shop that was charged nothing at all for so long uses nothing."""

_LOOKED_BACK = 20
"""So many top-ups in a row that were all taken back are as good as none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The power of some meters, in mW; None if none of them tells it."""

    power_mw: int | None
    meters: int
    silent: int
    """How many do not answer, or do not tell their power."""


def load_of(meters: Iterable[MeterRuntime]) -> Load:
    """Add up what meters last told, of those that answer."""
    powers: list[int] = []
    count = 0
    for meter in meters:
        count += 1
        reading = meter.coordinator.data if meter.coordinator.online else None
        if reading is not None and reading.power_mw is not None:
            powers.append(reading.power_mw)
    return Load(power_mw=sum(powers) if powers else None, meters=count, silent=count - len(powers))


def off_because(shop: AccountView) -> list[str]:
    """Return the kinds of the holds that keep power of a shop off; none if all of it is on."""
    kinds = [kind.value for meter in shop.state.meters.values() for kind in meter.holds]
    return list(dict.fromkeys(kinds))


def is_warned(shop: AccountView) -> bool:
    """Tell whether a shop's credit is low, but its power is not off for that."""
    return shop.supply_state in WARNED


def ends_at(shop: AccountView) -> datetime | None:
    """Return when credit is expected to end, in the site's zone; None if no end is in sight."""
    end = shop.forecast.expected_zero
    return None if end is None else end.astimezone(shop.site.zone)


def is_use_known(shop: AccountView) -> bool:
    """Tell whether a shop was charged or idle for long enough to say how long credit lasts."""
    since, now = shop.state.spending.since, shop.site.clock.now()
    if since is None:
        return now - shop.state.tenancy.opened_at >= _IDLE_FOR
    return now - since >= FORECAST_FROM


async def last_top_ups(shop: AccountView, limit: int = 1) -> list[Transfer]:
    """Return the latest top-ups of the electricity fund that were not taken back, newest first."""

    def read(tx: LedgerTransaction) -> list[Transfer]:
        latest = tx.transfers(
            tenant(shop.state.number), limit + _LOOKED_BACK, only=TransferCode.TOP_UP
        )
        stand = (one for one in latest if tx.find_transfer(TransferId(f"rev:{one.id}")) is None)
        return list(stand)[:limit]

    return await shop.site.ledger.read(read)


def shop_facts(shop: AccountView) -> dict[str, Any]:
    """Return a shop as a language model is told of it; money as decimal text."""
    forecast, end, watch = shop.forecast, ends_at(shop), shop.watch
    return {
        "account": shop.state.number,
        "name": shop.state.name,
        "site": shop.site.name,
        "currency": shop.site.currency.code,
        "balance": f"{shop.balance:f}",
        "available_credit": f"{shop.available_credit:f}",
        "supply_state": shop.supply_state.value,
        "power_off_because": off_because(shop),
        "days_left": _days(forecast.days_left),
        "days_left_at_least": _days(forecast.low),
        "days_left_at_most": _days(forecast.high),
        "credit_ends_on": None if end is None else end.date().isoformat(),
        "special": {key: watch[key] for key in WATCHED if watch[key]},
        "cost_today": f"{shop.cost_today:f}",
        "cost_month": f"{shop.shown(shop.spending.month.amount):f}",
    }


def _days(number: int | None) -> float | None:
    return None if number is None else number / 1000


def top_up_facts(shop: AccountView, transfer: Transfer) -> dict[str, Any]:
    """Return a top-up as a language model is told of it."""
    return {
        "account": shop.state.number,
        "name": shop.state.name,
        "amount": f"{shop.site.currency.rounded(transfer.amount):f}",
        "currency": shop.site.currency.code,
        "time": local_iso(shop.site, transfer.effective_at),
    }
