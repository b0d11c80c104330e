"""A statement as plain data, as actions answer it and the ledger keeps it.

Money is exact decimal text; what people see of it stands beside it as `…shown`. Times are ISO 8601
in the site's zone. Statements of earlier versions of this program have no `form` and less in them:
`group`, `groups`, `readings`, `taxes`, `debts`, `comparison` and `chart` may be missing.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
import json
from typing import Any
from zoneinfo import ZoneInfo

from ..ledger.records import TransferCode
from ..money.amount import Amount, Currency
from ..prepayment.fees import demand_key
from .model import (
    AllocationDetail,
    CorrectionDetail,
    EnergyDetail,
    FundStatement,
    PricedEnergy,
    Statement,
    StatementLine,
    Usage,
)

FORM = 2
"""How this version writes statements."""


def statement_data(statement: Statement, currency: Currency, zone: ZoneInfo) -> dict[str, Any]:
    """Return a statement as plain data."""
    return _Writer(currency, zone).statement(statement)


def statement_text(data: Mapping[str, Any]) -> str:
    """Return a statement's data as canonical JSON, as the ledger keeps it."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class _Writer:
    """Writes in a currency, for a zone."""

    def __init__(self, currency: Currency, zone: ZoneInfo) -> None:
        """Write amounts and times so."""
        self._currency = currency
        self._zone = zone

    def statement(self, made: Statement) -> dict[str, Any]:
        """Write all of it."""
        comparison, chart = made.comparison, made.chart
        data: dict[str, Any] = {
            "form": FORM,
            "account": made.account,
            "name": made.name,
            "currency": self._currency.code,
            "since": self._moment(made.since),
            "until": self._moment(made.until),
            "anchor": made.anchor,
            "funds": {part.fund.value: self._fund(part) for part in made.funds},
            "readings": [
                {
                    "meter": one.meter,
                    "generation": one.generation,
                    "from_wh": one.from_wh,
                    "to_wh": one.to_wh,
                    "from": self._moment(one.from_at),
                    "to": self._moment(one.to_at),
                    "energy_wh": one.energy_wh,
                }
                for one in made.readings
            ],
            "taxes": [
                {
                    "fund": tax.fund.value,
                    "ppm": tax.ppm,
                    "included": tax.included,
                    "base": self._exact(tax.base),
                    "base_shown": self._shown(tax.base),
                    "tax": self._exact(tax.tax),
                    "tax_shown": self._shown(tax.tax),
                }
                for tax in made.taxes
            ],
            "debts": [{"name": debt.name, "owed": self._exact(debt.owed)} for debt in made.debts],
            "comparison": {
                "this": self._usage(comparison.this),
                "last": self._usage(comparison.last),
                "year": self._usage(comparison.year),
            },
            "chart": {
                "days": self._uses("day", ((one.day, one) for one in chart.days)),
                "months": self._uses("month", ((one.month, one) for one in chart.months)),
            },
        }
        if made.period is not None:
            data["period"] = f"{made.period:%Y-%m}"
        if made.corrects is not None:
            data["corrects"] = made.corrects
        return data

    def _fund(self, part: FundStatement) -> dict[str, Any]:
        return {
            "opening": self._exact(part.opening),
            "closing": self._exact(part.closing),
            "opening_shown": f"{part.opening_shown:f}",
            "closing_shown": f"{part.closing_shown:f}",
            "lines": [self._line(line) for line in part.lines],
            "groups": [
                {
                    "group": one.group.value,
                    "amount": self._exact(one.amount),
                    "shown": f"{one.shown:f}",
                }
                for one in part.groups
            ],
        }

    def _line(self, line: StatementLine) -> dict[str, Any]:
        data: dict[str, Any] = {
            "kind": line.code.value,
            "group": line.group.value,
            "amount": self._exact(line.amount),
            "shown": f"{line.shown:f}",
            "at": self._moment(line.at),
            "count": line.count,
        }
        texts = {
            "item": line.item,
            "transfer": line.transfer,
            "reason": line.reason,
            "user": line.user,
            "quantity": line.quantity,
        }
        data |= {key: text for key, text in texts.items() if text}
        if line.late:
            data["late"] = True
        if line.code is TransferCode.DEMAND and line.item:
            key = demand_key(line.item)
            data["demand"] = {
                "name": key.name,
                "quantity": key.quantity.value,
                "minutes": key.minutes,
                "period": key.period,
            }
        if line.base is not None:
            data |= {"base": self._exact(line.base), "base_shown": self._shown(line.base)}
        if line.energy is not None:
            data |= self._energy(line.energy)
        if line.allocation is not None:
            data["allocation"] = self._allocation(line.allocation)
        if line.correction is not None:
            data["correction"] = self._correction(line.correction)
        return data

    def _energy(self, energy: EnergyDetail) -> dict[str, Any]:
        return {
            "meter": energy.meter,
            "generation": energy.generation,
            "from_wh": energy.from_wh,
            "to_wh": energy.to_wh,
            "energy_wh": energy.energy_wh,
            "from": self._moment(energy.from_at),
            "to": self._moment(energy.to_at),
            "tariff": energy.tariff,
            "valid_from": energy.valid_from,
            "revision": energy.revision,
            "period": energy.period,
            "tier": energy.tier,
            "price": f"{self._currency.exact_price(energy.price):f}",
            "estimated": energy.estimated,
        }

    def _allocation(self, share: AllocationDetail) -> dict[str, Any]:
        data: dict[str, Any] = {
            "run": share.run,
            "since": share.since.isoformat(),
            "until": share.until.isoformat(),
            "pool": share.pool,
            "pool_kind": share.kind.value,
            "basis": share.basis.value if share.basis else "",
            "weight": share.weight,
            "total": share.total,
            "cost": self._exact(share.cost),
            "amount": self._exact(share.amount),
            "days": share.days,
            "why": share.why,
            "reversed": share.reversed,
        }
        if share.statement is not None:
            data["statement"] = share.statement
        return data

    def _correction(self, correction: CorrectionDetail) -> dict[str, Any]:
        return {
            "run": correction.run,
            "since": self._moment(correction.since),
            "until": self._moment(correction.until),
            "statements": list(correction.statements),
            "before": [self._priced(part) for part in correction.before],
            "after": [self._priced(part) for part in correction.after],
        }

    def _priced(self, part: PricedEnergy) -> dict[str, Any]:
        return {
            "meter": part.meter,
            "tariff": part.tariff,
            "valid_from": part.valid_from.isoformat(),
            "revision": part.revision,
            "period": part.period,
            "tier": part.tier,
            "price": f"{self._currency.exact_price(part.price):f}",
            "energy_wh": part.energy_wh,
            "amount": self._exact(part.amount),
        }

    def _usage(self, usage: Usage | None) -> dict[str, Any] | None:
        """Write a time's usage; what a day of it was is rounded half up, to Wh and to money."""
        if usage is None:
            return None
        days = max(1, usage.days)
        return {
            "since": self._moment(usage.since),
            "until": self._moment(usage.until),
            "days": usage.days,
            "energy_wh": usage.energy_wh,
            "energy_wh_per_day": (2 * usage.energy_wh + days) // (2 * days),
            "cost": self._exact(usage.cost),
            "cost_shown": self._shown(usage.cost),
            "cost_per_day_shown": self._shown(Amount((2 * usage.cost + days) // (2 * days))),
        }

    def _uses(self, name: str, uses: Iterable[tuple[date, Any]]) -> list[dict[str, Any]]:
        return [
            {
                name: day.isoformat() if name == "day" else f"{day:%Y-%m}",
                "energy_wh": use.energy_wh,
                "cost_shown": None if use.cost is None else self._shown(use.cost),
            }
            for day, use in uses
        ]

    def _exact(self, amount: Amount) -> str:
        return f"{self._currency.exact(amount):f}"

    def _shown(self, amount: Amount) -> str:
        return f"{self._currency.rounded(amount):f}"

    def _moment(self, at: datetime) -> str:
        return at.astimezone(self._zone).isoformat()
