"""Whether electricity is sold for what it was bought: the mark-up of a time.

Sold is what tenants were charged for energy, and what they bear of the energy pools of posted runs,
with the tax that comes on top. Bought is what falls on the time of all bills that say how much
energy they are for, with the tax that is in them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from ..allocation.bills import all_bills, counting, share_of
from ..allocation.content import inputs_of, results_of
from ..allocation.inputs import CostLine
from ..allocation.pool import PoolKind
from ..allocation.standing import posted_runs
from ..ids import AccountNumber
from ..ledger.allocation_rows import AllocationRun, SupplierBill
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Spending
from ..money.amount import ZERO, Amount, Currency
from ..tariff.model import LineKind, Tariff, TariffVersion
from ..tariff.tax import tax_on
from .days import Building
from .facts import Period
from .figure import Figure, figure

_DAY = timedelta(days=1)
NOTHING = Spending()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selling:
    """What was sold and bought in a time; money with tax."""

    period: Period
    charged: Spending
    pools: Spending = NOTHING
    """What tenants bear of energy pools, and that part of the pools' energy."""
    unmeasured: tuple[str, ...] = ()
    """Energy pools of which nobody knows for how much energy they are."""
    bought: Spending = NOTHING
    bill_days: int = 0
    """On so many days of the time at least one bill falls."""

    @property
    def sold(self) -> Spending:
        """What was charged, and what tenants bear of energy pools."""
        return _together((self.charged, self.pools))


def read_selling(
    tx: LedgerTransaction,
    period: Period,
    building: Building,
    tariffs: Mapping[str, Tariff],
) -> Selling:
    """Read what was sold and bought in a time."""
    pools, unmeasured = _pools(tx, period)
    bills = [bill for bill in counting(all_bills(tx), period.since, period.until) if bill.energy_wh]
    return Selling(
        period=period,
        charged=_charged(tx, period, building.owner, tariffs),
        pools=pools,
        unmeasured=unmeasured,
        bought=_bought(bills, period, building.currency),
        bill_days=sum(
            any(bill.since <= period.since + _DAY * day < bill.until for bill in bills)
            for day in range(period.days)
        ),
    )


def _charged(
    tx: LedgerTransaction,
    period: Period,
    owner: AccountNumber | None,
    tariffs: Mapping[str, Tariff],
) -> Spending:
    """Return what tenants were charged for energy, with the tax that comes on top."""
    begin, end = period.begin, period.end
    versions = {
        (one.name, one.valid_from, one.revision): one
        for tariff in tariffs.values()
        for one in (*tariff.versions, *tariff.superseded)
    }
    if not any(map(_tax_on_top, versions.values())):  # the sum of all is many times quicker
        own = NOTHING if owner is None else tx.spending(owner, begin, end)
        every = tx.energy_sold(begin, end)
        return Spending(
            energy_wh=every.energy_wh - own.energy_wh, amount=Amount(every.amount - own.amount)
        )
    parts = []
    for key, sold in tx.sales(begin, end, owner).items():
        ppm = _tax_on_top(versions[key]) if key in versions else 0
        amount = Amount(sold.amount + tax_on(sold.amount, ppm))
        parts.append(Spending(energy_wh=sold.energy_wh, amount=amount))
    return _together(parts)


def _tax_on_top(version: TariffVersion) -> int:
    """Return the tax that comes on top of a tariff's energy, in millionths."""
    tax = version.tax(LineKind.ENERGY)
    return 0 if tax.included else tax.ppm


def _together(parts: Iterable[Spending]) -> Spending:
    energy_wh, amount = 0, 0
    for part in parts:
        energy_wh, amount = energy_wh + part.energy_wh, amount + part.amount
    return Spending(energy_wh=energy_wh, amount=Amount(amount))


def _bought(bills: Iterable[SupplierBill], period: Period, currency: Currency) -> Spending:
    shares = (share_of(bill, period.since, period.until, currency.minor) for bill in bills)
    return _together(
        Spending(energy_wh=share.energy_wh, amount=share.amount)
        for share in shares
        if share is not None
    )


def _pools(tx: LedgerTransaction, period: Period) -> tuple[Spending, tuple[str, ...]]:
    """Return what tenants bear of energy pools, by the days that runs share with the time."""
    parts, unmeasured = [], []
    for head in posted_runs(tx, period.since, period.until):
        run = tx.find(AllocationRun, id=head.id)
        if run is None:
            continue
        common = (min(head.until, period.until) - max(head.since, period.since)).days
        days = (head.until - head.since).days
        energy = {
            one.name: one for one in inputs_of(run.inputs).pools if one.kind is PoolKind.ENERGY
        }
        for result in results_of(run.result):
            pool = energy.get(result.pool)
            if pool is None or not result.cost:
                continue
            tax = ZERO if pool.tax_included else tax_on(result.tenants, pool.tax_ppm)
            measured = _measured(result.lines)
            if not measured:
                unmeasured.append(pool.name)
            parts.append(
                Spending(
                    energy_wh=measured * result.tenants * common // (result.cost * days),
                    amount=Amount((result.tenants + tax) * common // days),
                )
            )
    return _together(parts), tuple(dict.fromkeys(unmeasured))


def _measured(lines: Iterable[CostLine]) -> int:
    """Return the energy that a pool is made of."""
    return sum(int(line.detail.get("energy_wh", 0)) for line in lines)


def selling_figures(selling: Selling, currency: Currency) -> tuple[Figure, ...]:
    """Return the mark-up: by kWh and in money; without a bill there is none."""
    charged, pools, bought = selling.charged, selling.pools, selling.bought
    money: dict[str, Decimal | None] = {
        "charged": currency.exact(charged.amount),
        "pools": currency.exact(pools.amount),
    }
    energy: dict[str, Decimal | None] = {
        "charged_kwh": _kwh(charged.energy_wh),
        "pools_kwh": _kwh(pools.energy_wh),
    }
    sold_price = figure(
        "sold_price",
        "money_per_kwh",
        "(charged + pools) / (charged_kwh + pools_kwh)",
        *(f"pool_without_energy:{name}" for name in selling.unmeasured),
        **money,
        **energy,
    )
    bills = () if selling.bill_days else ("no_bill",)
    if 0 < selling.bill_days < selling.period.days:
        bills = (f"bill_days:{selling.bill_days}/{selling.period.days}",)
    bought_price = figure(
        "bought_price",
        "money_per_kwh",
        "bought / bought_kwh",
        *bills,
        bought=currency.exact(bought.amount) if selling.bill_days else None,
        bought_kwh=_kwh(bought.energy_wh) if selling.bill_days else None,
    )
    return (
        sold_price,
        bought_price,
        figure(
            "markup_per_kwh",
            "money_per_kwh",
            "sold_price - bought_price",
            sold_price=sold_price.value,
            bought_price=bought_price.value,
        ),
        figure(
            "markup_money",
            "money",
            "charged + pools - bought_price * (charged_kwh + pools_kwh)",
            **money,
            **energy,
            bought_price=bought_price.value,
        ),
    )


def _kwh(energy_wh: int) -> Decimal:
    return Decimal(energy_wh).scaleb(-3)


def months_of(period: Period) -> Iterator[Period]:
    """Yield the calendar months of a time; the first and the last as far as they lie in it."""
    borders = sorted({period.since, *period.months(), period.until})
    for since, until in pairwise(borders):
        yield Period(since=since, until=until, zone=period.zone)
